from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from tracking import rules
from tracking.carriers import scenarios, simulator
from tracking.rules import Journey
from tracking.states import Handed, Reason
from tracking.states import ParcelStatus as S

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "carriers" / "generic.schema.json"


def play(name: str) -> Journey:
    scans = [
        scan
        for _, body in scenarios.script(name, number="HX1234", start=START)
        for snapshot in simulator.parse_push(body).parcels
        for scan in snapshot.scans
    ]
    return rules.project(scans, carrier="simulator", number="HX1234")


@pytest.mark.parametrize(
    ("name", "status", "reason", "trouble"),
    [
        ("delivered", S.DELIVERED, None, ()),
        ("late", S.DELIVERED, None, ()),
        ("damaged", S.DELIVERED, None, ("damaged",)),
        ("lost", S.LOST, Reason.LOST, ("lost",)),
        ("refused", S.RETURNING, Reason.REFUSED, ("refused", "returned")),
        ("returned", S.RETURNED, None, ("returned",)),
        ("found_again", S.DELIVERED, None, ()),
        ("quiet", S.IN_TRANSIT, None, ()),
        ("crossing", S.DELIVERED, None, ()),
        ("held_by_customs", S.CUSTOMS, None, ()),
        ("storm", S.DELIVERED, None, ()),
    ],
)
def test_each_scenario_ends_as_its_name_says(
    name: str, status: S, reason: Reason | None, trouble: tuple[str, ...]
) -> None:
    journey = play(name)

    assert (journey.status, journey.reason, journey.trouble) == (status, reason, trouble)


def test_every_scenario_is_told_above() -> None:
    assert scenarios.names() == [
        "delivered", "late", "damaged", "lost", "refused", "returned", "found_again", "quiet",
        "crossing", "held_by_customs", "storm",
    ]  # fmt: skip


def test_found_again_was_lost_first() -> None:
    assert S.LOST in {status for _, status, _ in play("found_again").reached}


def test_each_place_has_its_own_clock() -> None:
    told = scenarios.unfold("crossing", number="HX1234", start=START, now=START)

    clocks = {event["location"]: event["occurred_at"][-6:] for _at, event in told}
    assert clocks == {
        "Ningbo": "+08:00",
        "Shanghai, Pudong airport": "+08:00",
        "Anchorage, AK": "-09:00",
        "Louisville, KY": "-05:00",
        "Charlotte, NC": "-05:00",
    }


def test_the_storm_is_the_delivered_journey_sent_wildly() -> None:
    calm, storm = play("delivered"), play("storm")
    script = scenarios.script("storm", number="HX1234", start=START)
    bodies = [body for _, body in script]

    assert storm.reached == calm.reached
    assert storm.handed == Handed.RECIPIENT
    assert len(bodies) == 26
    assert len(set(bodies)) == 10
    assert bodies != sorted(bodies, key=bodies.index)
    assert (script[-1][0] - script[0][0]).total_seconds() < 1


@pytest.mark.parametrize("name", scenarios.names())
def test_bodies_conform_to_the_published_schema(name: str) -> None:
    checker = jsonschema.Draft202012Validator(orjson.loads(SCHEMA.read_bytes()))

    for at, body in scenarios.script(name, number="HX1234", start=START):
        checker.validate(orjson.loads(body))
        assert at >= START


@pytest.mark.parametrize("name", scenarios.names())
def test_the_same_call_gives_the_same_script(name: str) -> None:
    assert scenarios.script(name, number="HX1234", start=START) == scenarios.script(
        name, number="HX1234", start=START
    )


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(KeyError):
        scenarios.script("eaten_by_wolves", number="HX1234", start=START)


class TestUnfold:
    def test_the_past_is_told_at_its_own_time_and_the_rest_at_the_pace(self) -> None:
        now = START + timedelta(hours=40)

        told = scenarios.unfold("delivered", number="HX1234", start=START, now=now, pace=60)

        assert [(at, event["code"]) for at, event in told][-3:] == [
            (START + timedelta(hours=31), "DEP"),
            (now + timedelta(minutes=5), "OFD"),
            (now + timedelta(minutes=9), "DLV"),
        ]
        assert all(datetime.fromisoformat(event["occurred_at"]) == at for at, event in told)

    @pytest.mark.parametrize("name", [name for name in scenarios.names() if name != "storm"])
    def test_all_that_is_told_is_what_would_be_pushed(self, name: str) -> None:
        pushed = scenarios.script(name, number="HX1234", start=START)
        end = START + timedelta(days=30)

        told = scenarios.unfold(name, number="HX1234", start=START, now=end)

        assert [at for at, _event in told] == [at for at, _body in pushed]
        assert [event for _at, event in told] == [
            orjson.loads(body)["parcels"][0]["events"][0] for _at, body in pushed
        ]

    def test_the_storm_is_told_as_the_delivered_journey(self) -> None:
        calm, storm = (
            scenarios.unfold(name, number="HX1234", start=START, now=START)
            for name in ("delivered", "storm")
        )

        assert storm == calm
