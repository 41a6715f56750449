"""Many approvals at once: sums count each other, and no rule spends what another has spent."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import pytest

from claims.models import Approval, AutoBudget, BudgetCounter, Claim, Compensation
from claims.services import budgets, claims, decisions
from claims.states import ClaimState
from portal.accounts.models import User
from tests.claims.services.test_together import together
from tests.factories.claims import (
    DECIDED,
    ClaimFactory,
    agent,
    delivered_parcel,
    fill,
    photographed,
    tighten,
)
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db(transaction=True)


def test_parts_of_one_order_approved_at_once_count_each_other() -> None:
    parcel = delivered_parcel(parcels=8, shipping_minor=0)
    tighten("USD", 15_000)
    made = []
    for other in type(parcel).objects.filter(order=parcel.order):
        claim = claims.begin(parcel=other, shopper=parcel.order.shopper, language="en", now=NOON)
        claims.submit(claim=fill(claim), key=uuid4(), now=NOON)
        claims.screen(claim=claim, now=NOON)
        desk = agent()
        made.append((claim, desk, decisions.assess(claim=claim, agent=desk, now=DECIDED)))

    together(
        8,
        lambda number: decisions.propose(
            claim=Claim.objects.get(pk=made[number][0].pk), assessment=made[number][2],
            agent=made[number][1], text="We are sorry.", now=DECIDED,
        ),
    )  # fmt: skip

    states = Counter(Claim.objects.values_list("state", flat=True))
    assert states == {ClaimState.APPROVED: 3, ClaimState.PENDING_APPROVAL: 5}
    assert sorted(Approval.objects.values_list("counted_minor", flat=True)) == [
        5_000 * number for number in range(1, 9)
    ]


def test_24_claims_screened_at_once_never_overspend_the_day() -> None:
    made = []
    for _ in range(24):
        parcel = delivered_parcel(
            price_minor=1_000, shipping_minor=0, address=f"{uuid4()} Road", phone=""
        )
        claim = ClaimFactory.create(filled=True, parcel=parcel)
        made.append(claims.submit(claim=photographed(claim), key=uuid4(), now=NOON))
    AutoBudget.objects.create(
        currency="USD", amount_minor=7_999, valid_from=NOON.date(), made_by=agent(), made_at=NOON
    )

    together(
        24, lambda number: claims.screen(claim=Claim.objects.get(pk=made[number].pk), now=NOON)
    )

    states = Counter(Claim.objects.values_list("state", flat=True))
    assert states == {ClaimState.APPROVED: 7, ClaimState.UNDER_REVIEW: 17}
    counter = BudgetCounter.objects.get()
    assert (counter.spent_minor, counter.approvals) == (7_000, 7)
    assert Compensation.objects.count() == 7


def test_nothing_is_approved_by_rule_after_the_switch_is_thrown() -> None:
    made = []
    for _ in range(24):
        parcel = delivered_parcel(
            price_minor=1_000, shipping_minor=0, address=f"{uuid4()} Road", phone=""
        )
        claim = ClaimFactory.create(filled=True, parcel=parcel)
        made.append(claims.submit(claim=photographed(claim), key=uuid4(), now=NOON))
    boss = User.objects.create_superuser("boss@example.org", "x")
    thrown: list[int] = []

    def screen(number: int) -> None:
        if number == 8:
            budgets.stop(person=boss, reason="Odd photos.", now=NOON)
            thrown.append(Compensation.objects.count())
        else:
            claims.screen(claim=Claim.objects.get(pk=made[number].pk), now=NOON)

    together(24, screen)

    # What was approved when the throw had returned is all there ever is; the rest is at the desk.
    assert Compensation.objects.count() == thrown[0]
    states = Counter(Claim.objects.exclude(pk=made[8].pk).values_list("state", flat=True))
    assert states[ClaimState.APPROVED] + states[ClaimState.UNDER_REVIEW] == 23
