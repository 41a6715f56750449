"""FedEx's own bodies against the adapter, and against what peers made of them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import orjson
import pytest
from defusedxml import ElementTree

from tests.conformance import peers
from tests.conformance.data import files, present
from tracking import rules
from tracking.carriers import fedex
from tracking.scans import ErrorKind, Reading, Scan

FOLDER = SLUG = "fedex"
SAYS = {
    "OC": "info_received", "PU": "picked_up", "OD": "out_for_delivery", "DL": "delivered",
    "AR": "in_transit", "DP": "in_transit", "IT": "in_transit",
}  # fmt: skip
"""What the event types in these bodies mean, written down a second time on purpose."""
KINDS = {
    "5508": ErrorKind.INVALID_NUMBER,
    "9040": ErrorKind.NOT_FOUND,
    "6330": ErrorKind.TRANSIENT,
    "TRACKING.TRACKINGNUMBER.EMPTY": ErrorKind.INVALID_NUMBER,
    "TRACKING.TRACKINGNUMBER.NOTFOUND": ErrorKind.NOT_FOUND,
}
WRONG = {"ERROR", "FAILURE"}


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def bodies(suffix: str) -> list[Path]:
    return [path for path in peers.bodies(FOLDER) if path.suffix == suffix]


def under(node: Element, name: str) -> list[Element]:
    return [child for child in node.iter() if child.tag.rpartition("}")[2] == name]


def told(node: Element, name: str) -> str:
    found = under(node, name)
    return (found[0].text or "") if found else ""


def moments(scans: tuple[Scan, ...]) -> list[str]:
    """Return each scan's moment as FedEx would write it in UTC, or the day it knows."""
    return [scan.occurred_at.isoformat() if scan.occurred_at else scan.local_time for scan in scans]


def in_utc(stamp: str) -> str:
    moment = datetime.fromisoformat(stamp)
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else stamp[:10]


@pytest.mark.parametrize("path", bodies(".xml"), ids=peers.ids)
def test_every_old_body_says_what_its_fields_say(path: Path) -> None:
    root = ElementTree.fromstring(path.read_bytes())
    shipments = [one for one in under(root, "TrackDetails") if under(one, "Events")]
    # That there is no picture of a signature is no trouble of the parcel's.
    pictures = [note for one in under(root, "Signature") for note in under(one, "Notifications")]
    notes = under(root, "Notifications") + under(root, "Notification")
    notes = [note for note in notes if note not in pictures]
    wrong = [told(note, "Code") for note in notes if told(note, "Severity") in WRONG]
    reading = peers.read(SLUG, path)

    assert [error.kind for error in reading.errors if ":" in error.message] == [
        KINDS[code] for code in wrong
    ]
    with_scans = [one for one in reading.parcels if one.scans]
    assert len(with_scans) == len(shipments)
    for shipment, snapshot in zip(shipments, with_scans, strict=True):
        events = under(shipment, "Events")
        kinds = [told(event, "EventType") for event in events]
        assert snapshot.number == told(shipment, "TrackingNumber")
        assert [scan.raw_code for scan in snapshot.scans] == kinds
        assert [scan.status for scan in snapshot.scans] == [SAYS[kind] for kind in kinds]
        assert moments(snapshot.scans) == [in_utc(told(event, "Timestamp")) for event in events]
        journey = rules.project(snapshot.scans, carrier=SLUG, number=snapshot.number)
        assert journey.status == SAYS[kinds[0]]
        assert len(journey.order) == len(events)


