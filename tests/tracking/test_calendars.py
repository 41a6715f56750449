"""Working time leaves out weekends, holidays and disruptions, and keeps the clock on the wall."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking import calendars
from tracking.calendars import Calendar, Pause, calendar, merge

NEW_YORK = ZoneInfo("America/New_York")
SHANGHAI = ZoneInfo("Asia/Shanghai")
US = calendar(zone="America/New_York", weekdays="12345", country="US")
CN = calendar(zone="Asia/Shanghai", weekdays="12345", country="CN")
PLAIN = Calendar()


def ny(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


def cn(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


class TestDaysAfter:
    @pytest.mark.parametrize(
        ("_case", "start", "days", "end"),
        [
            ("within a week", utc(2026, 3, 2, 9), 3, utc(2026, 3, 5, 9)),
            ("over a weekend", utc(2026, 3, 6, 9), 1, utc(2026, 3, 9, 9)),
            ("a whole week", utc(2026, 3, 2, 9), 5, utc(2026, 3, 9, 9)),
            ("from a Saturday", utc(2026, 3, 7, 15), 1, utc(2026, 3, 10)),
            ("from midnight before a weekend", utc(2026, 3, 6), 1, utc(2026, 3, 9)),
            ("nothing to wait for", utc(2026, 3, 7, 15), 0, utc(2026, 3, 7, 15)),
            ("over a leap day", utc(2028, 2, 28, 12), 2, utc(2028, 3, 1, 12)),
            ("from a leap day", utc(2028, 2, 29, 12), 1, utc(2028, 3, 1, 12)),
            ("over the end of a year", utc(2026, 12, 31, 8), 1, utc(2027, 1, 1, 8)),
        ],
    )
    def test_counts_working_days_only(
        self, _case: str, start: datetime, days: int, end: datetime
    ) -> None:
        assert PLAIN.days_after(start, days) == end

    @pytest.mark.parametrize(
        ("_case", "start", "days", "end"),
        [
            ("Thanksgiving", ny(2026, 11, 25, 10), 1, ny(2026, 11, 27, 10)),
            ("Independence Day, kept on Friday", ny(2026, 7, 2, 10), 1, ny(2026, 7, 6, 10)),
            ("Memorial Day", ny(2026, 5, 22, 10), 1, ny(2026, 5, 26, 10)),
            ("Christmas and New Year", ny(2026, 12, 24, 10), 5, ny(2027, 1, 4, 10)),
        ],
    )
    def test_leaves_out_american_holidays(
        self, _case: str, start: datetime, days: int, end: datetime
    ) -> None:
        assert US.days_after(start, days) == end

    def test_leaves_out_chinese_new_year_and_counts_the_weekend_worked_for_it(self) -> None:
        # Friday 13 February; Saturday 14 is worked; 16 to 23 are off; Saturday 28 is worked.
        assert CN.days_after(cn(2026, 2, 13, 10), 1) == cn(2026, 2, 14, 10)
        assert CN.days_after(cn(2026, 2, 13, 10), 2) == cn(2026, 2, 24, 10)
        assert CN.days_after(cn(2026, 2, 27, 10), 1) == cn(2026, 2, 28, 10)
        assert CN.days_between(cn(2026, 2, 14, 12), cn(2026, 2, 24, 12)) == 1.0

    def test_holidays_of_a_subdivision_count_where_it_is_known(self) -> None:
        texas = calendar(zone="America/Chicago", country="US", subdivision="TX")
        san_jacinto = date(2026, 4, 21)

        assert texas.is_working(san_jacinto) is False
        assert US.is_working(san_jacinto) is True

    def test_keeps_the_clock_on_the_wall_when_clocks_go_forward(self) -> None:
        # Sunday 8 March 2026 has 23 hours.
        due = US.days_after(ny(2026, 3, 6, 10), 1)

        assert due == ny(2026, 3, 9, 10)
        assert due - ny(2026, 3, 6, 10).astimezone(UTC) == timedelta(hours=71)

    def test_keeps_the_clock_on_the_wall_when_clocks_go_back(self) -> None:
        # Sunday 1 November 2026 has 25 hours; who works on Sundays works them as one day.
        always = calendar(zone="America/New_York", weekdays="1234567")

        due = always.days_after(ny(2026, 10, 31, 10), 1)

        assert due == ny(2026, 11, 1, 10)
        assert due - ny(2026, 10, 31, 10).astimezone(UTC) == timedelta(hours=25)

    def test_an_hour_that_clocks_skip_is_the_one_after(self) -> None:
        always = calendar(zone="America/New_York", weekdays="1234567")

        assert always.days_after(ny(2026, 3, 7, 2, 30), 1) == utc(2026, 3, 8, 7, 30)

    def test_an_hour_told_twice_makes_no_time_negative(self) -> None:
        always = calendar(zone="America/New_York", weekdays="1234567")
        first, second = utc(2026, 11, 1, 5, 45), utc(2026, 11, 1, 6, 15)

        assert always.hours_between(first, second) == 0.0

    def test_a_place_decides_which_day_it_is(self) -> None:
        # Friday 23:00 in Shanghai is Friday 15:00 in UTC.
        assert CN.days_after(utc(2026, 3, 6, 15), 1) == cn(2026, 3, 9, 23)
        # Friday 17:00 in UTC is already Saturday in Shanghai.
        assert CN.days_after(utc(2026, 3, 6, 17), 1) == cn(2026, 3, 10)


class TestHours:
    def test_hours_pass_on_working_days_only(self) -> None:
        assert PLAIN.hours_after(utc(2026, 3, 6, 12), 48) == utc(2026, 3, 10, 12)
        assert PLAIN.hours_between(utc(2026, 3, 6, 12), utc(2026, 3, 9, 12)) == 24.0

    def test_office_hours_bound_the_day(self) -> None:
        office = Calendar(opens=time(9), closes=time(17))

        assert office.hours_after(utc(2026, 3, 6, 15), 4) == utc(2026, 3, 9, 11)
        assert office.hours_after(utc(2026, 3, 6, 20), 4) == utc(2026, 3, 9, 13)
        assert office.hours_after(utc(2026, 3, 6, 15), 2) == utc(2026, 3, 9, 9)
        assert office.days_after(utc(2026, 3, 5, 15), 1) == utc(2026, 3, 6, 15)
        assert office.days_between(utc(2026, 3, 2, 9), utc(2026, 3, 2, 13)) == 0.5


class TestPauses:
    TYPHOON: Pause = (utc(2026, 9, 1), utc(2026, 9, 3))

    def test_time_in_a_pause_does_not_count(self) -> None:
        pauses = (self.TYPHOON,)

        assert PLAIN.days_after(utc(2026, 8, 31, 12), 3, pauses=pauses) == utc(2026, 9, 7, 12)
        assert PLAIN.days_between(utc(2026, 8, 31, 12), utc(2026, 9, 3, 12), pauses=pauses) == 1.0

    def test_a_pause_that_is_over_or_yet_to_come_changes_nothing(self) -> None:
        pauses = (self.TYPHOON,)

        assert PLAIN.days_after(utc(2026, 9, 3), 1, pauses=pauses) == utc(2026, 9, 4)
        assert PLAIN.days_after(utc(2026, 8, 28, 6), 1, pauses=pauses) == utc(2026, 8, 31, 6)

    def test_a_wait_that_would_end_in_a_pause_ends_after_it(self) -> None:
        assert PLAIN.days_after(utc(2026, 8, 31), 1, pauses=(self.TYPHOON,)) == utc(2026, 9, 3)

    def test_a_promise_that_falls_into_a_pause_moves_to_its_end(self) -> None:
        assert PLAIN.days_after(utc(2026, 9, 2), 0, pauses=(self.TYPHOON,)) == utc(2026, 9, 3)

    def test_a_pause_over_a_weekend_costs_its_working_days_only(self) -> None:
        pause = (utc(2026, 3, 6), utc(2026, 3, 9))

        assert PLAIN.days_after(utc(2026, 3, 5, 12), 1, pauses=(pause,)) == utc(2026, 3, 9, 12)

    def test_a_pause_without_an_end_ends_no_wait(self) -> None:
        pauses: tuple[Pause, ...] = ((utc(2026, 9, 1), None),)

        assert PLAIN.days_after(utc(2026, 8, 31, 12), 3, pauses=pauses) is None
        assert PLAIN.days_after(utc(2026, 8, 31, 12), 0.25, pauses=pauses) == utc(2026, 8, 31, 18)
        assert PLAIN.days_between(utc(2026, 8, 31, 12), utc(2026, 9, 9), pauses=pauses) == 0.5

    def test_two_pauses_add_up(self) -> None:
        pauses = merge([(utc(2026, 9, 9), utc(2026, 9, 10)), self.TYPHOON])

        assert PLAIN.days_after(utc(2026, 8, 31, 12), 5, pauses=pauses) == utc(2026, 9, 10, 12)

    @pytest.mark.parametrize(
        ("_case", "given", "merged"),
        [
            ("apart", [(5, 6), (1, 2)], [(1, 2), (5, 6)]),
            ("touching", [(1, 2), (2, 3)], [(1, 3)]),
            ("inside", [(1, 9), (2, 3)], [(1, 9)]),
            ("without end", [(1, None), (2, 3)], [(1, None)]),
            ("empty", [(2, 2), (3, 1)], []),
        ],
    )
    def test_merging_keeps_the_moments_they_cover(
        self, _case: str, given: list[tuple[int, int | None]], merged: list[tuple[int, int | None]]
    ) -> None:
        def days(pairs: list[tuple[int, int | None]]) -> list[Pause]:
            return [(utc(2026, 9, a), utc(2026, 9, b) if b else None) for a, b in pairs]

        assert list(merge(days(given))) == days(merged)


class TestCalendar:
    def test_what_nobody_knows_is_left_out(self) -> None:
        made = calendar(zone="Mars/Base", country="XX", subdivision="ZZ")

        assert made.days_after(utc(2026, 12, 24, 12), 1) == utc(2026, 12, 25, 12)
        assert calendars.known("us", "ZZ") == ("US", "")

    def test_a_weekend_is_where_the_country_has_it(self) -> None:
        saudi = calendar(zone="Asia/Riyadh", country="SA")

        assert calendars.usual_weekdays("SA") == "12347"
        assert saudi.is_working(date(2026, 3, 6)) is False
        assert saudi.is_working(date(2026, 3, 8)) is True

    def test_nobody_works_on_no_day(self) -> None:
        with pytest.raises(ValueError, match="nobody works"):
            Calendar(weekdays="")

    def test_it_must_close_after_it_opens(self) -> None:
        with pytest.raises(ValueError, match="close after"):
            Calendar(opens=time(17), closes=time(9))

    def test_asking_for_an_early_year_moves_no_later_answer(self) -> None:
        made = Calendar()
        before = made.days_between(utc(2026, 3, 2), utc(2026, 3, 9))

        made.is_working(date(2003, 5, 5))

        assert made.days_between(utc(2026, 3, 2), utc(2026, 3, 9)) == before == 5.0
        assert made.days_between(utc(2003, 5, 5), utc(2026, 3, 2)) == 5955.0

    def test_a_wait_of_decades_ends_somewhere(self) -> None:
        assert PLAIN.days_after(utc(2026, 3, 2), 10**6) == utc(2200, 12, 31)


MOMENTS = st.integers(0, 5 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


class TestProperties:
    @given(start=MOMENTS, days=st.integers(1, 40))
    def test_as_many_days_have_passed_as_were_waited_for(self, start: datetime, days: int) -> None:
        due = US.days_after(start, days)

        assert due is not None
        # Clocks that go back tell an hour twice: the first of the two counts.
        assert US.days_between(start, due) == pytest.approx(days, abs=1 / 24)
        assert US.is_working(due.astimezone(NEW_YORK).date())

    @given(start=MOMENTS, days=st.integers(0, 20), hours=st.integers(0, 300))
    def test_a_pause_never_makes_a_wait_shorter(
        self, start: datetime, days: int, hours: int
    ) -> None:
        begins = start + timedelta(hours=hours)
        pauses = ((begins, begins + timedelta(hours=50)),)

        without, with_ = PLAIN.days_after(start, days), PLAIN.days_after(start, days, pauses=pauses)

        assert without is not None
        assert with_ is not None
        assert without <= with_

    @given(start=MOMENTS, length=st.integers(0, 3000))
    def test_counting_agrees_with_walking_day_by_day(self, start: datetime, length: int) -> None:
        end = start + timedelta(hours=length)
        walked = 0.0
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        while day < end:
            tomorrow = day + timedelta(days=1)
            if day.weekday() < 5:
                walked += (min(end, tomorrow) - max(start, day)) / timedelta(days=1)
            day = tomorrow

        assert PLAIN.days_between(start, end) == pytest.approx(walked)
