"""The desk sees how carriers are asked, resets a breaker, types credentials, asks now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.roles import RoleName
from tests.factories.tracking import NOON, ConnectionFactory, ParcelFactory
from tests.tracking.test_admin import staff
from tracking.carriers import registry
from tracking.models import Breaker, BreakerMove, Connection, Poll, PollHour
from tracking.services import credentials, poll_times, standing

pytestmark = pytest.mark.django_db

KEY = "fedex-client-secret-do-not-tell"


@pytest.fixture
def desk(settings: Any) -> Client:
    settings.DEMO = True  # lets staff in without a second factor
    return staff(RoleName.ADMINISTRATOR)


@pytest.fixture
def line() -> Connection:
    return ConnectionFactory.create(slug="fedex-main", adapter="fedex")


def page(connection: Connection, name: str) -> str:
    return reverse(f"admin:tracking_connection_{name}_page", args=[connection.pk])


def stop(connection: Connection) -> None:
    now = timezone.now()
    Breaker.objects.create(
        connection=connection, state="open", failures=1, kind="auth", error_at=now, opened_at=now,
        error="Your key is <b>void</b>.", probe_at=now + timedelta(minutes=15),
    )  # fmt: skip


class TestHealth:
    def test_a_new_connection_says_what_it_lacks(self, desk: Client, line: Connection) -> None:
        text = desk.get(page(line, "health")).content.decode()

        assert "It is not asked until these credentials are typed" in text
        assert "Nothing has been asked yet." in text

    def test_a_stopped_connection_says_why_and_is_asked_again_by_a_person(
        self, desk: Client, line: Connection
    ) -> None:
        stop(line)

        before = desk.get(page(line, "health")).content.decode()
        answer = desk.post(page(line, "health"), {"reset": "1"})

        assert "Your key is &lt;b&gt;void&lt;/b&gt;." in before
        assert "after one failure. One try at" in before
        assert answer.status_code == 302
        assert Breaker.objects.get().state == "closed"
        move = BreakerMove.objects.order_by("-pk")[0]
        assert (move.target, move.actor is not None) == ("closed", True)

    def test_an_agent_reads_it_and_resets_nothing(self, desk: Client, line: Connection) -> None:
        stop(line)
        agent = staff(RoleName.AGENT)

        assert agent.get(page(line, "health")).status_code == 200
        assert agent.post(page(line, "health"), {"reset": "1"}).status_code == 403
        assert Breaker.objects.get().state == "open"

    def test_the_figures_are_those_of_the_last_day(self, line: Connection) -> None:
        for hours, calls in ((1, 10), (5, 7), (30, 100)):
            hour = NOON - timedelta(hours=hours)
            PollHour.objects.create(
                connection=line, hour=hour, calls=calls, late_1m=calls, late_1h=1, slowest_ms=calls
            )

        found = standing.health(connection=line, now=NOON)

        assert (found.day["calls"], found.slowest_ms) == (17, 10)
        assert (found.lag, found.is_lag_open) == (timedelta(hours=1), False)

    def test_lateness_beyond_a_day_is_said_to_be_more(self, line: Connection) -> None:
        PollHour.objects.create(connection=line, hour=NOON - timedelta(hours=1), late_more=3)

        found = standing.health(connection=line, now=NOON)

        assert (found.lag, found.is_lag_open) == (timedelta(days=1), True)


class TestCredentials:
    def test_what_is_typed_is_sealed_and_never_shown(self, desk: Client, line: Connection) -> None:
        name = registry.get("fedex").capabilities.credentials[0]

        answer = desk.post(page(line, "credentials"), {f"credential-{name}": f" {KEY} "})

        line.refresh_from_db()
        shown = desk.get(page(line, "credentials"))
        assert answer.status_code == 302
        assert credentials.of(line)[name] == KEY
        assert KEY.encode() not in bytes(line.credentials or b"")
        assert KEY not in shown.content.decode()
        assert "no-store" in shown.headers["Cache-Control"]
        assert "There is one." in shown.content.decode()

    def test_an_empty_field_leaves_what_is_there(self, desk: Client, line: Connection) -> None:
        name = registry.get("fedex").capabilities.credentials[0]
        credentials.keep(connection=line, values={name: KEY})

        desk.post(page(line, "credentials"), {f"credential-{name}": ""})

        line.refresh_from_db()
        assert credentials.of(line)[name] == KEY

    def test_an_agent_may_not(self, desk: Client, line: Connection) -> None:
        name = registry.get("fedex").capabilities.credentials[0]
        answer = staff(RoleName.AGENT).post(page(line, "credentials"), {f"credential-{name}": KEY})

        line.refresh_from_db()
        assert answer.status_code == 403
        assert credentials.of(line) == {}


class TestPolls:
    def test_the_lists_open_and_find_by_number(self, desk: Client, line: Connection) -> None:
        parcel = ParcelFactory.create(connection=line)
        poll_times.begin(parcel=parcel, now=NOON)

        for model in ("poll", "subscription", "proofofdelivery"):
            address = reverse(f"admin:tracking_{model}_changelist")
            assert desk.get(address, {"q": parcel.number[:8]}).status_code == 200
        row = Poll.objects.get()
        change = desk.get(reverse("admin:tracking_poll_change", args=[row.pk]))
        assert parcel.number in change.content.decode()

    def test_a_person_has_a_number_asked_about_at_once(
        self, desk: Client, line: Connection
    ) -> None:
        names = registry.get("fedex").capabilities.credentials
        credentials.keep(connection=line, values=dict.fromkeys(names, KEY))
        parcel = ParcelFactory.create(connection=line)
        poll_times.begin(parcel=parcel, now=NOON)
        later = timezone.now() + timedelta(days=1)
        Poll.objects.update(due_at=later)

        desk.post(
            reverse("admin:tracking_poll_changelist"),
            {"action": "ask_now", "_selected_action": [Poll.objects.get().pk]},
        )

        due_at = Poll.objects.get().due_at
        assert due_at is not None
        assert due_at < later
