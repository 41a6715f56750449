"""What we ask Royal Mail, and what a carrier without pushes says at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tracking.carriers.base import Answer, Ask, Capabilities, HttpRequest, Quota

slug = "royalmail"
BATCH = 30
capabilities = Capabilities(
    has_push=False,
    gives_offset=True,
    batch_max=BATCH,
    quotas=(Quota(50, 86_400),),  # the trial plan
    has_proof=True,
    credentials=("client_id", "client_secret"),
    options=("version",),
)

HOST = "https://api.royalmail.net"


def build_requests(asks: Sequence[Ask], settings: Mapping[str, Any]) -> Sequence[HttpRequest]:
    """
    Return one call for the whole history of a lone item, or one for the newest events of thirty.

    The quota counts calls, and only a summary takes several numbers. ``settings`` holds
    ``client_id``, ``client_secret`` and, where it is not v2, the ``version`` of the API.
    """
    if len(asks) == 1:
        return [_get(f"{quote(asks[0].number, safe='')}/events", settings)]
    return [
        _get(
            "summary?mailPieceId="
            + ",".join(quote(ask.number, safe="") for ask in asks[start : start + BATCH]),
            settings,
        )
        for start in range(0, len(asks), BATCH)
    ]


def ask_proof(ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
    """Return the call for the signature."""
    return _get(f"{quote(ask.number, safe='')}/signature", settings)


def _get(what: str, settings: Mapping[str, Any]) -> HttpRequest:
    host, version = settings.get("host") or HOST, settings.get("version") or "v2"
    return HttpRequest(
        method="GET",
        url=f"{host}/mailpieces/{version}/{what}",
        headers={
            "Accept": "application/json",
            "X-Accept-RMG-Terms": "yes",
            "X-IBM-Client-Id": str(settings.get("client_id", "")),
            "X-IBM-Client-Secret": str(settings.get("client_secret", "")),
        },
    )


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return no headers: Royal Mail pushes nothing."""
    return {}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Refuse every push, for none can be Royal Mail's."""
    return "Royal Mail sends no pushes, so no secret opens this door"


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Return the usual answer, which nobody waits for."""
    return Answer(200 if ok else 401, "text/plain", b"")
