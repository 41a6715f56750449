"""
When a reason may be reported, exact to the second wherever the shopper is: pure functions.

Days are the shopper's own: an offset in days, working days or months moves from the local day of
the fact it counts from to another local day. Such a window opens as that day begins and closes as
it ends, whatever clocks do in between. Hours are hours that really pass.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from claims.states import ClaimReason, WindowAnchor, WindowUnit
from tracking.calendars import Calendar

R = ClaimReason
A = WindowAnchor

_LAST_YEAR = 9000
_FAR = date(_LAST_YEAR, 12, 31)


# --- Days ----------------------------------------------------------


def begins(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a local day, which is not always midnight."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def is_midnight(at: datetime, zone: tzinfo) -> bool:
    """Test whether a local day begins at this very moment."""
    return at == begins(at.astimezone(zone).date(), zone)


def last_day(ends_at: datetime, zone: tzinfo) -> date:
    """Return the last local day before something is over."""
    return (ends_at - timedelta(microseconds=1)).astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class Place:
    """Whose days are counted: a time zone, and who works when in it."""

    zone: tzinfo
    calendar: Calendar

    def day(self, at: datetime) -> date:
        """Return the local day of a moment."""
        return at.astimezone(self.zone).date()

    def begins(self, day: date) -> datetime:
        """Return the first moment of a local day."""
        return begins(day, self.zone)

    def ends(self, day: date) -> datetime:
        """Return the moment at which a local day is over: the first of the next."""
        return begins(day + timedelta(days=1), self.zone)


@dataclass(frozen=True, slots=True)
class Offset:
    """So many hours, days, working days or months after something."""

    amount: int
    unit: str = WindowUnit.DAYS

    def day(self, start: date, calendar: Calendar) -> date:
        """
        Return the local day that lies so far after another.

        :raises ValueError: for hours, which lead to no day.
        """
        if self.unit == WindowUnit.DAYS:
            return min(start + timedelta(days=self.amount), _FAR)
        if self.unit == WindowUnit.WORKING_DAYS:
            return _working(start, self.amount, calendar)
        if self.unit == WindowUnit.MONTHS:
            return _months(start, self.amount)
        raise ValueError(f"{self.unit} are no days")

    def opens(self, anchor: datetime, place: Place) -> datetime:
        """Return when something opens so long after a fact: with nothing to wait for, at once."""
        if self.amount == 0:
            return anchor
        if self.unit == WindowUnit.HOURS:
            return anchor + timedelta(hours=self.amount)
        return place.begins(self.day(place.day(anchor), place.calendar))

    def closes(self, anchor: datetime, place: Place) -> datetime:
        """Return from when on something is over: the end of its last day, or of its last hour."""
        if self.unit == WindowUnit.HOURS:
            return anchor + timedelta(hours=self.amount)
        return place.ends(self.day(place.day(anchor), place.calendar))


def _working(start: date, amount: int, calendar: Calendar) -> date:
    day = start
    while amount > 0 and day < _FAR:
        day += timedelta(days=1)
        amount -= calendar.is_working(day)
    return day


def _months(start: date, amount: int) -> date:
    """Return the same day so many months on, or the last one of a month that is too short."""
    years, month = divmod(start.month - 1 + amount, 12)
    year = start.year + years
    if year > _LAST_YEAR:
        return _FAR
    return date(year, month + 1, min(start.day, months.monthrange(year, month + 1)[1]))


# --- What a window depends on ----------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a parcel, or of an order that nothing was sent of."""

    placed_at: datetime
    status: str = ""
    status_at: datetime | None = None
    promised_at: datetime | None = None
    ship_by: datetime | None = None
    shipped_at: datetime | None = None
    """When the merchant says that it left."""
    mailed_at: datetime | None = None
    """The carrier's first own scan."""
    last_scan_at: datetime | None = None
    delivered_at: datetime | None = None
    refused_at: datetime | None = None
    returned_at: datetime | None = None
    """The first scan on its way back."""
    lost_at: datetime | None = None
    """When somebody took it for lost: the carrier, or we."""
    is_abroad: bool = False

    @property
    def delivered(self) -> datetime | None:
        """When it was delivered, as far as anybody says so."""
        return self.delivered_at or (self.status_at if self.status == "delivered" else None)

    @property
    def lost(self) -> datetime | None:
        """When it was taken for lost, by its status if nothing else says so."""
        if self.lost_at is None and self.status in {"lost", "destroyed"}:
            return self.status_at or self.last_scan_at or self.placed_at
        return self.lost_at

    def at(self, anchor: str) -> datetime | None:
        """Return when the fact happened from which a window counts, None if it has not."""
        return {
            A.PLACED: self.placed_at,
            A.SHIP_BY: self.ship_by,
            A.SHIPPED: self.shipped_at or self.mailed_at,
            A.MAILED: self.mailed_at or self.shipped_at,
            A.LAST_SCAN: self.last_scan_at or self.shipped_at or self.placed_at,
            A.PROMISED: self.promised_at,
            A.DELIVERED: self.delivered,
            A.REFUSED: self.refused_at,
            A.RETURNED: self.returned_at,
            A.TAKEN_FOR_LOST: self.lost,
        }.get(A(anchor))


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One end of a window: from which fact, and how far from it, at home and from abroad."""

    anchor: str
    offset: Offset
    abroad: Offset | None = None

    def away(self, facts: Facts) -> Offset:
        """Return how far it is for this parcel."""
        return self.abroad if facts.is_abroad and self.abroad is not None else self.offset


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a policy says about the window of its reason."""

    reason: str
    earliest: Edge
    latest: Edge
    sooner: Edge | None = None
    """A second way to open; whichever comes first counts."""
    long_stop: Offset | None = None
    takes_late: bool = False


