"""A journey in words: what the page of a parcel says, by what is known and how far it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.lib import dates
from portal.pages import scan_words
from portal.pages.journey_dates import Stamp, Words, plain
from portal.pages.scan_words import Row
from portal.pages.stations import Station, stations, stations_masked
from tracking.services.journeys import Glimpse, Other, Phase
from tracking.states import Reason

LOG_LENGTH = 6
"""So many lines stand open; the rest is one tap away, with the carrier's own words."""
Told = tuple[str, str, str, str, tuple[str, ...], "Stamp | None"]
"""Heading, tone, icon, pill, sentences, stamp."""


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
    rows: tuple[Row, ...]
    older: tuple[Row, ...]
    watch: str
    """Words of the button that asks to be kept posted; empty when there is nothing to wait for."""
    is_final: bool
    news: str
    """One polite sentence for a reader who is on the page when this arrives."""
    damage_until: str = ""
    report: str = ""

    @property
    def title(self) -> str:
        """The heading without the joints that keep its days on one line."""
        return plain(self.heading)


def masked(facts: Glimpse) -> Sheet:
    """Say what a number alone may know: a broad status and nothing beside it."""
    heading, tone, icon = _BROAD[facts.phase]()
    return Sheet(
        heading=heading,
        tone=tone,
        icon=icon,
        pill=heading,
        note="",
        says=(),
        stamp=None,
        stations=stations_masked(facts.phase),
        rows=(),
        older=(),
        watch="",
        is_final=facts.is_final,
        news=heading,
    )


