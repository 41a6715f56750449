"""
How USPS proves itself: a MAC over the time and the payload, made with the subscription's secret.

The envelope's other fields are not in it, so nothing but the payload is read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import orjson

from tracking.carriers.base import (
    Answer,
    Capabilities,
    Fault,
    Quota,
    json_fault,
    part,
    read_json,
    to_utc,
)
from tracking.carriers.usps.scanning import stamp

slug = "usps"
capabilities = Capabilities(
    has_push=True,
    push_mode="subscription",
    gives_offset=True,
    quotas=(Quota(60, 3600),),
    lookback_days=120,
    subscription_life=timedelta(days=30),
    credentials=("client_id", "client_secret"),
    options=("is_test", "host", "admin_email"),
)

HEADERS = ("x-hmac", "hmac-header")
"""USPS's page names the header both ways."""
SECRET_LENGTH = 32
WINDOW = timedelta(hours=24)
"""How old a push may be. USPS says not how often it tries again; a repeat tells nothing new."""
AHEAD = timedelta(minutes=5)

fault = json_fault


def key_for(secret: str) -> str:
    """Return the secret in the 32 characters USPS wants: itself, or the start of its hash."""
    if len(secret) == SECRET_LENGTH and secret.isascii():
        return secret
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).hexdigest()[:SECRET_LENGTH]


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return the header USPS sends with an envelope; its own timestamp is the time in it."""
    envelope = orjson.loads(body)
    sealed = f"{envelope['timestamp']}{envelope['payload']}"
    return {HEADERS[0]: _mac(sealed, key_for(secret)).decode()}


def envelope(payload: bytes, *, now: datetime) -> bytes:
    """Return the envelope USPS puts a payload into."""
    return orjson.dumps(
        {
            "subscriptionId": "00000000-0000-4000-8000-000000000000",
            "subscriptionType": "TRACKING",
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "payload": payload.decode(),
            "links": [],
        }
    )


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live secret sealed this payload within a day, else what is wrong."""
    live = [secret for secret in secrets if secret.strip()]
    if not live:
        return "no secret is set for this connection"
    given = [headers[name] for name in HEADERS if headers.get(name)]
    if not given:
        return f"the {HEADERS[0]} header is missing"
    try:
        root = read_json(body)
    except Fault as wrong:
        return str(wrong)
    told, payload = part(root, "timestamp"), part(root, "payload")
    if not isinstance(told, str) or not isinstance(payload, str):
        return "the envelope has no timestamp or no payload"
    marks = [mark.strip().encode("utf-8", "backslashreplace") for mark in given]
    good = False
    for secret in live:
        for key in (secret, key_for(secret)):
            expected = _mac(told + payload, key)
            for mark in marks:
                good |= hmac.compare_digest(expected, mark)
    if not good:
        return "the signature does not match the payload"
    return _age_fault(told, now=now)


def _age_fault(told: str, *, now: datetime) -> str | None:
    local, zone = stamp(told)
    at = to_utc(local, zone or UTC)
    if at is None:
        return "the timestamp is no time"
    return None if now - WINDOW <= at <= now + AHEAD else "the timestamp is not of today"


def _mac(words: str, key: str) -> bytes:
    sealed = words.encode("utf-8", "surrogatepass")
    return base64.b64encode(
        hmac.new(key.encode("utf-8", "backslashreplace"), sealed, hashlib.sha256).digest()
    )


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Say 200; a listener that cannot be reached loses its subscription."""
    return Answer(200 if ok else 401, "application/json", b"{}")
