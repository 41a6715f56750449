"""
What counts as trouble when nothing happens: clocks, counted in the working days of the carrier.

Pure: facts, thresholds, a calendar and a moment in; findings out. Nothing here reads a clock, a
database or a setting.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tracking.calendars import Calendar, Pause, merge
from tracking.states import SOFT_TERMINAL, Anchor, AnomalyKind, Lane, ParcelStatus, Unit

K, S = AnomalyKind, ParcelStatus

PAPER = frozenset({S.REGISTERED, S.INFO_RECEIVED})
RESTING = frozenset({S.CUSTOMS, S.AVAILABLE_FOR_PICKUP})
"""Where a parcel lies still and we know why; such places have clocks of their own."""
CLOCK_CHANGE = 2
"""Hours by which a day on the wall may be shorter than a day."""
ONE_ATTEMPT = timedelta(hours=3)
"""Failed attempts closer together than this are one, told twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """
    One threshold: so much after its anchor the kind of trouble comes to this level.

    An empty lane and no carrier mean any. ``quiet_days`` asks for so many working days without a
    scan besides.
    """

    id: int
    kind: str
    level: int
    anchor: str
    amount: int
    unit: str
    severity: int
    lane: str = ""
    carrier_id: int | None = None
    quiet_days: int = 0
    tells_shopper: bool = False
    asks_carrier: bool = False
    is_active: bool = True


ANCHORS: Mapping[str, frozenset[str]] = {
    K.NO_FIRST_SCAN: frozenset({Anchor.SHIPPED}),
    K.STALLED: frozenset({Anchor.SCAN}),
    K.PAST_ETA: frozenset({Anchor.EXPECTED, Anchor.PROMISED}),
    K.CUSTOMS_STUCK: frozenset({Anchor.STATUS}),
    K.ATTEMPTS_EXHAUSTED: frozenset({Anchor.ATTEMPTS}),
    K.PICKUP_EXPIRING: frozenset({Anchor.PICKUP_ENDS}),
    K.SUSPECTED_LOST: frozenset({Anchor.SCAN, Anchor.SHIPPED, Anchor.EXPECTED, Anchor.PROMISED}),
    K.UNTRACKABLE: frozenset({Anchor.SHIPPED}),
    K.EXPIRED: frozenset({Anchor.SCAN, Anchor.SHIPPED}),
    K.NOT_SHIPPED: frozenset({Anchor.PLACED}),
    K.OUT_OF_STOCK: frozenset({Anchor.REPORTED}),
    K.WRONG_ITEM: frozenset({Anchor.REPORTED}),
}
"""From what each kind with a clock may be counted."""

Rules = Mapping[str, Sequence[Rule]]
"""Kind -> its rules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the clocks of one parcel look at; ``is_heard`` is false if no news can ever come."""

    status: str
    shipped_at: datetime
    is_heard: bool = True
    status_at: datetime | None = None
    last_scan_at: datetime | None = None
    delivered_at: datetime | None = None
    expected_at: datetime | None = None
    promised_at: datetime | None = None
    pickup_days: int = 7
    attempts: int = 0

    @property
    def is_over(self) -> bool:
        """True once no clock runs any more."""
        return self.status in SOFT_TERMINAL

    @property
    def is_outbound(self) -> bool:
        """True while it is on its way to the shopper, not back."""
        return self.delivered_at is None and self.status != S.RETURNING

    @property
    def is_unseen(self) -> bool:
        """True until the carrier has had it in its hands."""
        return self.last_scan_at is None and self.status in PAPER

    @property
    def seen_at(self) -> datetime | None:
        """When the carrier last had it in its hands, as far as anything tells."""
        if self.is_unseen:
            return None
        return self.last_scan_at or self.status_at or self.shipped_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """
    One kind of trouble that holds now.

    ``reached`` holds the thresholds reached and when each fell due, ``rule`` is the highest of
    them and ``since`` what the first of them counts from. ``next_at`` is when it would come to
    the next level. Trouble of one kind and ``episode`` is one and the same.
    """

    kind: str
    rule: Rule
    since: datetime
    episode: str
    reached: tuple[tuple[Rule, datetime], ...]
    next_at: datetime | None = None

    @property
    def level(self) -> int:
        """The level it has come to."""
        return self.rule.level


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """
    What holds, and when to look again.

    ``lost_at`` is when the parcel is taken for lost, or was; ``check_at`` is None once nothing
    can come any more.
    """

    findings: Mapping[str, Finding]
    lost_at: datetime | None = None
    check_at: datetime | None = None


