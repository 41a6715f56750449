"""The statements behind applying: each takes a whole batch and touches a table once."""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from portal.lib import sql
from portal.lib.sql import columns, unnest
from tracking.carriers.names import CARRIERS
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
    connection_id: int | None
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


@dataclass(frozen=True, slots=True)
class Target:
    """A parcel under one of its numbers: whose scans of it are whose."""

    parcel: Row
    carrier: str
    number: str


STATE = (
    "status", "reason", "party", "handed", "leg", "is_disputed", "status_at", "delivered_at",
    "last_scan_at", "hinted", "signed_by", "eta_from", "eta_to", "eta_at", "snapshot_at",
    "snapshot",
)  # fmt: skip
SIGNED_BY, ETA, SNAPSHOT = 10, slice(11, 14), slice(14, 16)
_STATE_TYPES = (
    "text", "text", "text", "text", "int", "bool", "timestamptz", "timestamptz",
    "timestamptz", "text", "text", "timestamptz", "timestamptz", "timestamptz", "timestamptz",
    "bytea",
)  # fmt: skip

_SCAN = (
    "occurred_at", "local_time", "offset_source", "status", "reason", "party", "handed",
    "raw_code", "raw_text", "location", "country", "event_id", "sequence", "leg",
    "is_physical", "is_inferred", "is_known", "is_hint",
)  # fmt: skip
_SIGHTING_TYPES = (
    "bigint", "bytea", "bigint", "timestamptz", "text", "text", "text", "text", "text", "text",
    "text", "text", "text", "text", "text", "int", "int", "bool", "bool", "bool", "bool", "int",
    "bool", "timestamptz",
)  # fmt: skip


class Stored(NamedTuple):
    """A stored sighting, as ``_STORED`` reads it; ``scan`` makes sense of the rest."""

    is_listed: bool
    is_withdrawn: bool
    is_hint: bool
    weight: int
    values: tuple[Any, ...]

    def scan(self) -> Scan:
        """Return it as a scan."""
        at, local, source, status, reason, party, handed, code, words, *rest = self.values
        place, country, event_id, sequence, leg, is_physical, is_inferred, is_known, is_hint = rest
        return Scan(
            occurred_at=at,
            local_time=local,
            offset_source=_SOURCE[source],
            status=_STATUS.get(status),
            reason=_REASON.get(reason),
            party=_PARTY.get(party),
            handed=_HANDED.get(handed),
            raw_code=code,
            raw_text=words,
            location=place,
            country=country,
            event_id=event_id,
            sequence=sequence,
            leg=leg,
            is_physical=is_physical,
            is_inferred=is_inferred,
            is_known=is_known,
            is_hint=is_hint,
        )


_SOURCE = {one.value: one for one in OffsetSource}
_STATUS = {one.value: one for one in ParcelStatus}
_REASON = {one.value: one for one in Reason}
_PARTY = {one.value: one for one in Party}
_HANDED = {one.value: one for one in Handed}


@dataclass(slots=True)
class Fresh:
    """A sighting to store."""

    parcel_id: int
    fingerprint: bytes
    envelope_id: int
    scan: Scan
    weight: int
    is_listed: bool
    withdrawn_at: datetime | None = None


_ROW = (
    "p.id, p.connection_id, p.number, p.token, p.shipped_at, p.revision, c.slug,"
    " c.name_en, c.name_zh, c.timezone, o.number, o.shopper_id, o.language, p.link_version, "
    + ", ".join(f"p.{name}" for name in STATE)
)
_JOINS = (
    " JOIN tracking_carrier c ON c.id = p.carrier_id JOIN tracking_order o ON o.id = p.order_id"
)
_LOCKED = " ORDER BY p.id FOR NO KEY UPDATE OF p"
_WANTED = " FROM unnest(%s::bigint[], %s::text[]) AS w(connection_id, number)"
_FIND = (
    f"SELECT {_ROW}{_WANTED} JOIN tracking_parcel p ON p.connection_id = w.connection_id"
    f" AND p.number = w.number{_JOINS} WHERE p.is_current{_LOCKED}"
)
_FIND_FURTHER = (
    f"SELECT n.connection_id, n.number, nc.slug, {_ROW}{_WANTED}"
    " JOIN tracking_parcelnumber n ON n.connection_id = w.connection_id AND n.number = w.number"
    " JOIN tracking_carrier nc ON nc.id = n.carrier_id"
    f" JOIN tracking_parcel p ON p.id = n.parcel_id{_JOINS}{_LOCKED}"
)


