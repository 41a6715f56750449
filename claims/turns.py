"""
Whose turn it is and what each party may do: one table of guards over the facts of a claim.

Pure: the services enforce the same guards with rows locked; what is listed here is never refused
by them for a reason that was known when it was listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from claims import rules
from claims.states import CLAIM_MOVES, ClaimState
from portal.lib.moves import Role, verbs_from

S = ClaimState


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a claim's guards depend on, as read at one moment."""

    state: str
    now: datetime
    due_at: datetime
    appeals: int = 0
    appeal_until: datetime | None = None
    pay_by: datetime | None = None
    is_sent: bool = True
    """Whether it was ever more than a draft."""
    can_hold: bool = True
    """Whether no other claim has taken the units that this one let go of."""
    is_bound: bool = True
    """Whether the yes that stands is about what would be paid now."""
    can_pay: bool = True
    """Whether there is a payment to give money back to, a rule, a limit, and something owed."""
    can_resend: bool = True
    """Whether the payment that failed still fits into what the order paid."""
    can_counter: bool = True
    """Whether the shopper may still name something else instead of an offer."""
    needs_finance: bool = False
    """Whether only finance's yes is missing."""
    waits_for_no: bool = False
    """Whether what waits for a second person is to decline."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """One member of staff before one claim; by default somebody who may do everything."""

    may_decide: bool = True
    may_second: bool = True
    is_claimant: bool = False
    is_barred: bool = False
    """Filed it for the shopper, or decided before an appeal: another person has to decide."""
    is_finance: bool = True
    """Whether their yes counts as finance's."""
    proposed: bool = False
    """Made the proposal that waits for a second person."""


ANYBODY = Person()

Guard = Callable[[Facts, Person], bool]


@dataclass(frozen=True)
class Doing:
    """What one party may do by one verb; ``states`` narrows the table of moves."""

    verb: str
    role: Role
    states: tuple[ClaimState, ...] = ()
    guard: Guard = lambda _facts, _person: True
    is_choice: bool = False
    """Nobody waits for it: it may be done, it need not."""
    needs: tuple[str, ...] = ()
    """What has to be given with it."""


def _fresh(_facts: Facts, person: Person) -> bool:
    return not person.is_barred


def _other(_facts: Facts, person: Person) -> bool:
    return not person.is_barred and not person.proposed


def _may_appeal(facts: Facts, _person: Person) -> bool:
    is_late = facts.appeal_until is not None and facts.appeal_until <= facts.now
    in_time = facts.state == S.OFFERED or not is_late
    return facts.appeals < rules.APPEALS_MAX and in_time and facts.can_hold


def _may_return(facts: Facts, _person: Person) -> bool:
    return facts.is_sent and facts.now < facts.due_at and facts.can_hold


A, P, Y, C = Role.SHOPPER, Role.APPROVER, Role.SYSTEM, Role.CARRIER
D = Role.AGENT

