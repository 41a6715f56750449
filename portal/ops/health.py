"""Health as machines ask for it: alive, ready, and how much work is waiting."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from portal.ops import queues
from tracking.services import standing

log = logging.getLogger(__name__)

_migrated = False


@dataclass(frozen=True)
class Finding:
    """What one look at one part found."""

    ok: bool
    words: str


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; depends on nothing, so that a restart helps when it fails."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether this process can do its work; a missing broker only slows it down."""
    database, broker = look_at_database(), look_at_broker()
    ready = database.ok
    state = "unready" if not ready else "ok" if broker.ok else "degraded"
    parts = {"database": database.words, "broker": broker.words}
    return JsonResponse({"status": state, **parts}, status=200 if ready else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponseBase:
    """Count what waits and what is stuck, for Prometheus, behind a bearer token."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(
            "No metrics token is configured.\n", status=404, content_type="text/plain"
        )
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not constant_time_compare(given, settings.METRICS_TOKEN):
        answer = HttpResponse("A bearer token is needed.\n", status=401, content_type="text/plain")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    now = timezone.now()
    try:
        text = _exposition(queues.backlog(now=now), now=now)
        text += _connections(standing.gauges(now=now), now=now)
    except DatabaseError:
        log.warning("metrics could not be read", exc_info=True)
        return HttpResponse(
            "The database does not answer.\n", status=503, content_type="text/plain"
        )
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def look_at_database() -> Finding:
    """Write to the database, through to its log on disk, and compare its tables with the code."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '2s'")
            # A row in the write-ahead log and a commit that waits for it, in no table at all.
            cursor.execute(
                "SELECT current_setting('transaction_read_only')::boolean,"
                " pg_logical_emit_message(true, 'amends.readyz', '')"
            )
            is_read_only = cursor.fetchone()[0]
        pending = pending_migrations()
    except DatabaseError as trouble:
        log.warning("the database is not ready: %s", trouble)
        return Finding(ok=False, words="cannot be written")
    if is_read_only:
        return Finding(ok=False, words="cannot be written")
    if pending:
        return Finding(ok=False, words=f"{pending} migrations pending")
    return Finding(ok=True, words="ok")


def look_at_broker() -> Finding:
    """Ask the broker for a sign of life, for a second at most."""
    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=1,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
        ) as broker:
            broker.ping()
    except (RedisError, OSError) as trouble:
        log.warning("the broker does not answer: %s", trouble)
        return Finding(ok=False, words="does not answer")
    return Finding(ok=True, words="ok")


def pending_migrations() -> int:
    """Count migrations this code has and the database lacks; none once seen to be none."""
    global _migrated
    if _migrated:
        return 0
    executor = MigrationExecutor(connection)
    count = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    _migrated = count == 0
    return count


def forget() -> None:
    """Forget that the migrations were seen to be complete, as a new process does."""
    global _migrated
    _migrated = False


def _exposition(backlog: list[queues.Backlog], *, now: datetime) -> str:
    labels = [f'queue="{each.queue}",state="{each.state}"' for each in backlog]
    pairs = list(zip(labels, backlog, strict=True))
    lines = [
        "# HELP amends_queue_rows Rows by queue and state.",
        "# TYPE amends_queue_rows gauge",
        *(f"amends_queue_rows{{{label}}} {each.count}" for label, each in pairs),
        "# HELP amends_queue_oldest_seconds Age of the oldest row by queue and state.",
        "# TYPE amends_queue_oldest_seconds gauge",
        *(f"amends_queue_oldest_seconds{{{label}}} {each.age(now):.3f}" for label, each in pairs),
    ]
    return "\n".join(lines) + "\n"


def _connections(gauges: list[standing.Gauge], *, now: datetime) -> str:
    """Tell how each connection to a carrier stands."""
    lag, due, oldest, breaker, quota = [], [], [], [], []
    for one in gauges:
        label = f'connection="{one.connection}"'
        age = (now - one.oldest_due_at).total_seconds() if one.oldest_due_at else 0.0
        if one.lag is not None:
            value = "+Inf" if one.is_lag_open else f"{one.lag.total_seconds():.0f}"
            lag.append(f'amends_poll_lag_seconds{{{label},quantile="0.95"}} {value}')
        due.append(f"amends_poll_due_rows{{{label}}} {one.due}")
        oldest.append(f"amends_poll_oldest_due_seconds{{{label}}} {max(age, 0.0):.3f}")
        breaker.append(f"amends_breaker_open{{{label}}} {int(one.is_open)}")
        quota += [
            f'amends_quota_left_calls{{{label},seconds="{window.seconds}"}}'
            f" {window.left + window.for_people}"
            for window in one.windows
        ]
    told = (
        ("amends_poll_lag_seconds", "Upper bound of the time from due to asked.", lag),
        ("amends_poll_due_rows", "Numbers that are due to be asked about.", due),
        ("amends_poll_oldest_due_seconds", "How long the oldest of them has been due.", oldest),
        ("amends_breaker_open", "1 while a carrier is not asked because it fails.", breaker),
        ("amends_quota_left_calls", "Calls that may be made at this moment.", quota),
    )
    lines = []
    for name, words, values in told:
        if values:
            lines += [f"# HELP {name} {words}", f"# TYPE {name} gauge", *values]
    return "\n".join(lines) + "\n" if lines else ""
