"""What we ask Canada Post, and what a carrier without pushes says at the door."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tracking.carriers.base import Answer, Ask, Capabilities, HttpRequest

slug = "canadapost"
capabilities = Capabilities(
    has_push=False,
    gives_offset=True,
    lookback_days=365,
    has_proof=True,
    credentials=("username", "password"),
    options=("is_test",),
)

HOST = "https://soa-gw.canadapost.ca"
TEST_HOST = "https://ct.soa-gw.canadapost.ca"
TRACK = "application/vnd.cpc.track-v2+xml"
PICTURE = "application/vnd.cpc.track+xml"


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return one call for details a parcel, which is all Canada Post takes.

    ``settings`` holds ``username`` and ``password``, the two halves of the API key.
    """
    return [
        _get(f"/vis/track/pin/{quote(ask.number, safe='')}/detail", TRACK, settings) for ask in asks
    ]


def ask_proof(ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
    """Return the call for the picture of the signature."""
    return _get(f"/vis/signatureimage/{quote(ask.number, safe='')}", PICTURE, settings)


def _get(path: str, accept: str, settings: Mapping[str, Any]) -> HttpRequest:
    pair = f"{settings.get('username', '')}:{settings.get('password', '')}"
    host = settings.get("host") or (TEST_HOST if settings.get("is_test") else HOST)
    return HttpRequest(
        method="GET",
        url=f"{host}{path}",
        headers={
            "Accept": accept,
            "Accept-Language": "en-CA",
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
        },
    )


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return no headers: Canada Post pushes nothing."""
    return {}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Refuse every push, for none can be Canada Post's."""
    return "Canada Post sends no pushes, so no secret opens this door"


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Return the usual answer, which nobody waits for."""
    return Answer(200 if ok else 401, "text/plain", b"")
