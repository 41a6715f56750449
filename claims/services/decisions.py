"""The desk's side: reckon, propose, second, decline; and the shopper's answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from claims.approvals import MONEY_WISHES
from claims.events import OfferMade
from claims.models import Approval, Assessment, Claim
from claims.rules import Split
from claims.services import (
    approving,
    clocks,
    compensations,
    declining,
    facts,
    reckoning,
    steps,
)
from claims.services.answering import (
    AppealsOver,
    CountersOver,
    WrongCounter,
    accept_offer,
    appeal,
    counter,
    counters_left,
)
from claims.services.approving import (
    ChangedSince,
    FiledIt,
    FinanceNeeded,
    NoPayment,
    SamePerson,
    digest,
)
from claims.services.assessing import keep
from claims.services.declining import NothingLookedAt, UnknownCode, reject
from claims.services.reckoning import Amounts, Reckoning, preview
from claims.services.refusals import NotNow, NoWords, Refusal
from claims.states import ClaimState, VoidReason
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.recording import record

__all__ = [
    "AppealsOver",
    "ChangedSince",
    "CountersOver",
    "FiledIt",
    "FinanceNeeded",
    "NoPayment",
    "NothingLookedAt",
    "NothingToPay",
    "Reckoning",
    "SamePerson",
    "UnknownCode",
    "WrongCounter",
    "accept_offer",
    "appeal",
    "assess",
    "counter",
    "counters_left",
    "digest",
    "grants",
    "keep",
    "preview",
    "propose",
    "reject",
    "say_yes",
    "second",
    "send_back",
    "take_up",
]

S = ClaimState


class NothingToPay(Refusal):
    """The assessment comes to nothing."""

    code = "nothing_to_pay"
    sentence = _("This comes to nothing. Decline the claim instead, with the reason.")


# --- The first person ----------------------------------------------------------


@transaction.atomic
def assess(
    *,
    claim: Claim,
    agent: User,
    amounts: Amounts | None = None,
    now: datetime,
    note: str = "",
    codes: Mapping[int, str] | None = None,
    split: Split | None = None,
) -> Assessment:
    """
    Keep what ``preview`` shows. While a second yes is awaited this voids the proposal.

    :raises NotAllowed: if the agent may not decide.
    :raises WrongAmount: if a line is raised or unknown.
    :raises UnknownLoweredCode: for a reason that is not on our list.
    :raises NoWords: if a line is lowered without saying why.
    :raises NotNow: if the claim is not under review.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    if claim.state == S.PENDING_APPROVAL:
        _return_to_desk(
            claim, actor=agent, role=Role.AGENT, note="assessed anew",
            reason=VoidReason.ASSESSED_ANEW, now=now,
        )  # fmt: skip
    if claim.state != S.UNDER_REVIEW:
        raise NotNow(state=claim.get_state_display(), verb="assess")
    result = preview(claim=claim, amounts=amounts, note=note, codes=codes, split=split, now=now)
    return keep(claim=claim, result=result, made_by=agent, now=now)


