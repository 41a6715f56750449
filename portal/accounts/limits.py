"""Count tries atomically, so that two hundred at once are still counted as two hundred."""

from __future__ import annotations

import functools
import hashlib
import logging
import time
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import connection

log = logging.getLogger(__name__)

_SPEND = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""
_UPSERT = """
INSERT INTO accounts_tally AS tally (key, count, ends_at) VALUES (%s, 1, %s)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN tally.ends_at <= %s THEN 1 ELSE tally.count + 1 END,
    ends_at = CASE WHEN tally.ends_at <= %s THEN excluded.ends_at ELSE tally.ends_at END
RETURNING count
"""
_AWAY_SECONDS = 5.0
_away_until = 0.0


def spend(key: str, *, limit: int, seconds: int, now: datetime) -> bool:
    """
    Count one try under ``key`` and tell whether it is within ``limit`` per ``seconds``.

    The window begins with the first try. Redis counts; while it is away PostgreSQL does, so the
    limit never opens by itself. The key is hashed with our secret and may hold an address.
    """
    digest = _digest(key)
    count = _in_redis(digest, seconds)
    if count is None:
        count = _in_postgres(digest, seconds, now)
    return count <= limit


def forgive(key: str) -> None:
    """Forget the tries under ``key``, as after one that succeeded."""
    digest = _digest(key)
    try:
        _client(_location()).delete(digest)
    except redis.RedisError:
        log.warning("redis is away; a limit is forgiven in the database only")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_tally WHERE key = %s", [digest])


def _digest(key: str) -> str:
    text = f"{settings.LIMITS_PREFIX}:{settings.SECRET_KEY}:{key.strip().lower()}"
    return "limit:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]


@functools.cache
def _client(location: str) -> redis.Redis:
    return redis.Redis.from_url(location, socket_timeout=0.5, socket_connect_timeout=0.5)


def _location() -> str:
    return str(settings.CACHES["default"]["LOCATION"])


def _in_redis(digest: str, seconds: int) -> int | None:
    global _away_until
    if time.monotonic() < _away_until:
        return None
    try:
        client = _client(_location())
        return int(client.eval(_SPEND, 1, digest, seconds))
    except redis.RedisError:
        _away_until = time.monotonic() + _AWAY_SECONDS
        log.warning("redis is away; limits are counted in the database", exc_info=True)
        return None


def _in_postgres(digest: str, seconds: int, now: datetime) -> int:
    ends_at = now + timedelta(seconds=seconds)
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [digest, ends_at, now, now])
        (count,) = cursor.fetchone()
    return int(count)
