"""Carriers are asked what is due, once, within budget, by one worker at a time."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from pytest_django import Settings
from werkzeug import Response

from tests.factories.tracking import NOON, ConnectionFactory, ParcelFactory
from tests.tracking.courier import (
    KEY,
    Courier,
    Desk,
    Ticking,
    connect,
    event,
    is_near,
    known,
    parcel,
    poll,
    row,
)
from tracking.carriers.base import Quota
from tracking.models import (
    Anomaly,
    Breaker,
    BreakerMove,
    Connection,
    Envelope,
    Parcel,
    Poll,
    PollHour,
)
from tracking.services import asking, intake, lines, polling
from tracking.states import EnvelopeSource, ParcelStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_is_there")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BEFORE = NOON - timedelta(hours=5)


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
