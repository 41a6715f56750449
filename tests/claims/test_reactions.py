"""The room's doors to the outbox and the clock, with real deliveries."""

from __future__ import annotations

import pytest
from django.utils import timezone

from claims import tasks
from claims.models import Claim, Compensation
from claims.services import compensations
from claims.states import ClaimState
from portal.outbox.delivering import deliver_due
from portal.outbox.models import Delivery
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
