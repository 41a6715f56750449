"""A cache that may vanish at any moment without anyone noticing but the clock."""

from __future__ import annotations

from django.core.cache.backends.redis import RedisCache


class PatientRedisCache(RedisCache):
    """Redis as a cache; see ``portal.lib.caching`` for what happens without it."""
