"""Addresses for merchants' systems that lead to more rooms than one."""

from __future__ import annotations

from django.urls import URLPattern, path

from portal.api import webhooks

urlpatterns: list[URLPattern] = [
    path("api/v1/webhooks/", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path("api/v1/webhooks/<str:endpoint>/", webhooks.Webhook.as_view(), name="api-webhook"),
    path(
        "api/v1/webhooks/<str:endpoint>/rotate/",
        webhooks.RotateWebhook.as_view(),
        name="api-webhook-rotate",
    ),
    path(
        "api/v1/webhooks/<str:endpoint>/test/",
        webhooks.TryWebhook.as_view(),
        name="api-webhook-test",
    ),
]
