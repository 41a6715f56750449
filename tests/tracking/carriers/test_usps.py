from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
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
from tracking.carriers import registry, usps
from tracking.carriers.base import Ask, NeedsToken, Proving, Subscribing, Token
from tracking.carriers.usps import codes, scanning
from tracking.carriers.usps.seal import envelope, key_for
from tracking.scans import ErrorKind, Scan
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NUMBER = "9400100000000000000014"
SECRET = "0123456789abcdef0123456789abcdef"
PUSHED_AT = datetime(2026, 3, 5, 20, 1, tzinfo=UTC)


def newest(name: str) -> Scan:
    return parcel("usps", name).scans[0]


class TestScans:
    @pytest.mark.parametrize(
        ("name", "status", "reason", "party", "is_inferred"),
        [
            ("label_only", S.INFO_RECEIVED, None, None, False),
            ("in_transit", S.IN_TRANSIT, None, None, False),
            ("window", S.OUT_FOR_DELIVERY, None, None, False),
            ("delivered", S.DELIVERED, None, None, False),
            ("ready_to_collect", S.AVAILABLE_FOR_PICKUP, None, None, False),
            ("to_agent", S.HANDED_OVER, None, None, False),
            ("to_sender", S.RETURNED, None, None, False),
            ("notice_left", S.ATTEMPT_FAILED, Reason.NOT_HOME, None, True),
            ("no_access", S.ATTEMPT_FAILED, Reason.OTHER, None, True),
            ("business_closed", S.ATTEMPT_FAILED, Reason.CLOSED, Party.RECIPIENT, False),
            ("no_secure_place", S.ATTEMPT_FAILED, Reason.OTHER, Party.RECIPIENT, False),
            ("refused", S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT, False),
            ("wrong_address", S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT, False),
            ("missent", S.EXCEPTION, Reason.MISSORTED, Party.CARRIER, False),
            ("dead_letter", S.EXCEPTION, Reason.LOST, Party.UNKNOWN, False),
            ("recalled", S.EXCEPTION, Reason.OTHER, Party.MERCHANT, False),
            ("returning_no_such_number", S.RETURNING, Reason.BAD_ADDRESS, Party.RECIPIENT, False),
            (
                "returning_unclaimed", S.RETURNING, Reason.PICKUP_NOT_COLLECTED,
                Party.RECIPIENT, False,
            ),
            ("rescheduled", None, None, None, False),
            ("weather", S.EXCEPTION, Reason.WEATHER, None, True),
            ("damaged", S.EXCEPTION, Reason.DAMAGED, None, True),
            ("animal", S.ATTEMPT_FAILED, Reason.OTHER, None, True),
            ("customs_held", S.CUSTOMS, Reason.CUSTOMS_INSPECTION, None, True),
            ("unknown_alert", S.EXCEPTION, None, None, False),
            ("unknown_code", S.IN_TRANSIT, None, None, False),
            ("unknown_delivery", S.DELIVERED, None, None, False),
            ("unknown_category", None, None, None, False),
            ("abroad", S.IN_TRANSIT, None, None, False),
        ],
    )  # fmt: skip
    def test_reads_code_then_category_then_words(
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

    def test_codes_nobody_listed_are_counted(self) -> None:
        new = {
            path.name.removeprefix("track__").removesuffix(".json")
            for path in (HOME / "usps").glob("track__*.json")
            for snapshot in read("usps", path.name).parcels
            for scan in snapshot.scans
            if not scan.is_known
        }

        assert new == {
            "weather", "damaged", "animal", "customs_held", "unknown_alert", "unknown_code",
            "unknown_delivery", "unknown_category", "unknown_older",
        }  # fmt: skip

    def test_a_category_speaks_for_the_newest_event_alone(self) -> None:
        snapshot = parcel("usps", "track__unknown_older.json")
        older = snapshot.scans[1]

        assert (older.raw_code, older.status, older.is_known) == ("Q7", None, False)
        assert (older.reason, older.is_inferred) == (Reason.DAMAGED, True)
        assert journey(snapshot).trouble == ("damaged",)

    def test_an_unknown_code_moves_nothing_without_a_category(self) -> None:
        snapshot = parcel("usps", "track__unknown_category.json")

        assert (snapshot.scans[0].raw_code, snapshot.scans[0].raw_text) == ("Q9", "Something New")
        assert journey(snapshot).status == S.OUT_FOR_DELIVERY

    @pytest.mark.parametrize(
        ("name", "handed"),
        [
            ("delivered", Handed.SAFE_PLACE),
            ("locker", Handed.LOCKER),
            ("front_desk", Handed.PROXY),
            ("neighbour", Handed.NEIGHBOUR),
            ("individual", None),
            ("picked_up_at_counter", Handed.RECIPIENT),
            ("porch_by_attribute", Handed.SAFE_PLACE),
            ("window", None),
        ],
    )
    def test_says_into_whose_hands(self, name: str, handed: Handed | None) -> None:
        assert newest(f"track__{name}.json").handed == handed

    def test_a_name_stays_beside_the_scans(self) -> None:
        snapshot = parcel("usps", "track__individual.json")

        assert snapshot.signed_by == "A.N. EXAMPLE"
        assert "EXAMPLE" not in repr(snapshot.scans)

    @pytest.mark.parametrize(
        ("name", "is_physical"),
        [("in_transit", False), ("label_only", False), ("rescheduled", False),
         ("window", True), ("delivered", True), ("refused", True), ("unknown_alert", True)],
    )  # fmt: skip
    def test_tells_scans_from_what_the_system_reckons(self, name: str, is_physical: bool) -> None:
        assert newest(f"track__{name}.json").is_physical is is_physical

    def test_two_events_of_one_code_and_minute_are_told_apart_by_their_names(self) -> None:
        snapshot = parcel("usps", "track__twins.json")

        assert [scan.raw_text for scan in snapshot.scans] == [
            "Processed Through Facility", "Arrived at USPS Regional Origin Facility",
            "USPS in possession of item",
        ]  # fmt: skip
        assert len(journey(snapshot).order) == 3


class TestTimes:
    def test_reads_time_place_and_number(self) -> None:
        snapshot = parcel("usps", "track__window.json")
        scan = snapshot.scans[0]

        assert (snapshot.number, snapshot.carrier) == (NUMBER, "usps")
        assert not snapshot.is_complete
        assert scan.occurred_at == datetime(2026, 3, 5, 14, 29, 10, tzinfo=UTC)
        assert scan.local_time == "2026-03-05T08:29:00"
        assert scan.offset_source == OffsetSource.OFFSET
        assert (scan.raw_code, scan.raw_text) == ("OF", "Out for Delivery")
        assert (scan.location, scan.country) == ("CHICAGO, IL, US", "US")

    def test_a_gmt_date_that_is_a_day_off_is_not_believed(self) -> None:
        scan = newest("track__gmt_a_day_off.json")

        assert scan.occurred_at == datetime(2026, 3, 4, 0, 31, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("local", "gmt", "gap", "moment"),
        [
            ("2026-03-05T08:29:00", "2026-03-05T14:29:10Z", "-06:00", (14, 29, 10)),
            ("2026-03-05T08:29:00", "2026-03-05T13:29:10Z", "-06:00", (14, 29, 0)),
            ("2026-03-05T08:29:00", "", "-06:00", (14, 29, 0)),
            ("2026-03-05T08:29:00", "2026-03-05T14:29:10Z", "", (14, 29, 10)),
            ("2026-03-05T08:29:00", "", "", None),
            ("2026-03-05", "", "-06:00", None),
        ],
    )
    def test_the_gap_goes_before_the_gmt_date(
        self, local: str, gmt: str, gap: str, moment: tuple[int, int, int] | None
    ) -> None:
        expected = datetime(2026, 3, 5, *moment, tzinfo=UTC) if moment else None

        assert scanning.moment(local, gmt=gmt, gap=gap) == expected

    def test_without_an_offset_only_a_state_of_one_clock_tells_the_moment(self) -> None:
        missouri, texas = parcel("usps", "track__no_offset.json").scans

        assert missouri.occurred_at == datetime(2026, 3, 4, 0, 31, tzinfo=UTC)
        assert missouri.offset_source == OffsetSource.PLACE
        assert (texas.occurred_at, texas.local_time) == (None, "2026-03-02T18:31:00")
        assert texas.offset_source == OffsetSource.UNKNOWN

    def test_midnight_without_an_offset_is_a_day(self) -> None:
        scan = newest("track__day_only.json")

        assert (scan.occurred_at, scan.local_time) == (None, "2026-03-02")

    def test_a_place_abroad_keeps_its_name(self) -> None:
        scan = newest("track__abroad.json")

        assert (scan.location, scan.country) == ("SHANGHAI, CHINA", "")

    @pytest.mark.parametrize(
        ("words", "hour"),
        [
            ("12:00 am", "00:00:00"), ("12:05 AM", "00:05:00"), ("12:05 pm", "12:05:00"),
            ("1:58 pm", "13:58:00"), ("9:01 am", "09:01:00"), ("8:00 p.m.", "20:00:00"),
            ("16:15", "16:15:00"), ("00:05:30", "00:05:30"), ("13:05 pm", ""), ("0:05 am", ""),
            ("12:60 pm", ""), ("noon", ""), ("", ""),
        ],
    )  # fmt: skip
    def test_reads_the_halves_of_a_day(self, words: str, hour: str) -> None:
        assert scanning.hour_of(words) == hour

    @pytest.mark.parametrize(
        ("words", "day"),
        [
            ("April 28, 2015", "2015-04-28"), ("March 5, 2026", "2026-03-05"),
            ("2026-03-05", "2026-03-05"), ("2026-03-05T00:00:00", "2026-03-05"),
            ("February 30, 2026", ""), ("Avril 28, 2015", ""), ("03/05/2026", ""), ("", ""),
        ],
    )  # fmt: skip
    def test_reads_a_day_only_in_the_ways_usps_writes_it(self, words: str, day: str) -> None:
        assert scanning.day_of(words) == day

    def test_expects_a_window_on_the_predicted_day(self) -> None:
        snapshot = parcel("usps", "track__window.json")

        assert snapshot.eta_from == datetime(2026, 3, 5, 18, 15, tzinfo=UTC)
        assert snapshot.eta_to == datetime(2026, 3, 5, 22, 15, tzinfo=UTC)

    def test_expects_a_day_until_its_end(self) -> None:
        snapshot = parcel("usps", "track__in_transit.json")

        assert snapshot.eta_from is None
        assert snapshot.eta_to == datetime(2026, 3, 7, 5, 59, 59, tzinfo=UTC)

    def test_says_nothing_where_the_destination_has_two_clocks(self) -> None:
        answer = orjson.loads(body("usps", "track__window.json")) | {"destinationState": "TX"}
        (snapshot,) = usps.parse(orjson.dumps(answer)).parcels

        assert (snapshot.eta_from, snapshot.eta_to) == (None, None)

    def test_no_state_with_two_clocks_is_listed(self) -> None:
        split = {"AK", "AZ", "FL", "ID", "IN", "KS", "KY", "MI", "ND", "NE", "NV", "OR", "SD", "TN"}

        assert (split | {"TX"}).isdisjoint(codes.ZONE)
        assert codes.ZONE["IL"] == "America/Chicago"


class TestParcels:
    def test_reads_a_whole_history(self) -> None:
        snapshot = parcel("usps", "track__delivered.json")
        found = journey(snapshot)

        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, S.IN_TRANSIT, S.IN_TRANSIT, S.IN_TRANSIT,
            S.PICKED_UP, S.INFO_RECEIVED,
        ]  # fmt: skip
        assert [scan.sequence for scan in snapshot.scans] == [6, 5, 4, 3, 2, 1, 0]
        assert found.order == (6, 5, 4, 3, 2, 1, 0)
        assert (found.status, found.handed) == (S.DELIVERED, Handed.SAFE_PLACE)
        assert found.delivered_at == datetime(2026, 3, 5, 19, 58, 40, tzinfo=UTC)
        assert (snapshot.eta_from, snapshot.eta_to) == (None, None)

    def test_refused_and_returned(self) -> None:
        found = journey(parcel("usps", "track__returned.json"))

        assert (found.status, found.delivered_at) == (S.RETURNED, None)
        assert found.trouble == ("refused", "returned")

    def test_without_events_the_category_is_one(self) -> None:
        (scan,) = parcel("usps", "track__summary_only.json").scans

        assert (scan.status, scan.local_time, scan.raw_text) == (
            S.DELIVERED, "", "Delivered, Left with Individual",
        )  # fmt: skip
        assert scan.is_known

    def test_a_list_is_read_number_by_number(self) -> None:
        reading = read("usps", "batch__mixed.json")

        assert [(one.number[-3:], journey(one).status) for one in reading.parcels] == [
            ("014", S.DELIVERED), ("038", S.OUT_FOR_DELIVERY),
        ]  # fmt: skip
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "9400100000000000000021"),
        ]
        assert reading.parcels[1].eta_from == datetime(2026, 3, 5, 18, 15, tzinfo=UTC)

    def test_a_parcel_without_its_number_spoils_no_other(self) -> None:
        reading = read("usps", "batch__nameless.json")

        assert [one.number for one in reading.parcels] == [NUMBER]
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]


