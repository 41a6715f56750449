"""The five stations of a parcel's route."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from portal.lib import dates
from tracking.services.journeys import Details, Phase
from tracking.states import ParcelStatus

S = ParcelStatus
PLACE_LENGTH = 14
"""A longer place name would break the row on a phone."""


@dataclass(frozen=True, slots=True)
class Station:
    """One stop; ``state`` is done, now, late, end or todo, and ``word`` says it in full."""

    state: str
    label: str
    icon: str
    word: str
    note: str = ""
    tone: str = ""


_AT: dict[Phase, int] = {
    Phase.PACKED: 0,
    Phase.ANNOUNCED: 1,
    Phase.ON_TIME: 2,
    Phase.MOVING: 2,
    Phase.LATE: 2,
    Phase.QUIET: 2,
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
_ICONS = ("doc", "box", "hub", "truck", "house")


def _labels(phase: Phase) -> list[str]:
    labels = [
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
    if phase in {Phase.RETURNING, Phase.RETURNED}:
        labels[3] = pgettext("parcel route", "Turned back")
        labels[4] = pgettext("parcel route", "Back with us")
    return labels


def _row(phase: Phase, *, tone: str, notes: list[str], labels: list[str]) -> tuple[Station, ...]:
    here = _AT[phase]
    found = []
    for place, label in enumerate(labels):
        icon = (
            "return" if phase in {Phase.RETURNING, Phase.RETURNED} and place > 2 else _ICONS[place]
        )
        if phase is Phase.COLLECT and place == 3:
            icon = "shop"
        if place < here:
            found.append(Station("done", label, icon, _(", done"), notes[place]))
        elif place > here:
            found.append(Station("todo", label, icon, _(", not yet")))
        else:
            is_end = place == 4
            is_late = tone in {"warn", "bad"} and not is_end
            state = "end" if is_end else "late" if is_late else "now"
            word = _(", late, the parcel is here") if is_late else _(", the parcel is here")
            found.append(Station(state, label, icon, word, notes[place], tone))
    return tuple(found)


def stations_masked(phase: Phase) -> tuple[Station, ...]:
    """Return the row without a date or a place."""
    tone = {Phase.HELD: "warn", Phase.ATTEMPTED: "warn", Phase.LOST: "bad"}.get(phase, "own")
    return _row(phase, tone=tone, notes=[""] * 5, labels=_labels(phase))


def stations(facts: Details, *, tone: str, language: str) -> tuple[Station, ...]:
    """Return the row with the day of each stop, as far as scans tell."""
    first: dict[int, datetime] = {}
    for scan in facts.scans:  # newest first, so that the earliest stays
        place = _PLACE_OF.get(scan.status)
        if place and scan.at:
            first[place] = scan.at
    first[0] = facts.ordered_at.astimezone(facts.zone)
    if facts.shipped_at and 1 not in first:
        first[1] = facts.shipped_at.astimezone(facts.zone)
    at = facts.delivered_at if facts.phase in {Phase.DELIVERED, Phase.DISPUTED} else None
    if at:
        first[4] = at.astimezone(facts.zone)
    notes = [
        dates.short_day(first[place], language) if place in first else "" for place in range(5)
    ]
    labels = _labels(facts.phase)
    here = _AT[facts.phase]
    if here == 2 and facts.phase is not Phase.CUSTOMS and facts.scans:
        name = facts.scans[0].place.split(",")[0].strip()
        if 0 < len(name) <= PLACE_LENGTH:
            labels[2] = name
        if facts.phase is Phase.HELD:
            notes[2] = pgettext("parcel route", "held")
    return _row(facts.phase, tone=tone, notes=notes, labels=labels)


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
