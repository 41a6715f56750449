from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from tests.tracking.carriers.fixtures import (
    HOME,
    body,
    journey,
    lone_error,
    lone_scan,
    parcel,
    read,
)
from tracking.carriers import ups
from tracking.carriers.base import Ask, NeedsToken, Subscribing, Token
from tracking.carriers.ups import calls, codes
from tracking.scans import ErrorKind, Proof, ProofKind
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NUMBER = "1Z999AA10123456784"
JPEG = b"\xff\xd8\xff\xe0"


class TestAlert:
    @pytest.mark.parametrize(
        ("name", "status", "reason", "is_inferred"),
        [
            ("label", S.INFO_RECEIVED, None, False),
            ("taken_over", S.PICKED_UP, None, False),
            ("preparing", S.IN_TRANSIT, None, False),
            ("out_for_delivery", S.OUT_FOR_DELIVERY, None, False),
            ("loaded_as_type_d", S.IN_TRANSIT, None, False),
            ("out_as_type_d", S.OUT_FOR_DELIVERY, None, False),
            ("delivered_with_photo", S.DELIVERED, None, False),
            ("delivered_new_code", S.DELIVERED, None, False),
            ("damage", S.EXCEPTION, Reason.DAMAGED, True),
            ("damage_reported", S.EXCEPTION, Reason.DAMAGED, False),
            ("weather", S.EXCEPTION, Reason.WEATHER, True),
            ("weather_code", S.EXCEPTION, Reason.WEATHER, False),
            ("refused", S.ATTEMPT_FAILED, Reason.REFUSED, True),
            ("returning", S.RETURNING, None, False),
            ("address", S.EXCEPTION, Reason.BAD_ADDRESS, True),
            ("missorted", S.EXCEPTION, Reason.MISSORTED, True),
            ("lost_and_found", S.EXCEPTION, Reason.LOST, False),
            ("not_located", S.EXCEPTION, Reason.LOST, True),
            ("not_home", S.ATTEMPT_FAILED, Reason.NOT_HOME, True),
            ("customs_papers", S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, False),
            ("customs_released", S.CUSTOMS, None, False),
            ("access_point", S.AVAILABLE_FOR_PICKUP, None, False),
            ("new_estimate", None, None, False),
            ("unknown_code", None, None, False),
            ("unknown_exception", S.EXCEPTION, None, False),
            ("voided", S.CANCELLED, None, False),
        ],
    )
    def test_reads_type_and_codes(
        self, name: str, status: S | None, reason: Reason | None, is_inferred: bool
    ) -> None:
        scan = lone_scan("ups", f"alert__{name}.json")

        assert (scan.status, scan.reason, scan.is_inferred) == (status, reason, is_inferred)

    def test_reads_time_place_and_number(self) -> None:
        snapshot = parcel("ups", "alert__out_for_delivery.json")
        (scan,) = snapshot.scans

        assert (snapshot.number, snapshot.carrier) == (NUMBER, "ups")
        assert not snapshot.is_complete
        assert scan.occurred_at == datetime(2026, 3, 2, 14, 15, tzinfo=UTC)
        assert scan.local_time == "2026-03-02T09:15:00"
        assert scan.offset_source == OffsetSource.OFFSET
        assert (scan.raw_code, scan.raw_text) == ("OT", "Out for Delivery")
        assert (scan.location, scan.country) == ("Louisville, KY, US", "US")
        assert snapshot.eta_from == datetime(2026, 3, 3, 19, 15, tzinfo=UTC)
        assert snapshot.eta_to == datetime(2026, 3, 3, 23, 15, tzinfo=UTC)

    def test_a_day_without_hours_is_expected_until_its_end(self) -> None:
        snapshot = parcel("ups", "alert__preparing.json")

        assert snapshot.eta_from is None
        assert snapshot.eta_to == datetime(2026, 3, 4, 4, 59, 59, tzinfo=UTC)

    def test_the_unmapped_code_is_kept_and_counted(self) -> None:
        scan = lone_scan("ups", "alert__unknown_code.json")

        assert (scan.raw_code, scan.raw_text) == ("ZZ", "Something new")
        assert not scan.is_known
        assert lone_scan("ups", "alert__new_estimate.json").is_known
        assert lone_scan("ups", "alert__unknown_exception.json").is_known

    def test_without_a_zone_the_moment_is_not_guessed(self) -> None:
        scan = lone_scan("ups", "alert__no_zone.json")

        assert scan.occurred_at is None
        assert scan.local_time == "2026-03-02T09:15:00"
        assert scan.offset_source == OffsetSource.UNKNOWN

    def test_a_photo_and_a_name_stay_out_of_the_scan(self) -> None:
        snapshot = parcel("ups", "alert__delivered_with_photo.json")

        assert [proof.kind for proof in snapshot.proofs] == [ProofKind.PHOTO]
        assert snapshot.proofs[0].data.startswith(JPEG)
        assert snapshot.signed_by == "A NAME"
        assert "A NAME" not in repr(snapshot.scans)
        assert snapshot.eta_to is None

    def test_news_of_an_estimate_is_no_scan(self) -> None:
        assert not lone_scan("ups", "alert__new_estimate.json").is_physical

    def test_an_alert_and_the_same_scan_polled_are_one(self) -> None:
        pushed = lone_scan("ups", "alert__preparing.json")
        row = {
            "date": "20260302", "time": "091500", "gmtDate": "20260302", "gmtTime": "141500",
            "status": {"type": "I", "code": "YP", "statusCode": "071", "description": "other"},
            "location": {"address": {"city": "LOUISVILLE", "stateProvince": "KY",
                                     "postalCode": "40213", "countryCode": "US"}},
        }  # fmt: skip
        package = {"trackingNumber": NUMBER, "activity": [row]}
        answer = {"trackResponse": {"shipment": [{"package": [package]}]}}
        (polled,) = ups.parse(orjson.dumps(answer)).parcels[0].scans

        assert pushed.fingerprint(carrier="ups", number=NUMBER) == polled.fingerprint(
            carrier="ups", number=NUMBER
        )


