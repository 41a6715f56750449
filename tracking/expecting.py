"""
When a parcel should arrive, learnt from parcels that have.

Nothing here reads a clock, a database or a setting. How long finished journeys took is kept as
histograms of working hours, one for each group of like parcels and each stage of the journey; an
expectation mixes the groups a parcel belongs to, narrow ones counting for more the more they have
seen, and leaves out whatever the time that has passed already rules out.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import accumulate, pairwise
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tracking.calendars import Calendar, Pause
from tracking.routes import Group, Level, Route, groups
from tracking.states import ParcelStatus

S = ParcelStatus


class Stage(models.TextChoices):
    """How far a parcel has come; each stage has statistics of its own."""

    PLACED = "placed", _("Ordered")
    SHIPPED = "shipped", _("Shipped")
    MOVING = "moving", pgettext_lazy("stage", "With the carrier")
    CUSTOMS = "customs", _("At customs")
    HANDED_OVER = "handed_over", _("With another carrier")
    NEAR = "near", _("In the recipient's town")
    OUT = "out", _("Out for delivery")
    ATTEMPTED = "attempted", _("Delivery attempted")


class EtaSource(models.TextChoices):
    """Who expects a parcel at a time."""

    PROMISED = "promised", pgettext_lazy("expectation", "Merchant's promise")
    CARRIER = "carrier", pgettext_lazy("expectation", "Carrier")
    OWN = "own", pgettext_lazy("expectation", "Learnt from earlier parcels")


class Confidence(models.TextChoices):
    """How much an expectation can be relied on."""

    HIGH = "high", pgettext_lazy("confidence", "High")
    MEDIUM = "medium", pgettext_lazy("confidence", "Medium")
    LOW = "low", pgettext_lazy("confidence", "Low")


EARLY, MIDDLE, LATE = 0.1, 0.5, 0.9
"""The window holds eight parcels of ten; one arrives before it and one after."""
EDGES: tuple[int, ...] = (*range(24), *range(24, 96, 3), *range(96, 240, 6), *range(240, 480, 12),
         *range(480, 1441, 24))  # fmt: skip
"""Where the buckets of a histogram begin, in working hours; the last has no end of its own."""
WIDTHS: tuple[int, ...] = (*(after - edge for edge, after in pairwise(EDGES)), 240)
HALF_LIFE = timedelta(days=180)
"""A delivery this old counts for half of one today."""
LANDMARK = datetime(2020, 1, 1, tzinfo=UTC)
"""Weights are counted from here, so that what was added once never has to be aged."""
PRIOR = 10.0
"""How many parcels the next wider group weighs when a narrower one is mixed in."""
ENOUGH = 3.0
"""A group that has seen less says nothing; neither does what so few have outlasted."""
MORE = 1.5
"""How many times as many a wider group must have seen to have something to add."""
NARROW, WIDE = timedelta(days=4), timedelta(days=14)
"""Up to this wide an expectation may be sure; a wider one than the second never is anything."""
LONGEST = timedelta(days=120)
"""Whatever took longer is a clerical error or a parcel that was lost and found."""
GRACE = timedelta(hours=24)
"""How long after its end a date by carrier or merchant is still shown."""
AHEAD = timedelta(days=180)
"""A carrier's date further ahead than this is an empty field or a broken clock."""
WIDEST = timedelta(days=30)
"""A carrier's window wider than this says nothing."""

UNDERWAY = frozenset(
    {
        S.REGISTERED, S.INFO_RECEIVED, S.PICKED_UP, S.IN_TRANSIT, S.HANDED_OVER, S.CUSTOMS,
        S.EXCEPTION, S.OUT_FOR_DELIVERY, S.ATTEMPT_FAILED,
    }
)  # fmt: skip
"""Statuses of parcels that somebody is still to bring."""
_IN_HAND = frozenset({S.PICKED_UP, S.IN_TRANSIT, S.HANDED_OVER, S.CUSTOMS})
_BY_STATUS = {
    S.CUSTOMS: Stage.CUSTOMS,
    S.HANDED_OVER: Stage.HANDED_OVER,
    S.OUT_FOR_DELIVERY: Stage.OUT,
    S.ATTEMPT_FAILED: Stage.ATTEMPTED,
}


