"""One carrier scan in our words; the carrier's own words are kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from portal.lib import atlas, dates
from tracking.services.journeys import Details, Onward, PartKind, Scan
from tracking.states import Handed, ParcelStatus, Reason

S = ParcelStatus

_BRACKETS = " 【】[]"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the page's language where we know it; else as it came, with its language."""

    name: str
    lang: str = ""

    @property
    def html(self) -> SafeString:
        """The name as markup, with its language."""
        if not self.lang:
            return escape(self.name)
        return format_html('<span lang="{}">{}</span>', self.lang, self.name)

    def __str__(self) -> str:
        return self.html


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of the log.

    ``raw`` is what the carrier said, ``lang`` its language where that is another than the page's;
    ``zone`` is named where the clock is another than the parcel's.
    """

    mark: str
    headline: str
    iso: str
    time: str
    zone: str
    place: Place
    raw: str
    lang: str
    is_quiet: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """The lines of one stretch of the way, and what it is called where there are several."""

    heading: str
    rows: tuple[Row, ...]
    begins: int
    """How many lines stand before it."""


def stretches(facts: Details, language: str) -> tuple[Stretch, ...]:
    """Tell the scans, newest first, a stretch at a time."""
    found: list[Stretch] = []
    count = len(facts.scans)
    several = len({scan.part for scan in facts.scans}) > 1
    part = -1
    rows: list[Row] = []
    for at, scan in enumerate(facts.scans):
        if rows and scan.part != part:
            found.append(_stretch(facts, part, rows, at - len(rows), language, several=several))
            rows = []
        part = scan.part
        rows.append(_row(facts, scan, f"s{count - at}", language))
    if rows:
        found.append(_stretch(facts, part, rows, count - len(rows), language, several=several))
    return tuple(found)


def split(told: Sequence[Stretch], most: int) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...]]:
    """Part the lines that stand open from those a tap away."""
    first, rest = [], []
    for one in told:
        room = max(most - one.begins, 0)
        if one.rows[:room]:
            first.append(Stretch(one.heading, one.rows[:room], one.begins))
        if one.rows[room:]:
            rest.append(
                Stretch(one.heading if not room else "", one.rows[room:], one.begins + room)
            )
    return tuple(first), tuple(rest)


def _stretch(
    facts: Details, part: int, rows: Sequence[Row], begins: int, language: str, *, several: bool
) -> Stretch:
    heading = _part_words(facts, part, language) if several else ""
    return Stretch(heading, tuple(rows), begins)


def _part_words(facts: Details, part: int, language: str) -> str:
    """Say what a stretch of the way is, and since when."""
    way = facts.parts[part]
    day = dates.day(way.since.astimezone(facts.zone), language) if way.since else ""
    if way.kind == PartKind.BACK:
        return _("On its way back to us, since %(day)s") % {"day": day}
    if way.kind == PartKind.AGAIN:
        return _("Sent out again, since %(day)s") % {"day": day}
    if way.kind == PartKind.ONWARD:
        onward = _onward(facts)
        if onward:
            return _("With %(carrier)s, since %(day)s") % {
                "carrier": carrier(onward, language),
                "day": day,
            }
        return _("With another carrier, since %(day)s") % {"day": day}
    return pgettext("stretch of the way", "On its way to you")


def _onward(facts: Details) -> Onward | None:
    """Return the other carrier that has it, where one is known."""
    return next((one for one in facts.onward if one.carrier_en != facts.carrier_en), None)


def carrier(one: Onward, language: str) -> str:
    """Name a carrier in the reader's language."""
    return one.carrier_zh if language.startswith("zh") else one.carrier_en


