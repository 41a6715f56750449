from __future__ import annotations

from datetime import UTC, datetime

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
from tracking.carriers import ship24
from tracking.carriers.base import Ask, Subscribing
from tracking.carriers.names import CARRIERS
from tracking.carriers.ship24 import codes
from tracking.rules import project
from tracking.scans import ErrorKind, Onward, Proof, ProofKind, Reading
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
SLUG = "ship24"
NUMBER = "9400100000000000000017"
FAR = "LX000000009XX"


class TestCodes:
    @pytest.mark.parametrize(
        ("code", "meant", "reason"),
        [
            ("data_order_created", S.INFO_RECEIVED, None),
            ("data_order_cancelled", S.CANCELLED, None),
            ("data_delivery_proposed", None, None),
            ("data_delivery_decided", None, None),
            ("transit_handover", S.PICKED_UP, None),
            ("transit_origin_country_departure", S.IN_TRANSIT, None),
            ("destination_arrival", S.IN_TRANSIT, None),
            ("customs_received", S.CUSTOMS, None),
            ("customs_exception", S.CUSTOMS, Reason.CUSTOMS_INSPECTION),
            ("customs_rejected", S.CUSTOMS, Reason.SECURITY),
            ("customs_cleared", S.CUSTOMS, None),
            ("delivery_available_for_pickup", S.AVAILABLE_FOR_PICKUP, None),
            ("delivery_out_for_delivery", S.OUT_FOR_DELIVERY, None),
            ("delivery_attempted", S.ATTEMPT_FAILED, None),
            ("delivery_exception", S.EXCEPTION, None),
            ("delivery_refused", S.ATTEMPT_FAILED, Reason.REFUSED),
            ("delivery_delivered", S.DELIVERED, None),
            ("exception_return", S.RETURNING, None),
            ("exception_lost", S.LOST, Reason.LOST),
            ("exception_discarded", S.DESTROYED, None),
        ],
    )
    def test_a_code_says_what_happened_whatever_is_beside_it(
        self, code: str, meant: S | None, reason: Reason | None
    ) -> None:
        row = {"statusCode": code, "statusCategory": "transit", "statusMilestone": "delivered"}
        meaning = ship24.reading.explain(row)

        assert meaning is not None
        assert (meaning.status, meaning.reason) == (meant, reason)

    @pytest.mark.parametrize(
        ("category", "milestone", "meant"),
        [
            ("transit", "in_transit", S.IN_TRANSIT),
            ("destination", "in_transit", S.IN_TRANSIT),
            ("customs", "in_transit", S.CUSTOMS),
            ("exception", "in_transit", S.EXCEPTION),
            ("data", "info_received", S.INFO_RECEIVED),
            ("delivery", "out_for_delivery", S.OUT_FOR_DELIVERY),
            ("delivery", "failed_attempt", S.ATTEMPT_FAILED),
            (None, "available_for_pickup", S.AVAILABLE_FOR_PICKUP),
            (None, "delivered", S.DELIVERED),
            (None, "exception", S.EXCEPTION),
            (None, "pending", None),
        ],
    )
    def test_without_a_code_the_category_and_then_the_milestone_says_it(
        self, category: str | None, milestone: str, meant: S | None
    ) -> None:
        row = {"statusCode": None, "statusCategory": category, "statusMilestone": milestone}
        meaning = ship24.reading.explain(row)

        assert meaning is not None
        assert meaning.status == meant

    def test_all_words_ship24_lists_are_here(self) -> None:
        assert (len(codes.CODE), len(codes.MILESTONE)) == (20, 8)

    def test_three_new_words_are_unknown_and_move_nothing(self) -> None:
        snapshot = parcel(SLUG, "results__unknown_code.json")
        scan = snapshot.scans[0]

        assert (scan.status, scan.is_known, scan.raw_code) == (None, False, "delivery_beamed")
        assert journey(snapshot).status == S.PICKED_UP

    def test_a_new_code_says_what_its_milestone_says(self) -> None:
        scan = parcel(SLUG, "results__new_code_old_milestone.json").scans[0]

        assert (scan.status, scan.raw_code) == (S.OUT_FOR_DELIVERY, "delivery_beamed")

    @pytest.mark.parametrize(
        ("name", "status", "reason", "party", "is_inferred"),
        [
            ("exception_weather", S.EXCEPTION, Reason.WEATHER, None, True),
            ("exception_damaged", S.EXCEPTION, Reason.DAMAGED, None, True),
            ("exception_unclear", S.EXCEPTION, None, None, False),
            ("exception_lost", S.LOST, Reason.LOST, Party.CARRIER, False),
            ("exception_refused", S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT, False),
            ("exception_discarded", S.DESTROYED, None, Party.CARRIER, False),
            ("customs_held", S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS, False),
            ("customs_rejected", S.CUSTOMS, Reason.SECURITY, Party.CUSTOMS, False),
            ("category_alone", S.CUSTOMS, None, None, False),
            ("attempted", S.ATTEMPT_FAILED, None, None, False),
            ("ready_for_pickup", S.AVAILABLE_FOR_PICKUP, None, None, False),
            ("cancelled", S.CANCELLED, None, None, False),
            ("returning", S.RETURNING, None, None, False),
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
        snapshot = parcel(SLUG, f"results__{name}.json")
        scan = snapshot.scans[0]

        assert (scan.status, scan.reason, scan.party) == (status, reason, party)
        assert scan.is_inferred is is_inferred
        assert journey(snapshot).status == status

    def test_a_refusal_is_remembered_on_the_way_back(self) -> None:
        assert journey(parcel(SLUG, "results__returning.json")).trouble == ("refused", "returned")


class TestResults:
    def test_reads_a_whole_history(self) -> None:
        snapshot = parcel(SLUG, "results__delivered.json")
        found = journey(snapshot)

        assert (snapshot.number, snapshot.carrier, snapshot.is_complete) == (NUMBER, "usps", True)
        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, S.IN_TRANSIT, S.PICKED_UP, S.INFO_RECEIVED,
        ]  # fmt: skip
        assert [scan.sequence for scan in snapshot.scans] == [5, 4, 3, 2, 1]
        assert [scan.is_physical for scan in snapshot.scans] == [*[True] * 4, False]
        assert (found.status, found.handed) == (S.DELIVERED, Handed.SAFE_PLACE)
        assert found.delivered_at == datetime(2026, 3, 4, 17, 58, tzinfo=UTC)
        assert (snapshot.eta_from, snapshot.eta_to, snapshot.onward) == (None, None, None)

    def test_times_are_only_as_exact_as_they_are_told(self) -> None:
        scans = parcel(SLUG, "results__times.json").scans

        assert [(scan.occurred_at, scan.local_time, scan.offset_source) for scan in scans] == [
            (datetime(2026, 3, 6, tzinfo=UTC), "2026-03-06T08:00:00", OffsetSource.OFFSET),
            (None, "2026-03-05", OffsetSource.UNKNOWN),
            (
                datetime(2026, 3, 4, 2, 30, tzinfo=UTC),
                "2026-03-04T08:00:00",
                OffsetSource.OFFSET,
            ),
            (datetime(2026, 3, 3, 8, tzinfo=UTC), "", OffsetSource.OFFSET),
            (None, "2026-03-02T08:00:00", OffsetSource.UNKNOWN),
            (None, "2026-03-01", OffsetSource.UNKNOWN),
            (None, "", OffsetSource.UNKNOWN),
        ]

    def test_ship24s_order_decides_within_a_minute(self) -> None:
        snapshot = parcel(SLUG, "results__ordered.json")

        assert [scan.sequence for scan in snapshot.scans] == [30, 10, 20]
        assert journey(snapshot).order == (1, 2, 0)
        assert journey(snapshot).status == S.DELIVERED

    @pytest.mark.parametrize("order", [None, -1, 2**31, 1.5, True, "1", [], {}])
    def test_an_order_that_is_none_leaves_it_to_the_place_in_the_list(self, order: object) -> None:
        root = orjson.loads(body(SLUG, "results__ordered.json"))
        root["data"]["trackings"][0]["events"][1]["order"] = order
        (snapshot,) = ship24.parse(orjson.dumps(root)).parcels

        assert [scan.sequence for scan in snapshot.scans] == [3, 2, 1]

    def test_events_of_one_minute_stay_apart_by_their_ids_and_a_repeat_is_one(self) -> None:
        snapshot = parcel(SLUG, "results__twins.json")

        assert len(snapshot.scans) == 4
        assert len(journey(snapshot).order) == 3

    def test_the_signer_stays_out_of_the_scans(self) -> None:
        snapshot = parcel(SLUG, "results__delivered.json")

        assert snapshot.signed_by == "A NAME"
        assert snapshot.scans[0].raw_text == "Delivered, front door. Signed by …"
        assert "A NAME" not in repr(snapshot.scans)

    def test_the_recipients_postcode_is_not_kept(self) -> None:
        assert "50309" not in repr(parcel(SLUG, "results__delivered.json"))

    @pytest.mark.parametrize(
        ("name", "opens", "ends"),
        [
            ("in_transit_utc", None, datetime(2026, 3, 5, 18, tzinfo=UTC)),
            (
                "in_transit_window",
                datetime(2026, 3, 5, 20, tzinfo=UTC),
                datetime(2026, 3, 6, tzinfo=UTC),
            ),
            (
                "in_transit_day",
                datetime(2026, 3, 5, 6, tzinfo=UTC),
                datetime(2026, 3, 6, 5, 59, 59, tzinfo=UTC),
            ),
            ("in_transit_no_zone", None, None),
            ("delivered", None, None),
            ("returning", None, None),
        ],
    )
    def test_is_expected_when_the_courier_or_ship24_says_so(
        self, name: str, opens: datetime | None, ends: datetime | None
    ) -> None:
        snapshot = parcel(SLUG, f"results__{name}.json")

        assert (snapshot.eta_from, snapshot.eta_to) == (opens, ends)

    @pytest.mark.parametrize("name", ["pending", "no_shipment"])
    def test_a_parcel_without_news_has_no_scans(self, name: str) -> None:
        snapshot = parcel(SLUG, f"results__{name}.json")

        assert (snapshot.number, snapshot.scans, snapshot.is_complete) == (NUMBER, (), False)

    @pytest.mark.parametrize(
        ("name", "number", "carrier", "onward"),
        [
            ("two_couriers", FAR, "chinapost", Onward(carrier="usps", number=NUMBER)),
            ("named_courier", FAR, "ems", None),
            ("same_number_two_couriers", NUMBER, "", None),
            ("delivered", NUMBER, "usps", None),
        ],
    )
    def test_tells_the_courier_of_a_number_and_who_took_over(
        self, name: str, number: str, carrier: str, onward: Onward | None
    ) -> None:
        snapshot = parcel(SLUG, f"results__{name}.json")

        assert (snapshot.number, snapshot.carrier, snapshot.onward) == (number, carrier, onward)

    @pytest.mark.parametrize("name", ["results__sum_alone.json", "push__sum_alone.json"])
    def test_a_sum_without_events_is_one_scan(self, name: str) -> None:
        scan = lone_scan(SLUG, name)

        assert (scan.status, scan.raw_code) == (S.DELIVERED, "delivery_delivered")
        assert scan.occurred_at is not None
        assert scan.occurred_at.replace(second=0) == datetime(2026, 3, 4, 18, tzinfo=UTC)
        assert not parcel(SLUG, name).is_complete


class TestLists:
    def test_each_tracking_is_a_parcel_and_of_one_number_the_newest_is_first(self) -> None:
        reading = read(SLUG, "results__mixed.json")

        assert [(one.number, one.carrier) for one in reading.parcels] == [
            ("1Z999AA10123456784", "ups"), (NUMBER, "usps"), (NUMBER, "usps"), (FAR, ""),
        ]  # fmt: skip
        assert [journey(one).status for one in reading.parcels[1:3]] == [S.PICKED_UP, S.DELIVERED]
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]

    def test_an_empty_answer_says_that_nobody_is_known(self) -> None:
        assert lone_error(SLUG, "results__none.json").kind == ErrorKind.NOT_FOUND

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("tracker__created.json", [(NUMBER, "usps")]),
            ("tracker__list.json", [(NUMBER, ""), (FAR, "")]),
            ("bulk__existing.json", [(NUMBER, "")]),
        ],
    )
    def test_a_tracker_is_a_parcel_of_which_nothing_is_told(
        self, name: str, told: list[tuple[str, str]]
    ) -> None:
        reading = read(SLUG, name)

        assert [(one.number, one.carrier) for one in reading.parcels] == told
        assert {(one.scans, one.is_complete) for one in reading.parcels} == {((), False)}
        assert reading.errors == ()

    def test_what_a_bulk_did_not_take_is_told_by_its_number(self) -> None:
        reading = read(SLUG, "bulk__partial.json")

        assert [one.number for one in reading.parcels] == [NUMBER]
        assert [(one.kind, one.number) for one in reading.errors] == [
            (ErrorKind.INVALID_NUMBER, "!")
        ]

    def test_a_list_of_couriers_holds_nothing(self) -> None:
        assert read(SLUG, "answer__couriers.json") == Reading()


