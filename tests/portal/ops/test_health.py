"""Health as machines ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from pytest_django import Settings

from portal.ops import health
from portal.outbox.models import Delivery, DeliveryState, Event
from tests.factories.tracking import ConnectionFactory, ParcelFactory
from tests.tampering import tampering
from tracking.carriers.base import Quota
from tracking.models import Breaker, Poll, PollHour
from tracking.services import budgets

TOKEN = "a-token-for-prometheus"


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


def read(client: Client, token: str) -> list[str]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return answer.content.decode().splitlines()


class TestLivez:
    def test_asks_nobody(self, client: Client) -> None:
        # no database mark: a query would fail the test
        answer = client.get("/livez")

        assert (answer.status_code, answer.content) == (200, b"ok\n")
        assert "no-store" in answer["Cache-Control"]

    def test_takes_no_posts(self, client: Client) -> None:
        assert client.post("/livez").status_code == 405


@pytest.mark.django_db
class TestReadyz:
    def test_is_ok_with_everything_there(self, client: Client) -> None:
        answer = client.get("/readyz")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "database": "ok", "broker": "ok"}

    def test_is_only_degraded_without_the_broker(self, client: Client, settings: Settings) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

        answer = client.get("/readyz")

        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert answer.json()["broker"] == "does not answer"

    def test_is_unready_while_a_migration_is_pending(self, client: Client) -> None:
        with tampering(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'outbox'")

        answer = client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["database"] == "1 migrations pending"

    def test_is_unready_when_the_database_takes_no_writes(self, client: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")

        answer = client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["database"] == "cannot be written"


class TestMetrics:
    def test_there_is_no_such_page_without_a_token(
        self, client: Client, settings: Settings
    ) -> None:
        settings.METRICS_TOKEN = ""

        answer = client.get("/metrics", headers={"Authorization": "Bearer "})

        assert answer.status_code == 404

    @pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic x", "Bearer é"])
    def test_refuses_a_wrong_token(self, client: Client, settings: Settings, header: str) -> None:
        settings.METRICS_TOKEN = TOKEN

        answer = client.get("/metrics", headers={"Authorization": header})

        assert answer.status_code == 401
        assert b"amends_" not in answer.content

    @pytest.mark.django_db
    def test_counts_what_waits_and_what_was_given_up(
        self, client: Client, settings: Settings, now: datetime
    ) -> None:
        settings.METRICS_TOKEN = TOKEN
        event = Event.objects.create(name="test.happened", recorded_at=now)
        for number, state in enumerate(["waiting", "waiting", "dead", "done"]):
            Delivery.objects.create(
                event=event,
                reaction=f"test.reaction_{number}",
                state=DeliveryState(state),
                due_at=now - timedelta(seconds=90 - number),
            )

        with time_machine.travel(now, tick=False):
            lines = read(client, TOKEN)

        assert 'amends_queue_rows{queue="deliveries",state="waiting"} 2' in lines
        assert 'amends_queue_rows{queue="deliveries",state="dead"} 1' in lines
        assert 'amends_queue_oldest_seconds{queue="deliveries",state="waiting"} 90.000' in lines
        assert 'amends_queue_rows{queue="envelopes",state="waiting"} 0' in lines
        assert 'amends_queue_oldest_seconds{queue="envelopes",state="waiting"} 0.000' in lines

    @pytest.mark.django_db
    def test_tells_every_queue(self, client: Client, settings: Settings) -> None:
        settings.METRICS_TOKEN = TOKEN

        lines = read(client, TOKEN)

        rows = [
            line.split("{")[1].split("}")[0]
            for line in lines
            if line.startswith("amends_queue_rows")
        ]
        assert rows == [
            'queue="envelopes",state="waiting"',
            'queue="envelopes",state="dead"',
            'queue="deliveries",state="waiting"',
            'queue="deliveries",state="dead"',
            'queue="letters",state="waiting"',
            'queue="letters",state="dead"',
            'queue="webhooks",state="waiting"',
            'queue="webhooks",state="dead"',
            'queue="polls",state="due"',
            'queue="breakers",state="open"',
            'queue="compensations",state="unknown"',
        ]

    @pytest.mark.django_db
    def test_tells_how_each_connection_to_a_carrier_stands(
        self, client: Client, settings: Settings, now: datetime
    ) -> None:
        settings.METRICS_TOKEN = TOKEN
        line = ConnectionFactory.create(slug="dhl")
        ConnectionFactory.create(slug="never-asked")
        parcel = ParcelFactory.create(connection=line)
        Poll.objects.create(
            parcel=parcel, connection=line, number="A", due_at=now - timedelta(minutes=7)
        )
        Poll.objects.create(parcel=parcel, connection=line, number="B", due_at=now + timedelta(1))
        PollHour.objects.create(
            connection=line, hour=now, calls=9, numbers=40, late_1m=30, late_15m=9, late_more=1
        )
        Breaker.objects.create(connection=line, state="open", probe_at=now)
        budgets.read(connection_id=line.pk, quotas=[Quota(250, 86_400)], now=now)

        with time_machine.travel(now, tick=False):
            lines = [one for one in read(client, TOKEN) if "connection=" in one]

        assert lines == [
            'amends_poll_lag_seconds{connection="dhl",quantile="0.95"} 900',
            'amends_poll_due_rows{connection="dhl"} 1',
            'amends_poll_oldest_due_seconds{connection="dhl"} 420.000',
            'amends_breaker_open{connection="dhl"} 1',
            'amends_quota_left_calls{connection="dhl",seconds="86400"} 30',
        ]
