"""The house with a naive door in place of ours."""

from __future__ import annotations

from django.urls import path

from bench.naive.views import Hook
from portal.urls import *  # noqa: F403
from portal.urls import urlpatterns as house

urlpatterns = [path("hooks/carriers/<slug:slug>/", Hook.as_view()), *house]
