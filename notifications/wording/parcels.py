"""Letters about a parcel: with the driver, delivered, in trouble."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.wording.base import (
    Facts,
    Frame,
    Words,
    at,
    language,
    one_line,
    say_day,
    say_list,
    say_when,
    subject,
    together,
)
from portal.lib import dates, links


@dataclass(frozen=True)
class _Trouble:
    """The words for one kind of trouble; ``%(day)s`` and ``%(order)s`` are filled in."""

    subject: Promise
    heading: Promise
    says: Promise
    then: Promise


_WATCHING = gettext_lazy(
    "We keep watching it and write to you when it moves or comes back. You can report a problem "
    "on the page at any time; you need no new scan for that."
)
_PUT_RIGHT = gettext_lazy(
    "Report it on the page, and say whether you would rather have your money back or something "
    "else. We tell you there by when we decide."
)

TROUBLES: dict[str, _Trouble] = {
    "damaged": _Trouble(
        gettext_lazy("Damaged on the way on %(day)s: order %(order)s"),
        gettext_lazy("Your parcel was damaged on the way"),
        gettext_lazy("%(carrier)s reports damage to parcel %(number)s on %(when)s."),
        _PUT_RIGHT,
    ),
    "exception": _Trouble(
        gettext_lazy("Held up since %(day)s: order %(order)s"),
        gettext_lazy("Your parcel is held up"),
        gettext_lazy("%(carrier)s has stopped parcel %(number)s on its way since %(when)s."),
        _WATCHING,
    ),
    "attempt_failed": _Trouble(
        gettext_lazy("Not handed over on %(day)s: order %(order)s"),
        gettext_lazy("The driver could not hand over your parcel"),
        gettext_lazy("%(carrier)s tried to deliver parcel %(number)s on %(when)s and could not."),
        gettext_lazy(
            "The carrier tries again or keeps it at a shop near you; the page shows which. If it "
            "goes back to us, we write to you."
        ),
    ),
    "returning": _Trouble(
        gettext_lazy("On its way back since %(day)s: order %(order)s"),
        gettext_lazy("Your parcel is on its way back to us"),
        gettext_lazy("%(carrier)s has turned parcel %(number)s round since %(when)s."),
        _PUT_RIGHT,
    ),
    "returned": _Trouble(
        gettext_lazy("Back with us since %(day)s: order %(order)s"),
        gettext_lazy("Your parcel has come back to us"),
        gettext_lazy("Parcel %(number)s reached us again on %(when)s."),
        _PUT_RIGHT,
    ),
    "lost": _Trouble(
        gettext_lazy("Lost on the way, %(day)s: order %(order)s"),
        gettext_lazy("We think your parcel is lost"),
        gettext_lazy("%(carrier)s told us on %(when)s that it cannot find parcel %(number)s."),
        _PUT_RIGHT,
    ),
    "destroyed": _Trouble(
        gettext_lazy("Destroyed on the way, %(day)s: order %(order)s"),
        gettext_lazy("Your parcel was destroyed on the way"),
        gettext_lazy("%(carrier)s told us on %(when)s that parcel %(number)s cannot be delivered."),
        _PUT_RIGHT,
    ),
}
"""Status -> words; damage has words of its own whatever the status that brings it."""

REASONS: dict[str, Promise] = {
    "missorted": gettext_lazy("It was sent the wrong way."),
    "vehicle": gettext_lazy("The reason is vehicle trouble or a late flight."),
    "delayed": gettext_lazy("The carrier is running late."),
    "weather": gettext_lazy("The reason is the weather."),
    "refused": gettext_lazy("The carrier says it was refused at the door."),
    "not_home": gettext_lazy("Nobody answered the door."),
    "closed": gettext_lazy("The place was closed."),
    "bad_address": gettext_lazy("The carrier has trouble with the address."),
    "pickup_not_collected": gettext_lazy("It was not collected in time."),
    "payment_due": gettext_lazy(
        "The carrier waits for a payment. Do not pay by any link but ours."
    ),
    "customs_documents": gettext_lazy("Customs wants documents."),
    "customs_inspection": gettext_lazy("Customs is inspecting it."),
    "prohibited": gettext_lazy("The carrier says it may not carry the goods."),
    "security": gettext_lazy("An authority is holding it."),
}

_WHY = gettext_lazy(
    "You get this letter because order %(order)s carries this e-mail address. The link opens this "
    "parcel only and works for 30 days."
)


def out_for_delivery(facts: Facts) -> Words:
    """Say that the driver has it today."""
    named = _named(facts)
    return Words(
        subject=subject(_("With the driver on %(day)s: order %(order)s") % named),
        heading=_("Your parcel is with the driver"),
        stamp=_("Delivery today, %(day)s") % named,
        says=[
            _("%(carrier)s took parcel %(number)s out for delivery on %(when)s.") % named,
            *_inside(facts),
        ],
        button=_("Follow the parcel"),
        then=_("We write once more when it is delivered, or if it could not be handed over."),
        **_common(facts),
    )


def delivered(facts: Facts) -> Words:
    """Say that it arrived, and what to do if it did not."""
    named = _named(facts)
    return Words(
        subject=subject(_("Delivered on %(day)s: order %(order)s") % named),
        heading=_("Your parcel was delivered"),
        stamp=_("Delivered %(when)s") % named,
        says=[
            _("%(carrier)s says parcel %(number)s was handed over on %(when)s.") % named,
            *_inside(facts),
        ],
        button=_("See the delivery"),
        then=_(
            "Is something broken, wrong or missing, or did it never reach you? Report it on the "
            "page: that takes about four minutes, and a photo helps."
        ),
        **_common(facts),
    )


def trouble(facts: Facts) -> Words:
    """Say what went wrong, what we do, and what the shopper can do."""
    named = _named(facts)
    words = TROUBLES["damaged" if facts["reason"] == "damaged" else facts["status"]]
    reason = REASONS.get(facts["reason"])
    return Words(
        subject=subject(str(words.subject) % named),
        heading=str(words.heading),
        stamp=_expected(facts) or _("Since %(when)s") % named,
        says=[
            together(str(words.says) % named, reason),
            *_inside(facts),
        ],
        button=_("See what you can do"),
        then=str(words.then),
        **_common(facts),
    )


def _named(facts: Facts) -> dict[str, str]:
    chinese = language().startswith("zh")
    carrier = (facts["carrier_zh"] if chinese else "") or facts["carrier_en"]
    return {
        "day": say_day(facts["reached_at"]),
        "when": say_when(facts["reached_at"]),
        "order": one_line(facts["order"], at_most=18),
        "number": one_line(facts["number"], at_most=40),
        "carrier": one_line(carrier, at_most=60),
    }


def _common(facts: Facts) -> Frame:
    return {
        "about": _("Order %(order)s") % {"order": one_line(facts["order"], at_most=64)},
        "link": links.journey(facts["token"], facts.get("link_version", 1)),
        "why": str(_WHY) % {"order": one_line(facts["order"], at_most=64)},
    }


def _inside(facts: Facts) -> list[str]:
    if not facts["items"]:
        return []
    return [_("Inside: %(items)s.") % {"items": say_list(facts["items"])}]


def _expected(facts: Facts) -> str:
    first, last = facts["eta_from"] or facts["eta_to"], facts["eta_to"] or facts["eta_from"]
    if not first or facts["status"] not in {"exception", "attempt_failed"}:
        return ""
    if at(last) < at(facts["reached_at"]):
        return ""  # a promise that has passed is none
    span = dates.span(at(first).date(), at(last).date(), language())
    return _("Now expected %(span)s") % {"span": span}
