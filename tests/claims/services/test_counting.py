"""What is known around a claim, counted from rows and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
from django.db.models import QuerySet
from PIL import Image

from claims.models import Claim, Evidence, Forwarder, Mark, RiskRating, Weighing
from claims.services import declining, lookalikes, risking
from claims.states import ClaimState
from portal.lib import images
from tests.claims import scenes
from tests.factories.claims import (
    REVIEWED,
    ClaimFactory,
    EvidenceFactory,
    agent,
    delivered_parcel,
)
from tests.factories.tracking import NOON, OrderFactory
from tracking.models import Parcel, Sighting
from tracking.states import Handed, ParcelStatus, Reason

pytestmark = pytest.mark.django_db


def _claim(email: str = "one@example.org", **order: Any) -> Claim:
    """Send a claim about an order that shares no contact detail with the others."""
    place = {
        "phone": f"+1 503 55{crc32(email.encode()) % 100_000:05}",
        "address": f"{email} street 1",
        "recipient_name": email,
    }
    parcel = delivered_parcel(email=email, **(place | order))
    return ClaimFactory.create(in_review=True, parcel=parcel)


def _parcel(claim: Claim) -> QuerySet[Parcel]:
    return Parcel.objects.filter(pk=claim.parcel_id or 0)


def _decline(claim: Claim, code: str) -> None:
    declining.reject(
        claim=claim, agent=agent(), code=code, text="It does not fit.", now=REVIEWED,
    )  # fmt: skip


def _seen(claim: Claim, image: Image.Image) -> Evidence:
    """Add a photo of the claim's shopper that looks like that."""
    photo: Evidence = EvidenceFactory.create(claim=claim, clean=True, dhash=0x0F0F_3C3C_55AA_7711)
    lookalikes.remember(photo=photo, look=images.look(scenes.jpeg(image.resize((400, 300)))))
    return photo


def _codes(claim: Claim) -> dict[str, Any]:
    claim.refresh_from_db()
    return {one["code"]: one["facts"] for one in risking.rate(claim=claim, now=REVIEWED).signals}


class TestAccount:
    def test_finds_nothing_in_a_claim_by_a_stranger(self) -> None:
        _claim("other@example.org")

        assert _codes(_claim()) == {}

    def test_counts_the_claims_of_an_account(self) -> None:
        claims = [_claim() for _ in range(3)]

        assert _codes(claims[-1]) == {
            "many_claims": {"count": 3, "days": 7},
            "hour_burst": {"count": 3},
            "claim_share": {"claims": 3, "orders": 3, "days": 30, "percent": 100},
            "value_share": {"percent": 100, "orders": 3, "days": 30},
        }

    def test_sets_claims_beside_orders_that_were_fine(self) -> None:
        claims = [_claim() for _ in range(2)]
        for _ in range(8):
            OrderFactory.create(email="one@example.org", placed_at=NOON - timedelta(days=4))

        assert _codes(claims[-1]) == {}

    def test_forgets_a_claim_taken_back(self) -> None:
        claims = [_claim() for _ in range(4)]
        for claim in claims[:3]:
            Claim.objects.filter(pk=claim.pk).update(state=ClaimState.WITHDRAWN)

        assert "claim_share" not in _codes(claims[-1])

    @pytest.mark.parametrize(("code", "is_told"), [("not_as_claimed", True), ("too_late", False)])
    def test_does_not_hold_a_late_day_against_anybody(self, code: str, *, is_told: bool) -> None:
        claims = [_claim() for _ in range(3)]
        for claim in claims[:2]:
            _decline(claim, code)

        assert ("declined_before" in _codes(claims[-1])) is is_told


