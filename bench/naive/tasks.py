"""One Celery message for each first arrival."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from portal.outbox.recording import record
from tracking.events import ParcelReached
from tracking.models import Parcel


@shared_task(ignore_result=True)
def announce(parcel_id: int, status: str, reached_at: str) -> None:
    """Record the same event that ours records."""
    parcel = Parcel.objects.select_related("order", "carrier").get(pk=parcel_id)
    items = [
        f"{line.order_line.title} × {line.quantity}"
        for line in parcel.lines.select_related("order_line")
    ]
    with transaction.atomic():
        record(
            ParcelReached(
                parcel_id=parcel.pk,
                token=parcel.token,
                number=parcel.number,
                carrier_en=parcel.carrier.name_en,
                carrier_zh=parcel.carrier.name_zh,
                order=parcel.order.number,
                to=parcel.order.shopper_id,
                language=parcel.order.language,
                status=status,
                reason="",
                leg=1,
                reached_at=reached_at,
                eta_from="",
                eta_to="",
                items=items,
            ),
            now=timezone.now(),
        )
