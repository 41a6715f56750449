"""What every claim event tells, in plain values."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from claims.models import Claim


class Facts(TypedDict):
    """The fields of ``claims.events.ClaimEvent``."""

    claim_id: int
    ref: str
    to: int
    language: str
    order: str
    items: list[str]


def of(claim: Claim) -> Facts:
    """Return the facts about a claim that its events carry."""
    return {
        "claim_id": claim.pk,
        "ref": claim.ref,
        "to": claim.shopper_id,
        "language": claim.language,
        "order": claim.order.number,
        "items": [f"{line.order_line.title} × {line.quantity}" for line in claim.things()],
    }


def iso(moment: datetime | None) -> str:
    """Return a moment as ISO 8601, or nothing."""
    return moment.isoformat() if moment else ""
