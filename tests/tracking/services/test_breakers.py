"""A breaker opens after enough failures, lets one try through, and says who moved it and why."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection as database

from tests.factories.accounts import PersonFactory
from tests.factories.tracking import NOON, ConnectionFactory
from tracking.models import Breaker, BreakerMove, Connection
from tracking.scans import CarrierError, ErrorKind
from tracking.services import breakers
from tracking.services.breakers import Standing

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
WELL = Standing()


def trouble(kind: ErrorKind) -> CarrierError:
    return CarrierError(kind=kind, message=f"It said {kind}.")


def note(line: Connection, *troubles: ErrorKind | None, minutes: float = 0) -> Standing:
    known = breakers.standings(connection_ids=[line.pk]).get(line.pk, WELL)
    found = breakers.note(
        connection_id=line.pk,
        troubles=[trouble(one) if one else None for one in troubles],
        known=known,
        now=NOON + minutes * MINUTE,
    )
    return found or known


class TestOpens:
    @pytest.mark.parametrize(
        ("kind", "limit"),
        [(ErrorKind.AUTH, 1), (ErrorKind.SCHEMA_DRIFT, 5), (ErrorKind.TRANSIENT, 10)],
    )
    def test_after_so_many_failures_in_a_row(self, kind: ErrorKind, limit: int) -> None:
        line = ConnectionFactory.create()
        for _ in range(limit - 1):
            assert note(line, kind).state == "closed"

        assert note(line, kind).state == "open"
        (moved,) = BreakerMove.objects.all()
        assert (moved.origin, moved.target, moved.actor) == ("closed", "open", None)
        assert f"It said {kind}." in moved.why

    def test_one_good_answer_in_between_begins_the_count_anew(self) -> None:
        line = ConnectionFactory.create()
        note(line, *[ErrorKind.TRANSIENT] * 9, None, *[ErrorKind.TRANSIENT] * 9)

        assert Breaker.objects.get().failures == 9
        assert Breaker.objects.get().state == "closed"

    @pytest.mark.parametrize("kind", [ErrorKind.RATE_LIMITED, ErrorKind.NOT_FOUND])
    def test_what_is_no_failure_of_the_carrier_does_not_count(self, kind: ErrorKind) -> None:
        line = ConnectionFactory.create()
        note(line, *[kind] * 30)

        assert not Breaker.objects.exists()

    def test_a_good_answer_on_a_good_line_writes_nothing(self) -> None:
        note(ConnectionFactory.create(), None, None)

        assert not Breaker.objects.exists()


class TestTries:
    def test_pauses_grow_from_a_minute_to_a_quarter_of_an_hour(self) -> None:
        line = ConnectionFactory.create()
        note(line, *[ErrorKind.TRANSIENT] * 10)
        at, pauses = 0.0, []
        for _turn in range(7):
            probe_at = Breaker.objects.get().probe_at
            assert probe_at is not None
            pauses.append(round((probe_at - NOON) / MINUTE - at))
            at = (probe_at - NOON) / MINUTE
            assert breakers.try_once(connection_id=line.pk, now=probe_at)
            note(line, ErrorKind.TRANSIENT, minutes=at)

        assert pauses == [1, 2, 4, 8, 15, 15, 15]

    def test_a_refused_key_is_tried_each_quarter_of_an_hour(self) -> None:
        line = ConnectionFactory.create()
        note(line, ErrorKind.AUTH)

        assert not breakers.try_once(connection_id=line.pk, now=NOON + 14 * MINUTE)
        assert breakers.try_once(connection_id=line.pk, now=NOON + 15 * MINUTE)
        assert not breakers.try_once(connection_id=line.pk, now=NOON + 16 * MINUTE)
        note(line, ErrorKind.AUTH, minutes=16)
        assert not breakers.try_once(connection_id=line.pk, now=NOON + 30 * MINUTE)
        assert breakers.try_once(connection_id=line.pk, now=NOON + 31 * MINUTE)

    def test_a_late_good_answer_does_not_close_it_and_the_tries_does(self) -> None:
        line = ConnectionFactory.create()
        note(line, ErrorKind.AUTH)
        assert note(line, None).state == "open"
        breakers.try_once(connection_id=line.pk, now=NOON + 15 * MINUTE)

        assert note(line, None, minutes=15).state == "closed"
        assert Breaker.objects.get().probe_at is None

    def test_a_closed_one_needs_no_try(self) -> None:
        line = ConnectionFactory.create()

        assert not breakers.try_once(connection_id=line.pk, now=NOON)


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_gets_the_try() -> None:
    line = ConnectionFactory.create()
    note(line, ErrorKind.AUTH)
    won: list[bool] = []

    def work() -> None:
        try:
            won.append(breakers.try_once(connection_id=line.pk, now=NOON + 15 * MINUTE))
        finally:
            database.close()

    crew = [threading.Thread(target=work) for _ in range(8)]
    for one in crew:
        one.start()
    for one in crew:
        one.join(timeout=30)

    assert sorted(won) == [False] * 7 + [True]


class TestBlock:
    def test_the_longer_wait_holds(self) -> None:
        line = ConnectionFactory.create()
        breakers.block(connection_id=line.pk, until=NOON + 10 * MINUTE, why="slow down")

        standing = breakers.block(connection_id=line.pk, until=NOON + MINUTE, why="slow down")

        assert not standing.may_ask(NOON + 9 * MINUTE)
        assert standing.may_ask(NOON + 10 * MINUTE)


class TestReset:
    def test_asks_again_at_once_and_says_who_wanted_it(self) -> None:
        line, person = ConnectionFactory.create(), PersonFactory.create()
        note(line, ErrorKind.AUTH)
        breakers.block(connection_id=line.pk, until=NOON + 10 * MINUTE, why="slow down")

        breakers.reset(connection=line, user=person, now=NOON)

        (standing,) = breakers.standings(connection_ids=[line.pk]).values()
        assert standing.may_ask(NOON)
        assert BreakerMove.objects.get(target="closed").actor == person
