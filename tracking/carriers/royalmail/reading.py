"""Royal Mail's bodies, read: events of one item, summaries of several, signatures, errors."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    PLACE_LIMIT,
    Fault,
    Meaning,
    apart,
    careful,
    decoded,
    drift,
    events,
    numbered,
    part,
    read_json,
    rows,
    text,
)
from tracking.carriers.royalmail.calls import slug
from tracking.carriers.royalmail.codes import CATEGORY, ERRORS, EVENT, WORDS
from tracking.scans import CarrierError, ErrorKind, Proof, ProofKind, Reading, Scan, Snapshot
from tracking.states import OffsetSource
from tracking.states import ParcelStatus as S

BRITAIN = ZoneInfo("Europe/London")
HOME = frozenset({"", "GB", "GBR"})
UNSCANNED = frozenset({S.INFO_RECEIVED})
ABOUT_ONE = frozenset({ErrorKind.NOT_FOUND, ErrorKind.INVALID_NUMBER})
NUMBER = re.compile(r"\b(?=\w*\d)[0-9A-Z]{9,40}\b")
NAME_LIMIT = 160
TOLD = ("eventCode", "eventName", "eventDateTime")
"""Fields that make an object an event."""


@careful
def parse(body: bytes) -> Reading:
    """Read the items of an answer, each with its history, its newest event or its error."""
    root = read_json(body)
    parcels: list[Snapshot] = []
    errors = _errors(root)
    pieces = rows(root, "mailPieces")
    for piece in pieces:
        number = text(piece, "mailPieceId", limit=64) or text(
            piece, "summary", "oneDBarcode", limit=64
        )
        scans = _scans(piece)
        if scans and number:
            parcels.append(_snapshot(piece, scans, number=number))
        elif not part(piece, "signature", "image"):
            errors.append(_missing(piece, number=number))
    if not pieces and not errors:
        raise Fault("The body holds neither mail pieces nor errors.")
    return Reading(parcels=tuple(parcels), errors=tuple(errors))


@careful
def parse_push(body: bytes) -> Reading:
    """Say that there is no such thing."""
    return drift("Royal Mail sends no pushes.")


def fault(body: bytes) -> str | None:
    """Say that nothing pushed here is readable."""
    return "Royal Mail sends no pushes."


def parse_proof(body: bytes) -> tuple[Proof, ...]:
    """Return the signature: a PNG in base64, or a drawing as it stands."""
    try:
        pieces = rows(read_json(body), "mailPieces")
    except Fault:
        return ()
    images = [part(piece, "signature", "image") for piece in pieces]
    drawn = [one for one in images if isinstance(one, str)]
    found = [one.encode() if one.lstrip().startswith("<svg") else decoded(one) for one in drawn]
    return tuple(Proof(kind=ProofKind.SIGNATURE, data=data) for data in found if data)


def _scans(piece: dict[str, Any]) -> list[Scan]:
    """Return the events of an item, or the last one when only a summary is given."""
    summary = part(piece, "summary")
    last = text(summary, "lastEventCode", limit=CODE_LIMIT)
    category = text(summary, "statusCategory").upper().replace("’", "'")
    found = [
        _scan(
            code=text(row, "eventCode", limit=CODE_LIMIT),
            words=text(row, "eventName"),
            moment=text(row, "eventDateTime"),
            where=text(row, "locationName", limit=PLACE_LIMIT),
            category="",
        )
        for row in events(piece, "events", told=TOLD)
    ]
    if not found and last:
        found = [
            _scan(
                code=last,
                words=text(summary, "lastEventName"),
                moment=text(summary, "lastEventDateTime"),
                where=text(summary, "lastEventLocationName", limit=PLACE_LIMIT),
                category=category,
            )
        ]
    elif found and found[0].raw_code == last and not found[0].is_known:
        meaning = CATEGORY.get(category)
        found[0] = _meant(found[0], meaning or NEWS, is_known=meaning is not None)
    return numbered(found)


def _scan(*, code: str, words: str, moment: str, where: str, category: str) -> Scan:
    occurred_at, local, source = _when(moment)
    scan = Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=source,
        raw_code=code,
        raw_text=words,
        location=where,
    )
    meaning = EVENT.get(code.upper()) or CATEGORY.get(category)
    return _meant(scan, meaning or NEWS, is_known=meaning is not None)


def _meant(scan: Scan, meaning: Meaning, *, is_known: bool) -> Scan:
    return replace(
        scan,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=meaning.handed,
        is_physical=meaning != NEWS and meaning.status not in UNSCANNED,
        is_known=is_known,
    )


def _when(words: str) -> tuple[datetime | None, str, OffsetSource]:
    """Read an ISO time; without an offset it is British."""
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return None, "", OffsetSource.UNKNOWN
    local = moment.replace(tzinfo=None, microsecond=0).isoformat()
    if len(words) <= 10:
        return None, local[:10], OffsetSource.UNKNOWN
    if moment.tzinfo is not None:
        return moment.astimezone(UTC), local, OffsetSource.OFFSET
    return moment.replace(tzinfo=BRITAIN).astimezone(UTC), local, OffsetSource.CARRIER


def _snapshot(piece: dict[str, Any], scans: list[Scan], *, number: str) -> Snapshot:
    newest = next((scan.status for scan in scans if scan.status), None)
    opens, closes = (None, None) if newest == S.DELIVERED else _window(piece)
    return Snapshot(
        number=number,
        carrier=slug,
        scans=apart(scans, carrier=slug, number=number),
        eta_from=opens,
        eta_to=closes,
        signed_by=text(piece, "signature", "recipientName", limit=NAME_LIMIT),
    )


def _window(piece: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return when an item is expected; a day without hours ends at its end, in Britain."""
    given = part(piece, "estimatedDelivery")
    day = text(given, "date")[:10]
    is_home = text(piece, "summary", "destinationCountryCode").upper() in HOME
    zone = BRITAIN if is_home else None
    opens = _clock(day, text(given, "startOfEstimatedWindow"), zone)
    closes = _clock(day, text(given, "endOfEstimatedWindow"), zone)
    return opens, closes or _clock(day, "23:59:59", zone)


