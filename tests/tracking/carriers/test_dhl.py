from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tests.tracking.carriers.fixtures import (
    HOME,
    body,
    journey,
    lone_error,
    parcel,
    read,
)
from tracking.carriers import dhl
from tracking.carriers.base import Ask, Quota
from tracking.scans import ErrorKind, Proof, ProofKind, Reading
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NUMBER = "00340434161094000017"


class TestShipment:
    @pytest.mark.parametrize(
        ("name", "status", "reason", "is_inferred"),
        [
            ("delivered", S.DELIVERED, None, False),
            ("in_transit", S.IN_TRANSIT, None, False),
            ("out_for_delivery", S.OUT_FOR_DELIVERY, None, True),
            ("ready", S.AVAILABLE_FOR_PICKUP, None, True),
            ("customs", S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, True),
            ("customs_done", S.CUSTOMS, None, True),
            ("not_home", S.ATTEMPT_FAILED, Reason.NOT_HOME, True),
            ("refused", S.ATTEMPT_FAILED, Reason.REFUSED, True),
            ("damaged", S.EXCEPTION, Reason.DAMAGED, True),
            ("lost", S.EXCEPTION, Reason.LOST, True),
            ("weather", S.EXCEPTION, Reason.WEATHER, True),
            ("returning", S.RETURNING, None, True),
            ("unexplained", S.EXCEPTION, None, False),
            ("return_flag", S.RETURNING, None, False),
            ("returned", S.RETURNED, None, False),
            ("de_delivered", S.DELIVERED, None, False),
            ("de_disposed", S.EXCEPTION, None, True),
            ("de_out", S.OUT_FOR_DELIVERY, None, False),
            ("de_packstation", S.AVAILABLE_FOR_PICKUP, None, False),
            ("de_failed", S.ATTEMPT_FAILED, Reason.NOT_HOME, True),
            ("de_customs", S.CUSTOMS, None, False),
            ("express_codes", S.ATTEMPT_FAILED, Reason.NOT_HOME, False),
            ("status_only", S.IN_TRANSIT, None, False),
            ("status_newer", S.DELIVERED, None, False),
        ],
    )
    def test_reads_the_newest_event(
        self, name: str, status: S, reason: Reason | None, is_inferred: bool
    ) -> None:
        snapshot = parcel("dhl", f"track__{name}.json")
        newest = snapshot.scans[0]
        found = journey(snapshot)

        assert (newest.status, newest.reason, newest.is_inferred) == (status, reason, is_inferred)
        assert (found.status, found.reason) == (status, reason)

    def test_reads_time_place_number_and_order(self) -> None:
        snapshot = parcel("dhl", "track__in_transit.json")
        processed, picked_up, announced = snapshot.scans

        assert (snapshot.number, snapshot.carrier) == (NUMBER, "dhl")
        assert not snapshot.is_complete
        assert [scan.sequence for scan in snapshot.scans] == [2, 1, 0]
        assert processed.occurred_at == datetime(2026, 3, 2, 7, 10, tzinfo=UTC)
        assert processed.local_time == "2026-03-02T08:10:00"
        assert processed.offset_source == OffsetSource.OFFSET
        assert (processed.raw_code, processed.status) == ("transit", S.IN_TRANSIT)
        assert processed.raw_text == "Processed at the parcel center"
        assert (processed.location, processed.country) == ("Bonn", "DE")
        assert (picked_up.status, picked_up.is_inferred) == (S.PICKED_UP, True)
        assert (announced.status, announced.is_physical) == (S.INFO_RECEIVED, False)

    def test_order_is_the_same_from_either_end(self) -> None:
        rising = parcel("dhl", "track__oldest_first.json").scans

        assert rising == parcel("dhl", "track__in_transit.json").scans[::-1]

    def test_without_an_offset_the_moment_is_not_guessed(self) -> None:
        snapshot = parcel("dhl", "track__no_zone.json")
        timed, dated = snapshot.scans

        assert (timed.occurred_at, timed.local_time) == (None, "2026-03-02T08:10:00")
        assert (dated.occurred_at, dated.local_time) == (None, "2026-03-01")
        assert timed.offset_source == OffsetSource.UNKNOWN
        assert (snapshot.eta_from, snapshot.eta_to) == (None, None)

    def test_expects_a_window_or_the_end_of_a_day(self) -> None:
        window = parcel("dhl", "track__in_transit.json")
        day = parcel("dhl", "track__in_transit_by_day.json")

        assert window.eta_from == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
        assert window.eta_to == datetime(2026, 3, 3, 11, 0, tzinfo=UTC)
        assert (day.eta_from, day.eta_to) == (None, datetime(2026, 3, 3, 22, 59, 59, tzinfo=UTC))

    def test_unknown_is_a_word_of_theirs_and_moves_nothing(self) -> None:
        snapshot = parcel("dhl", "track__unknown_status.json")
        update = snapshot.scans[0]

        assert (update.status, update.is_known, update.is_physical) == (None, True, False)
        assert journey(snapshot).status == S.IN_TRANSIT

    def test_a_code_nobody_listed_moves_nothing_and_is_counted(self) -> None:
        snapshot = parcel("dhl", "track__new_code.json")
        new = snapshot.scans[0]

        assert (new.raw_code, new.status, new.is_known) == ("teleported", None, False)
        assert journey(snapshot).status == S.IN_TRANSIT

    def test_proof_and_name_stay_out_of_the_scans(self) -> None:
        snapshot = parcel("dhl", "track__delivered.json")

        assert snapshot.signed_by == "A NAME"
        assert snapshot.proofs == (
            Proof(kind=ProofKind.SIGNATURE, url="https://webpod.dhl.com/sign?token=abc"),
            Proof(
                kind=ProofKind.DOCUMENT,
                url="https://webpod.dhl.com/webPOD/DHLePODRequest?token=abc",
            ),
        )
        assert dhl.capabilities.proof_hosts == ("webpod.dhl.com",)
        assert snapshot.scans[0].raw_text == "DELIVERED"
        assert "A NAME" not in repr(snapshot.scans)
        assert (snapshot.eta_from, snapshot.eta_to) == (None, None)

    def test_a_neighbours_name_is_cut_and_the_neighbour_kept(self) -> None:
        done = parcel("dhl", "track__de_delivered.json").scans[0]

        assert done.handed == Handed.NEIGHBOUR
        assert done.raw_code == "ZU"
        assert done.raw_text == "The shipment was delivered to the neighbour"

    def test_express_events_without_a_code_are_read_by_their_words(self) -> None:
        snapshot = parcel("dhl", "track__express_silent.json")
        done, out, processed, picked_up = snapshot.scans

        assert (done.status, done.is_inferred) == (S.DELIVERED, False), "the shipment says so"
        assert done.raw_text == "Delivered"
        assert (out.status, out.is_inferred) == (S.OUT_FOR_DELIVERY, True)
        assert (processed.status, processed.is_inferred) == (S.IN_TRANSIT, True)
        assert (picked_up.status, picked_up.is_inferred) == (S.PICKED_UP, True)
        assert "A NAME" not in repr(snapshot.scans)

    def test_words_alone_deliver_nothing(self) -> None:
        answer = orjson.loads(body("dhl", "track__express_silent.json"))
        del answer["shipments"][0]["status"]
        (snapshot,) = dhl.parse(orjson.dumps(answer)).parcels

        assert snapshot.scans[0].status is None
        assert journey(snapshot).status == S.OUT_FOR_DELIVERY

    def test_a_status_is_an_event_only_where_it_is_newer(self) -> None:
        assert len(parcel("dhl", "track__status_newer.json").scans) == 4
        assert len(parcel("dhl", "track__in_transit.json").scans) == 3

    def test_scans_of_one_minute_stay_apart_and_a_repeat_is_one(self) -> None:
        snapshot = parcel("dhl", "track__same_minute.json")

        assert [bool(scan.event_id) for scan in snapshot.scans] == [True, False, False]
        assert len(journey(snapshot).order) == 2

    def test_each_division_is_a_parcel_newest_first(self) -> None:
        reading = read("dhl", "track__two_divisions.json")

        assert [journey(one).status for one in reading.parcels] == [S.IN_TRANSIT, S.DELIVERED]
        assert {one.number for one in reading.parcels} == {NUMBER}
        assert [(one.kind, one.number) for one in reading.errors] == [(ErrorKind.NOT_FOUND, NUMBER)]

    def test_a_shipment_without_a_number_does_not_spoil_the_others(self) -> None:
        reading = read("dhl", "track__nameless.json")

        assert [one.number for one in reading.parcels] == [NUMBER]
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]


