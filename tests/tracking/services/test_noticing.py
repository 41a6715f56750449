"""Trouble in scans: told once by one letter, resolved by hand for what was seen and no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.outbox.models import Event
from tests.factories.accounts import PersonFactory
from tests.factories.tracking import NOON, ParcelFactory
from tests.tracking import pushes
from tracking.models import Anomaly, Parcel
from tracking.services import handling

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def parcel() -> Parcel:
    return ParcelFactory.create(shipped_at=None)


def push(
    parcel: Parcel, status: str, *, at: datetime, now: datetime | None = None, **facts: Any
) -> None:
    body = pushes.body(parcel.number, [pushes.event(status, at=at, **facts)])
    pushes.put(parcel.connection, body, now=now or at)
    pushes.drain(now=now or at)


def told() -> list[tuple[str, bool]]:
    found = Event.objects.filter(name="tracking.anomaly_found").order_by("pk")
    return [(event.payload["kind"], event.payload["tells_shopper"]) for event in found]


def resolve(at: datetime) -> None:
    handling.resolve(
        anomaly_ids=[Anomaly.objects.get(cleared_at=None).pk],
        person=PersonFactory.create(),
        note="Only the box.",
        now=at,
    )


class TestLetters:
    def test_damage_told_by_the_letter_about_the_hold_up_needs_none_of_its_own(
        self, parcel: Parcel
    ) -> None:
        push(parcel, "exception", at=NOON, reason="damaged")

        assert told() == [("damaged", False)]

    def test_damage_found_after_the_hold_up_was_told_is_told(self, parcel: Parcel) -> None:
        push(parcel, "exception", at=NOON, reason="weather")
        push(parcel, "exception", at=NOON + HOUR, reason="damaged")

        assert told() == [("damaged", True)]
        assert Anomaly.objects.get().told_at == NOON + HOUR

    def test_damage_of_a_parcel_that_goes_on_is_told(self, parcel: Parcel) -> None:
        push(parcel, "in_transit", at=NOON, reason="damaged")

        assert told() == [("damaged", True)]

    def test_damage_of_the_day_before_yesterday_is_kept_and_not_told(self, parcel: Parcel) -> None:
        push(parcel, "in_transit", at=NOON - 49 * HOUR, now=NOON, reason="damaged")

        assert told() == [("damaged", False)]
        assert Anomaly.objects.get().is_public is True

    def test_lost_again_after_it_was_found_is_told_again(self, parcel: Parcel) -> None:
        push(parcel, "lost", at=NOON)
        push(parcel, "in_transit", at=NOON + HOUR)
        push(parcel, "lost", at=NOON + 2 * HOUR)

        assert told() == [("lost", False), ("lost", True)]

    @pytest.mark.parametrize(
        ("status", "facts", "kind"),
        [
            ("attempt_failed", {"reason": "refused"}, "refused"),
            ("returning", {}, "returned"),
        ],
    )
    def test_what_its_status_says_is_told_by_that_alone(
        self, parcel: Parcel, status: str, facts: dict[str, Any], kind: str
    ) -> None:
        push(parcel, status, at=NOON, **facts)

        assert (kind, False) in told()
        assert Anomaly.objects.get(kind=kind).is_public is False

    def test_a_disputed_delivery_is_for_staff(self, parcel: Parcel) -> None:
        push(parcel, "delivered", at=NOON)
        push(parcel, "attempt_failed", at=NOON + HOUR)

        assert told() == [("delivered_disputed", False)]


class TestResolvedByHand:
    def test_other_news_does_not_open_it_again(self, parcel: Parcel) -> None:
        push(parcel, "exception", at=NOON, reason="damaged")
        resolve(NOON + HOUR)
        push(parcel, "in_transit", at=NOON + 2 * HOUR)

        assert Anomaly.objects.count() == 1

    def test_the_same_scan_told_late_does_not_open_it_again(self, parcel: Parcel) -> None:
        push(parcel, "exception", at=NOON, reason="damaged")
        resolve(NOON + HOUR)
        push(parcel, "exception", at=NOON + HOUR / 2, now=NOON + 2 * HOUR, reason="damaged")

        assert Anomaly.objects.count() == 1

    def test_new_damage_afterwards_is_another_trouble(self, parcel: Parcel) -> None:
        push(parcel, "exception", at=NOON, reason="damaged")
        resolve(NOON + HOUR)
        push(parcel, "exception", at=NOON + 2 * HOUR, reason="damaged")

        assert list(Anomaly.objects.order_by("pk").values_list("cleared_by", flat=True)) == [
            "hand", "",
        ]  # fmt: skip

    def test_it_says_who_and_why_and_keeps_the_scan(self, parcel: Parcel) -> None:
        push(parcel, "exception", at=NOON, reason="damaged", text="Crushed carton")
        resolve(NOON + HOUR)

        one = Anomaly.objects.get()
        assert one.evidence["raw_text"] == "Crushed carton"
        assert one.evidence["cleared"]["note"] == "Only the box."
        assert one.evidence["cleared"]["by"] == one.resolved_by_id
        parcel.refresh_from_db()
        assert parcel.revision == 2
