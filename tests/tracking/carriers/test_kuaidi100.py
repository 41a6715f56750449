from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

import orjson
import pytest

from tests.tracking.carriers.fixtures import HOME, body, journey, lone_error, parcel, read
from tracking.carriers import kuaidi100
from tracking.carriers.base import Ask, Subscribing
from tracking.carriers.kuaidi100 import calls, codes
from tracking.carriers.names import CARRIERS
from tracking.rules import project
from tracking.scans import ErrorKind, Onward, Reading, Scan
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SLUG = "kuaidi100"


def newest(name: str) -> Scan:
    return parcel(SLUG, name).scans[0]


class TestCodes:
    def test_every_advanced_code_speaks_for_its_own_event(self) -> None:
        snapshot = parcel(SLUG, "push__delivered_advanced.json")

        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, S.IN_TRANSIT, S.IN_TRANSIT, S.PICKED_UP,
        ]  # fmt: skip
        assert [scan.raw_code for scan in snapshot.scans] == ["301", "5", "1001", "1002", "103"]
        assert snapshot.scans[0].handed == Handed.RECIPIENT
        assert snapshot.scans[0].location == "广东,深圳市,南山区"
        assert snapshot.scans[0].country == "CN"
        assert (snapshot.carrier, snapshot.number) == ("zto", "78123456789012")
        assert snapshot.is_complete

    def test_time_is_chinas(self) -> None:
        scan = newest("push__delivered_advanced.json")

        assert scan.local_time == "2026-03-03T15:20:11"
        assert scan.occurred_at == datetime(2026, 3, 3, 7, 20, 11, tzinfo=UTC)
        assert scan.offset_source == OffsetSource.CARRIER

    def test_words_serve_where_codes_are_absent(self) -> None:
        snapshot = parcel(SLUG, "push__delivered_words.json")

        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, S.IN_TRANSIT, S.PICKED_UP,
        ]  # fmt: skip
        assert snapshot.scans[0].handed == Handed.LOCKER
        assert not any(scan.is_inferred for scan in snapshot.scans)
        assert snapshot.scans[3].location == "杭州市"

    @pytest.mark.parametrize(
        ("name", "status", "reason", "party"),
        [
            ("damaged_code", S.EXCEPTION, Reason.DAMAGED, Party.CARRIER),
            ("refused", S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT),
            ("returning", S.RETURNING, None, None),
            ("returned", S.RETURNED, None, None),
            ("weather", S.EXCEPTION, Reason.DELAYED, Party.CARRIER),
            ("weather_bare", S.EXCEPTION, Reason.WEATHER, None),
            ("customs", S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS),
            ("voided", S.CANCELLED, None, None),
            ("announced", S.INFO_RECEIVED, None, None),
            ("unknown_code", None, None, None),
        ],
    )
    def test_reads_the_newest_event(
        self, name: str, status: S | None, reason: Reason | None, party: Party | None
    ) -> None:
        scan = newest(f"query__{name}.json")

        assert (scan.status, scan.reason, scan.party) == (status, reason, party)

    def test_the_assistants_trace_names_parcel_and_courier_otherwise(self) -> None:
        snapshot = parcel(SLUG, "trace__delivered.json")

        assert (snapshot.number, snapshot.carrier) == ("78123456789055", "zto")
        assert [scan.status for scan in snapshot.scans] == [S.DELIVERED, S.PICKED_UP]

    def test_an_unknown_code_is_kept_and_moves_nothing(self) -> None:
        snapshot = parcel(SLUG, "query__unknown_code.json")

        assert snapshot.scans[0].raw_code == "9999"
        assert [scan.is_known for scan in snapshot.scans] == [False, True, True]
        assert journey(snapshot).status == S.IN_TRANSIT

    @pytest.mark.parametrize(
        ("event", "state", "is_known"),
        [
            ({"statusCode": "9999", "status": "在途"}, "0", True),  # the word is known
            ({"statusCode": "9999"}, "0", False),  # the body's state is not this event's code
            ({}, "77", False),
            ({}, "", True),  # there is no code that somebody could explain
        ],
    )
    def test_a_code_is_unknown_when_no_table_has_it(
        self, event: dict[str, str], state: str, is_known: bool
    ) -> None:
        told = {"ftime": "2026-03-03 10:00:00", "context": "…", **event}
        row = {"nu": "1", "com": "sf", "status": "200", "state": state, "data": [told]}
        (snapshot,) = kuaidi100.parse(orjson.dumps(row)).parcels

        assert snapshot.scans[0].is_known is is_known

    def test_a_courier_from_elsewhere_keeps_its_own_clock(self) -> None:
        snapshot = parcel(SLUG, "query__from_abroad.json")
        (scan,) = snapshot.scans

        assert (scan.occurred_at, scan.local_time) == (None, "2026-03-04T11:20:00")
        assert scan.offset_source == OffsetSource.UNKNOWN
        assert snapshot.eta_to is None

    def test_each_word_of_the_code_table_means_the_same_as_its_code(self) -> None:
        for word, meaning in codes.STATE.values():
            assert codes.WORD[word] == meaning


