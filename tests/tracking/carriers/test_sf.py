from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import orjson
import pytest
from django.test import Client

from tests.factories.tracking import SECRET, ConnectionFactory
from tests.tracking.carriers.fixtures import body, journey, lone_error, parcel, read
from tracking.carriers import sf
from tracking.carriers.base import Ask, Replying
from tracking.carriers.sf import calls, codes
from tracking.carriers.sf.reading import explain
from tracking.rules import project
from tracking.scans import ErrorKind, Onward, ProofKind, Scan
from tracking.states import Handed, OffsetSource, Party, Reason
from tracking.states import ParcelStatus as S

NOW = datetime(2026, 3, 3, 4, 5, 6, 789_000, tzinfo=UTC)
SLUG = "sf"


def last(name: str) -> Scan:
    return parcel(SLUG, f"query__{name}.json").scans[-1]


def answer(*routes: dict[str, Any]) -> bytes:
    """Return today's answer about one number, sealed in its string."""
    told = {"success": True, "errorCode": "S0000", "errorMsg": None,
            "msgData": {"routeResps": [{"mailNo": "SF1", "routes": list(routes)}]}}  # fmt: skip
    return orjson.dumps(
        {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": orjson.dumps(told).decode()}
    )


def scan_of(**route: str) -> Scan:
    (snapshot,) = sf.parse(answer({"acceptTime": "2026-03-03 10:00:00", **route})).parcels
    (scan,) = snapshot.scans
    return scan


class TestCodes:
    def test_every_operation_speaks_for_its_own_row(self) -> None:
        snapshot = parcel(SLUG, "query__delivered.json")
        found = journey(snapshot)

        assert (snapshot.carrier, snapshot.number) == ("sf", "SF1000000000017")
        assert [(scan.raw_code, scan.status) for scan in snapshot.scans] == [
            ("54", S.PICKED_UP), ("30", S.IN_TRANSIT), ("36", S.IN_TRANSIT),
            ("31", S.IN_TRANSIT), ("204", S.OUT_FOR_DELIVERY), ("80", S.DELIVERED),
            ("8000", S.DELIVERED),
        ]  # fmt: skip
        assert snapshot.scans[5].handed == Handed.PROXY
        assert snapshot.scans[5].location == "上海市"
        assert not snapshot.is_complete
        assert found.status == S.DELIVERED
        assert found.delivered_at == datetime(2026, 3, 3, 3, 5, 31, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("name", "status", "reason", "party"),
        [
            ("damaged", S.EXCEPTION, Reason.DAMAGED, None),
            ("lost", S.LOST, Reason.LOST, Party.CARRIER),
            ("delayed", S.EXCEPTION, Reason.DELAYED, Party.CARRIER),
            ("returned", S.RETURNED, None, None),
            ("in_transit", S.IN_TRANSIT, None, None),
            ("forwarded", S.HANDED_OVER, None, None),
            ("locker", S.AVAILABLE_FOR_PICKUP, None, None),
        ],
    )
    def test_reads_the_last_row(
        self, name: str, status: S, reason: Reason | None, party: Party | None
    ) -> None:
        scan = last(name)
        found = journey(parcel(SLUG, f"query__{name}.json"))

        assert (scan.status, scan.reason, scan.party) == (status, reason, party)
        assert found.status == status

    def test_a_locker_holds_it(self) -> None:
        assert last("locker").handed == Handed.LOCKER

    def test_customs_says_what_it_wants(self) -> None:
        scans = parcel(SLUG, "query__customs.json").scans[1:]

        assert {scan.status for scan in scans} == {S.CUSTOMS}
        assert [(scan.reason, scan.party) for scan in scans] == [
            (None, None), (Reason.CUSTOMS_INSPECTION, Party.CUSTOMS),
            (Reason.PAYMENT_DUE, Party.RECIPIENT), (None, None),
        ]  # fmt: skip

    def test_an_unknown_code_is_kept_and_moves_nothing(self) -> None:
        snapshot = parcel(SLUG, "query__unknown_code.json")
        bare, grouped = snapshot.scans[-2:]

        assert (bare.raw_code, bare.status, bare.is_known, bare.is_physical) == (
            "9999", None, False, False,
        )  # fmt: skip
        # SF's own grouping of an operation we do not know is a word of SF's
        assert (grouped.raw_code, grouped.status, grouped.is_known) == ("9998", S.IN_TRANSIT, True)

    @pytest.mark.parametrize(
        ("route", "status", "is_inferred"),
        [
            ({"opCode": "8000"}, None, False),
            ({"opCode": "8000", "reasonCode": "1"}, S.DELIVERED, False),
            ({"opCode": "8000", "reasonCode": "2"}, S.DESTROYED, False),
            ({"opCode": "8000", "reasonCode": "9"}, None, False),
            ({"opCode": "33"}, S.EXCEPTION, False),
            ({"opCode": "33", "reasonCode": "83"}, S.AVAILABLE_FOR_PICKUP, False),
            ({"opCode": "70", "firstStatusCode": "11"}, S.AVAILABLE_FOR_PICKUP, False),
            ({"opCode": "70", "reasonCode": "46"}, S.CANCELLED, False),
            ({"opCode": "33", "firstStatusCode": "5"}, S.CANCELLED, False),
            ({"opCode": "922", "remark": "快件到达 【合肥中转场】"}, S.IN_TRANSIT, True),
            ({"opCode": "922", "remark": "此件签单返还的单号为 444000000052"}, None, False),
            ({"opCode": "3036", "remark": "派件已签收"}, None, False),
            ({"opCode": "607", "firstStatusCode": "1"}, S.PICKED_UP, False),
            ({"opCode": "99"}, S.IN_TRANSIT, False),
            ({"opCode": "99", "remark": "应客户要求，快件正在退回"}, S.RETURNING, True),
            ({"opCode": "99", "remark": "快件退回/转寄中"}, S.IN_TRANSIT, False),
            ({"opCode": "99", "secondaryStatusName": "已退回"}, S.RETURNING, False),
            ({"opCode": "648", "secondaryStatusName": "已退回"}, S.RETURNING, False),
            ({"opCode": "648", "secondaryStatusName": "已转寄", "remark": "退回"},
             S.HANDED_OVER, False),
            ({"firstStatusCode": "3", "secondaryStatusCode": "301"}, S.OUT_FOR_DELIVERY, False),
            ({"firstStatusCode": "2", "secondaryStatusCode": "205"}, S.CUSTOMS, False),
            ({"firstStatusName": "待再派"}, S.ATTEMPT_FAILED, False),
            ({"remark": "快件到达 【上海浦东中转场】"}, S.IN_TRANSIT, True),
            ({"remark": "已签收"}, None, False),  # words never end a journey
        ],
    )  # fmt: skip
    def test_order_of_belief(
        self, route: dict[str, str], status: S | None, is_inferred: bool
    ) -> None:
        scan = scan_of(**route)

        assert (scan.status, scan.is_inferred, scan.is_known) == (status, is_inferred, True)

    def test_the_name_stands_in_for_a_code_that_is_absent(self) -> None:
        scan = scan_of(firstStatusName="派送中")

        assert (scan.raw_code, scan.raw_text) == ("派送中", "派送中")

    def test_rows_without_any_code_are_read_by_their_words_and_never_end(self) -> None:
        snapshot = parcel(SLUG, "query__bare_words.json")

        assert [(scan.local_time, scan.status, scan.is_inferred) for scan in snapshot.scans] == [
            ("2026-03-02T09:05:07", S.PICKED_UP, True),
            ("2026-03-03", None, False),
        ]

    def test_every_operation_has_a_name_of_its_kind(self) -> None:
        for code, (name, meaning) in codes.OPERATION.items():
            assert code.isdigit(), code
            assert name, code
            assert explain({"opcode": code})[0].status == meaning.status, code

    def test_every_status_named_by_number_is_named_in_words(self) -> None:
        numbered = {
            meaning.status for meaning in (*codes.FIRST.values(), *codes.SECONDARY.values())
        }

        assert numbered <= {meaning.status for meaning in codes.NAMES.values()}


class TestReasons:
    def test_each_attempt_says_why(self) -> None:
        scans = parcel(SLUG, "query__attempts.json").scans[-3:]

        assert [(scan.status, scan.reason, scan.is_inferred) for scan in scans] == [
            (S.ATTEMPT_FAILED, Reason.NOT_HOME, True),
            (S.EXCEPTION, Reason.WEATHER, True),
            (S.ATTEMPT_FAILED, Reason.REFUSED, True),
        ]

    @pytest.mark.parametrize(
        ("remark", "reason"),
        [
            ("快件破损", Reason.DAMAGED),
            ("快件遗失，正在查找", Reason.LOST),
            ("客户拒收", Reason.REFUSED),
            ("地址不详，无法派送", Reason.BAD_ADDRESS),
            ("受台风影响", Reason.WEATHER),
            ("Delivery delayed by the typhoon", Reason.WEATHER),
            ("The shipment is damaged", Reason.DAMAGED),
            ("正在处理", None),
        ],
    )
    def test_words_explain_an_exception(self, remark: str, reason: Reason | None) -> None:
        scan = scan_of(opCode="72", remark=remark)

        assert (scan.status, scan.reason) == (S.EXCEPTION, reason)
        assert scan.is_inferred is (reason is not None)

    def test_the_reasons_own_name_speaks_too(self) -> None:
        scan = scan_of(opCode="70", remark="派件不成功", reasonName="地址错误")

        assert (scan.reason, scan.raw_text) == (Reason.BAD_ADDRESS, "派件不成功")

    @pytest.mark.parametrize(("why", "status"), [("2", S.DESTROYED), ("4", S.RETURNED)])
    def test_a_word_makes_no_guess_of_an_ending(self, why: str, status: S) -> None:
        scan = scan_of(opCode="8000", reasonCode=why, remark="快件破损")

        assert (scan.status, scan.reason, scan.is_inferred) == (status, None, False)
        assert project([scan], carrier="sf", number="SF1").status == status

    def test_a_warning_is_no_damage(self) -> None:
        assert scan_of(opCode="44", remark="如有破损请拒收").reason is None

    def test_words_say_to_whom_only_where_it_was_given(self) -> None:
        assert scan_of(opCode="80", remark="本人签收").handed == Handed.RECIPIENT
        assert scan_of(opCode="44", remark="本人签收").handed is None


class TestTimes:
    def test_time_is_chinas(self) -> None:
        scan = last("in_transit")

        assert scan.local_time == "2026-03-03T05:12:44"
        assert scan.occurred_at == datetime(2026, 3, 2, 21, 12, 44, tzinfo=UTC)
        assert scan.offset_source == OffsetSource.CARRIER

    @pytest.mark.parametrize(
        ("words", "local"),
        [
            ("2026-3-2 9:05:07", "2026-03-02T09:05:07"),
            ("2026-03-02 09:05", "2026-03-02T09:05:00"),
            ("2026/03/02 09:05:07.000", "2026-03-02T09:05:07"),
            ("2026-03-02", "2026-03-02"),
            ("2026-02-30 09:05:07", ""),
            ("03-02 09:05", ""),
            ("2026-03-02 09:05:07 PM", ""),
            ("", ""),
        ],
    )
    def test_what_is_a_time(self, words: str, local: str) -> None:
        (snapshot,) = sf.parse(answer({"acceptTime": words, "opCode": "31"})).parcels

        assert snapshot.scans[0].local_time == local
        assert (snapshot.scans[0].occurred_at is None) is (len(local) < 16)

    def test_rows_of_one_minute_keep_their_order_whichever_end_is_first(self) -> None:
        rows = [
            {"acceptTime": "2026-03-03 10:00:00", "acceptAddress": "上海", "opCode": "31"},
            {"acceptTime": "2026-03-03 10:05:00", "acceptAddress": "上海", "opCode": "30"},
            {"acceptTime": "2026-03-03 10:05:00", "acceptAddress": "上海", "opCode": "36"},
        ]
        (rising,) = sf.parse(answer(*rows)).parcels
        (falling,) = sf.parse(answer(*rows[::-1])).parcels

        assert [scan.sequence for scan in rising.scans] == [1, 2, 3]
        assert [scan.sequence for scan in falling.scans] == [3, 2, 1]
        assert {(scan.event_id, scan.sequence) for scan in rising.scans} == {
            (scan.event_id, scan.sequence) for scan in falling.scans
        }


class TestIdentity:
    def test_a_push_and_an_answer_tell_one_scan(self) -> None:
        told = {scan.event_id: scan for scan in parcel(SLUG, "query__delivered.json").scans}
        pushed = read(SLUG, "push__routes.json").parcels[0]

        assert [told[scan.event_id].raw_code for scan in pushed.scans] == ["80", "204"]

    def test_new_words_are_no_new_scan(self) -> None:
        before = scan_of(opCode="31", remark="到达", acceptAddress="上海市")
        after = scan_of(opCode="31", remark="快件到达", acceptAddress="上海市")

        assert before.event_id == after.event_id

    @pytest.mark.parametrize("other", [{"opCode": "30"}, {"acceptAddress": "北京市"}])
    def test_one_second_may_hold_two(self, other: dict[str, str]) -> None:
        told = {"opCode": "31", "acceptAddress": "上海市"}

        assert scan_of(**told).event_id != scan_of(**told | other).event_id


class TestAnswers:
    def test_a_batch_is_read_number_by_number(self) -> None:
        reading = read(SLUG, "query__mixed.json")

        assert [one.number for one in reading.parcels] == ["SF1000000000132"]
        assert [(error.kind, error.number) for error in reading.errors] == [
            (ErrorKind.NOT_FOUND, "SF1000000000140"),
            (ErrorKind.INVALID_NUMBER, "SF1000000000157"),
        ]

    @pytest.mark.parametrize(
        ("name", "kind", "message"),
        [
            ("query__no_such_number.json", ErrorKind.NOT_FOUND, "SF has no route of this number."),
            ("query__wrong_seal.json", ErrorKind.AUTH, "A1006: 数字签名无效"),
            ("query__too_fast.json", ErrorKind.RATE_LIMITED, "A1005: 访问次数超限"),
            ("query__busy.json", ErrorKind.TRANSIENT, "S0003: 系统异常"),
            ("query__phone.json", ErrorKind.INVALID_NUMBER, "8247: 手机号后四位与运单不匹配"),
            ("openapi__not_found.json", ErrorKind.NOT_FOUND,
             "EX_CODE_OPENAPI_0444: 路由信息不存在"),
            ("openapi__token_over.json", ErrorKind.AUTH,
             "EX_CODE_OPENAPI_0105: ACCESS TOKEN已过期"),
            ("routes__refused.xml", ErrorKind.SCHEMA_DRIFT, "8003: 缺少请求参数"),
        ],
    )  # fmt: skip
    def test_errors_have_their_kind(self, name: str, kind: ErrorKind, message: str) -> None:
        error = lone_error(SLUG, name)

        assert (error.kind, error.message) == (kind, message)

    @pytest.mark.parametrize(
        ("code", "words", "kind"),
        [
            ("A1008", "", ErrorKind.AUTH),
            ("A1009", "", ErrorKind.TRANSIENT),
            ("7777", "手机号不匹配", ErrorKind.INVALID_NUMBER),
            ("7777", "未查到路由", ErrorKind.NOT_FOUND),
            ("7777", "找不到运单", ErrorKind.NOT_FOUND),
            ("7777", "访问过于频繁", ErrorKind.RATE_LIMITED),
            ("7777", "?", ErrorKind.TRANSIENT),
        ],
    )
    def test_words_serve_where_an_error_is_unknown(
        self, code: str, words: str, kind: ErrorKind
    ) -> None:
        row = {"apiResultCode": code, "apiErrorMsg": words, "apiResultData": None}
        (error,) = sf.parse(orjson.dumps(row)).errors

        assert error.kind == kind

    def test_a_number_says_its_reasons_in_a_list(self) -> None:
        error = lone_error(SLUG, "query__reasons.json")

        assert (error.kind, error.number) == (ErrorKind.INVALID_NUMBER, "SF1000000000207")
        assert error.message == "20028: 校验手机号与运单不符"

    @pytest.mark.parametrize("tag", ["ERROR", "Error"])
    def test_the_xml_refuses_in_either_case(self, tag: str) -> None:
        told = f'<{tag} code="4001">系统发生数据错误或运行时异常</{tag}>'
        xml = f'<Response service="RouteService"><Head>ERR</Head>{told}</Response>'
        reading = sf.parse(xml.encode())

        assert [error.kind for error in reading.errors] == [ErrorKind.TRANSIENT]

    def test_the_inner_answer_may_stand_alone_or_as_an_object(self) -> None:
        inner = {"success": "true", "errorCode": "S0000", "msgData": {
            "routeResps": {"mailNo": "SF1", "routes": [{"opCode": "80"}]}}}  # fmt: skip
        around = {"apiResultCode": "A1000", "apiResultData": inner}
        beside = {"apiResultCode": "A1000", "msgData": orjson.dumps(inner["msgData"]).decode()}
        (alone,) = sf.parse(orjson.dumps(inner)).parcels
        (wrapped,) = sf.parse(orjson.dumps(around)).parcels
        (unsealed,) = sf.parse(orjson.dumps(beside)).parcels

        assert alone == wrapped == unsealed
        assert alone.scans[0].status == S.DELIVERED

    @pytest.mark.parametrize(
        "answer",
        [
            {"apiResultCode": "A1000", "apiResultData": None},
            {"apiResultCode": "A1000", "apiResultData": "<html>"},
            {
                "apiResultCode": "A1000",
                "apiResultData": '{"success":true,"msgData":{"orderId":"A"}}',
            },
            {"Body": {"WaybillRoute": []}},
            {"Body": {"orderId": "A-1"}},
            {"head": {"transType": 4301, "code": "EX_CODE_OPENAPI_0200"}, "body": {"token": "t"}},
            {"trackResponse": {}},
            [],
        ],
    )
    def test_a_body_about_something_else_is_no_parcel(self, answer: object) -> None:
        reading = sf.parse(orjson.dumps(answer))

        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]

    @pytest.mark.parametrize("content", [
        body(SLUG, "query__truncated.json"), b"<html><body>502</body></html>", b"<Response>",
        b'<Response service="OrderService"><Head>OK</Head></Response>', b"partnerID=X", b"",
        b'<!DOCTYPE a [<!ENTITY b "c">]><Response service="RouteService"/>',
    ])  # fmt: skip
    def test_what_cannot_be_read_is_drift(self, content: bytes) -> None:
        reading = sf.parse(content)

        assert reading.parcels == ()
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]

    def test_a_code_that_is_no_code_is_no_answer_to_a_number(self) -> None:
        (error,) = sf.parse(answer()).errors

        assert (error.kind, error.number) == (ErrorKind.NOT_FOUND, "SF1")


