"""
What each level of trust may know of a parcel: an allow-list, one dataclass a level.

A fact that is not a field here cannot reach a page. Reading is by plain values, five queries for
a whole journey, because these pages are the most visited of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from enum import IntEnum, StrEnum
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection

from portal.lib import masking
from tracking.models import Parcel, ParcelLine, Sighting
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
SELECT p.id, p.order_id, o.shopper_id, p.link_version, p.status,
       (SELECT sum(s.revision) + count(*) FROM tracking_parcel s WHERE s.order_id = p.order_id)
FROM tracking_parcel p JOIN tracking_order o ON o.id = p.order_id
WHERE p.token = %s
"""


def head(*, token: str) -> Head | None:
    """Find a parcel by the token of its address, or None."""
    # By hand, because this is all that a page from the cache costs.
    with connection.cursor() as cursor:
        cursor.execute(_HEAD, [token])
        row = cursor.fetchone()
    if row is None:
        return None
    pk, order_id, shopper_id, link_version, status, revision = row
    return Head(pk, token, order_id, shopper_id, link_version, int(revision), status)


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
    rows = (
        Parcel.objects.filter(order_id=head.order_id)
        .order_by("position")
        .values(
            "pk",
            "token",
            "position",
            "number",
            "status",
            "reason",
            "handed",
            "is_disputed",
            "status_at",
            "delivered_at",
            "last_scan_at",
            "shipped_at",
            "promised_at",
            "eta_from",
            "eta_to",
            "carrier__name_en",
            "carrier__name_zh",
            "carrier__timezone",
            "carrier__tracking_url",
            "order__number",
            "order__placed_at",
            "order__city",
            "order__postcode",
        )
    )
    family = cast("list[dict[str, Any]]", list(rows))
    contents = _contents(parcel["pk"] for parcel in family)
    own = next(parcel for parcel in family if parcel["pk"] == head.pk)
    home = _zone(own["carrier__timezone"])
    scans = _scans(head.pk, home)
    zone = next((scan.at.tzinfo for scan in scans if scan.at and scan.is_time_known), None) or home
    return Details(
        token=own["token"],
        order=own["order__number"],
        position=own["position"],
        count=len(family),
        phase=_phase(own, zone=zone, now=now),
        is_final=own["status"] in SOFT_TERMINAL,
        status=own["status"],
        reason=own["reason"],
        handed=own["handed"],
        number=own["number"],
        carrier_en=own["carrier__name_en"],
        carrier_zh=own["carrier__name_zh"] or own["carrier__name_en"],
        carrier_url=own["carrier__tracking_url"].replace("{number}", own["number"]),
        zone=zone,
        ordered_at=own["order__placed_at"],
        shipped_at=own["shipped_at"],
        promised_at=own["promised_at"],
        eta_from=own["eta_from"],
        eta_to=own["eta_to"],
        status_at=own["status_at"],
        delivered_at=own["delivered_at"],
        last_scan_at=own["last_scan_at"],
        city=own["order__city"],
        postcode=masking.postcode(own["order__postcode"]),
        scans=scans,
        items=tuple(contents.get(head.pk, ())),
        others=_others(family, head.pk, contents, now=now),
    )


def _contents(parcels: Iterable[int]) -> dict[int, list[Item]]:
    found: dict[int, list[Item]] = {}
    rows = (
        ParcelLine.objects.filter(parcel_id__in=list(parcels))
        .order_by("order_line__position", "pk")
        .values_list("parcel_id", "order_line__title", "order_line__variant", "quantity")
    )
    for parcel_id, title, variant, quantity in rows:
        found.setdefault(parcel_id, []).append(Item(title, variant, quantity))
    return found


def _scans(parcel_id: int, home: tzinfo) -> tuple[Scan, ...]:
    rows = Sighting.objects.filter(parcel_id=parcel_id, withdrawn_at=None).values_list(
        "status",
        "reason",
        "handed",
        "occurred_at",
        "local_time",
        "location",
        "raw_text",
        "sequence",
        "pk",
    )
    placed = []
    for status, reason, handed, occurred_at, local_time, place, raw_text, sequence, pk in rows:
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
    family: list[dict[str, Any]], own: int, contents: dict[int, list[Item]], *, now: datetime
) -> tuple[Other, ...]:
    found = []
    for parcel in family:
        if parcel["pk"] == own:
            continue
        zone = _zone(parcel["carrier__timezone"])
        phase = _phase(parcel, zone=zone, now=now)
        at = None
        if phase is Phase.DELIVERED:
            at = parcel["delivered_at"]
        elif phase in _AHEAD:
            at = parcel["eta_to"] or parcel["promised_at"]
        found.append(
            Other(
                token=parcel["token"],
                position=parcel["position"],
                phase=phase,
                status=parcel["status"],
                reason=parcel["reason"],
                at=at.astimezone(zone) if at else None,
                titles=tuple(item.title for item in contents.get(parcel["pk"], ())),
            )
        )
    found.sort(key=lambda other: (other.status not in TROUBLE, other.position))
    return tuple(found)


def _phase(parcel: dict[str, Any], *, zone: tzinfo, now: datetime) -> Phase:
    """Weigh a status against what was promised and the time."""
    status = parcel["status"]
    if status == S.DELIVERED:
        return Phase.DISPUTED if parcel["is_disputed"] else Phase.DELIVERED
    plain = _PLAIN.get(status)
    if plain is not None:
        return plain
    return phase_on_the_way(
        promised_at=parcel["promised_at"],
        eta_to=parcel["eta_to"],
        last_scan_at=parcel["last_scan_at"],
        is_moving=status in MOVING,
        zone=zone,
        now=now,
    ) or (Phase.ANNOUNCED if status == S.INFO_RECEIVED or parcel["shipped_at"] else Phase.PACKED)


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
