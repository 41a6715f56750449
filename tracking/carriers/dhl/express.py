"""Answers of the older DHL Express XML service, read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from xml.etree.ElementTree import Element

from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    PLACE_LIMIT,
    Fault,
    Meaning,
    apart,
    events,
    local_time,
    numbered,
    offset,
    place,
    text,
    to_utc,
    xml_text,
)
from tracking.carriers.dhl.codes import EXPRESS, PAPERWORK, TRACKS, WORDS
from tracking.carriers.dhl.seal import slug
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.states import OffsetSource
from tracking.states import ParcelStatus as S

ROOTS = frozenset({"TrackingResponse", "ShipmentTrackingErrorResponse"})
NAME_LIMIT = 160
TOLD = ("timestamp", "date", "typeCode", "description")
"""Fields that make an object of MyDHL's an event."""
NUMBER = re.compile(r"\bAWBNumber(?: \|)? ([0-9A-Z]{5,40})\b")


def read_express(root: Element) -> Reading:
    """
    Read waybills, each with its events or with what is wrong with it.

    :raises Fault: if it is some other document.
    """
    if root.tag == "ECommerce":
        return _tracks(root)
    if root.tag not in ROOTS:
        raise Fault(f"The body is a {root.tag} document, no answer of DHL's.")
    parcels = [_waybill(node) for node in root.iterfind("AWBInfo")]
    errors = [_error(node) for node in root.iterfind("Response/Status")]
    errors += [
        _error(node.find("Status"), number=one.number)
        for node, one in zip(root.iterfind("AWBInfo"), parcels, strict=True)
        if not one.scans
    ]
    return Reading(parcels=tuple(one for one in parcels if one.scans), errors=tuple(errors))


def _waybill(node: Element) -> Snapshot:
    number = xml_text(node, "AWBNumber", limit=64)
    rows = list(node.iterfind("ShipmentInfo/ShipmentEvent"))
    scans = numbered([_event(row) for row in rows])
    signed = [
        xml_text(row, "Signatory", limit=NAME_LIMIT)
        for row, scan in zip(rows, scans, strict=True)
        if scan.status == S.DELIVERED
    ]
    return Snapshot(
        number=number,
        carrier=slug,
        scans=apart(scans, carrier=slug, number=number),
        eta_to=None if _is_over(scans) else _expected(node),
        signed_by=next(filter(None, signed), ""),
    )


def _is_over(scans: list[Scan]) -> bool:
    newest = max(scans, key=lambda scan: scan.sequence, default=None)
    return newest is not None and newest.status == S.DELIVERED


def _expected(node: Element) -> datetime | None:
    """Return when a waybill is expected: DHL says it in UTC beside the clock of the place."""
    date, _, hour = xml_text(node, "ShipmentInfo/EstDlvyDateUTC", limit=40).partition(" ")
    return to_utc(local_time(date, hour), UTC)


def _event(node: Element) -> Scan:
    return _scan(
        EXPRESS,
        code=xml_text(node, "ServiceEvent/EventCode", limit=CODE_LIMIT),
        words=xml_text(node, "ServiceEvent/Description"),
        # The clock on the wall of a place that is named in words: no zone can be told.
        local=local_time(xml_text(node, "Date"), xml_text(node, "Time")),
        zone=offset(xml_text(node, "GMTOffset")),
        where=xml_text(node, "ServiceArea/Description", limit=PLACE_LIMIT),
    )


def _scan(
    table: Mapping[str, Meaning], *, code: str, words: str, local: str, zone: tzinfo | None,
    where: str,
) -> Scan:  # fmt: skip
    meaning = table.get(code)
    known = meaning or NEWS
    occurred_at = to_utc(local, zone) if zone else None
    return Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=OffsetSource.OFFSET if occurred_at else OffsetSource.UNKNOWN,
        status=known.status,
        reason=known.reason,
        party=known.party,
        handed=known.handed,
        raw_code=code,
        raw_text=words,
        location=where,
        is_physical=meaning is not None and (code not in PAPERWORK or known.status == S.DELIVERED),
        is_known=meaning is not None,
    )