class TestOlder:
    def test_the_openapi_comes_newest_first(self) -> None:
        snapshot = parcel(SLUG, "openapi__delivered.json")
        found = journey(snapshot)

        assert snapshot.number == "444000000011"
        assert [scan.sequence for scan in snapshot.scans] == [4, 3, 2, 1]
        assert [status for _, status, _ in found.reached] == [
            S.PICKED_UP, S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.DELIVERED,
        ]  # fmt: skip

    def test_an_openapi_answer_without_rows_found_nothing(self) -> None:
        head = {"transType": 4501, "code": "EX_CODE_OPENAPI_0200"}
        (error,) = sf.parse(orjson.dumps({"head": head, "body": []})).errors

        assert error.kind == ErrorKind.NOT_FOUND

    def test_the_xml_leaves_out_zeros(self) -> None:
        snapshot = parcel(SLUG, "routes__delivered.xml")

        assert snapshot.number == "444000000037"
        assert [(scan.local_time, scan.raw_code, scan.status) for scan in snapshot.scans] == [
            ("2012-07-30T09:30:00", "50", S.PICKED_UP),
            ("2012-07-31T18:05:12", "80", S.DELIVERED),
        ]


class TestOnward:
    def test_a_new_number_is_where_it_goes_on(self) -> None:
        snapshot = parcel(SLUG, "query__forwarded.json")

        assert snapshot.onward == Onward(carrier="sf", number="SF1000000000108")

    @pytest.mark.parametrize(
        ("code", "remark"),
        [
            ("648", "快件已退回/转寄"),
            ("648", "快件已转寄，联系电话13000000000"),
            ("648", "快件已转寄，新单号为: SF1"),
            ("44", "新单号为: SF1000000000108"),
        ],
    )
    def test_nothing_else_is_a_number(self, code: str, remark: str) -> None:
        (snapshot,) = sf.parse(answer({"opCode": code, "remark": remark})).parcels

        assert snapshot.onward is None


