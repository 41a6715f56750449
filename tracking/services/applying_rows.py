"""The statements behind applying: each takes a whole batch and touches a table once."""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from portal.lib import sql
from portal.lib.sql import columns, unnest
from tracking.rules import Journey
from tracking.scans import Scan
from tracking.states import Handed, OffsetSource, ParcelStatus, Party, Reason

REGISTERING = 7301
"""Advisory lock class: shared while a parcel is registered, exclusive while one is missed."""

Key = tuple[int, str]
"""A connection and a normalised number."""


@dataclass(slots=True)
class Row:
    """A current parcel, locked, with what its news will need."""

    id: int
    connection_id: int
    number: str
    token: str
    shipped_at: datetime | None
    revision: int
    carrier: str
    carrier_en: str
    carrier_zh: str
    zone: str
    order: str
    shopper_id: int
    language: str
    link_version: int
    state: tuple[Any, ...]
    """``STATE`` columns as stored."""


STATE = (
    "status", "reason", "party", "handed", "leg", "is_disputed", "status_at", "delivered_at",
    "last_scan_at", "eta_from", "eta_to", "eta_at", "snapshot_at", "snapshot",
)  # fmt: skip
ETA, SNAPSHOT = slice(9, 12), slice(12, 14)
_STATE_TYPES = (
    "text", "text", "text", "text", "int", "bool", "timestamptz", "timestamptz",
    "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "bytea",
)  # fmt: skip

_SCAN = (
    "occurred_at", "local_time", "offset_source", "status", "reason", "party", "handed",
    "raw_code", "raw_text", "location", "country", "event_id", "sequence", "leg",
    "is_physical", "is_inferred",
)  # fmt: skip
_SIGHTING_TYPES = (
    "bigint", "bytea", "bigint", "timestamptz", "text", "text", "text", "text", "text", "text",
    "text", "text", "text", "text", "text", "int", "int", "bool", "bool", "bool", "timestamptz",
)  # fmt: skip


@dataclass(slots=True)
class Mark:
    """What we know of a stored sighting without reading it."""

    is_listed: bool
    is_withdrawn: bool


@dataclass(slots=True)
class Fresh:
    """A sighting to store."""

    parcel_id: int
    fingerprint: bytes
    envelope_id: int
    scan: Scan
    is_listed: bool
    withdrawn_at: datetime | None = None


_FIND = (
    "SELECT p.id, p.connection_id, p.number, p.token, p.shipped_at, p.revision, c.slug,"
    " c.name_en, c.name_zh, c.timezone, o.number, o.shopper_id, o.language, p.link_version, "
    + ", ".join(f"p.{name}" for name in STATE)
    + " FROM unnest(%s::bigint[], %s::text[]) AS w(connection_id, number)"
    " JOIN tracking_parcel p ON p.connection_id = w.connection_id AND p.number = w.number"
    " JOIN tracking_carrier c ON c.id = p.carrier_id JOIN tracking_order o ON o.id = p.order_id"
    " WHERE p.is_current ORDER BY p.id FOR NO KEY UPDATE OF p"
)


def find_parcels(keys: Iterable[Key]) -> dict[Key, Row]:
    """Return the current parcels of these connections and numbers, locked in one fixed order."""
    wanted = list(keys)
    if not wanted:
        return {}
    found = {}
    for row in sql.rows(_FIND, columns(wanted, ("bigint", "text"))):
        found[row[1], row[2]] = Row(*(*row[:14], row[14:]))
    return found


def hold_registrations(connection_ids: Iterable[int]) -> None:
    """Let no parcel be registered with these connections until we have committed."""
    for connection_id in sorted(set(connection_ids)):
        sql.rows("SELECT pg_advisory_xact_lock(%s, %s)", (REGISTERING, connection_id))


def marks(parcel_ids: list[int]) -> dict[int, dict[bytes, Mark]]:
    """Return what is stored of these parcels, by fingerprint."""
    found: dict[int, dict[bytes, Mark]] = defaultdict(dict)
    for parcel_id, fingerprint, is_listed, is_withdrawn in sql.rows(
        "SELECT parcel_id, fingerprint, is_listed, withdrawn_at IS NOT NULL"
        " FROM tracking_sighting WHERE parcel_id = ANY(%s)",
        (parcel_ids,),
    ):
        found[parcel_id][fingerprint] = Mark(is_listed, is_withdrawn)
    return found


