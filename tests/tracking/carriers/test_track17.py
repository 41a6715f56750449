from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.test import Client

from tests.factories.tracking import SECRET, ConnectionFactory
from tests.tracking.carriers.fixtures import body, journey, lone_error, parcel, read
from tracking.carriers import registry, track17
from tracking.carriers.base import Ask, Subscribing
from tracking.carriers.names import CARRIERS
from tracking.carriers.track17 import calls, codes
from tracking.scans import ErrorKind, Onward, Reading, Scan, Snapshot
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SLUG = "17track"


def event(when: str = "2026-03-05T10:00:00-05:00", **told: Any) -> dict[str, Any]:
    """Return an event whose raw time is the ISO time given."""
    raw = {"date": when[:10], "time": when[11:19], "timezone": when[19:]}
    return {"time_iso": when, "time_utc": None, "time_raw": raw, "description": "…", **told}


def answer(*events: dict[str, Any], status: str = "", sub_status: str = "", **info: Any) -> bytes:
    """Return an answer about one number, its events newest first."""
    providers = [{"provider": {"key": 100002}, "events": list(events)}]
    track = {
        "latest_status": {"status": status, "sub_status": sub_status},
        "tracking": {"providers": providers},
        **info,
    }
    row = {"number": "1Z1", "carrier": 100002, "track_info": track}
    return orjson.dumps({"code": 0, "data": {"accepted": [row], "rejected": []}})


def one(*events: dict[str, Any], **told: Any) -> Snapshot:
    reading = track17.parse(answer(*events, **told))
    assert reading.errors == ()
    (snapshot,) = reading.parcels
    return snapshot


def scan_of(**told: Any) -> Scan:
    (scan,) = one(event(**told)).scans
    return scan


class TestJourneys:
    def test_two_carriers_make_one_journey(self) -> None:
        snapshot = parcel(SLUG, "query__delivered.json")
        found = journey(snapshot)

        assert (snapshot.number, snapshot.carrier) == ("LX000000011CN", "chinapost")
        assert snapshot.is_complete
        assert [(scan.sequence, scan.status) for scan in snapshot.scans] == [
            (0, S.PICKED_UP), (1, S.IN_TRANSIT), (2, S.CUSTOMS), (3, S.OUT_FOR_DELIVERY),
            (4, S.DELIVERED),
        ]  # fmt: skip
        assert found.status == S.DELIVERED
        assert found.delivered_at == datetime(2026, 3, 9, 18, 45, tzinfo=UTC)
        assert snapshot.onward == Onward(carrier="usps", number="LX000000011CN")
        assert snapshot.scans[-1].handed == Handed.NEIGHBOUR
        assert [scan.country for scan in snapshot.scans] == ["CN", "CN", "US", "US", "US"]

    def test_a_push_says_the_same(self) -> None:
        assert read(SLUG, "push__updated.json") == read(SLUG, "query__delivered.json")

    @pytest.mark.parametrize(
        ("name", "status", "reason", "party"),
        [
            ("in_transit", S.IN_TRANSIT, None, None),
            ("lost", S.LOST, Reason.LOST, Party.CARRIER),
            ("damaged", S.EXCEPTION, Reason.DAMAGED, Party.CARRIER),
            ("returned", S.RETURNED, None, None),
            ("attempt", S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT),
            ("expired", S.EXPIRED, None, None),
            ("milestones", S.IN_TRANSIT, None, None),
            ("latest_event", S.OUT_FOR_DELIVERY, None, None),
        ],
    )
    def test_where_a_parcel_is(
        self, name: str, status: S, reason: Reason | None, party: Party | None
    ) -> None:
        snapshot = parcel(SLUG, f"query__{name}.json")
        last = snapshot.scans[-1]

        assert (last.status, last.reason, last.party) == (status, reason, party)
        assert journey(snapshot).status == status
        assert not any(scan.is_inferred for scan in snapshot.scans)

    def test_giving_up_is_told_at_the_time_of_the_last_look(self) -> None:
        last = parcel(SLUG, "query__expired.json").scans[-1]

        assert last.occurred_at == datetime(2026, 3, 1, 4, tzinfo=UTC)
        assert not last.is_physical

    def test_milestones_without_a_time_have_not_happened(self) -> None:
        scans = parcel(SLUG, "query__milestones.json").scans

        assert [(scan.raw_code, scan.status) for scan in scans] == [
            ("PickedUp", S.PICKED_UP), ("Departure", S.IN_TRANSIT),
        ]  # fmt: skip

    def test_an_unknown_code_is_kept_and_moves_nothing(self) -> None:
        snapshot = parcel(SLUG, "query__unknown_code.json")
        last = snapshot.scans[-1]

        assert (last.raw_code, last.status, last.is_known) == ("InTransit_Teleported", None, False)
        assert journey(snapshot).status == S.PICKED_UP

    def test_no_event_after_the_ending_happened_after_it(self) -> None:
        snapshot = one(
            event("2026-03-05T10:00:00-05:00", sub_status="Delivered_Other"),
            event("2026-03-05T16:00:00-05:00", sub_status="OutForDelivery_Other"),
            status="Delivered",
            sub_status="Delivered_Other",
        )

        assert journey(snapshot).status == S.DELIVERED


