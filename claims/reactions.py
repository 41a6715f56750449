"""What claims do when something happened. Every reaction may run twice."""

from __future__ import annotations

from django.utils import timezone

from claims.models import Claim
from claims.services import claims, compensations, evidence
from portal.outbox.models import Event


def screen(event: Event) -> None:
    """Look a new claim over."""
    claims.screen(claim=Claim.objects.get(pk=event.payload["claim_id"]), now=timezone.now())


def clean_photo(event: Event) -> None:
    """Clean a photo that has just arrived."""
    evidence.clean(evidence_id=event.payload["evidence_id"], now=timezone.now())


def pay(event: Event) -> None:
    """Send the money of an approved claim, or send a failed payment again."""
    compensations.send(compensation_id=event.payload["compensation_id"], now=timezone.now())
