"""The clock's door into claims: each task is one errand that may run twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from claims.services import (
    clock,
    compensations,
    evidence,
    forecasting,
    inbound,
    notices,
    risking,
    watching_agents,
)


@shared_task(ignore_result=True)
def look_after_payments(**_: object) -> None:
    """Look after payments whose outcome is open and the notices about them."""
    notices.handle_waiting(now=timezone.now())
    compensations.look_after(now=timezone.now())


@shared_task(ignore_result=True)
def keep_time(**_: object) -> None:
    """Every minute: remind, expire, close."""
    clock.keep_time(now=timezone.now())


@shared_task(ignore_result=True)
def forecast(**_: object) -> None:
    """Every five minutes: what will be late at the desk's present pace."""
    forecasting.forecast(now=timezone.now())


@shared_task(ignore_result=True)
def clean_photos(**_: object) -> None:
    """Clean photos whose event was lost on the way; look again at those not known well enough."""
    evidence.clean_waiting(now=timezone.now())
    evidence.look_again()


@shared_task(ignore_result=True)
def rate_again(**_: object) -> None:
    """Rate claims again whose photos have come since."""
    risking.rate_waiting(now=timezone.now())


@shared_task(ignore_result=True)
def watch_agents(**_: object) -> None:
    """Every hour: look for what is unusual in the desk's own decisions."""
    watching_agents.watch(now=timezone.now())


@shared_task(ignore_result=True)
def read_mails(**_: object) -> None:
    """Read e-mails whose event was lost on the way."""
    inbound.handle_waiting(now=timezone.now())
