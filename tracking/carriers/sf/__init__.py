"""SF Express (顺丰): pushes of routes and answers of 丰桥, and of the two interfaces before it."""

from tracking.carriers.sf.calls import build_requests
from tracking.carriers.sf.codes import VERSION
from tracking.carriers.sf.reading import parse, parse_push
from tracking.carriers.sf.seal import (
    acknowledge,
    capabilities,
    fault,
    reply,
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
    "reply",
    "seal",
    "slug",
    "verify",
]
