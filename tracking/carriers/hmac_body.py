"""
HMAC-SHA256 over the raw body, as most services that gather couriers' news seal their pushes.

The time is mostly not in it, so a captured push can be sent again: repeats are harmless here
because the same body is kept once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence

NO_SECRET = "no secret is set for this connection"  # noqa: S105 - a sentence


def live(secrets: Sequence[str]) -> list[str]:
    """Return the secrets that are not blank, as they are."""
    return [secret for secret in secrets if secret.strip()]


def in_hex(message: bytes, key: bytes) -> bytes:
    """Return the HMAC of a message in hexadecimal."""
    return hmac.new(key, message, hashlib.sha256).hexdigest().encode()


def in_base64(message: bytes, key: bytes) -> bytes:
    """Return the HMAC of a message in base64."""
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest())


def matches(
    message: bytes, given: str, keys: Sequence[bytes], *, write: Callable[[bytes, bytes], bytes]
) -> bool:
    """Test in constant time whether one of the keys made the mark that came with a message."""
    mark = given.encode("utf-8", "backslashreplace")
    good = False
    for key in keys:
        good |= hmac.compare_digest(write(message, key), mark)
    return good