_BROAD: dict[Phase, Callable[[], tuple[str, str, str]]] = {
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


WITH_RIGHTS = frozenset(
    {
        Phase.LATE,
        Phase.QUIET,
        Phase.CUSTOMS,
        Phase.HELD,
        Phase.EXPIRED,
        Phase.DELIVERED,
        Phase.DISPUTED,
    }
)
"""Phases in which a page says from when, or until when, trouble may be reported."""
_WAITING = frozenset(
    {
        Phase.PACKED,
        Phase.ANNOUNCED,
        Phase.LATE,
        Phase.QUIET,
        Phase.CUSTOMS,
        Phase.HELD,
        Phase.ATTEMPTED,
    }
)


class Teller(Words):
    """Tell one parcel's journey in one language; one method a phase."""

    # --- phases ------------------------------------------------------------------------------

    def tell(self) -> Sheet:
        """Say it all."""
        phase = self.facts.phase
        heading, tone, icon, pill, says, stamp = getattr(self, phase.value)()
        rows = tuple(scan_words.rows(self.facts, self.language))
        note = self.note()
        return Sheet(
            heading=heading,
            tone=tone,
            icon=icon,
            pill=pill,
            note="" if note == pill else note,
            says=tuple(sentence for sentence in says if sentence),
            stamp=stamp,
            stations=stations(self.facts, tone=tone, language=self.language),
            rows=rows[:LOG_LENGTH],
            older=rows,
            watch=self.watch(),
            is_final=self.facts.is_final,
            news=self.news(heading, rows),
            damage_until=self.day(self.rights.damage_until)
            if self.rights.damage_until and self.rights.damage_until > self.now
            else "",
            report=self.report(),
        )

    def news(self, heading: str, rows: tuple[Row, ...]) -> str:
        """Say what is new in one sentence, for somebody who hears it."""
        newest = rows[0].headline if rows else ""
        is_said = not newest or newest in heading
        return plain(heading if is_said else f"{heading}. {newest}")

    def note(self) -> str:
        """Say beside the pill how the promise stands."""
        facts = self.facts
        if facts.phase in {Phase.DELIVERED, Phase.DISPUTED} and facts.promised_at:
            return _("Promised by %(day)s") % {"day": self.day(facts.promised_at)}
        if facts.phase in {Phase.LATE, Phase.QUIET, Phase.HELD, Phase.CUSTOMS, Phase.ATTEMPTED}:
            return self.promised()
        if facts.phase is Phase.ON_TIME and facts.promised_at and facts.eta_to:
            return _("Promised by %(day)s") % {"day": self.day(facts.promised_at)}
        return ""

    def watch(self) -> str:
        """Say what to be told of; nothing once it is over."""
        # Letters go out at these moments and at trouble; a button promises no other.
        phase = self.facts.phase
        if phase in {Phase.ON_TIME, Phase.MOVING}:
            return _("Tell me when it is close")
        if phase is Phase.OUT:
            return _("Tell me when it is there")
        if phase in _WAITING:
            return _("Keep me posted")
        return ""

    def report(self) -> str:
        """Say what the way to a claim is called here; nothing where there is nothing to claim."""
        phase = self.facts.phase
        if phase in {Phase.LOST, Phase.DESTROYED}:
            return _("Choose what happens now")
        if phase in {Phase.PACKED, Phase.CANCELLED}:
            return ""
        return _("Report a problem")

    def lost_from(self) -> str:
        """Say from when a parcel that does not move may be reported as not come."""
        at = self.rights.lost_from
        if at is None:
            return ""
        if at <= self.now:
            return _("You do not have to wait longer: report that it has not come, and we decide.")
        return _(
            "If nothing has moved by %(when)s, you can report that it has not come and have your "
            "money back."
        ) % {"when": dates.when(self.local(at), self.language)}

    def packed(self) -> Told:
        """It has not left."""
        heading = _("Being packed")
        if self.expected:
            heading = _("Being packed: expected %(day)s") % {"day": self.expected_words()}
        says = (_("As soon as it leaves, its journey appears here and we write to you."),)
        stamp = self.on_stamp_expected(_("Expected"))
        return heading, "calm", "box", _("Not yet with the carrier"), says, stamp

    def announced(self) -> Told:
        """The carrier knows of it."""
        heading = _("Ready for the carrier")
        if self.expected:
            heading = _("Ready for the carrier: expected %(day)s") % {"day": self.expected_words()}
        says = (_("The carrier knows about it. Its first scan starts the journey here."),)
        stamp = self.on_stamp_expected(_("Expected"))
        return heading, "calm", "doc", _("Announced to the carrier"), says, stamp

    def on_time(self) -> Told:
        """It moves and will keep the promise."""
        heading = _("On time: expected %(day)s") % {"day": self.expected_words()}
        stamp = self.on_stamp_expected(_("Expected"))
        says = (self.last_seen(),)
        return heading, "info", "truck", self.status_words(), says, stamp

    def moving(self) -> Told:
        """It moves, and nobody promised a day."""
        says = (self.last_seen(), _("The carrier has not told us a day yet."))
        at = self.facts.last_scan_at
        stamp = self.on_stamp(_("Last scan"), at) if at else None
        heading = (
            _("On the way, last seen %(day)s") % {"day": self.long(at)} if at else _("On the way")
        )
        return heading, "info", "truck", self.status_words(), says, stamp

    def late(self) -> Told:
        """The promised day is over or will not be kept."""
        assert self.expected is not None  # noqa: S101  lateness needs a date
        is_over = self.expected[1] < self.local(self.now).date()
        words = _("Late: it was expected %(day)s") if is_over else _("Late: now expected %(day)s")
        kicker = _("Was expected") if is_over else _("Now expected")
        pill = self.reason_words() or _("Late")
        icon = "weather" if self.facts.reason == Reason.WEATHER else "clock"
        says = (self.last_seen(), self.lost_from())
        heading = words % {"day": self.expected_words()}
        return heading, "warn", icon, pill, says, self.on_stamp_expected(kicker)

    def quiet(self) -> Told:
        """Nothing was scanned when it should have been."""
        at = self.facts.last_scan_at
        assert at is not None  # noqa: S101  silence is counted from a scan
        heading = _("No scan since %(day)s") % {"day": self.long(at)}
        says = (
            _("The carrier has told us nothing since then. It may still be moving unseen."),
            self.lost_from(),
        )
        return heading, "warn", "quiet", _("No news"), says, self.on_stamp(_("Last scan"), at)

    def customs(self) -> Told:
        """It is with customs."""
        heading = self.with_since(_("At customs"), _("At customs since %(day)s"))
        said: dict[Reason | None, str] = {
            Reason.CUSTOMS_DOCUMENTS: _(
                "Customs asks us for papers. You do not need to do anything."
            ),
            Reason.PAYMENT_DUE: _("A duty is open. The carrier's own page tells how to pay it."),
        }
        words = said.get(self.reason(), _("Customs checks some parcels; most leave within days."))
        return (
            heading,
            "info",
            "customs",
            self.status_words(),
            (words, self.lost_from()),
            self.stamp_since(),
        )

    def held(self) -> Told:
        """The carrier reports a trouble."""
        reason = self.reason()
        heading = self.with_since(_("Held up"), _("Held up since %(day)s"))
        if reason == Reason.DAMAGED:
            heading = _("Damaged on the way")
        elif reason == Reason.LOST:
            heading = _("The carrier is looking for it")
        elif self.is_ahead():
            late = self.is_past_promise()
            words = (
                _("Late: now expected %(day)s") if late else _("Held up, still expected %(day)s")
            )
            heading = words % {"day": self.expected_words()}
        says = scan_words.TROUBLE_SAYS.get(reason, lambda: "")()
        tone = "bad" if reason in {Reason.DAMAGED, Reason.LOST} else "warn"
        icon = "weather" if reason == Reason.WEATHER else "clock"
        icon = "alert" if tone == "bad" else icon
        kicker = _("Now expected") if self.is_past_promise() else _("Expected")
        stamp = self.on_stamp_expected(kicker) if self.is_ahead() else self.stamp_since()
        return (
            heading,
            tone,
            icon,
            self.reason_words() or _("Held up"),
            (says, self.lost_from()),
            stamp,
        )

    def out(self) -> Told:
        """The driver has it."""
        at = self.since
        if at and self.local(at).date() != self.local(self.now).date():
            heading = _("With the driver since %(day)s") % {"day": self.long(at)}
        elif self.window():
            heading = _("With the driver: today, %(window)s") % {"window": self.window()}
        else:
            heading = _("With the driver: today")
        stamp = self.on_stamp(_("Out since"), at) if at else None
        return heading, "own", "truck", _("Out for delivery"), (self.last_seen(),), stamp

    def collect(self) -> Told:
        """It waits at a shop or locker."""
        place = self.facts.scans[0].place if self.facts.scans else ""
        says = (
            _("It waits at: %(place)s.") % {"place": place} if place else "",
            _("Collect it soon: after some days the carrier sends it back."),
        )
        heading = self.with_since(_("Ready to collect"), _("Ready to collect since %(day)s"))
        return heading, "own", "shop", _("Ready to collect"), says, self.stamp_since()

    def attempted(self) -> Told:
        """The driver could not hand it over."""
        told: dict[Reason | None, tuple[str, str]] = {
            Reason.CLOSED: (_("The business was closed"), _("The business was closed on %(day)s")),
            Reason.BAD_ADDRESS: (
                _("The address was not found"),
                _("The address was not found on %(day)s"),
            ),
            Reason.REFUSED: (_("It was not accepted"), _("It was not accepted on %(day)s")),
            Reason.NOT_HOME: (_("Nobody answered"), _("Nobody answered on %(day)s")),
        }
        usual = (_("Delivery was tried"), _("Delivery was tried on %(day)s"))
        undated, dated = told.get(self.reason(), usual)
        says = (
            _(
                "The driver usually tries again on the next working day. On the carrier's own page "
                "you can change the day or the place."
            ),
        )
        return (
            self.with_since(undated, dated),
            "warn",
            "bell",
            _("Delivery attempt failed"),
            says,
            self.stamp_since(),
        )

    def returning(self) -> Told:
        """It comes back."""
        why = self.reason_words()
        says = (_("If that was not your wish, report it and we put it right."),)
        heading = _("On its way back to us")
        return heading, "warn", "return", why or _("On its way back"), says, self.stamp_since()

    def returned(self) -> Told:
        """It came back."""
        says = (_("We have it again. Report a problem if your money has not come back yet."),)
        heading = self.with_since(_("Back with us"), _("Back with us since %(day)s"))
        return heading, "calm", "return", _("Returned to sender"), says, self.stamp_since()

    def delivered(self) -> Told:
        """It was handed over."""
        at = self.facts.delivered_at or self.since
        heading = (
            _("Delivered on %(moment)s") % {"moment": self.moment(at)} if at else _("Delivered")
        )
        stamp = self.on_stamp(_("Delivered"), at, final=True) if at else None
        says = (scan_words.HANDED_SAYS.get(self.facts.handed, lambda: "")(),)
        return heading, "good", "check", self.early(at), says, stamp

    def disputed(self) -> Told:
        """It was called delivered, and then something said otherwise."""
        at = self.facts.delivered_at or self.since
        heading = _("Delivered, says the carrier; later news disagrees")
        says = (
            _("If you have it, all is well. If not, report it; we ask the carrier for its proof."),
        )
        stamp = self.on_stamp(_("Said delivered"), at) if at else None
        return heading, "warn", "alert", _("Conflicting news"), says, stamp

    def lost(self) -> Told:
        """The carrier gave it up."""
        says = (
            _("The carrier has given it up. Tell us once, and you have what you paid for it back."),
        )
        return _("Your parcel is lost"), "bad", "alert", _("Lost"), says, self.stamp_since()

    def destroyed(self) -> Told:
        """The carrier destroyed it."""
        says = (
            _(
                "It was too badly damaged to bring. Tell us once, and you have what you paid for "
                "it back."
            ),
        )
        return (
            _("Your parcel was destroyed"),
            "bad",
            "alert",
            _("Destroyed"),
            says,
            self.stamp_since(),
        )

    def cancelled(self) -> Told:
        """It was called off."""
        says = (_("This parcel will not be sent. Questions about the order? Write to us."),)
        return (
            _("This parcel was cancelled"),
            "calm",
            "cross",
            _("Cancelled"),
            says,
            self.stamp_since(),
        )

    def expired(self) -> Told:
        """The carrier forgot it."""
        says = (
            _("The carrier keeps no news of it any more. If it never came, report it."),
            self.lost_from(),
        )
        return (
            _("No longer tracked"),
            "calm",
            "clock",
            _("No longer tracked"),
            says,
            self.stamp_since(),
        )


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


def other(parcel: Other, language: str) -> OtherParcel:
    """Say how another parcel of the order stands."""
    words: dict[Phase, Callable[[], tuple[str, str, str]]] = {
        Phase.LATE: lambda: (_("Late"), "warn", "clock"),
        Phase.QUIET: lambda: (_("No news"), "warn", "quiet"),
        Phase.ON_TIME: lambda: (_("On the way"), "info", "truck"),
        Phase.CUSTOMS: lambda: (_("At customs"), "info", "customs"),
        Phase.DISPUTED: lambda: (_("Conflicting news"), "warn", "alert"),
        **_BROAD,
        Phase.LOST: lambda: (_("Lost"), "bad", "alert"),
        Phase.DESTROYED: lambda: (_("Destroyed"), "bad", "alert"),
    }
    label, tone, icon = words[parcel.phase]()
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
    )
