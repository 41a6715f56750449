"""
AfterShip's bodies, read: one tracking, lists, last checkpoints, pushes, and errors.

A tracking holds all its checkpoints, oldest first, and AfterShip's own tag and subtag.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any

from tracking.carriers.aftership.codes import (
    COURIERS,
    ERRORS,
    SUBTAG,
    TAG,
    TAKEN,
    UNRECOGNISED,
)
from tracking.carriers.aggregated import (
    closing,
    edge,
    explained,
    handed,
    in_order,
    is_physical,
    moment,
    needs_closing,
    newest_first,
    signer,
    without_name,
    zone_of,
)
from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    PLACE_LIMIT,
    Fault,
    Meaning,
    apart,
    careful,
    part,
    place,
    read_json,
    rows,
    text,
)
from tracking.carriers.iso3 import alpha2
from tracking.scans import CarrierError, ErrorKind, Onward, Reading, Scan, Snapshot
from tracking.states import SOFT_TERMINAL
from tracking.states import ParcelStatus as S

OVER = SOFT_TERMINAL | {S.RETURNING}
"""Statuses after which nobody expects the parcel any more."""


@careful
def parse(body: bytes) -> Reading:
    """Read an answer, or a push, which has its tracking in ``msg``."""
    root = read_json(body)
    if isinstance(part(root, "msg"), dict):
        return _reading([part(root, "msg")], as_of=_stamp(part(root, "ts")))
    code, data = text(root, "meta", "code", limit=CODE_LIMIT), part(root, "data")
    if not code and data is None:
        raise Fault("The body is neither an AfterShip answer nor a push.")
    if code == TAKEN:
        return Reading()
    if code and not code.startswith("2"):
        return Reading(errors=(_error(root, code),))
    if isinstance(part(data, "trackings"), list):
        return _reading(rows(data, "trackings"), as_of=None)
    tracking = part(data, "tracking")
    lone = tracking if isinstance(tracking, dict) else data
    if text(lone, "tracking_number"):
        return _reading([lone], as_of=None)
    if code:
        return Reading()  # couriers, notifications, a deletion: nothing about a parcel
    raise Fault("The answer holds no tracking.")


parse_push = parse


def _reading(trackings: list[Any], *, as_of: datetime | None) -> Reading:
    parcels: list[tuple[Snapshot, str]] = []
    errors: list[CarrierError] = []
    for one in trackings:
        number = text(one, "tracking_number", limit=64)
        if number:
            parcel = _snapshot(one, number=number, as_of=as_of)
            parcels.append((parcel, text(one, "created_at")))
        else:
            message = "A tracking names no tracking_number."
            errors.append(CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message))
    if not trackings:
        message = "AfterShip follows none of these numbers."
        errors.append(CarrierError(kind=ErrorKind.NOT_FOUND, message=message))
    return Reading(parcels=newest_first(parcels), errors=tuple(errors))


def _snapshot(tracking: dict[str, Any], *, number: str, as_of: datetime | None) -> Snapshot:
    courier = text(tracking, "slug", limit=CODE_LIMIT)
    carrier = "" if courier == UNRECOGNISED else COURIERS.ours(courier)
    signed = signer(text(tracking, "signed_by", limit=200))
    checkpoints = [
        row
        for row in rows(tracking, "checkpoints") or rows(tracking, "checkpoint")
        if text(row, "checkpoint_time") or text(row, "tag") or text(row, "message")
    ]
    tag, subtag = text(tracking, "tag"), text(tracking, "subtag", limit=CODE_LIMIT)
    summed = explain(tag=tag, subtag=subtag) or NEWS
    scans = in_order([_scan(row, signed=signed) for row in checkpoints], summed.status)
    if needs_closing(summed.status, scans):
        words = text(tracking, "subtag_message")
        at = as_of or moment(text(tracking, "updated_at"))[0]
        scans = (*scans, closing(summed, code=subtag or tag, words=words, at=at))
    eta: tuple[datetime | None, datetime | None] = (None, None)
    if summed.status not in OVER:
        eta = _expected(tracking, zone=zone_of(scans))
    return Snapshot(
        number=number,
        carrier=carrier,
        scans=apart(scans, carrier=carrier, number=number),
        is_complete=bool(rows(tracking, "checkpoints")),
        eta_from=eta[0],
        eta_to=eta[1],
        onward=_onward(tracking, number=number),
        signed_by=signed,
    )


def _scan(row: dict[str, Any], *, signed: str) -> Scan:
    tag, subtag = text(row, "tag", limit=CODE_LIMIT), text(row, "subtag", limit=CODE_LIMIT)
    words = text(row, "message") or text(row, "subtag_message")
    known = explain(tag=tag, subtag=subtag)
    meaning, is_inferred = explained(known or NEWS, words)
    at, local, source = moment(text(row, "checkpoint_time"))
    land = alpha2(text(row, "country_region") or text(row, "country_iso3"))
    name = text(row, "country_region_name") or text(row, "country_name")
    # Without the postcode: a delivery's is the recipient's, and it opens the parcel's page.
    location = place(text(row, "city"), text(row, "state"), land or name)
    if not text(row, "city"):
        location = text(row, "location", limit=PLACE_LIMIT) or location
    return Scan(
        occurred_at=at,
        local_time=local,
        offset_source=source,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=handed(meaning, words),
        raw_code=subtag or tag,
        raw_text=without_name(words, signed),
        location=location,
        country=land,
        event_id=text(row, "hash", limit=80),
        is_physical=is_physical(known, location),
        is_inferred=is_inferred,
        is_known=known is not None,
    )


def explain(*, tag: str, subtag: str) -> Meaning | None:
    """Return what a subtag says, else its tag, else None."""
    return SUBTAG.get(subtag) or TAG.get(tag)


def _onward(tracking: dict[str, Any], *, number: str) -> Onward | None:
    """Return the carrier of the last mile where it uses another number."""
    for row in (*rows(tracking, "last_mile"), *rows(tracking, "next_couriers")):
        other = text(row, "tracking_number", limit=64)
        courier = text(row, "slug", limit=CODE_LIMIT)
        if other and courier and other != number:
            return Onward(carrier=COURIERS.ours(courier), number=other)
    return None


def _expected(
    tracking: dict[str, Any], *, zone: tzinfo | None
) -> tuple[datetime | None, datetime | None]:
    """Return when the parcel is expected: the first of AfterShip's estimates we can place."""
    for first, only, last in _estimates(tracking):
        ends = edge(last or only, zone=zone, is_end=True)
        if ends:
            return (edge(first, zone=zone, is_end=False) if first else None), ends
    return None, None


def _estimates(tracking: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield earliest, only and latest time of each estimate, the courier's own first."""
    for name in (
        "courier_estimated_delivery_date",
        "latest_estimated_delivery",
        "aftership_estimated_delivery_date",
        "first_estimated_delivery",
    ):
        stem = "estimated_delivery_date" if name.endswith("_date") else "datetime"
        told = part(tracking, name)
        yield text(told, f"{stem}_min"), text(told, stem), text(told, f"{stem}_max")
        if name == "latest_estimated_delivery":
            yield "", text(tracking, "expected_delivery"), ""  # version 4


def _stamp(seconds: Any) -> datetime | None:
    """Return the moment of a push, given in seconds; None for nonsense."""
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        return None
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _error(root: Any, code: str) -> CarrierError:
    message = text(root, "meta", "message", limit=400)
    number = text(root, "data", "tracking", "tracking_number", limit=64)
    return CarrierError(
        kind=ERRORS.get(code, ErrorKind.TRANSIENT),
        message=f"{code}: {message}".strip(": "),
        number=number or text(root, "data", "tracking_number", limit=64),
    )
