"""What a claim page says for each state: one heading, one pill, one stamp, one route, no stubs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from claims import rules
from claims.models import Approval, Assessment, Claim, Compensation, Decline, EvidenceRequest
from claims.services import clocks
from claims.states import ClaimState as S
from portal.lib import dates
from portal.lib.money import Money

BANK_DAYS = 5
"""Working days a bank usually takes to show what we have sent."""


@dataclass(frozen=True)
class Stamp:
    """The one date that matters, as the stamp component wants it."""

    tone: str
    kicker: str
    big: str
    small: str
    sentence: str
    postmark_time: str = ""


@dataclass(frozen=True)
class Face:
    """The head of a claim page."""

    key: str
    heading: str
    tone: str
    icon: str
    label: str
    beside: str = ""
    sentences: tuple[str, ...] = ()
    stamp: Stamp | None = None


@dataclass
class Case:
    """A claim with everything its page shows, read once."""

    claim: Claim
    approval: Approval | None = None
    assessment: Assessment | None = None
    compensations: list[Compensation] = field(default_factory=list)
    requests: list[EvidenceRequest] = field(default_factory=list)
    steps: list[Any] = field(default_factory=list)
    decline: Decline | None = None
    now: datetime = field(default_factory=timezone.now)

    @property
    def compensation(self) -> Compensation | None:
        """The newest movement of money, if there was one."""
        return self.compensations[0] if self.compensations else None

    @property
    def sum(self) -> str:
        """The decided sum in words."""
        claim = self.claim
        minor = claim.approved_minor or claim.assessed_minor
        if self.approval is not None:
            minor = self.approval.amount_minor
        return Money(minor, claim.currency).say(language())

    def at(self, *verbs: str) -> datetime | None:
        """Return when the claim last took one of these steps."""
        return next((row.occurred_at for row in self.steps if row.verb in verbs), None)


def language() -> str:
    """Return the language of this page."""
    return get_language() or settings.LANGUAGE_CODE


def said_day(at: datetime) -> str:
    """Say a day in the page's language and zone."""
    return dates.day(timezone.localtime(at), language())


def add_working_days(start: datetime, days: int) -> datetime:
    """Return the time so many weekdays later."""
    at = start
    while days:
        at += timedelta(days=1)
        if timezone.localtime(at).weekday() < 5:
            days -= 1
    return at


def make_stamp(
    at: datetime | None, *, kicker: str, sentence: str, tone: str, final: bool = False
) -> Stamp | None:
    """Print a date on the stamp; ``sentence`` has one ``%(day)s``."""
    if at is None:
        return None
    local = timezone.localtime(at)
    zh = language().startswith("zh")
    weekday = dates.day(local, language())
    small = (
        f"{local.month} 月 · {weekday[-2:]}"
        if zh
        else f"{weekday[:3]}, {dates.month(local, language(), is_short=True)}"
    )
    return Stamp(
        tone=tone,
        kicker=kicker,
        big=str(local.day),
        small=small,
        sentence=sentence % {"day": dates.full_day(local, language())},
        postmark_time=dates.clock(local) if final else "",
    )


ICONS: Mapping[str, str] = {
    S.DRAFT: "doc",
    S.NEEDS_INFO: "camera",
    S.AWAITING_CARRIER: "truck",
    S.AWAITING_RETURN: "return",
    S.OFFERED: "letter",
    S.APPROVED: "money",
    S.COMPENSATING: "money",
    S.COMPENSATION_FAILED: "refresh",
    S.RESOLVED: "check",
    S.REJECTED: "cross",
    S.APPEALED: "scale",
    S.WITHDRAWN: "back",
    S.EXPIRED: "quiet",
    S.CLOSED: "lock",
}
"""What stands on the pill; being checked is a magnifying glass."""
TONES: Mapping[str, str] = {
    S.DRAFT: "calm",
    S.NEEDS_INFO: "own",
    S.AWAITING_RETURN: "own",
    S.OFFERED: "own",
    S.COMPENSATION_FAILED: "warn",
    S.RESOLVED: "good",
    S.REJECTED: "bad",
    S.APPEALED: "calm",
    S.WITHDRAWN: "calm",
    S.EXPIRED: "calm",
    S.CLOSED: "calm",
}
"""The pill's tone; what is missing here is ``info``."""


# --- One face per state ------------------------------------------------------------------------


