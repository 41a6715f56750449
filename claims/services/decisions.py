"""The desk's side: reckon, propose, second, decline; and the shopper's answer to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from claims import rules
from claims.events import ClaimRejected, OfferMade
from claims.models import Approval, Assessment, Claim, Message
from claims.services import compensations, facts, policies, reckoning, steps
from claims.services.reckoning import Reckoning, preview
from claims.services.refusals import NotNow, NotYours, NoWords, Refusal
from claims.states import ClaimState, DeclineCode, Wish
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.recording import record

__all__ = [
    "AppealsOver",
    "ChangedSince",
    "NothingToPay",
    "Reckoning",
    "SamePerson",
    "UnknownCode",
    "accept_offer",
    "appeal",
    "assess",
    "preview",
    "propose",
    "reject",
    "second",
    "send_back",
    "take_up",
]

S = ClaimState


class NothingToPay(Refusal):
    """The assessment comes to nothing."""

    code = "nothing_to_pay"
    sentence = _("This comes to nothing. Decline the claim instead, with the reason.")


class NoPayment(Refusal):
    """The order carries no payment to give money back to."""

    code = "no_payment"
    sentence = _("The order has no payment reference, so nothing can be refunded to it.")


class ChangedSince(Refusal):
    """Sum, payee or assessment are not what the first person saw."""

    code = "changed_since"
    sentence = _("Something changed since this was proposed. It needs a fresh second pair of eyes.")


class SamePerson(Refusal):
    """The second yes must come from somebody else; so must a second look."""

    code = "same_person"
    sentence = _("You decided on this before. Another person has to.")


class UnknownCode(Refusal):
    """The reason for declining is not on our list."""

    code = "unknown_code"
    sentence = _("Choose the reason for declining from the list.")


class AppealsOver(Refusal):
    """There have been two second looks, or the time for one is over."""

    code = "appeals_over"
    sentence = _("The time for another look is over, or we have looked twice already.")


# --- The desk ----------------------------------------------------------


@transaction.atomic
def assess(
    *,
    claim: Claim,
    agent: User,
    amounts: Mapping[int, int] | None = None,
    now: datetime,
    note: str = "",
) -> Assessment:
    """
    Keep what ``preview`` shows. While a second yes is awaited this voids the proposal.

    :raises NotAllowed: if the agent may not decide.
    :raises WrongAmount: if a line is raised or unknown.
    :raises NoWords: if a line is lowered without saying why.
    :raises NotNow: if the claim is not under review.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    if claim.state == S.PENDING_APPROVAL:
        _return_to_desk(claim, actor=agent, role=Role.AGENT, note="assessed anew", now=now)
    if claim.state != S.UNDER_REVIEW:
        raise NotNow(state=claim.get_state_display(), verb="assess")
    result = preview(claim=claim, amounts=amounts, note=note, now=now)
    number = claim.assessments.count() + 1
    assessment = Assessment.objects.create(
        claim=claim,
        number=number,
        policy=result.policy,
        lines=result.lines,
        amount_minor=result.amount_minor,
        currency=result.currency,
        rule=result.rule,
        text_en=result.text_en,
        text_zh=result.text_zh,
        inputs=result.inputs,
        digest=result.digest,
        made_by=agent,
        made_at=now,
    )
    steps.keep(claim, assessed_minor=result.amount_minor)
    return assessment


def digest(*, assessment: Assessment, instrument: str, payee: str) -> str:
    """Return the hash that binds a yes to sum, currency, instrument, payee and assessment."""
    parts = (
        assessment.pk,
        assessment.digest,
        assessment.amount_minor,
        assessment.currency,
        instrument,
        payee,
    )
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


