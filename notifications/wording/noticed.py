"""Letters about what we noticed ourselves: what happened, what we do, and the date that matters."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.wording.base import (
    Facts,
    Frame,
    Words,
    language,
    one_line,
    say_day,
    say_list,
    say_when,
    subject,
)
from portal.lib import links


@dataclass(frozen=True, kw_only=True)
class _Noticed:
    """The words for one kind of trouble; the names in them are filled in by ``_named``."""

    subject: Promise
    heading: Promise
    stamp: Promise
    happened: Promise
    does: Promise
    then: Promise
    then_undated: Promise | None = None
    """Instead of ``then`` where nobody can name the date; it must not need one."""


_DESK = gettext_lazy("Our desk has been told and follows it up with the carrier.")
_LOST_THEN = gettext_lazy(
    "If there is no scan by %(lost)s, we treat it as lost and put it right. You can report a "
    "problem on the page at any time; you need no new scan for that."
)
_LOST_UNDATED = gettext_lazy(
    "The page says at once when it moves. You can report a problem there at any time; you need no "
    "new scan for that."
)
_UNTIL = gettext_lazy("Found, or put right, from %(lost)s")
_PUT_RIGHT = gettext_lazy(
    "Report it on the page, and say whether you would rather have your money back or something "
    "else. We tell you there by when we decide."
)
_CANCEL = gettext_lazy(
    "It leaves, or you hear from us, by %(next)s. If you would rather not wait, write to us and we "
    "cancel it free of charge."
)
_CANCEL_UNDATED = gettext_lazy(
    "We write to you as soon as we know more. If you would rather not wait, write to us and we "
    "cancel it free of charge."
)

WORDS: dict[str, _Noticed] = {
    "no_first_scan": _Noticed(
        subject=gettext_lazy("Not scanned since %(day)s: order %(order)s"),
        heading=gettext_lazy("The carrier has not scanned your parcel yet"),
        stamp=_UNTIL,
        happened=gettext_lazy(
            "Parcel %(number)s was made ready for %(carrier)s on %(when)s, and the carrier has not "
            "scanned it yet."
        ),
        does=_DESK,
        then=_LOST_THEN,
        then_undated=_LOST_UNDATED,
    ),
    "stalled": _Noticed(
        subject=gettext_lazy("No scan since %(day)s: order %(order)s"),
        heading=gettext_lazy("Your parcel has gone quiet"),
        stamp=_UNTIL,
        happened=gettext_lazy("%(carrier)s has not scanned parcel %(number)s since %(when)s."),
        does=_DESK,
        then=_LOST_THEN,
        then_undated=_LOST_UNDATED,
    ),
    "past_eta": _Noticed(
        subject=gettext_lazy("Late since %(day)s: order %(order)s"),
        heading=gettext_lazy("Your parcel is late"),
        stamp=_UNTIL,
        happened=gettext_lazy("Parcel %(number)s was expected by %(when)s and has not come."),
        does=gettext_lazy("We watch every scan of %(carrier)s and write to you when it is close."),
        then=_LOST_THEN,
        then_undated=_LOST_UNDATED,
    ),
    "customs_stuck": _Noticed(
        subject=gettext_lazy("At customs since %(day)s: order %(order)s"),
        heading=gettext_lazy("Your parcel is still at customs"),
        stamp=gettext_lazy("Next step by %(next)s"),
        happened=gettext_lazy(
            "Parcel %(number)s has been at customs since %(when)s, which is longer than usual."
        ),
        does=_DESK,
        then=gettext_lazy(
            "If it is still there on %(next)s, we ask the carrier in writing. If customs needs "
            "something from you, we write to you; do not pay by any link but ours."
        ),
        then_undated=gettext_lazy(
            "If customs needs something from you, we write to you; do not pay by any link but ours."
        ),
    ),
    "pickup_expiring": _Noticed(
        subject=gettext_lazy("Collect it by %(day)s: order %(order)s"),
        heading=gettext_lazy("Your parcel waits for you a little longer"),
        stamp=gettext_lazy("Collect it by %(day)s"),
        happened=gettext_lazy("%(carrier)s keeps parcel %(number)s for you until %(day)s."),
        does=gettext_lazy("The page shows where it is."),
        then=gettext_lazy(
            "After that it goes back to us, and we write to you about your money when it has come "
            "back."
        ),
    ),
    "attempts_exhausted": _Noticed(
        subject=gettext_lazy("Tried %(count)s times, last on %(seen_day)s: order %(order)s"),
        heading=gettext_lazy("The driver could not hand over your parcel"),
        stamp=gettext_lazy("Last tried on %(seen_day)s"),
        happened=gettext_lazy(
            "%(carrier)s has tried %(count)s times to deliver parcel %(number)s, last on %(seen)s."
        ),
        does=_DESK,
        then=gettext_lazy(
            "Most carriers send a parcel back after that. If it goes back to us, we write to you; "
            "if nothing is heard of it by %(lost)s, we treat it as lost and put it right."
        ),
        then_undated=gettext_lazy(
            "Most carriers send a parcel back after that. If it goes back to us, we write to you."
        ),
    ),
    "suspected_lost": _Noticed(
        subject=gettext_lazy("No trace since %(seen_day)s: order %(order)s"),
        heading=gettext_lazy("We think your parcel is lost"),
        stamp=gettext_lazy("The carrier's answer is due by %(next)s"),
        happened=gettext_lazy("Nobody has scanned parcel %(number)s since %(seen)s."),
        does=gettext_lazy("We ask %(carrier)s to search for it."),
        then=gettext_lazy(
            "The carrier's answer is due by %(next)s. You need not wait for it: report it on the "
            "page, and say whether you would rather have your money back or something else."
        ),
        then_undated=_PUT_RIGHT,
    ),
    "damaged": _Noticed(
        subject=gettext_lazy("Damaged on the way on %(day)s: order %(order)s"),
        heading=gettext_lazy("Your parcel was damaged on the way"),
        stamp=gettext_lazy("Since %(when)s"),
        happened=gettext_lazy("%(carrier)s reports damage to parcel %(number)s on %(when)s."),
        does=gettext_lazy("Our desk has been told."),
        then=_PUT_RIGHT,
    ),
    "lost": _Noticed(
        subject=gettext_lazy("Lost on the way, %(day)s: order %(order)s"),
        heading=gettext_lazy("We think your parcel is lost"),
        stamp=gettext_lazy("Since %(when)s"),
        happened=gettext_lazy(
            "%(carrier)s told us on %(when)s that it cannot find parcel %(number)s."
        ),
        does=gettext_lazy("Our desk has been told."),
        then=_PUT_RIGHT,
    ),
    "not_shipped": _Noticed(
        subject=gettext_lazy("Not sent yet, placed on %(day)s: order %(order)s"),
        heading=gettext_lazy("Your order has not left yet"),
        stamp=gettext_lazy("Next word from us by %(next)s"),
        happened=gettext_lazy("You placed order %(order)s on %(when)s, and it has not left yet."),
        does=gettext_lazy("Our desk has been told and looks into it."),
        then=_CANCEL,
        then_undated=_CANCEL_UNDATED,
    ),
    "out_of_stock": _Noticed(
        subject=gettext_lazy("Out of stock on %(day)s: order %(order)s"),
        heading=gettext_lazy("Something you ordered is out of stock"),
        stamp=gettext_lazy("Next word from us by %(next)s"),
        happened=gettext_lazy("We cannot send all of order %(order)s at the moment."),
        does=gettext_lazy("We are getting it in again."),
        then=_CANCEL,
        then_undated=_CANCEL_UNDATED,
    ),
    "wrong_item": _Noticed(
        subject=gettext_lazy("Something wrong was packed, %(day)s: order %(order)s"),
        heading=gettext_lazy("We packed something wrong"),
        stamp=gettext_lazy("Next word from us by %(next)s"),
        happened=gettext_lazy(
            "On %(day)s we noticed that we packed something wrong for order %(order)s."
        ),
        does=gettext_lazy("We put it right; you do not need to do anything."),
        then=gettext_lazy(
            "You hear from us by %(next)s. If the wrong thing reaches you, keep it until then."
        ),
        then_undated=gettext_lazy(
            "You hear from us as soon as the right one is on its way. If the wrong thing reaches "
            "you, keep it until then."
        ),
    ),
}
"""Kind -> words. What is not here is told to nobody, or by the letter about its milestone."""

MOVING = frozenset({"picked_up", "in_transit", "handed_over", "customs"})
"""Statuses that no letter of their own tells of."""

_WHY = gettext_lazy(
    "You get this letter because order %(order)s carries this e-mail address. The link opens this "
    "parcel only and works for 30 days."
)
_WHY_ORDER = gettext_lazy(
    "You get this letter because order %(order)s carries this e-mail address."
)


def noticed(facts: Facts) -> Words:
    """Say what we noticed, what we do about it, and by when."""
    words, named = WORDS[facts["kind"]], _named(facts)
    is_dated = _is_dated(words.then, named)
    then = words.then if is_dated or words.then_undated is None else words.then_undated
    between = "" if language().startswith("zh") else " "
    return Words(
        subject=subject(str(words.subject) % named),
        heading=str(words.heading),
        stamp=str(words.stamp) % named if _is_dated(words.stamp, named) else "",
        says=[between.join((words.happened % named, words.does % named)), *_inside(facts)],
        button=_("See what you can do") if facts["token"] else _("See my orders"),
        then=str(then) % named,
        **_common(facts),
    )


def moving_again(facts: Facts) -> Words:
    """Say to those who asked that a parcel which had gone quiet has been scanned."""
    named = _named(facts)
    return Words(
        subject=subject(_("Moving again since %(seen_day)s: order %(order)s") % named),
        heading=_("Your parcel is moving again"),
        stamp=_("Scanned %(seen)s") % named,
        says=[
            _("%(carrier)s scanned parcel %(number)s on %(seen)s. It had been quiet before.")
            % named
        ],
        button=_("Follow the parcel"),
        then=_("We write to you when it is with the driver, and when it is delivered."),
        **_common(facts),
    )


def _is_dated(text: Promise, named: dict[str, str]) -> bool:
    """Test whether each date that a sentence names is known."""
    return all(named[name] or f"%({name})s" not in str(text) for name in ("lost", "next"))


def _named(facts: Facts) -> dict[str, str]:
    chinese = language().startswith("zh")
    carrier = (facts["carrier_zh"] if chinese else "") or facts["carrier_en"]
    since = facts["since"] or facts["happened_at"]
    seen = facts["last_scan_at"] or since
    return {
        "day": say_day(since),
        "when": say_when(since),
        "seen_day": say_day(seen),
        "seen": say_when(seen),
        "lost": say_day(facts["lost_at"]) if facts["lost_at"] else "",
        "next": say_day(facts["next_at"]) if facts["next_at"] else "",
        "count": str(facts["count"]),
        "order": one_line(facts["order"], at_most=18),
        "number": one_line(facts["number"], at_most=40),
        "carrier": one_line(carrier, at_most=60),
    }


def _common(facts: Facts) -> Frame:
    order = {"order": one_line(facts["order"], at_most=64)}
    return {
        "about": _("Order %(order)s") % order,
        "link": links.journey(facts["token"], facts.get("link_version", 1))
        if facts["token"]
        else f"{settings.SITE_URL}/account/",
        "why": str(_WHY if facts["token"] else _WHY_ORDER) % order,
    }


def _inside(facts: Facts) -> list[str]:
    if not facts["items"]:
        return []
    return [_("Inside: %(items)s.") % {"items": say_list(facts["items"])}]
