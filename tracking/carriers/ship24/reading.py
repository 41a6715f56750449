"""
Ship24's bodies, read: tracking results, pushes, trackers, proofs of delivery, and errors.

An answer holds all events of a parcel, newest first. A push holds only those that are new.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tracking.carriers.aggregated import (
    closing,
    edge,
    explained,
    handed,
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
    events,
    offset,
    part,
    read_json,
    rows,
    text,
    to_utc,
)
from tracking.carriers.ship24.codes import (
    CATEGORY,
    CODE,
    COURIERS,
    ERRORS,
    MILESTONE,
    WORDS,
)
from tracking.scans import (
    CarrierError,
    ErrorKind,
    Onward,
    Proof,
    ProofKind,
    Reading,
    Scan,
    Snapshot,
)
from tracking.states import SOFT_TERMINAL, OffsetSource
from tracking.states import ParcelStatus as S

TOLD = (
    "occurrenceDatetime", "datetime", "status", "statusCode", "statusCategory", "statusMilestone",
)  # fmt: skip
"""Fields that make an object an event."""
OVER = SOFT_TERMINAL | {S.RETURNING}
"""Statuses after which nobody expects the parcel any more."""
SLOWER = b"too many requests"
"""How the one answer begins that Ship24 gives in plain words."""
PROOF = "tracking/pod"
"""The topic of a push that holds a proof of delivery and no events."""


KNOWN = frozenset({"tracker", "trackers", "trackings", "couriers", "inputData"})
"""What Ship24 puts into ``data``, where others put theirs."""


@careful
def parse(body: bytes) -> Reading:
    """Read an answer, or a push, which has its trackings at the top."""
    if body[:17].lower() == SLOWER:
        message = text(body[:400].decode("utf-8", "replace"))
        return Reading(errors=(CarrierError(kind=ErrorKind.RATE_LIMITED, message=message),))
    root = read_json(body)
    errors = _errors(root)
    if isinstance(part(root, "trackings"), list):
        return _results(rows(root, "trackings"), errors, is_complete=False)
    data = part(root, "data")
    if isinstance(part(data, "trackings"), list):
        return _results(rows(data, "trackings"), errors, is_complete=True)
    trackers = (*rows(data, "tracker"), *rows(data, "trackers"))
    trackers += tuple(tracker for row in rows(data) for tracker in rows(row, "tracker"))
    parcels = tuple(_registered(one) for one in trackers if text(one, "trackingNumber"))
    if parcels or errors or _is_ours(data):
        return Reading(parcels=tuple(dict.fromkeys(parcels)), errors=errors)
    raise Fault("The body is neither a Ship24 answer nor a push nor an error.")


parse_push = parse


def _is_ours(data: Any) -> bool:
    """Return whether an answer that tells of no parcel is Ship24's all the same."""
    return any(KNOWN & row.keys() for row in rows(data))


def _results(
    trackings: list[dict[str, Any]], errors: tuple[CarrierError, ...], *, is_complete: bool
) -> Reading:
    parcels: list[tuple[Snapshot, str]] = []
    told = list(errors)
    for tracking in trackings:
        number = _number(tracking)
        if number:
            parcel = _snapshot(tracking, number=number, is_complete=is_complete)
            parcels.append((parcel, text(tracking, "tracker", "createdAt")))
        else:
            message = "A tracking names no tracking number."
            told.append(CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message))
    if is_complete and not trackings and not told:
        message = "Ship24 follows no parcel of this number."
        told.append(CarrierError(kind=ErrorKind.NOT_FOUND, message=message))
    return Reading(parcels=newest_first(parcels), errors=tuple(told))


def _number(tracking: dict[str, Any]) -> str:
    """Return the number that was asked about; a parcel may have others further on."""
    return (
        text(tracking, "tracker", "trackingNumber", limit=64)
        or text(tracking, "shipment", "trackingNumbers", 0, "tn", limit=64)
        or text(tracking, "events", 0, "trackingNumber", limit=64)
    )


def _snapshot(tracking: dict[str, Any], *, number: str, is_complete: bool) -> Snapshot:
    shipment, found = part(tracking, "shipment"), events(tracking, "events", told=TOLD)
    signed = signer(text(shipment, "delivery", "signedBy", limit=200))
    orders = [_order(event) for event in found]
    turns = [len(found) - turn for turn in range(len(found))]
    known = [order for order in orders if order is not None]
    scans = tuple(
        _scan(event, signed=signed, sequence=sequence)
        for event, sequence in zip(found, known if len(known) == len(found) else turns, strict=True)
    )
    summed = explain(shipment) or NEWS
    if needs_closing(summed.status, scans):
        scans = (closing(summed, code=_code(shipment), words="", at=_as_of(tracking)),)
    eta: tuple[datetime | None, datetime | None] = (None, None)
    if summed.status not in OVER:
        eta = _expected(shipment, scans)
    carrier = _carrier(tracking, found, number=number)
    return Snapshot(
        number=number,
        carrier=carrier,
        scans=apart(scans, carrier=carrier, number=number),
        is_complete=is_complete and bool(found),
        eta_from=eta[0],
        eta_to=eta[1],
        onward=_onward(found, number=number),
        proofs=_proofs(tracking),
        signed_by=signed,
    )


