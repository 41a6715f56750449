"""
How DHL proves itself: with the header and token we chose when we subscribed.

They travel beside the body, which nothing seals, so a captured token forges any news. Such news is
a hint (``is_body_sealed`` is False): ask the Tracking API before money moves on it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tracking.carriers.base import Answer, Capabilities, Quota, json_fault

slug = "dhl"
capabilities = Capabilities(
    has_push=True,
    push_mode="account",
    is_body_sealed=False,
    quotas=(Quota(1, 5), Quota(250, 86_400)),  # what a new key is given
    first_poll_after=timedelta(minutes=30),
    max_polls_a_day=10,
    has_proof=True,
    proof_hosts=("webpod.dhl.com",),
    credentials=("api_key",),
    options=("service", "country", "is_test"),
)

HEADER = "x-hook-token"

fault = json_fault


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return the header that a subscription with our token sends."""
    return {HEADER: secret}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live token came with the push, else what is wrong."""
    live = [
        secret.strip().encode("utf-8", "backslashreplace") for secret in secrets if secret.strip()
    ]
    if not live:
        return "no secret is set for this connection"
    given = headers.get(HEADER, "").strip().encode("utf-8", "backslashreplace")
    if not given:
        return "the token header is missing"
    good = False
    for secret in live:
        good |= hmac.compare_digest(secret, given)
    return None if good else "the token is not the one we gave"


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 200: DHL waits five seconds for it, and tries three times in seven hours."""
    return Answer(200 if ok else 401, "application/json", b"{}")
