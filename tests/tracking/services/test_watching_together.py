"""Sweeps, news, staff and machines at once: each trouble is opened, told and ended once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction

from portal.outbox.models import Event
from tests.factories.accounts import PersonFactory
from tests.factories.tracking import OrderFactory
from tests.tracking.services.test_watching import MONDAY, day, make, scan
from tracking.models import Anomaly, Parcel, ParcelCheck
from tracking.services import handling, reporting, watching
from tracking.services.reporting import Report

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], Any]) -> list[BaseException]:
    """Do these at once, each on a connection of its own; return what went wrong."""
    trouble: list[BaseException] = []
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            work()
        except BaseException as error:
            trouble.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return trouble


def sweep_all() -> None:
    while watching.sweep(now=day(5), limit=7):
        pass


def test_four_sweeps_at_once_open_and_tell_of_each_trouble_once() -> None:
    parcels = [make() for _ in range(30)]

    assert together(*[sweep_all] * 4) == []

    assert Anomaly.objects.count() == len(parcels)
    found = Event.objects.filter(name="tracking.anomaly_found")
    assert {event.payload["parcel_id"] for event in found} == {one.pk for one in parcels}
    assert found.count() == len(parcels)
    assert not ParcelCheck.objects.filter(check_at__lte=day(5)).exists()


def test_a_sweep_leaves_a_parcel_whose_news_is_being_stored() -> None:
    parcel, other = make(), make()

    with transaction.atomic():
        Parcel.objects.select_for_update(no_key=True).get(pk=parcel.pk)
        Parcel.objects.filter(pk=parcel.pk).update(last_scan_at=day(4))
        assert together(sweep_all) == []
        assert [one.parcel for one in Anomaly.objects.all()] == [other]
    sweep_all()

    assert [one.parcel for one in Anomaly.objects.all()] == [other]


def test_news_and_sweeps_at_once_end_each_trouble_once() -> None:
    parcels = [make() for _ in range(10)]
    sweep_all()
    ParcelCheck.objects.update(check_at=MONDAY)

    works = [lambda one=one: scan(one, "in_transit", at=day(6)) for one in parcels[:4]]
    assert together(*works, sweep_all, sweep_all) == []

    assert Anomaly.objects.filter(cleared_at__isnull=False).count() == 4
    assert Event.objects.filter(name="tracking.anomaly_cleared").count() == 4


def test_staff_and_news_end_a_trouble_once() -> None:
    parcel = make()
    sweep_all()
    pk, person = Anomaly.objects.get().pk, PersonFactory.create()

    def resolve() -> None:
        handling.resolve(anomaly_ids=[pk], person=person, note="Found.", now=day(6))

    assert together(resolve, lambda: scan(parcel, "in_transit", at=day(6))) == []

    one = Anomaly.objects.get()
    assert one.cleared_by in {"hand", "news"}
    assert (one.resolved_by is not None) == (one.cleared_by == "hand")
    assert Event.objects.filter(name="tracking.anomaly_cleared").count() == 1


def test_two_machines_that_report_the_same_make_one_trouble() -> None:
    order = OrderFactory.create()
    seen: list[bool] = []

    def report() -> None:
        _one, is_new = reporting.report(
            order=order, report=Report(kind="wrong_item"), now=MONDAY + timedelta(days=1)
        )
        seen.append(is_new)

    assert together(report, report, report) == []
    assert sorted(seen) == [False, False, True]
    assert Anomaly.objects.count() == 1