class TestPush:
    def test_reads_the_payload_of_an_envelope(self) -> None:
        snapshot = parcel("usps", "push__delivered.json")

        assert (snapshot.number, journey(snapshot).status) == (NUMBER, S.DELIVERED)

    def test_reads_events_listed_oldest_first(self) -> None:
        snapshot = parcel("usps", "push__oldest_first.json")

        assert [scan.raw_code for scan in snapshot.scans] == ["01", "OF", "03"]
        assert [scan.sequence for scan in snapshot.scans] == [2, 1, 0]

    def test_a_pushed_scan_and_the_same_one_polled_are_one(self) -> None:
        (pushed,) = parcel("usps", "push__lone_event.json").scans
        polled = parcel("usps", "track__window.json").scans[0]

        assert pushed == Scan(**{**_fields(polled), "sequence": 0})
        assert pushed.fingerprint(carrier="usps", number=NUMBER) == polled.fingerprint(
            carrier="usps", number=NUMBER
        )

    def test_believes_no_number_outside_the_payload(self) -> None:
        pushed = orjson.loads(body("usps", "push__delivered.json")) | {"trackingNumber": "OTHER"}

        assert [one.number for one in usps.parse_push(orjson.dumps(pushed)).parcels] == [NUMBER]

    @pytest.mark.parametrize("payload", ["", "{", "[]", "null", "7", "\x00"])
    def test_an_empty_envelope_is_drift(self, payload: str) -> None:
        pushed = {"timestamp": "2026-03-05T20:01:00Z", "payload": payload}
        reading = usps.parse_push(orjson.dumps(pushed))

        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]


