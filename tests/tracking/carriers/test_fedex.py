from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

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
from tracking.carriers import fedex, registry
from tracking.carriers.base import Ask, NeedsToken, Proving, Subscribing, Token
from tracking.carriers.fedex import codes, scanning
from tracking.scans import ErrorKind, Onward, Proof, ProofKind, Scan
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 6, tzinfo=UTC)
NUMBER = "770000000012"
TOKEN = "a-security-token-of-ours"


def newest(name: str) -> Scan:
    return parcel("fedex", name).scans[0]


def altered(name: str, **changes: Any) -> bytes:
    """Return a fixture with other fields in its newest event."""
    root = orjson.loads(body("fedex", name))
    events = root["output"]["completeTrackResults"][0]["trackResults"][0]["scanEvents"]
    events[0].update(changes)
    return orjson.dumps(root)


class TestScans:
    @pytest.mark.parametrize(
        ("name", "status", "reason", "party", "is_inferred"),
        [
            ("label_only", S.INFO_RECEIVED, None, None, False),
            ("in_transit", S.IN_TRANSIT, None, None, False),
            ("window", S.OUT_FOR_DELIVERY, None, None, False),
            ("delivered", S.DELIVERED, None, None, False),
            ("cancelled", S.CANCELLED, None, None, False),
            ("not_home", S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT, False),
            ("not_home_ground", S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT, False),
            ("refused", S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT, False),
            ("business_closed", S.ATTEMPT_FAILED, Reason.CLOSED, Party.RECIPIENT, False),
            ("wrong_address", S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT, False),
            ("wrong_address_in_words", S.EXCEPTION, Reason.BAD_ADDRESS, None, True),
            ("damaged", S.EXCEPTION, Reason.DAMAGED, Party.CARRIER, False),
            ("damaged_ground", S.EXCEPTION, Reason.DAMAGED, Party.CARRIER, False),
            ("damaged_in_words", S.EXCEPTION, Reason.DAMAGED, None, True),
            ("lost_in_words", S.EXCEPTION, Reason.LOST, None, True),
            ("weather_in_words", S.EXCEPTION, Reason.WEATHER, None, True),
            ("weather_by_category", S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE, False),
            ("delay", S.EXCEPTION, Reason.DELAYED, Party.CARRIER, False),
            ("delay_of_operations", S.EXCEPTION, Reason.DELAYED, Party.CARRIER, False),
            ("pickup_delay", S.EXCEPTION, Reason.DELAYED, Party.UNKNOWN, False),
            ("missorted", S.EXCEPTION, Reason.MISSORTED, Party.CARRIER, False),
            ("customs_papers", S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT, False),
            ("customs_inspection", S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS, False),
            ("customs_delay", S.CUSTOMS, Reason.DELAYED, Party.CUSTOMS, False),
            ("customs_released", S.CUSTOMS, None, None, False),
            ("payment", S.EXCEPTION, Reason.PAYMENT_DUE, Party.RECIPIENT, False),
            ("chosen_day", S.IN_TRANSIT, None, None, False),
            ("new_exception", S.EXCEPTION, None, None, False),
            ("returning", S.RETURNING, Reason.REFUSED, Party.RECIPIENT, False),
            ("onward_to_usps", S.HANDED_OVER, None, None, False),
            ("unknown_code", None, None, None, False),
            ("unknown_code_with_old_reason", None, Reason.DAMAGED, Party.CARRIER, False),
        ],
    )
    def test_reads_event_type_and_exception_code(
        self,
        name: str,
        status: S | None,
        reason: Reason | None,
        party: Party | None,
        is_inferred: bool,
    ) -> None:
        scan = newest(f"track__{name}.json")

        assert (scan.status, scan.reason, scan.party, scan.is_inferred) == (
            status, reason, party, is_inferred,
        )  # fmt: skip

    def test_only_a_new_event_type_is_unknown(self) -> None:
        new = {
            path.name
            for path in (HOME / "fedex").glob("*.json")
            for snapshot in read("fedex", path.name).parcels
            for scan in snapshot.scans
            if not scan.is_known
        }

        assert new == {"track__unknown_code.json", "track__unknown_code_with_old_reason.json"}

    def test_an_unknown_code_is_kept_and_moves_nothing(self) -> None:
        found = journey(parcel("fedex", "track__unknown_code.json"))
        scan = newest("track__unknown_code.json")

        assert (scan.raw_code, scan.raw_text) == ("ZZ", "Something new")
        assert found.status == S.OUT_FOR_DELIVERY

    def test_a_new_event_with_a_code_of_damage_still_tells_of_it(self) -> None:
        found = journey(parcel("fedex", "track__unknown_code_with_old_reason.json"))

        assert (found.status, found.trouble) == (S.OUT_FOR_DELIVERY, ("damaged",))

    def test_words_alone_never_lose_a_parcel(self) -> None:
        found = journey(parcel("fedex", "track__lost_in_words.json"))

        assert (found.status, found.trouble) == (S.EXCEPTION, ("lost",))

    def test_the_derived_code_does_not_end_a_journey(self) -> None:
        scan = newest("track__returning.json")

        assert (scan.raw_code, scan.status) == ("RS", S.RETURNING)
        assert b'"derivedStatusCode": "DL"' in body("fedex", "track__returning.json")

    def test_the_derived_code_serves_where_there_is_no_event_type(self) -> None:
        (snapshot,) = fedex.parse(altered("track__window.json", eventType="")).parcels

        assert (snapshot.scans[0].status, snapshot.scans[0].raw_code) == (
            S.OUT_FOR_DELIVERY, "OD",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("derived", "status"),
        [
            ("RS", S.RETURNING), ("CC", S.CUSTOMS), ("AR", S.IN_TRANSIT), ("OC", S.INFO_RECEIVED),
            ("IN", S.INFO_RECEIVED), ("ZZ", None),
        ],
    )  # fmt: skip
    def test_a_derived_code_of_its_own_means_what_the_event_of_that_name_does(
        self, derived: str, status: S | None
    ) -> None:
        meaning, _is_inferred, is_known = scanning.explain(
            kind="", code="", words="", derived=derived
        )

        assert (meaning.status, is_known) == (status, status is not None)

    @pytest.mark.parametrize(("kind", "status"), [("IN", None), ("", S.INFO_RECEIVED)])
    def test_in_is_care_as_an_event_and_a_label_as_a_derived_code(
        self, kind: str, status: S | None
    ) -> None:
        changed = altered("track__label_only.json", eventType=kind, derivedStatusCode="IN")
        (snapshot,) = fedex.parse(changed).parcels

        assert snapshot.scans[0].status == status
        assert snapshot.scans[0].is_known
        assert not snapshot.scans[0].is_physical

    def test_an_exception_code_beside_a_smooth_event_is_a_remark(self) -> None:
        changed = altered("track__window.json", exceptionCode="08")
        (snapshot,) = fedex.parse(changed).parcels

        assert (snapshot.scans[0].status, snapshot.scans[0].reason) == (
            S.OUT_FOR_DELIVERY, Reason.NOT_HOME,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("told", "reason"), [("DELAYED", Reason.WEATHER), ("EARLY", None), ("ON_TIME", None)]
    )
    def test_a_delay_is_one_only_when_it_says_so(self, told: str, reason: Reason | None) -> None:
        changed = altered("track__in_transit.json", delayDetail={"type": "WEATHER", "status": told})
        (snapshot,) = fedex.parse(changed).parcels

        assert (snapshot.scans[0].status, snapshot.scans[0].reason) == (S.IN_TRANSIT, reason)

    def test_a_late_delivery_is_a_delivery(self) -> None:
        changed = altered(
            "track__delivered.json", delayDetail={"type": "WEATHER", "status": "DELAYED"}
        )

        assert fedex.parse(changed).parcels[0].scans[0].reason is None

    @pytest.mark.parametrize(
        ("name", "is_physical"),
        [
            ("label_only", False),
            ("cancelled", False),
            ("delay", False),
            ("customs_released", False),
            ("damaged", True),
            ("not_home", True),
            ("window", True),
            ("returning", True),
            ("unknown_code", True),
        ],
    )
    def test_tells_scans_from_paper(self, name: str, is_physical: bool) -> None:
        assert newest(f"track__{name}.json").is_physical is is_physical

    def test_two_exceptions_of_one_minute_and_place_stay_two(self) -> None:
        snapshot = parcel("fedex", "track__two_exceptions_in_one_minute.json")
        found = journey(snapshot)

        assert len(found.order) == 3
        assert [scan.reason for scan in snapshot.scans] == [
            Reason.CUSTOMS_INSPECTION, Reason.CUSTOMS_DOCUMENTS, None,
        ]  # fmt: skip
        assert snapshot.scans[0].event_id == "2026-03-04T08:00|CD|62|los angeles, ca, us"
        assert snapshot.scans[2].event_id == ""

    def test_two_arrivals_of_one_minute_are_told_apart_by_their_words_and_repeats_are_not(
        self,
    ) -> None:
        snapshot = parcel("fedex", "track__twins.json")

        assert len(snapshot.scans) == 4
        assert len(journey(snapshot).order) == 3


