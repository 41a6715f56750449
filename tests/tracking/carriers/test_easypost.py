from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

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
from tracking.carriers import easypost
from tracking.carriers.base import Ask, Subscribing
from tracking.carriers.easypost import codes
from tracking.carriers.names import CARRIERS
from tracking.rules import project
from tracking.scans import ErrorKind, Reading, Scan
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
SLUG = "easypost"
NUMBER = "9400100000000000000017"
PATH = "/hooks/easypost"


def newest(name: str) -> Scan:
    return parcel(SLUG, name).scans[-1]


class TestCodes:
    @pytest.mark.parametrize(
        ("status", "detail", "meant", "reason"),
        [
            ("pre_transit", "label_created", S.INFO_RECEIVED, None),
            ("pre_transit", "status_update", S.INFO_RECEIVED, None),
            ("in_transit", "status_update", S.IN_TRANSIT, None),
            ("in_transit", "unknown", S.IN_TRANSIT, None),
            ("in_transit", "", S.IN_TRANSIT, None),
            ("in_transit", "received_at_origin_facility", S.PICKED_UP, None),
            ("in_transit", "arrived_at_destination", S.IN_TRANSIT, None),
            ("in_transit", "transferred_to_destination_carrier", S.HANDED_OVER, None),
            ("in_transit", "out_for_delivery", S.OUT_FOR_DELIVERY, None),
            ("in_transit", "delivery_exception", S.ATTEMPT_FAILED, None),
            ("in_transit", "transit_exception", S.EXCEPTION, None),
            ("in_transit", "delayed", S.EXCEPTION, Reason.DELAYED),
            ("in_transit", "missorted", S.EXCEPTION, Reason.MISSORTED),
            ("in_transit", "address_correction", S.EXCEPTION, Reason.BAD_ADDRESS),
            ("in_transit", "awaiting_information", S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS),
            ("in_transit", "held", S.EXCEPTION, Reason.OTHER),
            ("in_transit", "lost", S.LOST, Reason.LOST),
            ("out_for_delivery", "arrived_at_destination", S.OUT_FOR_DELIVERY, None),
            ("out_for_delivery", "delivery_exception", S.ATTEMPT_FAILED, None),
            ("available_for_pickup", "arrived_at_pickup_location", S.AVAILABLE_FOR_PICKUP, None),
            ("available_for_pickup", "held", S.AVAILABLE_FOR_PICKUP, Reason.OTHER),
            ("delivered", "arrived_at_destination", S.DELIVERED, None),
            ("delivered", "in_transit", S.DELIVERED, None),
            ("delivered", "damaged", S.DELIVERED, Reason.DAMAGED),
            ("return_to_sender", "return", S.RETURNING, None),
            ("return_to_sender", "refused", S.RETURNING, Reason.REFUSED),
            ("return_to_sender", "arrived_at_destination", S.RETURNED, None),
            ("failure", "failure", S.EXCEPTION, None),
            ("failure", "in_transit", S.EXCEPTION, None),
            ("failure", "lost", S.LOST, Reason.LOST),
            ("failure", "refused", S.ATTEMPT_FAILED, Reason.REFUSED),
            ("failure", "return", S.RETURNING, None),
            ("cancelled", "cancelled", S.CANCELLED, None),
            ("unknown", "unknown", None, None),
            ("unknown", "expired", S.EXPIRED, None),
            ("unknown", "label_created", S.INFO_RECEIVED, None),
            ("error", "", None, None),
            ("something_new", "weather_delay", S.EXCEPTION, Reason.WEATHER),
            ("in_transit", "something_new", S.IN_TRANSIT, None),
        ],
    )
    def test_status_and_detail_are_read_together(
        self, status: str, detail: str, meant: S | None, reason: Reason | None
    ) -> None:
        meaning = easypost.reading.explain(status=status, detail=detail)

        assert meaning is not None
        assert (meaning.status, meaning.reason) == (meant, reason)

    def test_two_new_words_are_unknown_and_move_nothing(self) -> None:
        snapshot = parcel(SLUG, "tracker__unknown_code.json")
        scan = snapshot.scans[2]

        assert (scan.status, scan.is_known, scan.raw_code) == (None, False, "teleported/beamed")
        assert journey(snapshot).status == S.PICKED_UP

    def test_all_words_easypost_lists_are_here(self) -> None:
        assert len(codes.DETAIL) == 28
        assert len(codes.STATUS) == 11
        assert codes.FIRM | codes.LATE | {"in_transit", "unknown", "error"} == set(codes.STATUS)

    @pytest.mark.parametrize(
        ("name", "status", "reason", "party", "is_inferred"),
        [
            ("exception_weather", S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE, False),
            ("damaged", S.EXCEPTION, Reason.DAMAGED, Party.CARRIER, False),
            ("lost", S.LOST, Reason.LOST, Party.CARRIER, False),
            ("bare_failure", S.EXCEPTION, Reason.DAMAGED, None, True),
            ("refused_returning", S.RETURNING, None, None, False),
            ("returned", S.RETURNED, None, None, False),
        ],
    )
    def test_trouble_surfaces(
        self,
        name: str,
        status: S,
        reason: Reason | None,
        party: Party | None,
        is_inferred: bool,
    ) -> None:
        scan = newest(f"tracker__{name}.json")

        assert (scan.status, scan.reason, scan.party) == (status, reason, party)
        assert scan.is_inferred is is_inferred
        assert journey(parcel(SLUG, f"tracker__{name}.json")).status == status

    def test_a_refusal_is_remembered_on_the_way_back(self) -> None:
        found = journey(parcel(SLUG, "tracker__refused_returning.json"))

        assert found.trouble == ("refused", "returned")