class TestBareEvents:
    def test_the_bodys_state_speaks_for_the_newest_event_alone(self) -> None:
        snapshot = parcel(SLUG, "query__bare_in_locker.json")

        assert [(scan.status, scan.is_inferred) for scan in snapshot.scans] == [
            (S.AVAILABLE_FOR_PICKUP, False), (S.OUT_FOR_DELIVERY, True), (S.IN_TRANSIT, True),
            (S.PICKED_UP, True),
        ]  # fmt: skip
        assert snapshot.scans[0].handed == Handed.LOCKER
        assert snapshot.scans[0].raw_code == "501"

    def test_a_delivery_says_to_whom(self) -> None:
        scan = newest("query__bare_delivered.json")

        assert (scan.status, scan.handed) == (S.DELIVERED, Handed.PROXY)

    def test_of_two_events_in_one_second_the_first_listed_is_newer(self) -> None:
        snapshot = parcel(SLUG, "query__same_second.json")
        found = journey(snapshot)

        assert [scan.status for scan in snapshot.scans] == [
            S.DELIVERED, S.OUT_FOR_DELIVERY, S.PICKED_UP,
        ]  # fmt: skip
        assert len({scan.event_id for scan in snapshot.scans}) == 3
        assert found.status == S.DELIVERED

    def test_an_event_keeps_its_identity_when_the_next_one_comes(self) -> None:
        """The state moves on to the newer event; the older one must not appear twice."""
        later = orjson.loads(body(SLUG, "query__bare_in_locker.json"))
        earlier = {**later, "state": "5", "data": later["data"][1:]}
        first = kuaidi100.parse(orjson.dumps(earlier)).parcels[0]
        second = kuaidi100.parse(orjson.dumps(later)).parcels[0]
        prints = [
            {scan.fingerprint(carrier="sto", number=second.number) for scan in snapshot.scans}
            for snapshot in (first, second)
        ]

        assert prints[0] < prints[1]
        together = project(first.scans + second.scans, carrier="sto", number=second.number)
        assert len(together.order) == 4

    def test_no_ending_is_ever_read_from_text(self) -> None:
        words = ("已签收", "快件已丢失", "退件已签收", "已销毁", "运单已取消", "quite unknown")
        told = [{"ftime": "2026-03-03 10:00:00", "context": one} for one in words]
        row = {"nu": "1", "com": "sf", "status": "200", "state": "77", "data": told}
        (snapshot,) = kuaidi100.parse(orjson.dumps(row)).parcels

        assert {scan.status for scan in snapshot.scans} == {None}


class TestPhrases:
    def test_damage_in_the_text_is_a_marked_guess_that_moves_nothing(self) -> None:
        snapshot = parcel(SLUG, "query__damaged_text_only.json")
        scan = snapshot.scans[1]

        assert (scan.status, scan.reason, scan.is_inferred) == (None, Reason.DAMAGED, True)
        assert journey(snapshot).status == S.IN_TRANSIT
        assert journey(snapshot).trouble == ("damaged",)

    def test_loss_in_the_text_explains_a_trouble_but_does_not_end_the_journey(self) -> None:
        snapshot = parcel(SLUG, "query__lost_text_only.json")

        assert snapshot.scans[0].is_inferred
        assert (journey(snapshot).status, journey(snapshot).reason) == (S.EXCEPTION, Reason.LOST)

    def test_a_warning_is_not_news(self) -> None:
        scan = newest("query__warning_about_damage.json")

        assert (scan.status, scan.reason, scan.is_inferred) == (S.OUT_FOR_DELIVERY, None, False)

    @pytest.mark.parametrize("words", [
        "包装完好无破损", "如发现破损请拒收", "请当面验收，若有破损可拒签", "谨防丢失", "没有损坏",
    ])  # fmt: skip
    def test_hedged_words_suggest_nothing(self, words: str) -> None:
        row = {"nu": "1", "com": "sf", "status": "200", "state": "0",
               "data": [{"ftime": "2026-03-03 10:00:00", "context": words}]}  # fmt: skip

        assert kuaidi100.parse(orjson.dumps(row)).parcels[0].scans[0].reason is None

    def test_a_coded_return_is_not_made_a_guess_by_the_refusal_in_its_text(self) -> None:
        scan = newest("query__returned.json")

        assert not scan.is_inferred
        assert journey(parcel(SLUG, "query__returned.json")).status == S.RETURNED


