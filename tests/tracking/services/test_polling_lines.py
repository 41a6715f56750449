"""A line that is down stops as a whole, and alone: tokens, breakers, one bad carrier of five."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.factories.tracking import NOON
from tests.tracking.courier import (
    Courier,
    Desk,
    TokenCourier,
    connect,
    desk,
    known,
    parcel,
    poll,
    row,
)
from tracking.models import (
    Breaker,
    BreakerMove,
    Connection,
    ConnectionToken,
    Parcel,
    Poll,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_is_there")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class TestToken:
    @pytest.fixture
    def locked(self, counter: Desk, settings: Settings) -> Iterator[Connection]:
        """A connection whose calls carry a token."""
        adapter = TokenCourier("locked", batch_max=1)
        with known(adapter):
            yield connect(adapter, counter.host, settings)

    def test_one_is_fetched_kept_sealed_and_used_until_it_ends(
        self, locked: Connection, counter: Desk
    ) -> None:
        for _ in range(6):
            parcel(locked)

        poll()
        Poll.objects.update(due_at=NOON + 30 * MINUTE)
        poll(NOON + 30 * MINUTE)

        assert (len(counter.calls), counter.tokens) == (12, 1)
        assert counter.seen[0].headers["Authorization"].endswith("do-not-tell-1")
        token = ConnectionToken.objects.get()
        assert b"do-not-tell" not in bytes(token.ciphertext)
        Poll.objects.update(due_at=NOON + HOUR)
        poll(NOON + HOUR)
        assert counter.tokens == 2

    def test_an_old_token_that_is_refused_is_replaced_once(
        self, locked: Connection, counter: Desk
    ) -> None:
        parcel(locked)
        poll()
        counter.answer = lambda request: (
            None
            if request.headers["Authorization"].endswith("-2")
            else Response("expired", status=401)
        )
        Poll.objects.update(due_at=NOON + 30 * MINUTE)

        poll(NOON + 30 * MINUTE)

        assert counter.tokens == 2
        assert row(Parcel.objects.get()).outcome == "not_found"
        assert not Breaker.objects.exclude(state="closed").exists()

    def test_a_fresh_token_that_is_refused_stops_the_line(
        self, locked: Connection, counter: Desk
    ) -> None:
        parcel(locked)
        counter.answer = lambda _request: Response("no", status=401)

        poll()

        assert (counter.tokens, len(counter.calls)) == (1, 1)
        assert Breaker.objects.get().state == "open"

    def test_wrong_credentials_stop_the_line_before_any_parcel_is_asked_about(
        self, counter: Desk, settings: Settings
    ) -> None:
        adapter = TokenCourier("locked")
        with known(adapter):
            parcel(connect(adapter, counter.host, settings, key="not-the-key"))

            poll()

        assert (counter.tokens, counter.calls) == (1, [])
        assert (Breaker.objects.get().kind, Breaker.objects.get().state) == ("auth", "open")


class TestBreaker:
    def test_it_opens_soon_tries_once_in_a_while_and_closes_when_answered(
        self, counter: Desk, settings: Settings
    ) -> None:
        single = Courier("single")
        with known(single):
            line = connect(single, counter.host, settings)
            for _ in range(40):
                parcel(line)
            counter.answer = lambda _request: Response("oops", status=500)

            poll()
            failed = len(counter.calls)
            assert 10 <= failed <= 20
            assert Breaker.objects.get().state == "open"

            poll(NOON + 30 * timedelta(seconds=1))
            assert len(counter.calls) == failed
            poll(NOON + 2 * MINUTE)
            assert len(counter.calls) == failed + 1

            counter.answer = lambda _request: None
            poll(NOON + 3 * MINUTE)
            assert len(counter.calls) == failed + 1
            poll(NOON + 5 * MINUTE)
            assert len(counter.calls) > failed + 10
        assert Breaker.objects.get().state == "closed"
        assert list(BreakerMove.objects.order_by("pk").values_list("origin", "target")) == [
            ("closed", "open"),
            ("open", "half_open"),
            ("half_open", "open"),
            ("open", "half_open"),
            ("half_open", "closed"),
        ]

    def test_a_refused_key_stops_at_once_and_is_tried_each_quarter_of_an_hour(
        self, counter: Desk, settings: Settings
    ) -> None:
        single = Courier("single")
        with known(single):
            line = connect(single, counter.host, settings, slots=1)
            for _ in range(9):
                parcel(line)
            counter.answer = lambda _request: Response("no", status=403)

            for minutes in (0, 5, 14, 16, 29, 32):
                poll(NOON + minutes * MINUTE)

        assert len(counter.calls) == 3
        assert Poll.objects.filter(due_at=NOON).count() == 9


@pytest.mark.django_db(transaction=True)
class TestOneBadCarrier:
    def test_a_hanging_a_failing_a_limiting_and_a_babbling_one_leave_the_fifth_alone(
        self, settings: Settings
    ) -> None:
        def hang(_request: Request) -> Response:
            time.sleep(3)
            return Response("late")

        def unwell(name: str, _request: Request) -> Response | None:
            return {
                "failing": Response("oops", status=500),
                "limiting": Response("wait", status=429, headers={"Retry-After": "60"}),
                "babbling": Response("<html>" * 99),
            }.get(name)

        names = ("hanging", "failing", "limiting", "babbling", "well")
        servers = {name: HTTPServer(threaded=True) for name in names}
        adapters = {name: Courier(name) for name in names}
        desks: dict[str, Desk] = {}
        with known(*adapters.values()):
            try:
                for name, server in servers.items():
                    server.start()
                    desks[name] = desk(server)
                    desks[name].answer = hang if name == "hanging" else partial(unwell, name)
                    line = connect(adapters[name], desks[name].host, settings)
                    for _ in range(60):
                        parcel(line)

                begun = time.monotonic()
                took: list[float] = []
                desks["well"].answer = lambda _request: took.append(time.monotonic() - begun)
                poll(seconds=2.5)
            finally:
                for server in servers.values():
                    server.stop()

        assert len(desks["well"].calls) == 60
        assert max(took) < 2.5
        assert len(desks["hanging"].calls) <= 8
        assert len(desks["failing"].calls) <= 20
        assert len(desks["limiting"].calls) <= 4
        assert len(desks["babbling"].calls) <= 20
        stopped = Breaker.objects.filter(state="open").values_list("connection__slug", flat=True)
        assert sorted(stopped) == ["babbling", "failing"]


class TestThreads:
    def test_an_address_with_a_password_or_in_the_clear_is_not_called(
        self, counter: Desk, settings: Settings, courier: Courier
    ) -> None:
        line = connect(courier, counter.host, settings)
        settings.CARRIER_HOSTS = [counter.host.replace("http://", "https://")]
        one = parcel(line)

        poll()

        assert counter.calls == []
        assert row(one).outcome in {"transient", ""}
