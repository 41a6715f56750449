"""AfterShip's own bodies against the adapter."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conformance import peers
from tests.conformance.data import present
from tracking import rules
from tracking.scans import ErrorKind, Reading

FOLDER = SLUG = "aftership"
SAYS = {
    "Pending": "registered", "InfoReceived": "info_received", "InTransit": "in_transit",
    "OutForDelivery": "out_for_delivery", "AttemptFail": "attempt_failed",
    "AvailableForPickup": "available_for_pickup", "Delivered": "delivered",
    "Exception": "exception", "Expired": "expired",
}  # fmt: skip
"""AfterShip's own tag of a tracking as a whole, written down a second time on purpose."""
NAMES = {"china-post": "chinapost"}
"""Couriers of these bodies whose name is not ours."""


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def trackings(root: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the trackings of a push, of a list, or of an answer about one."""
    if "msg" in root:
        return [root["msg"]]
    data = root["data"]
    found = data.get("trackings", [data.get("tracking", data)])
    return [one for one in found if "tracking_number" in one]


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_every_body_says_what_its_fields_say(path: Path) -> None:
    root = orjson.loads(path.read_bytes())
    told = trackings(root)
    reading = peers.read(SLUG, path)

    assert reading.errors == ()
    assert [one.number for one in reading.parcels] == [one["tracking_number"] for one in told]
    assert [one.carrier for one in reading.parcels] == [
        NAMES.get(one["slug"], one["slug"]) for one in told
    ]
    assert peers.statuses(reading) == [SAYS[one["tag"]] for one in told]
    for one, snapshot in zip(told, reading.parcels, strict=True):
        points = one.get("checkpoints", [])
        is_summed = not points and one["tag"] != "Pending"
        assert len(snapshot.scans) == len(points) + is_summed
        assert snapshot.is_complete is bool(points)


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_a_push_without_checkpoints_dates_from_when_it_was_sent(path: Path) -> None:
    root = orjson.loads(path.read_bytes())
    if "ts" not in root or root["msg"].get("checkpoints"):
        return
    (snapshot,) = peers.read(SLUG, path).parcels
    journey = rules.project(snapshot.scans, carrier=snapshot.carrier, number=snapshot.number)

    assert root["msg"]["tag"] == "Delivered"
    assert journey.delivered_at == datetime.fromtimestamp(root["ts"], tz=UTC)
    assert [scan.raw_code for scan in snapshot.scans] == [root["msg"]["subtag"]]


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_a_list_of_couriers_tells_nothing(path: Path) -> None:
    is_about_couriers = "couriers" in orjson.loads(path.read_bytes()).get("data", {})

    assert (peers.read(SLUG, path) == Reading()) is is_about_couriers


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [peers.verdict(path, peers.read(SLUG, path)) for path in peers.bodies(FOLDER)]
    with capsys.disabled():
        print("\n" + "\n".join(lines))

    assert lines
    assert not [line for line in lines if ErrorKind.SCHEMA_DRIFT in line]
