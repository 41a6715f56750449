"""Parcels are grouped with those that go alike, as far as is known where they go."""

from __future__ import annotations

from datetime import date

import pytest

from tracking.routes import Level, Place, Route, calendar_of, groups, place

PORTLAND, NEW_YORK = place("US", "97201-1234"), place("US", "10001")


class TestPlace:
    @pytest.mark.parametrize(
        ("country", "postcode", "region", "area"),
        [
            ("US", "97201-1234", "9", "972"),
            ("CN", "315000", "31", "3150"),
            ("BR", "04726-170", "0", "04"),
            ("GB", "EH1 2NG", "EH", "EH1"),
            ("GB", "sw1a 1aa", "SW", "SW1A"),
            ("NL", "1012 AB", "1", "10"),
            ("HK", "", "", ""),
        ],
    )
    def test_keeps_of_a_postcode_only_what_names_no_street(
        self, country: str, postcode: str, region: str, area: str
    ) -> None:
        assert place(country, postcode) == Place(country, region, area)

    def test_a_postcode_without_a_country_says_nothing(self) -> None:
        assert place("", "97201") == Place()


class TestGroups:
    def test_go_from_the_narrowest_to_all(self) -> None:
        assert list(groups(Route("ups", PORTLAND, NEW_YORK))) == [
            (Level.AREAS, "ups US-972>US-100"),
            (Level.REGIONS, "ups US-9>US-1"),
            (Level.DESTINATION, "ups US>US-1"),
            (Level.COUNTRIES, "ups US>US"),
            (Level.CARRIER, "ups"),
            (Level.ALL, ""),
        ]

    def test_skip_what_is_not_known(self) -> None:
        levels = [group.level for group in groups(Route("ups", Place(), place("HK")))]

        assert levels == [Level.COUNTRIES, Level.CARRIER, Level.ALL]

    def test_do_without_an_origin(self) -> None:
        assert [group.level for group in groups(Route("ups", Place(), NEW_YORK))] == [
            Level.AREAS, Level.DESTINATION, Level.COUNTRIES, Level.CARRIER, Level.ALL,
        ]  # fmt: skip

    def test_of_two_carriers_share_only_the_widest(self) -> None:
        ours = set(groups(Route("ups", PORTLAND, NEW_YORK)))
        theirs = set(groups(Route("dhl", PORTLAND, NEW_YORK)))

        assert ours & theirs == {(Level.ALL, "")}


class TestCalendarOf:
    @pytest.mark.parametrize(
        ("_case", "country", "day", "is_working"),
        [
            ("a Saturday", "US", date(2026, 11, 14), True),
            ("a Sunday", "US", date(2026, 11, 15), False),
            ("Thanksgiving", "US", date(2026, 11, 26), False),
            ("a Sunday in China", "CN", date(2026, 11, 15), True),
            ("a Friday in Saudi Arabia", "SA", date(2026, 11, 13), False),
            ("a Sunday in Saudi Arabia", "SA", date(2026, 11, 15), True),
            ("a Sunday nowhere known", "", date(2026, 11, 15), False),
            ("a Saturday nowhere known", "", date(2026, 11, 14), True),
        ],
    )
    def test_couriers_rest_on_one_day_and_on_holidays(
        self, _case: str, country: str, day: date, is_working: bool
    ) -> None:
        assert calendar_of(country, "UTC").is_working(day) is is_working
