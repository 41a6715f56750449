"""Whoever answers for the desk hears before a promise is broken, and once it is; each once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from claims import sla
from claims.events import ClaimsEscalated
from claims.models import ClaimClock, Escalation
from claims.sla import ClockKind, EscalationStep
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from portal.outbox.recording import record

STEPS = EscalationStep
ROLES = {STEPS.LEAD: RoleName.APPROVER, STEPS.MANAGER: RoleName.DUTY_MANAGER}
"""Who holds the post: team leads give second yeses, duty managers run the day."""
QUIET = timedelta(minutes=15)
"""Letters to one post are at least so far apart, unless somebody could be hurt."""
REPORT_HOUR = 8
"""Small claims are told of once a day, at this hour of the house's day."""
MOST = 2000
LISTED = 20
"""So many claims are named in one letter; the rest are counted."""


@transaction.atomic
def escalate(*, now: datetime, limit: int = 500) -> int:
    """
    Note for each clock whose share of time is used up who has to hear; return how many rows.

    Running it again, or twice at once, adds nothing.
    """
    due = list(
        ClaimClock.objects.filter(alarm_at__lte=now)
        .only("claim_id", "due_at", "lead_at", "manager_at")
        .order_by("alarm_at", "pk")
        .select_for_update(skip_locked=True)[:limit]
    )
    known = set(Escalation.objects.filter(clock__in=due).values_list("clock_id", "step"))
    rows = []
    following: dict[str, list[int]] = {"lead_at": [], "manager_at": [], "": []}
    for clock in due:
        for step, at in ((STEPS.LEAD, clock.lead_at), (STEPS.MANAGER, clock.manager_at)):
            if at is not None and at <= now and (clock.pk, step.value) not in known:
                known.add((clock.pk, step.value))
                rows.append(
                    Escalation(
                        clock=clock,
                        claim_id=clock.claim_id,
                        step=step,
                        due_at=clock.due_at,
                        raised_at=now,
                    )
                )
        waits = {
            field: at
            for step, field, at in (
                (STEPS.LEAD, "lead_at", clock.lead_at),
                (STEPS.MANAGER, "manager_at", clock.manager_at),
            )
            if at is not None and (clock.pk, step.value) not in known
        }
        following[min(waits, key=lambda field: waits[field]) if waits else ""].append(clock.pk)
    Escalation.objects.bulk_create(rows, ignore_conflicts=True)
    for field, pks in following.items():
        ClaimClock.objects.filter(pk__in=pks).update(alarm_at=F(field) if field else None)
    return len(rows)


@transaction.atomic
def tell(*, now: datetime) -> int:
    """
    Write to each post about what it has not heard of yet; return how many letters were asked for.

    Many claims go into one letter, and letters keep a distance, so that a bad day does not bury
    those who have to act. Small claims wait for the daily report, which passes over what was done
    by then. A post that nobody holds stays visible in the queue alone.
    """
    count = 0
    for step in STEPS:
        untold = list(
            Escalation.objects.filter(_is_told_by(now), step=step, told_at=None)
            .select_related("claim", "clock")
            .only(
                "step",
                "due_at",
                "claim__ref",
                "claim__severity",
                "clock__kind",
                "clock__stopped_at",
            )
            .order_by("due_at", "pk")
            .select_for_update(of=("self",), skip_locked=True)[:MOST]
        )
        if not untold or not _may_write(step, untold, now):
            continue
        pressing = [row for row in untold if not (_is_small(row) and row.clock.stopped_at)]
        for person in _holders(step) if pressing else ():
            record(_letter(step, pressing, person, now), now=now)
            count += 1
        Escalation.objects.filter(pk__in=[row.pk for row in untold]).update(told_at=now)
    return count


def _is_told_by(now: datetime) -> Q:
    """Return which rows a letter may tell of: small claims' only from the next report on."""
    local = timezone.localtime(now)
    report = local.replace(hour=REPORT_HOUR, minute=0, second=0, microsecond=0)
    if report > local:
        report -= timedelta(days=1)
    return (
        Q(claim__severity__lt=sla.SMALL) | Q(clock__kind=ClockKind.LEGAL) | Q(raised_at__lt=report)
    )


def _is_small(row: Escalation) -> bool:
    return row.claim.severity == sla.SMALL and row.clock.kind != ClockKind.LEGAL


def _may_write(step: str, untold: Iterable[Escalation], now: datetime) -> bool:
    if any(row.claim.severity == sla.MOST_URGENT for row in untold):
        return True
    return not Escalation.objects.filter(step=step, told_at__gt=now - QUIET).exists()


def _holders(step: EscalationStep) -> list[User]:
    group = Group.objects.filter(name=ROLES[step].value)
    return list(User.objects.filter(groups__in=group, is_active=True, is_staff=True).order_by("pk"))


def _letter(step: str, rows: Sequence[Escalation], person: User, now: datetime) -> ClaimsEscalated:
    return ClaimsEscalated(
        to=person.pk,
        language=person.language,
        step=step,
        count=len(rows),
        claims=[
            {
                "ref": row.claim.ref,
                "kind": row.clock.kind,
                "severity": row.claim.severity,
                "due_at": row.due_at.isoformat(),
                "is_late": row.due_at <= now,
            }
            for row in rows[:LISTED]
        ],
    )
