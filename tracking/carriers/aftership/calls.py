"""What we would ask AfterShip, as calls described and not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from tracking.carriers.aftership.codes import COURIERS
from tracking.carriers.aftership.reading import parse
from tracking.carriers.aftership.seal import capabilities, slug
from tracking.carriers.base import Ask, HttpRequest
from tracking.carriers.iso3 import alpha3
from tracking.scans import CarrierError

HOST = "https://api.aftership.com"
VERSION = "2025-01"
LEGACY = "v4"
"""``api_version`` of the old interface, whose paths, key header and bodies differ."""


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return the calls that list trackings by number, fifty each.

    ``settings`` holds ``api_key``, and ``api_version`` where it is not 2025-01.
    """
    size = capabilities.batch_max
    return [
        HttpRequest(
            method="GET",
            url=f"{_trackings(settings)}?{_query(asks[start : start + size])}",
            headers=_headers(settings),
        )
        for start in range(0, len(asks), size)
    ]


def subscribe(
    asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
) -> Sequence[HttpRequest]:
    """
    Return the calls that make trackings, one each.

    Where pushes go and with which secret is set once for the account, not with a tracking.
    """
    return [
        HttpRequest(
            method="POST",
            url=_trackings(settings),
            headers=_headers(settings),
            body=orjson.dumps(_tracking(ask, settings)),
        )
        for ask in asks
    ]


def read_subscription(body: bytes) -> tuple[CarrierError, ...]:
    """Return what AfterShip did not take; that it has the tracking already is no error."""
    return parse(body).errors


def _query(asks: Sequence[Ask]) -> str:
    numbers = ",".join(ask.number for ask in asks)
    return urlencode({"tracking_numbers": numbers, "limit": 200})


def _tracking(ask: Ask, settings: Mapping[str, Any]) -> dict[str, Any]:
    is_legacy = settings.get("api_version") == LEGACY
    postcode, land = (
        ("tracking_postal_code", "tracking_destination_country")
        if is_legacy
        else ("destination_postal_code", "destination_country_region")
    )
    fields = {
        "tracking_number": ask.number,
        "slug": "" if ask.carrier == slug else COURIERS.theirs(ask.carrier),
        postcode: ask.postcode,
        land: alpha3(ask.country),
        "tracking_ship_date": ask.shipped_on.replace("-", "") if is_legacy else ask.shipped_on,
        "tracking_key": ask.phone_last4,
    }
    told = {name: value for name, value in fields.items() if value}
    return {"tracking": told} if is_legacy else told


def _trackings(settings: Mapping[str, Any]) -> str:
    version = settings.get("api_version") or VERSION
    path = f"/{LEGACY}" if version == LEGACY else f"/tracking/{version}"
    return f"{settings.get('host') or HOST}{path}/trackings"


def _headers(settings: Mapping[str, Any]) -> dict[str, str]:
    is_legacy = settings.get("api_version") == LEGACY
    return {
        "aftership-api-key" if is_legacy else "as-api-key": str(settings.get("api_key", "")),
        "Content-Type": "application/json",
    }
