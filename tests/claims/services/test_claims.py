"""The shopper's side: what may be filed, when, and that nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from claims.models import Claim, ClaimUnit, Compensation
from claims.services import claims, compensations, conversation, reopening
from claims.services.refusals import NotAllowed, NotNow, NotYours
from claims.services.steps import UnitsTaken
from claims.states import ClaimState, Wish
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.models import Event
from tests.factories.claims import (
    DECIDED,
    REVIEWED,
    ClaimFactory,
    EvidenceFactory,
    agent,
    approver,
    delivered_parcel,
    fill,
    policy,
    walk,
)
from tests.factories.tracking import NOON, ParcelFactory
from tracking.models import Parcel, ParcelLine

pytestmark = pytest.mark.django_db


def begin(parcel: Parcel) -> Claim:
    return claims.begin(parcel=parcel, shopper=parcel.order.shopper, language="en", now=NOON)


class TestBegin:
    def test_twice_gives_the_same_draft(self) -> None:
        parcel = delivered_parcel()

        assert begin(parcel).pk == begin(parcel).pk

    def test_refuses_another_persons_parcel(self) -> None:
        parcel = delivered_parcel()

        with pytest.raises(NotYours):
            claims.begin(
                parcel=parcel,
                shopper=User.objects.create_user("other@example.org"),
                language="en",
                now=NOON,
            )

        assert not Claim.objects.exists()


class TestChoose:
    def test_keeps_the_items_at_the_price_paid(self) -> None:
        claim = begin(delivered_parcel(quantity=3))
        line = claims.claimable(parcel=claim.parcel)[0].order_line

        claims.choose(claim=claim, quantities={line.pk: 2}, now=NOON)
        claims.choose(claim=claim, quantities={line.pk: 3}, now=NOON)

        kept = claim.lines.get()
        assert (kept.quantity, kept.price_minor) == (3, 5_000)

    def test_refuses_more_than_is_free_and_keeps_the_choice_before(self) -> None:
        claim = begin(delivered_parcel(quantity=2))
        pk = claims.claimable(parcel=claim.parcel)[0].order_line.pk
        claims.choose(claim=claim, quantities={pk: 1}, now=NOON)

        with pytest.raises(claims.NothingFree) as refusal:
            claims.choose(claim=claim, quantities={pk: 3}, now=NOON)

        assert str(refusal.value) == (
            "“Enamel mug”: only 2 can still be claimed. Choose that many or fewer."
        )
        assert claim.lines.get().quantity == 1

    @pytest.mark.parametrize("quantities", [{0: 1}, {-5: 1}])
    def test_refuses_what_is_not_in_the_parcel(self, quantities: dict[int, int]) -> None:
        claim = begin(delivered_parcel())

        with pytest.raises(claims.UnknownItem):
            claims.choose(claim=claim, quantities=quantities, now=NOON)


class TestTell:
    def test_what_is_not_told_stays(self) -> None:
        claim = ClaimFactory.create(filled=True)

        claims.tell(claim=claim, without_box="Gone.", now=NOON)

        claim.refresh_from_db()
        assert (claim.reason, claim.story, claim.without_box) == (
            "damaged",
            "The handle is off.",
            "Gone.",
        )

    def test_another_reason_drops_the_old_answers_and_keeps_the_words(self) -> None:
        claim = begin(delivered_parcel())
        claims.tell(
            claim=claim, reason="damaged", answers={"box": "yes"}, story="Broken.", now=NOON
        )
        assert claim.answers == {"box": "yes"}

        claims.tell(claim=claim, reason="wrong_item", now=NOON)

        assert (claim.answers, claim.story) == ({}, "Broken.")
        assert claim.policy == policy("wrong_item")

    def test_keeps_only_answers_we_ask_for(self) -> None:
        claim = begin(delivered_parcel())

        claims.tell(
            claim=claim,
            reason="damaged",
            answers={"box": "maybe", "hazard": "leaking", "colour": "red"},
            now=NOON,
        )

        assert claim.answers == {"hazard": "leaking"}

    def test_too_many_words_are_refused_whole_not_cut(self) -> None:
        claim = begin(delivered_parcel())

        with pytest.raises(claims.StoryTooLong):
            claims.tell(claim=claim, reason="damaged", story="x" * 601, now=NOON)

        claim.refresh_from_db()
        assert (claim.story, claim.reason) == ("", "")

    def test_any_text_comes_back_as_it_was(self) -> None:
        claim = begin(delivered_parcel())
        story = "  <b>☃</b> '; DROP TABLE 杯子碎了\n\t"

        claims.tell(claim=claim, reason="damaged", story=story, now=NOON)

        claim.refresh_from_db()
        assert claim.story == story


class TestMissing:
    def test_lists_every_photo_until_it_has_come(self) -> None:
        claim = ClaimFactory.create(filled=True)
        claims.tell(claim=claim, without_box="", now=NOON)
        assert claims.missing(claim=claim) == [
            "Add a photo: What broke. Or tell us why you cannot.",
            "Add 2 photos: The whole box. Or tell us why you cannot.",
            "Add a photo: The padding inside. Or tell us why you cannot.",
            "Add a photo: The shipping label. Or tell us why you cannot.",
        ]

        for kind in ("item", "box", "box", "padding", "label"):
            EvidenceFactory.create(claim=claim, kind=kind)

        assert claims.missing(claim=claim) == []

    def test_refused_and_removed_photos_do_not_count(self) -> None:
        claim = ClaimFactory.create(filled=True)
        EvidenceFactory.create(claim=claim, kind="item", state="refused", refusal="unreadable")
        EvidenceFactory.create(claim=claim, kind="item", removed_at=NOON)

        assert [item.photos for item in claims.checklist(claim=claim)] == [[]] * 5

    def test_nobody_is_asked_to_photograph_what_leaks(self) -> None:
        claim = ClaimFactory.create(filled=True)

        claims.tell(claim=claim, answers={"hazard": "leaking"}, without_box="", now=NOON)

        assert claims.missing(claim=claim) == []

    def test_a_lost_parcel_needs_no_photo(self) -> None:
        claim = ClaimFactory.create(filled=True)

        claims.tell(claim=claim, reason="lost", without_box="", now=NOON)

        assert claims.missing(claim=claim) == []


class TestSubmit:
    def test_holds_the_units_and_says_by_when_we_decide(self) -> None:
        claim = ClaimFactory.create(submitted=True)

        assert claim.state == ClaimState.SUBMITTED
        assert claim.claimed_minor == 5_500
        assert claim.decide_by == NOON + timedelta(days=3)
        assert list(ClaimUnit.objects.values_list("number", "is_live")) == [(1, True)]
        event = Event.objects.get(name="claims.claim_filed")
        assert event.payload["items"] == ["Enamel mug × 1"]
        assert event.payload["to"] == claim.shopper_id

    def test_again_with_the_same_or_another_key_is_once(self) -> None:
        claim = ClaimFactory.create(filled=True)
        key = uuid4()
        claims.submit(claim=claim, key=key, now=NOON)

        claims.submit(claim=claim, key=key, now=NOON)
        claims.submit(claim=claim, key=uuid4(), now=NOON)

        assert claim.submit_key == key
        assert claim.transitions.count() == 1
        assert Event.objects.filter(name="claims.claim_filed").count() == 1

    def test_refuses_an_incomplete_one_and_keeps_the_draft(self) -> None:
        claim = begin(delivered_parcel())
        claims.tell(claim=claim, reason="damaged", story="Broken.", now=NOON)

        with pytest.raises(claims.Incomplete) as refusal:
            claims.submit(claim=claim, key=uuid4(), now=NOON)

        assert refusal.value.facts["missing"][0] == "Choose at least one item."
        claim.refresh_from_db()
        assert (claim.state, claim.story) == (ClaimState.DRAFT, "Broken.")
        assert not ClaimUnit.objects.exists()

    def test_refuses_after_the_window(self) -> None:
        claim = ClaimFactory.create(filled=True)

        with pytest.raises(claims.WindowShut, match="could be reported until"):
            claims.submit(claim=claim, key=uuid4(), now=NOON + timedelta(days=30))

        claim.refresh_from_db()
        assert claim.state == ClaimState.DRAFT

    def test_refuses_units_that_another_claim_holds(self) -> None:
        first = ClaimFactory.create(filled=True)
        assert first.parcel is not None
        claims.withdraw(claim=first, actor=first.shopper, now=NOON)
        second = fill(begin(first.parcel))
        # A draft that chose before the other was sent: units are only held from then on.
        claims.submit(claim=second, key=uuid4(), now=NOON)
        third = begin(first.parcel)
        third.lines.create(order_line=second.lines.get().order_line, quantity=1, price_minor=5_000)
        claims.tell(claim=third, reason="damaged", without_box="Gone.", now=NOON)
        claims.wish(claim=third, wish=Wish.REFUND, now=NOON)

        with pytest.raises(UnitsTaken):
            claims.submit(claim=third, key=uuid4(), now=NOON)

        assert ClaimUnit.objects.filter(is_live=True).count() == 1

    def test_a_paid_unit_is_never_claimed_again(self) -> None:
        claim = ClaimFactory.create(approved=True)

        assert [line.free for line in claims.claimable(parcel=claim.parcel)] == [0]

    def test_units_of_one_order_line_are_told_apart_by_parcel(self) -> None:
        parcel = delivered_parcel(parcels=2)
        other = ParcelFactory._meta.model.objects.exclude(pk=parcel.pk).get()
        walk(begin(parcel), "submitted")

        assert [line.numbers for line in claims.claimable(parcel=parcel)] == [()]
        assert [line.numbers for line in claims.claimable(parcel=other)] == [(2,)]
        assert ParcelLine.objects.count() == 2


class TestScreen:
    def test_passes_a_claim_to_the_desk_once(self) -> None:
        claim = ClaimFactory.create(submitted=True)

        claims.screen(claim=claim, now=NOON)
        claims.screen(claim=claim, now=NOON)

        assert claim.state == ClaimState.UNDER_REVIEW
        assert list(claim.transitions.order_by("pk").values_list("verb", flat=True)) == [
            "submit",
            "screen",
            "pass_on",
        ]

    def test_turns_away_who_does_not_own_the_order_any_more(self) -> None:
        claim = ClaimFactory.create(submitted=True)
        type(claim.order).objects.filter(pk=claim.order_id).update(
            shopper=User.objects.create_user("other@example.org")
        )
        claim = Claim.objects.get(pk=claim.pk)

        claims.screen(claim=claim, now=NOON)

        assert (claim.state, claim.decision_code) == (ClaimState.REJECTED, "not_your_order")


class TestWithdraw:
    @pytest.mark.parametrize("point", ["draft", "submitted", "in_review", "needs_info", "offered"])
    def test_is_possible_until_money_is_on_its_way(self, point: str) -> None:
        claim = ClaimFactory.create(upto=point)

        claims.withdraw(claim=claim, actor=claim.shopper, now=DECIDED)

        assert claim.state == ClaimState.WITHDRAWN
        assert not ClaimUnit.objects.filter(is_live=True).exists()
        assert not claim.approvals.filter(voided_at=None).exists()

    def test_is_refused_once_approved(self) -> None:
        claim = ClaimFactory.create(approved=True)

        with pytest.raises(NotNow) as refusal:
            claims.withdraw(claim=claim, actor=claim.shopper, now=DECIDED)

        assert str(refusal.value) == (
            "This claim has moved on: it is now “Approved”. Nothing was changed."
        )

    def test_is_refused_to_staff(self) -> None:
        claim = ClaimFactory.create(submitted=True)

        with pytest.raises(NotYours):
            claims.withdraw(claim=claim, actor=agent(), now=DECIDED)


class TestReopen:
    def test_an_unsent_draft_does_not_come_back(self) -> None:
        claim = ClaimFactory.create(filled=True)
        Claim.objects.filter(pk=claim.pk).update(state=ClaimState.EXPIRED)

        with pytest.raises(claims.CannotReopen):
            claims.reopen(claim=claim, actor=claim.shopper, now=DECIDED)

    def test_a_resolved_one_is_reopened_by_the_desk_only(self) -> None:
        claim = ClaimFactory.create(approved=True)
        Claim.objects.filter(pk=claim.pk).update(state=ClaimState.RESOLVED)

        with pytest.raises(NotAllowed):
            claims.reopen(claim=claim, actor=claim.shopper, now=DECIDED)
        claims.reopen(claim=claim, actor=agent(), now=DECIDED)

        assert claim.state == ClaimState.UNDER_REVIEW


class TestConversation:
    def test_a_message_sent_twice_is_one(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        key, desk = uuid4(), agent()

        for _ in range(2):
            conversation.write(
                claim=claim, author=desk, role=Role.AGENT, body="Hello.", send_key=key, now=NOON
            )

        assert claim.messages.count() == 1
        assert Event.objects.filter(name="claims.message_sent").count() == 1

    def test_a_stranger_may_not_write(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        stranger = User.objects.create_user("other@example.org")

        for role in (Role.SHOPPER, Role.AGENT):
            with pytest.raises((NotYours, NotAllowed)):
                conversation.write(
                    claim=claim, author=stranger, role=role, body="x", send_key=uuid4(), now=NOON
                )

        assert not claim.messages.exists()

    def test_asking_by_a_day_that_never_comes_is_refused(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        for days in (32, 365):
            with pytest.raises(conversation.DueTooLate):
                conversation.ask(
                    claim=claim, agent=agent(), text="Show the label.", now=REVIEWED,
                    due_at=REVIEWED + timedelta(days=days),
                )  # fmt: skip

        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW
        assert not claim.requests.exists()

    def test_asking_stops_our_clock_and_answering_lets_it_run_on(self) -> None:
        claim = ClaimFactory.create(needs_info=True)
        decide_by = claim.decide_by
        assert decide_by is not None
        assert claim.answer_by == REVIEWED + timedelta(days=7)
        later = REVIEWED + timedelta(days=2)

        with pytest.raises(conversation.NothingSent):
            conversation.answer(claim=claim, shopper=claim.shopper, now=later)
        EvidenceFactory.create(claim=claim, received_at=later)
        conversation.answer(claim=claim, shopper=claim.shopper, now=later)
        conversation.answer(claim=claim, shopper=claim.shopper, now=later)

        assert claim.state == ClaimState.UNDER_REVIEW
        # Thursday noon, and two working days that stood still, over a weekend.
        assert claim.decide_by == decide_by + timedelta(days=4)
        assert claim.transitions.filter(verb="answer").count() == 1


class TestAvailableActions:
    @pytest.mark.parametrize(
        ("point", "role", "verbs"),
        [
            ("draft", Role.SHOPPER, ["submit", "withdraw"]),
            ("submitted", Role.SHOPPER, ["withdraw"]),
            ("needs_info", Role.SHOPPER, ["answer", "withdraw"]),
            ("offered", Role.SHOPPER, ["accept", "counter", "appeal", "withdraw"]),
            ("approved", Role.SHOPPER, []),
            ("rejected", Role.SHOPPER, ["appeal"]),
            (
                "in_review",
                Role.AGENT,
                ["ask", "trace", "request_back", "propose", "reject"],
            ),
            ("pending_approval", Role.AGENT, []),
            ("pending_approval", Role.APPROVER, ["send_back", "approve", "reject"]),
        ],
    )
    def test_says_what_this_role_may_do_now(self, point: str, role: str, verbs: list[str]) -> None:
        claim = ClaimFactory.create(upto=point)

        actions = claims.available_actions(claim=claim, role=role, now=DECIDED)

        assert [action.verb for action in actions] == verbs
        assert all(action.label for action in actions)

    def test_an_offer_must_be_answered_by_its_day(self) -> None:
        claim = ClaimFactory.create(offered=True)

        accept, *choices = claims.available_actions(claim=claim, role=Role.SHOPPER, now=DECIDED)

        assert (accept.is_mandatory, accept.due_at) == (True, claim.answer_by)
        assert [row.verb for row in choices] == ["counter", "appeal", "withdraw"]
        assert not any(row.is_mandatory for row in choices)


class TestPaidUnits:
    def test_stay_taken_when_a_paid_claim_is_reopened_and_withdrawn(self) -> None:
        claim = ClaimFactory.create(approved=True)
        payment = Compensation.objects.get(claim=claim)
        compensations._intend(payment.pk, now=DECIDED)
        compensations.settle(compensation_id=payment.pk, provider_ref="re_1", now=DECIDED)
        reopening.ask(
            claim=claim, agent=agent(), fact="parcel_found", note="Here it is.", now=DECIDED
        )
        reopening.agree(claim=claim, approver=approver(), now=DECIDED)

        claims.withdraw(claim=claim, actor=claim.shopper, now=DECIDED)

        assert claim.state == ClaimState.WITHDRAWN
        assert [line.free for line in claims.claimable(parcel=claim.parcel)] == [0]
