"""Who may do what, and ten thousand walks through it."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from claims import rules, turns
from claims.states import CLAIM_MOVES, OPEN, ClaimState
from portal.lib.moves import Role, verbs_from
from tests.claims.machine import NOON, Model
from tests.claims.machine import S as State

S = ClaimState
WALKS, STEPS = 10_000, 9
RARE = {"withdraw", "turn_away", "reject", "close", "send_back"}
"""What would end most walks, or turn them round, before they get anywhere."""


def test_every_verb_of_the_table_is_somebody_s() -> None:
    listed = {doing.verb for doing in turns.DOINGS}

    assert set(CLAIM_MOVES) - listed - set(turns.INSIDE) == set()
    assert listed - set(CLAIM_MOVES) == set()


@pytest.mark.parametrize("state", OPEN)
def test_whoever_has_an_open_claim_can_move_it(state: str) -> None:
    owner = rules.owner(state)

    assert owner is not None
    assert turns.parties(state)[owner]


@pytest.mark.parametrize("state", list(S))
def test_what_is_listed_is_in_the_table(state: str) -> None:
    for verbs in turns.parties(state).values():
        assert verbs <= set(verbs_from(CLAIM_MOVES, state))


def facts(**changes: object) -> turns.Facts:
    basis = {"state": S.UNDER_REVIEW, "now": NOON, "due_at": NOON + timedelta(days=1)}
    return turns.Facts(**basis | changes)  # type: ignore[arg-type]


def verbs(role: str, person: turns.Person = turns.ANYBODY, **changes: object) -> set[str]:
    return {row.verb for row in turns.doings(facts=facts(**changes), role=role, person=person)}


class TestGuards:
    def test_a_third_look_is_not_offered(self) -> None:
        until = NOON + timedelta(days=1)

        for appeals, wanted in ((0, True), (1, True), (2, False)):
            found = verbs(Role.SHOPPER, state=S.REJECTED, appeals=appeals, appeal_until=until)
            assert ("appeal" in found) is wanted

    def test_a_second_look_ends_with_its_last_day(self) -> None:
        assert "appeal" in verbs(
            Role.SHOPPER, state=S.REJECTED, appeal_until=NOON + timedelta(seconds=1)
        )
        assert "appeal" not in verbs(Role.SHOPPER, state=S.REJECTED, appeal_until=NOON)

    def test_an_offer_can_be_appealed_while_it_stands(self) -> None:
        assert verbs(Role.SHOPPER, state=S.OFFERED) == {"accept", "counter", "appeal", "withdraw"}

    def test_what_another_claim_has_taken_does_not_come_back(self) -> None:
        assert verbs(Role.SHOPPER, state=S.EXPIRED) == {"reopen"}
        assert verbs(Role.SHOPPER, state=S.EXPIRED, can_hold=False) == set()
        assert verbs(Role.AGENT, state=S.EXPIRED, can_hold=False) == set()

    def test_a_draft_that_expired_was_never_sent(self) -> None:
        assert verbs(Role.SHOPPER, state=S.EXPIRED, is_sent=False) == set()

    def test_nobody_works_on_their_own_claim(self) -> None:
        own = turns.Person(is_claimant=True)

        assert verbs(Role.AGENT, own) == set()
        assert verbs(Role.APPROVER, own, state=S.PENDING_APPROVAL) == set()

    def test_who_proposed_gives_no_second_yes(self) -> None:
        first = turns.Person(proposed=True)

        assert verbs(Role.APPROVER, first, state=S.PENDING_APPROVAL) == {"send_back"}

    def test_when_only_finance_is_missing_only_finance_can_agree(self) -> None:
        other = turns.Person(is_finance=False)

        for person, wanted in ((other, False), (turns.ANYBODY, True)):
            found = verbs(Role.APPROVER, person, state=S.PENDING_APPROVAL, needs_finance=True)
            assert ("approve" in found) is wanted

    def test_who_filed_it_or_decided_before_the_appeal_only_asks(self) -> None:
        before = turns.Person(is_barred=True)

        assert verbs(Role.AGENT, before) == {"ask", "trace", "request_back"}
        assert verbs(Role.AGENT, before, state=S.APPEALED) == set()

    def test_nothing_to_pay_is_not_proposed(self) -> None:
        assert "propose" not in verbs(Role.AGENT, can_pay=False)
        assert "reject" in verbs(Role.AGENT, can_pay=False)

    def test_permissions_count(self) -> None:
        assert verbs(Role.AGENT, turns.Person(may_decide=False)) == set()
        nobody = turns.Person(may_second=False)
        assert verbs(Role.APPROVER, nobody, state=S.PENDING_APPROVAL) == set()

    def test_says_who_else_is_waited_for(self) -> None:
        assert verbs(Role.CARRIER, state=S.AWAITING_CARRIER) == {"hear_back"}
        assert verbs(Role.PROVIDER, state=S.COMPENSATING) == {"settle", "fail"}
        assert verbs(Role.SYSTEM, state=S.APPROVED) == {"compensate"}


def test_ten_thousand_walks_get_stuck_nowhere() -> None:
    seen: Counter[str] = Counter()
    verbs_seen: Counter[str] = Counter()
    for seed in range(WALKS):
        chance = random.Random(seed)
        walk = Model(chance, severity=chance.choice((1, 2, 3, 3, 4)))
        for _ in range(STEPS):
            options = walk.options()
            if not options:
                # Nobody can do anything: then it is over, or time goes on.
                assert walk.state not in OPEN, walk.rows
                if walk.state == S.CLOSED:
                    break
                walk.now = max(walk.now, walk.due_at)
                assert walk.options(), (walk.state, walk.rows)
                continue
            weights = [1 if row.verb in RARE else 8 for row in options]
            walk.step(chance.choices(options, weights)[0])
            walk.check()
            seen[walk.state] += 1
            walk.now += timedelta(minutes=chance.choice((5, 60, 600, 6_000)))
            if chance.random() < 0.15:
                walk.now = max(walk.now, walk.due_at)
        verbs_seen.update(row.verb for row in walk.rows)

    assert set(seen) == set(State) - {S.DRAFT}
    assert set(verbs_seen) == set(CLAIM_MOVES)


def test_from_every_state_a_way_leads_to_the_end() -> None:
    ends = {S.CLOSED}
    while True:
        before = len(ends)
        for state in S:
            reachable = {
                CLAIM_MOVES[verb].target
                for verbs in turns.parties(state).values()
                for verb in verbs
            }
            if reachable & ends:
                ends.add(state)
        if len(ends) == before:
            break

    assert ends == set(S)
