"""What the desk does around a decision: take a claim, and look at who it is from, on the record."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext, gettext_noop, override

from claims.models import Claim, InternalNote
from claims.services import steps
from portal.accounts.models import User


@transaction.atomic
def assign(*, claim: Claim, agent: User, now: datetime) -> Claim:
    """
    Put the claim into the agent's hands and note it; doing it twice changes nothing.

    :raises NotAllowed: if the agent may not decide.
    :raises OwnClaim: if it is the agent's own claim.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    if claim.assignee_id == agent.pk:
        return claim
    steps.keep(claim, assignee=agent)
    _note(claim, agent, gettext_noop("Took this claim."), now)
    return claim


@transaction.atomic
def reveal(*, claim: Claim, person: User, now: datetime) -> None:
    """
    Note that somebody looks at the shopper's name and address.

    :raises NotAllowed: if the person may not see claims.
    :raises OwnClaim: if it is their own claim.
    """
    steps.require(person, "claims.view_claim", claim)
    _note(claim, person, gettext_noop("Looked at the shopper's name and address."), now)


def _note(claim: Claim, person: User, words: str, now: datetime) -> None:
    with override(person.language):
        body = gettext(words)
    InternalNote.objects.create(claim=claim, author=person, body=body, written_at=now)
