"""The claim page: what it says in each state, and what the shopper may do."""

from __future__ import annotations

import html
import io
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from PIL import Image

from claims.models import Approval, Claim, Message
from claims.services import claims, conversation
from claims.states import ClaimState
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.pages.claim_faces import FACES, instrument_in_words
from tests.factories.claims import DECIDED, ClaimFactory, EvidenceFactory, agent, delivered_parcel

pytestmark = pytest.mark.django_db
LATER = DECIDED + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def offered(client: Client) -> Claim:
    return signed_in(client, ClaimFactory.create(offered=True))


def signed_in(client: Client, claim: Claim) -> Claim:
    client.force_login(claim.shopper)
    return claim


def url(claim: Claim, name: str = "claim") -> str:
    return reverse(name, args=[claim.ref])


def yes(claim: Claim) -> dict[str, str]:
    """Return what the button posts under the newest offer."""
    return {"offer": claim.approvals.latest("pk").digest}


def text_of(client: Client, claim: Claim) -> str:
    answer = client.get(url(claim))
    assert answer.status_code == 200
    return answer.content.decode()


class TestFaces:
    def test_every_state_but_the_draft_has_a_face(self) -> None:
        assert set(FACES) == set(ClaimState) - {ClaimState.DRAFT}

    @pytest.mark.parametrize(
        ("upto", "heading"),
        [
            ("submitted", "We are checking your report"),
            ("in_review", "We are checking your report"),
            ("pending_approval", "We are checking your report"),
            ("needs_info", "We need one more thing from you"),
            ("offered", "We offer you $30.00"),
            ("approved", "We agree: $55.00 comes back to you"),
            ("rejected", "We cannot refund this"),
        ],
    )
    def test_says_the_state_in_one_heading(self, client, upto, heading):
        claim = signed_in(client, ClaimFactory.create(**{upto: True}))

        text = text_of(client, claim)

        assert text.count("<h1") == 1
        assert heading in text

    def test_a_proposal_that_waits_for_a_second_yes_is_not_told(self, client):
        claim = signed_in(client, ClaimFactory.create(pending_approval=True))

        text = text_of(client, claim)

        assert Approval.objects.filter(claim=claim).exists()
        assert "$" not in text.split("<aside", 1)[0]
        assert claim.decision_text not in text

    def test_a_missed_promise_is_said_plainly(self, client):
        claim = signed_in(client, ClaimFactory.create(in_review=True))

        assert claim.decide_by is not None
        with time_machine.travel(claim.decide_by + timedelta(days=1), tick=False):
            client.force_login(claim.shopper)
            text = text_of(client, claim)

        assert "and it is not decided yet. We are sorry." in text

    @pytest.mark.parametrize("upto", ["in_review", "needs_info", "offered", "approved"])
    def test_costs_a_bounded_number_of_queries(self, client, upto, django_assert_max_num_queries):
        claim = signed_in(client, ClaimFactory.create(**{upto: True}))
        EvidenceFactory.create_batch(4, claim=claim, clean=True)
        for number in range(4):
            say(claim, f"Message {number}")

        client.get(url(claim))  # notes that the messages have been read

        with django_assert_max_num_queries(19):
            client.get(url(claim))


class TestPage:
    def test_leads_from_a_draft_to_its_task_list(self, client):
        claim = signed_in(client, ClaimFactory.create())

        assert client.get(url(claim))["Location"] == url(claim, "wizard-tasks")

    def test_belongs_to_its_shopper_only(self, client):
        claim = ClaimFactory.create(offered=True)
        stranger = client.get(url(claim))
        client.force_login(User.objects.create_user("someone@example.net"))
        other = client.get(url(claim))

        assert stranger["Location"] == f"{reverse('account_login')}?next=%2Fclaims%2F{claim.ref}%2F"
        assert other.status_code == 403
        assert "$30.00" not in other.content.decode()

    def test_an_unknown_reference_is_not_found(self, client):
        client.force_login(User.objects.create_user("someone@example.net"))

        assert client.get(reverse("claim", args=["AM-2222-2222"])).status_code == 404

    def test_shows_the_offer_with_its_lines_and_its_rule(self, client, offered):
        text = text_of(client, offered)

        assert "Accept $30.00" in text
        assert "It can still be used." in text
        assert "Rule 4.2:" in text
        assert "Decided by a person, not by a score." in text

    def test_is_kept_by_no_cache_and_no_search_engine(self, client, offered):
        answer = client.get(url(offered))

        assert "no-store" in answer["Cache-Control"]
        assert "noindex" in answer["X-Robots-Tag"]

    def test_speaks_chinese(self, client, offered):
        answer = client.get(url(offered), headers={"accept-language": "zh-hans"})

        assert '<html lang="zh-Hans">' in answer.content.decode()
        assert "US$30.00" in answer.content.decode()


