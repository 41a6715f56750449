"""UPS: Track Alert pushes, answers of the Track API, version 1, and its retired XML answers."""

from tracking.carriers.ups.calls import build_requests, read_token, subscribe, token_request
from tracking.carriers.ups.codes import VERSION
from tracking.carriers.ups.reading import parse, parse_push, read_subscription
from tracking.carriers.ups.seal import acknowledge, capabilities, fault, seal, slug, verify

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