class TestCodes:
    @pytest.mark.parametrize(
        ("told", "status"),
        [
            ({"sub_status": "InTransit_PickedUp", "stage": "Arrival"}, S.PICKED_UP),
            ({"sub_status": "InTransit_Other", "stage": "PickedUp"}, S.PICKED_UP),
            ({"sub_status": "InTransit_Other", "stage": "Beaming"}, S.IN_TRANSIT),
            ({"sub_status": "Exception_Other", "stage": "Arrival"}, S.EXCEPTION),
            ({"sub_status": "Exception_New", "stage": "Returning"}, S.RETURNING),
            ({"stage": "AvailableForPickup"}, S.AVAILABLE_FOR_PICKUP),
            ({"sub_status": "InTransit_CustomsProcessing"}, S.CUSTOMS),
            ({"sub_status": "Exception_Cancel"}, S.CANCELLED),
            ({"sub_status": "Exception_Destroyed"}, S.DESTROYED),
        ],
    )
    def test_the_exact_word_goes_first(self, told: dict[str, str], status: S) -> None:
        scan = scan_of(**told)

        assert (scan.status, scan.is_known, scan.is_inferred) == (status, True, False)

    def test_every_sub_status_belongs_to_its_status(self) -> None:
        for sub_status, meaning in codes.SUB_STATUS.items():
            main = codes.STATUS[sub_status.partition("_")[0]].status
            assert main in {meaning.status, S.EXCEPTION, S.IN_TRANSIT}, sub_status

    def test_an_event_without_code_takes_the_bodys_status_if_it_is_the_newest(self) -> None:
        older, newest = one(
            event("2026-03-05T10:00:00-05:00"),
            event("2026-03-04T10:00:00-05:00"),
            sub_status="OutForDelivery_Other",
        ).scans

        assert (newest.status, newest.is_inferred) == (S.OUT_FOR_DELIVERY, False)
        assert (older.status, older.is_known) == (None, True)

    @pytest.mark.parametrize(
        ("words", "status"),
        [
            ("Arrived at Facility", S.IN_TRANSIT),
            ("Out for Delivery", S.OUT_FOR_DELIVERY),
            ("Posting/Collection", S.PICKED_UP),
            ("Released by customs", S.CUSTOMS),
            ("Delivered", None),  # words never end a journey
            ("…", None),
        ],
    )
    def test_words_serve_where_there_is_no_code_at_all(self, words: str, status: S | None) -> None:
        scan = scan_of(description=words)

        assert (scan.status, scan.is_inferred) == (status, status is not None)

    def test_the_carriers_have_names(self) -> None:
        assert set(codes.COURIER.values()) <= set(CARRIERS)

    def test_of_an_unknown_carrier_nothing_is_said(self) -> None:
        told = orjson.loads(answer(event(stage="Arrival")))
        told["data"]["accepted"][0]["carrier"] = 999_999
        (snapshot,) = track17.parse(orjson.dumps(told)).parcels

        assert snapshot.carrier == ""


