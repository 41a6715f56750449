"""Bodies written from the carriers' published formats."""

from __future__ import annotations

from pathlib import Path

from tracking import rules
from tracking.carriers import registry
from tracking.rules import Journey
from tracking.scans import CarrierError, Reading, Scan, Snapshot

HOME = Path(__file__).resolve().parents[2] / "fixtures" / "carriers"


def body(slug: str, name: str) -> bytes:
    """Return one fixture."""
    return (HOME / slug / name).read_bytes()


def read(slug: str, name: str) -> Reading:
    """Read a fixture as its name says: as a push, or as an answer."""
    adapter = registry.get(slug)
    is_push = name.startswith(("push", "alert"))
    return (adapter.parse_push if is_push else adapter.parse)(body(slug, name))


def parcel(slug: str, name: str) -> Snapshot:
    """Return the only parcel of a fixture that holds no error."""
    reading = read(slug, name)
    assert reading.errors == ()
    (found,) = reading.parcels
    return found


def lone_scan(slug: str, name: str) -> Scan:
    """Return the only scan of the only parcel."""
    (found,) = parcel(slug, name).scans
    return found


def lone_error(slug: str, name: str) -> CarrierError:
    """Return the only error of a fixture that holds no parcel."""
    reading = read(slug, name)
    assert reading.parcels == ()
    (found,) = reading.errors
    return found


def journey(snapshot: Snapshot) -> Journey:
    """Project a snapshot."""
    return rules.project(snapshot.scans, carrier=snapshot.carrier, number=snapshot.number)