class TestLinks:
    def test_links_two_accounts_by_one_phone(self) -> None:
        other = _claim("two@example.org", phone="07911 123450")
        risking.rate(claim=other, now=REVIEWED)

        found = _codes(_claim("three@example.org", phone="+44 7911 123450"))

        assert found == {"linked": {"claims": [other.ref]}}

    def test_says_when_a_linked_account_was_declined(self) -> None:
        other = _claim("lina@gmail.com")
        risking.rate(claim=other, now=REVIEWED)
        _decline(other, "not_as_claimed")

        found = _codes(_claim("Li.Na+2@gmail.com"))

        assert found["linked_declined"] == {"claims": [other.ref]}

    def test_does_not_link_by_four_digits_of_a_card(self) -> None:
        risking.rate(claim=_claim("two@example.org"), now=REVIEWED)

        assert _codes(_claim("three@example.org")) == {}

    def test_calls_neighbours_a_burst_only_when_there_are_several(self) -> None:
        home = {"address": "4 Hall Road", "postcode": "97202"}
        for number in range(2):
            _claim(f"flat{number}@example.org", **home)
        claim = _claim("flat9@example.org", **home)

        assert _codes(claim) == {}

        _claim("flat3@example.org", **home)
        assert _codes(claim) == {"address_burst": {"count": 3, "days": 30}}

    def test_keeps_digests_only(self) -> None:
        claim = _claim("two@example.org", phone="07911 123450")

        risking.rate(claim=claim, now=REVIEWED)
        risking.rate(claim=claim, now=REVIEWED)

        rows = Mark.objects.filter(shopper=claim.shopper).values_list("kind", "digest")
        assert sorted(kind for kind, _digest in rows) == ["address", "email", "payment", "phone"]
        assert all(len(digest) == 64 for _kind, digest in rows)

    @pytest.mark.parametrize(
        ("order", "is_found"),
        [
            ({}, True),
            ({"postcode": "or97230"}, True),
            ({"postcode": "97231"}, False),
            ({"country": "CA"}, False),
            ({"address": "9 Other Way"}, False),
        ],
    )
    def test_knows_a_forwarding_address_when_it_sees_one(
        self, order: dict[str, str], *, is_found: bool
    ) -> None:
        Forwarder.objects.create(
            name="Hop & Ship", country="US", postcode="OR 97230", words="HOPSHIP suite"
        )
        place = {"address": "12 Dock Rd, HopShip Suite 99", "postcode": "OR 97230"} | order

        assert ("forwarder" in _codes(_claim("two@example.org", **place))) is is_found


class TestPhotos:
    def test_weighs_another_shoppers_photo_above_ones_own(self) -> None:
        first, again, other = _claim(), _claim(), _claim("two@example.org")
        for claim in (first, again, other):
            EvidenceFactory.create(claim=claim, sha256="a" * 64, clean=True)

        found = _codes(again)

        assert found["photo_own"] == {"claims": [first.ref]}
        assert found["photo_other"] == {"claims": [other.ref]}

    def test_holds_nothing_against_anybody_that_is_perhaps_the_same_print(self) -> None:
        one, other = _claim(), _claim("two@example.org")
        with_print = scenes.scene(31)
        with_print.paste(scenes.scene(1).crop((0, 0, 400, 300)))
        mine = _seen(one, scenes.scene(1))
        theirs = _seen(other, with_print)

        (found,) = lookalikes.similar(evidence=mine)

        assert (found.evidence_id, found.is_print) == (theirs.pk, True)
        assert _codes(one) == {}

    def test_weighs_a_photo_of_a_declined_claim_most(self) -> None:
        other, claim = _claim("two@example.org"), _claim()
        for one in (other, claim):
            EvidenceFactory.create(claim=one, sha256="b" * 64, clean=True)
        _decline(other, "not_as_claimed")

        rating = risking.rate(claim=claim, now=REVIEWED)

        assert (rating.score, rating.band) == (45, "medium")
        assert [one["code"] for one in rating.signals] == ["photo_rejected"]

    @pytest.mark.parametrize(
        ("signals", "codes"),
        [
            ({}, []),
            ({"taken_at": "2026-03-01T10:00:00"}, []),
            ({"taken_at": "2026-02-20T10:00:00"}, ["photo_early"]),
            ({"taken_at": "not a day"}, []),
            ({"software": "Adobe Photoshop 25"}, ["photo_edited"]),
            ({"software": "iOS 18.1"}, []),
        ],
    )
    def test_takes_only_contradictions_of_the_file_for_signals(
        self, signals: dict[str, str], codes: list[str]
    ) -> None:
        claim = _claim()
        EvidenceFactory.create(claim=claim, clean=True, signals=signals)

        assert sorted(_codes(claim)) == codes

    def test_ignores_a_photo_taken_back(self) -> None:
        other, claim = _claim("two@example.org"), _claim()
        EvidenceFactory.create(claim=other, sha256="c" * 64, clean=True)
        EvidenceFactory.create(claim=claim, sha256="c" * 64, clean=True, removed_at=REVIEWED)

        assert _codes(claim) == {}