def _fields(scan: Scan) -> dict[str, Any]:
    return {name: getattr(scan, name) for name in Scan.__dataclass_fields__}


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "kind", "number"),
        [
            ("track__silent.json", ErrorKind.NOT_FOUND, NUMBER),
            ("error__not_found.json", ErrorKind.NOT_FOUND, ""),
            ("error__not_tracked.json", ErrorKind.NOT_FOUND, ""),
            ("error__invalid_number.json", ErrorKind.INVALID_NUMBER, ""),
            ("error__auth.json", ErrorKind.AUTH, ""),
            ("error__not_authorised.json", ErrorKind.AUTH, ""),
            ("error__token.json", ErrorKind.AUTH, ""),
            ("error__rate_limited.json", ErrorKind.RATE_LIMITED, ""),
            ("error__server.json", ErrorKind.TRANSIENT, ""),
            ("error__unavailable.json", ErrorKind.TRANSIENT, ""),
            ("error__validation.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__html.html", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__truncated.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("subscription__taken.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("legacy__not_found.xml", ErrorKind.NOT_FOUND, NUMBER),
            ("legacy__auth.xml", ErrorKind.AUTH, ""),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind, number: str) -> None:
        error = lone_error("usps", name)

        assert (error.kind, error.number) == (kind, number)
        assert error.message

    @pytest.mark.parametrize(
        "words", [b"{}", b"[]", b"7", b"null", b"<html></html>", b"<TrackResponse/>",
                  b'{"access_token": "x"}', b'{"trackingEvents": [{"eventCode": "01"}]}'],
    )  # fmt: skip
    def test_another_body_is_no_parcel(self, words: bytes) -> None:
        reading = usps.parse(words)

        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]


class TestLegacy:
    def test_reads_the_old_tool(self) -> None:
        snapshot = parcel("usps", "legacy__delivered.xml")
        arrival, departure, label = snapshot.scans

        assert (snapshot.number, snapshot.signed_by) == (NUMBER, "A.N. EXAMPLE")
        assert (arrival.status, arrival.handed) == (S.DELIVERED, Handed.SAFE_PLACE)
        assert arrival.occurred_at == datetime(2014, 3, 5, 18, 24, tzinfo=UTC)
        assert arrival.offset_source == OffsetSource.PLACE
        assert (departure.occurred_at, departure.local_time) == (None, "2014-03-05T00:05:00")
        assert (label.occurred_at, label.local_time) == (None, "2014-03-03")
        assert journey(snapshot).order == (2, 1, 0)

    def test_expects_what_the_old_tool_predicted(self) -> None:
        snapshot = parcel("usps", "legacy__in_transit.xml")

        assert snapshot.eta_to == datetime(2014, 3, 6, 2, tzinfo=UTC)

    def test_reads_the_names_of_events_that_have_no_code(self) -> None:
        snapshot = parcel("usps", "legacy__without_codes.xml")

        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, None, S.PICKED_UP,
        ]  # fmt: skip
        assert [scan.is_inferred for scan in snapshot.scans] == [True, True, False, True]
        assert snapshot.scans[0].handed == Handed.PROXY

    def test_reads_the_sentences_of_the_plain_tool(self) -> None:
        snapshot = parcel("usps", "legacy__sentences_dated.xml")
        done, out, left, label = snapshot.scans

        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, S.IN_TRANSIT, S.INFO_RECEIVED,
        ]  # fmt: skip
        assert all(scan.is_inferred for scan in snapshot.scans)
        assert done.raw_text == "Your item was delivered to the front desk or reception area"
        assert (done.local_time, done.location) == ("2026-03-05T14:16:00", "ALBANY, NY, US")
        assert done.occurred_at == datetime(2026, 3, 5, 19, 16, tzinfo=UTC)
        assert done.handed == Handed.PROXY
        assert (out.raw_text, out.local_time) == ("Out for Delivery", "2026-03-05T10:16:00")
        assert (left.occurred_at, left.local_time) == (None, "2026-03-04T02:49:00")
        assert (label.local_time, label.location) == ("2026-03-03", "")
        assert journey(snapshot).delivered_at == done.occurred_at

    def test_a_sentence_without_a_year_has_no_day(self) -> None:
        snapshot = parcel("usps", "legacy__sentences.xml")

        assert [(scan.status, scan.local_time, scan.location) for scan in snapshot.scans] == [
            (S.DELIVERED, "", "Wilmington, DE, US"),
            (S.ATTEMPT_FAILED, "", "WILMINGTON, DE, US"),
        ]
        assert [scan.raw_text for scan in snapshot.scans] == [
            "Your item was delivered", "NOTICE LEFT",
        ]  # fmt: skip
        assert journey(snapshot).status == S.DELIVERED

    @pytest.mark.parametrize(
        ("words", "status", "reason"),
        [
            ("Your item was delivered to the original sender at", S.RETURNED, None),
            ("Your item was picked up at the post office", S.DELIVERED, None),
            ("Your item was refused by the addressee", S.ATTEMPT_FAILED, Reason.REFUSED),
            ("Your item was undeliverable as addressed", S.EXCEPTION, Reason.BAD_ADDRESS),
            ("Your item was returned to the sender", S.RETURNING, None),
            ("We attempted to deliver your item", S.ATTEMPT_FAILED, Reason.NOT_HOME),
            ("Your item arrived at a postal facility", S.IN_TRANSIT, None),
            ("Your item was processed through customs", S.CUSTOMS, None),
            ("Your item could not be delivered", None, None),
            ("Delivery instructions were received", None, None),
        ],
    )
    def test_a_sentence_says_no_more_than_usps_does(
        self, words: str, status: S | None, reason: Reason | None
    ) -> None:
        meaning, _, is_known = scanning.explain(code="", words=words)

        assert (meaning.status, meaning.reason, is_known) == (status, reason, True)

    def test_the_sentence_that_there_is_nothing_is_no_event(self) -> None:
        error = lone_error("usps", "legacy__no_record.xml")

        assert (error.kind, error.number) == (ErrorKind.NOT_FOUND, "9400100000000000000021")

    def test_one_missing_number_spoils_no_other(self) -> None:
        reading = read("usps", "legacy__mixed.xml")

        assert [one.number for one in reading.parcels] == [NUMBER]
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "9400100000000000000021")
        ]


