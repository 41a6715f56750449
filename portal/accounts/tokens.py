"""Keys for merchants' machines: shown once, kept as a hash, limited to their scopes."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from portal.accounts.models import ApiToken

PREFIX = "amd_"
"""Lets secret scanners recognise a leaked key."""

SCOPES = (
    "orders:read", "orders:write", "parcels:read", "parcels:write", "anomalies:read",
    "anomalies:write", "claims:read", "claims:write", "webhooks:read", "webhooks:write",
)  # fmt: skip
"""Scopes the admin offers."""

_SCOPE = re.compile(r"[a-z]+:[a-z]+")
_USED_EVERY = timedelta(minutes=1)


class BadScope(ValueError):
    """A scope is not of the form ``orders:write``, or none was given."""


def issue(
    *, name: str, scopes: Iterable[str], now: datetime, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """
    Make a key and return it with its plain text, which is nowhere kept.

    :raises BadScope: if a scope is malformed or the list is empty.
    """
    wanted = sorted(set(scopes))
    wrong = [scope for scope in wanted if not _SCOPE.fullmatch(scope)]
    if wrong or not wanted:
        raise BadScope(f"write scopes like orders:write, not {', '.join(wrong) or 'none at all'}")
    if expires_at is not None and expires_at <= now:
        raise ValueError("a key that has expired already opens nothing; choose a later date")
    plain = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        name=name, prefix=plain[:12], digest=_digest(plain), scopes=wanted, expires_at=expires_at
    )
    return token, plain


def verify(plain: str, *, now: datetime) -> ApiToken | None:
    """Return the live key with this plain text, or None; notes its use once a minute."""
    if not plain.startswith(PREFIX) or len(plain) > 100:
        return None
    token = (
        ApiToken.objects.filter(digest=_digest(plain), revoked_at__isnull=True)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .first()
    )
    if token is None:
        return None
    if token.last_used_at is None or now - token.last_used_at >= _USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
    return token


def revoke(*, token: ApiToken, now: datetime) -> None:
    """Close a key for good; it opens nothing from the next request on."""
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
    token.refresh_from_db()


def _digest(plain: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