def _row(facts: Details, scan: Scan, mark: str, language: str) -> Row:
    is_chinese = language.startswith("zh")
    iso, said, zone = _moment(scan, facts.zone, language)
    where = place(scan, language)
    said_by_carrier = scan.raw_text.strip()
    lang = _lang(said_by_carrier or scan.place, is_chinese=is_chinese)
    bare = scan.place.strip(_BRACKETS)
    is_renamed = where.name != bare and bare not in said_by_carrier
    if is_renamed and lang == _lang(bare, is_chinese=is_chinese):
        said_by_carrier = " ".join(filter(None, (said_by_carrier, f"({bare})")))
    words = headline(scan, onward=_onward(facts), language=language)
    return Row(
        mark=mark,
        headline=words,
        iso=iso,
        time=said,
        zone=zone,
        place=where,
        raw="" if said_by_carrier.casefold() == words.casefold() else said_by_carrier,
        lang=lang,
        is_quiet=not scan.status or scan.is_hint,
    )


def _moment(scan: Scan, home: tzinfo, language: str) -> tuple[str, str, str]:
    """Say when, on the clock of the place, and name that clock where it is another."""
    at = scan.at
    if at is None:
        return "", _("Day not told"), ""
    if not scan.is_time_known:
        return at.date().isoformat(), dates.day(at, language), ""
    said = dates.when(at, language)
    is_elsewhere = at.utcoffset() != at.astimezone(home).utcoffset()
    if not scan.is_zone_known:
        iso = at.replace(tzinfo=None).isoformat(timespec="minutes")
        return iso, said, _("local time") if is_elsewhere else ""
    return at.isoformat(timespec="minutes"), said, offset(at) if is_elsewhere else ""


