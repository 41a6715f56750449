"""The five stations of a parcel's route, on the stretch of the way it is on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from portal.lib import atlas, dates
from portal.pages.scan_words import Place, is_han, place
from tracking.services.journeys import Details, PartKind, Phase, Scan
from tracking.states import ParcelStatus

S = ParcelStatus
PLACE_LENGTH = 15
"""A wider name of a place would break the row on a phone."""


@dataclass(frozen=True, slots=True)
class Station:
    """One stop; ``state`` is done, now, late, end or todo, and ``word`` says it in full."""

    state: str
    label: str | Place
    icon: str
    word: str
    note: str = ""
    tone: str = ""


_AT: dict[Phase, int] = {
    Phase.PACKED: 0,
    Phase.ANNOUNCED: 1,
    Phase.UNSEEN: 1,
    Phase.ON_TIME: 2,
    Phase.MOVING: 2,
    Phase.LATE: 2,
    Phase.QUIET: 2,
    Phase.SEARCHED: 2,
    Phase.CUSTOMS: 2,
    Phase.HELD: 2,
    Phase.LOST: 2,
    Phase.DESTROYED: 2,
    Phase.EXPIRED: 2,
    Phase.OUT: 3,
    Phase.COLLECT: 3,
    Phase.ATTEMPTED: 3,
    Phase.RETURNING: 3,
    Phase.DELIVERED: 4,
    Phase.DISPUTED: 4,
    Phase.RETURNED: 4,
    Phase.CANCELLED: 0,
}
_STANDING: dict[str, int] = {
    S.REGISTERED: 0,
    S.INFO_RECEIVED: 1,
    S.OUT_FOR_DELIVERY: 3,
    S.AVAILABLE_FOR_PICKUP: 3,
    S.ATTEMPT_FAILED: 3,
}
"""Where a parcel is of which only a rumour tells the end; elsewhere it is on the way."""
_ICONS = ("doc", "box", "hub", "truck", "house")
_BACK = frozenset({Phase.RETURNING, Phase.RETURNED})


def _labels(phase: Phase) -> list[str | Place]:
    labels: list[str | Place] = [
        pgettext("parcel route", "Ordered"),
        pgettext("parcel route", "Sent"),
        pgettext("parcel route", "On the way"),
        pgettext("parcel route", "With driver"),
        pgettext("parcel route", "Delivered"),
    ]
    if phase is Phase.COLLECT:
        labels[3] = pgettext("parcel route", "To collect")
    if phase is Phase.CUSTOMS:
        labels[2] = pgettext("parcel route", "Customs")
    if phase in _BACK:
        labels[3] = pgettext("parcel route", "Turned back")
        labels[4] = pgettext("parcel route", "Back with us")
    return labels


def _row(
    phase: Phase, here: int, *, tone: str, notes: list[str], labels: list[str | Place]
) -> tuple[Station, ...]:
    found = []
    for at, label in enumerate(labels):
        icon = "return" if phase in _BACK and at > 2 else _ICONS[at]
        if phase is Phase.COLLECT and at == 3:
            icon = "shop"
        if at < here:
            found.append(Station("done", label, icon, _(", done"), notes[at]))
        elif at > here:
            found.append(Station("todo", label, icon, _(", not yet")))
        else:
            is_end = at == 4
            is_late = tone in {"warn", "bad"} and not is_end
            state = "end" if is_end else "late" if is_late else "now"
            word = _(", late, the parcel is here") if is_late else _(", the parcel is here")
            found.append(Station(state, label, icon, word, notes[at], tone))
    return tuple(found)


def stations_masked(phase: Phase) -> tuple[Station, ...]:
    """Return the row without a date or a place."""
    tone = {Phase.HELD: "warn", Phase.ATTEMPTED: "warn", Phase.LOST: "bad"}.get(phase, "own")
    return _row(phase, _AT[phase], tone=tone, notes=[""] * 5, labels=_labels(phase))


def stations(facts: Details, *, tone: str, language: str) -> tuple[Station, ...]:
    """Return the row with the day of each stop, as far as scans tell."""
    scans = _on_this_way(facts)
    first: dict[int, date] = {}
    for scan in scans:  # newest first, so that the earliest stays
        at = _PLACE_OF.get(scan.status)
        if at and scan.at and not scan.is_hint:
            first[at] = _day(scan, facts.zone)
    first[0] = facts.ordered_at.astimezone(facts.zone)
    if facts.shipped_at and 1 not in first:
        first[1] = facts.shipped_at.astimezone(facts.zone)
    labels = _labels(facts.phase)
    if facts.phase in _BACK:
        back = facts.parts[-1].since
        first.pop(3, None)
        if back:
            first[3] = back.astimezone(facts.zone)
        if facts.delivered_at:
            labels[2] = pgettext("parcel route", "Delivered")
            first[2] = facts.delivered_at.astimezone(facts.zone)
    elif facts.phase in {Phase.DELIVERED, Phase.DISPUTED} and facts.delivered_at:
        first.setdefault(4, facts.delivered_at.astimezone(facts.zone))
    notes = [dates.short_day(first[at], language) if at in first else "" for at in range(5)]
    here = _AT.get(facts.phase, _STANDING.get(facts.status, 2))
    if here == 2 and facts.phase is not Phase.CUSTOMS:
        certain = [scan for scan in scans if not scan.is_hint]
        where = _here(certain, language)
        if where:
            labels[2] = where
            is_dated = certain[0].at is not None
            notes[2] = dates.short_day(_day(certain[0], facts.zone), language) if is_dated else ""
        if facts.phase is Phase.HELD:
            notes[2] = pgettext("parcel route", "held")
    return _row(facts.phase, here, tone=tone, notes=notes, labels=labels)


def _day(scan: Scan, zone: tzinfo) -> date:
    """Return the day of a scan where the parcel goes; a bare day is what it is."""
    assert scan.at is not None  # noqa: S101  callers have asked
    return scan.at.astimezone(zone) if scan.is_time_known else scan.at


def _on_this_way(facts: Details) -> list[Scan]:
    """Return the scans that the row is about: of the way back all, else since it last set out."""
    if facts.phase in _BACK:
        return list(facts.scans)
    kinds = [part.kind for part in facts.parts]
    begins = max((at for at, kind in enumerate(kinds) if kind == PartKind.AGAIN), default=0)
    return [scan for scan in facts.scans if scan.part >= begins]


def _here(scans: list[Scan], language: str) -> str | Place:
    """Name where it is, where that is short enough; a hub's city where the hub's name is not."""
    if not scans or not scans[0].place:
        return ""
    where = place(scans[0], language)
    name = where.name.split(",")[0].strip()
    if _width(name) > PLACE_LENGTH and scans[0].country:
        city = atlas.find(scans[0].place, scans[0].country)
        name = (city.name_zh if where.name and is_han(where.name) else city.name) if city else ""
    return Place(name, where.lang) if name and _width(name) <= PLACE_LENGTH else ""


def _width(name: str) -> int:
    """Return how many letters wide a name is; a Chinese character is two and a bit."""
    return sum(3 if is_han(letter) else 1 for letter in name)


_PLACE_OF: dict[str, int] = {
    S.PICKED_UP: 1,
    S.IN_TRANSIT: 2,
    S.HANDED_OVER: 2,
    S.CUSTOMS: 2,
    S.EXCEPTION: 2,
    S.OUT_FOR_DELIVERY: 3,
    S.ATTEMPT_FAILED: 3,
    S.AVAILABLE_FOR_PICKUP: 3,
    S.RETURNING: 3,
    S.DELIVERED: 4,
    S.RETURNED: 4,
}