class TestReasons:
    @pytest.mark.parametrize(
        ("sub_status", "words", "reason", "is_inferred"),
        [
            ("Exception_Other", "The package was damaged in transit", Reason.DAMAGED, True),
            ("Exception_Other", "快件破损", Reason.DAMAGED, True),
            ("Exception_Other", "…", None, False),
            ("Exception_Delayed", "Delayed", Reason.DELAYED, False),
            ("Exception_Delayed", "A typhoon has delayed the plane", Reason.WEATHER, True),
            ("Exception_Delayed", "因台风延误", Reason.WEATHER, True),
            ("Exception_Delayed", "A mechanical failure", Reason.VEHICLE, True),
            ("Exception_Security", "The parcel is damaged", Reason.SECURITY, False),
            ("Exception_Rejected", "…", Reason.REFUSED, False),
            ("DeliveryFailure_Other", "The business was closed", Reason.CLOSED, True),
            ("DeliveryFailure_Other", "收件人不在家", Reason.NOT_HOME, True),
            ("DeliveryFailure_InvalidAddress", "…", Reason.BAD_ADDRESS, False),
            ("InTransit_CustomsRequiringInformation", "…", Reason.CUSTOMS_DOCUMENTS, False),
            ("Exception_Returned", "Returned: damaged", None, False),
            ("InTransit_Other", "如有破损请拒收", None, False),
        ],
    )
    def test_words_say_why_where_the_code_does_not(
        self, sub_status: str, words: str, reason: Reason | None, is_inferred: bool
    ) -> None:
        scan = scan_of(sub_status=sub_status, description=words)

        assert (scan.reason, scan.is_inferred) == (reason, is_inferred)

    def test_the_translation_is_read_and_the_carriers_own_words_are_kept(self) -> None:
        scan = scan_of(
            sub_status="Exception_Other",
            description="Colis endommagé",
            description_translation={"lang": "en", "description": "Parcel damaged"},
        )

        assert (scan.reason, scan.raw_text) == (Reason.DAMAGED, "Colis endommagé")

    @pytest.mark.parametrize(
        ("words", "who"),
        [
            ("Left at front door", Handed.SAFE_PLACE),
            ("已签收，签收人：门卫", Handed.PROXY),
            ("Delivered", None),
        ],
    )
    def test_to_whom(self, words: str, who: Handed | None) -> None:
        assert scan_of(sub_status="Delivered_Other", description=words).handed == who


