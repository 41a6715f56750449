"""
Apply a batch of envelopes at once: every fact they tell, exactly once, in one transaction.

Parsing and projecting are pure Python; each table is read and written once a batch, however many
envelopes are in it.
"""

from __future__ import annotations

import functools
import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from portal.lib.failpoints import reach
from tracking import rules
from tracking.carriers import registry
from tracking.models.parcel import normalise
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.services import announcing
from tracking.services import applying_rows as store
from tracking.services.announcing import Changed
from tracking.services.applying_rows import ETA, SNAPSHOT, Fresh, Key, Row
from tracking.states import EnvelopeSource, EnvelopeState


class LeaseLost(Exception):
    """Another worker has taken the envelopes over; nothing was written."""


@dataclass(frozen=True, slots=True)
class Held:
    """A waiting envelope in our hands until ``lease``."""

    id: int
    connection_id: int
    adapter: str
    source: str
    body: bytes
    received_at: datetime
    attempts: int
    error: str
    lease: datetime


@dataclass(slots=True)
class _Verdict:
    """What becomes of one envelope."""

    matched: int = 0
    sentences: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    is_unreadable: bool = False

    def row(self, envelope: Held) -> tuple[int, str, str, list[str]]:
        state = EnvelopeState.APPLIED
        if not self.matched and self.is_unreadable:
            state = EnvelopeState.DEAD
        elif not self.matched and self.sentences:
            state = EnvelopeState.QUARANTINED
        text = store.clip(" ".join(dict.fromkeys(self.sentences)), 2000)
        return envelope.id, str(state), text, self.numbers


@dataclass(slots=True)
class _News:
    """What a batch tells of one parcel."""

    parcel: Row
    told: dict[bytes, tuple[Scan, int, bool]] = field(default_factory=dict)
    """Fingerprint -> scan, envelope, told only by complete histories."""
    listed_at: datetime | None = None
    listed: set[bytes] = field(default_factory=set)
    eta: tuple[datetime, datetime, datetime] | None = None
    """As of, from, to."""


def apply(*, envelopes: Sequence[Held], now: datetime) -> None:
    """
    Read the envelopes and write what they tell, or nothing at all.

    :raises LeaseLost: if another worker has taken one of them over.
    """
    with _unswept():
        readings = [_read(envelope) for envelope in envelopes]
        _write(envelopes, readings, now=now)


@contextmanager
def _unswept() -> Iterator[None]:
    """
    Hold the garbage collector off for one batch.

    It would look through tens of thousands of living rows again and again, a fifth of our time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _write(envelopes: Sequence[Held], readings: Sequence[Reading], *, now: datetime) -> None:
    with transaction.atomic():
        store.be_brief()
        verdicts, news = _assign(envelopes, readings)
        if news:
            _apply_news(list(news.values()), now=now)
        reach("envelopes_applied")
        rows = [verdict.row(one) for verdict, one in zip(verdicts, envelopes, strict=True)]
        if store.settle(rows, lease=envelopes[0].lease, now=now) != len(envelopes):
            raise LeaseLost


def _read(envelope: Held) -> Reading:
    """Let the envelope's carrier say what its bytes mean."""
    try:
        adapter = registry.get(envelope.adapter)
    except KeyError:
        sentence = f"There is no adapter “{envelope.adapter}” in this version."
        error = CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=sentence)
        return Reading(errors=(error,))
    if envelope.source == EnvelopeSource.POLL:
        return adapter.parse(envelope.body)
    return adapter.parse_push(envelope.body)


