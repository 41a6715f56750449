"""
A carrier that exists only here: for demos, drills and tests.

It speaks the generic format under the generic seal, so whatever it proves holds for both. Its
journeys are in scenarios.py.
"""

from __future__ import annotations

from tracking.carriers import generic
from tracking.carriers.base import Capabilities, careful, read_json
from tracking.scans import Reading

slug = "simulator"
capabilities = Capabilities(
    has_push=True, push_mode="account", has_event_id=True, gives_offset=True, batch_max=100
)

seal = generic.seal
verify = generic.verify
fault = generic.fault
acknowledge = generic.acknowledge
build_requests = generic.build_requests


@careful
def parse(body: bytes) -> Reading:
    """Read one body; the courier is ours unless it says another."""
    return generic.read(read_json(body), default_carrier=slug)


parse_push = parse
