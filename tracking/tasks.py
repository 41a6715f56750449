"""What tracking does on the clock or when nudged."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from portal.outbox.nudging import nudge
from tracking.services import expecting, intake, learning, watching

ROUND_SECONDS = 60.0


@shared_task(ignore_result=True)
def open_envelopes(**_: object) -> None:
    """Every few seconds and at each nudge: open what waits, until nothing does."""
    ends = time.monotonic() + ROUND_SECONDS
    while intake.open_waiting(now=timezone.now()):
        if time.monotonic() > ends:
            nudge(intake.TASK)
            return


@shared_task(ignore_result=True)
def learn_transit_times(**_: object) -> None:
    """Every few minutes: learn from deliveries that have stood for a day."""
    ends = time.monotonic() + ROUND_SECONDS
    while learning.learn(now=timezone.now()) and time.monotonic() < ends:
        pass


@shared_task(ignore_result=True)
def expect_again(**_: object) -> None:
    """Every few minutes: think anew about silent parcels that our window has gone by."""
    ends = time.monotonic() + ROUND_SECONDS
    while expecting.look_again(now=timezone.now()) and time.monotonic() < ends:
        pass


@shared_task(ignore_result=True)
def watch(**_: object) -> None:
    """Every minute: look at what has been silent for too long, until nothing is due."""
    ends = time.monotonic() + ROUND_SECONDS
    while watching.sweep(now=timezone.now()):
        if time.monotonic() > ends:
            return
