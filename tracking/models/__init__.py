"""Facts about parcels: orders, parcels, carriers, envelopes, sightings, anomalies."""

from tracking.models.anomaly import (
    Anomaly,
    ClearedBy,
    DisruptionWindow,
    OrderCheck,
    ParcelCheck,
    Threshold,
)
from tracking.models.carrier import Carrier, Connection, ConnectionSecret
from tracking.models.code import CarrierCode, Recognition
from tracking.models.envelope import Envelope
from tracking.models.expectation import EtaRevision, FinishedJourney, TransitStat
from tracking.models.order import Order, OrderLine
from tracking.models.parcel import Parcel, ParcelLine, ParcelMilestone, ParcelNumber
from tracking.models.polling import (
    Breaker,
    BreakerMove,
    Budget,
    ConnectionToken,
    Poll,
    PollHour,
    ProofOfDelivery,
    Subscription,
)
from tracking.models.sighting import Sighting

__all__ = [
    "Anomaly",
    "Breaker",
    "BreakerMove",
    "Budget",
    "Carrier",
    "CarrierCode",
    "ClearedBy",
    "Connection",
    "ConnectionSecret",
    "ConnectionToken",
    "DisruptionWindow",
    "Envelope",
    "EtaRevision",
    "FinishedJourney",
    "Order",
    "OrderCheck",
    "OrderLine",
    "Parcel",
    "ParcelCheck",
    "ParcelLine",
    "ParcelMilestone",
    "ParcelNumber",
    "Poll",
    "PollHour",
    "ProofOfDelivery",
    "Recognition",
    "Sighting",
    "Subscription",
    "Threshold",
    "TransitStat",
]