class TestPush:
    def test_one_push_tells_of_several_parcels(self) -> None:
        reading = read(SLUG, "push__routes.json")

        assert [(one.number, len(one.scans)) for one in reading.parcels] == [
            ("SF1000000000017", 2), ("SF1000000000199", 1),
        ]  # fmt: skip
        assert reading.parcels[1].scans[0].reason == Reason.NOT_HOME
        assert reading.errors == ()

    def test_the_older_push_is_xml_in_a_form(self) -> None:
        xml = body(SLUG, "push__routes.xml")
        form = urlencode({"content": xml.decode()}).encode()
        (snapshot,) = sf.parse_push(form).parcels

        assert sf.parse_push(xml) == sf.parse_push(form)
        assert (snapshot.number, [scan.status for scan in snapshot.scans]) == (
            "444000000029", [S.OUT_FOR_DELIVERY, S.DELIVERED],
        )  # fmt: skip
        assert sf.fault(form) is None

    def test_a_route_of_nobody_does_not_spoil_the_others(self) -> None:
        rows = [{"mailno": "SF1", "opCode": "50"}, {"opCode": "80"}]
        reading = sf.parse_push(orjson.dumps({"Body": {"WaybillRoute": rows}}))

        assert [one.number for one in reading.parcels] == ["SF1"]
        assert [error.kind for error in reading.errors] == [ErrorKind.SCHEMA_DRIFT]

    def test_pushes_are_bits_of_a_journey(self) -> None:
        assert not read(SLUG, "push__routes.json").parcels[0].is_complete
        assert not sf.capabilities.is_snapshot

    @pytest.mark.parametrize("content", [b"a=b", b"{", b"<Request", b"content=%3CRequest", b"\xff"])
    def test_what_is_broken_is_refused_with_a_reason(self, content: bytes) -> None:
        assert sf.fault(content)