class TestTimes:
    @pytest.mark.parametrize(
        ("told", "utc", "local", "source"),
        [
            # the carrier wrote its zone
            ({"time_raw": {"date": "2026-03-05", "time": "10:00:00", "timezone": "-05:00"}},
             "2026-03-05T15:00:00", "2026-03-05T10:00:00", OffsetSource.OFFSET),
            # 17TRACK knows the zone of the place
            ({"time_iso": "2026-03-05T10:00:00-05:00", "time_utc": "2026-03-05T15:00:00Z",
              "time_raw": {"date": "2026-03-05", "time": "10:00", "timezone": None}},
             "2026-03-05T15:00:00", "2026-03-05T10:00:00", OffsetSource.PLACE),
            # where the two differ, the one that is shown
            ({"time_iso": "2026-03-05T10:00:00+05:30", "time_utc": "2026-03-05T05:00:00Z",
              "time_raw": {"date": "2026-03-05", "time": "10:00:00", "timezone": None}},
             "2026-03-05T04:30:00", "2026-03-05T10:00:00", OffsetSource.PLACE),
            # nobody knows
            ({"time_raw": {"date": "2026-03-05", "time": "10:00:00", "timezone": None}},
             None, "2026-03-05T10:00:00", OffsetSource.UNKNOWN),
            # a day stays a day, whatever hour is made of it
            ({"time_iso": "2026-03-05T00:00:00-05:00",
              "time_raw": {"date": "2026-03-05", "time": None, "timezone": None}},
             None, "2026-03-05", OffsetSource.UNKNOWN),
            # no clock of 24 hours: 17TRACK's own reading of it
            ({"time_iso": "2026-03-05T22:00:00-05:00",
              "time_raw": {"date": "2026-03-05", "time": "10:00 PM", "timezone": None}},
             "2026-03-06T03:00:00", "2026-03-05T22:00:00", OffsetSource.PLACE),
            ({"time_raw": {"date": "2026-03-05", "time": "10:00 PM", "timezone": "-05:00"}},
             None, "2026-03-05", OffsetSource.UNKNOWN),
            ({"time_utc": "2026-03-05T15:00:00Z"},
             "2026-03-05T15:00:00", "", OffsetSource.PLACE),
            ({"time_raw": {"date": "5/3", "time": "?", "timezone": None}},
             None, "", OffsetSource.UNKNOWN),
        ],
    )  # fmt: skip
    def test_how_a_zone_is_known(
        self, told: dict[str, Any], utc: str | None, local: str, source: OffsetSource
    ) -> None:
        row = {"stage": "Arrival", "description": "…", **told}
        (scan,) = one(row).scans

        assert scan.occurred_at == (datetime.fromisoformat(f"{utc}+00:00") if utc else None)
        assert (scan.local_time, scan.offset_source) == (local, source)

    def test_an_estimate_has_its_own_zone(self) -> None:
        snapshot = parcel(SLUG, "query__in_transit.json")

        assert snapshot.eta_from == datetime(2026, 3, 6, 14, tzinfo=UTC)
        assert snapshot.eta_to == datetime(2026, 3, 6, 23, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("sub_status", "told", "expected"),
        [
            ("InTransit_Other", "2026-03-06T18:00:00", None),
            ("InTransit_Other", "2026-03-06T18:00:00-05:00", datetime(2026, 3, 6, 23, tzinfo=UTC)),
            ("Delivered_Other", "2026-03-06T18:00:00-05:00", None),
            ("Exception_Returning", "2026-03-06T18:00:00-05:00", None),
        ],
    )
    def test_without_a_zone_or_after_the_end_there_is_none(
        self, sub_status: str, told: str, expected: datetime | None
    ) -> None:
        metrics = {"estimated_delivery_date": {"from": told, "to": None}}
        snapshot = one(event(sub_status=sub_status), sub_status=sub_status, time_metrics=metrics)

        assert snapshot.eta_to == expected


class TestIdentity:
    def test_neither_words_nor_codes_make_a_new_event(self) -> None:
        before = scan_of(description="Arrived", sub_status="InTransit_Other")
        after = scan_of(description="Arrived at hub", sub_status="InTransit_Arrival")

        assert before.event_id == after.event_id == "100002/2026-03-05T10:00:00/1"

    def test_two_events_of_one_second_stay_apart_when_a_third_comes(self) -> None:
        same = [event(stage="Departure"), event(stage="Arrival")]
        later = event("2026-03-06T10:00:00-05:00", stage="Arrival")
        before = [scan.event_id for scan in one(*same).scans]

        assert len(set(before)) == 2
        assert [scan.event_id for scan in one(later, *same).scans][:2] == before


class TestPlaces:
    @pytest.mark.parametrize(
        ("location", "postcode", "expected"),
        [
            ("AUSTIN, TX 78701, USA", "78701", "AUSTIN, TX, USA"),
            ("78701 AUSTIN", "78701", "AUSTIN"),
            ("RECIFE, PE", "50000-000", "RECIFE, PE"),
            ("", "50000-000", "RECIFE, PE, BR"),
        ],
    )
    def test_a_place_has_no_postcode(self, location: str, postcode: str, expected: str) -> None:
        address = {"city": "RECIFE", "state": "PE", "country": "BR", "postal_code": postcode}
        scan = scan_of(location=location, address=address, stage="Arrival")

        assert (scan.location, scan.country) == (expected, "BR")