class TestJourney:
    @pytest.mark.parametrize(
        ("handed", "signed", "is_found"),
        [
            (Handed.RECIPIENT, "", True),
            ("", "N. Li", True),
            ("", "", False),
            (Handed.NEIGHBOUR, "N. Li", False),
        ],
    )
    def test_sets_a_proven_delivery_against_a_lost_report(
        self, handed: str, signed: str, *, is_found: bool
    ) -> None:
        claim = _claim()
        Claim.objects.filter(pk=claim.pk).update(reason="lost")
        _parcel(claim).update(handed=handed, signed_by=signed)
        claim = Claim.objects.get(pk=claim.pk)

        assert ("lost_delivered" in _codes(claim)) is is_found

    def test_does_not_believe_a_delivery_in_dispute(self) -> None:
        claim = _claim()
        Claim.objects.filter(pk=claim.pk).update(reason="lost")
        _parcel(claim).update(signed_by="N. Li", is_disputed=True)

        assert _codes(Claim.objects.get(pk=claim.pk)) == {}

    def test_sees_contents_reported_before_delivery(self) -> None:
        claim = _claim()
        _parcel(claim).update(delivered_at=REVIEWED + timedelta(days=1))

        assert list(_codes(Claim.objects.get(pk=claim.pk))) == ["damaged_early"]

    def test_lets_a_carriers_own_word_of_damage_stand(self) -> None:
        claim = _claim()
        _parcel(claim).update(
            delivered_at=None, status=ParcelStatus.EXCEPTION, reason=Reason.DAMAGED
        )

        assert _codes(Claim.objects.get(pk=claim.pk)) == {}

    def test_sets_a_refusal_against_a_report_about_the_contents(self) -> None:
        claim = _claim()
        _parcel(claim).update(status=ParcelStatus.RETURNING)
        Sighting.objects.create(
            parcel=_parcel(claim).get(), fingerprint=b"1" * 16, occurred_at=NOON,
            status=ParcelStatus.EXCEPTION, reason=Reason.REFUSED, received_at=NOON,
        )  # fmt: skip

        assert _codes(Claim.objects.get(pk=claim.pk)) == {
            "refused_kept": {"refused_at": "2026-03-02T12:00:00+00:00"}
        }

    @pytest.mark.parametrize(("carried", "is_found"), [(1_500, True), (1_479, False), (0, False)])
    def test_sets_equal_weights_against_a_missing_item(
        self, carried: int, *, is_found: bool
    ) -> None:
        claim = _claim()
        Claim.objects.filter(pk=claim.pk).update(reason="missing_item")
        Weighing.objects.create(parcel=_parcel(claim).get(), by="packed", grams=1_500, told_at=NOON)
        if carried:
            Weighing.objects.create(
                parcel=_parcel(claim).get(), by="carrier", grams=carried, told_at=NOON
            )

        assert ("missing_weight" in _codes(Claim.objects.get(pk=claim.pk))) is is_found


class TestCost:
    def test_asks_no_more_of_a_busy_account_than_of_a_quiet_one(
        self, django_assert_max_num_queries: Any
    ) -> None:
        claims = [_claim() for _ in range(6)]
        for number in range(6):
            EvidenceFactory.create(claim=claims[number], sha256=f"{number % 3:064}", clean=True)
            risking.rate(claim=claims[number], now=REVIEWED)
        busy = Claim.objects.get(pk=claims[-1].pk)
        RiskRating.objects.count()

        with django_assert_max_num_queries(20):
            risking.rate(claim=busy, now=REVIEWED + timedelta(minutes=1))