class TestPictures:
    def test_a_signature_is_a_proof(self) -> None:
        snapshot = parcel(SLUG, "push__picture.json")
        (proof,) = snapshot.proofs

        assert (snapshot.number, snapshot.scans) == ("SF1000000000017", ())
        assert proof.kind == ProofKind.SIGNATURE
        assert proof.data.startswith(b"\x89PNG")

    @pytest.mark.parametrize(("kind", "expected"), [
        ("", ProofKind.PHOTO), ("13", ProofKind.PHOTO), ("15", ProofKind.DOCUMENT),
        ("2", ProofKind.SIGNATURE), ("1", None),
    ])  # fmt: skip
    def test_a_picture_is_what_its_type_says(self, kind: str, expected: ProofKind | None) -> None:
        picture = orjson.loads(body(SLUG, "push__picture.json"))
        reading = sf.parse_push(orjson.dumps({**picture, "imgType": kind}))
        kinds = [proof.kind for one in reading.parcels for proof in one.proofs]

        assert kinds == ([expected] if expected else [])
        assert reading.errors == ()

    def test_an_encrypted_one_is_told_and_not_kept(self) -> None:
        error = lone_error(SLUG, "push__picture_sealed.json")

        assert (error.kind, error.number) == (ErrorKind.SCHEMA_DRIFT, "SF1000000000017")


