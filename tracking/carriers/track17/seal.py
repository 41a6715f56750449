"""
How 17TRACK proves itself: ``sign`` = SHA-256 of the body, a stroke, and the account's key.

The time is not in it, so a captured push can be sent again: repeats are harmless here because the
same body is kept once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from tracking.carriers.base import Answer, Capabilities, Quota, json_fault

slug = "17track"
capabilities = Capabilities(
    has_push=True,
    push_mode="subscription",
    is_snapshot=True,
    gives_offset=True,
    batch_max=40,
    quotas=(Quota(3, 1),),
    lookback_days=90,
    subscribe_max=40,
    credentials=("key",),
)
"""17TRACK publishes no numbers for trying it out."""

fault = json_fault


def sign(body: bytes, key: str) -> str:
    """Return the signature of a body."""
    return hashlib.sha256(body + b"/" + key.encode("utf-8", "backslashreplace")).hexdigest()


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return the header 17TRACK sends; the time is not in it."""
    return {"sign": sign(body, secret)}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live key made the signature, else what is wrong."""
    keys = [secret for secret in secrets if secret.strip()]
    if not keys:
        return "no secret is set for this connection"
    given = headers.get("sign", "").strip().lower().encode("utf-8", "backslashreplace")
    if not given:
        return "the sign header is missing"
    good = False
    for key in keys:
        good |= hmac.compare_digest(sign(body, key).encode(), given)
    return None if good else "the sign is not the one our key makes"


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 200; on anything else 17TRACK pushes again."""
    return Answer(200 if ok else 401, "application/json", b"{}")
