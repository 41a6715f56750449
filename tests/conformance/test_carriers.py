"""Carriers' own bodies, and what peer projects made of them, against our adapters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from defusedxml import ElementTree
from django.conf import settings

from tests.conformance.data import DATA, files, present
from tracking import rules
from tracking.carriers import registry
from tracking.rules import Journey
from tracking.scans import ErrorKind, Reading

PAYLOADS = "carrier_payloads"
NOW = datetime(2026, 3, 2, tzinfo=UTC)

PEER_STATUS = {
    "pending": {"registered", "info_received"},
    "picked_up": {"picked_up"},
    "in_transit": {"in_transit", "handed_over", "picked_up"},
    "on_hold": {"exception", "customs"},
    "delivery_delayed": {"exception"},
    "out_for_delivery": {"out_for_delivery"},
    "ready_for_pickup": {"available_for_pickup"},
    "delivery_failed": {"attempt_failed", "exception"},
    "delivered": {"delivered"},
    "return_to_sender": {"returning", "returned"},
    "cancelled": {"cancelled"},
}
"""A peer's coarser word -> ours that say no other thing."""

STATE = {
    "0": "in_transit", "1": "picked_up", "2": "exception", "3": "delivered", "4": "returned",
    "5": "out_for_delivery", "6": "returning", "7": "handed_over", "8": "customs",
    "14": "attempt_failed", "301": "delivered", "302": "delivered", "303": "delivered",
    "304": "delivered", "401": "cancelled", "501": "available_for_pickup",
}  # fmt: skip
"""Kuaidi100's documented state of a body, written down a second time on purpose."""


def bodies(slug: str) -> list[Path]:
    names = files(f"{PAYLOADS}/{slug}", "*.json")
    return [path for path in names if ".expected." not in path.name and ".schema." not in path.name]


def ids(path: Path) -> str:
    return path.name


def read(slug: str, path: Path) -> Reading:
    adapter = registry.get(slug)
    is_push = path.name.startswith(("push", "webhook"))
    return (adapter.parse_push if is_push else adapter.parse)(path.read_bytes())


def journeys(reading: Reading) -> list[Journey]:
    return [
        rules.project(one.scans, carrier=one.carrier, number=one.number) for one in reading.parcels
    ]


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


class TestUps:
    @pytest.mark.parametrize("path", bodies("ups"), ids=ids)
    def test_every_body_is_understood(self, path: Path) -> None:
        reading = read("ups", path)

        assert reading.parcels or reading.errors
        assert ErrorKind.SCHEMA_DRIFT not in {error.kind for error in reading.errors}
        for snapshot in reading.parcels:
            assert snapshot.number
            assert all(scan.status for scan in snapshot.scans), "a code nobody listed"

    @pytest.mark.parametrize("path", files(f"{PAYLOADS}/ups", "webhook_*message.json"), ids=ids)
    def test_a_push_says_what_its_fields_say(self, path: Path) -> None:
        alert = orjson.loads(path.read_bytes())
        (snapshot,) = read("ups", path).parcels
        (scan,) = snapshot.scans
        stamp = alert["gmtActivityDate"] + alert["gmtActivityTime"] + "+0000"

        assert snapshot.number == alert["trackingNumber"]
        assert scan.occurred_at == datetime.strptime(stamp, "%Y%m%d%H%M%S%z")
        assert scan.raw_text == alert["activityStatus"]["description"]
        assert scan.raw_code == alert["activityStatus"]["code"]
        assert alert["activityLocation"]["city"] in scan.location

    @pytest.mark.parametrize("path", files(f"{PAYLOADS}/ups", "shipit_*.xml"), ids=ids)
    def test_an_old_answer_says_what_its_fields_say(self, path: Path) -> None:
        root = ElementTree.fromstring(path.read_bytes())
        rows = list(root.iter("Activity"))
        told = {"D": "delivered", "M": "info_received", "I": "picked_up"}  # "origin scan"
        (snapshot,) = read("ups", path).parcels
        (journey,) = journeys(read("ups", path))

        assert snapshot.number == root.findtext("Shipment/Package/TrackingNumber")
        assert [scan.status for scan in snapshot.scans] == [
            told[str(row.findtext("Status/StatusType/Code"))] for row in rows
        ]
        assert [scan.raw_text for scan in snapshot.scans] == [
            row.findtext("Status/StatusType/Description") for row in rows
        ]
        assert [scan.local_time.replace("-", "").replace(":", "") for scan in snapshot.scans] == [
            f"{row.findtext('Date')}T{row.findtext('Time')}" for row in rows
        ]
        assert journey.status == snapshot.scans[0].status
        assert len(journey.order) == len(rows)
        assert snapshot.signed_by == (root.findtext(".//SignedForByName") or "")


