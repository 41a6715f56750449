"""What a carrier gave us is sealed, merged into calls, never shown, and points nowhere else."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection as database
from pytest_django import Settings

from tests.factories.tracking import NOON, ConnectionFactory
from tracking.carriers.base import Token
from tracking.models import Connection, ConnectionToken
from tracking.services import credentials

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def line() -> Connection:
    """A UPS connection, which has two credentials."""
    return ConnectionFactory.create(adapter="ups", settings={"is_test": True})


def typed(line: Connection, **values: str) -> Connection:
    return credentials.keep(connection=line, values=values)


class TestKeep:
    def test_seals_what_was_typed_beside_the_open_options(self, line: Connection) -> None:
        typed(line, client_id="us", client_secret="hush-hush")

        line.refresh_from_db()
        assert b"hush" not in bytes(line.credentials or b"")
        assert credentials.of(line) == {
            "is_test": True, "client_id": "us", "client_secret": "hush-hush",
        }  # fmt: skip

    def test_an_empty_field_leaves_what_is_there(self, line: Connection) -> None:
        typed(line, client_id="us", client_secret="hush-hush")
        typed(line, client_id="", client_secret="new-hush")

        assert credentials.secrets(line) == {"client_id": "us", "client_secret": "new-hush"}

    def test_a_name_the_adapter_does_not_know_is_refused(self, line: Connection) -> None:
        with pytest.raises(credentials.Unknown, match="ups has no credential password"):
            typed(line, password="x")

        assert line.credentials is None

    def test_new_credentials_drop_the_token_of_the_old(self, line: Connection) -> None:
        ConnectionToken.objects.create(connection=line, expires_at=NOON)
        typed(line, client_id="us")

        assert not ConnectionToken.objects.exists()

    def test_credentials_win_over_options_of_the_same_name(self, line: Connection) -> None:
        line.settings = {"client_secret": "in the clear"}
        typed(line, client_secret="sealed")

        assert credentials.of(line)["client_secret"] == "sealed"


class TestHost:
    @pytest.mark.parametrize(
        ("host", "allowed"),
        [
            ("https://mirror.example", True),
            ("https://MIRROR.example/path", True),
            ("http://mirror.example", False),
            ("https://mirror.example:8443", False),
            ("https://mirror.example.evil.example", False),
            ("https://mirror.example@evil.example", False),
            ("http://169.254.169.254", False),
        ],
    )
    def test_calls_go_elsewhere_only_where_the_installation_says_so(
        self, line: Connection, settings: Settings, host: str, allowed: bool
    ) -> None:
        settings.CARRIER_HOSTS = ["https://mirror.example"]
        line.settings = {"host": host}

        assert ("host" in credentials.of(line)) is allowed

    def test_while_developing_they_go_anywhere(self, line: Connection, settings: Settings) -> None:
        settings.DEBUG = True
        line.settings = {"host": "http://127.0.0.1:9"}

        assert credentials.of(line)["host"] == "http://127.0.0.1:9"


class TestToken:
    def test_is_good_until_a_minute_before_its_end(self, line: Connection) -> None:
        assert credentials.lease_token(connection_id=line.pk, now=NOON)
        credentials.keep_token(connection_id=line.pk, token=Token(value="t", seconds=600), now=NOON)

        assert credentials.token(connection_id=line.pk, now=NOON + 8 * MINUTE) == "t"
        assert credentials.token(connection_id=line.pk, now=NOON + 9 * MINUTE) == ""
        assert not credentials.lease_token(connection_id=line.pk, now=NOON + 8 * MINUTE)
        assert credentials.lease_token(connection_id=line.pk, now=NOON + 9 * MINUTE)

    def test_a_worker_that_died_fetching_it_is_replaced(self, line: Connection) -> None:
        credentials.lease_token(connection_id=line.pk, now=NOON)

        assert not credentials.lease_token(connection_id=line.pk, now=NOON + MINUTE / 2)
        assert credentials.lease_token(connection_id=line.pk, now=NOON + MINUTE)


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_fetches_the_token() -> None:
    line = ConnectionFactory.create(adapter="ups")
    won: list[bool] = []

    def work() -> None:
        try:
            won.append(credentials.lease_token(connection_id=line.pk, now=NOON))
        finally:
            database.close()

    crew = [threading.Thread(target=work) for _ in range(8)]
    for one in crew:
        one.start()
    for one in crew:
        one.join(timeout=30)

    assert sorted(won) == [False] * 7 + [True]


def test_secrets_are_taken_out_of_what_carriers_repeat() -> None:
    said = credentials.scrub("key abcd-1234 is wrong, id us", ["abcd-1234", "us", None, 7])

    assert said == "key [key] is wrong, id us"
