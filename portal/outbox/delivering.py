"""Bring events to reactions: at least once, never twice at the same time, never for ever."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from portal.lib import queues
from portal.lib.failpoints import reach
from portal.outbox import nudging, routes
from portal.outbox.models import Delivery, DeliveryState

log = logging.getLogger(__name__)

_BUSY = timedelta(seconds=5)


class UnknownReaction(LookupError):
    """No reaction of this name is wired any more; wire it again or drop the delivery."""


def deliver_due(*, now: datetime, limit: int = 100) -> int:
    """
    Run the reactions that are due, at most ``limit``, and return how many were tried.

    Any number of workers may do this at once. Reactions run outside of any transaction and any
    row lock; one that fails is tried again later, and after ``queues.MAX_ATTEMPTS`` it is dead
    until somebody replays it. None of this stops the others.
    """
    begun = time.monotonic()
    for tried in range(limit):
        moment = now + timedelta(seconds=time.monotonic() - begun)
        waiting = Delivery.objects.filter(state=DeliveryState.WAITING).select_related("event")
        delivery = queues.claim(waiting, now=moment)
        if delivery is None:
            return tried
        reach("outbox.claimed")
        with queues.hold(delivery) as is_ours:
            if is_ours:
                _run(delivery, now=moment)
            else:
                _put_back(delivery, now=moment)
    return limit


def _run(delivery: Delivery, *, now: datetime) -> None:
    if delivery.attempts > queues.MAX_ATTEMPTS:
        # Every attempt was claimed and none came back to say how it went.
        _bury(delivery, delivery.error or "The worker was killed during every attempt.")
        return
    try:
        _reaction(delivery.reaction)(delivery.event)
    except Exception as trouble:
        log.warning("%s failed (attempt %s)", delivery, delivery.attempts, exc_info=True)
        trace = "".join(traceback.format_exception(trouble))[-20_000:].replace("\x00", "")
        if delivery.attempts >= queues.MAX_ATTEMPTS:
            _bury(delivery, trace)
        else:
            _ours(delivery).update(
                due_at=now + queues.pause(delivery.attempts), leased_until=None, error=trace
            )
        return
    reach("outbox.reacted")
    _ours(delivery).update(state=DeliveryState.DONE, done_at=now, leased_until=None, error="")


def _reaction(name: str) -> routes.Reaction:
    try:
        return routes.reactions()[name]
    except KeyError:
        raise UnknownReaction(name) from None


def _ours(delivery: Delivery) -> QuerySet[Delivery]:
    """Return the row as long as nobody claimed it again after us."""
    return Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.WAITING, leased_until=delivery.leased_until
    )


def _bury(delivery: Delivery, error: str) -> None:
    log.error("%s is dead after %s attempts", delivery, delivery.attempts)
    _ours(delivery).update(state=DeliveryState.DEAD, leased_until=None, error=error)


def _put_back(delivery: Delivery, *, now: datetime) -> None:
    """Wait for the slow worker that still runs it; this look does not count as an attempt."""
    _ours(delivery).update(attempts=delivery.attempts - 1, due_at=now + _BUSY, leased_until=None)


@transaction.atomic
def replay(*, delivery_ids: Iterable[int], now: datetime) -> int:
    """Give dead deliveries a fresh start and return how many; done and waiting ones are left."""
    count = Delivery.objects.filter(pk__in=list(delivery_ids), state=DeliveryState.DEAD).update(
        state=DeliveryState.WAITING, attempts=0, due_at=now, leased_until=None
    )
    if count:
        transaction.on_commit(nudging.nudge_outbox)
    return count
