from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.rules import Journey, is_plausible, project
from tracking.scans import Scan
from tracking.states import SOFT_TERMINAL, AnomalyKind, Handed, Party, Reason
from tracking.states import ParcelStatus as S

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def scan(hours: float | None, status: S | None, **more: object) -> Scan:
    at = None if hours is None else START + timedelta(hours=hours)
    local = at.replace(tzinfo=None).isoformat() if at else ""
    facts: dict[str, object] = {"raw_code": status or "", "occurred_at": at, "local_time": local}
    return Scan(status=status, **{**facts, **more})  # type: ignore[arg-type]


def read(*scans: Scan) -> Journey:
    return project(scans, carrier="test", number="T1")


def told(journey: Journey) -> Journey:
    """The journey without the places of its scans, which a shuffle moves."""
    return replace(journey, order=())


class TestOrder:
    def test_news_is_sorted_by_its_own_time_not_by_arrival(self) -> None:
        journey = read(scan(9, S.OUT_FOR_DELIVERY), scan(1, S.PICKED_UP), scan(5, S.IN_TRANSIT))

        assert journey.status == S.OUT_FOR_DELIVERY
        assert journey.order == (1, 2, 0)
        assert [status for _, status, _ in journey.reached] == [
            S.PICKED_UP, S.IN_TRANSIT, S.OUT_FOR_DELIVERY,
        ]  # fmt: skip

    def test_the_carriers_sequence_decides_between_equal_times(self) -> None:
        journey = read(scan(1, S.OUT_FOR_DELIVERY, sequence=1), scan(1, S.IN_TRANSIT, sequence=2))

        assert journey.status == S.IN_TRANSIT

    def test_rank_decides_between_equal_times_without_a_sequence(self) -> None:
        assert read(scan(1, S.DELIVERED), scan(1, S.OUT_FOR_DELIVERY)).status == S.DELIVERED

    def test_a_repeat_counts_once(self) -> None:
        one = scan(1, S.PICKED_UP)

        assert read(one, one, one).order == (0,)

    def test_a_reworded_repeat_is_the_same_scan(self) -> None:
        first = scan(1, S.IN_TRANSIT, raw_text="Departed")
        second = replace(first, raw_text="Left the building")

        assert len(read(first, second).order) == 1

    def test_the_telling_with_a_status_wins_over_the_one_without(self) -> None:
        blank = scan(1, None, event_id="7")
        full = scan(1, S.EXCEPTION, event_id="7", reason=Reason.DAMAGED)

        assert told(read(blank, full)) == told(read(full, blank))
        assert read(blank, full).status == S.EXCEPTION

    def test_an_undated_scan_never_overrules_a_dated_one(self) -> None:
        journey = read(scan(1, S.DELIVERED), scan(None, S.IN_TRANSIT))

        assert journey.status == S.DELIVERED
        assert journey.order == (1, 0)

    def test_without_any_date_the_furthest_status_stands(self) -> None:
        journey = read(scan(None, S.OUT_FOR_DELIVERY), scan(None, S.PICKED_UP))

        assert journey.status == S.OUT_FOR_DELIVERY
        assert journey.status_at is None

    def test_a_bare_date_stands_at_the_end_of_its_day(self) -> None:
        journey = read(
            scan(None, S.OUT_FOR_DELIVERY, local_time="2026-03-02"), scan(30, S.IN_TRANSIT)
        )

        assert journey.status == S.OUT_FOR_DELIVERY
        assert journey.status_at == datetime(2026, 3, 2, 23, 59, 59, 999999, tzinfo=UTC)

    def test_a_bare_date_stands_before_the_same_days_delivery(self) -> None:
        journey = read(
            scan(None, S.OUT_FOR_DELIVERY, local_time="2026-03-02"), scan(30, S.DELIVERED)
        )

        assert journey.status == S.DELIVERED
        assert journey.trouble == ()

    def test_nothing_known_is_registered(self) -> None:
        assert read() == Journey()
        assert read().status == S.REGISTERED


