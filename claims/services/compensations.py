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
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims import rules
from claims.events import (
    ClaimApproved,
    CompensationFailed,
    CompensationRetried,
    CompensationSettled,
)
from claims.gateways import registry
from claims.gateways.base import Answer, Outcome
from claims.models import Approval, Attempt, Claim, Compensation, PaymentBalance
from claims.services import facts, ledger, steps
from claims.services.refusals import NotNow, Refusal
from claims.states import ClaimState, CompensationState
from portal.accounts.models import User
from portal.lib.failpoints import reach
from portal.lib.moves import Role, move
from portal.outbox.recording import record

log = logging.getLogger(__name__)

KEY_LIFE = timedelta(hours=23)
"""Providers remember idempotency keys for 24 hours; an hour is left for clocks that differ."""
_PAUSES = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900, 3600))

C = CompensationState


class OverRefund(Refusal):
    """The order's payment cannot give that much back any more."""

    code = "over_refund"
    sentence = _("The order was not paid that much: other refunds have used up the payment.")


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
    balance = _balance(claim)
    _reserve(balance, approval.amount_minor)
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
    claim, compensation = _lock(compensation.pk)
    steps.require(agent, "claims.decide_claim", claim)
    if compensation.state not in (C.FAILED, C.REVERSED):
        raise NothingFailed
    if claim.state != ClaimState.COMPENSATION_FAILED:
        raise NotNow(state=claim.get_state_display(), verb="compensate")
    _reserve(_balance(claim), compensation.amount_minor)
    steps.take(
        claim, "compensate", now=now, due_at=rules.business_days(now, rules.PAY_WITHIN_DAYS),
        role=Role.AGENT, actor=agent,
    )  # fmt: skip
    move(compensation, "retry", now=now, role=Role.AGENT, actor=agent)
    _keep(compensation, next_look_at=now + timedelta(minutes=1), leased_until=None, looks=0)
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
    _keep(compensation, leased_until=now + _lease(), next_look_at=now + _lease())
    return compensation.pk


@transaction.atomic(durable=True)
def _intend(compensation_id: int, *, now: datetime, has_lease: bool = False) -> _Intent | None:
    """Commit to sending: a new attempt with a fresh key."""
    claim, compensation = _lock(compensation_id)
    is_leased = compensation.leased_until is not None and compensation.leased_until > now
    if compensation.state != C.PLANNED or (is_leased and not has_lease):
        return None
    attempt = _new_attempt(compensation, now)
    move(compensation, "send", now=now, role=Role.SYSTEM, diff={"attempt": attempt.number})
    _keep(compensation, leased_until=now + _lease(), next_look_at=now + _lease(), looks=0)
    if claim.state == ClaimState.APPROVED:
        steps.take(
            claim, "compensate", now=now, due_at=rules.business_days(now, rules.PAY_WITHIN_DAYS),
            role=Role.SYSTEM,
        )  # fmt: skip
    reach("pay_before_intent")
    return _intent(compensation, attempt)


@transaction.atomic(durable=True)
def _intend_again(compensation_id: int, *, now: datetime) -> _Intent | None:
    """Commit to sending what the provider has proved never to have seen."""
    _claim, compensation = _lock(compensation_id)
    if compensation.state == C.SENDING:
        move(compensation, "lose", now=now, role=Role.SYSTEM, note="no answer was kept")
    if compensation.state != C.UNKNOWN:
        _look_later(compensation, now)
        return None
    attempt = compensation.attempts.filter(finished_at=None).order_by("-number").first()
    if attempt is not None and now - attempt.started_at > KEY_LIFE:
        _finish(attempt, outcome="absent", now=now)
        attempt = None
    if attempt is None:
        attempt = _new_attempt(compensation, now)
    move(compensation, "resend", now=now, role=Role.SYSTEM, diff={"attempt": attempt.number})
    _keep(compensation, leased_until=now + _lease(), next_look_at=now + _lease())
    return _intent(compensation, attempt)


# --- What the provider said ----------------------------------------------------------