# --- The window ----------------------------------------------------------


class Bar(StrEnum):
    """Why there is no window at all, whatever the day."""

    NOT_DELIVERED = "not_delivered"
    DELIVERED = "delivered"
    IN_TIME = "in_time"
    NO_PROMISE = "no_promise"
    NOT_REFUSED = "not_refused"
    NOT_RETURNED = "not_returned"
    CAME_BACK = "came_back"
    SENT = "sent"
    NOT_YET = "not_yet"


class Standing(StrEnum):
    """How a moment lies to a window."""

    SHUT = "shut"
    """Nothing has opened it; ``Window.bar`` says why."""
    EARLY = "early"
    OPEN = "open"
    LATE = "late"
    """After the usual end, before the hard stop, and late reports are taken."""
    OVER = "over"


@dataclass(frozen=True, kw_only=True)
class Window:
    """From when until when a reason may be reported; ends are the first moment that is too late."""

    opens_at: datetime | None
    closes_at: datetime | None
    """The usual end; None if it never closes."""
    stops_at: datetime | None = None
    """After this not even the desk files one; None if there is no such end."""
    takes_late: bool = False
    bar: str = ""
    counted: Offset | None = None
    """How far its usual end lies from what it counts from."""

    def standing(self, now: datetime) -> Standing:
        """Return how a moment lies to the window, for a shopper."""
        if self.opens_at is None:
            return Standing.SHUT
        if now < self.opens_at:
            return Standing.EARLY
        if self.closes_at is None or now < self.closes_at:
            return Standing.OPEN
        if self.takes_late and self.stops_at is not None and now < self.stops_at:
            return Standing.LATE
        return Standing.OVER

    def is_open(self, now: datetime) -> bool:
        """Test whether a shopper's report is welcome at this moment."""
        return self.standing(now) in {Standing.OPEN, Standing.LATE}

    def is_stopped(self, now: datetime) -> bool:
        """Test whether nobody at all may file any more."""
        return self.stops_at is not None and now >= self.stops_at

    @property
    def until(self) -> datetime | None:
        """When it is over for a shopper."""
        return self.stops_at if self.takes_late and self.stops_at else self.closes_at


