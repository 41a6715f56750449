"""The statements behind watching: each takes a whole batch and touches a table once."""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from portal.lib import sql
from portal.lib.sql import columns, unnest
from tracking.states import ParcelStatus
from tracking.troubles import Rule, Window


class Seen(NamedTuple):
    """One parcel with what its clocks look at."""

    id: int
    carrier_id: int
    connection_id: int | None
    deaf: str
    """Why nothing can be heard of it: no_connection, invalid_number, or nothing."""
    status: str
    party: str
    shipped_at: datetime | None
    created_at: datetime
    status_at: datetime | None
    delivered_at: datetime | None
    last_scan_at: datetime | None
    eta_to: datetime | None
    promised_at: datetime | None
    lane: str


_SEEN = """
SELECT p.id, p.carrier_id, p.connection_id,
       CASE WHEN NOT (coalesce(n.is_active, false) OR EXISTS (
           SELECT FROM tracking_parcelnumber f
           JOIN tracking_connection fn ON fn.id = f.connection_id
           WHERE f.parcel_id = p.id AND fn.is_active)) THEN 'no_connection'
         WHEN p.last_scan_at IS NULL AND EXISTS (
           SELECT FROM tracking_poll q WHERE q.parcel_id = p.id AND q.outcome = 'invalid_number')
           THEN 'invalid_number' ELSE '' END,
       p.status, p.party, p.shipped_at, p.created_at, p.status_at, p.delivered_at, p.last_scan_at,
       p.eta_to, p.promised_at, coalesce(w.lane, '')
"""


def claim_parcels(*, now: datetime, limit: int) -> list[Seen]:
    """
    Take those off the list whose turn it is, longest first; leave what somebody else has taken.

    Only their places on the list are locked: most parcels turn out to need nothing, and a lock
    would write to every one of them.
    """
    return [
        Seen(*row)
        for row in sql.rows(
            f"{_SEEN} FROM tracking_parcelcheck w JOIN tracking_parcel p ON p.id = w.parcel_id"
            " LEFT JOIN tracking_connection n ON n.id = p.connection_id"
            " WHERE w.check_at <= %s ORDER BY w.check_at LIMIT %s"
            " FOR NO KEY UPDATE OF w SKIP LOCKED",
            (now, limit),
        )
    ]


_PARCELS = (
    f"{_SEEN} FROM tracking_parcel p LEFT JOIN tracking_parcelcheck w ON w.parcel_id = p.id"
    " LEFT JOIN tracking_connection n ON n.id = p.connection_id WHERE p.id = ANY(%s) ORDER BY p.id"
)


def parcels(ids: Sequence[int]) -> list[Seen]:
    """Return parcels whose rows we hold already."""
    return [Seen(*row) for row in sql.rows(_PARCELS, (list(ids),))] if ids else []


def lock_parcels(ids: Sequence[int]) -> list[Seen]:
    """Lock parcels, so that no news changes them meanwhile; leave those that somebody holds."""
    if not ids:
        return []
    held = sql.rows(
        "SELECT id FROM tracking_parcel WHERE id = ANY(%s) ORDER BY id"
        " FOR NO KEY UPDATE SKIP LOCKED",
        (list(ids),),
    )
    return parcels([pk for (pk,) in held])


