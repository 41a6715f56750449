"""Ours, with the plain page in the place of the journey."""

from __future__ import annotations

from django.urls import path

from bench.reading.views import show
from portal.urls import urlpatterns as ours

urlpatterns = [path("t/<slug:token>/", show, name="track"), *ours]