class TestAnswers:
    def test_a_batch_is_read_number_by_number(self) -> None:
        reading = read(SLUG, "query__mixed.json")

        assert [one.number for one in reading.parcels] == ["1Z0000000000000082"]
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "1Z0000000000000090"),
            (ErrorKind.INVALID_NUMBER, "12"),
        ]

    def test_a_number_nobody_knows_is_no_parcel(self) -> None:
        reading = read(SLUG, "query__not_found.json")

        assert reading.parcels == ()
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "RR000000012CN"),
            (ErrorKind.INVALID_NUMBER, "RR000000026CN"),
        ]

    @pytest.mark.parametrize(
        ("name", "kind", "number"),
        [
            ("error__key.json", ErrorKind.AUTH, ""),
            ("error__quota.json", ErrorKind.QUOTA_EXHAUSTED, "1Z0000000000000140"),
            ("push__stopped.json", ErrorKind.NOT_FOUND, "1Z0000000000000157"),
            ("query__truncated.json", ErrorKind.SCHEMA_DRIFT, ""),
            ("web__logged_out.json", ErrorKind.AUTH, ""),
            ("register__mixed.json", ErrorKind.INVALID_NUMBER, "AB0000000014"),
        ],
    )
    def test_errors_have_their_kind(self, name: str, kind: ErrorKind, number: str) -> None:
        error = lone_error(SLUG, name)

        assert (error.kind, error.number) == (kind, number)

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            (-18010003, ErrorKind.TRANSIENT),
            (-18010014, ErrorKind.SCHEMA_DRIFT),
            (-18019907, ErrorKind.QUOTA_EXHAUSTED),
            (-18099999, ErrorKind.TRANSIENT),
        ],
    )
    def test_a_code_alone_is_an_error_of_the_whole_call(self, code: int, kind: ErrorKind) -> None:
        (error,) = track17.parse(orjson.dumps({"code": code, "data": None})).errors

        assert (error.kind, error.message, error.number) == (kind, str(code), "")

    @pytest.mark.parametrize(
        "content",
        [
            b"<html>502</html>", b"", b"[]", b"{}", b'{"code":0,"data":{"quota_total":100}}',
            b'{"event":"TRACKING_UPDATED","data":{"number":"1Z1","carrier":100002}}',
            b'{"event":"TRACKING_UPDATED","data":{}}', b'{"event":"OTHER","data":{"number":"1Z1"}}',
            b'{"code":0,"data":{"accepted":[{"carrier":1,"track_info":{}}],"rejected":[]}}',
        ],
    )  # fmt: skip
    def test_what_is_no_answer_is_drift(self, content: bytes) -> None:
        reading = track17.parse(content)

        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]

    def test_an_unsaid_history_is_not_found(self) -> None:
        row = {"number": "1Z1", "carrier": 100002, "track_info": None}
        (error,) = track17.parse(orjson.dumps({"code": 0, "data": {"accepted": [row]}})).errors

        assert (error.kind, error.number) == (ErrorKind.NOT_FOUND, "1Z1")


class TestFirstVersion:
    def test_reads_the_history_of_both_carriers(self) -> None:
        reading = read(SLUG, "first__history.json")
        delivered, new, broken = reading.parcels

        assert [(scan.local_time, scan.status) for scan in delivered.scans] == [
            ("2026-03-01T22:06:00", S.PICKED_UP),
            ("2026-03-02T02:36:00", S.IN_TRANSIT),
            ("2026-03-08T14:11:00", S.DELIVERED),
        ]
        assert (delivered.carrier, delivered.is_complete) == ("usps", True)
        assert delivered.scans[-1].handed == Handed.PROXY
        assert delivered.scans[0].location == ""
        assert [(scan.status, scan.is_known) for scan in new.scans] == [(None, False)]
        assert [(scan.status, scan.raw_code) for scan in broken.scans] == [(S.EXCEPTION, "50")]
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "RB000000021CN")
        ]

    def test_a_push_of_it_says_the_same(self) -> None:
        (row, *_) = orjson.loads(body(SLUG, "first__history.json"))["data"]["accepted"]
        push = orjson.dumps({"event": "TRACKING_UPDATED", "data": row})

        assert track17.parse_push(push).parcels == read(SLUG, "first__history.json").parcels[:1]


