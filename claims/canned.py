"""Answers with places for a claim's facts: ``{ref}``, ``{items}``; checked before they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

VARIABLES: Mapping[str, str | Promise] = {
    "ref": gettext_lazy("the claim's reference"),
    "name": gettext_lazy("the shopper's name"),
    "order": gettext_lazy("the order number"),
    "items": gettext_lazy("what is claimed"),
    "reason": gettext_lazy("what the shopper reported"),
    "carrier": gettext_lazy("the carrier"),
    "number": gettext_lazy("the tracking number"),
    "claimed": gettext_lazy("the sum claimed"),
    "approved": gettext_lazy("the sum approved"),
    "decide_by": gettext_lazy("the day by which we decide"),
    "answer_by": gettext_lazy("the day by which the shopper answers"),
    "link": gettext_lazy("the address of the claim's page"),
}
"""Every place an answer may have, and what stands there."""

SAMPLE: Mapping[str, str] = {
    "ref": "AM-7K2P-94QX",
    "name": "Lin Wei",
    "order": "PH-10422",
    "items": "Enamel mug × 2",
    "reason": "Arrived broken or marked",
    "carrier": "UPS",
    "number": "1Z999AA10123456784",
    "claimed": "$100.00",
    "approved": "$100.00",
    "decide_by": "2 March",
    "answer_by": "9 March",
    "link": "https://example.org/claims/AM-7K2P-94QX/",
}

_PLACE = re.compile(r"\{([^{}\n]{0,60})\}")


def troubles(text: str) -> list[str]:
    """Return in sentences what is wrong with a text's places; nothing if it may be kept."""
    known = ", ".join(f"{{{name}}}" for name in VARIABLES)
    found = [
        _("“{%(name)s}” is no fact of a claim. These are: %(known)s.")
        % {"name": name, "known": known}
        for name in dict.fromkeys(_PLACE.findall(text))
        if name not in VARIABLES
    ]
    rest = _PLACE.sub("", text)
    if "{" in rest or "}" in rest:
        found.append(_("A brace stands alone. Write places as {ref}, with both braces."))
    return found


def fill(text: str, facts: Mapping[str, str]) -> str:
    """Return the text with its places filled; a fact that a claim lacks leaves a dash."""
    return _PLACE.sub(lambda place: facts.get(place[1], "") or "–", text)
