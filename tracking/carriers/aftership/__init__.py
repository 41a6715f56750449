"""AfterShip: trackings of API 2025-01 and v4, their pushes, and the errors of both."""

from tracking.carriers.aftership.calls import build_requests, read_subscription, subscribe
from tracking.carriers.aftership.codes import VERSION
from tracking.carriers.aftership.reading import parse, parse_push
from tracking.carriers.aftership.seal import (
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
