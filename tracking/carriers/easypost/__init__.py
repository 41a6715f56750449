"""EasyPost: trackers, their tracker events, and the errors of both."""

from tracking.carriers.easypost.calls import build_requests, read_subscription, subscribe
from tracking.carriers.easypost.codes import VERSION
from tracking.carriers.easypost.reading import parse, parse_push
from tracking.carriers.easypost.seal import (
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
