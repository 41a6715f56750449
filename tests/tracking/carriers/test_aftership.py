from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

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
from tracking.carriers import aftership
from tracking.carriers.aftership import codes
from tracking.carriers.base import Ask, Subscribing
from tracking.carriers.names import CARRIERS
from tracking.rules import project
from tracking.scans import ErrorKind, Onward, Reading
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
SLUG = "aftership"
NUMBER = "9400100000000000000017"


class TestCodes:
    @pytest.mark.parametrize(
        ("subtag", "meant", "reason"),
        [
            ("Pending_006", S.REGISTERED, None),
            ("InfoReceived_001", S.INFO_RECEIVED, None),
            ("InTransit_002", S.PICKED_UP, None),
            ("InTransit_005", S.CUSTOMS, None),
            ("InTransit_006", S.CUSTOMS, None),
            ("InTransit_008", S.IN_TRANSIT, None),
            ("InTransit_009", S.HANDED_OVER, None),
            ("OutForDelivery_001", S.OUT_FOR_DELIVERY, None),
            ("OutForDelivery_002", S.AVAILABLE_FOR_PICKUP, None),
            ("OutForDelivery_004", S.OUT_FOR_DELIVERY, None),
            ("AttemptFail_001", S.ATTEMPT_FAILED, None),
            ("AttemptFail_002", S.ATTEMPT_FAILED, Reason.NOT_HOME),
            ("AttemptFail_003", S.ATTEMPT_FAILED, Reason.CLOSED),
            ("AvailableForPickup_001", S.AVAILABLE_FOR_PICKUP, None),
            ("Delivered_001", S.DELIVERED, None),
            ("Exception_001", S.EXCEPTION, None),
            ("Exception_002", S.EXCEPTION, Reason.BAD_ADDRESS),
            ("Exception_003", S.EXCEPTION, Reason.REFUSED),
            ("Exception_004", S.CUSTOMS, Reason.CUSTOMS_INSPECTION),
            ("Exception_005", S.EXCEPTION, Reason.DELAYED),
            ("Exception_006", S.EXCEPTION, Reason.PAYMENT_DUE),
            ("Exception_007", S.EXCEPTION, Reason.BAD_ADDRESS),
            ("Exception_008", S.EXCEPTION, Reason.PICKUP_NOT_COLLECTED),
            ("Exception_009", S.EXCEPTION, Reason.PROHIBITED),
            ("Exception_010", S.RETURNING, None),
            ("Exception_011", S.RETURNED, None),
            ("Exception_012", S.EXCEPTION, Reason.DAMAGED),
            ("Exception_013", S.LOST, Reason.LOST),
            ("Exception_016", S.EXCEPTION, Reason.DELAYED),
            ("Exception_017", S.EXCEPTION, Reason.WEATHER),
            ("Exception_018", S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS),
            ("Exception_019", S.EXCEPTION, Reason.VEHICLE),
            ("Exception_020", S.CANCELLED, None),
            ("Exception_021", S.DESTROYED, None),
            ("Expired_001", S.EXPIRED, None),
        ],
    )
    def test_a_subtag_says_what_happened(
        self, subtag: str, meant: S, reason: Reason | None
    ) -> None:
        meaning = aftership.reading.explain(tag="", subtag=subtag)

        assert meaning is not None
        assert (meaning.status, meaning.reason) == (meant, reason)

    def test_all_words_aftership_lists_are_here(self) -> None:
        assert len(codes.TAG) == 9
        assert len(codes.SUBTAG) == 49
        assert {subtag.split("_")[0] for subtag in codes.SUBTAG} == set(codes.TAG)

    def test_two_new_words_are_unknown_and_move_nothing(self) -> None:
        snapshot = parcel(SLUG, "tracking__unknown_code.json")
        scan = snapshot.scans[2]

        assert (scan.status, scan.is_known, scan.raw_code) == (None, False, "Teleported_001")
        assert journey(snapshot).status == S.PICKED_UP

    def test_a_new_subtag_says_what_its_tag_says(self) -> None:
        scan = parcel(SLUG, "tracking__new_subtag.json").scans[2]

        assert (scan.status, scan.is_known, scan.raw_code) == (S.IN_TRANSIT, True, "InTransit_099")

    @pytest.mark.parametrize(
        ("name", "status", "reason", "party", "is_inferred"),
        [
            ("exception_weather", S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE, False),
            ("exception_damaged", S.EXCEPTION, Reason.DAMAGED, Party.CARRIER, False),
            ("exception_lost", S.LOST, Reason.LOST, Party.CARRIER, False),
            ("exception_refused", S.EXCEPTION, Reason.REFUSED, Party.RECIPIENT, False),
            ("exception_customs", S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT, False),
            ("exception_bare", S.EXCEPTION, Reason.DAMAGED, None, True),
            ("exception_destroyed", S.DESTROYED, None, None, False),
            ("attempt_closed", S.ATTEMPT_FAILED, Reason.CLOSED, Party.RECIPIENT, False),
            ("attempt_nobody", S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT, False),
            ("ready_for_pickup", S.AVAILABLE_FOR_PICKUP, None, None, False),
            ("returning", S.RETURNING, None, None, False),
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
        snapshot = parcel(SLUG, f"tracking__{name}.json")
        scan = snapshot.scans[-1]

        assert (scan.status, scan.reason, scan.party) == (status, reason, party)
        assert scan.is_inferred is is_inferred
        assert journey(snapshot).status == status

    def test_a_refusal_is_remembered_on_the_way_back(self) -> None:
        assert journey(parcel(SLUG, "tracking__returning.json")).trouble == ("refused", "returned")

    @pytest.mark.parametrize(
        ("name", "to"),
        [
            ("delivered", Handed.RECIPIENT),
            ("delivered_neighbour", Handed.NEIGHBOUR),
            ("delivered_locker", Handed.LOCKER),
        ],
    )
    def test_says_to_whom_it_was_given(self, name: str, to: Handed) -> None:
        assert journey(parcel(SLUG, f"tracking__{name}.json")).handed == to


class TestTracking:
    def test_reads_a_whole_history(self) -> None:
        snapshot = parcel(SLUG, "tracking__delivered.json")
        found = journey(snapshot)

        assert (snapshot.number, snapshot.carrier, snapshot.is_complete) == (NUMBER, "usps", True)
        assert [scan.status for scan in snapshot.scans] == [
            S.INFO_RECEIVED, S.PICKED_UP, S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.DELIVERED,
        ]  # fmt: skip
        assert [scan.sequence for scan in snapshot.scans] == [0, 1, 2, 3, 4]
        assert [scan.is_physical for scan in snapshot.scans] == [False, *[True] * 4]
        assert found.delivered_at == datetime(2026, 3, 4, 17, 58, tzinfo=UTC)
        assert (snapshot.eta_from, snapshot.eta_to) == (None, None)

    def test_times_are_only_as_exact_as_they_are_told(self) -> None:
        scans = parcel(SLUG, "tracking__times.json").scans

        assert [(scan.occurred_at, scan.local_time, scan.offset_source) for scan in scans] == [
            (None, "2026-03-01", OffsetSource.UNKNOWN),
            (None, "2026-03-02T08:00:00", OffsetSource.UNKNOWN),
            (datetime(2026, 3, 3, 8, tzinfo=UTC), "", OffsetSource.OFFSET),
            (
                datetime(2026, 3, 4, 2, 30, tzinfo=UTC),
                "2026-03-04T08:00:00",
                OffsetSource.OFFSET,
            ),
            (None, "", OffsetSource.UNKNOWN),
        ]

    def test_a_place_has_two_letters_of_a_country_and_no_postcode(self) -> None:
        snapshot = parcel(SLUG, "tracking__delivered.json")

        assert [scan.location for scan in snapshot.scans[:2]] == ["", "RENO, NV, US"]
        assert snapshot.scans[1].country == "US"
        assert "50309" not in repr(snapshot)

    def test_the_signer_stays_out_of_the_scans(self) -> None:
        snapshot = parcel(SLUG, "tracking__delivered.json")

        assert snapshot.signed_by == "A NAME"
        assert snapshot.scans[-1].raw_text == "Delivered, signed by …"
        assert "A NAME" not in repr(snapshot.scans)

    @pytest.mark.parametrize(
        ("name", "opens", "ends"),
        [
            (
                "tracking__in_transit_window",
                datetime(2026, 3, 5, 20, tzinfo=UTC),
                datetime(2026, 3, 6, tzinfo=UTC),
            ),
            ("tracking__in_transit_day", None, datetime(2026, 3, 6, 5, 59, 59, tzinfo=UTC)),
            (
                "tracking__in_transit_guess",
                datetime(2026, 3, 5, 6, tzinfo=UTC),
                datetime(2026, 3, 8, 5, 59, 59, tzinfo=UTC),
            ),
            ("tracking__in_transit_no_zone", None, None),
            ("v4__in_transit", None, datetime(2026, 3, 6, 5, 59, 59, tzinfo=UTC)),
            ("tracking__delivered", None, None),
            ("tracking__returning", None, None),
        ],
    )
    def test_is_expected_when_the_courier_says_so_on_the_clock_of_the_newest_place(
        self, name: str, opens: datetime | None, ends: datetime | None
    ) -> None:
        snapshot = parcel(SLUG, f"{name}.json")

        assert (snapshot.eta_from, snapshot.eta_to) == (opens, ends)

    @pytest.mark.parametrize("name", ["pending", "unrecognised"])
    def test_a_tracking_without_news_is_a_parcel_without_scans(self, name: str) -> None:
        snapshot = parcel(SLUG, f"tracking__{name}.json")

        assert (snapshot.number, snapshot.scans, snapshot.is_complete) == (NUMBER, (), False)

    def test_a_courier_nobody_could_tell_is_none(self) -> None:
        assert parcel(SLUG, "tracking__unrecognised.json").carrier == ""

    def test_that_aftership_stopped_looking_is_its_last_word(self) -> None:
        snapshot = parcel(SLUG, "tracking__expired.json")
        last = snapshot.scans[-1]

        assert journey(snapshot).status == S.EXPIRED
        assert (last.raw_code, last.is_physical) == ("Expired_001", False)
        assert last.occurred_at == datetime(2026, 3, 4, 18, 0, 6, tzinfo=UTC)

    def test_a_number_never_seen_expires_too(self) -> None:
        assert lone_scan(SLUG, "tracking__never_seen.json").status == S.EXPIRED

    @pytest.mark.parametrize(
        ("name", "carrier", "onward"),
        [
            ("onward", "ems", Onward(carrier="usps", number=NUMBER)),
            ("next_courier", "chinapost", Onward(carrier="a-new-courier", number=NUMBER)),
            ("delivered", "usps", None),
        ],
    )
    def test_another_number_further_on_is_told(
        self, name: str, carrier: str, onward: Onward | None
    ) -> None:
        snapshot = parcel(SLUG, f"tracking__{name}.json")

        assert (snapshot.carrier, snapshot.onward) == (carrier, onward)

    def test_a_hash_is_an_identity_and_a_repeat_is_one(self) -> None:
        snapshot = parcel(SLUG, "tracking__hashes.json")

        assert [scan.event_id for scan in snapshot.scans[:3]] == ["h-1", "h-2", "h-3"]
        assert len(journey(snapshot).order) == 3

    def test_an_event_keeps_its_identity_when_the_next_one_comes(self) -> None:
        later = orjson.loads(body(SLUG, "tracking__delivered.json"))
        earlier = orjson.loads(body(SLUG, "tracking__delivered.json"))
        earlier["data"] |= {"tag": "OutForDelivery", "subtag": "OutForDelivery_001"}
        earlier["data"]["checkpoints"].pop()
        prints = [
            {
                scan.fingerprint(carrier="usps", number=NUMBER)
                for scan in aftership.parse(orjson.dumps(one)).parcels[0].scans
            }
            for one in (earlier, later)
        ]

        assert prints[0] < prints[1]


class TestVersionFour:
    def test_tells_the_same_scans_as_the_new_interface(self) -> None:
        old, new = (
            parcel(SLUG, "v4__in_transit.json"),
            parcel(SLUG, "tracking__in_transit_day.json"),
        )
        both = project((*old.scans, *new.scans), carrier="usps", number=NUMBER)

        assert [scan.location for scan in old.scans] == ["", "RENO, NV, US", "DES MOINES, IA, US"]
        assert len(both.order) == 3
        assert parcel(SLUG, "v4__list.json") == old

    def test_the_newest_checkpoint_alone_is_not_the_whole_history(self) -> None:
        snapshot = parcel(SLUG, "v4__last_checkpoint.json")
        scan = lone_scan(SLUG, "v4__last_checkpoint.json")

        assert (snapshot.number, snapshot.carrier, snapshot.is_complete) == (NUMBER, "usps", False)
        assert (scan.status, scan.local_time) == (S.OUT_FOR_DELIVERY, "2026-03-04T07:32:00")


class TestLists:
    def test_each_tracking_is_a_parcel_and_of_one_number_the_newest_is_first(self) -> None:
        reading = read(SLUG, "list__mixed.json")

        assert [(one.number, one.carrier) for one in reading.parcels] == [
            ("1Z999AA10123456784", "ups"),
            (NUMBER, "usps"),
            (NUMBER, "usps"),
            ("LX000000009XX", "a-new-courier"),
        ]
        assert [journey(one).status for one in reading.parcels[1:3]] == [
            S.INFO_RECEIVED, S.DELIVERED,
        ]  # fmt: skip
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]

    def test_an_empty_list_says_that_nobody_is_known(self) -> None:
        assert lone_error(SLUG, "list__none.json").kind == ErrorKind.NOT_FOUND

    def test_a_list_of_couriers_holds_nothing(self) -> None:
        assert read(SLUG, "answer__couriers.json") == Reading()


class TestPush:
    @pytest.mark.parametrize(
        ("name", "status", "count"),
        [
            ("out_for_delivery", S.OUT_FOR_DELIVERY, 4),
            ("v4_in_transit", S.IN_TRANSIT, 3),
        ],
    )
    def test_reads_the_tracking_in_a_message(self, name: str, status: S, count: int) -> None:
        snapshot = parcel(SLUG, f"push__{name}.json")

        assert journey(snapshot).status == status
        assert (len(snapshot.scans), snapshot.is_complete) == (count, True)

    def test_a_sum_without_events_is_one_scan_of_the_moment_it_was_sent(self) -> None:
        scan = lone_scan(SLUG, "push__no_checkpoints.json")

        assert (scan.status, scan.raw_code) == (S.DELIVERED, "Delivered_001")
        assert scan.occurred_at == datetime(2026, 3, 4, 18, 0, 6, tzinfo=UTC)
        assert not parcel(SLUG, "push__no_checkpoints.json").is_complete

    def test_a_sum_sent_at_no_time_has_none(self) -> None:
        scan = lone_scan(SLUG, "push__no_time.json")

        assert (scan.status, scan.occurred_at, scan.local_time) == (S.DELIVERED, None, "")

    def test_the_ending_is_the_end_whatever_a_clock_says(self) -> None:
        found = journey(parcel(SLUG, "push__ending_stamped_early.json"))

        assert (found.status, found.order) == (S.DELIVERED, (0, 1, 2))
        assert found.delivered_at == datetime(2026, 3, 4, 17, 58, tzinfo=UTC)

    def test_a_tracking_without_its_number_is_not_readable(self) -> None:
        assert lone_error(SLUG, "push__without_number.json").kind == ErrorKind.SCHEMA_DRIFT

    @pytest.mark.parametrize("ts", [True, None, 10**30, -(10**30), "1772647206", {}])
    def test_no_stamp_of_a_push_raises(self, ts: object) -> None:
        push = orjson.loads(body(SLUG, "push__no_checkpoints.json"))
        raw = orjson.dumps(push).replace(b"1772647206", str(ts).encode())
        if not isinstance(ts, int) or isinstance(ts, bool):
            raw = orjson.dumps({**push, "ts": ts})

        reading = aftership.parse_push(raw)

        assert [scan.occurred_at for one in reading.parcels for scan in one.scans] == [None]


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("auth", ErrorKind.AUTH),
            ("forbidden", ErrorKind.AUTH),
            ("quota", ErrorKind.QUOTA_EXHAUSTED),
            ("rate_limited", ErrorKind.RATE_LIMITED),
            ("not_found", ErrorKind.NOT_FOUND),
            ("bad_id", ErrorKind.NOT_FOUND),
            ("no_page", ErrorKind.NOT_FOUND),
            ("invalid_number", ErrorKind.INVALID_NUMBER),
            ("no_courier", ErrorKind.INVALID_NUMBER),
            ("bad_json", ErrorKind.SCHEMA_DRIFT),
            ("server", ErrorKind.TRANSIENT),
            ("new_code", ErrorKind.TRANSIENT),
            ("truncated", ErrorKind.SCHEMA_DRIFT),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind) -> None:
        assert lone_error(SLUG, f"error__{name}.json").kind == kind

    @pytest.mark.parametrize(
        ("name", "number"), [("not_found", NUMBER), ("invalid_number", "1"), ("no_courier", NUMBER)]
    )
    def test_an_error_names_its_number(self, name: str, number: str) -> None:
        assert lone_error(SLUG, f"error__{name}.json").number == number

    def test_an_error_says_what_aftership_says(self) -> None:
        error = lone_error(SLUG, "error__not_found.json")

        assert error.message == "4004: Tracking does not exist."

    def test_a_page_of_a_proxy_is_no_answer(self) -> None:
        assert lone_error(SLUG, "error__html.html").kind == ErrorKind.SCHEMA_DRIFT

    @pytest.mark.parametrize(
        "raw", [b"", b"{}", b"[]", b"1", b"null", b'{"data": {}}', b'{"data": {"trackings": [{}]}}']
    )
    def test_what_says_nothing_of_parcels_is_drift(self, raw: bytes) -> None:
        reading = aftership.parse(raw)

        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]
        assert reading.parcels == ()


