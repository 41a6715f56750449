"""DHL: Shipment Tracking Unified, its pushes, and answers of the older DHL Express XML service."""

from tracking.carriers.dhl.calls import build_requests
from tracking.carriers.dhl.codes import VERSION
from tracking.carriers.dhl.reading import parse, parse_push
from tracking.carriers.dhl.seal import acknowledge, capabilities, fault, seal, slug, verify

__all__ = [
    "VERSION",
    "acknowledge",
    "build_requests",
    "capabilities",
    "fault",
    "parse",
    "parse_push",
    "seal",
    "slug",
    "verify",
]
