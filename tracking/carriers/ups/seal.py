"""
How UPS proves itself: with the credential we chose when we subscribed.

It travels beside the body, which nothing seals, so a captured credential forges any news. Such
news is a hint (``is_body_sealed`` is False): ask the Track API before money moves on it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tracking.carriers.base import Answer, Capabilities, json_fault

slug = "ups"
capabilities = Capabilities(
    has_push=True,
    push_mode="subscription",
    gives_offset=True,
    is_body_sealed=False,
    lookback_days=120,
    subscription_life=timedelta(days=14),
    subscribe_max=100,
    has_proof=True,
    credentials=("client_id", "client_secret"),
    options=("is_test",),
    test_numbers=("1ZCIETST0111111114", "1ZCIETST0422222228"),
)

HEADERS = ("credential", "authorization")
"""UPS documents the credential as an opaque string with an open type, and names no header."""
SCHEME = "bearer "

fault = json_fault


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return the header UPS sends; neither the body nor the time is in it."""
    return {"credential": secret}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live credential came with the push, else what is wrong."""
    live = [secret.encode("utf-8", "backslashreplace") for secret in secrets if secret.strip()]
    if not live:
        return "no secret is set for this connection"
    given = [_bare(headers[name]) for name in HEADERS if headers.get(name)]
    if not given:
        return "the credential header is missing"
    good = False
    for secret in live:
        for one in given:
            good |= hmac.compare_digest(secret, one)
    return None if good else "the credential is not the one we gave"


def _bare(value: str) -> bytes:
    """Return the credential without its scheme, as bytes: the header may hold anything."""
    bare = value[len(SCHEME) :] if value[: len(SCHEME)].lower() == SCHEME else value
    return bare.strip().encode("utf-8", "backslashreplace")


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 200: UPS asks for exactly that, and loses what it could not hand over."""
    return Answer(200 if ok else 401, "application/json", b"{}")
