"""Days on which carriers repeat themselves, news comes in any order, and Redis is gone."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import kombu.pools
import pytest
import time_machine
from celery._state import get_current_app
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from claims.services import ledger
from claims.states import ClaimState
from notifications.models import Letter, LetterState
from portal.accounts import limits
from portal.lib import caching
from portal.outbox import nudging
from tests.claims.banking import BankProcess
from tests.claims.pictures import file, picture
from tests.factories.claims import ClaimFactory, agent
from tests.factories.tracking import NOON
from tests.flows import house
from tests.ports import free_port
from tests.typing import Answer
from tracking.models import Envelope, Parcel, ParcelMilestone, Sighting
from tracking.services import intake
from tracking.states import EnvelopeState

pytestmark = pytest.mark.usefixtures("doors")

CALM, STORM = "1Z999AA10123456784", "1Z12345E0291980793"
CALM_ZTO, STORM_ZTO = "78123456789012", "78123456789013"
STEPS = ("picked_up", "in_transit", "out_for_delivery", "delivered")
AT = [NOON - timedelta(hours=hours) for hours in (20, 12, 5, 1)]


def ups(number: str) -> list[house.Push]:
    return [house.ups_alert(number, status, at=at) for status, at in zip(STEPS, AT, strict=True)]


def kuaidi(number: str) -> list[house.Push]:
    scans = list(zip(STEPS, AT, strict=True))
    return [house.kuaidi_push(number, scans[:upto]) for upto in range(1, len(scans) + 1)]


def register(number: str, *, order: str, **facts: str) -> Parcel:
    told = house.order(number=number, **facts) | {"number": order}
    assert house.call("POST", "/api/v1/orders/", told).status_code == 201
    return Parcel.objects.get(number=number)


def projection(parcel: Parcel) -> dict[str, Any]:
    """Return what became of a parcel, without what differs between any two."""
    parcel.refresh_from_db()
    scans = Sighting.objects.filter(parcel=parcel).order_by("occurred_at")
    reached = ParcelMilestone.objects.filter(parcel=parcel)
    return {
        "now": (parcel.status, parcel.reason, parcel.status_at, parcel.delivered_at),
        "seen": (parcel.last_scan_at, parcel.is_disputed),
        "scans": list(scans.values_list("occurred_at", "status", "raw_text", "withdrawn_at")),
        "reached": set(reached.values_list("leg", "status", "reached_at")),
    }


def letters_about(parcel: Parcel) -> list[str]:
    found = Letter.objects.filter(facts__parcel_id=parcel.pk, state=LetterState.SENT)
    return sorted(found.values_list("name", flat=True))


CARRIERS = [
    pytest.param(ups, CALM, STORM, "ups", "ups-main", id="UPS"),
    pytest.param(kuaidi, CALM_ZTO, STORM_ZTO, "zto", "kuaidi", id="Kuaidi100"),
]
Pushes = Callable[[str], list[house.Push]]


class TestStorm:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("is_worked_at_once", [True, False], ids=["each", "all at the end"])
    @pytest.mark.parametrize(("pushes", "calm", "storm", "carrier", "door"), CARRIERS)
    def test_any_order_and_any_repetition_end_the_same(
        self,
        pushes: Pushes,
        calm: str,
        storm: str,
        carrier: str,
        door: str,
        is_worked_at_once: bool,
        seed: int,
    ) -> None:
        facts = {"carrier": carrier, "connection": door}
        quiet = register(calm, order="PH-1", **facts)
        tossed = register(storm, order="PH-2", **facts)
        for push in pushes(calm):
            push.send()
            house.work()

        sent = pushes(storm) * 3
        random.Random(seed).shuffle(sent)
        for push in sent:
            assert push.send() in {200, 202}
            if is_worked_at_once:
                house.work()
        house.work()

        assert projection(tossed)["now"][0] == "delivered"
        assert projection(tossed) == projection(quiet)
        assert Envelope.objects.filter(state=EnvelopeState.APPLIED).count() == 8
        assert letters_about(quiet) == ["delivered", "out_for_delivery"]
        assert "delivered" in letters_about(tossed)
        assert len(letters_about(tossed)) == len(set(letters_about(tossed)))
        assert len(mail.outbox) == Letter.objects.count()

    def test_four_senders_and_two_workers_at_once_end_the_same(self) -> None:
        quiet = register(CALM, order="PH-1", carrier="ups", connection="ups-main")
        tossed = register(STORM, order="PH-2", carrier="ups", connection="ups-main")
        for push in ups(CALM):
            push.send()
            house.work()
        answers: list[int] = []
        trouble: list[Exception] = []

        def send(seed: int) -> None:
            mine = ups(STORM) * 2
            random.Random(seed).shuffle(mine)
            answers.extend(push.send() for push in mine)

        def toil() -> None:
            for _ in range(8):
                intake.open_waiting(now=timezone.now())
                time.sleep(0.02)

        def guarded(run: Callable[[], None]) -> Callable[[], None]:
            def thread() -> None:
                try:
                    run()
                except Exception as error:
                    trouble.append(error)
                finally:
                    connection.close()

            return thread

        runs = [lambda seed=seed: send(seed) for seed in range(4)] + [toil, toil]
        threads = [threading.Thread(target=guarded(run)) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        house.work()

        assert trouble == []
        assert len(answers) == 32
        assert set(answers) <= {200, 202}
        assert projection(tossed) == projection(quiet)
        assert letters_about(tossed).count("delivered") == 1
        assert len(letters_about(tossed)) == len(set(letters_about(tossed)))

    def test_nobody_hears_of_the_driver_after_the_delivery(self) -> None:
        parcel = register(STORM, order="PH-2", carrier="ups", connection="ups-main")
        for push in reversed(ups(STORM)):
            push.send()
            house.work()

        assert parcel.milestones.filter(status="out_for_delivery").exists()
        assert letters_about(parcel) == ["delivered"]


class TestWithoutRedis:
    @pytest.fixture(autouse=True)
    def _no_redis(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> Iterator[None]:
        """Point cache, limits and broker at a port where nobody listens."""
        gone = f"redis://127.0.0.1:{free_port()}/0"
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": gone}}
        app = get_current_app()
        monkeypatch.setenv("CELERY_BROKER_URL", gone)

        def forget() -> None:
            kombu.pools.reset()
            app._after_fork()  # type: ignore[attr-defined]  # celery-types leaves it out
            nudging._last.clear()
            limits._away_until = 0.0
            caching._away_until.clear()

        forget()
        cache.set("is-anybody-there", 1)
        assert cache.get("is-anybody-there") is None
        caching._away_until.clear()
        caplog.set_level(logging.CRITICAL, "celery")
        yield
        monkeypatch.undo()
        forget()

    @staticmethod
    def shown(visit: Callable[[], Answer], status: int = 200) -> Answer:
        """Visit, and insist on the right answer."""
        answer = visit()
        assert answer.status_code == status, answer.content[:500]
        return answer

    def test_a_nudge_costs_less_than_two_seconds(self) -> None:
        begun = time.monotonic()
        nudging.nudge("tracking.tasks.open_envelopes")
        cost = time.monotonic() - begun

        assert nudging._last["tracking.tasks.open_envelopes"] > begun + 5  # left alone for a while
        assert cost < 2

    def test_a_parcel_is_registered_pushed_found_and_shown(self, client: Client) -> None:
        parcel = register(CALM, order="PH-20418", carrier="ups", connection="ups-main")
        for push in ups(CALM):
            assert push.send() == 200
        house.work()

        self.shown(lambda: client.get(reverse("home")))
        typed = {"by": "order", "order": "PH-20418", "email": "wen@example.org"}
        found = self.shown(lambda: client.post(reverse("home"), typed), 302)
        for _ in range(2):
            page = self.shown(lambda: client.get(found["Location"])).content.decode()
            assert "Celadon mug" in page
        api = self.shown(lambda: house.call("GET", f"/api/v1/parcels/{CALM}/"))
        assert api.json()["status"] == "delivered"
        assert letters_about(parcel) == ["delivered"]  # all of it came at once

    def test_tries_are_still_counted(self, client: Client) -> None:
        register(CALM, order="PH-20418", carrier="ups", connection="ups-main")
        guess = {"by": "order", "order": "PH-20418", "email": "guess@example.org"}

        answers = [client.post(reverse("home"), guess).status_code for _ in range(6)]

        assert answers == [422] * 5 + [429]

    def test_a_claim_is_reported_decided_and_paid(
        self, bank: BankProcess, clock: time_machine.Traveller
    ) -> None:
        claim = ClaimFactory.create(filled=True)
        shopper, desk = Client(), Client()
        shopper.force_login(claim.shopper)
        desk.force_login(agent())
        photo = {"file": file(picture()), "kind": "item", "upload_key": "one"}
        upload = reverse("photo-upload", args=[claim.ref])
        self.shown(lambda: shopper.post(upload, photo), 201)
        more = {"box": "yes", "hazard": "no", "story": "Broken."}
        self.shown(lambda: shopper.post(reverse("wizard", args=[claim.ref, "more"]), more), 302)
        check = reverse("wizard", args=[claim.ref, "check"])
        self.shown(lambda: shopper.post(check, {"true": "on"}), 302)
        house.work()
        self.shown(lambda: shopper.get(reverse("claim", args=[claim.ref])))

        self.shown(lambda: house.propose(desk, claim), 302)
        house.work()

        claim.refresh_from_db()
        assert claim.state == ClaimState.RESOLVED
        payment = claim.compensations.get()
        assert len(bank.refunds(payment.reference)) == 1
        assert ledger.verify() == []
        assert sorted(Letter.objects.values_list("name", flat=True)) == [
            "approved",
            "claim_received",
            "paid",
        ]
