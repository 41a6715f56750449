"""How the clocks of many claims stand: what the queue shows and asks for."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, F, Max, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from claims.admin import words
from claims.models import Claim, ClaimClock, Escalation
from claims.sla import ClockKind, EscalationStep
from claims.states import OPEN

K = ClockKind


def annotate(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """Add what the list tells of clocks: who has heard, and when it will probably be decided."""
    live = ClaimClock.objects.filter(claim=OuterRef("pk"), stopped_at=None)
    decide = live.filter(kind=K.DECIDE, likely_at__isnull=False)
    heard = (
        Escalation.objects.filter(claim=OuterRef("pk"), clock__stopped_at=None)
        .order_by()
        .values("claim")
        .annotate(step=Max("step"))
    )
    return claims.annotate(
        heard=Subquery(heard.values("step")[:1]),
        likely_at=Subquery(decide.values("likely_at")[:1]),
    )


def escalated() -> Exists:
    """Return the condition that somebody has heard of a promise that still runs."""
    return Exists(Escalation.objects.filter(claim=OuterRef("pk"), clock__stopped_at=None))


def probably_late() -> Exists:
    """Return the condition that the desk will decide too late at its present pace."""
    return Exists(
        ClaimClock.objects.filter(
            claim=OuterRef("pk"), kind=K.DECIDE, stopped_at=None, likely_at__gt=F("due_at")
        )
    )


def flags(claim: Claim, *, now: datetime) -> list[tuple[str, str]]:
    """Return what is remarkable about an annotated claim's clocks: tone and words."""
    found: list[tuple[str, str]] = []
    heard = getattr(claim, "heard", None)
    if heard:
        found.append(("bad", _("Told: %(who)s") % {"who": EscalationStep(heard).label}))
    if reply_is_late(claim, now=now):
        found.append(("bad", _("No reply yet")))
    likely_at = getattr(claim, "likely_at", None)
    if likely_at:
        found.append(
            ("warn", _("Probably %(when)s") % {"when": words.due(likely_at, now=now).words})
        )
    if claim.paused_at:
        found.append(("calm", _("Stands still")))
    return found


def reply_is_late(claim: Claim, *, now: datetime) -> bool:
    """Test whether the shopper still waits for a first word that was promised by now."""
    return (
        claim.state in OPEN
        and claim.replied_at is None
        and claim.reply_by is not None
        and claim.reply_by <= now
    )
