"""Claims that wait for somebody outside the desk: the carrier, or the thing itself."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from claims import rules
from claims.models import Claim
from claims.services import conversation, steps
from claims.services.refusals import NoWords
from portal.accounts.models import User
from portal.lib.moves import Role

DEEMED_LOST, NO_ANSWER = "deemed_lost", "no_answer"
"""Why a claim comes back from a carrier that did not answer."""


@transaction.atomic
def trace(
    *, claim: Claim, agent: User, note: str, now: datetime, due_at: datetime | None = None
) -> Claim:
    """
    Ask the carrier, for 30 days at most; without an answer we then decide on what we know.

    :raises NotAllowed: if the agent may not decide.
    :raises NoWords: if nothing says what was asked.
    :raises NotNow: if the claim is not under review.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    if not note.strip():
        raise NoWords
    latest = now + rules.CARRIER_MAX
    return steps.take(
        claim, "trace", now=now, due_at=min(due_at or latest, latest), role=Role.AGENT,
        actor=agent, note=note, assignee=agent,
    )  # fmt: skip


@transaction.atomic
def hear_back(*, claim: Claim, now: datetime, note: str = "", agent: User | None = None) -> Claim:
    """
    Take the claim up again: the carrier has answered, or its time is over (no agent then).

    A parcel whose carrier was silent until the last day, and that nobody has seen delivered, is
    taken for lost; the step says so, and the desk decides on what is known.

    :raises NotAllowed: if the agent may not decide.
    :raises NotNow: if the claim does not wait for the carrier.
    """
    steps.lock(claim)
    if agent is not None:
        steps.require(agent, "claims.decide_claim", claim)
        return _back(claim, "hear_back", agent=agent, note=note, now=now)
    parcel = claim.parcel
    is_delivered = parcel is not None and parcel.delivered_at is not None
    code = NO_ANSWER if is_delivered else DEEMED_LOST
    return _back(claim, "hear_back", agent=None, note=note, code=code, now=now)


@transaction.atomic
def request_back(
    *, claim: Claim, agent: User, text: str, now: datetime, due_at: datetime | None = None
) -> Claim:
    """
    Ask the shopper to send the thing back by a date, two weeks if none is given.

    The words go to the shopper as a message, for the claim's page says that it tells how.

    :raises NotAllowed: if the agent may not decide.
    :raises NoWords: if nothing tells the shopper how.
    :raises MessageTooLong: if there are too many words.
    :raises NotNow: if the claim is not under review.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    if not text.strip():
        raise NoWords
    due_at = due_at or now + rules.RETURN_WITHIN
    steps.take(
        claim, "request_back", now=now, due_at=due_at, role=Role.AGENT, actor=agent, note=text,
        assignee=agent,
    )  # fmt: skip
    conversation.write(
        claim=claim, author=agent, role=Role.AGENT, body=text, send_key=uuid4(), now=now
    )
    return claim


@transaction.atomic
def receive_back(*, claim: Claim, agent: User, note: str, now: datetime) -> Claim:
    """
    Note that the thing has come back.

    :raises NotAllowed: if the agent may not decide.
    :raises NotNow: if the claim waits for no return.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    return _back(claim, "receive_back", agent=agent, note=note, now=now)


def _back(
    claim: Claim, verb: str, *, agent: User | None, note: str, now: datetime, code: str = ""
) -> Claim:
    return steps.take(
        claim, verb, now=now, note=note, actor=agent, reason_code=code,
        role=Role.AGENT if agent else Role.SYSTEM,
    )  # fmt: skip
