"""Addresses for machines: carriers push here, the merchant's systems ask here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from tracking.api import webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/carriers/<str:slug>/", webhooks.receive, name="carrier-hook"),
]
