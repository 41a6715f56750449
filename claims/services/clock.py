"""What happens to claims because time passed: reminders, expiry, closing, and who hears of it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from claims import rules, sla
from claims.events import ReminderDue
from claims.models import Claim
from claims.services import claims, escalating, facts, steps, waiting
from claims.states import ClaimState
from portal.lib.moves import Role, move_many
from portal.outbox.recording import record

log = logging.getLogger(__name__)

S = ClaimState
_WAITS = {S.NEEDS_INFO: "evidence", S.AWAITING_RETURN: "return", S.OFFERED: "offer"}
_LAST_CALL = timedelta(days=1)
"""Nothing expires within a day of its last reminder."""
_ONE_BY_ONE = (S.SUBMITTED, S.SCREENING, S.AWAITING_CARRIER)
_FOR_THE_SHOPPER, _SILENT = (S.RESOLVED,), (S.REJECTED, S.WITHDRAWN, S.EXPIRED)


def keep_time(*, now: datetime, limit: int = 500) -> int:
    """
    Do what is due, at most ``limit`` of each kind; return how many claims moved or were reminded.

    What time alone ends is ended many at once; what has more to it, claim by claim. Whatever
    somebody else holds is left for the next minute.
    """
    count = _many(now, limit)
    for pk in _due(now, limit):
        try:
            count += _attend(pk, now)
        except Exception:
            # One claim in trouble must not stop the clock of the others.
            log.exception("claim %s: the clock stumbled", pk)
    count += escalating.escalate(now=now, limit=limit)
    escalating.tell(now=now)
    return count


def _due(now: datetime, limit: int) -> list[int]:
    """Return the claims that something has to be done with, one by one."""
    timed = Claim.objects.filter(state__in=_ONE_BY_ONE, due_at__lte=now)
    waits = Claim.objects.filter(state__in=sla.WAITING).filter(
        Q(remind_at=None) | Q(remind_at__lte=now)
    )
    return [
        *timed.order_by("due_at").values_list("pk", flat=True)[:limit],
        *waits.order_by("remind_at").values_list("pk", flat=True)[:limit],
    ]


def _many(now: datetime, limit: int) -> int:
    """Let drafts expire and ended claims close, in a few statements however many there are."""
    count = 0
    for states, verb, is_visible in (
        ((S.DRAFT,), "expire", True),
        (_FOR_THE_SHOPPER, "close", True),
        (_SILENT, "close", False),
    ):
        also = {"due_at": now + rules.REOPEN_WITHIN} if verb == "expire" else {}
        due = Claim.objects.filter(state__in=states, due_at__lte=now).order_by("due_at")
        try:
            with transaction.atomic():
                moved = move_many(
                    due[:limit], verb, now=now, role=Role.SYSTEM,
                    visible_to_shopper=is_visible, also=also,
                )  # fmt: skip
        except Exception:
            log.exception("the clock stumbled where claims %s", verb)
        else:
            count += len(moved)
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
    if claim.state in (S.SUBMITTED, S.SCREENING):
        claims.screen(claim=claim, now=now)
    elif claim.state == S.AWAITING_CARRIER:
        waiting.hear_back(claim=claim, now=now)
    else:
        return False
    return True


def _wait(claim: Claim, now: datetime) -> bool:
    """Remind twice, then let the claim rest."""
    since = claim.transitions.order_by("-pk").values_list("occurred_at", flat=True).first()
    since = since or claim.saved_at
    wanted = rules.reminders_due(since=since, until=claim.due_at, now=now)
    if claim.reminders < wanted:
        _remind(claim, now)
        later = max(claim.due_at, now + _LAST_CALL)
        steps.keep(
            claim,
            due_at=later,
            answer_by=later,
            remind_at=rules.next_reminder(since=since, until=later, sent=claim.reminders),
        )
        return True
    if claim.due_at <= now:
        _expire(claim, now)
        return True
    steps.keep(
        claim,
        remind_at=rules.next_reminder(since=since, until=claim.due_at, sent=claim.reminders),
    )
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
    steps.take(claim, "expire", now=now, due_at=now + rules.REOPEN_WITHIN, role=Role.SYSTEM)
    steps.void_approval(claim, now=now)
