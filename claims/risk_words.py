"""What a signal says to the desk, in plain and neutral words; each keeps the innocent reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from claims.risk import Band, Signal
from portal.lib import dates
from portal.lib.money import Money


def _when(text: object) -> str:
    moment = parse_datetime(str(text)) if text else None
    return dates.when(moment, get_language() or "en") if moment else _("an unknown time")


def _counted(facts: Mapping[str, Any], name: str = "count") -> dict[str, Any]:
    return {name: facts.get(name, 0), "days": facts.get("days", 0)}


def _linked(facts: Mapping[str, Any]) -> str:
    count = len(facts.get("claims", ()))
    return ngettext(
        "%(count)s claim comes from another account with the same mailbox, phone number or card. "
        "Families share these.",
        "%(count)s claims come from other accounts with the same mailbox, phone number or card. "
        "Families share these.",
        count,
    ) % {"count": count}


def _value(facts: Mapping[str, Any]) -> str:
    money = Money(int(facts.get("amount_minor", 0)), str(facts.get("currency", "")))
    return _("It is about %(sum)s. More is at stake, so a person looks.") % {
        "sum": money.say(get_language() or "en")
    }


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    Signal.NO_POLICY: lambda facts: _("No risk policy is in force, so a person looks at it."),
    Signal.MANY_CLAIMS: lambda facts: (
        ngettext(
            "This account sent %(count)s claim within %(days)s days.",
            "This account sent %(count)s claims within %(days)s days. One order in several parcels "
            "can explain it.",
            facts.get("count", 0),
        )
        % _counted(facts)
    ),
    Signal.HOUR_BURST: lambda facts: (
        _("This account sent %(count)s claims within an hour. Somebody who was away may catch up.")
        % {"count": facts.get("count", 0)}
    ),
    Signal.ADDRESS_BURST: lambda facts: (
        _(
            "Other accounts at this address sent %(count)s claims within %(days)s days. A shared "
            "house or one carrier's bad week can explain it."
        )
        % _counted(facts)
    ),
    Signal.PRODUCT_BURST: lambda facts: (
        _(
            "There were %(count)s claims about this product within %(days)s days. The product "
            "itself may be at fault."
        )
        % _counted(facts)
    ),
    Signal.CLAIM_SHARE: lambda facts: (
        _("Of %(orders)s orders within %(days)s days, %(claims)s were claimed.")
        % {name: facts.get(name, 0) for name in ("orders", "days", "claims")}
    ),
    Signal.VALUE_SHARE: lambda facts: (
        _("%(percent)s %% of the value of %(orders)s orders within %(days)s days was claimed.")
        % {name: facts.get(name, 0) for name in ("percent", "orders", "days")}
    ),
    Signal.DECLINED_BEFORE: lambda facts: (
        ngettext(
            "%(count)s earlier claim within %(days)s days was declined.",
            "%(count)s earlier claims within %(days)s days were declined.",
            facts.get("count", 0),
        )
        % _counted(facts)
    ),
    Signal.LINKED: _linked,
    Signal.LINKED_DECLINED: lambda facts: _(
        "An account that shares contact details with this one had a claim declined."
    ),
    Signal.FORWARDER: lambda facts: (
        _(
            "It was sent to %(name)s, which passes parcels on. What happened after that cannot be "
            "seen."
        )
        % {"name": facts.get("name", "")}
    ),
    Signal.PHOTO_REJECTED: lambda facts: _(
        "A photo is the same as, or looks like, one in a claim that was declined."
    ),
    Signal.PHOTO_OTHER: lambda facts: _(
        "A photo is the same as, or looks like, one in another shopper's claim. Two people in one "
        "home may have taken it."
    ),
    Signal.PHOTO_OWN: lambda facts: _(
        "A photo also belongs to an earlier claim of this shopper. It may be the same thing."
    ),
    Signal.PHOTO_EARLY: lambda facts: _(
        "A photo says it was taken before it can have been. Cameras' clocks are often wrong."
    ),
    Signal.PHOTO_EDITED: lambda facts: _(
        "A photo was saved by an editing program. Many people crop their photos."
    ),
    Signal.LOST_DELIVERED: lambda facts: (
        _(
            "It is recorded as handed to the recipient (%(when)s). Carriers record this wrongly at "
            "times: ask for the proof."
        )
        % {"when": _when(facts.get("delivered_at"))}
    ),
    Signal.DAMAGED_EARLY: lambda facts: (
        _(
            "Its contents were reported (%(sent)s) before it was recorded as delivered. Scans can "
            "be late."
        )
        % {"sent": _when(facts.get("sent_at"))}
    ),
    Signal.MISSING_WEIGHT: lambda facts: (
        _(
            "The carrier weighed %(carrier)s g and we had packed %(packed)s g. Look whether the "
            "missing thing weighs enough to show."
        )
        % {"carrier": facts.get("carrier_grams", 0), "packed": facts.get("packed_grams", 0)}
    ),
    Signal.REFUSED_KEPT: lambda facts: _(
        "The carrier recorded that it was refused, and it is reported as received. Somebody else "
        "in the home may have refused it."
    ),
    Signal.HIGH_VALUE: _value,
}


def sentence(code: str, facts: Mapping[str, Any]) -> str:
    """Say one signal in the reader's language; an unknown one by its code."""
    say = _SENTENCES.get(code)
    return say(facts) if say is not None else code


BAND_WORDS: Mapping[str, Callable[[], str]] = {
    Band.LOW: lambda: _("Nothing unusual was noticed."),
    Band.MEDIUM: lambda: _("Worth a look before money goes out."),
    Band.HIGH: lambda: _("Look closely before money goes out."),
}


def advice(band: str) -> str:
    """Say what a band asks of the person who decides."""
    return BAND_WORDS[band]() if band in BAND_WORDS else ""
