"""
How AfterShip proves itself: ``aftership-hmac-sha256``, the HMAC of the raw body in base64.

The secret is used as it is shown, though it looks like base64 or hexadecimal. The time is not
sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tracking.carriers import hmac_body
from tracking.carriers.base import Answer, Capabilities, Quota, json_fault

slug = "aftership"
capabilities = Capabilities(
    has_push=True,
    push_mode="subscription",
    is_snapshot=True,
    gives_offset=True,
    batch_max=50,
    quotas=(Quota(6, 1),),
    lookback_days=120,
    credentials=("api_key",),
    options=("api_version", "host"),
    test_numbers=(
        "ITOD-3-6436426452526",
        "ITE-3-65653653231564",
        "ITAD-3-76542345665",
        "ITFD-3-234657687643",
        "ITE010D-3-643642",
        "I001T001E010E011-1-643642",
    ),
)

HEADER = "aftership-hmac-sha256"

fault = json_fault


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return the header AfterShip sends; the time is not in it."""
    return {HEADER: hmac_body.in_base64(body, secret.encode()).decode()}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live secret made the signature, else what is wrong."""
    keys = [secret.encode("utf-8", "backslashreplace") for secret in hmac_body.live(secrets)]
    if not keys:
        return hmac_body.NO_SECRET
    given = headers.get(HEADER, "").strip()
    if not given:
        return "the signature header is missing"
    holds = hmac_body.matches(body, given, keys, write=hmac_body.in_base64)
    return None if holds else "the signature does not match"


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 200; after anything else AfterShip sends again, fourteen times in some three days."""
    return Answer(200 if ok else 401, "application/json", b"{}")
