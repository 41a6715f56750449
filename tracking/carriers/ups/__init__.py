"""UPS: Track Alert pushes and answers of the Track API, version 1."""

from tracking.carriers.ups.calls import build_requests
from tracking.carriers.ups.codes import VERSION
from tracking.carriers.ups.reading import parse, parse_push
from tracking.carriers.ups.seal import acknowledge, capabilities, fault, seal, slug, verify

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
