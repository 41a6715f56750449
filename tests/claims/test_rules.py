"""What policy means in days, sums and words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from claims import rules
from claims.states import OPEN, ClaimState
from portal.lib.money import Money

FRIDAY = datetime(2026, 3, 6, 17, 30, tzinfo=UTC)
DAY = timedelta(days=1)


class TestReckon:
    @given(
        items=st.lists(
            st.tuples(st.integers(1, 9), st.integers(0, 10**12)), min_size=1, max_size=6
        ),
        fee=st.integers(0, 10**6),
        already=st.integers(0, 10**12),
        left=st.integers(0, 10**13),
        data=st.data(),
    )
    def test_lines_sum_to_what_is_owed_and_never_to_more_than_is_left(
        self, items: list[tuple[int, int]], fee: int, already: int, left: int, data: st.DataObject
    ) -> None:
        claimed = [
            rules.Claimed(key=key, title="x", quantity=quantity, each_minor=each)
            for key, (quantity, each) in enumerate(items, start=1)
        ]
        full = {item.key: item.quantity * item.each_minor for item in claimed}
        amounts = {key: data.draw(st.integers(0, most)) for key, most in full.items() if most % 2}

        lines = rules.reckon(
            claimed=claimed, fee_minor=fee, already_minor=already, left_minor=left,
            amounts=amounts, note="less",
        )  # fmt: skip

        total = sum(line.amount_minor for line in lines)
        owed = sum((full | amounts).values()) + fee
        assert total == min(max(owed - already, 0), left)
        assert 0 <= total <= left

    @given(
        fee=st.integers(0, 10**9),
        values=st.lists(st.integers(0, 10**9), min_size=1, max_size=8),
        currency=st.sampled_from(["USD", "JPY", "KWD", "CNY"]),
    )
    def test_shares_of_the_delivery_fee_sum_to_it(
        self, fee: int, values: list[int], currency: str
    ) -> None:
        shares = [
            rules.fee_share(fee=Money(fee, currency), values=values, index=index)
            for index in range(len(values))
        ]

        assert sum(shares) == fee
        assert all(share >= 0 for share in shares)


class TestWords:
    @pytest.mark.parametrize("state", ClaimState)
    def test_every_state_folds_into_a_word_and_a_route(self, state: ClaimState) -> None:
        with translation.override("en"):
            status = rules.public_status(state)
            steps = rules.route(state)

            assert str(status.label)
            assert [str(step.label) for step in steps] == ["Sent", "Checked", "Offer", "Money"]
        current = [step.key for step in steps if step.state == "now"]
        assert len(current) == (1 if state in OPEN else 0)
        assert (rules.owner(state) is not None) == (state in OPEN)

    def test_shoppers_never_read_of_risk_or_second_persons(self) -> None:
        folded = {rules.public_status(state).key for state in ("screening", "pending_approval")}

        assert folded == {"checking"}

    def test_a_paid_claim_has_passed_every_station(self) -> None:
        assert {step.state for step in rules.route(ClaimState.RESOLVED)} == {"done"}
        assert {step.state for step in rules.route(ClaimState.CLOSED, paid=True)} == {"done"}


def test_reminders_come_at_half_and_near_the_end() -> None:
    until = FRIDAY + 10 * DAY
    counts = [
        rules.reminders_due(since=FRIDAY, until=until, now=FRIDAY + day * DAY)
        for day in (0, 4, 5, 8, 9, 12)
    ]

    assert counts == [0, 0, 1, 1, 2, 2]
