"""Royal Mail: summaries, events and signatures of the Tracking API, versions 2 and 3."""

from tracking.carriers.royalmail.calls import (
    acknowledge,
    ask_proof,
    build_requests,
    capabilities,
    seal,
    slug,
    verify,
)
from tracking.carriers.royalmail.codes import VERSION
from tracking.carriers.royalmail.reading import fault, parse, parse_proof, parse_push

__all__ = [
    "VERSION",
    "acknowledge",
    "ask_proof",
    "build_requests",
    "capabilities",
    "fault",
    "parse",
    "parse_proof",
    "parse_push",
    "seal",
    "slug",
    "verify",
]
