"""Kuaidi100 (快递100): subscription pushes and answers to queries, for most Chinese couriers."""

from tracking.carriers.kuaidi100.calls import build_requests, subscribe
from tracking.carriers.kuaidi100.codes import VERSION
from tracking.carriers.kuaidi100.reading import parse, parse_push, read_subscription
from tracking.carriers.kuaidi100.seal import (
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
