"""Facts about parcels: orders, parcels, carriers, envelopes, sightings, anomalies."""

from tracking.models.anomaly import Anomaly
from tracking.models.carrier import Carrier, Connection, ConnectionSecret
from tracking.models.code import CarrierCode, Recognition
from tracking.models.envelope import Envelope
from tracking.models.order import Order, OrderLine
from tracking.models.parcel import Parcel, ParcelLine, ParcelMilestone, ParcelNumber
from tracking.models.sighting import Sighting

__all__ = [
    "Anomaly",
    "Carrier",
    "CarrierCode",
    "Connection",
    "ConnectionSecret",
    "Envelope",
    "Order",
    "OrderLine",
    "Parcel",
    "ParcelLine",
    "ParcelMilestone",
    "ParcelNumber",
    "Recognition",
    "Sighting",
]