def judge(
    facts: Facts, *, rules: Rules, calendar: Calendar, pauses: Sequence[Pause] = (), now: datetime
) -> Judgement:
    """Say what is wrong with a parcel at a moment, by the rules of its lane and carrier."""
    findings: dict[str, Finding] = {}
    lost_at = check_at = None
    quiet_since = (facts.seen_at or facts.shipped_at).isoformat()
    for kind in _running(facts):
        steps: list[Step] = []
        for rule in rules.get(kind, ()):
            since = _anchor(kind, rule.anchor, facts)
            due = since and _due(rule, since, facts, calendar, pauses)
            if since is not None and due is not None:
                steps.append((rule, since, due))
        finding, soonest = climb(kind, steps, now=now)
        check_at = _sooner(check_at, soonest)
        if finding is not None:
            if kind in _BY_SILENCE:
                finding = replace(finding, episode=quiet_since)
            findings[kind] = finding
        if kind == K.SUSPECTED_LOST:
            lost_at = min((due for rule, _since, due in steps if rule.level == 1), default=None)
    if facts.is_over or K.EXPIRED in findings:
        check_at = None
    return Judgement(findings=findings, lost_at=lost_at, check_at=check_at)


Floors = Mapping[str, Sequence[tuple[str, timedelta]]]
"""Kind -> (anchor, the least time after it in which anything can fall due)."""


def floors(rules: Rules) -> Floors:
    """Return the least that can pass from each anchor of each kind, however few days are free."""
    found: dict[str, dict[str, timedelta]] = {}
    for kind, ladder in rules.items():
        for rule in ladder:
            hours = rule.amount * (1 if rule.unit == Unit.HOURS else 24)
            if rule.unit == Unit.COUNT:
                hours = 0
            elif rule.anchor == Anchor.PICKUP_ENDS:
                hours = -hours
            least = timedelta(hours=hours - CLOCK_CHANGE)
            anchors = found.setdefault(kind, {})
            anchors[rule.anchor] = min(least, anchors.get(rule.anchor, least))
    return {kind: tuple(anchors.items()) for kind, anchors in found.items()}


def is_calm(facts: Facts, *, least: Floors, until: datetime) -> bool:
    """
    Test cheaply whether nothing can fall due until a moment, whatever the calendar says.

    Working time never passes faster than time, so most parcels need no calendar on most days.
    """
    for kind in _running(facts):
        for anchor, floor in least.get(kind, ()):
            since = _anchor(kind, anchor, facts)
            if since is not None and since + floor <= until:
                return False
    return True


Step = tuple[Rule, datetime, datetime]
"""A rule, what it counts from, and when it falls due."""

_BY_SILENCE = frozenset({K.STALLED, K.SUSPECTED_LOST})
"""Kinds whose episode is one silence, whichever rule of theirs was first to notice."""


def climb(
    kind: str, steps: Sequence[Step], *, now: datetime
) -> tuple[Finding | None, datetime | None]:
    """Say how far a kind of trouble has come, and when it comes further."""
    reached = sorted(
        (step for step in steps if step[2] <= now), key=lambda step: (step[0].level, step[2])
    )
    ahead = [(due, rule.level) for rule, _since, due in steps if due > now]
    soonest = min(ahead)[0] if ahead else None
    if not reached:
        return None, soonest
    top = next(rule for rule, *_rest in reached if rule.level == reached[-1][0].level)
    since = reached[0][1]
    finding = Finding(
        kind=kind,
        rule=top,
        since=since,
        episode=since.isoformat(),
        reached=tuple((rule, due) for rule, _since, due in reached),
        next_at=min((due for due, level in ahead if level > top.level), default=None),
    )
    return finding, soonest


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def choose(rules: Iterable[Rule], *, lane: str, carrier_id: int | None) -> Rules:
    """
    Return the rules for one lane and carrier.

    Of the rules for one step of a kind the most particular speaks, the carrier's before the
    lane's; if that one is inactive, the step is left out.
    """
    chosen: dict[tuple[str, int, str], Rule] = {}
    for rule in rules:
        if rule.lane not in {"", lane} or rule.carrier_id not in {None, carrier_id}:
            continue
        step = rule.kind, rule.level, rule.anchor
        rival = chosen.get(step)
        if rival is None or _particular(rule) > _particular(rival):
            chosen[step] = rule
    found: dict[str, list[Rule]] = {}
    for rule in chosen.values():
        if rule.is_active:
            found.setdefault(rule.kind, []).append(rule)
    return found


def lane(*, destination: str, origin: str, is_postal: bool) -> Lane:
    """Return the kind of way between two countries; one that nobody knows is the other one."""
    if not destination or not origin or destination.upper() == origin.upper():
        return Lane.DOMESTIC
    return Lane.POSTAL if is_postal else Lane.CROSS_BORDER


