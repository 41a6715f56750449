"""A rating is a kept fact: the same facts make one row, and no rule is ever a refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from claims.models import Claim, RiskRating
from claims.services import risking
from tests.factories.claims import DECIDED, REVIEWED, ClaimFactory

pytestmark = pytest.mark.django_db


class TestRate:
    def test_calls_a_first_ordinary_claim_nothing_unusual(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        rating = risking.rate(claim=claim, now=REVIEWED)

        assert (rating.score, rating.band, rating.signals) == (0, "low", [])

    def test_makes_one_row_of_the_same_facts(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        first = risking.rate(claim=claim, now=REVIEWED)
        again = risking.rate(claim=claim, now=REVIEWED + timedelta(minutes=5))

        assert first.pk == again.pk
        assert RiskRating.objects.filter(claim=claim).count() == 1

    def test_keeps_a_rating_for_good(self) -> None:
        rating = risking.rate(claim=ClaimFactory.create(in_review=True), now=REVIEWED)

        with pytest.raises(DatabaseError), transaction.atomic():
            RiskRating.objects.filter(pk=rating.pk).update(score=99)

        rating.refresh_from_db()
        assert rating.score == 0

    def test_sends_everything_to_a_person_before_the_first_policy(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        rating = risking.rate(claim=claim, now=REVIEWED.replace(year=2019))

        assert (rating.score, rating.band) == (100, "high")
        assert [signal["code"] for signal in rating.signals] == ["no_policy"]

    def test_moves_nothing(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        before = Claim.objects.values().get(pk=claim.pk)

        risking.rate(claim=claim, now=DECIDED)

        assert Claim.objects.values().get(pk=claim.pk) == before