def destinations(parcel_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return parcel -> (country, city) it goes to."""
    if not parcel_ids:
        return {}
    return {
        pk: (country, city)
        for pk, country, city in sql.rows(
            "SELECT p.id, o.country, o.city FROM tracking_parcel p"
            " JOIN tracking_order o ON o.id = p.order_id WHERE p.id = ANY(%s)",
            (list(parcel_ids),),
        )
    }


def watched(ids: Sequence[int], kinds: Iterable[str]) -> dict[int, tuple[datetime | None, bool]]:
    """Return parcel -> (when it is looked at again, whether one of ``kinds`` is open)."""
    return {
        parcel_id: (check_at, is_open)
        for parcel_id, check_at, is_open in sql.rows(
            "SELECT p.id, w.check_at, EXISTS (SELECT FROM tracking_anomaly a"
            " WHERE a.parcel_id = p.id AND a.cleared_at IS NULL AND a.kind = ANY(%s))"
            " FROM unnest(%s::bigint[]) AS p(id)"
            " LEFT JOIN tracking_parcelcheck w ON w.parcel_id = p.id",
            (list(kinds), sql.ids(ids)),
        )
    }


def watch_parcels(ids: Sequence[int], *, at: datetime) -> None:
    """Look at these parcels at a time, or sooner if that was meant already."""
    if ids:
        sql.run(
            "INSERT INTO tracking_parcelcheck AS w (parcel_id, check_at)"
            " SELECT id, %s FROM unnest(%s::bigint[]) AS p(id)"
            " ON CONFLICT (parcel_id) DO UPDATE SET check_at = excluded.check_at"
            " WHERE w.check_at > excluded.check_at",
            (at, list(ids)),
        )


def put_off(checks: Sequence[tuple[int, datetime, str]]) -> None:
    """Write (parcel, when to look again, lane)."""
    if checks:
        types = ("bigint", "timestamptz", "text")
        sql.run(
            "UPDATE tracking_parcelcheck w SET check_at = v.check_at, lane = v.lane"
            f" FROM {unnest(types)} AS v(id, check_at, lane) WHERE w.parcel_id = v.id",
            columns(checks, types),
        )


def forget_parcels(ids: Sequence[int]) -> None:
    """Stop looking at these parcels."""
    if ids:
        sql.run("DELETE FROM tracking_parcelcheck WHERE parcel_id = ANY(%s)", (list(ids),))


@dataclass(slots=True)
class Episode:
    """A stored episode: open, or ended by somebody, who then has the last word on it."""

    id: int
    subject_id: int
    kind: str
    level: int
    severity: int
    party: str
    lane: str
    episode: str
    since: datetime | None
    next_at: datetime | None
    lost_at: datetime | None
    opened_at: datetime
    told_at: datetime | None
    cleared_at: datetime | None
    evidence: Mapping[str, Any]


_EPISODE = (
    "a.id, a.{owner}_id, a.kind, a.level, a.severity, a.party, a.lane, a.episode, a.since,"
    " a.next_at, a.lost_at, a.opened_at, a.told_at, a.cleared_at, a.evidence"
)


def episodes(ids: Sequence[int], kinds: Iterable[str], *, owner: str = "parcel") -> list[Episode]:
    """Return what is open of these kinds, and what people or machines said is over."""
    return [
        Episode(*row)
        for row in sql.rows(
            f"SELECT {_EPISODE.format(owner=owner)} FROM tracking_anomaly a"
            f" WHERE a.{owner}_id = ANY(%s) AND a.kind = ANY(%s)"
            " AND (a.cleared_at IS NULL OR a.cleared_by IN ('hand', 'merchant')) ORDER BY a.id",
            (sql.ids(ids), list(kinds)),
        )
    ]


def open_episodes(anomaly_ids: Sequence[int], *, owner: str) -> list[Episode]:
    """
    Return those of these episodes that are open, their parcels or orders locked first.

    News locks in the same order, so neither waits for the other in a circle.
    """
    table = "tracking_parcel" if owner == "parcel" else "tracking_order"
    sql.rows(
        f"SELECT p.id FROM {table} p WHERE p.id IN (SELECT {owner}_id FROM tracking_anomaly"
        " WHERE id = ANY(%s)) ORDER BY p.id FOR NO KEY UPDATE OF p",
        (list(anomaly_ids),),
    )
    return [
        Episode(*row)
        for row in sql.rows(
            f"SELECT {_EPISODE.format(owner=owner)} FROM tracking_anomaly a WHERE a.id = ANY(%s)"
            f" AND a.{owner}_id IS NOT NULL AND a.cleared_at IS NULL ORDER BY a.id",
            (list(anomaly_ids),),
        )
    ]


class Fresh(NamedTuple):
    """An episode to open."""

    subject_id: int
    kind: str
    party: str
    severity: int
    level: int
    lane: str
    episode: str
    since: datetime | None
    next_at: datetime | None
    lost_at: datetime | None
    told_at: datetime | None
    is_public: bool
    evidence: Mapping[str, Any]


_FRESH = (
    "bigint", "text", "text", "int", "int", "text", "text", "timestamptz", "timestamptz",
    "timestamptz", "timestamptz", "bool", "text",
)  # fmt: skip


def insert(
    fresh: Sequence[Fresh], *, now: datetime, owner: str = "parcel"
) -> dict[tuple[int, str], int]:
    """Open episodes and return (parcel or order, kind) -> id of those that are new."""
    if not fresh:
        return {}
    where = "" if owner == "parcel" else " AND order_id IS NOT NULL"
    values = [(*one[:-1], orjson.dumps(one.evidence).decode()) for one in fresh]
    return {
        (subject_id, kind): pk
        for pk, subject_id, kind in sql.rows(
            f"INSERT INTO tracking_anomaly ({owner}_id, kind, party, severity, level, lane,"
            " episode, since, next_at, lost_at, told_at, is_public, evidence, opened_at)"
            " SELECT v.a, v.b, v.c, v.d, v.e, v.f, v.g, v.h, v.i, v.j, v.k, v.l, v.m::jsonb,"
            f" %s::timestamptz FROM {unnest(_FRESH)} AS v(a, b, c, d, e, f, g, h, i, j, k, l, m)"
            f" ON CONFLICT ({owner}_id, kind) WHERE cleared_at IS NULL{where} DO NOTHING"
            f" RETURNING id, {owner}_id, kind",
            (now, *columns(values, _FRESH)),
        )
    }


class Risen(NamedTuple):
    """An open episode that has come further; ``evidence`` is added to what is there."""

    id: int
    level: int
    severity: int
    next_at: datetime | None
    lost_at: datetime | None
    told_at: datetime | None
    is_public: bool
    evidence: Mapping[str, Any]


_RISEN = (
    "bigint", "int", "int", "timestamptz", "timestamptz", "timestamptz", "bool", "text",
)  # fmt: skip


def raise_(risen: Sequence[Risen], *, now: datetime) -> set[int]:
    """Raise open episodes to a higher level and return the ids of those that rose."""
    if not risen:
        return set()
    values = [(*one[:-1], orjson.dumps(one.evidence).decode()) for one in risen]
    return {
        pk
        for (pk,) in sql.rows(
            "UPDATE tracking_anomaly a SET level = v.level, severity = least(a.severity,"
            " v.severity), next_at = v.next_at, lost_at = v.lost_at,"
            " told_at = coalesce(a.told_at, v.told_at), is_public = a.is_public OR v.is_public,"
            " escalated_at = %s, evidence = jsonb_set(a.evidence, '{history}',"
            " coalesce(a.evidence->'history', '[]'::jsonb) || v.evidence::jsonb)"
            f" FROM {unnest(_RISEN)}"
            " AS v(id, level, severity, next_at, lost_at, told_at, is_public, evidence)"
            " WHERE a.id = v.id AND a.cleared_at IS NULL AND a.level < v.level RETURNING a.id",
            (now, *columns(values, _RISEN)),
        )
    }


def clear(over: Sequence[tuple[int, str, Mapping[str, Any]]], *, now: datetime) -> set[int]:
    """End open episodes, given as (id, through what, evidence of it); return the ids that ended."""
    if not over:
        return set()
    types = ("bigint", "text", "text")
    values = [(pk, how, orjson.dumps({"cleared": why}).decode()) for pk, how, why in over]
    return {
        pk
        for (pk,) in sql.rows(
            "UPDATE tracking_anomaly a SET cleared_at = %s, cleared_by = v.how, next_at = NULL,"
            f" evidence = a.evidence || v.why::jsonb FROM {unnest(types)} AS v(id, how, why)"
            " WHERE a.id = v.id AND a.cleared_at IS NULL RETURNING a.id",
            (now, *columns(values, types)),
        )
    }


def reschedule(steps: Sequence[tuple[int, datetime | None, datetime | None]]) -> None:
    """Write (episode, when its next step is, when the parcel is taken for lost)."""
    if steps:
        types = ("bigint", "timestamptz", "timestamptz")
        sql.run(
            "UPDATE tracking_anomaly a SET next_at = v.next_at, lost_at = v.lost_at"
            f" FROM {unnest(types)} AS v(id, next_at, lost_at)"
            " WHERE a.id = v.id AND a.cleared_at IS NULL",
            columns(steps, types),
        )


def show_anew(parcel_ids: Iterable[int]) -> None:
    """Let the pages of these parcels be told anew."""
    ids = sorted(set(parcel_ids))
    if ids:
        sql.run("UPDATE tracking_parcel SET revision = revision + 1 WHERE id = ANY(%s)", (ids,))


def show_orders_anew(order_ids: Iterable[int]) -> None:
    """Let the pages of all parcels of these orders be told anew."""
    ids = sorted(set(order_ids))
    if ids:
        sql.run(
            "UPDATE tracking_parcel SET revision = revision + 1 WHERE id IN (SELECT id"
            " FROM tracking_parcel WHERE order_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)",
            (ids,),
        )


class Quote(NamedTuple):
    """A scan as the carrier told it."""

    occurred_at: datetime
    status: str
    raw_code: str
    raw_text: str
    location: str
    country: str


def last_scans(parcel_ids: Sequence[int]) -> dict[int, Quote]:
    """Return the newest dated physical scan of each parcel."""
    return {row[0]: Quote(*row[1:]) for row in _scans(parcel_ids, "occurred_at DESC")}


def origins(parcel_ids: Sequence[int]) -> dict[int, str]:
    """Return the country of the first physical scan of each parcel that names one."""
    return {row[0]: row[6] for row in _scans(parcel_ids, "occurred_at", " AND country <> ''")}


def _scans(parcel_ids: Sequence[int], order: str, also: str = "") -> list[tuple[Any, ...]]:
    if not parcel_ids:
        return []
    return sql.rows(
        "SELECT DISTINCT ON (parcel_id) parcel_id, occurred_at, status, raw_code,"
        " left(raw_text, 500), location, country FROM tracking_sighting"
        " WHERE parcel_id = ANY(%s) AND is_physical AND withdrawn_at IS NULL"
        f" AND occurred_at IS NOT NULL{also} ORDER BY parcel_id, {order}, id",
        (list(parcel_ids),),
    )


def attempts(parcel_ids: Sequence[int]) -> dict[int, list[datetime]]:
    """Return when delivery of each parcel was tried in vain."""
    found: dict[int, list[datetime]] = defaultdict(list)
    if parcel_ids:
        for parcel_id, at in sql.rows(
            "SELECT parcel_id, occurred_at FROM tracking_sighting WHERE parcel_id = ANY(%s)"
            " AND status = %s AND withdrawn_at IS NULL AND occurred_at IS NOT NULL",
            (list(parcel_ids), str(ParcelStatus.ATTEMPT_FAILED)),
        ):
            found[parcel_id].append(at)
    return found


class Addressee(NamedTuple):
    """What a letter about a parcel or an order says of it and to whom it goes."""

    id: int
    status: str
    last_scan_at: datetime | None
    token: str
    number: str
    link_version: int
    carrier_en: str
    carrier_zh: str
    carrier_zone: str
    order: str
    shopper_id: int
    language: str
    country: str


def addressees(parcel_ids: Iterable[int]) -> dict[int, Addressee]:
    """Return whom to tell about each parcel."""
    ids = list(parcel_ids)
    if not ids:
        return {}
    return {
        row[0]: Addressee(*row)
        for row in sql.rows(
            "SELECT p.id, p.status, p.last_scan_at, p.token, p.number, p.link_version, c.name_en,"
            " c.name_zh, c.timezone, o.number, o.shopper_id, o.language, o.country"
            " FROM tracking_parcel p JOIN tracking_carrier c ON c.id = p.carrier_id"
            " JOIN tracking_order o ON o.id = p.order_id WHERE p.id = ANY(%s)",
            (ids,),
        )
    }


def order_addressees(order_ids: Iterable[int]) -> dict[int, Addressee]:
    """Return whom to tell about each order."""
    return {
        row[0]: Addressee(row[0], "", None, "", "", 1, "", "", "UTC", *row[1:])
        for row in sql.rows(
            "SELECT id, number, shopper_id, language, country FROM tracking_order"
            " WHERE id = ANY(%s)",
            (list(order_ids),),
        )
    }


class SeenOrder(NamedTuple):
    """One order, locked, with what its clocks look at."""

    id: int
    number: str
    placed_at: datetime
    shopper_id: int
    language: str
    country: str
    has_parcel: bool


_ORDER = (
    "SELECT o.id, o.number, o.placed_at, o.shopper_id, o.language, o.country,"
    " EXISTS (SELECT FROM tracking_parcel p WHERE p.order_id = o.id)"
)


def claim_orders(*, now: datetime, limit: int) -> list[SeenOrder]:
    """Lock the orders that are due, longest first, and leave those that somebody else holds."""
    return [
        SeenOrder(*row)
        for row in sql.rows(
            f"{_ORDER} FROM tracking_ordercheck w JOIN tracking_order o ON o.id = w.order_id"
            " WHERE w.check_at <= %s ORDER BY w.check_at LIMIT %s"
            " FOR NO KEY UPDATE OF o SKIP LOCKED",
            (now, limit),
        )
    ]


def watched_orders(ids: Sequence[int]) -> list[SeenOrder]:
    """Lock those of these orders that are looked at, in one fixed order."""
    return [
        SeenOrder(*row)
        for row in sql.rows(
            f"{_ORDER} FROM tracking_ordercheck w JOIN tracking_order o ON o.id = w.order_id"
            " WHERE w.order_id = ANY(%s) ORDER BY o.id FOR NO KEY UPDATE OF o",
            (list(ids),),
        )
    ]


def watch_orders(ids: Sequence[int], *, at: datetime) -> None:
    """Look at these orders at a time, or sooner if that was meant already."""
    if ids:
        sql.run(
            "INSERT INTO tracking_ordercheck AS w (order_id, check_at)"
            " SELECT id, %s FROM unnest(%s::bigint[]) AS o(id)"
            " ON CONFLICT (order_id) DO UPDATE SET check_at = excluded.check_at"
            " WHERE w.check_at > excluded.check_at",
            (at, list(ids)),
        )


def put_off_orders(checks: Sequence[tuple[int, datetime]]) -> None:
    """Write (order, when to look again)."""
    if checks:
        types = ("bigint", "timestamptz")
        sql.run(
            "UPDATE tracking_ordercheck w SET check_at = v.check_at"
            f" FROM {unnest(types)} AS v(id, check_at) WHERE w.order_id = v.id",
            columns(checks, types),
        )


def forget_orders(ids: Sequence[int]) -> None:
    """Stop looking at these orders."""
    if ids:
        sql.run("DELETE FROM tracking_ordercheck WHERE order_id = ANY(%s)", (list(ids),))


def order_lines(order_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return what was bought with each order, as words for a letter."""
    inside: dict[int, list[str]] = defaultdict(list)
    if order_ids:
        for order_id, title, quantity in sql.rows(
            "SELECT order_id, title, quantity FROM tracking_orderline WHERE order_id = ANY(%s)"
            " ORDER BY position",
            (list(order_ids),),
        ):
            inside[order_id].append(f"{title} × {quantity}")
    return inside


class Home(NamedTuple):
    """A carrier as its calendar needs it."""

    id: int
    slug: str
    zone: str
    country: str
    subdivision: str
    weekdays: str
    is_postal: bool | None
    pickup_days: int


def homes() -> list[Home]:
    """Return every carrier."""
    return [
        Home(*row)
        for row in sql.rows(
            "SELECT id, slug, timezone, country, subdivision, weekdays, is_postal, pickup_days"
            " FROM tracking_carrier"
        )
    ]


def rules() -> list[Rule]:
    """Return every threshold."""
    return [
        Rule(
            id=pk, kind=kind, lane=lane, carrier_id=carrier_id, level=level, anchor=anchor,
            amount=amount, unit=unit, quiet_days=quiet_days, severity=severity,
            tells_shopper=tells, asks_carrier=asks, is_active=is_active,
        )
        for pk, kind, lane, carrier_id, level, anchor, amount, unit, quiet_days, severity, tells,
            asks, is_active in sql.rows(
            "SELECT id, kind, lane, carrier_id, level, anchor, amount, unit, quiet_days, severity,"
            " tells_shopper, asks_carrier, is_active FROM tracking_threshold ORDER BY id"
        )
    ]  # fmt: skip


def windows() -> list[Window]:
    """Return every declared disruption."""
    return [
        Window(begins=begins, ends=ends, carrier_id=carrier_id, country=country, region=region)
        for begins, ends, carrier_id, country, region in sql.rows(
            "SELECT begins_at, ends_at, carrier_id, country, region FROM tracking_disruptionwindow"
        )
    ]


def deaf(*, now: datetime, grace: timedelta) -> dict[int, datetime]:
    """
    Return connection -> since when it cannot be asked, while its line is down.

    A line that came back less than ``grace`` ago still counts: not everything has been asked yet.
    """
    return dict(
        sql.rows(
            "SELECT connection_id, opened_at FROM tracking_breaker"
            " WHERE state <> 'closed' AND opened_at IS NOT NULL"
            " UNION ALL SELECT b.connection_id, ("
            "   SELECT max(o.moved_at) FROM tracking_breakermove o"
            "   WHERE o.connection_id = b.connection_id AND o.origin = 'closed'"
            "   AND o.target = 'open')"
            " FROM tracking_breaker b WHERE b.state = 'closed' AND EXISTS ("
            "   SELECT FROM tracking_breakermove m WHERE m.connection_id = b.connection_id"
            "   AND m.target = 'closed' AND m.origin <> 'closed' AND m.moved_at > %s)",
            (now - grace,),
        )
    )
