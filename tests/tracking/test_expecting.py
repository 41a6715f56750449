"""What is expected of a parcel follows from what earlier ones took, and from nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking import expecting
from tracking.calendars import EVERY_DAY, Calendar
from tracking.expecting import (
    EDGES,
    HALF_LIFE,
    LANDMARK,
    Confidence,
    EtaSource,
    Histogram,
    Span,
    Stage,
    StatKey,
)
from tracking.routes import Group, Level, Place, Route, place
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
ALWAYS = Calendar(weekdays=EVERY_DAY)
NO_SUNDAYS = Calendar(weekdays="123456")
PORTLAND, NEW_YORK, BOSTON = place("US", "97201"), place("US", "10001"), place("US", "02108")
HERE = Route("ups", PORTLAND, NEW_YORK)
LEGS: list[tuple[int, S, datetime | None]] = [
    (1, S.INFO_RECEIVED, NOW - timedelta(hours=90)),
    (1, S.PICKED_UP, NOW - timedelta(hours=72)),
    (1, S.IN_TRANSIT, NOW - timedelta(hours=60)),
    (1, S.OUT_FOR_DELIVERY, NOW - timedelta(hours=5)),
]


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def taught(
    *took: float,
    route: Route = HERE,
    stage: Stage = Stage.MOVING,
    calendar: Calendar = ALWAYS,
    at: datetime = NOW,
    stats: Mapping[StatKey, Histogram] | None = None,
) -> dict[StatKey, dict[int, float]]:
    """Return statistics of parcels that took so many hours, and arrived at ``at``."""
    found: dict[StatKey, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for key, histogram in (stats or {}).items():
        found[key].update(histogram)
    for hours in took:
        for lesson in expecting.lessons(
            route=route, starts={stage: at - timedelta(hours=hours)}, arrived_at=at,
            calendar=calendar,
        ):  # fmt: skip
            found[lesson.key][lesson.bucket] += lesson.weight
    return found


def expect(
    stats: Mapping[StatKey, Histogram],
    *,
    route: Route = HERE,
    calendar: Calendar = ALWAYS,
    now: datetime = NOW,
    **starts: datetime,
) -> expecting.Estimate | None:
    return expecting.estimate(
        starts={Stage(stage): at for stage, at in starts.items()},
        spread=lambda stage: expecting.blend(stage, route, stats=stats, now=now),
        calendar=calendar,
        now=now,
    )


def run(*hours: float) -> tuple[float, ...]:
    """Return how many of some parcels arrive within each bucket and before."""
    stats = taught(*hours)
    spread = expecting.blend(Stage.MOVING, HERE, stats=stats, now=NOW)
    assert spread
    return spread.run


class TestQuantile:
    @pytest.mark.parametrize(
        ("_case", "hours", "q", "answer"),
        [
            ("the middle of four", (1, 2, 3, 4), 0.5, 3.0),
            ("a quarter of four", (1, 2, 3, 4), 0.25, 2.0),
            ("all of four", (1, 2, 3, 4), 1.0, 5.0),
            ("inside one bucket", (10, 10, 10, 10), 0.5, 10.5),
            ("with a gap", (1, 1, 20, 20), 0.5, 2.0),
            ("behind a gap", (1, 1, 20, 20), 0.75, 20.5),
            ("in wider buckets", (24, 24, 24), 0.5, 25.5),
            ("in days", (480, 480, 504, 504), 0.75, 516.0),
        ],
    )
    def test_is_exact_on_small_sets(
        self, _case: str, hours: tuple[int, ...], q: float, answer: float
    ) -> None:
        assert expecting.quantile(run(*hours), q) == pytest.approx(answer)

    def test_of_those_not_there_yet_leaves_the_others_out(self) -> None:
        chances = run(1, 2, 30, 60)

        assert expecting.quantile(chances, 0.5, after=10) == pytest.approx(33.0)
        assert expecting.quantile(chances, 0.25, after=10) == pytest.approx(31.5)

    def test_never_goes_back_before_what_has_passed(self) -> None:
        assert expecting.quantile(run(1, 2, 3), 0.1, after=200) == 200

    def test_an_endless_transit_has_an_end_in_the_last_bucket(self) -> None:
        chances = run(*[24 * 100.0] * 4)

        assert expecting.quantile(chances, 0.5) == EDGES[-1] + 120

    @given(
        hours=st.lists(st.floats(0.1, 2000), min_size=3, max_size=30),
        after=st.floats(0, 2000),
        qs=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    )
    def test_rises_with_the_share_asked_for(
        self, hours: list[float], after: float, qs: tuple[float, float]
    ) -> None:
        low, high = sorted(qs)
        chances = run(*hours)

        first = expecting.quantile(chances, low, after=after)

        assert after <= first <= expecting.quantile(chances, high, after=after) + 1e-6


class TestLessons:
    def teach(self, **facts: Any) -> list[expecting.Lesson]:
        known: dict[str, Any] = {
            "route": HERE, "starts": {Stage.MOVING: ago(hours=30)}, "arrived_at": NOW,
            "calendar": ALWAYS,
        }  # fmt: skip
        return list(expecting.lessons(**(known | facts)))

    def test_tell_every_group_once_for_each_stage(self) -> None:
        told = self.teach(starts={Stage.MOVING: ago(hours=30), Stage.OUT: ago(hours=4)})

        assert len(told) == 12
        assert [(one.key[1], EDGES[one.bucket]) for one in told if one.key[0] == "out"] == [
            ("areas", 4), ("regions", 4), ("destination", 4), ("countries", 4), ("carrier", 4),
            ("all", 4),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("_case", "start"),
        [
            ("ended before it began", NOW + timedelta(hours=1)),
            ("took no time", NOW),
            ("took longer than any parcel", NOW - timedelta(days=121)),
        ],
    )
    def test_learn_nothing_from_what_cannot_be(self, _case: str, start: datetime) -> None:
        assert self.teach(starts={Stage.MOVING: start}) == []

    def test_leave_days_of_rest_out(self) -> None:
        sunday = datetime(2026, 11, 8, 12, tzinfo=UTC)
        (first, *_rest) = self.teach(
            starts={Stage.MOVING: sunday - timedelta(days=1)},
            arrived_at=sunday + timedelta(days=1), calendar=NO_SUNDAYS,
        )  # fmt: skip

        assert EDGES[first.bucket] == 24

    def test_leave_pauses_out(self) -> None:
        pause = (ago(hours=28), ago(hours=8))
        (first, *_rest) = self.teach(pauses=(pause,))

        assert EDGES[first.bucket] == 10

    def test_age_by_halves(self) -> None:
        assert expecting.weight(LANDMARK) == 1.0
        assert expecting.weight(LANDMARK + 3 * HALF_LIFE) == 8.0


class TestBlend:
    def test_says_nothing_without_statistics(self) -> None:
        assert expecting.blend(Stage.MOVING, HERE, stats={}, now=NOW) is None

    def test_says_nothing_from_fewer_than_enough(self) -> None:
        assert expecting.blend(Stage.MOVING, HERE, stats=taught(1, 2), now=NOW) is None
        assert expecting.blend(Stage.MOVING, HERE, stats=taught(1, 2, 3), now=NOW) is not None

    def test_each_stage_speaks_for_itself(self) -> None:
        stats = taught(1, 2, 3, stage=Stage.OUT)

        assert expecting.blend(Stage.MOVING, HERE, stats=stats, now=NOW) is None

    @pytest.mark.parametrize(
        ("route", "group"),
        [
            (HERE, Group(Level.AREAS, "ups US-972>US-100")),
            (Route("ups", PORTLAND, place("US", "11201")), Group(Level.REGIONS, "ups US-9>US-1")),
            (
                Route("ups", place("US", "33101"), place("US", "11201")),
                Group(Level.DESTINATION, "ups US>US-1"),
            ),
            (Route("ups", PORTLAND, BOSTON), Group(Level.COUNTRIES, "ups US>US")),
            (Route("ups", PORTLAND, place("CA", "M5V")), Group(Level.CARRIER, "ups")),
            (Route("dhl", PORTLAND, NEW_YORK), Group(Level.ALL, "")),
        ],
    )
    def test_backs_off_to_the_narrowest_group_that_has_seen_enough(
        self, route: Route, group: Group
    ) -> None:
        spread = expecting.blend(Stage.MOVING, route, stats=taught(20, 30, 40), now=NOW)

        assert spread is not None
        assert spread.group == group

    def test_a_thin_group_is_drawn_to_the_wider_one(self) -> None:
        elsewhere = taught(*[100.0] * 40, route=Route("dhl", Place(), Place()))
        thin = taught(*[10.0] * 5, stats=elsewhere)
        thick = taught(*[10.0] * 60, stats=elsewhere)

        spreads = [expecting.blend(Stage.MOVING, HERE, stats=stats, now=NOW)
                   for stats in (thin, thick)]  # fmt: skip
        shares = [expecting.passed(spread.run, 50) for spread in spreads if spread]

        # Of all 45 five are quick; the five themselves weigh 5 against 10.
        assert shares[0] == pytest.approx(1 / 3 + 2 / 3 * (5 / 45))
        assert shares[1] == pytest.approx(60 / 70 + 10 / 70 * (60 / 100))

    def test_the_same_parcels_do_not_speak_twice(self) -> None:
        elsewhere = taught(*[100.0] * 40, route=Route("dhl", Place(), Place()))
        near = taught(*[60.0] * 20, route=Route("ups", PORTLAND, BOSTON), stats=elsewhere)
        stats = taught(*[10.0] * 5, stats=near)

        spread = expecting.blend(Stage.MOVING, HERE, stats=stats, now=NOW)

        assert spread is not None
        # All 65 first; then the 25 between these countries, 25 against 10; then these 5. Regions
        # and destination have seen no more than the 5, the carrier no more than the 25.
        of_all = 5 / 65
        of_countries = 25 / 35 * (5 / 25) + 10 / 35 * of_all
        assert expecting.passed(spread.run, 50) == pytest.approx(5 / 15 + 10 / 15 * of_countries)

    def test_what_is_old_counts_for_less(self) -> None:
        old = taught(*[100.0] * 40, at=NOW - 4 * HALF_LIFE)
        stats = taught(*[10.0] * 40, stats=old)

        spread = expecting.blend(Stage.MOVING, HERE, stats=stats, now=NOW)

        assert spread is not None
        assert spread.weight == pytest.approx(40 + 40 / 16)
        assert expecting.quantile(spread.run, 0.9) < 24

    def test_a_group_that_nobody_has_heard_of_for_years_has_not_seen_enough(self) -> None:
        stats = taught(*[10.0] * 40, at=NOW - 4 * HALF_LIFE)

        assert expecting.blend(Stage.MOVING, HERE, stats=stats, now=NOW) is None

    def test_one_outlier_moves_neither_the_middle_nor_the_end(self) -> None:
        usual = [40.0, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50]
        clean, dirty = (run(*usual), run(*usual, 1500.0))

        for q in (0.1, 0.5, 0.9):
            change = expecting.quantile(dirty, q) - expecting.quantile(clean, q)
            assert abs(change) <= 3


class TestEstimate:
    def test_expects_nothing_without_statistics(self) -> None:
        assert expect({}, moving=ago(hours=2)) is None

    def test_expects_nothing_of_a_parcel_that_has_not_begun(self) -> None:
        assert expect(taught(*range(20, 60))) is None

    def test_adds_what_others_took_to_the_start(self) -> None:
        found = expect(taught(*[50.0] * 40), moving=ago(hours=2))

        assert found is not None
        # Bucket 48 to 51 from 10:00 on: a tenth in 48.3 hours, nine tenths in 50.7.
        assert found.first == datetime(2026, 11, 12, 10, tzinfo=UTC)
        assert found.likely == datetime(2026, 11, 12, 11, tzinfo=UTC)
        assert found.last == datetime(2026, 11, 12, 13, tzinfo=UTC)
        assert found.confidence == Confidence.HIGH
        assert found.group == (Level.AREAS, "ups US-972>US-100")
        assert found.weight == pytest.approx(40)

    def test_a_wide_window_is_told_in_whole_days_of_the_place(self) -> None:
        stats = taught(*range(24, 240, 2))
        tokyo = Calendar(zone=ZoneInfo("Asia/Tokyo"), weekdays=EVERY_DAY)

        found = expect(stats, calendar=tokyo, moving=NOW)

        assert found is not None
        assert (found.first.astimezone(tokyo.zone).hour, found.first.minute) == (0, 0)
        assert (found.last.astimezone(tokyo.zone).hour, found.last.minute) == (23, 59)

    def test_the_furthest_stage_that_is_known_counts(self) -> None:
        stats = taught(*[200.0] * 40)
        both = taught(*[5.0] * 40, stage=Stage.OUT, stats=stats)
        starts: dict[str, Any] = {
            "placed": ago(days=8), "moving": ago(days=5), "out": ago(hours=1),
        }  # fmt: skip

        without, with_ = expect(stats, **starts), expect(both, **starts)

        assert without is not None
        assert with_ is not None
        assert (without.stage, with_.stage) == (Stage.MOVING, Stage.OUT)
        assert with_.last <= NOW + timedelta(hours=5)

    def test_time_that_passes_rules_out_what_would_have_been(self) -> None:
        stats = taught(*[30.0] * 30, *[100.0] * 30)

        early, late = expect(stats, moving=NOW), expect(stats, moving=ago(hours=60))

        assert early is not None
        assert late is not None
        # Fresh, half of them take 30 hours; after 60 hours only the other half is left.
        assert early.first - NOW < timedelta(days=2)
        assert timedelta(hours=35) <= late.first - NOW <= late.last - NOW <= timedelta(hours=43)

    def test_a_parcel_beyond_all_we_know_is_expected_no_more(self) -> None:
        stats = taught(*[30.0] * 30)

        assert expect(stats, moving=ago(hours=31)) is not None
        assert expect(stats, moving=ago(hours=40)) is None

    def test_nothing_arrives_on_a_day_of_rest(self) -> None:
        stats = taught(*[20.0] * 40, calendar=NO_SUNDAYS, at=datetime(2026, 11, 7, tzinfo=UTC))
        saturday = datetime(2026, 11, 14, 18, tzinfo=UTC)

        found = expect(stats, calendar=NO_SUNDAYS, now=saturday, moving=saturday)

        assert found is not None
        assert found.first == datetime(2026, 11, 16, 14, tzinfo=UTC)

    def test_a_pause_puts_everything_off_and_one_without_an_end_says_nothing(self) -> None:
        def after(pause: tuple[datetime, datetime | None]) -> expecting.Estimate | None:
            stats = taught(*[20.0] * 40)
            return expecting.estimate(
                starts={Stage.MOVING: NOW}, calendar=ALWAYS, now=NOW, pauses=(pause,),
                spread=lambda stage: expecting.blend(stage, HERE, stats=stats, now=NOW),
            )  # fmt: skip

        found = after((NOW + timedelta(hours=1), NOW + timedelta(hours=49)))

        assert found is not None
        assert found.first == NOW + timedelta(hours=68)
        assert after((NOW + timedelta(hours=1), None)) is None

    @pytest.mark.parametrize(
        ("_case", "took", "route", "confidence"),
        [
            ("many alike", [50.0] * 40, HERE, Confidence.HIGH),
            ("some alike", [50.0] * 15, HERE, Confidence.MEDIUM),
            ("few alike", [50.0] * 5, HERE, Confidence.LOW),
            ("many within a week", [24.0 * day for day in range(1, 9)] * 8, HERE,
             Confidence.MEDIUM),
            ("many far apart", [24.0 * day for day in range(1, 40)], HERE, Confidence.LOW),
            ("many of the carrier only", [50.0] * 40,
             Route("ups", PORTLAND, place("CA", "M5V")), Confidence.MEDIUM),
            ("many of others only", [50.0] * 40, Route("dhl", PORTLAND, NEW_YORK),
             Confidence.LOW),
        ],
    )  # fmt: skip
    def test_is_as_sure_as_its_parcels_are_many_and_alike(
        self, _case: str, took: list[float], route: Route, confidence: Confidence
    ) -> None:
        found = expect(taught(*took), route=route, moving=NOW)

        assert found is not None
        assert found.confidence == confidence

    @given(
        took=st.lists(st.floats(1, 1500), min_size=3, max_size=40),
        elapsed=st.floats(0, 1500),
    )
    def test_never_lies_in_the_past_and_keeps_its_order(
        self, took: list[float], elapsed: float
    ) -> None:
        found = expect(taught(*took), moving=ago(hours=elapsed))

        if found is not None:
            assert found.first <= found.likely <= found.last
            assert found.last > NOW
            assert found.first > NOW - timedelta(days=1)
            assert found.first.date() >= NOW.date()

    @given(took=st.permutations([20.0, 30.0, 40.0, 50.0, 300.0]))
    def test_the_order_of_lessons_does_not_matter(self, took: list[float]) -> None:
        one, other = taught(*took), taught(*sorted(took))

        assert expect(one, moving=NOW) == expect(other, moving=NOW)


class TestStarts:
    def test_are_the_first_times_of_each_stage(self) -> None:
        found = expecting.starts(LEGS, placed_at=ago(days=6), shipped_at=None, near_at=ago(hours=9))

        assert found == {
            Stage.PLACED: ago(days=6),
            Stage.SHIPPED: ago(hours=90),
            Stage.MOVING: ago(hours=72),
            Stage.NEAR: ago(hours=9),
            Stage.OUT: ago(hours=5),
        }

    def test_the_merchant_knows_best_when_it_was_shipped(self) -> None:
        found = expecting.starts(LEGS, placed_at=None, shipped_at=ago(days=5), near_at=None)

        assert found[Stage.SHIPPED] == ago(days=5)

    def test_a_parcel_first_seen_on_the_van_has_no_beginning_with_the_carrier(self) -> None:
        found = expecting.starts(LEGS[3:], placed_at=None, shipped_at=None, near_at=None)

        assert found == {Stage.OUT: ago(hours=5)}

    @given(legs=st.permutations(LEGS))
    def test_do_not_depend_on_the_order_of_telling(
        self, legs: list[tuple[int, S, datetime | None]]
    ) -> None:
        facts: dict[str, Any] = {"placed_at": None, "shipped_at": None, "near_at": None}

        assert expecting.starts(legs, **facts) == expecting.starts(LEGS, **facts)


class TestArrivedAt:
    def test_is_the_delivery(self) -> None:
        assert expecting.arrived_at(LEGS, delivered_at=NOW) == NOW

    def test_is_the_shop_where_the_recipient_fetched_it(self) -> None:
        legs = [*LEGS, (1, S.AVAILABLE_FOR_PICKUP, ago(hours=2))]

        assert expecting.arrived_at(legs, delivered_at=NOW) == ago(hours=2)

    def test_is_nothing_before_a_delivery(self) -> None:
        legs = [*LEGS, (1, S.AVAILABLE_FOR_PICKUP, ago(hours=2))]

        assert expecting.arrived_at(legs, delivered_at=None) is None


class TestNearAt:
    @pytest.mark.parametrize(
        ("_case", "city", "location", "is_near"),
        [
            ("the town", "Portland", "PORTLAND, OR", True),
            ("a place of the town", "Portland", "Portland Distribution Center", True),
            ("after a hyphen", "Portland", "OR - Portland", True),
            ("another town of like name", "York", "New York, NY", False),
            ("another town", "Portland", "Louisville, KY", False),
            ("a Chinese town", "宁波市", "浙江宁波鄞州网点", True),
            ("another Chinese town", "宁波", "上海转运中心", False),
            ("no town", "", "Portland, OR", False),
        ],
    )
    def test_knows_the_town_in_a_carriers_words(
        self, _case: str, city: str, location: str, is_near: bool
    ) -> None:
        assert (expecting.near_at([(NOW, location)], city=city) is not None) is is_near

    def test_is_the_first_time(self) -> None:
        seen = [(NOW, "Portland, OR"), (ago(hours=3), "Portland, OR"), (None, "Portland, OR")]

        assert expecting.near_at(seen, city="Portland") == ago(hours=3)


def span(first: float, last: float) -> Span:
    """Return a span that begins and ends so many hours from now."""
    return Span(NOW + timedelta(hours=first), NOW + timedelta(hours=last))


class TestWindow:
    def show(self, status: S = S.IN_TRANSIT, **facts: Any) -> expecting.Window | None:
        known: dict[str, Any] = {"status": status, "now": NOW, "zone": UTC}
        return expecting.window(**(known | facts))

    def source(self, status: S = S.IN_TRANSIT, **facts: Any) -> EtaSource | None:
        found = self.show(status, **facts)
        return found.source if found else None

    @pytest.mark.parametrize(
        ("_case", "facts", "source"),
        [
            ("nothing is known", {}, None),
            ("only the promise", {"promised_at": NOW + timedelta(days=2)}, EtaSource.PROMISED),
            ("ours and the promise",
             {"own": span(24, 48), "confidence": "medium", "promised_at": NOW + timedelta(days=2)},
             EtaSource.OWN),
            ("an unsure one of ours and the promise",
             {"own": span(24, 48), "confidence": "low", "promised_at": NOW + timedelta(days=2)},
             EtaSource.PROMISED),
            ("an unsure one of ours and a broken promise",
             {"own": span(24, 48), "confidence": "low", "promised_at": NOW - timedelta(days=2)},
             EtaSource.OWN),
            ("all three",
             {"carrier": span(20, 20), "own": span(24, 48), "confidence": "high",
              "promised_at": NOW + timedelta(days=2)},
             EtaSource.CARRIER),
            ("a carrier's date of this morning", {"carrier": span(-4, -4)}, EtaSource.CARRIER),
            ("a carrier's date of long ago",
             {"carrier": span(-25, -25), "own": span(24, 48), "confidence": "medium"},
             EtaSource.OWN),
            ("a carrier's date of another age", {"carrier": span(24 * 200, 24 * 200)}, None),
            ("a carrier's date before it was shipped",
             {"carrier": span(-10, -10), "shipped_at": NOW - timedelta(hours=2)}, None),
            ("a carrier that says any day", {"carrier": span(0, 24 * 31)}, None),
            ("ours has passed", {"own": span(-48, -1), "confidence": "high"}, None),
            ("a promise broken long ago", {"promised_at": NOW - timedelta(hours=25)}, None),
        ],
    )  # fmt: skip
    def test_chooses(self, _case: str, facts: dict[str, Any], source: EtaSource | None) -> None:
        assert self.source(**facts) == source

    @pytest.mark.parametrize("status", [S.DELIVERED, S.RETURNING, S.LOST, S.AVAILABLE_FOR_PICKUP])
    def test_shows_nothing_for_what_nobody_is_to_bring(self, status: S) -> None:
        assert self.source(status, carrier=span(1, 4), own=span(1, 4), confidence="high") is None

    def test_is_sure_of_a_carriers_window_of_today_when_it_is_out(self) -> None:
        out = self.show(S.OUT_FOR_DELIVERY, carrier=span(2, 6))
        on_its_way = self.show(S.IN_TRANSIT, carrier=span(2, 6))

        assert out is not None
        assert on_its_way is not None
        assert (out.confidence, on_its_way.confidence) == (Confidence.HIGH, Confidence.MEDIUM)
        assert (out.first, out.last) == span(2, 6)

    def test_ours_never_begins_in_the_past(self) -> None:
        found = self.show(own=span(-30, 20), confidence="medium")

        assert found is not None
        assert (found.first, found.last) == (NOW, NOW + timedelta(hours=20))


class TestPunctuality:
    @pytest.mark.parametrize(
        ("at", "days", "is_late"),
        [
            (datetime(2026, 11, 9, 23, tzinfo=UTC), -1, False),
            (datetime(2026, 11, 10, 23, 59, tzinfo=UTC), 0, False),
            (datetime(2026, 11, 13, 0, 1, tzinfo=UTC), 3, True),
        ],
    )
    def test_counts_days_of_the_calendar(self, at: datetime, days: int, is_late: bool) -> None:
        found = expecting.punctuality(promised_at=NOW, at=at, zone=UTC)

        assert found is not None
        assert (found.days, found.is_late) == (days, is_late)

    def test_needs_a_promise_and_an_arrival(self) -> None:
        assert expecting.punctuality(promised_at=None, at=NOW, zone=UTC) is None
        assert expecting.punctuality(promised_at=NOW, at=None, zone=UTC) is None


def levels(keys: Iterable[StatKey]) -> set[str]:
    return {key[1] for key in keys}


def test_statistics_hold_no_more_of_an_address_than_its_area() -> None:
    stats = taught(30.0, route=Route("ups", PORTLAND, place("US", "10001-4321")))

    assert levels(stats) == set(Level.values)
    assert not any("10001" in key or "97201" in key for _stage, _level, key in stats)
