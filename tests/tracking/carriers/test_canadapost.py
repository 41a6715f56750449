from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.tracking.carriers.fixtures import (
    HOME,
    body,
    journey,
    lone_error,
    parcel,
    read,
)
from tracking.carriers import canadapost
from tracking.carriers.base import NEWS, Ask, Proving
from tracking.carriers.canadapost import codes
from tracking.scans import ErrorKind, Proof, ProofKind
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NUMBER = "7035114477138472"


class TestDetail:
    @pytest.mark.parametrize(
        ("name", "status", "reason", "party", "trouble"),
        [
            ("delivered", S.DELIVERED, None, None, ()),
            ("in_transit", S.IN_TRANSIT, None, None, ()),
            ("damaged", S.EXCEPTION, Reason.DAMAGED, Party.CARRIER, ("damaged",)),
            ("weather", S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE, ()),
            ("address", S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT, ()),
            ("customs", S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS, ()),
            ("card_left", S.AVAILABLE_FOR_PICKUP, None, None, ()),
            ("refused", S.RETURNING, Reason.REFUSED, Party.RECIPIENT, ("refused", "returned")),
            ("back_at_the_sender", S.RETURNING, None, None, ("returned",)),
            ("disposed", S.DESTROYED, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT, ("damaged",)),
            ("unknown_code", S.IN_TRANSIT, None, None, ()),
        ],
    )
    def test_reads_where_it_is_and_why(
        self,
        name: str,
        status: S,
        reason: Reason | None,
        party: Party | None,
        trouble: tuple[str, ...],
    ) -> None:
        found = journey(parcel("canadapost", f"detail__{name}.xml"))

        assert (found.status, found.reason, found.party) == (status, reason, party)
        assert found.trouble == trouble

    def test_reads_time_place_number_and_order(self) -> None:
        snapshot = parcel("canadapost", "detail__delivered.xml")
        done, signed, out, processed, _, announced = snapshot.scans

        assert (snapshot.number, snapshot.carrier) == (NUMBER, "canadapost")
        assert not snapshot.is_complete
        assert [scan.sequence for scan in snapshot.scans] == [5, 4, 3, 2, 1, 0]
        assert done.occurred_at == datetime(2026, 3, 3, 18, 59, 59, tzinfo=UTC)
        assert (done.local_time, done.offset_source) == ("2026-03-03T11:59:59", OffsetSource.PLACE)
        assert (done.raw_code, done.handed) == ("1425", Handed.PROXY)
        assert (signed.raw_code, signed.status, signed.is_physical) == ("0020", None, False)
        assert (out.location, out.country) == ("CALGARY, AB", "CA")
        assert processed.raw_text == "Item processed"
        assert (announced.occurred_at, announced.local_time) == (None, "2026-03-01T13:49:14")
        assert announced.offset_source == OffsetSource.UNKNOWN
        assert not announced.is_physical

    def test_who_signed_stays_out_of_the_scans(self) -> None:
        snapshot = parcel("canadapost", "detail__delivered.xml")

        assert snapshot.signed_by == "A NAME"
        assert "A NAME" not in repr(snapshot.scans)
        assert snapshot.eta_to is None

    def test_letters_name_the_zone_and_not_the_offset(self) -> None:
        regina, winnipeg, abroad = parcel("canadapost", "detail__summer.xml").scans

        assert regina.occurred_at == datetime(2026, 7, 2, 22, 56, 7, tzinfo=UTC)
        assert winnipeg.occurred_at == datetime(2026, 7, 1, 21, 56, 7, tzinfo=UTC)
        assert (abroad.occurred_at, abroad.country) == (None, "")

    def test_a_changed_day_is_expected_until_its_end_where_it_goes(self) -> None:
        there = parcel("canadapost", "detail__in_transit.xml")
        nowhere = parcel("canadapost", "detail__damaged.xml")

        assert there.eta_to == datetime(2026, 3, 7, 6, 59, 59, tzinfo=UTC)
        assert there.eta_from is None
        assert nowhere.eta_to is None, "the north has several zones"

    def test_words_turn_a_delivery_round_as_a_guess(self) -> None:
        back, out, unclaimed, *_ = parcel("canadapost", "detail__back_at_the_sender.xml").scans

        assert (back.status, back.is_inferred, back.handed) == (S.RETURNING, True, None)
        assert (out.status, out.is_inferred) == (S.RETURNING, True)
        assert (unclaimed.status, unclaimed.reason) == (S.RETURNING, Reason.PICKUP_NOT_COLLECTED)
        assert not unclaimed.is_inferred

    def test_the_threat_to_return_an_item_is_no_return(self) -> None:
        notice, departed = parcel("canadapost", "detail__final_notice.xml").scans

        assert (notice.status, notice.reason) == (
            S.AVAILABLE_FOR_PICKUP, Reason.PICKUP_NOT_COLLECTED,
        )  # fmt: skip
        assert departed.occurred_at == datetime(2026, 3, 3, 16, 35, 55, tzinfo=UTC)

    def test_an_archived_item_has_days_without_hours(self) -> None:
        snapshot = parcel("canadapost", "detail__archived.xml")

        assert [scan.local_time for scan in snapshot.scans] == [
            "2026-03-04", "2026-03-04", "2026-03-02",
        ]  # fmt: skip
        assert journey(snapshot).status == S.DELIVERED

    def test_a_code_nobody_listed_moves_nothing_and_is_counted(self) -> None:
        new = parcel("canadapost", "detail__unknown_code.xml").scans[0]

        assert (new.status, new.is_known, new.is_physical) == (None, False, False)
        assert (new.raw_code, new.raw_text) == ("9876", "Something new")

    def test_two_scans_of_one_minute_stay_two_and_a_repeat_one(self) -> None:
        snapshot = parcel("canadapost", "detail__same_minute.xml")

        assert [bool(scan.event_id) for scan in snapshot.scans] == [True, False, False]
        assert len(journey(snapshot).order) == 2


