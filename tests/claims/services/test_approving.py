"""Sums that count together, three people, and what voids a yes: in services and in SQL."""

# ruff: noqa: S608 - these tests write SQL as an intruder would

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from claims.models import Approval, Claim, Compensation, Decline
from claims.services import approving, claims, decisions
from claims.states import ClaimState, VoidReason
from portal.accounts.models import User
from tests.factories.claims import (
    DECIDED,
    ClaimFactory,
    agent,
    approver,
    delivered_parcel,
    finance,
    tighten,
    walk,
)
from tests.factories.tracking import NOON
from tests.tampering import tampering
from tracking.models import Parcel

pytestmark = pytest.mark.django_db

SUM = 5_500
"""What a claim of the factory comes to."""


@contextmanager
def refused(guard: str) -> Iterator[None]:
    """Expect that the database refuses, naming the guard."""
    with pytest.raises(IntegrityError, match=guard), transaction.atomic():
        yield


def propose(claim: Claim, desk: User | None = None, now: Any = DECIDED) -> Claim:
    desk = desk or agent()
    assessment = decisions.assess(claim=claim, agent=desk, now=now)
    return decisions.propose(
        claim=claim, assessment=assessment, agent=desk, text="We are sorry.", now=now
    )


def siblings(count: int) -> list[Claim]:
    """Return claims under review about parcels of one order, each for 50.00."""
    first = delivered_parcel(parcels=count, shipping_minor=0)
    made = []
    for parcel in Parcel.objects.filter(order=first.order).order_by("pk"):
        claim = claims.begin(parcel=parcel, shopper=first.order.shopper, language="en", now=NOON)
        made.append(walk(claim, "in_review"))
    return made


def of_one_shopper(count: int) -> list[Claim]:
    """Return claims under review of one shopper about different orders, each for 55.00."""
    first = ClaimFactory.create(in_review=True)
    made = [first]
    for _ in range(count - 1):
        parcel = delivered_parcel(shopper=first.shopper)
        claim = ClaimFactory.create(parcel=parcel, shopper=first.shopper)
        made.append(walk(claim, "in_review"))
    return made


class TestSumsThatCount:
    def test_parts_of_one_order_add_up_to_the_limit_itself_and_not_one_unit_further(self) -> None:
        tighten("USD", 10_000)
        first, second, third = siblings(3)

        assert propose(first).state == ClaimState.APPROVED
        assert propose(second).state == ClaimState.APPROVED
        assert propose(third).state == ClaimState.PENDING_APPROVAL
        assert list(
            Approval.objects.order_by("pk").values_list("amount_minor", "counted_minor")
        ) == [(5_000, 5_000), (5_000, 10_000), (5_000, 15_000)]

    def test_an_order_counts_for_good(self) -> None:
        tighten("USD", 5_000)
        first, second = siblings(2)
        propose(first)

        later = propose(second, now=DECIDED + timedelta(days=300))

        assert later.state == ClaimState.PENDING_APPROVAL

    def test_a_shopper_counts_for_24_hours(self) -> None:
        tighten("USD", SUM)
        first, second, third = of_one_shopper(3)
        propose(first)

        at_once = propose(second, now=DECIDED + timedelta(hours=24) - timedelta(seconds=1))
        next_day = propose(third, now=DECIDED + timedelta(hours=48))

        assert at_once.state == ClaimState.PENDING_APPROVAL
        assert next_day.state == ClaimState.APPROVED

    def test_what_is_void_does_not_count(self) -> None:
        tighten("USD", SUM)
        first, second = of_one_shopper(2)
        Claim.objects.filter(pk=first.pk).update(wish="other")
        propose(first)
        decisions.appeal(claim=first, shopper=first.shopper, text="More.", now=DECIDED)

        assert propose(second).state == ClaimState.APPROVED

    def test_the_database_counts_too(self) -> None:
        tighten("USD", SUM)
        first, second = of_one_shopper(2)
        propose(first)
        propose(second)
        row = Approval.objects.get(claim=second)
        Approval.objects.filter(pk=row.pk).update(voided_at=DECIDED)
        row.pk, row.counted_minor, row.approved_at = None, SUM, DECIDED

        with refused("approval_sums_up_what_was_approved_before"):
            row.save(force_insert=True)