@pytest.mark.parametrize("path", bodies(".json"), ids=peers.ids)
def test_every_body_says_what_its_fields_say(path: Path) -> None:
    root = orjson.loads(path.read_bytes())
    rows = root.get("output", {}).get("completeTrackResults", [])
    results = [(row["trackingNumber"], result) for row in rows for result in row["trackResults"]]
    seen = [(number, one) for number, one in results if one.get("scanEvents")]
    wrong = [one["error"]["code"] for _, one in results if not one.get("scanEvents")]
    wrong += [one["code"] for one in root.get("errors", [])]
    reading = peers.read(SLUG, path)

    assert [one.number for one in reading.parcels] == [number for number, _ in seen]
    assert [error.kind for error in reading.errors] == [KINDS[code] for code in wrong]
    for (_, result), snapshot in zip(seen, reading.parcels, strict=True):
        events = result["scanEvents"]
        assert [scan.raw_code for scan in snapshot.scans] == [one["eventType"] for one in events]
        assert moments(snapshot.scans) == [in_utc(one["date"]) for one in events]
    assert peers.statuses(reading) == [
        SAYS[result["scanEvents"][0]["eventType"]] for _, result in seen
    ]


def test_a_shared_number_without_events_shows_every_shipment_the_newest_first() -> None:
    (path,) = files(f"{peers.PAYLOADS}/{FOLDER}", "*_multiple_results.xml")
    root = ElementTree.fromstring(path.read_bytes())
    numbers = [told(one, "TrackingNumber") for one in under(root, "TrackDetails")]
    reading = peers.read(SLUG, path)

    assert [one.number for one in reading.parcels] == numbers
    assert [(error.kind, error.number) for error in reading.errors] == [
        (ErrorKind.NOT_FOUND, numbers[0])
    ]


def test_a_proof_of_delivery_is_a_document_and_no_scan() -> None:
    (path,) = files(f"{peers.PAYLOADS}/{FOLDER}", "*ProofOfDeliveryResponse.json")
    pages = orjson.loads(path.read_bytes())["output"]["documents"]
    (proof,) = fedex.parse_proof(path.read_bytes())

    assert proof.data == base64.b64decode(pages[0])
    assert proof.data.startswith(b"%PDF")
    assert peers.read(SLUG, path) == Reading()


def facts() -> list[Path]:
    found = files(f"{peers.PAYLOADS}/{FOLDER}", "*.expected.json")
    return [path for path in found if not path.name.startswith("karrio_")]


@pytest.mark.parametrize("path", facts(), ids=peers.ids)
def test_the_facts_other_peers_assert_hold(path: Path) -> None:
    expected: dict[str, Any] = orjson.loads(path.read_bytes())["expected"]
    reading = peers.read(SLUG, path.with_name(path.name.replace(".expected.json", ".xml")))
    if expected.keys() == {"message"}:
        assert reading.errors
        return
    (snapshot,) = reading.parcels
    newest = max(snapshot.scans, key=lambda scan: scan.sequence)
    (status,) = peers.statuses(reading)
    facts: dict[str, Any] = {
        "tracking_number": snapshot.number,
        "delivered?": status == "delivered",
        "exception?": status in {"exception", "attempt_failed"},
        "shipment_events.length": len(snapshot.scans),
        "activities": len(snapshot.scans),
        "latest_event.type_code": newest.raw_code,
        "latest_event.name": newest.raw_text.partition(" - ")[0],
        "delivery_signature": snapshot.signed_by or None,
        "scheduled_delivery_date": snapshot.eta_to,
        "status_code": newest.raw_code,
        "status": status,
        "act.datetime": newest.local_time,
    }
    held = {name: facts[name] for name in expected if name in facts}

    assert held == {
        name: value.lower() if name == "status" else value
        for name, value in expected.items()
        if name in facts
    }
    assert len(held) >= 3


def test_we_disagree_only_where_we_say_why() -> None:
    assert files(f"{peers.PAYLOADS}/{FOLDER}", "karrio_*.expected.json")
    assert peers.disagreements(SLUG, FOLDER) == peers.reasons(FOLDER)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [peers.verdict(path, peers.read(SLUG, path)) for path in peers.bodies(FOLDER)]
    with capsys.disabled():
        print("\n" + "\n".join(lines))

    assert lines
    assert not [line for line in lines if ErrorKind.SCHEMA_DRIFT in line]