class TestSummary:
    def test_reads_the_newest_event_of_each_item_newest_first(self) -> None:
        out, done = read("canadapost", "summary__two.xml").parcels

        assert (out.number, out.scans[0].status) == ("7035114477138489", S.OUT_FOR_DELIVERY)
        assert out.scans[0].local_time == "2026-03-04T08:38:06"
        assert out.eta_to == datetime(2026, 3, 6, 6, 59, 59, tzinfo=UTC)
        assert (done.number, done.scans[0].status) == (NUMBER, S.DELIVERED)
        assert (done.signed_by, done.eta_to) == ("A NAME", None)
        assert "A NAME" not in repr(done.scans)

    def test_a_type_nobody_listed_moves_nothing(self) -> None:
        (scan,) = parcel("canadapost", "summary__unknown_type.xml").scans

        assert (scan.status, scan.is_known, scan.raw_code) == (None, False, "HOLOGRAM")


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "kind", "number", "wait"),
        [
            ("error__not_found.xml", ErrorKind.NOT_FOUND, "", None),
            ("detail__silent.xml", ErrorKind.NOT_FOUND, NUMBER, None),
            ("error__throttled.xml", ErrorKind.RATE_LIMITED, "", 60),
            ("error__unavailable.xml", ErrorKind.TRANSIENT, "", None),
            ("error__auth.xml", ErrorKind.AUTH, "", None),
            ("error__key.xml", ErrorKind.AUTH, "", None),
            ("error__invalid.xml", ErrorKind.INVALID_NUMBER, "", None),
            ("error__html.html", ErrorKind.SCHEMA_DRIFT, "", None),
            ("error__truncated.xml", ErrorKind.SCHEMA_DRIFT, "", None),
        ],
    )
    def test_tells_errors_apart(
        self, name: str, kind: ErrorKind, number: str, wait: int | None
    ) -> None:
        error = lone_error("canadapost", name)

        assert (error.kind, error.number, error.retry_after) == (kind, number, wait)
        assert error.message

    def test_an_answer_and_a_message_are_both_kept(self) -> None:
        both = b"<wrapper>%s%s</wrapper>" % (
            body("canadapost", "detail__in_transit.xml").partition(b"\n")[2],
            body("canadapost", "error__not_found.xml").partition(b"\n")[2],
        )
        reading = canadapost.parse(both)

        assert [one.number for one in reading.parcels] == [NUMBER]
        assert [error.kind for error in reading.errors] == [ErrorKind.NOT_FOUND]