class TestTimes:
    def test_reads_time_place_and_number(self) -> None:
        snapshot = parcel("fedex", "track__window.json")
        scan = snapshot.scans[0]

        assert (snapshot.number, snapshot.carrier) == (NUMBER, "fedex")
        assert not snapshot.is_complete
        assert scan.occurred_at == datetime(2026, 3, 5, 14, 33, tzinfo=UTC)
        assert scan.local_time == "2026-03-05T06:33:00"
        assert scan.offset_source == OffsetSource.OFFSET
        assert (scan.raw_code, scan.raw_text) == ("OD", "On FedEx vehicle for delivery")
        assert (scan.location, scan.country) == ("SPOKANE, WA, US", "US")

    def test_midnight_without_a_zone_is_a_day(self) -> None:
        scan = newest("track__day_only.json")

        assert (scan.occurred_at, scan.local_time) == (None, "2026-03-02")
        assert scan.offset_source == OffsetSource.UNKNOWN

    @pytest.mark.parametrize(
        ("words", "local", "utc"),
        [
            ("2026-03-05T06:33:00-08:00", "2026-03-05T06:33:00", "2026-03-05T14:33:00"),
            ("2026-03-05T06:33:00 -0800", "2026-03-05T06:33:00", "2026-03-05T14:33:00"),
            ("2026-03-05T06:33:00.250Z", "2026-03-05T06:33:00", "2026-03-05T06:33:00"),
            ("2026-03-05T00:00:00+08:00", "2026-03-05T00:00:00", "2026-03-04T16:00:00"),
            ("2026-03-05T06:33", "2026-03-05T06:33:00", ""),
            ("2026-03-05T00:00:00", "2026-03-05", ""),
            ("2026-03-05", "2026-03-05", ""),
            ("2026-02-30T06:33:00-08:00", "", ""),
            ("5 March 2026", "", ""),
            ("", "", ""),
        ],
    )
    def test_reads_a_date_only_as_far_as_it_goes(self, words: str, local: str, utc: str) -> None:
        changed = altered("track__window.json", date=words)
        scan = fedex.parse(changed).parcels[0].scans[0]

        assert scan.local_time == local
        assert scan.occurred_at == (datetime.fromisoformat(utc + "+00:00") if utc else None)

    def test_a_window_goes_before_a_day(self) -> None:
        snapshot = parcel("fedex", "track__window.json")

        assert snapshot.eta_from == datetime(2026, 3, 5, 21, 15, tzinfo=UTC)
        assert snapshot.eta_to == datetime(2026, 3, 6, 1, 15, tzinfo=UTC)

    def test_a_day_is_expected_until_its_end(self) -> None:
        snapshot = parcel("fedex", "track__in_transit.json")

        assert snapshot.eta_from is None
        assert snapshot.eta_to == datetime(2026, 3, 6, 7, 59, 59, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("begins", "ends", "opens", "closes"),
        [
            ("2026-03-05T08:00:00", "2026-03-05T12:00:00-06:00", 14, 18),
            ("2026-03-05T08:00:00-06:00", "2026-03-05T12:00:00", 14, 18),
            ("2026-03-05T08:00:00", "2026-03-05T12:00:00", None, None),
        ],
    )
    def test_one_end_lends_the_other_its_zone(
        self, begins: str, ends: str, opens: int | None, closes: int | None
    ) -> None:
        expected = tuple(
            datetime(2026, 3, 5, hour, tzinfo=UTC) if hour else None for hour in (opens, closes)
        )

        assert scanning.window(begins, ends) == expected

    def test_nothing_more_is_expected_of_a_delivered_parcel(self) -> None:
        snapshot = parcel("fedex", "track__delivered.json")

        assert (snapshot.eta_from, snapshot.eta_to) == (None, None)