def _clock(day: str, clock: str, zone: tzinfo | None) -> datetime | None:
    """Return the moment of ``08:00:00+01:00`` on a day; a clock may bring its own day."""
    if not day or not clock:
        return None
    try:
        moment = datetime.fromisoformat(clock if "T" in clock else f"{day}T{clock}")
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC) if moment.tzinfo else None


def _missing(piece: dict[str, Any], *, number: str) -> CarrierError:
    """Say why an item has nothing to show."""
    told = rows(piece, "error")
    if told:
        return _error(told[0], number=number)
    message = "Royal Mail knows nothing of this item yet."
    return CarrierError(kind=ErrorKind.NOT_FOUND, message=message, number=number)


def _errors(root: Any) -> list[CarrierError]:
    """Read the errors of a whole call: listed, or no more than an HTTP status."""
    status = text(root, "httpCode")
    errors = [_error(row, status=status) for row in rows(root, "errors")]
    if not errors and status:
        words = text(root, "moreInformation", limit=400) or text(root, "httpMessage", limit=400)
        errors.append(_error({"errorCode": status, "errorDescription": words}))
    return errors


def _error(row: dict[str, Any], *, number: str = "", status: str = "") -> CarrierError:
    code = text(row, "errorCode", limit=CODE_LIMIT)
    message = text(row, "errorDescription", limit=400)
    low = message.lower()
    kind = ERRORS.get(code) or next((kind for words, kind in WORDS if words in low), None)
    kind = kind or ERRORS.get(status, ErrorKind.TRANSIENT)
    if kind == ErrorKind.RATE_LIMITED and ("quota" in low or "day" in low):
        kind = ErrorKind.QUOTA_EXHAUSTED
    if kind in ABOUT_ONE and not number and (named := NUMBER.search(message)):
        number = named[0]
    return CarrierError(kind=kind, message=f"{code}: {message}".strip(": "), number=number)
