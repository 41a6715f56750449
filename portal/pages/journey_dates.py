"""Days, windows and the stamp of a journey, on the clock of the parcel's place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from portal.lib import dates
from portal.pages.journey_rights import Rights
from tracking.services.journeys import Details
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

    def long(self, at: datetime) -> str:
        """Say a day for a heading, never broken between its number and its month."""
        return _unbroken(dates.long_day(self.local(at), self.language))

    def day(self, at: datetime) -> str:
        """Say a day."""
        return dates.day(self.local(at), self.language)

    def moment(self, at: datetime) -> str:
        """Say a day and a time for a heading."""
        between = " " if self.language.startswith("zh") else ", "
        return f"{self.long(at)}{between}{dates.clock(self.local(at))}"

    @property
    def since(self) -> datetime | None:
        """When the parcel came to its status, as far as is known."""
        return self.facts.status_at or self.facts.last_scan_at

    @property
    def expected(self) -> tuple[date, date] | None:
        """The days it is expected on: the carrier's word, else the promise."""
        facts = self.facts
        last = facts.eta_to or facts.eta_from or facts.promised_at
        if last is None:
            return None
        first = facts.eta_from or last
        a, b = self.local(first).date(), self.local(last).date()
        return min(a, b), b

    def expected_words(self) -> str:
        """Say the expected days for a heading."""
        assert self.expected is not None  # noqa: S101  callers have asked
        return _unbroken(dates.span(*self.expected, self.language))

    def window(self) -> str:
        """Say the carrier's window of hours, if it is within one day and not all of it."""
        facts = self.facts
        if facts.eta_from is None or facts.eta_to is None:
            return ""
        first, last = self.local(facts.eta_from), self.local(facts.eta_to)
        if first.date() != last.date() or first >= last or (last - first).seconds > 12 * 3600:
            return ""
        return _("%(first)s to %(last)s") % {
            "first": dates.clock(first),
            "last": dates.clock(last),
        }

    def promised(self) -> str:
        """Say what was promised, for beside the pill."""
        at = self.facts.promised_at
        return _("First promised %(day)s") % {"day": self.day(at)} if at else ""

    # --- the stamp ---------------------------------------------------------------------------

    def on_stamp(self, kicker: str, at: datetime, *, final: bool = False) -> Stamp:
        """Print one day."""
        local = self.local(at)
        place = self.facts.scans[0].place if self.facts.scans else ""
        sentence = f"{kicker}: {dates.full_day(local, self.language)}"
        if final:
            sentence += f" {dates.clock(local)}"
        return Stamp(
            kicker=kicker,
            big=str(local.day),
            small=self._month(local),
            sentence=sentence,
            postmark_place=_short_place(place) if final else "",
            postmark_time=f"{local.hour:02}.{local.minute:02}" if final else "",
        )

    def on_stamp_expected(self, kicker: str) -> Stamp | None:
        """Print the expected day or days."""
        if self.expected is None:
            return None
        first, last = self.expected
        if first == last:
            return Stamp(
                kicker,
                str(last.day),
                self._month(last),
                f"{kicker}: {dates.full_day(last, self.language)}",
            )
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
        weekday = dates.day(value, self.language)
        if self.language.startswith("zh"):
            return f"{value.month} 月 周{weekday[-1]}"
        return f"{weekday[:3]}, {dates.month(value, self.language, is_short=True)}"

    # --- helpers -----------------------------------------------------------------------------

    def reason(self) -> Reason | None:
        """Return why it is in trouble."""
        return Reason(self.facts.reason) if self.facts.reason else None

    def is_ahead(self) -> bool:
        """Test whether the day it is expected on is still to come."""
        return self.expected is not None and self.expected[1] >= self.local(self.now).date()

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

    def last_seen(self) -> str:
        """Say where it was last seen."""
        scan = next((scan for scan in self.facts.scans if scan.place), None)
        if scan is None or scan.at is None:
            return ""
        return _("Last seen: %(place)s, %(day)s.") % {
            "place": scan.place,
            "day": dates.day(scan.at, self.language),
        }

    def early(self, at: datetime | None) -> str:
        """Say how the delivery kept the promise."""
        if at is None or self.facts.promised_at is None:
            return _("Delivered")
        days = (self.local(self.facts.promised_at).date() - self.local(at).date()).days
        if days == 0:
            return _("On the promised day")
        if days == 1:
            return _("One day early")
        if days > 1:
            return _("%(days)s days early") % {"days": days}
        return _("One day late") if days == -1 else _("%(days)s days late") % {"days": -days}


_JOINTS = re.compile(r"(?<=\d) (?=[A-Z月日])|(?<=月) (?=\d)")


def _unbroken(day: str) -> str:
    """Keep a number and its month, or the two ends of a range, on one line."""
    if " to " in day:
        first, _to, last = day.partition(" to ")
        number, _space, month = last.partition(" ")
        return f"{first}\u00a0to\u00a0{number} {month}" if first.isdigit() else day
    return _JOINTS.sub("\u00a0", day).replace("日周", "日\u2060周\u2060")


def plain(text: str) -> str:
    """Return a text without the joints that keep its days on one line."""
    return text.replace("\u00a0", " ").replace("\u2060", "")


def _short_place(place: str) -> str:
    """Fit a place's name on a postmark."""
    name = place.split(",")[0].strip().upper()
    return name if len(name) <= 12 else ""
