"""
EasyPost's bodies, read: trackers, lists of trackers, events about trackers, and errors.

A tracker holds its whole history, oldest event first, and EasyPost's own sum of it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

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
    Fault,
    Meaning,
    apart,
    careful,
    country,
    events,
    local_time,
    part,
    place,
    read_json,
    rows,
    text,
)
from tracking.carriers.easypost.codes import (
    COURIERS,
    DETAIL,
    ERRORS,
    FIRM,
    LATE,
    PAIR,
    SMOOTH,
    STATUS,
    WORDS,
)
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.states import SOFT_TERMINAL
from tracking.states import ParcelStatus as S

LISTS = ("trackers", "events", "webhooks")
"""Names under which EasyPost lists things; only trackers tell of parcels."""
TOLD = ("datetime", "status", "status_detail", "message", "description")
"""Fields that make an object an event."""
OVER = SOFT_TERMINAL | {S.RETURNING}
"""Statuses after which nobody expects the parcel any more."""


@careful
def parse(body: bytes) -> Reading:
    """Read a tracker, a list of trackers, or an event about one; each says what it is."""
    root = read_json(body)
    if isinstance(part(root, "error"), dict | str):
        return Reading(errors=(_error(root),))
    name = next((name for name in LISTS if isinstance(part(root, name), list)), "")
    found = rows(root, name) if name else rows(root)
    trackers = [tracker for one in found if (tracker := _tracker(one)) is not None]
    if not trackers and name == "trackers" and not found:
        message = "EasyPost has no tracker of these numbers."
        return Reading(errors=(CarrierError(kind=ErrorKind.NOT_FOUND, message=message),))
    if not trackers:
        if (found or name) and all(_is_about_something_else(one) for one in found):
            return Reading()
        raise Fault("The body is neither an EasyPost tracker, nor an event, nor an error.")
    parcels = [(_snapshot(tracker), text(tracker, "created_at")) for tracker in trackers]
    errors = tuple(_failed(tracker) for tracker in trackers if text(tracker, "status") == "error")
    return Reading(parcels=newest_first(parcels), errors=errors)


parse_push = parse


def _tracker(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the tracker that a row is, or that the event in it is about."""
    inner = _inner(row)
    is_one = text(inner, "object") in {"Tracker", ""} and text(inner, "tracking_code")
    return inner if is_one else None


def _is_about_something_else(row: dict[str, Any]) -> bool:
    """Test for a webhook, a batch, a user, or an event about one."""
    return text(_inner(row), "object") not in {"Tracker", ""}


def _inner(row: dict[str, Any]) -> dict[str, Any]:
    result = part(row, "result")
    return result if text(row, "object") == "Event" and isinstance(result, dict) else row


def _snapshot(tracker: dict[str, Any]) -> Snapshot:
    number = text(tracker, "tracking_code", limit=64)
    carrier = COURIERS.ours(text(tracker, "carrier", limit=CODE_LIMIT))
    signed = signer(text(tracker, "signed_by", limit=200))
    details = events(tracker, "tracking_details", told=TOLD)
    status, detail = text(tracker, "status"), text(tracker, "status_detail")
    summed = explain(status=status, detail=detail) or NEWS
    scans = in_order([_scan(row, signed=signed) for row in details], summed.status)
    if needs_closing(summed.status, scans):
        last = closing(
            summed,
            code=_code(status, detail),
            words="",
            at=moment(text(tracker, "updated_at"))[0],
        )
        scans = (*scans, last)
    eta: tuple[datetime | None, datetime | None] = (None, None)
    if summed.status not in OVER:
        eta = _expected(tracker, scans)
    return Snapshot(
        number=number,
        carrier=carrier,
        scans=apart(scans, carrier=carrier, number=number),
        is_complete=bool(details),
        eta_from=eta[0],
        eta_to=eta[1],
        signed_by=signed,
    )


def _scan(row: dict[str, Any], *, signed: str) -> Scan:
    status, detail = text(row, "status"), text(row, "status_detail")
    words = text(row, "message") or text(row, "description")
    known = explain(status=status, detail=detail)
    meaning, is_inferred = explained(known or NEWS, f"{words} {text(row, 'description')}")
    at, local, source = moment(text(row, "datetime"))
    where, state = (
        part(row, "tracking_location"),
        country(text(row, "tracking_location", "country")),
    )
    # Without the postcode: a delivery's is the recipient's, and it opens the parcel's page.
    location = place(text(where, "city"), text(where, "state"), state)
    return Scan(
        occurred_at=at,
        local_time=local,
        offset_source=source,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=handed(meaning, words),
        raw_code=_code(status, detail),
        raw_text=without_name(words, signed),
        location=location,
        country=state,
        is_physical=is_physical(known, location),
        is_inferred=is_inferred,
        is_known=known is not None,
    )


def _code(status: str, detail: str) -> str:
    """Return both words of an event: either alone may be the one nobody has told us."""
    return f"{status}/{detail}".strip("/")[:CODE_LIMIT]


def explain(*, status: str, detail: str) -> Meaning | None:
    """Return what status and detail say together, None when both are unknown to us."""
    broad, narrow = STATUS.get(status), DETAIL.get(detail)
    if broad is None or narrow is None:
        return broad or narrow
    pair = PAIR.get((status, detail))
    if pair:
        return pair
    if narrow.status is None:
        return broad
    if broad.status is not None and status in FIRM:
        return Meaning(broad.status, narrow.reason, narrow.party)
    return broad if status in LATE and narrow.status in SMOOTH else narrow


def _expected(
    tracker: dict[str, Any], scans: tuple[Scan, ...]
) -> tuple[datetime | None, datetime | None]:
    """Return when the parcel is expected; midnight in UTC stands for a day without hours."""
    local = local_time(
        text(tracker, "carrier_detail", "est_delivery_date_local"),
        text(tracker, "carrier_detail", "est_delivery_time_local"),
    )
    zone = zone_of(scans)
    if local and zone:
        return None, edge(local, zone=zone, is_end=True)
    expected = moment(text(tracker, "est_delivery_date"))[0]
    if expected and expected.time() == datetime.min.time():
        return expected, expected + timedelta(days=1, seconds=-1)
    return None, expected or edge(text(tracker, "est_delivery_date"), zone=UTC, is_end=True)


def _failed(tracker: dict[str, Any]) -> CarrierError:
    message = "EasyPost or the carrier could not process this tracker."
    number = text(tracker, "tracking_code", limit=64)
    return CarrierError(kind=ErrorKind.TRANSIENT, message=message, number=number)


def _error(root: Any) -> CarrierError:
    """Read the lone error of an answer; its message may be a word, a list or an object."""
    bare = text(root, "error", limit=400)
    code = text(root, "error", "code", limit=CODE_LIMIT)
    said = part(root, "error", "message")
    words = said if isinstance(said, list) else [said]
    message = bare or "; ".join(text(one, limit=200) for one in words if text(one))
    low = message.lower()
    kind = next((kind for some, kind in WORDS if some in low), None)
    by_code = ERRORS.get(code)
    if by_code is None or (code == "TRACKER.CREATE.ERROR" and kind):
        by_code = kind or ErrorKind.TRANSIENT
    return CarrierError(kind=by_code, message=f"{code}: {message}".strip(": "))
