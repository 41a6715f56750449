"""What tracking does on the clock or when nudged."""

from __future__ import annotations

import time

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from portal.outbox.nudging import nudge
from tracking.services import (
    asking,
    expecting,
    intake,
    learning,
    poll_times,
    polling,
    proving,
    subscribing,
    watching,
)

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


@shared_task(ignore_result=True)
def poll_due(until: float = 0.0, **_: object) -> None:
    """
    Every half minute and when somebody asks: ask carriers about the parcels that are due.

    Where only a window of a few seconds has no room, the next round comes at once, so that no
    worker sleeps and a carrier that takes three calls a second is asked three times a second.
    """
    until = until or timezone.now().timestamp() + settings.POLL_SECONDS
    with asking.turn() as is_ours:
        is_short = is_ours and polling.poll(clock=timezone.now).is_short
    if is_short and timezone.now().timestamp() < until:
        nudge(polling.TASK, until=until)


@shared_task(ignore_result=True)
def subscribe_due(**_: object) -> None:
    """Every half minute: ask for pushes that must be asked for, or asked for again."""
    with asking.turn() as is_ours:
        if is_ours:
            subscribing.subscribe(clock=timezone.now)


@shared_task(ignore_result=True)
def fetch_proofs(**_: object) -> None:
    """Every minute: fetch what shows that parcels were handed over."""
    with asking.turn() as is_ours:
        if is_ours:
            proving.fetch(clock=timezone.now)


@shared_task(ignore_result=True)
def catch_up_polls(**_: object) -> None:
    """Every hour: begin asking about parcels that nobody could be asked about before."""
    ends = time.monotonic() + ROUND_SECONDS
    while poll_times.catch_up(now=timezone.now()) and time.monotonic() < ends:
        pass
