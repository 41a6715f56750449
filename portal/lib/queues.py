"""Rows as a queue: claim one with a lease, hold it against a second worker, pause between tries."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection, models, transaction
from django.db.models import F, Q

Row = TypeVar("Row", bound=models.Model)

LEASE = timedelta(seconds=20)
MAX_ATTEMPTS = 8


def claim(waiting: models.QuerySet[Row], *, now: datetime, lease: timedelta = LEASE) -> Row | None:
    """
    Take the row that has been due longest, or None; committed before the caller does any work.

    The row needs ``due_at``, ``leased_until`` and ``attempts``. Raising ``attempts`` here and not
    after the work is what stops a row that kills its worker: it comes back when the lease is over,
    and its count says how often it was tried. Rows are claimed singly, so a killer raises nobody
    else's count.
    """
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    with transaction.atomic():
        row = (
            waiting.filter(free, due_at__lte=now)
            .order_by("due_at", "pk")
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )
        if row is None:
            return None
        changes = {"attempts": F("attempts") + 1, "leased_until": now + lease}
        waiting.model._default_manager.filter(pk=row.pk).update(**changes)  # noqa: SLF001
    row.attempts += 1  # type: ignore[attr-defined]
    row.leased_until = now + lease  # type: ignore[attr-defined]
    return row


@contextmanager
def hold(row: models.Model) -> Iterator[bool]:
    """
    Yield True while this process alone works on ``row``; False if another still does.

    A lease ends by the clock, work that is merely slow does not: this lock lives and dies with
    the worker's database connection, so a row whose lease ran out under a slow worker waits for
    it, and one whose worker was killed is free at once.
    """
    with alone(f"{row._meta.label_lower}:{row.pk}") as is_ours:  # noqa: SLF001 - public in Django
        yield is_ours


@contextmanager
def alone(work: str) -> Iterator[bool]:
    """Yield True while no other process does this piece of work; the lock dies with the process."""
    key = [work]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", key)
        (is_ours,) = cursor.fetchone()
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", key)


def pause(attempts: int) -> timedelta:
    """Return how long to wait after the given number of failed attempts: 5 s to 15 min, ±20%."""
    seconds: float = min(5 * 3 ** (attempts - 1), 900)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load only
