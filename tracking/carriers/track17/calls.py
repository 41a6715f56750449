"""What we would ask 17TRACK, as calls described and not made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from tracking.carriers.base import Ask, HttpRequest
from tracking.carriers.track17.codes import COURIER

HOST = "https://api.17track.net"
PATH = "/track/v2.4"
BATCH = 40

KEY: dict[str, int] = {}
for _key, _slug in COURIER.items():
    KEY.setdefault(_slug, int(_key))


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return the calls that ask about forty numbers each; each must have been registered before.

    ``settings`` holds ``key``, the account's key.
    """
    return _calls(asks, settings, "gettrackinfo", _ask)


def subscribe(
    asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
) -> Sequence[HttpRequest]:
    """
    Return the calls that register forty numbers each, which starts the pushes.

    17TRACK pushes to the address set in its console, sealed with the account's key; ``url`` and
    ``secret`` cannot be told by a call.
    """
    return _calls(asks, settings, "register", _registration)


def _calls(
    asks: Sequence[Ask],
    settings: Mapping[str, Any],
    name: str,
    row: Callable[[Ask], dict[str, Any]],
) -> Sequence[HttpRequest]:
    return [
        HttpRequest(
            method="POST",
            url=f"{settings.get('host') or HOST}{PATH}/{name}",
            headers={
                "17token": str(settings.get("key", "")),
                "Content-Type": "application/json",
            },
            body=orjson.dumps([row(ask) for ask in asks[start : start + BATCH]]),
        )
        for start in range(0, len(asks), BATCH)
    ]


def _ask(ask: Ask) -> dict[str, Any]:
    """Name a parcel; without a carrier 17TRACK finds it out."""
    carrier = KEY.get(ask.carrier)
    return {"number": ask.number, **({"carrier": carrier} if carrier else {})}


def _registration(ask: Ask) -> dict[str, Any]:
    told = {
        "phone_number_last_4": ask.phone_last4,
        "destination_postal_code": ask.postcode,
        "destination_country": ask.country,
        "ship_date": ask.shipped_on,
    }
    return {**_ask(ask), **{name: words for name, words in told.items() if words}}
