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
    must: _Words = ""
    """What to do first, in a sentence, where policy wants an answer before a claim is sent."""
    blocks: tuple[str, ...] = ()
    """Answers that are not enough for that."""

    def said(self, value: str) -> _Words:
        """Return the words of an answer, or nothing for one we no longer ask."""
        return dict(self.choices).get(value, "")


YES_NO_UNSURE = (("yes", _("Yes")), ("no", _("No")), ("unsure", _("I do not know")))

_ADDRESS = Question(
    "address",
    _("Is the address on the order right?"),
    (("yes", _("Yes, it is right")), ("no", _("No, something is wrong with it"))),
)

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
        _ADDRESS,
    ),
    ClaimReason.DELIVERED_NOT_RECEIVED: (
        Question(
            "asked",
            _("Have you asked neighbours, the front desk and looked into parcel lockers?"),
            (
                ("yes", _("Yes, nobody has it")),
                ("no", _("Not yet")),
                ("none", _("There is nobody to ask")),
            ),
            must=_("Ask your neighbours and look into parcel lockers first, then say so here."),
            blocks=("no",),
        ),
        Question(
            "left",
            _("Did you let the carrier leave it somewhere?"),
            (
                ("no", _("No")),
                ("locker", _("Yes, in a locker or a shop")),
                ("place", _("Yes, at a place outside")),
            ),
            hint=_("Such as a locker, a porch or a neighbour you named."),
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
    ClaimReason.MISSING_ITEM: (
        Question(
            "seal",
            _("Was the box closed when you got it?"),
            (
                ("intact", _("Yes, the tape was whole")),
                ("open", _("No, it was open or taped again")),
                ("unsure", _("I do not know")),
            ),
        ),
        Question(
            "part",
            _("What is missing?"),
            (("whole", _("A whole thing")), ("part", _("A part of a thing"))),
        ),
    ),
    ClaimReason.DELAYED: (
        Question(
            "use",
            _("Can you still use it?"),
            (("yes", _("Yes")), ("no", _("No, it came too late for what I needed it for"))),
        ),
    ),
    ClaimReason.REFUSED: (
        Question(
            "why",
            _("Why did you refuse it?"),
            (
                ("damaged", _("It was damaged outside")),
                ("late", _("It came too late")),
                ("wrong", _("It was not what I ordered")),
                ("changed", _("I no longer wanted it")),
                ("not_me", _("I did not refuse it")),
            ),
            must=_("Say why you refused it."),
        ),
    ),
    ClaimReason.RETURNED_TO_SENDER: (
        _ADDRESS,
        Question(
            "notice",
            _("Did the carrier leave you a notice?"),
            (
                ("yes", _("Yes, and I could not collect it in time")),
                ("no", _("No, nothing at all")),
            ),
        ),
    ),
    ClaimReason.NOT_SHIPPED: (
        Question(
            "still",
            _("Do you still want it?"),
            (("no", _("No, cancel it")), ("yes", _("Yes, if it is sent soon"))),
        ),
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
