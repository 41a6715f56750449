"""What Amends makes of a carrier's body: one line of JSON a file. Needs no database."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from tracking import rules
from tracking.carriers import registry
from tracking.scans import CarrierError, Reading, Scan, Snapshot


class Command(BaseCommand):
    """Read files as a carrier's adapter reads them and print what they mean."""

    help = "Print what Amends makes of a carrier's body: one JSON object a line, one line a file."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take an adapter and files."""
        parser.add_argument("adapter", help=f"one of: {', '.join(registry.slugs())}")
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--push", action="store_true", help="read the files as pushes, not as answers to a poll"
        )

    def handle(self, *, adapter: str, files: list[Path], push: bool, **options: Any) -> None:
        """Print a line for each file; a carrier's error is something read, not a failure."""
        try:
            carrier = registry.get(adapter)
        except KeyError:
            known = ", ".join(registry.slugs())
            message = f"There is no adapter {adapter!r}. Choose one of: {known}."
            raise CommandError(message) from None
        bodies = [self._read(path) for path in files]
        for body in bodies:
            reading = carrier.parse_push(body) if push else carrier.parse(body)
            self.stdout.write(orjson.dumps(describe(reading, adapter=adapter)).decode())

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror or error}.") from None


def describe(reading: Reading, *, adapter: str) -> dict[str, Any]:
    """Return a reading as plain values; a body that names no carrier is its adapter's."""
    return {
        "parcels": [_parcel(snapshot, adapter=adapter) for snapshot in reading.parcels],
        "errors": [_error(error) for error in reading.errors],
    }


def _parcel(snapshot: Snapshot, *, adapter: str) -> dict[str, Any]:
    carrier = snapshot.carrier or adapter
    journey = rules.project(snapshot.scans, carrier=carrier, number=snapshot.number)
    return {
        "number": snapshot.number,
        "carrier": carrier,
        "status": journey.status,
        "reason": journey.reason,
        "party": journey.party,
        "delivered_at": _utc(journey.delivered_at),
        "eta": _utc(snapshot.eta_to or snapshot.eta_from),
        "events": [_event(snapshot.scans[place]) for place in journey.order],
    }


def _event(scan: Scan) -> dict[str, Any]:
    return {
        "occurred_at": _utc(scan.occurred_at),
        "local_time": scan.local_time,
        "status": scan.status,
        "reason": scan.reason,
        "raw_code": scan.raw_code,
        "raw_text": scan.raw_text,
        "location": scan.location,
    }


def _error(error: CarrierError) -> dict[str, Any]:
    return {"kind": error.kind, "message": error.message, "number": error.number}


def _utc(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
