"""
The Standard Webhooks seal: HMAC-SHA256 over ``id.timestamp.body``.

The ``standardwebhooks`` wheel reads the wall clock itself, decodes the body as UTF-8 and raises
ValueError on a signature without a comma; a door that must answer 401 to anything, for a clock a
test can set, needs none of that. So these are our own forty lines, held to its test vectors.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets as randomness
from collections.abc import Mapping, Sequence
from datetime import datetime

TOLERANCE = 5 * 60
"""Seconds a message may be old, or ahead of our clock."""
PREFIX = "whsec_"
BRANDS = ("webhook", "svix")


def new_secret() -> str:
    """Return a fresh secret of 256 bits, as other libraries of the standard read it."""
    return PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()


def key(secret: str) -> bytes:
    """Return the bytes to sign with; empty when the secret is."""
    bare = secret.strip().removeprefix(PREFIX)
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        # A passphrase somebody typed; still a secret.
        return bare.encode("utf-8", "backslashreplace")


def seal(body: bytes, *secrets: str, now: datetime, message_id: str) -> dict[str, str]:
    """Return the headers that seal ``body``, with one signature for each secret."""
    stamp = str(int(now.timestamp()))
    signatures = [f"v1,{_sign(key(each), message_id, stamp, body).decode()}" for each in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures),
    }


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when any live secret made one of the signatures, else what is wrong."""
    keys = [made for secret in secrets if (made := key(secret))]
    if not keys:
        return "no secret is set for this connection"
    brand = next((brand for brand in BRANDS if f"{brand}-signature" in headers), BRANDS[0])
    message_id = headers.get(f"{brand}-id", "")
    stamp = headers.get(f"{brand}-timestamp", "")
    signatures = headers.get(f"{brand}-signature", "")
    if not (message_id and stamp and signatures):
        return "a webhook header is missing"
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return "the timestamp is not a number of seconds"
    age = now.timestamp() - int(stamp)
    if age > TOLERANCE:
        return "the message is too old"
    if age < -TOLERANCE:
        return "the message is from the future"
    given = [
        # Bytes, because compare_digest refuses a str that is not ASCII by raising.
        one.removeprefix("v1,").encode("utf-8", "backslashreplace")
        for one in signatures.split(" ")
        if one.startswith("v1,")
    ]
    good = False
    for one in keys:
        made = _sign(one, message_id, stamp, body)
        for other in given:
            good |= hmac.compare_digest(made, other)
    return None if good else "no signature matches"


def _sign(secret: bytes, message_id: str, stamp: str, body: bytes) -> bytes:
    head = f"{message_id}.{stamp}.".encode("utf-8", "backslashreplace")
    return base64.b64encode(hmac.new(secret, head + body, hashlib.sha256).digest())
