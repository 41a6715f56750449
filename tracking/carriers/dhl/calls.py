"""What we ask DHL, as calls described and not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from tracking.carriers.base import Ask, HttpRequest

HOST = "https://api-eu.dhl.com"
TEST_HOST = "https://api-sandbox.dhl.com"


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return one call a parcel, which is all DHL takes.

    ``settings`` holds ``api_key``; ``service`` names the division, without which DHL may answer
    for another shipment of that number; ``country`` is where we ask from.
    """
    return [_shipments(ask, settings) for ask in asks]


def _shipments(ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
    query = {
        "trackingNumber": ask.number,
        "service": settings.get("service", ""),
        "requesterCountryCode": settings.get("country", ""),
        "recipientPostalCode": ask.postcode,
        "language": "en",
    }
    host = settings.get("host") or (TEST_HOST if settings.get("is_test") else HOST)
    return HttpRequest(
        method="GET",
        url=f"{host}/track/shipments?"
        + urlencode({name: value for name, value in query.items() if value}),
        headers={"Accept": "application/json", "DHL-API-Key": str(settings.get("api_key", ""))},
    )
