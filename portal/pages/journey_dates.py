"""Days, windows and the stamp of a journey, on the clock of the parcel's place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from portal.lib import dates
from portal.pages.journey_rights import Rights
from portal.pages.scan_words import Place, place
from tracking.expecting import Confidence, EtaSource
from tracking.services.journeys import Details, Scan
from tracking.states import ParcelStatus, Reason


@dataclass(frozen=True, slots=True)
class Stamp:
    """The one date that matters, printed; ``sentence`` says it in full."""

    kicker: str
    big: str
    small: str
    sentence: str
    is_range: bool = False
    postmark_place: str = ""
    postmark_time: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """One expectation there was: since when, whose, and of which days."""

    iso: str
    since: str
    who: str
    days: str


class Words:
    """The small words of one parcel's journey in one language."""

    def __init__(self, facts: Details, *, now: datetime, rights: Rights) -> None:
        self.facts = facts
        self.zone: tzinfo = facts.zone
        self.now = now
        self.rights = rights
        self.language = get_language() or "en"

    # --- small words -------------------------------------------------------------------------

    def local(self, at: datetime) -> datetime:
        """Put a moment on the clock of the parcel's place."""
        return at.astimezone(self.zone)

    def at_place(self, at: datetime) -> datetime:
        """Put the moment of a scan on the clock of its place, and any other on the parcel's."""
        found = (scan.at for scan in self.facts.scans if scan.at == at and scan.is_zone_known)
        return next(found, None) or self.local(at)

    def long(self, at: datetime) -> str:
        """Say a day for a heading, never broken between its number and its month."""
        return unbroken(dates.long_day(self.local(at), self.language))

    def day(self, at: datetime) -> str:
        """Say a day."""
        return dates.day(self.local(at), self.language)

    def moment(self, at: datetime) -> str:
        """Say a day and a time for a heading, as the clock stood where it happened."""
        between = " " if self.language.startswith("zh") else ", "
        there = self.at_place(at)
        day = unbroken(dates.long_day(there, self.language))
        return f"{day}{between}{dates.clock(there)}"

    @property
    def since(self) -> datetime | None:
        """When the parcel came to its status, as far as is known."""
        return self.facts.status_at or self.facts.last_scan_at

    @property
    def expected(self) -> tuple[date, date] | None:
        """The days it is expected on, none of them over."""
        window = self.facts.expected
        if window is None:
            return None
        first, last = self.local(window.first).date(), self.local(window.last).date()
        return max(min(first, last), self.today), last

    @property
    def today(self) -> date:
        """The day it is where the parcel goes."""
        return self.local(self.now).date()

    def expected_words(self) -> str:
        """Say the expected days for a heading, with the hours where the carrier names some."""
        assert self.expected is not None  # noqa: S101  callers have asked
        words = unbroken(dates.span(*self.expected, self.language))
        hours = self.hours()
        between = " " if self.language.startswith("zh") else ", "
        return f"{words}{between}{hours}" if hours else words

    def hours(self) -> str:
        """Say the carrier's window of hours, if it is within one day and not all of it."""
        window = self.facts.expected
        if window is None or window.source != EtaSource.CARRIER:
            return ""
        first, last = self.local(window.first), self.local(window.last)
        if first.date() != last.date() or first >= last or last <= self.local(self.now):
            return ""
        if (last - first).seconds > 12 * 3600:
            return ""
        return _unbroken_hours(
            _("%(first)s to %(last)s") % {"first": dates.clock(first), "last": dates.clock(last)}
        )

    def span(self, first: datetime, last: datetime) -> str:
        """Say from which day to which."""
        return dates.span(self.local(first).date(), self.local(last).date(), self.language)

    def source(self) -> str:
        """Say who expects it so, and how sure that is."""
        window = self.facts.expected
        if window is None:
            return ""
        if window.source == EtaSource.CARRIER:
            return _("That is what the carrier says.")
        if window.source == EtaSource.PROMISED:
            return _("That is the day we promised; the carrier has not named one yet.")
        if window.confidence == Confidence.LOW:
            return _("That is our own estimate, and a rough one: few parcels have gone this way.")
        days = self.days_on_the_way()
        if days is None:
            return _("That is our own estimate: most parcels that got this far come in that time.")
        first, last = days
        if first == last:
            return ngettext(
                "That is our own estimate: most parcels on this way take %(days)s day.",
                "That is our own estimate: most parcels on this way take %(days)s days.",
                last,
            ) % {"days": last}
        return _(
            "That is our own estimate: most parcels on this way take %(first)s to %(last)s days."
        ) % {"first": first, "last": last}

    def days_on_the_way(self) -> tuple[int, int] | None:
        """Return how many days it takes in all, or None where that says little."""
        shipped, window = self.facts.shipped_at, self.facts.expected
        if shipped is None or window is None:
            return None
        start = self.local(shipped).date()
        first = (self.local(window.first).date() - start).days
        last = (self.local(window.last).date() - start).days
        return (first, last) if 1 <= first <= last <= 60 else None

    def before(self) -> str:
        """Say which days the same source named before, if they were others."""
        window = self.facts.expected
        if window is None:
            return ""
        now = self.span(window.first, window.last)
        for one in self.facts.revisions:
            if one.source == window.source and one.last != window.last:
                said = self.span(one.first, one.last)
                if said != now:
                    return _("Before: %(days)s") % {"days": said}
        return ""

    def history(self) -> tuple[Forecast, ...]:
        """Say who expected it when, newest first; nothing where nothing has changed."""
        found: list[Forecast] = []
        for one in self.facts.revisions:
            days, who = self.span(one.first, one.last), _WHO[one.source]()
            if found and (found[-1].days, found[-1].who) == (days, who):
                found.pop()  # the same days at another hour: the older telling counts
            since = self.local(one.since)
            found.append(
                Forecast(
                    since.isoformat(timespec="minutes"), dates.when(since, self.language), who, days
                )
            )
        return tuple(found) if len(found) > 1 else ()

    def promised(self) -> str:
        """Say what was promised, for beside the pill."""
        at = self.facts.promised_at
        return _("First promised %(day)s") % {"day": self.day(at)} if at else ""

    # --- the stamp ---------------------------------------------------------------------------

    def on_stamp(self, kicker: str, at: datetime, *, final: bool = False) -> Stamp:
        """Print one day."""
        local = self.at_place(at) if final else self.local(at)
        where = place(self.facts.scans[0], self.language).name if self.facts.scans else ""
        sentence = f"{kicker}: {dates.full_day(local, self.language)}"
        if final:
            sentence += f" {dates.clock(local)}"
        return Stamp(
            kicker=kicker,
            big=str(local.day),
            small=self._month(local),
            sentence=sentence,
            postmark_place=_short_place(where) if final else "",
            postmark_time=f"{local.hour:02}.{local.minute:02}" if final else "",
        )

    def on_stamp_expected(self, kicker: str) -> Stamp | None:
        """Print the expected day or days."""
        if self.expected is None:
            return None
        first, last = self.expected
        if first == last:
            return one_day(kicker, last, self.language)
        sentence = _("%(what)s: %(first)s to %(last)s") % {
            "what": kicker,
            "first": dates.full_day(first, self.language),
            "last": dates.full_day(last, self.language),
        }
        is_one = first.month == last.month
        names = [dates.month(day, self.language, is_short=not is_one) for day in (first, last)]
        small = names[0] if is_one else " – ".join(names)
        return Stamp(kicker, f"{first.day}–{last.day}", small, sentence, is_range=True)

    def _month(self, value: date) -> str:
        return _under_the_day(value, self.language)

    # --- helpers -----------------------------------------------------------------------------

    def reason(self) -> Reason | None:
        """Return why it is in trouble."""
        return Reason(self.facts.reason) if self.facts.reason else None

    def is_past_promise(self) -> bool:
        """Test whether it is expected after the promised day."""
        at = self.facts.promised_at
        return (
            at is not None
            and self.expected is not None
            and self.expected[1] > self.local(at).date()
        )

    def with_since(self, plain: str, dated: str) -> str:
        """Say a state with the day it began, if known."""
        return dated % {"day": self.long(self.since)} if self.since else plain

    def stamp_since(self) -> Stamp | None:
        """Print the day the state began."""
        return self.on_stamp(pgettext("stamp", "Since"), self.since) if self.since else None

    def status_words(self) -> str:
        """Say the status in our own words."""
        return str(ParcelStatus(self.facts.status).label)

    def reason_words(self) -> str:
        """Say why, or nothing."""
        reason = self.reason()
        return str(reason.label) if reason else ""

    def sentence(self, words: str, **parts: object) -> str:
        """Fill a sentence; a part that is in another language keeps its mark."""
        if all(isinstance(part, str) for part in parts.values()):
            return words % parts
        safe = {name: conditional_escape(str(part)) for name, part in parts.items()}
        return mark_safe(conditional_escape(words) % safe)  # noqa: S308  all of it is escaped

    def place_words(self) -> str | Place:
        """Name the place of the newest scan that has one."""
        scan = next((scan for scan in self.facts.scans if scan.place), None)
        return self._named(scan) if scan else ""

    def _named(self, scan: Scan) -> str | Place:
        where = place(scan, self.language)
        return where if where.lang else where.name

    def last_seen(self) -> str:
        """Say where it was last seen."""
        scan = next((one for one in self.facts.scans if one.place and not one.is_hint), None)
        if scan is None or scan.at is None:
            return ""
        return self.sentence(
            _("Last seen: %(place)s, %(day)s."),
            place=self._named(scan),
            day=dates.day(scan.at, self.language),
        )

    def early(self, at: datetime | None) -> str:
        """Say how the delivery kept the promise."""
        if at is None or self.facts.promised_at is None:
            return _("Delivered")
        days = (self.local(self.facts.promised_at).date() - self.at_place(at).date()).days
        if days == 0:
            return _("On the promised day")
        if days == 1:
            return _("One day early")
        if days > 1:
            return _("%(days)s days early") % {"days": days}
        return _("One day late") if days == -1 else _("%(days)s days late") % {"days": -days}


