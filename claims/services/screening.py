"""
Look a new claim over: hard facts, then its risk, then a rule that approves it or a person.

Where only photos that are still being cleaned keep a rule from approving, the claim waits for the
last of them, a few minutes at most; every other claim goes on at once. Whatever goes wrong on the
way to an automatic approval, the claim goes to the desk: never lost, never declined for a score.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation

from claims import approvals, rules
from claims.approvals import Case, Scans
from claims.models import AutoApprovalRule, Claim, Evidence, FilingOverride
from claims.services import (
    approving,
    assessing,
    budgets,
    checks,
    compensations,
    declining,
    risking,
    steps,
)
from claims.services.reckoning import Reckoning, preview
from claims.services.refusals import NotYours
from claims.states import ClaimState, DeclineCode, EvidenceState, LookedAt
from portal.lib.moves import Role
from tracking.models import DisruptionWindow, Parcel
from tracking.troubles import Window

log = logging.getLogger(__name__)

S = ClaimState


@transaction.atomic
def screen(*, claim: Claim, now: datetime) -> Claim:
    """
    Look a new claim over: turn it away on a hard fact, approve it by rule, or pass it to the desk.

    Or let it wait for its photos: then ``look_again`` or the clock comes back. Once it has been
    passed on, running it again changes nothing.
    """
    steps.lock(claim)
    if claim.state == S.SUBMITTED:
        steps.take(
            claim, "screen", now=now, due_at=claim.due_at, role=Role.SYSTEM,
            visible_to_shopper=False,
        )  # fmt: skip
    if claim.state != S.SCREENING:
        return claim
    if claim.order.shopper_id != claim.shopper_id:
        return _turn_away(claim, now)
    score = _score(claim, now)
    why: dict[str, Any] | None
    try:
        with transaction.atomic():
            why = _by_rule(claim, score, now)
    except Exception as error:
        # A refusal, or the database's last word: a budget or a payment that changed meanwhile.
        # Whatever it is, a person decides then.
        log.exception("claim %s: no rule may approve it", claim.ref)
        steps.lock(claim)
        why = {"refused": getattr(error, "code", type(error).__name__)}
    if why is None:
        steps.keep(claim, due_at=_patience(claim, now))
        return claim
    if claim.state == S.SCREENING:
        steps.take(
            claim, "pass_on", now=now, role=Role.SYSTEM, visible_to_shopper=False,
            diff={"risk": score, **why},
        )  # fmt: skip
    return claim


@transaction.atomic
def look_again(*, claim: Claim, now: datetime) -> Claim:
    """Look a claim over that waited for its photos, once the last is clean; else do nothing."""
    # Locked first: who looks it over at this moment either sees the clean photo or waits for us.
    steps.lock(claim)
    if claim.state != S.SCREENING or _are_coming(claim):
        return claim
    return screen(claim=claim, now=now)


def _are_coming(claim: Claim) -> bool:
    """Test whether a photo of the claim is still being cleaned."""
    waiting = Evidence.objects.filter(claim=claim, removed_at=None, state=EvidenceState.RECEIVED)
    return waiting.exists()


def _patience(claim: Claim, now: datetime) -> datetime:
    """Return until when the claim waits for its photos."""
    return min(claim.due_at, (claim.submitted_at or now) + rules.PHOTOS_WITHIN)


def _turn_away(claim: Claim, now: datetime) -> Claim:
    with translation.override(claim.language):
        text = str(NotYours())
    return declining.turn_away(
        claim=claim, code=DeclineCode.NOT_YOUR_ORDER, text=text, looked_at=[LookedAt.ORDER.value],
        now=now,
    )  # fmt: skip


def _score(claim: Claim, now: datetime) -> int | None:
    """Return the claim's risk score; None, which no rule takes, if it cannot be told."""
    try:
        with transaction.atomic():
            return risking.rate(claim=claim, now=now).score
    except Exception:
        # A claim that cannot be rated waits for a person, not for a repair.
        log.exception("claim %s: no risk rating", claim.ref)
        return None


# --- By rule ----------------------------------------------------------


def _by_rule(claim: Claim, score: int | None, now: datetime) -> dict[str, Any] | None:
    """
    Approve, or propose, by the first rule that may; return why none did, rule by rule.

    None means that a rule may once the photos are clean.
    """
    held = in_force(claim.currency, now)
    if not held:
        return {"rules": {}}
    result = preview(claim=claim, now=now)
    case = case_of(
        claim, amount_minor=result.amount_minor, score=score, now=now,
        has_disruptions=any(rule.disruption_id for rule in held),
    )  # fmt: skip
    found = {rule.pk: approvals.misses(rule, case, now=now) for rule in held}
    for rule in held:
        if found[rule.pk]:
            continue
        bar = budgets.bar(rule=rule, amount_minor=case.amount_minor, now=now)
        if bar is None:
            _approve(claim, rule, result, score, now)
            return {}
        return {"rule": rule.code, "bar": bar.value}
    for rule in held:
        if budgets.is_on() and approvals.may_be_confirmed(rule, case, found[rule.pk]):
            if _propose(claim, rule, result, score, now):
                return {}
            break
    if now < _patience(claim, now) and _waits(claim, case, held, found):
        return None
    return {"rules": {rule.code: [miss.value for miss in found[rule.pk]] for rule in held}}


def _waits(
    claim: Claim,
    case: Case,
    held: Iterable[AutoApprovalRule],
    found: Mapping[int, Collection[approvals.Miss]],
) -> bool:
    """Test whether a rule might approve the claim once the photos on their way are clean."""
    if not any(approvals.wants_photos(rule, case, found[rule.pk]) for rule in held):
        return False
    return all(item.is_met for item in checks.checklist(claim=claim)) and _are_coming(claim)


