"""Record what happened, in the same transaction, or refuse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

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
    rows = Event.objects.bulk_create(
        Event(name=event.name, payload=event.payload(), recorded_at=now) for event in events
    )
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