class TestThreePeople:
    @pytest.fixture
    def claim(self) -> Claim:
        tighten("USD", 1_000, SUM - 1)
        return propose(ClaimFactory.create(in_review=True))

    def test_two_are_enough_up_to_the_limit_itself(self) -> None:
        tighten("USD", 1_000, SUM)
        claim = propose(ClaimFactory.create(in_review=True))

        decisions.second(claim=claim, approver=approver(), now=DECIDED)

        assert claim.state == ClaimState.APPROVED

    @pytest.mark.parametrize("order", [("approver", "finance"), ("finance", "approver")])
    def test_one_unit_more_needs_finance_too_in_any_order(
        self, claim: Claim, order: tuple[str, str]
    ) -> None:
        people = {"approver": approver(), "finance": finance()}

        decisions.second(claim=claim, approver=people[order[0]], now=DECIDED)

        assert claim.state == ClaimState.PENDING_APPROVAL
        assert not Compensation.objects.exists()
        assert claim.transitions.get(verb="second").actor == people[order[0]]
        decisions.second(claim=claim, approver=people[order[1]], now=DECIDED)
        approval = Approval.objects.get(claim=claim)
        assert claim.state == ClaimState.APPROVED
        assert (approval.approver, approval.finance) == (people["approver"], people["finance"])

    def test_two_without_finance_are_not_enough(self, claim: Claim) -> None:
        decisions.second(claim=claim, approver=approver(), now=DECIDED)

        with pytest.raises(decisions.FinanceNeeded):
            decisions.second(claim=claim, approver=approver(), now=DECIDED)

        assert claim.state == ClaimState.PENDING_APPROVAL

    def test_nobody_says_yes_twice(self, claim: Claim) -> None:
        money = finance()
        decisions.second(claim=claim, approver=money, now=DECIDED)

        with pytest.raises(decisions.SamePerson):
            decisions.second(claim=claim, approver=money, now=DECIDED)

    def test_a_superuser_is_not_finance(self, claim: Claim) -> None:
        boss = User.objects.create_superuser("boss@example.org", "x")
        decisions.second(claim=claim, approver=approver(), now=DECIDED)

        with pytest.raises(decisions.FinanceNeeded):
            decisions.second(claim=claim, approver=boss, now=DECIDED)

    def test_sql_needs_all_three_each_another_and_finance_in_its_place(self, claim: Claim) -> None:
        one, money, nobody = approver().pk, finance().pk, claim.shopper_id

        for change, guard in (
            ("approved_at = now()", "approval_above_the_limit_needs_a_second_person"),
            (f"approved_at = now(), approver_id = {one}", "needs_finance"),
            (f"approver_id = {one}, finance_id = {one}", "approval_has_finance_in_its_place"),
            (f"approver_id = {money}, finance_id = {money}", "four_eyes_not_two_twice"),
            (f"finance_id = {money}, approver_id = reviewer_id", "four_eyes_not_two_twice"),
            (f"approver_id = {nobody}", "approval_is_never_by_the_claimant"),
            (f"finance_id = {nobody}", "approval_has_finance_in_its_place"),
        ):
            with refused(guard):
                _update(claim, change)
        _update(claim, f"approved_at = now(), approver_id = {one}, finance_id = {money}")

    def test_somebody_who_left_says_nothing_any_more(self, claim: Claim) -> None:
        gone = approver()
        User.objects.filter(pk=gone.pk).update(is_active=False)

        with refused("approval_is_by_staff"):
            _update(claim, f"approver_id = {gone.pk}")


