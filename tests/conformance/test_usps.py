"""USPS's own bodies against the adapter, and against what peers made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from defusedxml import ElementTree

from tests.conformance import peers
from tests.conformance.data import files, present
from tracking import rules
from tracking.scans import ErrorKind

FOLDER = SLUG = "usps"
SAYS = {
    "MA": "info_received", "GX": "info_received", "03": "picked_up", "OA": "picked_up",
    "10": "in_transit", "A1": "in_transit", "T1": "in_transit", "TL": "in_transit",
    "SF": "in_transit", "EF": "in_transit", "07": "in_transit", "PC": "in_transit",
    "OF": "out_for_delivery", "01": "delivered",
}  # fmt: skip
"""What the codes in these bodies mean, written down a second time on purpose."""
CATEGORY = {"Delivered": "delivered", "Pre-Shipment": "info_received"}
AHEAD = {"IL": 6, "MO": 6, "CA": 8}
"""Hours behind UTC in winter of the states in these bodies that keep one clock."""
SUMMER = datetime(2015, 3, 8, tzinfo=UTC), datetime(2015, 11, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def bodies(suffix: str) -> list[Path]:
    return [path for path in peers.bodies(FOLDER) if path.suffix == suffix]


def local(day: str, hour: str) -> str:
    """Return the local time in the old tool's words, read here a second time."""
    if not hour:
        return datetime.strptime(day, "%B %d, %Y").date().isoformat()  # noqa: DTZ007
    return datetime.strptime(f"{day} {hour}", "%B %d, %Y %I:%M %p").isoformat()  # noqa: DTZ007


def moment(words: str, state: str) -> datetime | None:
    if len(words) == 10 or state not in AHEAD:
        return None
    clock = datetime.fromisoformat(words).replace(tzinfo=UTC)
    is_summer = SUMMER[0] < clock < SUMMER[1]
    return clock + timedelta(hours=AHEAD[state] - is_summer)


@pytest.mark.parametrize("path", bodies(".xml"), ids=peers.ids)
def test_every_old_body_says_what_its_fields_say(path: Path) -> None:
    (info,) = ElementTree.fromstring(path.read_bytes())
    events = [node for node in info if node.tag in {"TrackSummary", "TrackDetail"}]
    rows = [{field.tag: field.text or "" for field in event} for event in events]
    reading = peers.read(SLUG, path)
    if not rows:
        assert info.find("Error") is not None
        assert reading.parcels == ()
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, info.get("ID"))
        ]
        return
    (snapshot,) = reading.parcels
    journey = rules.project(snapshot.scans, carrier=SLUG, number=snapshot.number)
    times = [local(row["EventDate"], row["EventTime"]) for row in rows]

    assert reading.errors == ()
    assert snapshot.number == info.get("ID")
    assert [scan.status for scan in snapshot.scans] == [SAYS[row["EventCode"]] for row in rows]
    assert [scan.raw_text for scan in snapshot.scans] == [row["Event"] for row in rows]
    assert [scan.local_time for scan in snapshot.scans] == times
    assert [scan.occurred_at for scan in snapshot.scans] == [
        moment(time, row["EventState"]) for time, row in zip(times, rows, strict=True)
    ]
    assert len(journey.order) == len(rows)
    assert journey.status == CATEGORY[info.findtext("StatusCategory", "")]


@pytest.mark.parametrize("path", bodies(".json"), ids=peers.ids)
def test_every_body_says_what_its_fields_say(path: Path) -> None:
    root = orjson.loads(path.read_bytes())
    reading = peers.read(SLUG, path)
    if "error" in root:
        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.AUTH]
        return
    (snapshot,) = reading.parcels
    rows = root["trackingEvents"]
    journey = rules.project(snapshot.scans, carrier=SLUG, number=snapshot.number)

    assert reading.errors == ()
    assert snapshot.number == root["trackingNumber"]
    assert [scan.raw_code for scan in snapshot.scans] == [row["eventCode"] for row in rows]
    assert [scan.status for scan in snapshot.scans] == [SAYS[row["eventCode"]] for row in rows]
    assert [scan.local_time for scan in snapshot.scans] == [row["eventTimestamp"] for row in rows]
    for scan, row in zip(snapshot.scans, rows, strict=True):
        assert scan.occurred_at == datetime.fromisoformat(row["GMTTimestamp"])
        wall = datetime.fromisoformat(row["eventTimestamp"] + row["GMTOffset"])
        assert timedelta() <= scan.occurred_at - wall < timedelta(minutes=1)
    assert len(journey.order) == len(rows)
    assert journey.status == CATEGORY[root["statusCategory"]]


def facts() -> list[Path]:
    return files(f"{peers.PAYLOADS}/{FOLDER}", "shipit_*.expected.json")


@pytest.mark.parametrize("path", facts(), ids=peers.ids)
def test_the_facts_another_peer_asserts_hold(path: Path) -> None:
    expected: dict[str, Any] = orjson.loads(path.read_bytes())["expected"]
    reading = peers.read(SLUG, path.with_name(path.name.replace(".expected.json", ".xml")))
    (snapshot,) = reading.parcels
    word = {"delivered": "DELIVERED", "info_received": "SHIPPING"}[peers.statuses(reading)[0]]

    assert word == expected["status"]
    assert len(snapshot.scans) == expected["activities"]
    for turn in (1, 9):
        if f"act{turn}.details" in expected:
            scan = snapshot.scans[turn - 1]
            clock = datetime.fromisoformat(scan.local_time).replace(tzinfo=UTC)
            stamp = datetime.strptime(expected[f"act{turn}.timestamp"], "%b %d, %Y %I:%M %p %z")
            assert scan.raw_text == expected[f"act{turn}.details"]
            # The peer takes the wall's time for UTC; so the wall's time is what we compare.
            assert clock == stamp


def test_we_disagree_only_where_we_say_why() -> None:
    assert files(f"{peers.PAYLOADS}/{FOLDER}", "karrio_*.expected.json")
    assert peers.disagreements(SLUG, FOLDER) == peers.reasons(FOLDER)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [peers.verdict(path, peers.read(SLUG, path)) for path in peers.bodies(FOLDER)]
    with capsys.disabled():
        print("\n" + "\n".join(lines))

    assert lines
    assert not [line for line in lines if ErrorKind.SCHEMA_DRIFT in line]