class TestParcels:
    def test_reads_a_whole_history(self) -> None:
        snapshot = parcel("fedex", "track__delivered.json")
        found = journey(snapshot)

        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, S.IN_TRANSIT, S.IN_TRANSIT, S.IN_TRANSIT,
            S.PICKED_UP, S.INFO_RECEIVED,
        ]  # fmt: skip
        assert [scan.sequence for scan in snapshot.scans] == [6, 5, 4, 3, 2, 1, 0]
        assert found.order == (6, 5, 4, 3, 2, 1, 0)
        assert (found.status, found.handed) == (S.DELIVERED, Handed.SAFE_PLACE)
        assert found.delivered_at == datetime(2026, 3, 5, 20, 53, 10, tzinfo=UTC)
        assert snapshot.signed_by == ""

    @pytest.mark.parametrize(
        ("name", "handed", "signed_by"),
        [
            ("track__delivered.json", Handed.SAFE_PLACE, ""),
            ("track__delivered_front_desk.json", Handed.PROXY, "R.ECEIVER"),
            ("track__collected_at_shop.json", Handed.LOCKER, ""),
            ("track__delivered_as_status.json", Handed.SAFE_PLACE, ""),
            ("track__turned_and_delivered.json", None, ""),
            ("legacy__delivered.xml", Handed.PROXY, "R.ECEIVER"),
        ],
    )
    def test_says_into_whose_hands(self, name: str, handed: Handed | None, signed_by: str) -> None:
        snapshot = parcel("fedex", name)

        assert snapshot.scans[0].status == S.DELIVERED
        assert snapshot.scans[0].handed == handed
        assert snapshot.signed_by == signed_by
        assert "R.ECEIVER" not in repr(snapshot.scans)

    def test_a_residence_says_nothing_of_hands(self) -> None:
        assert "RESIDENCE" not in codes.LOCATION

    def test_a_number_used_twice_is_two_parcels_the_newest_first(self) -> None:
        first, second = read("fedex", "track__recycled.json").parcels

        assert first.number == second.number == NUMBER
        assert (journey(first).status, journey(second).status) == (S.IN_TRANSIT, S.DELIVERED)
        assert first.scans[0].local_time[:4] == "2026"

    def test_refused_and_on_its_way_back(self) -> None:
        found = journey(parcel("fedex", "track__returning.json"))

        assert (found.status, found.trouble) == (S.RETURNING, ("refused", "returned"))

    def test_delivered_where_it_came_from_it_is_returned(self) -> None:
        snapshot = parcel("fedex", "track__returned.json")
        found = journey(snapshot)

        assert (found.status, found.delivered_at) == (S.RETURNED, None)
        assert found.trouble == ("refused", "returned")
        assert snapshot.signed_by == ""

    def test_turned_round_and_delivered_all_the_same_is_a_contradiction(self) -> None:
        found = journey(parcel("fedex", "track__turned_and_delivered.json"))

        assert (found.status, found.trouble) == (S.DELIVERED, ("conflicting_events",))

    def test_goes_on_with_usps(self) -> None:
        snapshot = parcel("fedex", "track__onward_to_usps.json")

        assert snapshot.onward == Onward(carrier="usps", number="9261290000000000000017")

    def test_a_shipper_s_reference_is_nobody_s_number(self) -> None:
        assert parcel("fedex", "track__in_transit.json").onward is None

    def test_without_events_the_latest_status_is_one(self) -> None:
        (label,) = parcel("fedex", "track__label_only_as_status.json").scans
        (arrival,) = parcel("fedex", "track__delivered_as_status.json").scans

        assert (label.status, label.local_time) == (S.INFO_RECEIVED, "")
        assert (arrival.status, arrival.raw_code) == (S.DELIVERED, "DL")
        assert arrival.occurred_at == datetime(2026, 3, 5, 20, 53, 10, tzinfo=UTC)

    def test_a_batch_is_read_number_by_number(self) -> None:
        reading = read("fedex", "track__mixed.json")

        assert [(one.number, journey(one).status) for one in reading.parcels] == [
            (NUMBER, S.DELIVERED), ("770000000034", S.IN_TRANSIT),
        ]  # fmt: skip
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "770000000023"), (ErrorKind.INVALID_NUMBER, "77000"),
        ]  # fmt: skip

    def test_a_parcel_without_its_number_spoils_no_other(self) -> None:
        reading = read("fedex", "track__nameless_in_a_batch.json")

        assert [one.number for one in reading.parcels] == [NUMBER]
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]