def find_parcels(keys: Iterable[Key]) -> dict[Key, Target]:
    """Return the current parcels of these connections and numbers, locked in one fixed order."""
    wanted = list(keys)
    if not wanted:
        return {}
    found: dict[Key, Target] = {}
    for row in sql.rows(_FIND, columns(wanted, ("bigint", "text"))):
        found[row[1], row[2]] = Target(Row(*(*row[:14], row[14:])), row[6], row[2])
    return found


def find_further(keys: Iterable[Key], known: Mapping[Key, Target]) -> dict[Key, Target]:
    """Return parcels that travel under one of these numbers besides their own, locked."""
    wanted = list(keys)
    if not wanted:
        return {}
    held = {target.parcel.id: target.parcel for target in known.values()}
    found: dict[Key, Target] = {}
    for connection_id, number, carrier, *row in sql.rows(
        _FIND_FURTHER, columns(wanted, ("bigint", "text"))
    ):
        parcel = held.setdefault(row[0], Row(*(*row[:14], tuple(row[14:]))))
        found[connection_id, number] = Target(parcel, carrier, number)
    return found


def lock_parcels(parcel_ids: Sequence[int]) -> list[Row]:
    """Return these parcels, locked in one fixed order."""
    statement = f"SELECT {_ROW} FROM tracking_parcel p{_JOINS} WHERE p.id = ANY(%s){_LOCKED}"
    return [Row(*(*row[:14], row[14:])) for row in sql.rows(statement, (list(parcel_ids),))]


def hold_registrations(connection_ids: Iterable[int]) -> None:
    """Let no parcel be registered with these connections until we have committed."""
    for connection_id in sorted(set(connection_ids)):
        sql.rows("SELECT pg_advisory_xact_lock(%s, %s)", (REGISTERING, connection_id))


_STORED = (
    "SELECT parcel_id, fingerprint, is_listed, withdrawn_at IS NOT NULL, is_hint, weight,"
    f" {', '.join(_SCAN)} FROM tracking_sighting WHERE parcel_id = ANY(%s)"
)


def stored(parcel_ids: list[int]) -> dict[int, dict[bytes, Stored]]:
    """Return what is stored of these parcels, by fingerprint."""
    found: dict[int, dict[bytes, Stored]] = defaultdict(dict)
    for row in sql.rows(_STORED, (parcel_ids,)):
        found[row[0]][row[1]] = Stored(row[2], row[3], row[4], row[5], row[6:])
    return found


def insert_sightings(fresh: Sequence[Fresh], *, now: datetime) -> None:
    """Store new sightings; one that another worker has stored meanwhile is left as it is."""
    if not fresh:
        return
    values = [_sighting(one) for one in fresh]
    sql.run(
        "INSERT INTO tracking_sighting (parcel_id, fingerprint, envelope_id,"
        f" {', '.join(_SCAN)}, weight, is_listed, withdrawn_at, received_at)"
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
        scan.is_known,
        scan.is_hint,
        one.weight,
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


_READING = ("status", "reason", "party", "handed", "leg")
_READING_TYPES = ("text", "text", "text", "text", "int", "bool", "bool", "bool", "bool", "int")


def read_anew(readings: Sequence[tuple[int, bytes, Scan, int]]) -> None:
    """Let (parcel, fingerprint, scan, weight) be what stored sightings are taken to mean."""
    if readings:
        sql.run(
            "UPDATE tracking_sighting s SET status = v.c, reason = v.d, party = v.e,"
            " handed = v.f, leg = v.g, is_physical = v.h, is_inferred = v.i, is_known = v.j,"
            " is_hint = v.k, weight = v.l FROM"
            f" {unnest(('bigint', 'bytea', *_READING_TYPES))} AS v(a, b, c, d, e, f, g, h, i, j,"
            " k, l) WHERE s.parcel_id = v.a AND s.fingerprint = v.b",
            columns(
                (
                    (
                        parcel_id,
                        fingerprint,
                        *(str(getattr(scan, name) or "") for name in _READING[:4]),
                        max(1, min(scan.leg, 32767)),
                        scan.is_physical,
                        scan.is_inferred,
                        scan.is_known,
                        scan.is_hint,
                        weight,
                    )
                    for parcel_id, fingerprint, scan, weight in readings
                ),
                ("bigint", "bytea", *_READING_TYPES),
            ),
        )


def count_unknown(seen: Mapping[tuple[str, str], tuple[str, int]], *, now: datetime) -> None:
    """Count (adapter, code) -> (words, times) of codes that no table has."""
    if seen:
        sql.run(
            "INSERT INTO tracking_carriercode AS c (adapter, code, words, seen, first_seen_at,"
            " last_seen_at, status, reason, party, handed)"
            " SELECT v.a, v.b, v.c, v.d, %s::timestamptz, %s::timestamptz, '', '', '', '' FROM"
            f" {unnest(('text', 'text', 'text', 'int'))} AS v(a, b, c, d)"
            " ON CONFLICT (adapter, code) DO UPDATE SET seen = c.seen + excluded.seen,"
            " last_seen_at = excluded.last_seen_at",
            (
                now,
                now,
                *columns(
                    (
                        (adapter, code, words, times)
                        for (adapter, code), (words, times) in sorted(seen.items())
                    ),
                    ("text", "text", "text", "int"),
                ),
            ),
        )


def meanings(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str, str, str]]:
    """Return what staff say that these (adapter, code) mean: status, reason, party, handed."""
    return {
        (adapter, code): (status, reason, party, handed)
        for adapter, code, status, reason, party, handed in sql.rows(
            "SELECT c.adapter, c.code, c.status, c.reason, c.party, c.handed FROM"
            f" {unnest(('text', 'text'))} AS v(a, b) JOIN tracking_carriercode c"
            " ON c.adapter = v.a AND c.code = v.b WHERE c.mapped_at IS NOT NULL",
            columns(sorted(set(keys)), ("text", "text")),
        )
    }


