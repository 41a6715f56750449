"""Carriers are asked what is due, once, within budget, and each trouble stays where it belongs."""

from __future__ import annotations

import gzip
import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import orjson
import pytest
from django.db import connection as database
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.factories.tracking import NOON, ConnectionFactory, ParcelFactory
from tests.tracking.courier import (
    KEY,
    Courier,
    Desk,
    Ticking,
    TokenCourier,
    connect,
    desk,
    event,
    known,
    parcel,
    poll,
)
from tracking.carriers.base import Quota
from tracking.models import (
    Anomaly,
    Breaker,
    BreakerMove,
    Connection,
    ConnectionToken,
    Envelope,
    Parcel,
    Poll,
    PollHour,
)
from tracking.services import asking, budgets, intake, lines, polling
from tracking.states import EnvelopeSource, ParcelStatus

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BEFORE = NOON - timedelta(hours=5)


@pytest.fixture(autouse=True)
def _redis_is_there() -> Iterator[None]:
    budgets._away_until = 0.0
    yield
    budgets._away_until = 0.0


@pytest.fixture
def counter(httpserver: HTTPServer) -> Desk:
    """A carrier that answers."""
    return desk(httpserver)


@pytest.fixture
def courier() -> Iterator[Courier]:
    """An adapter that takes thirty numbers a call."""
    adapter = Courier("courier", batch_max=30)
    with known(adapter):
        yield adapter


@pytest.fixture
def line(courier: Courier, counter: Desk, settings: Settings) -> Connection:
    """A connection that asks the counter."""
    return connect(courier, counter.host, settings)


def row(of: Parcel) -> Poll:
    return Poll.objects.get(parcel=of)


def is_near(moment: datetime | None, wished: datetime, *, share: timedelta) -> bool:
    return moment is not None and abs(moment - wished) <= share * 0.1 + timedelta(seconds=10)