class TestAnswer:
    def test_reads_a_whole_history(self) -> None:
        snapshot = parcel("ups", "track__delivered.json")
        found = journey(snapshot)

        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, S.IN_TRANSIT, S.IN_TRANSIT, S.PICKED_UP,
            S.INFO_RECEIVED,
        ]  # fmt: skip
        assert [scan.sequence for scan in snapshot.scans] == [5, 4, 3, 2, 1, 0]
        assert found.order == (5, 4, 3, 2, 1, 0)
        assert (found.status, found.handed) == (S.DELIVERED, Handed.SAFE_PLACE)
        assert found.delivered_at == datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
        assert snapshot.eta_to is None
        assert snapshot.signed_by == "A NAME"
        assert [proof.kind for proof in snapshot.proofs] == [ProofKind.SIGNATURE, ProofKind.PHOTO]
        assert all(proof.data.startswith(JPEG) for proof in snapshot.proofs)
        assert "A NAME" not in repr(snapshot.scans)

    def test_a_page_of_proof_is_a_document_and_a_placeholder_is_nothing(self) -> None:
        answer = orjson.loads(body("ups", "track__delivered.json"))
        given = answer["trackResponse"]["shipment"][0]["package"][0]["deliveryInformation"]
        given["pod"] = {"content": "PGh0bWw+PC9odG1sPg=="}
        given["signature"]["image"] = given["deliveryPhoto"]["photo"] = "encoding Base64"
        (snapshot,) = ups.parse(orjson.dumps(answer)).parcels

        assert snapshot.proofs == (Proof(kind=ProofKind.DOCUMENT, data=b"<html></html>"),)

    def test_a_rescheduled_day_beats_the_first_one(self) -> None:
        snapshot = parcel("ups", "track__in_transit_with_window.json")

        assert snapshot.eta_from == datetime(2026, 3, 4, 19, 15, tzinfo=UTC)
        assert snapshot.eta_to == datetime(2026, 3, 4, 23, 15, tzinfo=UTC)

    def test_refused_and_returned(self) -> None:
        found = journey(parcel("ups", "track__returned.json"))

        assert found.status == S.RETURNED
        assert found.trouble == ("refused", "returned")

    def test_clearing_is_customs(self) -> None:
        scan = lone_scan("ups", "track__clearing.json")

        assert (scan.status, scan.reason, scan.is_inferred) == (S.CUSTOMS, None, False)

    def test_without_activities_a_package_stands_as_it_says(self) -> None:
        scan = lone_scan("ups", "track__standing.json")

        assert (scan.status, scan.local_time) == (S.DELIVERED, "2026-03-04T10:15:00")
        assert scan.occurred_at is None  # no clock of the place is known

    def test_a_gmt_time_without_its_first_zero(self) -> None:
        scan = lone_scan("ups", "track__five_digit_gmt_time.json")

        assert scan.occurred_at == datetime(2026, 3, 2, 7, 47, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("name", "kind", "number"),
        [
            ("track__not_found.json", ErrorKind.NOT_FOUND, NUMBER),
            ("track__silent.json", ErrorKind.NOT_FOUND, NUMBER),
            ("error__invalid_number.json", ErrorKind.INVALID_NUMBER, ""),
            ("error__auth.json", ErrorKind.AUTH, ""),
            ("error__rate_limited.json", ErrorKind.RATE_LIMITED, ""),
            ("error__unavailable.json", ErrorKind.TRANSIENT, ""),
            ("error__subscription_mixed.json", ErrorKind.INVALID_NUMBER, "1Z1234567$8"),
            ("error__html.html", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__old_invalid.xml", ErrorKind.INVALID_NUMBER, ""),
            ("error__old_busy.xml", ErrorKind.TRANSIENT, ""),
            ("error__old_other.xml", ErrorKind.SCHEMA_DRIFT, ""),
            ("error__truncated.json", ErrorKind.SCHEMA_DRIFT, ""),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind, number: str) -> None:
        error = lone_error("ups", name)

        assert (error.kind, error.number) == (kind, number)
        assert error.message


class TestOldAnswer:
    def test_reads_codes_times_and_places(self) -> None:
        snapshot = parcel("ups", "old__returned.xml")
        refused, out = snapshot.scans
        found = journey(snapshot)

        assert (snapshot.number, snapshot.carrier) == (NUMBER, "ups")
        assert (refused.status, refused.reason) == (S.RETURNING, Reason.REFUSED)
        assert refused.is_inferred
        assert refused.occurred_at == datetime(2012, 3, 6, 14, 15, tzinfo=UTC)
        assert (out.status, out.raw_code, out.raw_text) == (
            S.OUT_FOR_DELIVERY, "OF", "OUT FOR DELIVERY",
        )  # fmt: skip
        assert (out.occurred_at, out.local_time) == (None, "2012-03-06T06:00:00")
        assert (out.location, out.country) == ("LOUISVILLE, KY, US", "US")
        assert found.status == S.RETURNING
        assert snapshot.eta_to == datetime(2012, 3, 7, 4, 59, 59, tzinfo=UTC)

    def test_tells_who_signed_and_where_it_was_left(self) -> None:
        snapshot = parcel("ups", "old__delivered.xml")

        assert snapshot.signed_by == "A NAME"
        assert "A NAME" not in repr(snapshot.scans)
        assert journey(snapshot).handed == Handed.PROXY

    def test_book_keeping_after_the_delivery_is_no_trouble(self) -> None:
        snapshot = parcel("ups", "old__refunded.xml")

        assert [scan.status for scan in snapshot.scans] == [
            None, None, S.DELIVERED, S.OUT_FOR_DELIVERY, S.IN_TRANSIT,
        ]  # fmt: skip
        assert all(scan.is_known for scan in snapshot.scans)
        assert (journey(snapshot).status, journey(snapshot).trouble) == (S.DELIVERED, ())

    def test_waits_as_long_as_it_is_told(self) -> None:
        assert lone_error("ups", "error__old_busy.xml").retry_after == 120


class TestSubscription:
    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (b'{"validTrackingNumbers": ["1Z1"], "invalidTrackingNumbers": []}', []),
            (b'{"response": {"errors": [{"code": "VSS100", "message": "Busy"}]}}',
             [(ErrorKind.TRANSIENT, "")]),
            (b'{"response": {"errors": [{"code": "250002", "message": "No"}]}}',
             [(ErrorKind.AUTH, "")]),
            (b"<html>", [(ErrorKind.SCHEMA_DRIFT, "")]),
            (b"{}", [(ErrorKind.SCHEMA_DRIFT, "")]),
        ],
    )  # fmt: skip
    def test_says_what_was_not_taken(
        self, answer: bytes, said: list[tuple[ErrorKind, str]]
    ) -> None:
        assert [(error.kind, error.number) for error in ups.read_subscription(answer)] == said

    def test_names_the_numbers_that_were_refused(self) -> None:
        (error,) = ups.read_subscription(body("ups", "error__subscription_mixed.json"))

        assert (error.kind, error.number) == (ErrorKind.INVALID_NUMBER, "1Z1234567$8")

    def test_is_asked_for_by_an_adapter_that_can(self) -> None:
        assert isinstance(ups, Subscribing)
        assert ups.capabilities.subscribe_max == 100


