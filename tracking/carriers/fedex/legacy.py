"""Answers of FedEx's old XML service, versions 5 to 7: retired, and still in people's files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from xml.etree.ElementTree import Element

from tracking.carriers.base import CODE_LIMIT, Fault, apart, read_xml, xml_text
from tracking.carriers.fedex import scanning
from tracking.carriers.fedex.seal import slug
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.states import ParcelStatus as S

WRONG = frozenset({"ERROR", "FAILURE"})
"""Severities of a notification that are trouble; the others are remarks."""


def read_reply(body: bytes) -> Reading:
    """
    Read a ``TrackReply``.

    :raises Fault: if it is another document.
    """
    root = read_xml(body)
    reply = root if root.tag == "TrackReply" else root.find(".//TrackReply")
    if reply is None:
        return _soap_fault(root)
    parcels: list[Snapshot] = []
    errors = _errors(reply.findall("Notifications"))
    # Version 7 has a box for each number; version 5 puts the shipments straight into the reply.
    for box in [reply, *reply.findall("CompletedTrackDetails")]:
        if box is not reply:
            errors += _errors(box.findall("Notifications"))
        by_number: dict[str, list[Element]] = {}
        for detail in box.findall("TrackDetails"):
            by_number.setdefault(xml_text(detail, "TrackingNumber", limit=64), []).append(detail)
        for number, details in by_number.items():
            found, missing = _parcels(number, details)
            parcels += found
            errors += missing
    if not parcels and not errors:
        errors.append(scanning.unknown(""))
    return Reading(parcels=tuple(parcels), errors=tuple(errors))


def _parcels(number: str, details: list[Element]) -> tuple[list[Snapshot], list[CarrierError]]:
    """Return the shipments of one number, newest first, or what is wrong with all of them."""
    errors: list[CarrierError] = []
    shipments: list[tuple[str, Snapshot]] = []
    for detail in details:
        wrong = _errors([*detail.findall("Notification"), *detail.findall("Notifications")], number)
        errors += wrong
        if not wrong:
            shipped = xml_text(detail, "ShipTimestamp")
            shipments.append((shipped, _shipment(number, detail)))
    told = [snapshot for _, snapshot in shipments if snapshot.scans]
    if told:
        return scanning.newest_first(told), []
    if len(shipments) > 1:
        # FedEx wants to hear which one is meant before it tells more.
        shipments.sort(key=lambda one: one[0], reverse=True)
        message = f"FedEx knows {len(shipments)} shipments of this number and asks which is meant."
        errors.append(CarrierError(kind=ErrorKind.NOT_FOUND, message=message, number=number))
        return [snapshot for _, snapshot in shipments], errors
    return [], errors or [scanning.unknown(number)]


def _shipment(number: str, detail: Element) -> Snapshot:
    """Read one shipment: its events, newest first, or at least its latest status."""
    events = detail.findall("Events")
    scans = [_scan(event, sequence=len(events) - turn) for turn, event in enumerate(events, 1)]
    scans = scans or _latest(detail)
    scans = list(apart(scans, carrier=slug, number=number))
    newest = next((turn for turn, scan in enumerate(scans) if scan.status), 0)
    if not scans or scans[newest].status != S.DELIVERED:
        begins, ends = scanning.window("", xml_text(detail, "EstimatedDeliveryTimestamp"))
        return Snapshot(
            number=number, carrier=slug, scans=tuple(scans), eta_from=begins, eta_to=ends
        )
    handed = scans[newest].handed or scanning.left_with(
        kind=xml_text(detail, "DeliveryLocationType"),
        spot=xml_text(detail, "DeliveryLocationDescription"),
    )
    scans[newest] = replace(scans[newest], handed=handed)
    name = scanning.signer(xml_text(detail, "DeliverySignatureName", limit=120))
    return Snapshot(number=number, carrier=slug, scans=tuple(scans), signed_by=name)


def _scan(event: Element, *, sequence: int) -> Scan:
    return scanning.scan(
        date=xml_text(event, "Timestamp"),
        kind=xml_text(event, "EventType"),
        words=xml_text(event, "EventDescription"),
        code=xml_text(event, "StatusExceptionCode", limit=CODE_LIMIT),
        remark=xml_text(event, "StatusExceptionDescription"),
        city=xml_text(event, "Address/City"),
        state=xml_text(event, "Address/StateOrProvinceCode"),
        land=xml_text(event, "Address/CountryCode"),
        sequence=sequence,
    )


def _latest(detail: Element) -> list[Scan]:
    """Read the latest status as a scan: of old parcels FedEx tells nothing else."""
    status = detail.find("StatusDetail")
    kind = xml_text(status, "Code") or xml_text(detail, "StatusCode")
    if not kind:
        return []
    scan = scanning.scan(
        date=xml_text(status, "CreationTime"),
        kind=kind,
        words=xml_text(status, "Description") or xml_text(detail, "StatusDescription"),
        code=xml_text(status, "AncillaryDetails/Reason", limit=CODE_LIMIT),
        remark=xml_text(status, "AncillaryDetails/ReasonDescription"),
        city=xml_text(status, "Location/City"),
        state=xml_text(status, "Location/StateOrProvinceCode"),
        land=xml_text(status, "Location/CountryCode"),
        sequence=0,
    )
    return [scan]


def _errors(notes: Iterable[Element], number: str = "") -> list[CarrierError]:
    return [
        scanning.error(xml_text(note, "Code"), xml_text(note, "Message", limit=400), number=number)
        for note in notes
        if xml_text(note, "Severity") in WRONG
    ]


def _soap_fault(root: Element) -> Reading:
    """
    Read the SOAP fault that stands for a broken or refused request.

    :raises Fault: if there is none.
    """
    wrong = root.find(".//Fault")
    if wrong is None:
        raise Fault("The XML is no FedEx track reply.")
    code, message = xml_text(wrong, "faultcode"), xml_text(wrong, "faultstring", limit=400)
    return Reading(errors=(scanning.error(code, message),))