class TestAccept:
    def test_takes_the_offer(self, client, offered):
        answer = client.post(url(offered, "claim-accept"), yes(offered))

        assert answer["Location"] == url(offered)
        offered.refresh_from_db()
        assert offered.state == ClaimState.APPROVED
        assert offered.approved_minor == 3_000

    def test_a_second_yes_is_the_same_yes_and_says_so_kindly(self, client, offered):
        client.post(url(offered, "claim-accept"), yes(offered))

        answer = client.post(url(offered, "claim-accept"), yes(offered), follow=True)

        assert "You have said yes already. Nothing happens twice." in answer.content.decode()
        assert offered.compensations.count() == 1
        assert offered.transitions.filter(verb="accept").count() == 1

    def test_without_an_offer_changes_nothing_and_says_where_it_is(self, client):
        claim = signed_in(client, ClaimFactory.create(in_review=True))

        answer = client.post(url(claim, "claim-accept"), follow=True)

        assert "Nothing was changed." in answer.content.decode()
        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW

    def test_is_not_for_somebody_else(self, client, offered):
        client.force_login(User.objects.create_user("someone@example.net"))

        assert client.post(url(offered, "claim-accept"), yes(offered)).status_code == 403
        offered.refresh_from_db()
        assert offered.state == ClaimState.OFFERED


class TestWrite:
    def test_keeps_a_message_once_however_often_it_is_sent(self, client, offered):
        data = {"body": "Thank you.", "send_key": str(uuid4())}

        answers = [client.post(url(offered, "claim-write"), data) for _press in range(2)]

        assert {answer["Location"] for answer in answers} == {f"{url(offered)}#messages"}
        assert Message.objects.get().body == "Thank you."

    def test_an_empty_message_answers_422_beside_its_field(self, client, offered):
        answer = client.post(url(offered, "claim-write"), {"body": " "})

        assert answer.status_code == 422
        assert '<a href="#id_body">Write a few words first</a>' in answer.content.decode()
        assert not Message.objects.exists()

    def test_a_flood_of_messages_waits_and_keeps_its_words(self, client, offered, monkeypatch):
        monkeypatch.setattr("portal.pages.claim.MESSAGES_PER_HOUR", 1)
        client.post(url(offered, "claim-write"), {"body": "One."})

        answer = client.post(url(offered, "claim-write"), {"body": "Two."})

        assert answer.status_code == 422
        assert "Two." in answer.content.decode()
        assert Message.objects.get().body == "One."

    def test_keeps_words_that_are_too_long(self, client, offered):
        answer = client.post(url(offered, "claim-write"), {"body": "y" * 4_001})

        assert answer.status_code == 422
        assert "y" * 4_001 in answer.content.decode()


class TestLive:
    def test_answers_304_until_something_changes(self, client, offered):
        first = client.get(url(offered, "claim-live"))
        again = client.get(url(offered, "claim-live"), headers={"if-none-match": first["ETag"]})
        say(offered, "One more thing.")
        news = client.get(url(offered, "claim-live"), headers={"if-none-match": first["ETag"]})

        assert (first.status_code, again.status_code, news.status_code) == (200, 304, 200)
        assert "1 new message" in news.content.decode()

    def test_the_page_carries_the_tag_of_its_first_poll(self, client, offered):
        tag = client.get(url(offered, "claim-live"))["ETag"]

        assert f'data-etag="{tag.replace(chr(34), "&quot;")}"' in text_of(client, offered)

    def test_brings_the_new_state(self, client, offered):
        client.post(url(offered, "claim-accept"), yes(offered))

        assert "We agree: $30.00" in client.get(url(offered, "claim-live")).content.decode()


class TestAppeal:
    def test_asks_for_another_look(self, client, offered):
        answer = client.post(url(offered, "claim-appeal"), {"text": "The lid broke as well."})

        assert answer["Location"] == url(offered)
        offered.refresh_from_db()
        assert offered.state == ClaimState.APPEALED
        assert Message.objects.get().body == "The lid broke as well."

    def test_needs_a_reason(self, client, offered):
        answer = client.post(url(offered, "claim-appeal"), {"text": ""})

        assert answer.status_code == 422
        offered.refresh_from_db()
        assert offered.state == ClaimState.OFFERED

    def test_leads_back_where_there_is_nothing_to_look_at(self, client):
        claim = signed_in(client, ClaimFactory.create(in_review=True))

        assert client.get(url(claim, "claim-appeal"))["Location"] == url(claim)


