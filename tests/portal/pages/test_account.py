"""My orders, my claims and my letters."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from notifications.models import Preference
from portal.accounts.models import User
from tests.factories.claims import ClaimFactory, delivered_parcel
from tests.factories.tracking import NOON, ParcelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def somebody(client: Client) -> User:
    person = User.objects.create_user("someone@example.net")
    client.force_login(person)
    return person


class TestAccount:
    def test_sends_a_stranger_to_sign_in_and_back(self, client):
        answer = client.get(reverse("account"))

        assert answer["Location"] == f"{reverse('account_login')}?next=%2Faccount%2F"

    def test_says_what_will_appear_where_nothing_is(self, client, somebody):
        text = client.get(reverse("account")).content.decode()

        assert "No orders with this e-mail yet." in text
        assert "My claims" not in text

    def test_shows_only_ones_own_orders(self, client, somebody):
        other = delivered_parcel()

        assert other.number not in client.get(reverse("account")).content.decode()

    def test_puts_the_parcel_in_trouble_first(self, client):
        fine = delivered_parcel()
        client.force_login(fine.order.shopper)
        lost = ParcelFactory.create(order__shopper=fine.order.shopper, status="lost")

        text = client.get(reverse("account")).content.decode()

        assert text.index(lost.number) < text.index(fine.number)

    def test_puts_the_claim_that_waits_for_the_shopper_first(self, client):
        waiting = ClaimFactory.create(offered=True)
        newer = ClaimFactory.create(shopper=waiting.shopper, created_at=NOON)
        client.force_login(waiting.shopper)

        text = client.get(reverse("account")).content.decode()

        assert text.index(waiting.ref) < text.index(newer.ref)
        assert "your answer by" in text

    def test_costs_a_bounded_number_of_queries(self, client, django_assert_max_num_queries):
        claim = ClaimFactory.create(offered=True)
        client.force_login(claim.shopper)
        for _number in range(4):
            ParcelFactory.create(order__shopper=claim.shopper)

        with django_assert_max_num_queries(10):
            client.get(reverse("account"))


class TestLetters:
    def test_keeps_a_choice(self, client, somebody):
        answer = client.post(reverse("account-letters"), {})

        assert answer["Location"] == f"{reverse('account')}#letters"
        assert Preference.objects.get(person=somebody, kind="parcels").is_wanted is False

    def test_says_which_letters_must_be_sent_and_does_not_ask_about_them(self, client, somebody):
        client.post(reverse("account-letters"), {})

        text = client.get(reverse("account")).content.decode()
        assert "We must send these." in text
        assert not Preference.objects.filter(kind="claims").exists()
