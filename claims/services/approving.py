"""Whose yes a sum needs: what counts together, how many people, and whose is still missing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Permission
from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from claims import approvals
from claims.approvals import Tier
from claims.models import (
    Approval,
    ApprovalLimit,
    Assessment,
    AutoApprovalRule,
    Claim,
    CounterOffer,
    Decline,
)
from claims.services import policies, reckoning
from claims.services.refusals import Refusal
from claims.states import VoidReason
from portal.accounts.models import User
from portal.lib.moves import Role
from tracking.models import Order

DECIDING = ("propose", "propose_no", "second", "approve", "offer", "reject")
"""Steps by which somebody has decided on a claim; ``models.approval_guards`` names the same."""


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


class FiledIt(Refusal):
    """Who filed the claim for its shopper decides nothing on it."""

    code = "filed_it"
    sentence = _("You filed this claim for the shopper. Another person has to decide on it.")


class FinanceNeeded(Refusal):
    """Two people have said yes; the third must be from finance."""

    code = "finance_needed"
    sentence = _("The yes that is missing is finance's. Somebody from finance has to give it.")


# --- How many people ----------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Need:
    """Whose yes a sum needs, and what counts together with it, in minor units."""

    limit: ApprovalLimit
    amount_minor: int
    counted_minor: int
    tier: Tier

    @property
    def before_minor(self) -> int:
        """What was approved before and counts with it."""
        return self.counted_minor - self.amount_minor


def need(*, claim: Claim, amount_minor: int, now: datetime, by_order: int | None = None) -> Need:
    """
    Return how many people a sum on this claim needs.

    Counted with it is the larger of what its order was ever approved and what its shopper was
    approved within 24 hours, in its currency and not void: splitting a sum does not make it small.
    ``by_order`` is the former where a page has read it already; no decision rests on that.

    :raises NoLimit: if the currency has no limit.
    """
    limit = policies.limit_for(currency=claim.currency, now=now)
    standing = Approval.objects.filter(currency=claim.currency, voided_at=None)
    if by_order is None:
        by_order = _sum(standing.filter(claim__order=claim.order_id))
    by_shopper = _sum(
        standing.filter(claimant=claim.shopper_id, reviewed_at__gt=now - approvals.DAY)
    )
    counted = amount_minor + max(by_order, by_shopper)
    return Need(
        limit=limit,
        amount_minor=amount_minor,
        counted_minor=counted,
        tier=approvals.tier(
            counted_minor=counted,
            single_minor=limit.single_minor,
            double_minor=limit.double_minor,
        ),
    )


def _sum(rows: models.QuerySet[Approval]) -> int:
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0


def tier_of(approval: Approval) -> Tier:
    """Return how many people an approval needs."""
    return approvals.tier(
        counted_minor=approval.counted_minor,
        single_minor=approval.limit_minor,
        double_minor=approval.double_minor,
    )


def is_finance(person: User) -> bool:
    """Test whether a person holds finance's permission by name; being a superuser is not it."""
    return (
        Permission.objects.filter(content_type__app_label="claims", codename="finance_claim")
        .filter(Q(user=person) | Q(group__user=person))
        .exists()
    )


# --- The row ----------------------------------------------------------


def propose(
    *,
    claim: Claim,
    assessment: Assessment,
    now: datetime,
    reviewer: User | None = None,
    rule: AutoApprovalRule | None = None,
    may_be_enough: bool = True,
) -> tuple[Approval, Need]:
    """
    Write the proposal of a person, or of a rule, approved at once if that is enough.

    The claim must be locked. Others who propose for the same shopper or order wait until this is
    over, so that no sum is counted without the other.

    :raises NoPayment: if there is no payment to refund.
    :raises ChangedSince: if another claim on the order was granted some of it meanwhile.
    :raises NoLimit: if the currency has no limit.
    """
    User.objects.select_for_update(no_key=True).get(pk=claim.shopper_id)
    order = Order.objects.select_for_update(no_key=True).get(pk=claim.order_id)
    if not order.payment_reference:
        raise NoPayment
    if reckoning.overlaps(claim=claim, assessment=assessment):
        raise ChangedSince
    needed = need(claim=claim, amount_minor=assessment.amount_minor, now=now)
    is_enough = may_be_enough and (rule is not None or needed.tier == Tier.ONE)
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
        limit=needed.limit,
        limit_minor=needed.limit.single_minor,
        double_minor=needed.limit.double_minor,
        counted_minor=needed.counted_minor,
        claimant_id=claim.shopper_id,
        rule=rule,
        rule_minor=rule.max_minor if rule else None,
        reviewer=reviewer,
        reviewed_at=now,
        approved_at=now if is_enough else None,
    )
    return approval, needed


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


