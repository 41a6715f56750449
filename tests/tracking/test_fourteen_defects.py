"""
What the strongest open rival gets wrong, one test or more for each of its fourteen defects.

They were found by reading and running it; here each must be impossible.
"""

from __future__ import annotations

import ast
import html
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Response

from notifications.services import dispatching
from portal.outbox.models import Event
from tests.factories.tracking import NOON, SECRET, ConnectionFactory, ParcelFactory
from tests.notifications import receiving
from tests.tracking import courier, pushes
from tracking import cadence, rules
from tracking.carriers import generic, registry
from tracking.carriers.base import Quota
from tracking.models import Envelope, Parcel, Poll, Sighting
from tracking.scans import Scan
from tracking.services import budgets, journeys
from tracking.services.journeys import Level
from tracking.states import SOFT_TERMINAL, EnvelopeSource, ParcelStatus

pytestmark = pytest.mark.django_db

S = ParcelStatus
ROOT = Path(django_settings.BASE_DIR)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _redis_is_there() -> Iterator[None]:
    budgets._away_until = 0.0
    yield
    budgets._away_until = 0.0


@pytest.fixture
def parcel() -> Parcel:
    return ParcelFactory.create(number="1Z999AA10123456784", shipped_at=None)


def polled(parcel: Parcel, events: list[dict[str, Any]], *, note: str = "") -> None:
    """Open an answer about a parcel; ``note`` makes other bytes of it."""
    body = pushes.body(parcel.number, events, note=note)
    pushes.put(parcel.connection, body, source=EnvelopeSource.POLL)
    pushes.drain()


def stored(parcel: Parcel) -> int:
    return Sighting.objects.filter(parcel=parcel, withdrawn_at=None).count()


class TestDefect01DuplicateEventOnTheSecondPoll:
    def test_the_same_history_twice_is_stored_once(self, parcel: Parcel) -> None:
        events = pushes.journey(steps=("in_transit", "out_for_delivery"))

        polled(parcel, events, note="first")
        polled(parcel, events, note="second")

        assert Envelope.objects.count() == 2
        assert stored(parcel) == 2

    def test_no_stored_scan_is_rewritten_to_begin_a_journey_properly(self, parcel: Parcel) -> None:
        polled(parcel, [pushes.event("in_transit", at=NOON)])

        assert Sighting.objects.get().status == S.IN_TRANSIT


class TestDefect02DedupeByTheWholeText:
    @pytest.mark.parametrize(
        "change", [{"text": "Unterwegs"}, {"text": ""}, {"note": "a new field"}], ids=str
    )
    def test_a_reworded_translated_or_longer_event_is_the_same_event(
        self, parcel: Parcel, change: dict[str, str]
    ) -> None:
        event = pushes.event("in_transit", at=NOON)
        polled(parcel, [event])

        polled(parcel, [{**event, **change}])

        assert stored(parcel) == 1

    @pytest.mark.parametrize("change", [{"text": "Unterwegs"}, {"text": ""}], ids=str)
    def test_so_is_one_to_which_the_carrier_gives_no_id(
        self, parcel: Parcel, change: dict[str, str]
    ) -> None:
        event = pushes.event("in_transit", at=NOON, id="")
        polled(parcel, [event])

        polled(parcel, [{**event, **change}])

        assert stored(parcel) == 1


class TestDefect03UndatedEventsOnTop:
    def test_an_undated_scan_stands_at_the_bottom_and_decides_nothing(self, parcel: Parcel) -> None:
        undated = {"id": "x", "status": "picked_up", "text": "No date"}
        polled(parcel, [undated, *pushes.journey(steps=("in_transit", "delivered"))])

        head = journeys.head(token=parcel.token)
        assert head is not None
        told = journeys.details(head=head, now=NOON)

        assert [scan.status for scan in told.scans] == ["delivered", "in_transit", "picked_up"]
        assert told.status == S.DELIVERED


class TestDefect04OrderByTheClockOnTheWall:
    def test_a_journey_across_time_zones_is_ordered_by_the_moment(self, parcel: Parcel) -> None:
        leaves = {"id": "1", "status": "in_transit", "occurred_at": "2026-03-02T09:00:00+08:00"}
        arrives = {"id": "2", "status": "delivered", "occurred_at": "2026-03-02T03:00:00-05:00"}
        polled(parcel, [leaves, arrives])

        parcel.refresh_from_db()

        assert (parcel.status, parcel.delivered_at) == (
            S.DELIVERED, datetime(2026, 3, 2, 8, tzinfo=UTC),
        )  # fmt: skip


