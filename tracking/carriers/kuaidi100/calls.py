"""What we would ask Kuaidi100, as calls described and not made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from tracking.carriers.base import Ask, HttpRequest
from tracking.carriers.kuaidi100.codes import COURIER

HOST = "https://poll.kuaidi100.com"
QUERY = "/poll/query.do"
SUBSCRIBE = "/poll"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
RESULT = "4"
"""resultv2=4 asks for the advanced codes on every event."""

COMPANY: dict[str, str] = {}
for _company, _slug in COURIER.items():
    COMPANY.setdefault(_slug, _company)


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return one query a parcel, not to be repeated within half an hour.

    ``settings`` holds ``customer`` and ``key``.
    """
    return [_query(ask, settings) for ask in asks]


def subscribe(
    asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
) -> Sequence[HttpRequest]:
    """
    Return the calls that subscribe to pushes, one a parcel; four a month for each number.

    ``settings`` holds ``key``, and ``is_abroad`` to hear of the courier abroad too.
    """
    return [
        HttpRequest(
            method="POST",
            url=_host(settings) + SUBSCRIBE,
            headers=FORM,
            body=urlencode(
                {
                    "schema": "json",
                    "param": orjson.dumps(
                        {
                            "company": COMPANY.get(ask.carrier, ask.carrier),
                            "number": ask.number,
                            "key": settings.get("key", ""),
                            "parameters": {
                                "callbackurl": url,
                                "salt": secret,
                                "resultv2": RESULT,
                                "phone": ask.phone_last4,
                                **({"interCom": "1"} if settings.get("is_abroad") else {}),
                            },
                        }
                    ).decode(),
                }
            ).encode(),
        )
        for ask in asks
    ]


def _query(ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
    param = orjson.dumps(
        {
            "com": COMPANY.get(ask.carrier, ask.carrier),
            "num": ask.number,
            "phone": ask.phone_last4,
            "resultv2": RESULT,
            "show": "0",
            "order": "desc",
        }
    ).decode()
    customer = str(settings.get("customer", ""))
    mark = hashlib.md5(
        f"{param}{settings.get('key', '')}{customer}".encode(), usedforsecurity=False
    )
    form = {"customer": customer, "sign": mark.hexdigest().upper(), "param": param}
    return HttpRequest(
        method="POST",
        url=_host(settings) + QUERY,
        headers=FORM,
        body=urlencode(form).encode(),
    )


def _host(settings: Mapping[str, Any]) -> str:
    return str(settings.get("host") or HOST)
