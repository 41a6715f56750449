"""Letters about what we noticed: three sentences, one date, no promise without it, no night."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from notifications.catalogue import CATALOGUE, asked_by
from notifications.models import Letter, LetterState
from notifications.reactions import tell
from notifications.services import preferences, quiet, watches
from notifications.services.rendering import lay_out
from notifications.wording.noticed import WORDS
from portal.accounts.models import User
from portal.outbox.models import Event
from tests.factories.accounts import PersonFactory
from tests.notifications.facts import TROUBLE
from tracking.states import AnomalyKind

NOON = datetime(2026, 9, 15, 17, tzinfo=UTC)
"""Noon in Chicago, where the reader of ``TROUBLE`` is."""


class TestWords:
    @pytest.mark.parametrize("kind", list(WORDS))
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    @pytest.mark.parametrize("is_dated", [True, False], ids=["dated", "undated"])
    def test_every_kind_reads_well_with_and_without_dates(
        self, kind: str, language: str, is_dated: bool
    ) -> None:
        dates = {} if is_dated else {"lost_at": "", "next_at": ""}
        written = lay_out(
            name="noticed", facts={**TROUBLE, "kind": kind, **dates}, language=language
        )

        assert "%(" not in written.text + written.subject + written.html
        assert " by ." not in written.text
        assert 10 < len(written.subject) < 60
        assert "PH-10482" in written.subject
        assert "PH-10482" in written.text

    def test_a_quiet_parcel_is_told_in_three_sentences_and_a_date(self) -> None:
        written = lay_out(name="noticed", facts=TROUBLE, language="en")

        assert written.subject == "No scan since Thu 10 Sep: order PH-10482"
        assert (
            "UPS has not scanned parcel 1Z999AA10123456784 since Thu 10 Sep, 10:42 UTC."
            " Our desk has been told and follows it up with the carrier." in written.text
        )
        assert "If there is no scan by Mon 21 Sep, we treat it as lost and put it right." in (
            written.text
        )
        assert "[ Found, or put right, from Mon 21 Sep ]" in written.text
        assert "Inside: Celadon cup × 2, Tea tray." in written.text

    def test_a_letter_about_an_order_leads_to_the_account(self) -> None:
        facts = {**TROUBLE, "kind": "not_shipped", "token": "", "number": "", "parcel_id": 0}
        written = lay_out(name="noticed", facts=facts, language="en")

        assert "/t/" not in written.text
        assert "/account/" in written.text
        assert "you hear from us, by Thu 17 Sep" in written.text

    def test_what_the_shopper_is_never_told_has_no_words(self) -> None:
        assert set(AnomalyKind) - set(WORDS) == {
            "untrackable", "expired", "refused", "returned", "delivered_disputed",
            "conflicting_events",
        }  # fmt: skip


class TestAskedBy:
    @pytest.mark.parametrize(
        ("_case", "facts", "letters"),
        [
            ("told", {}, ["noticed"]),
            ("for staff only", {"tells_shopper": False}, []),
            ("a kind that nobody hears of", {"kind": "delivered_disputed"}, []),
        ],
    )
    def test_a_find_is_a_letter_only_when_it_says_so(
        self, _case: str, facts: dict[str, Any], letters: list[str]
    ) -> None:
        asked = asked_by("tracking.anomaly_found", {**TROUBLE, **facts})

        assert [entry.name for entry in asked] == letters

    @pytest.mark.parametrize(
        ("_case", "facts", "letters"),
        [
            ("scanned again", {}, ["moving_again"]),
            ("with the driver, which has its own letter", {"status": "out_for_delivery"}, []),
            ("a rule was changed", {"cleared_by": "rule"}, []),
            ("it was only late", {"kind": "past_eta"}, []),
        ],
    )
    def test_an_end_is_a_letter_only_when_it_moves_and_nothing_else_says_so(
        self, _case: str, facts: dict[str, Any], letters: list[str]
    ) -> None:
        given = {**TROUBLE, "cleared_by": "news", **facts}

        assert [entry.name for entry in asked_by("tracking.anomaly_cleared", given)] == letters

    def test_only_letters_that_can_wait_need_to_know_where_the_reader_is(self) -> None:
        assert {entry.name for entry in CATALOGUE.values() if entry.can_wait} == {
            entry.name for entry in CATALOGUE.values() if "zone" in entry.needs
        }


@pytest.mark.django_db
class TestTell:
    @pytest.fixture
    def wen(self) -> User:
        return PersonFactory.create(email="wen@example.org")

    def happened(self, name: str, wen: User, **facts: Any) -> Event:
        payload = {**TROUBLE, "to": wen.pk, **facts}
        del payload["event_id"], payload["happened_at"]
        return Event.objects.create(name=name, payload=payload, recorded_at=NOON)

    def test_an_episode_heard_of_twice_is_one_letter(self, wen: User) -> None:
        event = self.happened("tracking.anomaly_found", wen)
        with time_machine.travel(NOON, tick=False):
            tell(event)
            tell(event)

        letter = Letter.objects.get()
        assert (letter.name, letter.cause) == ("noticed", "anomaly_id 11")
        assert (letter.state, letter.due_at) == (LetterState.WAITING, NOON)

    def test_at_night_it_waits_until_eight_where_the_reader_is(self, wen: User) -> None:
        event = self.happened("tracking.anomaly_found", wen)
        with time_machine.travel(datetime(2026, 9, 16, 4, tzinfo=UTC), tick=False):
            tell(event)  # 23:00 in Chicago

        assert Letter.objects.get().due_at == datetime(2026, 9, 16, 13, tzinfo=UTC)

    def test_who_declined_news_of_parcels_gets_none(self, wen: User) -> None:
        preferences.choose(person=wen, kind="parcels", is_wanted=False)
        tell(self.happened("tracking.anomaly_found", wen))

        assert Letter.objects.get().state == LetterState.HELD

    def test_only_who_asked_to_be_kept_posted_hears_that_it_moves_again(self, wen: User) -> None:
        friend = PersonFactory.create(email="li@example.org")
        watches.watch(person=friend, parcel_token=TROUBLE["token"], now=NOON)
        tell(self.happened("tracking.anomaly_cleared", wen, cleared_by="news"))

        assert [letter.address for letter in Letter.objects.all()] == ["li@example.org"]


class TestMorning:
    @pytest.mark.parametrize(
        ("now", "zone", "due"),
        [
            ((2026, 9, 15, 12, 0), "America/Chicago", (2026, 9, 15, 13, 0)),
            ((2026, 9, 15, 13, 0), "America/Chicago", (2026, 9, 15, 13, 0)),
            ((2026, 9, 16, 2, 59), "America/Chicago", (2026, 9, 16, 2, 59)),
            ((2026, 9, 16, 3, 0), "America/Chicago", (2026, 9, 16, 13, 0)),
            ((2026, 9, 15, 15, 0), "Asia/Shanghai", (2026, 9, 16, 0, 0)),
            ((2026, 3, 8, 5, 0), "America/New_York", (2026, 3, 8, 12, 0)),
            ((2026, 9, 15, 23, 0), "Mars/Base", (2026, 9, 16, 8, 0)),
        ],
        ids=["early", "eight", "before ten", "ten", "elsewhere", "clocks forward", "nowhere"],
    )
    def test_a_letter_waits_from_ten_to_eight(
        self, now: tuple[int, ...], zone: str, due: tuple[int, ...]
    ) -> None:
        moment, expected = (datetime(*parts, tzinfo=UTC) for parts in (now, due))  # type: ignore[misc, arg-type]

        assert quiet.morning(moment, zone=zone) == expected
