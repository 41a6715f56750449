"""
Spend a carrier's quota: each window a leaky bucket, so that no window of time ever holds more.

A window of ``limit`` calls in ``seconds`` is a bucket of a few calls that fills again one call a
``step``. Few and step are chosen so that what a full bucket gives at once, plus what drips in
during a window, is the limit: whenever the carrier begins to count, on the hour, at its midnight or
at any moment, it never counts more. A tenth of each long window can only be spent by people who
ask for a parcel to be looked at now.

Redis decides, in one script for all windows of a connection, so that many workers count as one.
A grant is used only after it is written to the connection's ``Budget`` row under the generation it
was given in. Whoever finds Redis empty or away raises the generation: what was granted and not yet
written is void, and counting goes on from the row, which knows every call that was made.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import redis
from django.conf import settings
from django.db import transaction

from portal.lib import sql
from tracking.carriers.base import Capabilities, Quota

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SLACK = 1_000_000
"""Microseconds by which calls may bunch up on their way; each window is taken to be that longer."""
LONG = 3600
"""Windows from this many seconds on keep a reserve, and give little at once."""
POLITE = (Quota(5, 1),)
"""For a carrier that publishes no limit."""
HERE = timedelta(seconds=30)
"""How long the database counts alone after Redis was found away."""
ROUNDS = 4
_READ = (
    "SELECT seconds, limits, spent_until, generation, here_until FROM tracking_budget"
    " WHERE connection_id = %s"
)
_LOCKED = f"{_READ} FOR UPDATE"
_AWAY_SECONDS = 5.0
_away_until = 0.0

_SPEND = """
local now, calls, wait = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
local held = {}
for i = 3, #ARGV, 4 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  if not known then return {-1} end
  local step, most = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local spent = math.max(tonumber(known), tonumber(ARGV[i + 3]), now)
  calls = math.min(calls, math.max(math.floor((now + most - spent) / step), 0))
  table.insert(held, spent)
end
local answer = {calls, 0}
for i = 3, #ARGV, 4 do
  local step, spent = tonumber(ARGV[i + 1]), held[(i + 1) / 4]
  wait = math.max(wait, spent + step * (calls + 1) - tonumber(ARGV[i + 2]) - now)
  local after = string.format('%.0f', spent + calls * step)
  if calls > 0 then redis.call('HSET', KEYS[1], ARGV[i], after) end
  table.insert(answer, after)
end
answer[2] = string.format('%.0f', wait)
return answer
"""
_SEED = """
for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One window as a bucket: so many calls at once, one more each ``step`` microseconds."""

    limit: int
    seconds: int
    step: int
    burst: int
    reserve: int

    def most(self, *, is_refresh: bool) -> int:
        """Return the microseconds' worth of calls that may be owed at any moment."""
        return self.step * (self.burst if is_refresh else self.burst - self.reserve)

    @property
    def steady(self) -> float:
        """Calls a window that can go on for ever."""
        return self.seconds * 1e6 / self.step


