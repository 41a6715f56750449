"""What happens to claims because time passed: reminders, expiry, closing."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from claims import rules
from claims.events import ReminderDue
from claims.models import Claim
from claims.services import claims, facts, steps, waiting
from claims.states import ClaimState
from portal.lib.moves import Role
from portal.outbox.recording import record

log = logging.getLogger(__name__)

S = ClaimState
_WAITS = {S.NEEDS_INFO: "evidence", S.AWAITING_RETURN: "return", S.OFFERED: "offer"}
_ENDED = (S.RESOLVED, S.REJECTED, S.WITHDRAWN, S.EXPIRED)
_LAST_CALL = timedelta(days=1)
"""Nothing expires within a day of its last reminder."""


def keep_time(*, now: datetime, limit: int = 500) -> int:
    """Do what is due, claim by claim; return how many moved or were reminded."""
    states = [S.DRAFT, S.SUBMITTED, S.SCREENING, S.AWAITING_CARRIER, *_ENDED]
    due = Claim.objects.filter(state__in=states, due_at__lte=now)
    waiting_ones = Claim.objects.filter(state__in=_WAITS)
    ids = [
        *due.order_by("due_at").values_list("pk", flat=True)[:limit],
        *waiting_ones.order_by("due_at").values_list("pk", flat=True)[:limit],
    ]
    count = 0
    for pk in ids:
        try:
            count += _attend(pk, now)
        except Exception:
            # One claim in trouble must not stop the clock of the others.
            log.exception("claim %s: the clock stumbled", pk)
    return count


@transaction.atomic
def _attend(pk: int, now: datetime) -> bool:
    claim = Claim.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
    if claim is None:
        return False
    if claim.state in _WAITS:
        return _wait(claim, now)
    if claim.due_at > now:
        return False
    if claim.state == S.DRAFT:
        _expire(claim, now)
    elif claim.state in (S.SUBMITTED, S.SCREENING):
        claims.screen(claim=claim, now=now)
    elif claim.state == S.AWAITING_CARRIER:
        waiting.hear_back(claim=claim, now=now)
    elif claim.state in _ENDED:
        steps.take(
            claim, "close", now=now, due_at=claim.due_at, role=Role.SYSTEM,
            visible_to_shopper=claim.state == S.RESOLVED,
        )  # fmt: skip
    else:
        return False
    return True


def _wait(claim: Claim, now: datetime) -> bool:
    """Remind twice, then let the claim rest."""
    since = claim.transitions.order_by("-pk").values_list("occurred_at", flat=True).first()
    wanted = rules.reminders_due(since=since or claim.saved_at, until=claim.due_at, now=now)
    if claim.reminders < wanted:
        _remind(claim, now)
        if claim.due_at < now + _LAST_CALL:
            later = now + _LAST_CALL
            steps.keep(claim, due_at=later, answer_by=later)
        return True
    if claim.due_at <= now:
        _expire(claim, now)
        return True
    return False


def _remind(claim: Claim, now: datetime) -> None:
    number = claim.reminders + 1
    steps.keep(claim, reminders=number)
    request = claim.requests.filter(answered_at=None).order_by("-asked_at").first()
    approval = claim.approvals.filter(voided_at=None, spent_at=None).first()
    record(
        ReminderDue(
            what=_WAITS[ClaimState(claim.state)],
            number=number,
            due_at=max(claim.due_at, now + _LAST_CALL).isoformat(),
            text=request.text if request else claim.decision_text,
            amount_minor=approval.amount_minor if approval else 0,
            currency=claim.currency,
            **facts.of(claim),
        ),
        now=now,
    )


def _expire(claim: Claim, now: datetime) -> None:
    steps.take(
        claim, "expire", now=now, due_at=now + rules.REOPEN_WITHIN, role=Role.SYSTEM,
        paused_at=None, answer_by=None,
    )  # fmt: skip
    steps.void_approval(claim, now=now)