@transaction.atomic
def propose(
    *, claim: Claim, assessment: Assessment, agent: User, text: str, now: datetime
) -> Claim:
    """
    Decide to pay what the assessment says, with these words to the shopper.

    Within one person's limit the claim is approved at once if it grants the whole wish, otherwise
    offered; above the limit it waits for a second person.

    :raises NotAllowed: if the agent may not decide.
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
    _fresh_eyes(claim, agent)
    if not text.strip():
        raise NoWords
    newest = claim.assessments.order_by("-number").first()
    if newest is None or newest.pk != assessment.pk:
        raise ChangedSince
    if assessment.amount_minor <= 0:
        raise NothingToPay
    order = claim.order
    if not order.payment_reference:
        raise NoPayment
    limit = policies.limit_for(currency=claim.currency, now=now)
    is_single = assessment.amount_minor <= limit.single_minor
    approval = Approval.objects.create(
        claim=claim,
        assessment=assessment,
        amount_minor=assessment.amount_minor,
        currency=assessment.currency,
        instrument=order.payment_instrument,
        payee=order.payment_reference,
        digest=digest(
            assessment=assessment,
            instrument=order.payment_instrument,
            payee=order.payment_reference,
        ),
        limit=limit,
        limit_minor=limit.single_minor,
        claimant_id=claim.shopper_id,
        reviewer=agent,
        reviewed_at=now,
        approved_at=now if is_single else None,
    )
    steps.keep(claim, decision_text=text.strip(), decision_code="", assignee=agent)
    if is_single:
        return _grant(claim, approval, actor=agent, role=Role.AGENT, now=now)
    return steps.take(
        claim, "propose", now=now, role=Role.AGENT, actor=agent, visible_to_shopper=False,
        diff={"amount_minor": approval.amount_minor, "digest": approval.digest},
    )  # fmt: skip


@transaction.atomic
def second(*, claim: Claim, approver: User, now: datetime) -> Claim:
    """
    Give the second yes; the claim is then approved or offered.

    :raises NotAllowed: if the person may not give it.
    :raises SamePerson: if it is who proposed.
    :raises ChangedSince: if sum, payee or assessment are not what was proposed.
    :raises NotNow: if the claim does not wait for a second person.
    """
    steps.lock(claim)
    steps.require(approver, "claims.second_claim", claim)
    approval = _live_approval(claim)
    if claim.state != S.PENDING_APPROVAL or approval is None:
        raise NotNow(state=claim.get_state_display(), verb="second")
    if approver.pk == approval.reviewer_id:
        raise SamePerson
    _fresh_eyes(claim, approver)
    approval.approver = approver
    approval.approved_at = now
    approval.save(update_fields=["approver", "approved_at"])
    return _grant(claim, approval, actor=approver, role=Role.APPROVER, now=now)


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
    return _return_to_desk(claim, actor=approver, role=Role.APPROVER, note=note.strip(), now=now)


@transaction.atomic
def reject(*, claim: Claim, agent: User, code: str, text: str, now: datetime) -> Claim:
    """
    Decline with a coded reason and words to the shopper, who has 30 days to ask for another look.

    A proposal that waits for a second person is declined by that second person.

    :raises NotAllowed: if the person may not decide, or not give the second yes.
    :raises SamePerson: if it is who proposed, or who decided before the shopper asked again.
    :raises UnknownCode: for a reason that is not on our list.
    :raises NoWords: without words to the shopper.
    :raises NotNow: if there is nothing to decide.
    """
    steps.lock(claim)
    is_second = claim.state == S.PENDING_APPROVAL
    steps.require(agent, "claims.second_claim" if is_second else "claims.decide_claim", claim)
    if claim.state not in (S.UNDER_REVIEW, S.PENDING_APPROVAL):
        raise NotNow(state=claim.get_state_display(), verb="reject")
    approval = _live_approval(claim)
    if is_second and approval is not None and approval.reviewer_id == agent.pk:
        raise SamePerson
    _fresh_eyes(claim, agent)
    if code not in DeclineCode.values:
        raise UnknownCode
    if not text.strip():
        raise NoWords
    steps.void_approval(claim, now=now)
    until = now + rules.APPEAL_WITHIN
    steps.take(
        claim, "reject", now=now, due_at=until, actor=agent, reason_code=code, note=text.strip(),
        role=Role.APPROVER if is_second else Role.AGENT, appeal_until=until, decided_at=now,
        decision_code=code, decision_text=text.strip(),
    )  # fmt: skip
    record(
        ClaimRejected(
            code=code, text=text.strip(), appeal_until=until.isoformat(), **facts.of(claim)
        ),
        now=now,
    )
    return claim


@transaction.atomic
def take_up(*, claim: Claim, agent: User, now: datetime) -> Claim:
    """
    Begin the other look the shopper asked for.

    :raises NotAllowed: if the agent may not decide.
    :raises SamePerson: if the agent decided on this claim before.
    :raises NotNow: if no other look was asked for.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    _fresh_eyes(claim, agent)
    return steps.take(claim, "take_up", now=now, role=Role.AGENT, actor=agent, assignee=agent)


# --- The shopper ----------------------------------------------------------