class TestTracker:
    def test_reads_a_whole_history(self) -> None:
        snapshot = parcel(SLUG, "tracker__delivered.json")
        found = journey(snapshot)

        assert (snapshot.number, snapshot.carrier, snapshot.is_complete) == (NUMBER, "usps", True)
        assert [scan.status for scan in snapshot.scans] == [
            S.INFO_RECEIVED, S.PICKED_UP, S.IN_TRANSIT, S.IN_TRANSIT, S.OUT_FOR_DELIVERY,
            S.DELIVERED,
        ]  # fmt: skip
        assert [scan.sequence for scan in snapshot.scans] == [0, 1, 2, 3, 4, 5]
        assert [scan.is_physical for scan in snapshot.scans] == [False, *[True] * 5]
        assert (found.status, found.handed) == (S.DELIVERED, Handed.SAFE_PLACE)
        assert found.delivered_at == datetime(2026, 3, 4, 17, 58, tzinfo=UTC)
        assert (snapshot.eta_from, snapshot.eta_to) == (None, None)

    def test_keeps_the_clock_of_the_place_where_easypost_knows_it(self) -> None:
        scan = newest("tracker__delivered.json")

        assert scan.local_time == "2026-03-04T11:58:00"
        assert scan.occurred_at == datetime(2026, 3, 4, 17, 58, tzinfo=UTC)
        assert scan.offset_source == OffsetSource.OFFSET
        assert (scan.location, scan.country) == ("DES MOINES, IA, US", "US")

    def test_utc_alone_is_no_clock_on_a_wall(self) -> None:
        scan = parcel(SLUG, "tracker__delivered.json").scans[0]

        assert scan.local_time == ""
        assert scan.occurred_at == datetime(2026, 2, 27, 16, tzinfo=UTC)

    def test_the_signer_stays_out_of_the_scans(self) -> None:
        snapshot = parcel(SLUG, "tracker__delivered.json")

        assert snapshot.signed_by == "A NAME"
        assert snapshot.scans[-1].raw_text == "Delivered, Front Door/Porch. Signed by …"
        assert "A NAME" not in repr(snapshot.scans)

    def test_no_postcode_is_kept(self) -> None:
        snapshot = parcel(SLUG, "tracker__delivered.json")

        assert "50309" not in repr(snapshot)

    def test_midnight_in_utc_is_a_day_without_hours(self) -> None:
        snapshot = parcel(SLUG, "tracker__in_transit_midnight.json")

        assert snapshot.eta_from == datetime(2026, 3, 5, tzinfo=UTC)
        assert snapshot.eta_to == datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("name", "ends"),
        [
            ("local_day", datetime(2026, 3, 6, 5, 59, 59, tzinfo=UTC)),
            ("local_hour", datetime(2026, 3, 6, 2, 0, tzinfo=UTC)),
        ],
    )
    def test_a_local_estimate_is_on_the_clock_of_the_newest_scan(
        self, name: str, ends: datetime
    ) -> None:
        snapshot = parcel(SLUG, f"tracker__in_transit_{name}.json")

        assert (snapshot.eta_from, snapshot.eta_to) == (None, ends)

    @pytest.mark.parametrize("name", ["delivered", "lost"])
    def test_what_has_ended_is_expected_no_more(self, name: str) -> None:
        assert parcel(SLUG, f"tracker__{name}.json").eta_to is None

    def test_a_tracker_without_news_is_a_parcel_without_scans(self) -> None:
        snapshot = parcel(SLUG, "tracker__pending.json")

        assert (snapshot.number, snapshot.scans, snapshot.is_complete) == (NUMBER, (), False)

    def test_a_tracker_that_failed_is_told(self) -> None:
        reading = read(SLUG, "tracker__status_error.json")

        assert [one.number for one in reading.parcels] == [NUMBER]
        assert [(one.kind, one.number) for one in reading.errors] == [(ErrorKind.TRANSIENT, NUMBER)]

    def test_that_easypost_stopped_looking_is_its_last_word(self) -> None:
        snapshot = parcel(SLUG, "tracker__stopped_looking.json")
        last = snapshot.scans[-1]

        assert journey(snapshot).status == S.EXPIRED
        assert (last.raw_code, last.is_physical) == ("unknown/expired", False)
        assert last.occurred_at == datetime(2026, 6, 1, tzinfo=UTC)

    def test_two_events_of_one_minute_stay_two_and_a_repeat_is_one(self) -> None:
        snapshot = parcel(SLUG, "tracker__twins.json")

        assert len(snapshot.scans) == 4
        assert len(journey(snapshot).order) == 3

    def test_an_event_keeps_its_identity_when_the_next_one_comes(self) -> None:
        later = orjson.loads(body(SLUG, "tracker__delivered.json"))
        earlier = {
            **later,
            "status": "out_for_delivery",
            "tracking_details": later["tracking_details"][:-1],
        }
        prints = [
            {
                scan.fingerprint(carrier="usps", number=NUMBER)
                for scan in easypost.parse(orjson.dumps(one)).parcels[0].scans
            }
            for one in (earlier, later)
        ]

        assert prints[0] < prints[1]