def _registered(tracker: dict[str, Any]) -> Snapshot:
    """Return a parcel that Ship24 follows and of which this body tells no more."""
    number = text(tracker, "trackingNumber", limit=64)
    return Snapshot(number=number, carrier=_carrier({"tracker": tracker}, [], number=number))


def _scan(event: dict[str, Any], *, signed: str, sequence: int) -> Scan:
    words, where = text(event, "status"), text(event, "location", limit=PLACE_LIMIT)
    known = explain(event)
    meaning, is_inferred = explained(known or NEWS, words)
    at, local, source = _when(event)
    return Scan(
        occurred_at=at,
        local_time=local,
        offset_source=source,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=handed(meaning, words),
        raw_code=_code(event),
        raw_text=without_name(words, signed),
        location=where,
        event_id=text(event, "eventId", limit=80),
        sequence=sequence,
        is_physical=is_physical(known, where),
        is_inferred=is_inferred,
        is_known=known is not None,
    )


def explain(row: Any) -> Meaning | None:
    """Return what an event or a shipment says: its code, else its category, else its milestone."""
    return (
        CODE.get(text(row, "statusCode"))
        or CATEGORY.get(text(row, "statusCategory"))
        or MILESTONE.get(text(row, "statusMilestone"))
    )


def _code(row: Any) -> str:
    names = ("statusCode", "statusCategory", "statusMilestone")
    return next((word for name in names if (word := text(row, name, limit=CODE_LIMIT))), "")


def _when(event: dict[str, Any]) -> tuple[datetime | None, str, OffsetSource]:
    """
    Return the moment, the clock on the wall, and how we know the zone.

    The old fields beside it say where an hour was made up, and what offset a local time has.
    """
    words = text(event, "occurrenceDatetime")
    at, local, source = moment(words[:10] if event.get("hasNoTime") is True else words)
    if at is None and (zone := offset(text(event, "utcOffset"))):
        at = to_utc(local, zone)
        source = OffsetSource.OFFSET if at else source
    return at, local, source


def _order(event: dict[str, Any]) -> int | None:
    """Return Ship24's order of an event; lower is older."""
    order = event.get("order")
    is_one = isinstance(order, int) and not isinstance(order, bool) and 0 <= order < 2**31
    return order if is_one else None


def _carrier(tracking: dict[str, Any], events: list[dict[str, Any]], *, number: str) -> str:
    """
    Return the courier of the number that was asked about.

    The one we named when we made the tracker; else the only one whose events bear that number.
    """
    named = part(tracking, "tracker", "courierCode")
    codes = [text(one) for one in named] if isinstance(named, list) else [text(named)]
    if not any(codes):
        mine = [one for one in events if text(one, "eventTrackingNumber") in {number, ""}]
        codes = [text(event, "courierCode") for event in mine]
    ours = {COURIERS.ours(code) for code in codes if code}
    return ours.pop() if len(ours) == 1 else ""


def _onward(events: list[dict[str, Any]], *, number: str) -> Onward | None:
    """Return the courier and number under which the newest event was found, if another one."""
    for event in events:
        other, courier = text(event, "eventTrackingNumber", limit=64), text(event, "courierCode")
        if other and courier:
            is_other = other != number
            return Onward(carrier=COURIERS.ours(courier), number=other) if is_other else None
    return None


def _expected(shipment: Any, scans: tuple[Scan, ...]) -> tuple[datetime | None, datetime | None]:
    """Return when the parcel is expected: the courier's window, else Ship24's time in UTC."""
    told, zone = part(shipment, "delivery", "courierEstimatedDeliveryDate"), zone_of(scans)
    opens, ends = text(told, "from"), text(told, "to") or text(told, "from")
    last = edge(ends, zone=zone, is_end=True)
    if last:
        return edge(opens, zone=zone, is_end=False), last
    lone = text(shipment, "delivery", "estimatedDeliveryDate")
    return None, edge(lone, zone=UTC, is_end=True)


def _proofs(tracking: dict[str, Any]) -> tuple[Proof, ...]:
    """Return the proof of delivery of a push about one; a text instead of a file is none."""
    content = part(tracking, "data", "content")
    url, kind = text(content, "downloadUrl"), text(content, "type")
    if text(tracking, "metadata", "topic") != PROOF or not url:
        return ()
    is_image = kind.startswith("image/")
    return (Proof(kind=ProofKind.PHOTO if is_image else ProofKind.DOCUMENT, url=url),)


def _as_of(tracking: dict[str, Any]) -> datetime | None:
    return moment(text(tracking, "metadata", "generatedAt"))[0]


def _errors(root: Any) -> tuple[CarrierError, ...]:
    """Read the errors of a whole answer, and those of single trackers in a bulk."""
    items = [
        _error(error, number=text(row, "inputData", "trackingNumber", limit=64))
        for row in rows(root, "data")
        for error in rows(row, "errors")
    ]
    if items:
        return tuple(items)  # beside these the error of the whole says only that there are some
    return tuple(_error(row) for row in (*rows(root, "errors"), *rows(root, "error")))


def _error(row: dict[str, Any], *, number: str = "") -> CarrierError:
    code, message = text(row, "code", limit=CODE_LIMIT), text(row, "message", limit=400)
    low = f"{code} {message}".lower()
    by_words = next((kind for words, kind in WORDS if words in low), ErrorKind.TRANSIENT)
    return CarrierError(
        kind=ERRORS.get(code, by_words), message=f"{code}: {message}".strip(": "), number=number
    )
