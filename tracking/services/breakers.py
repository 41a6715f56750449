"""
Stop asking a carrier that fails, try it again once in a while, and wait as long as it tells us.

Every change of state leaves a row that says why, and who if it was a person.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from portal.accounts.models import User
from tracking.models import Breaker, BreakerMove, Connection
from tracking.models.polling import BreakerState
from tracking.scans import CarrierError, ErrorKind

log = logging.getLogger(__name__)

LIMITS = {ErrorKind.AUTH: 1, ErrorKind.SCHEMA_DRIFT: 5, ErrorKind.TRANSIENT: 10}
"""So many failures of a kind in a row stop the asking; calls still under way may add a few."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15))
"""Between one try and the next."""
AUTH_PAUSE = timedelta(minutes=15)
TOO_FAST = timedelta(minutes=1)
"""How long to wait when a carrier says "too fast" and not how long."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection's breaker stands."""

    state: str = BreakerState.CLOSED
    failures: int = 0
    probe_at: datetime | None = None
    blocked_until: datetime | None = None

    def is_blocked(self, now: datetime) -> bool:
        """Test whether the carrier told us to wait, and we still do."""
        return self.blocked_until is not None and now < self.blocked_until

    def may_ask(self, now: datetime) -> bool:
        """Test whether calls may be made freely."""
        return self.state == BreakerState.CLOSED and not self.is_blocked(now)

    def may_try(self, now: datetime) -> bool:
        """Test whether it is time to try once."""
        if self.state == BreakerState.CLOSED or self.is_blocked(now):
            return False
        return self.probe_at is not None and self.probe_at <= now


def standings(*, connection_ids: Iterable[int]) -> dict[int, Standing]:
    """Return how the breakers of these connections stand; one without a row is closed."""
    rows = Breaker.objects.filter(connection_id__in=list(connection_ids)).values_list(
        "connection_id", "state", "failures", "probe_at", "blocked_until"
    )
    return {
        pk: Standing(state, failures, probe_at, until)
        for pk, state, failures, probe_at, until in rows
    }


@transaction.atomic
def try_once(*, connection_id: int, now: datetime) -> bool:
    """
    Take the one try that is due; False if another worker has it.

    The next is due a pause later even if this worker is never heard of again.
    """
    breaker = _locked(connection_id)
    if breaker.state == BreakerState.CLOSED or not breaker.probe_at or breaker.probe_at > now:
        return False
    breaker.probe_at = now + _pause(breaker)
    if breaker.state == BreakerState.OPEN:
        _move(breaker, BreakerState.HALF_OPEN, "It is time to try once.", now=now)
    breaker.save(update_fields=["state", "probe_at"])
    return True


def note(
    *,
    connection_id: int,
    troubles: Sequence[CarrierError | None],
    known: Standing,
    now: datetime,
) -> Standing | None:
    """
    Take in how calls ended, in the order they did; None stands for a good answer.

    Return how the breaker stands if it may have changed. Good answers on a line ``known`` to be
    well change nothing and cost nothing.
    """
    failures = [trouble for trouble in troubles if trouble is None or trouble.kind in LIMITS]
    if not failures:
        return None
    if not any(failures) and known.state == BreakerState.CLOSED and not known.failures:
        return None
    return _note(connection_id, failures, now=now)


@transaction.atomic
def _note(
    connection_id: int, troubles: Sequence[CarrierError | None], *, now: datetime
) -> Standing:
    breaker = _locked(connection_id)
    for trouble in troubles:
        if trouble is None:
            _recover(breaker, now=now)
        else:
            _suffer(breaker, trouble, now=now)
    breaker.save()
    return _standing(breaker)


def _recover(breaker: Breaker, *, now: datetime) -> None:
    """Take in a good answer; while asking has stopped, only the try counts."""
    if breaker.state == BreakerState.OPEN:
        return
    if breaker.state == BreakerState.HALF_OPEN:
        _move(breaker, BreakerState.CLOSED, "The try was answered.", now=now)
        breaker.opened_at = breaker.probe_at = None
        breaker.probes = 0
    breaker.failures = 0


def _suffer(breaker: Breaker, trouble: CarrierError, *, now: datetime) -> None:
    breaker.failures += 1
    breaker.kind, breaker.error, breaker.error_at = trouble.kind, trouble.message, now
    if breaker.state == BreakerState.HALF_OPEN:
        breaker.probes += 1
        breaker.probe_at = now + _pause(breaker)
        _move(breaker, BreakerState.OPEN, f"The try failed: {trouble.message}", now=now)
    elif breaker.state == BreakerState.CLOSED and breaker.failures >= LIMITS[trouble.kind]:
        breaker.opened_at, breaker.probes = now, 0
        breaker.probe_at = now + _pause(breaker)
        times = "once" if breaker.failures == 1 else f"{breaker.failures} times in a row"
        _move(breaker, BreakerState.OPEN, f"It failed {times}: {trouble.message}", now=now)
        log.warning("connection %s is not asked any more: %s", breaker.connection_id, trouble.kind)


def block(*, connection_id: int, until: datetime, why: str) -> Standing:
    """Ask nothing before ``until``, for the carrier said so."""
    with transaction.atomic():
        breaker = _locked(connection_id)
        breaker.blocked_until = max(until, breaker.blocked_until or until)
        breaker.blocked_why = why[:200]
        breaker.save(update_fields=["blocked_until", "blocked_why"])
    return _standing(breaker)


@transaction.atomic
def reset(*, connection: Connection, user: User, now: datetime) -> Breaker:
    """Ask again from now on, whatever was; what failed is counted anew."""
    breaker = _locked(connection.pk)
    if breaker.state != BreakerState.CLOSED or breaker.blocked_until:
        _move(breaker, BreakerState.CLOSED, "Reset by hand.", now=now, user=user)
    breaker.failures = breaker.probes = 0
    breaker.opened_at = breaker.probe_at = breaker.blocked_until = None
    breaker.blocked_why = ""
    breaker.save()
    return breaker


def _standing(breaker: Breaker) -> Standing:
    return Standing(breaker.state, breaker.failures, breaker.probe_at, breaker.blocked_until)


def _pause(breaker: Breaker) -> timedelta:
    if breaker.kind == ErrorKind.AUTH:
        return AUTH_PAUSE
    return PAUSES[min(breaker.probes, len(PAUSES) - 1)]


def _locked(connection_id: int) -> Breaker:
    Breaker.objects.bulk_create([Breaker(connection_id=connection_id)], ignore_conflicts=True)
    return Breaker.objects.select_for_update().get(connection_id=connection_id)


def _move(
    breaker: Breaker, target: BreakerState, why: str, *, now: datetime, user: User | None = None
) -> None:
    BreakerMove.objects.create(
        connection_id=breaker.connection_id,
        origin=breaker.state,
        target=target,
        why=why[:500],
        actor=user,
        moved_at=now,
    )
    breaker.state = target