class TestToken:
    def test_sends_the_two_names_as_a_password(self) -> None:
        request = ups.token_request({"client_id": "me", "client_secret": "s3cret", "is_test": True})

        assert (request.method, request.body) == ("POST", b"grant_type=client_credentials")
        assert request.url == "https://wwwcie.ups.com/security/v1/oauth/token"
        assert request.headers["Authorization"] == "Basic bWU6czNjcmV0"

    def test_reads_the_token_and_its_life(self) -> None:
        answer = b'{"token_type": "Bearer", "access_token": "T", "expires_in": "14399"}'

        assert ups.read_token(answer) == Token(value="T", seconds=14399)
        assert ups.read_token(body("ups", "error__auth.json")) is None
        assert isinstance(ups, NeedsToken)


class TestSeal:
    @pytest.mark.parametrize("headers", [
        {"credential": "s3cret"}, {"authorization": "Bearer s3cret"},
        {"credential": "Bearer s3cret"}, {"authorization": "bearer  s3cret "},
    ])  # fmt: skip
    def test_accepts_the_credential_where_ups_may_put_it(self, headers: dict[str, str]) -> None:
        assert ups.verify(b"{}", headers, ["old", "s3cret"], now=NOW) is None

    @pytest.mark.parametrize(
        ("headers", "secrets"),
        [
            ({"credential": "other"}, ["s3cret"]),
            ({"credential": "s3cre"}, ["s3cret"]),
            ({"credential": "s3crété\udcff"}, ["s3cret"]),
            ({"credential": ""}, ["s3cret"]),
            ({"authorization": "Bearer "}, ["s3cret"]),
            ({}, ["s3cret"]),
            ({"credential": "s3cret"}, []),
            ({"credential": ""}, [""]),
            ({"credential": " "}, [" "]),
        ],
    )
    def test_refuses_the_rest(self, headers: dict[str, str], secrets: list[str]) -> None:
        assert ups.verify(b"{}", headers, secrets, now=NOW)

    def test_opens_what_it_seals(self) -> None:
        assert ups.verify(b"{}", ups.seal(b"{}", "s3cret"), ["s3cret"], now=NOW) is None

    def test_says_200_as_ups_asks(self) -> None:
        assert ups.acknowledge(True).status == 200
        assert ups.acknowledge(False).status == 401

    def test_its_pushes_are_hints(self) -> None:
        assert not ups.capabilities.is_body_sealed


