"""Canada Post's bodies, read: details, summaries, messages, pictures of signatures."""

from __future__ import annotations

from datetime import datetime, tzinfo
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    Fault,
    Meaning,
    apart,
    careful,
    decoded,
    drift,
    local_time,
    numbered,
    place,
    read_xml,
    to_utc,
    xml_text,
)
from tracking.carriers.canadapost.calls import slug
from tracking.carriers.canadapost.codes import (
    BACK,
    ERRORS,
    EVENT,
    FORWARD,
    POSTAL_ZONE,
    PROVINCE_ZONE,
    THROTTLED,
    TYPE,
    WORDS,
    ZONE,
)
from tracking.scans import CarrierError, ErrorKind, Proof, ProofKind, Reading, Scan, Snapshot
from tracking.states import OffsetSource
from tracking.states import ParcelStatus as S

PROVINCES = frozenset(
    {"AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"}
)
MIDNIGHT = "T00:00:00"
UNSCANNED = frozenset({S.INFO_RECEIVED, S.CANCELLED})
NAME_LIMIT = 160
IMAGE_LIMIT = 10_000_000


@careful
def parse(body: bytes) -> Reading:
    """Read details or summaries, one or several, and the messages of what went wrong."""
    root = read_xml(body)
    parcels = [_detail(node) for node in root.iter("tracking-detail")]
    parcels += [_summary(node) for node in root.iter("pin-summary")]
    errors = [_error(node) for node in root.iter("message")]
    if not parcels and not errors:
        raise Fault(f"The body is a {root.tag} document, neither tracking nor messages.")
    silent = [
        CarrierError(
            kind=ErrorKind.NOT_FOUND, message="Canada Post tells no events.", number=one.number
        )
        for one in parcels
        if not one.scans
    ]
    told = [one for one in parcels if one.scans]
    return Reading(
        parcels=tuple(sorted(told, key=_newest, reverse=True)), errors=(*errors, *silent)
    )


@careful
def parse_push(body: bytes) -> Reading:
    """Say that there is no such thing."""
    return drift("Canada Post sends no pushes.")


def fault(body: bytes) -> str | None:
    """Say that nothing pushed here is readable."""
    return "Canada Post sends no pushes."


def parse_proof(body: bytes) -> tuple[Proof, ...]:
    """Return the picture of the signature, where there is one."""
    try:
        words = xml_text(read_xml(body), ".//image", limit=IMAGE_LIMIT)
    except Fault:
        return ()
    data = decoded(words)
    return (Proof(kind=ProofKind.SIGNATURE, data=data),) if data else ()


def _newest(snapshot: Snapshot) -> str:
    return max(scan.local_time for scan in snapshot.scans)


def _number(node: Element) -> str:
    number = xml_text(node, "pin", limit=64) or xml_text(node, "dnc", limit=64)
    if not number:
        raise Fault("The answer names no pin.")
    return number


def _detail(node: Element) -> Snapshot:
    """Read the whole history of one item, newest first."""
    number = _number(node)
    rows = list(node.iterfind("significant-events/occurrence"))
    scans = numbered([_occurrence(row) for row in rows])
    return Snapshot(
        number=number,
        carrier=slug,
        scans=apart(scans, carrier=slug, number=number),
        eta_to=_eta(node, scans),
        signed_by=next((name for row in rows if (name := _signatory(row))), ""),
    )


def _occurrence(node: Element) -> Scan:
    code = xml_text(node, "event-identifier", limit=CODE_LIMIT)
    words = xml_text(node, "event-description")
    province = xml_text(node, "event-province", limit=20)
    local = local_time(xml_text(node, "event-date"), xml_text(node, "event-time"))
    meaning, is_inferred = _turned(EVENT.get(code.lstrip("0"), NEWS), words)
    letters = xml_text(node, "event-time-zone")
    if not letters and local.endswith(MIDNIGHT):
        local = local[:10]  # of archived items the post keeps but the day
    zone = _zone(letters, province)
    occurred_at = to_utc(local, zone) if zone else None
    return Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=OffsetSource.PLACE if occurred_at else OffsetSource.UNKNOWN,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=meaning.handed,
        raw_code=code,
        raw_text=words,
        location=place(xml_text(node, "event-site"), province),
        country="CA" if province in PROVINCES else "",
        is_physical=meaning != NEWS and meaning.status not in UNSCANNED,
        is_inferred=is_inferred,
        is_known=code.lstrip("0") in EVENT,
    )


def _summary(node: Element) -> Snapshot:
    """Read the newest event of one item; a summary tells it by its type."""
    number = _number(node)
    kind = xml_text(node, "event-type", limit=CODE_LIMIT).upper().replace(" ", "_")
    digits = "".join(one for one in xml_text(node, "event-date-time") if one in "0123456789")
    words = xml_text(node, "event-description")
    told = TYPE.get(kind, NEWS)
    if told == NEWS and xml_text(node, "actual-delivery-date"):
        told = TYPE["DELIVERED"]  # the newest news of a delivered item may be its signature
    meaning, is_inferred = _turned(told, words)
    scan = Scan(
        local_time=local_time(digits[:8], digits[8:14]),
        status=meaning.status,
        raw_code=kind,
        raw_text=words,
        location=xml_text(node, "event-location", limit=160),
        is_physical=meaning != NEWS,
        is_inferred=is_inferred,
        is_known=kind in TYPE,
    )
    scans = [scan] if kind or words else []
    return Snapshot(
        number=number,
        carrier=slug,
        scans=tuple(scans),
        eta_to=_eta(node, scans),
        signed_by=_signatory(node),
    )


def _turned(meaning: Meaning, words: str) -> tuple[Meaning, bool]:
    """Return the meaning, turned round when the words say the item goes back."""
    if meaning.status in FORWARD and BACK.search(words):
        return Meaning(S.RETURNING, meaning.reason, meaning.party), True
    return meaning, False


def _signatory(node: Element) -> str:
    return xml_text(node, "signatory-name", limit=NAME_LIMIT)


def _zone(letters: str, province: str) -> tzinfo | None:
    name = PROVINCE_ZONE.get((letters, province)) or ZONE.get(letters)
    return ZoneInfo(name) if name else None


def _eta(node: Element, scans: list[Scan]) -> datetime | None:
    """Return the end of the day on which an item that is still under way is expected."""
    if next((scan.status for scan in scans if scan.status), None) == S.DELIVERED:
        return None
    day = xml_text(node, "changed-expected-date") or xml_text(node, "expected-delivery-date")
    name = POSTAL_ZONE.get(xml_text(node, "destination-postal-id")[:1].upper())
    return to_utc(local_time(day, "235959"), ZoneInfo(name)) if name else None


def _error(node: Element) -> CarrierError:
    code, message = xml_text(node, "code"), xml_text(node, "description", limit=400)
    low = message.lower()
    kind = ERRORS.get(code) or next(
        (kind for words, kind in WORDS if words in low), ErrorKind.TRANSIENT
    )
    return CarrierError(
        kind=kind,
        message=f"{code}: {message}".strip(": "),
        retry_after=THROTTLED if kind == ErrorKind.RATE_LIMITED else None,
    )