class TestSeal:
    SECRET = "顺丰 s3cret/+"

    def test_the_address_holds_the_secret(self) -> None:
        sealed = sf.seal(b"{}", self.SECRET)

        assert sf.verify(b"{}", sealed, ["older", self.SECRET], now=NOW) is None

    @pytest.mark.parametrize(
        ("query", "secrets", "reason"),
        [
            ("token=other", [SECRET], "the token is not the one we gave"),
            ("token=", [SECRET], "the address holds no token"),
            ("", [SECRET], "the address holds no token"),
            ("&".join("a=b" for _ in range(99)), [SECRET], "the address holds too many parameters"),
            ("token=", [""], "no secret is set for this connection"),
            ("token=x", [], "no secret is set for this connection"),
            ("token=x&token=" + quote(SECRET), [SECRET], "the token is not the one we gave"),
        ],
    )
    def test_everything_else_is_refused(self, query: str, secrets: list[str], reason: str) -> None:
        assert sf.verify(b"{}", {":query": query}, secrets, now=NOW) == reason

    def test_a_header_of_that_name_is_no_address(self) -> None:
        assert sf.verify(b"{}", {"token": "s"}, ["s"], now=NOW) == "the address holds no token"

    def test_a_push_only_hints(self) -> None:
        assert not sf.capabilities.is_body_sealed


