"""Ship24: tracking results, their pushes, trackers, and the errors of all."""

from tracking.carriers.ship24.calls import build_requests, read_subscription, subscribe
from tracking.carriers.ship24.codes import VERSION
from tracking.carriers.ship24.reading import parse, parse_push
from tracking.carriers.ship24.seal import (
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
