"""The statements behind expectations: each takes a whole batch and touches a table once."""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings

from portal.lib import sql
from portal.lib.sql import columns, unnest
from tracking.carriers import registry, simulator
from tracking.expecting import UNDERWAY, Estimate, EtaSource
from tracking.routes import Place, Route, place
from tracking.states import ParcelStatus

Own = tuple[datetime | None, datetime | None, datetime | None, str]
"""Our expectation as stored: from, until, most likely, confidence."""
Reached = tuple[int, ParcelStatus, datetime | None]
"""Leg, status and since when."""
Seen = tuple[datetime | None, str]
"""When and where a scan was made."""
NOTHING: Own = (None, None, None, "")


class Known(NamedTuple):
    """What the database knows of a parcel besides its news."""

    id: int
    number: str
    status: str
    delivered_at: datetime | None
    shipped_at: datetime | None
    created_at: datetime
    promised_at: datetime | None
    eta_from: datetime | None
    eta_to: datetime | None
    own_from: datetime | None
    own_to: datetime | None
    own_likely: datetime | None
    own_confidence: str
    carrier_id: int
    carrier: str
    zone: str
    adapter: str | None
    ships_from: str | None
    placed_at: datetime
    country: str
    postcode: str
    city: str
    last_promise: datetime | None
    last_from: datetime | None
    last_to: datetime | None

    @property
    def is_awaited(self) -> bool:
        """Test whether somebody is still to bring it for the first time."""
        return self.status in UNDERWAY and self.delivered_at is None

    @property
    def is_real(self) -> bool:
        """Test whether it truly travels: what is played or tried out teaches nothing."""
        if self.adapter == simulator.slug:
            return False
        adapter = registry.ADAPTERS.get(self.adapter or "")
        return adapter is None or self.number not in adapter.capabilities.test_numbers

    @property
    def own(self) -> Own:
        """Our expectation as stored."""
        return self.own_from, self.own_to, self.own_likely, self.own_confidence

    @property
    def route(self) -> Route:
        """Who carries it from where to where."""
        return Route(self.carrier, origin(self.ships_from), place(self.country, self.postcode))


_FACTS = (
    "SELECT p.id, p.number, p.status, p.delivered_at, p.shipped_at, p.created_at, p.promised_at,"
    " p.eta_from, p.eta_to, p.own_eta_from, p.own_eta_to, p.own_eta_likely, p.own_eta_confidence,"
    " c.id, c.slug, c.timezone, k.adapter, k.settings->>'ships_from', o.placed_at, o.country,"
    " o.postcode, o.city, promise.eta_to, said.eta_from, said.eta_to"
    " FROM tracking_parcel p JOIN tracking_carrier c ON c.id = p.carrier_id"
    " JOIN tracking_order o ON o.id = p.order_id"
    " LEFT JOIN tracking_connection k ON k.id = p.connection_id"
    " LEFT JOIN LATERAL (SELECT r.eta_to FROM tracking_etarevision r"
    "  WHERE p.promised_at IS NOT NULL AND r.parcel_id = p.id AND r.source = 'promised'"
    "  ORDER BY r.id DESC LIMIT 1) promise ON true"
    " LEFT JOIN LATERAL (SELECT r.eta_from, r.eta_to FROM tracking_etarevision r"
    "  WHERE p.eta_to IS NOT NULL AND r.parcel_id = p.id AND r.source = 'carrier'"
    "  ORDER BY r.id DESC LIMIT 1) said ON true"
    " WHERE p.id = ANY(%s)"
)


def facts(ids: Sequence[int]) -> dict[int, Known]:
    """Return what is known of these parcels."""
    return {row[0]: Known(*row) for row in sql.rows(_FACTS, (sql.ids(ids),))} if ids else {}


def hold(ids: Sequence[int]) -> list[int]:
    """Lock parcels, in the order in which everybody does."""
    if not ids:
        return []
    locked = sql.rows(
        "SELECT id FROM tracking_parcel WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        (list(ids),),
    )
    return [one for (one,) in locked]


