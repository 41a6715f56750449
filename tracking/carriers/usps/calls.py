"""What we would ask USPS, as calls described and not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from tracking.carriers.base import Ask, Fault, HttpRequest, oauth_request, read_json, read_oauth
from tracking.carriers.usps.reading import errors_of
from tracking.carriers.usps.seal import key_for
from tracking.scans import CarrierError, ErrorKind

HOST = "https://apis.usps.com"
TEST_HOST = "https://apis-tem.usps.com"

read_token = read_oauth


def token_request(settings: Mapping[str, Any]) -> HttpRequest:
    """Describe the call that fetches a token; it lives for eight hours and counts as a call."""
    return oauth_request(
        f"{_host(settings)}/oauth2/v3/token",
        client_id=str(settings.get("client_id", "")),
        client_secret=str(settings.get("client_secret", "")),
    )


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """Return one call a parcel, with all its events."""
    return [_details(ask, settings) for ask in asks]


def subscribe(
    asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
) -> Sequence[HttpRequest]:
    """Return the calls that ask for every event of a parcel, one call a parcel."""
    return [_subscription(ask, settings, url=url, secret=secret) for ask in asks]


def read_subscription(body: bytes) -> tuple[CarrierError, ...]:
    """Return why USPS did not subscribe; a second subscription gets the first one's answer."""
    try:
        return tuple(errors_of(read_json(body)))
    except Fault as wrong:
        return (CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=str(wrong)),)


def _details(ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
    path = f"/tracking/v3/tracking/{quote(ask.number, safe='')}?expand=DETAIL"
    return HttpRequest(method="GET", url=_host(settings) + path, headers=_headers(settings))


def _subscription(ask: Ask, settings: Mapping[str, Any], *, url: str, secret: str) -> HttpRequest:
    body: dict[str, Any] = {
        "listenerURL": url,
        "secret": key_for(secret),
        "filterProperties": {
            "trackingNumber": ask.number,
            "trackingEventTypes": ["ALL_UPDATES"],
        },
    }
    if settings.get("admin_email"):
        body["adminNotification"] = [{"email": str(settings["admin_email"])}]
    return HttpRequest(
        method="POST",
        url=f"{_host(settings)}/subscriptions-tracking/v3/subscriptions",
        headers={**_headers(settings), "Content-Type": "application/json"},
        body=orjson.dumps(body),
    )


def _headers(settings: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {settings.get('token', '')}",
        "Accept": "application/json",
    }


def _host(settings: Mapping[str, Any]) -> str:
    host = TEST_HOST if settings.get("is_test") else HOST
    return str(settings.get("host") or host).rstrip("/")