class TestDefect05NewsForTheNewestParcelOfTheConnection:
    def test_an_unknown_number_touches_nobody_and_is_put_aside(self, parcel: Parcel) -> None:
        other = ParcelFactory.create(connection=parcel.connection)
        pushes.put(parcel.connection, pushes.body("SOMEBODYELSE1", pushes.journey()))

        pushes.drain()

        assert set(Parcel.objects.values_list("status", "revision")) == {(S.REGISTERED, 0)}
        assert not Sighting.objects.exists()
        assert Envelope.objects.get().numbers == ["SOMEBODYELSE1"]
        assert other.connection_id == parcel.connection_id

    def test_the_same_number_with_another_connection_is_another_parcel(
        self, parcel: Parcel
    ) -> None:
        twin = ParcelFactory.create(number=parcel.number, connection=ConnectionFactory.create())
        pushes.put(twin.connection, pushes.body(parcel.number, pushes.journey()))

        pushes.drain()

        parcel.refresh_from_db()
        twin.refresh_from_db()
        assert (parcel.status, twin.status) == (S.REGISTERED, S.DELIVERED)


class TestDefect06TheOpenDoor:
    def post(self, body: bytes, headers: dict[str, str]) -> int:
        return int(
            Client()
            .post("/hooks/carriers/door/", body, "application/json", headers=headers)
            .status_code
        )

    def test_a_push_without_a_good_seal_is_refused_and_leaves_no_trace(self) -> None:
        ConnectionFactory.create(slug="door", secret=SECRET)
        body = pushes.body("AB123456", pushes.journey())
        wrong = generic.seal(body, SECRET + "x", now=datetime.now(UTC))

        assert [self.post(body, {}), self.post(body, wrong)] == [401, 401]
        assert not Envelope.objects.exists()

    def test_a_push_is_kept_raw_once_and_opened_later(self) -> None:
        connection = ConnectionFactory.create(slug="door", secret=SECRET)
        parcel = ParcelFactory.create(connection=connection, shipped_at=None)
        body = pushes.body(parcel.number, pushes.journey())
        good = generic.seal(body, SECRET, now=datetime.now(UTC))

        assert [self.post(body, good), self.post(body, good)] == [202, 202]

        assert bytes(Envelope.objects.get().body) == body
        parcel.refresh_from_db()
        assert parcel.status == S.REGISTERED


class TestDefect07TheSecretAsTheId:
    def test_a_webhook_carries_a_seal_and_an_id_and_never_its_secret(
        self, httpserver: HTTPServer, settings: Settings
    ) -> None:
        settings.WEBHOOKS_MAY_BE_LOCAL = True
        there = receiving.receiver(httpserver)
        receiving.happened()

        dispatching.send_due(now=timezone.now())

        (got,) = there.got
        assert got.verify(there.secret)["type"] == "parcel.status_reached"
        bare = there.secret.removeprefix("whsec_")
        assert bare not in str(got.headers) + got.body.decode()

    def test_a_refusal_is_tried_again_and_only_where_it_was_refused(
        self, httpserver: HTTPServer, settings: Settings
    ) -> None:
        settings.WEBHOOKS_MAY_BE_LOCAL = True
        broken = receiving.receiver(httpserver, "/broken", 500)
        fine = receiving.receiver(httpserver, "/fine")
        receiving.happened()
        dispatching.send_due(now=timezone.now())

        dispatching.send_due(now=timezone.now() + timedelta(minutes=5))

        assert [len(broken.got), len(fine.got)] == [2, 1]
        assert broken.got[0].id == broken.got[1].id == fine.got[0].id


class TestDefect08NoMonotonicGuard:
    def test_late_news_of_the_road_does_not_undo_a_delivery(self, parcel: Parcel) -> None:
        polled(parcel, pushes.journey())
        polled(parcel, [pushes.event("in_transit", at=NOON - 30 * HOUR)])

        parcel.refresh_from_db()

        assert (parcel.status, parcel.delivered_at) == (S.DELIVERED, NOON)

    def test_a_delivered_parcel_is_still_asked_about_for_a_week(self) -> None:
        facts = cadence.Facts(status=S.DELIVERED, known_at=NOON - 48 * HOUR, status_at=NOON)
        policy = cadence.Policy()

        first = cadence.next_due(facts, policy, now=NOON, dice=0.0, asked_today=0)
        later = NOON + timedelta(days=7, hours=1)

        assert first == NOON + 24 * HOUR
        assert cadence.next_due(facts, policy, now=later, dice=0.0, asked_today=0) is None

    def test_a_return_after_the_delivery_is_seen(self, parcel: Parcel) -> None:
        polled(parcel, pushes.journey())
        polled(parcel, [pushes.event("returning", at=NOON + 20 * HOUR)])

        parcel.refresh_from_db()

        assert (parcel.status, parcel.leg, parcel.delivered_at) == (S.RETURNING, 2, NOON)