def journeys(ids: Sequence[int]) -> tuple[dict[int, list[Reached]], dict[int, list[Seen]]]:
    """Return what these parcels have come to, and when they were seen where."""
    reached: dict[int, list[Reached]] = defaultdict(list)
    for parcel_id, leg, status, at in sql.rows(
        "SELECT parcel_id, leg, status, reached_at FROM tracking_parcelmilestone"
        " WHERE parcel_id = ANY(%s)",
        (list(ids),),
    ):
        reached[parcel_id].append((leg, ParcelStatus(status), at))
    seen: dict[int, list[Seen]] = defaultdict(list)
    for parcel_id, at, where in sql.rows(
        "SELECT parcel_id, occurred_at, location FROM tracking_sighting"
        " WHERE parcel_id = ANY(%s) AND is_physical AND withdrawn_at IS NULL",
        (list(ids),),
    ):
        seen[parcel_id].append((at, where))
    return reached, seen


def bump(ids: Sequence[int]) -> None:
    """Let pages that show these parcels be told anew."""
    if ids:
        sql.run(
            "UPDATE tracking_parcel SET revision = revision + 1 WHERE id = ANY(%s)", (list(ids),)
        )


def origin(ships_from: str | None) -> Place:
    """Read where parcels leave from, such as ``US 97201``: the connection's, else the house's."""
    return _place(ships_from or settings.SHIPS_FROM)


@functools.lru_cache(maxsize=256)
def _place(text: str) -> Place:
    country, _space, postcode = text.strip().partition(" ")
    return place(country.upper()[:2], postcode[:16])


_REVISION = {
    "parcel_id": "bigint", "source": "text", "eta_from": "timestamptz", "eta_to": "timestamptz",
    "likely": "timestamptz", "confidence": "text", "stage": "text", "level": "text",
    "key": "text", "weight": "float8", "seen_at": "timestamptz",
}  # fmt: skip


def told(known: Known, *, now: datetime) -> Iterator[tuple[Any, ...]]:
    """Return what merchant and carrier say and have not said before."""
    promise = known.promised_at
    if promise and promise != known.last_promise:
        source, since = str(EtaSource.PROMISED), now if known.last_promise else known.created_at
        yield known.id, source, promise, promise, None, "", "", "", "", 0.0, since
    last = known.eta_to or known.eta_from
    first = known.eta_from or last
    if last and (first, last) != (known.last_from, known.last_to):
        yield known.id, str(EtaSource.CARRIER), first, last, None, "", "", "", "", 0.0, now


def revision(parcel_id: int, found: Estimate, *, now: datetime) -> tuple[Any, ...]:
    """Return what we expect from now on."""
    return (
        parcel_id, str(EtaSource.OWN), found.first, found.last, found.likely,
        str(found.confidence), str(found.stage), str(found.group.level), found.group.key,
        round(found.weight, 1), now,
    )  # fmt: skip


def keep_revisions(rows: Sequence[tuple[Any, ...]]) -> None:
    """Add to the history of expectations."""
    if rows:
        types = tuple(_REVISION.values())
        sql.run(
            f"INSERT INTO tracking_etarevision ({', '.join(_REVISION)})"
            f" SELECT * FROM {unnest(types)}",
            columns(rows, types),
        )


def keep_own(rows: Sequence[tuple[int, Own]], *, now: datetime) -> None:
    """Write what we expect of (parcel, columns)."""
    if rows:
        types = ("bigint", "timestamptz", "timestamptz", "timestamptz", "text")
        sql.run(
            "UPDATE tracking_parcel p SET own_eta_from = v.first, own_eta_to = v.last,"
            " own_eta_likely = v.likely, own_eta_confidence = v.confidence,"
            " own_eta_at = CASE WHEN v.last IS NULL THEN NULL ELSE %s::timestamptz END"
            f" FROM {unnest(types)} AS v(id, first, last, likely, confidence) WHERE p.id = v.id",
            (now, *columns(((one, *own) for one, own in rows), types)),
        )


def keep_finished(rows: Sequence[tuple[int, str, datetime]]) -> None:
    """Put deliveries before the learner; what has been learnt from stays as it was."""
    if rows:
        types = ("bigint", "text", "timestamptz")
        sql.run(
            "INSERT INTO tracking_finishedjourney AS f (parcel_id, starts, arrived_at, is_learnt)"
            f" SELECT v.id, v.starts::jsonb, v.at, false FROM {unnest(types)} AS v(id, starts, at)"
            " ON CONFLICT (parcel_id) DO UPDATE SET starts = excluded.starts,"
            " arrived_at = excluded.arrived_at, settled_at = NULL WHERE NOT f.is_learnt",
            columns(rows, types),
        )