class TestStatus:
    def test_an_unknown_code_moves_nothing(self) -> None:
        journey = read(scan(1, S.PICKED_UP), scan(2, None, raw_code="ZZ"))

        assert journey.status == S.PICKED_UP
        assert journey.status_at == START + timedelta(hours=1)
        assert journey.last_scan_at == START + timedelta(hours=2)

    def test_paper_after_a_scan_moves_nothing(self) -> None:
        journey = read(scan(1, S.IN_TRANSIT), scan(2, S.INFO_RECEIVED, is_physical=False))

        assert journey.status == S.IN_TRANSIT
        assert journey.last_scan_at == START + timedelta(hours=1)

    def test_a_status_lasts_from_its_first_scan(self) -> None:
        journey = read(scan(1, S.IN_TRANSIT), scan(8, S.IN_TRANSIT))

        assert journey.status_at == START + timedelta(hours=1)

    def test_a_parcel_may_go_back_to_the_depot(self) -> None:
        journey = read(scan(1, S.OUT_FOR_DELIVERY), scan(9, S.IN_TRANSIT))

        assert journey.status == S.IN_TRANSIT

    def test_the_reasons_party_is_the_usual_one_unless_the_carrier_names_another(self) -> None:
        assert read(scan(1, S.EXCEPTION, reason=Reason.DAMAGED)).party == Party.CARRIER
        other = scan(1, S.EXCEPTION, reason=Reason.DAMAGED, party=Party.MERCHANT)
        assert read(other).party == Party.MERCHANT

    def test_a_guess_never_ends_a_journey(self) -> None:
        journey = read(scan(1, S.IN_TRANSIT), scan(2, S.LOST, is_inferred=True))

        assert journey.status == S.IN_TRANSIT

    def test_a_guess_may_suggest_trouble(self) -> None:
        guess = scan(2, None, reason=Reason.DAMAGED, is_inferred=True)

        assert read(scan(1, S.IN_TRANSIT), guess).trouble == ("damaged",)


class TestAfterDelivery:
    def test_a_straggling_transit_scan_keeps_it_delivered_and_flags_the_conflict(self) -> None:
        journey = read(scan(10, S.DELIVERED), scan(12, S.IN_TRANSIT))

        assert journey.status == S.DELIVERED
        assert journey.leg == 1
        assert journey.trouble == ("conflicting_events",)
        assert journey.delivered_at == START + timedelta(hours=10)

    def test_news_that_is_no_scan_is_no_conflict(self) -> None:
        journey = read(scan(10, S.DELIVERED), scan(12, S.IN_TRANSIT, is_physical=False))

        assert journey.trouble == ()

    @pytest.mark.parametrize("status", [S.ATTEMPT_FAILED, S.EXCEPTION, S.LOST])
    def test_a_later_failure_disputes_it(self, status: S) -> None:
        journey = read(scan(10, S.DELIVERED), scan(12, status, reason=Reason.NOT_HOME))

        assert journey.status == S.DELIVERED
        assert journey.is_disputed
        assert "delivered_disputed" in journey.trouble
        assert journey.reason == Reason.NOT_HOME

    def test_a_second_delivery_settles_the_dispute(self) -> None:
        journey = read(
            scan(10, S.DELIVERED), scan(12, S.ATTEMPT_FAILED), scan(20, S.DELIVERED, sequence=1)
        )

        assert not journey.is_disputed
        assert journey.delivered_at == START + timedelta(hours=20)
        assert journey.trouble == ()

    @pytest.mark.parametrize("status", [S.RETURNING, S.PICKED_UP])
    def test_a_return_opens_a_second_leg_and_keeps_the_delivery(self, status: S) -> None:
        journey = read(scan(10, S.DELIVERED), scan(50, status))

        assert journey.status == status
        assert journey.leg == 2
        assert journey.delivered_at == START + timedelta(hours=10)
        assert journey.trouble == ()

    def test_arriving_on_the_way_back_is_returned(self) -> None:
        journey = read(
            scan(1, S.PICKED_UP), scan(10, S.DELIVERED), scan(50, S.PICKED_UP, sequence=1),
            scan(60, S.IN_TRANSIT), scan(90, S.DELIVERED, sequence=1),
        )  # fmt: skip

        assert (journey.status, journey.leg) == (S.RETURNED, 2)
        assert journey.delivered_at == START + timedelta(hours=10)

    def test_travelling_again_after_three_days_is_a_new_leg(self) -> None:
        journey = read(scan(10, S.DELIVERED), scan(83, S.IN_TRANSIT))

        assert (journey.status, journey.leg) == (S.IN_TRANSIT, 2)

    def test_a_returned_parcel_sent_out_again_is_delivered_again(self) -> None:
        journey = read(
            scan(1, S.RETURNING), scan(10, S.RETURNED), scan(50, S.PICKED_UP),
            scan(70, S.DELIVERED),
        )  # fmt: skip

        assert (journey.status, journey.leg) == (S.DELIVERED, 2)

    def test_to_whom_it_was_given_may_be_told_later(self) -> None:
        journey = read(
            scan(10, S.DELIVERED), scan(11, S.DELIVERED, handed=Handed.NEIGHBOUR, sequence=1)
        )

        assert journey.handed == Handed.NEIGHBOUR
        assert journey.delivered_at == START + timedelta(hours=10)