def _assign(
    envelopes: Sequence[Held], readings: Sequence[Reading]
) -> tuple[list[_Verdict], dict[int, _News]]:
    """Find whose parcel each snapshot is about, exactly or not at all, and lock those parcels."""
    keys: dict[Key, None] = {}
    for envelope, reading in zip(envelopes, readings, strict=True):
        for snapshot in reading.parcels:
            keys[envelope.connection_id, normalise(snapshot.number)] = None
    parcels = store.find_parcels(keys)
    missed = keys.keys() - parcels.keys()
    if missed:
        # Whoever registers one of them right now commits before we look again, or starts after
        # we have put the envelope where it can be found.
        store.hold_registrations(connection_id for connection_id, _number in missed)
        parcels |= store.find_parcels(sorted(missed))

    verdicts: list[_Verdict] = []
    news: dict[int, _News] = {}
    for envelope, reading in zip(envelopes, readings, strict=True):
        verdict = _Verdict(is_unreadable=not reading.parcels and _is_drift(reading.errors))
        verdict.sentences += [
            f"{error.number}: {error.message}" if error.number else error.message
            for error in reading.errors
        ]
        for snapshot in reading.parcels:
            number = normalise(snapshot.number)
            parcel = parcels.get((envelope.connection_id, number))
            if parcel is None:
                shown = store.clip(snapshot.number, 64)
                verdict.sentences.append(f"No current parcel of this connection is {shown}.")
                if number and len(number) <= 64:
                    verdict.numbers.append(number)
            elif snapshot.carrier not in {"", envelope.adapter, parcel.carrier}:
                verdict.sentences.append(
                    f"{number} is with {parcel.carrier} here, but the message says"
                    f" {store.clip(snapshot.carrier, 40)}."
                )
            else:
                about = news.get(parcel.id) or _News(parcel)
                if _tell(about, snapshot, envelope, verdict):
                    news[parcel.id] = about
        verdicts.append(verdict)
    return verdicts, news


def _is_drift(errors: Iterable[CarrierError]) -> bool:
    return any(error.kind == ErrorKind.SCHEMA_DRIFT for error in errors)


def _tell(news: _News, snapshot: Snapshot, envelope: Held, verdict: _Verdict) -> bool:
    """Add one snapshot to what is told of its parcel; False if nothing in it can be meant."""
    parcel = news.parcel
    scans = [
        scan
        for scan in snapshot.scans
        if rules.is_plausible(scan, shipped_at=parcel.shipped_at, now=envelope.received_at)
    ]
    left_out = len(snapshot.scans) - len(scans)
    if left_out:
        verdict.sentences.append(
            f"{parcel.number}: {left_out} of {len(snapshot.scans)} scans have a time that cannot"
            " belong to this parcel (its number may have been used before, or the clock is wrong)."
        )
        if not scans:
            return False
    verdict.matched += 1
    prints = [scan.fingerprint(carrier=parcel.carrier, number=parcel.number) for scan in scans]
    for fingerprint, scan in zip(prints, scans, strict=True):
        before = news.told.get(fingerprint)
        if before is None:
            news.told[fingerprint] = scan, envelope.id, snapshot.is_complete
        elif before[2] and not snapshot.is_complete:
            news.told[fingerprint] = before[0], before[1], False
    as_of = _as_of(scans, envelope)
    if snapshot.is_complete and scans:
        if news.listed_at is None or as_of > news.listed_at:
            news.listed_at, news.listed = as_of, set(prints)
        elif as_of == news.listed_at:
            news.listed |= set(prints)
    if snapshot.eta_to or snapshot.eta_from:
        ends = snapshot.eta_to or snapshot.eta_from
        begins = snapshot.eta_from or snapshot.eta_to
        if begins and ends:
            eta = as_of, min(begins, ends), max(begins, ends)
            news.eta = max(news.eta, eta) if news.eta else eta
    return True


def _as_of(scans: Sequence[Scan], envelope: Held) -> datetime:
    """
    Say as of when a snapshot speaks.

    An answer to our question speaks of the moment it came. A push may have been on its way for
    hours, so it speaks of the newest scan in it; then late old news withdraws nothing.
    """
    if envelope.source != EnvelopeSource.POLL:
        times = [scan.occurred_at or _guess(scan.local_time) for scan in scans]
        known = [time for time in times if time is not None]
        if known:
            return max(known)
    return envelope.received_at


def _guess(local: str) -> datetime | None:
    try:
        return datetime.fromisoformat(local).replace(tzinfo=UTC) if local else None
    except ValueError:
        return None


