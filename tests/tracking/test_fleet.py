"""A slice of the fleet's fourteen days, through the real inbox; the carriers' ledgers judge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.fleet import simulation
from bench.fleet.carriers import adapters
from tracking.carriers import registry
from tracking.services import budgets

DAYS = 2.0
TICK = 600.0


@pytest.fixture
def _no_strangers() -> Iterator[None]:
    """Forget the made-up carriers afterwards, and any trouble with Redis before."""
    budgets._away_until = 0.0
    yield
    for slug in adapters():
        registry.ADAPTERS.pop(slug, None)


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_strangers")
def test_four_ill_carriers_break_no_quota_starve_nobody_and_leave_the_fifth_alone() -> None:
    found = {
        one.slug: one
        for one in simulation.simulate(
            parcels=220, days=DAYS, has_faults=True, has_inbox=True, tick=TICK
        )
    }

    for one in found.values():
        assert (one.breaches, one.too_soon, one.too_often) == (0, 0, 0), one
        assert one.starved == 0, one
        assert one.numbers > one.parcels, one
    well = found["fedex"]
    assert well.lag_bad[1] <= TICK + 60
    assert well.lag_good[1] <= TICK + 60
    assert well.delivered == 1000
    opened = {slug for slug, one in found.items() if one.openings}
    assert opened == {"kuaidi100", "usps", "dhl"}
