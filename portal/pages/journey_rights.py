"""When trouble with a parcel may be reported, as the policies in force say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from claims import rules
from claims.models import ReasonPolicy
from claims.models.policy import in_force
from claims.states import ClaimReason
from tracking.services.journeys import Details


@dataclass(frozen=True, slots=True)
class Rights:
    """When trouble may be reported: loss from, loss at all, damage until."""

    lost_from: datetime | None = None
    damage_until: datetime | None = None


def rights(facts: Details, *, now: datetime) -> Rights:
    """Return what the claim policies in force say about this parcel."""
    window_facts = rules.ParcelFacts(
        status=facts.status,
        status_at=facts.status_at,
        delivered_at=facts.delivered_at,
        last_scan_at=facts.last_scan_at,
        shipped_at=facts.shipped_at,
        promised_at=facts.promised_at,
        placed_at=facts.ordered_at,
    )
    lost_from = damage_until = None
    policies = ReasonPolicy.objects.filter(in_force(now.date())).values_list(
        "reason", "window_days", "wait_days"
    )
    for reason, window_days, wait_days in policies:
        window = rules.window(
            reason=reason, window_days=window_days, wait_days=wait_days, facts=window_facts
        )
        if reason == ClaimReason.LOST:
            lost_from = window.opens_at
        elif reason == ClaimReason.DAMAGED:
            damage_until = window.closes_at
    return Rights(lost_from, damage_until)
