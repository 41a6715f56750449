"""Bodies in our generic format, as a carrier would push them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

from tests.factories.tracking import NOON
from tracking.models import Connection, Envelope
from tracking.services import intake
from tracking.states import EnvelopeSource

JOURNEY = ("info_received", "picked_up", "in_transit", "out_for_delivery", "delivered")


def event(status: str, *, at: datetime, **facts: Any) -> dict[str, Any]:
    """Return one event; its id follows from status and time."""
    return {
        "id": f"{status}@{at:%m%d%H%M}",
        "occurred_at": at.isoformat(),
        "status": status,
        "text": f"Parcel {status}",
        "location": "Louisville, KY",
        **facts,
    }


def journey(*, ends: datetime = NOON, steps: tuple[str, ...] = JOURNEY) -> list[dict[str, Any]]:
    """Return events an hour apart, the last one at ``ends``."""
    first = ends - timedelta(hours=len(steps) - 1)
    return [event(step, at=first + timedelta(hours=n)) for n, step in enumerate(steps)]


def body(number: str, events: list[dict[str, Any]], **facts: Any) -> bytes:
    """Return one pushed body about one parcel."""
    return orjson.dumps({"parcels": [{"number": number, "events": events, **facts}]})


def put(
    connection: Connection | None,
    text: bytes,
    *,
    now: datetime = NOON,
    source: EnvelopeSource = EnvelopeSource.PUSH,
) -> Envelope:
    """Lay a body into the inbox as the door does."""
    assert connection is not None
    intake.accept(connection_id=connection.pk, body=text, headers={}, source=source, now=now)
    return Envelope.objects.order_by("-pk")[0]


def drain(*, now: datetime = NOON) -> int:
    """Open everything that waits."""
    total = 0
    while taken := intake.open_waiting(now=now):
        total += taken
    return total