def offset(at: datetime) -> str:
    """Name a clock by how far it is from UTC: ``UTC+8``, ``UTC-3:30``."""
    minutes = int((at.utcoffset() or at - at).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def place(scan: Scan, language: str) -> Place:
    """Name the place of a scan in the page's language, or say which language it is in."""
    is_chinese = language.startswith("zh")
    lang = _lang(scan.place, is_chinese=is_chinese)
    said = scan.place.strip(_BRACKETS)
    if not lang:
        return Place(said)
    city = atlas.find(scan.place, scan.country) if scan.country else None
    name = (city.name_zh if is_chinese else city.name) if city else ""
    return Place(name) if name else Place(said, lang)


def is_han(text: str) -> bool:
    """Test whether a text holds Chinese characters."""
    return any("一" <= letter <= "鿿" for letter in text)


def _lang(text: str, *, is_chinese: bool) -> str:
    """Name the language of a carrier's words where it is not the page's."""
    if is_han(text):
        return "" if is_chinese else "zh-Hans"
    return "en" if is_chinese and any(map(str.isalpha, text)) else ""


def headline(scan: Scan, *, onward: Onward | None = None, language: str = "en") -> str:
    """Say one scan; a code nobody knows stays a plain update."""
    if not scan.status:
        return _("Update from the carrier")
    if scan.is_hint:
        return _("Reported, not yet confirmed: %(status)s") % {
            "status": ParcelStatus(scan.status).label
        }
    if scan.status == S.HANDED_OVER and onward:
        return _("Handed to %(carrier)s") % {"carrier": carrier(onward, language)}
    if scan.status == S.DELIVERED:
        return _DELIVERED.get(scan.handed, lambda: _("Delivered"))()
    if scan.reason:
        told = _REASONS.get(scan.reason)
        if told is not None and scan.status in {
            S.EXCEPTION,
            S.ATTEMPT_FAILED,
            S.CUSTOMS,
            S.RETURNING,
        }:
            return told()
    return _STATUSES[scan.status]()


_STATUSES: dict[str, Callable[[], str]] = {
    S.REGISTERED: lambda: _("Registered"),
    S.INFO_RECEIVED: lambda: _("The carrier knows about it"),
    S.PICKED_UP: lambda: _("Collected from us"),
    S.IN_TRANSIT: lambda: _("On the way"),
    S.HANDED_OVER: lambda: _("Handed to another carrier"),
    S.CUSTOMS: lambda: _("At customs"),
    S.EXCEPTION: lambda: _("Held up"),
    S.OUT_FOR_DELIVERY: lambda: _("With the driver"),
    S.ATTEMPT_FAILED: lambda: _("Delivery was tried"),
    S.AVAILABLE_FOR_PICKUP: lambda: _("Ready to collect"),
    S.RETURNING: lambda: _("Turned back to us"),
    S.RETURNED: lambda: _("Back with us"),
    S.LOST: lambda: _("The carrier calls it lost"),
    S.DESTROYED: lambda: _("Destroyed by the carrier"),
    S.CANCELLED: lambda: _("Cancelled"),
    S.EXPIRED: lambda: _("No longer tracked by the carrier"),
}
_DELIVERED: dict[str, Callable[[], str]] = {
    Handed.RECIPIENT: lambda: _("Delivered, handed to you"),
    Handed.PROXY: lambda: _("Delivered, somebody else accepted it"),
    Handed.LOCKER: lambda: _("Delivered to a locker or shop"),
    Handed.NEIGHBOUR: lambda: _("Delivered to a neighbour"),
    Handed.SAFE_PLACE: lambda: _("Delivered, left in a safe place"),
}
_REASONS: dict[str, Callable[[], str]] = {
    Reason.DAMAGED: lambda: _("The carrier reports damage"),
    Reason.LOST: lambda: _("The carrier is looking for it"),
    Reason.MISSORTED: lambda: _("Sent the wrong way, being put right"),
    Reason.VEHICLE: lambda: _("Held up by vehicle trouble or a late flight"),
    Reason.DELAYED: lambda: _("Delayed"),
    Reason.WEATHER: lambda: _("Held by weather"),
    Reason.REFUSED: lambda: _("It was not accepted"),
    Reason.NOT_HOME: lambda: _("Nobody answered"),
    Reason.CLOSED: lambda: _("The business was closed"),
    Reason.BAD_ADDRESS: lambda: _("The address was not found"),
    Reason.PICKUP_NOT_COLLECTED: lambda: _("It was not collected"),
    Reason.PAYMENT_DUE: lambda: _("A payment is due"),
    Reason.CUSTOMS_DOCUMENTS: lambda: _("Customs asks for papers"),
    Reason.CUSTOMS_INSPECTION: lambda: _("Customs has a look at it"),
    Reason.PROHIBITED: lambda: _("Held: the carrier may not carry it"),
    Reason.SECURITY: lambda: _("Held by an authority"),
    Reason.OTHER: lambda: _("Held up"),
}
TROUBLE_SAYS: dict[Reason | None, Callable[[], str]] = {
    Reason.DAMAGED: lambda: _(
        "The carrier tells us it was damaged. If it still comes, look before you sign; if it does "
        "not, you have your money back."
    ),
    Reason.LOST: lambda: _("It missed a scan it should have had. Most turn up within days."),
    Reason.MISSORTED: lambda: _(
        "It went to the wrong place and is being sent on. You do not need to do anything."
    ),
    Reason.VEHICLE: lambda: _("It goes on with the next vehicle. You do not need to do anything."),
    Reason.DELAYED: lambda: _(
        "It goes on as soon as the carrier can. You do not need to do anything."
    ),
    Reason.WEATHER: lambda: _(
        "It is kept safe and goes on when the weather allows. You do not need to do anything."
    ),
    Reason.BAD_ADDRESS: lambda: _(
        "Something in the address is missing. Write to us and we pass it on."
    ),
    Reason.PAYMENT_DUE: lambda: _("A payment is open. The carrier's own page tells how to pay it."),
    Reason.CUSTOMS_DOCUMENTS: lambda: _(
        "Customs asks us for papers. You do not need to do anything."
    ),
    Reason.CUSTOMS_INSPECTION: lambda: _("Customs checks some parcels; most leave within days."),
}
HANDED_SAYS: dict[str, Callable[[], str]] = {
    Handed.RECIPIENT: lambda: _("Handed to you."),
    Handed.PROXY: lambda: _(
        "Somebody else accepted it: ask at home, at the front desk or at work."
    ),
    Handed.LOCKER: lambda: _("It lies in a locker or shop near you."),
    Handed.NEIGHBOUR: lambda: _("A neighbour has it."),
    Handed.SAFE_PLACE: lambda: _("Left in a safe place at your address."),
}
