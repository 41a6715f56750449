"""Signed links: bound to one purpose, versioned so that they can be revoked, and short-lived."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

KEY = "k"
"""The query parameter a signed key travels in; pages exchange it for a cookie by redirect."""
JOURNEY = "journey"
"""Purpose of the key that opens a parcel's journey for the person it was written to."""
JOURNEY_DAYS = 30
DRAFT = "draft"
"""Purpose of the key in a letter that carries a draft to another device."""
DRAFT_HOURS = 72
DRAFT_NEAR = "draft-near"
"""Purpose of the key in a picture on the screen, for the phone beside it."""
DRAFT_NEAR_MINUTES = 15
DRAFT_PREPARED = "draft-prepared"
"""Purpose of the key in the letter about a report that we prepared for a shopper."""
DRAFT_PREPARED_DAYS = 30


class BadLink(Exception):
    """The key was altered, was made for something else, or was revoked."""


class ExpiredLink(BadLink):
    """The key was good once; a new one can be sent."""


def sign(purpose: str, value: str, version: int = 1) -> str:
    """Return a key that proves ``value`` for ``purpose`` until it expires or ``version`` rises."""
    return _signer(purpose).sign(f"{value}:{version}")


def read(purpose: str, text: str, max_age: timedelta) -> tuple[str, int]:
    """
    Return the value and version that a key proves.

    :raises ExpiredLink: if it is older than ``max_age``.
    :raises BadLink: if it is not ours, or was made for another purpose.
    """
    try:
        value, _colon, version = _signer(purpose).unsign(text, max_age=max_age).rpartition(":")
        return value, int(version)
    except SignatureExpired as trouble:
        raise ExpiredLink from trouble
    except (BadSignature, ValueError) as trouble:
        raise BadLink from trouble


def journey(token: str, version: int = 1) -> str:
    """Return the absolute address of a parcel's page with a key for the person on file."""
    return f"{settings.SITE_URL}/t/{token}/?{urlencode({KEY: sign(JOURNEY, token, version)})}"


def prepared(ref: str) -> str:
    """Return the absolute address of a report we prepared, with a key for the person on file."""
    key = urlencode({KEY: sign(DRAFT_PREPARED, ref)})
    return f"{settings.SITE_URL}/claims/{ref}/carry-on/?{key}"


def _signer(purpose: str) -> TimestampSigner:
    return TimestampSigner(salt=f"amends.links.{purpose}")


_KEYS = re.compile(rf"((?:[?&]|%3F|%26|;){KEY}(?:=|%3D))[^&\s\"'<>]+")


def without_keys(text: str) -> str:
    """Return the text with every signed key in an address of it taken out."""
    return _KEYS.sub(r"\1[key]", text)


class Redact(logging.Filter):
    """Take signed keys out of log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the line if it holds a key; never drop it."""
        text = record.getMessage()
        if _KEYS.search(text):
            record.msg, record.args = without_keys(text), ()
        return True
