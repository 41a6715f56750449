"""One parcel, or one order, for each of the nine things that may go wrong."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

from claims.models import Claim
from claims.questions import QUESTIONS
from claims.services import claims
from claims.states import ClaimReason as R
from tests.factories.tracking import CarrierFactory, OrderFactory, OrderLineFactory, ParcelFactory
from tracking.models import Order, Parcel, ParcelLine, ParcelMilestone
from tracking.states import ParcelStatus as S
from tracking.states import Reason

DAY = timedelta(days=1)


def _sent(now: datetime, **facts: Any) -> Parcel:
    """Make a parcel of two cups that left four days ago; the facts say what became of it."""
    order = OrderFactory.create(
        placed_at=now - 20 * DAY,
        captured_minor=5_300,
        shipping_minor=500,
        recipient_name="林伟",
        address="海港街 1 号",
        city="波特兰",
    )
    line = OrderLineFactory.create(order=order, title="青瓷茶杯", quantity=2, price_minor=2_400)
    carrier = CarrierFactory.create(slug="harbour", name_en="Harbour Express", name_zh="港湾速运")
    parcel = ParcelFactory.create(
        order=order,
        carrier=carrier,
        **{
            "shipped_at": now - 16 * DAY,
            "promised_at": now - 10 * DAY,
            "status": S.IN_TRANSIT,
            "status_at": now - DAY,
            "last_scan_at": now - DAY,
            **facts,
        },
    )
    ParcelLine.objects.create(parcel=parcel, order_line=line, quantity=2)
    return parcel


def _delivered(now: datetime, *, ago: timedelta) -> Parcel:
    at = now - ago
    return _sent(
        now,
        status=S.DELIVERED,
        status_at=at,
        delivered_at=at,
        last_scan_at=at,
        promised_at=now + DAY,
    )


def _returned(now: datetime) -> Parcel:
    parcel = _sent(now, status=S.RETURNED, status_at=now - DAY)
    ParcelMilestone.objects.create(
        parcel=parcel, leg=1, status=S.RETURNED, reached_at=now - DAY, noticed_at=now - DAY
    )
    return parcel


def _unsent(now: datetime) -> Order:
    order = OrderFactory.create(placed_at=now - 20 * DAY, captured_minor=5_300, shipping_minor=500)
    OrderLineFactory.create(order=order, title="青瓷茶杯", quantity=2, price_minor=2_400)
    return order


WRONGS: dict[str, Callable[[datetime], Parcel | Order]] = {
    R.DAMAGED: lambda now: _delivered(now, ago=DAY),
    R.LOST: lambda now: _sent(now, last_scan_at=now - 8 * DAY),
    R.DELIVERED_NOT_RECEIVED: lambda now: _delivered(now, ago=3 * DAY),
    R.WRONG_ITEM: lambda now: _delivered(now, ago=DAY),
    R.MISSING_ITEM: lambda now: _delivered(now, ago=DAY),
    R.DELAYED: lambda now: _sent(now, promised_at=now - 4 * DAY),
    R.REFUSED: lambda now: _sent(
        now, status=S.ATTEMPT_FAILED, reason=Reason.REFUSED, status_at=now - DAY
    ),
    R.RETURNED_TO_SENDER: _returned,
    R.NOT_SHIPPED: _unsent,
}
"""By reason: makes what can be reported for it at this moment."""


def parcel_for(reason: str, now: datetime) -> Parcel:
    """Return what can be reported for a reason that is about a parcel."""
    wrong = WRONGS[reason](now)
    assert isinstance(wrong, Parcel)
    return wrong


def way_in(wrong: Parcel | Order) -> str:
    """Return the query of the report's first page."""
    if isinstance(wrong, Order):
        return f"order={wrong.number}"
    return f"parcel={wrong.token}"


def order_of(wrong: Parcel | Order) -> Order:
    """Return the order it is about."""
    return wrong if isinstance(wrong, Order) else wrong.order


def answers(reason: str) -> dict[str, str]:
    """Answer every question of a reason so that nothing stands in the way."""
    return {
        question.key: next(
            value for value, _words in question.choices if value not in question.blocks
        )
        for question in QUESTIONS.get(reason, ())
    }


def wanted(claim: Claim) -> tuple[dict[str, int], list[str]]:
    """Return how many photos of each kind the claim needs, and what is to be signed."""
    items = claims.checklist(claim=claim)
    photos = {
        item.ask.kind: item.ask.minimum for item in items if item.ask.minimum and not item.is_signed
    }
    return photos, [item.ask.kind for item in items if item.is_signed]


def picture(colour: int, *, side: int = 48) -> bytes:
    """Return a small JPEG; another number gives another picture."""
    buffer = io.BytesIO()
    shade = (colour * 67 % 256, colour * 131 % 256, colour * 29 % 256)
    Image.new("RGB", (side, side * 3 // 4), shade).save(buffer, "JPEG")
    return buffer.getvalue()
