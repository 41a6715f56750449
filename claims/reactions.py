"""What claims do when something happened. Every reaction may run twice."""

from __future__ import annotations

from django.utils import timezone

from claims.models import Claim
from claims.services import (
    auditing,
    claims,
    compensations,
    conversation,
    evidence,
    inbound,
    opening,
    risking,
)
from portal.outbox.models import Event


def open_for_loss(event: Event) -> None:
    """Open a claim for a parcel that is taken for lost, for the shopper to send."""
    facts = event.payload
    if facts["parcel_id"] and facts["kind"] in opening.LOST:
        opening.open_for_loss(anomaly_id=facts["anomaly_id"], now=timezone.now())


def let_go(event: Event) -> None:
    """Take back an unsent claim that we opened for a parcel that has been found."""
    facts = event.payload
    if facts["kind"] in opening.LOST and facts["cleared_by"] != "hand":
        opening.let_go(anomaly_id=facts["anomaly_id"], now=timezone.now())


def screen(event: Event) -> None:
    """Look a new claim over."""
    claims.screen(claim=Claim.objects.get(pk=event.payload["claim_id"]), now=timezone.now())


def rate_around(event: Event) -> None:
    """Look again at open claims around a new one: together they may say more."""
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    risking.rate_around(claim=claim, now=timezone.now())


def pick_for_audit(event: Event) -> None:
    """Put some automatic approvals before a person afterwards; no money waits for it."""
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    auditing.pick(claim=claim, now=timezone.now())


def clean_photo(event: Event) -> None:
    """Clean a photo that has just arrived, and go on with a claim that only waited for it."""
    photo = evidence.clean(evidence_id=event.payload["evidence_id"], now=timezone.now())
    risking.rate_again(claim=photo.claim, now=timezone.now())
    claims.look_again(claim=photo.claim, now=timezone.now())


def pay(event: Event) -> None:
    """Send the money of an approved claim, or send a failed payment again."""
    compensations.send(compensation_id=event.payload["compensation_id"], now=timezone.now())


def tell_of_a_find(event: Event) -> None:
    """Tell the desk when a parcel that was taken for lost is seen again."""
    facts = event.payload
    if facts["kind"] in {"lost", "suspected_lost"} and facts["cleared_by"] != "hand":
        conversation.remark_found(
            parcel_id=facts["parcel_id"],
            episode=facts["anomaly_id"],
            status=facts["status"],
            now=timezone.now(),
        )


def read_mail(event: Event) -> None:
    """Put an e-mail that has come where it belongs."""
    inbound.handle(mail_id=event.payload["mail_id"], now=timezone.now())
