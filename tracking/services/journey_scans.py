"""The scans of a journey as a page tells them: on the clock of their place, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple

from tracking.rules import WEIGHTY, WEIGHTY_REASONS
from tracking.states import RANK, SOFT_TERMINAL, ParcelStatus

S = ParcelStatus

_DAWN = datetime.min.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)

SCANS = """
SELECT status, reason, handed, occurred_at, local_time, location, country, raw_text, is_hint,
       is_inferred, sequence, id
FROM tracking_sighting WHERE parcel_id = %s AND withdrawn_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Scan:
    """
    One sighting as the page tells it.

    ``at`` is on the clock of the place, as far as that is known: ``is_zone_known`` is false where
    the carrier told a time and no zone, ``is_time_known`` where it told only the day.
    ``is_hint`` marks what an unsealed message says and nothing confirms yet.
    """

    status: str
    reason: str
    handed: str
    at: datetime | None
    is_time_known: bool
    is_zone_known: bool
    place: str
    country: str
    raw_text: str
    is_hint: bool
    part: int


class PartKind(StrEnum):
    """What a stretch of the way is."""

    OUT = "out"
    ONWARD = "onward"
    BACK = "back"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the way: to the shopper, on with another carrier, back, or out again."""

    kind: PartKind
    since: datetime | None


Step = tuple[int, str, datetime]
"""Leg, status and the first time the leg came to it."""


def parts(steps: Iterable[Step]) -> tuple[Part, ...]:
    """
    Return the stretches of a way, oldest first, from what each leg has come to.

    A leg after a delivery, or after a parcel was turned round, leads back; one after it was back
    leads out again. A parcel turned round without a new leg begins a stretch too.
    """
    legs: dict[int, dict[str, datetime]] = {}
    for leg, status, at in steps:
        legs.setdefault(leg, {})[status] = at
    found = [Part(PartKind.OUT, None)]
    before: dict[str, datetime] = {}
    for _leg, reached in sorted(legs.items()):
        if before:
            turned = S.DELIVERED in before or S.RETURNING in before
            kind = PartKind.BACK if turned and S.RETURNED not in before else PartKind.AGAIN
            if found[-1].kind != kind:
                found.append(Part(kind, min(reached.values())))
        before = reached
        if S.HANDED_OVER in reached and found[-1].kind != PartKind.BACK:
            found.append(Part(PartKind.ONWARD, reached[S.HANDED_OVER]))
        if S.RETURNING in reached and found[-1].kind != PartKind.BACK:
            found.append(Part(PartKind.BACK, reached[S.RETURNING]))
    return tuple(found)


def is_back(steps: Sequence[Step], *, status: str) -> bool:
    """Test whether a parcel that is not at its end is on its way back to the sender."""
    return status not in SOFT_TERMINAL and parts(steps)[-1].kind == PartKind.BACK


def tell(
    rows: Iterable[tuple[Any, ...]],
    *,
    home: tzinfo,
    zone: tzinfo,
    ways: Sequence[Part],
    hinted: str,
    hide: Callable[[str], str],
) -> tuple[Scan, ...]:
    """
    Put stored sightings on the clocks of their places, newest first.

    What an unsealed message said and the carrier never confirmed is left out.

    :param home: where a time of unknown zone is taken to be told, as the projection does.
    :param zone: the clock on which a moment is put whose place is not known.
    :param hide: takes out of the carrier's words what is not for the visitor.
    """
    told = [_read(row, home, zone) for row in rows]
    arrivals: dict[date, datetime] = {}
    for one in told:
        if one.at and one.is_time_known and one.status in SOFT_TERMINAL:
            day = one.at.date()
            arrivals[day] = min(one.at, arrivals.get(day, one.at))
    placed = []
    for one in told:
        is_weighty = one.status in WEIGHTY or one.reason in WEIGHTY_REASONS
        is_hint = one.is_hint and is_weighty
        if is_hint and one.status != hinted:
            continue
        at = one.at
        if at and not one.is_time_known and one.status not in SOFT_TERMINAL:
            # A bare day stands at its end, but before an arrival on it.
            at = min(at, arrivals.get(at.date(), at + _TICK) - _TICK)
        scan = Scan(
            status=one.status,
            reason=one.reason,
            handed=one.handed,
            at=one.at,
            is_time_known=one.is_time_known,
            is_zone_known=one.is_zone_known,
            place=hide(one.place),
            country=one.country,
            raw_text=hide(one.raw_text),
            is_hint=is_hint,
            part=_part(ways, at),
        )
        placed.append(((at or _DAWN, one.sequence, RANK.get(one.status, -1), one.pk), scan))
    placed.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(scan for _place, scan in placed)


def _part(ways: Sequence[Part], at: datetime | None) -> int:
    """Return the stretch that a moment lies in; without one, the first."""
    return max(
        (place for place, way in enumerate(ways) if way.since and at and way.since <= at), default=0
    )


class _Row(NamedTuple):
    status: str
    reason: str
    handed: str
    at: datetime | None
    is_time_known: bool
    is_zone_known: bool
    place: str
    country: str
    raw_text: str
    is_hint: bool
    sequence: int
    pk: int


def _read(row: tuple[Any, ...], home: tzinfo, zone: tzinfo) -> _Row:
    (status, reason, handed, occurred_at, local_time, place, country, raw_text, is_hint,
     is_inferred, sequence, pk) = row  # fmt: skip
    if is_inferred and status in SOFT_TERMINAL - {S.DELIVERED}:
        status = ""  # a guess from words may suggest an end, never tell one
    at, is_time_known, is_zone_known = when(occurred_at, local_time, home=home, zone=zone)
    return _Row(
        status, reason, handed, at, is_time_known, is_zone_known, place, country, raw_text,
        is_hint, sequence, pk,
    )  # fmt: skip


def when(
    occurred_at: datetime | None, local_time: str, *, home: tzinfo, zone: tzinfo
) -> tuple[datetime | None, bool, bool]:
    """Put a sighting on the clock of its place; say whether its time and its zone are known."""
    try:
        local = datetime.fromisoformat(local_time).replace(tzinfo=None) if local_time else None
    except ValueError:
        local = None
    if occurred_at is None:
        if local is None:
            return None, False, False
        if len(local_time) == 10:
            return datetime.combine(local, time.max, tzinfo=home), False, False
        return local.replace(tzinfo=home), True, False
    if local is not None and len(local_time) > 10:
        offset = local - occurred_at.replace(tzinfo=None)
        # Offsets are whole quarters of an hour; seconds lost on the way must not bend them.
        offset = timedelta(minutes=round(offset.total_seconds() / 900) * 15)
        if abs(offset) <= timedelta(hours=14):
            return occurred_at.astimezone(timezone(offset)), True, True
    return occurred_at.astimezone(zone), True, True
