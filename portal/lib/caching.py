"""A cache that may vanish at any moment without anyone noticing but the clock."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""How long a Redis in trouble is left alone, so that a slow one cannot slow every page."""


class JsonSerializer:
    """Plain values only: whoever can write to Redis must not be able to run code here."""

    def dumps(self, value: Any) -> bytes:
        """Write a value as JSON."""
        return orjson.dumps(value)

    def loads(self, data: bytes) -> Any:
        """Read a value from JSON."""
        return orjson.loads(data)


class PatientRedisCache(RedisCache):
    """
    Redis as a cache that never takes a page down.

    Without Redis a read is a miss and a write does nothing; the log says so once a pause.
    Values are what JSON can say.
    """

    _away_until = 0.0

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        options = {
            "serializer": JsonSerializer,
            # redis-py's own retries would hold a page for seconds.
            "retry": Retry(NoBackoff(), 0),
            **params.get("OPTIONS", {}),
        }
        super().__init__(server, {**params, "OPTIONS": options})

    def _try(self, call: Callable[[], Any], *, answer: Any) -> Any:
        cls = type(self)
        if time.monotonic() < cls._away_until:
            return answer
        try:
            return call()
        except (RedisError, OSError, orjson.JSONDecodeError) as trouble:
            cls._away_until = time.monotonic() + PAUSE_SECONDS
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
