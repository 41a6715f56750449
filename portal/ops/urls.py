"""Addresses for machines that watch us."""

from __future__ import annotations

from django.urls import path

from portal.ops import health

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
