"""Open a claim again for a new fact: one person, or two once money was paid."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from claims.models import Claim, Reopening
from claims.services import steps
from claims.services.refusals import NotNow, NoWords, Refusal
from claims.states import ReopenFact
from portal.accounts.models import User
from portal.lib.moves import Role


class UnknownFact(Refusal):
    """The new fact is not on our list."""

    code = "unknown_fact"
    sentence = _("Choose what is new from the list.")


class AskedAlready(Refusal):
    """Somebody asked for this already; a second person has to agree."""

    code = "asked_already"
    sentence = _("Somebody has asked to open this claim again. Another person has to agree.")


class NothingAsked(Refusal):
    """Nobody asked to open the claim again."""

    code = "nothing_asked"
    sentence = _("Nobody has asked to open this claim again.")


class SecondNeeded(Refusal):
    """Money was paid on the claim, so one person alone does not open it again."""

    code = "second_needed"
    sentence = _("Money was paid on this claim: say what is new, and another person has to agree.")


class SamePersonAgain(Refusal):
    """Who asked does not agree as well."""

    code = "same_person"
    sentence = _("You asked for this. Another person has to agree.")


@transaction.atomic
def ask(*, claim: Claim, agent: User, fact: str, note: str, now: datetime) -> Reopening:
    """
    Open an ended claim again for a new fact; once money was paid it waits for a second person.

    Nothing earlier is undone: what was paid stays paid and counts in what comes.

    :raises NotAllowed: if the agent may not decide.
    :raises UnknownFact: for a fact that is not on our list.
    :raises NoWords: without a note.
    :raises AskedAlready: if it waits for a second person already.
    :raises UnitsTaken: if another claim covers the items by now.
    :raises NotNow: if the claim has not ended, or is closed for good.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    if claim.state not in Claim.MOVES["reopen"].origin or claim.submitted_at is None:
        raise NotNow(state=claim.get_state_display(), verb="reopen")
    if fact not in ReopenFact.values:
        raise UnknownFact
    if not note.strip():
        raise NoWords
    if waiting(claim) is not None:
        raise AskedAlready
    is_paid = claim.executed_minor > 0
    row = Reopening.objects.create(
        claim=claim,
        fact=fact,
        note=note.strip(),
        paid_minor=claim.executed_minor,
        claimant_id=claim.shopper_id,
        asked_by=agent,
        asked_at=now,
        opened_at=None if is_paid else now,
    )
    if not is_paid:
        _open(row, claim, actor=agent, role=Role.AGENT, now=now)
    return row


@transaction.atomic
def agree(*, claim: Claim, approver: User, now: datetime) -> Reopening:
    """
    Agree that a paid claim is opened again.

    :raises NotAllowed: if the person may not give the second yes.
    :raises NothingAsked: if nobody asked for it.
    :raises SamePersonAgain: if it is who asked.
    :raises NotNow: if the claim has moved on meanwhile.
    """
    row = _asked(claim, approver)
    row.agreed_by, row.opened_at = approver, now
    row.save(update_fields=["agreed_by", "opened_at"])
    _open(row, claim, actor=approver, role=Role.APPROVER, now=now)
    return row


@transaction.atomic
def refuse(*, claim: Claim, approver: User, now: datetime) -> Reopening:
    """
    Leave a paid claim as it ended.

    :raises NotAllowed: if the person may not give the second yes.
    :raises NothingAsked: if nobody asked for it.
    :raises SamePersonAgain: if it is who asked.
    """
    row = _asked(claim, approver)
    row.agreed_by, row.refused_at = approver, now
    row.save(update_fields=["agreed_by", "refused_at"])
    return row


def waiting(claim: Claim) -> Reopening | None:
    """Return what waits for a second person, if anything."""
    return Reopening.objects.filter(claim=claim, opened_at=None, refused_at=None).first()


def _asked(claim: Claim, approver: User) -> Reopening:
    steps.lock(claim)
    steps.require(approver, "claims.second_claim", claim)
    row = waiting(claim)
    if row is None:
        raise NothingAsked
    if approver.pk == row.asked_by_id:
        raise SamePersonAgain
    return row


def _open(row: Reopening, claim: Claim, *, actor: User, role: Role, now: datetime) -> None:
    steps.hold_again(claim)
    steps.take(
        claim, "reopen", now=now, role=role, actor=actor, reason_code=row.fact, note=row.note,
        visible_to_shopper=True, diff={"asked_by": row.asked_by_id, "paid_minor": row.paid_minor},
    )  # fmt: skip