def _apply_news(news: Sequence[_News], *, now: datetime) -> None:
    """Write sightings, parcels, milestones, anomalies and events for what is new."""
    marks = store.marks([one.parcel.id for one in news])
    fresh: list[Fresh] = []
    gone: list[tuple[int, bytes]] = []
    back: list[tuple[int, bytes]] = []
    single: list[tuple[int, bytes]] = []
    stored: dict[int, tuple[Any, ...]] = {}
    moved: dict[int, _News] = {}
    live: dict[int, set[bytes]] = {}
    for one in news:
        parcel, known = one.parcel, marks.get(one.parcel.id, {})
        state = _merge(one)
        standing = _standing(state)
        new = [
            Fresh(parcel.id, print_, envelope_id, scan, is_listed)
            for print_, (scan, envelope_id, is_listed) in one.told.items()
            if print_ not in known
        ]
        for row in new:
            if row.is_listed and standing is not None and row.fingerprint not in standing:
                row.withdrawn_at = now
        live[parcel.id] = set()
        is_moved = bool(new)
        for print_, mark in known.items():
            told = one.told.get(print_)
            if mark.is_listed and told and not told[2]:
                mark.is_listed = False
                single.append((parcel.id, print_))
            is_out = mark.is_listed and standing is not None and print_ not in standing
            if is_out != mark.is_withdrawn:
                (gone if is_out else back).append((parcel.id, print_))
                is_moved = True
            if not is_out:
                live[parcel.id].add(print_)
        fresh += new
        stored[parcel.id] = state
        if is_moved:
            moved[parcel.id] = one

    # What is stored is read before anything new is, so that both stay apart.
    old = store.scans([pk for pk in moved if live[pk]])
    new_scans: dict[int, dict[bytes, Scan]] = defaultdict(dict)
    for row in fresh:
        if row.withdrawn_at is None:
            new_scans[row.parcel_id][row.fingerprint] = row.scan
    store.insert_sightings(fresh, now=now)
    store.withdraw(gone, at=now)
    store.withdraw(back, at=None)
    store.unlist(single)

    changes, changed = [], []
    for one in news:
        parcel, state = one.parcel, stored[one.parcel.id]
        is_seen = parcel.id in moved or state[ETA][:2] != parcel.state[ETA][:2]
        if parcel.id in moved:
            standing = live[parcel.id]
            seen = {p: s for p, s in old.get(parcel.id, {}).items() if p in standing}
            seen |= new_scans[parcel.id]
            scans = list(seen.values())
            journey = rules.project(
                scans,
                carrier=parcel.carrier,
                number=parcel.number,
                zone=_zone(parcel.zone),
                prints=list(seen),
            )
            state = store.state_of(journey, state)
            changed.append(Changed(parcel, state, journey, scans))
        if is_seen or state != parcel.state:
            changes.append((parcel.id, parcel.revision + is_seen, state))
    store.update_parcels(changes)
    announcing.announce(changed, now=now)


def _merge(news: _News) -> tuple[Any, ...]:
    """Return the parcel's stored state with newer expectation and newer complete history."""
    state = list(news.parcel.state)
    eta_at, listed_at, listed = state[ETA][2], state[SNAPSHOT][0], bytes(state[SNAPSHOT][1])
    if news.eta and (eta_at is None or news.eta > (eta_at, *state[ETA][:2])):
        state[ETA] = [news.eta[1], news.eta[2], news.eta[0]]
    if news.listed_at and (listed_at is None or news.listed_at >= listed_at):
        prints = news.listed if news.listed_at != listed_at else news.listed | _split(listed)
        state[SNAPSHOT] = [news.listed_at, b"".join(sorted(prints))]
    return tuple(state)


def _standing(state: Sequence[Any]) -> set[bytes] | None:
    """Return the fingerprints in the newest complete history, None if there was none."""
    return _split(state[SNAPSHOT][1]) if state[SNAPSHOT][0] else None


def _split(blob: bytes) -> set[bytes]:
    return {bytes(blob[i : i + 16]) for i in range(0, len(blob), 16)}


@functools.cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
