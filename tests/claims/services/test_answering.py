"""What a shopper may say to a decision, how often, and who looks then; and opening again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from claims.models import Approval, Claim, Compensation, CounterOffer, Decline, Message, Reopening
from claims.services import claims, clock, decisions, outcomes, reopening
from claims.services.refusals import NotAllowed, NotNow, NotYours, NoWords
from claims.states import ClaimState, LookedAt, VoidReason
from portal.accounts.models import User
from tests.factories.claims import DECIDED, ClaimFactory, agent, approver, tighten

pytestmark = pytest.mark.django_db


def counter(claim: Claim, **changes: Any) -> Claim:
    basis: dict[str, Any] = {
        "claim": claim, "shopper": claim.shopper, "wish": "refund", "amount_minor": 4_500,
        "text": "It cannot be used.", "now": DECIDED,
    }  # fmt: skip
    return decisions.counter(**basis | changes)


def offer(claim: Claim, minor: int, desk: User | None = None) -> Claim:
    """Let the desk decide on so much for the thing itself."""
    desk = desk or agent()
    key = claim.lines.get().order_line_id
    assessment = decisions.assess(
        claim=claim, agent=desk, amounts={key: minor - 500}, note="So.", now=DECIDED
    )
    return decisions.propose(
        claim=claim, assessment=assessment, agent=desk, text="Sorry.", now=DECIDED
    )


def paid() -> Claim:
    claim: Claim = ClaimFactory.create(approved=True)
    payment = Compensation.objects.get(claim=claim)
    Compensation.objects.filter(pk=payment.pk).update(state="sending")
    claims_state(claim, ClaimState.COMPENSATING)
    outcomes.settle(compensation_id=payment.pk, provider_ref="re_1", now=DECIDED)
    claim.refresh_from_db()
    assert claim.state == ClaimState.RESOLVED
    return claim


def claims_state(claim: Claim, state: str) -> None:
    Claim.objects.filter(pk=claim.pk).update(state=state)


class TestCounter:
    def test_goes_back_to_a_person_with_what_was_asked_and_the_offer_is_void(self) -> None:
        claim = ClaimFactory.create(offered=True)

        counter(claim)

        row = CounterOffer.objects.get(claim=claim)
        assert claim.state == ClaimState.UNDER_REVIEW
        assert (row.number, row.wish, row.amount_minor) == (1, "refund", 4_500)
        approval = Approval.objects.get(claim=claim)
        assert (approval.voided_at, approval.void_reason) == (DECIDED, VoidReason.COUNTERED)
        assert Message.objects.get(claim=claim).body == "It cannot be used."
        assert claim.appeals == 0

    def test_what_was_asked_is_granted_at_once_and_one_unit_less_is_offered(self) -> None:
        exact, less = ClaimFactory.create(offered=True), ClaimFactory.create(offered=True)
        counter(exact)
        counter(less)

        assert offer(exact, 4_500).state == ClaimState.APPROVED
        assert offer(less, 4_499).state == ClaimState.OFFERED

    def test_three_times_at_most(self) -> None:
        claim = ClaimFactory.create(offered=True)
        for _ in range(3):
            counter(claim)
            offer(claim, 3_100)
        assert decisions.counters_left(claim) == 0

        with pytest.raises(decisions.CountersOver):
            counter(claim)

        assert claim.state == ClaimState.OFFERED
        assert CounterOffer.objects.filter(claim=claim).count() == 3

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"amount_minor": 3_000}, decisions.WrongCounter),
            ({"amount_minor": 5_501}, decisions.WrongCounter),
            ({"amount_minor": 0}, decisions.WrongCounter),
            ({"wish": "a pony"}, decisions.WrongCounter),
            ({"text": "  "}, NoWords),
        ],
    )
    def test_refuses_what_cannot_be_meant(
        self, changes: dict[str, Any], refusal: type[Exception]
    ) -> None:
        claim = ClaimFactory.create(offered=True)

        with pytest.raises(refusal):
            counter(claim, **changes)

        claim.refresh_from_db()
        assert claim.state == ClaimState.OFFERED
        assert Approval.objects.get(claim=claim).voided_at is None

    def test_refuses_anybody_else_and_when_there_is_no_offer(self) -> None:
        with pytest.raises(NotYours):
            counter(ClaimFactory.create(offered=True), shopper=agent())
        with pytest.raises(NotNow):
            counter(ClaimFactory.create(approved=True))

    def test_another_thing_than_money_names_no_sum(self) -> None:
        claim = ClaimFactory.create(offered=True)

        counter(claim, wish="replacement", amount_minor=4_500)

        assert CounterOffer.objects.get(claim=claim).amount_minor is None
        assert offer(claim, 4_500).state == ClaimState.OFFERED


class TestSilence:
    def test_after_two_reminders_an_offer_rests_and_may_be_opened_again(self) -> None:
        claim = ClaimFactory.create(offered=True)
        for days in (4, 6, 8):
            clock.keep_time(now=DECIDED + timedelta(days=days, hours=1))
        claim.refresh_from_db()

        assert claim.state == ClaimState.EXPIRED
        assert Approval.objects.get(claim=claim).void_reason == VoidReason.EXPIRED
        claims.reopen(claim=claim, actor=claim.shopper, now=DECIDED + timedelta(days=9))
        assert claim.state == ClaimState.UNDER_REVIEW


class TestRefusal:
    def test_above_the_limit_a_second_person_has_to_agree(self) -> None:
        tighten("USD", 5_499)
        claim = ClaimFactory.create(in_review=True)
        desk = agent()

        decisions.reject(
            claim=claim, agent=desk, code="worn", text="This is wear.", now=DECIDED,
            looked_at=[LookedAt.STORY, LookedAt.ORDER],
        )  # fmt: skip

        row = Decline.objects.get(claim=claim)
        assert claim.state == ClaimState.PENDING_APPROVAL
        assert (claim.decision_text, row.approved_at, row.appeal_until) == ("", None, None)
        both = approver()
        decisions.second(claim=claim, approver=both, now=DECIDED)
        row.refresh_from_db()
        assert claim.state == ClaimState.REJECTED
        assert (row.reviewer, row.approver, row.looked_at) == (desk, both, ["story", "order"])
        assert (claim.decision_text, claim.appeal_until) == (
            "This is wear.", DECIDED + timedelta(days=30),
        )  # fmt: skip

    def test_at_the_limit_itself_one_person_is_enough(self) -> None:
        tighten("USD", 5_500)
        claim = ClaimFactory.create(in_review=True)

        decisions.reject(claim=claim, agent=agent(), code="worn", text="No.", now=DECIDED)

        assert claim.state == ClaimState.REJECTED

    def test_who_proposed_it_does_not_agree_and_may_be_sent_back(self) -> None:
        tighten("USD", 1)
        claim = ClaimFactory.create(in_review=True)
        both = approver()
        decisions.reject(claim=claim, agent=both, code="worn", text="No.", now=DECIDED)

        with pytest.raises(decisions.SamePerson):
            decisions.second(claim=claim, approver=both, now=DECIDED)
        decisions.send_back(claim=claim, approver=approver(), note="Look again.", now=DECIDED)

        row = Decline.objects.get(claim=claim)
        assert (claim.state, row.void_reason) == (ClaimState.UNDER_REVIEW, VoidReason.SENT_BACK)

    def test_says_what_was_looked_at(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        with pytest.raises(decisions.NothingLookedAt):
            decisions.reject(
                claim=claim, agent=agent(), code="worn", text="No.", looked_at=[], now=DECIDED
            )
        decisions.reject(claim=claim, agent=agent(), code="worn", text="No.", now=DECIDED)

        assert Decline.objects.get(claim=claim).looked_at == ["story", "tracking", "order"]

    def test_no_person_gives_a_reason_that_only_facts_give(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        with pytest.raises(decisions.UnknownCode):
            decisions.reject(
                claim=claim, agent=agent(), code="not_your_order", text="No.", now=DECIDED
            )

    def test_each_appeal_is_looked_at_by_people_who_never_decided(self) -> None:
        tighten("USD", 1)
        claim = ClaimFactory.create(in_review=True)
        deciders: list[User] = []
        for level in range(3):
            desk, other = agent(), approver()
            for earlier in deciders:
                with pytest.raises((decisions.SamePerson, NotAllowed)):
                    decisions.reject(
                        claim=claim, agent=earlier, code="worn", text="No.", now=DECIDED
                    )
            decisions.reject(claim=claim, agent=desk, code="worn", text="No.", now=DECIDED)
            for earlier in deciders:
                with pytest.raises((decisions.SamePerson, NotAllowed)):
                    decisions.second(claim=claim, approver=earlier, now=DECIDED)
            decisions.second(claim=claim, approver=other, now=DECIDED)
            deciders += [desk, other]
            assert Decline.objects.get(claim=claim, voided_at=None).level == level
            if level < 2:
                decisions.appeal(claim=claim, shopper=claim.shopper, text="No.", now=DECIDED)
                decisions.take_up(claim=claim, agent=agent(), now=DECIDED)

        with pytest.raises(decisions.AppealsOver):
            decisions.appeal(claim=claim, shopper=claim.shopper, text="No.", now=DECIDED)


class TestReopening:
    def ask(self, claim: Claim, **changes: Any) -> Reopening:
        basis: dict[str, Any] = {
            "claim": claim, "agent": agent(), "fact": "parcel_found", "note": "At the depot.",
            "now": DECIDED,
        }  # fmt: skip
        return reopening.ask(**basis | changes)

    def test_a_paid_claim_needs_another_person(self) -> None:
        claim = paid()
        row = self.ask(claim)
        assert claim.state == ClaimState.RESOLVED
        with pytest.raises(NotAllowed):
            reopening.agree(claim=claim, approver=row.asked_by, now=DECIDED)
        with pytest.raises(reopening.AskedAlready):
            self.ask(claim)

        other = approver()
        reopening.agree(claim=claim, approver=other, now=DECIDED)

        row.refresh_from_db()
        step = claim.transitions.get(verb="reopen")
        assert claim.state == ClaimState.UNDER_REVIEW
        assert (row.agreed_by, row.opened_at, row.paid_minor) == (other, DECIDED, 5_500)
        assert (step.reason_code, step.note) == ("parcel_found", "At the depot.")

    def test_who_asked_does_not_agree_even_with_the_permission(self) -> None:
        claim, both = paid(), approver()
        self.ask(claim, agent=both)

        with pytest.raises(reopening.SamePersonAgain):
            reopening.agree(claim=claim, approver=both, now=DECIDED)

    def test_one_person_alone_opens_no_paid_claim(self) -> None:
        with pytest.raises(reopening.SecondNeeded):
            claims.reopen(claim=paid(), actor=agent(), now=DECIDED)

    def test_may_be_refused_and_asked_again(self) -> None:
        claim = paid()
        self.ask(claim)

        reopening.refuse(claim=claim, approver=approver(), now=DECIDED)

        assert claim.state == ClaimState.RESOLVED
        assert reopening.waiting(claim) is None
        self.ask(claim)

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [({"fact": "a dream"}, reopening.UnknownFact), ({"note": " "}, NoWords)],
    )
    def test_says_what_is_new(self, changes: dict[str, Any], refusal: type[Exception]) -> None:
        claim = paid()

        with pytest.raises(refusal):
            self.ask(claim, **changes)

        assert not Reopening.objects.exists()

    def test_what_was_never_paid_is_opened_by_one_person(self) -> None:
        claim = ClaimFactory.create(offered=True)
        for days in (4, 6, 8):
            clock.keep_time(now=DECIDED + timedelta(days=days, hours=1))
        claim.refresh_from_db()

        self.ask(claim, fact="new_evidence", now=DECIDED + timedelta(days=9))

        assert claim.state == ClaimState.UNDER_REVIEW
