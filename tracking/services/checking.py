"""Have a carrier asked because somebody wants to know now, and say honestly what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tracking.models import Parcel
from tracking.services import budgets, lines, polling
from tracking.services.lines import Line


class Outcome(StrEnum):
    """What came of the wish to ask now."""

    ASKED = "asked"
    """The question goes out now."""
    TOO_SOON = "too_soon"
    """It was asked a short time ago and may not be asked again before ``next_at``."""
    SPENT = "spent"
    """All questions of this while are used up; this one is first when there is room again."""
    AWAY = "away"
    """The carrier does not answer at present."""
    NOBODY = "nobody"
    """This carrier cannot be asked; it tells by itself."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it, when the carrier was last asked, and when it may be the next time."""

    outcome: Outcome
    asked_at: datetime | None = None
    next_at: datetime | None = None


def check(*, parcel_id: int, now: datetime) -> Checked:
    """Have a parcel's carrier asked now, if it can be and may be."""
    parcel = Parcel.objects.get(pk=parcel_id)
    polls = list(parcel.polls.filter(due_at__isnull=False).select_related("connection"))
    asked_at = max((one.polled_at for one in polls if one.polled_at), default=None)
    able = lines.load(connection_ids={one.connection_id for one in polls}, now=now)
    if not able:
        return Checked(Outcome.NOBODY, asked_at)
    awake = [one for one in able if one.standing.may_ask(now) or one.standing.may_try(now)]
    if not awake:
        return Checked(Outcome.AWAY, asked_at)
    if not polling.refresh(parcel=parcel, now=now):
        pauses = [one.policy.min_interval for one in able]
        next_at = asked_at + min(pauses) if asked_at else None
        return Checked(Outcome.TOO_SOON, asked_at, next_at if next_at and next_at > now else None)
    waits = [_wait(one, now=now) for one in awake]
    if min(waits):
        return Checked(Outcome.SPENT, asked_at, now + min(waits))
    return Checked(Outcome.ASKED, asked_at)


def _wait(line: Line, *, now: datetime) -> timedelta:
    """Return how long until this line has a question to spare, nothing if it has one now."""
    book = budgets.read(connection_id=line.connection_id, quotas=line.quotas, now=now)
    room = book.room(now=now, is_refresh=True)
    return timedelta() if room.calls else timedelta(seconds=max(room.wait, 1))
