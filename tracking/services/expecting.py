"""
Keep what is expected of each parcel: by its merchant, by its carrier, and by us.

Each entrance takes a whole batch and asks the database a constant number of times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import orjson
from django.db import transaction

from portal.lib import sql
from tracking import expecting as theory
from tracking.expecting import UNDERWAY, Estimate, Stage
from tracking.routes import calendar_of
from tracking.services import expecting_rows as store
from tracking.services import learning
from tracking.services.announcing import Changed
from tracking.services.expecting_rows import NOTHING, Known, Own, Reached, Seen
from tracking.states import ParcelStatus


def hear(*, changed: Sequence[Changed], now: datetime, revised: Sequence[int] = ()) -> None:
    """
    Keep what a batch of news changes about expectations.

    :param revised: parcels without a new scan whose carrier has another date for them.
    """
    facts = store.facts([*(one.parcel.id for one in changed), *revised])
    questions, finished = [], []
    for one in changed:
        known, journey = facts[one.parcel.id], one.journey
        seen = ((scan.occurred_at, scan.location) for scan in one.scans if scan.is_physical)
        starts = _starts(known, journey.reached, seen)
        arrived_at = theory.arrived_at(journey.reached, delivered_at=journey.delivered_at)
        if journey.status == ParcelStatus.DELIVERED and arrived_at and not journey.is_disputed:
            if known.is_real:
                finished.append((known.id, _dumped(starts), arrived_at))
            starts = {}
        elif journey.status not in UNDERWAY or arrived_at:
            starts = {}
        questions.append(_Question(known, starts))
    revisions = [row for known in facts.values() for row in store.told(known, now=now)]
    own, ours = _answer(questions, now=now)
    store.keep_revisions(revisions + ours)
    store.keep_own(own, now=now)
    store.keep_finished(finished)


@transaction.atomic
def look_again(*, now: datetime, limit: int = 500) -> int:
    """
    Think anew about silent parcels that our window has gone by; return how many there were.

    What has come to lie beyond anything we know is expected no more.
    """
    ids = [
        one
        for (one,) in sql.rows(
            "SELECT id FROM tracking_parcel WHERE own_eta_to < %s ORDER BY own_eta_to"
            " LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
            (now, limit),
        )
    ]
    reconsider(parcel_ids=ids, now=now)
    return len(ids)


@transaction.atomic
def reconsider(*, parcel_ids: Sequence[int], now: datetime) -> None:
    """Think anew about parcels without any news, as when time or a disruption has passed."""
    ids = store.hold(parcel_ids)
    if not ids:
        return
    facts = store.facts(ids)
    reached, seen = store.journeys(ids)
    questions = []
    for known in facts.values():
        starts = _starts(known, reached[known.id], seen[known.id]) if known.is_awaited else {}
        questions.append(_Question(known, starts))
    own, ours = _answer(questions, now=now)
    store.keep_revisions(ours)
    store.keep_own(own, now=now)
    store.bump([one for one, _columns in own])


class _Question(NamedTuple):
    """When is it expected? Not at all, without a start."""

    known: Known
    starts: Mapping[Stage, datetime]


def _starts(
    known: Known, reached: Iterable[Reached], seen: Iterable[Seen]
) -> dict[Stage, datetime]:
    return theory.starts(
        reached,
        placed_at=known.placed_at,
        shipped_at=known.shipped_at,
        near_at=theory.near_at(seen, city=known.city),
    )


def _dumped(starts: Mapping[Stage, datetime]) -> str:
    return orjson.dumps({str(stage): at.isoformat() for stage, at in starts.items()}).decode()


def _answer(
    questions: Sequence[_Question], *, now: datetime
) -> tuple[list[tuple[int, Own]], list[tuple[Any, ...]]]:
    """Reckon what we expect; return new columns, and revisions, where either has changed."""
    stages = {}
    if any(question.starts for question in questions):
        shelf = learning.shelf(now=now)
        for known, starts in questions:
            # Where all parcels together say nothing, no group of them does.
            furthest = (one for one in reversed(Stage) if one in starts.keys() & shelf.stages)
            if (stage := next(furthest, None)) is not None:
                stages[known.id] = stage, known.route
        shelf.fetch(stages.values())
    own, revisions = [], []
    for known, starts in questions:
        found: Estimate | None = None
        if known.id in stages:
            stage, route = stages[known.id]
            found = theory.estimate(
                starts={stage: starts[stage]},
                spread=partial(shelf.spread, route=route),
                calendar=calendar_of(known.country, known.zone),
                now=now,
                pauses=shelf.pauses(known),
            )
        ours = _columns(found)
        if ours != known.own:
            own.append((known.id, ours))
        if found and ours[:2] != known.own[:2]:
            revisions.append(store.revision(known.id, found, now=now))
    return own, revisions


def _columns(found: Estimate | None) -> Own:
    if found is None:
        return NOTHING
    return found.first, found.last, found.likely, str(found.confidence)
