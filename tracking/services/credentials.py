"""
What a carrier gave the merchant to ask with: sealed at rest, opened for a call, never shown.

Tokens that are fetched with them are kept the same way, and by one worker at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from portal.lib import sealing
from tracking.carriers import registry
from tracking.carriers.base import Adapter, Token
from tracking.models import Connection, ConnectionToken

MARGIN = timedelta(seconds=60)
"""A token that ends sooner than this is as good as over."""
LEASE = timedelta(seconds=40)
"""How long one worker may take to fetch a token before another tries."""
FRESH = timedelta(seconds=60)
"""A token refused this soon after it was fetched is not merely old: we are not let in."""
HIDDEN = "[key]"


class Unknown(ValueError):
    """The adapter knows no credential of that name."""


def of(connection: Connection) -> dict[str, Any]:
    """
    Return everything an adapter's calls need: options and credentials, without a token.

    An option ``host`` is left out unless this installation allows it, so that nobody who may
    write settings can point our keys elsewhere.
    """
    options = dict(connection.settings) if isinstance(connection.settings, dict) else {}
    host = options.pop("host", "")
    if host and is_host_allowed(str(host)):
        options["host"] = str(host)
    return options | secrets(connection)


def secrets(connection: Connection) -> dict[str, str]:
    """
    Return the credentials alone.

    :raises sealing.Unreadable: if they were sealed with a key that this installation lacks.
    """
    if not connection.credentials:
        return {}
    found = orjson.loads(sealing.open(connection.credentials))
    return {str(name): str(value) for name, value in found.items()}


@transaction.atomic
def keep(*, connection: Connection, values: Mapping[str, str]) -> Connection:
    """
    Seal what was typed; an empty value leaves that credential as it is. A token is dropped.

    :raises Unknown: if the adapter has no such credential.
    """
    known = registry.get(connection.adapter).capabilities.credentials
    if strange := sorted(set(values) - set(known)):
        raise Unknown(f"{connection.adapter} has no credential {strange[0]}")
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    sealed = secrets(held) | {name: text.strip() for name, text in values.items() if text.strip()}
    connection.credentials = sealing.seal(orjson.dumps(sealed).decode())
    Connection.objects.filter(pk=connection.pk).update(credentials=connection.credentials)
    ConnectionToken.objects.filter(connection=connection).delete()
    return connection


def missing(connection: Connection, adapter: Adapter) -> list[str]:
    """Return the names of credentials that nobody has typed yet."""
    held = secrets(connection)
    return [name for name in adapter.capabilities.credentials if not held.get(name)]


def is_host_allowed(host: str) -> bool:
    """Test whether calls may go to this address instead of the carrier's own."""
    if settings.DEBUG:
        return True
    return _origin(host) in {_origin(one) for one in settings.CARRIER_HOSTS}


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address if "//" in address else f"//{address}")
    return parts.scheme, parts.netloc.lower()


def token(*, connection_id: int, now: datetime) -> str:
    """Return a token that is good for a while yet, or ""."""
    row = ConnectionToken.objects.filter(
        connection_id=connection_id, expires_at__gt=now + MARGIN
    ).first()
    return sealing.open(row.ciphertext) if row and row.ciphertext else ""


def lease_token(*, connection_id: int, now: datetime) -> bool:
    """Become the one worker that fetches the next token; False if another is, or it is there."""
    ConnectionToken.objects.bulk_create(
        [ConnectionToken(connection_id=connection_id)], ignore_conflicts=True
    )
    row = ConnectionToken.objects.filter(connection_id=connection_id)
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    spent = Q(expires_at__isnull=True) | Q(expires_at__lte=now + MARGIN)
    return row.filter(free, spent).update(leased_until=now + LEASE) == 1


def keep_token(*, connection_id: int, token: Token, now: datetime) -> None:
    """Seal a new token until it expires."""
    ConnectionToken.objects.filter(connection_id=connection_id).update(
        ciphertext=sealing.seal(token.value),
        fetched_at=now,
        expires_at=now + timedelta(seconds=max(token.seconds, 0)),
        leased_until=None,
    )


def free_token(*, connection_id: int) -> None:
    """Let another worker try to fetch it."""
    ConnectionToken.objects.filter(connection_id=connection_id).update(leased_until=None)


def drop_token(*, connection_id: int, value: str, sent_at: datetime) -> bool:
    """
    Forget a token that was refused, if it is still the one in use and was not brand new.

    False means that a fresh token was refused: then it is we who are not let in.
    """
    with transaction.atomic():
        row = (
            ConnectionToken.objects.select_for_update().filter(connection_id=connection_id).first()
        )
        if row is None or not row.ciphertext or row.fetched_at is None:
            return False
        if sealing.open(row.ciphertext) != value:
            return True  # somebody has fetched another one meanwhile
        if sent_at - row.fetched_at < FRESH:
            return False
        row.expires_at = sent_at
        row.save(update_fields=["expires_at"])
    return True


def scrub(text: str, values: Iterable[object]) -> str:
    """Return the text without any of these secrets, as they are or as an address holds them."""
    for value in values:
        if isinstance(value, str) and len(value) >= 4:
            text = text.replace(value, HIDDEN)
    return text
