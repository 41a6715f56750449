"""What the desk's read-only pages share."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import orjson
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.lib.bodies import is_deeper

SHOWN = 100_000
"""Characters of a body that a page shows."""
DEPTH = 64

STATUS_LABELS = {
    "delivered": "success",
    "exception": "danger",
    "lost": "danger",
    "destroyed": "danger",
    "returned": "warning",
    "returning": "warning",
    "attempt_failed": "warning",
    "out_for_delivery": "info",
    "available_for_pickup": "info",
}


class ReadOnly:
    """Nobody adds, changes or deletes: these rows are facts that somebody else told us."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


def block(text: str) -> SafeString:
    """Return text as it is, lines and all, escaped."""
    return format_html(
        '<pre class="whitespace-pre-wrap break-words text-xs leading-5">{}</pre>', text
    )


def readable(body: bytes) -> str:
    """
    Return a body as a person can read it: JSON indented, form fields apart, bytes as they come.

    A carrier's body is anything at all, so nothing here raises.
    """
    text = body.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    shown = _indented(body)
    if shown is None and b"=" in body[:200] and not body.lstrip().startswith((b"{", b"[", b"<")):
        shown = _form(text)
    shown = text if shown is None else shown
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}\n… {len(shown) - SHOWN} more"


def _form(text: str) -> str | None:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return None
    if not pairs:
        return None
    return "\n".join(
        f"{name} =\n{_indented(value.encode('utf-8', 'backslashreplace')) or value}"
        for name, value in pairs
    )


def _indented(body: bytes) -> str | None:
    if is_deeper(body, DEPTH):
        return None
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return (
        json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict | list) else None
    )