def _tracks(root: Element) -> Reading:
    """Read the answer of the oldest service, which DHL gave in America until 2015."""
    parcels: list[Snapshot] = []
    errors: list[CarrierError] = []
    for node in root.iterfind("Track/Shipment"):
        number = xml_text(node, "TrackingNbr", limit=64)
        scans = numbered([_track(row) for row in node.iterfind("TrackingHistory/Status")])
        if scans and number:
            told = apart(scans, carrier=slug, number=number)
            parcels.append(Snapshot(number=number, carrier=slug, scans=told))
        else:
            errors.append(_result(node.find("Result"), number=number))
    errors += [_result(node) for node in root.iterfind(".//Fault") if not parcels and not errors]
    if not parcels and not errors:
        raise Fault("The body holds neither a shipment nor a fault.")
    return Reading(parcels=tuple(parcels), errors=tuple(errors))


def _track(node: Element) -> Scan:
    return _scan(
        TRACKS,
        code=xml_text(node, "Disposition", limit=CODE_LIMIT),
        words=xml_text(node, "StatusDesc"),
        local=local_time(xml_text(node, "Date"), xml_text(node, "Time")),
        zone=None,
        where=place(
            xml_text(node, "Location/City"),
            xml_text(node, "Location/State"),
            xml_text(node, "Location/Country"),
        ),
    )


def _result(node: Element | None, *, number: str = "") -> CarrierError:
    code = xml_text(node, "Code") or xml_text(node, ".//Code")
    message = xml_text(node, "Desc", limit=400) or xml_text(node, ".//Desc", limit=400)
    low = message.lower()
    kind = next((kind for words, kind in WORDS if words in low), ErrorKind.NOT_FOUND)
    return CarrierError(kind=kind, message=f"{code}: {message}".strip(": "), number=number)


def read_mydhl(row: dict[str, Any]) -> Snapshot:
    """Read a shipment of MyDHL, the JSON service of Express, which has the same checkpoints."""
    number = text(row, "shipmentTrackingNumber", limit=64)
    found = events(row, "events", told=TOLD)
    zones = [offset(text(event, "GMTOffset")) for event in found]
    scans = numbered(
        [
            _scan(
                EXPRESS,
                code=text(event, "typeCode", limit=CODE_LIMIT),
                words=text(event, "description"),
                local=_local(event),
                zone=zone,
                where=text(event, "serviceArea", 0, "description", limit=PLACE_LIMIT)
                or text(event, "location", "address", "addressLocality", limit=PLACE_LIMIT),
            )
            for event, zone in zip(found, zones, strict=True)
        ]
    )
    signed = [
        text(event, "signedBy", limit=NAME_LIMIT)
        for event, scan in zip(found, scans, strict=True)
        if scan.status == S.DELIVERED
    ]
    return Snapshot(
        number=number,
        carrier=slug,
        scans=apart(scans, carrier=slug, number=number),
        signed_by=next(filter(None, signed), ""),
    )


def _local(event: dict[str, Any]) -> str:
    """Return the local time, told in two parts or, by some who pass it on, in one."""
    day, _, clock = text(event, "timestamp", limit=40).partition("T")
    return local_time(text(event, "date") or day, text(event, "time") or clock[:8])


def _error(node: Element | None, *, number: str = "") -> CarrierError:
    code = xml_text(node, "Condition/ConditionCode")
    message = xml_text(node, "Condition/ConditionData", limit=400)
    if not number and (named := NUMBER.search(message)):
        number = named[1]  # DHL repeats an unknown number in words only
    action = xml_text(node, "ActionStatus", limit=100)
    low = f"{action} {message}".lower()
    kind = next((kind for words, kind in WORDS if words in low), ErrorKind.TRANSIENT)
    if number and not code and action.lower() in {"", "success"}:
        kind, message = ErrorKind.NOT_FOUND, "DHL tells no events."
    return CarrierError(
        kind=kind, message=f"{code}: {message or action}".strip(": "), number=number
    )