class TestReply:
    def test_json_is_answered_in_json(self) -> None:
        push = body(SLUG, "push__routes.json")
        good, bad = sf.reply(True, push), sf.reply(False, push)

        assert isinstance(sf, Replying)
        assert orjson.loads(good.body) == {"return_code": "0000", "return_msg": "成功"}
        assert orjson.loads(bad.body) == {"return_code": "1000", "return_msg": "系统异常"}
        assert (good.status, bad.status) == (200, 401)
        assert good == sf.acknowledge(True)

    @pytest.mark.parametrize("wrap", [False, True])
    def test_xml_is_answered_in_xml(self, wrap: bool) -> None:
        push = body(SLUG, "push__routes.xml")
        push = urlencode({"content": push.decode()}).encode() if wrap else push
        good, bad = sf.reply(True, push), sf.reply(False, push)

        assert good.body == b'<Response service="RoutePushService"><Head>OK</Head></Response>'
        assert b'<Head>ERR</Head><ERROR code="4001">' in bad.body
        assert good.content_type == "text/xml;charset=UTF-8"


@pytest.mark.django_db
class TestDoor:
    def test_the_address_opens_it_and_xml_is_answered_in_xml(self) -> None:
        ConnectionFactory.create(slug="sf-routes", adapter="sf", secret=SECRET)
        address = f"/hooks/carriers/sf-routes/?{sf.seal(b'', SECRET)[':query']}"
        form = {"content": body(SLUG, "push__routes.xml").decode()}
        json = body(SLUG, "push__routes.json")
        client = Client()
        new = client.post(address, json, content_type="application/json")
        old = client.post(
            address, urlencode(form), content_type="application/x-www-form-urlencoded"
        )

        assert (old.status_code, new.status_code) == (200, 200)
        assert old.content == b'<Response service="RoutePushService"><Head>OK</Head></Response>'
        assert orjson.loads(new.content)["return_code"] == "0000"

    def test_another_address_does_not(self) -> None:
        ConnectionFactory.create(slug="sf-routes", adapter="sf", secret=SECRET)
        shut = Client().post(
            "/hooks/carriers/sf-routes/",
            body(SLUG, "push__routes.json"),
            content_type="application/json",
            headers={"query": f"token={SECRET}", ":query": f"token={SECRET}"},
        )

        assert shut.status_code == 401


