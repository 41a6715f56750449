"""Rate a claim: count what is known around it, ask the policy in force, keep the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from claims import risk
from claims.models import Claim, RiskPolicy, RiskRating
from claims.services import counting


def policy_for(*, now: datetime) -> RiskPolicy | None:
    """Return the risk policy in force, the newest of its day; None before the first."""
    return (
        RiskPolicy.objects.filter(valid_from__lte=now.date())
        .order_by("-valid_from", "-pk")
        .prefetch_related("rules")
        .first()
    )


@transaction.atomic
def rate(*, claim: Claim, now: datetime) -> RiskRating:
    """
    Return the claim's rating on today's facts, a new row if they differ from the last.

    It only says who should look; nothing is refused because of it. Without a policy in force
    everything goes to a person.
    """
    Claim.objects.select_for_update(of=("self",)).only("pk").get(pk=claim.pk)
    policy = policy_for(now=now)
    if policy is None:
        noticed: Sequence[risk.Noticed] = [risk.Noticed(risk.Signal.NO_POLICY, risk.STRONG, {})]
        inputs: dict[str, Any] = {}
        band = risk.Band.HIGH
    else:
        rules = [_rule(row) for row in policy.rules.all()]
        counted = counting.count(claim=claim, rules=rules, now=now)
        noticed = risk.notice(rules=rules, counted=counted)
        inputs = counting.plain(counted)
        band = risk.band(
            risk.score(noticed), medium_from=policy.medium_from, high_from=policy.high_from
        )
    signals = [
        {"code": str(one.code), "points": one.points, "facts": dict(one.facts)} for one in noticed
    ]
    digest = _digest(policy, inputs, signals)
    last = RiskRating.objects.filter(claim=claim).order_by("-number").first()
    if last is not None and last.digest == digest:
        return last
    return RiskRating.objects.create(
        claim=claim,
        number=last.number + 1 if last else 1,
        policy=policy,
        score=risk.score(noticed),
        band=band,
        signals=signals,
        inputs=inputs,
        digest=digest,
        made_at=now,
    )


def latest(*, claim: Claim) -> RiskRating | None:
    """Return the newest rating of a claim."""
    return RiskRating.objects.filter(claim=claim).order_by("-number").first()


def _rule(row: Any) -> risk.Rule:
    return risk.Rule(
        signal=row.signal,
        points=row.points,
        at_least=row.at_least,
        minimum=row.minimum,
        days=row.days,
        currency=row.currency,
    )


def _digest(policy: RiskPolicy | None, inputs: Any, signals: Any) -> str:
    whole = {"policy": policy.pk if policy else None, "inputs": inputs, "signals": signals}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
