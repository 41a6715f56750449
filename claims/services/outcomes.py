"""What a provider's answer means for payment, claim and books; old news changes nothing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from claims import rules
from claims.events import CompensationFailed, CompensationSettled
from claims.gateways.base import Answer, Outcome
from claims.models import Approval, Attempt, Claim, Compensation
from claims.services import facts, ledger, payments, steps
from claims.states import ClaimState, CompensationState
from portal.lib.moves import Role, move
from portal.outbox.recording import record

C = CompensationState


@transaction.atomic
def learn(
    *, compensation_id: int, answer: Answer, now: datetime, attempt_id: int | None = None
) -> Compensation:
    """
    Believe an answer, whichever way and however often it comes; old news changes nothing.

    With ``attempt_id`` the answer is about that attempt and is ignored once it has ended.
    """
    claim, compensation = payments.lock(compensation_id)
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
    payments.keep(
        compensation,
        provider_ref=answer.provider_ref,
        settled_at=now,
        next_look_at=None,
        leased_until=None,
    )
    number = _end(attempt, answer, outcome="succeeded", now=now)
    balance = payments.balance(claim)
    balance.reserved_minor -= compensation.amount_minor
    balance.refunded_minor += compensation.amount_minor
    balance.save(update_fields=["reserved_minor", "refunded_minor"])
    ledger.pay(compensation=compensation, attempt=number, now=now)
    Approval.objects.filter(pk=compensation.approval_id, spent_at=None).update(spent_at=now)
    steps.keep(claim, executed_minor=claim.executed_minor + compensation.amount_minor)
    is_open = Compensation.objects.unsettled().filter(claim=claim).exists()
    if claim.state == ClaimState.COMPENSATING and not is_open:
        steps.take(
            claim, "settle", now=now, due_at=now + rules.APPEAL_WITHIN, role=Role.PROVIDER,
            resolved_at=now, appeal_until=rules.appeal_until(appeals=claim.appeals, now=now),
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
    payments.keep(
        compensation,
        provider_ref=answer.provider_ref or compensation.provider_ref,
        next_look_at=None,
        leased_until=None,
    )
    _end(attempt, answer, outcome="failed", now=now)
    balance = payments.balance(claim)
    balance.reserved_minor -= compensation.amount_minor
    balance.save(update_fields=["reserved_minor"])
    _tell_failure(claim, compensation, now)


def _reverse(claim: Claim, compensation: Compensation, answer: Answer, now: datetime) -> None:
    move(compensation, "reverse", now=now, role=Role.PROVIDER, note=answer.error)
    last = compensation.attempts.order_by("-number").first()
    balance = payments.balance(claim)
    balance.refunded_minor -= compensation.amount_minor
    balance.save(update_fields=["refunded_minor"])
    ledger.bounce(compensation=compensation, attempt=last.number if last else 0, now=now)
    steps.keep(claim, executed_minor=claim.executed_minor - compensation.amount_minor)
    _tell_failure(claim, compensation, now)


def _tell_failure(claim: Claim, compensation: Compensation, now: datetime) -> None:
    # A claim that is being looked at again stays there; its next assessment counts the bounce.
    if claim.state in Claim.MOVES["fail"].origin:
        steps.take(claim, "fail", now=now, role=Role.PROVIDER)
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
    payments.keep(compensation, provider_ref=answer.provider_ref)
    payments.look_later(compensation, now)


def _lose(
    compensation: Compensation, attempt: Attempt | None, answer: Answer, now: datetime
) -> None:
    if compensation.state == C.SENDING:
        move(compensation, "lose", now=now, role=Role.SYSTEM, note=answer.error)
    if attempt is not None and attempt.finished_at is None:
        attempt.outcome, attempt.error = "unknown", answer.error
        attempt.save(update_fields=["outcome", "error"])
    payments.look_later(compensation, now)


def _end(attempt: Attempt | None, answer: Answer, *, outcome: str, now: datetime) -> int:
    """Close an attempt and return its number."""
    if attempt is None:
        return 0
    if attempt.finished_at is None:
        attempt.provider_ref, attempt.error = answer.provider_ref, answer.error
        payments.finish(attempt, outcome=outcome, now=now)
    return attempt.number


def _is_ours(compensation: Compensation, answer: Answer) -> bool:
    if answer.amount_minor is None:
        return True
    return (answer.amount_minor, answer.currency) == (
        compensation.amount_minor,
        compensation.currency,
    )
