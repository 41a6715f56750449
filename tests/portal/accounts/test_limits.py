from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from portal.accounts import limits
from portal.accounts.models import Tally

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)


@pytest.fixture
def redis_is_away(settings: Settings) -> Iterator[None]:
    # Nothing listens on port 1
    caches = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    settings.CACHES = caches
    yield
    limits._away_until = 0.0


def spend(key: str = "code wen@example.org", *, limit: int = 5, now: datetime = NOW) -> bool:
    return limits.spend(key, limit=limit, seconds=60, now=now)


def together(count: int) -> list[bool]:
    answers: list[bool] = []

    def one() -> None:
        try:
            answers.append(spend())
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


class TestSpend:
    @pytest.mark.django_db(transaction=True)
    def test_exactly_five_of_forty_at_once_pass(self) -> None:
        answers = together(40)

        assert (answers.count(True), answers.count(False)) == (5, 35)
        assert not Tally.objects.exists()

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.usefixtures("redis_is_away")
    def test_exactly_five_of_forty_at_once_pass_without_redis(self) -> None:
        answers = together(40)

        assert (answers.count(True), answers.count(False)) == (5, 35)

    @pytest.mark.django_db
    def test_keys_do_not_disturb_each_other(self) -> None:
        assert [spend("a", limit=1), spend("b", limit=1), spend("a", limit=1)] == [
            True,
            True,
            False,
        ]

    @pytest.mark.django_db
    @pytest.mark.usefixtures("redis_is_away")
    def test_the_window_begins_anew_when_it_is_over(self) -> None:
        assert spend(limit=1)
        assert not spend(limit=1, now=NOW + timedelta(seconds=59))
        assert spend(limit=1, now=NOW + timedelta(seconds=60))

    @pytest.mark.django_db
    @pytest.mark.usefixtures("redis_is_away")
    def test_keeps_no_address(self) -> None:
        spend()

        assert "wen" not in Tally.objects.get().key
        assert "@" not in Tally.objects.get().key

    @pytest.mark.django_db
    def test_forgiven_tries_do_not_count(self) -> None:
        assert spend(limit=1)
        limits.forgive("code wen@example.org")

        assert spend(limit=1)
