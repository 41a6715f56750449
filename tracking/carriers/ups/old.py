"""UPS's retired XML answers, put into the shape of today's."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from tracking.carriers.base import Fault, xml_text


def modern(root: Element) -> dict[str, Any]:
    """
    Return what a ``TrackResponse`` says as the Track API would say it.

    :raises Fault: if it is some other document.
    """
    if root.tag != "TrackResponse":
        raise Fault(f"The body is a {root.tag} document, no TrackResponse.")
    return {
        "response": {"errors": [_error(one) for one in root.iterfind("Response/Error")]},
        "trackResponse": {"shipment": [_shipment(one) for one in root.iterfind("Shipment")]},
    }


def _error(node: Element) -> dict[str, Any]:
    return {
        "code": xml_text(node, "ErrorCode"),
        "message": xml_text(node, "ErrorDescription"),
        "retryAfter": xml_text(node, "MinimumRetrySeconds"),
    }


def _shipment(node: Element) -> dict[str, Any]:
    return {
        "inquiryNumber": xml_text(node, "ShipmentIdentificationNumber")
        or xml_text(node, "InquiryNumber/Value"),
        "package": [_package(one, shipment=node) for one in node.iterfind("Package")],
    }


def _package(node: Element, *, shipment: Element) -> dict[str, Any]:
    activities = list(node.iterfind("Activity"))
    handed = next(
        (
            one.find("ActivityLocation")
            for one in activities
            if xml_text(one, "Status/StatusType/Code") == "D"
        ),
        None,
    )
    dates = [
        {"type": kind, "date": xml_text(node, name) or xml_text(shipment, name)}
        for kind, name in (("SDD", "ScheduledDeliveryDate"), ("RDD", "RescheduledDeliveryDate"))
    ]
    return {
        "trackingNumber": xml_text(node, "TrackingNumber"),
        "activity": [_activity(one) for one in activities],
        "deliveryDate": dates,
        "deliveryInformation": {
            "location": xml_text(handed, "Description"),
            "receivedBy": xml_text(handed, "SignedForByName"),
            "signature": {"image": xml_text(handed, "SignatureImage/GraphicImage", limit=10**7)},
        },
    }


def _activity(node: Element) -> dict[str, Any]:
    where = node.find("ActivityLocation/Address")
    return {
        "date": xml_text(node, "Date"),
        "time": xml_text(node, "Time"),
        "gmtDate": xml_text(node, "GMTDate"),
        "gmtTime": xml_text(node, "GMTTime"),
        "gmtOffset": xml_text(node, "GMTOffset"),
        "status": {
            "type": xml_text(node, "Status/StatusType/Code"),
            "code": xml_text(node, "Status/StatusCode/Code"),
            "description": xml_text(node, "Status/StatusType/Description"),
        },
        "location": {
            "address": {
                "city": xml_text(where, "City"),
                "stateProvince": xml_text(where, "StateProvinceCode"),
                "countryCode": xml_text(where, "CountryCode"),
            }
        },
    }