class TestVoid:
    """Each field a yes is bound to voids it, and the row says why."""

    def test_a_new_assessment_voids_it(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        decisions.assess(claim=claim, agent=agent(), now=DECIDED)

        row = Approval.objects.get(claim=claim)
        assert (row.voided_at, row.void_reason) == (DECIDED, VoidReason.ASSESSED_ANEW)

    def test_withdrawing_voids_it(self) -> None:
        claim = ClaimFactory.create(offered=True)

        claims.withdraw(claim=claim, actor=claim.shopper, now=DECIDED)

        assert Approval.objects.get(claim=claim).void_reason == VoidReason.WITHDRAWN

    def test_sql_gives_no_yes_to_what_was_assessed_anew_meanwhile(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)
        old = claim.assessments.get()
        old.pk, old.number = None, 2
        old.save(force_insert=True)

        with refused("approval_is_still_bound_when_given"):
            _update(claim, f"approved_at = now(), approver_id = {approver().pk}")

    def test_what_changed_is_told_to_the_next(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)
        desk, pk = agent(), claim.lines.get().order_line_id
        assessment = decisions.assess(
            claim=claim, agent=desk, amounts={pk: 4_000}, note="One is whole.", now=DECIDED
        )
        decisions.propose(claim=claim, assessment=assessment, agent=desk, text="Less.", now=DECIDED)

        newest = Approval.objects.filter(claim=claim).latest("pk")

        assert approving.changes(newest) == (("sum", 5_500, 4_500), ("assessment", 1, 2))


class TestAfterAnAppeal:
    def test_sql_lets_nobody_decide_twice_either(self) -> None:
        tighten("USD", 1)
        claim = ClaimFactory.create(pending_approval=True)
        first = Approval.objects.get(claim=claim).reviewer
        assert first is not None
        decisions.reject(claim=claim, agent=approver(), code="worn", text="No.", now=DECIDED)
        decisions.appeal(claim=claim, shopper=claim.shopper, text="Look again.", now=DECIDED)
        desk = agent()
        decisions.take_up(claim=claim, agent=desk, now=DECIDED)
        propose(claim, desk)

        with refused("approval_after_an_appeal_is_by_others"):
            _update(claim, f"approver_id = {first.pk}", live=True)


class TestCompensations:
    @pytest.mark.parametrize("state", ["sending", "unknown", "pending", "succeeded"])
    def test_nothing_goes_back_to_be_sent_again_unless_it_failed(self, state: str) -> None:
        claim = ClaimFactory.create(approved=True)
        payment = Compensation.objects.get(claim=claim)
        with tampering():
            Compensation.objects.filter(pk=payment.pk).update(state=state)

        with refused("compensation_moves_by_its_table"):
            Compensation.objects.filter(pk=payment.pk).update(state="planned")

    def test_what_was_never_sent_is_never_paid(self) -> None:
        payment = Compensation.objects.get(claim=ClaimFactory.create(approved=True))

        with refused("compensation_moves_by_its_table"):
            Compensation.objects.filter(pk=payment.pk).update(state="succeeded")


class TestDeclines:
    def test_sql_declines_no_claim_without_a_decision(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        with refused("claim_is_declined_by_a_decision"):
            Claim.objects.filter(pk=claim.pk).update(state=ClaimState.REJECTED)

    @pytest.mark.parametrize(
        ("change", "guard"),
        [
            ("approved_at = now()", "decline_above_the_limit_needs_a_second_person"),
            ("approver_id = reviewer_id", "decline_needs_four_eyes_not_two_twice"),
            ("approver_id = claimant_id", "decline_is_never_by_the_claimant"),
            ("value_minor = 1", "decline_is_never_altered"),
            ("text = 'Other words.'", "decline_is_never_altered"),
        ],
    )
    def test_sql_needs_the_second_person_too(self, change: str, guard: str) -> None:
        tighten("USD", SUM - 1)
        claim = ClaimFactory.create(in_review=True)
        decisions.reject(claim=claim, agent=agent(), code="worn", text="No.", now=DECIDED)
        assert Decline.objects.get(claim=claim).approved_at is None

        with refused(guard), connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE claims_decline SET appeal_until = now(), {change}"
                f" WHERE claim_id = {claim.pk}"
            )


def _update(claim: Claim, change: str, *, live: bool = False) -> None:
    only = " AND voided_at IS NULL" if live else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE claims_approval SET {change} WHERE claim_id = {claim.pk}{only}")
