"""The statements behind polling: each takes a whole batch of rows."""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from portal.lib import sql
from portal.lib.sql import columns, unnest
from tracking.cadence import GRACE, WEIGHTS, Facts, Urgency

STALE = ("stalled", "no_first_scan", "suspected_lost", "untrackable")
"""Anomalies of parcels that are not worth much of the quota."""
EVERY = tuple(sorted(WEIGHTS))


@dataclass(frozen=True, slots=True)
class Row:
    """A poll in our hands, with what of its parcel the call and the next date need."""

    id: int
    due_at: datetime
    parcel_id: int
    number: str
    empties: int
    failures: int
    asked_that_day: int
    answer: bytes
    is_current: bool
    carrier: str
    phone: str
    postcode: str
    country: str
    shipped_at: datetime | None
    facts: Facts


_FREE = (
    "q.connection_id = %(connection)s AND q.due_at <= %(now)s"
    " AND (q.leased_until IS NULL OR q.leased_until <= %(now)s)"
)
_FIRST = f"""
SELECT c.urgency, first.due_at FROM unnest(%(urgencies)s::int[]) AS c(urgency) CROSS JOIN LATERAL (
 SELECT q.due_at FROM tracking_poll q WHERE q.urgency = c.urgency AND {_FREE}
 ORDER BY q.due_at LIMIT 1
) first
"""
# The ids come as one array, not as a join: told how many rows a queue yields, the planner guesses
# wildly and reads the whole table.
_TAKE = f"""
UPDATE tracking_poll p SET leased_until = %(lease)s, day = %(day)s,
 asked_that_day = CASE WHEN p.day = %(day)s THEN p.asked_that_day ELSE 0 END + 1
WHERE p.id = ANY(ARRAY(
 SELECT q.id FROM tracking_poll q
 WHERE q.urgency = %(urgency)s AND {_FREE} AND q.due_at BETWEEN %(since)s AND %(until)s
 ORDER BY q.due_at LIMIT %(count)s FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING p.id, p.due_at, p.parcel_id, p.number, p.empties, p.failures, p.asked_that_day, p.answer,
 p.is_abroad, p.zone_minutes
"""
NEARLY = 0.75
"""Rows that weigh at least this share of what the next class's first does are taken before it."""

_ABOUT = """
SELECT q.id, p.is_current, p.number, c.slug, c.timezone, p.status, p.status_at, p.shipped_at,
 p.created_at, coalesce(p.eta_to, p.promised_at), p.is_disputed, p.hinted <> '', o.phone,
 o.postcode, o.country,
 EXISTS (SELECT 1 FROM tracking_anomaly a WHERE a.parcel_id = p.id AND a.cleared_at IS NULL
  AND a.kind = ANY(%(stale)s::text[])),
 EXISTS (SELECT 1 FROM tracking_subscription s WHERE s.parcel_id = q.parcel_id
  AND s.connection_id = %(connection)s AND s.number = q.number AND s.state = 'live'
  AND (s.expires_at IS NULL OR s.expires_at > %(now)s)),
 CASE WHEN p.number <> q.number THEN (
  SELECT nc.slug FROM tracking_parcelnumber n JOIN tracking_carrier nc ON nc.id = n.carrier_id
  WHERE n.parcel_id = q.parcel_id AND n.connection_id = %(connection)s AND n.number = q.number
 ) END
FROM unnest(%(ids)s::bigint[], %(parcels)s::bigint[], %(numbers)s::text[])
 AS q(id, parcel_id, number) JOIN tracking_parcel p ON p.id = q.parcel_id
JOIN tracking_carrier c ON c.id = p.carrier_id JOIN tracking_order o ON o.id = p.order_id
"""


def wanted(*, now: datetime) -> list[int]:
    """Return the connections at which something is due and nobody is at it."""
    return [
        pk
        for (pk,) in sql.rows(
            "SELECT c.id FROM tracking_connection c WHERE c.is_active AND EXISTS ("
            " SELECT 1 FROM unnest(%s::int[]) AS u(urgency) CROSS JOIN LATERAL ("
            "  SELECT 1 FROM tracking_poll q WHERE q.connection_id = c.id"
            "  AND q.urgency = u.urgency AND q.due_at <= %s"
            "  AND (q.leased_until IS NULL OR q.leased_until <= %s)"
            "  ORDER BY q.due_at LIMIT 1) d)",
            (list(EVERY), now, now),
            prepare=True,
        )
    ]


