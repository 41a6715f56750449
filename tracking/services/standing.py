"""How a connection stands: is it asked, what is left of its quota, how late are its parcels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Max, Min, Sum

from portal.lib import sealing, sql
from tracking.cadence import Urgency
from tracking.carriers import registry
from tracking.models import Breaker, BreakerMove, Connection, Poll, PollHour, Subscription
from tracking.models.polling import BreakerState
from tracking.services import breakers, budgets, credentials, lines

DAY = timedelta(days=1)
LATELY = timedelta(hours=2)
MOVES = 10
LATENESS = (
    ("late_1m", timedelta(minutes=1)),
    ("late_5m", timedelta(minutes=5)),
    ("late_15m", timedelta(minutes=15)),
    ("late_1h", timedelta(hours=1)),
    ("late_6h", timedelta(hours=6)),
    ("late_1d", timedelta(days=1)),
)
"""Buckets of how late numbers were asked about, the last one open."""
COUNTED = ("calls", "numbers", "news", "unchanged", "not_found", "slowed", "failed")


class Window(NamedTuple):
    """One window of a quota, and what is left of it."""

    limit: int
    seconds: int
    left: int
    for_people: int


@dataclass(frozen=True, slots=True)
class Health:
    """Everything the desk shows of one connection; ``lag`` is None where nothing was asked."""

    is_askable: bool
    is_readable: bool
    """False when the credentials were sealed with a key this installation lacks."""
    missing: tuple[str, ...]
    breaker: Breaker | None
    moves: tuple[BreakerMove, ...]
    windows: tuple[Window, ...]
    day: dict[str, int]
    slowest_ms: int
    lag: timedelta | None
    """Nineteen in twenty numbers were asked within this time after they were due, in a day."""
    is_lag_open: bool
    """The lag is longer than the last bucket: read it as "more than"."""
    due: int
    oldest_due_at: datetime | None
    subscriptions: dict[str, int]


def health(*, connection: Connection, now: datetime) -> Health:
    """Look at a connection as of now; the figures are of the last twenty-four hours."""
    hours = PollHour.objects.filter(connection=connection, hour__gt=now - DAY)
    sums = hours.aggregate(
        **{name: Sum(name) for name in COUNTED},
        **{name: Sum(name) for name, _size in LATENESS},
        late_more=Sum("late_more"),
        slowest=Max("slowest_ms"),
    )
    waiting = Poll.objects.filter(connection=connection, due_at__lte=now).aggregate(
        count=Count("pk"), oldest=Min("due_at")
    )
    try:
        missing, is_readable = _missing(connection), True
    except sealing.Unreadable:
        missing, is_readable = (), False
    lag, is_open = _lag([sums[name] or 0 for name, _size in LATENESS], sums["late_more"] or 0)
    return Health(
        is_askable=connection.adapter in registry.ADAPTERS
        and lines.can_be_asked(connection.adapter),
        is_readable=is_readable,
        missing=missing,
        breaker=Breaker.objects.filter(connection=connection).first(),
        moves=tuple(
            BreakerMove.objects.filter(connection=connection)
            .select_related("actor")
            .order_by("-moved_at", "-pk")[:MOVES]
        ),
        windows=tuple(
            Window(quota.limit, quota.seconds, room, people)
            for quota, room, people in budgets.left(connection_id=connection.pk, now=now)
        ),
        day={name: sums[name] or 0 for name in COUNTED},
        slowest_ms=sums["slowest"] or 0,
        lag=lag,
        is_lag_open=is_open,
        due=waiting["count"],
        oldest_due_at=waiting["oldest"],
        subscriptions=dict(
            Subscription.objects.filter(connection=connection)
            .values_list("state")
            .annotate(Count("pk"))
        ),
    )


def _missing(connection: Connection) -> tuple[str, ...]:
    if connection.adapter not in registry.ADAPTERS:
        return ()
    return tuple(credentials.missing(connection, registry.get(connection.adapter)))


def _lag(buckets: list[int], more: int) -> tuple[timedelta | None, bool]:
    """Return the size of the bucket in which nineteen in twenty are reached."""
    total = sum(buckets) + more
    if not total:
        return None, False
    reached = 0
    for count, (_name, size) in zip(buckets, LATENESS, strict=True):
        reached += count
        if reached * 20 >= total * 19:
            return size, False
    return LATENESS[-1][1], True


@dataclass(frozen=True, slots=True)
class Gauge:
    """What machines that watch want to know of one connection."""

    connection: str
    is_open: bool
    due: int
    oldest_due_at: datetime | None
    lag: timedelta | None
    """Nineteen in twenty were asked within this time after they were due, in the last hours."""
    is_lag_open: bool
    windows: tuple[Window, ...]


def gauges(*, now: datetime) -> list[Gauge]:
    """Measure every active connection that has been asked or is to be."""
    names = dict(
        Connection.objects.filter(is_active=True).order_by("slug").values_list("pk", "slug")
    )
    waiting = {
        pk: (count, oldest)
        for pk, count, oldest in sql.rows(
            "SELECT connection_id, count(*), min(due_at) FROM tracking_poll"
            " WHERE connection_id = ANY(%s::bigint[]) AND urgency = ANY(%s::int[])"
            " AND due_at <= %s GROUP BY connection_id",
            (list(names), [one.value for one in Urgency], now),
        )
    }
    hours: dict[int, dict[str, Any]] = {
        row["connection_id"]: dict(row)
        for row in PollHour.objects.filter(hour__gt=now - LATELY)
        .values("connection_id")
        .annotate(**{name: Sum(name) for name, _size in LATENESS}, late_more=Sum("late_more"))
    }
    stands = breakers.standings(connection_ids=names)
    found = []
    for pk, slug in names.items():
        windows = budgets.left(connection_id=pk, now=now)
        if not windows and pk not in waiting and pk not in stands:
            continue
        row: dict[str, Any] = hours.get(pk, {})
        lag, is_lag_open = _lag(
            [row.get(name) or 0 for name, _size in LATENESS], row.get("late_more") or 0
        )
        count, oldest = waiting.get(pk, (0, None))
        found.append(
            Gauge(
                connection=slug,
                is_open=pk in stands and stands[pk].state != BreakerState.CLOSED,
                due=count,
                oldest_due_at=oldest,
                lag=lag,
                is_lag_open=is_lag_open,
                windows=tuple(
                    Window(quota.limit, quota.seconds, room, people)
                    for quota, room, people in windows
                ),
            )
        )
    return found


def open_breakers() -> int:
    """Count the active connections that are not asked at present, for machines that watch."""
    return Breaker.objects.filter(connection__is_active=True).exclude(state="closed").count()
