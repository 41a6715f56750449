"""Who may say yes to what, and what the shopper may answer."""

# ruff: noqa: S608 - these tests write SQL as an intruder would

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from claims.models import Approval, ApprovalLimit, Assessment, Claim, ClaimUnit, Compensation
from claims.services import claims, decisions
from claims.services.reckoning import WrongAmount
from claims.services.refusals import NotAllowed, NotNow, NotYours, NoWords, OwnClaim
from claims.services.steps import UnitsTaken
from claims.states import ClaimState, Wish
from portal.accounts.models import User
from portal.outbox.models import Event
from tests.factories.claims import (
    DECIDED,
    ClaimFactory,
    agent,
    approver,
    delivered_parcel,
    policy,
    tighten,
    walk,
)

pytestmark = pytest.mark.django_db


def unchanged(claim: Claim, state: str) -> None:
    """Refused means nothing changed."""
    claim.refresh_from_db()
    assert claim.state == state
    assert not Compensation.objects.filter(claim=claim).exists()


def propose(claim: Claim, desk: User, **assessing: Any) -> Claim:
    assessment = decisions.assess(claim=claim, agent=desk, now=DECIDED, **assessing)
    return decisions.propose(
        claim=claim, assessment=assessment, agent=desk, text="We are sorry.", now=DECIDED
    )


