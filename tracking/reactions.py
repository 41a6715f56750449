"""What tracking does when something happened. Every reaction may run twice."""

from __future__ import annotations

from django.utils import timezone

from portal.outbox.models import Event
from tracking.services import codes, disruptions


def read_again(event: Event) -> None:
    """Read again what came with a code that staff have just explained."""
    codes.read_again(code_id=event.payload["code_id"], now=timezone.now())


def follow_disruption(event: Event) -> None:
    """Think anew about parcels that a disruption may hold up, or holds up no more."""
    disruptions.follow(
        carrier_id=event.payload["carrier_id"], after=event.payload["after"], now=timezone.now()
    )
