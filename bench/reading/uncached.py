"""Amends that keeps no page anywhere: every one is told anew."""

from bench.settings import *  # noqa: F403

CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
PAGES_KEPT = 0
