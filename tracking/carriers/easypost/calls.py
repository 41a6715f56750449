"""What we would ask EasyPost, as calls described and not made."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tracking.carriers.base import Ask, HttpRequest
from tracking.carriers.easypost.codes import COURIERS
from tracking.carriers.easypost.reading import parse
from tracking.carriers.easypost.seal import capabilities, slug
from tracking.scans import CarrierError

HOST = "https://api.easypost.com"


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return the calls that ask about trackers that exist; twenty make one page.

    ``settings`` holds ``api_key``; EasyPost's test house has the same address and a key of its own.
    """
    size = capabilities.batch_max
    return [
        _post(
            "/v2/trackers/batch",
            {"tracking_codes": [ask.number for ask in asks[start : start + size]]},
            settings,
        )
        for start in range(0, len(asks), size)
    ]


def subscribe(
    asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
) -> Sequence[HttpRequest]:
    """
    Return the calls that make trackers, one each; for three months a repeat makes no second one.

    Where pushes go and with which secret is set once for the account, not with a tracker.
    """
    return [_post("/v2/trackers", {"tracker": _tracker(ask)}, settings) for ask in asks]


def read_subscription(body: bytes) -> tuple[CarrierError, ...]:
    """Return what EasyPost did not take."""
    return parse(body).errors


def _tracker(ask: Ask) -> dict[str, str]:
    carrier = "" if ask.carrier == slug else COURIERS.theirs(ask.carrier)
    return {"tracking_code": ask.number, **({"carrier": carrier} if carrier else {})}


def _post(path: str, body: dict[str, Any], settings: Mapping[str, Any]) -> HttpRequest:
    key = base64.b64encode(f"{settings.get('api_key', '')}:".encode()).decode()
    return HttpRequest(
        method="POST",
        url=f"{settings.get('host') or HOST}{path}",
        headers={"Authorization": f"Basic {key}", "Content-Type": "application/json"},
        body=orjson.dumps(body),
    )
