"""Deadlines as a person with the right calendar on the wall would count them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from claims import sla
from claims.sla import Allowance, Case, ClockKind, Limits, Pace
from claims.states import ClaimState
from tracking.calendars import EVERY_DAY, Calendar

S, K = ClaimState, ClockKind

NINE, SIX = time(9), time(18)
NEW_YORK = Calendar(zone=ZoneInfo("America/New_York"), country="US", opens=NINE, closes=SIX)
SHANGHAI = Calendar(zone=ZoneInfo("Asia/Shanghai"), country="CN", opens=NINE, closes=SIX)
BERLIN = Calendar(
    zone=ZoneInfo("Europe/Berlin"), country="DE", subdivision="BE", opens=NINE, closes=SIX
)
UTC_OFFICE = Calendar(opens=NINE, closes=SIX)
NIGHT_AND_DAY = sla.AROUND_THE_CLOCK


def local(calendar: Calendar, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.zone)


DAYS = [
    # calendar, begun there, days, due there
    pytest.param(UTC_OFFICE, "2026-03-02 12:00", 3, "2026-03-05 12:00", id="plain_week"),
    pytest.param(UTC_OFFICE, "2026-03-06 16:00", 1, "2026-03-09 16:00", id="over_a_weekend"),
    pytest.param(UTC_OFFICE, "2026-03-07 11:00", 1, "2026-03-09 18:00", id="from_a_saturday"),
    pytest.param(UTC_OFFICE, "2026-03-02 23:30", 1, "2026-03-03 18:00", id="after_closing"),
    pytest.param(UTC_OFFICE, "2026-03-03 05:00", 1, "2026-03-03 18:00", id="before_opening"),
    pytest.param(UTC_OFFICE, "2028-02-28 10:00", 2, "2028-03-01 10:00", id="over_a_leap_day"),
    pytest.param(UTC_OFFICE, "2027-02-26 10:00", 1, "2027-03-01 10:00", id="no_leap_day"),
    pytest.param(NEW_YORK, "2026-03-06 16:00", 3, "2026-03-11 16:00", id="us_clocks_forward"),
    pytest.param(NEW_YORK, "2026-10-30 16:00", 2, "2026-11-03 16:00", id="us_clocks_back"),
    pytest.param(NEW_YORK, "2026-11-25 16:00", 1, "2026-11-27 16:00", id="thanksgiving"),
    pytest.param(NEW_YORK, "2026-07-02 10:00", 1, "2026-07-06 10:00", id="fourth_on_a_saturday"),
    pytest.param(NEW_YORK, "2026-12-24 10:00", 1, "2026-12-28 10:00", id="christmas_on_a_friday"),
    pytest.param(BERLIN, "2026-03-27 17:00", 1, "2026-03-30 17:00", id="eu_clocks_forward"),
    pytest.param(BERLIN, "2026-10-23 17:00", 1, "2026-10-26 17:00", id="eu_clocks_back"),
    pytest.param(SHANGHAI, "2025-09-30 15:00", 1, "2025-10-09 15:00", id="golden_week"),
    pytest.param(SHANGHAI, "2025-09-26 15:00", 2, "2025-09-29 15:00", id="worked_sunday"),
    pytest.param(SHANGHAI, "2025-01-27 15:00", 1, "2025-02-05 15:00", id="spring_festival"),
]


@pytest.mark.parametrize(("calendar", "begun", "days", "due"), DAYS)
def test_working_days_end_when_the_wall_says(
    calendar: Calendar, begun: str, days: int, due: str
) -> None:
    found = sla.due(Allowance(days=days), calendar=calendar, start=local(calendar, begun))

    assert found == local(calendar, due)


HOURS = [
    pytest.param(UTC_OFFICE, "2026-03-06 16:00", 4, "2026-03-09 11:00", id="over_a_weekend"),
    pytest.param(UTC_OFFICE, "2026-03-06 14:00", 4, "2026-03-06 18:00", id="ends_at_closing"),
    pytest.param(NEW_YORK, "2026-11-25 17:00", 4, "2026-11-27 12:00", id="over_thanksgiving"),
    pytest.param(SHANGHAI, "2025-09-30 17:00", 4, "2025-10-09 12:00", id="over_golden_week"),
]


@pytest.mark.parametrize(("calendar", "begun", "hours", "due"), HOURS)
def test_working_hours_end_when_the_wall_says(
    calendar: Calendar, begun: str, hours: int, due: str
) -> None:
    found = sla.due(Allowance(hours=hours), calendar=calendar, start=local(calendar, begun))

    assert found == local(calendar, due)


@pytest.mark.parametrize(
    "begun",
    ["2026-03-07T20:00:00", "2026-10-31T20:00:00", "2028-02-28T20:00:00", "2026-12-31T20:00:00"],
    ids=["clocks_forward", "clocks_back", "leap_day", "new_year"],
)
def test_around_the_clock_24_hours_are_24_hours(begun: str) -> None:
    start = datetime.fromisoformat(begun).replace(tzinfo=ZoneInfo("America/New_York"))

    assert sla.due(Allowance(hours=24), calendar=NIGHT_AND_DAY, start=start) == start.astimezone(
        UTC
    ) + timedelta(hours=24)


def test_the_law_counts_seven_calendar_days_whoever_is_waited_for() -> None:
    start = datetime(2028, 2, 26, 10, tzinfo=UTC)

    assert sla.due(Allowance(sla.LEGAL_DAYS), calendar=NIGHT_AND_DAY, start=start) == datetime(
        2028, 3, 4, 10, tzinfo=UTC
    )
    assert sla.pauses(K.LEGAL, [(S.NEEDS_INFO, start)], since=start) == ()


def test_a_share_is_a_share_of_working_time() -> None:
    start = local(UTC_OFFICE, "2026-03-06 09:00")  # a Friday

    found = sla.due(Allowance(days=2), calendar=UTC_OFFICE, start=start, percent=75)

    assert found == local(UTC_OFFICE, "2026-03-09 13:30")
    assert sla.due(Allowance(days=2), calendar=UTC_OFFICE, start=start, percent=0) == start


# --- Pauses ----------------------------------------------------------


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


STEPS = [
    (S.SUBMITTED, at(2)),
    (S.UNDER_REVIEW, at(2, 13)),
    (S.NEEDS_INFO, at(3)),
    (S.UNDER_REVIEW, at(4)),
    (S.AWAITING_CARRIER, at(5)),
    (S.UNDER_REVIEW, at(6)),
]


class TestPauses:
    def test_are_read_from_the_steps_in_whatever_order(self) -> None:
        want = ((at(3), at(4)), (at(5), at(6)))

        assert sla.pauses(K.DECIDE, STEPS, since=at(2)) == want
        assert sla.pauses(K.DECIDE, reversed(STEPS), since=at(2)) == want

    def test_only_what_we_owe_a_decision_for_stands_still(self) -> None:
        for kind in (K.REPLY, K.PAY, K.LEGAL):
            assert sla.pauses(kind, STEPS, since=at(2)) == ()

    def test_one_that_lasts_has_no_end_and_no_due_time(self) -> None:
        pauses = sla.pauses(K.DECIDE, STEPS[:3], since=at(2))

        assert pauses == ((at(3), None),)
        due = sla.due(Allowance(3), calendar=UTC_OFFICE, start=at(2), pauses=pauses)
        assert due is None

    def test_put_the_promise_off_by_the_working_time_they_took(self) -> None:
        pauses = sla.pauses(K.DECIDE, STEPS, since=at(2))
        found = sla.due(Allowance(3), calendar=UTC_OFFICE, start=at(2), pauses=pauses)

        # Mon 12:00 + 3 working days = Thu 12:00; two whole working days stood still.
        assert found == at(9)

    def test_over_a_weekend_cost_nothing(self) -> None:
        steps = [(S.NEEDS_INFO, at(6, 18)), (S.UNDER_REVIEW, at(9, 9))]
        pauses = sla.pauses(K.DECIDE, steps, since=at(6, 9))
        found = sla.due(Allowance(2), calendar=UTC_OFFICE, start=at(6, 9), pauses=pauses)

        assert found == at(9, 18)

    def test_what_was_before_the_clock_began_does_not_count(self) -> None:
        assert sla.pauses(K.DECIDE, STEPS, since=at(5, 18)) == ((at(5, 18), at(6)),)


class TestClocks:
    @pytest.mark.parametrize("kind", list(K))
    def test_never_run_and_stand_in_one_state(self, kind: str) -> None:
        assert not sla.RUNS[kind] & sla.STANDS[kind]

    def test_every_state_in_our_hands_has_one_that_says_when(self) -> None:
        assert {S.UNDER_REVIEW, S.PENDING_APPROVAL, S.APPEALED} <= sla.CLOCKED
        assert {S.APPROVED, S.COMPENSATING, S.COMPENSATION_FAILED} <= sla.CLOCKED
        for state in sla.CLOCKED:
            assert sla.runs(K.DECIDE, state) != sla.runs(K.PAY, state)

    def test_end_well_when_decided_and_void_when_given_up(self) -> None:
        for state in (S.OFFERED, S.APPROVED, S.REJECTED):
            assert not sla.runs(K.DECIDE, state)
            assert not sla.stands(K.DECIDE, state)
            assert not sla.is_void(K.DECIDE, state)
        assert sla.is_void(K.DECIDE, S.WITHDRAWN)
        assert sla.is_void(K.DECIDE, S.EXPIRED)
        assert not sla.is_void(K.PAY, S.RESOLVED)


# --- How urgent ----------------------------------------------------------

DOLLARS = Limits(most_minor=500_000, much_minor=100_000, little_minor=5_000)
CASES = [
    pytest.param({}, (3, "usual"), id="usual"),
    pytest.param({"is_hazard": True, "value_minor": 100}, (1, "hazard"), id="hazard_beats_small"),
    pytest.param({"value_minor": 500_000}, (2, "value"), id="5000_is_not_above"),
    pytest.param({"value_minor": 500_001}, (1, "value"), id="above_5000"),
    pytest.param({"value_minor": 100_000}, (3, "usual"), id="1000_is_not_above"),
    pytest.param({"value_minor": 100_001}, (2, "value"), id="above_1000"),
    pytest.param({"value_minor": 5_000}, (3, "usual"), id="50_is_not_below"),
    pytest.param({"value_minor": 4_999}, (4, "small"), id="below_50"),
    pytest.param({"value_minor": 4_999, "appeals": 1}, (2, "appealed"), id="appealed_small"),
    pytest.param({"value_minor": 500_001, "appeals": 1}, (1, "value"), id="appealed_large"),
    pytest.param({"earlier": 1}, (2, "repeated"), id="went_wrong_before"),
    pytest.param({"reason": "delayed"}, (4, "delay"), id="only_late"),
    pytest.param({"reason": "delayed", "earlier": 1}, (2, "repeated"), id="late_again"),
    pytest.param({"limits": None, "value_minor": 9**15}, (3, "usual"), id="unknown_currency"),
    pytest.param({"limits": None, "is_hazard": True}, (1, "hazard"), id="hazard_anywhere"),
]


@pytest.mark.parametrize(("facts", "want"), CASES)
def test_severity(facts: dict[str, object], want: tuple[int, str]) -> None:
    case = {"reason": "damaged", "value_minor": 20_000, "limits": DOLLARS} | facts

    assert sla.severity(Case(**case)) == want  # type: ignore[arg-type]


# --- Forecast ----------------------------------------------------------


class TestForecast:
    def test_takes_the_queue_one_by_one_at_the_measured_pace(self) -> None:
        start = local(UTC_OFFICE, "2026-03-06 16:00")  # Friday, two hours left
        due = [local(UTC_OFFICE, "2026-03-09 10:00")] * 3

        found = sla.forecast(due, pace=Pace(90, 90), calendar=UTC_OFFICE, now=start)

        assert [row.likely_at for row in found] == [
            local(UTC_OFFICE, "2026-03-06 17:00"),
            local(UTC_OFFICE, "2026-03-06 18:00"),
            local(UTC_OFFICE, "2026-03-09 10:00"),
        ]
        assert [row.ahead for row in found] == [0, 1, 2]
        assert [row.is_missed for row in found] == [False, False, False]

    def test_tells_what_will_be_late(self) -> None:
        start = local(UTC_OFFICE, "2026-03-06 16:00")
        due = [local(UTC_OFFICE, "2026-03-06 17:30")] * 2

        found = sla.forecast(due, pace=Pace(90, 90), calendar=UTC_OFFICE, now=start)

        assert [row.is_missed for row in found] == [False, True]

    @pytest.mark.parametrize("pace", [Pace(0, 40), Pace(4, 1), Pace(10, 0)])
    def test_says_nothing_without_a_pace(self, pace: Pace) -> None:
        assert sla.forecast([at(2)], pace=pace, calendar=UTC_OFFICE, now=at(2)) == []


def test_a_calendar_of_every_day_ends_days_at_midnight() -> None:
    whole = Calendar(zone=UTC, weekdays=EVERY_DAY)

    assert whole.deadline(at(2, 0), days=1) == at(3, 0)
    assert whole.deadline(at(2, 7), days=1) == at(3, 7)
    assert whole.deadline(at(2, 7)) == at(2, 7)
    assert whole.deadline(at(2, 7), days=1, pauses=((at(2, 8), None),)) is None
