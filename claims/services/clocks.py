"""A claim's clocks: begun, held and ended with its steps; who hears when time runs out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from claims import questions, sla
from claims.models import Claim, ClaimClock, ServiceLevel, SeverityChange, SeverityLimit
from claims.services.refusals import NotAllowed, NotNow, NoWords, OwnClaim, Refusal
from claims.sla import Allowance, ClockKind, SeverityWhy
from claims.states import OPEN, ClaimState
from portal.accounts.models import User
from portal.lib import tracing

K = ClockKind
S = ClaimState


class NoLevel(Refusal):
    """No service level is in force for this severity."""

    code = "no_level"
    sentence = _("There is no service level for S%(severity)s. An administrator has to add one.")


class UnknownSeverity(Refusal):
    """The severity or its reason is not on our list."""

    code = "unknown_severity"
    sentence = _("Choose a severity and a reason from the lists.")


@dataclass(frozen=True)
class Times:
    """By when the claim's own clocks say what; the fields of the claim that show it."""

    fields: Mapping[str, Any]
    due_at: datetime | None
    """When our own next step is due; None if nothing of ours runs."""


# --- With every step ----------------------------------------------------------


def follow(claim: Claim, verb: str, *, target: str, now: datetime) -> Times:
    """
    Begin, hold, resume and end the clocks of a locked claim that is about to take a step.

    Called by ``steps.take`` alone, before the state is written.

    :raises NoLevel: if a clock has to begin and no service level is in force.
    """
    live = {
        clock.kind: clock
        for clock in ClaimClock.objects.filter(claim=claim, stopped_at=None).select_related("level")
    }
    fields: dict[str, Any] = {}
    if verb == "submit":
        fields |= _rate(claim, now=now)
    elif verb == "appeal" and claim.severity > sla.URGENT:
        fields |= _set(claim, sla.URGENT, why=SeverityWhy.APPEALED, now=now)
    for kind in K.values:
        clock = live.get(kind)
        if clock is not None and sla.stands(kind, target):
            _hold(clock, now)
        elif clock is not None and sla.runs(kind, target):
            _resume(clock, now)
        elif clock is not None:
            _end(clock, now, is_void=sla.is_void(kind, target))
        elif sla.runs(kind, target) and (kind != K.REPLY or verb == "submit"):
            begun = _begin(claim, kind, severity=fields.get("severity", claim.severity), now=now)
            if begun is not None:
                live[kind] = begun
    if verb in sla.REPLIES:
        fields |= _replied(claim, live.get(K.REPLY), now)
    fields |= _faces(live)
    decide, pay = live.get(K.DECIDE), live.get(K.PAY)
    if target == S.PENDING_APPROVAL and decide is not None:
        fields_due = _second_by(decide, now)
    elif target in sla.CLOCKED:
        clock = pay if sla.runs(K.PAY, target) else decide
        fields_due = clock.due_at if clock is not None else None
    else:
        fields_due = None
    return Times(fields, fields_due)


def _faces(live: Mapping[str, ClaimClock]) -> dict[str, Any]:
    """Return the columns of the claim that show its clocks."""
    fields: dict[str, Any] = {"paused_at": None}
    if (decide := live.get(K.DECIDE)) is not None:
        fields |= {"decide_by": decide.due_at, "paused_at": decide.paused_at}
    if (reply := live.get(K.REPLY)) is not None:
        fields["reply_by"] = reply.due_at
    if (pay := live.get(K.PAY)) is not None:
        fields["pay_by"] = pay.due_at
    if (legal := live.get(K.LEGAL)) is not None:
        fields["legal_due_at"] = legal.due_at
    return fields


def _second_by(decide: ClaimClock, now: datetime) -> datetime:
    """Return when a second person is due: a day of the level, within what was promised."""
    calendar = decide.level.calendar(K.DECIDE)
    day = sla.due(Allowance(1), calendar=calendar, start=now)
    return min(day or decide.due_at, decide.due_at)


def _begin(claim: Claim, kind: str, *, severity: int, now: datetime) -> ClaimClock | None:
    """Begin a clock, unless nothing is promised: an automatic reply."""
    level = level_for(severity=severity, now=now)
    allowance = _promised(claim, kind, level, now)
    if allowance == Allowance():
        return None
    number = ClaimClock.objects.filter(claim=claim, kind=kind).count() + 1
    clock = ClaimClock(
        claim=claim,
        kind=kind,
        round=number,
        level=level,
        days=allowance.days,
        hours=allowance.hours,
        started_at=now,
    )
    _work_out(clock, pauses=())
    clock.save()
    return clock