class TestTrouble:
    def test_names_are_kinds_of_anomaly(self) -> None:
        everything = read(
            scan(1, S.EXCEPTION, reason=Reason.DAMAGED), scan(2, S.ATTEMPT_FAILED,
            reason=Reason.REFUSED), scan(3, S.RETURNING),
        )  # fmt: skip
        disputed = read(scan(1, S.DELIVERED), scan(2, S.LOST))

        assert everything.trouble == ("damaged", "refused", "returned")
        assert disputed.trouble == ("lost", "delivered_disputed")
        assert set(everything.trouble + disputed.trouble) <= set(AnomalyKind.values)

    def test_lost_clears_when_the_parcel_is_scanned_again(self) -> None:
        lost = (scan(1, S.IN_TRANSIT), scan(9, S.LOST, reason=Reason.LOST, is_physical=False))

        assert read(*lost).trouble == ("lost",)
        found = read(*lost, scan(20, S.IN_TRANSIT, sequence=1))
        assert found.status == S.IN_TRANSIT
        assert found.trouble == ()

    @pytest.mark.parametrize("status", [S.EXPIRED, S.CANCELLED, S.INFO_RECEIVED])
    def test_lost_stands_when_only_paper_follows(self, status: S) -> None:
        journey = read(scan(9, S.LOST), scan(20, status))

        assert journey.status == S.LOST
        assert journey.trouble == ("lost",)

    def test_damage_stays_after_delivery(self) -> None:
        journey = read(scan(1, S.EXCEPTION, reason=Reason.DAMAGED), scan(9, S.DELIVERED))

        assert journey.trouble == ("damaged",)
        assert journey.reason is None

    def test_a_refusal_clears_on_delivery(self) -> None:
        journey = read(scan(1, S.ATTEMPT_FAILED, reason=Reason.REFUSED), scan(9, S.DELIVERED))

        assert journey.trouble == ()

    def test_delivered_after_it_was_turned_round_is_a_conflict(self) -> None:
        journey = read(scan(1, S.RETURNING), scan(9, S.DELIVERED))

        assert journey.status == S.DELIVERED
        assert journey.trouble == ("conflicting_events",)


times = st.one_of(st.none(), st.integers(0, 400))
scans = st.builds(
    lambda hours, status, reason, sequence, is_physical, is_inferred, event_id, leg: scan(
        hours, status, reason=reason, sequence=sequence, is_physical=is_physical,
        is_inferred=is_inferred, event_id=event_id, leg=leg,
    ),
    times,
    st.one_of(st.none(), st.sampled_from(list(S))),
    st.one_of(st.none(), st.sampled_from(list(Reason))),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "", "a", "b"]),
    st.sampled_from([1, 1, 1, 2]),
)  # fmt: skip
bare_dates = st.builds(
    lambda day, status: scan(None, status, local_time=f"2026-03-{day:02d}"),
    st.integers(1, 17),
    st.sampled_from(list(S)),
)
journeys = st.lists(st.one_of(scans, bare_dates), max_size=12)


