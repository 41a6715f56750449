"""
17TRACK's shorter bodies, read: version 1 of its API, lists of parcels, and its web page's list.

Version 1 has one-letter names: ``e`` the state of the parcel, ``z1`` and ``z2`` what its first and
its second carrier tell, newest first, each event with its time ``a``, its places ``c`` and ``d``,
and its words ``z``. No event has a zone or a status of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tracking.carriers.aggregated import (
    closing,
    handed,
    in_order,
    is_physical,
    moment,
    newest_first,
)
from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    Fault,
    Meaning,
    apart,
    part,
    place,
    read_json,
    rows,
    text,
)
from tracking.carriers.track17.codes import COURIER, STATE, STATUS
from tracking.carriers.track17.seal import slug
from tracking.carriers.track17.wording import reasoned, said, wall_clock
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.states import ParcelStatus as S


def read_first(row: dict[str, Any], *, number: str) -> Snapshot | CarrierError:
    """Read a parcel of version 1 with its history, or what version 1 lists of it."""
    track = row["track"] if isinstance(part(row, "track"), dict) else row
    state = text(track, "e", limit=CODE_LIMIT)
    told = [event for name in ("z1", "z2") for event in reversed(rows(track, name))]
    told = [event for event in told or rows(track, "z0") if text(event, "z")]
    scans = [_scan(event, state="") for event in told[:-1]]
    scans += [_scan(event, state=state) for event in told[-1:]]
    summed = STATE.get(state, NEWS)
    if not scans and summed.status:
        scans = [closing(summed, code=state, words="", at=None)]
    if not scans:
        return _silence(number)
    carriers = (text(track, "w2"), text(track, "w1"))
    return Snapshot(
        number=number,
        carrier=_courier(carriers),
        scans=apart(in_order(scans, summed.status), carrier=slug, number=number),
        is_complete=bool(told),
    )


def read_listed(row: dict[str, Any], *, number: str) -> Snapshot | CarrierError:
    """Read what a list of version 2 says of a parcel: its state and its newest event."""
    status = text(row, "package_status", limit=CODE_LIMIT)
    meaning, words = STATUS.get(status, NEWS), text(row, "latest_event_info")
    at, clock, source = moment(text(row, "latest_event_time", limit=40))
    if not words and meaning.status in {None, S.REGISTERED}:
        return _silence(number)
    if meaning.status == S.EXPIRED or not words:
        stopped = moment(text(row, "stop_track_time", limit=40))[0]
        scan = closing(meaning, code=status, words=words, at=stopped)
    else:
        known, is_guess = reasoned(meaning, words)
        scan = Scan(
            occurred_at=at,
            local_time=clock,
            offset_source=source,
            status=known.status,
            reason=known.reason,
            party=known.party,
            handed=handed(known, words),
            raw_code=status,
            raw_text=words,
            is_physical=is_physical(meaning, ""),
            is_inferred=is_guess,
            is_known=status in STATUS,
        )
    carriers = (text(row, "final_carrier"), text(row, "carrier"))
    return Snapshot(number=number, carrier=_courier(carriers), scans=(scan,))


def read_web(packages: Sequence[dict[str, Any]]) -> Reading:
    """Read the list of the web page: of each parcel its last event, on a clock of no zone."""
    parcels: list[tuple[Snapshot, str]] = []
    errors = []
    for row in packages:
        number = text(row, "FTrackNo", limit=64)
        event = _last_event(row)
        if not number:
            message = "A package names no FTrackNo."
            errors.append(CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message))
        elif isinstance(event, dict) and text(event, "z"):
            states = (text(row, name, limit=CODE_LIMIT) for name in WEB_STATES)
            # The newer name of the two is left out where the older one is in use.
            state = next((one for one in states if one.strip("0")), "0")
            carriers = (text(row, "FSecondCarrier"), text(row, "FFirstCarrier"))
            scan = _scan(event, state=state)
            parcel = Snapshot(number=number, carrier=_courier(carriers), scans=(scan,))
            parcels.append((parcel, text(row, "FCreateTime")))
        else:
            errors.append(_silence(number))
    return Reading(parcels=newest_first(parcels), errors=tuple(errors))


WEB_STATES = ("FPackageState", "FTrackStateType")


def _last_event(row: dict[str, Any]) -> Any:
    last = part(row, "FLastEvent")
    try:
        return read_json(last.encode()) if isinstance(last, str) else last
    except Fault:
        return None


def _silence(number: str) -> CarrierError:
    message = "17TRACK has no event of this number."
    return CarrierError(kind=ErrorKind.NOT_FOUND, message=message, number=number)


def _courier(keys: Iterable[str]) -> str:
    return next((COURIER[key] for key in keys if key in COURIER), "")


def _scan(event: dict[str, Any], *, state: str) -> Scan:
    """Return one event; ``state`` is the parcel's, and given only with its newest one."""
    words = text(event, "z")
    known: Meaning | None = STATE.get(state) if state else NEWS
    meaning, is_inferred = known or NEWS, False
    if known and known.status is None and (status := said(words)):
        meaning, is_inferred = Meaning(status), True
    meaning, is_guess = reasoned(meaning, words)
    date, _, clock = text(event, "a", limit=30).partition(" ")
    location = place(text(event, "c"), text(event, "d"))
    return Scan(
        local_time=wall_clock(date, clock),
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=handed(meaning, words),
        raw_code=state,
        raw_text=words,
        location=location,
        is_physical=is_physical(meaning if known is not None else None, location),
        is_inferred=is_inferred or is_guess,
        is_known=known is not None,
    )