class TestDefect09FailuresAskedAboutAtEveryTick:
    @pytest.mark.parametrize(
        ("status", "least"), [(404, 2 * HOUR), (500, timedelta(minutes=4))], ids=str
    )
    def test_a_failure_pushes_the_next_question_away(
        self, httpserver: HTTPServer, settings: Settings, status: int, least: timedelta
    ) -> None:
        adapter = courier.Courier("courier")
        counter = courier.desk(httpserver)
        counter.answer = lambda _request: Response("no", status=status)
        with courier.known(adapter):
            line = courier.connect(adapter, counter.host, settings)
            one = courier.parcel(line)

            courier.poll()
            courier.poll(NOON + timedelta(minutes=1))

        due_at = Poll.objects.get(parcel=one).due_at
        assert len(counter.calls) == 1
        assert due_at is not None
        assert due_at >= NOON + least


class TestDefect10NoRateBudget:
    def test_no_more_calls_leave_than_the_quota_allows(
        self, httpserver: HTTPServer, settings: Settings
    ) -> None:
        adapter = courier.Courier("courier", quotas=(Quota(4, 3600),))
        counter = courier.desk(httpserver)
        with courier.known(adapter):
            line = courier.connect(adapter, counter.host, settings)
            for _ in range(20):
                courier.parcel(line)

            courier.poll(seconds=1)
            courier.poll(NOON + timedelta(minutes=1), seconds=1)

        assert 1 <= len(counter.calls) <= 4

    def test_too_many_requests_silences_the_connection_for_as_long_as_it_says(
        self, httpserver: HTTPServer, settings: Settings
    ) -> None:
        adapter = courier.Courier("courier")
        counter = courier.desk(httpserver)
        counter.answer = lambda _request: Response(
            "slow down", status=429, headers={"Retry-After": "1200"}
        )
        with courier.known(adapter):
            line = courier.connect(adapter, counter.host, settings)
            courier.parcel(line)
            courier.poll(seconds=1)
            courier.parcel(line)

            courier.poll(NOON + timedelta(minutes=19), seconds=1)
            asked_before = len(counter.calls)
            courier.poll(NOON + timedelta(minutes=21), seconds=1)

        assert asked_before == 1
        assert len(counter.calls) > 1

    def test_every_call_has_a_deadline(self) -> None:
        from portal.lib import http

        with http.client() as client:
            assert client.timeout.connect == 3.05
            assert client.timeout.read == 10.0