class TestProperties:
    @settings(max_examples=300, deadline=None)
    @given(journeys, st.randoms(use_true_random=False))
    def test_any_order_and_any_repetition_tell_the_same(
        self, news: list[Scan], chance: random.Random
    ) -> None:
        first = project(news, carrier="test", number="T1")
        again = news + [chance.choice(news) for _ in range(len(news))] if news else []
        chance.shuffle(again)
        second = project(again, carrier="test", number="T1")

        assert told(second) == told(first)
        assert [again[place] for place in second.order] == [news[place] for place in first.order]

    @settings(max_examples=300, deadline=None)
    @given(journeys, scans)
    def test_an_ending_is_never_undone_by_an_older_scan(self, news: list[Scan], old: Scan) -> None:
        end = scan(500, S.DELIVERED, event_id="end")
        older = replace(old, event_id="older", leg=1)
        before = project([*news, end], carrier="test", number="T1")
        after = project([*news, end, older], carrier="test", number="T1")

        assert before.status in {S.DELIVERED, S.RETURNED}
        assert after.status in {S.DELIVERED, S.RETURNED}

    @settings(max_examples=200, deadline=None)
    @given(journeys)
    def test_what_it_tells_hangs_together(self, news: list[Scan]) -> None:
        journey = project(news, carrier="test", number="T1")

        assert len(set(journey.order)) == len(journey.order) <= len(news)
        assert (journey.status == S.REGISTERED and not journey.reached) or (
            journey.leg, journey.status
        ) in {(leg, status) for leg, status, _ in journey.reached}  # fmt: skip
        assert not journey.is_disputed or journey.status == S.DELIVERED
        dated = [at for _, _, at in journey.reached if at]
        assert dated == sorted(dated)

    def test_five_hundred_shuffles_of_a_long_journey(self) -> None:
        steps = [
            S.INFO_RECEIVED, S.PICKED_UP, S.IN_TRANSIT, S.CUSTOMS, S.OUT_FOR_DELIVERY,
            S.ATTEMPT_FAILED, S.OUT_FOR_DELIVERY, S.DELIVERED, S.IN_TRANSIT, S.RETURNING,
        ]  # fmt: skip
        news = [scan(turn * 6, status) for turn, status in enumerate(steps)]
        news += [scan(None, S.IN_TRANSIT, raw_text="undated"), scan(31, None, raw_code="??")]
        first = told(read(*news))
        chance = random.Random(7)

        for _ in range(500):
            chance.shuffle(news)
            assert told(read(*news)) == first
        assert (first.status, first.leg) == (S.RETURNING, 2)


class TestIsPlausible:
    NOW = datetime(2026, 3, 10, tzinfo=UTC)
    SHIPPED = datetime(2026, 3, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            (datetime(1970, 1, 1, tzinfo=UTC), False),
            (datetime(1999, 12, 31, tzinfo=UTC), False),
            (datetime(2026, 2, 25, 23, tzinfo=UTC), False),
            (datetime(2026, 2, 26, 1, tzinfo=UTC), True),
            (datetime(2026, 3, 9, tzinfo=UTC), True),
            (datetime(2026, 3, 10, 23, tzinfo=UTC), True),
            (datetime(2026, 3, 11, 1, tzinfo=UTC), False),
            (None, True),
        ],
    )
    def test_judges_by_time(self, at: datetime | None, expected: bool) -> None:
        found = is_plausible(Scan(occurred_at=at), shipped_at=self.SHIPPED, now=self.NOW)

        assert found is expected

    def test_a_local_time_of_unknown_zone_has_some_leeway(self) -> None:
        near = Scan(local_time="2026-03-11T10:00:00")
        far = Scan(local_time="2026-03-12T10:00:00")

        assert is_plausible(near, shipped_at=self.SHIPPED, now=self.NOW)
        assert not is_plausible(far, shipped_at=self.SHIPPED, now=self.NOW)

    def test_without_a_shipping_time_only_nonsense_is_refused(self) -> None:
        old = Scan(occurred_at=datetime(2020, 1, 1, tzinfo=UTC))

        assert is_plausible(old, shipped_at=None, now=self.NOW)


def test_every_soft_ending_has_a_rank_above_the_rest() -> None:
    from tracking.states import RANK

    moving = max(RANK[status] for status in S if status not in SOFT_TERMINAL)
    assert all(RANK[status] > moving for status in SOFT_TERMINAL)