class TestWithdraw:
    def test_asks_once_and_then_withdraws(self, client, offered):
        asked = client.get(url(offered, "claim-withdraw"))
        client.post(url(offered, "claim-withdraw"))

        assert "Withdraw this claim?" in asked.content.decode()
        offered.refresh_from_db()
        assert offered.state == ClaimState.WITHDRAWN

    def test_twice_is_once(self, client, offered):
        for _press in range(2):
            assert client.post(url(offered, "claim-withdraw"))["Location"] == url(offered)

        assert offered.transitions.filter(verb="withdraw").count() == 1

    def test_is_refused_once_the_money_is_on_its_way(self, client):
        claim = signed_in(client, ClaimFactory.create(approved=True))

        answer = client.post(url(claim, "claim-withdraw"), follow=True)

        assert "Nothing was changed." in answer.content.decode()
        claim.refresh_from_db()
        assert claim.state == ClaimState.APPROVED

    def test_a_draft_is_thrown_away(self, client):
        claim = signed_in(client, ClaimFactory.create())

        answer = client.post(url(claim, "claim-withdraw"))

        assert claim.parcel is not None
        assert answer["Location"] == reverse("track", args=[claim.parcel.token])
        claim.refresh_from_db()
        assert claim.state == ClaimState.WITHDRAWN


class TestAnswer:
    def test_hands_the_claim_back_with_words(self, client):
        claim = signed_in(client, ClaimFactory.create(needs_info=True))
        asked = client.get(url(claim, "claim-answer"))

        answer = client.post(
            url(claim, "claim-answer"), {"do": "continue", "body": "It is the only photo I have."}
        )

        assert "Please show the label." in asked.content.decode()
        assert answer["Location"] == url(claim)
        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW
        assert claim.requests.get().answered_at == LATER

    def test_hands_the_claim_back_with_a_photo_of_what_was_asked(self, client):
        claim = signed_in(client, ClaimFactory.create(needs_info=True))
        wanted = claim.requests.get()
        buffer = io.BytesIO()
        Image.new("RGB", (40, 30), "teal").save(buffer, "JPEG")
        photo = SimpleUploadedFile("label.jpg", buffer.getvalue(), "image/jpeg")

        answer = client.post(
            url(claim, "claim-answer"), {"do": "continue", f"photo_request-{wanted.pk}": photo}
        )

        assert answer["Location"] == url(claim)
        assert wanted.evidence.get().name == "label.jpg"
        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW

    def test_needs_a_photo_or_a_word(self, client):
        claim = signed_in(client, ClaimFactory.create(needs_info=True))

        answer = client.post(url(claim, "claim-answer"), {"do": "continue", "body": ""})

        assert answer.status_code == 422
        claim.refresh_from_db()
        assert claim.state == ClaimState.NEEDS_INFO


class TestReopen:
    def test_lets_a_resting_claim_go_on(self, client):
        claim = signed_in(client, ClaimFactory.create(offered=True))
        Claim.objects.filter(pk=claim.pk).update(state=ClaimState.EXPIRED)
        claim.refresh_from_db()
        assert "reopen" in {
            action.verb
            for action in claims.available_actions(claim=claim, role=Role.SHOPPER, now=DECIDED)
        }

        client.post(url(claim, "claim-reopen"))

        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW


def say(claim: Claim, body: str) -> Message:
    return conversation.write(
        claim=claim, author=agent(), role=Role.AGENT, body=body, send_key=uuid4(), now=LATER
    )


def test_a_parcel_of_two_units_shows_the_price_of_each(client: Client) -> None:
    claim = ClaimFactory.create(
        parcel=delivered_parcel(quantity=2, price_minor=2_400), approved=True
    )
    signed_in(client, claim)

    assert "$24.00 each, what you paid" in text_of(client, claim)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_offer_says_number_by_number_what_was_counted_and_by_which_rule(
    client: Client, language: str
) -> None:
    claim = ClaimFactory.create(offered=True)
    signed_in(client, claim)
    client.cookies["django_language"] = language
    kept = claim.assessments.get()

    with translation.override("en"):  # a request leaves its language active
        text = html.unescape(text_of(client, claim))

    zh = language != "en"
    sentences = (kept.explanation_zh if zh else kept.explanation_en).splitlines()
    assert len(sentences) == 3
    for sentence in sentences:
        assert f"<li>{sentence}</li>" in text
    assert (kept.text_zh if zh else kept.text_en) in text
    assert f"{'规则' if zh else 'Rule'} {kept.rule}" in text


