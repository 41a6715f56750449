"""
Move money to the shopper exactly once, whatever dies on the way.

The intent and its key are committed before any network call; a call is never made inside a
transaction. An outcome we did not hear is *unknown*: it is looked up at the provider by our
reference, and sent again only when the provider proves that it is not there: under the same key
while providers remember keys, under a new one afterwards.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.events import (
    ClaimApproved,
    CompensationRetried,
)
from claims.gateways import registry
from claims.gateways.base import Answer, Outcome
from claims.models import Approval, Attempt, Compensation
from claims.services import facts, ledger, payments, steps
from claims.services.outcomes import fail, learn, settle
from claims.services.payments import OverRefund
from claims.services.refusals import NotNow, Refusal
from claims.states import ClaimState, CompensationState
from portal.accounts.models import User
from portal.lib.failpoints import reach
from portal.lib.moves import Role, move
from portal.outbox.recording import record

log = logging.getLogger(__name__)

KEY_LIFE = timedelta(hours=23)
"""Providers remember idempotency keys for 24 hours; an hour is left for clocks that differ."""

__all__ = [
    "NothingFailed",
    "OverRefund",
    "fail",
    "learn",
    "look_after",
    "look_up",
    "plan",
    "retry",
    "send",
    "settle",
]

C = CompensationState


class NothingFailed(Refusal):
    """Only a failed payment can be sent again."""

    code = "nothing_failed"
    sentence = _("This payment has not failed, so it must not be sent again.")


@dataclass(frozen=True)
class _Intent:
    """A call we have promised ourselves to make, committed before it is made."""

    compensation_id: int
    attempt_id: int
    gateway: str
    key: UUID
    reference: UUID
    payee: str
    amount_minor: int
    currency: str


# --- Before the money ----------------------------------------------------------


@transaction.atomic
def plan(*, approval: Approval, now: datetime) -> Compensation:
    """
    Keep the intent to pay what was approved: reserve, book what we owe, tell the house.

    The claim must be locked. Planning twice returns the first.

    :raises OverRefund: if the payment cannot give that much back.
    """
    known = Compensation.objects.filter(approval=approval).first()
    if known is not None:
        return known
    claim = approval.claim
    balance = payments.balance(claim)
    payments.reserve(balance, approval.amount_minor)
    compensation = Compensation.objects.create(
        claim=claim,
        approval=approval,
        balance=balance,
        reference=uuid4(),
        gateway=settings.PAYMENT_GATEWAY,
        amount_minor=approval.amount_minor,
        currency=approval.currency,
        instrument=approval.instrument,
        payee=approval.payee,
        planned_at=now,
        next_look_at=now + timedelta(minutes=1),
    )
    ledger.owe(compensation=compensation, now=now)
    record(
        ClaimApproved(
            compensation_id=compensation.pk,
            amount_minor=compensation.amount_minor,
            currency=compensation.currency,
            instrument=compensation.instrument,
            text=claim.decision_text,
            rule=approval.assessment.rule,
            pays_by=facts.iso(claim.pay_by),
            **facts.of(claim),
        ),
        now=now,
    )
    return compensation


@transaction.atomic
def retry(*, compensation: Compensation, agent: User, now: datetime) -> Compensation:
    """
    Send a payment again that failed for good or bounced; a new attempt with a new key.

    :raises NotAllowed: if the agent may not decide.
    :raises NothingFailed: if it has not failed.
    :raises NotNow: if the claim does not wait for this.
    :raises OverRefund: if the payment cannot give that much back any more.
    """
    claim, compensation = payments.lock(compensation.pk)
    steps.require(agent, "claims.decide_claim", claim)
    if compensation.state not in (C.FAILED, C.REVERSED):
        raise NothingFailed
    if claim.state != ClaimState.COMPENSATION_FAILED:
        raise NotNow(state=claim.get_state_display(), verb="compensate")
    payments.reserve(payments.balance(claim), compensation.amount_minor)
    steps.take(claim, "compensate", now=now, role=Role.AGENT, actor=agent)
    move(compensation, "retry", now=now, role=Role.AGENT, actor=agent)
    payments.keep(compensation, next_look_at=now + timedelta(minutes=1), leased_until=None, looks=0)
    record(CompensationRetried(compensation_id=compensation.pk, **facts.of(claim)), now=now)
    return compensation


# --- The calls: never inside a transaction ---------------------------------------------


def send(*, compensation_id: int, now: datetime) -> None:
    """
    Send a planned payment and learn its outcome; if it is not planned any more, do nothing.

    Any number of workers may try: one gets the lease.
    """
    intent = _intend(compensation_id, now=now)
    if intent is not None:
        _call(intent, now=now)


def look_after(*, now: datetime, limit: int = 50) -> int:
    """
    Look after payments whose outcome is open, at most ``limit``; return how many were due.

    What was planned and forgotten is sent; what is unknown or pending is looked up.
    """
    begun = time.monotonic()
    for count in range(limit):
        moment = now + timedelta(seconds=time.monotonic() - begun)
        compensation_id = _claim_one(moment)
        if compensation_id is None:
            return count
        try:
            _attend(compensation_id, now=moment)
        except Exception:
            # One bad payment must not hold up the others; its lease runs out and it is due again.
            log.exception("payment %s could not be looked after", compensation_id)
    return limit


def look_up(*, compensation_id: int, now: datetime) -> Answer | None:
    """Ask the provider how a payment stands and believe it; None if it has never heard of it."""
    compensation = Compensation.objects.get(pk=compensation_id)
    attempt = compensation.attempts.order_by("-number").first()
    answer = registry.get(compensation.gateway).find(
        reference=compensation.reference, key=attempt.key if attempt else None
    )
    if answer is not None and answer.outcome != Outcome.UNKNOWN:
        learn(compensation_id=compensation_id, answer=answer, now=now)
    return answer


def _attend(compensation_id: int, *, now: datetime) -> None:
    state = Compensation.objects.values_list("state", flat=True).get(pk=compensation_id)
    if state == C.PLANNED:
        intent = _intend(compensation_id, now=now, has_lease=True)
    else:
        answer = look_up(compensation_id=compensation_id, now=now)
        if answer is not None:
            if answer.outcome == Outcome.UNKNOWN:
                learn(compensation_id=compensation_id, answer=answer, now=now)
            return
        intent = _intend_again(compensation_id, now=now)
    if intent is not None:
        _call(intent, now=now)


def _call(intent: _Intent, *, now: datetime) -> None:
    reach("pay_after_intent")
    answer = registry.get(intent.gateway).pay(
        key=intent.key,
        reference=intent.reference,
        payee=intent.payee,
        amount_minor=intent.amount_minor,
        currency=intent.currency,
    )
    reach("pay_after_call")
    learn(
        compensation_id=intent.compensation_id,
        attempt_id=intent.attempt_id,
        answer=answer,
        now=now,
    )
    reach("pay_after_reply_saved")


@transaction.atomic(durable=True)
def _claim_one(now: datetime) -> int | None:
    """Lease one payment that is due to be looked at."""
    compensation = (
        Compensation.objects.unsettled()
        .filter(Q(leased_until=None) | Q(leased_until__lte=now), next_look_at__lte=now)
        .order_by("next_look_at", "pk")
        .select_for_update(skip_locked=True)
        .first()
    )
    if compensation is None:
        return None
    payments.keep(compensation, leased_until=now + _lease(), next_look_at=now + _lease())
    return compensation.pk


@transaction.atomic(durable=True)
def _intend(compensation_id: int, *, now: datetime, has_lease: bool = False) -> _Intent | None:
    """Commit to sending: a new attempt with a fresh key."""
    claim, compensation = payments.lock(compensation_id)
    is_leased = compensation.leased_until is not None and compensation.leased_until > now
    if compensation.state != C.PLANNED or (is_leased and not has_lease):
        return None
    attempt = _new_attempt(compensation, now)
    move(compensation, "send", now=now, role=Role.SYSTEM, diff={"attempt": attempt.number})
    payments.keep(compensation, leased_until=now + _lease(), next_look_at=now + _lease(), looks=0)
    if claim.state == ClaimState.APPROVED:
        steps.take(claim, "compensate", now=now, role=Role.SYSTEM)
    reach("pay_before_intent")
    return _intent(compensation, attempt)


@transaction.atomic(durable=True)
def _intend_again(compensation_id: int, *, now: datetime) -> _Intent | None:
    """Commit to sending what the provider has proved never to have seen."""
    _claim, compensation = payments.lock(compensation_id)
    if compensation.state == C.SENDING:
        move(compensation, "lose", now=now, role=Role.SYSTEM, note="no answer was kept")
    if compensation.state != C.UNKNOWN:
        payments.look_later(compensation, now)
        return None
    attempt = compensation.attempts.filter(finished_at=None).order_by("-number").first()
    if attempt is not None and now - attempt.started_at > KEY_LIFE:
        payments.finish(attempt, outcome="absent", now=now)
        attempt = None
    if attempt is None:
        attempt = _new_attempt(compensation, now)
    move(compensation, "resend", now=now, role=Role.SYSTEM, diff={"attempt": attempt.number})
    payments.keep(compensation, leased_until=now + _lease(), next_look_at=now + _lease())
    return _intent(compensation, attempt)


# --- Rows --------------------------------------------------------------------------------


def _lease() -> timedelta:
    """Return how long a worker has a payment to itself."""
    return timedelta(seconds=settings.PAYMENT_LEASE_SECONDS)


def _new_attempt(compensation: Compensation, now: datetime) -> Attempt:
    return Attempt.objects.create(
        compensation=compensation,
        number=compensation.attempts.count() + 1,
        key=uuid4(),
        started_at=now,
    )


def _intent(compensation: Compensation, attempt: Attempt) -> _Intent:
    return _Intent(
        compensation_id=compensation.pk,
        attempt_id=attempt.pk,
        gateway=compensation.gateway,
        key=attempt.key,
        reference=compensation.reference,
        payee=compensation.payee,
        amount_minor=compensation.amount_minor,
        currency=compensation.currency,
    )
