"""
A claim in memory: the table of moves, the guards and the clocks of the real one, without rows.

What the services do besides, such as money, is left to chance. ``test_machine`` walks the real
services and compares; here ten thousand walks take seconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from claims import rules, sla, turns
from claims.sla import Allowance, ClockKind
from claims.states import CLAIM_MOVES, OPEN, ClaimState
from claims.turns import Doing, Facts
from portal.lib.moves import Role
from tracking.calendars import Calendar

S, K = ClaimState, ClockKind
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
OFFICE = Calendar(opens=time(9), closes=time(18))

ALLOWED = {
    1: {K.REPLY: Allowance(hours=1), K.DECIDE: Allowance(hours=24), K.PAY: Allowance(hours=24)},
    2: {K.REPLY: Allowance(hours=4), K.DECIDE: Allowance(2), K.PAY: Allowance(1)},
    3: {K.REPLY: Allowance(1), K.DECIDE: Allowance(3), K.PAY: Allowance(2)},
    4: {K.REPLY: Allowance(), K.DECIDE: Allowance(1), K.PAY: Allowance(2)},
}
WAITS = {
    S.DRAFT: rules.DRAFT_LIFE,
    S.SUBMITTED: rules.SCREEN_WITHIN,
    S.SCREENING: rules.SCREEN_WITHIN,
    S.NEEDS_INFO: timedelta(days=7),
    S.AWAITING_CARRIER: rules.CARRIER_MAX,
    S.AWAITING_RETURN: rules.RETURN_WITHIN,
    S.OFFERED: timedelta(days=7),
    S.RESOLVED: rules.APPEAL_WITHIN,
    S.REJECTED: rules.APPEAL_WITHIN,
    S.WITHDRAWN: rules.REOPEN_WITHIN,
    S.EXPIRED: rules.REOPEN_WITHIN,
}
"""How long somebody outside has, or until when an end may be taken back."""
MAY_END_IN = {
    # What else a press of this verb ends in, by the sum and the wish.
    "propose": ("propose", "offer", "approve"),
    "reject": ("reject", "propose_no"),
    "approve": ("approve", "offer", "second"),
}


@dataclass
class Dial:
    """One clock in memory."""

    kind: str
    days: int
    hours: int
    calendar: Calendar
    started_at: datetime
    due_at: datetime = NOON
    lead_at: datetime | None = None
    manager_at: datetime | None = None
    paused_at: datetime | None = None
    stopped_at: datetime | None = None
    is_void: bool = False

    def runs_by(self) -> Calendar:
        return self.calendar

    def shares(self) -> tuple[int | None, int | None]:
        return 75, 100


@dataclass(frozen=True)
class Row:
    """One audit row."""

    verb: str
    origin: str
    target: str
    role: str
    at: datetime


@dataclass
class Model:
    """One claim on its way."""

    chance: random.Random
    severity: int = 3
    state: str = S.DRAFT
    now: datetime = NOON
    due_at: datetime = NOON + rules.DRAFT_LIFE
    appeals: int = 0
    appeal_until: datetime | None = None
    version: int = 1
    rows: list[Row] = field(default_factory=list)
    live: dict[str, Dial] = field(default_factory=dict)
    ended: list[Dial] = field(default_factory=list)

    def facts(self) -> Facts:
        """Return what the guards see."""
        pay = self.live.get(K.PAY)
        return Facts(
            state=self.state,
            now=self.now,
            due_at=self.due_at,
            appeals=self.appeals,
            appeal_until=self.appeal_until,
            pay_by=pay.due_at if pay else None,
            is_sent=any(row.verb == "submit" for row in self.rows),
        )

    def options(self) -> list[Doing]:
        """Return what anybody may do now; time's own doings only once they are due."""
        facts = self.facts()
        return [
            doing
            for role in Role.values
            for doing in turns.doings(facts=facts, role=role)
            if doing.verb not in {"expire", "close"} or facts.due_at <= self.now
        ]

    def step(self, doing: Doing) -> None:
        """Do one of them."""
        verbs = [
            verb
            for verb in MAY_END_IN.get(doing.verb, (doing.verb,))
            if self.state in CLAIM_MOVES[verb].origin
        ]
        self.take(self.chance.choice(verbs), doing.role)

    def take(self, verb: str, role: str) -> None:
        """Take one step as ``steps.take`` does."""
        move = CLAIM_MOVES[verb]
        assert self.state in move.origin, f"{verb} from {self.state}"
        target = move.target
        if verb == "appeal":
            self.appeals += 1
            self.severity = min(self.severity, sla.URGENT)
        changed = sla.turn(
            self.live, verb=verb, target=target, now=self.now, begin=self.begin,
            steps=lambda: [(row.target, row.at) for row in self.rows],
        )  # fmt: skip
        for kind, dial in changed.items():
            if dial.stopped_at is None:
                self.live[kind] = dial
            else:
                self.live.pop(kind, None)
                self.ended.append(dial)
        due_at = sla.next_due(self.live, target=target, now=self.now)
        if due_at is None and target != S.CLOSED:
            due_at = self.now + WAITS[S(target)]
        self.due_at = due_at or self.due_at
        if target in (S.REJECTED, S.RESOLVED):
            self.appeal_until = self.due_at
        self.rows.append(Row(verb, self.state, target, role, self.now))
        self.state = target
        self.version += 1

    def begin(self, kind: str) -> Dial | None:
        """Make a clock as the service level says."""
        allowed = Allowance(sla.LEGAL_DAYS) if kind == K.LEGAL else ALLOWED[self.severity][K(kind)]
        if allowed == Allowance():
            return None
        always = self.severity == 1 or kind == K.LEGAL
        calendar = sla.AROUND_THE_CLOCK if always else OFFICE
        return Dial(kind, allowed.days, allowed.hours, calendar, self.now)

    def check(self) -> None:
        """Judge everything that must hold at every moment."""
        assert len(self.rows) == self.version - 1
        assert [row.origin for row in self.rows] == [
            S.DRAFT, *(row.target for row in self.rows[:-1])
        ][: len(self.rows)]  # fmt: skip
        if self.rows:
            last = self.rows[-1]
            assert last.target == self.state
            assert last.origin in CLAIM_MOVES[last.verb].origin
            assert CLAIM_MOVES[last.verb].target == last.target
        if self.state in OPEN:
            assert rules.owner(self.state) in Role.values
            assert turns.parties(self.state).get(str(rules.owner(self.state)))
        for kind in sla.KINDS:
            dial = self.live.get(kind)
            if kind == K.REPLY:
                assert dial is None or sla.runs(kind, self.state)
                continue
            assert (dial is not None) == (
                sla.runs(kind, self.state) or sla.stands(kind, self.state)
            )
            if dial is not None:
                assert (dial.paused_at is not None) == sla.stands(kind, self.state)
        for dial in (*self.live.values(), *self.ended[-1:]):
            assert dial.due_at >= dial.started_at
            assert dial.lead_at is None or dial.started_at <= dial.lead_at <= dial.due_at