class TestExpress:
    def test_reads_each_waybill_and_what_is_wrong_with_one(self) -> None:
        reading = read("dhl", "express__mixed.xml")
        (snapshot,) = reading.parcels
        picked_up, weighed, clearing, out, done = snapshot.scans

        assert (snapshot.number, snapshot.carrier) == ("3180831640", "dhl")
        assert [scan.sequence for scan in snapshot.scans] == [0, 1, 2, 3, 4]
        assert (picked_up.status, picked_up.location) == (S.PICKED_UP, "Barcelona - Spain")
        assert (weighed.status, weighed.is_physical, weighed.is_known) == (None, True, True)
        assert (clearing.status, out.status) == (S.CUSTOMS, S.OUT_FOR_DELIVERY)
        assert (done.occurred_at, done.local_time) == (None, "2026-03-02T10:09:00")
        assert (done.status, done.reason, done.party) == (
            S.DELIVERED, Reason.DAMAGED, Party.CARRIER,
        )  # fmt: skip
        assert snapshot.signed_by == "A NAME"
        assert "A NAME" not in repr(snapshot.scans)
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "7740842550"), (ErrorKind.NOT_FOUND, "1815115363"),
        ]  # fmt: skip

    def test_troubles_surface(self) -> None:
        scans = [one.scans[0] for one in read("dhl", "express__troubles.xml").parcels]

        assert {scan.raw_code: (scan.status, scan.reason) for scan in scans} == {
            "DM": (S.EXCEPTION, Reason.DAMAGED),
            "RD": (S.ATTEMPT_FAILED, Reason.REFUSED),
            "NH": (S.ATTEMPT_FAILED, Reason.NOT_HOME),
            "RT": (S.RETURNING, None),
            "DS": (S.DESTROYED, None),
            "BA": (S.EXCEPTION, Reason.BAD_ADDRESS),
            "MS": (S.EXCEPTION, Reason.MISSORTED),
            "UD": (S.CUSTOMS, Reason.CUSTOMS_INSPECTION),
            "CC": (S.AVAILABLE_FOR_PICKUP, None),
            "OH": (S.EXCEPTION, Reason.OTHER),
            "QQ": (None, None),
        }
        assert [scan.raw_code for scan in scans if not scan.is_known] == ["QQ"]

    def test_expects_what_is_not_delivered_yet(self) -> None:
        reading = read("dhl", "express__expected.xml")
        under_way, done = reading.parcels

        assert under_way.eta_to == datetime(2026, 3, 8, 4, 59, tzinfo=UTC)
        assert under_way.scans[0].occurred_at == datetime(2026, 3, 5, 14, 42, tzinfo=UTC)
        assert under_way.scans[0].offset_source == OffsetSource.OFFSET
        assert (done.eta_to, done.scans[0].occurred_at) == (None, None)
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "1815115363")
        ]

    def test_reads_the_oldest_service(self) -> None:
        reading = read("dhl", "tracks__mixed.xml")
        (snapshot,) = reading.parcels
        found = journey(snapshot)

        assert [scan.status for scan in snapshot.scans] == [S.CUSTOMS, S.CUSTOMS, S.PICKED_UP]
        assert (found.status, found.reason, found.party) == (
            S.CUSTOMS, Reason.DELAYED, Party.CUSTOMS,
        )  # fmt: skip
        assert [scan.location for scan in snapshot.scans] == [
            "KUWAIT", "KUWAIT", "DAYTON, OH",
        ]  # fmt: skip
        assert snapshot.scans[0].local_time == "2026-03-06T14:48:00"
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "2601000022")
        ]

    def test_reads_the_same_checkpoints_in_json(self) -> None:
        snapshot = parcel("dhl", "mydhl__delivered.json")
        collected, done = snapshot.scans

        assert (snapshot.number, snapshot.signed_by) == ("1234567890", "A NAME")
        assert "A NAME" not in repr(snapshot.scans)
        assert (collected.status, done.status) == (S.PICKED_UP, S.DELIVERED)
        assert collected.occurred_at == datetime(2026, 3, 5, 4, 6, tzinfo=UTC)
        assert collected.location == "TOKYO-JAPAN"
        assert journey(snapshot).delivered_at == datetime(2026, 3, 7, 9, 9, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("code", "status", "reason", "is_physical"),
        [
            ("CI", S.IN_TRANSIT, None, True),
            ("LV", S.IN_TRANSIT, None, True),
            ("UV", S.IN_TRANSIT, None, True),
            ("HN", S.IN_TRANSIT, None, True),
            ("HI", S.EXCEPTION, Reason.OTHER, True),
            ("HO", S.IN_TRANSIT, None, True),
            ("SI", S.IN_TRANSIT, None, True),
            ("IR", S.EXCEPTION, Reason.MISSORTED, True),
            ("ST", S.EXCEPTION, Reason.OTHER, True),
            ("TI", S.EXCEPTION, Reason.OTHER, False),
            ("TT", None, None, False),
            ("DP", S.EXCEPTION, Reason.SECURITY, False),
            ("DI", None, None, False),
            ("SD", S.INFO_RECEIVED, None, False),
            ("DU", S.INFO_RECEIVED, None, False),
        ],
    )
    def test_knows_the_rarer_checkpoints(
        self, code: str, status: S | None, reason: Reason | None, is_physical: bool
    ) -> None:
        event = {"date": "2026-03-05", "time": "13:06:00", "typeCode": code, "description": "x"}
        answer = {"shipments": [{"shipmentTrackingNumber": "1234567890", "events": [event]}]}

        (scan,) = dhl.parse(orjson.dumps(answer)).parcels[0].scans

        assert scan.is_known
        assert (scan.status, scan.reason, scan.is_physical) == (status, reason, is_physical)

    def test_a_checkpoint_in_json_may_tell_its_time_in_one(self) -> None:
        event = {"timestamp": "2026-03-05T13:06:00", "typeCode": "PU", "description": "Picked up",
                 "location": {"address": {"addressLocality": "OSAKA"}}}  # fmt: skip
        answer = {"shipments": [{"shipmentTrackingNumber": "1234567890", "events": [event]}]}
        (scan,) = dhl.parse(orjson.dumps(answer)).parcels[0].scans

        assert (scan.local_time, scan.location) == ("2026-03-05T13:06:00", "OSAKA")


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "kind", "number"),
        [
            ("error__not_found.json", ErrorKind.NOT_FOUND, NUMBER),
            ("track__empty.json", ErrorKind.NOT_FOUND, ""),
            ("error__invalid_number.json", ErrorKind.INVALID_NUMBER, ""),
            ("error__bad_request.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__auth.json", ErrorKind.AUTH, ""),
            ("error__rate_limited.json", ErrorKind.RATE_LIMITED, ""),
            ("error__quota.json", ErrorKind.QUOTA_EXHAUSTED, ""),
            ("error__unavailable.json", ErrorKind.TRANSIENT, ""),
            ("error__gateway_key.json", ErrorKind.AUTH, ""),
            ("error__gateway_quota.json", ErrorKind.QUOTA_EXHAUSTED, ""),
            ("error__gateway_spike.json", ErrorKind.RATE_LIMITED, ""),
            ("error__html.html", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__truncated.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__express_password.xml", ErrorKind.AUTH, ""),
            ("error__express_parsing.xml", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__express_number.xml", ErrorKind.INVALID_NUMBER, ""),
            ("push__failure.json", ErrorKind.AUTH, ""),
            ("push__another_format.json", ErrorKind.SCHEMA_DRIFT, ""),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind, number: str) -> None:
        error = lone_error("dhl", name)

        assert (error.kind, error.number) == (kind, number)
        assert error.message


class TestPush:
    @pytest.mark.parametrize("name", ["out_for_delivery", "status_only"])
    def test_reads_shipments(self, name: str) -> None:
        snapshot = parcel("dhl", f"push__{name}.json")

        assert snapshot.number == NUMBER
        assert journey(snapshot).status == S.OUT_FOR_DELIVERY

    def test_a_pushed_status_and_the_event_polled_are_one(self) -> None:
        pushed = parcel("dhl", "push__status_only.json").scans[0]
        polled = parcel("dhl", "track__out_for_delivery.json").scans[0]

        assert pushed.fingerprint(carrier="dhl", number=NUMBER) == polled.fingerprint(
            carrier="dhl", number=NUMBER
        )

    @pytest.mark.parametrize("name", ["validate", "ready", "deleted"])
    def test_news_of_the_subscription_is_no_news_of_a_parcel(self, name: str) -> None:
        assert read("dhl", f"push__{name}.json") == Reading()


class TestSeal:
    def test_opens_what_it_seals(self) -> None:
        headers = dhl.seal(b"{}", "s3cret")

        assert dhl.verify(b"{}", headers, ["old", "s3cret"], now=NOW) is None
        assert headers == {"x-hook-token": "s3cret"}

    @pytest.mark.parametrize(
        ("headers", "secrets"),
        [
            ({"x-hook-token": "other"}, ["s3cret"]),
            ({"x-hook-token": "s3crété\udcff"}, ["s3cret"]),
            ({"x-hook-token": ""}, ["s3cret"]),
            ({}, ["s3cret"]),
            ({"x-hook-token": "s3cret"}, []),
            ({"x-hook-token": ""}, [""]),
            ({"x-hook-token": " "}, [" "]),
        ],
    )
    def test_refuses_the_rest(self, headers: dict[str, str], secrets: list[str]) -> None:
        assert dhl.verify(b"{}", headers, secrets, now=NOW)

    def test_says_200_and_its_pushes_are_hints(self) -> None:
        assert dhl.acknowledge(True).status == 200
        assert dhl.acknowledge(False).status == 401
        assert dhl.fault(b"{}") is None
        assert dhl.fault(b"{")
        assert not dhl.capabilities.is_body_sealed


class TestCalls:
    def test_asks_for_one_parcel_at_a_time(self) -> None:
        settings = {"api_key": "k", "service": "parcel-de", "country": "DE"}
        first, second = dhl.build_requests(
            [Ask(number="0034 1", postcode="53113"), Ask(number="2")], settings
        )

        assert first.method == "GET"
        assert first.url == (
            "https://api-eu.dhl.com/track/shipments?trackingNumber=0034+1&service=parcel-de"
            "&requesterCountryCode=DE&recipientPostalCode=53113&language=en"
        )
        assert first.headers["DHL-API-Key"] == "k"
        assert "recipientPostalCode" not in second.url

    @pytest.mark.parametrize(
        ("options", "host"),
        [
            ({"is_test": True}, "https://api-sandbox.dhl.com"),
            ({"is_test": True, "host": "http://127.0.0.1:9"}, "http://127.0.0.1:9"),
        ],
    )
    def test_asks_the_host_it_is_told(self, options: dict[str, object], host: str) -> None:
        (request,) = dhl.build_requests([Ask(number="7")], options)

        assert request.url == f"{host}/track/shipments?trackingNumber=7&language=en"

    def test_keeps_within_what_a_new_key_may(self) -> None:
        assert dhl.capabilities.quotas == (Quota(1, 5), Quota(250, 86_400))
        assert dhl.capabilities.max_polls_a_day == 10
        assert dhl.capabilities.first_poll_after == timedelta(minutes=30)


class TestCodes:
    def test_every_fixture_is_explained_or_known_to_be_new(self) -> None:
        new = {
            (path.name, scan.raw_code)
            for path in (HOME / "dhl").iterdir()
            for snapshot in read("dhl", path.name).parcels
            for scan in snapshot.scans
            if not scan.is_known
        }

        assert new == {("track__new_code.json", "teleported"), ("express__troubles.xml", "QQ")}
