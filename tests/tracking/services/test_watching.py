"""Silence is noticed in time, once, with its evidence; news ends it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.outbox.models import Event
from tests.factories.tracking import (
    CarrierFactory,
    OrderFactory,
    OrderLineFactory,
    ParcelFactory,
    ParcelLineFactory,
    SightingFactory,
)
from tests.tracking import pushes
from tracking import tasks
from tracking.models import (
    Anomaly,
    Carrier,
    DisruptionWindow,
    OrderCheck,
    Parcel,
    ParcelCheck,
    Threshold,
)
from tracking.models.polling import Breaker, Poll
from tracking.services import handling, orders, watching
from tracking.services.orders import NewLine, NewOrder, NewParcel
from tracking.states import ParcelStatus

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)
"""10:00 in New York."""
S = ParcelStatus


def day(number: int, *, hour: int = 15) -> datetime:
    """Return a moment of March 2026; 2, 9 and 16 are Mondays. Clocks change on the 8th."""
    return datetime(2026, 3, number, hour - (number >= 8), tzinfo=UTC)


def make(**facts: Any) -> Parcel:
    """Make a parcel on its way, last seen on Monday, with something inside."""
    start: dict[str, Any] = {
        "status": S.IN_TRANSIT,
        "status_at": MONDAY,
        "last_scan_at": MONDAY,
        "shipped_at": MONDAY - timedelta(days=1),
        "promised_at": None,
    }
    parcel = ParcelFactory.create(**start | facts)
    line = OrderLineFactory.create(order=parcel.order)
    ParcelLineFactory.create(parcel=parcel, order_line=line)
    watching.begin(parcel_id=parcel.pk, now=MONDAY)
    return parcel


def sweep(now: datetime) -> None:
    while watching.sweep(now=now):
        pass


def look(parcel: Parcel, now: datetime) -> list[tuple[str, int, bool]]:
    """Sweep, and return kind, level and whether it is open, oldest first."""
    sweep(now)
    rows = Anomaly.objects.filter(parcel=parcel).order_by("pk")
    return [(one.kind, one.level, one.cleared_at is None) for one in rows]


def told(name: str = "tracking.anomaly_found") -> list[dict[str, Any]]:
    return [event.payload for event in Event.objects.filter(name=name).order_by("pk")]


def scan(parcel: Parcel, status: str, *, at: datetime) -> None:
    """Let the carrier push one event, and take it in."""
    body = pushes.body(parcel.number, [pushes.event(status, at=at)])
    pushes.put(parcel.connection, body, now=at)
    pushes.drain(now=at)


class TestEpisode:
    def test_it_opens_rises_and_is_ended_by_news(self) -> None:
        parcel = make()

        assert look(parcel, day(5) - timedelta(minutes=1)) == []
        assert look(parcel, day(5)) == [("stalled", 1, True)]
        assert look(parcel, day(9)) == [("stalled", 2, True)]
        scan(parcel, "in_transit", at=day(10))
        assert look(parcel, day(10)) == [("stalled", 2, False)]

        one = Anomaly.objects.get()
        assert (one.opened_at, one.escalated_at, one.cleared_at) == (day(5), day(9), day(10))
        assert (one.severity, one.party, one.lane) == (2, "carrier", "domestic")
        assert (one.since, one.cleared_by) == (MONDAY, "news")

    def test_its_evidence_says_which_rule_which_scan_and_until_when(self) -> None:
        parcel = make()
        SightingFactory.create(parcel=parcel, occurred_at=MONDAY, raw_text="Departed", country="")
        look(parcel, day(5))
        look(parcel, day(9))
        scan(parcel, "delivered", at=day(9, hour=20))

        evidence = Anomaly.objects.get(kind="stalled").evidence
        first, second = evidence["history"]
        rule = Threshold.objects.get(kind="stalled", lane="domestic", level=1)
        assert evidence["scan"]["raw_text"] == "Departed"
        assert first == {
            "threshold": rule.pk,
            "level": 1,
            "severity": 3,
            "limit": "3 business_days",
            "anchor": "scan",
            "since": MONDAY.isoformat(),
            "working_days": 3.0,
            "stood_still": [],
            "due_at": day(5).isoformat(),
            "counted_until": day(5).isoformat(),
            "lane": "domestic",
            "status": "in_transit",
            "attempts": 0,
        }
        assert (second["level"], second["working_days"]) == (2, 5.0)
        assert evidence["cleared"] == {
            "at": day(9, hour=20).isoformat(),
            "status": "delivered",
            "last_scan_at": day(9, hour=20).isoformat(),
        }

    def test_a_new_silence_is_a_new_row(self) -> None:
        parcel = make()
        look(parcel, day(5))
        scan(parcel, "in_transit", at=day(5, hour=20))

        assert look(parcel, day(10, hour=20)) == [("stalled", 1, False), ("stalled", 1, True)]

    def test_a_scan_that_nobody_heard_of_ends_the_old_episode_and_the_new_one_opens(self) -> None:
        parcel = make()
        look(parcel, day(5))
        Parcel.objects.filter(pk=parcel.pk).update(last_scan_at=day(6))

        assert look(parcel, day(11)) == [("stalled", 1, False), ("stalled", 1, True)]

    def test_looking_twice_changes_nothing(self) -> None:
        parcel = make()
        look(parcel, day(5))
        ParcelCheck.objects.update(check_at=day(5))

        assert look(parcel, day(5, hour=16)) == [("stalled", 1, True)]
        assert len(told()) == 1

    def test_it_ends_by_itself_when_the_rule_no_longer_holds(self) -> None:
        parcel = make()
        look(parcel, day(5))
        DisruptionWindow.objects.create(begins_at=day(3), ends_at=day(5), reason="Snow")

        assert look(parcel, day(6)) == [("stalled", 1, False)]
        assert Anomaly.objects.get().cleared_by == "rule"

    def test_what_was_resolved_by_hand_is_not_opened_again_for_the_same_silence(self) -> None:
        parcel = make()
        look(parcel, day(5))
        person = OrderFactory.create().shopper
        handling.resolve(
            anomaly_ids=[Anomaly.objects.get().pk], person=person, note="Called them.", now=day(5)
        )

        assert look(parcel, day(9)) == [("stalled", 1, False)]
        assert Anomaly.objects.filter(kind="stalled", cleared_at=None).count() == 0
        scan(parcel, "in_transit", at=day(9, hour=20))
        sweep(day(13, hour=20))
        assert Anomaly.objects.filter(kind="stalled", cleared_at=None).count() == 1

    def test_page_and_api_are_told_anew(self) -> None:
        parcel = make()
        look(parcel, day(5))

        parcel.refresh_from_db()
        assert parcel.revision == 1


class TestKinds:
    def test_never_scanned(self) -> None:
        parcel = make(status=S.INFO_RECEIVED, last_scan_at=None, shipped_at=MONDAY)

        assert look(parcel, day(4)) == [("no_first_scan", 1, True)]
        scan(parcel, "picked_up", at=day(4, hour=16))
        assert look(parcel, day(4, hour=17)) == [("no_first_scan", 1, False)]

    def test_late(self) -> None:
        parcel = make(promised_at=day(3, hour=22), last_scan_at=day(3))

        assert look(parcel, day(3, hour=21)) == []
        assert look(parcel, day(3, hour=22)) == [("past_eta", 1, True)]
        scan(parcel, "delivered", at=day(4))
        assert look(parcel, day(4)) == [("past_eta", 1, False)]

    def test_a_later_date_of_the_carrier_makes_it_not_late(self) -> None:
        parcel = make(eta_to=day(3), last_scan_at=day(4))
        assert look(parcel, day(4)) == [("past_eta", 1, True)]

        event = pushes.event("in_transit", at=day(4, hour=18))
        body = pushes.body(
            parcel.number, [event], eta={"from": day(6).isoformat(), "to": day(6).isoformat()}
        )
        pushes.put(parcel.connection, body, now=day(4, hour=18))
        pushes.drain(now=day(4, hour=18))

        assert look(parcel, day(4, hour=18)) == [("past_eta", 1, False)]

    def test_stuck_at_customs(self) -> None:
        parcel = make(status=S.CUSTOMS)

        assert look(parcel, day(9)) == [("customs_stuck", 1, True)]
        assert Anomaly.objects.get().party == "customs"

    def test_not_collected(self) -> None:
        parcel = make(status=S.AVAILABLE_FOR_PICKUP)

        assert look(parcel, MONDAY + timedelta(days=5)) == [("pickup_expiring", 1, True)]

    def test_tried_three_times(self) -> None:
        parcel = make(status=S.OUT_FOR_DELIVERY)
        for number in (3, 4):
            scan(parcel, "attempt_failed", at=day(number))
            assert look(parcel, day(number)) == []
        scan(parcel, "attempt_failed", at=day(5))

        assert look(parcel, day(5)) == [("attempts_exhausted", 1, True)]
        assert told()[0]["count"] == 3
        scan(parcel, "available_for_pickup", at=day(5, hour=20))
        assert look(parcel, day(5, hour=20)) == [("attempts_exhausted", 1, False)]

    def test_probably_lost_asks_for_an_inquiry_and_moves_nothing(self) -> None:
        parcel = make()
        look(parcel, day(5))
        look(parcel, day(9))

        assert look(parcel, day(11)) == [("stalled", 2, True), ("suspected_lost", 1, True)]
        (inquiry,) = told("tracking.inquiry_due")
        assert (inquiry["kind"], inquiry["parcel_id"]) == ("suspected_lost", parcel.pk)
        assert (inquiry["count"], inquiry["next_at"]) == (7, day(18).isoformat())

    def test_lost_by_the_carriers_own_word_ends_our_suspicion(self) -> None:
        parcel = make()
        look(parcel, day(11))
        scan(parcel, "lost", at=day(12))

        assert dict(Anomaly.objects.filter(parcel=parcel).values_list("kind", "cleared_by")) == {
            "stalled": "news",
            "suspected_lost": "news",
            "lost": "",
        }

    def test_nobody_can_be_heard(self) -> None:
        parcel = make(connection=None, last_scan_at=None, status=S.REGISTERED, shipped_at=MONDAY)

        assert look(parcel, day(3)) == [("untrackable", 1, True)]
        assert look(parcel, day(20)) == [("untrackable", 1, True)]
        assert Anomaly.objects.get().evidence["why"] == "no_connection"

    def test_the_carrier_refuses_the_number(self) -> None:
        parcel = make(last_scan_at=None, status=S.REGISTERED, shipped_at=MONDAY)
        assert parcel.connection
        Poll.objects.create(
            parcel=parcel, connection=parcel.connection, number=parcel.number,
            outcome="invalid_number",
        )  # fmt: skip

        assert look(parcel, day(3)) == [("untrackable", 1, True)]
        assert Anomaly.objects.get().evidence["why"] == "invalid_number"
        scan(parcel, "picked_up", at=day(4))
        assert look(parcel, day(4)) == [("untrackable", 1, False)]

    def test_after_sixty_days_we_stop_looking_until_it_moves(self) -> None:
        parcel = make(connection__slug="old")
        assert look(parcel, MONDAY + timedelta(days=60))[-1] == ("expired", 1, True)
        assert not ParcelCheck.objects.exists()

        scan(parcel, "in_transit", at=MONDAY + timedelta(days=61))
        assert {one[2] for one in look(parcel, MONDAY + timedelta(days=61))} == {False}
        assert ParcelCheck.objects.count() == 1


class TestCalendars:
    def test_a_weekend_opens_nothing(self) -> None:
        parcel = make(last_scan_at=day(5), promised_at=day(20))

        assert look(parcel, day(8, hour=23)) == []
        assert look(parcel, day(10)) == [("stalled", 1, True)]

    def test_chinese_couriers_work_on_weekends_and_rest_at_new_year(self) -> None:
        carrier = CarrierFactory.create(slug="sf", timezone="Asia/Shanghai")
        last = datetime(2026, 2, 14, 2, tzinfo=UTC)
        parcel = make(carrier=carrier, order__country="CN", last_scan_at=last, status_at=last)
        ParcelCheck.objects.update(check_at=last)

        # Saturday and Sunday count, the holiday does not, nor does the last day of it, Monday.
        assert look(parcel, datetime(2026, 2, 20, tzinfo=UTC)) == []
        assert look(parcel, datetime(2026, 2, 22, 1, tzinfo=UTC)) == []
        assert look(parcel, datetime(2026, 2, 22, 3, tzinfo=UTC)) == [("stalled", 1, True)]

    def test_a_carriers_own_weekdays_overrule_its_countrys(self) -> None:
        carrier = CarrierFactory.create(slug="weekend", weekdays="67")
        parcel = make(carrier=carrier)

        # Three days of Saturdays and Sundays.
        assert look(parcel, day(14, hour=10)) == []
        assert look(parcel, day(16, hour=10)) == [("stalled", 1, True)]

    def test_a_rule_of_the_carrier_overrules_the_general_one(self) -> None:
        parcel = make()
        Threshold.objects.create(
            kind="stalled", lane="", carrier=parcel.carrier, level=1, anchor="scan", amount=1,
            severity=1,
        )  # fmt: skip

        assert look(parcel, day(3)) == [("stalled", 1, True)]
        assert Anomaly.objects.get().severity == 1

    def test_a_window_in_the_place_of_the_last_scan_holds_its_clock(self) -> None:
        held, free = make(), make()
        SightingFactory.create(parcel=held, occurred_at=MONDAY, location="Ningbo hub")
        SightingFactory.create(parcel=free, occurred_at=MONDAY, location="Louisville, KY")
        DisruptionWindow.objects.create(begins_at=day(3), reason="Typhoon", region="ningbo")

        assert look(held, day(6)) == []
        assert look(free, day(6)) == [("stalled", 1, True)]

    @pytest.mark.parametrize(
        ("origin", "slug", "lane", "due"),
        [
            ("US", "ups", "domestic", 5),
            ("CN", "ups", "cross_border", 11),
            ("CN", "usps", "postal", 16),
        ],
    )
    def test_the_first_scan_says_which_lane_it_is(
        self, origin: str, slug: str, lane: str, due: int
    ) -> None:
        parcel = make(carrier=CarrierFactory.create(slug=slug))
        SightingFactory.create(parcel=parcel, occurred_at=MONDAY, country="US")
        SightingFactory.create(
            parcel=parcel, occurred_at=MONDAY - timedelta(days=1), country=origin
        )

        assert look(parcel, day(due) - timedelta(minutes=1)) == []
        assert look(parcel, day(due)) == [("stalled", 1, True)]
        assert (ParcelCheck.objects.get().lane, Anomaly.objects.get().lane) == (lane, lane)

    def test_what_staff_say_of_a_carrier_overrules_our_list_of_posts(self) -> None:
        carrier = CarrierFactory.create(slug="usps", is_postal=False)
        parcel = make(carrier=carrier)
        SightingFactory.create(parcel=parcel, occurred_at=MONDAY, country="CN")
        look(parcel, day(11))

        assert Anomaly.objects.get().lane == "cross_border"


class TestLines:
    def test_silence_says_nothing_while_the_carrier_cannot_be_asked(self) -> None:
        parcel = make()
        assert parcel.connection
        breaker = Breaker.objects.create(
            connection=parcel.connection, state="open", opened_at=day(4), probe_at=day(6)
        )
        assert look(parcel, day(6)) == []

        breaker.delete()
        assert look(parcel, day(7)) == [("stalled", 1, True)]

    def test_what_fell_due_before_the_line_went_down_stands(self) -> None:
        parcel = make()
        assert parcel.connection
        Breaker.objects.create(
            connection=parcel.connection, state="open", opened_at=day(6), probe_at=day(9)
        )

        assert look(parcel, day(9)) == [("stalled", 1, True)]


class TestLetters:
    def test_a_shopper_is_told_once_an_episode(self) -> None:
        parcel = make()
        for number in (5, 6, 9, 10):
            look(parcel, day(number))

        (found,) = told()
        (risen,) = told("tracking.anomaly_escalated")
        assert (found["tells_shopper"], risen["tells_shopper"]) == (True, False)
        assert found["items"] == ["Enamel mug × 1"]
        assert (found["since"], found["lost_at"]) == (MONDAY.isoformat(), day(11).isoformat())
        assert found["next_at"] == day(9).isoformat()
        assert (found["zone"], found["to"]) == ("America/Chicago", parcel.order.shopper_id)
        assert Anomaly.objects.get().told_at == day(5)

    def test_a_level_for_staff_only_tells_nobody_and_a_later_one_may(self) -> None:
        parcel = make(status=S.INFO_RECEIVED, last_scan_at=None, shipped_at=MONDAY)
        look(parcel, day(4))
        look(parcel, day(5))

        assert [one["tells_shopper"] for one in told()] == [False]
        assert [one["tells_shopper"] for one in told("tracking.anomaly_escalated")] == [True]

    def test_old_news_is_kept_and_told_to_nobody(self) -> None:
        make()
        sweep(day(6, hour=16))  # a day and an hour late

        assert [(one["kind"], one["tells_shopper"]) for one in told()] == [("stalled", False)]

    def test_two_troubles_that_say_the_same_are_one_letter(self) -> None:
        parcel = make(promised_at=day(4))
        look(parcel, day(4))
        look(parcel, day(5))

        assert [(one["kind"], one["tells_shopper"]) for one in told()] == [
            ("past_eta", True), ("stalled", False),
        ]  # fmt: skip

    def test_of_several_at_once_the_one_that_says_most_is_told(self) -> None:
        make(promised_at=day(11) - timedelta(hours=1))
        sweep(day(11))

        assert [one["kind"] for one in told() if one["tells_shopper"]] == ["suspected_lost"]

    def test_nobody_is_told_of_a_parcel_on_its_way_back(self) -> None:
        parcel = make(status=S.RETURNING)
        look(parcel, day(5))

        assert [(one["kind"], one["tells_shopper"]) for one in told()] == [("stalled", False)]

    def test_the_end_is_an_event_too(self) -> None:
        parcel = make()
        look(parcel, day(5))
        scan(parcel, "in_transit", at=day(6))

        (ended,) = told("tracking.anomaly_cleared")
        assert (ended["kind"], ended["cleared_by"]) == ("stalled", "news")
        assert ended["last_scan_at"] == day(6).isoformat()


class TestList:
    def test_a_delivered_parcel_is_watched_no_more_and_one_that_returns_is(self) -> None:
        parcel = make()
        scan(parcel, "delivered", at=day(3))
        assert not ParcelCheck.objects.exists()

        scan(parcel, "returning", at=day(4))
        assert ParcelCheck.objects.get().parcel == parcel

    def test_every_parcel_is_looked_at_once_a_day(self) -> None:
        make(last_scan_at=day(3))
        sweep(day(3, hour=16))

        assert ParcelCheck.objects.get().check_at == day(4, hour=16)

    def test_the_clock_looks_until_nothing_is_due(self) -> None:
        for _ in range(3):
            make()
        with time_machine.travel(day(5), tick=False):
            tasks.watch()

        assert Anomaly.objects.count() == 3
        assert settings.CELERY_BEAT_SCHEDULE["watch"]["task"] == tasks.watch.name

    def test_a_parcel_that_cannot_be_judged_keeps_no_other_from_it(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken, fine = make(), make(carrier=CarrierFactory.create(slug="fine"))
        Carrier.objects.filter(pk=broken.carrier_id).update(pickup_days=32767)
        Parcel.objects.filter(pk=broken.pk).update(
            status=S.AVAILABLE_FOR_PICKUP, status_at=datetime(9990, 1, 1, tzinfo=UTC)
        )
        sweep(day(5))

        assert Anomaly.objects.get().parcel == fine
        assert f"parcel {broken.pk} cannot be judged" in caplog.text
        assert ParcelCheck.objects.get(parcel=broken).check_at == day(6)

    def test_a_batch_asks_a_constant_number_of_questions(self) -> None:
        def ask(count: int) -> int:
            for _ in range(count):
                make()
            with CaptureQueriesContext(connection) as seen:
                watching.sweep(now=day(5))
            return len(seen)

        assert ask(2) == ask(9)


class TestOrders:
    ORDER = NewOrder(
        number="PH-1", email="wei@example.org", currency="USD", placed_at=MONDAY,
        lines=[NewLine(sku="MUG", title="Mug", quantity=2, price_minor=1000)],
    )  # fmt: skip
    PARCEL = NewParcel(number="1Z999AA10123456784", carrier="ups")

    @pytest.fixture(autouse=True)
    def _at_home(self, settings: Any) -> None:
        settings.TIME_ZONE = "America/New_York"
        settings.HOME_COUNTRY = "US"

    def test_one_that_is_not_sent_in_time_is_found_and_ends_with_its_parcel(self) -> None:
        order, _ = orders.register(order=self.ORDER, now=MONDAY)
        sweep(day(4) - timedelta(minutes=1))
        assert not Anomaly.objects.exists()

        sweep(day(4))
        one = Anomaly.objects.get()
        assert (one.kind, one.order, one.parcel, one.party) == (
            "not_shipped", order, None, "merchant",
        )  # fmt: skip
        (found,) = told()
        assert (found["tells_shopper"], found["order"], found["items"]) == (
            True, "PH-1", ["Mug × 2"],
        )  # fmt: skip
        assert (found["parcel_id"], found["token"]) == (0, "")

        orders.add_parcel(order=order, parcel=self.PARCEL, now=day(5))
        one.refresh_from_db()
        assert (one.cleared_at, one.cleared_by) == (day(5), "news")
        assert not OrderCheck.objects.exists()

    def test_one_that_came_with_its_parcel_is_not_watched(self) -> None:
        orders.register(order=replace(self.ORDER, parcels=[self.PARCEL]), now=MONDAY)

        assert not OrderCheck.objects.exists()
        assert ParcelCheck.objects.count() == 1

    def test_it_rises_and_is_told_once(self) -> None:
        orders.register(order=self.ORDER, now=MONDAY)
        sweep(day(4))
        sweep(day(9))

        assert Anomaly.objects.get().level == 2
        assert [one["tells_shopper"] for one in told("tracking.anomaly_escalated")] == [False]

    def test_resolved_by_hand_it_stays_so(self) -> None:
        orders.register(order=self.ORDER, now=MONDAY)
        sweep(day(4))
        person = OrderFactory.create().shopper
        handling.resolve(
            anomaly_ids=[Anomaly.objects.get().pk], person=person, note="Cancelled.", now=day(4)
        )
        sweep(day(10))

        assert Anomaly.objects.filter(cleared_at=None).count() == 0
