"""DHL's bodies, read: shipments of the unified service, its pushes, problems, and Express XML."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tracking.carriers import gateways
from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    PLACE_LIMIT,
    Fault,
    Meaning,
    apart,
    careful,
    country,
    events,
    is_xml,
    numbered,
    part,
    read_json,
    read_xml,
    rows,
    text,
)
from tracking.carriers.dhl.codes import (
    BACK,
    ERRORS,
    HANDED,
    PAPERWORK,
    SAYS,
    SERVICES,
    SILENT,
    SPOILT,
    STATUS,
    TROUBLE,
)
from tracking.carriers.dhl.express import read_express, read_mydhl
from tracking.carriers.dhl.seal import slug
from tracking.carriers.ups.codes import Phrase
from tracking.scans import CarrierError, ErrorKind, Proof, ProofKind, Reading, Scan, Snapshot
from tracking.states import OffsetSource
from tracking.states import ParcelStatus as S

NAME_LIMIT = 160
TOLD = ("timestamp", "statusCode", "status", "description", "remark")
"""Fields that make an object an event."""
UNSCANNED = frozenset({S.INFO_RECEIVED})
VAGUE = frozenset({S.IN_TRANSIT, S.EXCEPTION, S.ATTEMPT_FAILED})
"""What an event's words may say more of."""
DAY = timedelta(days=1) - timedelta(seconds=1)
SIGNED = re.compile(r"\s*[-–:,]?\s*\bsigned (for )?by\b.*", re.IGNORECASE)
TAKEN = re.compile(
    r"\s*[-–:,]?\s*\b(signed|received|accepted) (for )?by\b.*|(?<=neighbour\b).*|(?<=neighbor\b).*",
    re.IGNORECASE,
)
HANDING = re.compile(r"deliver|hand|collect|picked up|received|zugestellt", re.IGNORECASE)
SHORT = re.compile(r"[A-Z]{2}")


@careful
def parse(body: bytes) -> Reading:
    """Read shipments, a problem, what a subscription says of itself, or Express XML."""
    if is_xml(body):
        return read_express(read_xml(body))
    root = read_json(body)
    scope = text(root, "scope").lower()
    shipments = part(root, "shipments")
    if isinstance(shipments, list):
        return _shipments(rows(shipments), is_push=bool(scope))
    error = _problem(part(root, "failure") or root)
    if error:
        return Reading(errors=(error,))
    if scope.startswith("subscription."):
        return Reading()  # it was made, checked, ended: no news of any parcel
    raise Fault("The body holds neither shipments nor a problem.")


parse_push = parse


def _shipments(found: list[dict[str, Any]], *, is_push: bool) -> Reading:
    """Read the shipments of a number: there may be several, of other divisions or other years."""
    told: list[Snapshot] = []
    errors: list[CarrierError] = []
    for row in found:
        number = text(row, "id", limit=64)
        if not number and "shipmentTrackingNumber" in row:
            snapshot = read_mydhl(row)
            number = snapshot.number
        else:
            snapshot = _shipment(row, number=number)
        if not number:
            message = "A shipment names no id."
            errors.append(CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message))
        elif snapshot.scans:
            told.append(snapshot)
        elif not is_push:
            errors.append(_silence(number))
    told.sort(key=_newest, reverse=True)
    if not found and not is_push:
        errors.append(_silence(""))
    return Reading(parcels=tuple(told), errors=tuple(errors))


def _silence(number: str) -> CarrierError:
    message = "DHL knows nothing of this number yet."
    return CarrierError(kind=ErrorKind.NOT_FOUND, message=message, number=number)


def _newest(snapshot: Snapshot) -> str:
    return max(scan.local_time for scan in snapshot.scans)


