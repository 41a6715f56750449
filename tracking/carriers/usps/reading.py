"""USPS's JSON, read: answers of the Tracking API, notifications of a subscription, and errors."""

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
    to_utc,
)
from tracking.carriers.usps import legacy, scanning
from tracking.carriers.usps.seal import slug
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.states import ParcelStatus as S

STAMP = "eventTimestamp"
TOLD = (STAMP, "eventCode", "eventType", "GMTTimestamp")
"""Fields that make an object an event."""


@careful
def parse(body: bytes) -> Reading:
    """Read an answer or a notification, JSON or the old XML; each is known by its own fields."""
    if is_xml(body):
        return legacy.read_response(body)
    root = read_json(body)
    payload = part(root, "payload")
    if isinstance(payload, str) and "timestamp" in root:
        root = read_json(payload.encode("utf-8", "surrogatepass"))
    parcels: list[Snapshot] = []
    errors: list[CarrierError] = []
    # Revision 2 of the API answers with a list; other bodies are one parcel.
    for row in rows(root):
        number = text(row, "trackingNumber", limit=64)
        snapshot = _parcel(number, row)
        if snapshot.scans and number:
            parcels.append(snapshot)
        elif snapshot.scans:
            message = "USPS tells of a parcel without its trackingNumber."
            errors.append(CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message))
        else:
            wrong = errors_of(row, number=number)
            errors += wrong or ([scanning.unknown(number)] if number else [])
    if not parcels and not errors:
        refused = gateways.refusal(root)
        if refused is None:
            raise Fault(
                "The body is neither a USPS tracking answer, nor a notification, nor an error."
            )
        errors = [refused]
    return Reading(parcels=tuple(parcels), errors=tuple(errors))


parse_push = parse


def errors_of(row: Any, *, number: str = "") -> list[CarrierError]:
    """Return the trouble told in one answer: by the API, or by the keeper of its tokens."""
    wrong = part(row, "error")
    if isinstance(wrong, str):
        message = text(row, "error_description", limit=400)
        return [scanning.error(text(row, "error"), message, number=number)]
    if not isinstance(wrong, dict):
        return []
    status, details = text(wrong, "code"), rows(wrong, "errors")
    inner = [text(one, "code") for one in details]
    code = next((one for one in inner if one in scanning.ERRORS), status)
    words = [text(wrong, "message", limit=400)]
    words += [text(one, "detail", limit=400) or text(one, "title") for one in details]
    message = next(filter(None, words), "")
    return [scanning.error(code, message, status=status, number=number)]


def _parcel(number: str, row: dict[str, Any]) -> Snapshot:
    """Read one parcel: its events, newest first, or at least what became of it."""
    found, category = events(row, "trackingEvents", told=TOLD), text(row, "statusCategory")
    if len(found) > 1 and text(found[0], STAMP) < text(found[-1], STAMP):
        found.reverse()  # a notification need not list them as an answer does
    scans = [
        _scan(event, category="" if turn else category, sequence=len(found) - turn - 1)
        for turn, event in enumerate(found)
    ] or _summary(row, category)
    scans = list(apart(scans, carrier=slug, number=number))
    newest = next((turn for turn, scan in enumerate(scans) if scan.status), 0)
    if scans and scans[newest].status == S.DELIVERED:
        event = found[newest] if found else {}
        name = text(event, "name", limit=120) or text(event, "recipientName", limit=120)
        return Snapshot(number=number, carrier=slug, scans=tuple(scans), signed_by=name)
    begins, ends = _expected(row)
    return Snapshot(number=number, carrier=slug, scans=tuple(scans), eta_from=begins, eta_to=ends)


def _scan(event: dict[str, Any], *, category: str, sequence: int) -> Scan:
    local, zone = scanning.stamp(text(event, STAMP))
    gap = text(event, "GMTOffset")
    at = scanning.moment(local, gmt=text(event, "GMTTimestamp"), gap=gap)
    return scanning.scan(
        local=local,
        occurred_at=at or (to_utc(local, zone) if zone else None),
        code=text(event, "eventCode", limit=CODE_LIMIT),
        words=text(event, "eventType"),
        attribute=text(event, "DeliveryAttributeCode") or text(event, "deliveryAttributeCode"),
        category=category,
        city=text(event, "eventCity"),
        state=text(event, "eventState"),
        postcode=text(event, "eventZIP") or text(event, "eventZIPCode"),
        land=text(event, "eventCountry"),
        sequence=sequence,
    )


def _summary(row: dict[str, Any], category: str) -> list[Scan]:
    """Make one scan of the parcel's category, for an answer without its events."""
    if not category:
        return []
    scan = scanning.scan(
        local="",
        occurred_at=None,
        code="",
        words="",
        attribute="",
        category=category,
        city="",
        state="",
        postcode="",
        land="",
        sequence=0,
    )
    return [replace(scan, raw_text=text(row, "status"))] if scan.status else []


def _expected(row: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return when the parcel is expected, where the clock at its destination is known."""
    told = part(row, "deliveryDateExpectation")
    told = {**row, **told} if isinstance(told, dict) else row
    names = (
        "predictedDeliveryDate",
        "expectedDeliveryDate",
        "expectedDeliveryTimeStamp",
        "guaranteedDeliveryDate",
    )
    day = next(filter(None, (scanning.day_of(text(told, name)) for name in names)), "")
    opens, closes = (
        scanning.hour_of(text(told, f"predictedDeliveryWindow{end}Time"))
        for end in ("Start", "End")
    )
    return scanning.window(
        day,
        opens,
        closes or scanning.hour_of(text(told, "endOfDay")),
        zone=scanning.zone_of(text(row, "destinationState")),
    )
