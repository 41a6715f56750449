"""Facts about parcels: orders, parcels, carriers, envelopes, sightings, anomalies."""

from tracking.models.anomaly import Anomaly
from tracking.models.carrier import Carrier, Connection, ConnectionSecret
from tracking.models.envelope import Envelope
from tracking.models.order import Order, OrderLine
from tracking.models.parcel import Parcel, ParcelLine, ParcelMilestone
from tracking.models.sighting import Sighting

__all__ = [
    "Anomaly",
    "Carrier",
    "Connection",
    "ConnectionSecret",
    "Envelope",
    "Order",
    "OrderLine",
    "Parcel",
    "ParcelLine",
    "ParcelMilestone",
    "Sighting",
]
