"""What the demo does on the clock."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from portal.ops.story import harbour


@shared_task(ignore_result=True)
def hurry(**_: object) -> None:
    """Every few seconds, in the demo only: let the pretend carrier's time go fast."""
    harbour.hurry(now=timezone.now())