def _promised(claim: Claim, kind: str, level: ServiceLevel, now: datetime) -> Allowance:
    """Return the level's allowance, or the reason's own where that is shorter."""
    allowance = level.allowance(kind)
    if kind != K.DECIDE or claim.policy is None or claim.policy.decide_days <= 0:
        return allowance
    own = Allowance(claim.policy.decide_days)
    calendar = level.calendar(kind)
    mine, theirs = (sla.due(each, calendar=calendar, start=now) or now for each in (own, allowance))
    return own if mine < theirs else allowance


def _work_out(clock: ClaimClock, *, pauses: tuple[sla.Pause, ...]) -> None:
    """Set a clock's times from its beginning, its allowance and when it stood still."""
    calendar = clock.level.calendar(clock.kind)
    allowance = Allowance(clock.days, clock.hours)

    def at(percent: int | None) -> datetime | None:
        if percent is None:
            return None
        return sla.due(
            allowance, calendar=calendar, start=clock.started_at, pauses=pauses, percent=percent
        )

    due_at = at(100)
    if due_at is None:
        raise ValueError("worked out only while no pause is open")
    clock.due_at = due_at
    is_legal = clock.kind == K.LEGAL
    clock.lead_at = at(sla.LEGAL_LEAD if is_legal else clock.level.lead_percent)
    clock.manager_at = at(sla.LEGAL_MANAGER if is_legal else clock.level.manager_percent)
    clock.alarm_at = _next_alarm(clock)


def _next_alarm(clock: ClaimClock) -> datetime | None:
    """Return when the next of those who have not heard yet hears."""
    if clock.stopped_at is not None or clock.paused_at is not None:
        return None
    heard = set(clock.escalations.values_list("step", flat=True)) if clock.pk is not None else set()
    return sla.shortest(
        None if sla.EscalationStep.LEAD in heard else clock.lead_at,
        None if sla.EscalationStep.MANAGER in heard else clock.manager_at,
    )


def _hold(clock: ClaimClock, now: datetime) -> None:
    if clock.paused_at is None:
        clock.paused_at, clock.alarm_at = now, None
        clock.likely_at = clock.ahead = None
        clock.save(update_fields=["paused_at", "alarm_at", "likely_at", "ahead"])


def _resume(clock: ClaimClock, now: datetime) -> None:
    if clock.paused_at is None:
        return
    clock.paused_at = None
    _work_out(clock, pauses=_pauses(clock, ended=now))
    clock.save(update_fields=["paused_at", "due_at", "lead_at", "manager_at", "alarm_at"])


def _pauses(clock: ClaimClock, *, ended: datetime | None = None) -> tuple[sla.Pause, ...]:
    """Read from the claim's own steps when a clock stood still; ``ended`` closes the last pause."""
    steps = list(
        clock.claim.transitions.filter(occurred_at__gte=clock.started_at)
        .order_by("pk")
        .values_list("target", "occurred_at")
    )
    if ended is not None:
        steps.append((S.UNDER_REVIEW, ended))
    return sla.pauses(clock.kind, steps, since=clock.started_at)


def _end(clock: ClaimClock, now: datetime, *, is_void: bool) -> None:
    clock.stopped_at, clock.is_void = max(now, clock.started_at), is_void
    clock.alarm_at = clock.likely_at = clock.ahead = None
    clock.save(update_fields=["stopped_at", "is_void", "alarm_at", "likely_at", "ahead"])


# --- First reply ----------------------------------------------------------


def _replied(claim: Claim, clock: ClaimClock | None, now: datetime) -> dict[str, Any]:
    if clock is not None and clock.stopped_at is None:
        _end(clock, now, is_void=False)
    return {} if claim.replied_at is not None else {"replied_at": now}


@transaction.atomic
def replied(*, claim: Claim, now: datetime) -> None:
    """Note that the desk has written to the shopper; only the first time counts."""
    clock = (
        ClaimClock.objects.select_for_update()
        .filter(claim=claim, kind=K.REPLY, stopped_at=None)
        .first()
    )
    if clock is not None:
        _end(clock, now, is_void=False)
    if Claim.objects.filter(pk=claim.pk, replied_at=None).update(replied_at=now):
        claim.replied_at = now


# --- Severity ----------------------------------------------------------


def level_for(*, severity: int, now: datetime) -> ServiceLevel:
    """
    Return the service level in force.

    :raises NoLevel: if there is none.
    """
    levels = ServiceLevel.objects.filter(severity=severity, valid_from__lte=now.date())
    level = levels.order_by("-valid_from").first()
    if level is None:
        raise NoLevel(severity=severity)
    return level


