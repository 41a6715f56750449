"""Canada Post's own bodies against the adapter, and against what peers made of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import orjson
import pytest
from defusedxml import ElementTree

from tests.conformance import peers
from tests.conformance.data import files, present
from tracking.scans import ErrorKind

FOLDER = SLUG = "canadapost"
SAYS = {
    "3000": "info_received", "2300": "picked_up", "0100": "in_transit", "0170": "in_transit",
    "0175": "in_transit", "0173": "exception", "0174": "out_for_delivery",
    "0500": "out_for_delivery", "1496": "delivered", "20": None,
}  # fmt: skip
"""What the codes in these bodies mean, written down a second time on purpose."""


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_every_body_says_what_its_fields_say(path: Path) -> None:
    root = ElementTree.fromstring(path.read_bytes())
    rows = [node for node in root.iter() if node.tag.endswith("occurrence")]
    told = [{one.tag.rpartition("}")[2]: one.text or "" for one in row} for row in rows]
    numbers = [node.text for node in root.iter() if node.tag.rpartition("}")[2] == "pin"]
    reading = peers.read(SLUG, path)
    if not rows:
        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.NOT_FOUND]
        return
    (snapshot,) = reading.parcels
    arrivals = [
        turn for turn, one in enumerate(told) if SAYS[one["event-identifier"]] == "delivered"
    ]
    newest = next(SAYS[one["event-identifier"]] for one in told if SAYS[one["event-identifier"]])

    assert reading.errors == ()
    assert [snapshot.number] == numbers
    assert [scan.status for scan in snapshot.scans] == [
        SAYS[one["event-identifier"]] for one in told
    ]
    assert [scan.local_time for scan in snapshot.scans] == [
        f"{one['event-date']}T{one['event-time']}" for one in told
    ]
    assert [scan.location for scan in snapshot.scans] == [
        f"{one['event-site']}, {one['event-province']}" for one in told
    ]
    # What travels within three days of its delivery was delivered all the same.
    assert peers.statuses(reading) == ["delivered" if arrivals else newest]


@pytest.mark.parametrize(
    "path", files(f"{peers.PAYLOADS}/{FOLDER}", "a*_en.expected.json"), ids=peers.ids
)
def test_the_facts_another_peer_asserts_hold(path: Path) -> None:
    facts = orjson.loads(path.read_bytes())["expected"]
    (snapshot,) = peers.read(
        SLUG, path.with_name(path.name.replace(".expected.json", ".xml"))
    ).parcels
    done = snapshot.scans[0]

    assert snapshot.number == facts["tracking_number"]
    assert len(snapshot.scans) == facts["shipment_events.size"]
    assert int(done.raw_code) == facts["name"]
    assert done.location == facts["location"]
    assert done.raw_text == facts["message"]
    moment = facts["actual_delivery_time"].replace(" UTC", "+00:00")
    assert done.occurred_at == datetime.fromisoformat(moment)


def test_we_disagree_only_where_we_say_why() -> None:
    assert files(f"{peers.PAYLOADS}/{FOLDER}", "karrio_*.expected.json")
    assert peers.disagreements(SLUG, FOLDER) == peers.reasons(FOLDER)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [peers.verdict(path, peers.read(SLUG, path)) for path in peers.bodies(FOLDER)]
    with capsys.disabled():
        print("\n" + "\n".join(lines))

    assert lines
    assert not [line for line in lines if ErrorKind.SCHEMA_DRIFT in line]
