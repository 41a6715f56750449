"""Direct the pretend carrier: what it carries, how its parcels move, and how fast time goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from portal.lib import http, sql
from portal.outbox.nudging import nudge
from tracking.carriers import simulator
from tracking.models import Connection
from tracking.services import credentials, polling

SLUG = "harbour"
"""The connection whose parcels are asked about; those of the other are pushed."""
PACE = 1080
"""In the demo three hours of the pretend carrier's take ten seconds."""

Script = tuple[str, Sequence[tuple[datetime, dict[str, Any]]]]
"""A number, and (moment, entry): what is told of it from then on."""


def is_played() -> bool:
    """Test whether somebody plays the pretend carrier here."""
    return bool(settings.HARBOUR_URL)


def connect() -> Connection:
    """Make the connection by which it is asked, and point it to where it answers now."""
    connection, _is_new = Connection.objects.get_or_create(
        slug=SLUG, defaults={"label": "Harbour Express (asked)", "adapter": simulator.slug}
    )
    if is_played():
        connection.settings = {**connection.settings, "host": settings.HARBOUR_URL}
        connection.save(update_fields=["settings"])
        credentials.keep(connection=connection, values={"key": settings.HARBOUR_KEY})
    return connection


def ship(parcels: Iterable[Script]) -> None:
    """Have it carry parcels that move by themselves; nothing where nobody plays it."""
    order = [
        {
            "number": number,
            "script": [{"at": at.timestamp(), **entry} for at, entry in script],
        }
        for number, script in parcels
    ]
    if not order or not is_played():
        return
    with http.client() as line:
        line.post(
            f"{settings.HARBOUR_URL}/parcels",
            json={"parcels": order},
            headers={"Authorization": f"Bearer {settings.HARBOUR_KEY}"},
        ).raise_for_status()


def hurry(*, now: datetime, pace: int = PACE) -> int:
    """
    Let its parcels fall due ``pace`` times as soon as a real carrier's; return how many did.

    Nothing else about polling changes: which of them comes first, the budgets, and the pause that
    the carrier wants between two questions about one number.
    """
    moved = sql.rows(
        "UPDATE tracking_poll q SET due_at = %(now)s FROM tracking_connection c"
        " WHERE c.id = q.connection_id AND c.adapter = %(adapter)s AND c.is_active"
        " AND c.credentials IS NOT NULL AND q.due_at > %(now)s"
        " AND (q.polled_at IS NULL OR (q.polled_at <= %(now)s - %(pause)s"
        " AND q.due_at <= q.polled_at + (%(now)s - q.polled_at) * %(pace)s))"
        " AND (q.leased_until IS NULL OR q.leased_until <= %(now)s) RETURNING q.id",
        {
            "now": now,
            "adapter": simulator.slug,
            "pause": simulator.capabilities.min_poll_interval,
            "pace": pace,
        },
    )
    if moved:
        nudge(polling.TASK)
    return len(moved)