@transaction.atomic
def accept_offer(*, claim: Claim, shopper: User, now: datetime) -> Claim:
    """
    Take the offer; the money is then sent. Accepting twice changes nothing.

    :raises NotYours: if it is another's claim.
    :raises ChangedSince: if the offer is no longer what was approved.
    :raises NotNow: if there is no offer.
    """
    steps.lock(claim)
    if shopper.pk != claim.shopper_id:
        raise NotYours
    if claim.state in (S.APPROVED, S.COMPENSATING, S.RESOLVED):
        last = claim.transitions.filter(verb__in=["accept", "approve"]).order_by("-pk").first()
        if last is not None and last.verb == "accept":
            return claim
    approval = _live_approval(claim)
    if claim.state != S.OFFERED or approval is None:
        raise NotNow(state=claim.get_state_display(), verb="accept")
    _check_binding(claim, approval)
    steps.take(
        claim, "accept", now=now, role=Role.SHOPPER, actor=shopper,
        approved_minor=claim.approved_minor + approval.amount_minor,
    )  # fmt: skip
    compensations.plan(approval=approval, now=now)
    return claim


@transaction.atomic
def appeal(*, claim: Claim, shopper: User, text: str, now: datetime) -> Claim:
    """
    Ask for another look by somebody else, saying what we missed.

    :raises NotYours: if it is another's claim.
    :raises NoWords: without a reason.
    :raises AppealsOver: after the last day, or after two looks.
    :raises UnitsTaken: if another claim covers the items by now.
    :raises NotNow: if there is no decision to look at.
    """
    steps.lock(claim)
    if shopper.pk != claim.shopper_id:
        raise NotYours
    if claim.state not in Claim.MOVES["appeal"].origin:
        raise NotNow(state=claim.get_state_display(), verb="appeal")
    if not text.strip():
        raise NoWords
    is_late = claim.appeal_until is not None and claim.appeal_until <= now
    if claim.appeals >= rules.APPEALS_MAX or (claim.state != S.OFFERED and is_late):
        raise AppealsOver
    steps.hold_again(claim)
    steps.void_approval(claim, now=now)
    steps.take(
        claim, "appeal", now=now, role=Role.SHOPPER, actor=shopper, note=text.strip(),
        appeals=claim.appeals + 1, assignee=None,
    )  # fmt: skip
    Message.objects.create(
        claim=claim, author=shopper, role=Role.SHOPPER, body=text.strip(), send_key=uuid4(),
        sent_at=now,
    )  # fmt: skip
    return claim


# --- Shared ----------------------------------------------------------


def _live_approval(claim: Claim) -> Approval | None:
    return (
        Approval.objects.select_for_update()
        .filter(claim=claim, voided_at=None, spent_at=None)
        .first()
    )


def _check_binding(claim: Claim, approval: Approval) -> None:
    """Check that what is about to be paid is what was said yes to."""
    order = claim.order
    order.refresh_from_db()
    newest = claim.assessments.order_by("-number").first()
    now_is = digest(
        assessment=approval.assessment,
        instrument=order.payment_instrument,
        payee=order.payment_reference,
    )
    if newest is None or newest.pk != approval.assessment_id or now_is != approval.digest:
        raise ChangedSince


def _fresh_eyes(claim: Claim, person: User) -> None:
    """After an appeal, nobody who decided before it decides again."""
    last = claim.transitions.filter(verb="appeal").order_by("-pk").first()
    if last is None:
        return
    earlier = claim.transitions.filter(
        verb__in=["propose", "approve", "offer", "reject"], pk__lt=last.pk, actor=person
    )
    if earlier.exists():
        raise SamePerson


def _return_to_desk(claim: Claim, *, actor: User, role: Role, note: str, now: datetime) -> Claim:
    steps.take(
        claim, "send_back", now=now, role=role, actor=actor, note=note, visible_to_shopper=False,
    )  # fmt: skip
    steps.void_approval(claim, now=now)
    return claim


def _grant(claim: Claim, approval: Approval, *, actor: User, role: Role, now: datetime) -> Claim:
    """Approve what grants the whole wish; offer what does not."""
    _check_binding(claim, approval)
    diff = {"amount_minor": approval.amount_minor, "digest": approval.digest}
    if claim.wish == Wish.REFUND and approval.amount_minor >= _whole(claim, now):
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
            **facts.of(claim),
        ),
        now=now,
    )
    return claim


def _whole(claim: Claim, now: datetime) -> int:
    """Return what policy would give for the whole claim, nothing lowered."""
    return reckoning.preview(claim=claim, now=now).amount_minor
