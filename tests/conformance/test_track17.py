"""17TRACK's own bodies and published signatures against the adapter."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conformance import peers
from tests.conformance.data import DATA, present
from tracking import rules
from tracking.carriers import registry
from tracking.scans import ErrorKind

FOLDER = SLUG = "17track"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
SAYS = {
    "InfoReceived": "info_received", "InTransit_PickedUp": "picked_up",
    "InTransit_Departure": "in_transit", "InTransit_Arrival": "in_transit",
    "InTransit_Other": "in_transit", "OutForDelivery_Other": "out_for_delivery",
    "AvailableForPickup_Other": "available_for_pickup", "Delivered_Other": "delivered",
    "Exception_Lost": "lost", "Exception_Returned": "returned", "Exception_Other": "exception",
}  # fmt: skip
"""What the sub-statuses in these bodies mean, written down a second time on purpose."""


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def answers() -> list[Path]:
    return [path for path in peers.bodies(FOLDER) if "gettrackinfo" in path.name]


def test_there_are_bodies() -> None:
    assert answers()
    assert len(peers.bodies(FOLDER)) >= 4


@pytest.mark.parametrize("path", answers(), ids=peers.ids)
def test_every_answer_says_what_its_fields_say(path: Path) -> None:
    (row,) = orjson.loads(path.read_bytes())["data"]["accepted"]
    info = row["track_info"]
    events = [event for provider in info["tracking"]["providers"] for event in provider["events"]][
        ::-1
    ]
    reading = peers.read(SLUG, path)
    (snapshot,) = reading.parcels

    assert reading.errors == ()
    assert snapshot.number == row["number"]
    assert snapshot.is_complete
    assert [scan.status for scan in snapshot.scans] == [SAYS[one["sub_status"]] for one in events]
    assert [scan.raw_text for scan in snapshot.scans] == [one["description"] for one in events]
    assert [scan.location for scan in snapshot.scans] == [one["location"] for one in events]
    assert [scan.local_time for scan in snapshot.scans] == [
        f"{one['time_raw']['date']}T{one['time_raw']['time']}" for one in events
    ]
    assert [scan.occurred_at for scan in snapshot.scans] == [
        one["time_utc"] and datetime.fromisoformat(one["time_utc"]) for one in events
    ]
    assert peers.statuses(reading) == [SAYS[info["latest_status"]["sub_status"]]]


def test_a_parcel_keeps_the_carrier_behind() -> None:
    told = {one.number: one.carrier for path in answers() for one in peers.read(SLUG, path).parcels}

    assert told["AA123456789BR"] == "correios"


@pytest.mark.parametrize(
    "path", [path for path in peers.bodies(FOLDER) if "register" in path.name], ids=peers.ids
)
def test_a_registration_tells_only_what_was_rejected(path: Path) -> None:
    rejected = orjson.loads(path.read_bytes())["data"]["rejected"]
    reading = peers.read(SLUG, path)

    assert reading.parcels == ()
    assert [(error.number, error.message) for error in reading.errors] == [
        (one["number"], f"{one['error']['code']}: {one['error']['message']}") for one in rejected
    ]
    assert {error.kind for error in reading.errors} == {ErrorKind.INVALID_NUMBER}


@pytest.mark.parametrize(
    "path", [path for path in peers.bodies(FOLDER) if "stopped" in path.name], ids=peers.ids
)
def test_an_end_of_the_watch_is_no_event(path: Path) -> None:
    reading = registry.get(SLUG).parse_push(path.read_bytes())
    number = orjson.loads(path.read_bytes())["data"]["number"]

    assert reading.parcels == ()
    assert [(error.kind, error.number) for error in reading.errors] == [
        (ErrorKind.NOT_FOUND, number)
    ]


@pytest.mark.parametrize(
    "path", [path for path in peers.bodies(FOLDER) if path.name.startswith("web_")], ids=peers.ids
)
def test_the_web_list_says_what_its_rows_say(path: Path) -> None:
    rows = orjson.loads(path.read_bytes())["Json"]
    told = [(row, orjson.loads(row["FLastEvent"])) for row in rows if row["FLastEvent"]]
    told.sort(key=lambda pair: pair[0]["FCreateTime"], reverse=True)
    reading = peers.read(SLUG, path)

    assert [one.number for one in reading.parcels] == [row["FTrackNo"] for row, _ in told]
    assert [[scan.raw_text for scan in one.scans] for one in reading.parcels] == [
        [event["z"]] for _, event in told
    ]
    assert [one.scans[0].local_time[:16] for one in reading.parcels] == [
        event["a"][:16].replace(" ", "T") for _, event in told
    ]
    assert {one.scans[0].occurred_at for one in reading.parcels} == {None}
    assert len(reading.errors) == len(rows) - len(told)
    # The list says "nothing found" of them (state 0); the words say that they arrived somewhere.
    assert {
        rules.project(one.scans, carrier=one.carrier, number=one.number).status
        for one in reading.parcels
    } == {"in_transit"}
    assert all(scan.is_inferred for one in reading.parcels for scan in one.scans)


def vectors() -> list[dict[str, Any]]:
    path = DATA / "webhook_vectors" / "vectors.json"
    found = orjson.loads(path.read_bytes()) if path.exists() else []
    return [one for one in found if one["scheme"] == "17track-sha256"]


def test_there_are_vectors() -> None:
    assert {vector["valid"] for vector in vectors()} == {True, False}


@pytest.mark.parametrize("vector", vectors(), ids=lambda one: one["name"])
def test_a_seal_opens_only_what_must_open(vector: dict[str, Any]) -> None:
    adapter, content = registry.get(SLUG), vector["body"].encode()
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    secret = base64.b64decode(vector["secret_b64"]).decode()

    assert (adapter.verify(content, headers, [secret], now=NOW) is None) is vector["valid"]
    if not vector["valid"]:
        return  # a flipped bit may well mend a body that was tampered with
    for turn in range(len(content)):
        changed = bytearray(content)
        changed[turn] ^= 1
        assert adapter.verify(bytes(changed), headers, [secret], now=NOW)
    assert adapter.verify(content, headers, [secret + "A"], now=NOW)
    assert adapter.verify(content, headers, [""], now=NOW)
