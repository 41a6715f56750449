"""Pages left open while the claim moved on: nothing is done by mistake, nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from claims.models import Claim, Evidence, Message
from claims.services import conversation, decisions, waiting
from claims.services.refusals import NotNow
from claims.states import ClaimState
from portal.pages.claim import PHOTOS_AT_ONCE
from tests.claims.pictures import file, picture
from tests.factories.claims import DECIDED, ClaimFactory, EvidenceFactory, agent

pytestmark = pytest.mark.django_db
LATER = DECIDED + timedelta(hours=1)
WORDS = "The label is gone, but the number was 4711."


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(LATER, tick=False):
        yield


def mine(client: Client, **upto: bool) -> Claim:
    claim: Claim = ClaimFactory.create(**upto)
    client.force_login(claim.shopper)
    return claim


def url(claim: Claim, name: str = "claim") -> str:
    return reverse(name, args=[claim.ref])


def a_lower_offer(claim: Claim) -> None:
    """Let the shopper ask for more in another tab, and the desk offer less than before."""
    decisions.counter(
        claim=claim, shopper=claim.shopper, wish="refund", amount_minor=None, text="More.",
        now=LATER,
    )  # fmt: skip
    desk = agent()
    line = claim.lines.get()
    assessment = decisions.assess(
        claim=claim, agent=desk, amounts={line.order_line_id: 100}, note="Only a scratch.",
        now=LATER,
    )  # fmt: skip
    decisions.propose(claim=claim, assessment=assessment, agent=desk, text="Less.", now=LATER)


class TestYes:
    def test_to_an_offer_that_was_replaced_is_no_yes_to_the_new_one(self, client: Client) -> None:
        claim = mine(client, offered=True)
        seen = claim.approvals.get().digest
        assert f'name="offer" value="{seen}"' in client.get(url(claim)).content.decode()
        a_lower_offer(claim)

        answer = client.post(url(claim, "claim-accept"), {"offer": seen}, follow=True)

        assert "Our offer has changed since you opened that page." in answer.content.decode()
        claim.refresh_from_db()
        assert claim.state == ClaimState.OFFERED
        assert not claim.compensations.exists()

    def test_that_names_no_offer_is_none(self, client: Client) -> None:
        claim = mine(client, offered=True)

        client.post(url(claim, "claim-accept"))

        claim.refresh_from_db()
        assert claim.state == ClaimState.OFFERED


class TestAnswer:
    def test_that_comes_too_late_keeps_its_words_to_be_sent(self, client: Client) -> None:
        claim = mine(client, needs_info=True)
        # Meanwhile, by mail.
        conversation.write(
            claim=claim, author=claim.shopper, role="shopper", body="See the mail.",
            send_key=uuid4(), now=LATER,
        )  # fmt: skip
        conversation.answer(claim=claim, shopper=claim.shopper, now=LATER)

        answer = client.post(
            url(claim, "claim-answer"), {"body": WORDS, "send_key": uuid4(), "do": "continue"}
        )

        assert answer.status_code == 422
        assert WORDS in answer.content.decode()
        assert "We do not wait for this any more." in answer.content.decode()
        assert Message.objects.get(claim=claim).body == "See the mail."

    def test_pressed_twice_is_one_answer_without_a_complaint(self, client: Client) -> None:
        claim = mine(client, needs_info=True)
        data = {"body": WORDS, "send_key": str(uuid4()), "do": "continue"}

        first, second = (client.post(url(claim, "claim-answer"), data) for _press in range(2))

        assert (first.status_code, second.status_code) == (302, 302)
        assert Message.objects.get(claim=claim).body == WORDS

    @pytest.mark.parametrize("upto", ["offered", "rejected"])
    def test_where_nothing_is_asked_is_refused_in_words(self, upto: str) -> None:
        claim = ClaimFactory.create(**{upto: True})

        with pytest.raises(NotNow):
            conversation.answer(claim=claim, shopper=claim.shopper, now=LATER)


class TestMessage:
    def test_to_a_draft_leads_back_to_the_draft(self, client: Client) -> None:
        claim = mine(client)

        answer = client.post(url(claim, "claim-write"), {"body": ""})

        assert answer["Location"] == reverse("wizard-tasks", args=[claim.ref])

    def test_chosen_again_in_another_order_loses_no_photo(self, client: Client) -> None:
        claim = mine(client, in_review=True)
        data = {"body": WORDS, "send_key": str(uuid4())}
        first, second = picture(seed=10), picture(seed=200)
        bad = SimpleUploadedFile("note.txt", b"no photo at all")

        refused = client.post(url(claim, "claim-write"), data | {"photos": [file(first), bad]})
        sent = client.post(
            url(claim, "claim-write"), data | {"photos": [file(second), file(first)]}
        )

        assert "note.txt" in refused.content.decode()
        assert WORDS in refused.content.decode()
        assert sent.status_code == 302
        assert Evidence.objects.filter(claim=claim).count() == 2
        assert Message.objects.get(claim=claim).photos.count() == 2

    def test_with_too_many_photos_says_so_and_keeps_the_words(self, client: Client) -> None:
        claim = mine(client, in_review=True)
        photos = [file(picture(seed=seed)) for seed in range(PHOTOS_AT_ONCE + 1)]

        answer = client.post(
            url(claim, "claim-write"), {"body": WORDS, "send_key": uuid4(), "photos": photos}
        )

        assert "At most 10 photos fit one message." in answer.content.decode()
        assert WORDS in answer.content.decode()
        assert not Evidence.objects.filter(claim=claim).exists()

    def test_may_bring_a_new_photo_once_another_look_was_asked_for(self, client: Client) -> None:
        claim = mine(client, rejected=True)
        decisions.appeal(claim=claim, shopper=claim.shopper, text="See the photo.", now=LATER)

        answer = client.post(
            url(claim, "claim-write"),
            {"body": "", "send_key": uuid4(), "photos": [file(picture(seed=7))]},
        )

        assert answer.status_code == 302
        assert Evidence.objects.get(claim=claim).name == "IMG_1.jpg"


class TestHonest:
    def test_a_silent_carrier_is_not_said_to_have_answered(self, client: Client) -> None:
        claim = mine(client, in_review=True)
        waiting.trace(claim=claim, agent=agent(), note="Asked.", now=LATER)
        waiting.hear_back(claim=claim, now=LATER)

        text = client.get(url(claim)).content.decode()

        assert "The carrier did not answer in time" in text
        assert "The carrier answered" not in text

    def test_a_photo_that_could_not_be_opened_is_named_with_the_way_to_mend_it(
        self, client: Client
    ) -> None:
        claim = mine(client, in_review=True)
        EvidenceFactory.create(claim=claim, name="lid.heic", state="refused", refusal="unreadable")

        text = client.get(url(claim)).content.decode()

        assert "lid.heic: We cannot open this file." in text

    def test_the_last_no_promises_no_further_look(self, client: Client) -> None:
        claim = mine(client, rejected=True)
        for _look in range(2):
            decisions.appeal(claim=claim, shopper=claim.shopper, text="No.", now=LATER)
            decisions.take_up(claim=claim, agent=agent(), now=LATER)
            decisions.reject(claim=claim, agent=agent(), code="worn", text="Wear.", now=LATER)

        text = client.get(url(claim)).content.decode()

        assert claim.appeal_until is None
        assert "You can ask for another look" not in text
        assert "Another look is possible until" not in text
        assert "Different people have looked at it as often as our rules allow." in text

    def test_an_offer_says_by_when_the_money_leaves_by_the_level_in_force(
        self, client: Client
    ) -> None:
        claim = mine(client, offered=True)  # a Tuesday; two working days

        text = client.get(url(claim)).content.decode()
        decisions.accept_offer(claim=claim, shopper=claim.shopper, now=LATER)

        assert claim.pay_by is not None
        said = f"{claim.pay_by:%a} {claim.pay_by.day} {claim.pay_by:%b}"
        assert f"Say yes today, and the money leaves us by {said}" in text
        assert f"The money leaves us by {claim.pay_by:%A} {claim.pay_by.day}" in (
            client.get(url(claim)).content.decode()
        )
