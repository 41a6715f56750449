"""A claim's clocks: begun, held and ended with its steps; who hears when time runs out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from claims import questions, sla
from claims.models import Claim, ClaimClock, ServiceLevel, SeverityChange, SeverityLimit
from claims.services.refusals import NotAllowed, NotNow, NoWords, OwnClaim, Refusal
from claims.sla import Allowance, ClockKind, EscalationStep, SeverityWhy
from claims.states import OPEN, ClaimState
from portal.accounts.models import User
from portal.lib import tracing
from tracking import calendars

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
    known = list(ClaimClock.objects.filter(claim=claim).select_related("level"))
    live = {clock.kind: clock for clock in known if clock.stopped_at is None}
    rounds = Counter(clock.kind for clock in known)
    fields: dict[str, Any] = {}
    if verb == "submit":
        fields |= _rate(claim, now=now)
    elif verb == "appeal" and claim.severity > sla.URGENT:
        fields |= _set(claim, sla.URGENT, why=SeverityWhy.APPEALED, now=now)
    severity = fields.get("severity", claim.severity)
    level = cache(lambda: level_for(severity=severity, now=now))
    changed = sla.turn(
        live,
        verb=verb,
        target=target,
        now=now,
        begin=lambda kind: _new(claim, kind, level=level(), round_=rounds[kind] + 1, now=now),
        steps=lambda: _steps(claim),
    )
    for clock in changed.values():
        if clock.pk:
            _save(clock)
    begun = [_set_alarm(clock) for clock in changed.values() if not clock.pk]
    ClaimClock.objects.bulk_create(begun)
    live |= changed
    if verb in sla.REPLIES and claim.replied_at is None:
        fields["replied_at"] = now
    return Times(fields | _faces(live), sla.next_due(live, target=target, now=now))


def _faces(live: Mapping[str, ClaimClock]) -> dict[str, Any]:
    """Return the columns of the claim that show its clocks."""
    fields: dict[str, Any] = {"paused_at": None}
    if (decide := live.get(K.DECIDE)) is not None:
        stands_since = None if decide.stopped_at else decide.paused_at
        fields |= {"decide_by": decide.due_at, "paused_at": stands_since}
    if (reply := live.get(K.REPLY)) is not None:
        fields["reply_by"] = reply.due_at
    if (pay := live.get(K.PAY)) is not None:
        fields["pay_by"] = pay.due_at
    if (legal := live.get(K.LEGAL)) is not None:
        fields["legal_due_at"] = legal.due_at
    return fields


def _new(
    claim: Claim, kind: str, *, level: ServiceLevel, round_: int, now: datetime
) -> ClaimClock | None:
    """Make a clock of the next round, unless nothing is promised: an automatic reply."""
    allowance = _promised(claim, kind, level, now)
    if allowance == Allowance():
        return None
    return ClaimClock(
        claim=claim,
        kind=kind,
        round=round_,
        level=level,
        days=allowance.days,
        hours=allowance.hours,
        started_at=now,
    )


def _promised(claim: Claim, kind: str, level: ServiceLevel, now: datetime) -> Allowance:
    """Return the level's allowance, or the reason's own where that is shorter."""
    allowance = level.allowance(kind)
    if kind != K.DECIDE or claim.policy is None or claim.policy.decide_days <= 0:
        return allowance
    own = Allowance(claim.policy.decide_days)
    calendar = level.calendar(kind)
    mine, theirs = (sla.due(each, calendar=calendar, start=now) or now for each in (own, allowance))
    return own if mine < theirs else allowance


def pays_by(*, claim: Claim, now: datetime) -> datetime:
    """
    Return by when the money will leave us if it is agreed to now.

    :raises NoLevel: if no service level is in force.
    """
    level = level_for(severity=claim.severity, now=now)
    return sla.due(level.allowance(K.PAY), calendar=level.calendar(K.PAY), start=now) or now


def pays_within(*, severity: int, now: datetime) -> str:
    """
    Say how long after a yes the money leaves us at the latest, in the reader's language.

    :raises NoLevel: if no service level is in force.
    """
    allowance = level_for(severity=severity, now=now).allowance(K.PAY)
    if allowance.hours:
        return ngettext("within %(count)s hour", "within %(count)s hours", allowance.hours) % {
            "count": allowance.hours
        }
    return ngettext(
        "within %(count)s working day", "within %(count)s working days", allowance.days
    ) % {"count": allowance.days}


def _save(clock: ClaimClock) -> None:
    """Write a clock that has turned, and when its next alarm is."""
    runs = clock.stopped_at is None and clock.paused_at is None
    _set_alarm(clock, set(clock.escalations.values_list("step", flat=True)) if runs else ())
    clock.save()


def _set_alarm(clock: ClaimClock, heard: Container[str] = ()) -> ClaimClock:
    """Set when a clock's next alarm is; one that does not run has none, and no forecast."""
    if clock.stopped_at is None and clock.paused_at is None:
        clock.alarm_at = next_alarm(clock, heard)
    else:
        clock.alarm_at = clock.likely_at = clock.ahead = None
    return clock


