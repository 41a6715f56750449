"""
A carrier that exists only here: for demos, drills and tests.

It speaks the generic format under the generic seal, so whatever it proves holds for both. Its
journeys are in scenarios.py.
"""

from __future__ import annotations

from tracking.carriers import generic
from tracking.carriers.base import Capabilities

VERSION = 1
slug = "simulator"
capabilities = Capabilities(
    has_push=True, push_mode="account", has_event_id=True, gives_offset=True, batch_max=100
)

seal = generic.seal
verify = generic.verify
fault = generic.fault
acknowledge = generic.acknowledge
build_requests = generic.build_requests
parse = generic.parse
parse_push = generic.parse_push