class TestKuaidi100:
    @pytest.mark.parametrize("path", bodies("kuaidi100"), ids=ids)
    def test_every_body_says_what_its_state_says(self, path: Path) -> None:
        root = orjson.loads(path.read_bytes())
        result = root.get("lastResult", root)
        reading = read("kuaidi100", path)
        if not result.get("data"):
            assert [error.kind for error in reading.errors] == [ErrorKind.NOT_FOUND]
            return
        (snapshot,) = reading.parcels
        (journey,) = journeys(reading)
        newest = max(row["ftime"] for row in result["data"])
        utc = datetime.fromisoformat(newest).replace(tzinfo=UTC) - timedelta(hours=8)

        assert reading.errors == ()
        assert snapshot.number == result["nu"]
        assert len(journey.order) == len(result["data"])
        assert journey.status == STATE[result["state"]]
        assert journey.last_scan_at == utc
        assert journey.delivered_at == (utc if journey.status == "delivered" else None)
        assert [scan.raw_text for scan in snapshot.scans] == [
            " ".join(row["context"].split()) for row in result["data"]
        ]

    @pytest.mark.parametrize("path", bodies("kuaidi100"), ids=ids)
    def test_a_body_in_its_form_reads_the_same(self, path: Path) -> None:
        adapter, salt = registry.get("kuaidi100"), "数据"
        from tracking.carriers import kuaidi100

        form = kuaidi100.seal(path.read_bytes(), salt)

        assert adapter.verify(form, {}, [salt], now=NOW) is None
        assert adapter.verify(form, {}, ["other"], now=NOW)
        assert adapter.parse_push(form) == adapter.parse_push(path.read_bytes())

    def test_the_companies_we_name_exist(self) -> None:
        from tracking.carriers.kuaidi100.codes import COURIER

        (table,) = files(f"{PAYLOADS}/kuaidi100", "company_codes.csv")
        known = {
            line.split(",")[1] for line in table.read_text(encoding="utf-8-sig").splitlines()[1:]
        }

        assert set(COURIER) <= known


def peers() -> list[Path]:
    return files(f"{PAYLOADS}/ups", "karrio_*.expected.json")


