"""Royal Mail's own bodies against the adapter, and against what a peer made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conformance import peers
from tests.conformance.data import files, present
from tracking.scans import ErrorKind

FOLDER = SLUG = "royalmail"
SAYS = {"IN TRANSIT": "in_transit", "DELIVERED": "delivered"}
"""What Royal Mail's own category of an item says of where it is."""


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def pieces(root: dict[str, Any]) -> list[dict[str, Any]]:
    found = root.get("mailPieces", [])
    return [found] if isinstance(found, dict) else found


@pytest.mark.parametrize("path", peers.bodies(FOLDER), ids=peers.ids)
def test_every_body_says_what_its_fields_say(path: Path) -> None:
    root = orjson.loads(path.read_bytes())
    told = pieces(root)
    reading = peers.read(SLUG, path)

    assert [one.number for one in reading.parcels] == [one["mailPieceId"] for one in told]
    assert peers.statuses(reading) == [SAYS[one["summary"]["statusCategory"]] for one in told]
    assert len(reading.errors) == len(root.get("errors", []))
    assert all(one["errorCode"] in str(reading.errors) for one in root.get("errors", []))
    for one, snapshot in zip(told, reading.parcels, strict=True):
        assert snapshot.signed_by == one["signature"]["recipientName"]
        for event, scan in zip(one["events"], snapshot.scans, strict=True):
            moment = datetime.fromisoformat(event["eventDateTime"])
            assert scan.occurred_at == moment.astimezone(UTC)
            assert (scan.raw_code, scan.raw_text, scan.location) == (
                event["eventCode"], event["eventName"], event["locationName"],
            )  # fmt: skip


def test_we_disagree_only_where_we_say_why() -> None:
    assert files(f"{peers.PAYLOADS}/{FOLDER}", "karrio_*.expected.json")
    assert peers.disagreements(SLUG, FOLDER) == peers.reasons(FOLDER)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [peers.verdict(path, peers.read(SLUG, path)) for path in peers.bodies(FOLDER)]
    with capsys.disabled():
        print("\n" + "\n".join(lines))

    assert lines
    assert not [line for line in lines if ErrorKind.SCHEMA_DRIFT in line]
