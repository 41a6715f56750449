"""A cache that may vanish at any moment without anyone noticing but the clock."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""How long a Redis in trouble is left alone, so that a slow one cannot slow every page."""
_away_until: dict[str, float] = {}
"""By address; shared by the threads of a process, each of which has its own cache object."""


class Shelf:
    """
    Keep the last few values of this process in memory.

    Only for names that say their whole content, for nobody can tell another process to forget.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """Return what is kept under a name, or None."""
        with self._lock:
            value = self._kept.get(name)
            if value is not None:
                self._kept.move_to_end(name)
        return value

    def set(self, name: str, value: bytes) -> None:
        """Keep a value; what was asked for longest ago makes room."""
        with self._lock:
            self._kept[name] = value
            self._kept.move_to_end(name)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class JsonSerializer:
    """Plain values only: whoever can write to Redis must not be able to run code here."""

    def dumps(self, value: Any) -> bytes:
        """Write a value as JSON."""
        return orjson.dumps(value)

    def loads(self, data: bytes) -> Any:
        """Read a value from JSON."""
        return orjson.loads(data)


class _Client(RedisCacheClient):
    """Keep the clients: making one costs more than asking it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Return the client for reading or for writing."""
        client = self._clients.get(write)
        if client is None:
            client = self._clients[write] = super().get_client(key, write=write)
        return client


class PatientRedisCache(RedisCache):
    """
    Redis as a cache that never takes a page down.

    Without Redis a read is a miss and a write does nothing; the log says so once a pause.
    Values are what JSON can say.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        options = {
            "serializer": JsonSerializer,
            # redis-py's own retries would hold a page for seconds.
            "retry": Retry(NoBackoff(), 0),
            **params.get("OPTIONS", {}),
        }
        super().__init__(server, {**params, "OPTIONS": options})
        self._class = _Client
        self._where = str(server)

    def _try(self, call: Callable[[], Any], *, answer: Any) -> Any:
        if time.monotonic() < _away_until.get(self._where, 0.0):
            return answer
        try:
            return call()
        except (RedisError, OSError, orjson.JSONDecodeError) as trouble:
            _away_until[self._where] = time.monotonic() + PAUSE_SECONDS
            log.warning("The cache is away: %s", trouble)
            return answer

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        """Store unless there; False while Redis is away."""
        return bool(
            self._try(lambda: RedisCache.add(self, key, value, *args, **kwargs), answer=False)
        )

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Read; the default while Redis is away."""
        return self._try(lambda: RedisCache.get(self, key, default, version), answer=default)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        """Write; nothing while Redis is away."""
        self._try(lambda: RedisCache.set(self, key, value, *args, **kwargs), answer=None)

    def touch(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        """Give a key more time; False while Redis is away."""
        return bool(self._try(lambda: RedisCache.touch(self, key, *args, **kwargs), answer=False))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget a key; False while Redis is away."""
        return bool(self._try(lambda: RedisCache.delete(self, key, version), answer=False))

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Read many; none while Redis is away."""
        found: dict[Any, Any] = self._try(
            lambda: RedisCache.get_many(self, keys, version), answer={}
        )
        return found

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Test for a key; False while Redis is away."""
        return bool(self._try(lambda: RedisCache.has_key(self, key, version), answer=False))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """
        Count.

        :raises ValueError: if the key is not there, as while Redis is away.
        """
        count = self._try(lambda: RedisCache.incr(self, key, delta, version), answer=None)
        if count is None:
            raise ValueError(f"Key {key!r} not found.")
        return int(count)

    def set_many(self, data: Mapping[Any, Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Write many; all of them failed while Redis is away."""
        failed: list[Any] = self._try(
            lambda: RedisCache.set_many(self, dict(data), *args, **kwargs), answer=list(data)
        )
        return failed

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Forget many; nothing while Redis is away."""
        self._try(lambda: RedisCache.delete_many(self, keys, version), answer=None)

    def clear(self) -> bool:  # type: ignore[override]
        """Forget all; False while Redis is away."""
        return bool(self._try(lambda: RedisCache.clear(self), answer=False))
