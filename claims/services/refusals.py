"""What every refusal of this room can say."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.lib.moves import IllegalMove


class Refusal(Exception):
    """
    A service said no and changed nothing.

    ``code`` is for machines; ``str()`` is a sentence for the person at the door, in the language
    active when it is asked for.
    """

    code: ClassVar[str] = "refused"
    sentence: ClassVar[str | Promise] = _("This is not possible.")

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts)
        self.facts = facts

    def __str__(self) -> str:
        return str(self.sentence) % self.facts


class NotNow(Refusal, IllegalMove):
    """The claim is not in a state that allows this, or somebody else was faster."""

    code = "not_now"
    sentence = _("This claim has moved on: it is now “%(state)s”. Nothing was changed.")


class NotAllowed(Refusal):
    """The person lacks the permission."""

    code = "not_allowed"
    sentence = _("Your role does not allow this. Ask an administrator to change it.")


class NotYours(Refusal):
    """The claim, order or parcel belongs to somebody else."""

    code = "not_yours"
    sentence = _("This belongs to another person.")


class OwnClaim(Refusal):
    """Staff may not decide on a claim of their own."""

    code = "own_claim"
    sentence = _("Nobody decides on their own claim. Another person has to take it.")


class NoWords(Refusal):
    """An explanation is missing."""

    code = "no_words"
    sentence = _("Write a sentence: it is needed here.")
