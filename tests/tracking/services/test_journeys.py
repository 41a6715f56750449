"""What each level may know is a list; a field that is not on it cannot reach a page."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.factories.tracking import NOON, CarrierFactory, ParcelFactory, SightingFactory
from tracking.models import Parcel
from tracking.services import journeys
from tracking.services.journeys import Details, Glimpse, Head, Item, Other, Person, Phase, Scan
from tracking.states import ParcelStatus


def fields(of: type) -> list[str]:
    return [field.name for field in dataclasses.fields(of)]


class TestAllowList:
    """Golden lists: adding a field means deciding here who may see it."""

    def test_number_sees_a_broad_status(self) -> None:
        assert fields(Glimpse) == ["phase", "is_final"]

    def test_details_see_the_journey_and_a_masked_address(self) -> None:
        assert fields(Details) == [
            "token",
            "order",
            "position",
            "count",
            "phase",
            "is_final",
            "status",
            "reason",
            "handed",
            "number",
            "carrier_en",
            "carrier_zh",
            "carrier_url",
            "zone",
            "ordered_at",
            "shipped_at",
            "promised_at",
            "eta_from",
            "eta_to",
            "status_at",
            "delivered_at",
            "last_scan_at",
            "city",
            "postcode",
            "scans",
            "items",
            "others",
        ]
        assert fields(Scan) == [
            "status",
            "reason",
            "handed",
            "at",
            "is_time_known",
            "place",
            "raw_text",
        ]
        assert fields(Item) == ["title", "variant", "quantity"]
        assert fields(Other) == [
            "token",
            "position",
            "phase",
            "status",
            "reason",
            "at",
            "titles",
        ]

    def test_person_sees_who_and_where(self) -> None:
        assert fields(Person) == ["recipient", "address", "city", "postcode", "country"]

    def test_every_status_has_a_broad_word(self) -> None:
        seen = {status: journeys.glimpse(status=status).phase for status in ParcelStatus}

        assert seen[ParcelStatus.CUSTOMS] == Phase.MOVING
        assert seen[ParcelStatus.DESTROYED] == Phase.LOST


def on_the_way(**given: object) -> Phase | None:
    facts: dict[str, object] = {
        "promised_at": None,
        "eta_to": None,
        "last_scan_at": NOON,
        "is_moving": True,
        "zone": UTC,
        "now": NOON,
    }
    return journeys.phase_on_the_way(**{**facts, **given})  # type: ignore[arg-type]


class TestPhaseOnTheWay:
    def test_a_promise_holds_until_the_end_of_its_day_at_the_place(self) -> None:
        promised = datetime(2026, 3, 2, 1, tzinfo=UTC)
        there = ZoneInfo("America/New_York")  # where it is still 1 March

        assert on_the_way(promised_at=promised) == Phase.ON_TIME
        assert on_the_way(promised_at=promised, zone=there) == Phase.LATE

    def test_is_late_as_soon_as_the_carrier_expects_it_after_the_promise(self) -> None:
        expected = NOON + timedelta(days=3)

        assert on_the_way(promised_at=NOON + timedelta(days=2), eta_to=expected) == Phase.LATE
        assert on_the_way(promised_at=expected, eta_to=expected) == Phase.ON_TIME

    def test_falls_quiet_after_three_days_without_a_scan(self) -> None:
        silent = NOON - timedelta(days=3, seconds=1)

        assert on_the_way(last_scan_at=silent) == Phase.QUIET
        assert on_the_way(last_scan_at=NOON - timedelta(days=3)) == Phase.MOVING

    def test_is_not_quiet_while_the_carriers_day_is_still_ahead(self) -> None:
        assert (
            on_the_way(last_scan_at=NOON - timedelta(days=4), eta_to=NOON + timedelta(days=1))
            == Phase.ON_TIME
        )

    def test_says_nothing_of_what_has_not_left(self) -> None:
        assert on_the_way(is_moving=False) is None


def head_of(parcel: Parcel) -> Head:
    head = journeys.head(token=parcel.token)
    assert head is not None
    return head


@pytest.mark.django_db
class TestDetailsOfAParcel:
    def scans_of(self, parcel: Parcel) -> list[Scan]:
        return list(journeys.details(head=head_of(parcel), now=NOON).scans)

    def test_scans_stand_on_the_clock_of_their_place_newest_first(self) -> None:
        parcel = ParcelFactory.create(carrier=CarrierFactory.create(slug="yunda"))
        for hour, local in ((1, "2026-03-02T09:00:00"), (3, "2026-03-02T11:00:00")):
            SightingFactory.create(
                parcel=parcel, occurred_at=NOON.replace(hour=hour), local_time=local
            )

        said = [scan.at.isoformat() for scan in self.scans_of(parcel) if scan.at]

        assert said == ["2026-03-02T11:00:00+08:00", "2026-03-02T09:00:00+08:00"]

    @pytest.mark.parametrize(
        ("occurred_at", "local_time", "iso", "is_known"),
        [
            (NOON, "2026-03-02T17:30:00", "2026-03-02T17:30:00+05:30", True),
            (NOON, "2026-03-02T17:29:58", "2026-03-02T17:30:00+05:30", True),
            (NOON, "", "2026-03-02T07:00:00-05:00", True),
            (NOON, "nonsense", "2026-03-02T07:00:00-05:00", True),
            (NOON, "2026-03-09T17:30:00", "2026-03-02T07:00:00-05:00", True),
            (None, "2026-03-02T17:30:00", "2026-03-02T17:30:00-05:00", True),
            (None, "2026-03-02", "2026-03-02T23:59:59.999999-05:00", False),
        ],
        ids=["half-hour", "seconds", "utc", "nonsense", "far-off", "no-utc", "day-only"],
    )
    def test_places_a_scan_as_well_as_is_known(
        self, occurred_at: datetime | None, local_time: str, iso: str, is_known: bool
    ) -> None:
        sighting = SightingFactory.create(occurred_at=occurred_at, local_time=local_time)

        (scan,) = self.scans_of(sighting.parcel)

        assert scan.at is not None
        assert (scan.at.isoformat(), scan.is_time_known) == (iso, is_known)

    def test_a_scan_without_any_time_comes_last(self) -> None:
        dated = SightingFactory.create(raw_text="dated")
        SightingFactory.create(
            parcel=dated.parcel, raw_text="undated", occurred_at=None, local_time=""
        )

        assert [scan.raw_text for scan in self.scans_of(dated.parcel)] == ["dated", "undated"]

    def test_head_adds_up_the_revisions_of_the_whole_order(self) -> None:
        parcel = ParcelFactory.create(revision=4)
        before = head_of(parcel).revision
        other = ParcelFactory.create(order=parcel.order, revision=0)
        with_other = head_of(parcel).revision
        Parcel.objects.filter(pk=other.pk).update(revision=1)

        assert before < with_other < head_of(parcel).revision

    def test_an_unknown_token_has_no_head(self) -> None:
        assert journeys.head(token="nobody") is None
