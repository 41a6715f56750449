"""What a page calls the state of a parcel: its status, weighed against dates and trouble."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, tzinfo
from enum import StrEnum

from tracking import expecting
from tracking.expecting import EtaSource, Span, Window
from tracking.states import SOFT_TERMINAL, AnomalyKind, ParcelStatus

S, K = ParcelStatus, AnomalyKind

MOVING = frozenset({S.PICKED_UP, S.IN_TRANSIT, S.HANDED_OVER})


class Phase(StrEnum):
    """What a page says of a parcel."""

    PACKED = "packed"
    ANNOUNCED = "announced"
    UNSEEN = "unseen"
    ON_TIME = "on_time"
    MOVING = "moving"
    LATE = "late"
    QUIET = "quiet"
    SEARCHED = "searched"
    CUSTOMS = "customs"
    HELD = "held"
    OUT = "out"
    COLLECT = "collect"
    ATTEMPTED = "attempted"
    HINTED = "hinted"
    RETURNING = "returning"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    RETURNED = "returned"
    LOST = "lost"
    DESTROYED = "destroyed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MASKED: dict[str, Phase] = {
    S.REGISTERED: Phase.PACKED,
    S.INFO_RECEIVED: Phase.ANNOUNCED,
    S.PICKED_UP: Phase.MOVING,
    S.IN_TRANSIT: Phase.MOVING,
    S.HANDED_OVER: Phase.MOVING,
    S.CUSTOMS: Phase.MOVING,
    S.EXCEPTION: Phase.HELD,
    S.OUT_FOR_DELIVERY: Phase.OUT,
    S.ATTEMPT_FAILED: Phase.ATTEMPTED,
    S.AVAILABLE_FOR_PICKUP: Phase.COLLECT,
    S.RETURNING: Phase.RETURNING,
    S.DELIVERED: Phase.DELIVERED,
    S.RETURNED: Phase.RETURNED,
    S.LOST: Phase.LOST,
    S.DESTROYED: Phase.LOST,
    S.CANCELLED: Phase.CANCELLED,
    S.EXPIRED: Phase.EXPIRED,
}
"""Customs and damage are folded away: they say something about what is inside."""

_ENDED: dict[str, Phase] = {
    S.RETURNED: Phase.RETURNED,
    S.LOST: Phase.LOST,
    S.DESTROYED: Phase.DESTROYED,
    S.CANCELLED: Phase.CANCELLED,
    S.EXPIRED: Phase.EXPIRED,
}
_STANDING: dict[str, Phase] = {
    S.CUSTOMS: Phase.CUSTOMS,
    S.EXCEPTION: Phase.HELD,
    S.OUT_FOR_DELIVERY: Phase.OUT,
    S.ATTEMPT_FAILED: Phase.ATTEMPTED,
    S.AVAILABLE_FOR_PICKUP: Phase.COLLECT,
    S.RETURNING: Phase.RETURNING,
}

TROUBLED = frozenset(
    {
        Phase.SEARCHED, Phase.LOST, Phase.DESTROYED, Phase.DISPUTED, Phase.HELD, Phase.ATTEMPTED,
        Phase.RETURNING, Phase.RETURNED, Phase.QUIET, Phase.UNSEEN, Phase.LATE,
    }
)  # fmt: skip
"""Phases that go to the top of an order."""


def phase_of(
    *,
    status: str,
    is_disputed: bool = False,
    hinted: str = "",
    is_back: bool = False,
    is_shipped: bool = False,
    is_late: bool = False,
    has_date: bool = False,
    kinds: Collection[str] = (),
) -> Phase:
    """
    Weigh a status against what else is known.

    :param is_back: the leg in hand leads back to the sender.
    :param kinds: the troubles that are open and that the shopper may know of.
    """
    if status == S.DELIVERED:
        return Phase.DISPUTED if is_disputed else Phase.DELIVERED
    if status in _ENDED:
        return _ENDED[status]
    if hinted:
        return Phase.HINTED
    if is_back:
        return Phase.RETURNING
    if K.SUSPECTED_LOST in kinds:
        return Phase.SEARCHED
    if status in _STANDING:
        return _STANDING[status]
    if K.STALLED in kinds:
        return Phase.QUIET
    if K.NO_FIRST_SCAN in kinds:
        return Phase.UNSEEN
    if is_late:
        return Phase.LATE
    if status in MOVING:
        return Phase.ON_TIME if has_date else Phase.MOVING
    is_announced = status == S.INFO_RECEIVED or is_shipped
    return Phase.ANNOUNCED if is_announced else Phase.PACKED


def expected(
    *,
    status: str,
    now: datetime,
    zone: tzinfo,
    promised_at: datetime | None,
    shipped_at: datetime | None,
    eta_from: datetime | None,
    eta_to: datetime | None,
    own_from: datetime | None,
    own_to: datetime | None,
    confidence: str,
) -> Window | None:
    """Return the expectation to show, never one whose days are all over at the parcel's place."""
    found = expecting.window(
        status=status,
        now=now,
        zone=zone,
        promised_at=promised_at,
        shipped_at=shipped_at,
        carrier=_span(eta_from, eta_to),
        own=_span(own_from, own_to),
        confidence=confidence,
    )
    if found is None or found.last.astimezone(zone).date() < now.astimezone(zone).date():
        return None
    return found


def _span(first: datetime | None, last: datetime | None) -> Span | None:
    first, last = first or last, last or first
    return Span(min(first, last), max(first, last)) if first and last else None


def missed(
    *,
    status: str,
    promised_at: datetime | None,
    eta_to: datetime | None,
    zone: tzinfo,
    now: datetime,
) -> datetime | None:
    """
    Return the day that has gone by without the parcel: the promised one, else the carrier's.

    A promise is for the whole of its day at the parcel's place.
    """
    due = promised_at or eta_to
    if due is None or status in SOFT_TERMINAL or due.astimezone(zone).date() >= _day(now, zone):
        return None
    return due


def is_late(
    *,
    window: Window | None,
    likely: datetime | None,
    promised_at: datetime | None,
    missed_at: datetime | None,
    zone: tzinfo,
) -> bool:
    """
    Test whether a promise was missed or will be.

    A carrier's word is taken as it is; of our own window the middle counts, for its end is only
    what one parcel in ten comes after.
    """
    if missed_at is not None:
        return True
    if promised_at is None or window is None or window.source == EtaSource.PROMISED:
        return False
    comes = window.last if window.source == EtaSource.CARRIER else likely or window.first
    return _day(comes, zone) > _day(promised_at, zone)


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()
