"""What we would ask Ship24, as calls described and not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from tracking.carriers.base import Ask, HttpRequest
from tracking.carriers.ship24.codes import COURIERS
from tracking.carriers.ship24.reading import parse
from tracking.carriers.ship24.seal import capabilities, slug
from tracking.scans import CarrierError

HOST = "https://api.ship24.com"
PER_CALL = "per_call"
"""The ``plan`` that pays by the question and needs no tracker."""


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return one call a parcel: for the results of its tracker, or by plan for a fresh search.

    Asking for a tracker's results never makes one; a new one would be paid for whenever what we
    know of the parcel has changed. ``settings`` holds ``api_key``, and ``plan`` = ``per_call``.
    """
    if settings.get("plan") == PER_CALL:
        return [_post("/public/v1/tracking/search", _tracker(ask), settings) for ask in asks]
    return [
        HttpRequest(
            method="GET",
            url=f"{_host(settings)}/public/v1/trackers/search/{quote(ask.number, safe='')}/results",
            headers=_headers(settings),
        )
        for ask in asks
    ]


def subscribe(
    asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
) -> Sequence[HttpRequest]:
    """
    Return the calls that make trackers, a hundred each.

    Where pushes go is set once in the dashboard, and Ship24 gives the secret.
    """
    size = capabilities.subscribe_max
    return [
        _post(
            "/public/v1/trackers/bulk",
            [_tracker(ask) for ask in asks[start : start + size]],
            settings,
        )
        for start in range(0, len(asks), size)
    ]


def read_subscription(body: bytes) -> tuple[CarrierError, ...]:
    """Return what Ship24 did not take; that it has the tracker already is no error."""
    return parse(body).errors


def _tracker(ask: Ask) -> dict[str, Any]:
    courier = "" if ask.carrier == slug else COURIERS.theirs(ask.carrier)
    fields = {
        "trackingNumber": ask.number,
        "courierCode": [courier] if courier else [],
        "destinationPostCode": ask.postcode,
        "destinationCountryCode": ask.country,
        "shippingDate": ask.shipped_on,
    }
    return {name: value for name, value in fields.items() if value}


def _post(path: str, body: Any, settings: Mapping[str, Any]) -> HttpRequest:
    return HttpRequest(
        method="POST",
        url=f"{_host(settings)}{path}",
        headers={**_headers(settings), "Content-Type": "application/json; charset=utf-8"},
        body=orjson.dumps(body),
    )


def _host(settings: Mapping[str, Any]) -> str:
    return str(settings.get("host") or HOST)


def _headers(settings: Mapping[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.get('api_key', '')}"}
