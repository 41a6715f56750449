"""What will be late if the desk goes on as it has: measured, reckoned, kept with its grounds."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min

from claims import sla
from claims.models import ClaimClock, PaceReport
from claims.services import clocks
from claims.sla import ClockKind, Pace

LOOKS_BACK = timedelta(days=14)
KEPT = timedelta(days=90)
_STEADY = timedelta(minutes=30)
"""A forecast that moves by less is left as it stands, so that a calm queue is not rewritten."""


@transaction.atomic
def forecast(*, now: datetime) -> PaceReport:
    """
    Measure the desk's pace and mark the claims that it will decide too late; keep both.

    Safe to run at any time: what is not late any more loses its mark.

    :raises NoLevel: if no usual service level is in force.
    """
    calendar = clocks.level_for(severity=sla.NORMAL, now=now).calendar(ClockKind.DECIDE)
    every = ClaimClock.objects.filter(kind=ClockKind.DECIDE)
    begun = every.aggregate(first=Min("started_at"))["first"] or now
    since = max(now - LOOKS_BACK, min(begun, now))
    decided = every.filter(is_void=False, stopped_at__gt=since, stopped_at__lte=now).count()
    pace = Pace(decided, calendar.hours_between(since, now))
    queue = list(
        every.filter(stopped_at=None, paused_at=None)
        .order_by("due_at", "pk")
        .only("pk", "due_at", "likely_at", "ahead")
    )
    found = sla.forecast([row.due_at for row in queue], pace=pace, calendar=calendar, now=now)
    late = {row.pk: told for row, told in zip(queue, found, strict=False) if told.is_missed}
    changed = []
    for row in queue:
        told = late.get(row.pk)
        if told is None and row.likely_at is not None:
            row.likely_at = row.ahead = None
            changed.append(row)
        elif told is not None and (
            row.likely_at is None or abs(row.likely_at - told.likely_at) >= _STEADY
        ):
            row.likely_at, row.ahead = told.likely_at, told.ahead
            changed.append(row)
    ClaimClock.objects.bulk_update(changed, ["likely_at", "ahead"], batch_size=500)
    PaceReport.objects.filter(made_at__lt=now - KEPT).delete()
    return PaceReport.objects.create(
        made_at=now,
        since=since,
        decided=pace.decided,
        hours=pace.hours,
        waiting=len(queue),
        missing=len(late),
    )
