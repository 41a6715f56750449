"""Each threshold holds to the minute, by the lane and the carrier, and only where it applies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking import troubles
from tracking.calendars import Calendar, calendar
from tracking.defaults import STEPS
from tracking.states import SOFT_TERMINAL, Anchor, AnomalyKind, Lane, ParcelStatus, Unit
from tracking.troubles import Facts, Judgement, Rule, Window, choose, judge

K, L, S = AnomalyKind, Lane, ParcelStatus

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEKDAYS = Calendar()
RULES = [Rule(id=pk, **step._asdict()) for pk, step in enumerate(STEPS, start=1)]
MINUTE = timedelta(minutes=1)


def day(number: int, hour: int = 9) -> datetime:
    """Return a working-day moment of March 2026; 2, 9, 16 and 23 are Mondays."""
    return datetime(2026, 3, number, hour, tzinfo=UTC)


def facts(**given: Any) -> Facts:
    start: dict[str, Any] = {"status": S.IN_TRANSIT, "shipped_at": MONDAY, "last_scan_at": MONDAY}
    return Facts(**start | given)


def unseen(**given: Any) -> Facts:
    return facts(status=S.INFO_RECEIVED, last_scan_at=None, **given)


def judged(seen: Facts, now: datetime, *, lane: str = L.DOMESTIC, **given: Any) -> Judgement:
    rules = choose(RULES, lane=lane, carrier_id=1)
    return judge(seen, rules=rules, calendar=given.pop("calendar", WEEKDAYS), now=now, **given)


def levels(judgement: Judgement) -> dict[str, int]:
    return {str(kind): finding.level for kind, finding in judgement.findings.items()}


LIMITS = [
    # kind, level, lane, facts, the moment it falls due
    ("no_first_scan", 1, L.DOMESTIC, unseen(), day(4)),
    ("no_first_scan", 2, L.DOMESTIC, unseen(), day(5)),
    ("no_first_scan", 3, L.DOMESTIC, unseen(), day(9)),
    ("stalled", 1, L.DOMESTIC, facts(), day(5)),
    ("stalled", 2, L.DOMESTIC, facts(), day(9)),
    ("stalled", 1, L.CROSS_BORDER, facts(), day(11)),
    ("stalled", 2, L.CROSS_BORDER, facts(), day(20)),
    ("stalled", 1, L.POSTAL, facts(), day(16)),
    ("stalled", 2, L.POSTAL, facts(), day(30)),
    ("past_eta", 1, L.DOMESTIC, facts(expected_at=day(3)), day(4)),
    ("past_eta", 1, L.DOMESTIC, facts(expected_at=day(6)), day(9)),
    ("past_eta", 1, L.DOMESTIC, facts(promised_at=day(3, 18)), day(3, 18)),
    ("past_eta", 2, L.DOMESTIC, facts(promised_at=day(3, 18)), day(6, 18)),
    ("customs_stuck", 1, L.POSTAL, facts(status=S.CUSTOMS, status_at=MONDAY), day(9)),
    ("customs_stuck", 2, L.POSTAL, facts(status=S.CUSTOMS, status_at=MONDAY), day(16)),
    ("pickup_expiring", 1, L.DOMESTIC,
     facts(status=S.AVAILABLE_FOR_PICKUP, status_at=MONDAY), day(7)),
    ("pickup_expiring", 2, L.DOMESTIC,
     facts(status=S.AVAILABLE_FOR_PICKUP, status_at=MONDAY), day(9)),
    ("suspected_lost", 1, L.DOMESTIC, facts(), day(11)),
    ("suspected_lost", 2, L.DOMESTIC, facts(), day(18)),
    ("suspected_lost", 1, L.DOMESTIC, unseen(), day(16)),
    ("suspected_lost", 1, L.CROSS_BORDER, facts(), day(30)),
    ("suspected_lost", 1, L.POSTAL, facts(), datetime(2026, 4, 13, 9, tzinfo=UTC)),
    ("untrackable", 1, L.DOMESTIC, unseen(is_heard=False), day(3)),
    ("expired", 1, L.POSTAL, facts(), MONDAY + timedelta(days=60)),
    ("expired", 1, L.POSTAL,
     facts(last_scan_at=MONDAY + timedelta(days=80)), MONDAY + timedelta(days=90)),
]  # fmt: skip


class TestThresholds:
    @pytest.mark.parametrize(("kind", "level", "lane", "seen", "due"), LIMITS)
    def test_a_level_is_reached_at_its_minute_and_not_before(
        self, kind: str, level: int, lane: str, seen: Facts, due: datetime
    ) -> None:
        before = levels(judged(seen, due - MINUTE, lane=lane)).get(kind, 0)
        then = levels(judged(seen, due, lane=lane)).get(kind, 0)

        assert (before, then) == (level - 1, level)

    @pytest.mark.parametrize(("kind", "level", "lane", "seen", "due"), LIMITS)
    def test_it_is_looked_at_again_when_it_falls_due_and_not_later(
        self, kind: str, level: int, lane: str, seen: Facts, due: datetime
    ) -> None:
        check_at = judged(seen, due - MINUTE, lane=lane).check_at

        assert check_at is not None
        assert day(2) < check_at <= due

    def test_a_parcel_late_for_a_week_and_quiet_for_three_days_is_probably_lost(self) -> None:
        late = facts(expected_at=day(2), last_scan_at=day(3))
        still_moving = facts(expected_at=day(2), last_scan_at=day(6))

        assert "suspected_lost" not in levels(judged(late, day(9) - MINUTE))
        assert levels(judged(late, day(9)))["suspected_lost"] == 1
        assert "suspected_lost" not in levels(judged(still_moving, day(11) - MINUTE))
        assert levels(judged(still_moving, day(11)))["suspected_lost"] == 1

    @pytest.mark.parametrize(("count", "found"), [(2, 0), (3, 1), (4, 1)])
    def test_three_failed_attempts_are_enough(self, count: int, found: int) -> None:
        tried = facts(status=S.ATTEMPT_FAILED, attempts=count)

        assert levels(judged(tried, day(2))).get("attempts_exhausted", 0) == found

    def test_a_weekend_brings_nothing_about(self) -> None:
        friday = day(6, 15)
        for seen in (
            facts(last_scan_at=friday),
            unseen(shipped_at=friday),
            facts(expected_at=friday, last_scan_at=friday),
            facts(status=S.CUSTOMS, status_at=friday, last_scan_at=friday),
        ):
            assert levels(judged(seen, day(9, 0) - MINUTE)) == {}

    def test_new_year_in_china_brings_nothing_about(self) -> None:
        chinese = calendar(zone="Asia/Shanghai", weekdays="1234567", country="CN")
        last = datetime(2026, 2, 15, 10, tzinfo=UTC)  # the evening before it begins
        quiet = facts(last_scan_at=last, shipped_at=last - timedelta(days=1))

        still = judged(quiet, datetime(2026, 2, 24, tzinfo=UTC), calendar=chinese)

        # The 21st and 22nd are a weekend, on which couriers there work.
        assert levels(still) == {}
        assert still.check_at == datetime(2026, 2, 24, 10, tzinfo=UTC)

    def test_time_in_a_disruption_does_not_count(self) -> None:
        pauses = ((day(3, 0), day(5, 0)),)

        assert levels(judged(facts(), day(9) - MINUTE, pauses=pauses)) == {}
        assert levels(judged(facts(), day(9), pauses=pauses)) == {"stalled": 1}

    def test_a_disruption_without_end_lets_nothing_fall_due(self) -> None:
        endless = judged(facts(), day(30), pauses=((day(3, 0), None),))

        assert levels(endless) == {}
        assert endless.lost_at is None


class TestApplying:
    @pytest.mark.parametrize("status", sorted(SOFT_TERMINAL))
    def test_no_clock_runs_once_it_is_over(self, status: str) -> None:
        over = facts(status=status, promised_at=MONDAY)

        assert judged(over, MONDAY + timedelta(days=400)) == Judgement(findings={})

    def test_a_parcel_at_customs_is_not_stalled(self) -> None:
        held = facts(status=S.CUSTOMS, status_at=MONDAY)

        assert set(levels(judged(held, day(30)))) == {"customs_stuck"}

    def test_a_parcel_at_a_shop_is_neither_stalled_nor_late(self) -> None:
        waits = facts(status=S.AVAILABLE_FOR_PICKUP, status_at=MONDAY, promised_at=MONDAY)

        assert set(levels(judged(waits, day(30)))) == {"pickup_expiring"}

    def test_a_shop_that_keeps_parcels_longer_gives_more_time(self) -> None:
        waits = facts(status=S.AVAILABLE_FOR_PICKUP, status_at=MONDAY, pickup_days=14)

        assert levels(judged(waits, day(14) - MINUTE)) == {}
        assert levels(judged(waits, day(14))) == {"pickup_expiring": 1}

    def test_a_parcel_on_its_way_back_is_never_late_for_the_shopper(self) -> None:
        back = facts(status=S.RETURNING, promised_at=MONDAY)
        second_leg = facts(delivered_at=MONDAY, promised_at=MONDAY)

        assert "past_eta" not in levels(judged(back, day(30)))
        assert "past_eta" not in levels(judged(second_leg, day(30)))
        assert (back.is_outbound, second_leg.is_outbound) == (False, False)

    def test_silence_says_nothing_where_nobody_could_speak(self) -> None:
        unheard = unseen(is_heard=False, promised_at=MONDAY)

        assert set(levels(judged(unheard, day(30)))) == {"untrackable"}

    def test_a_label_seen_by_nobody_is_not_stalled(self) -> None:
        assert "stalled" not in levels(judged(unseen(), day(30)))

    def test_an_undated_arrival_counts_from_the_status(self) -> None:
        undated = facts(last_scan_at=None, status_at=day(4))

        assert levels(judged(undated, day(9))) == {"stalled": 1}

    def test_nothing_more_is_looked_for_once_we_stop_looking(self) -> None:
        old = judged(facts(), MONDAY + timedelta(days=61), lane=L.POSTAL)

        assert levels(old)["expired"] == 1
        assert old.check_at is None


class TestCalm:
    @pytest.mark.parametrize(("kind", "level", "lane", "seen", "due"), LIMITS)
    def test_nothing_falls_due_in_a_day_that_was_called_calm(
        self, kind: str, level: int, lane: str, seen: Facts, due: datetime
    ) -> None:
        least = troubles.floors(choose(RULES, lane=lane, carrier_id=1))

        assert not troubles.is_calm(seen, least=least, until=due)

    @given(
        status=st.sampled_from(sorted(S)),
        ages=st.tuples(*[st.none() | st.integers(0, 40 * 24)] * 4),
        lane=st.sampled_from(sorted(L)),
        attempts=st.integers(0, 3),
    )
    def test_a_calm_day_brings_nothing_whatever_the_calendar(
        self, status: str, ages: tuple[int | None, ...], lane: str, attempts: int
    ) -> None:
        now = datetime(2026, 3, 9, 12, tzinfo=UTC)
        past = [None if age is None else now - timedelta(hours=age) for age in ages]
        seen = Facts(
            status=status, shipped_at=past[0] or now, last_scan_at=past[1], status_at=past[2],
            promised_at=past[3] and past[3] + timedelta(days=5), attempts=attempts,
        )  # fmt: skip
        rules = choose(RULES, lane=lane, carrier_id=1)
        until = now + timedelta(days=1)
        if not troubles.is_calm(seen, least=troubles.floors(rules), until=until):
            return

        for place in (WEEKDAYS, calendar(zone="America/New_York", country="US")):
            judgement = judge(seen, rules=rules, calendar=place, now=until)
            assert judgement.findings == {}

    def test_most_days_of_most_parcels_are_calm(self) -> None:
        least = troubles.floors(choose(RULES, lane=L.DOMESTIC, carrier_id=1))
        moving = facts(promised_at=day(9))

        assert troubles.is_calm(moving, least=least, until=day(4))
        assert troubles.is_calm(facts(status=S.DELIVERED), least=least, until=day(30))


class TestFindings:
    def test_a_finding_says_what_is_counted_from_and_what_comes_next(self) -> None:
        judgement = judged(facts(), day(6))
        finding = judgement.findings["stalled"]

        assert (finding.since, finding.level) == (MONDAY, 1)
        assert finding.next_at == day(9)
        assert judgement.lost_at == day(11)
        assert judgement.check_at == day(9)
        assert [rule.level for rule, _due in finding.reached] == [1]

    def test_one_silence_is_one_episode_whichever_rule_notices_first(self) -> None:
        by_date = judged(facts(expected_at=MONDAY - timedelta(days=7)), day(5))
        by_scan = judged(facts(), day(11))

        assert by_date.findings["suspected_lost"].episode == MONDAY.isoformat()
        assert by_scan.findings["suspected_lost"].episode == MONDAY.isoformat()

    def test_a_new_scan_is_another_episode(self) -> None:
        first = judged(facts(), day(6)).findings["stalled"]
        later = judged(facts(last_scan_at=day(9)), day(13)).findings["stalled"]

        assert first.episode != later.episode

    def test_levels_missed_while_nobody_looked_are_all_reached(self) -> None:
        finding = judged(unseen(), day(30)).findings["no_first_scan"]

        assert [rule.level for rule, _due in finding.reached] == [1, 2, 3]


class TestChoose:
    BASE = Rule(
        id=1, kind=K.STALLED, level=1, anchor=Anchor.SCAN, amount=3, unit=Unit.DAYS, severity=3
    )

    def chosen(self, *rules: Rule, lane: str = L.DOMESTIC, carrier_id: int = 7) -> list[int]:
        found = choose(rules, lane=lane, carrier_id=carrier_id)
        return [rule.id for rule in found.get(K.STALLED, ())]

    def test_the_most_particular_rule_speaks(self) -> None:
        by_lane = replace(self.BASE, id=2, lane=L.DOMESTIC)
        by_carrier = replace(self.BASE, id=3, carrier_id=7)
        by_both = replace(self.BASE, id=4, carrier_id=7, lane=L.DOMESTIC)

        assert self.chosen(self.BASE) == [1]
        assert self.chosen(self.BASE, by_lane) == [2]
        assert self.chosen(by_carrier, self.BASE, by_lane) == [3]
        assert self.chosen(by_both, by_carrier, self.BASE, by_lane) == [4]
        assert self.chosen(by_both, by_carrier, self.BASE, by_lane, lane=L.POSTAL) == [3]
        assert self.chosen(by_both, by_carrier, self.BASE, by_lane, carrier_id=8) == [2]

    def test_an_inactive_one_switches_the_general_one_off(self) -> None:
        off = replace(self.BASE, id=2, carrier_id=7, is_active=False)

        assert self.chosen(self.BASE, off) == []
        assert self.chosen(self.BASE, off, carrier_id=8) == [1]

    def test_each_level_and_anchor_is_a_step_of_its_own(self) -> None:
        second = replace(self.BASE, id=2, level=2)
        other = replace(self.BASE, id=3, anchor=Anchor.EXPECTED)

        assert self.chosen(self.BASE, second, other) == [1, 2, 3]

    def test_the_shipped_steps_are_each_there_once(self) -> None:
        keys = [(step.kind, step.lane, step.anchor, step.level) for step in STEPS]

        assert len(keys) == len(set(keys))
        assert {step.kind for step in STEPS} == set(K) - {
            "damaged", "lost", "refused", "returned", "delivered_disputed", "conflicting_events",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("destination", "origin", "is_postal", "lane"),
    [
        ("US", "US", False, L.DOMESTIC),
        ("us", "US", True, L.DOMESTIC),
        ("US", "CN", False, L.CROSS_BORDER),
        ("US", "CN", True, L.POSTAL),
        ("", "CN", True, L.DOMESTIC),
        ("US", "", False, L.DOMESTIC),
    ],
)
def test_a_lane_follows_from_where_it_comes_and_goes(
    destination: str, origin: str, is_postal: bool, lane: Lane
) -> None:
    found = troubles.lane(destination=destination, origin=origin, is_postal=is_postal)

    assert found == lane


def test_scans_of_one_attempt_are_counted_once() -> None:
    times = [day(3), day(3) + timedelta(minutes=5), day(3, 15), day(4), day(4) + MINUTE]

    assert troubles.attempts(times) == 3
    assert troubles.attempts([]) == 0


class TestWindows:
    @pytest.mark.parametrize(
        ("_case", "given", "is_covered"),
        [
            ("everybody", {}, True),
            ("this carrier", {"carrier_id": 7}, True),
            ("another carrier", {"carrier_id": 8}, False),
            ("a country on the way", {"country": "cn"}, True),
            ("another country", {"country": "DE"}, False),
            ("the place of the last scan", {"region": "ningbo"}, True),
            ("another place", {"region": "Qingdao"}, False),
            ("carrier and place", {"carrier_id": 7, "region": "Ningbo"}, True),
            ("carrier but not the place", {"carrier_id": 7, "region": "Qingdao"}, False),
        ],
    )
    def test_a_window_covers_what_it_names(
        self, _case: str, given: dict[str, Any], is_covered: bool
    ) -> None:
        window = Window(begins=day(3), ends=day(4), **given)
        pauses = troubles.standstill(
            [window], carrier_id=7, countries=["US", "CN"], places="Portland\nNingbo hub"
        )

        assert pauses == (((day(3), day(4)),) if is_covered else ())
