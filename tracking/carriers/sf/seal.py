"""
How SF's route push proves itself: it does not, so its address holds a secret.

SF documents no signature for RoutePushService. We give SF an address that ends in ``?token=…``
and take only what comes there. Nothing seals the body, so such news is a hint
(``is_body_sealed`` is False): ask for the routes before money moves on it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import orjson

from tracking.carriers.base import (
    Answer,
    Capabilities,
    Fault,
    Quota,
    is_xml,
    read_json,
    read_xml,
)

slug = "sf"
capabilities = Capabilities(
    has_push=True,
    push_mode="account",
    is_body_sealed=False,
    batch_max=10,
    quotas=(Quota(30, 1), Quota(3000, 86_400)),
    needs_phone_last4=True,
    lookback_days=90,
    credentials=("partner_id", "checkword"),
    options=("is_test",),
)
"""SF publishes the limits of its test house, and no numbers for trying it out."""

QUERY = ":query"
"""The door's name for the words after ``?``; no header can be called so."""
TOKEN = "token"  # noqa: S105 - a parameter's name
FIELDS = 20

TAKEN = orjson.dumps({"return_code": "0000", "return_msg": "成功"})
REFUSED = orjson.dumps({"return_code": "1000", "return_msg": "系统异常"})
TAKEN_XML = b'<Response service="RoutePushService"><Head>OK</Head></Response>'
REFUSED_XML = (
    '<Response service="RoutePushService"><Head>ERR</Head>'
    '<ERROR code="4001">系统发生数据错误或运行时异常</ERROR></Response>'
).encode()


def seal(body: bytes, secret: str, *, now: datetime | None = None) -> dict[str, str]:
    """Return the query of the address SF pushes to; neither the body nor the time is in it."""
    return {QUERY: urlencode({TOKEN: secret})}


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
) -> str | None:
    """Return None when the address holds a live secret, else what is wrong."""
    live = [secret.encode("utf-8", "backslashreplace") for secret in secrets if secret.strip()]
    if not live:
        return "no secret is set for this connection"
    try:
        pairs = parse_qsl(headers.get(QUERY, ""), max_num_fields=FIELDS)
    except ValueError:
        return "the address holds too many parameters"
    given = dict(reversed(pairs)).get(TOKEN, "")
    if not given:
        return "the address holds no token"
    mark = given.encode("utf-8", "backslashreplace")
    good = False
    for secret in live:
        good |= hmac.compare_digest(secret, mark)
    return None if good else "the token is not the one we gave"


def unwrap(body: bytes) -> bytes:
    """
    Return the JSON or XML of a body; the older push has its XML in a form's ``content``.

    :raises Fault: if it is none of these.
    """
    if is_xml(body) or body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        return body
    try:
        pairs = parse_qsl(body.decode(), errors="strict", max_num_fields=FIELDS)
    except ValueError as error:
        raise Fault(f"The body is no JSON, XML or form: {error}.") from None
    content = dict(reversed(pairs)).get("content")
    if content is None:
        raise Fault("The body is no JSON or XML, and no form with a content field.")
    return content.encode()


def fault(body: bytes) -> str | None:
    """Say why a push is not readable at all, or None."""
    try:
        inner = unwrap(body)
        read_xml(inner) if is_xml(inner) else read_json(inner)
    except Fault as found:
        return str(found)
    return None


def acknowledge(ok: bool) -> Answer:  # noqa: FBT001
    """Return the JSON that SF waits for; anything else makes it push again, three times in all."""
    return Answer(200 if ok else 401, "application/json;charset=UTF-8", TAKEN if ok else REFUSED)


def reply(ok: bool, body: bytes) -> Answer:  # noqa: FBT001
    """Return what SF waits for in the form it spoke in: XML to XML, JSON to JSON."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        return acknowledge(ok)
    return Answer(200 if ok else 401, "text/xml;charset=UTF-8", TAKEN_XML if ok else REFUSED_XML)
