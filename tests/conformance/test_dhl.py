"""DHL's own bodies against the adapter, and against what peers made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from defusedxml import ElementTree

from tests.conformance import peers
from tests.conformance.data import files, present
from tracking.carriers import registry
from tracking.scans import ErrorKind

SLUG = "dhl"
UNIFIED, EXPRESS = "dhl_universal", "dhl_express"
CATEGORY = {
    "pre-transit": "info_received", "transit": "in_transit", "delivered": "delivered",
    "failure": "exception",
}  # fmt: skip
CHECKPOINT = {
    "PU": "picked_up", "PL": "in_transit", "AF": "in_transit", "AR": "in_transit",
    "DF": "in_transit", "PO": "in_transit", "TR": "in_transit", "CR": "customs",
    "WC": "out_for_delivery", "NH": "attempt_failed", "OK": "delivered", "RW": None,
}  # fmt: skip
"""What the codes in these bodies mean, written down a second time on purpose."""


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def test_the_folders_name_the_adapter() -> None:
    assert registry.get(UNIFIED) is registry.get(EXPRESS) is registry.get(SLUG)


@pytest.mark.parametrize("path", peers.bodies(UNIFIED), ids=peers.ids)
def test_every_unified_body_says_what_its_fields_say(path: Path) -> None:
    root = orjson.loads(path.read_bytes())
    reading = peers.read(SLUG, path)
    if "shipments" not in root:
        (error,) = reading.errors
        assert reading.parcels == ()
        assert error.kind == {404: ErrorKind.NOT_FOUND}[root["status"]]
        assert root["detail"] in error.message
        assert root["instance"].endswith(f"/{error.number}")
        return

    assert reading.errors == ()
    for told, snapshot, status in zip(
        root["shipments"], reading.parcels, peers.statuses(reading), strict=True
    ):
        assert snapshot.number == str(told["id"])
        assert status == CATEGORY[told["status"]["statusCode"]]
        assert [scan.local_time for scan in snapshot.scans] == [
            one["timestamp"].removesuffix("Z") for one in told["events"]
        ]
        assert snapshot.eta_from == datetime(2018, 8, 3, tzinfo=UTC)
        assert snapshot.eta_to == datetime(2018, 8, 3, 22, tzinfo=UTC)
        signer = told["details"]["proofOfDelivery"]["signed"]
        assert snapshot.signed_by == f"{signer['givenName']} {signer['familyName']}"
        assert told["events"][0]["description"] not in repr(snapshot.scans), "a person's name"
        assert [proof.url for proof in snapshot.proofs] == [
            told["details"]["proofOfDelivery"]["documentUrl"]
        ]


@pytest.mark.parametrize("path", peers.bodies(EXPRESS), ids=peers.ids)
def test_every_express_body_says_what_its_fields_say(path: Path) -> None:
    root = ElementTree.fromstring(path.read_bytes())
    waybills = list(root.iter("AWBInfo"))
    reading = peers.read(SLUG, path)
    if not waybills:
        (error,) = reading.errors
        assert reading.parcels == ()
        assert error.kind == ErrorKind.AUTH
        assert error.message.startswith(f"{root.findtext('.//ConditionCode')}: ")
        return

    assert reading.errors == ()
    for node, snapshot, status in zip(
        waybills, reading.parcels, peers.statuses(reading), strict=True
    ):
        rows = list(node.iter("ShipmentEvent"))
        codes = [str(row.findtext("ServiceEvent/EventCode")) for row in rows]
        signers = [
            str(row.findtext("Signatory") or "")
            for row, code in zip(rows, codes, strict=True)
            if code == "OK"
        ]
        assert snapshot.number == node.findtext("AWBNumber")
        assert [scan.status for scan in snapshot.scans] == [CHECKPOINT[code] for code in codes]
        assert status == [CHECKPOINT[code] for code in codes if CHECKPOINT[code]][-1]
        assert [scan.local_time for scan in snapshot.scans] == [
            f"{row.findtext('Date')}T{row.findtext('Time')}" for row in rows
        ]
        assert snapshot.signed_by == "".join(signers)


@pytest.mark.parametrize(
    "path", files(f"{peers.PAYLOADS}/{EXPRESS}", "shipit_*.expected.json"), ids=peers.ids
)
def test_the_facts_another_peer_asserts_hold(path: Path) -> None:
    facts = orjson.loads(path.read_bytes())["expected"]
    reading = peers.read(SLUG, path.with_name(path.name.replace(".expected.json", ".xml")))

    assert peers.statuses(reading) == [facts["status"].lower()]
    assert len(reading.parcels[0].scans) == facts["activities"]


@pytest.mark.parametrize("folder", [UNIFIED, EXPRESS])
def test_we_disagree_only_where_we_say_why(folder: str) -> None:
    assert files(f"{peers.PAYLOADS}/{folder}", "karrio_*.expected.json")
    assert peers.disagreements(SLUG, folder) == peers.reasons(folder)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        peers.verdict(path, peers.read(SLUG, path))
        for folder in (UNIFIED, EXPRESS)
        for path in peers.bodies(folder)
    ]
    with capsys.disabled():
        print("\n" + "\n".join(lines))

    assert lines
    assert not [line for line in lines if ErrorKind.SCHEMA_DRIFT in line]
