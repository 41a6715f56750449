"""Registration begins the asking, and everything heard moves the next question."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.factories.tracking import NOON, CarrierFactory, ConnectionFactory, live_secret
from tests.tracking.courier import Courier, PushCourier, connect, event, known, parcel
from tracking.cadence import Urgency
from tracking.models import Connection, Parcel, ParcelNumber, Poll, Subscription
from tracking.services import intake, orders, poll_rows, poll_times
from tracking.services.orders import NewLine, NewOrder, NewParcel
from tracking.states import ParcelStatus

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOST = "http://courier.test"


@pytest.fixture
def line(settings: Settings) -> Iterator[Connection]:
    """A connection that can be asked and also pushes."""
    adapter = Courier("courier", has_push=True, first_poll_after=timedelta(minutes=30))
    with known(adapter):
        yield connect(adapter, HOST, settings)


def push(line: Connection, now: datetime, *told: tuple[Parcel, list[dict[str, Any]]]) -> None:
    """Let the carrier tell of parcels, and open what it told."""
    parcels = [{"number": one.number, "events": events} for one, events in told]
    intake.accept(
        connection_id=line.pk, body=orjson.dumps({"parcels": parcels}), headers={},
        source="push", now=now,
    )  # fmt: skip
    intake.open_waiting(now=now)


def row(of: Parcel) -> Poll:
    return Poll.objects.get(parcel=of, number=of.number)


def between(moment: datetime | None, low: timedelta, high: timedelta, since: datetime) -> bool:
    return moment is not None and since + low <= moment <= since + high


class TestBegin:
    def test_a_registered_parcel_is_asked_about_once_its_carrier_can_know_it(
        self, line: Connection
    ) -> None:
        CarrierFactory.create(slug="ups")
        orders.register(
            order=NewOrder(
                number="PH-1", email="wen@example.org", currency="EUR", placed_at=NOON,
                lines=[NewLine(sku="A", title="Mug", quantity=1, price_minor=100)],
                parcels=[NewParcel(
                    number="1Z 999", carrier="ups", connection=line.slug,
                    shipped_at=NOON - timedelta(minutes=10),
                )],
            ),
            now=NOON,
        )  # fmt: skip

        asked = Poll.objects.get()
        assert (asked.number, asked.connection) == ("1Z999", line)
        assert asked.due_at == NOON + timedelta(minutes=20)
        assert not Subscription.objects.exists()

    def test_one_whose_carrier_only_pushes_is_not(self) -> None:
        parcel(ConnectionFactory.create(), is_due=False)

        assert not Poll.objects.exists()

    def test_one_whose_pushes_must_be_asked_for_is_subscribed_too(self, settings: Settings) -> None:
        adapter = PushCourier("pushing", has_push=True, push_mode="subscription")
        with known(adapter):
            one = parcel(connect(adapter, HOST, settings), is_due=False)

        assert Subscription.objects.get(parcel=one).due_at == NOON
        assert Poll.objects.filter(parcel=one).exists()

    def test_registering_twice_asks_once(self, line: Connection) -> None:
        one = parcel(line)
        poll_times.begin(parcel=one, now=NOON + HOUR)

        assert Poll.objects.count() == 1


class TestCatchUp:
    def test_begins_asking_about_parcels_that_nobody_could_be_asked_about(
        self, settings: Settings
    ) -> None:
        resting = ConnectionFactory.create(adapter="late")
        several = [parcel(resting, is_due=False) for _ in range(3)]
        Parcel.objects.filter(pk=several[0].pk).update(status=ParcelStatus.DELIVERED)
        assert poll_times.catch_up(now=NOON) == 0

        adapter = PushCourier("late", has_push=True, push_mode="subscription")
        with known(adapter):
            found = [poll_times.catch_up(now=NOON) for _ in range(2)]

        assert found == [4, 0]
        waiting = {one.pk for one in several[1:]}
        assert set(Poll.objects.filter(due_at=NOON).values_list("parcel", flat=True)) == waiting
        assert set(Subscription.objects.values_list("parcel", flat=True)) == waiting


class TestHear:
    def test_news_resets_the_pause_and_the_class(self, line: Connection) -> None:
        one = parcel(line)
        Poll.objects.update(empties=5, due_at=NOON + 12 * HOUR)

        push(line, NOON, (one, [event("out_for_delivery", NOON - HOUR)]))

        asked = row(one)
        assert (asked.empties, asked.urgency) == (0, Urgency.DELIVERING)
        assert between(asked.due_at, 0.6 * HOUR, 0.9 * HOUR, NOON)

    def test_where_pushes_come_the_next_question_is_far(self, settings: Settings) -> None:
        adapter = Courier("pushing", has_push=True, push_mode="account")
        with known(adapter):
            line = connect(adapter, HOST, settings)
            live_secret(line)
            one = parcel(line)
            push(line, NOON, (one, [event("in_transit", NOON - HOUR)]))

        assert between(row(one).due_at, 21 * HOUR, 27 * HOUR, NOON)

    def test_a_hint_is_asked_about_at_once(self, settings: Settings) -> None:
        adapter = Courier("hinting", has_push=True, is_body_sealed=False)
        with known(adapter):
            line = connect(adapter, HOST, settings)
            one = parcel(line)
            Poll.objects.update(due_at=NOON + 12 * HOUR, polled_at=NOON - HOUR)
            push(line, NOON, (one, [event("delivered", NOON - HOUR)]))

        one.refresh_from_db()
        assert one.hinted == ParcelStatus.DELIVERED
        assert (row(one).due_at, row(one).urgency) == (NOON, Urgency.DELIVERING)

    def test_the_tail_begins_anew_when_an_ended_journey_goes_on(self, line: Connection) -> None:
        one = parcel(line)
        Poll.objects.update(due_at=None)

        push(line, NOON, (one, [event("in_transit", NOON - HOUR)]))

        assert between(row(one).due_at, 2.6 * HOUR, 3.4 * HOUR, NOON)

    def test_a_parcel_delivered_long_ago_is_asked_about_no_more(self, line: Connection) -> None:
        one = parcel(line, shipped_at=NOON - 20 * DAY)

        push(line, NOON, (one, [event("delivered", NOON - 9 * DAY)]))

        assert row(one).due_at is None

    def test_scans_tell_the_clock_at_the_place_and_whether_a_border_was_crossed(
        self, line: Connection
    ) -> None:
        one = parcel(line)
        far = datetime.fromisoformat("2026-03-02T18:30:00+08:00")

        push(line, NOON, (one, [
            event("picked_up", NOON - 5 * HOUR, country="US"),
            {"id": "x", "status": "in_transit", "occurred_at": far.isoformat(), "country": "CN"},
        ]))  # fmt: skip

        assert (row(one).zone_minutes, row(one).is_abroad) == (480, True)

    def test_a_further_number_is_asked_about_too(self, line: Connection) -> None:
        one = parcel(line)
        ParcelNumber.objects.create(
            parcel=one, connection=line, carrier=one.carrier, number="ONWARD1", created_at=NOON
        )

        push(line, NOON, (one, [event("handed_over", NOON - HOUR)]))

        assert set(Poll.objects.values_list("number", flat=True)) == {one.number, "ONWARD1"}

    def test_costs_the_same_for_one_parcel_and_for_forty(self, line: Connection) -> None:
        def count(several: list[Parcel], hours: int) -> int:
            body = {
                "parcels": [
                    {"number": one.number, "events": [event("in_transit", NOON - hours * HOUR)]}
                    for one in several
                ]
            }
            intake.accept(
                connection_id=line.pk, body=orjson.dumps(body), headers={}, source="push", now=NOON
            )
            with CaptureQueriesContext(database) as asked:
                intake.open_waiting(now=NOON)
            return sum("tracking_poll" in one["sql"] for one in asked)

        many = [parcel(line) for _ in range(40)]
        count(many[:1], 9)

        assert count(many[:1], 5) == count(many, 4) == 3

    def test_what_is_heard_while_the_carrier_is_asked_is_not_forgotten(
        self, line: Connection
    ) -> None:
        one = parcel(line)
        (held,) = poll_rows.claim(
            connection_id=line.pk, count=1, only_asked=False, day=NOON.date(),
            lease=timedelta(minutes=2), has_push=False, now=NOON,
        )  # fmt: skip
        push(line, NOON, (one, [event("out_for_delivery", NOON - HOUR)]))
        near = row(one).due_at

        poll_rows.settle([
            poll_rows.Settled(
                id=held.id, was_due_at=held.due_at, due_at=NOON + 12 * HOUR, not_before=NOON,
                urgency=Urgency.REST, empties=1, failures=0, outcome="unchanged", polled_at=NOON,
                http_status=200, latency_ms=9, error="", answer=b"",
            )
        ])  # fmt: skip

        assert (row(one).due_at, row(one).urgency) == (near, Urgency.DELIVERING)
        assert row(one).leased_until is None
