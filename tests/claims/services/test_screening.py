"""A new claim is approved by rule, proposed by rule, turned away on a fact, or given to people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from claims.models import (
    Approval,
    AutoApprovalRule,
    AutoBudget,
    AutoSwitch,
    BudgetCounter,
    Claim,
    Compensation,
    Decline,
    Evidence,
)
from claims.services import (
    approving,
    assessing,
    budgets,
    claims,
    clock,
    decisions,
    reckoning,
    risking,
)
from claims.services.refusals import NotAllowed, NoWords
from claims.states import ClaimState, Wish
from portal.lib.moves import Role
from portal.outbox.models import Event
from tests.factories.claims import (
    SENT,
    ClaimFactory,
    agent,
    approver,
    delivered_parcel,
    fill,
    photographed,
    tighten,
)
from tests.factories.tracking import NOON
from tracking.models import DisruptionWindow, Parcel

pytestmark = pytest.mark.django_db

MINUTES = timedelta(minutes=10)
"""So long a claim waits for its photos to be cleaned."""
MAX = 3_000
"""What rule A1 approves by itself in US dollars."""


@contextmanager
def refused(guard: str) -> Iterator[None]:
    """Expect that the database refuses, naming the guard."""
    with pytest.raises(IntegrityError, match=guard), transaction.atomic():
        yield


def small(*, price_minor: int = MAX, shipping_minor: int = 0, **parcel: Any) -> Claim:
    """Return a sent claim about one small broken thing with every photo in place."""
    parcel = {"address": f"{uuid4()} Road", "phone": ""} | parcel  # nobody is linked to anybody
    claim = ClaimFactory.create(
        filled=True,
        parcel=delivered_parcel(price_minor=price_minor, shipping_minor=shipping_minor, **parcel),
    )
    photographed(claim)
    return claims.submit(claim=claim, key=uuid4(), now=SENT)


def screened(claim: Claim) -> Claim:
    return claims.screen(claim=claim, now=SENT)


def why(claim: Claim) -> dict[str, Any]:
    """Return why the claim was passed to the desk."""
    found: dict[str, Any] = claim.transitions.get(verb="pass_on").diff
    return found


class TestWhilePhotosAreBeingCleaned:
    def being_cleaned(self, **facts: Any) -> Claim:
        """Return a sent claim whose photos have come, and are not clean yet."""
        claim = small(**facts)
        claim.evidence.update(state="received", large="", small="")
        return claim

    def clean(self, photo: Evidence) -> None:
        Evidence.objects.filter(pk=photo.pk).update(state="clean", large="l.jpg", small="s.jpg")

    def test_it_waits_and_the_last_clean_photo_lets_the_rule_approve_it_once(self) -> None:
        claim = screened(self.being_cleaned())
        *first, last = claim.evidence.order_by("pk")
        assert (claim.state, claim.due_at) == (ClaimState.SCREENING, SENT + MINUTES)
        for photo in first:
            self.clean(photo)
            claims.look_again(claim=claim, now=SENT)
        assert claim.state == ClaimState.SCREENING

        self.clean(last)
        for _time in range(2):
            claims.look_again(claim=claim, now=SENT)

        assert claim.state == ClaimState.APPROVED
        verbs = list(claim.transitions.order_by("pk").values_list("verb", flat=True))
        assert verbs == ["submit", "screen", "auto_approve"]
        assert Compensation.objects.filter(claim=claim).count() == 1

    def test_a_photo_that_is_refused_sends_it_to_a_person(self) -> None:
        claim = screened(self.being_cleaned())
        *first, last = claim.evidence.order_by("pk")
        for photo in first:
            self.clean(photo)
        Evidence.objects.filter(pk=last.pk).update(state="refused", refusal="unreadable")

        claims.look_again(claim=claim, now=SENT)

        assert claim.state == ClaimState.UNDER_REVIEW
        assert why(claim)["rules"] == {"A1": ["evidence"]}

    def test_after_ten_minutes_the_clock_gives_it_to_a_person_and_there_it_stays(self) -> None:
        claim = screened(self.being_cleaned())
        clock.keep_time(now=SENT + MINUTES - timedelta(seconds=1))
        claim.refresh_from_db()
        assert claim.state == ClaimState.SCREENING

        clock.keep_time(now=SENT + MINUTES)
        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW

        for photo in claim.evidence.all():
            self.clean(photo)
        claims.look_again(claim=claim, now=SENT + MINUTES)
        assert claim.state == ClaimState.UNDER_REVIEW
        assert not Approval.objects.exists()

    def test_nothing_happens_after_the_shopper_took_it_back(self) -> None:
        claim = screened(self.being_cleaned())
        claims.withdraw(claim=claim, actor=claim.shopper, now=SENT)
        for photo in claim.evidence.all():
            self.clean(photo)

        claims.look_again(claim=claim, now=SENT)

        assert claim.state == ClaimState.WITHDRAWN

    def test_what_no_rule_would_take_anyway_goes_to_a_person_at_once(self) -> None:
        claim = screened(self.being_cleaned(price_minor=MAX + 1))

        assert claim.state == ClaimState.UNDER_REVIEW
        assert why(claim)["rules"] == {"A1": ["sum", "evidence"]}

    def test_one_whose_lost_event_left_clean_photos_is_approved_by_the_clock(self) -> None:
        claim = screened(self.being_cleaned())
        for photo in claim.evidence.all():
            self.clean(photo)

        clock.keep_time(now=SENT + MINUTES)

        claim.refresh_from_db()
        assert claim.state == ClaimState.APPROVED


class TestByRule:
    def test_approves_a_small_first_claim_at_the_limit_itself_and_says_by_which_rule(self) -> None:
        claim = screened(small())

        rule = AutoApprovalRule.objects.get(code="A1", currency="USD")
        approval = Approval.objects.get(claim=claim)
        step = claim.transitions.get(verb="auto_approve")
        assert claim.state == ClaimState.APPROVED
        assert (approval.rule, approval.reviewer, approval.approver) == (rule, None, None)
        assert (approval.amount_minor, approval.approved_at) == (MAX, SENT)
        assert (step.role, step.reason_code, step.visible_to_shopper) == (Role.SYSTEM, "A1", True)
        assert step.diff["rule_id"] == rule.pk
        assert (claim.decision_code, claim.decision_text) == ("rule A1", rule.text_en)
        assert claim.approved_minor == MAX
        assert Compensation.objects.get(claim=claim).amount_minor == MAX
        assert Event.objects.filter(name="claims.claim_approved").count() == 1
        assert claim.assessments.get().made_by is None

    def test_speaks_the_shopper_s_language(self) -> None:
        claim = small()
        Claim.objects.filter(pk=claim.pk).update(language="zh-hans")

        claim = screened(claim)

        assert claim.decision_text == AutoApprovalRule.objects.get(currency="USD").text_zh

    def test_twice_is_once(self) -> None:
        claim = screened(small())

        screened(claim)

        assert Compensation.objects.filter(claim=claim).count() == 1
        assert BudgetCounter.objects.get().spent_minor == MAX

    def test_one_unit_more_goes_to_a_person(self) -> None:
        claim = screened(small(price_minor=MAX + 1))

        assert claim.state == ClaimState.UNDER_REVIEW
        assert why(claim)["rules"] == {"A1": ["sum"]}
        assert not Approval.objects.exists()

    def test_a_missing_photo_goes_to_a_person_however_good_the_excuse(self) -> None:
        claim = small()
        claim.evidence.filter(kind="label").update(state="refused", refusal="unreadable")
        Claim.objects.filter(pk=claim.pk).update(without_box="I threw it away.")

        claim = screened(claim)

        assert claim.state == ClaimState.UNDER_REVIEW
        assert why(claim)["rules"] == {"A1": ["evidence"]}

    def test_a_claim_without_any_of_its_photos_does_not_wait_for_the_one_being_cleaned(
        self,
    ) -> None:
        claim = small()
        claim.evidence.filter(kind="label").update(removed_at=SENT)
        claim.evidence.exclude(kind="label").update(state="received", large="", small="")

        assert screened(claim).state == ClaimState.UNDER_REVIEW

    def test_scans_that_speak_against_it_go_to_a_person(self) -> None:
        claim = small()
        Parcel.objects.filter(order=claim.order_id).update(is_disputed=True)
        claim.refresh_from_db()

        assert why(screened(claim))["rules"] == {"A1": ["tracking"]}

    def test_a_second_claim_within_90_days_goes_to_a_person(self) -> None:
        first = screened(small())
        other = delivered_parcel(price_minor=MAX, shipping_minor=0, shopper=first.shopper)
        claim = ClaimFactory.create(parcel=other, shopper=first.shopper)
        later = SENT + timedelta(days=20)
        photographed(fill(claim))

        claims.submit(claim=claim, key=uuid4(), now=later)
        claims.screen(claim=claim, now=later)

        assert claim.state == ClaimState.UNDER_REVIEW
        assert "earlier" in why(claim)["rules"]["A1"]

    def test_another_wish_goes_to_a_person(self) -> None:
        claim = small()
        Claim.objects.filter(pk=claim.pk).update(wish=Wish.REPLACEMENT)

        assert why(screened(claim))["rules"] == {"A1": ["wish"]}

    def test_a_claim_that_cannot_be_rated_goes_to_a_person(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(**_: Any) -> None:
            raise RuntimeError("no rating today")

        monkeypatch.setattr(risking, "rate", broken)

        claim = screened(small())

        assert claim.state == ClaimState.UNDER_REVIEW
        assert why(claim) == {"risk": None, "rules": {"A1": ["unrated"]}}

    def test_a_rule_that_ended_yesterday_approves_nothing(self) -> None:
        AutoApprovalRule.objects.filter(currency="USD").update(valid_until=NOON.date())

        claim = screened(small())

        assert claim.state == ClaimState.UNDER_REVIEW

    def test_no_payment_to_refund_goes_to_a_person(self) -> None:
        claim = small(payment_reference="")

        claim = screened(claim)

        assert claim.state == ClaimState.UNDER_REVIEW
        assert why(claim)["refused"] == "no_payment"
        assert not claim.assessments.exists()


class TestRuleOfAPerson:
    def rule(self, **fields: Any) -> AutoApprovalRule:
        basis: dict[str, Any] = {
            "code": "B1", "text_en": "By B1.", "text_zh": "按 B1。", "valid_from": NOON.date(),
            "currency": "USD", "max_minor": 6_000, "reasons": ["damaged"], "made_by": agent(),
            "made_at": NOON,
        }  # fmt: skip
        return AutoApprovalRule.objects.create(**basis | fields)

    def agree(self, rule: AutoApprovalRule) -> None:
        rule.agreed_by, rule.agreed_at = agent(), NOON
        rule.save()

    def test_approves_nothing_before_another_person_agrees(self) -> None:
        rule = self.rule()

        assert screened(small(price_minor=5_000)).state == ClaimState.UNDER_REVIEW
        self.agree(rule)
        assert screened(small(price_minor=5_000)).state == ClaimState.APPROVED

    def test_is_not_agreed_by_who_made_it(self) -> None:
        rule = self.rule()

        with refused("auto_rule_is_agreed_by_another"):
            AutoApprovalRule.objects.filter(pk=rule.pk).update(
                agreed_by=rule.made_by, agreed_at=NOON
            )

    @pytest.mark.parametrize(
        "change", [{"max_minor": 10**9}, {"reasons": ["lost"]}, {"risk_below": 100}]
    )
    def test_is_never_altered(self, change: dict[str, Any]) -> None:
        rule = self.rule()

        with refused("auto_rule_is_never_altered"):
            AutoApprovalRule.objects.filter(pk=rule.pk).update(**change)

    def test_proposes_above_its_own_sum_what_one_person_confirms(self) -> None:
        self.agree(self.rule(max_minor=4_000, confirm_minor=5_000))
        claim = screened(small(price_minor=5_000))
        approval = Approval.objects.get(claim=claim)
        assert claim.state == ClaimState.PENDING_APPROVAL
        assert (approval.rule is None, approval.reviewer, approval.approved_at) == (
            False, None, None,
        )  # fmt: skip
        assert claim.decision_text == claim.assessments.get().text_en

        person = approver()
        decisions.second(claim=claim, approver=person, now=SENT)

        approval.refresh_from_db()
        assert claim.state == ClaimState.APPROVED
        assert (approval.approver, approval.approved_at) == (person, SENT)
        assert not BudgetCounter.objects.exists()

    def test_of_a_disruption_spends_the_disruption_s_budget_too(self) -> None:
        storm = DisruptionWindow.objects.create(
            begins_at=NOON - timedelta(days=9), reason="Storm", country="", region=""
        )
        self.agree(self.rule(disruption=storm))
        outside = screened(small(price_minor=5_000))
        assert why(outside)["bar"] == "no_budget"
        AutoBudget.objects.create(
            currency="USD", disruption=storm, amount_minor=6_000, valid_from=NOON.date(),
            made_by=agent(), made_at=NOON,
        )  # fmt: skip

        first = screened(small(price_minor=5_000))
        second = screened(small(price_minor=5_000))

        assert first.state == ClaimState.APPROVED
        assert why(second)["bar"] == "disruption_spent"
        assert BudgetCounter.objects.get(disruption=storm).spent_minor == 5_000


class TestBudget:
    def test_a_spent_day_sends_claims_to_people_and_the_next_day_approves_again(self) -> None:
        AutoBudget.objects.create(
            currency="USD", amount_minor=2 * MAX - 1, valid_from=NOON.date(), made_by=agent(),
            made_at=NOON,
        )  # fmt: skip

        first, second = screened(small()), screened(small())
        third = small()
        tomorrow = SENT + timedelta(days=1)
        claims.screen(claim=third, now=tomorrow)

        assert first.state == ClaimState.APPROVED
        assert second.state == ClaimState.UNDER_REVIEW
        assert why(second) | {"risk": 0} == {"risk": 0, "rule": "A1", "bar": "day_spent"}
        assert third.state == ClaimState.APPROVED
        assert [row.spent_minor for row in BudgetCounter.objects.order_by("day")] == [MAX, MAX]

    def test_a_raised_budget_holds_at_once_and_a_lowered_one_keeps_what_was_spent(self) -> None:
        boss = agent()
        AutoBudget.objects.create(
            currency="USD", amount_minor=MAX, valid_from=NOON.date(), made_by=boss, made_at=NOON
        )
        screened(small())
        assert screened(small()).state == ClaimState.UNDER_REVIEW

        AutoBudget.objects.create(
            currency="USD", amount_minor=2 * MAX, valid_from=NOON.date(), made_by=boss, made_at=NOON
        )
        assert screened(small()).state == ClaimState.APPROVED
        AutoBudget.objects.create(
            currency="USD", amount_minor=0, valid_from=NOON.date(), made_by=boss, made_at=NOON
        )
        assert screened(small()).state == ClaimState.UNDER_REVIEW

        counter = BudgetCounter.objects.get()
        assert (counter.limit_minor, counter.spent_minor, counter.approvals) == (
            2 * MAX, 2 * MAX, 2,
        )  # fmt: skip


class TestSwitch:
    def boss(self) -> Any:
        person = agent()
        person.is_superuser = True
        person.save()
        return person

    def test_off_sends_everything_to_people_at_once_and_on_approves_again(self) -> None:
        boss = self.boss()
        budgets.stop(person=boss, reason="Odd photos.", now=SENT)
        off = screened(small())
        budgets.start(person=boss, reason="Checked.", now=SENT)

        assert off.state == ClaimState.UNDER_REVIEW
        assert why(off)["bar"] == "switched_off"
        assert screened(small()).state == ClaimState.APPROVED

    def test_a_rule_that_would_propose_is_silent_too(self) -> None:
        maker = TestRuleOfAPerson()
        maker.agree(maker.rule(max_minor=4_000, confirm_minor=5_000))
        budgets.stop(person=self.boss(), reason="Odd photos.", now=SENT)

        assert screened(small(price_minor=5_000)).state == ClaimState.UNDER_REVIEW

    def test_every_throw_is_written_down_by_the_database_itself(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE claims_autoswitch SET is_on = false")

        switch = AutoSwitch.objects.get()
        assert switch.is_on is False
        with connection.cursor() as cursor:
            cursor.execute("SELECT is_on FROM claims_autoswitchmove ORDER BY id")
            assert [row[0] for row in cursor.fetchall()][-1] is False

    def test_is_not_thrown_without_a_reason_or_the_permission(self) -> None:
        with pytest.raises(NoWords):
            budgets.stop(person=self.boss(), reason=" ", now=SENT)
        with pytest.raises(NotAllowed):
            budgets.stop(person=agent(), reason="Why not.", now=SENT)
        assert budgets.is_on()


class TestTurnAway:
    def test_an_order_that_changed_hands_is_declined_with_what_was_looked_at(self) -> None:
        claim = small()
        claim.order.shopper = agent()
        claim.order.save()
        claim.refresh_from_db()

        claim = screened(claim)

        decline = Decline.objects.get(claim=claim)
        assert claim.state == ClaimState.REJECTED
        assert (decline.code, decline.reviewer, decline.looked_at) == (
            "not_your_order", None, ["order"],
        )  # fmt: skip
        assert claim.appeal_until == SENT + timedelta(days=30)


class TestInTheDatabase:
    """Whoever holds an SQL prompt approves nothing by a rule that would not."""

    def forge(self, claim: Claim, **changes: Any) -> None:
        """Write an approval by rule as an intruder would, right in all but the changes."""
        rule = AutoApprovalRule.objects.get(code="A1", currency="USD")
        BudgetCounter.objects.get_or_create(
            currency="USD", day=SENT.date(), defaults={"limit_minor": 60_000}
        )
        assessment = assessing.keep(
            claim=claim, result=reckoning.preview(claim=claim, now=SENT), made_by=None, now=SENT
        )
        need = approving.need(claim=claim, amount_minor=assessment.amount_minor, now=SENT)
        basis: dict[str, Any] = {
            "claim": claim, "assessment": assessment, "amount_minor": assessment.amount_minor,
            "currency": "USD", "instrument": claim.order.payment_instrument,
            "payee": claim.order.payment_reference,
            "digest": approving.digest(
                assessment=assessment, instrument=claim.order.payment_instrument,
                payee=claim.order.payment_reference,
            ),
            "limit": need.limit, "limit_minor": need.limit.single_minor,
            "double_minor": need.limit.double_minor, "counted_minor": need.counted_minor,
            "claimant": claim.shopper, "rule": rule, "rule_minor": rule.max_minor,
            "reviewed_at": SENT, "approved_at": SENT,
        }  # fmt: skip
        Approval.objects.create(**basis | changes)

    def test_the_forger_s_row_is_right_in_itself(self) -> None:
        self.forge(small())

        assert BudgetCounter.objects.get().spent_minor == MAX

    @pytest.mark.parametrize(
        ("price", "changes", "guard"),
        [
            (MAX + 1, {}, "approval_by_rule_fits_its_rule"),
            (MAX + 1, {"rule_minor": 10**9}, "approval_by_rule_fits_its_rule"),
            (MAX, {"rule": None, "rule_minor": None}, "approval_is_by_a_person_or_by_a_rule"),
            (MAX, {"counted_minor": MAX - 1}, "approval_sums_up_what_was_approved_before"),
            (MAX, {"payee": "pay_mine"}, "approval_is_bound_to_its_claim"),
        ],
    )
    def test_a_forged_one_is_refused(self, price: int, changes: dict[str, Any], guard: str) -> None:
        with refused(guard):
            self.forge(small(price_minor=price), **changes)

    def test_none_is_written_while_the_switch_is_off(self) -> None:
        AutoSwitch.objects.update(is_on=False)

        with refused("approval_by_rule_needs_the_switch_on"):
            self.forge(small())

    def test_none_is_written_beyond_the_budget(self) -> None:
        self.forge(small())
        AutoBudget.objects.create(
            currency="USD", amount_minor=2 * MAX - 1, valid_from=SENT.date(), made_by=agent(),
            made_at=SENT,
        )  # fmt: skip
        BudgetCounter.objects.update(limit_minor=2 * MAX - 1)

        with refused("budget_is_never_overspent"):
            self.forge(small())

    @pytest.mark.parametrize(
        ("change", "guard"),
        [
            ({"spent_minor": 0}, "budget_counter_never_goes_back"),
            ({"limit_minor": 10**9}, "budget_counter_keeps_to_its_budget"),
            ({"day": "2020-01-01"}, "budget_counter_never_goes_back"),
        ],
    )
    def test_a_counter_is_not_turned_back(self, change: dict[str, Any], guard: str) -> None:
        screened(small())

        with refused(guard):
            BudgetCounter.objects.update(**change)

    def test_what_a_rule_proposed_is_not_approved_without_a_person(self) -> None:
        maker = TestRuleOfAPerson()
        maker.agree(maker.rule(max_minor=4_000, confirm_minor=5_000))
        claim = screened(small(price_minor=5_000))

        with refused("approval_only_goes_forward"):
            Approval.objects.filter(claim=claim).update(approved_at=SENT)

    def test_no_rule_gets_round_two_people(self) -> None:
        maker = TestRuleOfAPerson()
        maker.agree(maker.rule(max_minor=10_000))
        tighten("USD", 4_999)

        claim = screened(small(price_minor=5_000))

        assert claim.state == ClaimState.UNDER_REVIEW
        assert not Approval.objects.exists()
