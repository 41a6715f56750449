"""FedEx's JSON, read: answers of the Track API, the pushes of the same shape, and their errors."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from tracking.carriers import gateways
from tracking.carriers.base import (
    CODE_LIMIT,
    Fault,
    apart,
    careful,
    events,
    is_xml,
    part,
    read_json,
    rows,
    text,
)
from tracking.carriers.fedex import legacy, scanning
from tracking.carriers.fedex.seal import slug
from tracking.scans import CarrierError, ErrorKind, Onward, Reading, Scan, Snapshot
from tracking.states import ParcelStatus as S

TOLD = ("date", "eventType", "eventDescription", "derivedStatusCode", "exceptionCode")
"""Fields that make an object an event."""
RESULT = ("scanEvents", "latestStatusDetail", "trackingNumberInfo")
"""Fields by which a bare result of one parcel is known."""

DATES = {
    "DL": "ACTUAL_DELIVERY",
    "PU": "ACTUAL_PICKUP",
    "DE": "ATTEMPTED_DELIVERY",
    "OC": "SHIPMENT_DATA_RECEIVED",
}
"""Which of a parcel's dates belongs to its latest status, where that has no date of its own."""

PARTNER = {"FXSP": "usps"}
"""FedEx's service that gives parcels away -> to whom."""
DELAYED = "DELAYED"


@careful
def parse(body: bytes) -> Reading:
    """Read an answer or a push, JSON or the old XML; each is known by its own fields."""
    if is_xml(body):
        return legacy.read_reply(body)
    root = read_json(body)
    output = part(root, "output")
    answer = output if isinstance(output, dict) else root
    parcels: list[Snapshot] = []
    errors = [_error(row) for row in rows(root, "errors")]
    for number, results in _tellings(answer):
        found, missing = _parcels(number, results)
        parcels += found
        errors += missing
    if not parcels and not errors:
        errors = _silence(answer)
    return Reading(parcels=tuple(parcels), errors=tuple(errors))


parse_push = parse


