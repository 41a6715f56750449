"""
Watch parcels and orders in silence: notice what does not happen, in time and once.

A narrow row a parcel says when to look again: when the first of its clocks would run out, and
once a day at least, so that a changed threshold, calendar or disruption reaches everything within
a day. What looking finds is pure (``tracking.troubles``); what is found is written by
``noticing``. News ends what it explains at once, in the transaction that stores it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from tracking.models.anomaly import ClearedBy
from tracking.services import watching_orders, watching_parcels
from tracking.services import watching_rows as store
from tracking.services.notices import Notice, notice
from tracking.services.watching_rows import Seen, SeenOrder
from tracking.states import SOFT_TERMINAL, TIMED, ParcelStatus

if TYPE_CHECKING:
    from tracking.services.announcing import Changed

__all__ = [
    "Notice", "await_parcels", "begin", "hear", "look_at_orders", "notice", "see_sent", "sweep",
]  # fmt: skip

S = ParcelStatus

BATCH = 1000
PROMPT = frozenset({S.ATTEMPT_FAILED, S.CUSTOMS, S.AVAILABLE_FOR_PICKUP})
"""Statuses with clocks of their own: a parcel that comes to one is looked at soon."""


def begin(*, parcel_id: int, now: datetime) -> None:
    """Watch a parcel that has been registered."""
    store.watch_parcels([parcel_id], at=now)


@transaction.atomic
def see_sent(*, order_id: int, now: datetime) -> None:
    """Take note that an order has a parcel."""
    look_at_orders(store.watched_orders([order_id]), now=now, how=ClearedBy.NEWS)


def await_parcels(*, order_id: int, now: datetime) -> None:
    """Watch an order that has been registered without a parcel."""
    store.watch_orders([order_id], at=now)


def hear(*, changed: Sequence[Changed], revised: Sequence[int] = (), now: datetime) -> None:
    """
    Follow a batch of news: end what it explains, and see to it that the rest is looked at.

    ``revised`` names parcels of which only the expected date is new.
    """
    status = {one.parcel.id: str(one.journey.status) for one in changed}
    ids = [*status, *revised]
    if not ids:
        return
    known = store.watched(ids, TIMED)
    soon, over, again = [], [], []
    for parcel_id in ids:
        check_at, is_open = known[parcel_id]
        now_in = status.get(parcel_id, "")
        if is_open:
            again.append(parcel_id)
        if now_in in SOFT_TERMINAL:
            if check_at is not None:
                over.append(parcel_id)
        elif check_at is None or (now_in in PROMPT and check_at > now):
            soon.append(parcel_id)
    store.watch_parcels(soon, at=now)
    store.forget_parcels(over)
    if again:
        watching_parcels.look(store.parcels(again), now=now, how=ClearedBy.NEWS)


def sweep(*, now: datetime, limit: int = BATCH) -> int:
    """
    Look at parcels and orders that are due, and return how many that were.

    Any number of workers may do this at once: what one holds the others leave.
    """
    with transaction.atomic():
        due = store.claim_parcels(now=now, limit=limit)
        if due:
            _sweep(due, now=now)
    with transaction.atomic():
        orders = store.claim_orders(now=now, limit=limit)
        look_at_orders(orders, now=now, how=ClearedBy.RULE)
    return len(due) + len(orders)


def _sweep(due: Sequence[Seen], *, now: datetime) -> None:
    """Look at parcels whose places on the list we hold; most need nothing."""
    checks, over, rest = watching_parcels.sift(due, now=now)
    held = store.lock_parcels(rest)
    more, done = watching_parcels.look(held, now=now, how=ClearedBy.RULE)
    # News is being stored of the others: it comes first, and they come again.
    missed = set(rest).difference(one.id for one in held)
    again = [(one.id, now + watching_parcels.SOON, one.lane) for one in due if one.id in missed]
    store.put_off([*checks, *more, *again])
    store.forget_parcels([*over, *done])


def look_at_orders(orders: Sequence[SeenOrder], *, now: datetime, how: ClearedBy) -> None:
    """Look at orders that we hold locked, and keep when to look again."""
    if orders:
        checks, over = watching_orders.look(orders, now=now, how=how)
        store.put_off_orders(checks)
        store.forget_orders(over)