def _checking(case: Case) -> dict[str, Any]:
    claim = case.claim
    late = claim.decide_by is not None and case.now > claim.decide_by
    by = said_day(claim.decide_by) if claim.decide_by else ""
    words: tuple[str, ...] = (
        _("A person looks at your report and your photos."),
        _("We decide by %(day)s and write to you.") % {"day": by},
        _("You do not need to do anything."),
    )
    if late:
        words = (
            _("We said %(day)s, and it is not decided yet. We are sorry.") % {"day": by},
            _("You lose nothing by it, and you do not need to do anything."),
        )
    return {
        "heading": _("We are checking your report"),
        "tone": "warn" if late else "info",
        "sentences": words,
        "stamp": make_stamp(
            claim.decide_by,
            kicker=_("We decide by"),
            sentence=_("We decide by %(day)s."),
            tone="warn" if late else "info",
        ),
    }


def _needs_info(case: Case) -> dict[str, Any]:
    request = case.requests[0] if case.requests else None
    due = request.due_at if request else case.claim.due_at
    late = case.now > due
    wants_photo = request is None or request.kind != "other"
    return {
        "label": _("Photo needed") if wants_photo else _("Answer needed"),
        "heading": ngettext(
            "We need one more thing from you",
            "We need %(count)s more things from you",
            max(1, len(case.requests)),
        )
        % {"count": len(case.requests)},
        "icon": "camera" if wants_photo else "pencil",
        "sentences": (_("As soon as we have it, we go on. Our clock stands still until then."),),
        "stamp": make_stamp(
            due,
            kicker=_("Please by"),
            sentence=_("Please send it by %(day)s."),
            tone="warn" if late else "own",
        ),
    }


def _awaiting_carrier(case: Case) -> dict[str, Any]:
    return {
        "heading": _("We are asking the carrier"),
        "sentences": (
            _("The carrier looks for your parcel. Without an answer by %(day)s we decide anyway.")
            % {"day": said_day(case.claim.due_at)},
            _("You do not need to do anything."),
        ),
        "stamp": make_stamp(
            case.claim.due_at,
            kicker=_("At the latest"),
            sentence=_("We hear from the carrier by %(day)s at the latest."),
            tone="info",
        ),
    }


def _awaiting_return(case: Case) -> dict[str, Any]:
    return {
        "heading": _("Please send it back"),
        "sentences": (
            _("Post it by %(day)s; the message below says how.")
            % {"day": said_day(case.claim.due_at)},
            _("We go on the day it reaches us."),
        ),
        "stamp": make_stamp(
            case.claim.due_at,
            kicker=_("Post it by"),
            sentence=_("Please post it by %(day)s."),
            tone="own",
        ),
    }


def _offered(case: Case) -> dict[str, Any]:
    claim = case.claim
    return {
        "heading": _("We offer you %(sum)s") % {"sum": case.sum},
        "beside": _decided(case),
        "sentences": (
            *_decision_words(case),
            _("Say yes today, and the money leaves us by %(day)s.")
            % {"day": said_day(clocks.pays_by(claim=claim, now=case.now))},
        ),
        "stamp": make_stamp(
            claim.answer_by,
            kicker=_("Answer by"),
            sentence=_("Please answer by %(day)s."),
            tone="own",
        ),
    }


def _paying(case: Case) -> dict[str, Any]:
    claim = case.claim
    late = claim.pay_by is not None and case.now > claim.pay_by
    where = case.compensation.instrument if case.compensation else claim.order.payment_instrument
    return {
        "heading": _("We agree: %(sum)s comes back to you") % {"sum": case.sum},
        "beside": _decided(case),
        "sentences": (
            *_decision_words(case),
            _("We are sending it to the %(instrument)s now. This page says when it has left us.")
            % {"instrument": instrument_in_words(where)},
        ),
        "stamp": make_stamp(
            claim.pay_by,
            kicker=_("Leaves us by"),
            sentence=_("The money leaves us by %(day)s."),
            tone="warn" if late else "info",
        ),
    }


def _failed(case: Case) -> dict[str, Any]:
    by = case.claim.pay_by
    return {
        "heading": _("Your bank sent the money back"),
        "sentences": (
            _("Nothing is lost, and the amount stays %(sum)s.") % {"sum": case.sum},
            _("Tell us another way to pay you; the money leaves us by %(day)s.")
            % {"day": said_day(by)}
            if by is not None and by > case.now
            else _("Tell us another way to pay you."),
        ),
    }


def _resolved(case: Case) -> dict[str, Any]:
    paid = case.compensation.settled_at if case.compensation else None
    at = paid or case.claim.resolved_at
    words: tuple[str, ...] = ()
    if case.compensation is not None and at is not None:
        words = (
            _("It left us on %(day)s for the %(instrument)s.")
            % {
                "day": said_day(at),
                "instrument": instrument_in_words(case.compensation.instrument),
            },
            _("Your bank usually shows it by %(day)s.")
            % {"day": said_day(add_working_days(at, BANK_DAYS))},
        )
    return {
        "heading": _("Paid: %(sum)s") % {"sum": case.sum},
        "beside": _decided(case),
        "sentences": words,
        "stamp": make_stamp(
            at,
            kicker=_("Paid on"),
            sentence=_("The money left us on %(day)s."),
            tone="good",
            final=True,
        ),
    }


