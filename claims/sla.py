"""
By when the desk promises what: how urgent a claim is, which of its clocks run, and until when.

Pure functions of facts, a calendar and the steps a claim took; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from django.db import models
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _

from claims.states import ClaimState
from tracking.calendars import EVERY_DAY, Calendar, Pause, merge


class ClockKind(models.TextChoices):
    """What we owe by a time."""

    REPLY = "reply", _("First reply")
    DECIDE = "decide", _("Decision")
    PAY = "pay", _("Money sent")
    LEGAL = "legal", _("By law")


class SeverityWhy(models.TextChoices):
    """Which fact makes a claim as urgent as it is."""

    HAZARD = "hazard", _("Somebody could be hurt")
    MEDICINE = "medicine", _("Medicine or medical goods")
    PRESS = "press", _("Press or a regulator asks")
    VALUE = "value", _("High value")
    PERISHABLE = "perishable", _("Perishable goods")
    REPEATED = "repeated", _("It went wrong before")
    APPEALED = "appealed", _("A second look was asked for")
    DELAY = "delay", _("Only late")
    SMALL = "small", _("Small sum")
    USUAL = "usual", _("Nothing out of the usual")
    MISTAKEN = "mistaken", _("Was set wrongly")
    OTHER = "other", _("Another reason")


class EscalationStep(models.TextChoices):
    """Who is told that a claim's time runs out."""

    LEAD = "lead", _("Team lead")
    MANAGER = "manager", _("Duty manager")


S, K, W = ClaimState, ClockKind, SeverityWhy
KINDS = tuple(ClockKind)

MOST_URGENT, URGENT, NORMAL, SMALL = 1, 2, 3, 4
SEVERITIES = (MOST_URGENT, URGENT, NORMAL, SMALL)
"""S1 to S4."""
NAMES: Mapping[int, str | Lazy] = {
    MOST_URGENT: _("Danger or very high value"),
    URGENT: _("High value, perishable or gone wrong before"),
    NORMAL: _("Usual"),
    SMALL: _("Small"),
}
LEGAL_DAYS = 7
"""Within so many calendar days a complaint must have been answered, whoever waits for whom."""
LEGAL_LEAD, LEGAL_MANAGER = 75, 100

AROUND_THE_CLOCK = Calendar(zone=UTC, weekdays=EVERY_DAY)
"""Every hour of every day: a day has 24 hours, also where clocks are put forward or back."""


