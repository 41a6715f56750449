"""What tracking does on the clock or when nudged."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from portal.outbox.nudging import nudge
from tracking.services import intake

ROUND_SECONDS = 60.0


@shared_task(ignore_result=True)
def open_envelopes(**_: object) -> None:
    """Every few seconds and at each nudge: open what waits, until nothing does."""
    ends = time.monotonic() + ROUND_SECONDS
    while intake.open_waiting(now=timezone.now()):
        if time.monotonic() > ends:
            nudge(intake.TASK)
            return
