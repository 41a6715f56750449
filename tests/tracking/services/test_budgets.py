"""No window of time ever holds more calls than its quota, whatever happens to Redis."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from redis import Redis

from tests.factories.tracking import NOON, ConnectionFactory
from tracking.carriers.base import Capabilities, Quota
from tracking.models import Budget, Connection
from tracking.services import budgets
from tracking.services.budgets import Grant

DAY = Quota(250, 86_400)
HOUR = Quota(60, 3600)
TEN_SECONDS = Quota(1400, 10)
THREE = Quota(3, 1)


@pytest.fixture(autouse=True)
def _redis_is_there() -> Iterator[None]:
    budgets._away_until = 0.0
    yield
    budgets._away_until = 0.0


def flush(settings: Settings) -> None:
    with Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter("budget:*"):
            client.delete(key)


def away(settings: Settings) -> None:
    # Nothing listens on port 1
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


def ask(
    line: Connection,
    *quotas: Quota,
    calls: int = 1,
    now: datetime = NOON,
    is_refresh: bool = False,
) -> Grant:
    book = budgets.read(connection_id=line.pk, quotas=quotas, now=now)
    return budgets.spend(book=book, calls=calls, now=now, is_refresh=is_refresh)


def most_in_any_window(calls: Sequence[datetime], seconds: int) -> int:
    """Count as the strictest carrier would: in each window that begins with a call."""
    ordered = sorted(calls)
    most, first = 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= timedelta(seconds=seconds):
            first += 1
        most = max(most, last - first + 1)
    return most


class TestBucket:
    @given(
        limit=st.integers(1, 500_000),
        seconds=st.sampled_from([1, 10, 60, 3600, 43_200, 86_400]),
    )
    def test_full_bucket_and_a_window_of_drops_stay_within_the_limit(
        self, limit: int, seconds: int
    ) -> None:
        one = budgets.bucket(Quota(limit, seconds))

        drops = -(-seconds * 1_000_000 // one.step)
        assert one.burst - 1 + drops <= limit
        assert one.burst > one.reserve >= 0

    def test_published_quotas_keep_a_tenth_for_people_and_drip_the_rest_over_the_day(self) -> None:
        day, hour, fast = (budgets.bucket(quota) for quota in (DAY, HOUR, TEN_SECONDS))

        assert (day.reserve, day.burst, round(day.steady)) == (25, 30, 221)
        assert (hour.reserve, hour.burst, round(hour.steady)) == (6, 10, 51)
        assert (fast.reserve, fast.burst, round(fast.steady)) == (0, 140, 1146)


class TestQuotas:
    def test_a_connections_own_windows_win_over_the_published_ones(self) -> None:
        published = Capabilities(has_push=False, quotas=(DAY,))

        assert budgets.quotas(published, {"quotas": [[5000, 86400]]}) == (Quota(5000, 86_400),)
        assert budgets.quotas(published, {}) == (DAY,)

    def test_a_carrier_that_publishes_none_is_asked_politely(self) -> None:
        assert budgets.quotas(Capabilities(has_push=False), {}) == (Quota(5, 1),)

    @pytest.mark.parametrize("pair", [[1], [0, 5], [1.5, 5], ["1", 5], [True, 5], 7])
    def test_nonsense_is_refused(self, pair: object) -> None:
        with pytest.raises(ValueError, match="a quota is"):
            list(budgets.read_quotas([pair]))


@pytest.mark.django_db
class TestSpend:
    def test_a_new_connection_may_make_a_few_calls_and_then_waits(self) -> None:
        line = ConnectionFactory.create()

        assert ask(line, DAY, calls=9) == Grant(5, 390.954752)
        assert ask(line, DAY) == Grant(0, 390.954752)
        assert ask(line, DAY, now=NOON + timedelta(seconds=391)).calls == 1
        assert ask(line, DAY, now=NOON + timedelta(seconds=391)).calls == 0

    def test_people_may_spend_the_reserve_and_the_clock_may_not(self) -> None:
        line = ConnectionFactory.create()
        ask(line, DAY, calls=5)

        assert ask(line, DAY, calls=99, is_refresh=True).calls == 25
        assert ask(line, DAY, is_refresh=True).calls == 0

    def test_the_tightest_window_decides_and_the_others_pay_only_for_what_was_granted(
        self,
    ) -> None:
        line = ConnectionFactory.create()

        assert ask(line, THREE, DAY, calls=5) == Grant(1, 0.666667)

        ((_quota, room, _reserve), (_day, day_room, reserve)) = budgets.left(
            connection_id=line.pk, now=NOON
        )
        assert (room, day_room, reserve) == (0, 4, 25)

    def test_the_row_knows_every_call_that_was_granted(self) -> None:
        line = ConnectionFactory.create()
        ask(line, HOUR, calls=1)

        (paid,) = Budget.objects.get(connection=line).spent_until
        assert paid - NOON == timedelta(microseconds=budgets.bucket(HOUR).step)

    def test_a_changed_limit_begins_empty(self) -> None:
        line = ConnectionFactory.create()
        ask(line, DAY)

        assert ask(line, Quota(1000, 86_400)).calls == 0

    def test_connections_do_not_share(self) -> None:
        first, second = ConnectionFactory.create(), ConnectionFactory.create()
        ask(first, THREE)

        assert ask(second, THREE).calls == 1


@pytest.mark.django_db
class TestRedisForgets:
    def test_after_a_flush_the_row_goes_on_counting(self, settings: Settings) -> None:
        line = ConnectionFactory.create()
        ask(line, DAY, calls=5)
        flush(settings)

        assert ask(line, DAY).calls == 0
        assert ask(line, DAY, now=NOON + timedelta(seconds=391)).calls == 1

    def test_a_grant_that_was_not_written_before_the_flush_is_void(
        self, settings: Settings
    ) -> None:
        line = ConnectionFactory.create()
        ask(line, DAY, calls=4)
        slow = budgets.read(connection_id=line.pk, quotas=(DAY,), now=NOON)
        answer = budgets._in_redis(slow, 1, now=NOON, is_refresh=False)
        assert answer is not None
        assert answer[0] == Grant(1, 390.954752)
        flush(settings)
        assert ask(line, DAY).calls == 1

        assert not budgets._write(slow, answer[1])

    def test_a_redis_that_came_back_with_old_figures_is_not_believed(
        self, settings: Settings
    ) -> None:
        line = ConnectionFactory.create()
        flush(settings)
        ask(line, DAY, calls=1)
        with Redis.from_url(settings.REDIS_URL) as client:
            (key,) = list(client.scan_iter("budget:*"))
            old = client.hgetall(key)
            ask(line, DAY, calls=4)
            client.hset(key, mapping=old)

        assert ask(line, DAY).calls == 0

    def test_while_redis_is_away_the_database_counts_on(self, settings: Settings) -> None:
        line = ConnectionFactory.create()
        ask(line, DAY, calls=3)
        there = settings.REDIS_URL
        away(settings)

        assert ask(line, DAY, calls=9).calls == 2

        settings.REDIS_URL = there
        budgets._away_until = 0.0
        assert ask(line, DAY, now=NOON + timedelta(seconds=1)).calls == 0
        later = NOON + timedelta(minutes=10)
        assert ask(line, DAY, calls=9, now=later).calls == 1
        assert Budget.objects.get(connection=line).here_until is None

    def test_one_worker_that_lost_redis_takes_the_others_along(self, settings: Settings) -> None:
        line = ConnectionFactory.create()
        ask(line, DAY, calls=2)
        there = settings.REDIS_URL
        away(settings)
        ask(line, DAY, calls=2)

        settings.REDIS_URL = there
        budgets._away_until = 0.0
        assert ask(line, DAY, calls=9, now=NOON + timedelta(seconds=20)).calls == 1


def storm(
    line: Connection,
    quotas: Sequence[Quota],
    *,
    threads: int,
    turns: int,
    step: timedelta,
    trouble: dict[int, object],
) -> list[datetime]:
    """Let so many threads ask at each moment; ``trouble`` happens while they do."""
    made: list[datetime] = []
    gate = threading.Barrier(threads)

    def one(number: int) -> None:
        try:
            for turn in range(turns):
                gate.wait(timeout=60)
                if number == 0 and (event := trouble.get(turn)):
                    event()  # type: ignore[operator]
                at = NOON + turn * step
                grant = ask(line, *quotas, calls=random.randint(1, 4), now=at)
                made.extend([at] * grant.calls)
        finally:
            connection.close()

    crew = [threading.Thread(target=one, args=(number,)) for number in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join(timeout=120)
    return made


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_sixty_four_threads_never_exceed_a_window(self) -> None:
        line = ConnectionFactory.create()
        quotas = (Quota(10, 1), Quota(40, 60))

        made = storm(line, quotas, threads=64, turns=30, step=timedelta(seconds=0.5), trouble={})

        assert most_in_any_window(made, 1) <= 10
        assert most_in_any_window(made, 60) <= 40
        assert len(made) >= 10

    def test_nor_while_redis_is_flushed_lost_and_found_again(self, settings: Settings) -> None:
        line = ConnectionFactory.create()
        there = settings.REDIS_URL
        quotas = (Quota(20, 10), Quota(120, 3600))

        def lost() -> None:
            settings.REDIS_URL = "redis://127.0.0.1:1/0"

        def found() -> None:
            settings.REDIS_URL = there
            budgets._away_until = 0.0

        made = storm(
            line,
            quotas,
            threads=16,
            turns=48,
            step=timedelta(seconds=20),
            trouble={
                4: lambda: flush(settings), 9: lost, 12: found, 16: lambda: flush(settings),
                17: lambda: flush(settings), 25: lost, 26: found, 40: lambda: flush(settings),
            },
        )  # fmt: skip

        assert most_in_any_window(made, 10) <= 20
        assert most_in_any_window(made, 3600) <= 120
        assert len(made) >= 20
