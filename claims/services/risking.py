"""Rate a claim: count what is known around it, ask the policy in force, keep the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from claims import risk
from claims.models import Claim, Evidence, Mark, RiskPolicy, RiskRating
from claims.services import counting
from claims.states import ClaimState

AROUND = 50
"""So many claims around a new one are rated at once; a crowd is seen by its members' own turns."""


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
    claim = (
        Claim.objects.select_related("shopper", "order", "parcel")
        .select_for_update(of=("self",))
        .get(pk=claim.pk)
    )
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


WATCHED = (
    ClaimState.SUBMITTED, ClaimState.SCREENING, ClaimState.NEEDS_INFO, ClaimState.UNDER_REVIEW,
    ClaimState.AWAITING_CARRIER, ClaimState.AWAITING_RETURN, ClaimState.PENDING_APPROVAL,
    ClaimState.OFFERED, ClaimState.APPEALED,
)  # fmt: skip
"""States in which a new fact may still change what a person does."""


def rate_again(*, claim: Claim, now: datetime) -> RiskRating | None:
    """Rate a claim that somebody still decides on; leave a draft and a decided one alone."""
    if claim.submitted_at is None or claim.state not in WATCHED:
        return None
    return rate(claim=claim, now=now)


def rate_around(*, claim: Claim, now: datetime) -> int:
    """Rate the other open claims of this shopper and of linked accounts; return how many."""
    mine = Mark.objects.filter(shopper_id=claim.shopper_id)
    linked = Mark.objects.filter(
        Exists(mine.filter(kind=OuterRef("kind"), digest=OuterRef("digest")))
    ).values("shopper_id")
    others = (
        Claim.objects.filter(Q(shopper_id=claim.shopper_id) | Q(shopper_id__in=linked))
        .filter(state__in=WATCHED, submitted_at__isnull=False)
        .exclude(pk=claim.pk)
        .order_by("pk")[:AROUND]
    )
    return sum(rate_again(claim=other, now=now) is not None for other in others)


def rate_waiting(*, now: datetime, limit: int = 50) -> int:
    """
    Rate open claims with photos cleaned since they were last rated; return how many.

    It catches what an event missed, such as a photo that a later sweep cleaned.
    """
    rated = RiskRating.objects.filter(
        claim=OuterRef("claim_id"), made_at__gte=OuterRef("cleaned_at")
    )
    seen = RiskRating.objects.filter(claim=OuterRef("claim_id"))
    fresh = (
        Evidence.objects.filter(
            Exists(seen),
            ~Exists(rated),
            cleaned_at__gt=now - timedelta(minutes=10),
            claim__state__in=WATCHED,
        )
        .order_by("claim_id")
        .values_list("claim_id", flat=True)
        .distinct()[:limit]
    )
    return sum(
        rate_again(claim=claim, now=now) is not None
        for claim in Claim.objects.filter(pk__in=list(fresh)).order_by("pk")
    )


def latest(*, claim: Claim) -> RiskRating | None:
    """Return the newest rating of a claim."""
    rows = RiskRating.objects.filter(claim=claim).select_related("policy")
    return rows.order_by("-number").first()


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
