"""
17TRACK's bodies, read: answers, pushes, registrations, and the list its web page shows.

Each carrier that has carried a parcel has its own list of events, newest first. 17TRACK finds out
what each event means and changes its mind between bodies, so an event is named by its carrier, its
second and its place among the events of that second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tracking.carriers.aggregated import (
    closing,
    edge,
    handed,
    in_order,
    is_physical,
    moment,
    needs_closing,
    newest_first,
)
from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    PLACE_LIMIT,
    Fault,
    Meaning,
    careful,
    country,
    offset,
    part,
    place,
    read_json,
    rows,
    text,
    to_utc,
)
from tracking.carriers.phrases_zh import handed_in
from tracking.carriers.track17.codes import (
    BROAD,
    COURIER,
    ERRORS,
    STAGE,
    STATUS,
    SUB_STATUS,
    TAKEN,
    UNKNOWN_NUMBER,
    WEB_ERRORS,
)
from tracking.carriers.track17.old import read_first, read_listed, read_web
from tracking.carriers.track17.wording import reasoned, said, wall_clock
from tracking.scans import CarrierError, ErrorKind, Onward, Reading, Scan, Snapshot
from tracking.states import SOFT_TERMINAL, Handed, OffsetSource
from tracking.states import ParcelStatus as S

UPDATED, STOPPED = "TRACKING_UPDATED", "TRACKING_STOPPED"
OVER = SOFT_TERMINAL | {S.RETURNING}
"""Statuses after which nobody expects the parcel any more."""


@careful
def parse(body: bytes) -> Reading:
    """Read an answer to a query or a registration, a push, or the web page's list."""
    root = read_json(body)
    if not isinstance(root, dict):
        raise Fault("The body is not an object.")
    if "event" in root:
        return _push(root)
    if isinstance(part(root, "Json"), list):
        return read_web(rows(root, "Json"))
    if "Code" in root:
        return _page(root)
    errors = _refusals(root)
    parcels: list[tuple[Snapshot, str]] = []
    for row in rows(root, "data", "accepted"):
        found = _parcel(row)
        if isinstance(found, Snapshot):
            parcels.append((found, ""))
        elif found:
            errors.append(found)
    if part(root, "data", "accepted") == [] and not part(root, "data", "rejected") and not errors:
        message = "17TRACK answers about no number."
        errors.append(CarrierError(kind=ErrorKind.NOT_FOUND, message=message))
    return Reading(parcels=newest_first(parcels), errors=tuple(errors))


parse_push = parse


def read_subscription(body: bytes) -> tuple[CarrierError, ...]:
    """Return why numbers were not registered; that one was registered before is no error."""
    return _registered(body).errors


@careful
def _registered(body: bytes) -> Reading:
    return Reading(errors=tuple(_refusals(read_json(body))))


def _refusals(root: Any) -> list[CarrierError]:
    """
    Return what 17TRACK refused: numbers, or the whole call.

    :raises Fault: if the body is no answer of 17TRACK.
    """
    code = text(root, "code")
    data = part(root, "data")
    if not code or not isinstance(data, dict | list | None):
        raise Fault("The body is no answer and no push of 17TRACK.")
    errors = [
        _error(row, number=text(rejected, "number", limit=64))
        for rejected in rows(data, "rejected")
        for row in rows(rejected, "error")
    ]
    errors += [_error(row, number="") for row in rows(data, "errors")]
    if code != "0" and not errors:
        errors = [_error({"code": code, "message": text(root, "message")}, number="")]
    if not errors and part(data, "accepted") is None and code == "0" and isinstance(data, dict):
        raise Fault("The answer neither accepts nor rejects a number.")
    return [error for error in errors if not error.message.startswith(TAKEN)]


def _error(row: dict[str, Any], *, number: str) -> CarrierError:
    code, words = text(row, "code", limit=CODE_LIMIT), text(row, "message", limit=400)
    return CarrierError(
        kind=ERRORS.get(code, ErrorKind.TRANSIENT),
        message=f"{code}: {words}".strip(": ") or "17TRACK refuses and says no reason.",
        number=number,
    )


def _push(root: dict[str, Any]) -> Reading:
    event, data = text(root, "event", limit=CODE_LIMIT), part(root, "data")
    number = text(data, "number", limit=64)
    if event == STOPPED and number:
        # Fifteen days after the delivery, or thirty without news.
        message = "17TRACK has stopped watching this parcel."
        error = CarrierError(kind=ErrorKind.NOT_FOUND, message=message, number=number)
        return Reading(errors=(error,))
    if event != UPDATED or not number:
        raise Fault(f"The push {event or 'without a name'} is none we read, or names no parcel.")
    found = _parcel(data)
    if found is None:
        raise Fault("The push holds no track_info.")
    if isinstance(found, Snapshot):
        return Reading(parcels=(found,))
    return Reading(errors=(found,))