class TestDefect11SleepingInTheWorker:
    def test_nothing_that_tracks_ever_sleeps(self) -> None:
        guilty = []
        for path in sorted((ROOT / "tracking").rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and node.attr == "sleep":
                    guilty.append(f"{path.relative_to(ROOT)}:{node.lineno}")
                if isinstance(node, ast.ImportFrom) and "sleep" in {a.name for a in node.names}:
                    guilty.append(f"{path.relative_to(ROOT)}:{node.lineno}")

        assert [place for place in guilty if "harbour" not in place] == []

    def test_one_round_asks_about_hundreds_at_once(
        self, httpserver: HTTPServer, settings: Settings
    ) -> None:
        adapter = courier.Courier("courier", batch_max=30)
        counter = courier.desk(httpserver)
        with courier.known(adapter):
            line = courier.connect(adapter, counter.host, settings)
            numbers = {courier.parcel(line).number for _ in range(300)}

            courier.poll(seconds=5)

        assert set(counter.numbers) == numbers
        assert len(counter.calls) == 10


class TestDefect12GuessedMeanings:
    @pytest.mark.parametrize(
        ("slug", "name"),
        [
            ("17track", "query__unknown_code.json"),
            ("canadapost", "detail__unknown_code.xml"),
            ("dhl", "track__new_code.json"),
            ("fedex", "track__unknown_code.json"),
            ("kuaidi100", "query__unknown_code.json"),
            ("royalmail", "events__unknown_code.json"),
            ("sf", "query__unknown_code.json"),
            ("ship24", "results__unknown_code.json"),
            ("ups", "alert__unknown_code.json"),
        ],
    )
    def test_a_code_in_no_table_is_never_called_in_transit(self, slug: str, name: str) -> None:
        from tests.tracking.carriers.fixtures import read

        unknown = [
            scan
            for snapshot in read(slug, name).parcels
            for scan in snapshot.scans
            if not scan.is_known
        ]

        assert unknown
        assert {scan.status for scan in unknown} == {None}

    def test_ups_loaded_on_the_van_is_no_delivery(self) -> None:
        from tests.tracking.carriers.fixtures import lone_scan

        assert lone_scan("ups", "alert__loaded_as_type_d.json").status == S.IN_TRANSIT
        assert lone_scan("ups", "alert__out_as_type_d.json").status == S.OUT_FOR_DELIVERY

    def test_dhl_unknown_moves_nothing(self) -> None:
        body = {
            "shipments": [
                {
                    "id": "7777777770",
                    "status": {"statusCode": "unknown", "timestamp": "2026-03-02T09:00:00"},
                    "events": [{"statusCode": "unknown", "timestamp": "2026-03-02T09:00:00"}],
                }
            ]
        }

        (snapshot,) = registry.get("dhl").parse(orjson.dumps(body)).parcels

        assert {scan.status for scan in snapshot.scans} == {None}


class TestDefect13ANumberIsNoLogin:
    def test_a_number_alone_opens_a_masked_status_and_nothing_of_anybody(
        self, parcel: Parcel, client: Client
    ) -> None:
        parcel.order.recipient_name, parcel.order.city = "Ada Probe", "Probe City"
        parcel.order.save()
        Parcel.objects.filter(pk=parcel.pk).update(signed_by="A. Probe")
        place = "Probe Street 1"
        polled(parcel, [pushes.event("out_for_delivery", at=NOON, location=place)])

        found = client.post(reverse("home") + "?by=number", {"number": parcel.number}, follow=True)
        page = client.get(reverse("track", args=[parcel.token])).content.decode()

        for secret in ("Probe", parcel.order.number, parcel.order.email, parcel.number):
            assert secret not in page
        assert "Out for delivery" in page
        assert found.status_code in {200, 422}

    @pytest.mark.parametrize("status", list(S))
    def test_each_of_the_seventeen_statuses_has_words_of_its_own_kind(
        self, status: ParcelStatus
    ) -> None:
        phase = journeys.glimpse(status=status).phase

        is_waiting = phase in {journeys.Phase.PACKED, journeys.Phase.ANNOUNCED}
        assert is_waiting == (status in {S.REGISTERED, S.INFO_RECEIVED})
        assert len(S) == 17

    def test_the_api_answers_nobody_without_a_token(self, parcel: Parcel, client: Client) -> None:
        answer = client.get(f"/api/v1/parcels/{parcel.number}/")

        assert answer.status_code == 401
        assert parcel.order.email not in answer.content.decode()


class TestDefect14TheBrokenProof:
    def test_the_photo_of_the_delivery_is_shown_to_its_person_and_to_nobody_else(
        self, client: Client
    ) -> None:
        from tests.portal.pages.opening import open_up
        from tests.portal.pages.test_track_parts import fetch, prove

        parcel = ParcelFactory.create(delivered=True)
        prove(parcel)
        page = reverse("track-proof", args=[parcel.token])
        before = client.get(page).content.decode()

        open_up(client, parcel, Level.PERSON)
        shown = re.findall(r'<img src="([^"]+)"', client.get(page).content.decode())

        assert "<img" not in before
        assert len(shown) == 1
        where = html.unescape(shown[0])
        assert fetch(client, where).status_code == 200
        refused = Client().get(where)
        assert (refused.status_code, refused.content) == (302, b"")
        assert refused["Location"] == reverse("track-code", args=[parcel.token])


class TestWhateverComesInWhateverOrder:
    @settings(max_examples=50, deadline=None)
    @given(seed=st.integers(min_value=0, max_value=10_000))
    def test_a_shuffled_and_repeated_journey_ends_the_same(self, seed: int) -> None:
        dice = random.Random(seed)
        scans = [
            Scan(occurred_at=NOON + n * HOUR, status=status, event_id=str(n))
            for n, status in enumerate((S.PICKED_UP, S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.DELIVERED))
        ]
        told = [*scans, *dice.choices(scans, k=4)]
        dice.shuffle(told)

        journey = rules.project(told, carrier="x", number="1")

        assert (journey.status, journey.delivered_at) == (S.DELIVERED, NOON + 3 * HOUR)
        assert journey.status in SOFT_TERMINAL


def test_the_levels_of_trust_are_three() -> None:
    assert [level.name for level in Level] == ["NUMBER", "DETAILS", "PERSON"]
    assert Event.objects.count() == 0