class TestPush:
    def test_holds_only_what_is_new(self) -> None:
        snapshot = parcel(SLUG, "push__out_for_delivery.json")

        assert [scan.status for scan in snapshot.scans] == [S.OUT_FOR_DELIVERY]
        assert not snapshot.is_complete
        assert not ship24.capabilities.is_snapshot

    def test_adds_to_what_an_answer_told(self) -> None:
        before = parcel(SLUG, "results__in_transit_utc.json").scans
        pushed = parcel(SLUG, "push__out_for_delivery.json").scans
        after = parcel(SLUG, "results__delivered.json").scans
        found = project((*before, *pushed), carrier="usps", number=NUMBER)

        assert (found.status, len(found.order)) == (S.OUT_FOR_DELIVERY, 4)
        assert len(project((*before, *pushed, *after), carrier="usps", number=NUMBER).order) == 5

    def test_may_tell_of_several_parcels(self) -> None:
        reading = read(SLUG, "push__two_parcels.json")

        assert [(one.number, one.carrier) for one in reading.parcels] == [
            (NUMBER, "usps"), ("000000000012", "fedex"),
        ]  # fmt: skip

    def test_without_parcels_it_tells_nothing(self) -> None:
        assert read(SLUG, "push__none.json") == Reading()

    @pytest.mark.parametrize(
        ("name", "proofs"),
        [
            ("proof", (Proof(kind=ProofKind.DOCUMENT, url="https://proofs.example/0.pdf"),)),
            ("proof_picture", (Proof(kind=ProofKind.PHOTO, url="https://proofs.example/0.jpg"),)),
            ("proof_text", ()),
        ],
    )
    def test_a_proof_of_delivery_is_no_event(self, name: str, proofs: tuple[Proof, ...]) -> None:
        snapshot = parcel(SLUG, f"push__{name}.json")

        assert (snapshot.number, snapshot.scans, snapshot.proofs) == (NUMBER, (), proofs)

    def test_a_file_about_another_topic_is_no_proof(self) -> None:
        raw = body(SLUG, "push__proof.json").replace(b"tracking/pod", b"tracking/label")

        assert ship24.parse_push(raw).parcels[0].proofs == ()


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("error__auth", ErrorKind.AUTH),
            ("error__no_plan", ErrorKind.AUTH),
            ("error__quota", ErrorKind.QUOTA_EXHAUSTED),
            ("error__rate_limited", ErrorKind.RATE_LIMITED),
            ("error__not_found", ErrorKind.NOT_FOUND),
            ("error__no_parcel", ErrorKind.NOT_FOUND),
            ("error__invalid_number", ErrorKind.INVALID_NUMBER),
            ("error__server", ErrorKind.TRANSIENT),
            ("error__conflict", ErrorKind.TRANSIENT),
            ("error__new_code", ErrorKind.QUOTA_EXHAUSTED),
            ("error__newest_code", ErrorKind.TRANSIENT),
            ("error__truncated", ErrorKind.SCHEMA_DRIFT),
            ("bulk__limit", ErrorKind.QUOTA_EXHAUSTED),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind) -> None:
        assert lone_error(SLUG, f"{name}.json").kind == kind

    def test_an_error_says_what_ship24_says(self) -> None:
        error = lone_error(SLUG, "error__not_found.json")

        assert error.message == "tracker_not_found: The tracker was not found."

    def test_the_plain_words_that_ask_for_patience_are_read(self) -> None:
        (error,) = ship24.parse(b"Too many requests, please try again later.").errors

        assert error.kind == ErrorKind.RATE_LIMITED

    def test_a_page_of_a_proxy_is_no_answer(self) -> None:
        assert lone_error(SLUG, "error__html.html").kind == ErrorKind.SCHEMA_DRIFT

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"{}",
            b"[]",
            b"1",
            b"null",
            b'{"data": null}',
            b'{"trackings": [{}]}',
            b'{"data": {"trackings": [{"events": [null]}]}}',
        ],
    )
    def test_what_says_nothing_of_parcels_is_drift(self, raw: bytes) -> None:
        reading = ship24.parse(raw)

        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]
        assert reading.parcels == ()


