"""EasyPost's own bodies against the adapter, and against what a peer made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conformance import peers
from tests.conformance.data import files, present
from tracking import rules
from tracking.scans import ErrorKind, Reading

FOLDER = SLUG = "easypost"
SAYS = {
    "pre_transit": "info_received", "in_transit": "in_transit", "delivered": "delivered",
    "out_for_delivery": "out_for_delivery", "return_to_sender": "returning",
    "available_for_pickup": "available_for_pickup", "failure": "exception",
    "cancelled": "cancelled",
}  # fmt: skip
"""EasyPost's own status of a tracker as a whole, written down a second time on purpose."""


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def trackers(root: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the trackers of an event, of a list, or of an answer about one."""
    told = root.get("result", root)
    found = told.get("trackers", [told])
    return [one for one in found if one.get("object") == "Tracker"]


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_every_body_says_what_its_fields_say(path: Path) -> None:
    root = orjson.loads(path.read_bytes())
    told = trackers(root)
    reading = peers.read(SLUG, path)

    assert [one.number for one in reading.parcels] == [one["tracking_code"] for one in told]
    assert [one.carrier for one in reading.parcels] == [one["carrier"].lower() for one in told]
    assert peers.statuses(reading) == [SAYS[one["status"]] for one in told]
    assert len(reading.errors) == ("error" in root)
    for one, snapshot in zip(told, reading.parcels, strict=True):
        details = one["tracking_details"]
        journey = rules.project(snapshot.scans, carrier=snapshot.carrier, number=snapshot.number)
        assert snapshot.is_complete
        assert snapshot.signed_by == (one["signed_by"] or "")
        assert len(journey.order) == len(details)
        assert [scan.raw_text for scan in snapshot.scans] == [row["message"] for row in details]
        assert [scan.raw_code.split("/")[0] for scan in snapshot.scans] == [
            row["status"] for row in details
        ]
        ends = [row["datetime"] for row in details if row["status"] == "delivered"]
        assert journey.delivered_at == (
            datetime.fromisoformat(ends[-1]).astimezone(UTC) if ends else None
        )


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_a_body_without_a_tracker_or_an_error_tells_nothing(path: Path) -> None:
    root = orjson.loads(path.read_bytes())

    assert (peers.read(SLUG, path) == Reading()) is not bool(trackers(root) or "error" in root)


@pytest.mark.parametrize("path", files(f"{peers.PAYLOADS}/{FOLDER}", "*rror*.json"), ids=peers.ids)
def test_an_error_says_what_easypost_says(path: Path) -> None:
    told = orjson.loads(path.read_bytes())
    if "expected" in told:
        return
    (error,) = peers.read(SLUG, path).errors

    assert error.message == f"{told['error']['code']}: {told['error']['message']}"
    assert error.kind == ErrorKind.INVALID_NUMBER


def test_we_disagree_only_where_we_say_why() -> None:
    assert files(f"{peers.PAYLOADS}/{FOLDER}", "karrio_*.expected.json")
    assert peers.disagreements(SLUG, FOLDER, is_newest_first=False) == peers.reasons(FOLDER)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [peers.verdict(path, peers.read(SLUG, path)) for path in peers.bodies(FOLDER)]
    with capsys.disabled():
        print("\n" + "\n".join(lines))

    assert lines
    assert not [line for line in lines if ErrorKind.SCHEMA_DRIFT in line]
