"""A parcel's page says what we noticed, what happens next, and by when; in one query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from tests.factories.tracking import OrderFactory, ParcelFactory
from tracking.models import Anomaly, Parcel
from tracking.services import notices, watching
from tracking.states import ON_ORDERS, AnomalyKind

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 6, 15, tzinfo=UTC)
SINCE = datetime(2026, 3, 3, 2, tzinfo=UTC)
"""Monday evening in New York, Tuesday in UTC."""


@pytest.fixture
def parcel() -> Parcel:
    return ParcelFactory.create(last_scan_at=SINCE)


def trouble(parcel: Parcel, kind: str = "stalled", **facts: Any) -> Anomaly:
    about = {"order": parcel.order} if kind in ON_ORDERS else {"parcel": parcel}
    start: dict[str, Any] = {
        **about, "kind": kind, "since": SINCE, "opened_at": NOW, "is_public": True,
        "next_at": NOW + timedelta(days=3), "lost_at": NOW + timedelta(days=5),
    }  # fmt: skip
    return Anomaly.objects.create(**start | facts)


def test_it_says_what_was_noticed_what_happens_next_and_by_when(parcel: Parcel) -> None:
    trouble(parcel)

    said = watching.notice(parcel_id=parcel.pk, now=NOW, zone=ZoneInfo("America/New_York"))

    assert said == notices.Notice(
        kind="stalled",
        severity=3,
        since=SINCE,
        heading="Your parcel has gone quiet",
        noticed="No scan since Mon 2 Mar. Our desk follows it up with the carrier.",
        happens_next="If there is no scan by Wed 11 Mar, we treat it as lost and put it right.",
        due_at=NOW + timedelta(days=5),
    )


def test_it_costs_one_query(parcel: Parcel, django_assert_num_queries: Any) -> None:
    trouble(parcel)
    with django_assert_num_queries(1):
        watching.notice(parcel_id=parcel.pk, now=NOW)


def test_nothing_is_said_where_nothing_is_wrong_or_not_for_the_shopper(parcel: Parcel) -> None:
    trouble(parcel, is_public=False)
    trouble(parcel, "past_eta", cleared_at=NOW)
    trouble(parcel, "delivered_disputed")

    assert watching.notice(parcel_id=parcel.pk, now=NOW) is None


def test_of_several_the_one_that_says_most_is_said(parcel: Parcel) -> None:
    trouble(parcel)
    trouble(parcel, "suspected_lost", severity=2)

    said = watching.notice(parcel_id=parcel.pk, now=NOW)

    assert said is not None
    assert said.happens_next == (
        "The carrier's answer is due by Mon 9 Mar; you need not wait for it."
    )


def test_a_date_that_has_passed_is_not_named(parcel: Parcel) -> None:
    trouble(parcel, lost_at=NOW)

    said = watching.notice(parcel_id=parcel.pk, now=NOW)

    assert said is not None
    assert (said.due_at, said.happens_next) == (None, "This page says at once when it moves.")


def test_trouble_with_its_order_is_told_on_a_parcels_page_and_without_one(parcel: Parcel) -> None:
    trouble(parcel, "out_of_stock")

    here = watching.notice(parcel_id=parcel.pk, now=NOW)
    there = watching.notice(order_id=parcel.order_id, now=NOW)

    assert here == there
    assert here is not None
    assert here.heading == "Something you ordered is out of stock"
    assert watching.notice(order_id=OrderFactory.create().pk, now=NOW) is None


@pytest.mark.parametrize("kind", list(notices.WORDS))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("is_dated", [True, False], ids=["dated", "undated"])
def test_every_kind_reads_well(parcel: Parcel, kind: str, language: str, is_dated: bool) -> None:
    since = NOW + timedelta(days=1) if kind == AnomalyKind.PICKUP_EXPIRING else SINCE
    dates = {} if is_dated else {"next_at": None, "lost_at": None}
    trouble(parcel, kind, since=since, **dates)

    with translation.override(language):
        said = watching.notice(parcel_id=parcel.pk, now=NOW)

    assert said is not None
    text = " ".join((said.heading, said.noticed, said.happens_next))
    assert "%(" not in text
    assert all((said.heading, said.noticed, said.happens_next))