def _shipment(row: dict[str, Any], *, number: str) -> Snapshot:
    service = text(row, "service")
    events = _events(row)
    scans = numbered([_scan(event, service=service) for event in events])
    latest = max(range(len(scans)), key=lambda turn: scans[turn].sequence, default=None)
    if latest is not None and row.get("returnFlag") is True:
        scans[latest] = _sent_back(scans[latest])
    by_time = sorted(scans, key=lambda scan: -scan.sequence)
    is_over = next((scan.status for scan in by_time if scan.status), None) in {
        S.DELIVERED, S.RETURNED,
    }  # fmt: skip
    opens, closes = (None, None) if is_over else _window(row)
    proof = part(row, "details", "proofOfDelivery")
    return Snapshot(
        number=number,
        carrier=slug,
        scans=apart(scans, carrier=slug, number=number),
        eta_from=opens,
        eta_to=closes,
        proofs=_proofs(proof),
        signed_by=_name(part(proof, "signed")),
    )


def _events(row: dict[str, Any]) -> list[dict[str, Any]]:
    """
    Return the events, the newest one with the shipment's own status where it has none.

    The status of a shipment repeats its newest event; it is an event only where it is newer.
    """
    found = events(row, "events", told=TOLD)
    status = part(row, "status")
    if not isinstance(status, dict) or not text(status, "statusCode"):
        return found
    if not found:
        return [status]
    times = [_when(text(event, "timestamp"))[1] for event in found]
    is_rising = all(times) and times[0] < times[-1]
    place = len(found) - 1 if is_rising else 0
    newest = found[place]
    if not text(newest, "statusCode"):
        found[place] = {**newest, "statusCode": status["statusCode"]}
    elif (
        text(newest, "statusCode") != text(status, "statusCode")
        and times[place]
        and times[place] < _when(text(status, "timestamp"))[1]
    ):
        found.insert(len(found) if is_rising else 0, status)
    return found


def _scan(event: dict[str, Any], *, service: str) -> Scan:
    title, told = text(event, "status"), text(event, "description")
    words = " ".join((title, told, text(event, "remark")))
    kind = text(event, "statusCode", limit=CODE_LIMIT).lower()
    short = title if title in SERVICES.get(service, {}) else ""
    meaning, is_inferred, is_known = explain(service=service, short=short, kind=kind, words=words)
    occurred_at, local = _when(text(event, "timestamp"))
    where = part(event, "location", "address")
    state = country(text(where, "countryCode"))
    return Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=OffsetSource.OFFSET if occurred_at else OffsetSource.UNKNOWN,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=meaning.handed,
        raw_code=short or kind,
        raw_text=_public(
            title,
            told,
            is_delivery=meaning.status == S.DELIVERED or HANDING.search(title) is not None,
        ),
        location=text(where, "addressLocality", limit=PLACE_LIMIT) or state,
        country=state,
        is_physical=(bool(short) or meaning != NEWS)
        and meaning.status not in UNSCANNED
        and (short not in PAPERWORK or meaning.status == S.DELIVERED),
        is_inferred=is_inferred,
        is_known=is_known,
    )


def explain(*, service: str, short: str, kind: str, words: str) -> tuple[Meaning, bool, bool]:
    """Return what one event says, whether its words had to be read, and if a table has it."""
    own = SERVICES.get(service, {}).get(short)
    meaning = own or STATUS.get(kind)
    if meaning is None:
        guess = _first(SILENT, words) if not kind else None
        told = Meaning(guess.status or S.EXCEPTION, guess.reason) if guess else NEWS
        return told, guess is not None, not kind
    if meaning.status == S.DELIVERED:
        return _delivered(meaning, words)
    if meaning.status not in VAGUE or (own and (meaning.reason or own.status == S.IN_TRANSIT)):
        return meaning, False, True
    is_smooth = meaning.status == S.IN_TRANSIT
    phrase = _first(SAYS if is_smooth else TROUBLE, words)
    if phrase is None:
        return meaning, False, True
    status = phrase.status or (S.EXCEPTION if is_smooth else meaning.status)
    return Meaning(status, phrase.reason), True, True


