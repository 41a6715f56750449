"""Transit times are learnt from deliveries that stand, once, and from nothing that is played."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.tracking import NOON, ConnectionFactory, OrderFactory, ParcelFactory
from tests.tracking.pushes import body, drain, journey, put
from tracking.carriers import ups
from tracking.expecting import EDGES, Stage, weight
from tracking.models import DisruptionWindow, FinishedJourney, Parcel, TransitStat
from tracking.routes import Level
from tracking.services import expecting_rows, learning

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)
"""When deliveries of noon have stood for a day."""


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    learning.forget()
    yield
    learning.forget()


def parcel(**facts: Any) -> Parcel:
    made: Parcel = ParcelFactory.create(**facts)
    return made


def deliver(*parcels: Parcel, ends: datetime = NOON) -> None:
    """Let each parcel's whole journey be pushed: five steps, an hour apart."""
    for one in parcels:
        put(one.connection, body(one.number, journey(ends=ends)), now=ends)
    drain(now=ends)


def hours(stage: Stage, level: Level = Level.CARRIER) -> list[int]:
    """Return the hours at which the buckets of a group begin that hold anything."""
    stat = TransitStat.objects.get(stage=stage, level=level)
    return [EDGES[int(at)] for at in sorted(stat.histogram, key=int)]


class TestLearn:
    def test_learns_each_stage_of_a_finished_journey_for_every_group(self) -> None:
        deliver(parcel())

        assert learning.learn(now=LATER) == 1

        assert hours(Stage.MOVING) == [3]
        assert hours(Stage.OUT) == [1]
        # Shipped four days before, and the Sunday between does not count.
        assert hours(Stage.SHIPPED) == [72]
        assert set(TransitStat.objects.filter(stage=Stage.OUT).values_list("level", "key")) == {
            ("areas", "ups >US-972"),
            ("destination", "ups >US-9"),
            ("countries", "ups >US"),
            ("carrier", "ups"),
            ("all", ""),
        }

    def test_learns_from_a_delivery_once(self) -> None:
        deliver(parcel())
        learning.learn(now=LATER)
        before = TransitStat.objects.values_list("stage", "level", "histogram", "count")
        kept = list(before)

        assert learning.learn(now=LATER) == 0

        assert list(before.all()) == kept
        assert FinishedJourney.objects.get().is_learnt

    def test_hearing_it_again_teaches_nothing_new(self) -> None:
        one = parcel()
        deliver(one)
        learning.learn(now=LATER)

        put(one.connection, body(one.number, [*journey(), *journey(ends=NOON)[:1]]), now=LATER)
        drain(now=LATER)

        assert learning.learn(now=LATER + timedelta(days=2)) == 0
        assert TransitStat.objects.get(stage=Stage.OUT, level=Level.ALL).count == 1

    def test_waits_until_a_delivery_has_stood_for_a_day(self) -> None:
        deliver(parcel())

        assert learning.learn(now=LATER - timedelta(minutes=1)) == 0
        assert not TransitStat.objects.exists()

    def test_a_delivery_that_did_not_stand_teaches_nothing(self) -> None:
        one = parcel()
        deliver(one)
        Parcel.objects.filter(pk=one.pk).update(is_disputed=True)

        assert learning.learn(now=LATER) == 1

        assert not TransitStat.objects.exists()
        assert not FinishedJourney.objects.get().is_learnt

    def test_what_is_played_teaches_nothing(self) -> None:
        deliver(parcel(connection=ConnectionFactory.create(adapter="simulator")))

        assert not FinishedJourney.objects.exists()

    def test_a_carriers_own_test_number_teaches_nothing(self) -> None:
        numbers = (ups.capabilities.test_numbers[0], "1Z9999999999999999")
        tried, real = (parcel(number=number, connection=ConnectionFactory.create(adapter="ups"))
                       for number in numbers)  # fmt: skip

        facts = expecting_rows.facts([tried.pk, real.pk])

        assert (facts[tried.pk].is_real, facts[real.pk].is_real) == (False, True)

    def test_time_in_a_disruption_does_not_count(self) -> None:
        DisruptionWindow.objects.create(
            begins_at=NOON - timedelta(minutes=150), ends_at=NOON - timedelta(minutes=90),
            reason="Power cut",
        )  # fmt: skip
        deliver(parcel())

        learning.learn(now=LATER)

        assert hours(Stage.MOVING) == [2]

    def test_adds_up_over_time_and_weighs_what_is_new_more(self) -> None:
        deliver(parcel())
        learning.learn(now=LATER)
        months = timedelta(days=180)
        deliver(parcel(shipped_at=NOON + months - timedelta(days=2)), ends=NOON + months)
        learning.learn(now=LATER + months)

        stat = TransitStat.objects.get(stage=Stage.OUT, level=Level.CARRIER)

        assert stat.count == 2
        assert sum(stat.histogram.values()) == pytest.approx(3 * weight(NOON))

    def test_takes_a_bounded_number_at_a_time(self) -> None:
        deliver(*(parcel() for _ in range(3)))

        assert [learning.learn(now=LATER, limit=2) for _ in range(3)] == [2, 1, 0]
        assert TransitStat.objects.get(stage=Stage.OUT, level=Level.ALL).count == 3

    def test_asks_as_often_for_many_as_for_one(self) -> None:
        def queries(count: int) -> int:
            deliver(*(parcel(order=OrderFactory.create(postcode=f"{n:02}100"))
                      for n in range(count)))  # fmt: skip
            with CaptureQueriesContext(connection) as seen:
                assert learning.learn(now=LATER) == count
            return len(seen)

        assert queries(1) == queries(40)


class TestBefore:
    def test_what_was_delivered_before_this_version_is_learnt_from_too(self) -> None:
        deliver(parcel(), parcel(connection=ConnectionFactory.create(adapter="simulator")))
        heard = list(FinishedJourney.objects.values("parcel_id", "starts", "arrived_at"))
        FinishedJourney.objects.all().delete()

        with connection.cursor() as cursor:
            cursor.execute(import_module("tracking.migrations.0006_expecting").BEFORE)

        (found,) = FinishedJourney.objects.values("parcel_id", "starts", "arrived_at")
        assert [found] == heard
        assert learning.learn(now=LATER) == 1
        assert hours(Stage.OUT) == [1]


class TestShelf:
    def test_is_read_once_a_minute(self) -> None:
        shelf = learning.shelf(now=NOON)

        assert learning.shelf(now=NOON + timedelta(seconds=59)) is shelf
        assert learning.shelf(now=NOON + timedelta(seconds=60)) is not shelf

    def test_is_read_anew_when_the_clock_goes_back(self) -> None:
        shelf = learning.shelf(now=NOON)

        assert learning.shelf(now=NOON - timedelta(seconds=1)) is not shelf
