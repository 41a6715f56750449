"""
Guess a number's carrier with what the merchant's connections and the staff know.

The engine knows forms; here it learns with whom the merchant works, and what staff said of numbers
of the same series before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from tracking import recognition
from tracking.carriers import registry
from tracking.carriers.names import CARRIERS
from tracking.models import Carrier, Connection, Recognition

NOBODYS = {"generic", "simulator"}
"""Adapters that are named like a carrier and bring news of any."""
FAMILIES = {"dhl": {"dhl", "dhl_de"}}
"""Adapter -> the carriers whose parcels it knows, where they are more than the one of its name."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose parcels the merchant's connections can bring news of."""

    carriers: frozenset[str]
    is_any: bool
    """An aggregator, or our own format, is among them: no carrier is out of reach."""


def reach(*, connections: Collection[str] = ()) -> Reach:
    """Return whose parcels the active connections know, or only those with these slugs."""
    active = Connection.objects.filter(is_active=True)
    if connections:
        active = active.filter(slug__in=list(connections))
    adapters = set(active.values_list("adapter", flat=True))
    owned = {slug: _own(slug) for slug in adapters}
    return Reach(
        carriers=frozenset().union(*owned.values()), is_any=not all(owned.values()) or not owned
    )


def recognise(
    *,
    number: str,
    connections: Collection[str] = (),
    carriers: Collection[str] | None = None,
    is_contracted_only: bool = False,
) -> list[recognition.Candidate]:
    """
    Return the carriers that a number may be of, the likeliest first.

    Carriers of the active connections, or of those in ``connections``, are preferred; with
    ``is_contracted_only`` no other comes into question. ``carriers`` shuts out all others.
    """
    known = reach(connections=connections)
    wanted = None if carriers is None else frozenset(carriers)
    if is_contracted_only and not known.is_any:
        wanted = known.carriers if wanted is None else wanted & known.carriers
    return recognition.recognise(
        number, carriers=wanted, contracted=known.carriers, learnt=_learnt(number)
    )


@transaction.atomic
def correct(*, number: str, carrier: Carrier, now: datetime) -> Recognition | None:
    """
    Remember that a number, and so others of its series, is this carrier's.

    What is no number teaches nothing: None is returned.
    """
    shape = recognition.shape(number)
    if not shape:
        return None
    row, _is_new = Recognition.objects.get_or_create(
        shape=shape, carrier=carrier, defaults={"count": 0, "last_at": now}
    )
    Recognition.objects.filter(pk=row.pk).update(count=F("count") + 1, last_at=now)
    row.refresh_from_db()
    return row


def _learnt(number: str) -> dict[str, int]:
    shape = recognition.shape(number)
    if not shape:
        return {}
    rows = Recognition.objects.filter(shape=shape, count__gt=0)
    return dict(rows.values_list("carrier__slug", "count"))


def _own(adapter: str) -> set[str]:
    """Return the carriers of an adapter; none for one that brings news of any."""
    slug = registry.ALIASES.get(adapter, adapter)
    if slug in NOBODYS or slug not in CARRIERS:
        return set()
    return FAMILIES.get(slug, {slug})
