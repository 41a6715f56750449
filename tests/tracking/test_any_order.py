"""Whatever order and repetition a recorded journey comes in, it adds up to the same."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.data import DATA
from tests.tracking.carriers.fixtures import HOME
from tracking import rules
from tracking.carriers import registry
from tracking.scans import Scan, Snapshot
from tracking.states import SOFT_TERMINAL, ParcelStatus

S = ParcelStatus
PUSHED = ("push", "webhook", "alert")


@functools.cache
def recorded() -> tuple[Snapshot, ...]:
    """Return every journey of two scans and more in our fixtures and in the carriers' bodies."""
    found: dict[Snapshot, None] = {}
    for home in (HOME, DATA / "carrier_payloads"):
        for path in sorted(home.rglob("*")) if home.is_dir() else []:
            for snapshot in _read(path):
                if len(snapshot.scans) >= 2:
                    found[snapshot] = None
    return tuple(found)


def _read(path: Path) -> tuple[Snapshot, ...]:
    if not path.is_file() or ".expected." in path.name:
        return ()
    try:
        adapter = registry.get(path.parent.name)
    except KeyError:
        return ()
    parse = adapter.parse_push if path.name.startswith(PUSHED) else adapter.parse
    return parse(path.read_bytes()).parcels


def project(snapshot: Snapshot, scans: list[Scan]) -> rules.Journey:
    """Project without the places of the scans, which follow their order."""
    journey = rules.project(scans, carrier=snapshot.carrier, number=snapshot.number)
    return replace(journey, order=())


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[Snapshot, list[Scan]]:
    """Draw a recorded journey, shuffled, up to three times over."""
    snapshot = draw(st.sampled_from(recorded()))
    repeats = draw(st.lists(st.sampled_from(snapshot.scans), max_size=2 * len(snapshot.scans)))
    return snapshot, list(draw(st.permutations([*snapshot.scans, *repeats])))


def test_there_are_journeys_to_shuffle() -> None:
    assert len(recorded()) >= 30
    assert len({snapshot.carrier for snapshot in recorded()}) >= 3


@settings(max_examples=500, deadline=None)
@given(told=shuffled())
def test_any_permutation_and_repetition_projects_identically(
    told: tuple[Snapshot, list[Scan]],
) -> None:
    snapshot, scans = told

    assert project(snapshot, scans) == project(snapshot, list(snapshot.scans))


@settings(max_examples=500, deadline=None)
@given(
    told=shuffled(),
    status=st.sampled_from([status for status in S if status not in SOFT_TERMINAL]),
    hours=st.integers(min_value=1, max_value=200),
)
def test_a_terminal_status_is_never_undone_by_an_older_event(
    told: tuple[Snapshot, list[Scan]], status: ParcelStatus, hours: int
) -> None:
    snapshot, scans = told
    before = project(snapshot, scans)
    # A parcel delivered twice was under way in between: what happened then is no older news.
    ends = [at for _leg, ending, at in before.reached if ending in SOFT_TERMINAL]
    if before.status not in SOFT_TERMINAL or None in ends:
        return
    ended_at = min(filter(None, ends))
    late = Scan(occurred_at=ended_at - timedelta(hours=hours), status=status, raw_code="LATE")

    after = project(snapshot, [*scans, late])

    assert (after.status, after.delivered_at) == (before.status, before.delivered_at)


@pytest.mark.parametrize("status", sorted(SOFT_TERMINAL))
def test_every_ending_survives_an_older_scan(status: ParcelStatus) -> None:
    ending = Scan(local_time="2026-03-02T12:00:00", status=status, raw_code="END")
    older = Scan(local_time="2026-03-01T12:00:00", status=S.OUT_FOR_DELIVERY, raw_code="OFD")

    for scans in ([ending, older], [older, ending], [older, ending, older]):
        assert rules.project(scans, carrier="x", number="1").status == status
