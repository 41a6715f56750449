"""The desk makes, switches and rotates webhooks, and reads no secret twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_httpserver import HTTPServer

from notifications.models import Dispatch, DispatchState, Endpoint, Letter, WhyOff
from notifications.services import dispatching, endpoints, letters
from portal.accounts import roles
from portal.accounts.models import User
from tests.notifications.receiving import happened, receiver

pytestmark = pytest.mark.django_db
LIST = "admin:notifications_endpoint_changelist"
MESSAGES = "admin:notifications_dispatch_changelist"
URL = "https://hooks.example.com/amends"


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.DEMO = True  # lets staff in without a second factor


def staff(role: roles.RoleName) -> Client:
    person = User.objects.create_user(f"{role}@example.org", is_staff=True)
    roles.give(person=person, role=role)
    client = Client()
    client.force_login(person)
    return client


def made(url: str = URL) -> tuple[Endpoint, str]:
    return endpoints.make(url=url, events=["claim.filed"], now=timezone.now())


def press(client: Client, address: str, action: str, *rows: Any) -> Any:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(address), chosen, follow=True)


class TestMaking:
    def test_the_secret_is_shown_once_and_on_no_page_afterwards(self) -> None:
        desk = staff(roles.RoleName.ADMINISTRATOR)

        shown = desk.post(
            reverse("admin:notifications_endpoint_add"),
            {"url": URL, "description": "ERP", "events": ["claim.filed", "anomaly.opened"]},
        )

        endpoint = Endpoint.objects.get()
        (secret,) = endpoints.secrets(endpoint, now=timezone.now())
        assert shown.status_code == 200
        assert secret in shown.content.decode()
        assert "no-store" in shown["Cache-Control"]
        assert endpoint.events == ["anomaly.opened", "claim.filed"]
        assert endpoint.created_by is not None
        endpoints.send_test(endpoint=endpoint, now=timezone.now())
        pages = [
            reverse(LIST),
            reverse("admin:notifications_endpoint_change", args=[endpoint.pk]),
            reverse(MESSAGES),
            reverse("admin:notifications_dispatch_change", args=[Dispatch.objects.get().pk]),
        ]
        for page in pages:
            answer = desk.get(page)
            assert answer.status_code == 200
            assert secret.removeprefix("whsec_") not in answer.content.decode()

    @pytest.mark.parametrize("url", ["http://example.com/", "https://10.0.0.1/", URL])
    def test_an_address_that_cannot_be_called_or_hears_already_is_refused(self, url: str) -> None:
        made()

        answer = staff(roles.RoleName.ADMINISTRATOR).post(
            reverse("admin:notifications_endpoint_add"), {"url": url, "events": ["claim.filed"]}
        )

        assert answer.status_code == 200
        assert "errornote" in answer.content.decode() or "errors" in answer.content.decode()
        assert Endpoint.objects.count() == 1

    def test_its_address_stays_and_its_events_may_change(self) -> None:
        endpoint, secret = made()

        staff(roles.RoleName.ADMINISTRATOR).post(
            reverse("admin:notifications_endpoint_change", args=[endpoint.pk]),
            {"url": "https://evil.example.com/", "description": "B", "events": ["claim.settled"]},
        )

        endpoint.refresh_from_db()
        assert (endpoint.url, endpoint.description) == (URL, "B")
        assert endpoint.events == ["claim.settled"]
        assert list(endpoints.secrets(endpoint, now=timezone.now())) == [secret]

    def test_a_new_secret_is_asked_for_twice_and_shown_once(self) -> None:
        endpoint, first = made()
        desk = staff(roles.RoleName.ADMINISTRATOR)
        address = reverse("admin:notifications_endpoint_rotate", args=[endpoint.pk])

        assert first not in desk.get(address).content.decode()
        assert list(endpoints.secrets(endpoint, now=timezone.now())) == [first]
        shown = desk.post(address)

        endpoint.refresh_from_db()
        fresh, old = endpoints.secrets(endpoint, now=timezone.now())
        assert old == first
        assert fresh in shown.content.decode()
        assert first not in shown.content.decode()


class TestSwitching:
    def test_off_on_test_and_remove(self) -> None:
        endpoint, _secret = made()
        desk = staff(roles.RoleName.ADMINISTRATOR)

        press(desk, LIST, "switch_off", endpoint)
        endpoint.refresh_from_db()
        assert endpoint.disabled_reason == WhyOff.STAFF
        press(desk, LIST, "send_test", endpoint)
        assert not Dispatch.objects.exists()
        press(desk, LIST, "switch_on", endpoint)
        press(desk, LIST, "send_test", endpoint)
        assert Dispatch.objects.get().state == DispatchState.WAITING
        press(desk, LIST, "remove", endpoint)

        endpoint.refresh_from_db()
        assert (endpoint.disabled_reason, bytes(endpoint.secret)) == (WhyOff.REMOVED, b"")
        assert Dispatch.objects.get().state == DispatchState.DEAD
        press(desk, LIST, "switch_on", endpoint)
        endpoint.refresh_from_db()
        assert not endpoint.is_active

    def test_what_died_is_sent_again_by_who_may(self) -> None:
        endpoint, _secret = made()
        endpoints.send_test(endpoint=endpoint, now=timezone.now())
        Dispatch.objects.update(state=DispatchState.DEAD, attempts=12)
        dead = Dispatch.objects.get()

        press(staff(roles.RoleName.AUDITOR), MESSAGES, "replay", dead)
        dead.refresh_from_db()
        assert dead.state == DispatchState.DEAD
        press(staff(roles.RoleName.DUTY_MANAGER), MESSAGES, "replay", dead)

        dead.refresh_from_db()
        assert (dead.state, dead.attempts) == (DispatchState.WAITING, 0)


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "looks", "changes"),
        [
            (roles.RoleName.AGENT, 403, False),
            (roles.RoleName.APPROVER, 403, False),
            (roles.RoleName.DUTY_MANAGER, 200, False),
            (roles.RoleName.AUDITOR, 200, False),
            (roles.RoleName.ADMINISTRATOR, 200, True),
        ],
    )
    def test_who_sees_and_who_switches(
        self, role: roles.RoleName, looks: int, *, changes: bool
    ) -> None:
        endpoint, first = made()
        desk = staff(role)

        assert desk.get(reverse(LIST)).status_code == looks
        assert desk.get(reverse(MESSAGES)).status_code == looks
        added = desk.get(reverse("admin:notifications_endpoint_add")).status_code
        assert (added == 200) is changes
        desk.post(reverse("admin:notifications_endpoint_rotate", args=[endpoint.pk]))
        press(desk, LIST, "switch_off", endpoint)

        endpoint.refresh_from_db()
        assert (endpoints.secrets(endpoint, now=timezone.now())[0] != first) is changes
        assert endpoint.is_active is not changes


class TestTelling:
    @pytest.mark.parametrize("reason", [WhyOff.GONE, WhyOff.FAILING])
    def test_administrators_get_a_letter_and_the_desk_a_number(
        self, httpserver: HTTPServer, settings: Any, reason: WhyOff
    ) -> None:
        settings.WEBHOOKS_MAY_BE_LOCAL = True
        desk = staff(roles.RoleName.ADMINISTRATOR)
        staff(roles.RoleName.AGENT)
        there = receiver(httpserver, "/in?key=abc", 410 if reason == WhyOff.GONE else 500)
        httpserver.expect_request("/in").respond_with_handler(there.answer)
        if reason == WhyOff.FAILING:
            Endpoint.objects.update(failing_since=timezone.now() - timedelta(days=5))
        assert "Webhooks switched off" not in desk.get(reverse("admin:index")).content.decode()
        happened()

        dispatching.send_due(now=timezone.now())

        there.endpoint.refresh_from_db()
        assert there.endpoint.disabled_reason == reason
        assert "Webhooks switched off" in desk.get(reverse("admin:index")).content.decode()
        assert Letter.objects.get().name == "webhook_off"
        letters.send_due(now=timezone.now())
        (sent,) = mail.outbox
        assert sent.to == ["administrator@example.org"]
        assert f"http://localhost:{httpserver.port}" in str(sent.body)
        assert "key=abc" not in str(sent.body)
        assert f"/admin/notifications/endpoint/{there.endpoint.pk}/change/" in str(sent.body)
