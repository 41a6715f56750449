"""What we would ask UPS, as calls described and not made."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from tracking.carriers.base import Ask, HttpRequest, read_oauth

HOST = "https://onlinetools.ups.com"
TEST_HOST = "https://wwwcie.ups.com"
SUBSCRIBE_MAX = 100

read_token = read_oauth


def token_request(settings: Mapping[str, Any]) -> HttpRequest:
    """Return the call that fetches a token; UPS wants the two names as a password, not a form."""
    pair = f"{settings.get('client_id', '')}:{settings.get('client_secret', '')}"
    return HttpRequest(
        method="POST",
        url=f"{_host(settings)}/security/v1/oauth/token",
        headers={
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
        body=b"grant_type=client_credentials",
    )


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return one call a parcel, which is all the Track API takes.

    ``settings`` holds ``token``, a live OAuth token, and ``is_test`` for UPS's test house.
    """
    return [_details(ask, settings) for ask in asks]


def subscribe(
    asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
) -> Sequence[HttpRequest]:
    """Return the calls that subscribe to pushes, a hundred numbers each, for fourteen days."""
    return [
        HttpRequest(
            method="POST",
            url=f"{_host(settings)}/api/track/v1/subscription/standard/package",
            headers={
                **_headers(settings, asks[start].number),
                "Content-Type": "application/json",
            },
            body=orjson.dumps(
                {
                    "locale": "en_US",
                    "countryCode": "US",
                    "trackingNumberList": [
                        ask.number for ask in asks[start : start + SUBSCRIBE_MAX]
                    ],
                    "destination": {
                        "url": url,
                        "credentialType": "Bearer",
                        "credential": secret,
                    },
                }
            ),
        )
        for start in range(0, len(asks), SUBSCRIBE_MAX)
    ]


def _details(ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
    path = f"/api/track/v1/details/{quote(ask.number, safe='')}"
    query = "?locale=en_US&returnSignature=true&returnMilestones=false&returnPOD=true"
    return HttpRequest(
        method="GET",
        url=_host(settings) + path + query,
        headers=_headers(settings, ask.number),
    )


def _host(settings: Mapping[str, Any]) -> str:
    return str(settings.get("host") or (TEST_HOST if settings.get("is_test") else HOST))


def _headers(settings: Mapping[str, Any], number: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {settings.get('token', '')}",
        "transId": hashlib.sha256(number.encode()).hexdigest()[:32],
        "transactionSrc": "amends",
    }
