"""
A carrier that exists only here: for demos, drills and tests.

It speaks the generic format under the generic seal, so whatever it proves holds for both. Its
journeys are in scenarios.py, and its other side, which can be asked, in harbour.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from tracking.carriers import generic, harbour
from tracking.carriers.base import Ask, Capabilities, HttpRequest, Quota

VERSION = 1
slug = "simulator"
capabilities = Capabilities(
    has_push=True,
    push_mode="account",
    has_event_id=True,
    gives_offset=True,
    batch_max=harbour.BATCH,
    quotas=tuple(Quota(*quota) for quota in harbour.QUOTAS),
    min_poll_interval=timedelta(seconds=5),
    credentials=("key",),
    options=("host",),
)

seal = generic.seal
verify = generic.verify
fault = generic.fault
acknowledge = generic.acknowledge
parse = generic.parse
parse_push = generic.parse_push


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """Return one call about up to fifty parcels; none without a ``host``, for it has no house."""
    host = settings.get("host")
    if not host:
        return ()
    size = capabilities.batch_max
    return [
        HttpRequest(
            method="POST",
            url=f"{host}/track",
            headers={
                "Authorization": f"Bearer {settings.get('key', '')}",
                "Content-Type": "application/json",
            },
            body=orjson.dumps({"numbers": [ask.number for ask in asks[start : start + size]]}),
        )
        for start in range(0, len(asks), size)
    ]