class TestPush:
    def test_updateall_and_shutdown_are_read_like_polling(self) -> None:
        assert journey(parcel(SLUG, "push__updateall.json")).status == S.OUT_FOR_DELIVERY
        assert journey(parcel(SLUG, "push__delivered_advanced.json")).status == S.DELIVERED

    def test_a_corrected_courier_is_the_new_one(self) -> None:
        assert parcel(SLUG, "push__courier_corrected.json").carrier == "yto"

    def test_a_company_we_cannot_name_keeps_its_code(self) -> None:
        assert parcel(SLUG, "push__unknown_company.json").carrier == "sut56"

    def test_the_courier_abroad_is_part_of_the_same_journey(self) -> None:
        snapshot = parcel(SLUG, "push__abroad.json")
        found = journey(snapshot)

        assert (snapshot.carrier, snapshot.number) == ("ems", "LX123456789CN")
        assert snapshot.onward == Onward(carrier="usps", number="LX123456789CN")
        assert found.status == S.DELIVERED
        assert S.HANDED_OVER in {status for _, status, _ in found.reached}

    def test_a_handover_says_to_whom_and_under_which_number(self) -> None:
        snapshot = parcel(SLUG, "query__forwarded.json")

        assert snapshot.onward == Onward(carrier="chinapost", number="9876543210123")
        assert journey(snapshot).status == S.HANDED_OVER

    @pytest.mark.parametrize("words", [
        "快件已转投【邮政】", "快件已转投，新单号：9876543210123",
        "转投【中通】，单号：9876543210123", "【邮政】单号：9876543210123",
        "快件转投途中，请致电邮政。单号：78123456789055",
    ])  # fmt: skip
    def test_half_a_handover_names_nobody(self, words: str) -> None:
        told = {"ftime": "2026-03-03 10:00:00", "context": words, "statusCode": "7"}
        row = {"nu": "1", "com": "zhongtong", "status": "200", "state": "7", "data": [told]}
        (snapshot,) = kuaidi100.parse(orjson.dumps(row)).parcels

        assert snapshot.onward is None

    def test_an_abort_without_a_record_is_not_found(self) -> None:
        error = lone_error(SLUG, "push__abort_no_record.json")

        assert (error.kind, error.number) == (ErrorKind.NOT_FOUND, "78123456789012")
        assert error.message == "3天查询无记录"

    def test_an_abort_keeps_what_was_known(self) -> None:
        reading = read(SLUG, "push__abort_no_change.json")

        assert len(reading.parcels[0].scans) == 2
        assert reading.errors[0].kind == ErrorKind.NOT_FOUND

    def test_a_subscription_taken_is_neither_news_nor_trouble(self) -> None:
        taken = {"result": True, "returnCode": "200", "message": "提交成功"}

        assert kuaidi100.parse(orjson.dumps(taken)) == Reading()

    def test_an_estimate_is_china_time(self) -> None:
        snapshot = parcel(SLUG, "query__announced.json")

        assert snapshot.eta_to == datetime(2026, 3, 3, 10, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("name", "kind", "wait"),
        [
            ("not_found", ErrorKind.NOT_FOUND, None),
            ("bad_request", ErrorKind.INVALID_NUMBER, None),
            ("phone", ErrorKind.INVALID_NUMBER, None),
            ("server", ErrorKind.TRANSIENT, None),
            ("busy", ErrorKind.TRANSIENT, None),
            ("sign", ErrorKind.AUTH, None),
            ("not_subscriber", ErrorKind.AUTH, None),
            ("assistant", ErrorKind.AUTH, None),
            ("key_expired", ErrorKind.AUTH, None),
            ("no_balance", ErrorKind.QUOTA_EXHAUSTED, None),
            ("too_often", ErrorKind.RATE_LIMITED, 1800),
            ("repeated", ErrorKind.TRANSIENT, None),
            ("refused_company", ErrorKind.INVALID_NUMBER, None),
            ("unknown_company", ErrorKind.INVALID_NUMBER, None),
        ],
    )
    def test_tells_errors_apart(self, name: str, kind: ErrorKind, wait: int | None) -> None:
        error = lone_error(SLUG, f"error__{name}.json")

        assert (error.kind, error.retry_after) == (kind, wait)


