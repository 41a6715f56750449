"""What the desk asks shoppers to show: ready kinds in neutral words, and what is still missing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from claims.models import Claim, Evidence, EvidenceRequest, Message
from claims.services.refusals import Refusal
from claims.states import EvidenceState
from portal.lib.moves import Role

MOST_ITEMS = 6
"""More at once is a chore; nobody answers it."""


class StillMissing(Refusal):
    """Some of what we asked for has not come, and no words say why."""

    code = "still_missing"
    sentence = _("Still missing: %(items)s. Add it, or write to us why you cannot.")


@dataclass(frozen=True)
class Ready:
    """A request that is asked often, with words that accuse nobody."""

    kind: str
    title: str | Promise
    text: str | Promise
    wants: int = 1
    has_code: bool = False


READY: Mapping[str, Ready] = {
    one.kind: one
    for one in (
        Ready(
            "two_angles",
            _("Two more angles"),
            _(
                "Please take two more photos of it, from two other sides. It helps us to see the"
                " damage as you do."
            ),
            wants=2,
        ),
        Ready(
            "note",
            _("A note with a number beside it"),
            _(
                "Please write the number %(code)s on a piece of paper, lay it beside the item and"
                " take one photo of both. It is a usual check and takes a minute."
            ),
            has_code=True,
        ),
        Ready(
            "label",
            _("The label on the box"),
            _("Please take a photo of the address label, with the tracking number to be read."),
        ),
        Ready(
            "packing",
            _("The packing, inside"),
            _("Please take a photo of the inside of the box with what the item lay in."),
        ),
        Ready(
            "six_sides",
            _("All six sides of the box"),
            _("Please take two photos of the box that show three of its sides each."),
            wants=2,
        ),
    )
}
"""Kind -> what is asked; an agent chooses several at once, or asks in words of their own."""


@dataclass(frozen=True)
class Item:
    """One thing to ask for: a ready kind, or words of the agent's own."""

    kind: str = "other"
    text: str = ""
    wants: int = 1


def rows(
    *, claim: Claim, items: Sequence[Item], agent_id: int, now: datetime, due_at: datetime
) -> list[EvidenceRequest]:
    """Return a request for each thing, worded in the shopper's language; nothing is saved."""
    return [_row(claim, item, agent_id, now, due_at) for item in items[:MOST_ITEMS]]


def _row(
    claim: Claim, item: Item, agent_id: int, now: datetime, due_at: datetime
) -> EvidenceRequest:
    ready = READY.get(item.kind)
    text, wants, code = item.text.strip(), item.wants, ""
    if ready is not None:
        wants = ready.wants
        code = f"{secrets.randbelow(9000) + 1000}" if ready.has_code else ""
        if not text:
            with translation.override(claim.language):
                text = str(ready.text)
        text = text.replace("%(code)s", code) if code else text
        if code and code not in text:
            text = f"{text} ({code})"
    return EvidenceRequest(
        claim=claim, kind=item.kind, text=text, wants=wants, code=code, asked_by_id=agent_id,
        asked_at=now, due_at=due_at,
    )  # fmt: skip


def missing(*, claim: Claim) -> list[EvidenceRequest]:
    """
    Return what was asked for and has not come, soonest due first; ``have`` counts what has.

    Words of the shopper since we asked answer everything: a person reads them. So does a photo
    sent beside the list, where one thing alone was asked for.
    """
    good = Q(evidence__removed_at=None) & ~Q(evidence__state=EvidenceState.REFUSED)
    waiting = list(
        EvidenceRequest.objects.filter(claim=claim, answered_at=None)
        .annotate(have=Count("evidence", filter=good))
        .order_by("due_at", "pk")
    )
    if not waiting:
        return []
    since = min(row.asked_at for row in waiting)
    if Message.objects.filter(claim=claim, role=Role.SHOPPER, sent_at__gte=since).exists():
        return []
    lacking: list[EvidenceRequest] = [row for row in waiting if row.have < row.wants]
    if len(waiting) == 1 and waiting[0].wants == 1 and lacking and _beside(claim, since):
        return []
    return lacking


def _beside(claim: Claim, since: datetime) -> bool:
    return (
        Evidence.objects.filter(claim=claim, removed_at=None, received_at__gte=since)
        .exclude(state=EvidenceState.REFUSED)
        .exists()
    )
