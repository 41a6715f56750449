"""
What each level of trust may know of a parcel: an allow-list, one dataclass a level.

A fact that is not a field here cannot reach a page. Reading is by plain values, because these
pages are the most visited of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import InterfaceError, OperationalError, connection

from portal.lib import masking
from tracking.models import Parcel
from tracking.states import RANK, SOFT_TERMINAL, TROUBLE, ParcelStatus

S = ParcelStatus

QUIET_AFTER = timedelta(days=3)
"""A moving parcel without a scan for so long is called quiet on its page."""
MOVING = frozenset({S.PICKED_UP, S.IN_TRANSIT, S.HANDED_OVER})


class Level(IntEnum):
    """How sure we are that a visitor may know about a parcel."""

    NUMBER = 0
    """Knows a number: sees a masked status."""
    DETAILS = 1
    """Knows the postcode, or the order number and e-mail: sees the journey and the items."""
    PERSON = 2
    """Had a code or a signed link on file: sees people, photos and claims, and may act."""


class Phase(StrEnum):
    """What a page says of a parcel: its status, weighed against dates and the time."""

    PACKED = "packed"
    ANNOUNCED = "announced"
    ON_TIME = "on_time"
    MOVING = "moving"
    LATE = "late"
    QUIET = "quiet"
    CUSTOMS = "customs"
    HELD = "held"
    OUT = "out"
    COLLECT = "collect"
    ATTEMPTED = "attempted"
    RETURNING = "returning"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    RETURNED = "returned"
    LOST = "lost"
    DESTROYED = "destroyed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Head:
    """
    The little that decides which page to show, read in one tiny query.

    ``revision`` is the sum over all parcels of the order, for the page shows the others too.
    """

    pk: int
    token: str
    order_id: int
    shopper_id: int
    link_version: int
    revision: int
    status: str


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Level NUMBER: a status in a few broad words. No date, place, name, number or item."""

    phase: Phase
    is_final: bool


@dataclass(frozen=True, slots=True)
class Item:
    """Something in the parcel."""

    title: str
    variant: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Scan:
    """One sighting as the page tells it; ``at`` carries the place's own offset where known."""

    status: str
    reason: str
    handed: str
    at: datetime | None
    is_time_known: bool
    place: str
    raw_text: str


@dataclass(frozen=True, slots=True)
class Other:
    """Another parcel of the same order."""

    token: str
    position: int
    phase: Phase
    status: str
    reason: str
    at: datetime | None
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """Level DETAILS: the journey, the items and a masked address. No name, photo or claim."""

    token: str
    order: str
    position: int
    count: int
    phase: Phase
    is_final: bool
    status: str
    reason: str
    handed: str
    number: str
    carrier_en: str
    carrier_zh: str
    carrier_url: str
    zone: tzinfo
    ordered_at: datetime
    shipped_at: datetime | None
    promised_at: datetime | None
    eta_from: datetime | None
    eta_to: datetime | None
    status_at: datetime | None
    delivered_at: datetime | None
    last_scan_at: datetime | None
    city: str
    postcode: str
    scans: tuple[Scan, ...]
    """Newest first."""
    items: tuple[Item, ...]
    others: tuple[Other, ...]
    """Troubled ones first."""


_HEAD = """
SELECT p.id, p.order_id, (SELECT o.shopper_id FROM tracking_order o WHERE o.id = p.order_id),
       p.link_version, p.status,
       (SELECT sum(s.revision) + count(*) FROM tracking_parcel s WHERE s.order_id = p.order_id)
FROM tracking_parcel p WHERE p.token = %s
"""


def head(*, token: str) -> Head | None:
    """Find a parcel by the token of its address, or None."""
    row = _read(token)
    if row is None:
        return None
    pk, order_id, shopper_id, link_version, status, revision = row
    return Head(pk, token, order_id, shopper_id, link_version, int(revision), status)


class _Member(NamedTuple):
    """One parcel of the order with what its page needs of carrier and order, as in ``_FAMILY``."""

    pk: int
    token: str
    position: int
    number: str
    status: str
    reason: str
    handed: str
    is_disputed: bool
    status_at: datetime | None
    delivered_at: datetime | None
    last_scan_at: datetime | None
    shipped_at: datetime | None
    promised_at: datetime | None
    eta_from: datetime | None
    eta_to: datetime | None
    name_en: str
    name_zh: str
    timezone: str
    tracking_url: str
    order: str
    placed_at: datetime
    city: str
    postcode: str


