"""At most two plain questions per reason: only what changes the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from claims.states import ClaimReason

_Words = str | Promise

STORY_MAX = 600
"""Characters a shopper may add in their own words."""


@dataclass(frozen=True)
class Question:
    """One question with its closed answers; ``key`` is what the claim keeps."""

    key: str
    label: _Words
    choices: tuple[tuple[str, _Words], ...]
    hint: _Words = ""

    def said(self, value: str) -> _Words:
        """Return the words of an answer, or nothing for one we no longer ask."""
        return dict(self.choices).get(value, "")


YES_NO_UNSURE = (("yes", _("Yes")), ("no", _("No")), ("unsure", _("I do not know")))

QUESTIONS: Mapping[str, tuple[Question, ...]] = {
    ClaimReason.DAMAGED: (
        Question("box", _("Was the box damaged outside?"), YES_NO_UNSURE),
        Question(
            "hazard",
            _("Is anything sharp, leaking or hot?"),
            (
                ("no", _("No")),
                ("sharp", _("Broken edges, nothing else")),
                ("leaking", _("Yes, it leaks, smells or is hot")),
            ),
        ),
    ),
    ClaimReason.LOST: (
        Question(
            "asked",
            _("Have you asked neighbours or the front desk?"),
            (
                ("yes", _("Yes, nobody has it")),
                ("no", _("Not yet")),
                ("none", _("There is nobody to ask")),
            ),
        ),
        Question(
            "address",
            _("Is the address on the order right?"),
            (("yes", _("Yes, it is right")), ("no", _("No, something is wrong with it"))),
        ),
    ),
    ClaimReason.WRONG_ITEM: (
        Question(
            "came",
            _("What came instead?"),
            (
                ("variant", _("The same thing in another size or colour")),
                ("other", _("A different product")),
                ("stranger", _("Something from another person's order")),
            ),
        ),
        Question("opened", _("Have you used it?"), (("no", _("No")), ("yes", _("Yes")))),
    ),
}


def is_hazard(answers: Mapping[str, str]) -> bool:
    """Test whether the goods leak or are hot: then nobody is asked to photograph them."""
    return answers.get("hazard") == "leaking"


def told(reason: str, answers: Mapping[str, str]) -> list[tuple[_Words, _Words]]:
    """Return question and answer as words, in the order they were asked."""
    return [
        (question.label, question.said(answers[question.key]))
        for question in QUESTIONS.get(reason, ())
        if answers.get(question.key)
    ]
