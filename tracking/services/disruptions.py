"""Declare, change and end a disruption, and let every parcel it may touch be thought about anew."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from portal.lib import sql
from portal.outbox.recording import record
from tracking.events import DisruptionChanged
from tracking.expecting import UNDERWAY
from tracking.models import DisruptionWindow
from tracking.services import expecting, learning

BATCH = 500
"""Parcels thought about in one transaction."""


@transaction.atomic
def keep(*, window: DisruptionWindow, now: datetime) -> DisruptionWindow:
    """Save a new or changed disruption; what is expected of its parcels follows in a moment."""
    before = DisruptionWindow.objects.filter(pk=window.pk).values_list("carrier_id", flat=True)
    carriers = {*before, window.carrier_id}
    window.save()
    _tell(carriers, now)
    return window


@transaction.atomic
def drop(*, window: DisruptionWindow, now: datetime) -> None:
    """Take back a disruption that was declared by mistake."""
    carrier_id = window.carrier_id
    window.delete()
    _tell({carrier_id}, now)


@transaction.atomic
def follow(*, carrier_id: int | None, after: int, now: datetime) -> int:
    """
    Think anew about the next parcels under way, and pass the rest on; return how many there were.

    :param carrier_id: whose parcels; None for everybody's.
    :param after: the last parcel that was thought about.
    """
    ids = [
        one
        for (one,) in sql.rows(
            "SELECT id FROM tracking_parcel"
            " WHERE id > %(after)s AND status = ANY(%(underway)s)"
            " AND (%(carrier)s::bigint IS NULL OR carrier_id = %(carrier)s::bigint)"
            " ORDER BY id LIMIT %(limit)s",
            {
                "after": after,
                "underway": [str(status) for status in UNDERWAY],
                "carrier": carrier_id,
                "limit": BATCH,
            },
        )
    ]
    learning.forget()  # this process may have read the disruptions before this one
    expecting.reconsider(parcel_ids=ids, now=now)
    if len(ids) == BATCH:
        record(DisruptionChanged(carrier_id=carrier_id, after=ids[-1]), now=now)
    return len(ids)


def _tell(carriers: set[int | None], now: datetime) -> None:
    for carrier_id in {None} if None in carriers else carriers:
        record(DisruptionChanged(carrier_id=carrier_id, after=0), now=now)