@transaction.atomic
def learn(
    *, compensation_id: int, answer: Answer, now: datetime, attempt_id: int | None = None
) -> Compensation:
    """
    Believe an answer, whichever way and however often it comes; old news changes nothing.

    With ``attempt_id`` the answer is about that attempt and is ignored once it has ended.
    """
    claim, compensation = _lock(compensation_id)
    attempts = compensation.attempts.select_for_update()
    attempt = attempts.get(pk=attempt_id) if attempt_id else attempts.order_by("-number").first()
    if attempt_id and attempt is not None and attempt.finished_at is not None:
        return compensation
    is_open = compensation.state in (C.SENDING, C.UNKNOWN, C.PENDING)
    outcome = answer.outcome
    if outcome in (Outcome.SUCCEEDED, Outcome.PENDING) and not _is_ours(compensation, answer):
        answer = Answer(
            outcome=Outcome.UNKNOWN,
            error=f"the provider moved {answer.amount_minor} {answer.currency}",
        )
        outcome = answer.outcome
    if outcome in (Outcome.SUCCEEDED, Outcome.REVERSED) and is_open:
        _settle(claim, compensation, attempt, answer, now)
    elif outcome == Outcome.FAILED and is_open:
        _fail(claim, compensation, attempt, answer, now)
    elif outcome == Outcome.PENDING and is_open:
        _wait(compensation, attempt, answer, now)
    elif outcome == Outcome.UNKNOWN and is_open:
        _lose(compensation, attempt, answer, now)
    if compensation.state == C.SUCCEEDED and outcome in (Outcome.REVERSED, Outcome.FAILED):
        _reverse(claim, compensation, answer, now)
    return compensation


def settle(*, compensation_id: int, provider_ref: str, now: datetime) -> Compensation:
    """Believe that the money left us; doing it twice changes nothing."""
    answer = Answer(outcome=Outcome.SUCCEEDED, provider_ref=provider_ref)
    return learn(compensation_id=compensation_id, answer=answer, now=now)


def fail(*, compensation_id: int, error: str, now: datetime) -> Compensation:
    """Believe that the money never left us, or came back; doing it twice changes nothing."""
    answer = Answer(outcome=Outcome.FAILED, error=error)
    return learn(compensation_id=compensation_id, answer=answer, now=now)


def _settle(
    claim: Claim, compensation: Compensation, attempt: Attempt | None, answer: Answer, now: datetime
) -> None:
    move(
        compensation, "succeed", now=now, role=Role.PROVIDER,
        diff={"provider_ref": answer.provider_ref},
    )  # fmt: skip
    _keep(
        compensation,
        provider_ref=answer.provider_ref,
        settled_at=now,
        next_look_at=None,
        leased_until=None,
    )
    number = _end(attempt, answer, outcome="succeeded", now=now)
    balance = _balance(claim)
    balance.reserved_minor -= compensation.amount_minor
    balance.refunded_minor += compensation.amount_minor
    balance.save(update_fields=["reserved_minor", "refunded_minor"])
    ledger.pay(compensation=compensation, attempt=number, now=now)
    Approval.objects.filter(pk=compensation.approval_id, spent_at=None).update(spent_at=now)
    steps.keep(claim, executed_minor=claim.executed_minor + compensation.amount_minor)
    others = Compensation.objects.filter(claim=claim).exclude(state=C.SUCCEEDED)
    if claim.state == ClaimState.COMPENSATING and not others.exists():
        until = now + rules.APPEAL_WITHIN
        steps.take(
            claim, "settle", now=now, due_at=until, role=Role.PROVIDER,
            resolved_at=now, appeal_until=until,
        )  # fmt: skip
    record(
        CompensationSettled(
            compensation_id=compensation.pk,
            amount_minor=compensation.amount_minor,
            currency=compensation.currency,
            instrument=compensation.instrument,
            provider_ref=compensation.provider_ref,
            settled_at=now.isoformat(),
            **facts.of(claim),
        ),
        now=now,
    )


def _fail(
    claim: Claim, compensation: Compensation, attempt: Attempt | None, answer: Answer, now: datetime
) -> None:
    move(compensation, "fail", now=now, role=Role.PROVIDER, note=answer.error)
    _keep(
        compensation,
        provider_ref=answer.provider_ref or compensation.provider_ref,
        next_look_at=None,
        leased_until=None,
    )
    _end(attempt, answer, outcome="failed", now=now)
    balance = _balance(claim)
    balance.reserved_minor -= compensation.amount_minor
    balance.save(update_fields=["reserved_minor"])
    _tell_failure(claim, compensation, now)


def _reverse(claim: Claim, compensation: Compensation, answer: Answer, now: datetime) -> None:
    move(compensation, "reverse", now=now, role=Role.PROVIDER, note=answer.error)
    last = compensation.attempts.order_by("-number").first()
    balance = _balance(claim)
    balance.refunded_minor -= compensation.amount_minor
    balance.save(update_fields=["refunded_minor"])
    ledger.bounce(compensation=compensation, attempt=last.number if last else 0, now=now)
    steps.keep(claim, executed_minor=claim.executed_minor - compensation.amount_minor)
    _tell_failure(claim, compensation, now)