class TestAsking:
    def test_news_is_kept_opened_and_brings_the_next_question_near(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        counter.events[one.number] = [event("in_transit", BEFORE)]

        poll()

        envelope = Envelope.objects.get()
        assert (envelope.source, envelope.connection) == (EnvelopeSource.POLL, line)
        asked = row(one)
        assert (asked.outcome, asked.empties, asked.http_status) == ("news", 0, 200)
        assert is_near(asked.due_at, NOON + 3 * HOUR, share=3 * HOUR)
        intake.open_waiting(now=NOON + MINUTE)
        one.refresh_from_db()
        assert one.status == ParcelStatus.IN_TRANSIT
        assert is_near(row(one).due_at, NOON + MINUTE + 3 * HOUR, share=3 * HOUR)

    def test_the_same_answer_again_is_not_kept_again_and_doubles_the_pause(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        counter.events[one.number] = [event("in_transit", BEFORE)]
        poll()
        intake.open_waiting(now=NOON)
        for turn, hours in ((1, 6), (2, 12), (3, 12)):
            now = NOON + turn * timedelta(days=1)
            Poll.objects.update(due_at=now)

            poll(now)

            asked = row(one)
            assert (asked.outcome, asked.empties) == ("unchanged", turn)
            assert is_near(asked.due_at, now + hours * HOUR, share=hours * HOUR)
        assert Envelope.objects.count() == 1

    def test_an_answer_that_goes_back_to_an_earlier_one_is_opened_again(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        scans = [event("picked_up", BEFORE), event("in_transit", NOON - HOUR)]
        for turn, told in enumerate((scans[:1], scans, scans[:1])):
            counter.events[one.number] = told
            Poll.objects.update(due_at=NOON + turn * HOUR)
            poll(NOON + turn * HOUR)
            intake.open_waiting(now=NOON + turn * HOUR)

        received = list(Envelope.objects.order_by("pk").values_list("received_at", flat=True))
        assert [at.replace(microsecond=0, second=0) for at in received] == [
            NOON + 2 * HOUR,
            NOON + HOUR,
        ]

    def test_what_is_due_is_packed_into_as_few_calls_as_the_carrier_allows(
        self, line: Connection, counter: Desk
    ) -> None:
        numbers = {parcel(line).number for _ in range(65)}

        done = poll()

        assert done.calls == 3
        assert sorted(len(asked) for _at, asked in counter.calls) == [5, 30, 30]
        assert set(counter.numbers) == numbers

    def test_what_is_not_due_is_not_asked(self, line: Connection, counter: Desk) -> None:
        one = parcel(line)
        Poll.objects.update(due_at=NOON + HOUR)

        assert poll().calls == 0
        assert counter.calls == []
        assert row(one).outcome == ""

    def test_a_parcel_whose_number_went_to_another_is_asked_no_more(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        Parcel.objects.filter(pk=one.pk).update(is_current=False)

        poll()

        assert counter.calls == []
        assert row(one).due_at is None

    def test_the_hour_is_counted(self, line: Connection, counter: Desk) -> None:
        moving, silent = parcel(line), parcel(line)
        counter.events[moving.number] = [event("in_transit", BEFORE)]
        Poll.objects.filter(parcel=silent).update(due_at=NOON - 2 * HOUR)

        poll()

        hour = PollHour.objects.get(connection=line)
        assert hour.hour == NOON
        assert (hour.calls, hour.numbers, hour.news, hour.not_found) == (1, 2, 1, 1)
        assert (hour.late_1m, hour.late_6h) == (1, 1)

    def test_nobody_is_asked_without_credentials(
        self, courier: Courier, counter: Desk, settings: Settings
    ) -> None:
        parcel(connect(courier, counter.host, settings, key=""))

        assert poll().calls == 0
        assert counter.calls == []

    def test_nobody_is_asked_at_a_resting_connection(self, line: Connection, counter: Desk) -> None:
        parcel(line)
        Connection.objects.update(is_active=False)

        assert poll().calls == 0

    def test_a_host_that_the_installation_does_not_allow_is_never_called(
        self, line: Connection, counter: Desk, settings: Settings
    ) -> None:
        settings.CARRIER_HOSTS = []
        parcel(line)

        # Left without the option, the adapter names its own house, which does not exist
        poll()

        assert counter.calls == []

    def test_the_key_is_in_the_call_and_nowhere_else(
        self, line: Connection, counter: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        counter.answer = lambda request: Response(
            f"The key {request.headers['X-Key']} is wrong.", status=401
        )
        parcel(line)

        poll()

        assert counter.seen[0].headers["X-Key"] == KEY
        kept = Breaker.objects.get()
        assert "[key]" in kept.error
        everything = [
            caplog.text, kept.error, row(Parcel.objects.get()).error,
            *BreakerMove.objects.values_list("why", flat=True), repr(lines.load(
                connection_ids=[line.pk], now=NOON)),
        ]  # fmt: skip
        assert not any(KEY in text for text in everything)
        assert KEY.encode() not in bytes(Connection.objects.get().credentials or b"")


class TestErrors:
    def test_a_number_not_known_yet_is_asked_about_after_three_hours(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line, shipped_at=NOON - HOUR)

        poll()

        asked = row(one)
        assert (asked.outcome, asked.failures) == ("not_found", 1)
        assert asked.error == "No such parcel."
        assert is_near(asked.due_at, NOON + 3 * HOUR, share=3 * HOUR)
        assert not Envelope.objects.exists()

    def test_a_failing_carrier_is_asked_after_5_10_20_minutes_up_to_two_hours(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        counter.answer = lambda _request: Response("oops", status=503)
        now, pauses = NOON, []
        for _turn in range(8):
            poll(now)
            due_at = row(one).due_at
            assert due_at is not None
            pauses.append(round((due_at - now).total_seconds() / 60))
            now += timedelta(days=1)
            Poll.objects.update(due_at=now)

        wished = [5, 10, 20, 40, 80, 120, 120, 120]
        assert all(
            abs(pause - wish) <= wish * 0.1 + 1 for pause, wish in zip(pauses, wished, strict=True)
        )

    def test_a_refused_number_is_tried_three_days_and_then_let_be(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        counter.answer = lambda _request: Response(
            orjson.dumps({
                "parcels": [],
                "errors": [{"number": one.number, "kind": "invalid_number", "message": "Wrong."}],
            })
        )  # fmt: skip
        for turn in range(3):
            Poll.objects.update(due_at=NOON + turn * timedelta(days=1))
            poll(NOON + turn * timedelta(days=1))

        asked = row(one)
        assert (asked.failures, asked.due_at) == (3, None)
        assert not Breaker.objects.exclude(state="closed").exists()

    def test_one_number_told_to_wait_waits_alone(self, line: Connection, counter: Desk) -> None:
        slow, other = parcel(line), parcel(line)
        counter.events[other.number] = [event("in_transit", BEFORE)]
        counter.answer = lambda _request: Response(
            orjson.dumps({
                "parcels": [{"number": other.number, "events": counter.events[other.number]}],
                "errors": [{"number": slow.number, "kind": "rate_limited", "retry_after": 1800}],
            })
        )  # fmt: skip

        poll()

        due_at = row(slow).due_at
        assert due_at is not None
        assert NOON + 30 * MINUTE <= due_at <= NOON + 34 * MINUTE
        assert row(other).outcome == "news"
        assert not Breaker.objects.exclude(blocked_until=None).exists()

    def test_retry_after_stops_the_whole_line_and_the_parcel_stays_due(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        counter.answer = lambda _request: Response(
            "slow down", status=429, headers={"Retry-After": "600"}
        )

        poll()

        blocked = Breaker.objects.get()
        assert blocked.state == "closed"
        assert blocked.blocked_until is not None
        assert NOON + 10 * MINUTE <= blocked.blocked_until < NOON + 11 * MINUTE
        assert (row(one).due_at, row(one).failures) == (NOON, 0)
        counter.answer = lambda _request: None
        assert poll(NOON + 9 * MINUTE).calls == 0
        assert poll(NOON + 11 * MINUTE).calls == 1

    def test_a_spent_quota_stops_the_line_until_the_carriers_midnight(
        self, line: Connection, counter: Desk
    ) -> None:
        Connection.objects.update(settings={**line.settings, "quota_zone": "Asia/Shanghai"})
        parcel(line)
        counter.answer = lambda _request: Response(
            orjson.dumps({"parcels": [], "errors": [{"kind": "quota_exhausted", "message": "-"}]})
        )

        poll()

        assert Breaker.objects.get().blocked_until == datetime(2026, 3, 2, 16, tzinfo=UTC)

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(Response("<html>We are moving</html>"), id="a page instead of data"),
            pytest.param(Response('{"parcels": [{"num'), id="cut short"),
            pytest.param(Response(b"x" * 9_000_000), id="endless"),
            pytest.param(
                Response(gzip.compress(b"hello")[:-9], headers={"Content-Encoding": "gzip"}),
                id="broken packing",
            ),
            pytest.param(Response("", status=302, headers={"Location": "/"}), id="sent elsewhere"),
        ],
    )
    def test_garbage_is_drift(self, line: Connection, counter: Desk, answer: Response) -> None:
        one = parcel(line)
        counter.answer = lambda _request: answer

        poll()

        assert row(one).outcome == "schema_drift"
        assert Breaker.objects.get().failures == 1

    def test_a_body_that_nobody_can_read_is_kept_for_whoever_mends_the_adapter(
        self, line: Connection, counter: Desk
    ) -> None:
        parcel(line)
        counter.answer = lambda _request: Response("<html>We are moving</html>")

        poll()

        assert bytes(Envelope.objects.get().body) == b"<html>We are moving</html>"

    def test_an_answer_about_another_parcel_is_no_answer(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        counter.answer = lambda _request: Response(
            orjson.dumps({"parcels": [{"number": "SOMEBODY", "events": []}]})
        )

        poll()

        assert (row(one).outcome, Envelope.objects.count()) == ("not_found", 0)


class TestPolicy:
    def test_an_hour_between_two_questions_is_kept_even_out_for_delivery(
        self, counter: Desk, settings: Settings
    ) -> None:
        strict = Courier("strict", min_poll_interval=timedelta(hours=1))
        with known(strict):
            one = parcel(connect(strict, counter.host, settings))
            counter.events[one.number] = [event("out_for_delivery", BEFORE)]
            poll()
            intake.open_waiting(now=NOON)

        due_at = row(one).due_at
        assert due_at is not None
        assert due_at >= NOON + HOUR

    def test_a_stale_parcel_is_asked_about_twice_a_day(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        Anomaly.objects.create(parcel=one, kind="suspected_lost", opened_at=NOON)
        counter.events[one.number] = [event("in_transit", BEFORE)]

        poll()

        assert is_near(row(one).due_at, NOON + 12 * HOUR, share=12 * HOUR)

    def test_ten_a_day_for_one_parcel_are_not_eleven(
        self, counter: Desk, settings: Settings
    ) -> None:
        strict = Courier("strict", max_polls_a_day=10)
        with known(strict):
            one = parcel(connect(strict, counter.host, settings))
            Parcel.objects.update(status=ParcelStatus.OUT_FOR_DELIVERY)
            now = datetime(2026, 3, 3, tzinfo=UTC)
            Poll.objects.update(due_at=now)
            while now < datetime(2026, 3, 4, tzinfo=UTC):
                poll(now)
                due_at = row(one).due_at
                assert due_at is not None
                now = due_at

        assert len(counter.calls) <= 10
        assert row(one).asked_that_day == len(counter.calls)


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


class TestBudget:
    def test_no_more_is_asked_than_the_budget_holds_and_the_rest_stays_due(
        self, counter: Desk, settings: Settings
    ) -> None:
        tight = Courier("tight", quotas=(Quota(250, 86_400),))
        with known(tight):
            line = connect(tight, counter.host, settings)
            for _ in range(9):
                parcel(line)

            done = poll()

        assert (done.calls, len(counter.calls), done.is_short) == (5, 5, False)
        assert Poll.objects.filter(due_at=NOON, leased_until=None).count() == 4

    def test_a_person_may_spend_what_the_clock_may_not(
        self, counter: Desk, settings: Settings
    ) -> None:
        tight = Courier("tight", quotas=(Quota(250, 86_400),))
        with known(tight):
            line = connect(tight, counter.host, settings)
            for _ in range(6):
                parcel(line)
            poll()
            waiting = Parcel.objects.get(polls__due_at=NOON)
            counter.calls.clear()
            poll(NOON + MINUTE)
            assert counter.calls == []

            assert polling.refresh(parcel=waiting, now=NOON + MINUTE)
            poll(NOON + MINUTE)

        assert counter.numbers == [waiting.number]

    def test_nobody_may_ask_sooner_than_the_carrier_allows(
        self, counter: Desk, settings: Settings
    ) -> None:
        strict = Courier("strict", min_poll_interval=timedelta(minutes=30))
        with known(strict):
            one = parcel(connect(strict, counter.host, settings))
            poll()

            assert not polling.refresh(parcel=one, now=NOON + 29 * MINUTE)
            assert polling.refresh(parcel=one, now=NOON + 31 * MINUTE)

    def test_nobody_can_be_asked_about_a_parcel_without_a_connection(self) -> None:
        assert not polling.refresh(parcel=ParcelFactory.create(connection=None), now=NOON)
        resting = ParcelFactory.create(connection=ConnectionFactory.create())
        assert not polling.refresh(parcel=resting, now=NOON)


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
class TestTwoClocks:
    def test_rounds_at_once_never_ask_about_a_parcel_twice(
        self, line: Connection, counter: Desk
    ) -> None:
        numbers = [parcel(line).number for _ in range(300)]
        clock = Ticking()

        def work() -> None:
            try:
                polling.poll(clock=clock, seconds=10)
            finally:
                database.close()

        crew = [threading.Thread(target=work) for _ in range(5)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join(timeout=60)

        assert sorted(counter.numbers) == sorted(numbers)

    def test_a_row_whose_worker_died_is_asked_about_when_its_lease_is_over(
        self, line: Connection, counter: Desk
    ) -> None:
        one = parcel(line)
        Poll.objects.update(leased_until=NOON + 2 * MINUTE)

        poll(NOON + MINUTE)
        assert counter.calls == []
        poll(NOON + 3 * MINUTE)
        assert counter.numbers == [one.number]


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


@pytest.mark.django_db(transaction=True)
class TestTurn:
    def test_one_worker_at_a_time_does_a_round_and_the_others_are_free(self) -> None:
        answers: list[bool] = []

        def work() -> None:
            try:
                with asking.turn() as is_ours:
                    answers.append(is_ours)
            finally:
                database.close()

        with asking.turn() as is_ours:
            other = threading.Thread(target=work)
            other.start()
            other.join(timeout=30)
        work()

        assert (is_ours, answers) == (True, [False, True])