def claim(
    *,
    connection_id: int,
    count: int,
    only_asked: bool,
    day: date,
    lease: timedelta,
    has_push: bool,
    now: datetime,
) -> list[Row]:
    """
    Take up to ``count`` due rows, by urgency times age, for as long as the lease runs.

    Hardly more rows are read than taken, so it costs the same however many there are; a row that
    somebody else is taking is passed over.
    """
    taken = _taken(
        [Urgency.ASKED.value] if only_asked else list(EVERY), count,
        {"connection": connection_id, "lease": now + lease, "day": day, "now": now},
    )  # fmt: skip
    if not taken:
        return []
    taken.sort(key=lambda row: row[1])
    about = _about(taken, connection_id=connection_id, now=now)
    return [_row(row, about[row[0]], has_push=has_push) for row in taken if row[0] in about]


@transaction.atomic
def _taken(urgencies: list[int], count: int, at: dict[str, Any]) -> list[tuple[Any, ...]]:
    """
    Lease rows class by class, always from the class whose first row weighs most.

    As many are taken of it as weigh nearly what the next class's first does, so that a step takes
    many and no row waits behind one that is much less urgent.
    """
    now: datetime = at["now"]
    firsts: dict[int, datetime] = dict(
        sql.rows(_FIRST, at | {"urgencies": urgencies}, prepare=True)
    )

    def weight(urgency: int) -> timedelta:
        return (now - firsts[urgency] + GRACE) * WEIGHTS[urgency]

    taken: list[tuple[Any, ...]] = []
    while firsts and len(taken) < count:
        foremost, *others = sorted(firsts, key=weight, reverse=True)
        until = now
        if others:
            age = NEARLY * weight(others[0]) / WEIGHTS[foremost]
            until = min(now, now + GRACE - age)
        wanted = count - len(taken)
        step = {"urgency": foremost, "since": firsts[foremost], "until": until, "count": wanted}
        taken += sql.rows(_TAKE, at | step, prepare=True)
        if until < now:
            firsts[foremost] = until
        else:
            del firsts[foremost]
    return taken


def _about(
    taken: list[tuple[Any, ...]], *, connection_id: int, now: datetime
) -> dict[int, tuple[Any, ...]]:
    ids, parcels, numbers = columns(
        ((row[0], row[2], row[3]) for row in taken), ("bigint", "bigint", "text")
    )
    found = sql.rows(
        _ABOUT,
        {
            "ids": ids, "parcels": parcels, "numbers": numbers, "connection": connection_id,
            "stale": list(STALE), "now": now,
        },
        prepare=True,
    )  # fmt: skip
    return {row[0]: row for row in found}


def _row(taken: tuple[Any, ...], about: tuple[Any, ...], *, has_push: bool) -> Row:
    pk, due_at, parcel_id, number, empties, failures, asked, answer, is_abroad, minutes = taken
    (
        _pk, is_current, _own, slug, zone, status, status_at, shipped_at, created_at, eta,
        is_disputed, is_hinted, phone, postcode, country, is_stale, is_subscribed, other,
    ) = about  # fmt: skip
    return Row(
        id=pk,
        due_at=due_at,
        parcel_id=parcel_id,
        number=number,
        empties=empties,
        failures=failures,
        asked_that_day=asked,
        answer=bytes(answer),
        is_current=is_current,
        carrier=other or slug,
        phone=phone,
        postcode=postcode,
        country=country,
        shipped_at=shipped_at,
        facts=Facts(
            status=status,
            known_at=shipped_at or created_at,
            status_at=status_at,
            eta=eta,
            empties=empties,
            is_disputed=is_disputed,
            is_hinted=is_hinted,
            is_stale=is_stale,
            is_abroad=is_abroad,
            has_push=has_push or is_subscribed,
            zone=place_zone(minutes, zone),
        ),
    )


