"""An order of which nothing has been packed yet: what is in it, and by when it should leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings

from tracking import troubles
from tracking.models import Order
from tracking.services import watching_rows as store
from tracking.services.journeys import Item
from tracking.services.notices import Notice, notice
from tracking.services.watching_book import own_calendar
from tracking.states import AnomalyKind


@dataclass(frozen=True, slots=True)
class Waiting:
    """Level DETAILS of an order without a parcel; ``leaves_by`` is never in the past."""

    order: str
    zone: tzinfo
    leaves_by: datetime | None
    notice: Notice | None
    items: tuple[Item, ...]


def waiting(*, order: str, now: datetime) -> Waiting:
    """Return what may be said of an order of which nothing has left, by its number."""
    row = Order.objects.get(number=order)
    zone = ZoneInfo(settings.TIME_ZONE)
    known = notice(order_id=row.pk, now=now, zone=zone)
    return Waiting(
        order=row.number,
        zone=zone,
        leaves_by=None if known else _leaves_by(row.placed_at, now=now),
        notice=known,
        items=tuple(
            Item(line.title, line.variant, line.quantity) for line in row.lines.order_by("position")
        ),
    )


def _leaves_by(placed_at: datetime, *, now: datetime) -> datetime | None:
    """Return when we should start to worry, by the same threshold that makes us notice."""
    pauses = troubles.standstill(
        store.windows(), carrier_id=0, countries=[settings.HOME_COUNTRY], places=""
    )
    ends = [
        troubles.wait(
            rule.amount, rule.unit, since=placed_at, calendar=own_calendar(), pauses=pauses
        )
        for rule in store.rules()
        if rule.kind == AnomalyKind.NOT_SHIPPED and rule.is_active and rule.tells_shopper
    ]
    due = min((end for end in ends if end is not None), default=None)
    return due if due is not None and due > now else None