def scans(parcel_ids: list[int]) -> dict[int, dict[bytes, Scan]]:
    """Return the stored scans of these parcels, by fingerprint."""
    found: dict[int, dict[bytes, Scan]] = defaultdict(dict)
    if not parcel_ids:
        return found
    for parcel_id, fingerprint, *values in sql.rows(
        f"SELECT parcel_id, fingerprint, {', '.join(_SCAN)}"
        " FROM tracking_sighting WHERE parcel_id = ANY(%s)",
        (parcel_ids,),
    ):
        at, local, source, status, reason, party, handed, *rest = values
        code, words, place, country, event_id, sequence, leg, is_physical, is_inferred = rest
        found[parcel_id][fingerprint] = Scan(
            occurred_at=at,
            local_time=local,
            offset_source=OffsetSource(source),
            status=ParcelStatus(status) if status else None,
            reason=Reason(reason) if reason else None,
            party=Party(party) if party else None,
            handed=Handed(handed) if handed else None,
            raw_code=code,
            raw_text=words,
            location=place,
            country=country,
            event_id=event_id,
            sequence=sequence,
            leg=leg,
            is_physical=is_physical,
            is_inferred=is_inferred,
        )
    return found


def insert_sightings(fresh: Sequence[Fresh], *, now: datetime) -> None:
    """Store new sightings; one that another worker has stored meanwhile is left as it is."""
    if not fresh:
        return
    values = [_sighting(one) for one in fresh]
    sql.run(
        "INSERT INTO tracking_sighting (parcel_id, fingerprint, envelope_id,"
        f" {', '.join(_SCAN)}, is_listed, withdrawn_at, received_at)"
        f" SELECT *, %s::timestamptz FROM {unnest(_SIGHTING_TYPES)}"
        " ON CONFLICT (parcel_id, fingerprint) DO NOTHING",
        (now, *columns(values, _SIGHTING_TYPES)),
    )


def _sighting(one: Fresh) -> tuple[Any, ...]:
    scan = one.scan
    return (
        one.parcel_id,
        one.fingerprint,
        one.envelope_id,
        scan.occurred_at,
        clip(scan.local_time, 25),
        str(scan.offset_source),
        str(scan.status or ""),
        str(scan.reason or ""),
        str(scan.party or ""),
        str(scan.handed or ""),
        clip(scan.raw_code, 60),
        clip(scan.raw_text, 4000),
        clip(scan.location, 160),
        clip(scan.country, 2),
        clip(scan.event_id, 80),
        max(-(2**31), min(scan.sequence, 2**31 - 1)),
        max(1, min(scan.leg, 32767)),
        scan.is_physical,
        scan.is_inferred,
        one.is_listed,
        one.withdrawn_at,
    )


def clip(text: str, size: int) -> str:
    """Return what a column of ``size`` characters can hold; PostgreSQL keeps no NUL."""
    return (text.replace("\x00", "") if "\x00" in text else text)[:size]


def withdraw(pairs: Sequence[tuple[int, bytes]], *, at: datetime | None) -> None:
    """Mark sightings as withdrawn at a time, or as seen again with None."""
    if pairs:
        sql.run(
            "UPDATE tracking_sighting s SET withdrawn_at = %s FROM"
            f" {unnest(('bigint', 'bytea'))} AS v(parcel_id, fingerprint)"
            " WHERE s.parcel_id = v.parcel_id AND s.fingerprint = v.fingerprint",
            (at, *columns(pairs, ("bigint", "bytea"))),
        )


def unlist(pairs: Sequence[tuple[int, bytes]]) -> None:
    """Note that single news told these too, so that a list without them withdraws nothing."""
    if pairs:
        sql.run(
            "UPDATE tracking_sighting s SET is_listed = false FROM"
            f" {unnest(('bigint', 'bytea'))} AS v(parcel_id, fingerprint)"
            " WHERE s.parcel_id = v.parcel_id AND s.fingerprint = v.fingerprint",
            columns(pairs, ("bigint", "bytea")),
        )


_SET = ", ".join(f"{name} = v.{name}" for name in STATE)
_UPDATE = (
    f"UPDATE tracking_parcel p SET revision = v.revision, {_SET}"
    f" FROM {unnest(('bigint', 'int', *_STATE_TYPES))} AS v(id, revision, {', '.join(STATE)})"
    " WHERE p.id = v.id"
)


def update_parcels(changes: Sequence[tuple[int, int, tuple[Any, ...]]]) -> None:
    """Write (id, revision, state) of parcels we hold."""
    if changes:
        sql.run(
            _UPDATE,
            columns(
                ((one, revision, *state) for one, revision, state in changes),
                ("bigint", "int", *_STATE_TYPES),
            ),
        )


def milestones(parcel_ids: list[int]) -> dict[tuple[int, int, str], datetime]:
    """Return (parcel, leg, status) -> when it was first reached, as far as we knew."""
    return {
        (parcel_id, leg, status): reached_at
        for parcel_id, leg, status, reached_at in sql.rows(
            "SELECT parcel_id, leg, status, reached_at FROM tracking_parcelmilestone"
            " WHERE parcel_id = ANY(%s)",
            (parcel_ids,),
        )
    }


