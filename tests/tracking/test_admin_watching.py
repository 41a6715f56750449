"""The desk takes trouble, resolves it with a note, and sets thresholds and disruptions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.roles import RoleName
from portal.outbox.models import Event
from tests.factories.tracking import NOON, CarrierFactory, OrderFactory, ParcelFactory
from tests.tracking.test_admin import staff
from tracking.models import Anomaly, Carrier, DisruptionWindow, Threshold

pytestmark = pytest.mark.django_db

LIST = "admin:tracking_anomaly_changelist"


@pytest.fixture(autouse=True)
def _without_second_factor(settings: Any) -> None:
    settings.DEMO = True


@pytest.fixture
def agent() -> Client:
    return staff(RoleName.AGENT)


def trouble(kind: str = "stalled", **facts: Any) -> Anomaly:
    start: dict[str, Any] = {
        "kind": kind, "party": "carrier", "opened_at": NOON, "since": NOON - timedelta(days=5),
        "evidence": {"history": [{"threshold": 1}]},
    }  # fmt: skip
    if "order" not in facts:
        facts.setdefault("parcel", ParcelFactory.create())
    return Anomaly.objects.create(**start | facts)


def shown(client: Client, **query: Any) -> list[int]:
    page = client.get(reverse(LIST), query)
    assert page.status_code == 200
    return [row.pk for row in page.context["cl"].result_list]


class TestQueue:
    def test_the_worst_and_oldest_that_is_open_comes_first(self, agent: Client) -> None:
        newer = trouble(severity=3, opened_at=NOON)
        older = trouble(severity=3, opened_at=NOON - timedelta(days=2))
        worst = trouble(severity=1)
        over = trouble(cleared_at=NOON)

        assert shown(agent) == [worst.pk, older.pk, newer.pk]
        assert shown(agent, queue="over") == [over.pk]
        assert len(shown(agent, queue="all")) == 4

    def test_it_is_cut_by_who_has_it_age_lane_and_carrier(self, agent: Client) -> None:
        mine = trouble(assignee=User.objects.get(email="agent@example.org"))
        old = trouble(opened_at=NOON - timedelta(days=36500), lane="postal")
        other = trouble(parcel=ParcelFactory.create(carrier=CarrierFactory.create(slug="dhl")))

        assert shown(agent, queue="mine") == [mine.pk]
        assert set(shown(agent, queue="nobody")) == {old.pk, other.pk}
        assert shown(agent, lane="postal", age="30") == [old.pk]
        assert shown(agent, parcel__carrier__id__exact=other.parcel.carrier_id) == [other.pk]  # type: ignore[union-attr]

    def test_it_is_found_by_parcel_and_order_number_even_when_over(self, agent: Client) -> None:
        about_parcel = trouble(cleared_at=NOON)
        about_order = trouble("out_of_stock", order=OrderFactory.create(number="PH-77"))
        assert about_parcel.parcel

        assert shown(agent, q=about_parcel.parcel.number[:12]) == [about_parcel.pk]
        assert shown(agent, q=about_parcel.parcel.order.number) == [about_parcel.pk]
        assert shown(agent, q="PH-77") == [about_order.pk]

    def test_trouble_with_an_order_has_a_page_too(self, agent: Client) -> None:
        one = trouble("out_of_stock", order=OrderFactory.create(number="PH-77"))
        page = agent.get(reverse("admin:tracking_anomaly_change", args=[one.pk]))

        assert page.status_code == 200
        assert "PH-77" in page.content.decode()


class TestHandling:
    def press(self, client: Client, action: str, *chosen: Anomaly, **typed: str) -> Any:
        return client.post(
            reverse(LIST),
            {"action": action, "_selected_action": [one.pk for one in chosen], **typed},
        )

    def test_one_press_takes_many_and_another_puts_them_back(self, agent: Client) -> None:
        first, second, over = trouble(), trouble(), trouble(cleared_at=NOON)

        self.press(agent, "take", first, second, over)
        assert {one.assignee and one.assignee.email for one in Anomaly.objects.all()} == {
            "agent@example.org", None,
        }  # fmt: skip
        self.press(agent, "put_back", first, second)
        assert not Anomaly.objects.exclude(assignee=None).exists()

    def test_resolving_asks_why_and_keeps_the_answer_and_the_evidence(self, agent: Client) -> None:
        first, second = trouble(), trouble("out_of_stock", order=OrderFactory.create())

        asked = self.press(agent, "resolve", first, second)
        assert asked.status_code == 200
        assert not Anomaly.objects.filter(cleared_at__isnull=False).exists()
        self.press(agent, "resolve", first, second, note="  The depot found it. ")

        for one in (first, second):
            one.refresh_from_db()
            assert one.resolved_by is not None
            assert (one.cleared_by, one.note) == ("hand", "The depot found it.")
            assert one.resolved_by.email == "agent@example.org"
            assert one.evidence["history"] == [{"threshold": 1}]
            assert one.evidence["cleared"]["note"] == "The depot found it."
        ended = Event.objects.filter(name="tracking.anomaly_cleared")
        assert {event.payload["cleared_by"] for event in ended} == {"hand"}

    def test_no_word_resolves_nothing(self, agent: Client) -> None:
        one = trouble()
        asked = self.press(agent, "resolve", one, note="   ")

        assert "Write a word on why it is over." in asked.content.decode()
        one.refresh_from_db()
        assert one.cleared_at is None

    def test_one_is_handled_on_its_own_page(self, agent: Client) -> None:
        one = trouble()
        address = reverse("admin:tracking_anomaly_handle_page", args=[one.pk])
        assert agent.get(address).status_code == 200

        agent.post(address, {"take": "1"})
        one.refresh_from_db()
        assert one.assignee is not None
        agent.post(address, {"put_back": "1"})
        agent.post(address, {"note": "It came."})
        assert Anomaly.objects.filter(assignee=None, cleared_by="hand").count() == 1

    @pytest.mark.parametrize(
        ("role", "may"),
        [
            (RoleName.AGENT, True),
            (RoleName.APPROVER, True),
            (RoleName.DUTY_MANAGER, True),
            (RoleName.ADMINISTRATOR, True),
            (RoleName.AUDITOR, False),
        ],
    )
    def test_who_only_reads_handles_nothing(self, role: RoleName, may: bool) -> None:
        one = trouble()
        client = staff(role)
        self.press(client, "take", one)
        client.post(reverse("admin:tracking_anomaly_handle_page", args=[one.pk]), {"note": "Over."})

        one.refresh_from_db()
        assert (one.assignee is not None, one.cleared_at is not None) == (may, may)


class TestThresholds:
    ROW = {
        "kind": "stalled", "lane": "", "carrier": "", "anchor": "scan", "amount": "4",
        "unit": "business_days", "quiet_days": "0", "level": "1", "severity": "3",
        "is_active": "on",
    }  # fmt: skip

    def save(self, client: Client, **changes: str) -> Any:
        return client.post(reverse("admin:tracking_threshold_add"), self.ROW | changes)

    def test_an_administrator_adds_one_and_a_duty_manager_changes_it(self) -> None:
        assert self.save(staff(RoleName.ADMINISTRATOR)).status_code == 302
        made = Threshold.objects.get(lane="", kind="stalled")
        address = reverse("admin:tracking_threshold_change", args=[made.pk])

        assert (
            staff(RoleName.DUTY_MANAGER).post(address, self.ROW | {"amount": "6"}).status_code
            == 302
        )
        assert staff(RoleName.AGENT).post(address, self.ROW | {"amount": "9"}).status_code == 403
        made.refresh_from_db()
        assert made.amount == 6

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"kind": "damaged"}, "kind"),
            ({"anchor": "promised"}, "anchor"),
            ({"unit": "count"}, "unit"),
            ({"kind": "attempts_exhausted", "anchor": "attempts"}, "unit"),
            ({"level": "10"}, "level"),
            ({"severity": "5"}, "severity"),
        ],
    )
    def test_what_never_comes_about_is_refused(self, changes: dict[str, str], field: str) -> None:
        answer = self.save(staff(RoleName.ADMINISTRATOR), **changes)

        assert answer.status_code == 200
        assert field in answer.context["adminform"].form.errors
        assert not Threshold.objects.filter(carrier=None, amount=4).exists()

    def test_a_second_row_for_the_same_step_is_refused(self) -> None:
        admin = staff(RoleName.ADMINISTRATOR)
        self.save(admin)

        assert self.save(admin).status_code == 200
        assert Threshold.objects.filter(kind="stalled", lane="").count() == 1


class TestDisruptions:
    def declare(self, client: Client, **changes: str) -> Any:
        typed = {
            "reason": "Typhoon", "carrier": "", "country": "cn", "region": "Ningbo",
            "begins_at_0": "2026-09-01", "begins_at_1": "08:00", "ends_at_0": "", "ends_at_1": "",
        }  # fmt: skip
        return client.post(reverse("admin:tracking_disruptionwindow_add"), typed | changes)

    def test_a_duty_manager_declares_one(self) -> None:
        assert self.declare(staff(RoleName.DUTY_MANAGER)).status_code == 302

        made = DisruptionWindow.objects.get()
        assert (made.country, made.ends_at) == ("CN", None)
        assert made.declared_by is not None
        assert made.declared_by.email == "duty_manager@example.org"

    def test_an_agent_does_not(self) -> None:
        assert self.declare(staff(RoleName.AGENT)).status_code == 403

    def test_one_that_ends_before_it_begins_is_refused(self) -> None:
        answer = self.declare(
            staff(RoleName.DUTY_MANAGER), ends_at_0="2026-08-31", ends_at_1="08:00"
        )

        assert answer.status_code == 200
        assert not DisruptionWindow.objects.exists()


class TestCarriers:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"country": "Germany"}, "country"),
            ({"country": "D1"}, "country"),
            ({"weekdays": "128"}, "weekdays"),
            ({"subdivision": "ZZ"}, "subdivision"),
            ({}, ""),
        ],
    )
    def test_a_calendar_that_nobody_knows_is_refused(
        self, changes: dict[str, str], field: str
    ) -> None:
        typed = {
            "slug": "hermes", "name_en": "Hermes", "name_zh": "", "timezone": "Europe/Berlin",
            "tracking_url": "", "country": "de", "subdivision": "BY", "weekdays": "654321",
            "is_postal": "unknown", "pickup_days": "7",
        }  # fmt: skip
        answer = staff(RoleName.ADMINISTRATOR).post(
            reverse("admin:tracking_carrier_add"), typed | changes
        )

        if field:
            assert field in answer.context["adminform"].form.errors
        else:
            made = Carrier.objects.get(slug="hermes")
            assert (made.country, made.weekdays, made.is_postal) == ("DE", "123456", None)
