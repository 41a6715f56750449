"""The demo shows the house at its best, without any other process."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from portal.ops import story
from portal.ops.story import harbour
from tests.factories.tracking import NOON
from tests.tracking.courier import Ticking, parcel
from tests.tracking.harbouring import KEY, HarbourProcess
from tracking.carriers import scenarios
from tracking.models import Anomaly, CarrierCode, Connection, Envelope, Order, Parcel, Poll
from tracking.services import intake, polling

pytestmark = pytest.mark.django_db


def test_the_story_shows_what_tracking_can_do_and_only_once(settings: Settings) -> None:
    settings.HARBOUR_URL = ""
    now = timezone.now()

    assert story.tell(now=now) is True
    assert story.tell(now=now) is False

    states = {
        (parcel.order.number, parcel.position): (parcel.status, parcel.hinted)
        for parcel in Parcel.objects.filter(
            order__number__in=["PH-20418", "PH-20452", "PH-20457"]
        ).select_related("order")
    }
    assert states == {
        ("PH-20418", 1): ("out_for_delivery", ""),
        ("PH-20418", 2): ("delivered", ""),
        ("PH-20452", 1): ("customs", ""),
        # UPS is said to have delivered it; nobody believes that yet
        ("PH-20452", 2): ("out_for_delivery", "delivered"),
        ("PH-20452", 3): ("customs", ""),
        ("PH-20457", 1): ("in_transit", ""),
        ("PH-20457", 2): ("available_for_pickup", ""),
        ("PH-20457", 3): ("in_transit", ""),
    }
    troubles = defaultdict(set)
    for number, kind in Anomaly.objects.filter(cleared_at=None).values_list(
        "parcel__number", "kind"
    ):
        troubles[number].add(kind)
    assert troubles["HX00420454"] == {"customs_stuck"}
    assert troubles["HX00420459"] == {"stalled"}
    assert not troubles.keys() & {"HX00420452", "HX00420457", "YT7741900311208"}
    handed = Parcel.objects.get(number="YT7741900311208").numbers.get()
    assert (handed.carrier.slug, handed.carrier.name_zh) == ("chinapost", "中国邮政")
    (code,) = CarrierCode.objects.all()
    assert (code.adapter, code.code, code.seen) == ("kuaidi100", "过驳", 1)
    (stray,) = Envelope.objects.exclude(state="applied")
    assert (stray.state, stray.numbers) == ("quarantined", ["HX00420499"])

    # Nobody plays the pretend carrier, so nobody is asked
    assert polling.poll(clock=Ticking(now), seconds=1).calls == 0


class TestHurry:
    @pytest.fixture
    def asked(self, settings: Settings) -> Poll:
        """One parcel of the pretend carrier, asked about at noon and due at three."""
        settings.HARBOUR_URL, settings.HARBOUR_KEY = "http://127.0.0.1:1", KEY
        parcel(harbour.connect())
        Poll.objects.update(polled_at=NOON, due_at=NOON + timedelta(hours=3))
        return Poll.objects.get()

    def test_three_hours_take_ten_seconds(self, asked: Poll) -> None:
        assert harbour.hurry(now=NOON + timedelta(seconds=9)) == 0
        assert harbour.hurry(now=NOON + timedelta(seconds=10)) == 1

        asked.refresh_from_db()
        assert asked.due_at == NOON + timedelta(seconds=10)

    def test_never_asks_sooner_than_the_carrier_wants(self, asked: Poll) -> None:
        Poll.objects.update(due_at=NOON + timedelta(minutes=45))

        assert harbour.hurry(now=NOON + timedelta(seconds=4.9)) == 0
        assert harbour.hurry(now=NOON + timedelta(seconds=5)) == 1

    def test_what_was_never_asked_about_is_due_at_once(self, asked: Poll) -> None:
        Poll.objects.update(polled_at=None)

        assert harbour.hurry(now=NOON) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"connection": {"adapter": "generic"}},
            {"connection": {"is_active": False}},
            {"connection": {"credentials": None}},
            {"poll": {"leased_until": NOON + timedelta(minutes=1)}},
            {"poll": {"due_at": None}},
        ],
        ids=["another carrier", "resting", "cannot be asked", "being asked", "over"],
    )
    def test_leaves_alone(self, asked: Poll, changes: dict[str, dict[str, Any]]) -> None:
        Connection.objects.update(**changes.get("connection", {"is_active": True}))
        Poll.objects.update(**changes.get("poll", {"failures": 0}))
        before = Poll.objects.values_list("due_at", flat=True).get()

        assert harbour.hurry(now=NOON + timedelta(seconds=20)) == 0
        assert Poll.objects.values_list("due_at", flat=True).get() == before


class TestPlayed:
    @pytest.fixture
    def process(
        self, tmp_path_factory: pytest.TempPathFactory, settings: Settings
    ) -> Iterator[HarbourProcess]:
        ledger = tmp_path_factory.mktemp("harbour") / "ledger.sqlite3"
        process = HarbourProcess(ledger).start()
        settings.HARBOUR_URL, settings.HARBOUR_KEY = process.url, KEY
        settings.CARRIER_HOSTS = [process.url]
        yield process
        process.stop()

    def test_a_simulated_parcel_moves_by_being_asked_about(self, process: HarbourProcess) -> None:
        out = StringIO()
        call_command("simulate", "delivered", "--poll", "--minutes", "0.02", stdout=out)
        made = Parcel.objects.get()
        begun = timezone.now()
        for turn in range(3):
            at = begun + timedelta(seconds=10 * turn)
            Poll.objects.update(due_at=at)
            polling.poll(clock=Ticking(at), seconds=0.1)
            intake.open_waiting(now=at)
            made.refresh_from_db()
            if made.status == "delivered":
                break
            time.sleep(0.7)

        assert made.status == "delivered"
        assert made.sightings.count() == len(scenarios.SCENARIOS["delivered"])
        assert set(process.verdicts()) == {"served"}
        assert f"/t/{made.token}/" in out.getvalue()

    def test_each_start_points_to_where_the_carrier_answers_now(
        self, process: HarbourProcess, settings: Settings
    ) -> None:
        harbour.connect()
        settings.HARBOUR_URL = "http://127.0.0.1:1"
        harbour.connect()

        assert Connection.objects.get().settings == {"host": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("words", "told"), [((), "Nobody plays"), (("--minutes", "0"), "more than 0")]
)
def test_simulate_says_why_it_cannot_poll(
    words: tuple[str, ...], told: str, settings: Settings
) -> None:
    settings.HARBOUR_URL = "http://127.0.0.1:1" if words else ""

    with pytest.raises(CommandError, match=told):
        call_command("simulate", "delivered", "--poll", *words)

    assert not Order.objects.exists()
