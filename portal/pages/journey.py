"""A journey in words: what the page of a parcel says, by what is known and how far it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.lib import dates
from portal.pages.journey_dates import Forecast, Stamp, plain
from portal.pages.scan_words import Stretch
from portal.pages.sketch import Sketch
from portal.pages.stations import Station, stations_masked
from tracking.services.journey_phases import TROUBLED
from tracking.services.journeys import Glimpse, Other, Phase
from tracking.services.notices import Notice
from tracking.states import Reason


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the middle of the page says."""

    heading: str
    tone: str
    icon: str
    pill: str
    note: str
    says: tuple[str, ...]
    stamp: Stamp | None
    stations: tuple[Station, ...]
    is_final: bool
    news: str
    """One polite sentence for a reader who is on the page when this arrives."""
    notice: Notice | None = None
    """Trouble of another kind than the heading tells of."""
    source: str = ""
    """Who expects it so, and how sure that is."""
    before: str = ""
    history: tuple[Forecast, ...] = ()
    log: tuple[Stretch, ...] = ()
    older: tuple[Stretch, ...] = ()
    older_count: int = 0
    sketch: Sketch | None = None
    watch: str = ""
    """Words of the button that asks to be kept posted; empty when there is nothing to wait for."""
    go: str = ""
    """What can be done on the carrier's own page; the first thing to do where there is any."""
    damage_until: str = ""
    report: str = ""

    @property
    def title(self) -> str:
        """The heading without the joints that keep its days on one line."""
        return plain(self.heading)


def masked(facts: Glimpse) -> Sheet:
    """Say what a number alone may know: a broad status and nothing beside it."""
    heading, tone, icon = BROAD[facts.phase]()
    return Sheet(
        heading=heading,
        tone=tone,
        icon=icon,
        pill=heading,
        note="",
        says=(),
        stamp=None,
        stations=stations_masked(facts.phase),
        is_final=facts.is_final,
        news=heading,
    )


BROAD: dict[Phase, Callable[[], tuple[str, str, str]]] = {
    Phase.PACKED: lambda: (_("Being packed"), "calm", "box"),
    Phase.ANNOUNCED: lambda: (_("Announced to the carrier"), "calm", "doc"),
    Phase.MOVING: lambda: (_("On the way"), "info", "truck"),
    Phase.HELD: lambda: (_("Held up"), "warn", "clock"),
    Phase.OUT: lambda: (_("Out for delivery"), "own", "truck"),
    Phase.ATTEMPTED: lambda: (_("Delivery was tried"), "warn", "bell"),
    Phase.COLLECT: lambda: (_("Ready to collect"), "own", "shop"),
    Phase.RETURNING: lambda: (_("On its way back to us"), "warn", "return"),
    Phase.DELIVERED: lambda: (_("Delivered"), "good", "check"),
    Phase.RETURNED: lambda: (_("Back with us"), "calm", "return"),
    Phase.LOST: lambda: (_("It will not arrive"), "bad", "alert"),
    Phase.CANCELLED: lambda: (_("Cancelled"), "calm", "cross"),
    Phase.EXPIRED: lambda: (_("No longer tracked"), "calm", "clock"),
}
"""Phases as a number alone may know them."""
_IN_A_WORD: dict[Phase, Callable[[], tuple[str, str, str]]] = {
    **BROAD,
    Phase.LATE: lambda: (_("Late"), "warn", "clock"),
    Phase.QUIET: lambda: (_("No news"), "warn", "quiet"),
    Phase.UNSEEN: lambda: (_("Not scanned yet"), "warn", "quiet"),
    Phase.SEARCHED: lambda: (_("Probably lost"), "bad", "alert"),
    Phase.HINTED: lambda: (_("Being confirmed"), "info", "clock"),
    Phase.ON_TIME: lambda: (_("On the way"), "info", "truck"),
    Phase.CUSTOMS: lambda: (_("At customs"), "info", "customs"),
    Phase.DISPUTED: lambda: (_("Conflicting news"), "warn", "alert"),
    Phase.LOST: lambda: (_("Lost"), "bad", "alert"),
    Phase.DESTROYED: lambda: (_("Destroyed"), "bad", "alert"),
}


@dataclass(frozen=True, slots=True)
class OtherParcel:
    """Another parcel of the order, in a line."""

    token: str
    position: int
    tone: str
    icon: str
    label: str
    at: str
    titles: str
    is_troubled: bool


def other(parcel: Other, language: str) -> OtherParcel:
    """Say how another parcel of the order stands."""
    label, tone, icon = _IN_A_WORD[parcel.phase]()
    if parcel.reason and parcel.phase is Phase.HELD:
        label = str(Reason(parcel.reason).label)
    between = "、" if language.startswith("zh") else ", "
    return OtherParcel(
        token=parcel.token,
        position=parcel.position,
        tone=tone,
        icon=icon,
        label=label,
        at=dates.day(parcel.at, language) if parcel.at else "",
        titles=between.join(parcel.titles),
        is_troubled=parcel.phase in TROUBLED,
    )
