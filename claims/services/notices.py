"""Payment providers' webhooks: kept once, and a reason to look, never the truth itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from claims.gateways import registry
from claims.gateways.base import Outcome
from claims.models import Compensation, GatewayNotice
from claims.services import compensations

log = logging.getLogger(__name__)

_PAUSES = tuple(timedelta(seconds=s) for s in (2, 10, 60, 600, 3600))
_LOOKS_MAX = 40
_HOLD = timedelta(minutes=2)


def receive(*, gateway: str, body: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """
    Keep a webhook whose seal is right; False if this event was kept before.

    :raises KeyError: if there is no such gateway.
    :raises WrongSeal: if the provider did not sign it.
    :raises BadNotice: if it says nothing we understand.
    """
    notice = registry.get(gateway).read_notice(body=body, headers=headers, now=now)
    try:
        with transaction.atomic():
            GatewayNotice.objects.create(
                gateway=gateway,
                event_id=notice.event_id,
                reference=notice.reference,
                body=body,
                received_at=now,
                due_at=now,
            )
    except IntegrityError:
        return False
    return True


def handle_waiting(*, now: datetime, limit: int = 100) -> int:
    """Look at the payments that notices are about; return how many were due."""
    for count in range(limit):
        notice = _claim_one(now)
        if notice is None:
            return count
        try:
            error = _handle(notice, now)
        except Exception as trouble:
            log.exception("notice %s could not be handled", notice)
            error = f"{type(trouble).__name__}: {trouble}"[:500]
        waiting = GatewayNotice.objects.filter(pk=notice.pk)
        if error and notice.looks < _LOOKS_MAX:
            waiting.update(error=error, due_at=now + _PAUSES[min(notice.looks, len(_PAUSES) - 1)])
        else:
            waiting.update(error=error, handled_at=now)
    return limit


@transaction.atomic(durable=True)
def _claim_one(now: datetime) -> GatewayNotice | None:
    notice = (
        GatewayNotice.objects.filter(handled_at=None, due_at__lte=now)
        .order_by("due_at", "pk")
        .select_for_update(skip_locked=True)
        .first()
    )
    if notice is not None:
        GatewayNotice.objects.filter(pk=notice.pk).update(due_at=now + _HOLD, looks=F("looks") + 1)
    return notice


def _handle(notice: GatewayNotice, now: datetime) -> str:
    """Ask the provider about the payment; return what is still in the way, or nothing."""
    try:
        reference = UUID(notice.reference)
    except ValueError:
        reference = None
    compensation = reference and Compensation.objects.filter(reference=reference).first()
    if not compensation:
        # Reconciliation names it; money that is not ours to explain is never moved again.
        return "no payment of ours carries this reference"
    answer = compensations.look_up(compensation_id=compensation.pk, now=now)
    if answer is None:
        return "the provider does not know the payment that it told us of"
    if answer.outcome == Outcome.UNKNOWN:
        return f"the provider could not be asked: {answer.error}"
    return ""
