from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction

from portal.lib import queues
from portal.outbox import delivering
from portal.outbox.models import Delivery, DeliveryState
from portal.outbox.recording import record
from tests.portal.outbox import wired
from tests.portal.outbox.wired import ParcelFell, ParcelRose

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def recorded(*numbers: str) -> list[Delivery]:
    with transaction.atomic():
        record(*(ParcelFell(number=number) for number in numbers), now=NOW)
    return list(Delivery.objects.order_by("pk"))


class TestDeliverDue:
    def test_runs_every_reaction_once_and_says_so(self) -> None:
        with transaction.atomic():
            (event,) = record(ParcelRose(number="B2"), now=NOW)

        assert delivering.deliver_due(now=NOW) == 2
        assert delivering.deliver_due(now=NOW) == 0

        assert wired.seen == {event.pk: 1, -event.pk: 1}
        assert set(Delivery.objects.values_list("state", "attempts")) == {(DeliveryState.DONE, 1)}

    def test_leaves_what_is_not_due(self) -> None:
        recorded("A1")

        assert delivering.deliver_due(now=NOW - timedelta(seconds=1)) == 0
        assert not wired.seen

    def test_stops_at_the_limit(self) -> None:
        recorded("A1", "A2", "A3")

        assert delivering.deliver_due(now=NOW, limit=2) == 2
        assert Delivery.objects.filter(state=DeliveryState.WAITING).count() == 1

    def test_a_poison_waits_longer_each_time_and_the_others_go_on(self) -> None:
        poison, *others = recorded("poison", "A1", "A2")

        assert delivering.deliver_due(now=NOW) == 3

        poison.refresh_from_db()
        assert poison.state == DeliveryState.WAITING
        assert poison.attempts == 1
        assert NOW + timedelta(seconds=4) <= poison.due_at <= NOW + timedelta(seconds=7)
        assert "Spoiled: this parcel is cursed" in poison.error
        assert [Delivery.objects.get(pk=other.pk).state for other in others] == ["done", "done"]

    def test_a_poison_is_dead_after_eight_attempts(self) -> None:
        (poison,) = recorded("poison")

        for day in range(12):
            delivering.deliver_due(now=NOW + timedelta(days=day))

        poison.refresh_from_db()
        assert poison.state == DeliveryState.DEAD
        assert poison.attempts == queues.MAX_ATTEMPTS == 8
        assert wired.seen[poison.event_id] == 8
        assert poison.error.startswith("Traceback")

    def test_a_delivery_that_kills_every_worker_ends_dead_too(self) -> None:
        (killer,) = recorded("A1")
        moment = NOW
        for _ in range(queues.MAX_ATTEMPTS):
            # Claimed, and then the worker is gone
            assert queues.claim(Delivery.objects.filter(state="waiting"), now=moment) is not None
            moment += queues.LEASE

        delivering.deliver_due(now=moment)

        killer.refresh_from_db()
        assert killer.state == DeliveryState.DEAD
        assert killer.error == "The worker was killed during every attempt."
        assert not wired.seen

    def test_a_lease_keeps_others_away_until_it_ends(self) -> None:
        (delivery,) = recorded("A1")
        assert queues.claim(Delivery.objects.filter(state="waiting"), now=NOW) is not None

        assert delivering.deliver_due(now=NOW + queues.LEASE - timedelta(seconds=1)) == 0
        assert delivering.deliver_due(now=NOW + queues.LEASE) == 1

        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == (DeliveryState.DONE, 2)

    def test_a_reaction_nobody_knows_is_kept_with_its_name(self) -> None:
        (delivery,) = recorded("A1")
        Delivery.objects.update(reaction="claims.reactions.gone")

        delivering.deliver_due(now=NOW)

        delivery.refresh_from_db()
        assert delivery.state == DeliveryState.WAITING
        assert "UnknownReaction: claims.reactions.gone" in delivery.error

    def test_two_workers_never_run_the_same_delivery_at_once(self) -> None:
        deliveries = recorded(*["slow0.01"] * 30)

        workers = [threading.Thread(target=work, args=(NOW,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=30)

        assert wired.overlaps == []
        assert wired.seen == {delivery.event_id: 1 for delivery in deliveries}

    def test_a_slow_reaction_is_not_run_again_beside_itself_when_its_lease_ends(self) -> None:
        (delivery,) = recorded("slow1.0")
        slow = threading.Thread(target=work, args=(NOW,))
        slow.start()
        while not wired.running[delivery.event_id]:
            time.sleep(0.01)

        # Long after the lease, while the first worker is still at it
        later = NOW + timedelta(minutes=5)
        assert delivering.deliver_due(now=later, limit=1) == 1

        slow.join(timeout=10)
        assert wired.overlaps == []
        assert wired.seen[delivery.event_id] == 1
        delivering.deliver_due(now=later + timedelta(minutes=1))
        delivery.refresh_from_db()
        assert delivery.state == DeliveryState.DONE

    @pytest.mark.parametrize("point", ["outbox.claimed", "outbox.reacted"])
    def test_a_worker_killed_at_a_named_point_loses_nothing(self, point: str) -> None:
        (delivery,) = recorded("A1")

        dead = subprocess.run(
            [sys.executable, "-c", WORKER],
            env={
                **os.environ,
                "AMENDS_FAILPOINTS": "1",
                "FAILPOINT": point,
                "TEST_DATABASE": connection.settings_dict["NAME"],
            },
            cwd=django_settings.BASE_DIR,
            check=False,
            capture_output=True,
            timeout=60,
        )

        assert dead.returncode == -signal.SIGKILL, dead.stderr
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, 1)
        assert delivering.deliver_due(now=NOW + queues.LEASE + timedelta(seconds=60)) == 1
        delivery.refresh_from_db()
        assert delivery.state == DeliveryState.DONE


class TestReplay:
    def test_gives_the_dead_a_fresh_start_and_leaves_the_rest(self) -> None:
        poison, fine = recorded("poison", "A1")
        Delivery.objects.filter(pk=poison.pk).update(state=DeliveryState.DEAD, attempts=8)
        delivering.deliver_due(now=NOW)

        count = delivering.replay(delivery_ids=[poison.pk, fine.pk], now=NOW)

        assert count == 1
        poison.refresh_from_db()
        fine.refresh_from_db()
        assert (poison.state, poison.attempts) == (DeliveryState.WAITING, 0)
        assert (fine.state, fine.attempts) == (DeliveryState.DONE, 1)


def work(now: datetime) -> None:
    try:
        while delivering.deliver_due(now=now):
            pass
    finally:
        connection.close()


WORKER = """
import os
from datetime import UTC, datetime
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings.test"
import django
from django.conf import settings
settings.ROOT_EVENTCONF = "tests.portal.outbox.wired"
settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
django.setup()
from portal.outbox import delivering
delivering.deliver_due(now=datetime(2026, 9, 14, 12, tzinfo=UTC))
"""
