"""The clock's and the nudge's way into the outbox."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from portal.outbox import delivering, nudging

_ROUND = 50
_SECONDS = 60.0


@shared_task(ignore_result=True)
def deliver(**_: object) -> None:
    """Deliver until nothing is due; any number of copies may run, and each soon makes room."""
    until = time.monotonic() + _SECONDS
    while delivering.deliver_due(now=timezone.now(), limit=_ROUND) == _ROUND:
        if time.monotonic() > until:
            nudging.nudge_outbox()
            return
