"""
Who sees how much of a parcel: levels, and the signed cookie that remembers them.

The cookie holds a short list of grants: parcel, link version, level and when. It opens nothing
after a parcel's link version has risen, and what it says weakens with age.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.lib import links
from tracking.services.journeys import Level

__all__ = ["Level", "client_address", "exchange", "grant", "grants", "level", "level_of"]

COOKIE = "amends_parcels"
MOST = 24
"""A visitor keeps so many parcels open; the oldest is forgotten first."""
PERSON_FOR = timedelta(hours=12)
DETAILS_FOR = timedelta(days=30)
_SIGNER = Signer(salt="amends.grants", sep=".")

_LEVELS = frozenset(int(one) for one in Level)

Grant = tuple[int, int, int, int]
"""Parcel, link version, level, minutes since 1970."""


class Openable(Protocol):
    """A parcel, or the little of it that decides who may see it."""

    @property
    def pk(self) -> int: ...
    @property
    def link_version(self) -> int: ...


class Parcel(Openable, Protocol):
    """A parcel with its order."""

    @property
    def order(self) -> Owned: ...


class Owned(Protocol):
    """An order, and whose it is."""

    @property
    def shopper_id(self) -> int: ...


def level(request: HttpRequest, parcel: Parcel) -> Level:
    """Return how much this visitor may know of a parcel; NUMBER if nothing is proved."""
    return level_of(request, parcel, shopper_id=parcel.order.shopper_id)


def level_of(request: HttpRequest, parcel: Openable, *, shopper_id: int) -> Level:
    """Return the level when only the parcel's key, version and owner are at hand."""
    found = _granted(request, parcel)
    # Without a session cookie nobody is signed in, and the database need not be asked.
    if (
        found < Level.PERSON
        and settings.SESSION_COOKIE_NAME in request.COOKIES
        and request.user.is_authenticated
        and request.user.pk == shopper_id
    ):
        return Level.PERSON
    return found


def _granted(request: HttpRequest, parcel: Openable) -> Level:
    now = timezone.now()
    best = Level.NUMBER
    for pk, version, given, minutes in grants(request):
        if pk != parcel.pk or version != parcel.link_version:
            continue
        age = now - datetime.fromtimestamp(minutes * 60, tz=now.tzinfo)
        if age > DETAILS_FOR:
            continue
        held = Level.DETAILS if given == Level.PERSON and age > PERSON_FOR else Level(given)
        best = max(best, held)
    return best


def grants(request: HttpRequest) -> list[Grant]:
    """Read the grants a visitor carries, newest first; none if the cookie was altered."""
    text = request.COOKIES.get(COOKIE, "")
    if not text:
        return []
    try:
        rows = _SIGNER.unsign(text).split("~")
        found = [tuple(int(part) for part in row.split("-")) for row in rows]
    except (BadSignature, ValueError):
        return []
    return [row for row in found if len(row) == 4 and row[2] in _LEVELS][:MOST]


def grant(
    response: HttpResponse,
    parcels: Openable | Iterable[Openable],
    level: Level,
    *,
    request: HttpRequest,
) -> None:
    """Remember in the visitor's cookie that they may see these parcels at this level."""
    wanted = list(parcels) if isinstance(parcels, Iterable) else [parcels]
    minutes = int(timezone.now().timestamp() // 60)
    new: list[Grant] = [(parcel.pk, parcel.link_version, level, minutes) for parcel in wanted]
    fresh = {(pk, given) for pk, _version, given, _minutes in new}
    kept = [row for row in grants(request) if (row[0], row[2]) not in fresh]
    rows = [*new, *kept][:MOST]
    response.set_cookie(
        COOKIE,
        _SIGNER.sign("~".join("-".join(str(int(part)) for part in row) for row in rows)),
        max_age=DETAILS_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def exchange(key: str, *, token: str, link_version: int) -> None:
    """
    Check the signed key of a letter's link to a parcel.

    :raises portal.lib.links.ExpiredLink: if it is too old.
    :raises portal.lib.links.BadLink: if it is not for this parcel, or was revoked.
    """
    value, version = links.read(links.JOURNEY, key, timedelta(days=links.JOURNEY_DAYS))
    if (value, version) != (token, link_version):
        raise links.BadLink


def client_address(request: HttpRequest) -> str:
    """
    Return the visitor's network address for counting tries.

    ``X-Forwarded-For`` is believed only behind our own proxy, and only its last hop, which that
    proxy wrote. Of an IPv6 address the network half counts: a home has millions of the rest.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "")
        address = forwarded.rpartition(",")[2].strip() or address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
