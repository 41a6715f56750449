"""The clock's and the nudge's way to the letters and the webhooks."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from notifications.services import dispatching, letters
from portal.outbox.nudging import nudge

_ROUND = 20
_CALLS = 100
_SECONDS = 60.0


@shared_task(name="notifications.tasks.send_due", ignore_result=True)
def send_due(**_: object) -> None:
    """Send until nothing is due; any number of copies may run, and each soon makes room."""
    until = time.monotonic() + _SECONDS
    while letters.send_due(now=timezone.now(), limit=_ROUND) == _ROUND:
        if time.monotonic() > until:
            nudge("notifications.tasks.send_due")
            return


@shared_task(name="notifications.tasks.send_webhooks", ignore_result=True)
def send_webhooks(**_: object) -> None:
    """Send until nothing is due; while one copy does, the others go home at once."""
    until = time.monotonic() + _SECONDS
    while dispatching.send_due(now=timezone.now(), limit=_CALLS) == _CALLS:
        if time.monotonic() > until:
            nudge("notifications.tasks.send_webhooks")
            return