# By hand: to build these statements anew for each page would cost more than to run them.
_FAMILY = """
SELECT p.id, p.token, p.position, p.number, p.status, p.reason, p.handed, p.is_disputed,
       p.status_at, p.delivered_at, p.last_scan_at, p.shipped_at, p.promised_at, p.eta_from,
       p.eta_to, c.name_en, c.name_zh, c.timezone, c.tracking_url,
       o.number, o.placed_at, o.city, o.postcode
FROM tracking_parcel p
JOIN tracking_carrier c ON c.id = p.carrier_id
JOIN tracking_order o ON o.id = p.order_id
WHERE p.order_id = %s ORDER BY p.position
"""
_CONTENTS = """
SELECT i.parcel_id, l.title, l.variant, i.quantity
FROM tracking_parcel p
JOIN tracking_parcelline i ON i.parcel_id = p.id
JOIN tracking_orderline l ON l.id = i.order_line_id
WHERE p.order_id = %s ORDER BY l.position, i.id
"""
_SCANS = """
SELECT status, reason, handed, occurred_at, local_time, location, raw_text, sequence, id
FROM tracking_sighting WHERE parcel_id = %s AND withdrawn_at IS NULL
"""


def _rows(statement: str, key: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _read(token: str) -> tuple[Any, ...] | None:
    """
    Read a head by hand, because this is all that a page from the cache costs.

    The connection is used without asking first whether it still lives, which would be a second
    question; if it does not, the head is read over a new one.
    """
    is_alone = not connection.in_atomic_block
    connection.health_check_done |= is_alone  # type: ignore[attr-defined]
    try:
        return _ask(token)
    except (OperationalError, InterfaceError):
        if not is_alone:
            raise
        connection.close()
        return _ask(token)


def _ask(token: str) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(_HEAD, [token])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def glimpse(*, status: str) -> Glimpse:
    """Return what a number alone may see of a parcel in this status."""
    return Glimpse(_MASKED[S(status)], status in SOFT_TERMINAL)


_MASKED: dict[str, Phase] = {
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


def details(*, head: Head, now: datetime) -> Details:
    """Return the whole journey as the level DETAILS may see it."""
    family = [_Member(*row) for row in _rows(_FAMILY, head.order_id)]
    contents = _contents(head.order_id)
    own = next(parcel for parcel in family if parcel.pk == head.pk)
    home = _zone(own.timezone)
    scans = _scans(head.pk, home)
    zone = next((scan.at.tzinfo for scan in scans if scan.at and scan.is_time_known), None) or home
    return Details(
        token=own.token,
        order=own.order,
        position=own.position,
        count=len(family),
        phase=_phase(own, zone=zone, now=now),
        is_final=own.status in SOFT_TERMINAL,
        status=own.status,
        reason=own.reason,
        handed=own.handed,
        number=own.number,
        carrier_en=own.name_en,
        carrier_zh=own.name_zh or own.name_en,
        carrier_url=own.tracking_url.replace("{number}", own.number),
        zone=zone,
        ordered_at=own.placed_at,
        shipped_at=own.shipped_at,
        promised_at=own.promised_at,
        eta_from=own.eta_from,
        eta_to=own.eta_to,
        status_at=own.status_at,
        delivered_at=own.delivered_at,
        last_scan_at=own.last_scan_at,
        city=own.city,
        postcode=masking.postcode(own.postcode),
        scans=scans,
        items=tuple(contents.get(head.pk, ())),
        others=_others(family, head.pk, contents, now=now),
    )


def _contents(order_id: int) -> dict[int, list[Item]]:
    found: dict[int, list[Item]] = {}
    for parcel_id, title, variant, quantity in _rows(_CONTENTS, order_id):
        found.setdefault(parcel_id, []).append(Item(title, variant, quantity))
    return found


def _scans(parcel_id: int, home: tzinfo) -> tuple[Scan, ...]:
    placed = []
    for row in _rows(_SCANS, parcel_id):
        status, reason, handed, occurred_at, local_time, place, raw_text, sequence, pk = row
        at, is_known = _when(occurred_at, local_time, home)
        scan = Scan(status, reason, handed, at, is_known, place, raw_text)
        rank = RANK[status] if status else -1
        placed.append(((at or _DAWN, sequence, rank, pk), scan))
    placed.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(scan for _place, scan in placed)


_DAWN = datetime.min.replace(tzinfo=UTC)


def _when(
    occurred_at: datetime | None, local_time: str, home: tzinfo
) -> tuple[datetime | None, bool]:
    """Put a sighting on the clock of its place; False where only the day is known."""
    try:
        local = datetime.fromisoformat(local_time).replace(tzinfo=None) if local_time else None
    except ValueError:
        local = None
    if local is None:
        return (occurred_at.astimezone(home), True) if occurred_at else (None, False)
    if len(local_time) == 10:
        return datetime.combine(local, time.max, tzinfo=home), False
    if occurred_at is None:
        return local.replace(tzinfo=home), True
    offset = local - occurred_at.replace(tzinfo=None)
    # Offsets are whole quarters of an hour; seconds lost on the way must not bend them.
    offset = timedelta(minutes=round(offset.total_seconds() / 900) * 15)
    if abs(offset) > timedelta(hours=14):
        return occurred_at.astimezone(home), True
    return occurred_at.astimezone(timezone(offset)), True


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


_AHEAD = frozenset({Phase.PACKED, Phase.ANNOUNCED, Phase.ON_TIME, Phase.LATE, Phase.HELD})
"""Where the day that matters for another parcel is the one it is expected on."""


def _others(
    family: list[_Member], own: int, contents: dict[int, list[Item]], *, now: datetime
) -> tuple[Other, ...]:
    found = []
    for parcel in family:
        if parcel.pk == own:
            continue
        zone = _zone(parcel.timezone)
        phase = _phase(parcel, zone=zone, now=now)
        at = None
        if phase is Phase.DELIVERED:
            at = parcel.delivered_at
        elif phase in _AHEAD:
            at = parcel.eta_to or parcel.promised_at
        found.append(
            Other(
                token=parcel.token,
                position=parcel.position,
                phase=phase,
                status=parcel.status,
                reason=parcel.reason,
                at=at.astimezone(zone) if at else None,
                titles=tuple(item.title for item in contents.get(parcel.pk, ())),
            )
        )
    found.sort(key=lambda other: (other.status not in TROUBLE, other.position))
    return tuple(found)


def _phase(parcel: _Member, *, zone: tzinfo, now: datetime) -> Phase:
    """Weigh a status against what was promised and the time."""
    status = parcel.status
    if status == S.DELIVERED:
        return Phase.DISPUTED if parcel.is_disputed else Phase.DELIVERED
    plain = _PLAIN.get(status)
    if plain is not None:
        return plain
    return phase_on_the_way(
        promised_at=parcel.promised_at,
        eta_to=parcel.eta_to,
        last_scan_at=parcel.last_scan_at,
        is_moving=status in MOVING,
        zone=zone,
        now=now,
    ) or (Phase.ANNOUNCED if status == S.INFO_RECEIVED or parcel.shipped_at else Phase.PACKED)


_PLAIN: dict[str, Phase] = {
    S.CUSTOMS: Phase.CUSTOMS,
    S.EXCEPTION: Phase.HELD,
    S.OUT_FOR_DELIVERY: Phase.OUT,
    S.ATTEMPT_FAILED: Phase.ATTEMPTED,
    S.AVAILABLE_FOR_PICKUP: Phase.COLLECT,
    S.RETURNING: Phase.RETURNING,
    S.RETURNED: Phase.RETURNED,
    S.LOST: Phase.LOST,
    S.DESTROYED: Phase.DESTROYED,
    S.CANCELLED: Phase.CANCELLED,
    S.EXPIRED: Phase.EXPIRED,
}


def phase_on_the_way(
    *,
    promised_at: datetime | None,
    eta_to: datetime | None,
    last_scan_at: datetime | None,
    is_moving: bool,
    zone: tzinfo,
    now: datetime,
) -> Phase | None:
    """
    Tell late, quiet, on time or just moving; None for a parcel that has not left yet.

    A promise is for the whole of its day at the parcel's place. A parcel is late as soon as the
    carrier itself expects it after the promised day.
    """
    today = now.astimezone(zone).date()
    promised = promised_at.astimezone(zone).date() if promised_at else None
    expected = eta_to.astimezone(zone).date() if eta_to else None
    is_late = promised is not None and (today > promised or (expected or promised) > promised)
    if promised is None and expected is not None and today > expected:
        is_late = True
    if (
        is_moving
        and last_scan_at
        and now - last_scan_at > QUIET_AFTER
        and (is_late or not expected)
    ):
        return Phase.QUIET
    if is_late:
        return Phase.LATE
    if not is_moving:
        return None
    return Phase.ON_TIME if promised or expected else Phase.MOVING


def first_troubled(*, order_id: int) -> str | None:
    """Return the token of the order's parcel to show first: troubled, then moving, then ended."""
    rows = Parcel.objects.filter(order_id=order_id).values_list("token", "status", "position")
    best = min(
        rows,
        key=lambda row: (row[1] not in TROUBLE, row[1] in SOFT_TERMINAL, row[2]),
        default=None,
    )
    return best[0] if best else None


@dataclass(frozen=True, slots=True)
class Person:
    """Level PERSON: who gets the parcel, and where. Claims are read beside it."""

    recipient: str
    address: str
    city: str
    postcode: str
    country: str


def person(*, head: Head) -> Person:
    """Return who the parcel goes to, for that person's own eyes."""
    row = Parcel.objects.values_list(
        "order__recipient_name",
        "order__address",
        "order__city",
        "order__postcode",
        "order__country",
    ).get(pk=head.pk)
    return Person(*row)