def attempts(times: Iterable[datetime]) -> int:
    """Count failed delivery attempts; scans of the same hours tell of one."""
    count, last = 0, None
    for at in sorted(times):
        if last is None or at - last >= ONE_ATTEMPT:
            count, last = count + 1, at
    return count


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A declared disruption; what is left empty means anywhere, anyone, until further notice."""

    begins: datetime
    ends: datetime | None = None
    carrier_id: int | None = None
    country: str = ""
    region: str = ""

    def covers(self, *, carrier_id: int | None, countries: Iterable[str], places: str) -> bool:
        """Test whether a parcel of this carrier, between these places, is held up by it."""
        return (
            self.carrier_id in {None, carrier_id}
            and (not self.country or self.country.upper() in {one.upper() for one in countries})
            and (not self.region or self.region.casefold() in places.casefold())
        )


def standstill(
    windows: Iterable[Window], *, carrier_id: int | None, countries: Iterable[str], places: str
) -> tuple[Pause, ...]:
    """Return when the clocks of such a parcel stand still."""
    names = tuple(countries)
    return merge(
        (window.begins, window.ends)
        for window in windows
        if window.covers(carrier_id=carrier_id, countries=names, places=places)
    )


def _particular(rule: Rule) -> tuple[bool, bool]:
    return rule.carrier_id is not None, bool(rule.lane)


def _running(facts: Facts) -> tuple[str, ...]:
    """Return the kinds whose clocks run for a parcel in this state."""
    return _kinds(facts.status, facts.is_heard, facts.is_unseen, facts.is_outbound)


@functools.cache
def _kinds(status: str, is_heard: bool, is_unseen: bool, is_outbound: bool) -> tuple[str, ...]:  # noqa: FBT001
    if status in SOFT_TERMINAL:
        return ()
    if not is_heard:
        return K.UNTRACKABLE, K.EXPIRED  # Silence says nothing where nobody could speak.
    is_due_here = is_outbound and status != S.AVAILABLE_FOR_PICKUP
    runs = {
        K.NO_FIRST_SCAN: is_unseen,
        K.STALLED: not is_unseen and status not in RESTING,
        K.PAST_ETA: is_due_here,
        K.CUSTOMS_STUCK: status == S.CUSTOMS,
        K.ATTEMPTS_EXHAUSTED: is_due_here,
        K.PICKUP_EXPIRING: status == S.AVAILABLE_FOR_PICKUP,
        K.SUSPECTED_LOST: status not in RESTING,
        K.EXPIRED: True,
    }
    return tuple(kind for kind, is_running in runs.items() if is_running)


def _anchor(kind: str, anchor: str, facts: Facts) -> datetime | None:
    """Return what is counted from, None if that has not come about."""
    if anchor == Anchor.SCAN:
        return facts.seen_at
    if anchor == Anchor.SHIPPED:
        # A parcel that was seen is judged by its scans; only giving up counts from the start.
        return facts.shipped_at if facts.is_unseen or kind in _FROM_START else None
    if anchor == Anchor.EXPECTED:
        return facts.expected_at or facts.promised_at
    if anchor == Anchor.PROMISED:
        return facts.promised_at
    here_since = facts.status_at or facts.seen_at or facts.shipped_at
    if anchor == Anchor.PICKUP_ENDS:
        return here_since + timedelta(days=facts.pickup_days)
    if anchor == Anchor.ATTEMPTS:
        return here_since if facts.attempts else None
    return here_since if anchor == Anchor.STATUS else None


_FROM_START = frozenset({K.EXPIRED, K.UNTRACKABLE})


def _due(
    rule: Rule, since: datetime, facts: Facts, calendar: Calendar, pauses: Sequence[Pause]
) -> datetime | None:
    """Return when a rule falls due, None if a disruption has no end."""
    if rule.anchor == Anchor.ATTEMPTS:
        return since if facts.attempts >= rule.amount else None
    if rule.anchor == Anchor.PICKUP_ENDS:
        hours = rule.amount if rule.unit == Unit.HOURS else rule.amount * 24
        return since - timedelta(hours=hours)
    due = wait(rule.amount, rule.unit, since=since, calendar=calendar, pauses=pauses)
    if due is not None and rule.quiet_days:
        quiet_since = facts.seen_at or facts.shipped_at
        quiet = calendar.days_after(quiet_since, rule.quiet_days, pauses=pauses)
        due = None if quiet is None else max(due, quiet)
    return due


def wait(
    amount: int, unit: str, *, since: datetime, calendar: Calendar, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """Return the moment so much later, None if a disruption has no end."""
    if unit == Unit.HOURS:
        return calendar.hours_after(since, amount, pauses=pauses)
    if unit == Unit.BUSINESS_DAYS:
        return calendar.days_after(since, amount, pauses=pauses)
    return since + timedelta(days=amount)
