"""Every state of every noun can be reached and left, unless it is the end."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from claims.states import (
    CLAIM_MOVES,
    COMPENSATION_MOVES,
    DEAD,
    OPEN,
    ClaimState,
    CompensationState,
)
from portal.lib.moves import Moves


@dataclass(frozen=True)
class Noun:
    name: str
    moves: Moves
    states: frozenset[str]
    start: str
    ends: frozenset[str]


NOUNS = [
    Noun("claim", CLAIM_MOVES, frozenset(ClaimState.values), "draft", frozenset()),
    Noun(
        "compensation",
        COMPENSATION_MOVES,
        frozenset(CompensationState.values),
        "planned",
        frozenset(),
    ),
]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
class TestTableOfMoves:
    def test_knows_every_state_and_no_other(self, noun: Noun) -> None:
        named = {step.target for step in noun.moves.values()}
        named |= {origin for step in noun.moves.values() for origin in step.origin}

        assert named == noun.states

    def test_reaches_every_state_from_the_start(self, noun: Noun) -> None:
        seen, frontier = {noun.start}, [noun.start]
        while frontier:
            here = frontier.pop()
            for step in noun.moves.values():
                if here in step.origin and step.target not in seen:
                    seen.add(step.target)
                    frontier.append(step.target)

        assert seen == noun.states

    def test_leaves_every_state_but_the_end(self, noun: Noun) -> None:
        left = {origin for step in noun.moves.values() for origin in step.origin}

        assert noun.states - left == noun.ends


def test_every_claim_state_is_open_or_ended() -> None:
    assert set(OPEN) | set(DEAD) | {ClaimState.RESOLVED} == set(ClaimState)
    assert not set(OPEN) & set(DEAD)
