"""What a shopper reads about the number they typed: whose it looks like, whether it is right."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from tracking.carriers.names import CARRIERS
from tracking.recognition import Candidate, Verdict
from tracking.services import recognising

WORTH_NAMING = 0.2
"""Below this a guess is no better than none."""
MOST = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A sentence, or "" when nobody can tell; ``is_doubtful`` when the check digit is wrong."""

    sentence: str
    is_doubtful: bool


def look(number: str) -> Seen:
    """Say whose a number looks like. A wrong check digit warns, it never blocks."""
    named = [one for one in recognising.recognise(number=number) if one.confidence >= WORTH_NAMING][
        :MOST
    ]
    names = list(dict.fromkeys(_name(one) for one in named))
    is_doubtful = bool(named) and named[0].checksum == Verdict.INVALID
    return Seen(_sentence(names), is_doubtful)


def _sentence(names: list[str]) -> str:
    if len(names) < 2:
        return _("Looks like %(carrier)s.") % {"carrier": names[0]} if names else ""
    *most, last = names
    return _("Looks like %(carriers)s or %(last)s.") % {
        "carriers": pgettext("between names", ", ").join(most),
        "last": last,
    }


def _name(one: Candidate) -> str:
    known = CARRIERS.get(one.carrier)
    if known is None:
        return one.carrier
    return known.name_zh if (get_language() or "").startswith("zh") else known.name_en
