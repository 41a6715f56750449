"""
Find a parcel by what a shopper has to hand.

Unknown and wrong are one answer, after the same queries and the same comparison. Tries are
counted before they are judged: per number, so that a postcode cannot be guessed, and per visitor,
so that numbers cannot be walked through.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.utils.crypto import constant_time_compare

from portal.accounts import limits
from tracking.models import Order, Parcel
from tracking.models.parcel import normalise
from tracking.services import journeys
from tracking.services.journeys import Level

TRIES_PER_NUMBER = 5
NUMBER_SECONDS = 3600
TRIES_PER_VISITOR = 30
VISITOR_SECONDS = 600


class NotFound(Exception):
    """Nothing matches all of what was given; it is not told which part is wrong."""


class TooManyTries(Exception):
    """No more tries for now; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int, *, is_about_number: bool) -> None:
        super().__init__(f"try again in {retry_after} s")
        self.retry_after = retry_after
        self.is_about_number = is_about_number


@dataclass(frozen=True, slots=True)
class Opening:
    """One parcel and how far it opens; ``link_version`` goes into the visitor's cookie."""

    pk: int
    token: str
    link_version: int
    level: Level


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up opens. ``token`` is the parcel to show; None while nothing was packed yet."""

    token: str | None
    order: str
    openings: tuple[Opening, ...]


def by_order(*, number: str, email: str, visitor: str, now: datetime) -> Found:
    """
    Open the parcels of the order that has this number and this e-mail on file.

    :raises NotFound: if there is no such pair.
    :raises TooManyTries: if this visitor, or this number, was tried too often.
    """
    number = number.strip()
    key = f"find:order:{number.upper()}"
    _spend(key, visitor=visitor, now=now)
    typed = [number, number.upper()]
    row = (
        Order.objects.filter(number__in=typed).values_list("pk", "number", "email").first()
        if _is_sayable(number)
        else None
    )
    pk, own, on_file = row or (0, "", "")
    if not _same(email.strip().lower(), on_file.strip().lower()) or row is None:
        raise NotFound
    limits.forgive(key)
    parcels = Parcel.objects.filter(order_id=pk).values_list("pk", "token", "link_version")
    return Found(
        journeys.first_troubled(order_id=pk),
        own,
        tuple(Opening(*parcel, Level.DETAILS) for parcel in parcels),
    )


def by_number(*, number: str, postcode: str, visitor: str, now: datetime) -> Found:
    """
    Open the parcel with this tracking number: a status alone, or with its postcode the journey.

    :raises NotFound: if there is no such number, or the postcode is not the one on file.
    :raises TooManyTries: if this visitor, or this number with a postcode, was tried too often.
    """
    number = normalise(number)
    postcode = postcode.strip()
    key = f"find:parcel:{number}" if postcode else ""
    _spend(key, visitor=visitor, now=now)
    rows = list(
        Parcel.objects.numbered(number)
        .order_by("-pk")
        .values_list("pk", "token", "link_version", "order__number", "order__postcode")[:5]
    )
    if not postcode:
        if not rows:
            raise NotFound
        pk, token, version, _order, _code = rows[0]
        return Found(token, "", (Opening(pk, token, version, Level.NUMBER),))
    given = normalise(postcode)
    for pk, token, version, order, on_file in rows or [(0, "", 0, "", "")]:
        if _same(given, normalise(on_file)) and token:
            limits.forgive(key)
            return Found(token, order, (Opening(pk, token, version, Level.DETAILS),))
    raise NotFound


def by_postcode(*, head: journeys.Head, postcode: str, visitor: str, now: datetime) -> Found:
    """
    Open the journey of a parcel already in view, with its postcode.

    :raises NotFound: if the postcode is not the one on file.
    :raises TooManyTries: if this visitor, or this parcel, was tried too often.
    """
    number, order, on_file = Parcel.objects.values_list(
        "number", "order__number", "order__postcode"
    ).get(pk=head.pk)
    key = f"find:parcel:{number}"
    _spend(key, visitor=visitor, now=now)
    if not _same(normalise(postcode), normalise(on_file)):
        raise NotFound
    limits.forgive(key)
    opening = Opening(head.pk, head.token, head.link_version, Level.DETAILS)
    return Found(head.token, order, (opening,))


def _spend(key: str, *, visitor: str, now: datetime) -> None:
    if not limits.spend(
        f"find:visitor:{visitor}", limit=TRIES_PER_VISITOR, seconds=VISITOR_SECONDS, now=now
    ):
        raise TooManyTries(VISITOR_SECONDS, is_about_number=False)
    if key and not limits.spend(key, limit=TRIES_PER_NUMBER, seconds=NUMBER_SECONDS, now=now):
        raise TooManyTries(NUMBER_SECONDS, is_about_number=True)


def _same(given: str, on_file: str) -> bool:
    """Compare without telling by the time how much was right; nothing on file matches nothing."""
    left = hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
    right = hashlib.sha256(on_file.encode("utf-8", "replace")).hexdigest()
    return constant_time_compare(left, right) and bool(on_file)


def _is_sayable(text: str) -> bool:
    """Test whether PostgreSQL can hold the text at all."""
    return "\x00" not in text
