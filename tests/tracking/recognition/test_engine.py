"""Guesses are ranked, honest about how little digits say, and never fall over."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracking.recognition.examples import EXAMPLES
from tracking.recognition import Candidate, Verdict, recognise, shape, squeeze, sure

UPS = "1Z999AA10123456784"


def names(number: str, **how: object) -> list[str]:
    return [one.carrier for one in recognise(number, **how)]  # type: ignore[arg-type]


class TestRecognise:
    def test_a_number_with_a_form_of_its_own_is_surely_its_carriers(self) -> None:
        assert recognise(UPS) == [
            Candidate(carrier="ups", format="ups", confidence=0.99, checksum=Verdict.VALID)
        ]

    def test_a_failed_check_digit_warns_and_does_not_block(self) -> None:
        (found,) = recognise("1Z999AA10123456785")

        assert (found.carrier, found.checksum) == ("ups", Verdict.INVALID)
        assert 0.2 <= found.confidence <= 0.3

    @pytest.mark.parametrize(
        "typed",
        [
            " 1z 999 aa1 01 2345 6784 ",
            "1Z-999-AA1-0123-456784",
            "１Ｚ９９９ＡＡ１０１２３４５６７８４",
            "1Z999AA1\u200b0123456784\n",
            "1Z.999.AA1.0123.456.784",
        ],
    )
    def test_takes_the_number_however_it_was_typed(self, typed: str) -> None:
        assert recognise(typed) == recognise(UPS)

    @pytest.mark.parametrize(
        "text", ["", " - ", "运单号", "1Z999АА10123456784", "9" * 65, "x" * 2000]
    )
    def test_what_is_no_number_is_nobodys(self, text: str) -> None:
        assert recognise(text) == []

    @pytest.mark.parametrize(
        ("number", "carriers"),
        [
            ("RB123456785GB", ["royalmail"]),
            ("RB123456785US", ["usps"]),
            ("EA123456785CN", ["ems"]),
            ("RB123456785CN", ["chinapost"]),
            ("RB123456785CA", ["canadapost"]),
            ("RB123456785JP", ["japanpost"]),
            ("RB123456785AU", ["auspost"]),
            ("RB123456785DE", ["dhl_de"]),
            ("RB123456785CV", ["upu"]),
            ("RB123456785XX", []),
        ],
    )
    def test_an_international_item_is_of_the_post_that_numbered_it(
        self, number: str, carriers: list[str]
    ) -> None:
        assert names(number) == carriers

    @pytest.mark.parametrize(
        ("number", "first"),
        [
            ("SF1234567890123", "sf"),
            ("YT1234567890123", "yto"),
            ("YT1234567890123456", "yunexpress"),
            ("73120123456789", "zto"),
            ("773012345678901", "sto"),
            ("462012345678902", "yunda"),
            ("JDVB12345678901", "jd"),
            ("JT1234567890123", "jt"),
            ("DPK123456789012", "deppon"),
            ("1112345678901", "ems"),
            ("9812345678901", "chinapost"),
            ("LP00123456789012", "cainiao"),
            ("621012345678901", "danniao"),
        ],
    )
    def test_a_chinese_number_names_its_courier_first(self, number: str, first: str) -> None:
        assert names(number)[0] == first

    def test_an_ambiguous_number_names_everybody(self) -> None:
        # 12 digits whose last satisfies FedEx's sum and Luhn's.
        found = recognise("287809468872")

        assert [one.carrier for one in found if one.checksum == Verdict.VALID] == [
            "fedex", "purolator",
        ]  # fmt: skip
        assert {"gls", "sf", "yamato", "sagawa", "japanpost"} <= {one.carrier for one in found}

    def test_a_check_that_three_carriers_share_confirms_none_unless_one_is_asked_for(self) -> None:
        shared = {one.carrier: one.checksum for one in recognise("444413758703")}
        asked = recognise("444413758703", carriers={"yamato"})

        assert [shared[name] for name in ("yamato", "sagawa", "japanpost")] == [Verdict.NONE] * 3
        assert [one.checksum for one in asked] == [Verdict.VALID]

    def test_fourteen_digits_are_never_surely_anybodys(self) -> None:
        found = recognise("60120172242323")

        assert found[0].carrier == "dhl"
        assert found[0].confidence < 0.05

    @pytest.mark.parametrize("length", range(10, 15))
    def test_bare_digits_alone_are_never_sure(self, length: int) -> None:
        rng = random.Random(length)
        for _ in range(3000):
            number = "".join(rng.choices(string.digits, k=length))
            assert sure(recognise(number)) is None, number

    @pytest.mark.parametrize("number", ["000000000000", "000000000000000", "0" * 20, "0" * 34])
    def test_nothing_but_zeros_is_never_valid(self, number: str) -> None:
        assert {one.checksum for one in recognise(number)} <= {Verdict.INVALID, Verdict.NONE}


class TestNarrowing:
    def test_a_restriction_leaves_the_others_out_and_trusts_the_rest_more(self) -> None:
        (free,) = [one for one in recognise("986578788855") if one.carrier == "fedex"]
        (fedex,) = recognise("986578788855", carriers={"fedex", "dhl"})

        assert (free.confidence, fedex.confidence) == (0.496, 0.909)

    def test_a_restriction_to_nobody_names_nobody(self) -> None:
        assert recognise(UPS, carriers=set()) == []

    def test_contracted_carriers_come_first_without_shutting_out_the_others(self) -> None:
        assert names("287809468872", contracted={"purolator"})[:2] == ["purolator", "fedex"]

    def test_even_a_contract_makes_fourteen_digits_no_sure_thing(self) -> None:
        for how in ({"contracted": {"dhl"}}, {"carriers": {"dhl"}}):
            assert sure(recognise("60120172242323", **how)) is None  # type: ignore[arg-type]


class TestLearning:
    NUMBER = "55120123456789"

    def test_what_staff_said_raises_a_carrier_and_more_so_each_time(self) -> None:
        seen = [
            next(
                (one.confidence for one in recognise(self.NUMBER, learnt={"gofo": times})),
                None,
            )
            for times in (1, 3, 9)
        ]

        assert seen == [0.5, 0.75, 0.9]

    def test_a_carrier_known_by_staff_alone_is_listed_as_learnt(self) -> None:
        first = recognise(self.NUMBER, learnt={"gofo": 9})[0]

        assert first == Candidate(
            carrier="gofo", format="learnt", confidence=0.9, checksum=Verdict.NONE
        )

    def test_a_wrong_check_digit_is_never_learnt_away(self) -> None:
        (found,) = recognise("1Z999AA10123456785", learnt={"ups": 50})

        assert (found.checksum, found.confidence) == (Verdict.INVALID, 0.3)

    def test_a_restriction_holds_for_what_was_learnt(self) -> None:
        assert names(self.NUMBER, learnt={"gofo": 9}, carriers={"dhl"}) == ["dhl"]


class TestSure:
    @pytest.mark.parametrize(
        ("confidences", "verdict", "is_sure"),
        [
            ([0.99], Verdict.VALID, True),
            ([0.8], Verdict.NONE, True),
            ([0.79], Verdict.VALID, False),
            ([0.9, 0.71], Verdict.VALID, False),
            ([0.9, 0.7], Verdict.VALID, True),
            ([0.9], Verdict.INVALID, False),
            ([], Verdict.NONE, False),
        ],
    )
    def test_wants_a_high_first_and_no_rival(
        self, confidences: list[float], verdict: Verdict, is_sure: bool
    ) -> None:
        ranked = [
            Candidate(carrier=f"c{place}", format="f", confidence=confidence, checksum=verdict)
            for place, confidence in enumerate(confidences)
        ]

        assert sure(ranked) == (ranked[0] if is_sure else None)


class TestShape:
    @pytest.mark.parametrize(
        ("number", "expected"),
        [
            ("7312 0123 4567 89", "14:731:D14"),
            ("yt1234567890123", "15:YT1:A2D13"),
            (UPS, "18:1Z9:D1A1D3A2D11"),
            ("", ""),
            ("运单", ""),
        ],
    )
    def test_says_what_numbers_of_a_series_share(self, number: str, expected: str) -> None:
        assert shape(number) == expected

    @given(st.text(alphabet=string.ascii_letters + string.digits, max_size=64))
    def test_fits_its_column(self, number: str) -> None:
        assert len(shape(number)) <= 40


NOISE = st.text(alphabet=" -\t.\u3000\u00a0\u200b–_/", max_size=5)


class TestAnyText:
    @given(st.text(max_size=1200))
    def test_never_raises_and_stays_within_bounds(self, text: str) -> None:
        ranked = recognise(text)

        assert all(0 <= one.confidence <= 0.99 for one in ranked)
        assert ranked == sorted(ranked, key=lambda one: -one.confidence)
        assert len({one.carrier for one in ranked}) == len(ranked)
        assert sum(one.confidence for one in ranked) <= 1.01

    @given(st.text(alphabet=string.ascii_uppercase + string.digits, min_size=4, max_size=40))
    def test_takes_any_letters_and_digits(self, number: str) -> None:
        assert all(one.confidence <= 0.3 for one in recognise(number) if one.checksum == "invalid")

    @given(st.sampled_from(sorted(EXAMPLES.values())), st.data())
    def test_formatting_never_changes_the_answer(self, number: str, data: st.DataObject) -> None:
        typed = "".join(
            data.draw(NOISE)
            + data.draw(st.sampled_from([one, one.lower(), chr(ord(one) + 0xFEE0)]))
            for one in number
        )

        assert squeeze(typed) == number
        assert recognise(typed) == recognise(number)
