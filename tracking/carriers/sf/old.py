"""SF's older XML, polled or pushed, put into the shape of today's JSON."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from tracking.carriers.base import Fault, xml_text

PUSH = "RoutePushService"
QUERY = "RouteService"


def modern(root: Element) -> dict[str, Any]:
    """
    Return what an XML document says as today's interface would say it.

    :raises Fault: if it is some other document.
    """
    service = root.get("service", "")
    if (root.tag, service) == ("Request", PUSH):
        routes = [dict(one.attrib) for one in root.iterfind("Body/WaybillRoute")]
        return {"Body": {"WaybillRoute": routes}}
    if root.tag == "Response" and service in {QUERY, PUSH}:
        error = next((one for one in root if one.tag.upper() == "ERROR"), None)
        if error is None:
            return {"success": True, "routeResps": [_parcel(one) for one in root.iter(_ANSWER)]}
        return {"success": False, "errorCode": error.get("code", ""), "errorMsg": xml_text(error)}
    raise Fault(f"The body is a {root.tag} document of {service or 'no service'}, without routes.")


_ANSWER = "RouteResponse"


def _parcel(node: Element) -> dict[str, Any]:
    return {
        "mailNo": node.get("mailno", ""),
        "routes": [dict(one.attrib) for one in node.iterfind("Route")],
    }
