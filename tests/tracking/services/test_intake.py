"""Every push takes effect once, whatever its order, its repeats and its neighbours."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.outbox.models import Event
from tests.factories.tracking import (
    NOON,
    ConnectionFactory,
    OrderFactory,
    OrderLineFactory,
    ParcelFactory,
    ParcelLineFactory,
)
from tests.tracking import pushes
from tracking.models import Anomaly, Connection, Envelope, Parcel, ParcelMilestone, Sighting
from tracking.services import applying, intake, orders
from tracking.states import EnvelopeSource, EnvelopeState, ParcelStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def parcel() -> Parcel:
    return ParcelFactory.create(number="1Z999AA10123456784", shipped_at=None)


def facts(parcel: Parcel) -> dict[str, Any]:
    """Return all that a page shows of a parcel, without what only tells when we learned it."""
    state = Parcel.objects.filter(pk=parcel.pk).values(
        "status", "reason", "party", "handed", "leg", "is_disputed", "status_at", "delivered_at",
        "last_scan_at", "eta_from", "eta_to", "snapshot_at", "snapshot",
    ).get()  # fmt: skip
    state["snapshot"] = bytes(state["snapshot"])
    sightings = {
        (bytes(row.fingerprint), row.status, row.occurred_at, row.withdrawn_at is not None)
        for row in Sighting.objects.filter(parcel=parcel)
    }
    milestones = set(
        ParcelMilestone.objects.filter(parcel=parcel).values_list("leg", "status", "reached_at")
    )
    troubles = set(
        Anomaly.objects.filter(parcel=parcel, cleared_at=None).values_list("kind", "party")
    )
    return {**state, "sightings": sightings, "milestones": milestones, "troubles": troubles}


class TestOpen:
    def test_a_push_becomes_sightings_a_status_and_news(self, parcel: Parcel) -> None:
        line = OrderLineFactory.create(order=parcel.order, title="Enamel mug")
        ParcelLineFactory.create(parcel=parcel, order_line=line, quantity=2)
        envelope = pushes.put(
            parcel.connection, pushes.body(parcel.number, pushes.journey(steps=("picked_up",)))
        )

        assert intake.open_waiting(now=NOON) == 1

        parcel.refresh_from_db()
        assert (parcel.status, parcel.status_at) == (ParcelStatus.PICKED_UP, NOON)
        assert parcel.revision == 1
        sighting = Sighting.objects.get()
        assert (sighting.parcel, sighting.envelope) == (parcel, envelope)
        assert (sighting.occurred_at, sighting.raw_text) == (NOON, "Parcel picked_up")
        envelope.refresh_from_db()
        assert (envelope.state, envelope.opened_at, envelope.error) == ("applied", NOON, "")
        assert (envelope.attempts, envelope.leased_until) == (1, None)
        event = Event.objects.get()
        assert event.name == "tracking.parcel_reached"
        assert event.payload == {
            "parcel_id": parcel.pk,
            "token": parcel.token,
            "link_version": 1,
            "number": parcel.number,
            "carrier_en": "UPS",
            "carrier_zh": "UPS",
            "order": parcel.order.number,
            "to": parcel.order.shopper_id,
            "language": "en",
            "status": "picked_up",
            "reason": "",
            "leg": 1,
            "reached_at": NOON.isoformat(),
            "eta_from": "",
            "eta_to": "",
            "items": ["Enamel mug × 2"],
        }

    def test_the_same_bytes_are_kept_once(self, parcel: Parcel) -> None:
        text = pushes.body(parcel.number, pushes.journey())

        first, second = (
            intake.accept(
                connection_id=parcel.connection_id or 0,
                body=text,
                headers={"user-agent": "carrier\x00"},
                source=EnvelopeSource.PUSH,
                now=NOON,
            )
            for _ in range(2)
        )

        assert (first, second) == (True, False)
        assert Envelope.objects.get().headers == {"user-agent": "carrier"}

    def test_opening_again_changes_nothing(self, parcel: Parcel) -> None:
        pushes.put(parcel.connection, pushes.body(parcel.number, pushes.journey()))
        pushes.drain()
        parcel.refresh_from_db()
        before, revision, events = facts(parcel), parcel.revision, Event.objects.count()

        assert intake.replay(envelope_ids=[Envelope.objects.get().pk], now=NOON) == 1
        assert pushes.drain(now=NOON + timedelta(hours=1)) == 1

        parcel.refresh_from_db()
        assert facts(parcel) == before
        assert (parcel.revision, Event.objects.count()) == (revision, events)
        assert Envelope.objects.get().state == EnvelopeState.APPLIED

    def test_old_news_is_kept_but_told_to_nobody(self, parcel: Parcel) -> None:
        old = pushes.journey(ends=NOON - timedelta(hours=25))
        pushes.put(parcel.connection, pushes.body(parcel.number, old))

        pushes.drain()

        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.DELIVERED
        assert ParcelMilestone.objects.count() == 5
        assert not Event.objects.exists()

    def test_reworded_news_is_no_news(self, parcel: Parcel) -> None:
        (told,) = pushes.journey(steps=("in_transit",))
        pushes.put(parcel.connection, pushes.body(parcel.number, [told]))
        pushes.drain()
        pushes.put(parcel.connection, pushes.body(parcel.number, [told | {"text": "Unterwegs"}]))

        pushes.drain()

        parcel.refresh_from_db()
        assert Sighting.objects.get().raw_text == "Parcel in_transit"
        assert parcel.revision == 1

    def test_words_too_long_or_with_nul_are_cut_to_fit(self, parcel: Parcel) -> None:
        told = pushes.event(
            "in_transit", at=NOON, text="x" * 9000, code="c" * 300, location="p\x00" * 300
        )
        pushes.put(parcel.connection, pushes.body(parcel.number, [told]))

        pushes.drain()

        sighting = Sighting.objects.get()
        assert len(sighting.raw_code) == 60
        assert len(sighting.location) <= 160
        assert "\x00" not in sighting.location

    def test_an_expected_day_is_kept_and_an_older_one_does_not_come_back(
        self, parcel: Parcel
    ) -> None:
        early, late = (
            {"from": day.isoformat(), "to": (day + timedelta(hours=4)).isoformat()}
            for day in (NOON + timedelta(days=1), NOON + timedelta(days=2))
        )
        first, second = pushes.journey(steps=("picked_up", "in_transit"))
        pushes.put(parcel.connection, pushes.body(parcel.number, [second], eta=late))
        pushes.drain()
        pushes.put(parcel.connection, pushes.body(parcel.number, [first], eta=early))

        pushes.drain()

        parcel.refresh_from_db()
        assert parcel.eta_from == NOON + timedelta(days=2)
        assert parcel.eta_to == NOON + timedelta(days=2, hours=4)


class TestOrder:
    @given(seed=st.integers(0, 10**6))
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_any_order_with_repeats_gives_the_same_rows(self, seed: int) -> None:
        dice = random.Random(seed)
        steps = (*pushes.JOURNEY[:4], "attempt_failed", "delivered", "exception")
        told = pushes.journey(steps=steps)
        told[4]["reason"], told[6]["reason"] = "not_home", "damaged"
        carrier = ConnectionFactory.create()
        calm, wild = ParcelFactory.create_batch(2, connection=carrier, shipped_at=None)
        for one in told:
            pushes.put(carrier, pushes.body(calm.number, [one]))
            pushes.drain()
        storm = [[one] for one in told] + [dice.sample(told, dice.randint(1, 5)) for _ in range(5)]
        dice.shuffle(storm)
        for events in storm:
            pushes.put(carrier, pushes.body(wild.number, events))
            if dice.random() < 0.5:
                pushes.drain()

        pushes.drain()

        calmly, wildly = facts(calm), facts(wild)
        assert {row[1:] for row in calmly.pop("sightings")} == {
            row[1:] for row in wildly.pop("sightings")
        }
        # A status that only looked reached while news was missing stays noticed: it was told.
        assert calmly.pop("milestones") <= wildly.pop("milestones")
        assert calmly == wildly
        assert Sighting.objects.filter(parcel=wild).count() == len(told)

    def test_many_envelopes_of_one_parcel_in_one_batch(self, parcel: Parcel) -> None:
        told = pushes.journey()
        for one in reversed(told):
            pushes.put(parcel.connection, pushes.body(parcel.number, [one]))

        assert intake.open_waiting(now=NOON) == 5

        parcel.refresh_from_db()
        assert (parcel.status, parcel.revision) == (ParcelStatus.DELIVERED, 1)
        assert Sighting.objects.count() == 5
        # The steps before the last one are no news any more when they all come at once.
        assert [event.payload["status"] for event in Event.objects.all()] == ["delivered"]


class TestWithdraw:
    def whole(self, parcel: Parcel, events: list[dict[str, Any]], **how: Any) -> None:
        text = pushes.body(parcel.number, events, is_complete=True)
        pushes.put(parcel.connection, text, **how)
        pushes.drain()

    def test_a_scan_missing_from_a_newer_history_is_withdrawn_and_comes_back(
        self, parcel: Parcel
    ) -> None:
        told = pushes.journey(steps=("picked_up", "delivered", "in_transit", "out_for_delivery"))
        self.whole(parcel, told[:2])
        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.DELIVERED

        self.whole(parcel, [told[0], told[2]])

        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.IN_TRANSIT
        assert parcel.delivered_at is None
        withdrawn = Sighting.objects.exclude(withdrawn_at=None)
        assert [row.status for row in withdrawn] == ["delivered"]

        self.whole(parcel, told)

        assert not Sighting.objects.exclude(withdrawn_at=None).exists()

    def test_an_older_history_that_comes_late_withdraws_nothing(self, parcel: Parcel) -> None:
        told = pushes.journey()
        self.whole(parcel, told)
        before = facts(parcel)

        for length in (4, 2, 3, 1):
            self.whole(parcel, told[:length])

        assert facts(parcel) == before

    def test_histories_in_any_order_agree(self) -> None:
        told = pushes.journey(steps=(*pushes.JOURNEY, "exception"))
        versions = [told[:2], told[:4], [told[0], told[2], told[4]], [told[0], *told[2:]]]
        seen = []
        for seed in range(8):
            parcel = ParcelFactory.create(shipped_at=None)
            shuffled = list(versions)
            random.Random(seed).shuffle(shuffled)
            for events in shuffled:
                self.whole(parcel, events)
            state = facts(parcel)
            state["snapshot"] = len(state["snapshot"])
            state["sightings"] = {row[1:] for row in state["sightings"]}
            state.pop("milestones")  # what was once reached stays reached
            seen.append(state)

        assert all(state == seen[0] for state in seen)

    def test_an_answer_to_our_question_may_take_the_last_scan_back(self, parcel: Parcel) -> None:
        told = pushes.journey()
        self.whole(parcel, told)

        self.whole(parcel, told[:4], now=NOON + timedelta(minutes=5), source=EnvelopeSource.POLL)

        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.OUT_FOR_DELIVERY

    def test_a_scan_also_told_singly_is_never_withdrawn(self, parcel: Parcel) -> None:
        told = pushes.journey(steps=("picked_up", "delivered", "in_transit"))
        self.whole(parcel, told[:2])
        pushes.put(parcel.connection, pushes.body(parcel.number, [told[1]]))
        pushes.drain()

        self.whole(parcel, [told[0], told[2]])

        assert not Sighting.objects.exclude(withdrawn_at=None).exists()


class TestTrouble:
    def test_damage_opens_one_anomaly_with_its_evidence(self, parcel: Parcel) -> None:
        damaged = pushes.event("exception", at=NOON, reason="damaged", text="Crushed carton")
        pushes.put(parcel.connection, pushes.body(parcel.number, [damaged]))
        pushes.drain()
        pushes.put(parcel.connection, pushes.body(parcel.number, [damaged, damaged]))

        pushes.drain()

        anomaly = Anomaly.objects.get()
        assert (anomaly.kind, anomaly.party, anomaly.severity) == ("damaged", "carrier", 2)
        assert anomaly.evidence["raw_text"] == "Crushed carton"
        assert anomaly.evidence["occurred_at"] == NOON.isoformat()
        found = Event.objects.get(name="tracking.anomaly_found")
        told = ("anomaly_id", "parcel_id", "kind", "severity", "party", "since", "tells_shopper")
        assert {name: found.payload[name] for name in told} == {
            "anomaly_id": anomaly.pk,
            "parcel_id": parcel.pk,
            "kind": "damaged",
            "severity": 2,
            "party": "carrier",
            "since": NOON.isoformat(),
            "tells_shopper": False,  # the letter about the hold-up says it
        }

    def test_a_lost_parcel_that_is_found_clears_it(self, parcel: Parcel) -> None:
        lost, found = pushes.journey(steps=("lost", "in_transit"))
        pushes.put(parcel.connection, pushes.body(parcel.number, [lost]))
        pushes.drain()
        assert Anomaly.objects.get().cleared_at is None
        pushes.put(parcel.connection, pushes.body(parcel.number, [found]))

        pushes.drain(now=NOON + timedelta(minutes=1))

        anomaly = Anomaly.objects.get()
        assert (anomaly.kind, anomaly.cleared_at) == ("lost", NOON + timedelta(minutes=1))


class TestQuarantine:
    def test_nobodys_number_is_put_aside_with_a_sentence(self, parcel: Parcel) -> None:
        envelope = pushes.put(
            parcel.connection, pushes.body("1Z999AA10123456785", pushes.journey())
        )

        pushes.drain()

        envelope.refresh_from_db()
        assert envelope.state == EnvelopeState.QUARANTINED
        assert envelope.error == "No current parcel of this connection is 1Z999AA10123456785."
        assert envelope.numbers == ["1Z999AA10123456785"]
        assert not Sighting.objects.exists()

    def test_a_number_of_another_connection_is_nobodys(self, parcel: Parcel) -> None:
        other: Connection = ConnectionFactory.create()
        pushes.put(other, pushes.body(parcel.number, pushes.journey()))

        pushes.drain()

        assert Envelope.objects.get().state == EnvelopeState.QUARANTINED
        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.REGISTERED

    def test_another_carrier_is_a_mismatch(self, parcel: Parcel) -> None:
        pushes.put(parcel.connection, pushes.body(parcel.number, pushes.journey(), carrier="fedex"))

        pushes.drain()

        envelope = Envelope.objects.get()
        assert envelope.state == EnvelopeState.QUARANTINED
        assert envelope.error == f"{parcel.number} is with ups here, but the message says fedex."

    @pytest.mark.parametrize(
        "at",
        [NOON - timedelta(days=400), NOON + timedelta(days=3), NOON.replace(year=1970)],
        ids=["before it was shipped", "in the future", "1970"],
    )
    def test_a_time_that_cannot_be_is_put_aside(self, at: Any) -> None:
        parcel = ParcelFactory.create()
        pushes.put(
            parcel.connection, pushes.body(parcel.number, [pushes.event("delivered", at=at)])
        )

        pushes.drain()

        envelope = Envelope.objects.get()
        assert envelope.state == EnvelopeState.QUARANTINED
        assert "1 of 1 scans have a time that cannot belong" in envelope.error
        parcel.refresh_from_db()
        assert (parcel.status, parcel.revision) == (ParcelStatus.REGISTERED, 0)

    def test_a_body_with_one_of_ours_is_applied_and_says_what_was_not(self, parcel: Parcel) -> None:
        import orjson

        two = [
            {"number": number, "events": pushes.journey()}
            for number in (parcel.number, "NOBODY0001")
        ]
        pushes.put(parcel.connection, orjson.dumps({"parcels": two}))

        pushes.drain()

        envelope = Envelope.objects.get()
        assert envelope.state == EnvelopeState.APPLIED
        assert envelope.error == "No current parcel of this connection is NOBODY0001."
        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.DELIVERED

    def test_a_body_in_an_unknown_form_is_dead_with_the_reason(self, parcel: Parcel) -> None:
        pushes.put(parcel.connection, b'{"shipments": []}')

        pushes.drain()

        envelope = Envelope.objects.get()
        assert envelope.state == EnvelopeState.DEAD
        assert "no list named parcels" in envelope.error


class TestFail:
    def test_a_poison_envelope_stops_nobody_and_dies_with_its_reason(
        self, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = applying._read

        def explode(envelope: applying.Held) -> Any:
            if b"poison" in envelope.body:
                raise RuntimeError("a bug nobody knew of")
            return read(envelope)

        # A fault that no body can cause today, planted where one would be.
        monkeypatch.setattr(applying, "_read", explode)
        told = pushes.journey()
        for one in told[:2]:
            pushes.put(parcel.connection, pushes.body(parcel.number, [one]))
        poison = pushes.put(parcel.connection, b'{"poison": 1}')
        for one in told[2:]:
            pushes.put(parcel.connection, pushes.body(parcel.number, [one]))

        pushes.drain()

        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.DELIVERED
        assert Sighting.objects.count() == 5
        poison.refresh_from_db()
        assert (poison.state, poison.attempts) == (EnvelopeState.WAITING, 1)
        assert poison.error == "RuntimeError: a bug nobody knew of"

        for minutes in range(1, 6):
            pushes.drain(now=NOON + timedelta(minutes=10 * minutes))

        poison.refresh_from_db()
        assert (poison.state, poison.attempts) == (EnvelopeState.DEAD, 5)
        assert poison.error == ("Given up after 5 attempts. RuntimeError: a bug nobody knew of")
        assert pushes.drain(now=NOON + timedelta(days=1)) == 0

        monkeypatch.setattr(applying, "_read", read)
        intake.replay(envelope_ids=[poison.pk], now=NOON)
        pushes.drain()

        poison.refresh_from_db()
        assert "no list named parcels" in poison.error

    def test_a_crash_between_claim_and_apply_loses_nothing(self, parcel: Parcel) -> None:
        pushes.put(parcel.connection, pushes.body(parcel.number, pushes.journey()))
        (held,) = intake._claim(now=NOON, limit=10)
        assert held.attempts == 1

        assert intake.open_waiting(now=NOON + timedelta(seconds=19)) == 0
        assert intake.open_waiting(now=NOON + timedelta(seconds=21)) == 1

        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.DELIVERED

    def test_whoever_lost_the_lease_writes_nothing(self, parcel: Parcel) -> None:
        pushes.put(parcel.connection, pushes.body(parcel.number, pushes.journey()))
        stale = intake._claim(now=NOON, limit=10)
        fresh = intake._claim(now=NOON + timedelta(seconds=30), limit=10, is_suspect=True)
        assert [one.id for one in stale] == [one.id for one in fresh]

        with pytest.raises(applying.LeaseLost):
            applying.apply(envelopes=stale, now=NOON)

        assert not Sighting.objects.exists()
        parcel.refresh_from_db()
        assert parcel.status == ParcelStatus.REGISTERED

    def test_what_crashed_five_workers_is_given_up_alone(self, parcel: Parcel) -> None:
        killer = pushes.put(parcel.connection, b'{"parcels": []}')
        later = NOON
        for _ in range(5):
            assert intake._claim(now=later, limit=10) or intake._claim(
                now=later, limit=1, is_suspect=True
            )
            later += timedelta(seconds=30)
        good = pushes.put(parcel.connection, pushes.body(parcel.number, pushes.journey()))

        pushes.drain(now=later)

        killer.refresh_from_db()
        good.refresh_from_db()
        assert killer.state == EnvelopeState.DEAD
        assert "worker ended before it could say why" in killer.error
        assert good.state == EnvelopeState.APPLIED


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_four_workers_at_once_apply_each_envelope_once(self) -> None:
        carrier = ConnectionFactory.create()
        parcels = ParcelFactory.create_batch(12, connection=carrier, shipped_at=None)
        told = pushes.journey()
        texts = [
            pushes.body(parcel.number, [told[n], told[(n + 1) % 5]])
            for parcel in parcels
            for n in range(5)
        ]
        random.Random(7).shuffle(texts)
        for text in texts:
            pushes.put(carrier, text)
        trouble: list[Exception] = []

        def work() -> None:
            try:
                while intake.open_waiting(now=NOON, limit=4):
                    pass
            except Exception as error:
                trouble.append(error)
            finally:
                database.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert trouble == []
        assert Envelope.objects.filter(state=EnvelopeState.APPLIED, error="").count() == 60
        assert Sighting.objects.count() == 60
        assert set(Parcel.objects.values_list("status", flat=True)) == {ParcelStatus.DELIVERED}
        assert ParcelMilestone.objects.count() == 60
        heard = [
            (event.payload["parcel_id"], event.payload["status"]) for event in Event.objects.all()
        ]
        assert len(heard) == len(set(heard))
        assert {pk for pk, status in heard if status == "delivered"} == {one.pk for one in parcels}

    def test_a_parcel_registered_while_its_push_is_opened_is_not_missed(self) -> None:
        carrier = ConnectionFactory.create()
        order = OrderFactory.create()
        envelope = pushes.put(carrier, pushes.body("1Z999AA10123456784", pushes.journey()))
        opened = threading.Event()

        def work() -> None:
            try:
                intake.open_waiting(now=NOON)
            finally:
                opened.set()
                database.close()

        with transaction.atomic():
            new = orders.NewParcel(
                number="1Z999AA10123456784", carrier="ups", connection=carrier.slug
            )
            parcel = orders.add_parcel(order=order, parcel=new, now=NOON)
            thread = threading.Thread(target=work)
            thread.start()
            # The worker looks, finds nobody, and must wait for us before it says so.
            assert not opened.wait(0.5)
        thread.join()
        pushes.drain()

        parcel.refresh_from_db()
        envelope.refresh_from_db()
        assert (parcel.status, envelope.state) == (ParcelStatus.DELIVERED, EnvelopeState.APPLIED)
