from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from notifications.models import Letter, LetterState
from notifications.reactions import tell
from notifications.services import preferences, watches
from portal.accounts.models import User
from portal.outbox.models import Event
from tests.factories.accounts import PersonFactory
from tests.notifications.facts import CLAIM, FACTS, PARCEL

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def wen() -> User:
    return PersonFactory.create(email="wen@example.org")


def happened(name: str, wen: User, facts: dict[str, Any]) -> Event:
    payload = {**facts, "to": wen.pk}
    del payload["event_id"], payload["happened_at"]
    return Event.objects.create(name=name, payload=payload, recorded_at=NOW)


class TestTell:
    def test_a_parcel_event_heard_twice_writes_one_letter(self, wen: User) -> None:
        event = happened("tracking.parcel_reached", wen, {**PARCEL, "language": "zh-hans"})

        tell(event)
        tell(event)

        letter = Letter.objects.get()
        assert (letter.name, letter.address, letter.language) == (
            "delivered",
            "wen@example.org",
            "zh-hans",
        )
        assert letter.cause == "parcel 7 leg 1 delivered"
        assert letter.facts["happened_at"] == NOW.isoformat()

    def test_a_scan_on_the_way_writes_none(self, wen: User) -> None:
        tell(happened("tracking.parcel_reached", wen, {**PARCEL, "status": "in_transit"}))

        assert not Letter.objects.exists()

    def test_each_refusal_of_one_claim_is_a_letter_of_its_own(self, wen: User) -> None:
        for _ in range(2):
            tell(happened("claims.claim_rejected", wen, FACTS["declined"]))

        assert Letter.objects.filter(name="declined").count() == 2

    @pytest.mark.parametrize(
        ("event", "letter"),
        [
            ("claims.claim_filed", "claim_received"),
            ("claims.evidence_asked", "question"),
            ("claims.message_sent", "message"),
            ("claims.offer_made", "offer"),
            ("claims.reminder_due", "reminder"),
            ("claims.claim_approved", "approved"),
            ("claims.claim_rejected", "declined"),
            ("claims.compensation_settled", "paid"),
            ("claims.compensation_failed", "payment_failed"),
        ],
    )
    def test_every_claim_event_has_its_letter(self, wen: User, event: str, letter: str) -> None:
        tell(happened(event, wen, FACTS[letter]))

        assert list(Letter.objects.values_list("name", "state")) == [(letter, LetterState.WAITING)]

    def test_somebody_who_watches_hears_too_in_their_own_language(self, wen: User) -> None:
        friend = PersonFactory.create(email="li@example.org", language="zh-hans")
        watches.watch(person=friend, parcel_token=PARCEL["token"], now=NOW)
        preferences.choose(person=friend, kind="parcels", is_wanted=False)

        tell(happened("tracking.parcel_reached", wen, PARCEL))

        assert set(Letter.objects.values_list("address", "language", "state")) == {
            ("wen@example.org", "en", LetterState.WAITING),
            ("li@example.org", "zh-hans", LetterState.WAITING),
        }

    def test_a_person_who_is_gone_stops_nothing(self, wen: User) -> None:
        event = happened("claims.message_sent", wen, {**CLAIM, "message_id": 4, "body": "x"})
        event.payload["to"] = 0

        tell(event)

        assert not Letter.objects.exists()
