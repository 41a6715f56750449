"""Random walks over the machine: no claim is ever stuck, unwatched, or moved without a trace."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from claims import rules, sla
from claims.gateways.base import Answer, Outcome
from claims.models import Claim, ClaimUnit, Compensation
from claims.services import (
    actions,
    claims,
    clock,
    compensations,
    conversation,
    decisions,
    ledger,
    reopening,
    waiting,
)
from claims.services.refusals import NotNow, Refusal
from claims.sla import ClockKind
from claims.states import CLAIM_MOVES, FREES_UNITS, OPEN, ClaimState, CompensationState
from portal.accounts.models import User
from portal.lib.moves import Role, verbs_from
from tests.factories.claims import ClaimFactory, approver, fill, finance, tighten
from tests.factories.tracking import NOON

WALKS = int(os.environ.get("CLAIM_WALKS", "60"))
"""2,000 by ``CLAIM_WALKS=2000 pytest tests/claims/services/test_machine.py``."""
STEPS = 14

RARE = {"bounce", "withdraw", "time_passes", "reject", "send_back", "assess_anew", "counter"}
"""What would end most walks before they reach the money."""
ELSEWHERE = {"turn_away", "auto_approve", "escalate"}
"""Need an order that changes hands, or every photo in place; see ``test_screening``."""

S = ClaimState


@dataclass
class Walk:
    """One claim on its way through the machine."""

    claim: Claim
    desk: list[User]
    chance: random.Random
    now: datetime = NOON
    trail: list[str] = field(default_factory=list)
    actor: User | None = None
    """Who is at the desk; anybody if nobody is said."""

    def step(self) -> None:
        """Let somebody do something that this state allows."""
        self.now += timedelta(minutes=self.chance.randint(1, 300))
        doings = sorted(DOINGS[ClaimState(self.claim.state)])
        weights = [1 if doing in RARE else 6 for doing in doings]
        (name,) = self.chance.choices(doings, weights)
        self.trail.append(f"{self.claim.state}: {name}")
        try:
            getattr(self, name)()
        except NotNow:
            raise
        except Refusal as refusal:
            self.trail.append(f"  refused: {refusal.code}")
        self.claim.refresh_from_db()

    def listed_step(self) -> None:
        """Let one party do something that ``available_actions`` lists: it must not be refused."""
        self.now += timedelta(minutes=self.chance.randint(1, 2_000))
        role = self.chance.choice([Role.SHOPPER, Role.AGENT, Role.AGENT, Role.APPROVER])
        person = self.claim.shopper if role == Role.SHOPPER else self.chance.choice(self.desk)
        listed = actions.available_actions(claim=self.claim, role=role, now=self.now, person=person)
        known = [(row, LISTED[role, row.verb]) for row in listed]
        if not known:
            return
        weights = [1 if name in RARE else 6 for _action, name in known]
        ((action, name),) = self.chance.choices(known, weights)
        self.trail.append(f"{self.claim.state}: {role} {action.verb}")
        self.actor = None if role == Role.SHOPPER else person
        try:
            getattr(self, name)()
        except Refusal as refusal:
            raise AssertionError(
                f"{action.verb} was listed and refused ({refusal.code}): " + "\n".join(self.trail)
            ) from refusal
        finally:
            self.actor = None
        self.claim.refresh_from_db()

    # --- Shopper ---

    def submit(self) -> None:
        claims.submit(claim=self.claim, key=uuid4(), now=self.now)

    def withdraw(self) -> None:
        claims.withdraw(claim=self.claim, actor=self.claim.shopper, now=self.now)

    def answer(self) -> None:
        conversation.write(
            claim=self.claim, author=self.claim.shopper, role="shopper", body="Here.",
            send_key=uuid4(), now=self.now,
        )  # fmt: skip
        conversation.answer(claim=self.claim, shopper=self.claim.shopper, now=self.now)

    def accept(self) -> None:
        decisions.accept_offer(claim=self.claim, shopper=self.claim.shopper, now=self.now)

    def counter(self) -> None:
        decisions.counter(
            claim=self.claim, shopper=self.claim.shopper, wish="refund", amount_minor=5_500,
            text="All of it, please.", now=self.now,
        )  # fmt: skip

    def appeal(self) -> None:
        decisions.appeal(
            claim=self.claim, shopper=self.claim.shopper, text="Look again.", now=self.now
        )

    def reopen(self) -> None:
        claims.reopen(claim=self.claim, actor=self.claim.shopper, now=self.now)

    # --- Desk ---

    def agent(self) -> User:
        return self.actor or self.chance.choice(self.desk)

    def ask(self) -> None:
        conversation.ask(claim=self.claim, agent=self.agent(), text="Label?", now=self.now)

    def trace(self) -> None:
        waiting.trace(claim=self.claim, agent=self.agent(), note="Asked.", now=self.now)

    def hear_back(self) -> None:
        waiting.hear_back(claim=self.claim, agent=self.agent(), note="Gone.", now=self.now)

    def request_back(self) -> None:
        waiting.request_back(claim=self.claim, agent=self.agent(), text="Send it.", now=self.now)

    def receive_back(self) -> None:
        waiting.receive_back(claim=self.claim, agent=self.agent(), note="Here.", now=self.now)

    def grant(self) -> None:
        self._propose({})

    def grant_less(self) -> None:
        self._propose({self.claim.lines.get().order_line_id: self.chance.randint(0, 4_999)})

    def _propose(self, amounts: dict[int, int]) -> None:
        desk = self.agent()
        assessment = decisions.assess(
            claim=self.claim, agent=desk, amounts=amounts, note="So.", now=self.now
        )
        decisions.propose(
            claim=self.claim, assessment=assessment, agent=desk, text="Sorry.", now=self.now
        )

    def second(self) -> None:
        decisions.second(claim=self.claim, approver=self.agent(), now=self.now)

    def send_back(self) -> None:
        decisions.send_back(claim=self.claim, approver=self.agent(), note="Too much.", now=self.now)

    def assess_anew(self) -> None:
        decisions.assess(claim=self.claim, agent=self.agent(), now=self.now)

    def reject(self) -> None:
        decisions.reject(
            claim=self.claim, agent=self.agent(), code="worn", text="No.", now=self.now
        )

    def take_up(self) -> None:
        decisions.take_up(claim=self.claim, agent=self.agent(), now=self.now)

    def reopen_resolved(self) -> None:
        row = reopening.ask(
            claim=self.claim, agent=self.agent(), fact="parcel_found", note="Here it is.",
            now=self.now,
        )  # fmt: skip
        if row.opened_at is None:
            others = [person for person in self.desk if person.pk != row.asked_by_id]
            reopening.agree(claim=self.claim, approver=self.chance.choice(others), now=self.now)

    def reopen_by_desk(self) -> None:
        if self.claim.state == S.EXPIRED:
            claims.reopen(claim=self.claim, actor=self.agent(), now=self.now)
        else:
            self.reopen_resolved()

    def retry(self) -> None:
        failed = self._payments(CompensationState.FAILED, CompensationState.REVERSED)
        compensations.retry(compensation=failed[-1], agent=self.agent(), now=self.now)

    # --- System, provider and time ---

    def screen(self) -> None:
        claims.screen(claim=self.claim, now=self.now)

    def _payments(self, *states: str) -> list[Compensation]:
        rows = Compensation.objects.filter(claim=self.claim, state__in=states)
        return list(rows.order_by("pk"))

    def pay(self) -> None:
        for payment in self._payments(CompensationState.PLANNED):
            compensations._intend(payment.pk, now=self.now)

    def _hear(self, outcome: Outcome, *states: str) -> None:
        answer = Answer(outcome=outcome, provider_ref="re_1")
        for payment in self._payments(*states):
            compensations.learn(compensation_id=payment.pk, answer=answer, now=self.now)

    def provider_says(self) -> None:
        outcome = self.chance.choice(list(Outcome))
        self.pay()
        self._hear(
            outcome, CompensationState.SENDING, CompensationState.UNKNOWN,
            CompensationState.PENDING,
        )  # fmt: skip

    def bounce(self) -> None:
        self._hear(Outcome.REVERSED, CompensationState.SUCCEEDED)

    def time_passes(self) -> None:
        """Nobody acts: the clock reminds, expires or closes."""
        before = self.claim.state
        for _ in range(6):
            self.now = max(self.now, self.claim.due_at) + timedelta(minutes=1)
            clock.keep_time(now=self.now)
            self.claim.refresh_from_db()
            if self.claim.state != before:
                return


DOINGS: dict[ClaimState, set[str]] = {
    S.DRAFT: {"submit", "withdraw", "time_passes"},
    S.SUBMITTED: {"screen", "withdraw", "time_passes"},
    S.SCREENING: {"screen", "withdraw"},
    S.NEEDS_INFO: {"answer", "withdraw", "time_passes"},
    S.UNDER_REVIEW: {
        "ask", "trace", "request_back", "grant", "grant_less", "reject", "withdraw", "bounce",
    },
    S.AWAITING_CARRIER: {"hear_back", "withdraw", "time_passes"},
    S.AWAITING_RETURN: {"receive_back", "withdraw", "time_passes"},
    S.PENDING_APPROVAL: {"second", "send_back", "reject", "assess_anew"},
    S.OFFERED: {"accept", "appeal", "counter", "withdraw", "time_passes"},
    S.APPROVED: {"pay", "provider_says"},
    S.COMPENSATING: {"provider_says"},
    S.COMPENSATION_FAILED: {"retry"},
    S.RESOLVED: {"appeal", "reopen_resolved", "bounce", "time_passes"},
    S.REJECTED: {"appeal", "time_passes"},
    S.APPEALED: {"take_up", "bounce"},
    S.WITHDRAWN: {"time_passes"},
    S.EXPIRED: {"reopen", "time_passes"},
    S.CLOSED: {"bounce"},
}  # fmt: skip

LISTED = {
    (Role.SHOPPER, "submit"): "submit",
    (Role.SHOPPER, "answer"): "answer",
    (Role.SHOPPER, "accept"): "accept",
    (Role.SHOPPER, "counter"): "counter",
    (Role.SHOPPER, "appeal"): "appeal",
    (Role.SHOPPER, "reopen"): "reopen",
    (Role.SHOPPER, "withdraw"): "withdraw",
    (Role.AGENT, "ask"): "ask",
    (Role.AGENT, "trace"): "trace",
    (Role.AGENT, "request_back"): "request_back",
    (Role.AGENT, "propose"): "grant_less",
    (Role.AGENT, "reject"): "reject",
    (Role.AGENT, "take_up"): "take_up",
    (Role.AGENT, "compensate"): "retry",
    (Role.AGENT, "hear_back"): "hear_back",
    (Role.AGENT, "receive_back"): "receive_back",
    (Role.AGENT, "reopen"): "reopen_by_desk",
    (Role.APPROVER, "send_back"): "send_back",
    (Role.APPROVER, "approve"): "second",
    (Role.APPROVER, "reject"): "reject",
}
"""How each listed action is done here; one that is missing fails the walk."""

WAY_OUT: dict[ClaimState, tuple[str, ...]] = {
    S.DRAFT: ("withdraw",),
    S.SUBMITTED: ("withdraw",),
    S.SCREENING: ("withdraw",),
    S.NEEDS_INFO: ("withdraw",),
    S.UNDER_REVIEW: ("withdraw",),
    S.AWAITING_CARRIER: ("withdraw",),
    S.AWAITING_RETURN: ("withdraw",),
    S.PENDING_APPROVAL: ("send_back",),
    S.OFFERED: ("withdraw",),
    S.APPROVED: ("pay",),
    S.COMPENSATING: ("paid",),
    S.COMPENSATION_FAILED: ("retry",),
    S.RESOLVED: ("time_passes",),
    S.REJECTED: ("time_passes",),
    S.APPEALED: ("take_up",),
    S.WITHDRAWN: ("time_passes",),
    S.EXPIRED: ("time_passes",),
}


def check(walk: Walk) -> None:
    """Judge everything that must hold at every moment."""
    claim, trail = walk.claim, "\n".join(walk.trail)
    rows = list(claim.transitions.order_by("pk"))
    states = [S.DRAFT, *(row.target for row in rows)]
    assert states[-1] == claim.state, trail
    assert [row.origin for row in rows] == states[:-1], trail
    assert all(CLAIM_MOVES[row.verb].target == row.target for row in rows), trail
    assert all(row.origin in CLAIM_MOVES[row.verb].origin for row in rows), trail
    assert claim.version == len(rows) + 1, trail
    assert all(row.actor_id or row.role in ("system", "provider") for row in rows), trail
    if claim.state in OPEN:
        assert rules.owner(claim.state) is not None, trail
        assert verbs_from(CLAIM_MOVES, claim.state), trail
    check_clocks(walk, trail)
    live = ClaimUnit.objects.filter(claim=claim, is_live=True).count()
    last = S(rows[-1].origin) if rows and claim.state == S.CLOSED else claim.state
    if last in FREES_UNITS and not claim.executed_minor:
        # A payment that bounced after the end leaves its units taken: it is owed again.
        assert live == 0 or Compensation.objects.filter(claim=claim).exists(), trail
    elif claim.state != S.DRAFT:
        assert live == 1, trail
    assert claim.approvals.filter(voided_at=None, spent_at=None).count() <= 1, trail
    paid = Compensation.objects.filter(claim=claim, state="succeeded")
    assert claim.executed_minor == sum(paid.values_list("amount_minor", flat=True)), trail
    assert claim.executed_minor <= claim.order.captured_minor, trail


def check_clocks(walk: Walk, trail: str) -> None:
    """Judge that exactly the clocks run which the state asks for, and say when the step is due."""
    claim, state = walk.claim, walk.claim.state
    running = {row.kind: row for row in claim.clocks.filter(stopped_at=None)}
    for kind in (ClockKind.DECIDE, ClockKind.PAY, ClockKind.LEGAL):
        assert (kind in running) == (sla.runs(kind, state) or sla.stands(kind, state)), trail
        if kind in running:
            is_paused = running[kind].paused_at is not None
            assert is_paused == sla.stands(kind, state), trail
            assert running[kind].alarm_at is None or not is_paused, trail
    assert (claim.paused_at is not None) == sla.stands(ClockKind.DECIDE, state), trail
    if ClockKind.DECIDE in running:
        assert claim.decide_by == running[ClockKind.DECIDE].due_at, trail
    if state in sla.CLOCKED and state != S.PENDING_APPROVAL:
        clock = running[ClockKind.PAY if sla.runs(ClockKind.PAY, state) else ClockKind.DECIDE]
        assert claim.due_at == clock.due_at, trail
    if state in sla.ANSWERED:
        assert claim.answer_by == claim.due_at, trail


def finish(walk: Walk, desk: Callable[[], User]) -> None:
    """Lead the claim out: whatever state it is in, there is a way to the end."""
    for _ in range(40):
        if walk.claim.state == S.CLOSED:
            return
        name = WAY_OUT[ClaimState(walk.claim.state)][0]
        walk.desk = [desk()]  # somebody who has not touched it yet
        walk.now += timedelta(hours=1)
        walk.trail.append(f"{walk.claim.state}: {name} (on the way out)")
        if name == "paid":
            walk.pay()
            walk._hear(
                Outcome.SUCCEEDED, CompensationState.SENDING, CompensationState.UNKNOWN,
                CompensationState.PENDING,
            )  # fmt: skip
        else:
            getattr(walk, name)()
        walk.claim.refresh_from_db()
        check(walk)
    raise AssertionError("stuck:\n" + "\n".join(walk.trail))


@pytest.mark.django_db
def test_no_walk_gets_stuck_and_every_step_leaves_its_row() -> None:
    seen: Counter[str] = Counter()
    desk = [approver(f"desk-{number}@example.org") for number in range(3)]
    desk.append(finance("finance@example.org"))
    tighten("USD", 4_000, 5_200)
    base = ClaimFactory.create()
    fill(base)
    for seed in range(WALKS):
        mark = transaction.savepoint()
        walk = Walk(Claim.objects.get(pk=base.pk), desk, random.Random(seed))
        for _ in range(STEPS):
            walk.step()
            check(walk)
            seen[walk.claim.state] += 1
            if walk.claim.state == S.CLOSED and walk.claim.executed_minor == 0:
                break
        finish(walk, approver)
        assert ledger.verify() == [], "\n".join(walk.trail)
        seen.update(walk.claim.transitions.values_list("verb", flat=True))
        transaction.savepoint_rollback(mark)

    assert set(CLAIM_MOVES) - set(seen) <= ELSEWHERE
    assert {state for state in S if state != S.SCREENING} - set(seen) <= {S.DRAFT}


@pytest.mark.django_db
def test_what_is_listed_is_never_refused() -> None:
    done: Counter[str] = Counter()
    desk = [approver(f"desk-{number}@example.org") for number in range(3)]
    desk.append(finance("finance@example.org"))
    tighten("USD", 4_000, 5_200)
    base = ClaimFactory.create()
    fill(base)
    for seed in range(max(WALKS // 3, 1)):
        mark = transaction.savepoint()
        walk = Walk(Claim.objects.get(pk=base.pk), desk, random.Random(seed))
        for _ in range(STEPS):
            walk.listed_step()
            if walk.claim.state in (S.SUBMITTED, S.SCREENING):
                walk.screen()
            elif walk.claim.state in (S.APPROVED, S.COMPENSATING):
                walk.provider_says()
            walk.claim.refresh_from_db()
        done.update(walk.claim.transitions.values_list("verb", flat=True))
        transaction.savepoint_rollback(mark)

    assert len(set(done) & {verb for (_role, verb) in LISTED}) >= 9
