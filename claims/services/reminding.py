"""Remind shoppers whose answer we wait for, however many at once; say whose time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Prefetch, Subquery

from claims import rules, sla
from claims.events import ReminderDue
from claims.models import Approval, Claim, ClaimLine, ClaimTransition, EvidenceRequest
from claims.services import facts
from claims.states import ClaimState
from portal.outbox.recording import record

S = ClaimState
WAITS = {S.NEEDS_INFO: "evidence", S.AWAITING_RETURN: "return", S.OFFERED: "offer"}
"""What a shopper is reminded of."""
LAST_CALL = timedelta(days=1)
"""Nothing expires within a day of its last reminder."""


@transaction.atomic
def remind(*, claims: Sequence[int], now: datetime) -> tuple[int, list[int]]:
    """
    Remind the shoppers of these claims who are due; return how many, and whose time is over.

    What somebody else holds is passed over. It asks the database nine times, however many they are.
    """
    due = list(
        Claim.objects.filter(pk__in=claims, state__in=sla.WAITING)
        .select_related("order")
        .prefetch_related(Prefetch("lines", ClaimLine.objects.select_related("order_line")))
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True)
    )
    since, texts, offers = _since(due), _asked(due), _offered(due)
    letters, over, later = [], [], []
    for claim in due:
        begun = since.get(claim.pk, claim.saved_at)
        until = claim.due_at
        if claim.reminders < rules.reminders_due(since=begun, until=until, now=now):
            claim.reminders += 1
            until = max(until, now + LAST_CALL)
            if until > claim.due_at:
                later.append(claim.pk)
            claim.due_at = claim.answer_by = until
            letters.append(
                ReminderDue(
                    what=WAITS[S(claim.state)],
                    number=claim.reminders,
                    due_at=until.isoformat(),
                    text=texts.get(claim.pk, claim.decision_text),
                    amount_minor=offers.get(claim.pk, 0),
                    currency=claim.currency,
                    **facts.of(claim),
                )
            )
        elif until <= now:
            over.append(claim.pk)
            continue
        claim.remind_at = rules.next_reminder(since=begun, until=until, sent=claim.reminders)
    kept = [claim for claim in due if claim.pk not in over]
    Claim.objects.bulk_update(kept, ["reminders", "due_at", "answer_by", "remind_at"])
    _put_off(later)
    record(*letters, now=now)
    return len(letters), over


def _put_off(claims: Sequence[int]) -> None:
    """Give what was asked the day more that a late reminder gives, for the page says it too."""
    if claims:
        until = Claim.objects.filter(pk=OuterRef("claim")).values("due_at")
        waiting = EvidenceRequest.objects.filter(claim__in=claims, answered_at=None)
        waiting.update(due_at=Subquery(until))


def _since(claims: Sequence[Claim]) -> dict[int, datetime]:
    """Return since when each claim waits: its newest step."""
    steps = ClaimTransition.objects.filter(subject__in=claims).order_by("subject_id", "-pk")
    return dict(steps.distinct("subject_id").values_list("subject_id", "occurred_at"))


def _asked(claims: Sequence[Claim]) -> dict[int, str]:
    """Return the newest question that is not answered, by claim."""
    rows = EvidenceRequest.objects.filter(claim__in=claims, answered_at=None)
    return dict(rows.order_by("asked_at").values_list("claim_id", "text"))


def _offered(claims: Sequence[Claim]) -> dict[int, int]:
    """Return the sum of the yes that stands, by claim."""
    rows = Approval.objects.filter(claim__in=claims, voided_at=None, spent_at=None)
    return dict(rows.values_list("claim_id", "amount_minor"))