class TestSeal:
    BODY = body(SLUG, "push__delivered_words.json")

    def test_opens_what_it_seals_with_either_live_salt(self) -> None:
        form = kuaidi100.seal(self.BODY, "盐")

        assert kuaidi100.verify(form, {}, ["other", "盐"], now=NOW) is None
        assert kuaidi100.fault(form) is None
        assert kuaidi100.parse_push(form) == kuaidi100.parse_push(self.BODY)

    def test_signs_as_kuaidi100_documents(self) -> None:
        form = parse_qs(kuaidi100.seal(b'{"a":1}', "salt").decode())

        assert form["sign"] == [
            hashlib.md5(b'{"a":1}salt', usedforsecurity=False).hexdigest().upper()
        ]

    def test_a_sign_in_small_letters_is_the_same_sign(self) -> None:
        fields = parse_qs(kuaidi100.seal(self.BODY, "s").decode())
        form = urlencode({"param": fields["param"][0], "sign": fields["sign"][0].lower()})

        assert kuaidi100.verify(form.encode(), {}, ["s"], now=NOW) is None

    @pytest.mark.parametrize(
        "form",
        [
            b"",
            b"param=%7B%7D",
            b"sign=ABC",
            b"param=%7B%7D&sign=",
            b"param=%7B%7D&sign=%E9%F1",
            b"param=%7B%7D&sign=" + b"A" * 32,
            b"\xff\xfe",
            b"&".join(b"a=1" for _ in range(30)),
            b'{"lastResult": {}}',
        ],
    )
    def test_refuses_the_rest(self, form: bytes) -> None:
        assert kuaidi100.verify(form, {}, ["salt"], now=NOW)

    def test_refuses_a_changed_body(self) -> None:
        form = kuaidi100.seal(self.BODY, "salt").replace(b"yunda", b"ytnda")

        assert kuaidi100.verify(form, {}, ["salt"], now=NOW)

    @pytest.mark.parametrize("secrets", [[], [""], ["  "]])
    def test_without_a_salt_nothing_is_believed(self, secrets: list[str]) -> None:
        mark = hashlib.md5(b"{}", usedforsecurity=False).hexdigest().upper()
        form = urlencode({"param": "{}", "sign": mark})

        assert kuaidi100.verify(form.encode(), {}, secrets, now=NOW)

    def test_answers_as_kuaidi100_wants(self) -> None:
        answer = kuaidi100.acknowledge(True)

        assert answer.status == 200
        assert orjson.loads(answer.body) == {
            "result": True, "returnCode": "200", "message": "成功",
        }  # fmt: skip
        assert orjson.loads(kuaidi100.acknowledge(False).body)["result"] is False

    @pytest.mark.parametrize("form", [b"param=%5B", b"sign=A", b"param=" + b"[" * 70])
    def test_says_why_a_form_is_unreadable(self, form: bytes) -> None:
        assert kuaidi100.fault(form)
        assert kuaidi100.parse_push(form).errors[0].kind == ErrorKind.SCHEMA_DRIFT