class TestWhatComesNext:
    @pytest.mark.parametrize(
        ("upto", "turn"),
        [
            ("in_review", "Ours, by Thu 5 Mar"),
            ("needs_info", "Yours, by Mon 9 Mar"),
            ("offered", "Yours, by Mon 9 Mar"),
        ],
    )
    def test_says_whose_step_is_next_and_by_when(self, client, upto, turn):
        claim = signed_in(client, ClaimFactory.create(**{upto: True}))

        assert f"<dd>{turn}</dd>" in text_of(client, claim)

    def test_says_so_when_we_are_late(self, client):
        claim = ClaimFactory.create(in_review=True)
        assert claim.decide_by is not None

        with time_machine.travel(claim.decide_by + timedelta(days=1), tick=False):
            signed_in(client, claim)
            text = text_of(client, claim)

        assert "<dd>Ours, and it is late</dd>" in text

    @pytest.mark.parametrize(
        "upto", ["in_review", "needs_info", "pending_approval", "offered", "approved", "rejected"]
    )
    def test_every_way_on_leads_where_the_claims_room_lets_it(self, client, upto):
        claim = signed_in(client, ClaimFactory.create(**{upto: True}))
        may = {row.verb for row in claims.available_actions(
            claim=claim, role=Role.SHOPPER, now=LATER
        )}  # fmt: skip

        text = text_of(client, claim)

        pages = ("answer", "appeal", "counter", "withdraw", "accept", "reopen")
        shown = {verb for verb in pages if url(claim, f"claim-{verb}") in text}
        assert shown == may & set(pages)
        for verb in shown - {"accept", "reopen"}:
            assert client.get(url(claim, f"claim-{verb}")).status_code == 200, verb


class TestRefusal:
    def test_gives_the_reason_the_rule_what_was_looked_at_and_the_last_day(self, client):
        claim = signed_in(client, ClaimFactory.create(rejected=True))

        text = text_of(client, claim)

        assert "<dd>Wear or use after delivery</dd>" in text
        assert "<dt>Rule 4.2</dt>" in text
        for thing in ("What you wrote", "The order and its payment"):
            assert f"<li>{thing}</li>" in text
        assert "Another look is possible until" in text
        assert "Wed 1 Apr" in text
        assert "Decided by a person, not by a score." in text

    def test_reads_in_chinese(self, client):
        claim = signed_in(client, ClaimFactory.create(rejected=True))

        text = client.get(url(claim), headers={"accept-language": "zh-hans"}).content.decode()

        assert claim.policy is not None
        assert claim.policy.text_zh in text
        assert claim.policy.text_en not in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("card ending 4417", "card ending 4417"),
        ("the card ending in 4417", "card ending 4417"),
        ("WeChat Pay", "WeChat Pay"),
        ("", "payment you used"),
    ],
)
def test_says_once_where_the_money_goes(given: str, said: str) -> None:
    assert instrument_in_words(given) == said


class TestCounter:
    def test_asks_for_another_sum(self, client, offered):
        answer = client.post(
            url(offered, "claim-counter"),
            {"wish": "refund", "amount": "45.00", "text": "The lid broke as well."},
        )

        assert answer["Location"] == url(offered)
        offered.refresh_from_db()
        counter = offered.counters.get()
        assert offered.state == ClaimState.UNDER_REVIEW
        assert (counter.amount_minor, counter.wish) == (4_500, "refund")
        assert Message.objects.get().body == "The lid broke as well."
        assert "You asked for something else" in text_of(client, offered)

    @pytest.mark.parametrize("written", ["45", "$45.00", "45,00", "US$ 45.0", "４５．００"])
    def test_reads_a_sum_however_it_is_written(self, client, offered, written):
        client.post(
            url(offered, "claim-counter"), {"wish": "refund", "amount": written, "text": "More."}
        )

        assert offered.counters.get().amount_minor == 4_500

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            ({"amount": "1e3"}, "Write the sum like this: 42.50"),
            ({"amount": "45.005"}, "Write the sum like this: 42.50"),
            ({"amount": "nothing"}, "Write the sum like this: 42.50"),
            ({"amount": "30.00"}, "Name a sum above $30.00, up to the $55.00 paid for the order."),
            ({"amount": "999999999"}, "Name a sum above $30.00"),
            ({"wish": ""}, "Choose what would put it right"),
            ({"wish": "a horse"}, "Choose one of the answers below"),
            ({"text": " "}, "Tell us why in a sentence"),
        ],
    )
    def test_a_mistake_answers_422_and_keeps_the_offer(self, client, offered, data, sentence):
        whole = {"wish": "refund", "amount": "45", "text": "The lid broke."} | data

        answer = client.post(url(offered, "claim-counter"), whole)

        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        offered.refresh_from_db()
        assert offered.state == ClaimState.OFFERED
        assert not offered.counters.exists()

    def test_leads_back_where_there_is_no_offer(self, client):
        claim = signed_in(client, ClaimFactory.create(in_review=True))

        assert client.get(url(claim, "claim-counter"))["Location"] == url(claim)

    def test_is_not_for_somebody_else(self, client, offered):
        client.force_login(User.objects.create_user("someone@example.net"))

        answer = client.post(url(offered, "claim-counter"), {"wish": "refund", "text": "Mine."})

        assert answer.status_code == 403
        assert not offered.counters.exists()
