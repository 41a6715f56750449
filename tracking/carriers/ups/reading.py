"""UPS's bodies, read: Track Alert events, Track API answers, and the errors of both."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from tracking.carriers import gateways
from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    Fault,
    Meaning,
    apart,
    careful,
    country,
    decoded,
    drift,
    events,
    is_xml,
    local_time,
    offset,
    part,
    place,
    read_json,
    read_xml,
    rows,
    text,
    to_utc,
)
from tracking.carriers.ups.codes import (
    ACTIVITY,
    ASIDE,
    LEFT_AT,
    NAMED,
    PACKAGE,
    PHRASES,
    SMOOTH,
    TYPE,
)
from tracking.carriers.ups.old import modern
from tracking.carriers.ups.seal import slug
from tracking.scans import (
    CarrierError,
    ErrorKind,
    Proof,
    ProofKind,
    Reading,
    Scan,
    Snapshot,
)
from tracking.states import Handed, OffsetSource
from tracking.states import ParcelStatus as S

ERRORS: dict[str, ErrorKind] = {
    "TV1001": ErrorKind.INVALID_NUMBER,
    "TV1002": ErrorKind.INVALID_NUMBER,
    "151018": ErrorKind.INVALID_NUMBER,
    "VSS200": ErrorKind.INVALID_NUMBER,
    "VSS210": ErrorKind.INVALID_NUMBER,
    "VSS215": ErrorKind.INVALID_NUMBER,
    "TW0001": ErrorKind.NOT_FOUND,
    "TV1003": ErrorKind.NOT_FOUND,
    "151044": ErrorKind.NOT_FOUND,
    "404": ErrorKind.NOT_FOUND,
    "UJ0001": ErrorKind.AUTH,
    "401": ErrorKind.AUTH,
    "403": ErrorKind.AUTH,
    "10401": ErrorKind.AUTH,
    "429": ErrorKind.RATE_LIMITED,
    "10429": ErrorKind.RATE_LIMITED,
    "VSS100": ErrorKind.TRANSIENT,
}
"""Error code -> kind; the family 2500xx is all about the caller's licence or token."""
AUTH_FAMILY = "2500"

WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("not found", ErrorKind.NOT_FOUND),
    ("no tracking information", ErrorKind.NOT_FOUND),
    ("invalid inquiry", ErrorKind.INVALID_NUMBER),
    ("invalid tracking", ErrorKind.INVALID_NUMBER),
    ("too many requests", ErrorKind.RATE_LIMITED),
    ("rate limit", ErrorKind.RATE_LIMITED),
    ("quota", ErrorKind.QUOTA_EXHAUSTED),
    ("token", ErrorKind.AUTH),
    ("authoriz", ErrorKind.AUTH),
    ("authentic", ErrorKind.AUTH),
)
"""For codes that are not listed: words in the message -> kind."""

NAME_LIMIT = 160
PHYSICAL_TYPES = frozenset({"D", "I", "P"})
UNSCANNED = frozenset({S.EXCEPTION, S.CUSTOMS, S.CANCELLED, S.INFO_RECEIVED, S.LOST})
TOLD = ("status", "date", "gmtDate", "location")
"""Fields that make an object an event."""


@careful
def parse(body: bytes) -> Reading:
    """Read a Track API answer, an old XML one or a Track Alert event, each by its own fields."""
    root = modern(read_xml(body)) if is_xml(body) else read_json(body)
    alerts = [row for row in rows(root) if "activityStatus" in row]
    if alerts:
        return Reading(parcels=tuple(_alert(alert) for alert in alerts))
    parcels: list[Snapshot] = []
    errors = _errors(root)
    for shipment in rows(root, "trackResponse", "shipment"):
        found = [
            _package(package, activities, shipment=shipment)
            for package in rows(shipment, "package")
            if (activities := events(package, "activity", told=TOLD) or _standing(package))
        ]
        parcels.extend(found)
        if not found:
            errors.extend(_missing(shipment))
    if not parcels and not errors:
        refused = gateways.refusal(root)
        if refused is None:
            raise Fault("The body is neither a UPS tracking answer, nor an alert, nor an error.")
        errors = [refused]
    return Reading(parcels=tuple(parcels), errors=tuple(errors))


parse_push = parse


def read_subscription(body: bytes) -> tuple[CarrierError, ...]:
    """Return the numbers UPS refused to watch, or what is wrong with the whole call."""
    return _subscription(body).errors


@careful
def _subscription(body: bytes) -> Reading:
    root = read_json(body)
    errors = _errors(root)
    if not errors and not isinstance(part(root, "validTrackingNumbers"), list):
        return drift("The body is no answer to a subscription.")
    return Reading(errors=tuple(errors))