class TestPush:
    def test_reads_a_push_in_the_shape_of_an_answer(self) -> None:
        snapshot = parcel("fedex", "push__delivered.json")

        assert (snapshot.number, journey(snapshot).status) == (NUMBER, S.DELIVERED)

    def test_reads_a_push_of_one_event(self) -> None:
        (scan,) = parcel("fedex", "push__lone_event.json").scans

        assert scan.status == S.OUT_FOR_DELIVERY
        assert scan.occurred_at == datetime(2026, 3, 5, 14, 33, tzinfo=UTC)

    def test_reads_events_listed_oldest_first(self) -> None:
        snapshot = parcel("fedex", "push__oldest_first.json")

        assert [scan.raw_code for scan in snapshot.scans] == ["DL", "OD", "PU"]
        assert [scan.sequence for scan in snapshot.scans] == [2, 1, 0]

    def test_a_pushed_scan_and_the_same_one_polled_are_one(self) -> None:
        pushed = parcel("fedex", "push__lone_event.json").scans[0]
        polled = parcel("fedex", "track__window.json").scans[0]

        assert pushed.fingerprint(carrier="fedex", number=NUMBER) == polled.fingerprint(
            carrier="fedex", number=NUMBER
        )

    @pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one]])
    def test_reads_a_bare_result(self, wrap: Any) -> None:
        (result,) = orjson.loads(body("fedex", "push__lone_event.json"))["trackResults"]

        reading = fedex.parse_push(orjson.dumps(wrap(result)))

        assert [one.number for one in reading.parcels] == [NUMBER]


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "kind", "number"),
        [
            ("track__not_found.json", ErrorKind.NOT_FOUND, NUMBER),
            ("track__silent.json", ErrorKind.NOT_FOUND, NUMBER),
            ("error__alert.json", ErrorKind.NOT_FOUND, ""),
            ("error__invalid_number.json", ErrorKind.INVALID_NUMBER, ""),
            ("error__auth.json", ErrorKind.AUTH, ""),
            ("error__forbidden.json", ErrorKind.AUTH, ""),
            ("error__token.json", ErrorKind.AUTH, ""),
            ("error__rate_limited.json", ErrorKind.RATE_LIMITED, ""),
            ("error__daily_quota.json", ErrorKind.QUOTA_EXHAUSTED, ""),
            ("error__server.json", ErrorKind.TRANSIENT, ""),
            ("error__unavailable.json", ErrorKind.TRANSIENT, ""),
            ("error__too_many_numbers.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__ship_date.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__html.html", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__truncated.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("legacy__invalid.xml", ErrorKind.INVALID_NUMBER, ""),
            ("legacy__not_found.xml", ErrorKind.NOT_FOUND, NUMBER),
            ("legacy__try_again.xml", ErrorKind.TRANSIENT, ""),
            ("legacy__fault.xml", ErrorKind.AUTH, ""),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind, number: str) -> None:
        error = lone_error("fedex", name)

        assert (error.kind, error.number) == (kind, number)
        assert error.message

    def test_names_the_code_and_the_words(self) -> None:
        error = lone_error("fedex", "error__alert.json")

        assert error.message == "TRACKING.DATA.NOTFOUND: Tracking data unavailable"

    @pytest.mark.parametrize(
        "words", [b"{}", b"[]", b'"documents"', b"7", b"null", b'{"output": []}', b"<html></html>",
                  b'{"access_token": "x"}'],
    )  # fmt: skip
    def test_another_body_is_no_parcel(self, words: bytes) -> None:
        reading = fedex.parse(words)

        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]


