"""Several things are asked for at once, in the shopper's words, and counted one by one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from claims.models import Claim, EvidenceRequest
from claims.services import asked, conversation, evidence
from claims.states import ClaimState
from portal.accounts import roles
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.models import Event
from tests.claims.pictures import draft, file, picture
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=2)


@pytest.fixture(autouse=True)
def private(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def agent() -> User:
    person: User = User.objects.create_user("agent@example.org", is_staff=True)
    roles.give(person=person, role=roles.RoleName.AGENT)
    return person


@pytest.fixture
def claim() -> Claim:
    return draft(state=ClaimState.UNDER_REVIEW)


def ask(claim: Claim, agent: User, *kinds: str, text: str = "") -> list[EvidenceRequest]:
    conversation.ask(
        claim=claim,
        agent=agent,
        items=[asked.Item(kind=kind) for kind in kinds],
        text=text,
        now=NOON,
    )
    claim.refresh_from_db()
    return list(claim.requests.order_by("pk"))


def send(claim: Claim, request: EvidenceRequest | None, seed: int) -> None:
    evidence.attach(
        claim=claim,
        file=file(picture(seed=seed)),
        name="x.jpg",
        kind="item",
        upload_key=f"k{seed}",
        user=claim.shopper,
        now=LATER,
        request=request,
    )


def answer(claim: Claim) -> Claim:
    return conversation.answer(claim=claim, shopper=claim.shopper, now=LATER)


class TestAsk:
    def test_makes_a_request_of_each_and_one_letter(self, claim: Claim, agent: User) -> None:
        rows = ask(claim, agent, "two_angles", "note", text="Is the lid there?")

        assert [(row.kind, row.wants) for row in rows] == [
            ("two_angles", 2),
            ("note", 1),
            ("other", 1),
        ]
        assert len(rows[1].code) == 4
        assert f"the number {rows[1].code} on" in rows[1].text
        (event,) = Event.objects.filter(name="claims.evidence_asked")
        assert event.payload["question"] == "\n".join(row.text for row in rows)
        assert claim.state == ClaimState.NEEDS_INFO

    def test_speaks_the_shoppers_language(self, agent: User) -> None:
        claim = draft(state=ClaimState.UNDER_REVIEW, language="zh-hans")

        (row,) = ask(claim, agent, "note")

        assert row.code in row.text

    def test_never_asks_for_more_than_can_be_answered(self, claim: Claim, agent: User) -> None:
        rows = ask(claim, agent, *["label"] * 9)

        assert len(rows) == asked.MOST_ITEMS

    def test_accuses_nobody(self) -> None:
        for ready in asked.READY.values():
            words = str(ready.text).lower()
            assert not {"prove", "proof", "fraud", "suspic", "verify", "must"} & set(words.split())


class TestAnswer:
    def test_waits_until_each_thing_has_come(self, claim: Claim, agent: User) -> None:
        angles, label = ask(claim, agent, "two_angles", "label")
        send(claim, angles, 1)
        send(claim, label, 2)

        assert [row.kind for row in asked.missing(claim=claim)] == ["two_angles"]
        with pytest.raises(asked.StillMissing, match="two more photos"):
            answer(claim)
        claim.refresh_from_db()
        assert claim.state == ClaimState.NEEDS_INFO
        assert not EvidenceRequest.objects.exclude(answered_at=None).exists()

        send(claim, angles, 3)
        assert answer(claim).state == ClaimState.UNDER_REVIEW
        assert not EvidenceRequest.objects.filter(answered_at=None).exists()

    def test_takes_words_for_what_cannot_be_shown(self, claim: Claim, agent: User) -> None:
        ask(claim, agent, "two_angles", "label")
        conversation.write(
            claim=claim,
            author=claim.shopper,
            role=Role.SHOPPER,
            body="The box is gone.",
            send_key=UUID("3f1e1a1e-0000-4000-8000-000000000001"),
            now=LATER,
        )

        assert asked.missing(claim=claim) == []
        assert answer(claim).state == ClaimState.UNDER_REVIEW

    def test_takes_any_photo_for_the_only_thing_asked(self, claim: Claim, agent: User) -> None:
        ask(claim, agent, text="The label, please.")
        send(claim, None, 1)

        assert answer(claim).state == ClaimState.UNDER_REVIEW
