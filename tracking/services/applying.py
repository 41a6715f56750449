"""
Apply a batch of envelopes at once: every fact they tell, exactly once, in one transaction.

Parsing and projecting are pure Python; each table is read and written once a batch, however many
envelopes are in it.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from portal.lib.failpoints import reach
from tracking import rules
from tracking.carriers import names, registry
from tracking.models.parcel import normalise
from tracking.scans import (
    VERSION_SHIFT,
    CarrierError,
    ErrorKind,
    Onward,
    Proof,
    Reading,
    Scan,
    Snapshot,
    weight,
)
from tracking.services import announcing, expecting, poll_times, proving, watching
from tracking.services import applying_rows as store
from tracking.services.announcing import Changed
from tracking.services.applying_rows import (
    ETA,
    SIGNED_BY,
    SNAPSHOT,
    Fresh,
    Key,
    Row,
    Stored,
    Target,
)
from tracking.states import EnvelopeSource, EnvelopeState, Handed, ParcelStatus, Party, Reason


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
    trusts_pushes: bool
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
class _Telling:
    """One scan as a batch tells it: the heaviest of its readings."""

    scan: Scan
    weight: int
    envelope: Held
    is_listed: bool
    """Told only by complete histories."""


@dataclass(slots=True)
class _News:
    """What a batch tells of one parcel."""

    parcel: Row
    told: dict[bytes, _Telling] = field(default_factory=dict)
    signed_by: str = ""
    onward: list[tuple[Held, Onward]] = field(default_factory=list)
    proofs: list[tuple[int, tuple[Proof, ...]]] = field(default_factory=list)
    """(Envelope, proofs)."""
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
        readings = _explain(envelopes, readings)
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


def _explain(envelopes: Sequence[Held], readings: Sequence[Reading]) -> Sequence[Reading]:
    """Give codes that our tables lack the meaning that staff gave them."""
    unknown = {
        (envelope.adapter, scan.raw_code)
        for envelope, reading in zip(envelopes, readings, strict=True)
        for snapshot in reading.parcels
        for scan in snapshot.scans
        if not scan.is_known
    }
    meant = store.meanings(unknown) if unknown else {}
    if not meant:
        return readings
    return [
        replace(
            reading,
            parcels=tuple(
                replace(
                    snapshot,
                    scans=tuple(
                        _mean(scan, meant.get((envelope.adapter, scan.raw_code)))
                        for scan in snapshot.scans
                    ),
                )
                for snapshot in reading.parcels
            ),
        )
        for envelope, reading in zip(envelopes, readings, strict=True)
    ]


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
        missed -= parcels.keys()
        parcels |= store.find_further(sorted(missed), parcels)

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
            target = parcels.get((envelope.connection_id, number))
            if target is None:
                shown = store.clip(snapshot.number, 64)
                verdict.sentences.append(f"No current parcel of this connection is {shown}.")
                if number and len(number) <= 64:
                    verdict.numbers.append(number)
            elif not _is_of(snapshot.carrier, target, envelope):
                verdict.sentences.append(
                    f"{number} is with {target.carrier} here, but the message says"
                    f" {store.clip(snapshot.carrier, 40)}."
                )
            else:
                about = news.get(target.parcel.id) or _News(target.parcel)
                if _tell(about, target, snapshot, envelope, verdict):
                    news[target.parcel.id] = about
        verdicts.append(verdict)
    return verdicts, news


def _is_of(carrier: str, target: Target, envelope: Held) -> bool:
    """Test whether a snapshot that names a carrier can be about the parcel it names."""
    if carrier in {"", envelope.adapter, target.carrier}:
        return True
    # Registered only by who gathers its news, a parcel may be with any carrier of theirs.
    return target.carrier == envelope.adapter and envelope.adapter not in names.CARRIERS


def _is_drift(errors: Iterable[CarrierError]) -> bool:
    return any(error.kind == ErrorKind.SCHEMA_DRIFT for error in errors)


def _tell(
    news: _News, target: Target, snapshot: Snapshot, envelope: Held, verdict: _Verdict
) -> bool:
    """Add one snapshot to what is told of its parcel; False if nothing in it can be meant."""
    parcel = news.parcel
    shipped_at, heard_at = parcel.shipped_at, envelope.received_at
    scans = [
        scan
        for scan in snapshot.scans
        if rules.is_plausible(scan, shipped_at=shipped_at, now=heard_at)
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
    adapter = registry.ADAPTERS[envelope.adapter]
    is_hint = (
        envelope.source == EnvelopeSource.PUSH
        and not adapter.capabilities.is_body_sealed
        and not envelope.trusts_pushes
    )
    if is_hint:
        scans = [replace(scan, is_hint=True) for scan in scans]
    else:
        news.signed_by = snapshot.signed_by or news.signed_by
        if snapshot.proofs:
            news.proofs.append((envelope.id, snapshot.proofs))
        if snapshot.onward:
            news.onward.append((envelope, snapshot.onward))
    # The history of a further number is not that of the parcel: what came before it stands.
    is_complete = snapshot.is_complete and target.number == parcel.number
    prints = [scan.fingerprint(carrier=target.carrier, number=target.number) for scan in scans]
    for fingerprint, scan in zip(prints, scans, strict=True):
        heft = weight(scan, version=adapter.VERSION)
        before = news.told.get(fingerprint)
        if before is None:
            news.told[fingerprint] = _Telling(scan, heft, envelope, is_complete)
            continue
        before.is_listed &= is_complete
        if heft > before.weight:
            scan = replace(scan, is_hint=scan.is_hint and before.scan.is_hint)
            before.scan, before.weight = scan, heft
        elif before.scan.is_hint and not scan.is_hint:
            before.scan = replace(before.scan, is_hint=False)
    if is_complete and scans:
        as_of = _as_of(scans, envelope)
        if news.listed_at is None or as_of > news.listed_at:
            news.listed_at, news.listed = as_of, set(prints)
        elif as_of == news.listed_at:
            news.listed |= set(prints)
    if snapshot.eta_to or snapshot.eta_from:
        ends = snapshot.eta_to or snapshot.eta_from
        begins = snapshot.eta_from or snapshot.eta_to
        if begins and ends:
            eta = _as_of(scans, envelope), min(begins, ends), max(begins, ends)
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
    known = store.stored([one.parcel.id for one in news])
    fresh: list[Fresh] = []
    gone: list[tuple[int, bytes]] = []
    back: list[tuple[int, bytes]] = []
    single: list[tuple[int, bytes]] = []
    anew: list[tuple[int, bytes, Scan, int]] = []
    told: list[_Told] = []
    for one in news:
        parcel, stored = one.parcel, known.get(one.parcel.id, {})
        state = _merge(one)
        standing = _standing(state)
        new = [
            Fresh(parcel.id, print_, one_telling.envelope.id, one_telling.scan,
                  one_telling.weight, one_telling.is_listed)
            for print_, one_telling in one.told.items()
            if print_ not in stored
        ]  # fmt: skip
        for row in new:
            if row.is_listed and standing is not None and row.fingerprint not in standing:
                row.withdrawn_at = now
        read: dict[bytes, Scan] = {}
        out: set[bytes] = set()
        is_moved = bool(new)
        for print_, mark in stored.items():
            is_listed, telling = mark.is_listed, one.told.get(print_)
            if telling is not None:
                if is_listed and not telling.is_listed:
                    is_listed = False
                    single.append((parcel.id, print_))
                may_say_more = telling.weight > mark.weight or mark.is_hint
                if may_say_more and (again := _read_again(mark, telling)) is not None:
                    read[print_] = again[0]
                    anew.append((parcel.id, print_, *again))
                    is_moved = True
            is_out = is_listed and standing is not None and print_ not in standing
            if is_out:
                out.add(print_)
            if is_out != mark.is_withdrawn:
                (gone if is_out else back).append((parcel.id, print_))
                is_moved = True
        fresh += new
        scans = None
        if is_moved:
            scans = {
                print_: read.get(print_) or mark.scan()
                for print_, mark in stored.items()
                if print_ not in out
            }
            scans |= {row.fingerprint: row.scan for row in new if row.withdrawn_at is None}
        told.append(_Told(parcel, state, scans))
    store.insert_sightings(fresh, now=now)
    store.withdraw(gone, at=now)
    store.withdraw(back, at=None)
    store.unlist(single)
    store.read_anew(anew)
    _count_unknown(news, fresh, now=now)
    _travel_on(news, now=now)
    _settle(told, now=now)
    proofs = [(one.parcel.id, pk, found) for one in news for pk, found in one.proofs]
    proving.keep(found=proofs, now=now)


@dataclass(slots=True)
class _Told:
    """A parcel, its stored columns as they shall be, and all its scans if any of them moved."""

    parcel: Row
    state: tuple[Any, ...]
    scans: dict[bytes, Scan] | None


def _settle(told: Sequence[_Told], *, now: datetime) -> None:
    """Project the parcels that moved, write those that changed, and say what it means."""
    changes, changed = [], []
    for one in told:
        parcel, state = one.parcel, one.state
        is_seen = one.scans is not None or _is_revised(one)
        if one.scans is not None:
            scans = list(one.scans.values())
            journey = rules.project(
                scans,
                carrier=parcel.carrier,
                number=parcel.number,
                zone=_zone(parcel.zone),
                prints=list(one.scans),
            )
            state = store.state_of(journey, state)
            changed.append(Changed(parcel, state, journey, scans))
        if is_seen or state != parcel.state:
            changes.append((parcel.id, parcel.revision + is_seen, state))
    store.update_parcels(changes)
    announcing.announce(changed, now=now)
    # Followers: each set-based, in this transaction.
    revised = [one.parcel.id for one in told if one.scans is None and _is_revised(one)]
    expecting.hear(changed=changed, revised=revised, now=now)
    watching.hear(changed=changed, revised=revised, now=now)
    poll_times.hear(changed=changed, now=now)
    proving.hear(changed=changed, now=now)


def _is_revised(told: _Told) -> bool:
    """Test whether the carrier has another date for it."""
    return bool(told.state[ETA][:2] != told.parcel.state[ETA][:2])


@transaction.atomic
def mean_anew(
    *,
    touched: Mapping[int, Sequence[bytes]],
    meaning: tuple[str, str, str, str],
    now: datetime,
) -> None:
    """
    Read stored scans of an unknown code as staff mean it, and project their parcels again.

    ``touched`` holds parcel -> fingerprints; ``meaning`` status, reason, party and handed.
    """
    known = store.stored(list(touched))
    anew = []
    for parcel_id, prints in touched.items():
        for print_ in prints:
            mark = known[parcel_id][print_]
            scan = _mean(mark.scan(), meaning)
            # The version that told it stays; only what the code is taken to mean has changed.
            heft = weight(scan, version=mark.weight >> VERSION_SHIFT)
            anew.append((parcel_id, print_, scan, heft))
    store.read_anew(anew)
    project_anew(parcel_ids=list(touched), now=now)


def _mean(scan: Scan, meaning: tuple[str, str, str, str] | None) -> Scan:
    """Return a scan of an unknown code with the meaning that staff gave it, if they did."""
    if meaning is None or scan.is_known:
        return scan
    status, reason, party, handed = meaning
    return replace(
        scan,
        status=ParcelStatus(status) if status else None,
        reason=Reason(reason) if reason else None,
        party=Party(party) if party else None,
        handed=Handed(handed) if handed else None,
        is_inferred=False,
    )


@transaction.atomic
def project_anew(*, parcel_ids: Sequence[int], now: datetime) -> int:
    """Project parcels again from what is stored of them; return how many there were."""
    store.be_brief()
    parcels = store.lock_parcels(parcel_ids)
    known = store.stored([parcel.id for parcel in parcels])
    _settle(
        [
            _Told(
                parcel,
                parcel.state,
                {
                    print_: mark.scan()
                    for print_, mark in known.get(parcel.id, {}).items()
                    if not mark.is_withdrawn
                },
            )
            for parcel in parcels
        ],
        now=now,
    )
    return len(parcels)


def _read_again(mark: Stored, telling: _Telling) -> tuple[Scan, int] | None:
    """Return a stored scan as it reads now, and the weight of that; None if nothing changes."""
    is_hint = mark.is_hint and telling.scan.is_hint
    is_heavier = telling.weight > mark.weight and telling.scan.is_hint <= mark.is_hint
    if not is_heavier:
        return (
            None if is_hint == mark.is_hint else (replace(mark.scan(), is_hint=False), mark.weight)
        )
    new = telling.scan
    scan = replace(
        mark.scan(),
        status=new.status,
        reason=new.reason,
        party=new.party,
        handed=new.handed,
        leg=new.leg,
        is_physical=new.is_physical,
        is_inferred=new.is_inferred,
        is_known=new.is_known,
        is_hint=is_hint,
    )
    return scan, telling.weight


def _count_unknown(news: Sequence[_News], fresh: Sequence[Fresh], *, now: datetime) -> None:
    """Count the codes in new scans that no table of ours has."""
    unknown = [row for row in fresh if not row.scan.is_known]
    if not unknown:
        return
    adapters = {
        telling.envelope.id: telling.envelope.adapter
        for one in news
        for telling in one.told.values()
    }
    seen: dict[tuple[str, str], tuple[str, int]] = {}
    for row in unknown:
        key = adapters[row.envelope_id], store.clip(row.scan.raw_code, 60)
        words, times = seen.get(key, (store.clip(row.scan.raw_text, 400), 0))
        seen[key] = words, times + 1
    store.count_unknown(seen, now=now)


def _travel_on(news: Sequence[_News], *, now: datetime) -> None:
    """Keep the numbers under which parcels travel on with another carrier."""
    onward = [(one.parcel, *pair) for one in news for pair in one.onward]
    if not onward:
        return
    direct = store.pollable(to.carrier for _parcel, _envelope, to in onward)
    rows = []
    for parcel, envelope, to in onward:
        number = normalise(to.number)
        connection_id = direct.get(to.carrier)
        if connection_id is None and envelope.adapter not in names.CARRIERS:
            connection_id = envelope.connection_id  # an aggregator follows it itself
        is_number = 4 <= len(number) <= 64 and number.isascii() and number != parcel.number
        if connection_id is not None and is_number:
            rows.append((parcel.id, connection_id, to.carrier, number))
    store.add_numbers(rows, now=now)


def _merge(news: _News) -> tuple[Any, ...]:
    """Return the parcel's stored state with newer expectation and newer complete history."""
    if not (news.signed_by or news.eta or news.listed_at):
        return news.parcel.state
    state = list(news.parcel.state)
    state[SIGNED_BY] = store.clip(news.signed_by, 80) or state[SIGNED_BY]
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