# --- How urgent ----------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """What counts as much and as little in one currency, in minor units."""

    most_minor: int
    much_minor: int
    little_minor: int


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the urgency of a claim depends on."""

    reason: str
    value_minor: int
    limits: Limits | None
    is_hazard: bool = False
    earlier: int = 0
    """Other claims about the same order that were taken up before."""
    appeals: int = 0


def severity(case: Case) -> tuple[int, str]:
    """Return how urgent a claim is, 1 is most, and the code of the fact that says so."""
    most = case.limits.most_minor if case.limits else None
    much = case.limits.much_minor if case.limits else None
    little = case.limits.little_minor if case.limits else None
    if case.is_hazard:
        return MOST_URGENT, W.HAZARD
    if most is not None and case.value_minor > most:
        return MOST_URGENT, W.VALUE
    if case.appeals:
        return URGENT, W.APPEALED
    if much is not None and case.value_minor > much:
        return URGENT, W.VALUE
    if case.earlier:
        return URGENT, W.REPEATED
    if case.reason == "delayed":
        return SMALL, W.DELAY
    if little is not None and case.value_minor < little:
        return SMALL, W.SMALL
    return NORMAL, W.USUAL


# --- Which clocks run ----------------------------------------------------------

_DECIDING = frozenset({S.SUBMITTED, S.SCREENING, S.UNDER_REVIEW, S.PENDING_APPROVAL, S.APPEALED})
_OUTSIDE = frozenset({S.NEEDS_INFO, S.AWAITING_CARRIER, S.AWAITING_RETURN})
"""Somebody outside has to do something first: what we owe a decision for stands still."""
_PAYING = frozenset({S.APPROVED, S.COMPENSATING, S.COMPENSATION_FAILED})
_GIVEN_UP = frozenset({S.WITHDRAWN, S.EXPIRED, S.CLOSED})

RUNS: Mapping[str, frozenset[ClaimState]] = {
    K.REPLY: _DECIDING | _OUTSIDE,
    K.DECIDE: _DECIDING,
    K.PAY: _PAYING,
    K.LEGAL: _DECIDING | _OUTSIDE,
}
STANDS: Mapping[str, frozenset[ClaimState]] = {
    K.REPLY: frozenset(),
    K.DECIDE: _OUTSIDE,
    K.PAY: frozenset(),
    K.LEGAL: frozenset(),
}
"""States in which a clock that has begun waits; only the promise to decide ever does."""

CLOCKED = _DECIDING - {S.SUBMITTED, S.SCREENING} | _PAYING
"""States in which the next step is due when one of our own clocks says so."""
ANSWERED = frozenset({S.NEEDS_INFO, S.AWAITING_RETURN, S.OFFERED})
"""States in which the shopper has to answer by a date."""

IN_OUR_HANDS = tuple(state for state in S if state in _DECIDING)
"""States in which the shopper waits for our decision."""
WAITING = tuple(state for state in S if state in ANSWERED)
"""``ANSWERED`` in the order of the states."""
TIMED = (
    S.DRAFT, S.SUBMITTED, S.SCREENING, S.AWAITING_CARRIER, S.RESOLVED, S.REJECTED, S.WITHDRAWN,
    S.EXPIRED,
)  # fmt: skip
"""States that time itself ends when the next step is due."""

REPLIES = frozenset(
    {"ask", "request_back", "offer", "approve", "auto_approve", "reject", "turn_away"}
)
"""Steps that tell the shopper something from the desk."""


def runs(kind: str, state: str) -> bool:
    """Test whether a clock of this kind runs or begins in a state."""
    return state in RUNS[kind]


def stands(kind: str, state: str) -> bool:
    """Test whether a clock of this kind stands still in a state."""
    return state in STANDS[kind]


def is_void(kind: str, state: str) -> bool:
    """Test whether a clock that ends in this state ends unfinished: nobody waits any more."""
    return state in _GIVEN_UP or (kind == K.PAY and state != S.RESOLVED)


def pauses(
    kind: str, steps: Iterable[tuple[str, datetime]], *, since: datetime
) -> tuple[Pause, ...]:
    """
    Return when a clock of this kind stood still, from a claim's steps: (state entered, when).

    Steps may come in any order. A pause that lasts has no end.
    """
    found: list[Pause] = []
    begun: datetime | None = None
    for state, at in sorted(steps, key=lambda step: step[1]):
        if begun is None and stands(kind, state):
            begun = max(at, since)
        elif begun is not None and not stands(kind, state):
            found.append((begun, max(at, since)))
            begun = None
    if begun is not None:
        found.append((begun, None))
    return merge(found)


# --- Until when ----------------------------------------------------------


@dataclass(frozen=True)
class Allowance:
    """So many days or hours of a calendar's time; hours if there are any."""

    days: int = 0
    hours: int = 0


def due(
    allowance: Allowance,
    *,
    calendar: Calendar,
    start: datetime,
    pauses: Sequence[Pause] = (),
    percent: int = 100,
) -> datetime | None:
    """Return when this share of an allowance is used up, None while a pause lasts."""
    return calendar.deadline(
        start,
        days=allowance.days * percent / 100,
        hours=allowance.hours * percent / 100,
        pauses=pauses,
    )


def spent(
    *, calendar: Calendar, start: datetime, end: datetime, pauses: Sequence[Pause] = ()
) -> timedelta:
    """Return how much of a calendar's time a clock has run."""
    return timedelta(hours=calendar.hours_between(start, end, pauses=pauses))


def shortest(*moments: datetime | None) -> datetime | None:
    """Return the earliest of the moments that are known."""
    known = [moment for moment in moments if moment is not None]
    return min(known) if known else None


class Clock(Protocol):
    """One promise that runs: a row, or whatever else has these fields."""

    kind: str
    days: int
    hours: int
    started_at: datetime
    due_at: datetime
    lead_at: datetime | None
    manager_at: datetime | None
    paused_at: datetime | None
    stopped_at: datetime | None
    is_void: bool

    def runs_by(self) -> Calendar:
        """Return the calendar it runs by."""

    def shares(self) -> tuple[int | None, int | None]:
        """Return at which shares of its time, in percent, team lead and duty manager hear."""


