"""
How Kuaidi100 proves itself: a form with ``param`` and ``sign`` = MD5(param + salt), capitals.

The time is not in it, so a captured push can be sent again: repeats are harmless here because
the same body is kept once. MD5 is theirs to choose, not ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import orjson

from tracking.carriers.base import Answer, Capabilities, Fault, read_json

slug = "kuaidi100"
capabilities = Capabilities(
    has_push=True,
    push_mode="subscription",
    is_snapshot=True,
    needs_phone_last4=True,
    lookback_days=90,
    min_poll_interval=timedelta(minutes=30),
    max_polls_a_day=48,
    credentials=("customer", "key"),
    options=("is_abroad",),
)
"""Kuaidi100 publishes no limit of calls for an account, and no numbers for trying it out."""

FIELDS = 20
TAKEN = orjson.dumps({"result": True, "returnCode": "200", "message": "成功"})
REFUSED = orjson.dumps({"result": False, "returnCode": "500", "message": "失败"})


def sign(param: str, salt: str) -> str:
    """Return the signature of ``param``."""
    return (
        hashlib.md5((param + salt).encode("utf-8", "backslashreplace"), usedforsecurity=False)
        .hexdigest()
        .upper()
    )


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> bytes:
    """Return the form Kuaidi100 posts for a JSON ``body``; the time is not in it."""
    param = body.decode()
    return urlencode({"sign": sign(param, secret), "param": param}).encode()


def fields(body: bytes) -> dict[str, str]:
    """
    Return the fields of the form, the first of each name.

    :raises Fault: if it is not a form, or holds too many fields.
    """
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS
        )
    except ValueError as error:
        raise Fault(f"The body is not a form: {error}.") from None
    return dict(reversed(pairs))


def unwrap(body: bytes) -> bytes:
    """
    Return the JSON inside a push; JSON that comes without a form is returned as it is.

    :raises Fault: if there is no ``param``.
    """
    if body.lstrip()[:1] in {b"{", b"["}:
        return body
    param = fields(body).get("param")
    if param is None:
        raise Fault("The form has no param field.")
    return param.encode()


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when a live salt made the signature in the form, else what is wrong."""
    salts = [secret for secret in secrets if secret.strip()]
    if not salts:
        return "no secret is set for this connection"
    try:
        form = fields(body)
    except Fault as fault:
        return str(fault)
    param, given = form.get("param"), form.get("sign", "")
    if param is None or not given:
        return "the form has no param or no sign"
    mark = given.upper().encode("utf-8", "backslashreplace")
    good = False
    for salt in salts:
        good |= hmac.compare_digest(sign(param, salt).encode(), mark)
    return None if good else "the sign is not the one our salt makes"


def fault(body: bytes) -> str | None:
    """Say why a push is not readable at all, or None."""
    try:
        read_json(unwrap(body))
    except Fault as found:
        return str(found)
    return None


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Return the JSON Kuaidi100 waits for; anything else makes it push again for half an hour."""
    return Answer(200 if ok else 401, "application/json;charset=UTF-8", TAKEN if ok else REFUSED)
