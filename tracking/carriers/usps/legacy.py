"""Answers of USPS's old XML tools: retired, and still in people's files."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from tracking.carriers.base import CODE_LIMIT, Fault, apart, read_xml, xml_text
from tracking.carriers.usps import scanning, sentences
from tracking.carriers.usps.seal import slug
from tracking.scans import CarrierError, Reading, Scan, Snapshot
from tracking.states import ParcelStatus as S


def read_response(body: bytes) -> Reading:
    """
    Read a ``TrackResponse``, or the ``Error`` that came instead.

    :raises Fault: if it is another document.
    """
    root = read_xml(body)
    if root.tag == "Error":
        return Reading(errors=(_error(root),))
    if root.tag != "TrackResponse":
        raise Fault("The XML is no USPS track response.")
    parcels: list[Snapshot] = []
    errors = [_error(wrong) for wrong in root.findall("Error")]
    for info in root.findall("TrackInfo"):
        number = " ".join(info.get("ID", "").split())[:64]
        wrong = info.find("Error")
        snapshot = _parcel(number, info)
        if snapshot.scans and number:
            parcels.append(snapshot)
        elif wrong is not None:
            errors.append(_error(wrong, number=number))
        else:
            errors.append(scanning.unknown(number))
    if not parcels and not errors:
        raise Fault("The USPS response holds neither a parcel nor an error.")
    return Reading(parcels=tuple(parcels), errors=tuple(errors))


def _parcel(number: str, info: Element) -> Snapshot:
    """Read one parcel: its newest event stands apart, the older ones follow newest first."""
    events = [*info.findall("TrackSummary"), *info.findall("TrackDetail")]
    events = [one for one in events if len(one) or not sentences.is_silence(xml_text(one))]
    category = xml_text(info, "StatusCategory")
    scans = [
        _scan(event, category="" if turn else category, sequence=len(events) - turn - 1)
        for turn, event in enumerate(events)
    ]
    scans = list(apart(scans, carrier=slug, number=number))
    newest = next((turn for turn, scan in enumerate(scans) if scan.status), 0)
    if scans and scans[newest].status == S.DELIVERED:
        name = xml_text(events[newest], "Name", limit=120)
        return Snapshot(number=number, carrier=slug, scans=tuple(scans), signed_by=name)
    names = ("PredictedDeliveryDate", "ExpectedDeliveryDate", "GuaranteedDeliveryDate")
    days = (scanning.day_of(xml_text(info, name)) for name in names)
    begins, ends = scanning.window(
        next(filter(None, days), ""),
        "",
        scanning.hour_of(xml_text(info, "PredictedDeliveryTime")),
        zone=scanning.zone_of(xml_text(info, "DestinationState")),
    )
    return Snapshot(number=number, carrier=slug, scans=tuple(scans), eta_from=begins, eta_to=ends)


def _scan(event: Element, *, category: str, sequence: int) -> Scan:
    if not len(event):
        return _sentence(xml_text(event), category=category, sequence=sequence)
    day = scanning.day_of(xml_text(event, "EventDate"))
    hour = scanning.hour_of(xml_text(event, "EventTime"))
    return scanning.scan(
        local=f"{day}T{hour}" if day and hour else day,
        occurred_at=None,
        code=xml_text(event, "EventCode", limit=CODE_LIMIT),
        words=xml_text(event, "Event"),
        attribute=xml_text(event, "DeliveryAttributeCode"),
        category=category,
        city=xml_text(event, "EventCity"),
        state=xml_text(event, "EventState"),
        postcode=xml_text(event, "EventZIPCode"),
        land=xml_text(event, "EventCountry"),
        sequence=sequence,
    )


def _sentence(words: str, *, category: str, sequence: int) -> Scan:
    told = sentences.read(words)
    return scanning.scan(
        local=told.local,
        occurred_at=None,
        code="",
        words=told.words,
        attribute="",
        category=category,
        city=told.city,
        state=told.state,
        postcode=told.postcode,
        land="",
        sequence=sequence,
    )


def _error(wrong: Element, *, number: str = "") -> CarrierError:
    code, message = xml_text(wrong, "Number"), xml_text(wrong, "Description", limit=400)
    return scanning.error(code, message, number=number)