C = TypeVar("C", bound=Clock)
Steps = Sequence[tuple[str, datetime]]
"""The states a claim entered, and when."""


def turn(
    live: Mapping[str, C],
    *,
    verb: str,
    target: str,
    now: datetime,
    begin: Callable[[str], C | None],
    steps: Callable[[], Steps],
) -> dict[str, C]:
    """
    Turn a claim's clocks with one step, and return those that began or changed.

    ``begin`` makes a clock of a kind, or None where nothing is promised; ``steps`` reads what the
    claim has gone through, and is asked only when a clock goes on after a pause.
    """
    changed: dict[str, C] = {}
    for kind in KINDS:
        clock = live.get(kind)
        if clock is None:
            if runs(kind, target) and (kind != K.REPLY or verb == "submit"):
                begun = begin(kind)
                if begun is not None:
                    work_out(begun)
                    changed[kind] = begun
        elif stands(kind, target):
            if clock.paused_at is None:
                clock.paused_at = now
                changed[kind] = clock
        elif runs(kind, target):
            if clock.paused_at is not None:
                clock.paused_at = None
                over = (*steps(), (target, now))
                work_out(clock, pauses(kind, over, since=clock.started_at))
                changed[kind] = clock
        else:
            end(clock, now, void=is_void(kind, target))
            changed[kind] = clock
    reply = changed.get(K.REPLY) or live.get(K.REPLY)
    if verb in REPLIES and reply is not None and reply.stopped_at is None:
        end(reply, now)
        changed[K.REPLY] = reply
    return changed


def work_out(clock: Clock, pauses: Sequence[Pause] = ()) -> None:
    """Set a clock's times from its beginning, its allowance and when it stood still."""
    allowance, calendar = Allowance(clock.days, clock.hours), clock.runs_by()

    def at(percent: int) -> datetime:
        found = due(
            allowance, calendar=calendar, start=clock.started_at, pauses=pauses, percent=percent
        )
        if found is None:
            raise ValueError("a clock is worked out once its last pause is over")
        return found

    lead, manager = clock.shares()
    clock.due_at = at(100)
    clock.lead_at = None if lead is None else at(lead)
    clock.manager_at = None if manager is None else at(manager)


def end(clock: Clock, now: datetime, *, void: bool = False) -> None:
    """Stop a clock for good; ``void`` because nobody waits any more."""
    clock.stopped_at, clock.is_void = max(now, clock.started_at), void


def next_due(live: Mapping[str, Clock], *, target: str, now: datetime) -> datetime | None:
    """Return when our own next step is due by a claim's clocks, None where none of them says."""
    if target not in CLOCKED:
        return None
    clock = live.get(K.PAY if runs(K.PAY, target) else K.DECIDE)
    if clock is None:
        return None
    if target == S.PENDING_APPROVAL:
        # The second person has a day, within what was promised for the whole.
        day = due(Allowance(1), calendar=clock.runs_by(), start=now)
        return shortest(day, clock.due_at)
    return clock.due_at


# --- What will probably be late ----------------------------------------------------------


@dataclass(frozen=True)
class Pace:
    """How fast the desk has decided of late: so many decisions in so many working hours."""

    decided: int
    hours: float

    @property
    def per_hour(self) -> float:
        """Decisions in a working hour; 0 as long as nothing is known."""
        return self.decided / self.hours if self.hours > 0 else 0.0


@dataclass(frozen=True)
class Forecast:
    """When a claim will be decided if the desk goes on like this, and how many come before it."""

    ahead: int
    likely_at: datetime
    is_missed: bool


FEWEST = 5
"""With fewer decisions than this nobody knows a pace, and nothing is forecast."""


def forecast(
    due_times: Sequence[datetime], *, pace: Pace, calendar: Calendar, now: datetime
) -> list[Forecast]:
    """
    Return a forecast for each claim in the queue, given the due times in the order of work.

    The desk takes the most urgent first, one after the other, at the pace it has had; a claim is
    decided when all before it and itself are. Without a pace there are no forecasts.
    """
    if pace.decided < FEWEST or pace.per_hour <= 0:
        return []
    each = 1 / pace.per_hour
    found = []
    for place, due_at in enumerate(due_times):
        likely_at = calendar.deadline(now, hours=each * (place + 1)) or due_at
        found.append(Forecast(place, likely_at, likely_at > due_at))
    return found