def _first(phrases: tuple[Phrase, ...], words: str) -> Phrase | None:
    return next((phrase for phrase in phrases if phrase.words.search(words)), None)


def _delivered(meaning: Meaning, words: str) -> tuple[Meaning, bool, bool]:
    """Say to whom it was given; words that deny the delivery make it a trouble, as a guess."""
    if SPOILT.search(words):
        return Meaning(S.EXCEPTION), True, True
    if BACK.words.search(words):
        return Meaning(S.RETURNING), True, True
    handed = next((handed for pattern, handed in HANDED if pattern.search(words)), None)
    return meaning._replace(handed=handed), False, True


def _sent_back(scan: Scan) -> Scan:
    """Read the newest event of a shipment that DHL marks as going back to its sender."""
    if scan.status == S.DELIVERED:
        return replace(scan, status=S.RETURNED, handed=None)
    if scan.status in {S.IN_TRANSIT, S.EXCEPTION, S.ATTEMPT_FAILED}:
        return replace(scan, status=S.RETURNING, is_inferred=False)
    return scan


def _public(title: str, told: str, *, is_delivery: bool) -> str:
    """
    Return an event's words without a person's name.

    DHL puts the name of who took a parcel into the description, alone or after words.
    """
    if not is_delivery:
        return SIGNED.sub("", told) or title
    if title and not SHORT.fullmatch(title):
        return TAKEN.sub("", title)
    return TAKEN.sub("", told) if HANDING.search(told) else title


def _when(words: str) -> tuple[datetime | None, str]:
    """Read an ISO time, which often has no offset and sometimes no hours."""
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return None, ""
    local = moment.replace(tzinfo=None, microsecond=0).isoformat()
    if len(words) <= 10:
        return None, local[:10]
    return moment.astimezone(UTC) if moment.tzinfo else None, local


def _window(row: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return when it is expected; midnight stands for the whole day."""
    opens, _ = _when(text(row, "estimatedDeliveryTimeFrame", "estimatedFrom"))
    closes, _ = _when(text(row, "estimatedDeliveryTimeFrame", "estimatedThrough"))
    if closes is None:
        closes, local = _when(text(row, "estimatedTimeOfDelivery"))
        if closes and local.endswith("T00:00:00"):
            closes += DAY
    return opens, closes


def _proofs(proof: Any) -> tuple[Proof, ...]:
    found = (
        (ProofKind.SIGNATURE, text(proof, "signatureUrl")),
        (ProofKind.DOCUMENT, text(proof, "documentUrl")),
    )
    return tuple(Proof(kind=kind, url=url) for kind, url in found if url.startswith("https://"))


def _name(person: Any) -> str:
    both = " ".join(filter(None, (text(person, "givenName"), text(person, "familyName"))))
    return (both or text(person, "name") or text(person, "organizationName"))[:NAME_LIMIT]


def _problem(root: Any) -> CarrierError | None:
    """Read a problem of the service, or a fault of the gateway before it."""
    refused = gateways.refusal(root)
    if refused:
        return refused
    status, title = text(root, "status"), text(root, "title", limit=200)
    if not re.fullmatch("[0-9]{3}", status):
        return None
    words = text(root, "detail", limit=400) or title
    kind = ERRORS.get(status) or (
        ErrorKind.TRANSIENT if status >= "500" or status == "408" else ErrorKind.SCHEMA_DRIFT
    )
    if status == "400" and re.search(r"tracking ?number|shipment ?id", words, re.IGNORECASE):
        kind = ErrorKind.INVALID_NUMBER
    if kind == ErrorKind.RATE_LIMITED and re.search("quota|daily|per day", words, re.IGNORECASE):
        kind = ErrorKind.QUOTA_EXHAUSTED
    asked = re.fullmatch(r".*/shipments?/([0-9A-Za-z]{5,40})", text(root, "instance"))
    return CarrierError(
        kind=kind, message=f"{status}: {words}".strip(": "), number=asked[1] if asked else ""
    )