# --- stages of one journey ----------------------------------------------------------------------


def starts(
    reached: Iterable[tuple[int, ParcelStatus, datetime | None]],
    *,
    placed_at: datetime | None,
    shipped_at: datetime | None,
    near_at: datetime | None,
) -> dict[Stage, datetime]:
    """
    Return when a parcel came to each stage.

    :param reached: leg, status and the first time the leg came to it, as a journey keeps them.
    """
    told = {Stage.PLACED: placed_at, Stage.SHIPPED: shipped_at, Stage.NEAR: near_at}
    found = {stage: at for stage, at in told.items() if at is not None}
    for _leg, status, at in reached:
        if at is None:
            continue
        if status == S.INFO_RECEIVED and shipped_at is None:
            _keep(found, Stage.SHIPPED, at)
        if status in _IN_HAND:
            _keep(found, Stage.MOVING, at)
        if status in _BY_STATUS:
            _keep(found, _BY_STATUS[status], at)
    return found


def _keep(found: dict[Stage, datetime], stage: Stage, at: datetime) -> None:
    found[stage] = min(at, found.get(stage, at))


def arrived_at(
    reached: Iterable[tuple[int, ParcelStatus, datetime | None]], *, delivered_at: datetime | None
) -> datetime | None:
    """Return when a delivered parcel was there: at the shop if it had to be fetched from one."""
    if delivered_at is None:
        return None
    shops = [at for _leg, status, at in reached if status == S.AVAILABLE_FOR_PICKUP and at]
    return min([*shops, delivered_at])


def near_at(seen: Iterable[tuple[datetime | None, str]], *, city: str) -> datetime | None:
    """
    Return when a parcel was first scanned in the recipient's town.

    :param seen: times and places of its physical scans.
    """
    town = _town(city)
    times = [at for at, where in seen if at and where and _is_in(where, town)] if town else []
    return min(times, default=None)


_BREAKS = re.compile(r"[,;/|()（）【】［］，；、\-]+")


def _town(city: str) -> str:
    town = city.strip().casefold()
    if not town.isascii():
        town = town.removesuffix("市")
    return town if len(town) > 1 else ""


def _is_in(location: str, town: str) -> bool:
    text = location.casefold()
    if not town.isascii():
        return town in text
    parts = (part.strip() for part in _BREAKS.split(text))
    return any(part == town or part.startswith(f"{town} ") for part in parts)


# --- learning -----------------------------------------------------------------------------------

Histogram = Mapping[int, float]
"""Bucket -> summed weight of the parcels that took so long."""
StatKey = tuple[str, str, str]
"""Stage, level and key."""
Stats = Mapping[StatKey, Histogram]


class Lesson(NamedTuple):
    """One parcel took so long from one stage on, to be added to one group's histogram."""

    key: StatKey
    bucket: int
    weight: float


def stat_key(stage: Stage, group: Group) -> StatKey:
    """Return where a group's statistics of a stage are kept."""
    return str(stage), str(group.level), group.key


def weight(at: datetime) -> float:
    """Return what a delivery at that time counts, in deliveries at the landmark."""
    return float(2 ** ((at - LANDMARK) / HALF_LIFE))


def bucket(hours: float) -> int:
    """Return the bucket of so many working hours."""
    return max(0, bisect_right(EDGES, hours) - 1)


def lessons(
    *,
    route: Route,
    starts: Mapping[Stage, datetime],
    arrived_at: datetime,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
) -> Iterator[Lesson]:
    """
    Return what a finished journey teaches.

    What ended before it began, or took longer than any parcel takes, teaches nothing.
    """
    heft = weight(arrived_at)
    ours = list(groups(route))
    for stage, start in starts.items():
        if timedelta() < arrived_at - start <= LONGEST:
            hours = calendar.hours_between(start, arrived_at, pauses=pauses)
            for group in ours:
                yield Lesson(stat_key(stage, group), bucket(hours), heft)


