"""On orders that nobody here wrote, expectations come nearer than the merchant's own date."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from bench import eta
from bench.eta import Flat, Guess, Moment, Own, Promise, Score
from tests.conformance import data
from tracking.routes import calendar_of

ZONE = ZoneInfo("America/Sao_Paulo")


@pytest.fixture(autouse=True)
def _orders() -> None:
    data.present()


@cache
def trips() -> list[eta.Trip]:
    found, _others = eta.olist(data.DATA / "commerce" / "olist_a")
    return found


def ours() -> Own:
    return Own(zone=ZONE, calendar=calendar_of("BR", ZONE.key))


def guesses(who: Own | Promise | Flat, asked: Moment, *, keeps_learning: bool) -> list[Guess]:
    return eta.judge(who, trips(), asked=asked, keeps_learning=keeps_learning)


def score(who: Own | Promise | Flat, asked: Moment, *, keeps_learning: bool = False) -> Score:
    return Score.of(guesses(who, asked, keeps_learning=keeps_learning))


class TestSplit:
    def test_only_what_had_arrived_by_then_is_learnt_from(self) -> None:
        before, after, split = eta.divide(trips(), is_inner=False)

        assert before
        assert max(trip.arrived_at for trip in before) < split
        assert min(trip.placed_at for trip in after) == split

    def test_the_inner_split_holds_nothing_that_is_judged(self) -> None:
        _before, after, split = eta.divide(trips(), is_inner=False)
        early, later, inner = eta.divide(trips(), is_inner=True)

        assert inner < split
        assert not {id(trip) for trip in after} & {id(trip) for trip in [*early, *later]}

    def test_nobody_is_told_of_what_arrives_later(self) -> None:
        seen: list[tuple[str, object]] = []

        class Spy(Promise):
            def learn(self, trip: eta.Trip) -> None:
                seen.append(("learnt", trip.arrived_at))

            def expect(self, trip: eta.Trip, now: object) -> Guess:
                seen.append(("asked", now))
                return super().expect(trip, now)  # type: ignore[arg-type]

        guesses(Spy(zone=ZONE), eta.handed, keeps_learning=True)

        learnt = None
        for what, at in seen:
            if what == "learnt":
                learnt = at
            else:
                assert learnt is None or learnt < at  # type: ignore[operator]


class TestAccuracy:
    @pytest.mark.parametrize("asked", [eta.placed, eta.handed])
    def test_ours_errs_less_than_half_as_far_as_the_merchant(self, asked: Moment) -> None:
        own, merchant = score(ours(), asked, keeps_learning=True), score(Promise(zone=ZONE), asked)

        assert own.count == merchant.count > 800
        assert own.error < merchant.error / 2
        assert own.pinball < merchant.pinball / 3

    @pytest.mark.parametrize("asked", [eta.placed, eta.handed])
    def test_ours_errs_less_than_the_median_of_all(self, asked: Moment) -> None:
        flat = score(Flat(zone=ZONE, from_handing=asked is eta.handed), asked)
        frozen, own = score(ours(), asked), score(ours(), asked, keeps_learning=True)

        assert own.error < frozen.error < flat.error
        assert own.pinball < frozen.pinball < flat.pinball

    def test_three_of_four_come_within_the_window_and_few_after_it(self) -> None:
        own = score(ours(), eta.handed, keeps_learning=True)

        assert 0.75 <= own.coverage <= 0.95
        assert own.after <= 0.20
        assert own.width < 14

    def test_it_stays_so_while_a_parcel_is_late(self) -> None:
        asked = eta.silent(timedelta(days=14))

        own, merchant = score(ours(), asked, keeps_learning=True), score(Promise(zone=ZONE), asked)

        assert own.error < merchant.error
        assert own.coverage >= 0.75

    def test_the_surer_it_is_the_nearer_it_comes(self) -> None:
        found = guesses(ours(), eta.handed, keeps_learning=True)
        sure, unsure = (
            Score.of([one for one in found if one.confidence == name]) for name in ("medium", "low")
        )

        assert sure.error < unsure.error
        assert sure.width < unsure.width - 3
