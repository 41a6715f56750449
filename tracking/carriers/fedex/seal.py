"""
How FedEx proves itself: a MAC over the body, made with the security token of the webhook.

The token is typed in by us when the webhook is made. There is no time in the seal, so an old push
can be played again; it then tells again what it told, and scans are idempotent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from tracking.carriers.base import Answer, Capabilities, Quota, json_fault

slug = "fedex"
capabilities = Capabilities(
    has_push=True,
    push_mode="account",
    gives_offset=True,
    batch_max=30,
    quotas=(Quota(1400, 10), Quota(500_000, 86_400)),
    has_proof=True,
    credentials=("client_id", "client_secret"),
    options=("is_test", "host", "account_number"),
    test_numbers=(
        "449044304137821",
        "149331877648230",
        "020207021381215",
        "403934084723025",
        "920241085725456",
        "568838414941",
        "039813852990618",
        "231300687629630",
        "797806677146",
        "377101283611590",
        "852426136339213",
        "797615467620",
        "957794015041323",
        "076288115212522",
        "581190049992",
        "122816215025810",
        "843119172384577",
        "070358180009382",
    ),
)

HEADER = "fdx-signature"

fault = json_fault


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return the header FedEx sends; the time is not in it."""
    return {HEADER: base64.b64encode(_mac(body, secret)).decode()}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live token sealed this very body, else what is wrong."""
    live = [secret for secret in secrets if secret.strip()]
    if not live:
        return "no secret is set for this connection"
    given = headers.get(HEADER, "").strip().encode("utf-8", "backslashreplace")
    if not given:
        return f"the {HEADER} header is missing"
    good = False
    for secret in live:
        mac = _mac(body, secret)
        # FedEx's page calls the value base64 and shows it in hex: both are the same MAC.
        good |= hmac.compare_digest(base64.b64encode(mac), given)
        good |= hmac.compare_digest(mac.hex().encode(), given.lower())
    return None if good else "the signature does not match the body"


def _mac(body: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode("utf-8", "backslashreplace"), body, hashlib.sha256).digest()


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 200; FedEx tries three times in a quarter of an hour, and no more."""
    return Answer(200 if ok else 401, "application/json", b"{}")