# --- expecting ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """When a parcel should arrive: eight of ten do between ``first`` and ``last``."""

    first: datetime
    likely: datetime
    last: datetime
    confidence: Confidence
    stage: Stage
    group: Group
    """The narrowest group that has seen enough."""
    weight: float
    """How many deliveries of today that group's are worth."""


class Spread(NamedTuple):
    """How many of all arrive within each bucket and before, and the group that says so."""

    run: tuple[float, ...]
    """Rises to 1."""
    group: Group
    weight: float
    """Of that group, in deliveries of today."""
    total: float
    """Of the widest."""


def blend(stage: Stage, route: Route, *, stats: Stats, now: datetime) -> Spread | None:
    """
    Mix the groups of a parcel, from the widest to the narrowest; None where nothing is known.

    Each group is mixed into the next wider one as if that had seen ``PRIOR`` parcels. A wider
    one that has seen hardly more is left out, for the same parcels should not speak twice.
    """
    today = weight(now)
    chain: list[tuple[Group, Histogram, float]] = []
    for group in groups(route):
        held = stats.get(stat_key(stage, group))
        seen = sum(held.values()) / today if held else 0.0
        if held and seen >= max(ENOUGH, MORE * chain[-1][2] if chain else 0.0):
            chain.append((group, held, seen))
    if not chain:
        return None
    chances = [0.0] * len(EDGES)
    for group, held, seen in reversed(chain):
        share = seen / (seen + PRIOR) if group != chain[-1][0] else 1.0
        chances = [(1 - share) * chance for chance in chances]
        for at, heft in held.items():
            chances[at] += share * heft / (seen * today)
    return Spread(tuple(accumulate(chances)), chain[0][0], chain[0][2], chain[-1][2])


def quantile(run: Sequence[float], q: float, *, after: float = 0.0) -> float:
    """
    Return the hours within which a share ``q`` arrives of those not there ``after`` so many.

    Inside a bucket parcels are taken to arrive evenly.
    """
    gone = passed(run, after)
    wanted = gone + q * (run[-1] - gone)
    at = min(bisect_left(run, wanted - 1e-12), len(run) - 1)
    before = run[at - 1] if at else 0.0
    inside = (wanted - before) / (run[at] - before) if run[at] > before else 1.0
    return max(after, EDGES[at] + WIDTHS[at] * min(1.0, max(0.0, inside)))


def passed(run: Sequence[float], hours: float) -> float:
    """Return the share that has arrived within so many hours."""
    at = bucket(hours)
    before = run[at - 1] if at else 0.0
    return before + (run[at] - before) * min(1.0, max(0.0, (hours - EDGES[at]) / WIDTHS[at]))


def estimate(
    *,
    starts: Mapping[Stage, datetime],
    spread: Callable[[Stage], Spread | None],
    calendar: Calendar,
    now: datetime,
    pauses: Sequence[Pause] = (),
) -> Estimate | None:
    """
    Say when a parcel should arrive that is not there ``now``; None where nothing is known.

    The furthest stage that the statistics know counts. A parcel that has taken longer than all
    but very few ever did is beyond what can be known, and so is one in a pause without an end.
    """
    for stage in reversed(Stage):
        if (start := starts.get(stage)) is None or (known := spread(stage)) is None:
            continue
        elapsed = calendar.hours_between(start, now, pauses=pauses)
        if known.total * (1 - passed(known.run, elapsed)) < ENOUGH:
            return None
        ends = []
        for q in (EARLY, MIDDLE, LATE):
            hours = quantile(known.run, q, after=elapsed)
            end = calendar.hours_after(start, hours, pauses=pauses)
            if end is None:
                return None
            ends.append(max(now, end))
        first, likely, last = _snap(*ends, zone=calendar.zone)
        return Estimate(
            first=first,
            likely=likely,
            last=last,
            confidence=_confidence(known, ends[2] - ends[0]),
            stage=stage,
            group=known.group,
            weight=known.weight,
        )
    return None


