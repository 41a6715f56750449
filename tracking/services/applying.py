"""
Apply a batch of envelopes at once: every fact they tell, exactly once, in one transaction.

Parsing and projecting are pure Python; each table is read and written once a batch, however many
envelopes are in it.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from portal.lib.failpoints import reach
from portal.outbox.recording import record
from tracking import rules
from tracking.carriers import registry
from tracking.events import AnomalyFound, ParcelReached
from tracking.models.parcel import normalise
from tracking.rules import Journey
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.services import applying_rows as store
from tracking.services.applying_rows import ETA, SNAPSHOT, Fresh, Key, Row
from tracking.states import PARTY_OF, TROUBLE, EnvelopeSource, EnvelopeState, Party

NEWS_AGE = timedelta(hours=24)
"""What was reached longer ago is history: kept, but nobody is told."""

SEVERITY = {
    "damaged": 2,
    "lost": 2,
    "delivered_disputed": 2,
    "refused": 3,
    "returned": 3,
    "conflicting_events": 4,
}
"""How bad each kind of trouble is to begin with; 1 is worst."""


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


@dataclass(slots=True)
class _Changed:
    """One parcel whose page will look different."""

    parcel: Row
    state: tuple[Any, ...]
    journey: Journey
    scans: list[Scan]


def apply(*, envelopes: Sequence[Held], now: datetime) -> None:
    """
    Read the envelopes and write what they tell, or nothing at all.

    :raises LeaseLost: if another worker has taken one of them over.
    """
    readings = [_read(envelope) for envelope in envelopes]
    with transaction.atomic():
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
            changed.append(_Changed(parcel, state, journey, scans))
        if is_seen or state != parcel.state:
            changes.append((parcel.id, parcel.revision + is_seen, state))
    store.update_parcels(changes)
    _announce(changed, now=now)


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


def _announce(changed: Sequence[_Changed], *, now: datetime) -> None:
    """Keep first arrivals and troubles of changed parcels, and tell the house what is news."""
    ids = [one.parcel.id for one in changed]
    if not ids:
        return
    before = store.milestones(ids)
    reached = [
        (one, leg, str(status), at) for one in changed for leg, status, at in one.journey.reached
    ]
    store.keep_milestones(
        [
            (one.parcel.id, leg, status, at or now)
            for one, leg, status, at in reached
            if (known := before.get((one.parcel.id, leg, status))) is None or (at and at != known)
        ],
        now=now,
    )
    firsts = [one for one in reached if (one[0].parcel.id, one[1], one[2]) not in before]
    news = [
        (one, leg, status, at)
        for one, leg, status, at in firsts
        if at and now - at <= NEWS_AGE and not _is_overtaken(one.journey, leg, status, at)
    ]
    inside = store.contents(list({first[0].parcel.id for first in news}))
    events: list[ParcelReached | AnomalyFound] = [
        _reached(one, leg, status, at, inside.get(one.parcel.id, []))
        for one, leg, status, at in news
    ]
    events += _trouble(changed, now=now)
    if events:
        record(*events, now=now)


def _is_overtaken(journey: Journey, leg: int, status: str, at: datetime) -> bool:
    """
    Test whether later scans have made a first arrival old news, as when pushes come out of order.

    Trouble stays worth telling: a box found crushed yesterday is still crushed.
    """
    if status in TROUBLE:
        return False
    return any(
        other_leg >= leg and other_at is not None and other_at > at
        for other_leg, _other, other_at in journey.reached
    )


def _reached(one: _Changed, leg: int, status: str, at: datetime, items: list[str]) -> ParcelReached:
    parcel, journey = one.parcel, one.journey
    eta_from, eta_to = one.state[ETA][:2]
    return ParcelReached(
        parcel_id=parcel.id,
        token=parcel.token,
        link_version=parcel.link_version,
        number=parcel.number,
        carrier_en=parcel.carrier_en,
        carrier_zh=parcel.carrier_zh or parcel.carrier_en,
        order=parcel.order,
        to=parcel.shopper_id,
        language=parcel.language,
        status=status,
        reason=str(journey.reason or "") if status == journey.status else "",
        leg=leg,
        reached_at=at.isoformat(),
        eta_from=eta_from.isoformat() if eta_from else "",
        eta_to=eta_to.isoformat() if eta_to else "",
        items=items,
    )


def _trouble(changed: Sequence[_Changed], *, now: datetime) -> list[AnomalyFound]:
    """Open what is wrong now and was not, clear what was and is not."""
    held = store.open_anomalies([one.parcel.id for one in changed], tuple(SEVERITY))
    found = []
    for one in changed:
        for kind in one.journey.trouble:
            if held.pop((one.parcel.id, kind), None) is None:
                party = _party(one.journey, kind)
                evidence = _evidence(one, kind)
                found.append((one.parcel.id, kind, party, SEVERITY.get(kind, 3), evidence))
    store.clear_anomalies(list(held.values()), now=now)
    return [
        AnomalyFound(anomaly_id=pk, parcel_id=parcel_id, kind=kind, severity=severity)
        for pk, parcel_id, kind, severity in store.insert_anomalies(found, now=now)
    ]


def _party(journey: Journey, kind: str) -> str:
    if journey.party and journey.reason == kind:
        return str(journey.party)
    return str(PARTY_OF.get(kind, journey.party or Party.UNKNOWN))


def _evidence(one: _Changed, kind: str) -> dict[str, Any]:
    """Quote the newest scan that speaks of the trouble, else the newest of all."""
    ordered = [one.scans[place] for place in one.journey.order]
    speaking = [scan for scan in ordered if kind in {scan.reason, scan.status}] or ordered[-1:]
    scan = speaking[-1]
    return {
        "occurred_at": scan.occurred_at.isoformat() if scan.occurred_at else None,
        "local_time": store.clip(scan.local_time, 25),
        "status": str(scan.status or ""),
        "reason": str(scan.reason or ""),
        "raw_code": store.clip(scan.raw_code, 60),
        "raw_text": store.clip(scan.raw_text, 500),
        "location": store.clip(scan.location, 160),
    }