def _parcel(row: dict[str, Any]) -> Snapshot | CarrierError | None:
    """Return what is said of a parcel; None where nothing is, as after a registration."""
    number = text(row, "number", limit=64)
    if not number:
        message = "A result names no number."
        return CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message)
    if "track_info" not in row:
        return _short(row, number=number)
    info = part(row, "track_info")
    status = text(info, "latest_status", "status", limit=CODE_LIMIT)
    sub_status = text(info, "latest_status", "sub_status", limit=CODE_LIMIT)
    summed = _summed(status, sub_status)
    scans = _history(info, summed)
    if scans and needs_closing(summed.status, scans):
        # 17TRACK gives up: it says so of the parcel, and no event of a carrier does.
        last = closing(summed, code=sub_status or status, words="", at=_looked_at(info, scans))
        scans = (*scans, replace(last, sequence=len(scans)))
    if not scans:
        return _without_events(number, status=status, sub_status=sub_status)
    carrier = COURIER.get(text(row, "carrier"), "")
    expected: tuple[datetime | None, datetime | None] = (None, None)
    if summed.status not in OVER:
        told = part(info, "time_metrics", "estimated_delivery_date")
        starts = edge(text(told, "from"), zone=None, is_end=False)
        expected = starts, edge(text(told, "to"), zone=None, is_end=True)
    return Snapshot(
        number=number,
        carrier=carrier,
        scans=scans,
        is_complete=True,
        eta_from=expected[0],
        eta_to=expected[1] or expected[0],
        onward=_onward(info, carrier=carrier, number=number),
    )


def _short(row: dict[str, Any], *, number: str) -> Snapshot | CarrierError | None:
    """Read a parcel of version 1, or a line of a list; nothing after a registration."""
    if isinstance(part(row, "track"), dict) or "e" in row:
        return read_first(row, number=number)
    return read_listed(row, number=number) if "package_status" in row else None


def _page(root: dict[str, Any]) -> Reading:
    """Read an answer of the web page that lists no parcels: a count, or a refusal."""
    code = text(root, "Code", limit=CODE_LIMIT)
    if code == "0":
        return Reading()
    words = text(root, "Message", limit=400)
    kind = WEB_ERRORS.get(code, ErrorKind.TRANSIENT)
    return Reading(errors=(CarrierError(kind=kind, message=f"{code}: {words}".strip(": ")),))


def _looked_at(info: Any, scans: Sequence[Scan]) -> datetime | None:
    """Return when 17TRACK last looked, or the last moment it knows."""
    looked = [
        at
        for provider in rows(info, "tracking", "providers")
        if (at := moment(text(provider, "latest_sync_time", limit=40))[0])
    ]
    known = [scan.occurred_at for scan in scans if scan.occurred_at]
    return max([*looked, *known], default=None)


def _without_events(number: str, *, status: str, sub_status: str) -> CarrierError:
    kind = ErrorKind.INVALID_NUMBER if sub_status == UNKNOWN_NUMBER else ErrorKind.NOT_FOUND
    message = f"{sub_status or status}: no carrier has told of this number.".lstrip(": ")
    return CarrierError(kind=kind, message=message, number=number)


def _summed(status: str, sub_status: str) -> Meaning:
    return SUB_STATUS.get(sub_status) or STATUS.get(status) or NEWS


def _onward(info: Any, *, carrier: str, number: str) -> Onward | None:
    """Return the carrier of the last mile where it is another one, or has another number."""
    other = text(info, "misc_info", "local_number", limit=64)
    courier = COURIER.get(text(info, "misc_info", "local_key"), "")
    if not other or not courier or (courier, other) == (carrier, number):
        return None
    return Onward(carrier=courier, number=other)


