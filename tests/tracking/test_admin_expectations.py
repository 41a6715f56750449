"""The desk sees what was learnt and what was expected, and changes neither."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts import roles
from portal.accounts.models import User
from tests.factories.tracking import NOON, ParcelFactory
from tracking.expecting import EDGES, EtaSource, Stage
from tracking.models import EtaRevision, TransitStat
from tracking.routes import Level

pytestmark = pytest.mark.django_db

LIST = reverse("admin:tracking_etarevision_changelist")


@pytest.fixture
def desk(settings: Any) -> Client:
    settings.DEMO = True  # lets staff in without a second factor
    person = User.objects.create_user("desk@example.org", is_staff=True)
    roles.give(person=person, role=roles.RoleName.AGENT)
    client = Client()
    client.force_login(person)
    return client


def stat(**facts: Any) -> TransitStat:
    known: dict[str, Any] = {
        "stage": Stage.MOVING, "level": Level.CARRIER, "key": "ups", "count": 4,
        "histogram": {str(EDGES.index(24)): 3.0, str(EDGES.index(72)): 1.0}, "updated_at": NOON,
    }  # fmt: skip
    return TransitStat.objects.create(**(known | facts))


def revision(**facts: Any) -> EtaRevision:
    known: dict[str, Any] = {
        "source": EtaSource.CARRIER, "eta_from": NOON, "eta_to": NOON + timedelta(days=1),
        "seen_at": NOON,
    }  # fmt: skip
    parcel = facts.pop("parcel", None) or ParcelFactory.create()
    return EtaRevision.objects.create(parcel=parcel, **(known | facts))


def test_transit_times_are_told_in_working_days(desk: Client) -> None:
    stat()

    text = desk.get(reverse("admin:tracking_transitstat_changelist")).content.decode()

    # Two thirds of three hours past the first day; nine tenths is 0.6 into 72 to 75 hours.
    assert "1.1 working days" in text
    assert "3.1 working days" in text


def test_a_transit_time_shows_its_histogram(desk: Client) -> None:
    address = reverse("admin:tracking_transitstat_change", args=[stat().pk])

    text = desk.get(address).content.decode()

    assert "24–27" in text
    assert "75.0 %" in text


def test_a_transit_time_without_parcels_says_so(desk: Client) -> None:
    stat(histogram={}, count=0)

    answer = desk.get(reverse("admin:tracking_transitstat_changelist"))

    assert answer.status_code == 200


def test_expectations_are_found_by_number_and_source(desk: Client) -> None:
    mine, other = revision(), revision(source=EtaSource.OWN, confidence="high")

    found = desk.get(LIST, {"q": mine.parcel.number}).content.decode()
    own = desk.get(LIST, {"source__exact": "own"}).content.decode()

    assert mine.parcel.number in found
    assert other.parcel.number not in found
    assert other.parcel.number in own
    assert mine.parcel.number not in own


@pytest.mark.parametrize("kind", ["transitstat", "etarevision"])
def test_nobody_types_them(desk: Client, kind: str) -> None:
    one = stat() if kind == "transitstat" else revision()

    for what, args in (("add", []), ("delete", [one.pk])):
        assert desk.get(reverse(f"admin:tracking_{kind}_{what}", args=args)).status_code == 403
    assert desk.post(
        reverse(f"admin:tracking_{kind}_change", args=[one.pk]), {"key": "x"}
    ).status_code == 403  # fmt: skip


def test_the_list_asks_as_often_for_many_as_for_one(desk: Client) -> None:
    def queries(count: int) -> int:
        for _ in range(count):
            revision()
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(LIST).status_code == 200
        return len(seen)

    queries(1)  # warms what Django keeps
    assert queries(1) == queries(10)
