"""What each level may know is a list; a field that is not on it cannot reach a page."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.factories.tracking import NOON, CarrierFactory, ParcelFactory, SightingFactory
from tests.portal.pages import phases
from tracking.expecting import Confidence, EtaSource, Window
from tracking.models import Parcel
from tracking.models.parcel import ParcelMilestone
from tracking.services import journey_phases, journeys
from tracking.services.journey_phases import MASKED
from tracking.services.journey_scans import parts
from tracking.services.journeys import (
    Details,
    Glimpse,
    Head,
    Item,
    Onward,
    Other,
    Part,
    PartKind,
    Person,
    Phase,
    Revision,
    Scan,
)
from tracking.states import AnomalyKind, ParcelStatus, Reason

S, K = ParcelStatus, AnomalyKind
DAY = timedelta(days=1)


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
            "hinted",
            "troubles",
            "number",
            "carrier_en",
            "carrier_zh",
            "carrier_url",
            "onward",
            "zone",
            "ordered_at",
            "shipped_at",
            "promised_at",
            "missed_at",
            "expected",
            "revisions",
            "status_at",
            "delivered_at",
            "last_scan_at",
            "kept_until",
            "city",
            "postcode",
            "country",
            "parts",
            "scans",
            "has_proof",
            "can_be_asked",
            "items",
            "others",
        ]
        assert fields(Scan) == [
            "status",
            "reason",
            "handed",
            "at",
            "is_time_known",
            "is_zone_known",
            "place",
            "country",
            "raw_text",
            "is_hint",
            "part",
        ]
        assert fields(Item) == ["title", "variant", "quantity"]
        assert fields(Part) == ["kind", "since"]
        assert fields(Onward) == ["number", "carrier_en", "carrier_zh", "url"]
        assert fields(Revision) == ["source", "first", "last", "since"]
        assert fields(Other) == [
            "token",
            "position",
            "phase",
            "status",
            "reason",
            "hinted",
            "at",
            "titles",
        ]

    def test_person_sees_who_where_and_who_signed(self) -> None:
        assert fields(Person) == [
            "recipient",
            "address",
            "city",
            "postcode",
            "country",
            "signed_by",
        ]

    def test_every_status_has_a_broad_word(self) -> None:
        assert set(MASKED) == set(ParcelStatus)
        assert journeys.glimpse(status=S.CUSTOMS) == Glimpse(Phase.MOVING, False)
        assert journeys.glimpse(status=S.DESTROYED) == Glimpse(Phase.LOST, True)


def phase(status: ParcelStatus = S.IN_TRANSIT, **given: Any) -> Phase:
    return journey_phases.phase_of(status=status, **given)


class TestPhase:
    def test_every_status_has_one_of_its_own_or_by_its_dates(self) -> None:
        assert {status: phase(status) for status in ParcelStatus} == {
            S.REGISTERED: Phase.PACKED,
            S.INFO_RECEIVED: Phase.ANNOUNCED,
            S.PICKED_UP: Phase.MOVING,
            S.IN_TRANSIT: Phase.MOVING,
            S.HANDED_OVER: Phase.MOVING,
            S.CUSTOMS: Phase.CUSTOMS,
            S.EXCEPTION: Phase.HELD,
            S.OUT_FOR_DELIVERY: Phase.OUT,
            S.ATTEMPT_FAILED: Phase.ATTEMPTED,
            S.AVAILABLE_FOR_PICKUP: Phase.COLLECT,
            S.RETURNING: Phase.RETURNING,
            S.DELIVERED: Phase.DELIVERED,
            S.RETURNED: Phase.RETURNED,
            S.LOST: Phase.LOST,
            S.DESTROYED: Phase.DESTROYED,
            S.CANCELLED: Phase.CANCELLED,
            S.EXPIRED: Phase.EXPIRED,
        }

    def test_trouble_that_was_noticed_speaks_before_dates(self) -> None:
        assert phase(kinds=[K.STALLED], is_late=True) == Phase.QUIET
        assert phase(kinds=[K.STALLED, K.SUSPECTED_LOST]) == Phase.SEARCHED
        assert phase(S.INFO_RECEIVED, kinds=[K.NO_FIRST_SCAN], is_late=True) == Phase.UNSEEN
        assert phase(kinds=[K.PAST_ETA], is_late=True) == Phase.LATE
        assert phase(S.CUSTOMS, kinds=[K.CUSTOMS_STUCK]) == Phase.CUSTOMS

    def test_an_end_stands_whatever_was_noticed_or_rumoured(self) -> None:
        for status in (S.DELIVERED, S.LOST, S.RETURNED):
            known = phase(status, kinds=[K.SUSPECTED_LOST], hinted=S.DESTROYED, is_back=True)
            assert known == phase(status)

    def test_a_rumour_of_an_end_waits_for_the_carrier(self) -> None:
        assert phase(S.OUT_FOR_DELIVERY, hinted=S.DELIVERED) == Phase.HINTED

    def test_whatever_moves_on_the_way_back_is_on_its_way_back(self) -> None:
        for status in (S.PICKED_UP, S.IN_TRANSIT, S.CUSTOMS, S.EXCEPTION, S.OUT_FOR_DELIVERY):
            assert phase(status, is_back=True, is_late=True) == Phase.RETURNING


def expected(**given: Any) -> Window | None:
    facts: dict[str, Any] = {
        "status": S.IN_TRANSIT,
        "now": NOON,
        "zone": UTC,
        "promised_at": None,
        "shipped_at": NOON - 4 * DAY,
        "eta_from": None,
        "eta_to": None,
        "own_from": None,
        "own_to": None,
        "confidence": "",
    }
    return journey_phases.expected(**{**facts, **given})


class TestExpected:
    def test_says_whose_it_is(self) -> None:
        ours = {"own_from": NOON + DAY, "own_to": NOON + 2 * DAY, "confidence": Confidence.HIGH}
        carriers = {"eta_from": NOON + DAY, "eta_to": NOON + DAY}

        found = [
            one and one.source
            for one in (
                expected(),
                expected(**ours),
                expected(**ours, **carriers),
                expected(promised_at=NOON + DAY),
            )
        ]

        assert found == [None, EtaSource.OWN, EtaSource.CARRIER, EtaSource.PROMISED]

    def test_is_never_a_day_that_is_over_at_the_place(self) -> None:
        yesterday = datetime(2026, 3, 1, 20, tzinfo=UTC)
        there = ZoneInfo("Pacific/Auckland")  # where it was already the morning of the second

        assert expected(eta_to=yesterday) is None
        assert expected(promised_at=yesterday) is None
        found = expected(eta_to=yesterday, zone=there, now=NOON - DAY)
        assert found is not None
        assert found.last == yesterday


def late(**given: Any) -> bool:
    facts: dict[str, Any] = {
        "window": None,
        "likely": None,
        "promised_at": NOON,
        "missed_at": None,
        "zone": UTC,
    }
    return journey_phases.is_late(**{**facts, **given})


def window(source: EtaSource, last: datetime) -> Window:
    return Window(source=source, first=NOON, last=last, confidence=Confidence.MEDIUM)


class TestLate:
    def test_a_promise_holds_until_the_end_of_its_day_at_the_place(self) -> None:
        promised = datetime(2026, 3, 2, 1, tzinfo=UTC)
        there = ZoneInfo("America/New_York")  # where it is still 1 March
        facts: dict[str, Any] = {"status": S.IN_TRANSIT, "eta_to": None, "now": NOON}

        assert journey_phases.missed(promised_at=promised, zone=UTC, **facts) is None
        assert journey_phases.missed(promised_at=promised, zone=there, **facts) == promised
        assert late(missed_at=promised) is True

    def test_it_is_late_as_soon_as_the_carrier_expects_it_after_the_promise(self) -> None:
        assert late(window=window(EtaSource.CARRIER, NOON + DAY)) is True
        assert late(window=window(EtaSource.CARRIER, NOON)) is False

    def test_of_our_own_estimate_the_middle_counts(self) -> None:
        ours = window(EtaSource.OWN, NOON + 3 * DAY)

        assert late(window=ours, likely=NOON) is False
        assert late(window=ours, likely=NOON + DAY) is True

    def test_without_a_promise_nothing_is_late_but_what_the_carrier_missed(self) -> None:
        assert late(promised_at=None, window=window(EtaSource.CARRIER, NOON + DAY)) is False
        assert late(promised_at=None, missed_at=NOON - DAY) is True


class TestParts:
    def test_one_way_is_one_part(self) -> None:
        assert parts([]) == (Part(PartKind.OUT, None),)
        assert parts([(1, S.PICKED_UP, NOON)]) == (Part(PartKind.OUT, None),)

    @pytest.mark.parametrize(
        ("steps", "kinds"),
        [
            ([(1, S.DELIVERED, 1), (2, S.RETURNING, 2)], ["out", "back"]),
            ([(1, S.RETURNING, 1), (1, S.RETURNED, 2)], ["out", "back"]),
            ([(1, S.RETURNING, 1), (2, S.IN_TRANSIT, 2)], ["out", "back"]),
            ([(1, S.RETURNED, 1), (2, S.PICKED_UP, 2)], ["out", "again"]),
            (
                [(1, S.DELIVERED, 1), (2, S.RETURNED, 2), (3, S.PICKED_UP, 3)],
                ["out", "back", "again"],
            ),
            ([(1, S.HANDED_OVER, 1)], ["out", "onward"]),
            ([(1, S.HANDED_OVER, 1), (1, S.RETURNING, 2)], ["out", "onward", "back"]),
            ([(1, S.IN_TRANSIT, 1), (2, S.IN_TRANSIT, 2)], ["out", "again"]),
        ],
    )
    def test_each_turn_begins_one(
        self, steps: list[tuple[int, str, int]], kinds: list[str]
    ) -> None:
        found = parts([(leg, status, NOON + hour * DAY) for leg, status, hour in steps])

        assert [part.kind for part in found] == kinds


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
            (NOON, "", "2026-03-02T04:00:00-08:00", True),
            (NOON, "nonsense", "2026-03-02T04:00:00-08:00", True),
            (NOON, "2026-03-09T17:30:00", "2026-03-02T04:00:00-08:00", True),
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

    def test_a_bare_day_stands_before_an_arrival_on_it(self) -> None:
        arrival = SightingFactory.create(
            raw_text="there", status=S.DELIVERED, occurred_at=NOON, local_time="2026-03-02T07:00:00"
        )
        SightingFactory.create(
            parcel=arrival.parcel, raw_text="some time", occurred_at=None, local_time="2026-03-02"
        )

        assert [scan.raw_text for scan in self.scans_of(arrival.parcel)] == ["there", "some time"]

    def test_a_zone_that_nobody_told_is_not_claimed(self) -> None:
        sighting = SightingFactory.create(occurred_at=None, local_time="2026-03-02T17:30:00")

        (scan,) = self.scans_of(sighting.parcel)

        assert (scan.is_time_known, scan.is_zone_known) == (True, False)

    def test_dates_stand_on_the_clock_of_where_it_goes(self) -> None:
        portland = ParcelFactory.create(order__city="Portland", order__postcode="97201")
        nowhere = ParcelFactory.create(order__city="", order__postcode="", order__country="")
        country = ParcelFactory.create(order__city="Elsewhere", order__country="DE")

        zones = [str(journeys.details(head=head_of(one), now=NOON).zone)
                 for one in (portland, nowhere, country)]  # fmt: skip

        assert zones == ["America/Los_Angeles", "America/New_York", "Europe/Berlin"]

    def test_a_guess_from_words_never_tells_an_end(self) -> None:
        guessed = SightingFactory.create(status=S.LOST, is_inferred=True, reason=Reason.LOST)
        SightingFactory.create(parcel=guessed.parcel, status=S.DELIVERED, is_inferred=True)

        assert {scan.status for scan in self.scans_of(guessed.parcel)} == {"", S.DELIVERED}

    def test_what_nobody_confirmed_is_told_only_while_it_waits(self) -> None:
        parcel = ParcelFactory.create(hinted=S.DELIVERED)
        SightingFactory.create(parcel=parcel, status=S.DELIVERED, is_hint=True)
        SightingFactory.create(parcel=parcel, status=S.LOST, is_hint=True)
        SightingFactory.create(parcel=parcel, status=S.IN_TRANSIT, is_hint=True)

        told = {(scan.status, scan.is_hint) for scan in self.scans_of(parcel)}
        Parcel.objects.filter(pk=parcel.pk).update(hinted="")

        assert told == {(S.DELIVERED, True), (S.IN_TRANSIT, False)}
        assert {scan.status for scan in self.scans_of(parcel)} == {S.IN_TRANSIT}

    def test_scans_belong_to_the_stretch_they_fall_into(self) -> None:
        made = phases.sent_back_after_delivery(NOON)

        known = journeys.details(head=head_of(made), now=NOON)

        assert [part.kind for part in known.parts] == [PartKind.OUT, PartKind.BACK]
        assert [scan.part for scan in known.scans] == [1, 1, 0, 0, 0, 0, 0, 0]
        assert known.phase == Phase.RETURNING

    def test_what_people_are_called_is_for_the_person_alone(self) -> None:
        parcel = ParcelFactory.create(
            order__recipient_name="Lin Wei", order__address="88 Huaihai Road"
        )
        SightingFactory.create(
            parcel=parcel, raw_text="Left with LIN WEI, signed by J. Reed, call 555-555-0100",
            location="88 Huaihai Road",
        )  # fmt: skip

        (scan,) = self.scans_of(parcel)
        (own,) = journeys.details(head=head_of(parcel), now=NOON, is_person=True).scans

        assert scan.raw_text == "Left with •••, signed by •••, call •••"
        assert scan.place == "•••"
        assert own.raw_text == "Left with LIN WEI, signed by J. Reed, call 555-555-0100"

    def test_the_troubled_parcel_comes_first(self) -> None:
        made = phases.in_an_order_with_trouble_elsewhere(NOON)
        held = Parcel.objects.get(order=made.order, status=S.EXCEPTION)

        assert journeys.first_troubled(order_id=made.order_id) == held.token
        others = journeys.details(head=head_of(made), now=NOON).others
        assert [one.phase for one in others] == [Phase.HELD, Phase.DELIVERED]

    def test_a_parcel_that_was_noticed_comes_before_one_that_moves(self) -> None:
        fine = ParcelFactory.create(status=S.IN_TRANSIT)
        silent = ParcelFactory.create(order=fine.order, status=S.IN_TRANSIT)
        phases.trouble(silent, K.STALLED, NOON)

        assert journeys.first_troubled(order_id=fine.order_id) == silent.token

    def test_trouble_that_is_not_public_is_not_told(self) -> None:
        parcel = ParcelFactory.create(status=S.IN_TRANSIT)
        phases.trouble(parcel, K.STALLED, NOON, is_public=False)
        phases.trouble(parcel, K.PAST_ETA, NOON, cleared_at=NOON)

        assert journeys.details(head=head_of(parcel), now=NOON).troubles == ()

    def test_a_shop_keeps_it_as_long_as_its_carrier_does(self) -> None:
        parcel = ParcelFactory.create(
            carrier=CarrierFactory.create(slug="shops", pickup_days=5),
            status=S.AVAILABLE_FOR_PICKUP, status_at=NOON - 2 * DAY,
        )  # fmt: skip
        ParcelMilestone.objects.create(
            parcel=parcel, leg=1, status=S.AVAILABLE_FOR_PICKUP, reached_at=NOON, noticed_at=NOON
        )

        assert journeys.details(head=head_of(parcel), now=NOON).kept_until == NOON + 3 * DAY
        later = journeys.details(head=head_of(parcel), now=NOON + 4 * DAY)
        assert later.kept_until is None

    def test_head_adds_up_the_revisions_of_the_whole_order(self) -> None:
        parcel = ParcelFactory.create(revision=4)
        before = head_of(parcel).revision
        other = ParcelFactory.create(order=parcel.order, revision=0)
        with_other = head_of(parcel).revision
        Parcel.objects.filter(pk=other.pk).update(revision=1)

        assert before < with_other < head_of(parcel).revision

    def test_an_unknown_token_has_no_head(self) -> None:
        assert journeys.head(token="nobody") is None
