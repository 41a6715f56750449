"""Webhook secrets: two live at a time, so that one can be rotated without losing a push."""

from __future__ import annotations

import base64
import secrets
import time
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from portal.lib import sealing
from tracking.models import Connection, ConnectionSecret

TTL_SECONDS = 1.0
"""How long a process may still trust a secret that was revoked elsewhere."""

_Held = tuple[float, list[tuple[str, datetime, datetime | None]]]
_held: dict[int, _Held] = {}


class NoFreeSlot(Exception):
    """Two secrets are live already; revoke one first."""


class EmptySecret(ValueError):
    """A secret of nothing would let anyone in."""


def invent() -> str:
    """Return a new secret of 32 random bytes, in the form Standard Webhooks senders expect."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@transaction.atomic
def add(*, connection: Connection, secret: str, now: datetime) -> ConnectionSecret:
    """
    Make one more secret live at once; only its last four characters stay readable.

    :raises NoFreeSlot: if two are live already.
    :raises EmptySecret: if there is nothing in it.
    """
    secret = secret.strip()
    if not secret:
        raise EmptySecret("a secret needs at least one character")
    taken = set(connection.secrets.filter(revoked_at__isnull=True).values_list("slot", flat=True))
    free = sorted({1, 2} - taken)
    if not free:
        raise NoFreeSlot("two secrets are live already; revoke one of them first")
    try:
        with transaction.atomic():
            row = connection.secrets.create(
                slot=free[0],
                ciphertext=sealing.seal(secret),
                # A short secret keeps even its last characters to itself.
                hint=secret[-4:] if len(secret) >= 16 else "",
                not_before=now,
            )
    except IntegrityError as error:
        raise NoFreeSlot("somebody else has just taken the free place; look again") from error
    _held.pop(connection.pk, None)
    return row


@transaction.atomic
def revoke(*, secret: ConnectionSecret, now: datetime) -> ConnectionSecret:
    """Refuse the secret from now on; every process follows within a second."""
    ConnectionSecret.objects.filter(pk=secret.pk, revoked_at__isnull=True).update(revoked_at=now)
    secret.refresh_from_db()
    _held.pop(secret.connection_id, None)
    return secret


def live(*, connection_id: int, now: datetime) -> list[str]:
    """Return the secrets that may seal a push at this moment, at most one second out of date."""
    moment = time.monotonic()
    held = _held.get(connection_id)
    if held is None or held[0] < moment:
        rows = (
            ConnectionSecret.objects.filter(connection_id=connection_id, revoked_at__isnull=True)
            .filter(Q(not_after__isnull=True) | Q(not_after__gt=now))
            .order_by("slot")
            .values_list("ciphertext", "not_before", "not_after")
        )
        held = (
            moment + TTL_SECONDS,
            [(sealing.open(blob), begins, ends) for blob, begins, ends in rows],
        )
        _held[connection_id] = held
    return [
        text for text, begins, ends in held[1] if begins <= now and (ends is None or now < ends)
    ]


def forget() -> None:
    """Drop what this process holds; tests use it between databases."""
    _held.clear()