class TestSeal:
    BODY = body(SLUG, "push__out_for_delivery.json")

    def test_is_the_bearer_of_a_secret_beside_the_body(self) -> None:
        headers = ship24.seal(self.BODY, "two", now=NOW)

        assert headers == {"authorization": "Bearer two"}
        assert ship24.verify(self.BODY, headers, ["one", "two"], now=NOW) is None
        assert ship24.verify(self.BODY, headers, ["one"], now=NOW)
        assert not ship24.capabilities.is_body_sealed

    @pytest.mark.parametrize("given", ["bearer key", "BEARER  key ", "Bearer key"])
    def test_takes_the_scheme_in_any_letters(self, given: str) -> None:
        assert ship24.verify(self.BODY, {"authorization": given}, ["key"], now=NOW) is None

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"authorization": ""},
            {"authorization": "key"},
            {"authorization": "Basic key"},
            {"authorization": "Bearer"},
            {"authorization": "Bearer "},
            {"authorization": "Bearer é"},
            {"authorization": "Bearer \udcff"},
            {"authorization": "Bearer keys"},
        ],
    )
    def test_refuses_the_rest(self, headers: dict[str, str]) -> None:
        assert ship24.verify(self.BODY, headers, ["key"], now=NOW)

    @pytest.mark.parametrize("secrets", [[], [""], ["  "]])
    def test_without_a_secret_nothing_is_believed(self, secrets: list[str]) -> None:
        assert ship24.verify(self.BODY, {"authorization": "Bearer "}, secrets, now=NOW)

    def test_answers_with_a_status(self) -> None:
        assert [ship24.acknowledge(ok).status for ok in (True, False)] == [200, 401]

    def test_says_why_a_push_is_unreadable(self) -> None:
        assert ship24.fault(b"{")
        assert ship24.fault(self.BODY) is None


