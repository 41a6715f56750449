"""How much work waits in each queue, how old it is, and what has been given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Model, QuerySet

from claims.models import Compensation
from claims.states import CompensationState
from notifications.models import Dispatch, DispatchState, Letter, LetterState
from portal.outbox.models import Delivery, DeliveryState
from tracking.models import Breaker, Envelope, Poll
from tracking.states import EnvelopeState


@dataclass(frozen=True)
class Backlog:
    """One queue in one state."""

    queue: str
    state: str
    count: int
    oldest: datetime | None

    def age(self, now: datetime) -> float:
        """Return the seconds since the oldest row came; nothing waiting is no age."""
        return max((now - self.oldest).total_seconds(), 0.0) if self.oldest else 0.0


def backlog(*, now: datetime) -> list[Backlog]:
    """Count every queue as of now; each question is answered by a partial index."""
    return [
        _count("envelopes", "waiting", _in(Envelope, EnvelopeState.WAITING), "received_at"),
        _count("envelopes", "dead", _in(Envelope, EnvelopeState.DEAD), "received_at"),
        _count("deliveries", "waiting", _in(Delivery, DeliveryState.WAITING), "due_at"),
        _count("deliveries", "dead", _in(Delivery, DeliveryState.DEAD), "due_at"),
        _count("letters", "waiting", _in(Letter, LetterState.WAITING), "due_at"),
        _count("letters", "dead", _in(Letter, LetterState.DEAD), "due_at"),
        _count("webhooks", "waiting", _in(Dispatch, DispatchState.WAITING), "due_at"),
        _count("webhooks", "dead", _in(Dispatch, DispatchState.DEAD), "due_at"),
        _count("polls", "due", _due_polls(now), "due_at"),
        _count("breakers", "open", Breaker.objects.exclude(state="closed"), "opened_at"),
        _count(
            "compensations", "unknown", _in(Compensation, CompensationState.UNKNOWN), "planned_at"
        ),
    ]


def _due_polls(now: datetime) -> QuerySet[Poll]:
    return Poll.objects.filter(due_at__lte=now, connection__is_active=True)


def _in(model: type[Model], state: str) -> QuerySet[Model]:
    return model._default_manager.filter(state=state)  # noqa: SLF001


def _count(queue: str, state: str, rows: QuerySet[Any], since: str) -> Backlog:
    found = rows.aggregate(count=Count("pk"), oldest=Min(since))
    return Backlog(queue=queue, state=state, count=found["count"], oldest=found["oldest"])