def add_numbers(
    onward: Iterable[tuple[int, int, str, str]], *, now: datetime
) -> list[tuple[int, int, str]]:
    """
    Keep (parcel, connection, carrier, number) under which parcels travel on.

    Return (parcel, connection, number) of those that are new. A carrier that nobody knows is left
    out, and so is a number that another parcel has.
    """
    rows = sorted(set(onward))
    if not rows:
        return []
    _name_carriers(carrier for _parcel, _connection, carrier, _number in rows)
    return sql.rows(
        "INSERT INTO tracking_parcelnumber (parcel_id, connection_id, carrier_id, number,"
        " created_at) SELECT v.a, v.b, c.id, v.d, %s::timestamptz FROM"
        f" {unnest(('bigint', 'bigint', 'text', 'text'))} AS v(a, b, c, d)"
        " JOIN tracking_carrier c ON c.slug = v.c WHERE NOT EXISTS (SELECT 1 FROM"
        " tracking_parcel p WHERE p.connection_id = v.b AND p.number = v.d AND p.is_current)"
        " ON CONFLICT (connection_id, number) DO NOTHING"
        " RETURNING parcel_id, connection_id, number",
        (now, *columns(rows, ("bigint", "bigint", "text", "text"))),
    )


def _name_carriers(slugs: Iterable[str]) -> None:
    """Have rows of these carriers, from the shipped names where they are heard of first."""
    named = [(slug, *CARRIERS[slug]) for slug in sorted(set(slugs)) if slug in CARRIERS]
    types = ("text",) * 5
    sql.run(
        "INSERT INTO tracking_carrier (slug, name_en, name_zh, timezone, tracking_url)"
        f" SELECT * FROM {unnest(types)} AS v ON CONFLICT (slug) DO NOTHING",
        columns(named, types),
    )


def pollable(carriers: Iterable[str]) -> dict[str, int]:
    """Return carrier -> the one active connection that speaks to it directly, if it is only one."""
    return {
        adapter: connection_id
        for adapter, connection_id, count in sql.rows(
            "SELECT adapter, min(id), count(*) FROM tracking_connection"
            " WHERE is_active AND adapter = ANY(%s) GROUP BY adapter",
            (sorted(set(carriers)),),
        )
        if count == 1
    }


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
            (sql.ids(parcel_ids),),
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


def contents(parcel_ids: list[int]) -> dict[int, list[str]]:
    """Return what is inside each parcel, as words for a letter."""
    inside: dict[int, list[str]] = defaultdict(list)
    if parcel_ids:
        for parcel_id, title, quantity in sql.rows(
            "SELECT l.parcel_id, o.title, l.quantity FROM tracking_parcelline l"
            " JOIN tracking_orderline o ON o.id = l.order_line_id"
            " WHERE l.parcel_id = ANY(%s) ORDER BY o.position",
            (sql.ids(parcel_ids),),
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
            (now, sql.ids(plain), lease),
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
        str(journey.hinted or ""),
        *stored[SIGNED_BY:],
    )