def _tellings(answer: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return each number and what is told of it, by whichever envelope it comes in."""
    complete = rows(answer, "completeTrackResults")
    if complete:
        return [(text(row, "trackingNumber"), rows(row, "trackResults")) for row in complete]
    by_number: dict[str, list[dict[str, Any]]] = {}
    for result in rows(answer, "trackResults") or rows(answer):
        if any(name in result for name in RESULT):
            by_number.setdefault(_number(result), []).append(result)
    return list(by_number.items())


def _number(result: dict[str, Any]) -> str:
    inner = text(result, "trackingNumberInfo", "trackingNumber", limit=64)
    return inner or text(result, "trackingNumber", limit=64)


def _silence(answer: Any) -> list[CarrierError]:
    """
    Return what an answer without results says; nothing for one that holds a proof of delivery.

    :raises Fault: if it is no answer of FedEx's.
    """
    if isinstance(answer, dict) and ("documents" in answer or "document" in answer):
        return []
    refused = gateways.refusal(answer)
    if refused:
        return [refused]
    code, _, message = text(answer, "alerts").partition(" ")
    if not code and part(answer, "completeTrackResults") == []:
        return [scanning.unknown("")]
    if not code:
        raise Fault("The body is neither a FedEx tracking answer, nor a push, nor an error.")
    return [scanning.error(code.strip(":-"), message.lstrip(":- "))]


def _parcels(
    number: str, results: list[dict[str, Any]]
) -> tuple[list[Snapshot], list[CarrierError]]:
    """Return the shipments of one number, newest first; errors only where there is none."""
    number = number[:64] or next(filter(None, map(_number, results)), "")
    if not number:
        message = "FedEx tells of a parcel without its trackingNumber."
        return [], [CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message)]
    found = [snapshot for snapshot in (_shipment(number, one) for one in results) if snapshot]
    if found:
        return scanning.newest_first(found), []
    missing = [_error(one["error"], number=number) for one in results if _is_refused(one)]
    return [], missing or [scanning.unknown(number)]


def _is_refused(result: dict[str, Any]) -> bool:
    return isinstance(result.get("error"), dict)


def _shipment(number: str, result: dict[str, Any]) -> Snapshot | None:
    """Read what is told of one shipment; None where nothing happened to it yet."""
    found = scanning.downwards(events(result, "scanEvents", told=TOLD))
    told = [_scan(event, sequence=len(found) - turn) for turn, event in enumerate(found, start=1)]
    if not told and not _is_refused(result):
        told = _latest(result)
    if not told:
        return None
    newest = next((turn for turn, scan in enumerate(told) if scan.status), 0)
    is_delivered = told[newest].status == S.DELIVERED
    if is_delivered:
        told[newest] = _delivered(told, result, newest)
    begins, ends = (None, None) if is_delivered else _expected(result)
    return Snapshot(
        number=number,
        carrier=slug,
        scans=apart(told, carrier=slug, number=number),
        eta_from=begins,
        eta_to=ends,
        onward=_onward(result, number=number),
        signed_by=_signer(result) if told[newest].status == S.DELIVERED else "",
    )


def _scan(event: dict[str, Any], *, sequence: int) -> Scan:
    where = part(event, "scanLocation")
    return scanning.scan(
        date=text(event, "date"),
        kind=text(event, "eventType"),
        derived=text(event, "derivedStatusCode"),
        words=text(event, "eventDescription"),
        code=text(event, "exceptionCode", limit=CODE_LIMIT),
        remark=text(event, "exceptionDescription"),
        delay=_delay(event),
        city=text(where, "city"),
        state=text(where, "stateOrProvinceCode"),
        land=text(where, "countryCode"),
        sequence=sequence,
    )


def _latest(result: dict[str, Any]) -> list[Scan]:
    """Read the latest status as a scan, for bodies that tell nothing else."""
    latest = part(result, "latestStatusDetail")
    if text(latest, "eventType") or text(latest, "derivedStatusCode"):
        return [_scan(latest, sequence=0)]
    kind, derived = text(latest, "code"), text(latest, "derivedCode")
    if not kind and not derived:
        return []
    dates = {text(row, "type"): text(row, "dateTime") for row in rows(result, "dateAndTimes")}
    where, why = part(latest, "scanLocation"), (rows(latest, "ancillaryDetails") or [{}])[0]
    scan = scanning.scan(
        date=dates.get(DATES.get(kind or derived, ""), ""),
        # "IN" is the one code that says different things as an event and as a derived code.
        kind="" if kind == derived == "IN" else kind,
        derived=derived,
        words=text(latest, "description") or text(latest, "statusByLocale"),
        code=text(why, "reason", limit=CODE_LIMIT),
        remark=text(why, "reasonDescription"),
        delay=_delay(latest),
        city=text(where, "city"),
        state=text(where, "stateOrProvinceCode"),
        land=text(where, "countryCode"),
        sequence=0,
    )
    return [scan]


def _delay(event: Any) -> str:
    """Return what kind of delay an event tells of; "" for one that is in time, or early."""
    late = part(event, "delayDetail")
    return text(late, "type") if text(late, "status").upper() == DELAYED else ""


def _delivered(told: list[Scan], result: dict[str, Any], newest: int) -> Scan:
    """Say more of the delivery: into whose hands, or that it was the shipper who got it back."""
    scan, details = told[newest], part(result, "deliveryDetails")
    was_turned = any(one.status == S.RETURNING for one in told[newest + 1 :])
    if was_turned and _is_home(scan, result):
        return replace(scan, status=S.RETURNED)
    handed = scan.handed or scanning.left_with(
        kind=text(details, "locationType"),
        spot=text(details, "locationDescription"),
    )
    return replace(scan, handed=handed)


def _signer(result: dict[str, Any]) -> str:
    """Return who signed; FedEx also writes there that nobody was asked to."""
    names = (
        text(result, "deliveryDetails", "signedByName", limit=120),
        text(result, "deliveryDetails", "receivedByName", limit=120),
    )
    return next(filter(None, map(scanning.signer, names)), "")


def _is_home(scan: Scan, result: dict[str, Any]) -> bool:
    """Test whether a parcel was delivered where the shipper is and the recipient is not."""
    places = [
        (text(address, "city").casefold(), text(address, "countryCode"))
        for address in (
            part(result, "deliveryDetails", "actualDeliveryAddress"),
            part(result, "shipperInformation", "address"),
            part(result, "recipientInformation", "address"),
        )
    ]
    delivered, shipper, recipient = places
    if not delivered[0]:
        delivered = (scan.location.split(",")[0].casefold(), scan.country)
    return bool(delivered[0]) and delivered == shipper and delivered != recipient


def _expected(result: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return when the parcel is expected: between two hours, or by a day or hour."""
    span = part(result, "estimatedDeliveryTimeWindow", "window")
    begins, ends = text(span, "begins"), text(span, "ends")
    if ends:
        return scanning.window(begins, ends)
    for row in rows(result, "dateAndTimes"):
        if text(row, "type") == "ESTIMATED_DELIVERY":
            return scanning.window("", text(row, "dateTime"))
    return None, None


def _onward(result: dict[str, Any], *, number: str) -> Onward | None:
    """Return who brings the parcel to the door, where FedEx gives it away."""
    carrier = PARTNER.get(text(result, "trackingNumberInfo", "carrierCode"))
    for row in rows(result, "additionalTrackingInfo", "packageIdentifiers"):
        if carrier and text(row, "type") == "PARTNER_CARRIER_NUMBER":
            theirs = text(row, "value", limit=64) or text(row, "values", 0, limit=64)
            if theirs and theirs != number:
                return Onward(carrier=carrier, number=theirs)
    return None


def _error(row: dict[str, Any], *, number: str = "") -> CarrierError:
    return scanning.error(text(row, "code"), text(row, "message", limit=400), number=number)
