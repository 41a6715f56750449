"""The claim page asks how it was handled, once there is something to judge."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from claims.models import Claim, ShopperRating
from portal.accounts.models import User
from tests.factories.claims import DECIDED, ClaimFactory

pytestmark = pytest.mark.django_db
ASKED = "How did we handle this claim?"


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(DECIDED + timedelta(hours=1), tick=False):
        yield


@pytest.fixture
def declined(client: Client) -> Claim:
    claim: Claim = ClaimFactory.create(rejected=True)
    client.force_login(claim.shopper)
    return claim


def url(claim: Claim, name: str = "claim-rating") -> str:
    return reverse(name, args=[claim.ref])


class TestRating:
    def test_is_asked_on_the_page_of_a_claim_that_is_over(
        self, client: Client, declined: Claim
    ) -> None:
        page = client.get(url(declined, "claim")).content.decode()

        assert ASKED in page
        assert page.index("Very well") < page.index("Very badly")

    def test_is_not_asked_before(self, client: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        client.force_login(claim.shopper)

        assert ASKED not in client.get(url(claim, "claim")).content.decode()
        assert client.get(url(claim))["Location"] == url(claim, "claim")
        assert client.post(url(claim), {"stars": "5"})["Location"] == url(claim, "claim")
        assert not ShopperRating.objects.exists()

    def test_is_kept_said_back_and_may_be_changed(self, client: Client, declined: Claim) -> None:
        answer = client.post(url(declined), {"stars": "2", "words": "Slow <b>and</b> cold"})

        assert answer["Location"] == url(declined, "claim")
        page = client.get(url(declined, "claim")).content.decode()
        assert "You said: Badly. Thank you." in page
        assert "Slow &lt;b&gt;and&lt;/b&gt; cold" in page
        assert ASKED not in page
        again = client.get(url(declined)).content.decode()
        assert 'value="2" id="id_stars_2" checked' in again
        assert "Change your rating" in again

    def test_without_a_choice_says_so_and_keeps_the_words(
        self, client: Client, declined: Claim
    ) -> None:
        answer = client.post(url(declined), {"words": "It took three weeks."})

        page = answer.content.decode()
        assert answer.status_code == 422
        assert 'href="#id_stars_5"' in page
        assert page.count("Choose how we did, from very badly to very well.") == 2
        assert "It took three weeks.</textarea>" in page
        assert not ShopperRating.objects.exists()

    @pytest.mark.parametrize("stars", ["0", "6", "five", "٥", "1.5"])
    def test_takes_only_what_was_offered(self, client: Client, declined: Claim, stars: str) -> None:
        assert client.post(url(declined), {"stars": stars}).status_code == 422
        assert not ShopperRating.objects.exists()

    def test_words_without_end_are_refused_and_kept(self, client: Client, declined: Claim) -> None:
        answer = client.post(url(declined), {"stars": "3", "words": "a" * 2001})

        assert answer.status_code == 422
        assert "Keep what you say to 2,000 characters" in answer.content.decode()
        assert "a" * 2001 in answer.content.decode()

    def test_a_stranger_rates_nothing(self, client: Client, declined: Claim) -> None:
        client.force_login(User.objects.create_user("someone@example.net"))

        assert client.post(url(declined), {"stars": "1"}).status_code == 403
        assert not ShopperRating.objects.exists()
