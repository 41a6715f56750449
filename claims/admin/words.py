"""The desk's own words: what a step is called, and how a due time reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from claims.states import DeclineCode, ReopenFact
from portal.lib import dates

VERBS: Mapping[str, str | Promise] = {
    "submit": pgettext_lazy("step", "Claim sent"),
    "screen": pgettext_lazy("step", "Looked over"),
    "pass_on": pgettext_lazy("step", "Passed to the desk"),
    "auto_approve": pgettext_lazy("step", "Approved by rule"),
    "escalate": pgettext_lazy("step", "Passed to a second person"),
    "turn_away": pgettext_lazy("step", "Declined by rule"),
    "ask": pgettext_lazy("step", "Asked for more"),
    "answer": pgettext_lazy("step", "Shopper answered"),
    "trace": pgettext_lazy("step", "Asked the carrier"),
    "hear_back": pgettext_lazy("step", "Carrier answered"),
    "request_back": pgettext_lazy("step", "Asked for the thing back"),
    "receive_back": pgettext_lazy("step", "The thing came back"),
    "propose": pgettext_lazy("step", "Proposed to a second person"),
    "propose_no": pgettext_lazy("step", "Declining proposed to a second person"),
    "second": pgettext_lazy("step", "Second yes given, a third is awaited"),
    "send_back": pgettext_lazy("step", "Proposal sent back"),
    "offer": pgettext_lazy("step", "Offer made"),
    "accept": pgettext_lazy("step", "Offer accepted"),
    "counter": pgettext_lazy("step", "Something else asked for"),
    "approve": pgettext_lazy("step", "Approved"),
    "reject": pgettext_lazy("step", "Declined"),
    "compensate": pgettext_lazy("step", "Payment begun"),
    "settle": pgettext_lazy("step", "Money proved"),
    "fail": pgettext_lazy("step", "Payment failed"),
    "appeal": pgettext_lazy("step", "Another look asked for"),
    "take_up": pgettext_lazy("step", "Other look begun"),
    "reopen": pgettext_lazy("step", "Opened again"),
    "withdraw": pgettext_lazy("step", "Withdrawn"),
    "expire": pgettext_lazy("step", "Ran out"),
    "close": pgettext_lazy("step", "Closed"),
}
"""One word or few for every verb of ``CLAIM_MOVES``."""

CODES: Mapping[str, str | Promise] = {
    "deemed_lost": gettext_lazy("The carrier did not answer: the parcel is taken for lost"),
    "no_answer": gettext_lazy("The carrier did not answer"),
    **{code.value: code.label for code in (*DeclineCode, *ReopenFact)},
}
"""Why a step was taken, where the table of moves does not say it."""

SOON = timedelta(hours=2)


@dataclass(frozen=True)
class Due:
    """When something is due, in words, and its heat: ``late``, ``hot``, ``today`` or ``calm``."""

    words: str
    heat: str

    @property
    def is_hot(self) -> bool:
        """Whether somebody should look at it before anything else."""
        return self.heat in {"late", "hot"}

    def __str__(self) -> str:
        return self.words


def due(at: datetime | None, *, now: datetime) -> Due:
    """Say when something is due: ``3 days late``, ``in 38 min``, ``today 17:00``, ``Tue 8 Sep``."""
    if at is None:
        return Due("", "calm")
    if at <= now:
        return Due(_late(now - at), "late")
    if at - now <= SOON:
        minutes = max(1, int((at - now).total_seconds() // 60))
        return Due(
            ngettext("in %(count)s min", "in %(count)s min", minutes) % {"count": minutes}, "hot"
        )
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    if local.date() == today:
        return Due(_("today %(time)s") % {"time": dates.clock(local)}, "today")
    if local.date() == today + timedelta(days=1):
        return Due(_("tomorrow %(time)s") % {"time": dates.clock(local)}, "calm")
    return Due(dates.day(local, get_language() or "en"), "calm")


def _late(by: timedelta) -> str:
    if by.days >= 1:
        return ngettext("%(count)s day late", "%(count)s days late", by.days) % {"count": by.days}
    hours = int(by.total_seconds() // 3600)
    if hours >= 1:
        return ngettext("%(count)s hour late", "%(count)s hours late", hours) % {"count": hours}
    minutes = max(1, int(by.total_seconds() // 60))
    return ngettext("%(count)s min late", "%(count)s min late", minutes) % {"count": minutes}


WAITS_FOR: Mapping[str, str | Promise] = {
    "draft": gettext_lazy("The shopper is still writing this claim."),
    "submitted": gettext_lazy("Amends is looking the claim over; it comes to the desk by itself."),
    "screening": gettext_lazy("Amends is looking the claim over; it comes to the desk by itself."),
    "needs_info": gettext_lazy("The shopper has been asked for more. Our clock stands still."),
    "awaiting_carrier": gettext_lazy("The carrier has been asked. Our clock stands still."),
    "awaiting_return": gettext_lazy("The thing is on its way back. Our clock stands still."),
    "offered": gettext_lazy("The shopper has our offer and may accept it or ask for another look."),
    "approved": gettext_lazy("Agreed. The payment is being prepared; nobody has to do anything."),
    "compensating": gettext_lazy("The money is on its way. Nobody has to do anything."),
    "compensation_failed": gettext_lazy(
        "The money did not arrive. Find out why, then send it again."
    ),
    "resolved": gettext_lazy("The money is proved to have left us. Nothing is left to do."),
    "rejected": gettext_lazy("Declined. The shopper may ask for another look."),
    "withdrawn": gettext_lazy("The shopper took the claim back."),
    "expired": gettext_lazy("Nobody answered in time. The shopper may open it again."),
    "closed": gettext_lazy("Closed for good."),
}
"""What the decision column says while there is nothing to decide."""