def _confidence(spread: Spread, width: timedelta) -> Confidence:
    """Weigh how many parcels speak, how alike they are and how far they lie apart."""
    is_thin = spread.weight < PRIOR or spread.group.level == Level.ALL
    if is_thin or width > WIDE:
        return Confidence.LOW
    is_sure = spread.weight >= 3 * PRIOR and spread.group.level != Level.CARRIER
    return Confidence.HIGH if is_sure and width <= NARROW else Confidence.MEDIUM


def _snap(
    first: datetime, likely: datetime, last: datetime, *, zone: tzinfo
) -> tuple[datetime, datetime, datetime]:
    """
    Widen a window to whole hours or, when it is wider than two days, to whole days.

    So that it changes only when a reader would see it change.
    """
    begin, middle, end = (at.astimezone(zone) for at in (first, likely, last))
    if last - first > timedelta(days=2):
        begin = datetime.combine(begin.date(), time(), tzinfo=zone)
        middle = datetime.combine(middle.date(), time(12), tzinfo=zone)
        end = datetime.combine(end.date(), time(23, 59), tzinfo=zone)
    else:
        begin, middle, end = (at.replace(minute=0, second=0, microsecond=0)
                              for at in (begin, middle, end))  # fmt: skip
        end += timedelta(hours=1)
        if end.hour == 0:
            end -= timedelta(minutes=1)  # midnight belongs to the day that ends
    return begin.astimezone(UTC), middle.astimezone(UTC), end.astimezone(UTC)


# --- what a page shows --------------------------------------------------------------------------


class Span(NamedTuple):
    """From when until when somebody expects a parcel."""

    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The one expectation a page shows, whose it is and how sure it is."""

    source: EtaSource
    first: datetime
    last: datetime
    confidence: Confidence


def window(
    *,
    status: str,
    now: datetime,
    zone: tzinfo,
    promised_at: datetime | None = None,
    shipped_at: datetime | None = None,
    carrier: Span | None = None,
    own: Span | None = None,
    confidence: str = "",
) -> Window | None:
    """
    Choose which expectation a page shows, None for none.

    A carrier's window of today for a parcel that is out, then any plausible date of the carrier,
    then ours, then the promise; ours at low confidence waits until the promise has passed.

    :param confidence: of ``own``.
    """
    if status not in UNDERWAY:
        return None
    if carrier and is_plausible(carrier, shipped_at=shipped_at, now=now):
        today = now.astimezone(zone).date()
        is_today = status == S.OUT_FOR_DELIVERY and carrier.last.astimezone(zone).date() == today
        sure = Confidence.HIGH if is_today else Confidence.MEDIUM
        return Window(source=EtaSource.CARRIER, first=carrier.first, last=carrier.last,
                      confidence=sure)  # fmt: skip
    promise = None
    if promised_at and promised_at + GRACE >= now:
        promise = Window(source=EtaSource.PROMISED, first=promised_at, last=promised_at,
                         confidence=Confidence.LOW)  # fmt: skip
    if own is None or own.last < now or (promise and confidence == Confidence.LOW):
        return promise
    return Window(
        source=EtaSource.OWN,
        first=max(own.first, now),
        last=own.last,
        confidence=Confidence(confidence or Confidence.LOW),
    )


def is_plausible(span: Span, *, shipped_at: datetime | None, now: datetime) -> bool:
    """Test whether a carrier's date can be meant: not long past, nor far ahead, nor endless."""
    return (
        now - GRACE <= span.last <= now + AHEAD
        and timedelta() <= span.last - span.first <= WIDEST
        and (shipped_at is None or span.last >= shipped_at)
    )


class Punctuality(NamedTuple):
    """Days late in the recipient's calendar: negative is early, 0 on the day."""

    days: int

    @property
    def is_late(self) -> bool:
        """Test whether the promised day was missed."""
        return self.days > 0


def punctuality(
    *, promised_at: datetime | None, at: datetime | None, zone: tzinfo
) -> Punctuality | None:
    """Compare an arrival, or the likely one, with the promise; None where either is missing."""
    if promised_at is None or at is None:
        return None
    return Punctuality((at.astimezone(zone).date() - promised_at.astimezone(zone).date()).days)
