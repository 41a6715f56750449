"""What each party may do with a claim now, and by when; doors render what this says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from claims import turns
from claims.approvals import Tier
from claims.models import (
    Approval,
    Assessment,
    Claim,
    ClaimUnit,
    Compensation,
    Decline,
    PaymentBalance,
)
from claims.services import approving, policies, reckoning
from claims.services.answering import counters_left
from claims.services.refusals import Refusal
from claims.states import ClaimState, CompensationState
from claims.turns import Facts, Person
from portal.accounts.models import User
from portal.lib.moves import Role

S = ClaimState


@dataclass(frozen=True)
class Action:
    """Something a party may do now; ``needs`` names what has to be given with it."""

    verb: str
    label: str
    due_at: datetime | None
    is_mandatory: bool
    needs: tuple[str, ...] = ()


def _labels() -> Mapping[str, str]:
    return {
        "submit": _("Carry on"),
        "answer": _("Send a photo"),
        "accept": _("Accept the offer"),
        "counter": _("Ask for something else"),
        "appeal": _("Ask for another look"),
        "withdraw": _("Withdraw my claim"),
        "reopen": _("Reopen"),
        "ask": _("Ask for more"),
        "trace": _("Ask the carrier"),
        "hear_back": _("The carrier has answered"),
        "request_back": _("Ask for it back"),
        "receive_back": _("It has come back"),
        "propose": _("Decide"),
        "reject": pgettext("desk", "Decline"),
        "compensate": _("Send the payment again"),
        "take_up": _("Take a second look"),
        "approve": _("Give the second yes"),
        "send_back": _("Send back with a note"),
        "screen": _("Look it over"),
        "pass_on": _("Pass it to the desk"),
        "auto_approve": _("Approve it by rule"),
        "escalate": _("Pass it to a second person"),
        "turn_away": _("Decline it by rule"),
        "expire": _("Let it rest"),
        "close": _("Close it"),
        "settle": _("Prove that the money has left"),
        "fail": _("Say that the money did not arrive"),
    }


def _label(doing: turns.Doing) -> str:
    """Name an action as its own party would."""
    if (doing.role, doing.verb) == (Role.CARRIER, "hear_back"):
        return _("Answer our question")
    if (doing.role, doing.verb) == (Role.SYSTEM, "compensate"):
        return _("Send the payment")
    return _labels()[doing.verb]


def available_actions(
    *, claim: Claim, role: str, now: datetime, person: User | None = None
) -> list[Action]:
    """
    Return what this role may do now, what must be done first.

    With a ``person`` of the staff it leaves out what this one would be refused: without the
    permission, on their own claim, after filing it, after deciding on it before. What is listed
    is refused only for what is given with it, or because somebody else was faster.
    """
    facts = read(claim=claim, role=role, now=now)
    found = turns.doings(facts=facts, role=role, person=standing(claim=claim, person=person))
    actions = [
        Action(
            doing.verb,
            _label(doing),
            turns.due_at(doing, facts=facts),
            turns.is_mandatory(doing, facts=facts),
            doing.needs,
        )
        for doing in found
    ]
    return sorted(actions, key=lambda action: not action.is_mandatory)


def read(*, claim: Claim, role: str, now: datetime) -> Facts:
    """Read the facts that this role's guards ask for in the claim's state."""
    state = claim.state
    asks_for_units = state in (S.REJECTED, S.EXPIRED) and role in (Role.SHOPPER, Role.AGENT)
    asks_for_the_yes = (role, state) in {
        (Role.SHOPPER, S.OFFERED),
        (Role.APPROVER, S.PENDING_APPROVAL),
    }
    return Facts(
        state=state,
        now=now,
        due_at=claim.due_at,
        appeals=claim.appeals,
        appeal_until=claim.appeal_until,
        pay_by=claim.pay_by,
        is_sent=claim.submitted_at is not None,
        can_hold=not asks_for_units or _can_hold(claim),
        is_bound=not asks_for_the_yes or _is_bound(claim),
        can_pay=(role, state) != (Role.AGENT, S.UNDER_REVIEW) or _can_pay(claim, now),
        can_resend=(role, state) != (Role.AGENT, S.COMPENSATION_FAILED) or _can_resend(claim),
        can_counter=(role, state) != (Role.SHOPPER, S.OFFERED) or counters_left(claim) > 0,
        needs_finance=(role, state) == (Role.APPROVER, S.PENDING_APPROVAL)
        and _needs_finance(claim),
        waits_for_no=(role, state) == (Role.APPROVER, S.PENDING_APPROVAL)
        and Decline.objects.filter(claim=claim, voided_at=None, approved_at=None).exists(),
    )


def _can_hold(claim: Claim) -> bool:
    taken = ClaimUnit.objects.filter(
        order_line=OuterRef("order_line"),
        number=OuterRef("number"),
        about=OuterRef("about"),
        is_live=True,
    ).exclude(claim=claim.pk)
    return not ClaimUnit.objects.filter(Exists(taken), claim=claim, is_live=False).exists()


def _is_bound(claim: Claim) -> bool:
    """Test whether a yes stands and is about what would be paid now, to whom it would be."""
    newer = Assessment.objects.filter(
        claim=OuterRef("claim"), number__gt=OuterRef("assessment__number")
    )
    return (
        Approval.objects.filter(
            claim=claim,
            voided_at=None,
            spent_at=None,
            payee=claim.order.payment_reference,
            instrument=claim.order.payment_instrument,
        )
        .exclude(Exists(newer))
        .exists()
    )


def _needs_finance(claim: Claim) -> bool:
    """Test whether everybody but finance has agreed."""
    approval = Approval.objects.filter(claim=claim, voided_at=None, spent_at=None).first()
    return (
        approval is not None
        and approval.approver_id is not None
        and approval.finance_id is None
        and approving.tier_of(approval) == Tier.THREE
    )


def _can_pay(claim: Claim, now: datetime) -> bool:
    if not claim.order.payment_reference:
        return False
    try:
        policies.limit_for(currency=claim.currency, now=now)
        return reckoning.preview(claim=claim, now=now).amount_minor > 0
    except Refusal:
        return False


def _can_resend(claim: Claim) -> bool:
    failed = (
        Compensation.objects.filter(
            claim=claim, state__in=[CompensationState.FAILED, CompensationState.REVERSED]
        )
        .order_by("-planned_at", "-pk")
        .first()
    )
    balance = PaymentBalance.objects.filter(order=claim.order_id).first()
    if failed is None or balance is None:
        return False
    left = balance.captured_minor - balance.reserved_minor - balance.refunded_minor
    return failed.amount_minor <= left


def standing(*, claim: Claim, person: User | None) -> Person:
    """Return how a member of staff stands before a claim."""
    if person is None or not person.is_staff:
        return turns.ANYBODY
    proposed = (
        Approval.objects.filter(claim=claim, voided_at=None, spent_at=None)
        .filter(Q(reviewer=person) | Q(approver=person) | Q(finance=person))
        .exists()
        or Decline.objects.filter(
            claim=claim, voided_at=None, approved_at=None, reviewer=person
        ).exists()
    )
    return Person(
        may_decide=person.is_active and person.has_perm("claims.decide_claim"),
        may_second=person.is_active and person.has_perm("claims.second_claim"),
        is_claimant=person.pk == claim.shopper_id,
        is_barred=approving.bar(claim, person) is not None,
        is_finance=approving.is_finance(person),
        proposed=proposed,
    )