def _alert(alert: dict[str, Any]) -> Snapshot:
    """Read one pushed event; UPS sends one at a time and keeps no history."""
    number = text(alert, "trackingNumber", limit=64)
    if not number:
        raise Fault("The alert names no trackingNumber.")
    where = part(alert, "activityLocation")
    scan, zone = _scan(
        kind=text(alert, "activityStatus", "type"),
        code=text(alert, "activityStatus", "code", limit=CODE_LIMIT),
        package_code=text(alert, "activityStatus", "descriptionCode"),
        words=text(alert, "activityStatus", "description"),
        local=local_time(text(alert, "localActivityDate"), text(alert, "localActivityTime")),
        gmt=local_time(text(alert, "gmtActivityDate"), text(alert, "gmtActivityTime")),
        gmt_offset=text(alert, "gmtOffset"),
        where=where,
    )
    # The date of delivery stays blank until the parcel is delivered.
    if _is_delivery(scan, alert, "activityStatus") and text(alert, "actualDeliveryDate"):
        scan = replace(scan, status=S.DELIVERED)
    eta: tuple[datetime | None, datetime | None] = (None, None)
    if scan.status != S.DELIVERED:
        eta = _window(
            text(alert, "scheduledDeliveryDate"),
            text(alert, "deliveryStartTime"),
            text(alert, "deliveryEndTime"),
            zone=zone,
        )
    return Snapshot(
        number=number,
        carrier=slug,
        scans=(scan,),
        eta_from=eta[0],
        eta_to=eta[1],
        proofs=_proofs((ProofKind.PHOTO, part(alert, "deliveryPhoto"))),
        signed_by=text(alert, "receivedBy", limit=NAME_LIMIT),
    )


def _package(
    package: dict[str, Any], activities: list[dict[str, Any]], *, shipment: dict[str, Any]
) -> Snapshot:
    """Read one package of an answer: its whole history, newest first."""
    number = text(package, "trackingNumber", limit=64) or text(shipment, "inquiryNumber", limit=64)
    told = [_activity(activity) for activity in activities]
    scans = [
        replace(scan, sequence=len(told) - turn) for turn, (scan, _) in enumerate(told, start=1)
    ]
    zone = next((zone for _, zone in told if zone), None)
    dates = {text(row, "type"): text(row, "date") for row in rows(package, "deliveryDate")}
    if _is_delivery(scans[0], activities[0], "status") and dates.get("DEL"):
        scans[0] = replace(scans[0], status=S.DELIVERED)
    newest = next((turn for turn, scan in enumerate(scans) if scan.status), 0)
    is_delivered = scans[newest].status == S.DELIVERED
    if is_delivered:
        left_at = _handed(text(package, "deliveryInformation", "location"))
        scans[newest] = replace(scans[newest], handed=scans[newest].handed or left_at)
    eta: tuple[datetime | None, datetime | None] = (None, None)
    if not is_delivered:
        clock = part(package, "deliveryTime")
        eta = _window(
            dates.get("RDD") or dates.get("SDD") or "",
            text(clock, "startTime"),
            text(clock, "endTime"),
            zone=zone,
        )
    given = part(package, "deliveryInformation")
    return Snapshot(
        number=number,
        carrier=slug,
        scans=apart(scans, carrier=slug, number=number),
        eta_from=eta[0],
        eta_to=eta[1],
        proofs=_proofs(
            (ProofKind.SIGNATURE, part(given, "signature", "image")),
            (ProofKind.PHOTO, part(given, "deliveryPhoto", "photo")),
            (ProofKind.DOCUMENT, part(given, "pod", "content")),
        ),
        signed_by=text(given, "receivedBy", limit=NAME_LIMIT),
    )