class TestSeal:
    push = body("usps", "push__delivered.json")

    def test_opens_what_it_seals(self) -> None:
        headers = usps.seal(self.push, SECRET)

        assert usps.verify(self.push, headers, ["old", SECRET], now=PUSHED_AT) is None

    def test_is_sealed_as_usps_says(self) -> None:
        root = orjson.loads(self.push)
        words = (root["timestamp"] + root["payload"]).encode()
        mark = base64.b64encode(hmac.new(SECRET.encode(), words, hashlib.sha256).digest()).decode()

        assert usps.seal(self.push, SECRET) == {"x-hmac": mark}
        assert usps.verify(self.push, {"hmac-header": mark}, [SECRET], now=PUSHED_AT) is None

    @pytest.mark.parametrize("secret", ["short", "a secret that is much longer than 32 characters"])
    def test_a_secret_of_another_length_is_made_to_fit(self, secret: str) -> None:
        assert len(key_for(secret)) == 32
        headers = usps.seal(self.push, secret)
        assert usps.verify(self.push, headers, [secret], now=PUSHED_AT) is None

    def test_makes_the_envelope_it_reads(self) -> None:
        made = envelope(body("usps", "track__delivered.json"), now=PUSHED_AT)

        assert usps.verify(made, usps.seal(made, SECRET), [SECRET], now=PUSHED_AT) is None
        assert [one.number for one in usps.parse_push(made).parcels] == [NUMBER]

    @pytest.mark.parametrize("field", ["payload", "timestamp"])
    def test_notices_a_change(self, field: str) -> None:
        root = orjson.loads(self.push)
        root[field] = root[field].replace("2026", "2027")
        headers = usps.seal(self.push, SECRET)

        said = usps.verify(orjson.dumps(root), headers, [SECRET], now=PUSHED_AT)

        assert said == "the signature does not match the payload"

    @pytest.mark.parametrize(
        ("later", "is_good"),
        [
            (timedelta(hours=24), True),
            (timedelta(hours=24, seconds=1), False),
            (timedelta(minutes=-5), True),
            (timedelta(minutes=-5, seconds=-1), False),
        ],
    )
    def test_takes_a_push_for_a_day(self, later: timedelta, is_good: bool) -> None:
        headers = usps.seal(self.push, SECRET)

        said = usps.verify(self.push, headers, [SECRET], now=PUSHED_AT + later)

        assert (said is None) is is_good

    @pytest.mark.parametrize(
        ("headers", "secrets"),
        [
            (usps.seal(push, "another"), [SECRET]),
            ({"x-hmac": "é\udcff"}, [SECRET]),
            ({"x-hmac": ""}, [SECRET]),
            ({}, [SECRET]),
            (usps.seal(push, SECRET), []),
            (usps.seal(push, ""), [""]),
            (usps.seal(push, " "), [" "]),
        ],
    )
    def test_refuses_the_rest(self, headers: dict[str, str], secrets: list[str]) -> None:
        assert usps.verify(self.push, headers, secrets, now=PUSHED_AT)

    @pytest.mark.parametrize(
        "pushed", [b"", b"{}", b"[]", b"<html>", b'{"timestamp": 7, "payload": "{}"}',
                   b'{"timestamp": "x", "payload": {}}'],
    )  # fmt: skip
    def test_refuses_what_is_no_envelope(self, pushed: bytes) -> None:
        assert usps.verify(pushed, {"x-hmac": "x"}, [SECRET], now=PUSHED_AT)

    def test_refuses_a_sealed_envelope_without_a_time(self) -> None:
        pushed = orjson.dumps({"timestamp": "today", "payload": "{}"})

        said = usps.verify(pushed, usps.seal(pushed, SECRET), [SECRET], now=PUSHED_AT)

        assert said == "the timestamp is no time"

    def test_says_200_or_401(self) -> None:
        assert usps.acknowledge(True).status == 200
        assert usps.acknowledge(False).status == 401


