"""Write a reckoning down for good."""

from __future__ import annotations

from datetime import datetime

from claims.models import Assessment, Claim
from claims.rules import PARTIES
from claims.services import steps
from claims.services.reckoning import Reckoning
from claims.states import SplitSource
from portal.accounts.models import User


def keep(*, claim: Claim, result: Reckoning, made_by: User | None, now: datetime) -> Assessment:
    """
    Keep a reckoning of a locked claim as its newest assessment; earlier ones stay as they are.

    Nobody made it if a rule asked for it.
    """
    split = result.split
    assessment = Assessment.objects.create(
        claim=claim,
        number=claim.assessments.count() + 1,
        policy=result.policy,
        lines=result.lines,
        amount_minor=result.amount_minor,
        currency=result.currency,
        rule=result.rule,
        text_en=result.text_en,
        text_zh=result.text_zh,
        inputs=result.inputs,
        caps=result.caps,
        explanation_en=result.explanation_en,
        explanation_zh=result.explanation_zh,
        **{f"{party}_bp": split.of(party) for party in PARTIES},
        split_source=SplitSource.PERSON if split.is_by_person else SplitSource.POLICY,
        split_text=split.text_en if split.is_by_person else "",
        split_evidence=list(split.evidence),
        contract=result.contract,
        recovery=result.recovery,
        recovery_low_minor=result.recovery_low_minor,
        recovery_high_minor=result.recovery_high_minor,
        recovery_rules=result.recovery_rules,
        recovery_missing=result.recovery_missing,
        recovery_en=result.recovery_en,
        recovery_zh=result.recovery_zh,
        digest=result.digest,
        made_by=made_by,
        made_at=now,
    )
    steps.keep(
        claim,
        assessed_minor=result.amount_minor,
        expected_recovery_minor=result.recovery_low_minor,
    )
    return assessment