def _standing(package: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how a package stands as its only activity, where UPS tells no others."""
    status = part(package, "currentStatus")
    kind, code = text(status, "type"), text(status, "code", limit=CODE_LIMIT)
    exact = text(status, "statusCode") or (code if code.isdecimal() else "")
    if exact not in PACKAGE and (kind, code) not in ACTIVITY:
        return []
    own = {"type": kind, "code": "" if code == exact else code, "statusCode": exact,
           "description": text(status, "description")}  # fmt: skip
    days = {text(row, "type"): text(row, "date") for row in rows(package, "deliveryDate")}
    hours = {text(row, "type"): text(row, "endTime") for row in rows(package, "deliveryTime")}
    return [{"status": own, "date": days.get("DEL", ""), "time": hours.get("DEL", "")}]


def _proofs(*given: tuple[ProofKind, Any]) -> tuple[Proof, ...]:
    """Return the pictures and papers of a delivery that the body itself holds."""
    return tuple(Proof(kind=kind, data=data) for kind, words in given if (data := decoded(words)))


def _is_delivery(scan: Scan, activity: dict[str, Any], field: str) -> bool:
    """Test for a delivery activity whose code nobody has told us."""
    return scan.status is None and text(activity, field, "type") == "D"


def _activity(activity: dict[str, Any]) -> tuple[Scan, tzinfo | None]:
    return _scan(
        kind=text(activity, "status", "type"),
        code=text(activity, "status", "code", limit=CODE_LIMIT),
        package_code=text(activity, "status", "statusCode"),
        words=text(activity, "status", "description"),
        local=local_time(text(activity, "date"), text(activity, "time")),
        gmt=local_time(text(activity, "gmtDate"), text(activity, "gmtTime")),
        gmt_offset=text(activity, "gmtOffset"),
        where=part(activity, "location", "address"),
    )


def _scan(
    *,
    kind: str,
    code: str,
    package_code: str,
    words: str,
    local: str,
    gmt: str,
    gmt_offset: str,
    where: Any,
) -> tuple[Scan, tzinfo | None]:
    """Return the scan, and the zone it was made in where that is known."""
    meaning, is_inferred, is_known = explain(
        kind=kind, code=code, package_code=package_code, words=words
    )
    zone = offset(gmt_offset) or _zone_between(local, gmt)
    occurred_at = to_utc(gmt, UTC) or (to_utc(local, zone) if zone else None)
    state = country(text(where, "countryCode") or text(where, "country"))
    scan = Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=OffsetSource.OFFSET if occurred_at else OffsetSource.UNKNOWN,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=meaning.handed,
        raw_code=(code or package_code or kind)[:CODE_LIMIT],
        raw_text=words,
        # Without the postcode: a push leaves it blank where the answer to a poll gives it.
        location=place(text(where, "city"), text(where, "stateProvince"), state),
        country=state,
        is_physical=kind in PHYSICAL_TYPES
        or (meaning.status is not None and meaning.status not in UNSCANNED),
        is_inferred=is_inferred,
        is_known=is_known,
    )
    return scan, zone


def explain(*, kind: str, code: str, package_code: str, words: str) -> tuple[Meaning, bool, bool]:
    """Return what one activity says, whether its words had to be read, and if a table has it."""
    kind, code = kind.upper(), code.upper()
    known = TYPE.get(kind) or NAMED.get((kind, words.lower())) or ACTIVITY.get((kind, code))
    if known:
        return known, False, True
    broad = PACKAGE.get(package_code)
    if kind != "X":
        if kind == "I" and not code and not package_code:
            broad = Meaning(S.IN_TRANSIT)
        return broad or NEWS, False, broad is not None
    if broad and broad.status not in SMOOTH and (broad.reason or broad.status != S.EXCEPTION):
        return broad, False, True
    if any(pattern.search(words) for pattern in ASIDE):
        return NEWS, False, True
    for phrase in PHRASES:
        if phrase.words.search(words):
            return Meaning(phrase.status or S.EXCEPTION, phrase.reason), True, True
    return Meaning(S.EXCEPTION), False, True


def _zone_between(local: str, gmt: str) -> tzinfo | None:
    """Work the offset out from the same moment on two clocks."""
    if len(local) < 16 or len(gmt) < 16:
        return None
    gap = datetime.fromisoformat(local) - datetime.fromisoformat(gmt)
    whole = timedelta(minutes=round(gap.total_seconds() / 60))
    return timezone(whole) if abs(whole) <= timedelta(hours=14) else None


def _window(
    date: str, start: str, end: str, *, zone: tzinfo | None
) -> tuple[datetime | None, datetime | None]:
    """Return when the parcel is expected; a day without hours ends at its end."""
    if zone is None or not local_time(date):
        return None, None
    opens = to_utc(local_time(date, start), zone) if start else None
    return opens, to_utc(local_time(date, end or "235959"), zone)


def _handed(words: str) -> Handed | None:
    return next((handed for pattern, handed in LEFT_AT if pattern.search(words)), None)


def _errors(root: Any) -> list[CarrierError]:
    """Read the errors of a whole answer, and the numbers a subscription refused."""
    found = rows(root, "response", "errors") or rows(root, "errors")
    errors = [_error(row) for row in found]
    refused = part(root, "invalidTrackingNumbers")
    for number in refused if isinstance(refused, list) else []:
        message = "UPS does not take this number."
        errors.append(
            CarrierError(
                kind=ErrorKind.INVALID_NUMBER, message=message, number=text(number, limit=64)
            )
        )
    return errors


def _missing(shipment: dict[str, Any]) -> list[CarrierError]:
    """Say why a shipment has nothing to show."""
    number = text(shipment, "inquiryNumber", limit=64)
    warnings = [_error(row, number=number) for row in rows(shipment, "warnings")]
    silence = CarrierError(
        kind=ErrorKind.NOT_FOUND, message="UPS knows nothing of this number yet.", number=number
    )
    return warnings or [silence]


def _error(row: dict[str, Any], *, number: str = "") -> CarrierError:
    code, message = text(row, "code", limit=CODE_LIMIT), text(row, "message", limit=400)
    kind = ERRORS.get(code)
    if kind is None and code.startswith(AUTH_FAMILY) and len(code) == 6:
        kind = ErrorKind.AUTH
    if kind is None:
        low = message.lower()
        kind = next((kind for words, kind in WORDS if words in low), ErrorKind.TRANSIENT)
    wait = text(row, "retryAfter")
    return CarrierError(
        kind=kind,
        message=f"{code}: {message}".strip(": "),
        number=number,
        retry_after=min(int(wait), 86_400) if re.fullmatch("[0-9]{1,9}", wait) else None,
    )