class TestLists:
    def test_each_tracker_is_a_parcel_and_of_one_number_the_newest_is_first(self) -> None:
        reading = read(SLUG, "batch__mixed.json")

        assert [(one.number, one.carrier) for one in reading.parcels] == [
            ("1Z999AA10123456784", "ups"),
            (NUMBER, "usps"),
            (NUMBER, "usps"),
            ("LX000000009XX", "some new carrier"),
        ]
        assert [journey(one).status for one in reading.parcels[1:3]] == [
            S.INFO_RECEIVED, S.DELIVERED,
        ]  # fmt: skip
        assert reading.errors == ()

    def test_an_empty_list_says_that_nobody_is_known(self) -> None:
        assert lone_error(SLUG, "batch__none.json").kind == ErrorKind.NOT_FOUND

    @pytest.mark.parametrize("name", ["answer__webhook.json", "answer__events.json"])
    def test_answers_about_other_things_hold_nothing(self, name: str) -> None:
        assert read(SLUG, name) == Reading()


class TestPush:
    def test_reads_the_tracker_in_an_event(self) -> None:
        snapshot = parcel(SLUG, "push__out_for_delivery.json")

        assert journey(snapshot).status == S.OUT_FOR_DELIVERY
        assert (len(snapshot.scans), snapshot.is_complete) == (5, True)

    def test_a_sum_without_events_is_one_scan(self) -> None:
        scan = lone_scan(SLUG, "push__no_details.json")

        assert (scan.status, scan.raw_code) == (S.DELIVERED, "delivered/arrived_at_destination")
        assert scan.occurred_at == datetime(2026, 3, 4, 18, tzinfo=UTC)
        assert not parcel(SLUG, "push__no_details.json").is_complete

    def test_the_ending_is_the_end_whatever_a_clock_says(self) -> None:
        snapshot = parcel(SLUG, "push__ending_stamped_early.json")
        found = journey(snapshot)

        assert (found.status, found.order) == (S.DELIVERED, (0, 1, 2))
        assert found.delivered_at == datetime(2026, 3, 4, 17, 58, tzinfo=UTC)
        assert snapshot.scans[1].local_time == "2026-03-08T09:00:00"

    def test_an_event_about_something_else_is_no_news(self) -> None:
        assert read(SLUG, "push__another_object.json") == Reading()

    def test_a_tracker_without_its_number_is_not_readable(self) -> None:
        assert lone_error(SLUG, "push__without_number.json").kind == ErrorKind.SCHEMA_DRIFT

    def test_a_push_and_a_poll_of_one_parcel_tell_the_same_scans(self) -> None:
        pushed = orjson.loads(body(SLUG, "push__out_for_delivery.json"))
        polled = easypost.parse(orjson.dumps(pushed["result"])).parcels[0]
        both = (*parcel(SLUG, "push__out_for_delivery.json").scans, *polled.scans)

        assert len(project(both, carrier="usps", number=NUMBER).order) == 5


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("auth", ErrorKind.AUTH),
            ("unauthorized", ErrorKind.AUTH),
            ("rate_limited", ErrorKind.RATE_LIMITED),
            ("payment", ErrorKind.QUOTA_EXHAUSTED),
            ("not_found", ErrorKind.NOT_FOUND),
            ("no_carrier", ErrorKind.INVALID_NUMBER),
            ("test_number", ErrorKind.INVALID_NUMBER),
            ("in_flight", ErrorKind.TRANSIENT),
            ("server", ErrorKind.TRANSIENT),
            ("new_code", ErrorKind.RATE_LIMITED),
            ("list_message", ErrorKind.SCHEMA_DRIFT),
            ("bare", ErrorKind.NOT_FOUND),
            ("truncated", ErrorKind.SCHEMA_DRIFT),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind) -> None:
        assert lone_error(SLUG, f"error__{name}.json").kind == kind

    def test_a_list_of_messages_is_one_sentence(self) -> None:
        error = lone_error(SLUG, "error__list_message.json")

        assert error.message == "BAD_REQUEST: The request is not; what we expect"

    def test_a_page_of_a_proxy_is_no_answer(self) -> None:
        assert lone_error(SLUG, "error__html.html").kind == ErrorKind.SCHEMA_DRIFT

    @pytest.mark.parametrize(
        "raw", [b"", b"{}", b"[]", b"1", b"null", b'{"trackers": [{"a": 1}]}', b'[{"id": "trk_1"}]']
    )
    def test_what_says_nothing_of_parcels_is_drift(self, raw: bytes) -> None:
        reading = easypost.parse(raw)

        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]
        assert reading.parcels == ()