@transaction.atomic
def propose(
    *, claim: Claim, assessment: Assessment, agent: User, text: str, now: datetime
) -> Claim:
    """
    Decide to pay what the assessment says, with these words to the shopper.

    Within one person's limit the claim is approved at once if it grants the whole wish, otherwise
    offered; above the limit it waits for a second person, above that of two for finance as well.

    :raises NotAllowed: if the agent may not decide.
    :raises FiledIt: if the agent filed the claim for the shopper.
    :raises SamePerson: if the agent decided before the shopper asked for another look.
    :raises ChangedSince: if a newer assessment exists.
    :raises NothingToPay: if it comes to nothing.
    :raises NoPayment: if there is no payment to refund.
    :raises NoWords: without words to the shopper.
    :raises NotNow: if the claim is not under review.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    if claim.state != S.UNDER_REVIEW:
        raise NotNow(state=claim.get_state_display(), verb="propose")
    approving.fresh_eyes(claim, agent)
    if not text.strip():
        raise NoWords
    newest = claim.assessments.order_by("-number").first()
    if newest is None or newest.pk != assessment.pk:
        raise ChangedSince
    if assessment.amount_minor <= 0:
        raise NothingToPay
    approval, need = approving.propose(claim=claim, assessment=assessment, reviewer=agent, now=now)
    steps.keep(claim, decision_text=text.strip(), decision_code="", assignee=agent)
    if approval.approved_at is not None:
        return _grant(claim, approval, actor=agent, role=Role.AGENT, now=now)
    return steps.take(
        claim, "propose", now=now, role=Role.AGENT, actor=agent, visible_to_shopper=False,
        diff={
            "amount_minor": approval.amount_minor, "counted_minor": approval.counted_minor,
            "people": int(need.tier), "digest": approval.digest,
        },
    )  # fmt: skip


# --- The others ----------------------------------------------------------


@transaction.atomic
def second(*, claim: Claim, approver: User, now: datetime) -> Claim:
    """
    Agree to what waits for another person: to pay, or to decline with the words proposed.

    With the last yes needed the claim is approved, offered or declined. Above two people's limit
    two more have to agree, one of them from finance, in any order.

    :raises NotAllowed: if the person may not give it.
    :raises FiledIt: if it is who filed the claim for the shopper.
    :raises SamePerson: if it is who proposed, or has agreed already.
    :raises FinanceNeeded: if only finance's yes is missing.
    :raises ChangedSince: if sum, payee or assessment are not what was proposed.
    :raises NotNow: if the claim does not wait for a second person.
    """
    steps.lock(claim)
    steps.require(approver, "claims.second_claim", claim)
    approval = approving.live(claim)
    decline = declining.waiting(claim)
    if claim.state == S.PENDING_APPROVAL and decline is not None:
        return declining.agree(claim=claim, decline=decline, approver=approver, now=now)
    if claim.state != S.PENDING_APPROVAL or approval is None:
        raise NotNow(state=claim.get_state_display(), verb="second")
    return say_yes(claim=claim, approval=approval, person=approver, now=now)


def say_yes(*, claim: Claim, approval: Approval, person: User, now: datetime) -> Claim:
    """
    Give one more yes to a locked proposal by somebody who may; with the last, act on it.

    :raises SamePerson: if it is who proposed, or has agreed already.
    :raises FiledIt: if it is who filed the claim for the shopper.
    :raises FinanceNeeded: if only finance's yes is missing.
    :raises ChangedSince: if sum, payee or assessment are not what was proposed.
    """
    if person.pk == approval.reviewer_id:
        raise SamePerson
    approving.fresh_eyes(claim, person)
    approving.check_binding(claim, approval)
    if approving.give(approval=approval, person=person, now=now):
        return _grant(claim, approval, actor=person, role=Role.APPROVER, now=now)
    return steps.take(
        claim, "second", now=now, role=Role.APPROVER, actor=person, visible_to_shopper=False,
        diff={"amount_minor": approval.amount_minor, "digest": approval.digest},
    )  # fmt: skip


@transaction.atomic
def send_back(*, claim: Claim, approver: User, note: str, now: datetime) -> Claim:
    """
    Give the proposal back to the desk, saying why; the proposal is void.

    :raises NotAllowed: if the person may not give the second yes.
    :raises NoWords: without a note.
    :raises NotNow: if the claim does not wait for a second person.
    """
    steps.lock(claim)
    steps.require(approver, "claims.second_claim", claim)
    if not note.strip():
        raise NoWords
    return _return_to_desk(
        claim, actor=approver, role=Role.APPROVER, note=note.strip(),
        reason=VoidReason.SENT_BACK, now=now,
    )  # fmt: skip


@transaction.atomic
def take_up(*, claim: Claim, agent: User, now: datetime) -> Claim:
    """
    Begin the other look the shopper asked for.

    :raises NotAllowed: if the agent may not decide.
    :raises FiledIt: if the agent filed the claim for the shopper.
    :raises SamePerson: if the agent decided on this claim before.
    :raises NotNow: if no other look was asked for.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    approving.fresh_eyes(claim, agent)
    return steps.take(claim, "take_up", now=now, role=Role.AGENT, actor=agent, assignee=agent)


# --- Shared ----------------------------------------------------------


def grants(*, claim: Claim, amount_minor: int, whole_minor: int) -> bool:
    """
    Test whether a sum grants all the shopper asked for, so that it needs no yes of theirs.

    That is what they named instead of an offer, or else ``whole_minor``, all that policy gives, if
    they asked for money.
    """
    named = approving.wanted(claim)
    if named is not None and named.wish in MONEY_WISHES and named.amount_minor is not None:
        return amount_minor >= named.amount_minor
    wish = named.wish if named is not None else claim.wish
    return wish in MONEY_WISHES and amount_minor >= whole_minor


def _return_to_desk(
    claim: Claim, *, actor: User, role: Role, note: str, reason: VoidReason, now: datetime
) -> Claim:
    steps.take(
        claim, "send_back", now=now, role=role, actor=actor, note=note, visible_to_shopper=False,
    )  # fmt: skip
    approving.void(claim, reason=reason, now=now)
    return claim


def _grant(claim: Claim, approval: Approval, *, actor: User, role: Role, now: datetime) -> Claim:
    """Approve what grants the whole wish; offer what does not."""
    approving.check_binding(claim, approval)
    diff = {"amount_minor": approval.amount_minor, "digest": approval.digest}
    whole_minor = reckoning.preview(claim=claim, now=now).amount_minor
    if grants(claim=claim, amount_minor=approval.amount_minor, whole_minor=whole_minor):
        steps.take(
            claim, "approve", now=now, role=role, actor=actor, diff=diff, decided_at=now,
            approved_minor=claim.approved_minor + approval.amount_minor,
        )  # fmt: skip
        compensations.plan(approval=approval, now=now)
        return claim
    days = claim.policy.answer_days if claim.policy else 7
    answer_by = now + timedelta(days=days)
    steps.take(
        claim, "offer", now=now, due_at=answer_by, role=role, actor=actor, diff=diff,
        decided_at=now,
    )  # fmt: skip
    record(
        OfferMade(
            amount_minor=approval.amount_minor,
            currency=approval.currency,
            answer_by=answer_by.isoformat(),
            text=claim.decision_text,
            pays_by=facts.iso(clocks.pays_by(claim=claim, now=now)),
            **facts.of(claim),
        ),
        now=now,
    )
    return claim
