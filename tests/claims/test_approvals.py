"""Whose yes a sum needs, and when a rule may say it: exact to the minor unit, without rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from claims import approvals
from claims.approvals import Case, Contradiction, Miss, Scans, Tier
from claims.states import ClaimReason, Wish

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Rule:
    """A rule as the database keeps one: 30.00 by itself, 100.00 if somebody confirms."""

    currency: str = "USD"
    max_minor: int = 3_000
    confirm_minor: int | None = None
    reasons: tuple[str, ...] = ("damaged", "delayed")
    risk_below: int = 30
    first_in_days: int = 90
    needs_evidence: bool = True
    needs_clear_tracking: bool = True
    countries: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    disruption_id: int | None = None


FITS = Case(
    reason="damaged", wish="refund", currency="USD", amount_minor=3_000, counted_minor=3_000,
    risk_score=29, last_claim_at=None, has_evidence=True, contradictions=(), country="US",
    carrier="ups", disruptions=frozenset(),
)  # fmt: skip


def misses(rule: Rule | None = None, **changes: Any) -> list[Miss]:
    return approvals.misses(rule or Rule(), replace(FITS, **changes), now=NOW)


class TestTier:
    @pytest.mark.parametrize(
        ("counted", "tier"),
        [
            (1, Tier.ONE),
            (20_000, Tier.ONE),
            (20_001, Tier.TWO),
            (500_000, Tier.TWO),
            (500_001, Tier.THREE),
        ],
    )
    def test_belongs_to_the_lower_one_up_to_the_limit_itself(
        self, counted: int, tier: Tier
    ) -> None:
        found = approvals.tier(counted_minor=counted, single_minor=20_000, double_minor=500_000)

        assert found == tier

    def test_without_a_second_limit_two_are_enough_for_any_sum(self) -> None:
        found = approvals.tier(counted_minor=10**15, single_minor=20_000, double_minor=None)

        assert found == Tier.TWO


class TestMisses:
    def test_a_claim_that_fits_in_everything_misses_nothing(self) -> None:
        assert misses() == []

    @pytest.mark.parametrize(
        ("change", "miss"),
        [
            ({"reason": "lost"}, Miss.REASON),
            ({"wish": "replacement"}, Miss.WISH),
            ({"wish": "fee_refund"}, Miss.WISH),
            ({"currency": "JPY"}, Miss.CURRENCY),
            ({"amount_minor": 3_001, "counted_minor": 3_001}, Miss.SUM),
            ({"counted_minor": 3_001}, Miss.SPLIT),
            ({"risk_score": None}, Miss.UNRATED),
            ({"risk_score": 30}, Miss.RISK),
            ({"last_claim_at": NOW - timedelta(days=90) + timedelta(seconds=1)}, Miss.EARLIER),
            ({"has_evidence": False}, Miss.EVIDENCE),
            ({"contradictions": ("delivered",)}, Miss.TRACKING),
        ],
    )
    def test_one_thing_amiss_is_named_alone(self, change: dict[str, Any], miss: Miss) -> None:
        assert misses(**change) == [miss]

    def test_nothing_owed_is_not_approved(self) -> None:
        assert misses(amount_minor=0, counted_minor=0) == [Miss.NOTHING]

    def test_an_earlier_claim_is_forgotten_after_exactly_the_rules_days(self) -> None:
        assert misses(last_claim_at=NOW - timedelta(days=90)) == []
        assert misses(Rule(first_in_days=0), last_claim_at=NOW) == []

    def test_a_delay_is_put_right_by_the_fee(self) -> None:
        assert misses(reason="delayed", wish="fee_refund") == []

    def test_a_rule_keeps_to_its_countries_carriers_and_disruption(self) -> None:
        assert misses(Rule(countries=("us",), carriers=("ups",))) == []
        assert misses(Rule(countries=("CN",))) == [Miss.PLACE]
        assert misses(Rule(carriers=("dhl",))) == [Miss.PLACE]
        assert misses(Rule(disruption_id=7)) == [Miss.DISRUPTION]
        assert misses(Rule(disruption_id=7), disruptions=frozenset({7})) == []


class TestMayBeConfirmed:
    @pytest.mark.parametrize(
        ("amount", "confirm", "may"),
        [(10_000, 10_000, True), (10_001, 10_000, False), (3_001, None, False)],
    )
    def test_only_the_sum_may_be_in_the_way(
        self, amount: int, confirm: int | None, may: bool
    ) -> None:
        rule = Rule(confirm_minor=confirm)
        case = replace(FITS, amount_minor=amount, counted_minor=amount)

        found = approvals.misses(rule, case, now=NOW)

        assert approvals.may_be_confirmed(rule, case, found) is may

    def test_never_where_something_else_is_amiss(self) -> None:
        rule = Rule(confirm_minor=10_000)
        case = replace(FITS, amount_minor=5_000, counted_minor=5_000, risk_score=80)

        assert not approvals.may_be_confirmed(rule, case, approvals.misses(rule, case, now=NOW))


class TestContradictions:
    SCANS = Scans(
        status="delivered", delivered_at=NOW - timedelta(days=1),
        last_scan_at=NOW - timedelta(days=1), submitted_at=NOW, is_disputed=False,
        is_hinted=False,
    )  # fmt: skip

    @pytest.mark.parametrize(
        ("reason", "change", "found"),
        [
            ("damaged", {}, []),
            ("damaged", {"status": "in_transit", "delivered_at": None}, ["not_delivered"]),
            ("damaged", {"delivered_at": NOW + timedelta(seconds=1)}, ["before_delivery"]),
            ("lost", {}, ["delivered"]),
            ("lost", {"status": "lost", "delivered_at": None}, []),
            (
                "lost",
                {"status": "in_transit", "delivered_at": None, "last_scan_at": NOW + timedelta(1)},
                ["seen_since"],
            ),
            ("damaged", {"is_disputed": True}, ["disputed"]),
            ("lost", {"status": "lost", "delivered_at": None, "is_hinted": True}, ["unconfirmed"]),
        ],
    )
    def test_are_what_the_scans_say_against_the_report(
        self, reason: str, change: dict[str, Any], found: list[str]
    ) -> None:
        assert approvals.contradictions(reason, replace(self.SCANS, **change)) == found


def test_reasons_wishes_and_words_are_known() -> None:
    assert set(approvals.MONEY_WISHES) < set(Wish)
    assert set(approvals.FROM_DELIVERY) < set(ClaimReason)
    assert all(str(word.label) for word in (*Miss, *Contradiction))
