"""When trouble with a parcel may be reported, as the policies in force say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from claims import windows
from claims.services import policies, surroundings
from claims.states import ClaimReason
from tracking.services.journeys import Details
from tracking.states import ParcelStatus

_ON_THE_WAY_BACK = {ParcelStatus.RETURNING, ParcelStatus.RETURNED}


@dataclass(frozen=True, slots=True)
class Rights:
    """When trouble may be reported: loss from, loss at all, damage until."""

    lost_from: datetime | None = None
    damage_until: datetime | None = None
    """The last moment, so that its local day is the last day."""


def rights(facts: Details, *, now: datetime) -> Rights:
    """Return what the claim policies in force say about this parcel."""
    known = windows.Facts(
        status=facts.status,
        status_at=facts.status_at,
        delivered_at=facts.delivered_at,
        last_scan_at=facts.last_scan_at,
        shipped_at=facts.shipped_at,
        promised_at=facts.promised_at,
        placed_at=facts.ordered_at,
        returned_at=facts.status_at if facts.status in _ON_THE_WAY_BACK else None,
        is_abroad=surroundings.is_abroad(facts.country),
    )
    lost_from = damage_until = None
    for reason, policy in policies.in_force(now=now).items():
        if reason not in {ClaimReason.LOST, ClaimReason.DAMAGED}:
            continue
        place = surroundings.place(
            country=facts.country, city=facts.city, postcode=facts.postcode,
            fallback=str(facts.zone), policy_zone=policy.zone, policy_country=policy.country,
        )  # fmt: skip
        window = windows.window(surroundings.terms_of(policy), known, place)
        if reason == ClaimReason.LOST:
            lost_from = window.opens_at
        elif window.until is not None:
            damage_until = window.until - timedelta(seconds=1)
    return Rights(lost_from, damage_until)