class TestCalls:
    def test_asks_for_the_results_of_each_tracker_and_makes_none(self) -> None:
        asks = [Ask(number=NUMBER), Ask(number="A/B 1")]
        one, two = ship24.build_requests(asks, {"api_key": "apik"})

        assert (one.method, one.url, one.body) == (
            "GET", f"https://api.ship24.com/public/v1/trackers/search/{NUMBER}/results", b"",
        )  # fmt: skip
        assert one.headers["Authorization"] == "Bearer apik"
        assert two.url.endswith("/trackers/search/A%2FB%201/results")

    def test_where_each_call_is_paid_it_searches_afresh(self) -> None:
        ask = Ask(
            number="1",
            carrier="usps",
            postcode="50309",
            country="US",
            shipped_on="2026-03-01",
        )
        (request,) = ship24.build_requests([ask], {"plan": "per_call"})

        assert (request.method, request.url) == (
            "POST", "https://api.ship24.com/public/v1/tracking/search",
        )  # fmt: skip
        assert orjson.loads(request.body) == {
            "trackingNumber": "1",
            "courierCode": ["us-post"],
            "destinationPostCode": "50309",
            "destinationCountryCode": "US",
            "shippingDate": "2026-03-01",
        }

    def test_asks_nobody_about_nothing(self) -> None:
        assert ship24.build_requests([], {}) == []
        assert ship24.subscribe([], {}, url="https://x.example", secret="s") == []

    def test_a_host_of_ones_own_serves_trials(self) -> None:
        (request,) = ship24.build_requests([Ask(number="1")], {"host": "http://127.0.0.1:9"})

        assert request.url == "http://127.0.0.1:9/public/v1/trackers/search/1/results"

    def test_makes_a_hundred_trackers_at_once(self) -> None:
        asks = [Ask(number=f"N{turn}") for turn in range(101)]
        first, second = ship24.subscribe(asks, {"api_key": "k"}, url="https://x.example", secret="")

        assert first.url == "https://api.ship24.com/public/v1/trackers/bulk"
        assert len(orjson.loads(first.body)) == 100
        assert orjson.loads(second.body) == [{"trackingNumber": "N100"}]

    @pytest.mark.parametrize(
        ("carrier", "sent"), [("", []), ("ship24", []), ("canadapost", ["ca-post"]), ("z", ["z"])]
    )
    def test_names_no_courier_that_it_does_not_know(self, carrier: str, sent: list[str]) -> None:
        ask = Ask(number="1", carrier=carrier)
        (request,) = ship24.subscribe([ask], {}, url="https://x.example", secret="s")
        (told,) = orjson.loads(request.body)

        assert told.get("courierCode", []) == sent

    @pytest.mark.parametrize(
        ("name", "kinds"),
        [
            ("bulk__existing.json", []),
            ("bulk__partial.json", [ErrorKind.INVALID_NUMBER]),
            ("bulk__limit.json", [ErrorKind.QUOTA_EXHAUSTED]),
            ("error__html.html", [ErrorKind.SCHEMA_DRIFT]),
        ],
    )
    def test_reads_what_was_not_taken(self, name: str, kinds: list[ErrorKind]) -> None:
        assert [one.kind for one in ship24.read_subscription(body(SLUG, name))] == kinds

    def test_its_pushes_must_be_asked_for(self) -> None:
        assert isinstance(ship24, Subscribing)
        assert ship24.capabilities.push_mode == "subscription"


class TestTables:
    def test_every_courier_has_a_name(self) -> None:
        assert set(codes.COURIERS.names.values()) <= set(CARRIERS)

    def test_every_courier_can_be_asked_for_by_its_first_name(self) -> None:
        for slug in set(codes.COURIERS.names.values()):
            assert codes.COURIERS.ours(codes.COURIERS.theirs(slug)) == slug

    def test_each_fixture_of_an_answer_is_understood(self) -> None:
        for path in (HOME / SLUG).glob("*.json"):
            if path.name.startswith(("results", "tracker", "bulk", "push", "answer")):
                kinds = {error.kind for error in read(SLUG, path.name).errors}
                is_drift = ErrorKind.SCHEMA_DRIFT in kinds
                assert is_drift is (path.name == "results__mixed.json"), path.name
