"""
Working days and hours: when somebody works, and how long a silence really was.

A working day counts as one day however long its hours are; what falls on a weekend, a public
holiday or into a declared disruption does not count at all. Nothing here reads a clock.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import accumulate
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

MONDAY_TO_FRIDAY = "12345"
EVERY_DAY = "1234567"

Pause = tuple[datetime, datetime | None]
"""From when until when a clock stands still; None as long as nobody says when it ends."""

_DAY = 24 * 3600 * 10**6
_MICRO = timedelta(microseconds=1)
_FIRST, _LAST = 1990, 2200
"""Years in which anything is counted; what lies outside is put on the edge."""
_FAR = datetime(_LAST, 12, 31, tzinfo=UTC)


class Calendar:
    """
    The working time of one place.

    ``weekdays`` holds ISO digits, Monday is 1. Public holidays are those of ``country`` and
    ``subdivision``; a weekend day that the country declares to be worked, as China does around
    long holidays, counts. ``opens`` and ``closes`` bound the working hours of a day, the whole
    day if they are left out.
    """

    def __init__(
        self,
        *,
        zone: tzinfo = UTC,
        weekdays: str = MONDAY_TO_FRIDAY,
        country: str = "",
        subdivision: str = "",
        opens: time = time(),
        closes: time | None = None,
    ) -> None:
        self.zone = zone
        self._weekdays = {int(digit) for digit in weekdays if digit in EVERY_DAY}
        if not self._weekdays:
            raise ValueError("nobody works on any day of the week")
        self._country, self._subdivision = country, subdivision
        self._opens = _micros(opens)
        self._day = (_micros(closes) if closes is not None else _DAY) - self._opens
        if self._day <= 0:
            raise ValueError("it must close after it opens")
        self._table = _Table()
        self._lock = threading.Lock()

    def is_working(self, day: date) -> bool:
        """Test whether a day is worked."""
        table, place = self._find(day.toordinal())
        return table.before[place + 1] > table.before[place]

    def days_between(
        self, start: datetime, end: datetime, *, pauses: Sequence[Pause] = ()
    ) -> float:
        """Return the working days between two moments, parts of them too; never less than 0."""
        return self._span(start, end, pauses) / self._day

    def hours_between(
        self, start: datetime, end: datetime, *, pauses: Sequence[Pause] = ()
    ) -> float:
        """Return the working hours between two moments; never less than 0."""
        return self._span(start, end, pauses) / (3600 * 10**6)

    def days_after(
        self, start: datetime, days: float, *, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """Return the moment so many working days later, None if a pause has no end."""
        return self._after(start, round(days * self._day), pauses)

    def hours_after(
        self, start: datetime, hours: float, *, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """Return the moment so many working hours later, None if a pause has no end."""
        return self._after(start, round(hours * 3600 * 10**6), pauses)

    def deadline(
        self, start: datetime, *, days: float = 0, hours: float = 0, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """
        Return the first moment by which so much working time has passed, None if a pause is open.

        Where ``days_after`` names the next opening, this names the closing before it: what is
        promised within a day and asked for on Saturday is due when Monday ends.
        """
        span = round(days * self._day) + round(hours * 3600 * 10**6)
        if span <= 0:
            return start
        last = self._after(start, span - 1, pauses)
        return None if last is None else last + _MICRO

    def _after(self, start: datetime, span: int, pauses: Sequence[Pause]) -> datetime | None:
        """
        Return the moment by which ``span`` of working time has passed.

        It lies within working time; only with nothing to wait for is it the start itself, and
        the end of the pause if that falls into one.
        """
        cursor = start
        for begins, ends in pauses:
            if ends is not None and ends <= cursor:
                continue
            if begins > cursor:
                room = self._position(begins) - self._position(cursor)
                if room > span or (span <= 0 and cursor is start):
                    break
                span -= room
            if ends is None:
                return None
            cursor = ends
        if span <= 0 and cursor is start:
            return start
        return self._moment(self._position(cursor) + span)

    def _span(self, start: datetime, end: datetime, pauses: Sequence[Pause]) -> int:
        if end <= start:
            return 0
        total = self._position(end) - self._position(start)
        for begins, ends in pauses:
            first, last = max(begins, start), min(ends or end, end)
            if first < last:
                total -= self._position(last) - self._position(first)
        return max(0, total)

    def _position(self, at: datetime) -> int:
        """Place a moment on the line of working time, in microseconds."""
        local = at.astimezone(self.zone)
        table, place = self._find(local.toordinal())
        before = table.before[place]
        count = before - table.zero
        if table.before[place + 1] == before:
            return count * self._day
        micros = ((local.hour * 60 + local.minute) * 60 + local.second) * 10**6
        into = min(max(micros + local.microsecond - self._opens, 0), self._day)
        return count * self._day + into

    def _moment(self, position: int) -> datetime:
        """Return the latest moment at a place on the line, which lies within working time."""
        count, into = divmod(position, self._day)
        table = self._table
        while count + table.zero >= len(table.working):
            if table.last >= _LAST:
                return _FAR
            table = self._cover(table.last + 1)
        midnight = datetime.fromordinal(table.working[count + table.zero])
        local = midnight + (into + self._opens) * _MICRO
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def _find(self, ordinal: int) -> tuple[_Table, int]:
        """Return where a day stands in the table, made longer if need be."""
        table = self._table
        place = ordinal - table.base
        if place < 0 or place + 1 >= len(table.before):
            table = self._cover(min(max(date.fromordinal(ordinal).year, _FIRST), _LAST))
            place = min(max(ordinal - table.base, 0), len(table.before) - 2)
        return table, place

    def _cover(self, year: int) -> _Table:
        """Make the table longer, so that it holds a year; what it said before still holds."""
        with self._lock:
            old = self._table
            first = min(old.first, year) if old.working else max(year - 1, _FIRST)
            last = max(old.last, year) if old.working else min(year + 1, _LAST)
            start, end = date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal()
            closed, opened = _holidays(self._country, self._subdivision, first, last)
            works = [
                ordinal in opened
                or (ordinal not in closed and (ordinal - 1) % 7 + 1 in self._weekdays)
                for ordinal in range(start, end + 1)
            ]
            before = [0, *accumulate(map(int, works))]
            self._table = _Table(
                first=first,
                last=last,
                base=start,
                zero=before[old.base - start] + old.zero if old.working else 0,
                before=before,
                working=[start + place for place, is_worked in enumerate(works) if is_worked],
            )
            return self._table


class _Table(NamedTuple):
    """Some years of a calendar, day by day; replaced as a whole, for threads share it."""

    first: int = 0
    last: int = 0
    base: int = 0
    """The ordinal of its first day."""
    zero: int = 0
    """Working days before the point from which the line is counted."""
    before: list[int] = [0]
    """Working days before each day."""
    working: list[int] = []
    """Ordinals of the working days."""


def merge(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """Return pauses in order, those that touch joined: what calendars take."""
    merged: list[Pause] = []
    for begins, ends in sorted(pauses, key=lambda pause: pause[0]):
        if ends is not None and ends <= begins:
            continue
        if merged and (merged[-1][1] is None or begins <= merged[-1][1]):
            last = merged[-1][1]
            joined = None if last is None or ends is None else max(last, ends)
            merged[-1] = merged[-1][0], joined
        else:
            merged.append((begins, ends))
    return tuple(merged)


@functools.lru_cache(maxsize=1024)
def calendar(
    *,
    zone: str = "UTC",
    weekdays: str = "",
    country: str = "",
    subdivision: str = "",
    opens: time = time(),
    closes: time | None = None,
) -> Calendar:
    """
    Return the calendar of a place, made once.

    What nobody knows is left out: an unknown zone is UTC, an unknown country has no holidays.
    Without ``weekdays`` the country's own weekend is off.
    """
    country, subdivision = known(country, subdivision)
    return Calendar(
        zone=_zone(zone),
        weekdays=weekdays.strip() or usual_weekdays(country),
        country=country,
        subdivision=subdivision,
        opens=opens,
        closes=closes,
    )


def usual_weekdays(country: str) -> str:
    """Return the days on which a country works, as ISO digits."""
    if not country:
        return MONDAY_TO_FRIDAY
    weekend = {day + 1 for day in holidays.country_holidays(country).weekend}
    return "".join(digit for digit in EVERY_DAY if int(digit) not in weekend)


def known(country: str, subdivision: str = "") -> tuple[str, str]:
    """Return the country and the part of it as far as public holidays are known there."""
    regions = _regions().get(country.strip().upper())
    if regions is None:
        return "", ""
    return country.strip().upper(), subdivision if subdivision in regions else ""


@functools.cache
def _regions() -> dict[str, frozenset[str]]:
    supported = holidays.list_supported_countries(include_aliases=False)
    return {country: frozenset(regions) for country, regions in supported.items()}


def _holidays(
    country: str, subdivision: str, first: int, last: int
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the days off and the weekend days worked instead, as ordinals."""
    if not country:
        return frozenset(), frozenset()
    found: Any = holidays.country_holidays(
        country, subdiv=subdivision or None, years=range(first, last + 1)
    )
    worked = getattr(found, "weekend_workdays", ())
    return (
        frozenset(day.toordinal() for day in found),
        frozenset(day.toordinal() for day in worked),
    )


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _micros(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 10**6 + at.microsecond
