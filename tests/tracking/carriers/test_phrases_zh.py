from __future__ import annotations

import pytest

from tracking.carriers import phrases_zh
from tracking.states import SOFT_TERMINAL, Handed, Reason
from tracking.states import ParcelStatus as S


class TestStatus:
    @pytest.mark.parametrize(
        ("words", "status"),
        [
            ("【杭州市】已揽收", S.PICKED_UP),
            ("快件已到达 广州转运中心", S.IN_TRANSIT),
            ("预计到达时间为明日", None),
            ("正在为您派件", S.OUT_FOR_DELIVERY),
            ("凭取件码取件", S.AVAILABLE_FOR_PICKUP),
            ("已退回发件人", S.RETURNING),
            ("商家已下单，等待揽收", S.INFO_RECEIVED),
            ("进行派件扫描；派送业务员", S.OUT_FOR_DELIVERY),
            ("深圳公司-已进行装袋扫描", S.IN_TRANSIT),
            ("客户要求自取快件，待自取", S.AVAILABLE_FOR_PICKUP),
            ("已签收", None),
        ],
    )
    def test_says_what_is_plain(self, words: str, status: S | None) -> None:
        assert phrases_zh.status_in(words) == status

    def test_no_phrase_ends_a_journey(self) -> None:
        assert not {phrase.status for phrase in phrases_zh.SAYS} & SOFT_TERMINAL


class TestReason:
    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            ("外包装破损", Reason.DAMAGED),
            ("外包裝破損", Reason.DAMAGED),
            ("快件遗失，请联系客服", Reason.LOST),
            ("包裹丟失", Reason.LOST),
            ("收件人拒收", Reason.REFUSED),
            ("收件人拒簽", Reason.REFUSED),
            ("如有破损请拒收", None),
            ("没有损坏", None),
        ],
    )
    def test_grave_words_count_anywhere_but_in_a_warning(
        self, words: str, reason: Reason | None
    ) -> None:
        assert phrases_zh.reason_in(words, is_wrong=False) == reason

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            ("快件错分至其他网点", Reason.MISSORTED),
            ("因交通管制，快件将延误", Reason.VEHICLE),
            ("受台风影响，快件将延误", Reason.WEATHER),
            ("受颱風影響", Reason.WEATHER),
            ("地址不详", Reason.BAD_ADDRESS),
            ("客户不在家", Reason.NOT_HOME),
            ("電話關機", Reason.NOT_HOME),
            ("无法与收方客户取得联系", Reason.NOT_HOME),
            ("收方单位放假", Reason.CLOSED),
            ("超时未取", Reason.PICKUP_NOT_COLLECTED),
            ("到付款未付", Reason.PAYMENT_DUE),
            ("需补充清关资料", Reason.CUSTOMS_DOCUMENTS),
            ("海关正在查验", Reason.CUSTOMS_INSPECTION),
            ("内件为违禁品", Reason.PROHIBITED),
            ("安检未通过", Reason.SECURITY),
            ("快件滞留", Reason.DELAYED),
        ],
    )
    def test_lesser_words_count_where_something_is_wrong(self, words: str, reason: Reason) -> None:
        assert phrases_zh.reason_in(words, is_wrong=True) == reason
        assert phrases_zh.reason_in(words, is_wrong=False) is None

    def test_a_grave_word_comes_before_a_lesser_one(self) -> None:
        assert phrases_zh.reason_in("天气原因致快件破损", is_wrong=True) == Reason.DAMAGED


class TestHanded:
    @pytest.mark.parametrize(
        ("words", "handed"),
        [
            ("已放入丰巢快递柜", Handed.LOCKER),
            ("已派送至（顺丰自助柜）", Handed.LOCKER),
            ("便利店代收", Handed.LOCKER),
            ("邻居代收", Handed.NEIGHBOUR),
            ("签收人：保安室", Handed.PROXY),
            ("家人签收", Handed.PROXY),
            ("已放门口", Handed.SAFE_PLACE),
            ("本人签收", Handed.RECIPIENT),
            ("已签收", None),
        ],
    )
    def test_says_to_whom(self, words: str, handed: Handed | None) -> None:
        assert phrases_zh.handed_in(words) == handed