class TestSeal:
    BODY = body(SLUG, "push__out_for_delivery.json")

    def test_is_the_hmac_of_the_body_in_base64_with_the_secret_as_it_is(self) -> None:
        secret = "c2VjcmV0LWluLWJhc2U2NA=="
        mark = base64.b64encode(hmac.new(secret.encode(), self.BODY, hashlib.sha256).digest())
        decoded = hmac.new(base64.b64decode(secret), self.BODY, hashlib.sha256).digest()

        assert aftership.seal(self.BODY, secret) == {"aftership-hmac-sha256": mark.decode()}
        assert (
            aftership.verify(self.BODY, {"aftership-hmac-sha256": mark.decode()}, [secret], now=NOW)
            is None
        )
        assert aftership.verify(
            self.BODY,
            {"aftership-hmac-sha256": base64.b64encode(decoded).decode()},
            [secret],
            now=NOW,
        )

    def test_opens_what_it_seals_with_either_live_secret(self) -> None:
        headers = aftership.seal(self.BODY, "two", now=NOW)

        assert aftership.verify(self.BODY, headers, ["one", "two"], now=NOW) is None
        assert aftership.verify(self.BODY, headers, ["two", "three"], now=NOW) is None
        assert aftership.verify(self.BODY, headers, ["one"], now=NOW)

    def test_refuses_a_changed_body(self) -> None:
        headers = aftership.seal(self.BODY, "key", now=NOW)

        assert aftership.verify(self.BODY + b" ", headers, ["key"], now=NOW)

    @pytest.mark.parametrize("given", ["", " ", "é", "\udcff", "AAAA", "0" * 64])
    def test_refuses_the_rest(self, given: str) -> None:
        assert aftership.verify(self.BODY, {"aftership-hmac-sha256": given}, ["key"], now=NOW)

    def test_refuses_what_has_no_seal(self) -> None:
        assert aftership.verify(self.BODY, {}, ["key"], now=NOW) == (
            "the signature header is missing"
        )

    @pytest.mark.parametrize("secrets", [[], [""], ["  "]])
    def test_without_a_secret_nothing_is_believed(self, secrets: list[str]) -> None:
        headers = aftership.seal(self.BODY, "", now=NOW)

        assert aftership.verify(self.BODY, headers, secrets, now=NOW)

    def test_answers_with_a_status(self) -> None:
        assert [aftership.acknowledge(ok).status for ok in (True, False)] == [200, 401]

    def test_says_why_a_push_is_unreadable(self) -> None:
        assert aftership.fault(b"{")
        assert aftership.fault(self.BODY) is None


