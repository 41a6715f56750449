"""What policy means in days, sums and words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from claims import rules
from claims.states import OPEN, ClaimReason, ClaimState
from portal.lib.money import Money

FRIDAY = datetime(2026, 3, 6, 17, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def facts(**known: datetime | str) -> rules.ParcelFacts:
    blank: dict[str, datetime | str | None] = {
        "status": "in_transit",
        "status_at": None,
        "delivered_at": None,
        "last_scan_at": None,
        "shipped_at": None,
        "promised_at": None,
        "placed_at": FRIDAY - 10 * DAY,
    }
    return rules.ParcelFacts(**blank | known)  # type: ignore[arg-type]


def window(reason: str, **known: datetime | str) -> rules.Window:
    return rules.window(reason=reason, window_days=30, wait_days=7, facts=facts(**known))


class TestBusinessDays:
    @pytest.mark.parametrize(
        ("days", "weekday", "day"), [(0, 4, 6), (1, 0, 9), (3, 2, 11), (5, 4, 13), (6, 0, 16)]
    )
    def test_skip_the_weekend(self, days: int, weekday: int, day: int) -> None:
        due = rules.business_days(FRIDAY, days)

        assert (due.weekday(), due.day, due.hour) == (weekday, day, 17)


class TestWindow:
    @pytest.mark.parametrize("reason", [ClaimReason.DAMAGED, ClaimReason.WRONG_ITEM])
    def test_of_damage_counts_from_delivery_to_the_minute(self, reason: str) -> None:
        found = window(reason, delivered_at=FRIDAY, status="delivered")

        assert not found.is_open(FRIDAY - timedelta(seconds=1))
        assert found.is_open(FRIDAY)
        assert found.is_open(FRIDAY + 30 * DAY - timedelta(seconds=1))
        assert not found.is_open(FRIDAY + 30 * DAY)

    def test_of_damage_is_shut_before_delivery(self) -> None:
        assert window(ClaimReason.DAMAGED, last_scan_at=FRIDAY) == rules.Window(None, None)

    def test_of_loss_opens_after_silence(self) -> None:
        found = window(ClaimReason.LOST, last_scan_at=FRIDAY)

        assert found.opens_at == FRIDAY + 7 * DAY
        assert found.closes_at == FRIDAY + 37 * DAY

    def test_of_loss_opens_two_days_after_the_promise_if_that_is_sooner(self) -> None:
        found = window(ClaimReason.LOST, last_scan_at=FRIDAY, promised_at=FRIDAY + DAY)

        assert found.opens_at == FRIDAY + 3 * DAY

    def test_of_loss_opens_at_once_when_the_carrier_says_so(self) -> None:
        found = window(ClaimReason.LOST, status="lost", status_at=FRIDAY, last_scan_at=FRIDAY)

        assert found.opens_at == FRIDAY

    def test_of_loss_is_shut_once_delivered(self) -> None:
        assert window(ClaimReason.LOST, delivered_at=FRIDAY) == rules.Window(None, None)


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
