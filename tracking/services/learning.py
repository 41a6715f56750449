"""
How long parcels took: learnt from what was delivered, and kept in memory for a minute.

A burst of news asks for the statistics of its routes once.
"""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from django.db import transaction

from portal.lib import sql
from portal.lib.sql import columns, unnest
from tracking import expecting as theory
from tracking.calendars import Pause
from tracking.expecting import ENOUGH, Histogram, Spread, Stage, StatKey
from tracking.routes import Group, Level, Route, calendar_of, groups
from tracking.services import expecting_rows, watching_rows
from tracking.services.expecting_rows import Known
from tracking.troubles import Window, standstill

SETTLES = timedelta(days=1)
"""A delivery that still stands after so long is learnt from."""
KEPT = timedelta(minutes=1)
"""How long a process keeps statistics in memory."""
SHELF = 20_000
"""How many groups it keeps at most."""
LOCK = 7302
"""Advisory lock class: one learner at a time."""


@transaction.atomic
def learn(*, now: datetime, limit: int = 500) -> int:
    """
    Learn from deliveries that have stood for a day; return how many were judged.

    Each is judged once. Call it again until it returns 0; two at a time do no harm.
    """
    ((is_ours,),) = sql.rows("SELECT pg_try_advisory_xact_lock(%s, 0)", (LOCK,))
    waiting = sql.rows(_WAITING, (now - SETTLES, limit)) if is_ours else []
    if not waiting:
        return 0
    facts = expecting_rows.facts([row[0] for row in waiting])
    windows = watching_rows.windows()
    found: dict[StatKey, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    counts: dict[StatKey, int] = defaultdict(int)
    verdicts = []
    for parcel_id, starts, arrived_at, stands in waiting:
        verdicts.append((parcel_id, stands))
        if not stands:
            continue
        known = facts[parcel_id]
        for lesson in theory.lessons(
            route=known.route,
            starts={Stage(stage): datetime.fromisoformat(at) for stage, at in starts.items()},
            arrived_at=arrived_at,
            calendar=calendar_of(known.country, known.zone),
            pauses=pauses_of(known, windows),
        ):
            found[lesson.key][lesson.bucket] += lesson.weight
            counts[lesson.key] += 1
    _add(found, counts, now=now)
    sql.run(
        "UPDATE tracking_finishedjourney f SET settled_at = %s, is_learnt = v.stands"
        f" FROM {unnest(('bigint', 'bool'))} AS v(id, stands) WHERE f.parcel_id = v.id",
        (now, *columns(verdicts, ("bigint", "bool"))),
    )
    return len(verdicts)


def pauses_of(known: Known, windows: Iterable[Window]) -> tuple[Pause, ...]:
    """Return when a declared disruption lets the clock of a parcel stand still."""
    return standstill(
        windows,
        carrier_id=known.carrier_id,
        countries=(known.country, known.route.origin.country),
        places=known.city,
    )


_WAITING = (
    "SELECT f.parcel_id, f.starts, f.arrived_at, p.status = 'delivered' AND NOT p.is_disputed"
    " FROM tracking_finishedjourney f JOIN tracking_parcel p ON p.id = f.parcel_id"
    " WHERE f.settled_at IS NULL AND f.arrived_at <= %s"
    " ORDER BY f.arrived_at, f.parcel_id LIMIT %s FOR UPDATE OF f"
)


def _add(
    found: Mapping[StatKey, Mapping[int, float]], counts: Mapping[StatKey, int], *, now: datetime
) -> None:
    """Add histograms to those we have; we alone learn, so nothing changes in between."""
    if not found:
        return
    known = _read(found)
    rows = []
    for key, heard in found.items():
        sums = defaultdict(float, known.get(key, {}))
        for at, heft in heard.items():
            sums[at] += heft
        shown = orjson.dumps({str(at): sums[at] for at in sorted(sums)}).decode()
        rows.append((*key, shown, counts[key]))
    types = ("text", "text", "text", "text", "int")
    sql.run(
        "INSERT INTO tracking_transitstat AS t (stage, level, key, histogram, count, updated_at)"
        " SELECT v.stage, v.level, v.key, v.histogram::jsonb, v.count, %s::timestamptz"
        f" FROM {unnest(types)} AS v(stage, level, key, histogram, count)"
        " ON CONFLICT (stage, level, key) DO UPDATE SET histogram = excluded.histogram,"
        " count = t.count + excluded.count, updated_at = excluded.updated_at",
        (now, *columns(rows, types)),
    )


def _read(keys: Iterable[StatKey]) -> dict[StatKey, dict[int, float]]:
    types = ("text", "text", "text")
    return {
        (stage, level, key): {int(at): heft for at, heft in histogram.items()}
        for stage, level, key, histogram in sql.rows(
            "SELECT s.stage, s.level, s.key, s.histogram FROM tracking_transitstat s"
            f" JOIN {unnest(types)} AS v(stage, level, key)"
            " ON v.stage = s.stage AND v.level = s.level AND v.key = s.key",
            columns(keys, types),
        )
    }


@dataclass
class Shelf:
    """Statistics as they were read at a moment, what is not there included."""

    at: datetime
    stages: frozenset[Stage]
    """Those of which anything is known."""
    windows: Sequence[Window]
    held: dict[StatKey, Histogram] = field(default_factory=dict)
    spreads: dict[tuple[Stage, Route], Spread | None] = field(default_factory=dict)

    @classmethod
    def read(cls, *, now: datetime) -> Shelf:
        """Look what is known of all parcels together."""
        keys = {stage: theory.stat_key(stage, Group(Level.ALL, "")) for stage in Stage}
        held = _read(keys.values())
        today = theory.weight(now)
        stages = (
            stage
            for stage, key in keys.items()
            if sum(held.get(key, {}).values()) / today >= ENOUGH
        )
        return cls(
            at=now, stages=frozenset(stages), windows=watching_rows.windows(), held=dict(held)
        )

    def fetch(self, wanted: Iterable[tuple[Stage, Route]]) -> None:
        """Read what these need and is not here, at once."""
        needed = {
            theory.stat_key(stage, group)
            for stage, route in wanted
            if (stage, route) not in self.spreads
            for group in groups(route)
        }
        missing = needed - self.held.keys()
        if missing:
            found = _read(missing)
            self.held |= {key: found.get(key, {}) for key in missing}

    def spread(self, stage: Stage, route: Route) -> Spread | None:
        """Return the mix of a parcel's groups, reckoned once."""
        if (stage, route) not in self.spreads:
            # As of midnight, so that it does not depend on when this process last looked.
            day = self.at.replace(hour=0, minute=0, second=0, microsecond=0)
            self.spreads[stage, route] = theory.blend(stage, route, stats=self.held, now=day)
        return self.spreads[stage, route]

    def pauses(self, known: Known) -> tuple[Pause, ...]:
        """Return when the clock of a parcel stands still."""
        return pauses_of(known, self.windows) if self.windows else ()


_shelves: list[Shelf] = []


def shelf(*, now: datetime) -> Shelf:
    """Return the statistics this process holds, read anew after a minute."""
    if _shelves:
        kept = _shelves[0]
        if timedelta() <= now - kept.at < KEPT and len(kept.held) < SHELF:
            return kept
    _shelves[:] = [Shelf.read(now=now)]
    return _shelves[0]


def forget() -> None:
    """Forget what this process keeps, as if it had just started."""
    _shelves.clear()
