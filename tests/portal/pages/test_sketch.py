"""The sketch draws the way on the server, knows no more than cities, and says itself in words."""

from __future__ import annotations

import re

import pytest

from portal.pages.sketch import HEIGHT, WIDTH, Sketch, sketch
from tests.factories.tracking import NOON, ParcelFactory
from tests.portal.pages import phases
from tests.portal.pages.phases import DAY, scan
from tracking.models import Order, Parcel, Sighting
from tracking.services import journeys
from tracking.states import ParcelStatus

pytestmark = pytest.mark.django_db


def drawn(parcel: Parcel, language: str = "en") -> Sketch | None:
    head = journeys.head(token=parcel.token)
    assert head is not None
    return sketch(journeys.details(head=head, now=NOON), language)


def known(parcel: Parcel, language: str = "en") -> Sketch:
    found = drawn(parcel, language)
    assert found is not None
    return found


def places(found: Sketch) -> dict[str, tuple[float, float]]:
    return {dot.kind: (dot.x, dot.y) for dot in found.dots if dot.kind != "passed"}


class TestSketch:
    def test_tells_the_way_from_where_it_began_to_where_it_goes(self) -> None:
        found = known(phases.on_time(NOON))

        assert found.says == (
            "Sketch of the way: Shenzhen, Ningbo, Anchorage, Louisville, where it was last seen,"
            " then Portland."
        )
        assert [dot.kind for dot in found.dots] == ["goal", "start", "passed", "passed", "now"]
        assert {name.text for name in found.names} == {"Shenzhen", "Louisville", "Portland"}
        assert found.coast

    def test_lies_as_on_a_map_with_the_pacific_in_the_middle(self) -> None:
        at = places(known(phases.on_time(NOON)))

        assert at["start"][0] < at["goal"][0] < at["now"][0]  # China, Oregon, Kentucky
        assert at["start"][1] > at["goal"][1]  # Portland lies further north

    def test_everything_is_on_the_paper(self) -> None:
        for make in phases.PHASES.values():
            found = drawn(make(NOON))
            for dot in found.dots if found else ():
                assert 0 < dot.x < WIDTH
                assert 0 < dot.y < HEIGHT

    def test_speaks_chinese_where_a_place_has_a_chinese_name(self) -> None:
        found = known(phases.on_time(NOON), "zh-hans")

        assert {(name.text, name.lang) for name in found.names} == {
            ("深圳", ""),
            ("路易斯维尔", ""),
            ("波特兰", ""),
        }

    def test_is_the_same_for_everybody_in_the_city(self) -> None:
        one, other = phases.on_time(NOON), phases.on_time(NOON)
        Order.objects.filter(pk=one.order_id).update(postcode="97201", address="1 Harbour Street")
        Order.objects.filter(pk=other.order_id).update(postcode="97239", address="9 Hill Road")

        assert drawn(one) == drawn(other)

    def test_without_a_place_that_is_certain_there_is_none(self) -> None:
        parcel = ParcelFactory.create(status=ParcelStatus.IN_TRANSIT)
        scan(parcel, NOON - DAY, ParcelStatus.IN_TRANSIT, "Arrived", "Springfield", "US")
        scan(parcel, NOON - 2 * DAY, ParcelStatus.IN_TRANSIT, "Arrived", "Newark, NJ", "")
        scan(parcel, NOON - 3 * DAY, ParcelStatus.IN_TRANSIT, "Arrived", "Your area", "US")

        assert drawn(phases.packed(NOON)) is None
        assert drawn(parcel) is None

    def test_once_it_is_there_nothing_lies_ahead(self) -> None:
        found = known(phases.delivered(NOON))

        assert found.says.endswith("Portland, where it was delivered.")
        assert found.ahead == ""
        assert "goal" not in places(found)

    def test_the_way_back_has_no_goal_that_we_know(self) -> None:
        found = known(phases.sent_back_after_delivery(NOON))

        assert found.ahead == ""
        assert found.says.endswith("Portland, Oakland, where it was last seen.")

    def test_a_second_way_out_begins_anew(self) -> None:
        found = known(phases.sent_out_again(NOON))

        assert found.says.startswith("Sketch of the way: Shenzhen, Hong Kong, where")

    def test_stays_small_whatever_is_on_it(self) -> None:
        for make in (phases.on_time, phases.delivered, phases.handed_over):
            found = known(make(NOON))
            assert len(found.svg) < 12_000

    def test_paths_are_numbers_and_nothing_else(self) -> None:
        parcel = phases.on_time(NOON)
        Sighting.objects.filter(parcel=parcel).update(country="US")
        found = known(phases.on_time(NOON))

        for path in (found.coast, found.done, found.ahead):
            assert re.fullmatch(r"[MQ\d .-]+", path)