class TestSeal:
    BODY = body(SLUG, "push__out_for_delivery.json")

    def older(self, content: bytes, secret: str) -> dict[str, str]:
        sealed = easypost.seal(content, secret, now=NOW)
        return {"x-hmac-signature": sealed["x-hmac-signature"]}

    def newer(self, content: bytes, secret: str, *, at: datetime = NOW) -> dict[str, str]:
        sealed = easypost.seal(content, secret, now=at, path=PATH)
        del sealed["x-hmac-signature"]
        return sealed

    def test_opens_what_easypost_itself_publishes_as_sealed(self) -> None:
        published = (
            b'{"result":{"id":"batch_123...","object":"Batch","mode":"test","state":"created",'
            b'"num_shipments":0,"reference":null,"created_at":"2022-07-26T17:22:32Z",'
            b'"updated_at":"2022-07-26T17:22:32Z","scan_form":null,"shipments":[],"status":'
            b'{"created":0,"queued_for_purchase":0,"creation_failed":0,"postage_purchased":0,'
            b'"postage_purchase_failed":0},"pickup":null,"label_url":null},"description":'
            b'"batch.created","mode":"test","previous_attributes":null,"completed_urls":null,'
            b'"user_id":"user_123...","status":"pending","object":"Event","id":"evt_123..."}'
        )
        mark = "e93977c8ccb20363d51a62b3fe1fc402b7829be1152da9e88cf9e8d07115a46b"
        headers = {"x-hmac-signature": f"hmac-sha256-hex={mark}"}

        assert easypost.verify(published, headers, ["sécret"], now=NOW) is None
        assert easypost.verify(published, headers, ["secret"], now=NOW)

    def test_the_secret_is_the_same_however_its_letters_are_composed(self) -> None:
        composed = unicodedata.normalize("NFC", "sécret ﬁn")
        apart = unicodedata.normalize("NFD", "sécret ﬁn")

        assert easypost.verify(self.BODY, self.older(self.BODY, composed), [apart], now=NOW) is None

    def test_opens_what_it_seals_either_way_with_either_live_secret(self) -> None:
        for headers in (self.older(self.BODY, "two"), self.newer(self.BODY, "two")):
            assert easypost.verify(self.BODY, headers, ["one", "two"], now=NOW) is None
            assert easypost.verify(self.BODY, headers, ["one"], now=NOW)

    def test_seals_time_method_path_and_body_as_easypost_describes(self) -> None:
        stamp = format_datetime(NOW)
        message = f"{stamp}POST{PATH}".encode() + self.BODY
        mark = hmac.new(b"key", message, hashlib.sha256).hexdigest()

        assert self.newer(self.BODY, "key") == {
            "x-timestamp": stamp,
            "x-path": PATH,
            "x-hmac-signature-v2": f"hmac-sha256-hex={mark}",
        }

    @pytest.mark.parametrize(
        ("minutes", "reason"),
        [(-6, "the message is too old"), (6, "the message is from the future")],
    )
    def test_refuses_a_push_from_another_time(self, minutes: int, reason: str) -> None:
        headers = self.newer(self.BODY, "key", at=NOW + timedelta(minutes=minutes))

        assert easypost.verify(self.BODY, headers, ["key"], now=NOW) == reason

    @pytest.mark.parametrize(
        "stamp", ["Wed, 04 Mar 2026 18:00:00 -0000", "Wed, 04 Mar 2026 10:00:00 -0800"]
    )
    def test_takes_a_time_in_any_zone(self, stamp: str) -> None:
        mark = hmac.new(b"key", f"{stamp}POST/".encode() + self.BODY, hashlib.sha256).hexdigest()
        headers = {"x-timestamp": stamp, "x-path": "/", "x-hmac-signature-v2": mark.upper()}

        assert easypost.verify(self.BODY, headers, ["key"], now=NOW) is None

    @pytest.mark.parametrize("stamp", ["", "soon", "1772647200", "Wed, 99 Foo 2026 18:00:00 +0000"])
    def test_refuses_a_sealed_time_that_is_none(self, stamp: str) -> None:
        mark = hmac.new(b"key", f"{stamp}POST/".encode() + self.BODY, hashlib.sha256).hexdigest()
        headers = {"x-timestamp": stamp, "x-path": "/", "x-hmac-signature-v2": mark}

        assert easypost.verify(self.BODY, headers, ["key"], now=NOW) == "the timestamp is no date"

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"x-hmac-signature": ""},
            {"x-hmac-signature": "hmac-sha256-hex="},
            {"x-hmac-signature": "hmac-sha256-hex=é"},
            {"x-hmac-signature": "hmac-sha256-hex=" + "0" * 64},
            {"x-hmac-signature-v2": "\udcff", "x-timestamp": "\udcff", "x-path": "\udcff"},
        ],
    )
    def test_refuses_the_rest(self, headers: dict[str, str]) -> None:
        assert easypost.verify(self.BODY, headers, ["key"], now=NOW)

    def test_refuses_a_changed_body(self) -> None:
        changed = self.BODY.replace(b"Ground", b"Groand")

        for headers in (self.older(self.BODY, "key"), self.newer(self.BODY, "key")):
            assert easypost.verify(changed, headers, ["key"], now=NOW)

    @pytest.mark.parametrize("secrets", [[], [""], ["  "]])
    def test_without_a_secret_nothing_is_believed(self, secrets: list[str]) -> None:
        mark = hmac.new(b"", self.BODY, hashlib.sha256).hexdigest()
        headers = {"x-hmac-signature": f"hmac-sha256-hex={mark}"}

        assert easypost.verify(self.BODY, headers, secrets, now=NOW)

    def test_answers_with_a_status(self) -> None:
        assert [easypost.acknowledge(ok).status for ok in (True, False)] == [200, 401]

    def test_says_why_a_push_is_unreadable(self) -> None:
        assert easypost.fault(b"{")
        assert easypost.fault(self.BODY) is None


