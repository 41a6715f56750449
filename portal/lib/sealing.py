"""Keep a secret in the database or in a file so that a stolen copy does not give it away."""

from __future__ import annotations

import base64
import functools
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_SEALED = b"gAAAAA"
"""How everything begins that is sealed until the year 2106; no picture does."""


class Unreadable(Exception):
    """The sealed text was made with a key that this installation does not have."""


def seal(text: str) -> bytes:
    """Return the text encrypted with the newest key."""
    return _box(*_keys()).encrypt(text.encode())


def open(blob: bytes | memoryview) -> str:  # noqa: A001 - sealing.open reads as what it does
    """
    Return the text of a sealed blob, whichever of our keys sealed it.

    :raises Unreadable: if none of them did.
    """
    try:
        return _box(*_keys()).decrypt(bytes(blob)).decode()
    except InvalidToken as error:
        raise Unreadable("none of AMENDS_FIELD_KEYS opens this; was a key removed?") from error


def seal_bytes(content: bytes) -> bytes:
    """Return a file's content encrypted with the newest key; a third larger than it was."""
    return _box(*_keys()).encrypt(content)


def open_bytes(content: bytes) -> bytes:
    """
    Return what was sealed; content that never was comes back as it is.

    :raises Unreadable: if it was changed since, or sealed with a key we do not have.
    """
    if not content.startswith(_SEALED):
        return content
    try:
        return _box(*_keys()).decrypt(content)
    except InvalidToken as error:
        raise Unreadable("none of AMENDS_FIELD_KEYS opens this; was a key removed?") from error


def _keys() -> tuple[str, ...]:
    """Return our keys, newest first; without AMENDS_FIELD_KEYS they follow from SECRET_KEY."""
    if settings.FIELD_KEYS:
        return tuple(settings.FIELD_KEYS)
    return tuple(
        base64.urlsafe_b64encode(
            hashlib.sha256(b"amends.field-key\x1f" + secret.encode()).digest()
        ).decode()
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )


@functools.lru_cache(maxsize=8)
def _box(*keys: str) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "AMENDS_FIELD_KEYS holds something that is no Fernet key: each is 32 random bytes in"
            " URL-safe base64, 44 characters."
        ) from error
