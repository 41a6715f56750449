"""Which accounts share contact details with a shopper, and what they claimed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from claims.models import Claim, Mark
from claims.models.risk import MarkKind

MOST = 50
"""Accounts shown; a house that passes parcels on may have thousands."""


@dataclass(frozen=True)
class Linked:
    """One account, in what it is alike, and its sent claims, newest first."""

    shopper_id: int
    email: str
    shared: tuple[str, ...]
    claims: tuple[Claim, ...]


def accounts(*, claim: Claim) -> list[Linked]:
    """Return the accounts linked to a claim's shopper, those alike in most first; two queries."""
    mine = Mark.objects.filter(shopper_id=claim.shopper_id)
    shared: dict[int, set[str]] = defaultdict(set)
    emails: dict[int, str] = {}
    rows = (
        Mark.objects.filter(Exists(mine.filter(kind=OuterRef("kind"), digest=OuterRef("digest"))))
        .exclude(shopper_id=claim.shopper_id)
        .order_by("shopper_id")
        .values_list("shopper_id", "shopper__email", "kind")
    )
    for shopper_id, email, kind in rows[: 20 * MOST]:
        shared[shopper_id].add(kind)
        emails[shopper_id] = email
    closest = sorted(shared, key=lambda pk: (-len(shared[pk]), pk))[:MOST]
    sent: dict[int, list[Claim]] = defaultdict(list)
    for other in Claim.objects.filter(shopper_id__in=closest, submitted_at__isnull=False).order_by(
        "-submitted_at", "-pk"
    )[: 20 * MOST]:
        sent[other.shopper_id].append(other)
    return [
        Linked(
            shopper_id=pk,
            email=emails[pk],
            shared=tuple(str(MarkKind(kind).label) for kind in sorted(shared[pk])),
            claims=tuple(sent[pk]),
        )
        for pk in closest
    ]