def disagreements(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (what, what the peer says) wherever our answer is not the peer's."""
    source = path.with_name(path.name.replace(".expected.", "."))
    expected: Any = orjson.loads(path.read_bytes())["expected"]
    details, messages = expected
    reading = read("ups", source)
    if len(details) != len(reading.parcels):
        yield "parcels", str(len(details))
    for theirs, ours, journey in zip(details, reading.parcels, journeys(reading), strict=False):
        if theirs["tracking_number"] != ours.number:
            yield "number", theirs["tracking_number"]
        if journey.status not in PEER_STATUS.get(theirs["status"], set()):
            yield "status", theirs["status"]
        if theirs["delivered"] != (journey.delivered_at is not None):
            yield "delivered", str(theirs["delivered"])
        scans = [ours.scans[place] for place in reversed(journey.order)]
        if len(theirs["events"]) != len(scans):
            yield "events", str(len(theirs["events"]))
        for event, scan in zip(theirs["events"], scans, strict=False):
            if event["code"] != scan.raw_code:
                yield "code", event["code"]
            if event["date"] != scan.local_time[:10]:
                yield "date", event["date"]
            if event["location"] != scan.location:
                yield "location", event["location"]
            if event["description"] != scan.raw_text:
                yield "text", event["description"]
            moment = scan.occurred_at and scan.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            if event.get("timestamp") != moment:
                yield "moment", str(event.get("timestamp"))
    said = [f"{message['code']}: {message['message']}" for message in messages]
    if said != [error.message for error in reading.errors]:
        yield "messages", "; ".join(said)


class TestPeers:
    def test_we_disagree_only_where_we_say_why(self) -> None:
        page = Path(settings.BASE_DIR) / "docs" / "carriers" / "disagreements.md"
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| `([^`]*)` \|", page.read_text(), re.MULTILINE)
        found = {
            (path.name.removesuffix(".expected.json"), what, theirs)
            for path in peers()
            for what, theirs in disagreements(path)
        }

        assert peers()
        assert found == set(rows)


class TestTorture:
    @pytest.mark.parametrize("slug", registry.slugs())
    def test_no_json_raises_and_broken_json_is_told(self, slug: str) -> None:
        adapter = registry.get(slug)
        suite = files("bad_inputs/json_test_suite")
        assert len(suite) > 100
        for path in suite:
            body = path.read_bytes()
            for parse in (adapter.parse, adapter.parse_push):
                reading = parse(body)
                assert isinstance(reading, Reading), path.name
                if path.name.startswith("n_"):
                    assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]
            fault = registry.get("generic").fault(body)
            if path.name.startswith("n_"):
                assert fault, path.name
            if path.name.startswith("y_"):
                assert fault is None, path.name

    @pytest.mark.parametrize("slug", registry.slugs())
    def test_no_other_body_raises(self, slug: str) -> None:
        adapter = registry.get(slug)
        for path in [*(DATA / PAYLOADS).rglob("*"), *(DATA / "bad_inputs").rglob("*")]:
            if path.is_file():
                body = path.read_bytes()
                assert isinstance(adapter.parse(body), Reading), path
                assert isinstance(adapter.parse_push(body), Reading), path
                assert adapter.verify(body, {}, ["secret"], now=NOW), path

    def test_naughty_strings_stay_as_they_are(self) -> None:
        naughty = orjson.loads((DATA / "bad_inputs" / "blns_even.json").read_bytes())
        adapter = registry.get("generic")
        for words in naughty:
            event = {"id": "1", "text": words, "location": words, "code": words, "status": words}
            body = orjson.dumps({"number": "AB12", "events": [event]})
            (snapshot,) = adapter.parse(body).parcels
            (scan,) = snapshot.scans
            assert scan.status is None
            assert scan.raw_text == " ".join(words.replace("\x00", " ").split())


FOLDERS = {
    "17track": "17track", "aftership": "aftership", "canadapost": "canadapost",
    "dhl_express": "dhl", "dhl_universal": "dhl", "easypost": "easypost", "fedex": "fedex",
    "kuaidi100": "kuaidi100", "royalmail": "royalmail", "sf_express": "sf", "ship24": "ship24",
    "ups": "ups", "usps": "usps",
}  # fmt: skip
"""A folder of bodies -> the adapter that reads them."""
NO_TRACKING = {
    "aftership/Courier_detect_courier_1.json",
    "easypost/py_webhook_create_1.json",
    "easypost/webhook_post_json_example.json",
    "fedex/karrio_ProofOfDeliveryResponse.json",
}
"""Bodies that are about something else: nothing is read from them."""


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for folder, slug in FOLDERS.items():
        for path in files(f"{PAYLOADS}/{folder}"):
            if path.suffix not in {".json", ".xml"} or {"expected", "schema"} & set(
                path.name.split(".")
            ):
                continue
            reading = read(slug, path)
            said = ", ".join(
                [f"{journey.status} ({len(journey.order)})" for journey in journeys(reading)]
                + [error.kind for error in reading.errors]
            )
            is_else = f"{folder}/{path.name}" in NO_TRACKING
            is_drift = ErrorKind.SCHEMA_DRIFT in {error.kind for error in reading.errors}
            is_good = not reading.parcels if is_else else bool(said) and not is_drift
            verdict = "ok, no tracking" if is_else and is_good else "ok" if is_good else "NOT READ"
            lines.append(f"{folder:14} {path.name:52} {said:34} {verdict}")
    with capsys.disabled():
        print("\nfolder         body" + " " * 49 + "final status (events), errors      verdict")
        print("\n".join(lines))

    assert len(lines) >= 60
    assert not [line for line in lines if line.endswith("NOT READ")]


def test_every_adapter_with_bodies_is_in_the_table() -> None:
    here = {path.name for path in (DATA / PAYLOADS).iterdir() if path.is_dir()}
    readable = {name for name in here if name in {*registry.ADAPTERS, *registry.ALIASES}}

    assert readable <= set(FOLDERS)