def place_zone(minutes: int | None, carrier_zone: str) -> timezone | ZoneInfo:
    """Return the clock at a parcel's place: as its scans tell, else its carrier's."""
    if minutes is not None:
        return timezone(timedelta(minutes=max(-1439, min(minutes, 1439))))
    try:
        return ZoneInfo(carrier_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def release(ids: Sequence[int]) -> None:
    """Give rows back that were taken and not asked about."""
    if ids:
        sql.run(
            "UPDATE tracking_poll SET leased_until = NULL,"
            " asked_that_day = greatest(asked_that_day - 1, 0) WHERE id = ANY(%s::bigint[])",
            (list(ids),),
        )


def stop(ids: Sequence[int]) -> None:
    """Ask about these rows no more."""
    if ids:
        sql.run(
            "UPDATE tracking_poll SET due_at = NULL, leased_until = NULL"
            " WHERE id = ANY(%s::bigint[])",
            (list(ids),),
        )


def put_off(ids: Sequence[int], *, until: datetime, why: str) -> None:
    """Leave these rows alone for a while, for no call can be described about them."""
    if ids:
        sql.run(
            "UPDATE tracking_poll SET due_at = %s, leased_until = NULL, failures = failures + 1,"
            " outcome = 'invalid_number', error = %s,"
            " asked_that_day = greatest(asked_that_day - 1, 0) WHERE id = ANY(%s::bigint[])",
            (until, why, list(ids)),
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one row that was asked about."""

    id: int
    was_due_at: datetime
    due_at: datetime | None
    not_before: datetime | None
    """Whatever comes in meanwhile, the carrier allows no question before."""
    urgency: int
    empties: int
    failures: int
    outcome: str
    polled_at: datetime
    http_status: int
    latency_ms: int
    error: str
    answer: bytes


_SETTLED = (
    "bigint", "timestamptz", "timestamptz", "timestamptz", "int", "int", "int", "text",
    "timestamptz", "int", "int", "text", "bytea",
)  # fmt: skip
_SETTLE = (
    "WITH v AS MATERIALIZED (SELECT * FROM " + unnest(_SETTLED) + " AS v(id, was_due_at, due_at,"
    " not_before, urgency, empties, failures, outcome, polled_at, http_status, latency_ms, error,"
    " answer))"
    " UPDATE tracking_poll q SET leased_until = NULL,"
    # What was heard while we asked knows better when to ask again.
    " due_at = CASE WHEN q.due_at = v.was_due_at THEN v.due_at"
    " WHEN q.due_at IS NOT NULL THEN greatest(q.due_at, v.not_before) END,"
    " urgency = CASE WHEN q.due_at = v.was_due_at THEN v.urgency ELSE q.urgency END,"
    " empties = v.empties, failures = v.failures, outcome = v.outcome, polled_at = v.polled_at,"
    " http_status = nullif(v.http_status, 0), latency_ms = v.latency_ms, error = v.error,"
    " answer = v.answer"
    # In the order of their keys, so that nobody who changes the same rows waits in a circle: v is
    # sorted, and so is what the index gives for an array. Of a join alone the planner reads the
    # whole table, in its own order.
    " FROM v WHERE q.id = v.id AND q.id = ANY(ARRAY(SELECT id FROM v))"
)


def settle(rows: Sequence[Settled]) -> None:
    """Write what became of rows, and give them back."""
    if rows:
        sql.run(
            _SETTLE,
            columns(
                (
                    (
                        one.id, one.was_due_at, one.due_at, one.not_before, one.urgency,
                        one.empties, one.failures, one.outcome, one.polled_at, one.http_status,
                        one.latency_ms, one.error, one.answer,
                    )
                    for one in sorted(rows, key=attrgetter("id"))
                ),
                _SETTLED,
            ),
            prepare=True,
        )  # fmt: skip


HOUR = (
    "calls", "numbers", "news", "unchanged", "not_found", "slowed", "failed", "latency_ms",
    "slowest_ms", "late_1m", "late_5m", "late_15m", "late_1h", "late_6h", "late_1d", "late_more",
)  # fmt: skip
LATE = (
    (60, "late_1m"), (300, "late_5m"), (900, "late_15m"), (3600, "late_1h"), (21_600, "late_6h"),
    (86_400, "late_1d"),
)  # fmt: skip
"""Seconds between due and asked -> the column that counts them."""
_COUNT = (
    f"INSERT INTO tracking_pollhour AS h (connection_id, hour, {', '.join(HOUR)})"
    f" VALUES (%s, date_trunc('hour', %s::timestamptz, 'UTC'), {', '.join(['%s'] * len(HOUR))})"
    " ON CONFLICT (connection_id, hour) DO UPDATE SET "
    + ", ".join(
        f"{name} = greatest(h.{name}, excluded.{name})"
        if name == "slowest_ms"
        else f"{name} = h.{name} + excluded.{name}"
        for name in HOUR
    )
)


def late(seconds: float) -> str:
    """Return the column that counts a number asked so long after it was due."""
    return next((name for most, name in LATE if seconds <= most), "late_more")


def count(*, connection_id: int, figures: dict[str, int], now: datetime) -> None:
    """Add figures to a connection's current hour."""
    sql.run(
        _COUNT,
        (connection_id, now, *(figures.get(name, 0) for name in HOUR)),
        prepare=True,
    )