def give(*, approval: Approval, person: User, now: datetime) -> bool:
    """
    Write one more person's yes into a locked approval; return whether it is the last one needed.

    :raises SamePerson: if the person has said yes to it already.
    :raises FinanceNeeded: if only finance's yes is missing and the person is not from finance.
    """
    if person.pk in {approval.reviewer_id, approval.approver_id, approval.finance_id}:
        raise SamePerson
    needs_finance = tier_of(approval) == Tier.THREE
    if needs_finance and approval.finance_id is None and is_finance(person):
        approval.finance = person
    elif approval.approver_id is None:
        approval.approver = person
    else:
        raise FinanceNeeded
    is_last = approval.approver_id is not None and (
        not needs_finance or approval.finance_id is not None
    )
    if is_last:
        approval.approved_at = now
    approval.save(update_fields=["approver", "finance", "approved_at"])
    return is_last


def live(claim: Claim) -> Approval | None:
    """Lock and return the proposal or yes that stands and is not paid, if any."""
    return (
        Approval.objects.select_for_update()
        .filter(claim=claim, voided_at=None, spent_at=None)
        .first()
    )


def check_binding(claim: Claim, approval: Approval) -> None:
    """
    Check that what is about to be paid is what was said yes to.

    :raises ChangedSince: if sum, payee or assessment are others by now.
    """
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


def void(claim: Claim, *, reason: VoidReason, now: datetime) -> None:
    """Void the yes that stands, and the no that stands or waits: who decides next begins anew."""
    Approval.objects.filter(claim=claim, voided_at=None, spent_at=None).update(
        voided_at=now, void_reason=reason
    )
    Decline.objects.filter(claim=claim, voided_at=None).update(voided_at=now, void_reason=reason)


# --- Who may, and what would do ----------------------------------------------------------


def bar(claim: Claim, person: User) -> type[Refusal] | None:
    """Return why this person may not decide: they filed it, or decided before an appeal."""
    taken = list(claim.transitions.all())
    theirs = [step for step in taken if step.actor_id == person.pk]
    if any(step.verb == "submit" and step.role == Role.AGENT for step in theirs):
        return FiledIt
    appealed = max((step.pk for step in taken if step.verb == "appeal"), default=0)
    if any(step.verb in DECIDING and step.pk < appealed for step in theirs):
        return SamePerson
    return None


def fresh_eyes(claim: Claim, person: User) -> None:
    """
    Check that neither who filed a claim decides on it, nor again who did before an appeal.

    :raises FiledIt: if this person filed it for the shopper.
    :raises SamePerson: if this person decided before an appeal.
    """
    reason = bar(claim, person)
    if reason is not None:
        raise reason


def wanted(claim: Claim) -> CounterOffer | None:
    """Return what the shopper asked for last instead of an offer, if anything."""
    return max(claim.counters.all(), key=lambda row: row.number, default=None)


def changes(approval: Approval) -> Sequence[tuple[str, object, object]]:
    """
    Return in what a proposal differs from the one before it on the same claim.

    As (what, before, now): sum, instrument, payee, assessment; empty if it is the first.
    """
    rows = [row for row in approval.claim.approvals.all() if row.pk < approval.pk]
    before = max(rows, key=lambda row: row.pk, default=None)
    if before is None:
        return ()
    pairs = (
        ("sum", before.amount_minor, approval.amount_minor),
        ("instrument", before.instrument, approval.instrument),
        ("payee", before.payee, approval.payee),
        ("assessment", before.assessment.number, approval.assessment.number),
    )
    return tuple((what, old, new) for what, old, new in pairs if old != new)
