"""What is told of each state of a parcel: the state, what comes next, and by when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from portal.lib import dates
from portal.pages import scan_words
from portal.pages.journey import Sheet
from portal.pages.journey_dates import Stamp, Words, plain
from portal.pages.journey_rights import Rights
from portal.pages.scan_words import Row
from portal.pages.sketch import sketch
from portal.pages.stations import stations
from tracking.expecting import EtaSource
from tracking.services.journeys import Details, Phase
from tracking.services.notices import Notice
from tracking.states import AnomalyKind, ParcelStatus, Reason

K = AnomalyKind
S = ParcelStatus

LOG_LENGTH = 6
"""So many lines stand open; the rest is one tap away."""
Told = tuple[str, str, str, str, Iterable[str], "Stamp | None"]
"""Heading, tone, icon, pill, sentences, stamp."""

WITH_RIGHTS = frozenset(
    {
        Phase.LATE,
        Phase.QUIET,
        Phase.UNSEEN,
        Phase.SEARCHED,
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
        Phase.UNSEEN,
        Phase.LATE,
        Phase.QUIET,
        Phase.CUSTOMS,
        Phase.HELD,
        Phase.ATTEMPTED,
        Phase.HINTED,
    }
)
_SILENCE = frozenset({K.PAST_ETA, K.STALLED, K.NO_FIRST_SCAN})
_OWN_KINDS: dict[Phase, frozenset[AnomalyKind]] = {
    Phase.LATE: _SILENCE,
    Phase.QUIET: _SILENCE,
    Phase.UNSEEN: _SILENCE,
    Phase.SEARCHED: frozenset({K.SUSPECTED_LOST}),
    Phase.CUSTOMS: frozenset({K.CUSTOMS_STUCK}),
    Phase.COLLECT: frozenset({K.PICKUP_EXPIRING}),
    Phase.ATTEMPTED: frozenset({K.ATTEMPTS_EXHAUSTED}),
    Phase.HELD: frozenset({K.DAMAGED, K.LOST}),
    Phase.PACKED: frozenset({K.NOT_SHIPPED}),
    Phase.LOST: frozenset({K.LOST, K.SUSPECTED_LOST}),
    Phase.DESTROYED: frozenset({K.DAMAGED}),
}
"""Trouble that the heading of a phase tells of already; of other trouble a notice speaks."""
_EXPECTING = frozenset({Phase.PACKED, Phase.ANNOUNCED, Phase.ON_TIME, Phase.LATE, Phase.HELD})
"""Phases whose heading names the expected day."""


class Teller(Words):
    """Tell one parcel's journey in one language; one method a phase."""

    def __init__(
        self, facts: Details, *, now: datetime, rights: Rights, notice: Notice | None = None
    ) -> None:
        super().__init__(facts, now=now, rights=rights)
        self.notice = notice
        own = _OWN_KINDS.get(facts.phase, frozenset())
        self.is_told_here = notice is not None and notice.kind in own

    def tell(self) -> Sheet:
        """Say it all."""
        phase = self.facts.phase
        heading, tone, icon, pill, says, stamp = getattr(self, phase.value)()
        told = scan_words.stretches(self.facts, self.language)
        log, older = scan_words.split(told, LOG_LENGTH)
        note = self.note()
        is_expecting = phase in _EXPECTING and self.is_expected() and tone != "bad"
        return Sheet(
            heading=heading,
            tone=tone,
            icon=icon,
            pill=pill,
            note="" if note == pill else note,
            says=tuple(sentence for sentence in says if sentence),
            stamp=stamp,
            stations=stations(self.facts, tone=tone, language=self.language),
            is_final=self.facts.is_final,
            news=self.news(heading, log[0].rows[0] if log else None),
            notice=None if self.is_told_here else self.notice,
            source=self.source() if is_expecting else "",
            before=self.before() if is_expecting else "",
            history=self.history(),
            log=log,
            older=older,
            older_count=sum(len(one.rows) for one in older),
            sketch=sketch(self.facts, self.language),
            watch=self.watch(),
            go=self.go(),
            damage_until=self.day(self.rights.damage_until)
            if self.rights.damage_until and self.rights.damage_until > self.now
            else "",
            report=self.report(),
        )

    # --- around the phases -------------------------------------------------------------------

    def news(self, heading: str, newest: Row | None) -> str:
        """Say what is new in one sentence, for somebody who hears it."""
        said = newest.headline if newest else ""
        is_said = not said or said in heading
        return plain(heading if is_said else f"{heading}. {said}")

    def note(self) -> str:
        """Say beside the pill how the promise stands."""
        facts = self.facts
        if facts.phase in {Phase.DELIVERED, Phase.DISPUTED} and facts.promised_at:
            return _("Promised by %(day)s") % {"day": self.day(facts.promised_at)}
        if facts.phase in {
            Phase.LATE,
            Phase.QUIET,
            Phase.SEARCHED,
            Phase.HELD,
            Phase.CUSTOMS,
            Phase.ATTEMPTED,
        }:
            return self.promised()
        is_named = facts.expected is not None and facts.expected.source != EtaSource.PROMISED
        if facts.phase is Phase.ON_TIME and facts.promised_at and is_named:
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
        is_given_up = phase is Phase.SEARCHED and self.may_report_loss()
        if is_given_up or phase in {Phase.LOST, Phase.DESTROYED}:
            return _("Choose what happens now")
        if phase in {Phase.PACKED, Phase.CANCELLED}:
            return ""
        return _("Report a problem")

    def go(self) -> str:
        """Say what can be done on the carrier's own page, where it has one; else nothing."""
        facts = self.facts
        if not facts.carrier_url:
            return ""
        if facts.phase is Phase.OUT:
            return _("See delivery options")
        if facts.phase is Phase.COLLECT:
            return _("See how to collect it")
        if facts.phase is Phase.ATTEMPTED and self.reason() != Reason.REFUSED:
            return _("Change the delivery")
        return ""

    def is_expected(self) -> bool:
        """Test for a day still to come: one that the notice below calls missed is none."""
        is_missed = self.notice is not None and self.notice.kind == AnomalyKind.PAST_ETA
        return self.facts.expected is not None and (not is_missed or self.is_past_promise())

    def may_report_loss(self) -> bool:
        """Test whether the shopper need not wait any longer."""
        return self.rights.lost_from is not None and self.rights.lost_from <= self.now

    def lost_from(self) -> str:
        """Say from when a parcel that does not move may be reported as not come."""
        if self.is_told_here:
            return ""  # the notice names the day on which we treat it as lost by ourselves
        if self.may_report_loss():
            return _("You do not have to wait longer: report that it has not come, and we decide.")
        if self.rights.lost_from is None:
            return ""
        return _(
            "If nothing has moved by %(when)s, you can report that it has not come and have your "
            "money back."
        ) % {"when": dates.when(self.local(self.rights.lost_from), self.language)}

    def noticed(self, *usual: str) -> tuple[str, ...]:
        """Say what we noticed, what we do and by when; where nothing was, what is usual."""
        if self.notice is None or not self.is_told_here:
            return usual
        return self.notice.noticed, self.notice.happens_next

    # --- before it moves ---------------------------------------------------------------------

    def packed(self) -> Told:
        """It has not left."""
        heading = _("Being packed")
        if self.expected:
            heading = _("Being packed: expected %(day)s") % {"day": self.expected_words()}
        says = self.noticed(
            _("As soon as it leaves, its journey appears here and we write to you.")
        )
        stamp = self.on_stamp_expected(_("Expected"))
        return heading, "calm", "box", _("Not yet with the carrier"), says, stamp

    def announced(self) -> Told:
        """The carrier knows of it."""
        heading = _("Ready for the carrier")
        if self.expected:
            heading = _("Ready for the carrier: expected %(day)s") % {"day": self.expected_words()}
        says = (
            _(
                "The carrier knows about it; its first scan starts the journey here. If none comes "
                "within three working days, we follow it up and write to you."
            ),
        )
        stamp = self.on_stamp_expected(_("Expected"))
        return heading, "calm", "doc", _("Announced to the carrier"), says, stamp

    def unseen(self) -> Told:
        """The carrier should have scanned it and has not."""
        at = self.notice.since if self.notice and self.is_told_here else self.facts.shipped_at
        heading = _("The carrier has not scanned it yet")
        if at:
            heading = _("Ready since %(day)s, not scanned yet") % {"day": self.long(at)}
        says = (*self.noticed(), self.lost_from())
        stamp = self.on_stamp(_("Ready since"), at) if at else None
        return heading, "warn", "quiet", _("Not scanned yet"), says, stamp

    # --- on the way --------------------------------------------------------------------------

    def on_time(self) -> Told:
        """It moves and will keep the promise."""
        heading = _("On time: expected %(day)s") % {"day": self.expected_words()}
        if self.facts.promised_at is None:
            heading = _("On the way: expected %(day)s") % {"day": self.expected_words()}
        stamp = self.on_stamp_expected(_("Expected"))
        return heading, "info", "truck", self.status_words(), (self.last_seen(),), stamp

    def moving(self) -> Told:
        """It moves, and nobody promised a day."""
        says = (
            self.last_seen(),
            _("The carrier has not told us a day yet. When it does, the day appears here."),
        )
        at = self.facts.last_scan_at
        stamp = self.on_stamp(_("Last scan"), at) if at else None
        heading = (
            _("On the way, last seen %(day)s") % {"day": self.long(at)} if at else _("On the way")
        )
        return heading, "info", "truck", self.status_words(), says, stamp

    def late(self) -> Told:
        """The promised day is over or will not be kept."""
        missed = self.facts.missed_at
        if self.expected:
            heading = _("Late: now expected %(day)s") % {"day": self.expected_words()}
            stamp = self.on_stamp_expected(_("Now expected"))
        elif missed:
            heading = _("Late: it was expected %(day)s") % {"day": self.long(missed)}
            stamp = self.on_stamp(_("Was expected"), missed)
        else:
            heading, stamp = _("Late"), None
        pill = self.reason_words() or _("Late")
        icon = "weather" if self.facts.reason == Reason.WEATHER else "clock"
        says = (self.last_seen(), *self.noticed(), self.lost_from())
        return heading, "warn", icon, pill, says, stamp

    def quiet(self) -> Told:
        """Nothing was scanned when it should have been."""
        at = self.facts.last_scan_at
        heading = _("No scan for too long")
        if at:
            heading = _("No scan since %(day)s") % {"day": self.long(at)}
        usual = _("The carrier has told us nothing since then. It may still be moving unseen.")
        says = (*self.noticed(usual), self.lost_from())
        stamp = self.on_stamp(_("Last scan"), at) if at else None
        return heading, "warn", "quiet", _("No news"), says, stamp

    def searched(self) -> Told:
        """We think it is lost."""
        at = self.facts.last_scan_at
        usual = _("Nobody has scanned it for so long that we ask the carrier to search for it.")
        says = (*self.noticed(usual), self.lost_from())
        stamp = self.on_stamp(_("Last scan"), at) if at else None
        return _("We think your parcel is lost"), "bad", "alert", _("Probably lost"), says, stamp

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
        says = (words, *self.noticed(), self.lost_from())
        return heading, "info", "customs", self.status_words(), says, self.stamp_since()

    def held(self) -> Told:
        """The carrier reports a trouble."""
        reason = self.reason()
        heading = self.with_since(_("Held up"), _("Held up since %(day)s"))
        if reason == Reason.DAMAGED:
            heading = _("Damaged on the way")
        elif reason == Reason.LOST:
            heading = _("The carrier is looking for it")
        elif self.is_expected():
            late = self.is_past_promise()
            words = (
                _("Late: now expected %(day)s") if late else _("Held up, still expected %(day)s")
            )
            heading = words % {"day": self.expected_words()}
        usual = scan_words.TROUBLE_SAYS.get(reason, lambda: "")()
        tone = "bad" if reason in {Reason.DAMAGED, Reason.LOST} else "warn"
        icon = "weather" if reason == Reason.WEATHER else "clock"
        icon = "alert" if tone == "bad" else icon
        kicker = _("Now expected") if self.is_past_promise() else _("Expected")
        is_ahead = self.is_expected() and tone == "warn"
        stamp = self.on_stamp_expected(kicker) if is_ahead else self.stamp_since()
        says = (usual, *self.noticed(), self.lost_from())
        return heading, tone, icon, self.reason_words() or _("Held up"), says, stamp

    def out(self) -> Told:
        """The driver has it."""
        at = self.since
        if at and self.local(at).date() < self.today:
            heading = _("With the driver since %(day)s") % {"day": self.long(at)}
        elif self.hours() and self.expected == (self.today, self.today):
            heading = _("With the driver: today, %(window)s") % {"window": self.hours()}
        else:
            heading = _("With the driver: today")
        stamp = self.on_stamp(_("Out since"), at) if at else None
        says = (
            self.last_seen(),
            _("If nobody is there, the driver leaves a note or takes it to a shop."),
        )
        return heading, "own", "truck", _("Out for delivery"), says, stamp

    def collect(self) -> Told:
        """It waits at a shop or locker."""
        where = self.place_words()
        until = self.facts.kept_until
        heading = self.with_since(_("Ready to collect"), _("Ready to collect since %(day)s"))
        stamp = self.stamp_since()
        usual = _("Collect it soon: after some days the carrier sends it back.")
        if until:
            heading = _("Ready to collect until %(day)s") % {"day": self.long(until)}
            stamp = self.on_stamp(_("Collect by"), until)
            usual = _("The carrier usually keeps it until then; after that it goes back to us.")
        at = self.sentence(_("It waits at: %(place)s."), place=where) if where else ""
        says = (at, *self.noticed(usual))
        return heading, "own", "shop", _("Ready to collect"), says, stamp

    def attempted(self) -> Told:
        """The driver could not hand it over."""
        reason = self.reason()
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
        undated, dated = told.get(reason, usual)
        heading, stamp = self.with_since(undated, dated), self.stamp_since()
        window = self.facts.expected
        is_again = self.expected and window and window.source == EtaSource.CARRIER
        if is_again and reason != Reason.REFUSED:
            heading = _("%(what)s; next try %(day)s") % {
                "what": undated,
                "day": self.expected_words(),
            }
            stamp = self.on_stamp_expected(_("Next try"))
        if reason == Reason.REFUSED:
            then = _(
                "As a rule it goes back to us now. If that was a mistake, report it here before "
                "it does."
            )
        elif reason == Reason.BAD_ADDRESS:
            then = _("Write to us with the right address before the next try, and we pass it on.")
        else:
            then = _(
                "The driver usually tries again on the next working day. On the carrier's own page "
                "you can change the day or the place."
            )
        return heading, "warn", "bell", _("Delivery attempt failed"), self.noticed(then), stamp

    # --- the carrier has to confirm it -------------------------------------------------------

    def hinted(self) -> Told:
        """A message that anyone could have sent tells of an end; the carrier is asked."""
        heading = _HINTED[self.facts.hinted]()
        if self.facts.can_be_asked:
            then = _(
                "The news came by a way that we do not trust alone, so we have asked the carrier "
                "itself. Its answer usually comes within the hour and appears here."
            )
        else:
            then = _(
                "The news came by a way that we do not trust alone. It counts as soon as the "
                "carrier says the same again."
            )
        extra = ""
        if self.facts.hinted == S.DELIVERED:
            extra = _("If you have it already, all is well; you do not need to do anything.")
        at = self.facts.last_scan_at
        stamp = self.on_stamp(_("Last scan"), at) if at else None
        return heading, "info", "clock", _("Being confirmed"), (then, extra), stamp

    # --- back to us --------------------------------------------------------------------------

    def returning(self) -> Told:
        """It comes back."""
        why = self.reason_words()
        since = self.facts.parts[-1].since if len(self.facts.parts) > 1 else self.since
        was_there = self.facts.delivered_at is not None
        says = (
            _("It was delivered and then sent back. When it is back with us, the day appears here.")
            if was_there
            else _("If that was not your wish, report it and we put it right."),
            self.last_seen(),
        )
        heading = _("On its way back to us")
        stamp = self.on_stamp(pgettext("stamp", "Since"), since) if since else None
        return heading, "warn", "return", why or _("On its way back"), says, stamp

    def returned(self) -> Told:
        """It came back."""
        says = (
            _(
                "We have it again. If your money has not come back yet, report it here: we answer "
                "within one working day."
            ),
        )
        heading = self.with_since(_("Back with us"), _("Back with us since %(day)s"))
        return heading, "calm", "return", _("Returned to sender"), says, self.stamp_since()

    # --- the end -----------------------------------------------------------------------------

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


_HINTED: dict[str, Callable[[], str]] = {
    S.DELIVERED: lambda: _("The carrier reports it delivered; we are checking with them"),
    S.RETURNING: lambda: _("The carrier reports it on its way back; we are checking with them"),
    S.RETURNED: lambda: _("The carrier reports it returned; we are checking with them"),
    S.LOST: lambda: _("The carrier reports it lost; we are checking with them"),
    S.DESTROYED: lambda: _("The carrier reports it destroyed; we are checking with them"),
    S.CANCELLED: lambda: _("The carrier reports it cancelled; we are checking with them"),
    S.EXPIRED: lambda: _("The carrier reports it no longer tracked; we are checking with them"),
}
