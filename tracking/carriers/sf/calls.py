"""What we would ask SF, as calls described and not made."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus, urlencode

import orjson

from tracking.carriers.base import Ask, HttpRequest

HOST = "https://bspgw.sf-express.com"
TEST_HOST = "https://sfapi-sbox.sf-express.com"
PATH = "/std/service"
SERVICE = "EXP_RECE_SEARCH_ROUTES"
BATCH = 10
FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return the calls that ask for the routes of ten numbers each.

    SF wants the last four digits of a phone for numbers another account has sent, in the order of
    the numbers; so numbers with and without one go apart. ``settings`` holds ``partner_id``,
    ``checkword``, ``is_test`` for SF's test house, and ``now``, the moment of asking.
    """
    return [_query(batch, settings) for batch in _batches(asks)]


def _batches(asks: Sequence[Ask]) -> Iterator[Sequence[Ask]]:
    for has_phone in (True, False):
        alike = [ask for ask in asks if bool(ask.phone_last4) is has_phone]
        for start in range(0, len(alike), BATCH):
            yield alike[start : start + BATCH]


def _query(asks: Sequence[Ask], settings: Mapping[str, Any]) -> HttpRequest:
    message: dict[str, Any] = {
        "language": "zh-CN",
        "trackingType": "1",
        "trackingNumber": [ask.number for ask in asks],
        "methodType": "1",
    }
    if asks[0].phone_last4:
        message["checkPhoneNo"] = ",".join(ask.phone_last4 for ask in asks)
    data = orjson.dumps(message).decode()
    now = settings.get("now")
    stamp = str(int(now.timestamp() * 1000)) if now is not None else "0"
    form = {
        "partnerID": str(settings.get("partner_id", "")),
        "requestID": hashlib.sha256(f"{data}{stamp}".encode()).hexdigest()[:32],
        "serviceCode": SERVICE,
        "timestamp": stamp,
        "msgDigest": digest(data, stamp, str(settings.get("checkword", ""))),
        "msgData": data,
    }
    return HttpRequest(
        method="POST", url=_host(settings) + PATH, headers=FORM, body=urlencode(form).encode()
    )


def digest(data: str, stamp: str, checkword: str) -> str:
    """Return SF's seal of a call: base64 of the MD5 of what Java's URLEncoder makes of it."""
    words = quote_plus(f"{data}{stamp}{checkword}", safe="*").replace("~", "%7E")
    return base64.b64encode(hashlib.md5(words.encode(), usedforsecurity=False).digest()).decode()


def _host(settings: Mapping[str, Any]) -> str:
    return str(settings.get("host") or (TEST_HOST if settings.get("is_test") else HOST))
