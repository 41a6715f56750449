"""Pushes are asked for, asked for again in time, and never too often."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.factories.tracking import NOON, live_secret
from tests.tracking.courier import Desk, PushCourier, Ticking, connect, event, known, parcel
from tracking.models import Breaker, Connection, Parcel, Poll, Subscription
from tracking.services import keys, polling, subscribing
from tracking.states import ParcelStatus

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Window(Desk):
    """Where subscriptions are asked for."""

    asked: list[dict[str, object]]

    def subscribe(self, request: Request) -> Response:
        told = orjson.loads(request.data)
        self.asked.append(told)
        other = self.answer(request)
        return other or Response(orjson.dumps({"parcels": []}))


@pytest.fixture
def window(httpserver: HTTPServer) -> Window:
    """A carrier that takes subscriptions."""
    made = Window(httpserver)
    made.asked = []
    httpserver.expect_request("/subscribe").respond_with_handler(made.subscribe)
    httpserver.expect_request("/track").respond_with_handler(made.track)
    return made


@pytest.fixture
def line(window: Window, settings: Settings) -> Iterator[Connection]:
    """A connection whose pushes are asked for, three numbers a call, for fourteen days."""
    adapter = PushCourier(
        "pushing", has_push=True, push_mode="subscription", subscribe_max=3,
        subscription_life=14 * DAY, batch_max=30,
    )  # fmt: skip
    with known(adapter):
        made = connect(adapter, window.host, settings)
        live_secret(made)
        yield made


def subscribe(now: datetime = NOON) -> int:
    return subscribing.subscribe(clock=Ticking(now), seconds=5).calls


def refusing(number: str) -> Response:
    errors = [{"number": number, "kind": "invalid_number", "message": "Not ours."}]
    return Response(orjson.dumps({"parcels": [], "errors": errors}))


class TestSubscribe:
    def test_numbers_are_packed_and_the_carrier_learns_where_to_push_and_how_to_seal(
        self, line: Connection, window: Window, settings: Settings
    ) -> None:
        several = [parcel(line) for _ in range(4)]

        assert subscribe() == 2

        assert sorted(len(told["numbers"]) for told in window.asked) == [1, 3]  # type: ignore[arg-type]
        assert window.asked[0]["url"] == f"{settings.SITE_URL}/hooks/carriers/pushing/"
        assert str(window.asked[0]["secret"]).startswith("whsec_")
        for one in several:
            row = Subscription.objects.get(parcel=one)
            assert row.state == "live"
            assert row.expires_at is not None
            assert row.due_at == row.expires_at - DAY
            assert abs(row.expires_at - NOON - 14 * DAY) < timedelta(seconds=10)

    def test_a_live_one_is_renewed_before_it_ends_and_not_sooner(
        self, line: Connection, window: Window
    ) -> None:
        parcel(line)
        subscribe()

        assert subscribe(NOON + 12 * DAY) == 0
        assert subscribe(NOON + 13 * DAY + HOUR) == 1
        row = Subscription.objects.get()
        assert row.expires_at is not None
        assert row.expires_at > NOON + 27 * DAY

    def test_a_parcel_that_arrived_is_not_subscribed_again(
        self, line: Connection, window: Window
    ) -> None:
        parcel(line)
        subscribe()
        Parcel.objects.update(status=ParcelStatus.DELIVERED)

        assert subscribe(NOON + 13 * DAY + HOUR) == 0
        assert Subscription.objects.get().state == "ended"

    def test_no_number_is_subscribed_more_than_four_times_a_month(
        self, line: Connection, window: Window
    ) -> None:
        one = parcel(line)
        window.answer = lambda _request: refusing(one.number)
        for days in range(20):
            Subscription.objects.update(due_at=NOON + days * DAY)
            subscribe(NOON + days * DAY)

        assert len(window.asked) == 4
        row = Subscription.objects.get()
        assert row.state == "dead"
        assert row.due_at is not None
        assert row.due_at.date() == datetime(2026, 4, 1, tzinfo=UTC).date()

    def test_without_a_secret_nothing_is_asked_for(self, line: Connection, window: Window) -> None:
        line.secrets.all().delete()
        keys.forget()
        parcel(line)

        assert subscribe() == 0
        row = Subscription.objects.get()
        assert (row.state, row.asked_that_month) == ("wanted", 0)
        assert "secret" in row.error

    def test_a_line_told_to_wait_waits_and_the_try_does_not_count(
        self, line: Connection, window: Window
    ) -> None:
        parcel(line)
        window.answer = lambda _request: Response("", status=429, headers={"Retry-After": "300"})

        subscribe()

        assert Breaker.objects.get().blocked_until is not None
        row = Subscription.objects.get()
        assert (row.state, row.asked_that_month, row.failures) == ("wanted", 0, 0)
        assert subscribe(NOON + timedelta(minutes=4)) == 0
        assert subscribe(NOON + timedelta(minutes=6)) == 1


class TestDead:
    def test_a_parcel_without_pushes_is_asked_about_as_if_there_were_none(
        self, line: Connection, window: Window
    ) -> None:
        one = parcel(line)
        window.events[one.number] = [event("in_transit", NOON - HOUR)]
        subscribe()
        polling.poll(clock=Ticking(NOON), seconds=5)
        live = Poll.objects.get().due_at
        assert live is not None
        # The parcel is still taken as registered: with pushes that is half a day
        assert NOON + 10 * HOUR < live < NOON + 14 * HOUR

        window.answer = lambda request: (
            refusing(one.number) if request.path == "/subscribe" else None
        )
        for turn in range(3):
            now = NOON + 14 * DAY + turn * timedelta(minutes=90)
            Subscription.objects.update(due_at=now)
            subscribe(now)
            if turn == 0:
                died = Poll.objects.get().due_at

        assert Subscription.objects.get().state == "dead"
        assert died is not None
        assert died <= live
        Poll.objects.update(due_at=NOON + 14 * DAY)
        polling.poll(clock=Ticking(NOON + 14 * DAY), seconds=5)
        due_at = Poll.objects.get().due_at
        assert due_at is not None
        assert due_at < NOON + 14 * DAY + 14 * HOUR
