"""
How EasyPost proves itself, in two ways; both use the webhook's secret in the NFKD form.

The older ``X-Hmac-Signature`` seals the body. ``X-Hmac-Signature-V2`` seals the time, the method,
the path and the body; where it holds, the time is checked too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from tracking.carriers import hmac_body
from tracking.carriers.base import Answer, Capabilities, Quota, json_fault

slug = "easypost"
capabilities = Capabilities(
    has_push=True,
    push_mode="subscription",
    is_snapshot=True,
    gives_offset=True,
    batch_max=20,
    quotas=(Quota(5, 1),),
    lookback_days=90,
    min_poll_interval=timedelta(hours=2),
    credentials=("api_key",),
    options=("host",),
    test_numbers=(
        "EZ1000000001",
        "EZ2000000002",
        "EZ3000000003",
        "EZ4000000004",
        "EZ5000000005",
        "EZ6000000006",
        "EZ7000000007",
    ),
)

PREFIX = "hmac-sha256-hex="
TOLERANCE = timedelta(minutes=5)
"""How old a push may be, or ahead of our clock; EasyPost publishes no number."""

fault = json_fault


def seal(body: bytes, secret: str, *, now: datetime, path: str = "/") -> dict[str, str]:
    """Return the headers EasyPost sends."""
    stamp = format_datetime(now.astimezone(UTC))
    older = hmac_body.in_hex(body, _key(secret)).decode()
    newer = hmac_body.in_hex(_message(stamp, path, body), _key(secret)).decode()
    return {
        "x-hmac-signature": f"{PREFIX}{older}",
        "x-hmac-signature-v2": f"{PREFIX}{newer}",
        "x-timestamp": stamp,
        "x-path": path,
    }


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live secret made a signature, else what is wrong."""
    keys = [_key(secret) for secret in hmac_body.live(secrets)]
    if not keys:
        return hmac_body.NO_SECRET
    older, newer = headers.get("x-hmac-signature", ""), headers.get("x-hmac-signature-v2", "")
    if not older and not newer:
        return "the signature header is missing"
    stamp, path = headers.get("x-timestamp", ""), headers.get("x-path", "")
    if _holds(_message(stamp, path, body), newer, keys):
        return _too_far(stamp, now=now)
    return None if _holds(body, older, keys) else "the signature does not match"


def _key(secret: str) -> bytes:
    return unicodedata.normalize("NFKD", secret).encode("utf-8", "backslashreplace")


def _message(stamp: str, path: str, body: bytes) -> bytes:
    return f"{stamp}POST{path}".encode("utf-8", "backslashreplace") + body


def _holds(message: bytes, header: str, keys: Sequence[bytes]) -> bool:
    given = header.strip().lower().removeprefix(PREFIX)
    return hmac_body.matches(message, given, keys, write=hmac_body.in_hex)


def _too_far(stamp: str, *, now: datetime) -> str | None:
    """Say what is wrong with the time of a push, None when nothing is."""
    try:
        sent = parsedate_to_datetime(stamp)
    except (TypeError, ValueError, OverflowError):
        return "the timestamp is no date"
    if sent.tzinfo is None:
        sent = sent.replace(tzinfo=UTC)  # "-0000": UTC of a clock that tells no zone
    if now - sent > TOLERANCE:
        return "the message is too old"
    return "the message is from the future" if sent - now > TOLERANCE else None


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 200 within seven seconds; EasyPost sends again six times after anything else."""
    return Answer(200 if ok else 401, "application/json", b"{}")
