"""Each row of the cadence table, each error's pause, and who goes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking import cadence
from tracking.cadence import Facts, Policy, Urgency
from tracking.scans import ErrorKind
from tracking.states import ParcelStatus

S = ParcelStatus
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEKING = ZoneInfo("Asia/Shanghai")


def facts(status: str = S.IN_TRANSIT, **given: Any) -> Facts:
    known: dict[str, Any] = {"known_at": NOON - DAY, "status_at": NOON - HOUR} | given
    return Facts(status=status, **known)


def hours(one: Facts, *, now: datetime = NOON) -> float | None:
    pause = cadence.interval(one, now=now)
    return None if pause is None else pause / HOUR


@pytest.mark.parametrize(
    ("age", "wished"),
    [(0, 3), (23, 3), (25, 6), (71, 6), (73, 12), (239, 12), (241, 24), (1000, 24)],
)
def test_a_parcel_the_carrier_does_not_know_is_asked_about_less_and_less(
    age: int, wished: int
) -> None:
    assert hours(facts(S.REGISTERED, known_at=NOON - age * HOUR)) == wished


@pytest.mark.parametrize(("age", "wished"), [(1, 3), (23, 3), (25, 6), (71, 6), (73, 12)])
def test_one_that_was_only_announced_too(age: int, wished: int) -> None:
    assert hours(facts(S.INFO_RECEIVED, status_at=NOON - age * HOUR)) == wished


@pytest.mark.parametrize("status", [S.PICKED_UP, S.IN_TRANSIT, S.HANDED_OVER])
@pytest.mark.parametrize(
    ("empties", "is_abroad", "wished"),
    [(0, False, 3), (1, False, 6), (2, False, 12), (9, False, 12), (3, True, 24), (9, True, 24)],
)
def test_one_on_its_way_is_asked_about_half_as_often_after_each_silence(
    status: str, empties: int, is_abroad: bool, wished: int
) -> None:
    assert hours(facts(status, empties=empties, is_abroad=is_abroad)) == wished


@pytest.mark.parametrize(("ahead", "wished"), [(-25, 12), (-23, 2), (0, 2), (24, 2), (25, 12)])
def test_near_its_arrival_it_is_asked_about_every_two_hours(ahead: int, wished: int) -> None:
    assert hours(facts(empties=5, eta=NOON + ahead * HOUR)) == wished


def test_a_long_pause_ends_where_the_arrival_comes_near() -> None:
    one = facts(empties=5, eta=NOON + 29 * HOUR)

    assert cadence.next_due(one, Policy(), now=NOON, dice=0) == NOON + 5 * HOUR


@pytest.mark.parametrize(
    ("status", "wished"),
    [
        (S.CUSTOMS, 6), (S.ATTEMPT_FAILED, 3), (S.EXCEPTION, 3), (S.AVAILABLE_FOR_PICKUP, 6),
        (S.RETURNING, 12),
    ],
)  # fmt: skip
def test_the_other_rows_are_flat(status: str, wished: int) -> None:
    assert hours(facts(status, empties=7)) == wished


@pytest.mark.parametrize(
    ("local", "wished"),
    [(8, 0.75), (12, 0.75), (20, 0.75), (21, 3), (23, 3), (4, 3), (6, 2), (7, 1)],
)
def test_out_for_delivery_is_asked_about_each_45_minutes_while_couriers_ring(
    local: int, wished: float
) -> None:
    now = datetime(2026, 3, 2, local, tzinfo=PEKING)

    assert hours(facts(S.OUT_FOR_DELIVERY, zone=PEKING), now=now) == wished


@pytest.mark.parametrize(
    ("status", "days"),
    [(S.DELIVERED, 7), (S.LOST, 14), (S.DESTROYED, 14), (S.RETURNED, 3), (S.CANCELLED, 1)],
)
def test_an_ended_journey_is_asked_about_daily_for_a_while_and_then_no_more(
    status: str, days: int
) -> None:
    for has_push in (False, True):
        still = facts(status, status_at=NOON - days * DAY + HOUR, has_push=has_push)
        over = facts(status, status_at=NOON - days * DAY, has_push=has_push)
        assert (hours(still), hours(over)) == (24, None)
    assert cadence.next_due(over, Policy(), now=NOON, dice=0) is None


def test_what_we_gave_up_is_not_asked_about() -> None:
    assert hours(facts(S.EXPIRED, status_at=NOON)) is None


@pytest.mark.parametrize(
    ("status", "wished"),
    [
        (S.REGISTERED, 12), (S.INFO_RECEIVED, 24), (S.PICKED_UP, 24), (S.IN_TRANSIT, 24),
        (S.HANDED_OVER, 24), (S.CUSTOMS, 24), (S.OUT_FOR_DELIVERY, 6), (S.ATTEMPT_FAILED, 12),
        (S.EXCEPTION, 12), (S.AVAILABLE_FOR_PICKUP, 24), (S.RETURNING, 24),
    ],
)  # fmt: skip
def test_where_pushes_come_asking_is_only_a_safety(status: str, wished: int) -> None:
    assert hours(facts(status, has_push=True, eta=NOON)) == wished


def test_a_disputed_delivery_is_watched_like_trouble() -> None:
    assert hours(facts(S.DELIVERED, is_disputed=True)) == 3
    assert hours(facts(S.DELIVERED, is_disputed=True, has_push=True)) == 12


@pytest.mark.parametrize(
    "status", [S.REGISTERED, S.IN_TRANSIT, S.EXCEPTION, S.CUSTOMS, S.OUT_FOR_DELIVERY]
)
def test_a_stale_parcel_costs_two_questions_a_day_at_most(status: str) -> None:
    assert hours(facts(status, is_stale=True)) == 12


@pytest.mark.parametrize(("empties", "wished"), [(0, 0.5), (1, 1), (4, 8), (9, 12)])
def test_a_hint_is_followed_up_soon_and_then_less(empties: int, wished: float) -> None:
    one = facts(S.CUSTOMS, is_hinted=True, empties=empties, has_push=True)

    assert hours(one) == wished


class TestNextDue:
    @given(
        status=st.sampled_from(list(S)),
        dice=st.floats(-1, 1),
        empties=st.integers(0, 50),
        minutes=st.integers(0, 600),
    )
    def test_never_comes_sooner_than_the_carrier_allows(
        self, status: str, dice: float, empties: int, minutes: int
    ) -> None:
        policy = Policy(min_interval=timedelta(minutes=minutes))

        due_at = cadence.next_due(facts(status, empties=empties), policy, now=NOON, dice=dice)

        assert due_at is None or due_at >= NOON + policy.min_interval

    def test_jitters_by_a_tenth(self) -> None:
        due = [cadence.next_due(facts(), Policy(), now=NOON, dice=dice) for dice in (-1, 0, 1)]

        assert due == [NOON + 2.7 * HOUR, NOON + 3 * HOUR, NOON + 3.3 * HOUR]

    def test_spreads_the_days_questions_over_what_is_left_of_the_day(self) -> None:
        policy = Policy(max_a_day=10)
        one = facts(S.OUT_FOR_DELIVERY)
        asked, now = [], datetime(2026, 3, 2, 8, tzinfo=UTC)
        while now < datetime(2026, 3, 3, tzinfo=UTC):
            asked.append(now)
            due_at = cadence.next_due(one, policy, now=now, dice=0, asked_today=len(asked))
            assert due_at is not None
            now = due_at

        assert len(asked) <= 10
        assert max(b - a for a, b in pairwise(asked)) < 3.1 * HOUR
        assert asked[-1] >= datetime(2026, 3, 2, 19, tzinfo=UTC)

    def test_waits_for_the_carriers_midnight_when_the_day_is_used_up(self) -> None:
        policy = Policy(max_a_day=3, zone=PEKING)

        due_at = cadence.next_due(facts(), policy, now=NOON, dice=0, asked_today=3)

        assert due_at == datetime(2026, 3, 3, 0, 15, tzinfo=PEKING)

    def test_ends_where_the_carrier_has_forgotten(self) -> None:
        old = facts(known_at=NOON - 91 * DAY)

        assert cadence.next_due(old, Policy(), now=NOON, dice=0) is None
        assert cadence.next_due(old, Policy(lookback_days=120), now=NOON, dice=0) is not None


class TestFirst:
    def test_a_number_is_asked_about_once_the_carrier_can_know_it(self) -> None:
        policy = Policy(first_after=timedelta(minutes=30))

        assert cadence.first_due(shipped_at=NOON, policy=policy, now=NOON) == NOON + HOUR / 2
        assert cadence.first_due(shipped_at=NOON - DAY, policy=policy, now=NOON) == NOON
        assert cadence.first_due(shipped_at=None, policy=policy, now=NOON) == NOON + HOUR / 2


class TestBackOff:
    @staticmethod
    def pause(kind: ErrorKind, failures: int = 1, **given: Any) -> float | None:
        due_at = cadence.back_off(kind, failures=failures, facts=facts(**given), now=NOON, dice=0)
        return None if due_at is None else (due_at - NOON) / timedelta(minutes=1)

    @pytest.mark.parametrize("kind", [ErrorKind.TRANSIENT, ErrorKind.SCHEMA_DRIFT])
    def test_failures_double_from_five_minutes_to_two_hours(self, kind: ErrorKind) -> None:
        pauses = [self.pause(kind, failures) for failures in range(1, 9)]

        assert pauses == [5, 10, 20, 40, 80, 120, 120, 120]

    @pytest.mark.parametrize(("age", "minutes"), [(2, 180), (30, 360), (100, 720), (300, 1440)])
    def test_not_found_follows_the_age_of_the_parcel(self, age: int, minutes: int) -> None:
        assert self.pause(ErrorKind.NOT_FOUND, known_at=NOON - age * HOUR) == minutes

    def test_not_found_after_the_end_ends_with_the_tail(self) -> None:
        over: dict[str, Any] = {"status": S.DELIVERED, "status_at": NOON - 8 * DAY}

        assert self.pause(ErrorKind.NOT_FOUND, **over) is None

    def test_a_refused_number_is_believed_the_third_time(self) -> None:
        pauses = [self.pause(ErrorKind.INVALID_NUMBER, failures) for failures in (1, 2, 3)]

        assert pauses == [1440, 1440, None]

    @given(dice=st.floats(-1, 1), wait=st.integers(0, 86_400))
    def test_what_the_carrier_asks_us_to_wait_is_waited_in_full(
        self, dice: float, wait: int
    ) -> None:
        due_at = cadence.back_off(
            ErrorKind.RATE_LIMITED, failures=1, facts=facts(), now=NOON, dice=dice,
            retry_after=wait,
        )  # fmt: skip

        assert due_at is not None
        assert wait <= (due_at - NOON).total_seconds() <= wait * 1.1 + 1


class TestUrgency:
    @pytest.mark.parametrize(
        ("one", "wished"),
        [
            (facts(S.OUT_FOR_DELIVERY), Urgency.DELIVERING),
            (facts(S.IN_TRANSIT, is_hinted=True), Urgency.DELIVERING),
            (facts(S.EXCEPTION), Urgency.TROUBLE),
            (facts(S.ATTEMPT_FAILED), Urgency.TROUBLE),
            (facts(S.DELIVERED, is_disputed=True), Urgency.TROUBLE),
            (facts(S.IN_TRANSIT, eta=NOON + 5 * HOUR), Urgency.EXPECTED),
            (facts(S.IN_TRANSIT, eta=NOON + 5 * DAY), Urgency.MOVING),
            (facts(S.CUSTOMS), Urgency.MOVING),
            (facts(S.REGISTERED), Urgency.REST),
            (facts(S.DELIVERED), Urgency.REST),
        ],
    )
    def test_says_who_goes_first(self, one: Facts, wished: Urgency) -> None:
        assert cadence.urgency(one, now=NOON) == wished

    def test_every_class_ages_and_the_more_urgent_faster(self) -> None:
        weights = [cadence.WEIGHTS[one] for one in Urgency]

        assert weights == sorted(weights, reverse=True)
        assert min(weights) > 0


class TestAtOnce:
    def test_is_now_unless_the_carrier_was_just_asked_or_the_day_is_used_up(self) -> None:
        policy = Policy(min_interval=HOUR, max_a_day=2)

        def when(asked_at: datetime | None, asked_today: int) -> datetime:
            return cadence.at_once(policy, asked_at=asked_at, asked_today=asked_today, now=NOON)

        assert when(None, 0) == NOON
        assert when(NOON - 2 * HOUR, 1) == NOON
        assert when(NOON - HOUR / 4, 1) == NOON + HOUR * 3 / 4
        assert when(NOON - 2 * HOUR, 2) == datetime(2026, 3, 3, tzinfo=UTC)