class TestLegacy:
    @pytest.mark.parametrize(
        ("name", "statuses"),
        [
            ("legacy__delivered.xml", [S.DELIVERED]),
            ("legacy__damaged.xml", [S.EXCEPTION]),
            ("legacy__status_only.xml", [S.DELIVERED]),
            ("legacy__version_5.xml", [S.OUT_FOR_DELIVERY]),
            ("legacy__recycled.xml", [S.OUT_FOR_DELIVERY, S.DELIVERED]),
        ],
    )
    def test_reads_the_old_service(self, name: str, statuses: list[S]) -> None:
        reading = read("fedex", name)

        assert [journey(one).status for one in reading.parcels] == statuses
        assert {one.number for one in reading.parcels} == {NUMBER}
        assert reading.errors == ()

    def test_reads_an_old_exception_like_a_new_one(self) -> None:
        scan = newest("legacy__damaged.xml")

        assert (scan.reason, scan.raw_text) == (
            Reason.DAMAGED, "Shipment exception - Damage reported",
        )  # fmt: skip

    def test_what_was_tendered_at_a_counter_is_collected_and_what_was_redirected_moves(
        self,
    ) -> None:
        snapshot = parcel("fedex", "legacy__counter.xml")

        assert [(scan.status, scan.reason) for scan in snapshot.scans] == [
            (S.IN_TRANSIT, None),
            (S.ATTEMPT_FAILED, Reason.NOT_HOME),
            (S.PICKED_UP, None),
        ]

    def test_a_request_that_could_not_be_processed_is_to_be_tried_again(self) -> None:
        error = lone_error("fedex", "legacy__unable.xml")

        assert (error.kind, error.number) == (ErrorKind.TRANSIENT, NUMBER)

    def test_an_empty_reply_says_that_there_is_nothing(self) -> None:
        assert lone_error("fedex", "legacy__empty.xml").kind == ErrorKind.NOT_FOUND

    def test_keeps_a_day_a_day(self) -> None:
        assert parcel("fedex", "legacy__delivered.xml").scans[-1].local_time == "2014-03-02"
        assert newest("legacy__status_only.xml").local_time == "2014-03-05"

    def test_expects_what_the_old_service_expected(self) -> None:
        snapshot = parcel("fedex", "legacy__version_5.xml")

        assert snapshot.eta_to == datetime(2014, 3, 6, 4, tzinfo=UTC)

    def test_asked_which_of_two_it_shows_both_the_newest_first(self) -> None:
        reading = read("fedex", "legacy__which_one.xml")

        assert [(one.number, one.scans) for one in reading.parcels] == [(NUMBER, ()), (NUMBER, ())]
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, NUMBER)
        ]

    def test_one_missing_number_spoils_no_other(self) -> None:
        reading = read("fedex", "legacy__mixed.xml")

        assert [one.number for one in reading.parcels] == [NUMBER]
        assert [error.number for error in reading.errors] == ["770000000023"]


