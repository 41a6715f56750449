"""USPS: the Tracking API version 3, its subscriptions, and answers of the old XML tools."""

from tracking.carriers.usps.calls import (
    build_requests,
    read_subscription,
    read_token,
    subscribe,
    token_request,
)
from tracking.carriers.usps.codes import VERSION
from tracking.carriers.usps.reading import parse, parse_push
from tracking.carriers.usps.seal import acknowledge, capabilities, fault, seal, slug, verify

__all__ = [
    "VERSION",
    "acknowledge",
    "build_requests",
    "capabilities",
    "fault",
    "parse",
    "parse_push",
    "read_subscription",
    "read_token",
    "seal",
    "slug",
    "subscribe",
    "token_request",
    "verify",
]
