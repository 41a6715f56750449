"""The short queue beside the claim at hand, and how a claim is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from claims.admin import words
from claims.models import Claim, ClaimLine
from claims.states import WITH_STAFF, ClaimReason, ClaimState
from portal.lib.money import Money

S = ClaimState
QUEUE_LENGTH = 12


def chinese() -> bool:
    """Whether the reader reads Chinese."""
    return (get_language() or "en").startswith("zh")


def language() -> str:
    """The reader's language."""
    return get_language() or "en"


@dataclass(frozen=True)
class QueueRow:
    """One claim in the short queue beside the one at hand."""

    ref: str
    title: str
    sum: str
    due: words.Due
    href: str
    is_current: bool


def waiting(states: Sequence[str] = WITH_STAFF) -> QuerySet[Claim]:
    """Return claims in these states, due soonest first."""
    return Claim.objects.filter(state__in=states).order_by("due_at", "pk")


def queue(claim: Claim, *, now: datetime) -> list[QueueRow]:
    """Return the claims due soonest in the queue this claim belongs to."""
    states = (S.PENDING_APPROVAL,) if claim.state == S.PENDING_APPROVAL else WITH_STAFF
    lines = ClaimLine.objects.select_related("order_line")
    rows = list(waiting(states).prefetch_related(Prefetch("lines", lines))[:QUEUE_LENGTH])
    return [
        QueueRow(
            ref=row.ref,
            title=title(row),
            sum=Money(row.claimed_minor, row.currency).say(language()),
            due=words.due(row.due_at, now=now),
            href=href(row),
            is_current=row.pk == claim.pk,
        )
        for row in rows
    ]


def neighbours(claim: Claim, rows: list[QueueRow]) -> tuple[QueueRow | None, QueueRow | None]:
    """Return the rows before and after this claim, for Previous and Next on a phone."""
    at = next((i for i, row in enumerate(rows) if row.is_current), None)
    if at is None:
        return None, rows[0] if rows else None
    return (rows[at - 1] if at else None), (rows[at + 1] if at + 1 < len(rows) else None)


def href(claim: Claim) -> str:
    """Return the address of a claim's workspace."""
    return reverse("admin:claims_claim_change", args=[claim.ref])


def title(claim: Claim) -> str:
    """Name a claim by its reason and its first thing; expects its lines to be prefetched."""
    reason = {
        ClaimReason.DAMAGED: pgettext("claim", "Broken"),
        ClaimReason.LOST: pgettext("claim", "Not received"),
        ClaimReason.DELIVERED_NOT_RECEIVED: pgettext("claim", "Delivered, not received"),
        ClaimReason.WRONG_ITEM: pgettext("claim", "Wrong item"),
        ClaimReason.MISSING_ITEM: pgettext("claim", "Missing"),
        ClaimReason.DELAYED: pgettext("claim", "Late"),
        ClaimReason.REFUSED: pgettext("claim", "Refused"),
        ClaimReason.RETURNED_TO_SENDER: pgettext("claim", "Went back"),
        ClaimReason.NOT_SHIPPED: pgettext("claim", "Never sent"),
    }.get(ClaimReason(claim.reason) if claim.reason else ClaimReason.DAMAGED, "")
    lines = sorted(claim.lines.all(), key=lambda line: line.order_line.position)
    if not claim.reason or not lines:
        return claim.get_reason_display() or claim.ref
    thing = f"{lines[0].order_line.title} × {lines[0].quantity}"
    more = f" +{len(lines) - 1}" if len(lines) > 1 else ""
    return _("%(reason)s: %(thing)s") % {"reason": reason, "thing": thing + more}
