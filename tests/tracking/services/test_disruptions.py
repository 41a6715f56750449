"""Whoever declares a disruption moves what its parcels are expected, at once and in batches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from portal.outbox.models import Event
from tests.factories.tracking import NOON, ParcelFactory
from tests.tracking.pushes import event
from tests.tracking.services.test_expecting import know, tell
from tracking.expecting import Stage
from tracking.models import DisruptionWindow, Parcel
from tracking.services import disruptions, learning

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
PICKED_UP = event("picked_up", at=NOON - 2 * HOUR)


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    learning.forget()
    yield
    learning.forget()


def follow_all() -> list[tuple[int | None, int]]:
    """Let every event about disruptions be followed; return them as (carrier, after)."""
    told = []
    seen = 0
    while (one := Event.objects.filter(name="tracking.disruption_changed", pk__gt=seen)).exists():
        for found in one.order_by("pk"):
            seen = found.pk
            told.append((found.payload["carrier_id"], found.payload["after"]))
            disruptions.follow(**found.payload, now=NOON)
    return told


def window_to(one: Parcel) -> object:
    one.refresh_from_db()
    return one.own_eta_to


def test_one_carriers_parcels_wait_and_go_on_when_it_is_taken_back() -> None:
    know(Stage.MOVING, 30)
    held, free = (
        tell(ParcelFactory.create(), PICKED_UP),
        tell(ParcelFactory.create(carrier__slug="dhl"), PICKED_UP),
    )
    before = window_to(held), window_to(free)

    window = disruptions.keep(
        window=DisruptionWindow(
            carrier=held.carrier, begins_at=NOON, ends_at=NOON + 48 * HOUR, reason="Snow"
        ),
        now=NOON,
    )
    told = follow_all()

    assert told == [(held.carrier_id, 0)]
    assert window_to(held) == NOON + 79 * HOUR
    assert window_to(free) == before[1]

    disruptions.drop(window=window, now=NOON)
    follow_all()

    assert (window_to(held), window_to(free)) == before
    assert not DisruptionWindow.objects.exists()


def test_one_that_moves_to_another_carrier_is_told_to_both() -> None:
    ups, dhl = ParcelFactory.create(), ParcelFactory.create(carrier__slug="dhl")
    window = disruptions.keep(
        window=DisruptionWindow(carrier=ups.carrier, begins_at=NOON, reason="Strike"), now=NOON
    )
    Event.objects.all().delete()

    window.carrier = dhl.carrier
    disruptions.keep(window=window, now=NOON)

    told = Event.objects.values_list("payload__carrier_id", flat=True)
    assert sorted(told) == sorted([ups.carrier_id, dhl.carrier_id])


def test_many_parcels_follow_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disruptions, "BATCH", 2)
    know(Stage.MOVING, 30)
    parcels = [tell(ParcelFactory.create(), PICKED_UP) for _ in range(5)]
    tell(ParcelFactory.create(), PICKED_UP, event("delivered", at=NOON - HOUR))

    disruptions.keep(
        window=DisruptionWindow(begins_at=NOON, ends_at=NOON + 24 * HOUR, reason="Flood"), now=NOON
    )
    told = follow_all()

    assert told == [(None, 0), (None, parcels[1].pk), (None, parcels[3].pk)]
    assert {window_to(one) for one in parcels} == {NOON + 55 * HOUR}