class TestAssess:
    def test_keeps_what_preview_shows(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        shown = decisions.preview(claim=claim, now=DECIDED)

        kept = decisions.assess(claim=claim, agent=agent(), now=DECIDED)

        assert (kept.lines, kept.amount_minor, kept.rule) == (shown.lines, 5_500, "4.2")
        assert kept.digest == shown.digest
        assert [line["amount_minor"] for line in kept.lines] == [5_000, 500]
        claim.refresh_from_db()
        assert claim.assessed_minor == 5_500

    def test_a_part_of_the_parcel_brings_no_delivery_fee(self) -> None:
        claim = ClaimFactory.create(in_review=True, parcel=delivered_parcel(quantity=2))
        claim.lines.update(quantity=1)

        assert decisions.preview(claim=claim, now=DECIDED).amount_minor == 5_000

    def test_two_parcels_share_the_delivery_fee_to_the_last_unit(self) -> None:
        parcel = delivered_parcel(parcels=3, shipping_minor=1_000)
        claim = ClaimFactory.create(in_review=True, parcel=parcel)

        assert decisions.preview(claim=claim, now=DECIDED).amount_minor == 5_000 + 334

    def test_a_policy_that_keeps_the_delivery_fee_does(self) -> None:
        rule = policy()
        rule.refunds_delivery_fee = False
        rule.save()
        claim = ClaimFactory.create(in_review=True)

        assert decisions.preview(claim=claim, now=DECIDED).amount_minor == 5_000

    def test_never_comes_to_more_than_was_paid_for_the_order(self) -> None:
        claim = ClaimFactory.create(in_review=True, parcel=delivered_parcel(captured_minor=4_200))

        shown = decisions.preview(claim=claim, now=DECIDED)

        assert shown.amount_minor == 4_200
        assert shown.lines[-1]["amount_minor"] == -1_300

    @pytest.mark.parametrize(("key", "amount"), [("line", 5_001), ("line", -1), (999_999, 1)])
    def test_a_line_is_never_raised(self, key: str | int, amount: int) -> None:
        claim = ClaimFactory.create(in_review=True)
        pk = claim.lines.get().order_line_id if key == "line" else int(key)

        with pytest.raises(WrongAmount):
            decisions.assess(
                claim=claim, agent=agent(), amounts={pk: amount}, note="So.", now=DECIDED
            )

        assert not Assessment.objects.filter(claim=claim).exists()

    def test_a_line_is_lowered_only_with_a_reason(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        amounts = {claim.lines.get().order_line_id: 1_000}

        with pytest.raises(NoWords):
            decisions.assess(claim=claim, agent=agent(), amounts=amounts, now=DECIDED)

        kept = decisions.assess(
            claim=claim, agent=agent(), amounts=amounts, note="One is whole.", now=DECIDED
        )
        assert kept.amount_minor == 1_500
        assert kept.lines[0]["note_en"] == "One is whole."

    def test_refuses_the_claimant_even_with_the_permission(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        claim.shopper.is_superuser = True
        claim.shopper.save()

        with pytest.raises(OwnClaim):
            decisions.assess(claim=claim, agent=claim.shopper, now=DECIDED)

    def test_anew_while_a_second_yes_is_awaited_voids_the_proposal(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        decisions.assess(claim=claim, agent=agent(), now=DECIDED)

        assert claim.state == ClaimState.UNDER_REVIEW
        assert Approval.objects.get(claim=claim).voided_at == DECIDED
        with pytest.raises(NotNow):
            decisions.second(claim=claim, approver=approver(), now=DECIDED)


class TestPropose:
    def test_within_the_limit_the_whole_wish_is_approved_at_once(self) -> None:
        claim = ClaimFactory.create(approved=True)

        approval = Approval.objects.get(claim=claim)
        assert (claim.approved_minor, claim.claimed_minor) == (5_500, 5_500)
        assert approval.approved_at == DECIDED
        assert approval.approver is None
        assert Event.objects.filter(name="claims.claim_approved").count() == 1

    def test_less_than_the_wish_is_offered(self) -> None:
        claim = ClaimFactory.create(offered=True)

        assert claim.answer_by == DECIDED + timedelta(days=7)
        assert Event.objects.get(name="claims.offer_made").payload["amount_minor"] == 3_000
        assert not Compensation.objects.exists()

    def test_money_for_another_wish_is_offered(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        Claim.objects.filter(pk=claim.pk).update(wish=Wish.OTHER)

        propose(claim, agent())

        assert claim.state == ClaimState.OFFERED

    def test_exactly_the_limit_needs_one_person_and_one_more_unit_two(self) -> None:
        tighten("USD", 5_500)
        claim = ClaimFactory.create(in_review=True)
        dearer = ClaimFactory.create(in_review=True, parcel=delivered_parcel(price_minor=5_001))

        assert propose(claim, agent()).state == ClaimState.APPROVED
        assert propose(dearer, agent()).state == ClaimState.PENDING_APPROVAL

    def test_refuses_without_permission_and_leaves_no_trace(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        assessment = decisions.assess(claim=claim, agent=agent(), now=DECIDED)
        nobody = User.objects.create_user("nobody@example.org", is_staff=True)

        with pytest.raises(NotAllowed):
            decisions.propose(
                claim=claim, assessment=assessment, agent=nobody, text="Yes.", now=DECIDED
            )

        unchanged(claim, ClaimState.UNDER_REVIEW)
        assert not Approval.objects.exists()

    def test_refuses_an_older_assessment(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        desk = agent()
        old = decisions.assess(claim=claim, agent=desk, now=DECIDED)
        decisions.assess(claim=claim, agent=desk, now=DECIDED)

        with pytest.raises(decisions.ChangedSince):
            decisions.propose(claim=claim, assessment=old, agent=desk, text="Yes.", now=DECIDED)

        unchanged(claim, ClaimState.UNDER_REVIEW)

    def test_refuses_nothing_no_words_and_no_payment(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        desk, pk = agent(), claim.lines.get().order_line_id

        nothing = decisions.assess(
            claim=claim, agent=desk, amounts={pk: 0, 0: 0}, note="None.", now=DECIDED
        )
        with pytest.raises(decisions.NothingToPay):
            decisions.propose(claim=claim, assessment=nothing, agent=desk, text="x", now=DECIDED)
        whole = decisions.assess(claim=claim, agent=desk, now=DECIDED)
        with pytest.raises(NoWords):
            decisions.propose(claim=claim, assessment=whole, agent=desk, text=" ", now=DECIDED)
        claim.order.payment_reference = ""
        claim.order.save()
        with pytest.raises(decisions.NoPayment):
            decisions.propose(claim=claim, assessment=whole, agent=desk, text="x", now=DECIDED)

        unchanged(claim, ClaimState.UNDER_REVIEW)


class TestSecond:
    def test_another_person_approves(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)
        other = approver()

        decisions.second(claim=claim, approver=other, now=DECIDED)

        assert claim.state == ClaimState.APPROVED
        assert Approval.objects.get(claim=claim).approver == other
        assert Compensation.objects.get(claim=claim).amount_minor == 5_500

    def test_refuses_who_proposed_even_if_they_may_second(self) -> None:
        tighten("USD", 1)
        claim = ClaimFactory.create(in_review=True)
        both = approver()
        propose(claim, both)

        with pytest.raises(decisions.SamePerson):
            decisions.second(claim=claim, approver=both, now=DECIDED)

        unchanged(claim, ClaimState.PENDING_APPROVAL)

    def test_refuses_an_agent_without_the_second_permission(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        with pytest.raises(NotAllowed):
            decisions.second(claim=claim, approver=agent(), now=DECIDED)

        unchanged(claim, ClaimState.PENDING_APPROVAL)

    @pytest.mark.parametrize(
        "change", [{"payment_reference": "pay_mine"}, {"payment_instrument": "card ending 0666"}]
    )
    def test_the_payee_cannot_change_meanwhile(self, change: dict[str, str]) -> None:
        claim = ClaimFactory.create(pending_approval=True)
        order = type(claim.order).objects.filter(pk=claim.order_id)

        with (
            pytest.raises(IntegrityError, match="order_keeps_its_payment_while_an_approval_lives"),
            transaction.atomic(),
        ):
            order.update(**change)

        decisions.send_back(claim=claim, approver=approver(), note="Another card.", now=DECIDED)
        with (
            pytest.raises(IntegrityError, match="order_payment_is_written_once"),
            transaction.atomic(),
        ):
            order.update(**change)

    def test_sending_back_voids_the_proposal(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        decisions.send_back(claim=claim, approver=approver(), note="Too much.", now=DECIDED)

        assert claim.state == ClaimState.UNDER_REVIEW
        assert Approval.objects.get(claim=claim).voided_at == DECIDED


class TestFourEyesInTheDatabase:
    """The same rules for whoever holds a shell or an SQL prompt."""

    def test_no_yes_above_the_limit_without_a_second_person(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        with pytest.raises(IntegrityError, match="approval_above_the_limit_needs_a_second"):
            _update(claim, "approved_at = now()")

    def test_the_second_is_neither_the_first_nor_the_claimant(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        with pytest.raises(IntegrityError, match="approval_needs_four_eyes"):
            _update(claim, "approved_at = now(), approver_id = reviewer_id")
        with pytest.raises(IntegrityError, match="approval_is_never_by_the_claimant"):
            _update(claim, "approved_at = now(), approver_id = claimant_id")

    @pytest.mark.parametrize(
        "change",
        [
            "amount_minor = 1",
            "limit_minor = 99999999",
            "payee = 'pay_mine'",
            "instrument = 'card ending 0666'",
            "currency = 'JPY'",
            "digest = repeat('0', 64)",
            "reviewed_at = now()",
        ],
    )
    def test_a_proposal_is_never_altered(self, change: str) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        with pytest.raises(IntegrityError, match="approval_is_never_altered"):
            _update(claim, change)

    @pytest.mark.parametrize(
        "change",
        ["shopper_id = %(other)s", "currency = 'JPY'", "submitted_at = NULL, state = 'draft'"],
    )
    def test_a_sent_claim_is_handed_to_nobody_for_the_moment_of_a_yes(self, change: str) -> None:
        claim = ClaimFactory.create(in_review=True)

        with pytest.raises(IntegrityError, match="claim_keeps_its_shopper"):
            _update(claim, change % {"other": agent().pk}, table="claims_claim", key="id")
        unchanged(claim, ClaimState.UNDER_REVIEW)

    def test_a_yes_is_not_taken_back_nor_given_twice(self) -> None:
        claim = ClaimFactory.create(approved=True)

        with pytest.raises(IntegrityError, match="approval_only_goes_forward"):
            _update(claim, "approved_at = NULL")
        with pytest.raises(IntegrityError, match="approval_only_goes_forward"):
            _update(claim, "voided_at = now()")

    @pytest.mark.parametrize(
        ("forgery", "guard"),
        [
            ({"limit_minor": 10**9}, "approval_uses_the_limit_in_force"),
            ({"amount_minor": 5_501}, "approval_is_bound_to_its_claim"),
            ({"payee": "pay_mine"}, "approval_is_bound_to_its_claim"),
            ({"digest": "0" * 64}, "approval_is_bound_to_its_claim"),
        ],
    )
    def test_a_forged_approval_is_refused(self, forgery: dict[str, Any], guard: str) -> None:
        claim = ClaimFactory.create(pending_approval=True)
        approval = Approval.objects.get(claim=claim)
        Approval.objects.filter(pk=approval.pk).update(voided_at=DECIDED)
        approval.pk = None
        for name, value in forgery.items():
            setattr(approval, name, value)

        with pytest.raises(IntegrityError, match=guard), transaction.atomic():
            approval.save(force_insert=True)

    def test_an_outdated_limit_is_refused(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)
        approval = Approval.objects.get(claim=claim)
        Approval.objects.filter(pk=approval.pk).update(voided_at=DECIDED)
        old = ApprovalLimit.objects.get(currency="USD", valid_from="2020-01-01")
        approval.pk, approval.limit, approval.limit_minor = None, old, old.single_minor

        with (
            pytest.raises(IntegrityError, match="approval_uses_the_limit_in_force"),
            transaction.atomic(),
        ):
            approval.save(force_insert=True)

    def test_a_limit_is_never_back_dated(self) -> None:
        policy()

        with (
            pytest.raises(IntegrityError, match="approval_limit_only_moves_forward"),
            transaction.atomic(),
        ):
            ApprovalLimit.objects.create(
                currency="USD", single_minor=10**9, valid_from="2019-01-01"
            )


class TestReject:
    def test_frees_the_units_and_tells_until_when_to_appeal(self) -> None:
        claim = ClaimFactory.create(rejected=True)

        assert claim.appeal_until == DECIDED + timedelta(days=30)
        assert (claim.decision_code, claim.decision_text) == ("worn", "This is wear.")
        assert not ClaimUnit.objects.filter(claim=claim, is_live=True).exists()
        assert Event.objects.filter(name="claims.claim_rejected").count() == 1

    @pytest.mark.parametrize(
        ("code", "text", "refusal"),
        [("nonsense", "No.", decisions.UnknownCode), ("worn", "  ", NoWords)],
    )
    def test_needs_a_code_and_words(self, code: str, text: str, refusal: type[Exception]) -> None:
        claim = ClaimFactory.create(in_review=True)

        with pytest.raises(refusal):
            decisions.reject(claim=claim, agent=agent(), code=code, text=text, now=DECIDED)

        unchanged(claim, ClaimState.UNDER_REVIEW)

    def test_a_proposal_is_declined_by_the_second_person_only(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)
        reviewer = Approval.objects.get(claim=claim).reviewer
        assert reviewer is not None

        with pytest.raises(NotAllowed):
            decisions.reject(claim=claim, agent=reviewer, code="worn", text="No.", now=DECIDED)
        decisions.reject(claim=claim, agent=approver(), code="worn", text="No.", now=DECIDED)

        assert claim.state == ClaimState.REJECTED
        assert Approval.objects.get(claim=claim).voided_at == DECIDED


class TestAcceptOffer:
    def test_sends_the_money_that_was_offered(self) -> None:
        claim = ClaimFactory.create(offered=True)

        decisions.accept_offer(claim=claim, shopper=claim.shopper, now=DECIDED)

        assert claim.state == ClaimState.APPROVED
        assert claim.approved_minor == 3_000
        assert Compensation.objects.get(claim=claim).amount_minor == 3_000

    def test_twice_is_once(self) -> None:
        claim = ClaimFactory.create(offered=True)
        decisions.accept_offer(claim=claim, shopper=claim.shopper, now=DECIDED)

        decisions.accept_offer(claim=claim, shopper=claim.shopper, now=DECIDED)

        assert Compensation.objects.filter(claim=claim).count() == 1
        assert claim.transitions.filter(verb="accept").count() == 1

    def test_refuses_anybody_else(self) -> None:
        claim = ClaimFactory.create(offered=True)

        with pytest.raises(NotYours):
            decisions.accept_offer(claim=claim, shopper=agent(), now=DECIDED)

        unchanged(claim, ClaimState.OFFERED)

    def test_an_offer_keeps_its_payee(self) -> None:
        claim = ClaimFactory.create(offered=True)

        with (
            pytest.raises(IntegrityError, match="order_keeps_its_payment_while_an_approval_lives"),
            transaction.atomic(),
        ):
            type(claim.order).objects.filter(pk=claim.order_id).update(payment_reference="pay_x")


class TestAppeal:
    def test_takes_the_units_back_and_another_person_looks(self) -> None:
        claim = ClaimFactory.create(rejected=True)
        first = claim.transitions.get(verb="reject").actor
        assert first is not None

        decisions.appeal(claim=claim, shopper=claim.shopper, text="It was new.", now=DECIDED)

        assert claim.state == ClaimState.APPEALED
        assert ClaimUnit.objects.filter(claim=claim, is_live=True).count() == 1
        with pytest.raises(decisions.SamePerson):
            decisions.take_up(claim=claim, agent=first, now=DECIDED)
        decisions.take_up(claim=claim, agent=agent(), now=DECIDED)
        with pytest.raises(decisions.SamePerson):
            decisions.reject(claim=claim, agent=first, code="worn", text="Still.", now=DECIDED)
        assert claim.state == ClaimState.UNDER_REVIEW

    def test_of_an_offer_voids_it(self) -> None:
        claim = ClaimFactory.create(offered=True)

        decisions.appeal(claim=claim, shopper=claim.shopper, text="Too little.", now=DECIDED)

        assert Approval.objects.get(claim=claim).voided_at == DECIDED

    def test_is_over_after_the_last_day(self) -> None:
        claim = ClaimFactory.create(rejected=True)

        with pytest.raises(decisions.AppealsOver):
            decisions.appeal(
                claim=claim, shopper=claim.shopper, text="x", now=DECIDED + timedelta(days=30)
            )

        unchanged(claim, ClaimState.REJECTED)

    def test_is_refused_once_another_claim_covers_the_items(self) -> None:
        claim = ClaimFactory.create(rejected=True)
        walk(
            claims.begin(parcel=claim.parcel, shopper=claim.shopper, language="en", now=DECIDED),
            "submitted",
        )

        with pytest.raises(UnitsTaken):
            decisions.appeal(claim=claim, shopper=claim.shopper, text="x", now=DECIDED)

        unchanged(claim, ClaimState.REJECTED)

    def test_twice_at_most(self) -> None:
        claim = ClaimFactory.create(rejected=True)
        for _ in range(2):
            decisions.appeal(claim=claim, shopper=claim.shopper, text="x", now=DECIDED)
            desk = agent()
            decisions.take_up(claim=claim, agent=desk, now=DECIDED)
            decisions.reject(claim=claim, agent=desk, code="worn", text="No.", now=DECIDED)

        with pytest.raises(decisions.AppealsOver):
            decisions.appeal(claim=claim, shopper=claim.shopper, text="x", now=DECIDED)


def _update(
    claim: Claim, change: str, *, table: str = "claims_approval", key: str = "claim_id"
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change} WHERE {key} = {claim.pk}")