class TestCalls:
    def test_asks_for_one_parcel_at_a_time(self) -> None:
        first, second = usps.build_requests([Ask(number="94 1/2"), Ask(number="9")], {"token": "T"})

        assert (first.method, first.url) == (
            "GET", "https://apis.usps.com/tracking/v3/tracking/94%201%2F2?expand=DETAIL",
        )  # fmt: skip
        assert first.headers["Authorization"] == "Bearer T"
        assert second.url.endswith("/9?expand=DETAIL")

    @pytest.mark.parametrize(
        ("options", "host"),
        [
            ({}, "https://apis.usps.com"),
            ({"is_test": True}, "https://apis-tem.usps.com"),
            ({"is_test": True, "host": "http://127.0.0.1:9/"}, "http://127.0.0.1:9"),
        ],
    )
    def test_goes_to_the_right_house(self, options: dict[str, Any], host: str) -> None:
        assert usps.token_request(options).url == f"{host}/oauth2/v3/token"
        (call,) = usps.build_requests([Ask(number=NUMBER)], options)
        assert call.url.startswith(f"{host}/tracking/")
        (call,) = usps.subscribe([Ask(number=NUMBER)], options, url="https://x", secret=SECRET)
        assert call.url == f"{host}/subscriptions-tracking/v3/subscriptions"

    def test_fetches_a_token(self) -> None:
        call = usps.token_request({"client_id": "i", "client_secret": "s"})

        assert call.body == b"grant_type=client_credentials&client_id=i&client_secret=s"
        answer = b'{"access_token":"abc","token_type":"Bearer","expires_in":28799}'
        assert usps.read_token(answer) == Token(value="abc", seconds=28_799)
        assert usps.read_token(body("usps", "error__token.json")) is None

    def test_subscribes_to_every_event_of_a_parcel(self) -> None:
        (call,) = usps.subscribe(
            [Ask(number=NUMBER)],
            {"token": "T", "admin_email": "parcels@shop.example"},
            url="https://shop.example/in",
            secret="short",
        )

        assert call.headers["Authorization"] == "Bearer T"
        assert orjson.loads(call.body) == {
            "listenerURL": "https://shop.example/in",
            "secret": key_for("short"),
            "filterProperties": {
                "trackingNumber": NUMBER,
                "trackingEventTypes": ["ALL_UPDATES"],
            },
            "adminNotification": [{"email": "parcels@shop.example"}],
        }

    def test_reads_whether_it_was_subscribed(self) -> None:
        assert usps.read_subscription(body("usps", "subscription__taken.json")) == ()
        (refused,) = usps.read_subscription(body("usps", "subscription__refused.json"))
        assert (refused.kind, refused.number) == (ErrorKind.AUTH, "")
        (broken,) = usps.read_subscription(b"<html>")
        assert broken.kind == ErrorKind.SCHEMA_DRIFT


class TestCapabilities:
    def test_offers_what_it_says(self) -> None:
        adapter = registry.get("usps")

        assert isinstance(adapter, NeedsToken)
        assert isinstance(adapter, Subscribing)
        assert isinstance(adapter, Proving) is adapter.capabilities.has_proof is False
        assert (adapter.capabilities.push_mode, adapter.capabilities.is_body_sealed) == (
            "subscription", True,
        )  # fmt: skip

    def test_keeps_to_sixty_calls_an_hour(self) -> None:
        assert usps.capabilities.quotas == ((60, 3600),)
        assert usps.capabilities.batch_max == usps.capabilities.subscribe_max == 1
        assert usps.capabilities.subscription_life == timedelta(days=30)

    def test_tables_are_written_as_they_are_looked_up(self) -> None:
        assert all(code == code.upper() and len(code) == 2 for code in codes.EVENT)
        for table in (codes.NAMED, codes.BARE, codes.CATEGORY):
            assert all(name == name.lower() for name in table)
        assert not any("-" in name for name in codes.CATEGORY)
