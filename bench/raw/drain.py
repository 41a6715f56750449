"""
A worker without rules: the same rows by the fewest statements, a thousand envelopes at a time.

It believes every body, knows no repeats but by constraint, takes the last event for the status
and writes no fact that the batch does not hand it.
"""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg

BATCH = 1000
CLAIM = (
    "WITH due AS (SELECT id FROM tracking_envelope WHERE state = 'waiting' ORDER BY id LIMIT %s"
    " FOR UPDATE SKIP LOCKED) UPDATE tracking_envelope e SET state = 'applied', opened_at = %s"
    " FROM due WHERE e.id = due.id RETURNING e.id, e.connection_id, e.body"
)
FIND = (
    "SELECT p.id, p.number, p.token, o.number, o.shopper_id FROM tracking_parcel p"
    " JOIN tracking_order o ON o.id = p.order_id WHERE p.is_current AND p.number = ANY(%s)"
)
SIGHTINGS = (
    "INSERT INTO tracking_sighting (parcel_id, fingerprint, envelope_id, occurred_at, status,"
    " raw_text, location, event_id, local_time, offset_source, reason, party, handed, raw_code,"
    " country, sequence, leg, is_physical, is_inferred, is_listed, received_at)"
    " SELECT v.*, '', 'offset', '', '', '', '', '', 0, 1, true, false, false, %s FROM"
    " unnest(%s::bigint[], %s::bytea[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[],"
    " %s::text[], %s::text[]) AS v ON CONFLICT (parcel_id, fingerprint) DO NOTHING"
)
PARCELS = (
    "UPDATE tracking_parcel p SET status = v.status, status_at = v.at, last_scan_at = v.at,"
    " revision = revision + 1 FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[])"
    " AS v(id, status, at) WHERE p.id = v.id AND (p.status_at IS NULL OR p.status_at <= v.at)"
)
MILESTONES = (
    "INSERT INTO tracking_parcelmilestone (parcel_id, leg, status, reached_at, noticed_at)"
    " SELECT v.a, 1, v.b, v.c, %s FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[])"
    " AS v(a, b, c) ON CONFLICT DO NOTHING RETURNING parcel_id, status"
)
EVENTS = (
    "INSERT INTO outbox_event (name, payload, recorded_at)"
    " SELECT 'tracking.parcel_reached', v::jsonb, %s FROM unnest(%s::text[]) AS v"
)


def drain(line: psycopg.Connection[Any], *, batch: int = BATCH) -> int:
    """Apply one batch; return how many envelopes it held."""
    now = datetime.now(UTC)
    with line.transaction():
        held = line.execute(CLAIM, (batch, now)).fetchall()
        if not held:
            return 0
        told = [
            (envelope, parcel["number"], event)
            for envelope, _connection, body in held
            for parcel in orjson.loads(body)["parcels"]
            for event in parcel["events"]
        ]
        numbers = list({number for _envelope, number, _event in told})
        known = {row[1]: row for row in line.execute(FIND, (numbers,)).fetchall()}
        write(line, rows(told, known), known, now=now)
    return len(held)


def rows(told: list[Any], known: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the sightings of a batch as tuples."""
    return [
        (
            known[number][0],
            hashlib.sha256(f"{number}{event['id']}".encode()).digest()[:16],
            envelope,
            datetime.fromisoformat(event["occurred_at"]),
            event["status"],
            event["text"],
            event["location"],
            event["id"],
        )
        for envelope, number, event in told
    ]


def write(
    line: psycopg.Connection[Any],
    sightings: list[tuple[Any, ...]],
    known: dict[str, Any],
    *,
    now: datetime,
) -> None:
    """Write sightings, statuses, milestones and events."""
    line.execute(SIGHTINGS, (now, *map(list, zip(*sightings, strict=True))))
    newest: dict[int, tuple[Any, ...]] = {}
    firsts: dict[tuple[int, str], Any] = {}
    for row in sightings:
        if row[0] not in newest or newest[row[0]][3] < row[3]:
            newest[row[0]] = row
        firsts.setdefault((row[0], row[4]), row[3])
    line.execute(
        PARCELS,
        (list(newest), [row[4] for row in newest.values()], [row[3] for row in newest.values()]),
    )
    made = line.execute(
        MILESTONES,
        (now, [key[0] for key in firsts], [key[1] for key in firsts], list(firsts.values())),
    ).fetchall()
    parcels = {row[0]: row for row in known.values()}
    events = [
        orjson.dumps(
            {
                "parcel_id": parcel_id, "status": status, "number": parcels[parcel_id][1],
                "token": parcels[parcel_id][2], "order": parcels[parcel_id][3],
                "to": parcels[parcel_id][4], "carrier_en": "UPS", "carrier_zh": "UPS",
                "language": "en", "reason": "", "leg": 1, "eta_from": "", "eta_to": "",
                "reached_at": firsts[parcel_id, status].isoformat(), "items": [],
            }
        ).decode()
        for parcel_id, status in made
    ]  # fmt: skip
    if events:
        line.execute(EVENTS, (now, events))


def main() -> None:
    """Drain for ever, a twentieth of a second between looks."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as line:
        while True:
            if not drain(line):
                time.sleep(0.05)


if __name__ == "__main__":
    main()
