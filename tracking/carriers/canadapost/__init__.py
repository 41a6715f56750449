"""Canada Post: tracking details and summaries in XML."""

from tracking.carriers.canadapost.calls import (
    acknowledge,
    ask_proof,
    build_requests,
    capabilities,
    seal,
    slug,
    verify,
)
from tracking.carriers.canadapost.codes import VERSION
from tracking.carriers.canadapost.reading import fault, parse, parse_proof, parse_push

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