def next_alarm(clock: ClaimClock, heard: Container[str]) -> datetime | None:
    """Return when the next of those who have not heard yet hears."""
    return sla.shortest(
        None if EscalationStep.LEAD in heard else clock.lead_at,
        None if EscalationStep.MANAGER in heard else clock.manager_at,
    )


def _steps(claim: Claim) -> list[tuple[str, datetime]]:
    taken = sorted(claim.transitions.all(), key=lambda step: step.pk)
    return [(step.target, step.occurred_at) for step in taken]


# --- First reply ----------------------------------------------------------


@transaction.atomic
def replied(*, claim: Claim, now: datetime) -> None:
    """Note that the desk has written to the shopper; only the first time counts."""
    clock = (
        ClaimClock.objects.select_for_update()
        .filter(claim=claim, kind=K.REPLY, stopped_at=None)
        .first()
    )
    if clock is not None:
        sla.end(clock, now)
        _save(clock)
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
    ours = live.get(K.PAY) or live.get(K.DECIDE)
    if ours is not None and claim.state in sla.CLOCKED:
        fields["due_at"] = min(claim.due_at, ours.due_at)
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
    steps = _steps(clock.claim)
    if clock.paused_at is not None:
        steps.append((S.UNDER_REVIEW, clock.paused_at))
    clock.level, clock.days, clock.hours = level, allowance.days, allowance.hours
    sla.work_out(clock, sla.pauses(clock.kind, steps, since=clock.started_at))
    if clock.due_at >= before[0]:
        clock.refresh_from_db()
        return clock
    _save(clock)
    return clock


# --- In words ----------------------------------------------------------


def calendar_words(level: ServiceLevel, kind: str) -> str:
    """Name the calendar that a clock of this kind runs by, in the reader's language."""
    if kind == K.LEGAL:
        return gettext("every day counts")
    if level.is_around_the_clock:
        return gettext("every hour counts, day and night")
    zone, country, _part, weekdays = level.place()
    days = set(weekdays or calendars.usual_weekdays(calendars.known(country)[0]))
    if days == set(calendars.MONDAY_TO_FRIDAY):
        named = gettext("Monday to Friday")
    elif days == set(calendars.EVERY_DAY):
        named = gettext("every day")
    else:
        named = pgettext("between things in a list", ", ").join(
            str(_WEEKDAYS[digit]) for digit in sorted(days)
        )
    facts = {
        "days": named,
        "opens": f"{level.opens:%H:%M}",
        "closes": f"{level.closes:%H:%M}",
        "zone": zone,
        "country": country,
    }
    if calendars.known(country)[0]:
        words = gettext(
            "%(days)s, %(opens)s to %(closes)s (%(zone)s), without public holidays (%(country)s)"
        )
        return words % facts
    return gettext("%(days)s, %(opens)s to %(closes)s (%(zone)s)") % facts


@dataclass(frozen=True)
class Told:
    """One promise as anybody may read it: what, by when, by which calendar, and how it stands."""

    kind: str
    label: str
    due_at: datetime
    calendar: str
    is_paused: bool
    met_at: datetime | None


def told(*, claim: Claim) -> list[Told]:
    """Return the promises of the claim's latest round, for shoppers, staff and machines alike."""
    newest = {
        clock.kind: clock
        for clock in claim.clocks.select_related("level").order_by("round")
        if not clock.is_void
    }
    return [
        Told(
            kind=kind,
            label=str(ClockKind(kind).label),
            due_at=newest[kind].due_at,
            calendar=calendar_words(newest[kind].level, kind),
            is_paused=newest[kind].stopped_at is None and newest[kind].paused_at is not None,
            met_at=newest[kind].stopped_at,
        )
        for kind in sla.KINDS
        if kind in newest
    ]


_WEEKDAYS = {
    "1": _("Monday"), "2": _("Tuesday"), "3": _("Wednesday"), "4": _("Thursday"),
    "5": _("Friday"), "6": _("Saturday"), "7": _("Sunday"),
}  # fmt: skip


# --- What it took ----------------------------------------------------------


@dataclass(frozen=True)
class Totals:
    """How long a claim has taken: until it was first decided, and altogether over all rounds."""

    first: timedelta | None
    all: timedelta
    rounds: int


def totals(*, claim: Claim, now: datetime, rows: Iterable[ClaimClock] | None = None) -> Totals:
    """
    Return the working time spent on deciding, pauses left out; it goes on after a reopening.

    ``rows`` are the claim's clocks with their levels, if they have been read already.
    """
    if rows is None:
        rows = claim.clocks.select_related("level")
    clocks = sorted((row for row in rows if row.kind == K.DECIDE), key=lambda row: row.round)
    steps = [step for step in _steps(claim) if step[1] <= now]
    spans = []
    for clock in clocks:
        end = clock.paused_at or clock.stopped_at or now
        spans.append(
            sla.spent(
                calendar=clock.level.calendar(clock.kind),
                start=clock.started_at,
                end=end,
                pauses=sla.pauses(clock.kind, [*steps, (S.CLOSED, end)], since=clock.started_at),
            )
        )
    is_decided = bool(clocks) and clocks[0].stopped_at is not None
    return Totals(spans[0] if is_decided else None, sum(spans, timedelta()), len(spans))
