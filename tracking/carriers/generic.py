"""
Our own published format, for any carrier, warehouse or middleware that can send JSON.

The words are ours already, so there is no code table: docs/carriers/generic.md and the JSON schema
beside it are the contract, and this file reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tracking.carriers import standard
from tracking.carriers.base import (
    CODE_LIMIT,
    PLACE_LIMIT,
    Answer,
    Ask,
    Capabilities,
    Fault,
    HttpRequest,
    careful,
    country,
    decoded,
    events,
    json_fault,
    part,
    read_json,
    rows,
    text,
    tidy,
    to_utc,
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
from tracking.states import Handed, OffsetSource, ParcelStatus, Party, Reason

VERSION = 1
slug = "generic"
capabilities = Capabilities(
    has_push=True, push_mode="account", has_event_id=True, gives_offset=True, batch_max=100
)

verify = standard.verify
fault = json_fault

PAPER = frozenset({ParcelStatus.REGISTERED, ParcelStatus.INFO_RECEIVED})
TOLD = ("id", "status", "code", "text", "occurred_at", "local_time", "location", "reason")
"""Fields that make an object an event."""


def seal(body: bytes, secret: str, *, now: datetime, message_id: str = "") -> dict[str, str]:
    """Return the headers that seal ``body``; without an id, its digest is the id."""
    name = message_id or f"msg_{hashlib.sha256(body).hexdigest()[:24]}"
    return standard.seal(body, secret, now=now, message_id=name)


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 202: kept, and read a moment later."""
    return Answer(202, "application/json", b"{}") if ok else Answer(401, "application/json", b"{}")


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """Return nothing: this format is pushed to us, there is nobody to ask."""
    return ()


@careful
def parse(body: bytes) -> Reading:
    """Read one body, with one parcel or many."""
    root = read_json(body)
    data = root.get("data", root) if isinstance(root, dict) else root
    lone = isinstance(data, dict) and "number" in data
    listed = [data] if lone else rows(data, "parcels")
    parcels: list[Snapshot] = []
    errors = [_error(row) for row in rows(data, "errors")]
    for place, parcel in enumerate(listed):
        number = text(parcel, "number", limit=64)
        if number:
            parcels.append(_snapshot(parcel, number=number))
        else:
            message = f"parcels[{place}].number is missing: say which parcel this is about."
            errors.append(CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message))
    if not parcels and not errors and not isinstance(part(data, "parcels"), list):
        raise Fault("The body has no list named parcels and no number of a lone parcel.")
    return Reading(parcels=tuple(parcels), errors=tuple(errors))


parse_push = parse


def _error(row: dict[str, Any]) -> CarrierError:
    kind, wait = text(row, "kind"), row.get("retry_after")
    return CarrierError(
        kind=ErrorKind(kind) if kind in set(ErrorKind) else ErrorKind.TRANSIENT,
        message=text(row, "message", limit=500),
        number=text(row, "number", limit=64),
        retry_after=wait if isinstance(wait, int) and 0 <= wait <= 86_400 else None,
    )


def _snapshot(parcel: dict[str, Any], *, number: str) -> Snapshot:
    return Snapshot(
        number=number,
        carrier=text(parcel, "carrier", limit=50).lower(),
        scans=tuple(_scan(event) for event in events(parcel, "events", told=TOLD)),
        is_complete=parcel.get("is_complete") is True,
        eta_from=_moment(text(parcel, "eta", "from")) if "eta" in parcel else None,
        eta_to=_moment(text(parcel, "eta", "to")) if "eta" in parcel else None,
        onward=_onward(parcel) if "onward" in parcel else None,
        proofs=_proofs(parcel) if "proofs" in parcel else (),
        signed_by=text(parcel, "signed_by", limit=80) if "signed_by" in parcel else "",
    )


def _onward(parcel: dict[str, Any]) -> Onward | None:
    carrier = text(parcel, "onward", "carrier", limit=50).lower()
    number = text(parcel, "onward", "number", limit=64)
    return Onward(carrier=carrier, number=number) if carrier and number else None


def _proofs(parcel: dict[str, Any]) -> tuple[Proof, ...]:
    """Return the proofs that are in the body itself; from addresses nothing is fetched."""
    return tuple(
        Proof(kind=ProofKind(kind), data=data)
        for row in rows(parcel, "proofs")
        if (kind := text(row, "kind")) in set(ProofKind) and (data := decoded(row.get("data")))
    )


def _scan(event: dict[str, Any]) -> Scan:
    # Asked for only where it is there: most of an event is absent, and this runs all day.
    given = tidy(event.get("status"), CODE_LIMIT)
    status = _STATUSES.get(given)
    occurred_at, local, source = _when(event)
    leg, sequence = event.get("leg"), event.get("sequence")
    return Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=source,
        status=status,
        reason=_REASONS.get(text(event, "reason")) if "reason" in event else None,
        party=_PARTIES.get(text(event, "party")) if "party" in event else None,
        handed=_HANDED.get(text(event, "handed")) if "handed" in event else None,
        raw_code=(tidy(event["code"], CODE_LIMIT) if "code" in event else "") or given,
        raw_text=tidy(event.get("text")),
        location=tidy(event.get("location"), PLACE_LIMIT),
        country=country(text(event, "country")) if "country" in event else "",
        event_id=_identity(tidy(event.get("id"))),
        sequence=sequence if isinstance(sequence, int) and 0 <= sequence < 2**31 else 0,
        leg=leg if isinstance(leg, int) and 1 <= leg <= 9 else 1,
        is_physical=event.get("is_physical", status not in PAPER) is True,
        is_inferred=event.get("is_inferred") is True,
        is_known=status is not None or not given,
    )


# Our words by their text: another word moves nothing, and stays in ``raw_code``.
_STATUSES = {one.value: one for one in ParcelStatus}
_REASONS = {one.value: one for one in Reason}
_PARTIES = {one.value: one for one in Party}
_HANDED = {one.value: one for one in Handed}


def _identity(name: str) -> str:
    """Return an event id that fits its column, the same one each time."""
    return name if len(name) <= 80 else hashlib.sha256(name.encode()).hexdigest()


def _when(event: dict[str, Any]) -> tuple[datetime | None, str, OffsetSource]:
    """Return the moment, the clock on the wall, and how we know the zone."""
    words = tidy(event.get("occurred_at"), 40) or tidy(event.get("local_time"), 40)
    try:
        given = datetime.fromisoformat(words)
    except ValueError:
        return None, "", OffsetSource.UNKNOWN
    if len(words) <= 10:
        return None, given.date().isoformat(), OffsetSource.UNKNOWN
    local = given.isoformat()[:19]  # neither fractions nor a zone
    if given.tzinfo is not None:
        return _in_utc(given), local, OffsetSource.OFFSET
    try:
        zone = ZoneInfo(text(event, "timezone", limit=64))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None, local, OffsetSource.UNKNOWN
    return to_utc(local, zone), local, OffsetSource.PLACE


def _moment(words: str) -> datetime | None:
    """Return a moment whose zone is given; without one it would be a guess."""
    try:
        given = datetime.fromisoformat(words)
    except ValueError:
        return None
    return _in_utc(given) if given.tzinfo else None


def _in_utc(moment: datetime) -> datetime | None:
    try:
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except OverflowError:
        return None
