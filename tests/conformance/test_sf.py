"""SF's own bodies against the adapter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from tests.conformance import peers
from tests.conformance.data import present

FOLDER, SLUG = "sf_express", "sf"
SAYS = {
    "50": "picked_up", "54": "picked_up", "30": "in_transit", "31": "in_transit",
    "36": "in_transit", "44": "out_for_delivery", "204": "out_for_delivery",
    "125": "available_for_pickup", "70": "attempt_failed", "33": "exception",
    "80": "delivered", "8000": None,
}  # fmt: skip
"""What the codes in these bodies mean, written down a second time on purpose."""


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def test_there_are_bodies() -> None:
    assert peers.bodies(FOLDER)


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_every_body_says_what_its_fields_say(path: Path) -> None:
    rows = orjson.loads(path.read_bytes())["body"]
    times = [datetime.fromisoformat(row["acceptTime"]) for row in rows]
    moments = [at.replace(tzinfo=UTC) - timedelta(hours=8) for at in times]
    reading = peers.read(SLUG, path)
    (snapshot,) = reading.parcels
    # SF lists the newest first; what moves nothing stands above what it is about.
    newest = next(SAYS[row["opcode"]] for row in rows if SAYS[row["opcode"]])

    assert reading.errors == ()
    assert {snapshot.number} == {row["mailNo"] for row in rows}
    assert snapshot.carrier == "sf"
    assert [scan.status for scan in snapshot.scans] == [SAYS[row["opcode"]] for row in rows]
    assert [scan.raw_code for scan in snapshot.scans] == [row["opcode"] for row in rows]
    assert [scan.raw_text for scan in snapshot.scans] == [row["remark"] for row in rows]
    assert [scan.location for scan in snapshot.scans] == [row["acceptAddress"] for row in rows]
    assert [scan.occurred_at for scan in snapshot.scans] == moments
    assert sorted(scan.sequence for scan in snapshot.scans) == [
        scan.sequence for scan in reversed(snapshot.scans)
    ]
    assert all(scan.is_known for scan in snapshot.scans)
    assert peers.statuses(reading) == [newest]