class TestCalls:
    KEY = "Basic " + base64.b64encode(b"EZK:").decode()

    def test_asks_about_twenty_at_once(self) -> None:
        asks = [Ask(number=f"N{turn}") for turn in range(21)]
        first, second = easypost.build_requests(asks, {"api_key": "EZK"})

        assert (first.method, first.url) == ("POST", "https://api.easypost.com/v2/trackers/batch")
        assert first.headers["Authorization"] == self.KEY
        assert len(orjson.loads(first.body)["tracking_codes"]) == 20
        assert orjson.loads(second.body) == {"tracking_codes": ["N20"]}

    def test_asks_nobody_about_nothing(self) -> None:
        assert easypost.build_requests([], {}) == []

    def test_a_host_of_ones_own_serves_trials(self) -> None:
        (request,) = easypost.build_requests([Ask(number="1")], {"host": "http://127.0.0.1:9"})

        assert request.url == "http://127.0.0.1:9/v2/trackers/batch"

    @pytest.mark.parametrize(
        ("carrier", "sent"),
        [
            ("fedex", {"carrier": "FedEx"}),
            ("canadapost", {"carrier": "CanadaPost"}),
            ("LaserShipV2", {"carrier": "LaserShipV2"}),
            ("yto", {}),
            ("easypost", {}),
            ("", {}),
        ],
    )
    def test_makes_a_tracker_each(self, carrier: str, sent: dict[str, str]) -> None:
        ask = Ask(number="1", carrier=carrier)
        (request,) = easypost.subscribe(
            [ask], {"api_key": "EZK"}, url="https://x.example", secret="s"
        )

        assert request.url == "https://api.easypost.com/v2/trackers"
        assert orjson.loads(request.body) == {"tracker": {"tracking_code": "1", **sent}}

    @pytest.mark.parametrize(
        ("name", "kinds"),
        [
            ("tracker__pending.json", []),
            ("error__no_carrier.json", [ErrorKind.INVALID_NUMBER]),
            ("error__in_flight.json", [ErrorKind.TRANSIENT]),
            ("error__html.html", [ErrorKind.SCHEMA_DRIFT]),
        ],
    )
    def test_reads_what_was_not_taken(self, name: str, kinds: list[ErrorKind]) -> None:
        assert [one.kind for one in easypost.read_subscription(body(SLUG, name))] == kinds

    def test_its_pushes_must_be_asked_for(self) -> None:
        assert isinstance(easypost, Subscribing)
        assert easypost.capabilities.push_mode == "subscription"
        assert easypost.capabilities.is_body_sealed