def window(terms: Terms, facts: Facts, place: Place) -> Window:
    """Return the window of a reason for one parcel or order."""
    bar = _bar(terms.reason, facts)
    if bar:
        return Window(opens_at=None, closes_at=None, bar=bar)
    opens_at = _opens(terms, facts, place)
    if opens_at is None:
        return Window(
            opens_at=None, closes_at=None, bar=_MISSING.get(terms.earliest.anchor, "not_yet")
        )
    if terms.reason == R.DELAYED and facts.delivered and facts.delivered < opens_at:
        return Window(opens_at=None, closes_at=None, bar=Bar.IN_TIME)
    closes_at, stops_at = _ends(terms, facts, place, opens_at)
    return Window(
        opens_at=opens_at,
        closes_at=closes_at,
        stops_at=stops_at,
        takes_late=terms.takes_late,
        counted=terms.latest.away(facts),
    )


_MISSING: Mapping[str, Bar] = {
    A.DELIVERED: Bar.NOT_DELIVERED,
    A.PROMISED: Bar.NO_PROMISE,
    A.REFUSED: Bar.NOT_REFUSED,
    A.RETURNED: Bar.NOT_RETURNED,
}


def _bar(reason: str, facts: Facts) -> str:
    """Return why what is known of the parcel rules a reason out."""
    if reason == R.LOST:
        if facts.delivered is not None:
            return Bar.DELIVERED
        if facts.returned_at is not None:
            return Bar.CAME_BACK
    if reason in _NEEDS_DELIVERY and facts.delivered is None:
        return Bar.NOT_DELIVERED
    if reason == R.DELAYED and facts.promised_at is None:
        return Bar.NO_PROMISE
    if reason == R.NOT_SHIPPED and (facts.mailed_at or facts.delivered):
        return Bar.SENT
    return ""


_NEEDS_DELIVERY = {R.DAMAGED, R.WRONG_ITEM, R.MISSING_ITEM, R.DELIVERED_NOT_RECEIVED}


def _opens(terms: Terms, facts: Facts, place: Place) -> datetime | None:
    ways = []
    for edge in (terms.earliest, terms.sooner):
        at = facts.at(edge.anchor) if edge is not None else None
        if edge is not None and at is not None:
            ways.append(edge.away(facts).opens(at, place))
    if terms.reason == R.LOST and facts.lost is not None:
        ways.append(facts.lost)  # nobody has to wait for what is known to be lost
    return min(ways, default=None)


def _ends(
    terms: Terms, facts: Facts, place: Place, opens_at: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return the usual end and the hard stop; neither comes before a full window has passed."""
    if terms.latest.anchor == A.NEVER:
        return None, None
    since = [opens_at if terms.latest.anchor == A.OPENED else facts.at(terms.latest.anchor)]
    if terms.reason == R.LOST:
        # A trace may take longer than a shopper's window after the last scan.
        since.append(facts.lost)
    counted = max((at for at in since if at is not None), default=opens_at)
    closes_at = terms.latest.away(facts).closes(counted, place)
    stops_at = terms.long_stop.closes(counted, place) if terms.long_stop else None
    return closes_at, max(stops_at, closes_at) if stops_at else None


# --- What else is possible ----------------------------------------------------------

_RELATED: Mapping[str, Sequence[ClaimReason]] = {
    R.DAMAGED: (R.REFUSED, R.MISSING_ITEM, R.WRONG_ITEM),
    R.LOST: (R.DELIVERED_NOT_RECEIVED, R.RETURNED_TO_SENDER, R.REFUSED, R.NOT_SHIPPED, R.DELAYED),
    R.DELIVERED_NOT_RECEIVED: (R.LOST, R.DELAYED),
    R.WRONG_ITEM: (R.MISSING_ITEM, R.DAMAGED),
    R.MISSING_ITEM: (R.WRONG_ITEM, R.DAMAGED),
    R.DELAYED: (R.LOST, R.DELIVERED_NOT_RECEIVED, R.RETURNED_TO_SENDER, R.NOT_SHIPPED),
    R.REFUSED: (R.RETURNED_TO_SENDER, R.DAMAGED, R.LOST),
    R.RETURNED_TO_SENDER: (R.REFUSED, R.LOST, R.DELAYED),
    R.NOT_SHIPPED: (R.LOST, R.DELAYED),
}


def related(reason: str, windows: Mapping[str, Window], now: datetime) -> list[ClaimReason]:
    """Return which other reasons may describe the same trouble and are open now."""
    return [
        other
        for other in _RELATED.get(reason, ())
        if other in windows and windows[other].is_open(now)
    ]
