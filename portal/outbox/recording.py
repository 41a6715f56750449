"""Record what happened, in the same transaction, or refuse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
from django.db import connection, transaction

from portal.lib import sql
from portal.lib.events import DomainEvent
from portal.outbox import nudging, routes
from portal.outbox.models import Delivery, Event


class NotInTransaction(RuntimeError):
    """An event was recorded outside the transaction that makes it true."""


def record(*events: DomainEvent, now: datetime) -> list[Event]:
    """
    Keep the events and a delivery for each reaction; a worker is nudged after commit.

    :raises NotInTransaction: if no transaction is open, for then a crash could lose either half.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction("record() belongs inside the transaction that changed the facts")
    rows = _keep(events, now=now)
    table = routes.table()
    deliveries: Sequence[Delivery] = [
        Delivery(event=row, reaction=reaction, due_at=now)
        for row in rows
        for reaction in table.get(row.name, ())
    ]
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        transaction.on_commit(nudging.nudge_outbox)
    return rows


def _keep(events: Sequence[DomainEvent], *, now: datetime) -> list[Event]:
    """Store the events in one statement, however many there are."""
    payloads = [event.payload() for event in events]
    texts = [orjson.dumps(payload).decode() for payload in payloads]
    columns = sql.columns(
        zip((event.name for event in events), texts, strict=True), ("text", "text")
    )
    ids = sql.rows(
        "INSERT INTO outbox_event (name, payload, recorded_at)"  # noqa: S608 - our own columns
        " SELECT v.name, v.payload::jsonb,"
        f" %s::timestamptz FROM {sql.unnest(('text', 'text'))} AS v(name, payload) RETURNING id",
        (now, *columns),
    )
    return [
        Event(pk=pk, name=event.name, payload=payload, recorded_at=now)
        for (pk,), event, payload in zip(ids, events, payloads, strict=True)
    ]
