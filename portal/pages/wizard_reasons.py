"""The nine reasons as a shopper meets them: a plain sentence under each, and what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from claims.services.checks import Alternative, ReasonOption
from claims.states import ClaimReason as R

HINTS: Mapping[str, str | Promise] = {
    R.DAMAGED: _("Cracked, dented, torn, wet or leaking."),
    R.LOST: _("It should be here by now, and nobody has scanned it for days."),
    R.DELIVERED_NOT_RECEIVED: _("The carrier says it was handed over or left somewhere."),
    R.WRONG_ITEM: _("Another thing, size or colour came."),
    R.MISSING_ITEM: _("The box came, but not everything was in it."),
    R.DELAYED: _("Later than the day we promised, whether it is here yet or not."),
    R.REFUSED: _("You sent it away with the driver."),
    R.RETURNED_TO_SENDER: _("It never reached you and is going back to us."),
    R.NOT_SHIPPED: _("It should have left us by now and has not."),
}

WHOLE = frozenset(
    {R.LOST, R.DELIVERED_NOT_RECEIVED, R.DELAYED, R.REFUSED, R.RETURNED_TO_SENDER, R.NOT_SHIPPED}
)
"""Reasons that are about the parcel, and so about everything in it."""

AT_HAND = frozenset({R.DAMAGED, R.WRONG_ITEM, R.MISSING_ITEM})
"""Reasons for which the shopper holds something that we may want to see again."""

PHOTO_HEADINGS: Mapping[str, str | Promise] = {
    R.DAMAGED: _("Show us the damage"),
    R.WRONG_ITEM: _("Show us what came"),
    R.MISSING_ITEM: _("Show us everything that came"),
    R.DELIVERED_NOT_RECEIVED: _("Show us the place, and sign"),
}


@dataclass(frozen=True)
class Answer:
    """One thing that may have happened: the radio's value, its words and a sentence more."""

    reason: str
    label: str
    hint: str | Promise
    late: str = ""
    """What it means that the usual time is over, where reports are still taken."""


def answer(option: ReasonOption) -> Answer:
    """Return an open reason as the page asks it."""
    return Answer(option.reason, option.label, HINTS.get(option.reason, ""), option.why)


@dataclass(frozen=True)
class Shut:
    """A reason that cannot be reported today: why, and what of its own there is to do instead."""

    label: str
    why: str
    ways: list[Alternative]


def shut(options: Iterable[ReasonOption]) -> tuple[list[Shut], list[Alternative]]:
    """Return what is shut, and once for all of them whom else to ask."""
    rows: list[Shut] = []
    others: dict[str, Alternative] = {}
    for option in options:
        if option.is_open:
            continue
        own = [way for way in option.alternatives if way.kind not in {"carrier", "contact"}]
        rows.append(Shut(option.label, option.why, own))
        others |= {way.kind: way for way in option.alternatives if way not in own}
    return rows, list(others.values())
