"""The main story of the claims room, service by service."""

from __future__ import annotations

import pytest

from claims.models import Claim, Compensation
from claims.services import ledger
from claims.states import ClaimState
from tests.factories.claims import ClaimFactory, delivered_parcel, fill, lay_filled


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("trait", "state"),
    [
        ("filled", ClaimState.DRAFT),
        ("submitted", ClaimState.SUBMITTED),
        ("in_review", ClaimState.UNDER_REVIEW),
        ("needs_info", ClaimState.NEEDS_INFO),
        ("pending_approval", ClaimState.PENDING_APPROVAL),
        ("offered", ClaimState.OFFERED),
        ("approved", ClaimState.APPROVED),
        ("rejected", ClaimState.REJECTED),
    ],
)
def test_a_claim_gets_as_far_as_its_trait_says(trait: str, state: str) -> None:
    claim = ClaimFactory.create(**{trait: True})

    claim.refresh_from_db()
    assert claim.state == state


@pytest.mark.django_db
def test_a_filled_claim_is_laid_down_as_the_services_would() -> None:
    told, laid = (
        ClaimFactory.create(parcel=delivered_parcel(quantity=3, price_minor=1_250))
        for _ in range(2)
    )
    fill(told)
    lay_filled(laid)

    def facts(claim: Claim) -> list[object]:
        its_own = {"id", "ref", "order_id", "parcel_id", "shopper_id"}
        row: dict[str, object] = dict(Claim.objects.filter(pk=claim.pk).values().get())
        rows = claim.lines.values_list("quantity", "price_minor", "order_line__title")
        return [{name: row[name] for name in row.keys() - its_own}, list(rows)]

    assert facts(laid) == facts(told)
    assert laid.transitions.count() == told.transitions.count() == 0


@pytest.mark.django_db
def test_an_approval_reserves_the_sum_and_books_what_we_owe() -> None:
    claim = ClaimFactory.create(approved=True)

    compensation = Compensation.objects.get(claim=claim)
    assert compensation.amount_minor == 5_500
    assert compensation.balance.reserved_minor == 5_500
    assert ledger.verify() == []