class TestList:
    def test_tells_the_state_and_the_newest_event_of_each(self) -> None:
        reading = read(SLUG, "query__list.json")
        delivered, expired = reading.parcels

        assert [
            (scan.status, scan.occurred_at, scan.raw_text)
            for scan in (*delivered.scans, *expired.scans)
        ] == [
            (
                S.DELIVERED,
                datetime(2026, 3, 6, 17, 23, tzinfo=UTC),
                "Objeto entregue ao destinatário",
            ),
            (S.EXPIRED, datetime(2026, 3, 1, 4, 44, 19, tzinfo=UTC), ""),
        ]
        assert (delivered.carrier, delivered.is_complete) == ("correios", False)
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "RB000000021CN")
        ]


class TestWebList:
    def test_the_newer_name_of_the_state_is_read_too(self) -> None:
        (scan,) = parcel(SLUG, "web__states.json").scans

        assert (scan.status, scan.raw_code, scan.is_inferred) == (S.DELIVERED, "40", False)

    def test_a_count_of_parcels_is_about_none(self) -> None:
        assert track17.parse(b'{"Json": {"eitem": [{"e": 10, "ec": 6}]}, "Code": 0}') == Reading()

    def test_shows_the_last_event_of_each(self) -> None:
        reading = read(SLUG, "web__list.json")
        told = [
            (one.number, one.carrier, scan.local_time, scan.status, scan.is_inferred)
            for one in reading.parcels
            for scan in one.scans
        ]

        assert told == [
            ("RR000000030CN", "chinapost", "2026-03-01T12:02:00", S.DELIVERED, False),
            ("RR000000044CN", "", "2026-03-02", S.IN_TRANSIT, True),  # the newer of two
            ("RR000000044CN", "", "2025-01-05T09:00:00", S.IN_TRANSIT, True),
        ]
        assert not any(one.is_complete for one in reading.parcels)
        assert {scan.occurred_at for one in reading.parcels for scan in one.scans} == {None}
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "RR000000058CN")
        ]

    @pytest.mark.parametrize(
        ("state", "status", "is_known"),
        [(10, S.IN_TRANSIT, True), (35, S.ATTEMPT_FAILED, True), (99, None, False)],
    )
    def test_the_state_goes_before_the_words(
        self, state: int, status: S | None, is_known: bool
    ) -> None:
        last = '{"a":"2026-03-02 10:00","c":"Madrid","d":"","z":"Out for delivery"}'
        row = {"FTrackNo": "1", "FLastEvent": last, "FTrackStateType": state}
        (snapshot,) = track17.parse(orjson.dumps({"Json": [row]})).parcels

        assert (snapshot.scans[0].status, snapshot.scans[0].is_known) == (status, is_known)

    def test_a_broken_event_does_not_spoil_the_others(self) -> None:
        rows = [
            {"FTrackNo": "1", "FLastEvent": "{"},
            {"FTrackNo": "2", "FLastEvent": '{"a":"2026-03-02","z":"Arrived"}'},
        ]
        reading = track17.parse(orjson.dumps({"Json": rows}))

        assert [one.number for one in reading.parcels] == ["2"]
        assert [error.number for error in reading.errors] == ["1"]


class TestSeal:
    KEY = "密钥 s3cret"

    def test_the_formula_is_the_published_one(self) -> None:
        mark = hashlib.sha256(b"{}/" + self.KEY.encode()).hexdigest()

        assert track17.seal(b"{}", self.KEY) == {"sign": mark}

    @pytest.mark.parametrize("change", [str.lower, str.upper, " {} ".format])
    def test_opens_for_each_live_key(self, change: Any) -> None:
        sealed = {"sign": change(track17.seal(b"{}", self.KEY)["sign"])}

        assert track17.verify(b"{}", sealed, ["older", self.KEY], now=NOW) is None

    @pytest.mark.parametrize(
        ("content", "headers", "keys", "reason"),
        [
            (b"{} ", track17.seal(b"{}", KEY), [KEY], "the sign is not the one our key makes"),
            (b"{}", track17.seal(b"{}", "x"), [KEY], "the sign is not the one our key makes"),
            (b"{}", {"sign": "é" * 64}, [KEY], "the sign is not the one our key makes"),
            (b"{}", {}, [KEY], "the sign header is missing"),
            (b"{}", track17.seal(b"{}", ""), [""], "no secret is set for this connection"),
            (b"{}", track17.seal(b"{}", ""), [], "no secret is set for this connection"),
        ],
    )
    def test_refuses_everything_else(
        self, content: bytes, headers: dict[str, str], keys: list[str], reason: str
    ) -> None:
        assert track17.verify(content, headers, keys, now=NOW) == reason

    @pytest.mark.django_db
    def test_the_door_takes_it(self) -> None:
        ConnectionFactory.create(slug="track17", adapter=SLUG, secret=SECRET)
        push = body(SLUG, "push__updated.json")
        taken = Client().post(
            "/hooks/carriers/track17/",
            push,
            content_type="application/json",
            headers=track17.seal(push, SECRET),
        )

        assert (taken.status_code, taken.content) == (200, b"{}")


