"""What peer projects made of a folder's bodies, held against our own reading of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from tests.conformance.data import files
from tracking import rules
from tracking.carriers import registry
from tracking.scans import Reading

PAYLOADS = "carrier_payloads"
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


def bodies(folder: str) -> list[Path]:
    """Return the carrier's bodies in a folder, without anybody's answers."""
    names = [path for path in files(f"{PAYLOADS}/{folder}") if ".expected." not in path.name]
    return [path for path in names if path.suffix in {".json", ".xml"}]


def ids(path: Path) -> str:
    """Name a test after its file."""
    return path.name


def read(slug: str, path: Path) -> Reading:
    """Read a body as the answer to a poll."""
    return registry.get(slug).parse(path.read_bytes())


def statuses(reading: Reading) -> list[str]:
    """Return where each parcel of a reading is at the end of its journey."""
    return [
        rules.project(one.scans, carrier=one.carrier, number=one.number).status
        for one in reading.parcels
    ]


def verdict(path: Path, reading: Reading) -> str:
    """Return a line of the conformance table."""
    counts = [len(one.scans) for one in reading.parcels]
    said = [f"{one} ({count})" for one, count in zip(statuses(reading), counts, strict=True)]
    said += [error.kind for error in reading.errors]
    return f"{path.parent.name:16} {path.name:44} {', '.join(said)}"


def reasons(folder: str) -> set[tuple[str, str, str]]:
    """Return the rows of our page that say why we read a body of this folder differently."""
    page = Path(settings.BASE_DIR) / "docs" / "carriers" / "disagreements.md"
    row = rf"^\| `{folder}/(\w+)` \| (\w+) \| `([^`]*)` \|"
    return set(re.findall(row, page.read_text(), re.MULTILINE))


def disagreements(
    slug: str, folder: str, *, is_newest_first: bool = True
) -> set[tuple[str, str, str]]:
    """
    Return (body, what, what the peer says) wherever our answer is not the peer's.

    :param is_newest_first: how the peer orders the events of this carrier.
    """
    return {
        (path.name.removesuffix(".expected.json"), what, " ".join(theirs.split()))
        for path in files(f"{PAYLOADS}/{folder}", "karrio_*.expected.json")
        for what, theirs in _differences(slug, path, turn=-1 if is_newest_first else 1)
    }


def _differences(slug: str, path: Path, *, turn: int) -> Iterator[tuple[str, str]]:
    details, messages = orjson.loads(path.read_bytes())["expected"]
    stem = path.name.removesuffix(".expected.json")
    (source,) = [one for one in bodies(path.parent.name) if one.stem == stem]
    reading = read(slug, source)
    if len(details) != len(reading.parcels):
        yield "parcels", str(len(details))
    for theirs, ours in zip(details, reading.parcels, strict=False):
        journey = rules.project(ours.scans, carrier=ours.carrier, number=ours.number)
        if theirs["tracking_number"] != ours.number:
            yield "number", theirs["tracking_number"]
        if "status" in theirs and journey.status not in PEER_STATUS[theirs["status"]]:
            yield "status", theirs["status"]
        if theirs["delivered"] != (journey.delivered_at is not None):
            yield "delivered", str(theirs["delivered"])
        signed_by = theirs.get("info", {}).get("signed_by", "")
        if signed_by and signed_by != ours.signed_by:
            yield "signed_by", signed_by
        scans = sorted(ours.scans, key=lambda scan: turn * scan.sequence)
        if len(theirs["events"]) != len(scans):
            yield "events", str(len(theirs["events"]))
        for event, scan in zip(theirs["events"], scans, strict=False):
            said: dict[str, Any] = {
                "code": scan.raw_code,
                "date": (scan.local_time or str(scan.occurred_at or ""))[:10],
                "location": scan.location,
                "description": scan.raw_text,
            }
            for what, value in said.items():
                if " ".join(event.get(what, "").split()) != value:
                    yield what, event.get(what, "")
    told = [" ".join(f"{one['code']}: {one['message']}".split()) for one in messages]
    if told != [error.message for error in reading.errors]:
        yield "messages", "; ".join(told)