_WHO: dict[str, Callable[[], str]] = {
    EtaSource.PROMISED: lambda: pgettext("who expects", "Promised"),
    EtaSource.CARRIER: lambda: pgettext("who expects", "The carrier"),
    EtaSource.OWN: lambda: pgettext("who expects", "Our estimate"),
}
_JOINTS = re.compile(r"(?<=\d) (?=[A-Z月日])|(?<=月) (?=\d)")


def unbroken(day: str) -> str:
    """Keep a number and its month, or the two ends of a range, on one line."""
    if " to " in day:
        first, _to, last = day.partition(" to ")
        number, _space, month = last.partition(" ")
        return f"{first}\u00a0to\u00a0{number} {month}" if first.isdigit() else day
    return _JOINTS.sub("\u00a0", day).replace("日周", "日\u2060周\u2060")


def _under_the_day(value: date, language: str) -> str:
    """Say weekday and month, for under the number on a stamp."""
    weekday = dates.day(value, language)
    if language.startswith("zh"):
        return f"{value.month} 月 周{weekday[-1]}"
    return f"{weekday[:3]}, {dates.month(value, language, is_short=True)}"


def one_day(kicker: str, day: date, language: str) -> Stamp:
    """Print one day on a stamp."""
    sentence = f"{kicker}: {dates.full_day(day, language)}"
    return Stamp(kicker, str(day.day), _under_the_day(day, language), sentence)


def _unbroken_hours(words: str) -> str:
    return words.replace(" ", "\u00a0")


def plain(text: str) -> str:
    """Return a text without the joints that keep its days on one line."""
    return text.replace("\u00a0", " ").replace("\u2060", "")


def _short_place(place: str) -> str:
    """Fit a place's name on a postmark."""
    name = place.split(",")[0].strip().upper()
    return name if len(name) <= 12 else ""