class TestCalls:
    def test_signs_a_query(self) -> None:
        ask = Ask(number="1", carrier="sf", phone_last4="1234")
        (request,) = kuaidi100.build_requests([ask], {"customer": "C", "key": "K"})
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        mark = hashlib.md5(f"{form['param']}KC".encode(), usedforsecurity=False).hexdigest()

        assert request.url == "https://poll.kuaidi100.com/poll/query.do"
        assert form["sign"] == mark.upper()
        assert orjson.loads(form["param"])["com"] == "shunfeng"
        assert orjson.loads(form["param"])["phone"] == "1234"

    def test_subscribes_with_a_salt(self) -> None:
        ask = Ask(number="1", carrier="zto")
        (request,) = calls.subscribe([ask], {"key": "K"}, url="https://x.example/", secret="S")
        param = orjson.loads(parse_qs(request.body.decode())["param"][0])

        assert param["company"] == "zhongtong"
        assert param["parameters"]["salt"] == "S"
        assert param["parameters"]["callbackurl"] == "https://x.example/"

    def test_may_be_pointed_elsewhere(self) -> None:
        ask, here = Ask(number="1", carrier="zto"), {"host": "http://127.0.0.1:9"}
        (query,) = kuaidi100.build_requests([ask], here)
        (order,) = kuaidi100.subscribe([ask], here, url="https://x.example/", secret="S")

        assert (query.url, order.url) == (
            "http://127.0.0.1:9/poll/query.do", "http://127.0.0.1:9/poll",
        )  # fmt: skip

    @pytest.mark.parametrize(("is_abroad", "expected"), [(True, "1"), (False, None)])
    def test_asks_for_the_courier_abroad_where_told_to(
        self, is_abroad: bool, expected: str | None
    ) -> None:
        ask = Ask(number="1", carrier="ems")
        settings = {"key": "K", "is_abroad": is_abroad}
        (request,) = kuaidi100.subscribe([ask], settings, url="https://x.example/", secret="S")
        param = orjson.loads(parse_qs(request.body.decode())["param"][0])

        assert param["parameters"].get("interCom") == expected

    def test_keeps_half_an_hour_between_two_questions_about_one_number(self) -> None:
        limits = kuaidi100.capabilities

        assert limits.min_poll_interval.total_seconds() == 1800
        assert (limits.max_polls_a_day, limits.batch_max, limits.subscribe_max) == (48, 1, 1)


class TestSubscription:
    def test_is_offered(self) -> None:
        assert isinstance(kuaidi100, Subscribing)

    @pytest.mark.parametrize("code", ["200", "501"])
    def test_what_holds_is_no_error(self, code: str) -> None:
        answer = orjson.dumps({"result": code == "200", "returnCode": code, "message": "重复订阅"})

        assert kuaidi100.read_subscription(answer) == ()

    @pytest.mark.parametrize(
        ("code", "message", "kind"),
        [
            ("500", "", ErrorKind.TRANSIENT),
            ("600", "您不是合法的订阅者", ErrorKind.AUTH),
            ("601", "POLL:KEY已过期", ErrorKind.AUTH),
            ("700", "不支持的快递公司", ErrorKind.INVALID_NUMBER),
            ("701", "拒绝订阅的快递公司", ErrorKind.INVALID_NUMBER),
            ("702", "POLL:识别不到该单号对应的快递公司", ErrorKind.INVALID_NUMBER),
        ],
    )
    def test_tells_why_it_was_not_taken(self, code: str, message: str, kind: ErrorKind) -> None:
        answer = orjson.dumps({"result": False, "returnCode": code, "message": message})
        (error,) = kuaidi100.read_subscription(answer)

        assert error.kind == kind

    @pytest.mark.parametrize("answer", [b"<html>", b"", b"[]", b'{"status":"200"}', b"[" * 99])
    def test_an_answer_of_another_kind_is_drift(self, answer: bytes) -> None:
        (error,) = kuaidi100.read_subscription(answer)

        assert error.kind == ErrorKind.SCHEMA_DRIFT


class TestTables:
    def test_every_courier_named_in_words_is_one_we_know(self) -> None:
        assert set(codes.TO.values()) <= set(CARRIERS)
        assert all(word in codes.FORWARDED.pattern for word in codes.TO)

    def test_every_courier_has_a_name(self) -> None:
        assert set(codes.COURIER.values()) <= set(CARRIERS)

    def test_every_courier_can_be_asked_for(self) -> None:
        assert set(calls.COMPANY) == set(codes.COURIER.values())

    def test_every_fixture_holds_a_parcel_or_an_error(self) -> None:
        for path in (HOME / SLUG).glob("*.json"):
            reading = read(SLUG, path.name)
            assert reading.parcels or reading.errors, path.name
            assert ErrorKind.SCHEMA_DRIFT not in {error.kind for error in reading.errors}
