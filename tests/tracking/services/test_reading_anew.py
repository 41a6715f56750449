"""Readings change when tables do; an unsealed push only hints; a parcel may have more numbers."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from portal.outbox.models import Event
from tests.factories.accounts import PersonFactory
from tests.factories.tracking import NOON, CarrierFactory, ConnectionFactory, ParcelFactory
from tests.tracking import pushes
from tracking import reactions
from tracking.carriers import generic
from tracking.models import Anomaly, CarrierCode, Envelope, Parcel, ParcelNumber, Sighting
from tracking.scans import Scan, weight
from tracking.services import codes, intake, quarantine
from tracking.states import EnvelopeSource, EnvelopeState, ParcelStatus, Party, Reason

pytestmark = pytest.mark.django_db

S = ParcelStatus


@pytest.fixture
def parcel() -> Parcel:
    return ParcelFactory.create(number="1Z999AA10123456784", shipped_at=None)


@pytest.fixture
def ups() -> Parcel:
    connection = ConnectionFactory.create(slug="ups", adapter="ups")
    return ParcelFactory.create(number="1Z999AA10123456784", shipped_at=None, connection=connection)


def alert(parcel: Parcel, *, kind: str, code: str, words: str) -> bytes:
    return orjson.dumps(
        {
            "trackingNumber": parcel.number,
            "activityStatus": {"type": kind, "code": code, "description": words},
            "activityLocation": {"city": "Louisville", "stateProvince": "KY", "country": "US"},
            "localActivityDate": "20260302",
            "localActivityTime": "070000",
            "gmtActivityDate": "20260302",
            "gmtActivityTime": "120000",
            "gmtOffset": "-05:00",
        }
    )


def answer(parcel: Parcel, *, kind: str, code: str, words: str) -> bytes:
    activity = {
        "status": {"type": kind, "code": code, "description": words},
        "location": {"address": {"city": "Louisville", "stateProvince": "KY", "country": "US"}},
        "date": "20260302",
        "time": "070000",
        "gmtDate": "20260302",
        "gmtTime": "120000",
        "gmtOffset": "-05:00",
    }
    package = {"trackingNumber": parcel.number, "activity": [activity]}
    return orjson.dumps({"trackResponse": {"shipment": [{"package": [package]}]}})


class TestHints:
    DELIVERED = {"kind": "D", "code": "FS", "words": "DELIVERED"}

    def test_a_push_that_anyone_could_send_delivers_nothing(self, ups: Parcel) -> None:
        pushes.put(ups.connection, alert(ups, **self.DELIVERED))

        pushes.drain()

        ups.refresh_from_db()
        assert (ups.status, ups.hinted) == (S.REGISTERED, S.DELIVERED)
        assert ups.delivered_at is None
        assert Sighting.objects.get().is_hint
        assert not Event.objects.exists()

    @pytest.mark.parametrize(
        "words",
        ["Your package was damaged in transit.", "Package lost.", "Refused by receiver"],
    )
    def test_nor_does_it_make_trouble(self, ups: Parcel, words: str) -> None:
        pushes.put(ups.connection, alert(ups, kind="X", code="ZZ", words=words))

        pushes.drain()

        ups.refresh_from_db()
        assert ups.reason == ""
        assert not Anomaly.objects.exists()
        assert not Event.objects.exists()

    def test_an_answer_that_says_the_same_confirms_it(self, ups: Parcel) -> None:
        pushes.put(ups.connection, alert(ups, **self.DELIVERED))
        pushes.drain()
        pushes.put(ups.connection, answer(ups, **self.DELIVERED), source=EnvelopeSource.POLL)

        pushes.drain()

        ups.refresh_from_db()
        assert (ups.status, ups.hinted, ups.delivered_at) == (S.DELIVERED, "", NOON)
        assert not Sighting.objects.get().is_hint
        assert Event.objects.get().payload["status"] == "delivered"

    def test_an_answer_that_came_first_is_not_unsaid(self, ups: Parcel) -> None:
        pushes.put(ups.connection, answer(ups, **self.DELIVERED), source=EnvelopeSource.POLL)
        pushes.drain()
        pushes.put(ups.connection, alert(ups, **self.DELIVERED))

        pushes.drain()

        ups.refresh_from_db()
        assert (ups.status, ups.hinted) == (S.DELIVERED, "")
        assert not Sighting.objects.get().is_hint

    def test_both_in_one_batch_count_as_confirmed(self, ups: Parcel) -> None:
        pushes.put(ups.connection, alert(ups, **self.DELIVERED))
        pushes.put(ups.connection, answer(ups, **self.DELIVERED), source=EnvelopeSource.POLL)

        pushes.drain()

        ups.refresh_from_db()
        assert (ups.status, ups.hinted) == (S.DELIVERED, "")

    def test_light_news_moves_the_parcel_all_the_same(self, ups: Parcel) -> None:
        pushes.put(ups.connection, alert(ups, kind="I", code="OT", words="Out for Delivery"))

        pushes.drain()

        ups.refresh_from_db()
        assert (ups.status, ups.hinted) == (S.OUT_FOR_DELIVERY, "")

    def test_a_connection_that_nobody_can_ask_may_be_believed(self, ups: Parcel) -> None:
        assert ups.connection is not None
        ups.connection.trusts_pushes = True
        ups.connection.save()
        pushes.put(ups.connection, alert(ups, **self.DELIVERED))

        pushes.drain()

        ups.refresh_from_db()
        assert (ups.status, ups.hinted) == (S.DELIVERED, "")


class TestReadingAnew:
    def test_newer_tables_change_what_a_stored_scan_means(
        self, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event = pushes.event("in_transit", at=NOON, code="ABC")
        pushes.put(parcel.connection, pushes.body(parcel.number, [event]))
        pushes.drain()
        told_then = Sighting.objects.get()

        monkeypatch.setattr(generic, "VERSION", 2)
        monkeypatch.setitem(generic._STATUSES, "in_transit", S.CUSTOMS)
        intake.replay(envelope_ids=[Envelope.objects.get().pk], now=NOON)
        pushes.drain()

        parcel.refresh_from_db()
        told_now = Sighting.objects.get()
        assert (told_then.status, told_now.status) == (S.IN_TRANSIT, S.CUSTOMS)
        assert (told_now.raw_code, told_now.raw_text) == ("ABC", "Parcel in_transit")
        assert parcel.status == S.CUSTOMS

    def test_an_older_table_does_not_take_it_back(
        self, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event = pushes.event("in_transit", at=NOON)
        monkeypatch.setattr(generic, "VERSION", 2)
        pushes.put(parcel.connection, pushes.body(parcel.number, [event]))
        pushes.drain()
        monkeypatch.setattr(generic, "VERSION", 1)
        other = {**event, "status": "delivered"}
        pushes.put(parcel.connection, pushes.body(parcel.number, [other]))

        pushes.drain()

        parcel.refresh_from_db()
        assert parcel.status == S.IN_TRANSIT

    @pytest.mark.parametrize("is_turned", [False, True])
    def test_of_two_readings_the_one_that_says_more_holds(
        self, parcel: Parcel, is_turned: bool
    ) -> None:
        plain = {"id": "7", "occurred_at": NOON.isoformat(), "code": "X"}
        told = [{**plain}, {**plain, "status": "exception", "reason": "damaged"}]
        for event in reversed(told) if is_turned else told:
            pushes.put(parcel.connection, pushes.body(parcel.number, [event]))
            pushes.drain()

        sighting = Sighting.objects.get()

        assert (sighting.status, sighting.reason) == (S.EXCEPTION, Reason.DAMAGED)
        assert Anomaly.objects.get().kind == "damaged"

    def test_a_weight_grows_with_version_then_knowledge_then_status(self) -> None:
        heard = [
            weight(Scan(status=S.DELIVERED, is_known=False), version=1),
            weight(Scan(), version=1),
            weight(Scan(status=S.IN_TRANSIT), version=1),
            weight(Scan(status=S.IN_TRANSIT, reason=Reason.DELAYED), version=1),
            weight(Scan(status=S.EXPIRED), version=1),
            weight(Scan(is_known=False), version=2),
        ]

        assert heard == sorted(set(heard))
        assert heard[-1] < 2**31


class TestCodes:
    def put(self, parcel: Parcel, *, at: int = 0, code: str = "QX7") -> None:
        event = pushes.event("frobnicated", at=NOON + timedelta(minutes=at), code=code)
        pushes.put(parcel.connection, pushes.body(parcel.number, [event]))
        pushes.drain()

    def test_an_unknown_code_moves_nothing_and_is_counted_once_a_scan(self, parcel: Parcel) -> None:
        pushes.put(
            parcel.connection, pushes.body(parcel.number, [pushes.event("picked_up", at=NOON)])
        )
        self.put(parcel, at=1)
        self.put(parcel, at=2)
        intake.replay(envelope_ids=Envelope.objects.values_list("pk", flat=True), now=NOON)
        pushes.drain()

        parcel.refresh_from_db()
        code = CarrierCode.objects.get()
        assert parcel.status == S.PICKED_UP
        assert (code.adapter, code.code, code.seen) == ("generic", "QX7", 2)
        assert (code.words, code.mapped_at) == ("Parcel frobnicated", None)

    def test_what_staff_say_it_means_reaches_old_and_new_scans(self, parcel: Parcel) -> None:
        other = ParcelFactory.create(connection=parcel.connection, shipped_at=None)
        self.put(parcel)
        agent = PersonFactory.create()

        code = codes.say(
            code=CarrierCode.objects.get(), status=S.EXCEPTION, reason=Reason.WEATHER,
            party=Party.FORCE_MAJEURE, person=agent, now=NOON,
        )  # fmt: skip
        reactions.read_again(Event.objects.get(name="tracking.code_mapped"))
        self.put(other)

        for one in (parcel, other):
            one.refresh_from_db()
            assert (one.status, one.reason, one.party) == (
                S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE,
            )  # fmt: skip
        assert (code.mapped_by, code.mapped_at) == (agent, NOON)
        assert parcel.revision == 2

    def test_a_change_of_mind_takes_the_first_meaning_back(self, parcel: Parcel) -> None:
        self.put(parcel)
        agent = PersonFactory.create()
        code = CarrierCode.objects.get()
        codes.say(code=code, status=S.DELIVERED, person=agent, now=NOON)
        codes.read_again(code_id=code.pk, now=NOON)

        codes.say(code=code, status="", person=agent, now=NOON)
        touched = codes.read_again(code_id=code.pk, now=NOON)
        intake.replay(envelope_ids=Envelope.objects.values_list("pk", flat=True), now=NOON)
        pushes.drain()

        parcel.refresh_from_db()
        assert touched == 1
        assert (parcel.status, parcel.delivered_at) == (S.REGISTERED, None)

    def test_a_reason_without_a_status_is_refused(self, parcel: Parcel) -> None:
        self.put(parcel)
        code = CarrierCode.objects.get()

        with pytest.raises(codes.Meaningless):
            codes.say(
                code=code, status="", reason=Reason.DAMAGED, person=PersonFactory.create(), now=NOON
            )

        code.refresh_from_db()
        assert (code.reason, code.mapped_at) == ("", None)
        assert not Event.objects.filter(name="tracking.code_mapped").exists()


class TestQuarantine:
    def put_aside(self, parcel: Parcel) -> Envelope:
        text = pushes.body("OTHER12345", pushes.journey(steps=("picked_up",)))
        envelope = pushes.put(parcel.connection, text)
        pushes.drain()
        envelope.refresh_from_db()
        assert (envelope.state, envelope.numbers) == ("quarantined", ["OTHER12345"])
        return envelope

    def test_staff_match_a_number_and_what_came_for_it_is_applied(self, parcel: Parcel) -> None:
        envelope, agent = self.put_aside(parcel), PersonFactory.create()

        quarantine.match(
            envelope=envelope, number="other-12345", parcel=parcel, person=agent, now=NOON
        )
        pushes.drain()

        parcel.refresh_from_db()
        envelope.refresh_from_db()
        further = ParcelNumber.objects.get()
        assert (parcel.status, envelope.state) == (S.PICKED_UP, EnvelopeState.APPLIED)
        assert (further.number, further.matched_by) == ("OTHER12345", agent)

    def test_a_number_of_another_parcel_is_refused(self, parcel: Parcel) -> None:
        envelope, agent = self.put_aside(parcel), PersonFactory.create()
        ParcelFactory.create(connection=parcel.connection, number="OTHER12345")

        with pytest.raises(quarantine.Unmatched):
            quarantine.match(
                envelope=envelope, number="OTHER12345", parcel=parcel, person=agent, now=NOON
            )

        assert not ParcelNumber.objects.exists()

    def test_a_number_that_is_not_in_the_message_is_refused(self, parcel: Parcel) -> None:
        envelope, agent = self.put_aside(parcel), PersonFactory.create()

        with pytest.raises(quarantine.Unmatched):
            quarantine.match(
                envelope=envelope, number="ELSE1234", parcel=parcel, person=agent, now=NOON
            )

        assert not ParcelNumber.objects.exists()

    def test_what_is_not_ours_is_dismissed_and_kept(self, parcel: Parcel) -> None:
        envelope, agent = self.put_aside(parcel), PersonFactory.create()

        quarantine.dismiss(envelope=envelope, person=agent, note="a test of theirs", now=NOON)

        envelope.refresh_from_db()
        assert envelope.state == EnvelopeState.DISMISSED
        assert "a test of theirs" in envelope.error
        with pytest.raises(quarantine.Unmatched):
            quarantine.dismiss(envelope=envelope, person=agent, note="", now=NOON)

    def test_the_right_carrier_lets_waiting_news_in(self, parcel: Parcel) -> None:
        text = pushes.body(parcel.number, pushes.journey(steps=("picked_up",)), carrier="fedex")
        pushes.put(parcel.connection, text)
        pushes.drain()
        assert Envelope.objects.get().state == EnvelopeState.QUARANTINED

        quarantine.change_carrier(
            parcel=parcel, carrier=CarrierFactory.create(slug="fedex"), now=NOON
        )
        pushes.drain()

        parcel.refresh_from_db()
        assert (parcel.carrier.slug, parcel.status) == ("fedex", S.PICKED_UP)


class TestReopening:
    def test_an_answer_that_comes_back_is_opened_again(self, parcel: Parcel) -> None:
        def tell(events: list[dict[str, object]], *, hours: int) -> None:
            intake.accept(
                connection_id=parcel.connection_id or 0,
                body=pushes.body(parcel.number, events, is_complete=True),
                headers={},
                source=EnvelopeSource.POLL,
                now=NOON + timedelta(hours=hours),
                reopens=True,
            )
            pushes.drain(now=NOON + timedelta(hours=hours))

        whole = pushes.journey(steps=("picked_up", "in_transit"))
        tell(whole, hours=1)
        tell(whole[:1], hours=2)
        parcel.refresh_from_db()
        assert parcel.status == S.PICKED_UP

        tell(whole, hours=3)

        parcel.refresh_from_db()
        assert parcel.status == S.IN_TRANSIT
        assert Envelope.objects.count() == 2