class TestSeal:
    def test_opens_what_it_seals(self) -> None:
        push = body("fedex", "push__delivered.json")

        assert fedex.verify(push, fedex.seal(push, TOKEN), ["old", TOKEN], now=NOW) is None

    def test_takes_the_mac_in_base64_and_in_hex(self) -> None:
        mac = hmac.new(TOKEN.encode(), b"{}", hashlib.sha256)
        for mark in (base64.b64encode(mac.digest()).decode(), mac.hexdigest(),
                     mac.hexdigest().upper()):  # fmt: skip
            assert fedex.verify(b"{}", {"fdx-signature": mark}, [TOKEN], now=NOW) is None

    @pytest.mark.parametrize(
        ("pushed", "headers", "secrets"),
        [
            (b"{} ", fedex.seal(b"{}", TOKEN), [TOKEN]),
            (b"{}", fedex.seal(b"{}", "another"), [TOKEN]),
            (b"{}", {"fdx-signature": "é\udcff"}, [TOKEN]),
            (b"{}", {"fdx-signature": ""}, [TOKEN]),
            (b"{}", {}, [TOKEN]),
            (b"{}", fedex.seal(b"{}", TOKEN), []),
            (b"{}", fedex.seal(b"{}", ""), [""]),
            (b"{}", fedex.seal(b"{}", " "), [" "]),
        ],
    )
    def test_refuses_the_rest(
        self, pushed: bytes, headers: dict[str, str], secrets: list[str]
    ) -> None:
        assert fedex.verify(pushed, headers, secrets, now=NOW)

    def test_says_why_a_body_is_no_json(self) -> None:
        assert fedex.fault(b"{}") is None
        assert fedex.fault(b"<html>")

    def test_says_200_or_401(self) -> None:
        assert fedex.acknowledge(True).status == 200
        assert fedex.acknowledge(False).status == 401


