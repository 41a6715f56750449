"""Signals are counted facts with points of a policy; a lone first claim is never a pattern."""

from __future__ import annotations

import pytest

from claims import risk
from claims.risk import Band, Counted, Rule, Share, Signal
from claims.risk_defaults import RULES


def _counted(**facts: object) -> Counted:
    return Counted(**({"reason": "damaged", "currency": "USD"} | facts))  # type: ignore[arg-type]


def _codes(counted: Counted) -> list[str]:
    return [one.code for one in risk.notice(rules=RULES, counted=counted)]


class TestNotice:
    def test_sees_nothing_in_one_claim_about_the_only_order(self) -> None:
        share = Share(claims=1, orders=1, claimed_minor=9_000, ordered_minor=9_000)

        counted = _counted(claims_by_days={7: 1, 30: 1}, shares={30: share, 90: share, 365: share})

        assert _codes(counted) == []

    @pytest.mark.parametrize(
        ("share", "codes"),
        [
            (Share(2, 2, 100, 200), []),
            (Share(1, 4, 100, 400), []),
            (Share(2, 4, 100, 400), ["claim_share"]),
            (Share(2, 4, 200, 400), ["claim_share", "value_share"]),
            (Share(3, 4, 390, 400), ["claim_share", "value_share"]),
            (Share(2, 5, 300, 400), ["value_share"]),
            (Share(2, 4, 100, 0), ["claim_share"]),
        ],
    )
    def test_needs_orders_enough_before_a_share_means_anything(
        self, share: Share, codes: list[str]
    ) -> None:
        assert _codes(_counted(shares={90: share})) == codes

    def test_lets_of_one_signal_only_the_strongest_row_count(self) -> None:
        counted = _counted(claims_by_days={7: 4, 30: 9})

        noticed = risk.notice(rules=RULES, counted=counted)

        assert [(one.code, one.points, dict(one.facts)) for one in noticed] == [
            ("many_claims", 20, {"count": 9, "days": 30})
        ]

    def test_puts_the_strongest_first(self) -> None:
        counted = _counted(photos_own=["AM-1"], photos_other=["AM-2"], photos_early=1)

        noticed = risk.notice(rules=RULES, counted=counted)

        assert [(one.code, one.points) for one in noticed] == [
            ("photo_other", 40), ("photo_early", 20), ("photo_own", 10),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("amount", "currency", "codes"),
        [
            (49_999, "USD", []),
            (50_000, "USD", ["high_value"]),
            (50_000, "JPY", []),
            (75_000, "JPY", ["high_value"]),
            (9_999_999, "XTS", []),
        ],
    )
    def test_measures_the_value_in_its_own_currency(
        self, amount: int, currency: str, codes: list[str]
    ) -> None:
        assert _codes(_counted(claimed_minor=amount, currency=currency)) == codes

    def test_counts_nothing_that_has_no_row(self) -> None:
        counted = _counted(photos_rejected=["AM-1"], photos_early=3)

        noticed = risk.notice(rules=[Rule(Signal.PHOTO_EARLY, 7)], counted=counted)

        assert [(one.code, one.points) for one in noticed] == [("photo_early", 7)]

    def test_ignores_a_rule_it_does_not_know(self) -> None:
        assert risk.notice(rules=[Rule("moon_phase", 90)], counted=_counted()) == []

    @pytest.mark.parametrize("signal", [one for one in Signal if one != Signal.NO_POLICY])
    def test_has_a_test_and_a_first_weight_for_every_signal(self, signal: Signal) -> None:
        assert signal in risk.TESTS
        assert any(rule.signal == signal and 0 < rule.points <= 45 for rule in RULES)


class TestScore:
    def test_never_passes_a_hundred(self) -> None:
        noticed = [risk.Noticed(str(number), 45, {}) for number in range(4)]

        assert risk.score(noticed) == 100

    @pytest.mark.parametrize(
        ("value", "band"),
        [(0, Band.LOW), (29, Band.LOW), (30, Band.MEDIUM), (69, Band.MEDIUM), (70, Band.HIGH)],
    )
    def test_has_two_edges(self, value: int, band: Band) -> None:
        assert risk.band(value, medium_from=30, high_from=70) == band

    def test_lets_one_weak_signal_go_by_and_two_not(self) -> None:
        one = risk.score(risk.notice(rules=RULES, counted=_counted(photos_early=1)))
        two = risk.score(
            risk.notice(rules=RULES, counted=_counted(photos_early=1, photos_own=["AM-1"]))
        )

        assert (one, two) == (20, 30)