def keep_milestones(reached: Sequence[tuple[int, int, str, datetime]], *, now: datetime) -> None:
    """Keep (parcel, leg, status, time): new ones, and better times of known ones."""
    if reached:
        sql.run(
            "INSERT INTO tracking_parcelmilestone AS m"
            " (parcel_id, leg, status, reached_at, noticed_at)"
            f" SELECT *, %s::timestamptz FROM {unnest(('bigint', 'int', 'text', 'timestamptz'))}"
            " ON CONFLICT (parcel_id, leg, status) DO UPDATE SET reached_at = excluded.reached_at",
            (now, *columns(reached, ("bigint", "int", "text", "timestamptz"))),
        )


def open_anomalies(parcel_ids: list[int], kinds: Sequence[str]) -> dict[tuple[int, str], int]:
    """Return (parcel, kind) -> id of the episodes of these kinds that are still open."""
    return {
        (parcel_id, kind): pk
        for pk, parcel_id, kind in sql.rows(
            "SELECT id, parcel_id, kind FROM tracking_anomaly"
            " WHERE parcel_id = ANY(%s) AND kind = ANY(%s) AND cleared_at IS NULL",
            (parcel_ids, list(kinds)),
        )
    }


def insert_anomalies(
    found: Sequence[tuple[int, str, str, int, Mapping[str, Any]]], *, now: datetime
) -> list[tuple[int, int, str, int]]:
    """
    Open episodes of trouble and return (id, parcel, kind, severity) of those that are new.

    ``found`` holds (parcel, kind, party, severity, evidence).
    """
    if not found:
        return []
    values = [(*one[:4], orjson.dumps(one[4]).decode()) for one in found]
    return sql.rows(
        "INSERT INTO tracking_anomaly (parcel_id, kind, party, severity, evidence, opened_at)"
        " SELECT v.a, v.b, v.c, v.d, v.e::jsonb, %s::timestamptz FROM"
        f" {unnest(('bigint', 'text', 'text', 'int', 'text'))} AS v(a, b, c, d, e)"
        " ON CONFLICT (parcel_id, kind) WHERE cleared_at IS NULL DO NOTHING"
        " RETURNING id, parcel_id, kind, severity",
        (now, *columns(values, ("bigint", "text", "text", "int", "text"))),
    )


def clear_anomalies(ids: list[int], *, now: datetime) -> None:
    """End these episodes."""
    if ids:
        sql.run("UPDATE tracking_anomaly SET cleared_at = %s WHERE id = ANY(%s)", (now, ids))


def contents(parcel_ids: list[int]) -> dict[int, list[str]]:
    """Return what is inside each parcel, as words for a letter."""
    inside: dict[int, list[str]] = defaultdict(list)
    if parcel_ids:
        for parcel_id, title, quantity in sql.rows(
            "SELECT l.parcel_id, o.title, l.quantity FROM tracking_parcelline l"
            " JOIN tracking_orderline o ON o.id = l.order_line_id"
            " WHERE l.parcel_id = ANY(%s) ORDER BY o.position",
            (parcel_ids,),
        ):
            inside[parcel_id].append(f"{title} × {quantity}")
    return inside


def settle(
    verdicts: Sequence[tuple[int, str, str, list[str]]], *, lease: datetime, now: datetime
) -> int:
    """
    Write what became of each envelope where our lease still holds; return how many that were.

    ``verdicts`` holds (envelope, state, error, unknown numbers).
    """
    plain = [verdict[0] for verdict in verdicts if verdict[1:] == _PLAIN]
    done = 0
    if plain:
        done += sql.run(
            f"{_SETTLE} state = 'applied', error = '', numbers = '{{}}'"
            " WHERE id = ANY(%s::bigint[]) AND state = 'waiting' AND leased_until = %s",
            (now, plain, lease),
        )
    for envelope_id, *rest in verdicts:
        if tuple(rest) != _PLAIN:
            done += sql.run(
                f"{_SETTLE} state = %s, error = %s, numbers = %s"
                " WHERE id = %s AND state = 'waiting' AND leased_until = %s",
                (now, *rest, envelope_id, lease),
            )
    return done


_SETTLE = "UPDATE tracking_envelope SET opened_at = %s, leased_until = NULL,"
_PLAIN: tuple[str, str, list[str]] = ("applied", "", [])


def be_brief() -> None:
    """
    Keep PostgreSQL from starting helpers for the short look-ups of this transaction.

    It takes a thousand parcels for a big question; starting helpers costs more than answering.
    """
    sql.run("SET LOCAL max_parallel_workers_per_gather = 0")


def state_of(journey: Journey, stored: Sequence[Any]) -> tuple[Any, ...]:
    """Return the STATE columns for a journey; what a journey does not tell stays as given."""
    return (
        str(journey.status),
        str(journey.reason or ""),
        str(journey.party or ""),
        str(journey.handed or ""),
        max(1, min(journey.leg, 32767)),
        journey.is_disputed,
        journey.status_at,
        journey.delivered_at,
        journey.last_scan_at,
        *stored[9:],
    )