def in_force(currency: str, now: datetime) -> list[AutoApprovalRule]:
    """Return the rules that hold for a currency, the narrowest first."""
    found = AutoApprovalRule.objects.in_force(now.date()).filter(currency=currency)
    return list(found.order_by("max_minor", "code", "pk"))


def _approve(
    claim: Claim, rule: AutoApprovalRule, result: Reckoning, score: int | None, now: datetime
) -> None:
    assessment = assessing.keep(claim=claim, result=result, made_by=None, now=now)
    approval, _need = approving.propose(claim=claim, assessment=assessment, rule=rule, now=now)
    steps.take(
        claim, "auto_approve", now=now, role=Role.SYSTEM, reason_code=rule.code,
        note=_words(claim, rule), diff=_facts(rule, approval.amount_minor, score)
        | {"digest": approval.digest},
        decided_at=now, approved_minor=claim.approved_minor + approval.amount_minor,
        decision_code=f"rule {rule.code}", decision_text=_words(claim, rule),
    )  # fmt: skip
    compensations.plan(approval=approval, now=now)


def _propose(
    claim: Claim, rule: AutoApprovalRule, result: Reckoning, score: int | None, now: datetime
) -> bool:
    """Propose by rule what one person then confirms; not where a sum needs two people anyway."""
    need = approving.need(claim=claim, amount_minor=result.amount_minor, now=now)
    if need.tier != approvals.Tier.ONE:
        return False
    assessment = assessing.keep(claim=claim, result=result, made_by=None, now=now)
    approval, _need = approving.propose(
        claim=claim, assessment=assessment, rule=rule, may_be_enough=False, now=now
    )
    zh = claim.language.startswith("zh")
    steps.take(
        claim, "escalate", now=now, role=Role.SYSTEM, reason_code=rule.code,
        visible_to_shopper=False,
        diff=_facts(rule, approval.amount_minor, score) | {"digest": approval.digest},
        decision_code=f"rule {rule.code}",
        decision_text=assessment.text_zh if zh else assessment.text_en,
    )  # fmt: skip
    return True


def _words(claim: Claim, rule: AutoApprovalRule) -> str:
    return rule.text_zh if claim.language.startswith("zh") else rule.text_en


def _facts(rule: AutoApprovalRule, amount_minor: int, score: int | None) -> dict[str, Any]:
    return {"rule": rule.code, "rule_id": rule.pk, "amount_minor": amount_minor, "risk": score}


# --- Facts ----------------------------------------------------------


def case_of(
    claim: Claim,
    *,
    amount_minor: int,
    score: int | None,
    now: datetime,
    has_disruptions: bool = True,
) -> Case:
    """Return everything about a claim that a rule looks at; disruptions only if a rule does."""
    parcel = claim.parcel
    need = approving.need(claim=claim, amount_minor=amount_minor, now=now)
    earlier = (
        Claim.objects.filter(shopper=claim.shopper_id, submitted_at__lt=claim.submitted_at or now)
        .exclude(pk=claim.pk)
        .order_by("-submitted_at")
        .values_list("submitted_at", flat=True)
        .first()
    )
    return Case(
        reason=claim.reason,
        wish=claim.wish,
        currency=claim.currency,
        amount_minor=amount_minor,
        counted_minor=need.counted_minor,
        risk_score=score,
        last_claim_at=earlier,
        has_evidence=has_evidence(claim),
        contradictions=contradictions(claim, now=now),
        country=claim.order.country,
        carrier=parcel.carrier.slug if parcel else "",
        disruptions=frozenset(disruptions(claim, now=now) if has_disruptions else ()),
        is_timely=not claim.is_late and not FilingOverride.objects.filter(claim=claim).exists(),
    )


def has_evidence(claim: Claim) -> bool:
    """Test whether all that the reason asks for is there and clean; a good excuse is not it."""
    for item in checks.checklist(claim=claim):
        if item.is_signed and not item.is_met:
            return False
        clean = sum(photo.state == EvidenceState.CLEAN for photo in item.photos)
        if not item.is_signed and clean < item.ask.minimum:
            return False
    return True


def contradictions(claim: Claim, *, now: datetime) -> list[str]:
    """Return in what the parcel's records do not fit the report, as words."""
    parcel = claim.parcel
    if parcel is None:
        return []
    scans = Scans(
        status=parcel.status,
        delivered_at=parcel.delivered_at,
        last_scan_at=parcel.last_scan_at,
        submitted_at=claim.submitted_at or now,
        is_disputed=parcel.is_disputed,
        is_hinted=bool(parcel.hinted),
    )
    return [found.value for found in approvals.contradictions(claim.reason, scans)]


def disruptions(claim: Claim, *, now: datetime) -> Iterable[int]:
    """Yield the declared disruptions that held this parcel up between order and report."""
    parcel: Parcel | None = claim.parcel
    if parcel is None:
        return
    until = claim.submitted_at or now
    since = parcel.shipped_at or claim.order.placed_at
    places = " ".join([claim.order.city, *parcel.sightings.values_list("location", flat=True)])
    for row in DisruptionWindow.objects.filter(begins_at__lte=until):
        window = Window(
            begins=row.begins_at, ends=row.ends_at, carrier_id=row.carrier_id,
            country=row.country, region=row.region,
        )  # fmt: skip
        if (row.ends_at is None or row.ends_at >= since) and window.covers(
            carrier_id=parcel.carrier_id, countries=[claim.order.country], places=places
        ):
            yield row.pk
