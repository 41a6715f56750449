"""Addresses that lead an answer back into its claim: signed, without case, and revocable."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction

from claims.models import Claim, ReplyLine

PREFIX = "claim"
SIGNATURE = 20
"""Characters of base32: 100 bits, far beyond guessing through a mail house."""


class Line(StrEnum):
    """What an address turned out to be."""

    NONE = "none"
    """It is no reply address at all."""
    BAD = "bad"
    REVOKED = "revoked"
    GOOD = "good"


def is_on() -> bool:
    """Test whether letters may be answered by e-mail."""
    return bool(settings.INBOUND_DOMAIN)


def address_of(claim: Claim) -> str:
    """Return the address under which this claim's letters are answered; empty while that is off."""
    return _address(claim.ref, _version(claim)) if is_on() else ""


def reply_to(facts: Mapping[str, Any]) -> str:
    """Return the reply address for a letter with these facts; empty unless it is about a claim."""
    claim_id = facts.get("claim_id")
    if not is_on() or not isinstance(claim_id, int):
        return ""
    claim = Claim.objects.filter(pk=claim_id).first()
    # Letters about a draft tell of no claim yet; there is nobody at the desk to answer.
    return address_of(claim) if claim is not None and claim.submitted_at else ""


def find(address: str) -> tuple[Line, Claim | None]:
    """Return what an address is, and its claim where the signature is, or once was, right."""
    local, _at, domain = address.strip().lower().rpartition("@")
    if not is_on() or domain != settings.INBOUND_DOMAIN.lower():
        return Line.NONE, None
    found = re.fullmatch(rf"{PREFIX}\+([a-z0-9-]{{1,16}})\.([a-z2-7]{{{SIGNATURE}}})", local)
    if found is None:
        return (Line.BAD if local.startswith(f"{PREFIX}+") else Line.NONE), None
    claim = Claim.objects.filter(ref=found[1].upper()).first()
    # An unknown reference costs the same work, so that time tells nobody which ones exist.
    ref, newest = (claim.ref, _version(claim)) if claim else (found[1].upper(), 1)
    if _is_signed(found[2], ref, newest) and claim is not None:
        return Line.GOOD, claim
    if claim is not None and any(_is_signed(found[2], ref, old) for old in range(1, newest)):
        return Line.REVOKED, claim
    return Line.BAD, None


@transaction.atomic
def revoke(*, claim: Claim, now: datetime) -> str:
    """Withdraw every address given out so far and return the new one."""
    line, is_new = ReplyLine.objects.select_for_update().get_or_create(
        claim=claim, defaults={"version": 2, "changed_at": now}
    )
    if not is_new:
        line.version += 1
        line.changed_at = now
        line.save(update_fields=["version", "changed_at"])
    return address_of(claim)


def _version(claim: Claim) -> int:
    found = ReplyLine.objects.filter(claim=claim).values_list("version", flat=True).first()
    return found or 1


def _address(ref: str, version: int) -> str:
    signature = _sign(settings.SECRET_KEY, ref, version)
    return f"{PREFIX}+{ref.lower()}.{signature}@{settings.INBOUND_DOMAIN.lower()}"


def _is_signed(given: str, ref: str, version: int) -> bool:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    is_signed = False
    for key in keys:  # all of them, so that time does not tell which
        is_signed |= hmac.compare_digest(_sign(key, ref, version), given)
    return is_signed


def _sign(key: str, ref: str, version: int) -> str:
    secret = hashlib.sha256(b"claims.reply-line\x1f" + key.encode()).digest()
    made = hmac.new(secret, f"{ref.upper()}\x1f{version}".encode(), hashlib.sha256).digest()
    return base64.b32encode(made).decode().lower()[:SIGNATURE]
