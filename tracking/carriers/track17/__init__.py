"""17TRACK, version 2.4: pushes, answers and registrations, for some 3,000 carriers."""

from tracking.carriers.track17.calls import build_requests, subscribe
from tracking.carriers.track17.codes import VERSION
from tracking.carriers.track17.reading import parse, parse_push, read_subscription
from tracking.carriers.track17.seal import (
    acknowledge,
    capabilities,
    fault,
    seal,
    slug,
    verify,
)

__all__ = [
    "VERSION",
    "acknowledge",
    "build_requests",
    "capabilities",
    "fault",
    "parse",
    "parse_push",
    "read_subscription",
    "seal",
    "slug",
    "subscribe",
    "verify",
]