class TestCalls:
    def test_asks_for_one_parcel_at_a_time(self) -> None:
        first, second = ups.build_requests(
            [Ask(number="1Z 1/2"), Ask(number="1Z2")], {"token": "T"}
        )

        assert first.method == "GET"
        assert first.url.startswith("https://onlinetools.ups.com/api/track/v1/details/1Z%201%2F2?")
        assert first.headers["Authorization"] == "Bearer T"
        assert "returnSignature=true" in first.url
        assert "returnPOD=true" in first.url
        assert first.headers["transId"] != second.headers["transId"]

    def test_asks_another_host_when_told(self) -> None:
        settings = {"host": "http://127.0.0.1:9", "is_test": True}
        (details,) = ups.build_requests([Ask(number="1Z1")], settings)
        (watch,) = ups.subscribe(
            [Ask(number="1Z1")], settings, url="https://x.example/", secret="c"
        )

        assert details.url.startswith("http://127.0.0.1:9/api/track/v1/details/1Z1?")
        assert watch.url.startswith("http://127.0.0.1:9/api/track/v1/subscription/")
        assert ups.token_request(settings).url == "http://127.0.0.1:9/security/v1/oauth/token"

    def test_subscribes_a_hundred_numbers_a_call(self) -> None:
        asks = [Ask(number=f"1Z{turn:016}") for turn in range(101)]
        first, second = calls.subscribe(
            asks, {"is_test": True}, url="https://x.example/", secret="c"
        )

        assert first.url.startswith("https://wwwcie.ups.com/")
        assert len(orjson.loads(first.body)["trackingNumberList"]) == 100
        assert orjson.loads(second.body)["trackingNumberList"] == [asks[100].number]
        assert orjson.loads(second.body)["destination"] == {
            "url": "https://x.example/", "credentialType": "Bearer", "credential": "c",
        }  # fmt: skip


class TestCodes:
    def test_every_fixture_is_explained_or_known_to_be_new(self) -> None:
        new = {"alert__unknown_code.json", "alert__new_estimate.json"}
        silent = {
            path.name
            for path in (HOME / "ups").glob("*.json")
            for snapshot in read("ups", path.name).parcels
            for scan in snapshot.scans
            if scan.status is None
        }

        assert silent == new

    def test_parties_are_named_where_the_usual_one_is_unsure(self) -> None:
        assert codes.PACKAGE["059"].party == Party.CARRIER
        assert all(len(code) == 3 for code in codes.PACKAGE)

    def test_a_subscription_lives_a_fortnight(self) -> None:
        assert ups.capabilities.subscription_life == timedelta(days=14)


def test_several_alerts_in_one_body() -> None:
    both = [orjson.loads(body("ups", f"alert__{name}.json")) for name in ("label", "preparing")]

    assert len(ups.parse_push(orjson.dumps(both)).parcels) == 2
