"""The shopper's word on how a claim was handled: once it is over, kept for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from claims.models import Claim, ShopperRating
from claims.models.rating import RATINGS_MAX
from claims.services import rating
from claims.services.refusals import NotYours
from claims.states import ClaimState
from portal.accounts.models import User
from tests.factories.claims import DECIDED, ClaimFactory

pytestmark = pytest.mark.django_db
LATER = DECIDED + timedelta(days=1)


@pytest.fixture
def declined() -> Claim:
    made: Claim = ClaimFactory.create(rejected=True)
    return made


def rate(claim: Claim, stars: int, words: str = "", shopper: User | None = None) -> ShopperRating:
    return rating.rate(
        claim=claim, shopper=shopper or claim.shopper, stars=stars, words=words, now=LATER
    )


class TestRate:
    def test_keeps_the_stars_the_words_and_how_the_claim_had_ended(self, declined: Claim) -> None:
        rate(declined, 2, "  Slow, but kind. ")

        row = ShopperRating.objects.get()
        assert (row.claim, row.number, row.stars) == (declined, 1, 2)
        assert (row.words, row.state, row.made_at) == ("Slow, but kind.", "rejected", LATER)

    def test_another_mind_is_kept_beside_the_first_and_counts(self, declined: Claim) -> None:
        rate(declined, 1)
        rate(declined, 5, "You looked again.")

        stars = declined.shopper_ratings.order_by("number").values_list("stars", flat=True)
        assert list(stars) == [1, 5]
        assert rating.newest(declined) == declined.shopper_ratings.get(number=2)

    def test_the_same_twice_is_one(self, declined: Claim) -> None:
        assert rate(declined, 4, "Fine.") == rate(declined, 4, "Fine. ")

        assert ShopperRating.objects.count() == 1

    def test_is_changed_five_times_at_most(self, declined: Claim) -> None:
        for number in range(RATINGS_MAX):
            rate(declined, number % 5 + 1)

        with pytest.raises(rating.RatedEnough):
            rate(declined, 3, "Once more.")

        assert ShopperRating.objects.count() == RATINGS_MAX

    @pytest.mark.parametrize("stars", [0, 6, -1])
    def test_is_one_to_five(self, declined: Claim, stars: int) -> None:
        with pytest.raises(rating.NoStars):
            rate(declined, stars)

        assert not ShopperRating.objects.exists()

    def test_is_the_shoppers_own(self, declined: Claim) -> None:
        stranger = User.objects.create_user("someone@example.net")

        with pytest.raises(NotYours):
            rate(declined, 1, shopper=stranger)

        assert not ShopperRating.objects.exists()

    def test_nothing_is_rated_before_it_is_over(self) -> None:
        claim: Claim = ClaimFactory.create(offered=True)

        with pytest.raises(rating.NotOver):
            rate(claim, 5)

        assert not ShopperRating.objects.exists()

    @pytest.mark.parametrize("state", ClaimState)
    def test_is_asked_for_the_ends_that_we_brought_about(self, state: str) -> None:
        ends = {"resolved", "rejected", "closed"}

        assert rating.may_rate(Claim(state=state, decided_at=DECIDED)) is (state in ends)

    def test_what_was_closed_without_a_decision_is_not_rated(self) -> None:
        assert not rating.may_rate(Claim(state=ClaimState.CLOSED))

    @pytest.mark.parametrize(
        "change", [{"stars": 5}, {"words": ""}, {"claim": 1}], ids=["stars", "words", "claim"]
    )
    def test_nobody_rewrites_it(self, declined: Claim, change: dict[str, object]) -> None:
        rate(declined, 1, "Bad.")
        change = {"claim": declined.pk} if "claim" in change else change

        with pytest.raises(DatabaseError), transaction.atomic():
            ShopperRating.objects.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            ShopperRating.objects.all().delete()

        assert ShopperRating.objects.get().stars == 1