class TestRequests:
    def test_forty_numbers_make_one_call(self) -> None:
        asks = [Ask(number=f"N{turn}", carrier="ups") for turn in range(41)]
        first, second = track17.build_requests(asks, {"key": "K"})

        assert (first.method, first.url) == (
            "POST", "https://api.17track.net/track/v2.4/gettrackinfo",
        )  # fmt: skip
        assert first.headers["17token"] == "K"
        assert len(orjson.loads(first.body)) == 40 == track17.capabilities.batch_max
        assert orjson.loads(second.body) == [{"number": "N40", "carrier": 100002}]

    def test_a_carrier_17track_does_not_know_is_left_to_it(self) -> None:
        (call,) = track17.build_requests([Ask(number="N", carrier="danniao")], {"key": "K"})

        assert orjson.loads(call.body) == [{"number": "N"}]

    def test_the_host_may_be_another(self) -> None:
        (call,) = track17.build_requests([Ask(number="N")], {"key": "K", "host": "http://fake"})

        assert call.url == "http://fake/track/v2.4/gettrackinfo"

    def test_a_carrier_with_two_keys_is_asked_by_the_first(self) -> None:
        assert (calls.KEY["sf"], calls.KEY["zto"]) == (100012, 190455)

    def test_registering_says_what_helps_to_find_it(self) -> None:
        ask = Ask(number="SF1", carrier="sf", phone_last4="1234", postcode="518000",
                  country="CN", shipped_on="2026-03-01")  # fmt: skip
        (call,) = track17.subscribe([ask], {"key": "K"}, url="https://x.example/", secret="s")

        assert isinstance(track17, Subscribing)
        assert call.url.endswith("/track/v2.4/register")
        assert orjson.loads(call.body) == [
            {
                "number": "SF1",
                "carrier": 100012,
                "phone_number_last_4": "1234",
                "destination_postal_code": "518000",
                "destination_country": "CN",
                "ship_date": "2026-03-01",
            }
        ]
        assert b"x.example" not in call.body

    def test_what_was_registered_before_is_no_error(self) -> None:
        errors = track17.read_subscription(body(SLUG, "register__mixed.json"))

        assert [(error.kind, error.number) for error in errors] == [
            (ErrorKind.INVALID_NUMBER, "AB0000000014")
        ]

    @pytest.mark.parametrize(("content", "kind"), [
        (b'{"code":-18010002,"data":{}}', ErrorKind.AUTH),
        (b"<html>", ErrorKind.SCHEMA_DRIFT),
        (b'{"code":0}', None),
        (b'{"code":0,"data":{"accepted":[{"number":"1"}],"rejected":[]}}', None),
    ])  # fmt: skip
    def test_the_answer_says_what_was_not_taken(
        self, content: bytes, kind: ErrorKind | None
    ) -> None:
        kinds = [error.kind for error in track17.read_subscription(content)]

        assert kinds == ([kind] if kind else [])

    def test_a_registration_is_no_parcel(self) -> None:
        taken = b'{"code":0,"data":{"accepted":[{"number":"1","carrier":3011}],"rejected":[]}}'

        assert track17.parse(taken) == Reading()


def test_its_aliases_find_it() -> None:
    assert registry.get("17track") is registry.get("track17") is registry.get("17tracking")
