"""What is unusual at the desk is a pure function of decisions and the rules in force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from claims import agents
from claims.agents import Act, AgentSignalKind, Watch

NOW = datetime(2026, 3, 20, 18, tzinfo=UTC)


def _acts(count: int, *, at: datetime = NOW, agent: int = 1, **facts: int) -> list[Act]:
    return [
        Act(agent, at - timedelta(seconds=number), f"AM-{agent}-{at:%d%H}-{number}",
            facts.get("shopper", number), facts.get("amount", 0), facts.get("limit", 0))
        for number in range(count)
    ]  # fmt: skip


def _find(watch: Watch, acts: list[Act], **more: object) -> list[agents.Found]:
    facts: dict[str, object] = {"links": [], "now": NOW, "zone": UTC} | more
    return agents.find(watches=[watch], acts=acts, **facts)  # type: ignore[arg-type]


class TestPace:
    WATCH = Watch(AgentSignalKind.PACE, at_least=15, percent=300, days=28)

    def test_stands_out_against_the_agents_own_hours(self) -> None:
        usual = [
            act for day in range(1, 7) for act in _acts(4, at=NOW - timedelta(days=day, minutes=-9))
        ]

        found = _find(self.WATCH, [*usual, *_acts(15, at=NOW - timedelta(minutes=70))])

        assert [(one.kind, one.episode, one.evidence) for one in found] == [
            ("pace", "2026-03-20T16",
             {"hour": "2026-03-20T16", "count": 15, "usual": 4})
        ]  # fmt: skip

    def test_is_quiet_about_somebody_who_is_always_fast(self) -> None:
        usual = [act for day in range(1, 7) for act in _acts(14, at=NOW - timedelta(days=day))]

        assert _find(self.WATCH, [*usual, *_acts(20)]) == []


class TestSameShopper:
    WATCH = Watch(AgentSignalKind.SAME_SHOPPER, at_least=3, days=30)

    def test_is_about_claims_and_not_about_clicks(self) -> None:
        thrice = [Act(1, NOW, "AM-1", 9)] * 3

        assert _find(self.WATCH, thrice) == []

    def test_lists_the_claims(self) -> None:
        found = _find(self.WATCH, [Act(1, NOW, f"AM-{number}", 9) for number in range(3)])

        assert found == [
            agents.Found(
                1, "same_shopper", "9:2026-03",
                {"claims": ["AM-0", "AM-1", "AM-2"], "count": 3, "days": 30},
            )
        ]  # fmt: skip

    def test_forgets_what_is_older_than_its_days(self) -> None:
        old = NOW - timedelta(days=30)

        acts = [Act(1, at, f"AM-{number}", 9) for number, at in enumerate([NOW, NOW, old])]

        assert _find(self.WATCH, acts) == []


class TestOwnDetails:
    def test_names_what_is_shared(self) -> None:
        acts = [Act(1, NOW, "AM-1", 9), Act(2, NOW, "AM-2", 9)]
        links = [(1, "AM-1", "phone"), (1, "AM-1", "address"), (1, "AM-2", "phone")]

        found = _find(Watch(AgentSignalKind.OWN_DETAILS), acts, links=links)

        assert found == [
            agents.Found(
                1, "own_details", "AM-1", {"claims": ["AM-1"], "shared": ["address", "phone"]}
            )
        ]


class TestUnderLimit:
    WATCH = Watch(AgentSignalKind.UNDER_LIMIT, at_least=5, percent=50, margin_percent=10)

    @pytest.mark.parametrize(
        ("close", "far", "is_found"), [(5, 5, True), (5, 6, False), (4, 0, False)]
    )
    def test_is_a_share_of_all_that_had_a_limit(
        self, close: int, far: int, *, is_found: bool
    ) -> None:
        acts = [*_acts(close, amount=9_000, limit=10_000), *_acts(far, amount=8_999, limit=10_000)]

        assert bool(_find(self.WATCH, [*acts, *_acts(50)])) is is_found

    def test_does_not_count_what_is_above(self) -> None:
        assert _find(self.WATCH, _acts(9, amount=10_001, limit=10_000)) == []


class TestNight:
    WATCH = Watch(AgentSignalKind.NIGHT, at_least=5, days=7, from_hour=22, until_hour=6)

    @pytest.mark.parametrize(
        ("hour", "zone", "count"),
        [(22, UTC, 1), (5, UTC, 1), (6, UTC, 0), (21, UTC, 0), (14, ZoneInfo("Asia/Shanghai"), 1)],
    )
    def test_is_told_by_the_desks_own_clock(self, hour: int, zone: ZoneInfo, count: int) -> None:
        at = datetime(2026, 3, 19, hour, 30, tzinfo=UTC)

        assert len(_find(self.WATCH, _acts(5, at=at), zone=zone)) == count
