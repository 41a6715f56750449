from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction

from portal.outbox.models import Delivery, DeliveryState, Event
from portal.outbox.recording import NotInTransaction, record
from tests.portal.outbox.wired import ParcelFell, ParcelRose

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)


class TestRecord:
    @pytest.mark.django_db(transaction=True)
    def test_refuses_outside_a_transaction_and_leaves_no_trace(self) -> None:
        with pytest.raises(NotInTransaction):
            record(ParcelFell(number="A1"), now=NOW)

        assert not Event.objects.exists()
        assert not Delivery.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_vanishes_with_the_transaction_that_made_it_true(self) -> None:
        with transaction.atomic():
            record(ParcelFell(number="A1"), now=NOW)
            transaction.set_rollback(True)

        assert not Event.objects.exists()

    @pytest.mark.django_db
    def test_keeps_the_facts_and_one_delivery_for_each_reaction(self) -> None:
        record(ParcelFell(number="A1"), ParcelRose(number="B2"), now=NOW)

        assert list(Event.objects.order_by("pk").values_list("name", "payload")) == [
            ("test.parcel_fell", {"number": "A1"}),
            ("test.parcel_rose", {"number": "B2"}),
        ]
        assert sorted(Delivery.objects.values_list("event__name", "reaction", "state")) == [
            ("test.parcel_fell", "tests.portal.outbox.wired.notice", DeliveryState.WAITING),
            ("test.parcel_rose", "tests.portal.outbox.wired.cheer", DeliveryState.WAITING),
            ("test.parcel_rose", "tests.portal.outbox.wired.notice", DeliveryState.WAITING),
        ]