class TestTables:
    def test_every_courier_has_a_name(self) -> None:
        assert set(codes.COURIERS.names.values()) <= set(CARRIERS)

    @pytest.mark.parametrize(
        "name", ["FEDEX", "FedEx", "fed-ex", "fedex_default", "FedexSmartPost"]
    )
    def test_capitals_and_dashes_do_not_matter(self, name: str) -> None:
        assert codes.COURIERS.ours(name) == "fedex"

    def test_every_courier_can_be_asked_for_by_its_first_name(self) -> None:
        for slug in set(codes.COURIERS.names.values()):
            assert codes.COURIERS.ours(codes.COURIERS.theirs(slug)) == slug

    def test_each_fixture_of_an_answer_is_understood(self) -> None:
        for path in (HOME / SLUG).glob("*.json"):
            if path.name.startswith(("tracker", "batch", "answer")):
                kinds = {error.kind for error in read(SLUG, path.name).errors}
                assert ErrorKind.SCHEMA_DRIFT not in kinds, path.name

    def test_a_zone_is_told_by_an_offset_alone(self) -> None:
        zone = timezone(timedelta(hours=-6))
        scan = newest("tracker__delivered.json")

        assert scan.occurred_at
        assert scan.occurred_at.astimezone(zone).replace(tzinfo=None).isoformat() == scan.local_time