class TestCalls:
    def test_asks_for_one_item_at_a_time(self) -> None:
        settings = {"username": "me", "password": "s3cret"}
        first, second = canadapost.build_requests([Ask(number="70 1"), Ask(number="702")], settings)

        assert first.url == "https://soa-gw.canadapost.ca/vis/track/pin/70%201/detail"
        assert second.url.endswith("/pin/702/detail")
        assert first.method == "GET"
        assert first.headers["Accept"] == "application/vnd.cpc.track-v2+xml"
        assert first.headers["Authorization"] == "Basic bWU6czNjcmV0"

    @pytest.mark.parametrize(
        ("options", "host"),
        [
            ({"is_test": True}, "https://ct.soa-gw.canadapost.ca"),
            ({"is_test": True, "host": "http://127.0.0.1:9"}, "http://127.0.0.1:9"),
        ],
    )
    def test_asks_the_host_it_is_told(self, options: dict[str, object], host: str) -> None:
        (request,) = canadapost.build_requests([Ask(number="7")], options)

        assert request.url == f"{host}/vis/track/pin/7/detail"

    def test_asks_for_the_signature_and_reads_it(self) -> None:
        request = canadapost.ask_proof(Ask(number="7"), {})
        proofs = canadapost.parse_proof(body("canadapost", "signature__image.xml"))

        assert isinstance(canadapost, Proving)
        assert request.url == "https://soa-gw.canadapost.ca/vis/signatureimage/7"
        assert request.headers["Accept"] == "application/vnd.cpc.track+xml"
        assert proofs == (Proof(kind=ProofKind.SIGNATURE, data=b"\x89PNG\r\n\x1a\n\0\0\0\r"),)

    @pytest.mark.parametrize("name", ["error__not_found.xml", "error__html.html"])
    def test_no_picture_is_no_proof(self, name: str) -> None:
        assert canadapost.parse_proof(body("canadapost", name)) == ()


class TestDoor:
    def test_takes_no_push(self) -> None:
        reading = canadapost.parse_push(body("canadapost", "detail__delivered.xml"))

        assert not canadapost.capabilities.has_push
        assert canadapost.verify(b"", canadapost.seal(b"", "s"), ["s"], now=NOW)
        assert canadapost.fault(b"")
        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]
        assert canadapost.acknowledge(True).status == 200
        assert canadapost.acknowledge(False).status == 401


class TestCodes:
    def test_every_fixture_is_explained_or_known_to_be_new(self) -> None:
        new = {
            scan.raw_code
            for path in (HOME / "canadapost").glob("*.xml")
            for snapshot in read("canadapost", path.name).parcels
            for scan in snapshot.scans
            if not scan.is_known
        }

        assert new == {"9876", "HOLOGRAM"}

    def test_no_code_is_listed_twice(self) -> None:
        listed = [code for _, row in codes._TABLE for code in row.split()]

        assert len(listed) == len(set(listed)) == len(codes.EVENT) == 206
        assert all(code == str(int(code)) for code in listed)

    def test_expected_dates_and_signatures_move_nothing(self) -> None:
        assert {codes.EVENT[code] for code in ("20", "1200", "1203", "2001")} == {NEWS}
