"""Places are found by name only where nothing is in doubt; the coast comes in any frame."""

from __future__ import annotations

import gzip

import pytest

from portal.lib import atlas

SMALL = 400_000
"""Bytes that all of the atlas may weigh together."""


def found(place: str, countries: str) -> str:
    city = atlas.find(place, countries)
    return f"{city.name}, {city.region or city.country}" if city else ""


class TestFind:
    @pytest.mark.parametrize(
        ("place", "country", "city"),
        [
            ("Louisville, KY", "US", "Louisville, KY"),
            ("LOUISVILLE KY", "US", "Louisville, KY"),
            ("NEWARK NJ INTERNATIONAL DISTRIBUTION CENTER", "US", "Newark, NJ"),
            ("ISC NEW YORK NY(USPS)", "US", "New York, NY"),
            ("Ontario, CA, US", "US", "Ontario, CA"),
            ("St. Louis, MO", "US", "St. Louis, MO"),
            ("MISSISSAUGA, ON, CA", "CA", "Mississauga, ON"),
            ("Ningbo hub", "CN", "Ningbo, ZJ"),
            ("Taizhou, Zhejiang", "CN", "Taizhou, ZJ"),
            ("KOELN", "DE", "Köln, DE"),
            ("Cologne", "DE", "Köln, DE"),
            ("Muenchen", "DE", "Munich, DE"),
            ("LEIPZIG - GERMANY", "DE", "Leipzig, DE"),
            ("East Midlands - UK", "GB", "East Midlands, GB"),
            ("HONG KONG - HONG KONG SAR", "HK", "Hong Kong, HK"),
            ("香港", "CN", "Hong Kong, HK"),
            ("宁波转运中心", "CN", "Ningbo, ZJ"),
            ("浙江省宁波市鄞州区", "CN", "Ningbo, ZJ"),
            ("浙江省台州市", "CN", "Taizhou, ZJ"),
            ("泰州转运中心", "CN", "Taizhou, JS"),
            ("【深圳市】", "CN", "Shenzhen, GD"),
            ("广东深圳公司", "CN", "Shenzhen, GD"),
            ("广东,深圳,龙岗区", "CN", "Shenzhen, GD"),
            ("北京朝阳区", "CN", "Beijing, BJ"),
            ("上海", "CN", "Shanghai, SH"),
            ("洛杉矶转运中心", "US", "Los Angeles, CA"),
            ("臺北市", "TW", "Taipei, TW"),
        ],
    )
    def test_reads_how_carriers_write(self, place: str, country: str, city: str) -> None:
        assert found(place, country) == city

    @pytest.mark.parametrize(
        ("place", "country"),
        [
            ("Portland", "US"),
            ("Newark", "US"),
            ("Taizhou", "CN"),
            ("Suzhou", "CN"),
            ("朝阳区", "CN"),
            ("长沙县", "CN"),
            ("广东", "CN"),
            ("Distribution Center", "US"),
            ("Your area", "US"),
            ("Leipzig", "FR"),
            ("Leipzig - Germany", "FR"),
            ("Louisville, KY", "GB"),
            ("Louisville, KY", ""),
            ("", "US"),
            (" , ;", "US"),
        ],
    )
    def test_leaves_out_what_is_in_doubt(self, place: str, country: str) -> None:
        assert found(place, country) == ""

    def test_of_several_countries_exactly_one_must_have_it(self) -> None:
        assert found("Shanghai", "CN US") == "Shanghai, SH"
        assert found("London", "GB CA") == ""

    def test_takes_any_text_for_what_it_is(self) -> None:
        for text in ("\x00", "𝕷ondon" * 100, "<script>", "，，", "1", "(((", "St", "CN"):
            atlas.find(text, "CN")


class TestTown:
    def test_a_postcode_tells_two_of_a_name_apart(self) -> None:
        oregon = atlas.town("Portland", "us", postcode="97201")
        maine = atlas.town("Portland", "US", postcode="04101-1234")

        assert oregon is not None
        assert maine is not None
        assert (oregon.region, oregon.zone) == ("OR", "America/Los_Angeles")
        assert (maine.region, maine.zone) == ("ME", "America/New_York")
        assert atlas.town("Portland", "US") is None
        assert atlas.town("", "US") is None

    def test_all_of_china_lives_by_one_clock(self) -> None:
        city = atlas.town("乌鲁木齐", "CN")

        assert city is not None
        assert city.zone == "Asia/Shanghai"


class TestCoast:
    def frame(self, west: float, east: float, *, is_far: bool = False) -> int:
        lines = atlas.coast(west=west, south=25, east=east, north=35, is_far=is_far)
        return sum(len(line) for line in lines)

    def test_a_frame_takes_only_what_lies_near_it(self) -> None:
        assert 50 < self.frame(118, 124) < 1_000
        assert self.frame(100, 101) == 0  # far inland

    def test_a_frame_beyond_the_date_line_finds_the_other_side(self) -> None:
        west = self.frame(-120, -115)

        assert west > 0
        assert self.frame(240, 245) == west

    def test_the_rough_coast_has_fewer_points(self) -> None:
        assert 0 < self.frame(118, 124, is_far=True) < self.frame(118, 124)


class TestFiles:
    def test_are_small_and_say_whose_they_are(self) -> None:
        assert sum(p.stat().st_size for p in (atlas.CITIES, *atlas.COASTS.values())) < SMALL
        with gzip.open(atlas.CITIES, "rt", encoding="utf-8") as file:
            assert "GeoNames" in file.readline()
