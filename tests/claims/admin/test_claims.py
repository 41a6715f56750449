"""The claims desk: what it shows, what its buttons do, and what they refuse."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone, translation

from claims.admin import actions, fields, queue, workspace
from claims.admin.words import VERBS, WAITS_FOR
from claims.models import Approval, Claim, Compensation, InternalNote, Message
from claims.services import conversation, decisions
from claims.states import CLAIM_MOVES, ClaimState
from portal.accounts.models import User
from portal.lib.moves import Role
from tests.factories.claims import (
    DECIDED,
    ClaimFactory,
    EvidenceFactory,
    agent,
    approver,
    delivered_parcel,
    tighten,
)
from tests.typing import Answer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings) -> None:
    settings.DEMO = True


@pytest.fixture
def desk(client: Client) -> Client:
    """Return a browser in which an agent is signed in."""
    client.force_login(agent("agent@example.org"))
    return client


def as_(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def page(browser: Client, claim: Claim) -> Answer:
    return browser.get(queue.href(claim))


def press(browser: Client, claim: Claim, action: str, **fields: Any) -> Any:
    claim.refresh_from_db()
    typed = {"action": action, "stamp": workspace.stamp(claim)} | fields
    return browser.post(queue.href(claim), typed)


def propose(browser: Client, claim: Claim, minor: int, **fields: Any) -> Any:
    return press(browser, claim, "propose", **({"sum": minor, "text": "We agree."} | fields))


def test_the_last_no_tells_the_desk_that_no_look_follows(desk: Client) -> None:
    claim = ClaimFactory.create(in_review=True)
    Claim.objects.filter(pk=claim.pk).update(appeals=2)

    text = page(desk, claim).content.decode()
    press(desk, claim, "reject", code="worn", reject_text="This is wear.")

    assert "It is the last look: the shopper cannot ask for another." in text
    assert "The shopper may ask for another look" not in text
    claim.refresh_from_db()
    assert (claim.state, claim.appeal_until) == (ClaimState.REJECTED, None)


def test_a_sign_that_no_row_can_hold_is_taken_out_and_nothing_typed_is_lost(desk: Client) -> None:
    claim = ClaimFactory.create(in_review=True)

    answer = propose(desk, claim, 5_500, text="We are\x00 sorry for the mug.")

    assert answer.status_code == 422
    text = answer.content.decode()
    assert "One sign could not be kept; it is taken out." in text
    assert "We are sorry for the mug.</textarea>" in text
    claim.refresh_from_db()
    assert claim.state == ClaimState.UNDER_REVIEW


class TestQueue:
    def test_shows_what_the_desk_has_to_decide_soonest_first(self, desk: Client) -> None:
        later = ClaimFactory.create(in_review=True)
        sooner = ClaimFactory.create(in_review=True)
        with_shopper = ClaimFactory.create(needs_info=True)
        draft = ClaimFactory.create()
        Claim.objects.filter(pk=later.pk).update(
            due_at=sooner.due_at + (sooner.due_at - sooner.created_at)
        )

        text = desk.get("/admin/claims/claim/").content.decode()

        assert text.index(sooner.ref) < text.index(later.ref)
        assert with_shopper.ref not in text
        assert draft.ref not in text
        assert "late" in text

    @pytest.mark.parametrize("field", ["ref", "number", "email"])
    def test_finds_a_claim_in_any_queue(self, desk: Client, field: str) -> None:
        claim, other = ClaimFactory.create(needs_info=True), ClaimFactory.create(in_review=True)
        query = {
            "ref": claim.ref,
            "number": claim.order.number,
            "email": claim.shopper.email,
        }[field]

        text = desk.get("/admin/claims/claim/", {"q": query}).content.decode()

        assert claim.ref in text
        assert other.ref not in text

    def test_lists_what_waits_for_a_second_person(self, desk: Client) -> None:
        waits, other = (
            ClaimFactory.create(pending_approval=True),
            ClaimFactory.create(in_review=True),
        )

        text = desk.get("/admin/claims/claim/", {"queue": "second"}).content.decode()

        assert waits.ref in text
        assert other.ref not in text

    def test_lists_what_is_in_my_hands(self, desk: Client) -> None:
        mine, other = ClaimFactory.create(in_review=True), ClaimFactory.create(in_review=True)
        press(desk, mine, "assign")

        text = desk.get("/admin/claims/claim/", {"hands": "me"}).content.decode()

        assert mine.ref in text
        assert other.ref not in text

    def test_asks_the_same_questions_for_one_claim_and_for_many(
        self, desk: Client, django_assert_max_num_queries
    ) -> None:
        for _n in range(6):
            ClaimFactory.create(in_review=True)

        with django_assert_max_num_queries(10):
            assert desk.get("/admin/claims/claim/").status_code == 200

    def test_masks_the_shopper(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        assert claim.shopper.email not in desk.get("/admin/claims/claim/").content.decode()


class TestWorkspace:
    def test_shows_everything_in_a_fixed_number_of_questions(
        self, desk: Client, django_assert_max_num_queries
    ) -> None:
        claim = ClaimFactory.create(in_review=True)
        for _n in range(5):
            EvidenceFactory.create(claim=claim, clean=True)
            ClaimFactory.create(in_review=True)
            conversation.write(
                claim=claim,
                author=claim.shopper,
                role=Role.SHOPPER,
                body="Hello",
                send_key=uuid4(),
                now=timezone.now(),
            )

        with django_assert_max_num_queries(75):
            answer = page(desk, claim)

        text = answer.content.decode()
        assert answer.status_code == 200
        assert "What they say, what we know" in text
        assert "The handle is off." in text
        assert "Approve $55.00" in text
        assert text.count("data-photo ") == 5

    @pytest.mark.parametrize(
        "point",
        [
            "submitted",
            "in_review",
            "needs_info",
            "pending_approval",
            "offered",
            "approved",
            "rejected",
        ],
    )
    def test_opens_at_every_point_of_a_claim(self, desk: Client, point: str) -> None:
        claim = ClaimFactory.create(upto=point)

        assert page(desk, claim).status_code == 200

    def test_keeps_the_strict_policy(self, desk: Client) -> None:
        policy = page(desk, ClaimFactory.create(in_review=True))["Content-Security-Policy"]

        assert "unsafe" not in policy
        assert "unsafe-eval" in desk.get("/admin/")["Content-Security-Policy"]

    def test_leaves_what_shoppers_write_inert(self, desk: Client) -> None:
        evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
        claim = ClaimFactory.create(in_review=True)
        Claim.objects.filter(pk=claim.pk).update(story=evil, without_box=evil)
        EvidenceFactory.create(
            claim=claim, name=evil, signals={"software": evil, "camera": evil}, clean=True
        )
        conversation.write(
            claim=claim, author=claim.shopper, role=Role.SHOPPER, body=evil, send_key=uuid4(),
            now=timezone.now(),
        )  # fmt: skip

        text = page(desk, claim).content.decode()

        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text
        assert "<img src=x" not in text

    def test_is_not_found_for_a_draft_or_a_stranger(self, desk: Client) -> None:
        draft = ClaimFactory.create()
        sent = ClaimFactory.create(in_review=True)

        assert page(desk, draft).status_code == 404
        assert page(as_(draft.shopper), sent).status_code == 403
        assert page(Client(), sent).status_code == 302

    def test_is_forbidden_without_permission_to_see_claims(self) -> None:
        nobody = User.objects.create_user("nobody@example.org", is_staff=True)

        assert page(as_(nobody), ClaimFactory.create(in_review=True)).status_code == 403

    def test_has_a_word_for_every_step_and_state(self) -> None:
        assert set(VERBS) == set(CLAIM_MOVES)
        decided_here = {ClaimState.UNDER_REVIEW, ClaimState.PENDING_APPROVAL, ClaimState.APPEALED}
        assert set(WAITS_FOR) == set(ClaimState) - decided_here

    def test_speaks_chinese(self, desk: Client) -> None:
        desk.cookies["django_language"] = "zh-hans"

        text = page(desk, ClaimFactory.create(in_review=True)).content.decode()

        assert 'lang="zh-Hans"' in text

    @pytest.mark.parametrize("point", ["in_review", "pending_approval"])
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_says_number_by_number_what_was_counted_and_by_which_rule(
        self, desk: Client, language: str, point: str
    ) -> None:
        claim = ClaimFactory.create(upto=point)
        desk.cookies["django_language"] = language
        found = decisions.preview(claim=claim, now=DECIDED)

        with translation.override("en"):  # a request leaves its language active
            text = html.unescape(page(desk, claim).content.decode())

        zh = language != "en"
        sentences = (found.explanation_zh if zh else found.explanation_en).splitlines()
        assert len(sentences) == 3
        for sentence in sentences:
            assert f"<li>{sentence}</li>" in text
        assert (found.text_zh if zh else found.text_en) in text
        assert f"{'规则' if zh else 'Rule'} {found.rule}" in text


class TestPropose:
    def test_approves_within_the_limit(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        answer = propose(desk, claim, 5_500)

        claim.refresh_from_db()
        assert answer.status_code == 302
        assert claim.state == ClaimState.APPROVED
        assert Compensation.objects.get(claim=claim).amount_minor == 5_500
        assert claim.decision_text == "We agree."

    def test_offers_less_with_the_reason(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        key = claim.lines.get().order_line_id

        propose(desk, claim, 3_000, **{f"amount-{key}": "25.00", "note": "It still works."})

        claim.refresh_from_db()
        assert claim.state == ClaimState.OFFERED
        assert Approval.objects.get(claim=claim).amount_minor == 3_000

    def test_needs_a_second_person_above_the_limit(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        tighten("USD", 5_000)
        assert "Above $50.00: a second person" in page(desk, claim).content.decode()

        propose(desk, claim, 5_500)

        claim.refresh_from_db()
        assert claim.state == ClaimState.PENDING_APPROVAL
        assert not Compensation.objects.exists()
        assert "must come from somebody else" not in page(as_(approver()), claim).content.decode()
        approval = Approval.objects.get(claim=claim)
        text = page(as_(approver()), claim).content.decode()
        for signed in ("$55.00", approval.instrument, approval.payee, approval.digest):
            assert signed in text

        other = as_(approver())
        assert press(other, claim, "second", digest=approval.digest).status_code == 302
        claim.refresh_from_db()
        assert claim.state == ClaimState.APPROVED

    def test_refuses_a_second_yes_to_something_else(self) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        answer = press(as_(approver()), claim, "second", digest="0" * 64)

        claim.refresh_from_db()
        assert answer.status_code == 422
        assert claim.state == ClaimState.PENDING_APPROVAL

    def test_is_forbidden_to_give_the_second_yes_without_permission(self, desk: Client) -> None:
        claim = ClaimFactory.create(pending_approval=True)

        assert press(desk, claim, "second", digest="x").status_code == 403
        claim.refresh_from_db()
        assert claim.state == ClaimState.PENDING_APPROVAL

    def test_pays_no_other_sum_than_the_button_said(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        key = claim.lines.get().order_line_id

        answer = propose(desk, claim, 5_500, **{f"amount-{key}": "25.00", "note": "Half."})

        text = answer.content.decode()
        assert answer.status_code == 422
        assert "With these amounts the sum is $30.00." in text
        assert "Offer $30.00" in text
        assert 'value="25.00"' in text
        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"text": " "}, "Write to the shopper what was decided and why."),
            ({"amount": "25"}, "Say why a line is lower; the shopper reads it."),
            ({"amount": "plenty", "note": "x"}, "is no sum in USD. Write it like 24.50."),
            ({"amount": "1.234", "note": "x"}, "is no sum in USD. Write it like 24.50."),
            ({"amount": "-5", "note": "x"}, "is no sum in USD. Write it like 24.50."),
            ({"amount": "5000000", "note": "x"}, "Each line may be lowered"),
        ],
    )
    def test_says_what_is_wrong_and_loses_nothing_typed(
        self, desk: Client, fields: dict[str, str], sentence: str
    ) -> None:
        claim = ClaimFactory.create(in_review=True)
        typed = {"text": "We are truly sorry."} | fields
        amount = typed.pop("amount", "50.00")
        typed[f"amount-{claim.lines.get().order_line_id}"] = amount

        answer = propose(desk, claim, 5_500, **typed)

        text = answer.content.decode()
        assert answer.status_code == 422
        assert sentence in text
        assert f'value="{amount}"' in text
        assert typed["text"].strip() in text
        assert not Approval.objects.exists()

    def test_refuses_when_the_claim_changed_meanwhile(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        stamp = workspace.stamp(claim)
        EvidenceFactory.create(claim=claim, clean=True)

        answer = propose(desk, claim, 5_500, stamp=stamp, text="We agree & are sorry.")

        claim.refresh_from_db()
        text = answer.content.decode()
        assert answer.status_code == 409
        assert "This claim changed while you were looking at it." in text
        assert "We agree &amp; are sorry." in text
        assert claim.state == ClaimState.UNDER_REVIEW

    def test_refuses_ones_own_claim(self) -> None:
        claim = ClaimFactory.create(in_review=True, parcel=delivered_parcel())
        User.objects.filter(pk=claim.shopper_id).update(is_staff=True, is_superuser=True)
        own = as_(User.objects.get(pk=claim.shopper_id))

        answer = propose(own, claim, 5_500)

        assert answer.status_code == 422
        assert "Nobody decides on their own claim." in answer.content.decode()
        assert "This is your own claim." in page(own, claim).content.decode()

    @pytest.mark.parametrize("action", sorted(actions.BUTTONS))
    def test_no_button_works_for_who_may_only_look(self, action: str) -> None:
        claim = ClaimFactory.create(in_review=True)
        from tests.factories.claims import _staff

        reader = as_(_staff("view_claim"))
        before = Claim.objects.values().get(pk=claim.pk)

        answer = press(reader, claim, action, text="x", sum=5_500, message="x", note_body="x")

        assert answer.status_code == (302 if action == "reveal" else 403)
        assert Claim.objects.values().get(pk=claim.pk) == before
        assert not Message.objects.exists()


class TestTypedAmounts:
    @pytest.mark.parametrize("value", ["1e999999999", "-1e999999999", "NaN", "1e-9", "9" * 400])
    def test_refuses_what_is_no_sum_naming_the_field(self, value: str) -> None:
        claim = Claim(currency="USD")

        with pytest.raises(fields.FieldRefused) as caught:
            fields.typed_amounts(claim, {"amount-7": value})

        assert caught.value.name == "amount-7"

    @pytest.mark.parametrize("key", ["²", "9" * 5000, "-1", "", "x"])
    def test_overlooks_fields_that_are_no_line(self, key: str) -> None:
        claim = Claim(currency="USD")

        assert fields.typed_amounts(claim, {f"amount-{key}": "1"}) == {}


class TestOtherButtons:
    def test_declines_with_a_reason_from_the_list(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        wrong = press(desk, claim, "reject", code="", reject_text="This is wear.")
        assert wrong.status_code == 422
        assert "This is wear." in wrong.content.decode()

        press(desk, claim, "reject", code="worn", reject_text="This is wear.")
        claim.refresh_from_db()
        assert (claim.state, claim.decision_code) == (ClaimState.REJECTED, "worn")

    def test_asks_for_a_photo_by_a_day(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        today = timezone.now().date()
        due = (today + timedelta(days=10)).isoformat()

        for day in (today.isoformat(), "9999-12-31", "0001-01-01"):
            wrong = press(desk, claim, "ask", ask_text="Show the label.", ask_due=day)
            assert wrong.status_code == 422
            assert "Show the label." in wrong.content.decode()

        press(desk, claim, "ask", ask_text="Show the label.", ask_kind="label", ask_due=due)
        claim.refresh_from_db()
        request = claim.requests.get()
        assert claim.state == ClaimState.NEEDS_INFO
        assert (request.kind, request.due_at.date().isoformat()) == ("label", due)

    def test_sends_one_message_for_one_form(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        key = str(uuid4())

        for _n in range(2):
            press(desk, claim, "write", message="Hello there", send_key=key)

        assert [row.body for row in Message.objects.filter(claim=claim)] == ["Hello there"]

    def test_keeps_a_message_that_was_refused(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        answer = press(desk, claim, "write", message="x" * 4001)

        assert answer.status_code == 422
        assert "x" * 4001 in answer.content.decode()
        assert not Message.objects.exists()

    def test_keeps_a_note_the_shopper_never_sees(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        press(desk, claim, "note", note_body="Seen this batch before.")

        assert InternalNote.objects.get(claim=claim).body == "Seen this batch before."

    def test_takes_a_claim_and_notes_it(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        press(desk, claim, "assign")
        press(desk, claim, "assign")

        claim.refresh_from_db()
        assert claim.assignee is not None
        assert claim.assignee.email == "agent@example.org"
        assert [row.body for row in claim.notes.all()] == ["Took this claim."]

    def test_shows_the_name_only_when_asked_and_writes_it_down(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        Claim.objects.get(pk=claim.pk)
        order = claim.order
        assert order.address not in page(desk, claim).content.decode()
        assert order.email not in page(desk, claim).content.decode()

        press(desk, claim, "reveal")

        text = page(desk, claim).content.decode()
        assert order.address in text
        assert order.email in text
        assert [row.body for row in claim.notes.all()] == [
            "Looked at the shopper's name and address."
        ]

    def test_knows_no_other_button(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        assert press(desk, claim, "delete").status_code == 403

    def test_reckons_again_without_keeping_anything(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        key = claim.lines.get().order_line_id

        answer = press(desk, claim, "preview", **{f"amount-{key}": "20.00", "text": "Sorry."})

        text = answer.content.decode()
        assert answer.status_code == 200
        assert "Offer $25.00" in text
        assert "Sorry." in text
        assert not claim.assessments.exists()