def _tell_failure(claim: Claim, compensation: Compensation, now: datetime) -> None:
    # A claim that is being looked at again stays there; its next assessment counts the bounce.
    if claim.state in Claim.MOVES["fail"].origin:
        steps.take(claim, "fail", now=now, due_at=rules.business_days(now, 1), role=Role.PROVIDER)
    record(
        CompensationFailed(
            compensation_id=compensation.pk,
            amount_minor=compensation.amount_minor,
            currency=compensation.currency,
            instrument=compensation.instrument,
            **facts.of(claim),
        ),
        now=now,
    )


def _wait(
    compensation: Compensation, attempt: Attempt | None, answer: Answer, now: datetime
) -> None:
    if compensation.state != C.PENDING:
        move(compensation, "wait", now=now, role=Role.PROVIDER)
    if attempt is not None:
        attempt.outcome, attempt.provider_ref = "pending", answer.provider_ref
        attempt.save(update_fields=["outcome", "provider_ref"])
    _keep(compensation, provider_ref=answer.provider_ref)
    _look_later(compensation, now)


def _lose(
    compensation: Compensation, attempt: Attempt | None, answer: Answer, now: datetime
) -> None:
    if compensation.state == C.SENDING:
        move(compensation, "lose", now=now, role=Role.SYSTEM, note=answer.error)
    if attempt is not None and attempt.finished_at is None:
        attempt.outcome, attempt.error = "unknown", answer.error
        attempt.save(update_fields=["outcome", "error"])
    _look_later(compensation, now)


def _lease() -> timedelta:
    """Return how long a worker has a payment to itself."""
    return timedelta(seconds=settings.PAYMENT_LEASE_SECONDS)


# --- Rows ----------------------------------------------------------


def _lock(compensation_id: int) -> tuple[Claim, Compensation]:
    """Lock a compensation after its claim, the order in which everybody locks."""
    claim_id = Compensation.objects.values_list("claim_id", flat=True).get(pk=compensation_id)
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    return claim, Compensation.objects.select_for_update().get(pk=compensation_id)


def _balance(claim: Claim) -> PaymentBalance:
    """Lock what is left of the order's payment."""
    order = claim.order
    balance, _is_new = PaymentBalance.objects.select_for_update().get_or_create(
        order=order,
        defaults={"currency": order.currency, "captured_minor": order.captured_minor},
    )
    return balance


def _reserve(balance: PaymentBalance, amount_minor: int) -> None:
    left = balance.captured_minor - balance.reserved_minor - balance.refunded_minor
    if amount_minor > left:
        raise OverRefund
    balance.reserved_minor += amount_minor
    balance.save(update_fields=["reserved_minor"])


def _new_attempt(compensation: Compensation, now: datetime) -> Attempt:
    return Attempt.objects.create(
        compensation=compensation,
        number=compensation.attempts.count() + 1,
        key=uuid4(),
        started_at=now,
    )


def _end(attempt: Attempt | None, answer: Answer, *, outcome: str, now: datetime) -> int:
    """Close an attempt and return its number."""
    if attempt is None:
        return 0
    if attempt.finished_at is None:
        attempt.provider_ref, attempt.error = answer.provider_ref, answer.error
        _finish(attempt, outcome=outcome, now=now)
    return attempt.number


def _finish(attempt: Attempt, *, outcome: str, now: datetime) -> None:
    attempt.outcome, attempt.finished_at = outcome, now
    attempt.save(update_fields=["outcome", "finished_at", "provider_ref", "error"])


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


def _is_ours(compensation: Compensation, answer: Answer) -> bool:
    if answer.amount_minor is None:
        return True
    return (answer.amount_minor, answer.currency) == (
        compensation.amount_minor,
        compensation.currency,
    )


def _look_later(compensation: Compensation, now: datetime) -> None:
    pause = _PAUSES[min(compensation.looks, len(_PAUSES) - 1)]
    Compensation.objects.filter(pk=compensation.pk).update(
        looks=F("looks") + 1, next_look_at=now + pause, leased_until=None
    )


def _keep(compensation: Compensation, **fields: object) -> None:
    for name, value in fields.items():
        setattr(compensation, name, value)
    compensation.save(update_fields=list(fields))