class TestRequests:
    SETTINGS = {"partner_id": "AMENDS", "checkword": "word", "now": NOW}

    def asked(self, asks: list[Ask], **settings: object) -> list[tuple[str, dict[str, str]]]:
        requests = sf.build_requests(asks, {**self.SETTINGS, **settings})
        assert {request.method for request in requests} <= {"POST"}
        return [
            (
                request.url,
                {name: value[0] for name, value in parse_qs(request.body.decode()).items()},
            )
            for request in requests
        ]

    def test_ten_numbers_make_one_call(self) -> None:
        asks = [Ask(number=f"SF{turn}", phone_last4=f"{turn:04}") for turn in range(11)]
        (_, first), (_, second) = self.asked(asks)
        data = orjson.loads(first["msgData"])

        assert data["trackingNumber"] == [f"SF{turn}" for turn in range(10)]
        assert data["checkPhoneNo"].split(",") == [f"{turn:04}" for turn in range(10)]
        assert (data["trackingType"], data["methodType"]) == ("1", "1")
        assert orjson.loads(second["msgData"])["trackingNumber"] == ["SF10"]
        assert sf.capabilities.batch_max == 10

    def test_numbers_without_a_phone_go_apart(self) -> None:
        asks = [Ask(number="A"), Ask(number="B", phone_last4="1234"), Ask(number="C")]
        told = [orjson.loads(form["msgData"]) for _, form in self.asked(asks)]

        assert [one["trackingNumber"] for one in told] == [["B"], ["A", "C"]]
        assert "checkPhoneNo" not in told[1]

    def test_the_call_is_sealed_with_its_moment(self) -> None:
        ((url, form),) = self.asked([Ask(number="A")])
        words = quote(form["msgData"] + form["timestamp"] + "word", safe="*")
        mark = hashlib.md5(words.encode(), usedforsecurity=False).digest()

        assert url == "https://bspgw.sf-express.com/std/service"
        assert form["timestamp"] == "1772510706789"
        assert form["serviceCode"] == "EXP_RECE_SEARCH_ROUTES"
        assert form["partnerID"] == "AMENDS"
        assert form["msgDigest"] == base64.b64encode(mark).decode()
        assert "word" not in form["msgData"]

    def test_the_digest_encodes_as_java_does(self) -> None:
        words = "a+%7E*%2B%E9%A1%BA.-_1w"
        expected = base64.b64encode(hashlib.md5(words.encode(), usedforsecurity=False).digest())

        assert calls.digest("a ~*+顺.-_", "1", "w") == expected.decode()

    def test_two_calls_have_two_names(self) -> None:
        first = self.asked([Ask(number="A")])[0][1]["requestID"]

        assert first == self.asked([Ask(number="A")])[0][1]["requestID"]
        assert first != self.asked([Ask(number="B")])[0][1]["requestID"]
        assert len(first) == 32

    def test_the_house_it_asks(self) -> None:
        ask = [Ask(number="A")]

        assert self.asked(ask, is_test=True)[0][0].startswith("https://sfapi-sbox.sf-express.com/")
        assert self.asked(ask, host="http://fake")[0][0] == "http://fake/std/service"

    def test_nothing_to_ask_asks_nothing(self) -> None:
        assert self.asked([]) == []
