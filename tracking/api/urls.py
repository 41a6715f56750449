"""Addresses for machines: carriers push here, the merchant's systems ask here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from tracking.api import anomalies, docs, views, webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/carriers/<str:slug>/", webhooks.receive, name="carrier-hook"),
    path("api/v1/orders/", views.RegisterOrder.as_view(), name="api-orders"),
    path("api/v1/orders/<str:number>/", views.ReadOrder.as_view(), name="api-order"),
    path(
        "api/v1/orders/<str:number>/parcels/",
        views.RegisterParcel.as_view(),
        name="api-order-parcels",
    ),
    path(
        "api/v1/orders/<str:number>/anomalies/",
        anomalies.OrderAnomalies.as_view(),
        name="api-order-anomalies",
    ),
    path(
        "api/v1/orders/<str:number>/anomalies/<str:kind>/clear/",
        anomalies.ClearAnomaly.as_view(),
        name="api-order-anomaly-clear",
    ),
    path("api/v1/parcels/<str:number>/", views.ReadParcel.as_view(), name="api-parcel"),
    path("api/schema/", docs.Schema.as_view(), name="api-schema"),
    path("api/docs/", docs.page, name="api-docs"),
]