def case_of(claim: Claim, *, now: datetime) -> sla.Case:
    """Read the facts that a claim's severity depends on."""
    limit = (
        SeverityLimit.objects.filter(currency=claim.currency, valid_from__lte=now.date())
        .order_by("-valid_from")
        .first()
    )
    earlier = (
        Claim.objects.filter(order=claim.order_id, submitted_at__isnull=False)
        .exclude(pk=claim.pk)
        .exclude(state__in=[S.WITHDRAWN, S.EXPIRED, S.REJECTED])
        .aggregate(count=Count("pk"))["count"]
    )
    return sla.Case(
        reason=claim.reason,
        value_minor=claim.claimed_minor,
        limits=sla.Limits(limit.most_minor, limit.much_minor, limit.little_minor)
        if limit
        else None,
        is_hazard=questions.is_hazard(claim.answers),
        earlier=earlier,
        appeals=claim.appeals,
    )


def _rate(claim: Claim, *, now: datetime) -> dict[str, Any]:
    number, why = sla.severity(case_of(claim, now=now))
    return _set(claim, number, why=why, now=now, is_first=True)


def _set(
    claim: Claim,
    number: int,
    *,
    why: str,
    now: datetime,
    actor: User | None = None,
    note: str = "",
    is_first: bool = False,
) -> dict[str, Any]:
    SeverityChange.objects.create(
        claim=claim,
        origin=None if is_first else claim.severity,
        target=number,
        why=why,
        note=note,
        actor=actor,
        request_id=tracing.current(),
        changed_at=now,
    )
    return {"severity": number}


@transaction.atomic
def set_severity(
    *, claim: Claim, agent: User, severity: int, why: str, note: str, now: datetime
) -> Claim:
    """
    Make a claim more or less urgent, saying why; setting it to what it is changes nothing.

    Clocks that run get the new level's times where these are earlier. What the shopper was
    promised is never put off.

    :raises NotAllowed: if the agent may not decide.
    :raises OwnClaim: if it is the agent's own claim.
    :raises UnknownSeverity: for a severity or reason that is not on our lists.
    :raises NoWords: if another reason is not explained.
    :raises NotNow: if nothing is open any more.
    """
    claim.refresh_from_db(from_queryset=Claim.objects.select_for_update())
    if not agent.is_active or not agent.has_perm("claims.decide_claim"):
        raise NotAllowed
    if agent.pk == claim.shopper_id:
        raise OwnClaim
    if severity not in sla.SEVERITIES or why not in SeverityWhy.values:
        raise UnknownSeverity
    if why == SeverityWhy.OTHER and not note.strip():
        raise NoWords
    if claim.state not in OPEN or claim.state == S.DRAFT:
        raise NotNow(state=claim.get_state_display(), verb="severity")
    if severity == claim.severity:
        return claim
    fields = _set(claim, severity, why=why, now=now, actor=agent, note=note.strip()[:600])
    level = level_for(severity=severity, now=now)
    live = {}
    for clock in ClaimClock.objects.filter(claim=claim, stopped_at=None).select_related("level"):
        live[clock.kind] = _hasten(clock, level)
    fields |= _faces(live)
    clock = live.get(K.PAY) or live.get(K.DECIDE)
    if clock is not None and claim.state in sla.CLOCKED:
        fields["due_at"] = min(claim.due_at, clock.due_at)
    for name, value in fields.items():
        setattr(claim, name, value)
    claim.save(update_fields=list(fields))
    return claim


def _hasten(clock: ClaimClock, level: ServiceLevel) -> ClaimClock:
    """Give a clock another level if that ends it sooner."""
    before = clock.due_at, clock.level, clock.days, clock.hours
    allowance = level.allowance(clock.kind)
    if clock.kind == K.LEGAL or allowance == Allowance():
        return clock
    ended = clock.paused_at
    clock.level, clock.days, clock.hours = level, allowance.days, allowance.hours
    _work_out(clock, pauses=_pauses(clock, ended=ended))
    if clock.due_at >= before[0]:
        clock.due_at, clock.level, clock.days, clock.hours = before
        return clock
    clock.save(
        update_fields=["level", "days", "hours", "due_at", "lead_at", "manager_at", "alarm_at"]
    )
    return clock


# --- What it took ----------------------------------------------------------


@dataclass(frozen=True)
class Totals:
    """How long a claim has taken: until it was first decided, and altogether over all rounds."""

    first: timedelta | None
    all: timedelta
    rounds: int


def totals(*, claim: Claim, now: datetime) -> Totals:
    """Return the working time spent on deciding, pauses left out; it goes on after a reopening."""
    clocks = claim.clocks.filter(kind=K.DECIDE).select_related("level").order_by("round")
    spans = []
    for clock in clocks:
        end = clock.paused_at or clock.stopped_at or now
        spans.append(
            sla.spent(
                calendar=clock.level.calendar(clock.kind),
                start=clock.started_at,
                end=end,
                pauses=_pauses(clock, ended=end),
            )
        )
    is_decided = bool(clocks) and clocks[0].stopped_at is not None
    return Totals(spans[0] if is_decided else None, sum(spans, timedelta()), len(spans))
