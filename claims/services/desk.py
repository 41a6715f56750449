"""What the desk does around a decision: who has a claim, and who looked at whom it is from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext, gettext_noop, override
from django.utils.translation import gettext_lazy as _

from claims.models import Claim, ClaimTransition, InternalNote
from claims.services import approving, steps
from claims.services.refusals import NotAllowed, Refusal
from claims.states import OPEN, ClaimState
from portal.accounts.models import User
from portal.lib.moves import Role

IN_TURN = (ClaimState.UNDER_REVIEW, ClaimState.APPEALED, ClaimState.COMPENSATION_FAILED)
"""States in which a claim waits for an agent, whoever it is."""


class NothingFree(Refusal):
    """Every claim that waits is in somebody's hands."""

    code = "nothing_free"
    sentence = _("No claim is waiting that nobody has. Look at the queue for what is urgent.")


class NotTheirs(Refusal):
    """The person who should get claims may not decide on them."""

    code = "not_theirs"
    sentence = _("%(name)s may not decide on claims. Choose somebody from the desk.")


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
def take_next(*, agent: User, now: datetime) -> Claim:
    """
    Give the agent the most urgent claim that nobody has; two agents never get the same.

    Their own claims, those they filed for somebody, and second looks at what they decided
    themselves, are left to others.

    :raises NotAllowed: if the agent may not decide.
    :raises NothingFree: if nothing waits.
    """
    if not agent.is_active or not agent.has_perm("claims.decide_claim"):
        raise NotAllowed
    decided = ClaimTransition.objects.filter(
        subject=OuterRef("pk"), actor=agent, verb__in=approving.DECIDING
    )
    filed = ClaimTransition.objects.filter(
        subject=OuterRef("pk"), actor=agent, verb="submit", role=Role.AGENT
    )
    claim = (
        Claim.objects.filter(state__in=IN_TURN, assignee=None)
        .exclude(shopper=agent)
        .exclude(Exists(filed))
        .exclude(Exists(decided), appeals__gt=0)
        .order_by("due_at", "severity", "pk")
        .select_for_update(skip_locked=True)
        .first()
    )
    if claim is None:
        raise NothingFree
    steps.keep(claim, assignee=agent)
    _note(claim, agent, gettext_noop("Took this claim as the next one."), now)
    return claim


@transaction.atomic
def reassign(*, claims: Iterable[int], to: User | None, by: User, now: datetime) -> tuple[int, int]:
    """
    Put open claims into somebody's hands, or into nobody's; return how many moved and how many not.

    What ended, is their own, or is theirs already stays where it is. Whoever may give second yeses
    moves anybody's claims; others only what they have themselves or nobody has.

    :raises NotAllowed: if the person may not decide.
    :raises NotTheirs: if who should get them may not.
    """
    if not by.is_active or not by.has_perm("claims.decide_claim"):
        raise NotAllowed
    if to is not None and not (to.is_active and to.has_perm("claims.decide_claim")):
        raise NotTheirs(name=to.name or to.email)
    moves_all = by.has_perm("claims.second_claim")
    wanted = list(Claim.objects.filter(pk__in=list(claims)).order_by("pk").select_for_update())
    moved = [
        claim
        for claim in wanted
        if claim.state in OPEN
        and claim.state != ClaimState.DRAFT
        and claim.assignee_id != (to.pk if to else None)
        and (to is None or claim.shopper_id != to.pk)
        and (moves_all or claim.assignee_id in (None, by.pk))
    ]
    Claim.objects.filter(pk__in=[claim.pk for claim in moved]).update(assignee=to)
    with override(by.language):
        body = (
            gettext("Handed this claim to %(name)s.") % {"name": to.name or to.email}
            if to
            else gettext("Put this claim back: nobody has it.")
        )
    InternalNote.objects.bulk_create(
        InternalNote(claim=claim, author=by, body=body, written_at=now) for claim in moved
    )
    return len(moved), len(wanted) - len(moved)


def hand_over(*, whose: User, to: User | None, by: User, now: datetime) -> tuple[int, int]:
    """
    Put everything open that one person has into another's hands, or into nobody's.

    :raises NotAllowed: if the person may not decide.
    :raises NotTheirs: if who should get them may not.
    """
    theirs = Claim.objects.open().filter(assignee=whose).values_list("pk", flat=True)
    return reassign(claims=list(theirs), to=to, by=by, now=now)


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