def _history(info: Any, summed: Meaning) -> tuple[Scan, ...]:
    """Return all events, else the milestones, else the latest event alone."""
    told = [
        (text(provider, "provider", "key", limit=20), event)
        for provider in reversed(rows(info, "tracking", "providers"))  # the newest comes first
        for event in reversed(rows(provider, "events"))
        if _has_words(event)
    ]
    if not told:
        told = [
            ("", {"stage": row.get("key_stage"), **row})
            for row in rows(info, "milestone")
            if _when(row)[1]
        ]
        told.sort(key=lambda pair: _when(pair[1])[1])
    if not told:
        told = [("", event) for event in rows(info, "latest_event") if _has_words(event)]
    if not told:
        return ()
    *older, newest = told
    rest = [_scan(event, courier=courier, summed=None) for courier, event in older]
    rest.append(_scan(newest[1], courier=newest[0], summed=summed))
    return in_order(_named(rest), summed.status)


def _has_words(event: dict[str, Any]) -> bool:
    return any(text(event, name) for name in ("description", "sub_status", "stage"))


def _named(scans: Sequence[Scan]) -> list[Scan]:
    """Complete each id, the courier's, by the second and the place within it."""
    turns: Counter[tuple[str, str]] = Counter()
    named = []
    for scan in scans:
        when = scan.local_time
        turns[scan.event_id, when] += 1
        mark = f"{scan.event_id}/{when}/{turns[scan.event_id, when]}"
        named.append(replace(scan, event_id=mark if when else ""))
    return named


def _scan(event: dict[str, Any], *, courier: str, summed: Meaning | None) -> Scan:
    """Return one event; the body's own status serves the newest where it has none itself."""
    stage = text(event, "stage", limit=CODE_LIMIT)
    sub_status = text(event, "sub_status", limit=CODE_LIMIT)
    words = text(event, "description")
    english = text(event, "description_translation", "description")
    known = _coded(stage=stage, sub_status=sub_status)
    has_code = bool(stage or sub_status)
    is_inferred = False
    if known is None and not has_code:
        known = summed or None
        if known is None or known.status is None:
            status = said(f"{words} {english}")
            known, is_inferred = Meaning(status), status is not None
    meaning, is_guess = reasoned(known or NEWS, f"{words} {english}")
    at, local, source = _when(event)
    location = _where(event)
    return Scan(
        occurred_at=at,
        local_time=local,
        offset_source=source,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=handed(meaning, f"{words} {english}") or _handed_zh(meaning, words),
        raw_code=sub_status or stage,
        raw_text=words or english,
        location=location,
        country=country(text(event, "address", "country")),
        event_id=courier,
        is_physical=is_physical(known, location),
        is_inferred=is_inferred or is_guess,
        is_known=known is not None,
    )


def _where(event: dict[str, Any]) -> str:
    """Return the place, without the postcode: a delivery's is the recipient's."""
    address = part(event, "address")
    location, postcode = text(event, "location"), text(address, "postal_code", limit=20)
    if not location:
        return place(text(address, "city"), text(address, "state"), text(address, "country"))
    if postcode:
        parts = location.replace(postcode, "").split(",")
        location = ", ".join(" ".join(one.split()) for one in parts if one.strip())
    return location[:PLACE_LIMIT].strip()


def _coded(*, stage: str, sub_status: str) -> Meaning | None:
    """Return what an event's sub-status says, else its stage, else None."""
    if sub_status == BROAD and stage in STAGE:
        return STAGE[stage]
    return SUB_STATUS.get(sub_status) or STAGE.get(stage)


def _handed_zh(meaning: Meaning, words: str) -> Handed | None:
    return handed_in(words) if meaning.status in {S.DELIVERED, S.AVAILABLE_FOR_PICKUP} else None


def _when(event: dict[str, Any]) -> tuple[datetime | None, str, OffsetSource]:
    """
    Return the moment, the clock on the wall, and how the zone is known.

    ``time_raw`` is what the carrier wrote; a zone in it is the carrier's own. ``time_iso`` and
    ``time_utc`` beside a raw time without one have the zone 17TRACK takes the place to have.
    """
    raw = part(event, "time_raw")
    clock_words = text(raw, "time", limit=30)
    local = wall_clock(text(raw, "date", limit=30), clock_words)
    zone = offset(text(raw, "timezone", limit=10))
    if local and not clock_words:
        return None, local, OffsetSource.UNKNOWN  # a day: what hour stands beside is made up
    told: tuple[datetime | None, str] = (None, "")
    for name in ("time_iso", "time_utc"):
        at, clock, _ = moment(text(event, name, limit=40))
        told = told[0] or at, told[1] or clock
    at = told[0] or (to_utc(local, zone) if zone else None)
    local = local if len(local) > 10 else told[1] or local
    if at is None:
        return None, local, OffsetSource.UNKNOWN
    return at, local, OffsetSource.OFFSET if zone else OffsetSource.PLACE
