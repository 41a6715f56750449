"""FedEx: the Track API and its pushes, proofs of delivery, and answers of the old XML service."""

from tracking.carriers.fedex.calls import (
    ask_proof,
    build_requests,
    parse_proof,
    read_token,
    token_request,
)
from tracking.carriers.fedex.codes import VERSION
from tracking.carriers.fedex.reading import parse, parse_push
from tracking.carriers.fedex.seal import acknowledge, capabilities, fault, seal, slug, verify

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
    "read_token",
    "seal",
    "slug",
    "token_request",
    "verify",
]