class TestCalls:
    def test_asks_for_thirty_parcels_a_call(self) -> None:
        asks = [Ask(number=f"{turn:012}", shipped_on="2026-03-02") for turn in range(31)]
        first, second = fedex.build_requests(asks, {"token": "T"})

        assert (first.method, first.url) == (
            "POST", "https://apis.fedex.com/track/v1/trackingnumbers",
        )  # fmt: skip
        assert first.headers["Authorization"] == "Bearer T"
        assert len(orjson.loads(first.body)["trackingInfo"]) == 30
        assert orjson.loads(second.body) == {
            "includeDetailedScans": True,
            "trackingInfo": [{"trackingNumberInfo": {"trackingNumber": "000000000030"}}],
        }

    def test_asks_nothing_when_there_is_nothing_to_ask(self) -> None:
        assert fedex.build_requests([], {}) == []

    @pytest.mark.parametrize(
        ("options", "host"),
        [
            ({}, "https://apis.fedex.com"),
            ({"is_test": True}, "https://apis-sandbox.fedex.com"),
            ({"is_test": True, "host": "http://127.0.0.1:9/"}, "http://127.0.0.1:9"),
        ],
    )
    def test_goes_to_the_right_house(self, options: dict[str, Any], host: str) -> None:
        assert fedex.token_request(options).url == f"{host}/oauth/token"
        (call,) = fedex.build_requests([Ask(number=NUMBER)], options)
        assert call.url.startswith(f"{host}/track/")

    def test_fetches_a_token(self) -> None:
        call = fedex.token_request({"client_id": "i", "client_secret": "s&s"})

        assert call.body == b"grant_type=client_credentials&client_id=i&client_secret=s%26s"
        answer = b'{"access_token":"abc","token_type":"bearer","expires_in":3599,"scope":"CXS"}'
        assert fedex.read_token(answer) == Token(value="abc", seconds=3599)
        assert fedex.read_token(body("fedex", "error__token.json")) is None

    def test_asks_for_a_proof(self) -> None:
        call = fedex.ask_proof(Ask(number=NUMBER), {"token": "T", "account_number": "740561073"})

        assert call.url == "https://apis.fedex.com/track/v1/trackingdocuments"
        assert orjson.loads(call.body) == {
            "trackDocumentDetail": {
                "documentType": "SIGNATURE_PROOF_OF_DELIVERY",
                "documentFormat": "PDF",
            },
            "trackDocumentSpecification": [
                {
                    "trackingNumberInfo": {"trackingNumber": NUMBER},
                    "accountNumber": "740561073",
                }
            ],
        }

    @pytest.mark.parametrize(
        ("name", "proofs"),
        [
            ("page", (Proof(kind=ProofKind.DOCUMENT,
                            data=b"%PDF-1.4\n% an invented page\n%%EOF\n"),)),
            ("picture", (Proof(kind=ProofKind.SIGNATURE, data=b"\x89PNG\r\n\x1a\ninvented"),)),
            ("not_yet", ()),
        ],
    )  # fmt: skip
    def test_reads_a_proof(self, name: str, proofs: tuple[Proof, ...]) -> None:
        assert fedex.parse_proof(body("fedex", f"proof__{name}.json")) == proofs

    @pytest.mark.parametrize(
        "answer", [b"", b"[]", b"<html>", b'{"output": {"documents": ["%%%", 7, null, ""]}}',
                   b'{"output": {"documents": 7}}'],
    )  # fmt: skip
    def test_reads_no_proof_where_there_is_none(self, answer: bytes) -> None:
        assert fedex.parse_proof(answer) == ()

    def test_a_proof_is_no_scan(self) -> None:
        reading = read("fedex", "proof__page.json")

        assert (reading.parcels, reading.errors) == ((), ())


class TestCapabilities:
    def test_offers_what_it_says(self) -> None:
        adapter = registry.get("fedex")

        assert isinstance(adapter, NeedsToken)
        assert isinstance(adapter, Proving) is adapter.capabilities.has_proof is True
        assert not isinstance(adapter, Subscribing)
        assert (adapter.capabilities.push_mode, adapter.capabilities.is_body_sealed) == (
            "account", True,
        )  # fmt: skip

    def test_keeps_to_fedex_s_limits(self) -> None:
        assert fedex.capabilities.quotas == ((1400, 10), (500_000, 86_400))
        assert fedex.capabilities.batch_max == 30
        assert all(number.isdigit() for number in fedex.capabilities.test_numbers)

    def test_knows_only_codes_in_capitals(self) -> None:
        for table in (codes.EVENT, codes.DERIVED, codes.EXCEPTION, codes.DELAY, codes.GIVEN):
            assert all(code == code.upper() for code in table)
        assert set(codes.EVENT) > codes.TROUBLED | codes.UNSCANNED
