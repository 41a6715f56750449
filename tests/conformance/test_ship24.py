"""Ship24's own bodies against the adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conformance import peers
from tests.conformance.data import present
from tracking import rules
from tracking.scans import ErrorKind

FOLDER = SLUG = "ship24"
SAYS = {
    "pending": "registered", "info_received": "info_received", "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery", "failed_attempt": "attempt_failed",
    "available_for_pickup": "available_for_pickup", "delivered": "delivered",
    "exception": "exception",
}  # fmt: skip
"""Ship24's own milestone of a parcel as a whole, written down a second time on purpose."""


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def parcels(root: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each tracker of a body with what is told of its parcel."""
    data = root.get("data", root)
    if "trackings" in data:
        return [(one["tracker"], one) for one in data["trackings"]]
    return [(one, {}) for one in data.get("trackers", [data.get("tracker")])]


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_every_body_says_what_its_fields_say(path: Path) -> None:
    told = parcels(orjson.loads(path.read_bytes()))
    reading = peers.read(SLUG, path)

    assert reading.errors == ()
    assert [one.number for one in reading.parcels] == [
        tracker["trackingNumber"] for tracker, _ in told
    ]
    assert peers.statuses(reading) == [
        SAYS[one["shipment"]["statusMilestone"] if one else "pending"] for _, one in told
    ]
    for (_, one), snapshot in zip(told, reading.parcels, strict=True):
        events = one.get("events", [])
        assert [scan.raw_text for scan in snapshot.scans] == [row["status"] for row in events]
        assert [scan.event_id for scan in snapshot.scans] == [row["eventId"] for row in events]
        assert [scan.location for scan in snapshot.scans] == [row["location"] for row in events]
        # These times have no zone: they are the clock on the wall and no moment.
        assert [scan.local_time for scan in snapshot.scans] == [
            row["occurrenceDatetime"] for row in events
        ]
        assert {scan.occurred_at for scan in snapshot.scans} <= {None}
        assert snapshot.is_complete is bool(events)


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_the_journey_runs_as_ship24_lists_it(path: Path) -> None:
    for (_, one), snapshot in zip(
        parcels(orjson.loads(path.read_bytes())), peers.read(SLUG, path).parcels, strict=True
    ):
        journey = rules.project(snapshot.scans, carrier=snapshot.carrier, number=snapshot.number)
        assert [snapshot.scans[place].event_id for place in reversed(journey.order)] == [
            row["eventId"] for row in one.get("events", [])
        ]


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_another_number_further_on_is_told(path: Path) -> None:
    for (tracker, one), snapshot in zip(
        parcels(orjson.loads(path.read_bytes())), peers.read(SLUG, path).parcels, strict=True
    ):
        found = [row["eventTrackingNumber"] for row in one.get("events", [])][:1]
        others = [number for number in found if number != tracker["trackingNumber"]]
        assert ([snapshot.onward.number] if snapshot.onward else []) == others


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [peers.verdict(path, peers.read(SLUG, path)) for path in peers.bodies(FOLDER)]
    with capsys.disabled():
        print("\n" + "\n".join(lines))

    assert lines
    assert not [line for line in lines if ErrorKind.SCHEMA_DRIFT in line]