class TestCalls:
    def test_asks_about_fifty_at_once(self) -> None:
        asks = [Ask(number=f"N{turn}") for turn in range(51)]
        first, second = aftership.build_requests(asks, {"api_key": "asat"})
        told = urlsplit(first.url)
        query = parse_qs(told.query)

        assert first.method == "GET"
        assert told._replace(query="").geturl() == (
            "https://api.aftership.com/tracking/2025-01/trackings"
        )
        assert first.headers["as-api-key"] == "asat"
        assert len(query["tracking_numbers"][0].split(",")) == 50
        assert query["limit"] == ["200"]
        assert parse_qs(urlsplit(second.url).query)["tracking_numbers"] == ["N50"]

    def test_asks_nobody_about_nothing(self) -> None:
        assert aftership.build_requests([], {}) == []

    def test_the_old_interface_has_its_own_path_and_header(self) -> None:
        settings = {"api_key": "k", "api_version": "v4"}
        (request,) = aftership.build_requests([Ask(number="1")], settings)

        assert request.url.startswith("https://api.aftership.com/v4/trackings?")
        assert request.headers["aftership-api-key"] == "k"
        assert "as-api-key" not in request.headers

    def test_a_host_of_ones_own_serves_trials(self) -> None:
        (request,) = aftership.build_requests([Ask(number="1")], {"host": "http://127.0.0.1:9"})

        assert request.url.startswith("http://127.0.0.1:9/tracking/2025-01/trackings?")

    def test_makes_a_tracking_each_with_what_is_known(self) -> None:
        ask = Ask(
            number="1",
            carrier="dhl_de",
            postcode="10115",
            country="DE",
            shipped_on="2026-03-01",
            phone_last4="1234",
        )
        one, two = aftership.subscribe(
            [ask, Ask(number="2")], {"api_key": "k"}, url="https://x.example", secret="s"
        )

        assert (one.method, one.url) == (
            "POST",
            "https://api.aftership.com/tracking/2025-01/trackings",
        )
        assert orjson.loads(one.body) == {
            "tracking_number": "1",
            "slug": "dhl-germany",
            "destination_postal_code": "10115",
            "destination_country_region": "DEU",
            "tracking_ship_date": "2026-03-01",
            "tracking_key": "1234",
        }
        assert orjson.loads(two.body) == {"tracking_number": "2"}

    def test_the_old_interface_wraps_and_names_it_otherwise(self) -> None:
        ask = Ask(number="1", carrier="usps", postcode="1", country="US", shipped_on="2026-03-01")
        (request,) = aftership.subscribe(
            [ask], {"api_version": "v4"}, url="https://x.example", secret="s"
        )

        assert orjson.loads(request.body) == {
            "tracking": {
                "tracking_number": "1",
                "slug": "usps",
                "tracking_postal_code": "1",
                "tracking_destination_country": "USA",
                "tracking_ship_date": "20260301",
            }
        }

    @pytest.mark.parametrize("carrier", ["", "aftership", "zzz"])
    def test_names_no_courier_that_it_does_not_know(self, carrier: str) -> None:
        (request,) = aftership.subscribe(
            [Ask(number="1", carrier=carrier)], {}, url="https://x.example", secret="s"
        )

        assert orjson.loads(request.body).get("slug", "") == ("zzz" if carrier == "zzz" else "")

    @pytest.mark.parametrize(
        ("name", "kinds"),
        [
            ("tracking__pending.json", []),
            ("error__taken.json", []),
            ("error__no_courier.json", [ErrorKind.INVALID_NUMBER]),
            ("error__rate_limited.json", [ErrorKind.RATE_LIMITED]),
            ("error__html.html", [ErrorKind.SCHEMA_DRIFT]),
        ],
    )
    def test_reads_what_was_not_taken(self, name: str, kinds: list[ErrorKind]) -> None:
        assert [one.kind for one in aftership.read_subscription(body(SLUG, name))] == kinds

    def test_its_pushes_must_be_asked_for(self) -> None:
        assert isinstance(aftership, Subscribing)
        assert aftership.capabilities.push_mode == "subscription"
        assert aftership.capabilities.is_body_sealed


class TestTables:
    def test_every_courier_has_a_name(self) -> None:
        assert set(codes.COURIERS.names.values()) <= set(CARRIERS)

    @pytest.mark.parametrize("name", ["royal-mail", "Royal-Mail", "royal_mail", "royalmail"])
    def test_capitals_and_dashes_do_not_matter(self, name: str) -> None:
        assert codes.COURIERS.ours(name) == "royalmail"

    def test_every_courier_can_be_asked_for_by_its_first_name(self) -> None:
        for slug in set(codes.COURIERS.names.values()):
            assert codes.COURIERS.ours(codes.COURIERS.theirs(slug)) == slug

    def test_each_fixture_of_an_answer_is_understood(self) -> None:
        for path in (HOME / SLUG).glob("*.json"):
            if path.name.startswith(("tracking", "v4", "answer")):
                assert read(SLUG, path.name).errors == (), path.name