DOINGS: tuple[Doing, ...] = (
    # The shopper
    Doing("submit", A, needs=("draft",)),
    Doing("answer", A, needs=("photo_or_words",)),
    Doing("accept", A, guard=lambda facts, _: facts.is_bound),
    Doing(
        "counter", A, guard=lambda facts, _: facts.can_counter, is_choice=True,
        needs=("wish", "words"),
    ),
    Doing("appeal", A, guard=_may_appeal, is_choice=True, needs=("words",)),
    Doing("reopen", A, states=(S.EXPIRED,), guard=_may_return, is_choice=True),
    Doing("withdraw", A, is_choice=True),
    # The desk
    Doing("ask", D, needs=("words",)),
    Doing("trace", D, needs=("words",)),
    Doing("request_back", D, needs=("words",)),
    Doing(
        "propose", D, guard=lambda facts, person: facts.can_pay and _fresh(facts, person),
        needs=("assessment", "words"),
    ),
    Doing("reject", D, states=(S.UNDER_REVIEW,), guard=_fresh, needs=("code", "words")),
    Doing("take_up", D, guard=_fresh),
    Doing("compensate", D, states=(S.COMPENSATION_FAILED,), guard=lambda f, _: f.can_resend),
    Doing("hear_back", D, is_choice=True),
    Doing("receive_back", D, is_choice=True),
    Doing("reopen", D, states=(S.RESOLVED,), is_choice=True, needs=("fact", "words")),
    Doing("reopen", D, states=(S.EXPIRED,), guard=_may_return, is_choice=True),
    # The second person
    Doing("send_back", P, needs=("words",)),
    Doing(
        "approve", P, states=(S.PENDING_APPROVAL,),
        guard=lambda facts, person: (facts.is_bound or facts.waits_for_no)
        and (person.is_finance or not facts.needs_finance)
        and _other(facts, person),
    ),
    Doing(
        "reject", P, states=(S.PENDING_APPROVAL,),
        guard=lambda facts, person: not facts.waits_for_no and _other(facts, person),
        needs=("code", "words"),
    ),
    # Amends itself
    Doing("screen", Y),
    Doing("pass_on", Y),
    Doing("auto_approve", Y),
    Doing("escalate", Y),
    Doing("turn_away", Y),
    Doing("compensate", Y, states=(S.APPROVED,)),
    Doing("expire", Y, is_choice=True),
    Doing("close", Y, is_choice=True),
    # Who else is waited for
    Doing("hear_back", C),
    Doing("settle", Role.PROVIDER),
    Doing("fail", Role.PROVIDER, states=(S.COMPENSATING,)),
)  # fmt: skip
"""Every verb that somebody presses or waits for, in the order in which it is shown."""

INSIDE = {
    # verb: what it is part of
    "offer": "propose",
    "propose_no": "reject",
    "second": "approve",
}
"""Verbs of the table that another press may end in: a proposal within the limit, for one."""

STAFF = (Role.AGENT, Role.APPROVER)


def doings(*, facts: Facts, role: str, person: Person = ANYBODY) -> list[Doing]:
    """Return what a party may do now; for staff, what this person may."""
    if role in STAFF and person.is_claimant:
        return []
    if role == Role.AGENT and not person.may_decide:
        return []
    if role == Role.APPROVER and not person.may_second:
        return []
    return [doing for doing in _LAID_OUT.get((facts.state, role), ()) if doing.guard(facts, person)]


def is_mandatory(doing: Doing, *, facts: Facts) -> bool:
    """Test whether the claim stands still until this party does one such thing."""
    return not doing.is_choice and rules.owner(facts.state) == doing.role


def due_at(doing: Doing, *, facts: Facts) -> datetime | None:
    """Return by when it has to be done, or until when it can be."""
    if doing.verb == "appeal":
        return facts.due_at if facts.state == S.OFFERED else facts.appeal_until
    if doing.verb in {"expire", "close", "reopen"} and facts.state != S.RESOLVED:
        return facts.due_at
    if doing.verb == "close":
        return facts.due_at
    if doing.role == Role.PROVIDER:
        return facts.pay_by or facts.due_at
    return facts.due_at if is_mandatory(doing, facts=facts) else None


def _lay_out() -> dict[tuple[str, str], tuple[Doing, ...]]:
    """Lay the doings out by state and party; the table of moves has the last word."""
    found: dict[tuple[str, str], list[Doing]] = {}
    for state in S:
        possible = set(verbs_from(CLAIM_MOVES, state))
        for doing in DOINGS:
            if doing.verb in possible and (not doing.states or state in doing.states):
                found.setdefault((state, doing.role), []).append(doing)
    return {key: tuple(doings) for key, doings in found.items()}


_LAID_OUT: Mapping[tuple[str, str], tuple[Doing, ...]] = _lay_out()


def parties(state: str) -> Mapping[str, frozenset[str]]:
    """Return who may do which verbs in a state, guards left out."""
    return {
        role.value: frozenset(doing.verb for doing in found)
        for role in Role
        if (found := _LAID_OUT.get((state, role), ()))
    }
