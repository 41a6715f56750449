"""Answers of the older DHL Express XML service, read."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    PLACE_LIMIT,
    Fault,
    apart,
    local_time,
    numbered,
    xml_text,
)
from tracking.carriers.dhl.codes import EXPRESS, PAPERWORK, WORDS
from tracking.carriers.dhl.seal import slug
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.states import ParcelStatus as S

ROOTS = frozenset({"TrackingResponse", "ShipmentTrackingErrorResponse"})
NAME_LIMIT = 160


def read_express(root: Element) -> Reading:
    """
    Read waybills, each with its events or with what is wrong with it.

    :raises Fault: if it is some other document.
    """
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
        signed_by=next(filter(None, signed), ""),
    )


def _event(node: Element) -> Scan:
    code = xml_text(node, "ServiceEvent/EventCode", limit=CODE_LIMIT)
    meaning = EXPRESS.get(code)
    known = meaning or NEWS
    return Scan(
        # The clock on the wall of a place that is named in words: no zone can be told.
        local_time=local_time(xml_text(node, "Date"), xml_text(node, "Time")),
        status=known.status,
        reason=known.reason,
        party=known.party,
        handed=known.handed,
        raw_code=code,
        raw_text=xml_text(node, "ServiceEvent/Description"),
        location=xml_text(node, "ServiceArea/Description", limit=PLACE_LIMIT),
        is_physical=meaning is not None and (code not in PAPERWORK or known.status == S.DELIVERED),
        is_known=meaning is not None,
    )


def _error(node: Element | None, *, number: str = "") -> CarrierError:
    code = xml_text(node, "Condition/ConditionCode")
    message = xml_text(node, "Condition/ConditionData", limit=400)
    action = xml_text(node, "ActionStatus", limit=100)
    low = f"{action} {message}".lower()
    kind = next((kind for words, kind in WORDS if words in low), ErrorKind.TRANSIENT)
    if number and not code and action.lower() in {"", "success"}:
        kind, message = ErrorKind.NOT_FOUND, "DHL tells no events."
    return CarrierError(
        kind=kind, message=f"{code}: {message or action}".strip(": "), number=number
    )
