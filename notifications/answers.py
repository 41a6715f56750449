"""Where an answer to a letter goes, as whoever knows about its facts says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def address(facts: Mapping[str, Any]) -> str:
    """Return the address that answers to a letter with these facts; empty if nobody reads them."""
    if not settings.LETTER_REPLY_TO:
        return ""
    return str(import_string(settings.LETTER_REPLY_TO)(facts))
