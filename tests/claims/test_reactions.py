"""The room's doors to the outbox and the clock, with real deliveries."""

from __future__ import annotations

import pytest
from django.utils import timezone

from claims import reactions, tasks
from claims.models import Claim, Compensation, InternalNote
from claims.services import compensations
from claims.states import ClaimState
from portal.outbox.delivering import deliver_due
from portal.outbox.models import Delivery, Event
from tests.claims.banking import BankProcess
from tests.factories.claims import ClaimFactory, agent

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_recorded_screens_and_pays_the_claim(bank: BankProcess) -> None:
    filed = ClaimFactory.create(submitted=True)
    approved = ClaimFactory.create(approved=True)

    deliver_due(now=timezone.now())

    assert Claim.objects.get(pk=filed.pk).state == ClaimState.UNDER_REVIEW
    assert Claim.objects.get(pk=approved.pk).state == ClaimState.RESOLVED
    ours = Delivery.objects.filter(reaction__startswith="claims.")
    assert set(ours.values_list("state", flat=True)) == {"done"}
    assert len(bank.refunds(Compensation.objects.get().reference)) == 1


def test_a_retried_payment_is_sent_by_its_event(bank: BankProcess) -> None:
    claim = ClaimFactory.create(approved=True)
    bank.suffer("decline")
    deliver_due(now=timezone.now())
    compensation = Compensation.objects.get()
    assert Claim.objects.get(pk=claim.pk).state == ClaimState.COMPENSATION_FAILED

    compensations.retry(compensation=compensation, agent=agent(), now=timezone.now())
    deliver_due(now=timezone.now())

    assert Claim.objects.get(pk=claim.pk).state == ClaimState.RESOLVED


def test_the_sweep_pays_what_no_event_reached(bank: BankProcess) -> None:
    claim = ClaimFactory.create(approved=True)
    Delivery.objects.all().delete()

    tasks.look_after_payments()
    tasks.keep_time()
    tasks.clean_photos()

    assert Claim.objects.get(pk=claim.pk).state == ClaimState.RESOLVED


@pytest.mark.parametrize(
    ("trait", "word"), [("approved", "Money was agreed"), ("submitted", "before you decide")]
)
def test_a_lost_parcel_that_turns_up_is_remarked_once(trait: str, word: str) -> None:
    claim = ClaimFactory.create(**{trait: True})
    Claim.objects.filter(pk=claim.pk).update(reason="lost")
    facts = {
        "kind": "lost", "cleared_by": "news", "parcel_id": claim.parcel_id, "anomaly_id": 7,
        "status": "in_transit",
    }  # fmt: skip
    event = Event(name="tracking.anomaly_cleared", payload=facts)

    reactions.tell_of_a_find(event)
    reactions.tell_of_a_find(event)

    note = InternalNote.objects.get()
    assert (note.claim, note.author) == (claim, None)
    assert word in note.body
    english, chinese = note.body.splitlines()
    assert "On the way" in english
    assert "运输途中" in chinese


def test_an_episode_ended_by_hand_or_of_another_kind_is_not_remarked() -> None:
    claim = ClaimFactory.create(approved=True)
    Claim.objects.filter(pk=claim.pk).update(reason="lost")
    for kind, by in (("lost", "hand"), ("stalled", "news")):
        facts = {
            "kind": kind, "cleared_by": by, "parcel_id": claim.parcel_id, "anomaly_id": 7,
            "status": "in_transit",
        }  # fmt: skip
        reactions.tell_of_a_find(Event(name="tracking.anomaly_cleared", payload=facts))

    assert not InternalNote.objects.exists()
