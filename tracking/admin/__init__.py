"""The desk's view of what happened: orders, parcels, carriers and their envelopes."""

from tracking.admin import (
    anomalies,
    carriers,
    codes,
    envelopes,
    expectations,
    orders,
    parcels,
    polling,
    thresholds,
)

__all__ = [
    "anomalies",
    "carriers",
    "codes",
    "envelopes",
    "expectations",
    "orders",
    "parcels",
    "polling",
    "thresholds",
]
