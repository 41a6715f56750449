"""What a carrier answers about a number, or cannot: when it is asked again."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from werkzeug import Response

from tests.factories.tracking import NOON
from tests.tracking.courier import (
    Desk,
    event,
    is_near,
    parcel,
    poll,
    row,
)
from tracking.models import (
    Breaker,
    Connection,
    Envelope,
    Poll,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_is_there")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BEFORE = NOON - timedelta(hours=5)


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
