"""Enough to recognise, no more."""

from __future__ import annotations

import pytest

from portal.lib import masking


@pytest.mark.parametrize(
    ("given", "masked"),
    [("w.lin@example.org", "w•••@example.org"), ("a@b.c", "a•••@b.c"), ("", "•••@")],
)
def test_email_tells_nothing_by_its_length(given: str, masked: str) -> None:
    assert masking.email(given) == masked


@pytest.mark.parametrize(
    ("given", "masked"),
    [("200020", "2000**"), ("97201", "972**"), ("SW1A 1AA", "SW1A 1**"), ("1", "*"), ("", "")],
)
def test_postcode_hides_its_last_third(given: str, masked: str) -> None:
    assert masking.postcode(given) == masked


def test_tail_hides_short_texts_whole() -> None:
    assert masking.tail("1Z999AA10123456784") == "•••• 6784"
    assert masking.tail("12345678") == "••••"


class TestPeople:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("Delivered, signed by J. SMITH", "Delivered, signed by •••"),
            ("Signed for by: Maria Lopez", "Signed for by: •••"),
            ("Left with Anna K at 10:42", "Left with ••• at 10:42"),
            ("Driver John is on the way", "Driver ••• is on the way"),
            ("SIGNATURE: R BROWN", "SIGNATURE: •••"),
            ("Call 1-800-555-0100 or +49 228 4333112", "Call ••• or •••"),
            ("Ask (555) 010-0100 or desk@carrier.example", "Ask ••• or •••"),
            ("已被签收，签收人: 王小明，感谢使用", "已被签收，签收人: •••，感谢使用"),
            ("【上海】 快递员张三（13800138000）派件", "【上海】 快递员•••（•••）派件"),
            ("派件员：李四，电话：138 0013 8000", "派件员：•••，电话：•••"),
            ("【张三,13800138000】正在派件", "【•••,•••】正在派件"),
            ("派送员 王五, 联系电话 021-62345678", "派送员 •••, 联系电话 •••"),
            ("邮件已由 李华 代收", "邮件已由 ••• 代收"),
        ],
    )
    def test_masks_who_signs_who_drives_and_how_to_reach_them(self, text: str, shown: str) -> None:
        assert masking.people(text) == shown

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Delivered, Front Door/Porch",
            "Signed by front desk",
            "Left with Reception",
            "Received by neighbor",
            "Driver is on the way",
            "Signature required",
            "Tracking 1Z999AA10123456784 at facility 97201",
            "2026-09-10 21:40 宁波转运中心 因台风道路封闭，快件暂存",
            "已签收，签收人凭取货码签收。",
            "签收人：本人",
            "签收人是【门卫】",
            "快递员正在为您派送",
            "包裹号 78012345678901 已发出",
        ],
    )
    def test_leaves_what_names_nobody(self, text: str) -> None:
        assert masking.people(text) == text

    def test_takes_its_time_in_proportion(self) -> None:
        for text in ("签收人" * 700, "signed by " + "A " * 1000, "(555) " * 400, "1" * 2000):
            masking.people(text)


class TestWithout:
    def test_takes_out_what_is_known_however_it_is_spelt(self) -> None:
        text = "Left at 88 HUAIHAI ROAD with lin wei"

        assert masking.without(text, ["88 Huaihai Road", "Lin Wei", ""]) == "Left at ••• with •••"
        assert masking.without("交给王伟", ["王伟"]) == "交给•••"

    def test_leaves_what_is_too_short_to_mean_somebody(self) -> None:
        assert masking.without("On the way to Bo", ["Bo", "王"]) == "On the way to Bo"