@functools.cache
def bucket(quota: Quota) -> Bucket:
    """
    Return the bucket that keeps a quota.

    With ``burst`` calls at once and one each ``step``, a window holds at most
    ``burst - 1 + ceil(window / step)`` of them, which this step makes the limit.
    """
    limit, seconds = quota
    reserve, burst = 0, max(1, limit // 10)
    if seconds >= LONG and limit >= 10:
        reserve = round(limit / 10)
        # Enough that nothing drips past between two rounds.
        burst = reserve + max(1, limit // 50, min(4, limit // 10))
    step = -(-(seconds * 1_000_000 + SLACK) // (limit - burst + 1))
    return Bucket(limit, seconds, step, burst, reserve)


def quotas(capabilities: Capabilities, options: Mapping[str, Any]) -> tuple[Quota, ...]:
    """Return the windows of a connection: its own ``quotas`` setting, else the published ones."""
    given = options.get("quotas")
    if not isinstance(given, list):
        return capabilities.quotas or POLITE
    return tuple(read_quotas(given)) or capabilities.quotas or POLITE


def read_quotas(given: Iterable[Any]) -> Iterable[Quota]:
    """
    Yield the windows in ``[[calls, seconds], ...]``.

    :raises ValueError: if one of them is not two whole numbers above zero.
    """
    for pair in given:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError("a quota is two numbers: calls and seconds")
        if not all(type(one) is int and 0 < one < 10**8 for one in pair):
            raise ValueError("a quota is two whole numbers above zero: calls and seconds")
        yield Quota(*pair)


class Grant(NamedTuple):
    """So many calls may be made now; if fewer than wished, one more after ``wait`` seconds."""

    calls: int
    wait: float = 0.0


@dataclass(slots=True)
class Book:
    """What the database knows of a connection's budget; Redis may already have spent more."""

    connection_id: int
    buckets: tuple[Bucket, ...]
    spent: list[int]
    """Microseconds since 1970, one a bucket."""
    generation: int
    here_until: datetime | None

    def room(self, *, now: datetime, is_refresh: bool = False) -> Grant:
        """Return how many calls there is room for at most, and how long until there is for one."""
        grant, _spent = _take(
            self.buckets, self.spent, 1_000_000, now=_us(now), is_refresh=is_refresh
        )
        return grant

    def is_here(self, now: datetime) -> bool:
        """Test whether the database counts alone."""
        return self.here_until is not None and now < self.here_until


def read(*, connection_id: int, quotas: Sequence[Quota], now: datetime) -> Book:
    """Return a connection's book, laid open for these windows if it was not."""
    buckets = _buckets(quotas)
    row = _row(connection_id)
    if row is None:
        sql.run(
            "INSERT INTO tracking_budget"
            " (connection_id, seconds, limits, spent_until, generation, here_until)"
            " VALUES (%s, '{}', '{}', '{}', 1, NULL) ON CONFLICT (connection_id) DO NOTHING",
            (connection_id,),
        )
    if row is None or row[:2] != (
        [one.seconds for one in buckets],
        [one.limit for one in buckets],
    ):
        row = _lay_open(connection_id, buckets, now=now)
    return _book(connection_id, buckets, row)


def spend(*, book: Book, calls: int, now: datetime, is_refresh: bool = False) -> Grant:
    """
    Take up to so many calls out of every window at once; what is granted may be made.

    Nothing else may be: a call that is not granted waits for a later round.
    """
    for _again in range(ROUNDS):
        if book.is_here(now):
            return _in_postgres(book, calls, now=now, is_refresh=is_refresh)
        answer = _in_redis(book, calls, now=now, is_refresh=is_refresh)
        if answer is None:
            _raise(book, here_until=now + HERE)
            continue
        grant, spent = answer
        if grant is None:
            if _raise(book, here_until=None):
                _seed(book)
            continue
        if not grant.calls or _write(book, spent):
            return grant
        _reload(book)
    return Grant(0, 1.0)


def left(*, connection_id: int, now: datetime) -> list[tuple[Quota, int, int]]:
    """Return (window, calls that may be made at once, how many more people may ask for)."""
    row = _row(connection_id)
    if row is None:
        return []
    quotas = [Quota(limit, seconds) for seconds, limit in zip(row[0], row[1], strict=True)]
    book = _book(connection_id, _buckets(quotas), row)
    found = []
    for one, spent in zip(book.buckets, book.spent, strict=True):
        owed = max(spent - _us(now), 0)
        room = max((one.most(is_refresh=False) - owed) // one.step, 0)
        whole = max((one.most(is_refresh=True) - owed) // one.step, 0)
        found.append((Quota(one.limit, one.seconds), room, whole - room))
    return found


def _buckets(quotas: Iterable[Quota]) -> tuple[Bucket, ...]:
    """Return one bucket a window, the shortest first; of two limits for one the smaller holds."""
    smallest: dict[int, int] = {}
    for quota in quotas:
        smallest[quota.seconds] = min(quota.limit, smallest.get(quota.seconds, quota.limit))
    return tuple(bucket(Quota(limit, seconds)) for seconds, limit in sorted(smallest.items()))


def _take(
    buckets: Sequence[Bucket], held: Sequence[int], calls: int, *, now: int, is_refresh: bool
) -> tuple[Grant, list[int]]:
    """Do what the script in Redis does."""
    spent = [max(one, now) for one in held]
    pairs = list(zip(buckets, spent, strict=True))
    for one, paid in pairs:
        room = (now + one.most(is_refresh=is_refresh) - paid) // one.step
        calls = min(calls, max(room, 0))
    waits = [
        paid + one.step * (calls + 1) - one.most(is_refresh=is_refresh) - now for one, paid in pairs
    ]
    after = [paid + calls * one.step for one, paid in pairs]
    return Grant(calls, max(waits, default=0) / 1e6), after


def _in_redis(
    book: Book, calls: int, *, now: datetime, is_refresh: bool
) -> tuple[Grant | None, list[int]] | None:
    """Ask Redis: None while it is away, (None, []) where it knows nothing of this generation."""
    global _away_until
    if time.monotonic() < _away_until:
        return None
    windows: list[int] = []
    for one, spent in zip(book.buckets, book.spent, strict=True):
        windows += one.seconds, one.step, one.most(is_refresh=is_refresh), spent
    try:
        found = _client(settings.REDIS_URL).eval(_SPEND, 1, _key(book), _us(now), calls, *windows)
    except (redis.RedisError, OSError):
        _away_until = time.monotonic() + _AWAY_SECONDS
        log.warning("redis is away; budgets are counted in the database", exc_info=True)
        return None
    granted, *rest = (int(one) for one in found)
    if granted < 0:
        return None, []
    return Grant(granted, rest[0] / 1e6), rest[1:]


def _seed(book: Book) -> None:
    """Tell Redis what the row knows; nobody else uses this generation before that."""
    fields: list[int] = []
    for one, spent in zip(book.buckets, book.spent, strict=True):
        fields += one.seconds, spent
    life = 2 * max((one.seconds for one in book.buckets), default=LONG) + LONG
    try:
        _client(settings.REDIS_URL).eval(_SEED, 1, _key(book), life, *fields)
    except (redis.RedisError, OSError):
        log.warning("redis went away while a budget was laid down in it", exc_info=True)


def _in_postgres(book: Book, calls: int, *, now: datetime, is_refresh: bool) -> Grant:
    with transaction.atomic():
        row = _row(book.connection_id, lock=True)
        if row is None:
            return Grant(0, 1.0)
        _take_over(book, row)
        grant, spent = _take(book.buckets, book.spent, calls, now=_us(now), is_refresh=is_refresh)
        if time.monotonic() < _away_until:
            book.here_until = now + HERE
        sql.run(
            "UPDATE tracking_budget SET spent_until = %s::timestamptz[], here_until = %s"
            " WHERE connection_id = %s",
            ([_moment(one) for one in spent], book.here_until, book.connection_id),
        )
        book.spent = spent
    return grant


def _write(book: Book, spent: list[int]) -> bool:
    """Write a grant down, unless it was given in a generation that is over."""
    done = sql.run(
        "UPDATE tracking_budget SET spent_until = ARRAY("
        " SELECT greatest(a, b) FROM unnest(spent_until, %s::timestamptz[]) AS v(a, b))"
        " WHERE connection_id = %s AND generation = %s AND here_until IS NULL"
        " AND cardinality(spent_until) = %s",
        (
            [_moment(one) for one in spent],
            book.connection_id,
            book.generation,
            len(book.buckets),
        ),
        prepare=True,
    )
    if done:
        book.spent = [max(pair) for pair in zip(book.spent, spent, strict=True)]
    return bool(done)


def _raise(book: Book, *, here_until: datetime | None) -> bool:
    """Begin a new generation, if nobody has meanwhile; the book knows the newest afterwards."""
    rows = sql.rows(
        "UPDATE tracking_budget SET generation = generation + 1, here_until = %s"
        " WHERE connection_id = %s AND generation = %s"
        " RETURNING seconds, limits, spent_until, generation, here_until",
        (here_until, book.connection_id, book.generation),
    )
    if rows:
        _take_over(book, rows[0])
        return True
    _reload(book)
    return False


def _reload(book: Book) -> None:
    row = _row(book.connection_id)
    if row is not None:
        _take_over(book, row)


def _take_over(book: Book, row: tuple[Any, ...]) -> None:
    _seconds, _limits, spent, book.generation, book.here_until = row
    if len(spent) == len(book.buckets):
        book.spent = [_us(one) for one in spent]


def _book(connection_id: int, buckets: tuple[Bucket, ...], row: tuple[Any, ...]) -> Book:
    _seconds, _limits, spent, generation, here_until = row
    return Book(connection_id, buckets, [_us(one) for one in spent], generation, here_until)


def _row(connection_id: int, *, lock: bool = False) -> tuple[Any, ...] | None:
    rows = sql.rows(_LOCKED if lock else _READ, (connection_id,), prepare=not lock)
    return rows[0] if rows else None


@transaction.atomic
def _lay_open(connection_id: int, buckets: Sequence[Bucket], *, now: datetime) -> tuple[Any, ...]:
    """
    Write the windows into the row; a new generation, so that nobody spends by the old ones.

    A connection's first windows are full. One that is changed later begins empty: nobody knows
    what of it was spent.
    """
    seconds, limits, paid, *_rest = _row(connection_id, lock=True) or ([], [], [])
    held = dict(zip(zip(seconds, limits, strict=True), paid, strict=True))
    spent = [
        held.get((one.seconds, one.limit), now + one.most(is_refresh=True) * TICK * bool(held))
        for one in buckets
    ]
    return sql.rows(
        "UPDATE tracking_budget SET seconds = %s::int[], limits = %s::int[],"
        " spent_until = %s::timestamptz[], generation = generation + 1"
        " WHERE connection_id = %s"
        " RETURNING seconds, limits, spent_until, generation, here_until",
        (
            [one.seconds for one in buckets],
            [one.limit for one in buckets],
            spent,
            connection_id,
        ),
    )[0]


@functools.cache
def _client(location: str) -> redis.Redis:
    return redis.Redis.from_url(location, socket_timeout=0.5, socket_connect_timeout=0.5)


def _key(book: Book) -> str:
    """Name the hash of one connection's generation in Redis; installations keep apart."""
    text = f"{settings.LIMITS_PREFIX}:{settings.SECRET_KEY}:budget:{book.connection_id}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"budget:{digest}:{book.generation}"


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // TICK


def _moment(microseconds: int) -> datetime:
    return EPOCH + microseconds * TICK