def _rejected(case: Case) -> dict[str, Any]:
    claim = case.claim
    open_until = (
        claim.appeal_until if claim.appeal_until and claim.appeal_until > case.now else None
    )
    words = _decision_words(case)
    if open_until:
        words += (_("You can ask for another look until %(day)s.") % {"day": said_day(open_until)},)
    elif claim.appeals >= rules.APPEALS_MAX:
        words += (_("Different people have looked at it as often as our rules allow."),)
    return {
        "heading": _("We cannot refund this"),
        "beside": _decided(case),
        "sentences": words,
        "stamp": make_stamp(
            open_until,
            kicker=_("Second look until"),
            sentence=_("You can ask for another look until %(day)s."),
            tone="own",
        ),
    }


def _appealed(case: Case) -> dict[str, Any]:
    claim = case.claim
    by = claim.decide_by or claim.due_at
    return {
        "heading": _("Somebody else takes a second look"),
        "sentences": (
            _("A different person decides, with everything you have sent."),
            _("We decide by %(day)s and write to you.") % {"day": said_day(by)},
        ),
        "stamp": make_stamp(
            by, kicker=_("We decide by"), sentence=_("We decide by %(day)s."), tone="info"
        ),
    }


def _withdrawn(case: Case) -> dict[str, Any]:
    return {
        "heading": _("You have withdrawn this claim"),
        "sentences": (
            _("We do nothing more with it. You can still report the same problem again in time."),
        ),
    }


def _expired(case: Case) -> dict[str, Any]:
    return {
        "heading": _("This claim rests"),
        "sentences": (
            _("We did not hear from you in time, so nobody works on it now."),
            _("Reopen it, and a person carries on where we stopped.")
            if case.claim.submitted_at and case.now < case.claim.due_at
            else _("You can still report the same problem again in time."),
        ),
    }


def _closed(case: Case) -> dict[str, Any]:
    return {
        "heading": _("This claim is closed"),
        "sentences": (
            _("The time for another look is over. What was decided stays on this page."),
        ),
    }


FACES: Mapping[str, Callable[[Case], dict[str, Any]]] = {
    S.SUBMITTED: _checking,
    S.SCREENING: _checking,
    S.UNDER_REVIEW: _checking,
    S.PENDING_APPROVAL: _checking,
    S.NEEDS_INFO: _needs_info,
    S.AWAITING_CARRIER: _awaiting_carrier,
    S.AWAITING_RETURN: _awaiting_return,
    S.OFFERED: _offered,
    S.APPROVED: _paying,
    S.COMPENSATING: _paying,
    S.COMPENSATION_FAILED: _failed,
    S.RESOLVED: _resolved,
    S.REJECTED: _rejected,
    S.APPEALED: _appealed,
    S.WITHDRAWN: _withdrawn,
    S.EXPIRED: _expired,
    S.CLOSED: _closed,
}


def face(case: Case) -> Face:
    """Return the head of the page for the claim's state."""
    public = rules.public_status(case.claim.state)
    state = case.claim.state
    facts = {
        "key": public.key,
        "label": str(public.label),
        "tone": TONES.get(state, "info"),
        "icon": ICONS.get(state, "search"),
    } | FACES[state](case)
    return Face(**facts)


def _decided(case: Case) -> str:
    """Say when we decided, and whether that kept our promise."""
    claim = case.claim
    if claim.decided_at is None:
        return ""
    day = said_day(claim.decided_at)
    if claim.decide_by is None:
        return _("Decided %(day)s") % {"day": day}
    early = (
        timezone.localtime(claim.decide_by).date() - timezone.localtime(claim.decided_at).date()
    ).days
    if early > 0:
        return ngettext(
            "Decided %(day)s, one day early", "Decided %(day)s, %(count)s days early", early
        ) % {"day": day, "count": early}
    if early < 0:
        return _("Decided %(day)s, later than we said. We are sorry.") % {"day": day}
    return _("Decided %(day)s, on the day we said") % {"day": day}


def _decision_words(case: Case) -> tuple[str, ...]:
    """Return what the desk wrote with its decision."""
    return (case.claim.decision_text,) if case.claim.decision_text else ()


def instrument_in_words(instrument: str) -> str:
    """Return where the money goes: a card's last digits in the page's language, else as given."""
    if card := _CARD.fullmatch(instrument.strip()):
        return _("card ending %(digits)s") % {"digits": card["digits"]}
    return instrument or _("payment you used")


_CARD = re.compile(r"(?:the )?card ending (?:in )?(?P<digits>\d{2,4})", re.IGNORECASE)
