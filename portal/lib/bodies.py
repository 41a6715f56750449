"""Judge a body that strangers sent before anything expensive touches it."""

from __future__ import annotations

import re

import orjson
from django.conf import settings

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def trouble_in_json(body: bytes, *, max_depth: int | None = None) -> str | None:
    """Return None for a sound JSON object or array, else one sentence that tells the sender why."""
    limit = settings.WEBHOOK_MAX_DEPTH if max_depth is None else max_depth
    if is_deeper(body, limit):
        return f"The JSON is nested deeper than {limit} levels."
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return (
            f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        )
    if not isinstance(value, dict | list):
        return "The body must be a JSON object or array."
    return None


def is_deeper(body: bytes, limit: int) -> bool:
    """
    Test whether JSON text is nested deeper than ``limit``, without parsing it.

    Text with few brackets is cleared by counting them alone.
    """
    if body.count(b"[") + body.count(b"{") <= limit:
        return False
    depth = 0
    for bracket in _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            if depth > limit:
                return True
        else:
            depth -= 1
    return False
