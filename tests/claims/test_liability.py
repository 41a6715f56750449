"""What carriers owe by their published terms: every row we know, and what always holds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims import liability, liability_terms
from claims.contract_defaults import ROWS, Row
from claims.liability import Facts, Rate
from claims.liability_terms import Bad
from portal.lib.money import Money

NOVEMBER = date(2024, 11, 1)
SDR = {"XDR": Rate(Decimal("1.31"), NOVEMBER)}
MAY_2023, MAY_2024, EVE, DAY = (
    date(2023, 5, 1), date(2024, 5, 1), date(2024, 12, 27), date(2024, 12, 28),
)  # fmt: skip


def row(code: str, on: date = date(2026, 1, 5)) -> Row:
    """Return the version of published terms that holds for what is shipped on a day."""
    (found,) = [
        row
        for row in ROWS
        if row.code == code
        and row.valid_from <= on
        and (row.valid_until is None or on < row.valid_until)
    ]
    return found


def money(text: str) -> Money:
    """Read ``250 USD`` as money."""
    sum_, currency = text.split()
    return Money(int(Decimal(sum_).scaleb(2)), currency)


def answer(code: str, loss: str, *, on: date = date(2026, 1, 5), **known: Any) -> liability.Answer:
    """Reckon a loss by published terms; sums are written ``12 CNY``."""
    sums = {"cost", "value", "declared", "insured", "freight"}
    facts: dict[str, Any] = {"event": "lost", "rates": SDR, "goods": frozenset({"ordinary"})}
    facts |= {name: money(value) if name in sums else value for name, value in known.items()}
    facts["circumstances"] = frozenset(facts.get("circumstances", ()))
    return liability.owed(row(code, on).terms, Facts(loss=money(loss), **facts))


NOTHING = {"declared": "0 USD"}
GOLDEN: list[tuple[str, str, dict[str, Any], str]] = [
    # code                 loss          facts                                      owed
    # UPS, United States
    ("ups-us",             "250 USD",    {"declared": "0 USD"},                     "100 USD"),
    ("ups-us",             "60 USD",     {"declared": "0 USD"},                     "60 USD"),
    ("ups-us",             "200 USD",    {"declared": "500 USD"},                   "200 USD"),
    ("ups-us",             "800 USD",    {"declared": "500 USD"},                   "500 USD"),
    ("ups-us",             "200 USD",    {"declared": "500 USD", "event": "damaged",
                                          "circumstances": ["bad_packing"]},        "0 USD"),
    ("ups-us",             "200 USD",    {"declared": "500 USD", "event": "other"}, "0 USD"),
    # UPS from elsewhere
    ("ups-international",  "250 USD",    {"declared": "0 USD"},                     "100 USD"),
    ("ups-international",  "400 USD",    {"declared": "300 USD"},                   "300 USD"),
    ("ups-international",  "400 USD",    {"declared": "300 USD",
                                          "circumstances": ["unpaid_freight"]},     "0 USD"),
    # FedEx, United States
    ("fedex-us",           "250 USD",    {"declared": "0 USD"},                     "100 USD"),
    ("fedex-us",           "200000 USD", {"declared": "150000 USD"},                "100000 USD"),
    ("fedex-us",           "5000 USD",   {"declared": "5000 USD",
                                          "goods": frozenset({"jewellery"})},       "1000 USD"),
    ("fedex-us-ground",    "5000 USD",   {"declared": "5000 USD",
                                          "goods": frozenset({"jewellery"})},       "100 USD"),
    ("fedex-us-ground",    "5000 USD",   {"declared": "5000 USD"},                  "5000 USD"),
    # USPS
    ("usps-us",            "250 USD",    {"insured": "0 USD"},                      "100 USD"),
    ("usps-us",            "250 USD",    {"insured": "200 USD"},                    "200 USD"),
    ("usps-us",            "150 USD",    {"insured": "200 USD"},                    "150 USD"),
    ("usps-us",            "9000 USD",   {"insured": "9000 USD"},                   "5000 USD"),
    ("usps-us-express",    "250 USD",    {"insured": "0 USD"},                      "100 USD"),
    ("usps-us-registered", "60000 USD",  {"insured": "60000 USD"},                  "50000 USD"),
    ("usps-us-registered", "60 USD",     {"insured": "0 USD"},                      "0 USD"),
    # Royal Mail
    ("royalmail-account",  "60 GBP",     {"on": MAY_2023},                          "50 GBP"),
    ("royalmail-account",  "60 GBP",     {"on": MAY_2024},                          "60 GBP"),
    ("royalmail-account",  "200 GBP",    {"on": MAY_2024},                          "150 GBP"),
    ("royalmail-account",  "60 GBP",     {"circumstances": ["untracked"]},          "0 GBP"),
    ("royalmail-special-delivery", "900 GBP", {"insured": "0 GBP"},                 "500 GBP"),
    ("royalmail-special-delivery", "900 GBP", {"insured": "1000 GBP"},              "900 GBP"),
    ("royalmail-special-delivery", "3000 GBP", {"insured": "2500 GBP"},             "2500 GBP"),
    ("royalmail-untracked", "60 GBP",    {},                                        "0 GBP"),
    ("royalmail-retail",   "60 GBP",     {},                                        "20 GBP"),
    ("royalmail-signed-for", "60 GBP",   {},                                        "50 GBP"),
    # DHL
    ("dhl-parcel-uk",      "100 GBP",    {"cost": "64.20 GBP"},                     "64.20 GBP"),
    ("dhl-parcel-uk",      "100 GBP",    {"cost": "120 GBP"},                       "100 GBP"),
    ("dhl-express",        "500 XDR",    {"grams": 2_400, "insured": "0 XDR"},      "45.60 XDR"),
    ("dhl-express",        "500 USD",    {"grams": 2_400, "insured": "400 USD"},    "400 USD"),
    ("dhl-express-road",   "500 XDR",    {"grams": 2_400, "insured": "0 XDR"},      "19.99 XDR"),
    ("dhl-express-cn",     "500 CNY",    {"grams": 2_400, "insured": "0 CNY"},      "48 CNY"),
    # DPD, Evri
    ("dpd-uk",             "140 GBP",    {},                                        "100 GBP"),
    ("dpd-uk",             "140 GBP",    {"goods": frozenset({"glass"})},           "0 GBP"),
    ("evri",               "25 GBP",     {},                                        "20 GBP"),
    ("evri",               "25 GBP",     {"goods": frozenset({"ceramic"})},         "0 GBP"),
    # Canada Post
    ("canadapost",         "130 CAD",    {"declared": "0 CAD"},                     "100 CAD"),
    ("canadapost",         "130 CAD",    {"declared": "120 CAD"},                   "120 CAD"),
    ("canadapost",         "80 CAD",     {"declared": "120 CAD"},                   "80 CAD"),
    ("canadapost",         "80 CAD",     {"declared": "0 CAD", "event": "damaged",
                                          "goods": frozenset({"ceramic"})},         "0 CAD"),
    ("canadapost",         "80 CAD",     {"declared": "0 CAD",
                                          "goods": frozenset({"ceramic"})},         "80 CAD"),
    ("canadapost",         "130 CAD",    {"declared": "0 CAD",
                                          "goods": frozenset({"perishable"})},      "100 CAD"),
    # Law and conventions
    ("air-montreal",       "500 XDR",    {"grams": 2_400, "on": DAY},               "62.40 XDR"),
    ("air-montreal",       "500 USD",    {"grams": 2_400, "on": DAY},               "81.74 USD"),
    ("air-montreal",       "500 XDR",    {"grams": 2_400, "on": EVE},               "52.80 XDR"),
    ("road-cmr",           "500 XDR",    {"grams": 2_400},                          "19.99 XDR"),
    ("sea",                "900 XDR",    {"grams": 2_400},                          "666.67 XDR"),
    ("sea",                "9000 XDR",   {"grams": 2_400, "parcels": 2},            "1333.34 XDR"),
    ("sea",                "9000 XDR",   {"grams": 500_000},                        "1000 XDR"),
    # China
    ("chinapost",          "800 CNY",    {"event": "damaged", "insured": "3000 CNY",
                                          "value": "5000 CNY"},                     "480 CNY"),
    ("chinapost",          "5000 CNY",   {"insured": "3000 CNY", "value": "5000 CNY",
                                          "is_total": True},                        "3000 CNY"),
    ("chinapost",          "200 CNY",    {"insured": "0 CNY", "freight": "12 CNY"}, "36 CNY"),
    ("chinapost",          "30 CNY",     {"insured": "0 CNY", "freight": "12 CNY"}, "30 CNY"),
    ("chinapost",          "200 CNY",    {"insured": "0 CNY", "freight": "12 CNY",
                                          "circumstances": ["force_majeure"]},      "0 CNY"),
    ("chinapost",          "5000 CNY",   {"insured": "3000 CNY", "value": "5000 CNY",
                                          "circumstances": ["force_majeure"]},      "3000 CNY"),
    ("chinapost",          "200 CNY",    {"insured": "0 CNY", "freight": "12 CNY",
                                          "circumstances": ["gross_negligence"]},   "200 CNY"),
    ("chinapost",          "200 CNY",    {"insured": "0 CNY", "freight": "12 CNY",
                                          "circumstances": ["not_notified"]},       "200 CNY"),
    ("chinapost-abroad",   "200 CNY",    {"insured": "0 CNY", "freight": "90 CNY"}, "200 CNY"),
    ("sf",                 "1000 CNY",   {"event": "damaged", "insured": "2000 CNY",
                                          "value": "8000 CNY"},                     "250 CNY"),
    ("sf",                 "8000 CNY",   {"insured": "2000 CNY", "value": "8000 CNY"}, "2000 CNY"),
    ("sf-high-value",      "30000 CNY",  {"insured": "40000 CNY"},                  "30000 CNY"),
    ("sf-high-value",      "30000 CNY",  {"insured": "40000 CNY",
                                          "goods": frozenset({"jade"})},            "0 CNY"),
    # Programmes
    ("walmart-sww",        "120 USD",    {},                                        "100 USD"),
    ("walmart-sww",        "120 USD",    {"event": "damaged"},                      "0 USD"),
    ("route",              "431.20 USD", {},                                        "431.20 USD"),
    ("route-abroad",       "431.20 USD", {"event": "damaged"},                      "431.20 USD"),
    ("loop-seel",          "6000 USD",   {},                                        "5000 USD"),
    ("loop-seel",          "60 USD",     {"event": "damaged",
                                          "circumstances": ["cosmetic"]},           "0 USD"),
    ("loop-seel-abroad",   "60 USD",     {},                                        "60 USD"),
    ("amazon-a-to-z",      "780 USD",    {},                                        "780 USD"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "loss", "facts", "owed"),
    GOLDEN,
    ids=[f"{code}-{loss}-{n}" for n, (code, loss, _f, _o) in enumerate(GOLDEN)],
)
def test_published_terms_pay(code: str, loss: str, facts: dict[str, Any], owed: str) -> None:
    found = answer(code, loss, **facts)

    assert (found.low, found.high) == (money(owed).minor, money(owed).minor)
    assert found.missing == ()
    assert found.currency == money(owed).currency


def test_every_published_row_has_a_vector() -> None:
    untested = {row.code for row in ROWS} - {code for code, *_rest in GOLDEN}

    # These two answer with a range; they have tests of their own.
    assert untested == {"fedex-eu", "cn-express"}


class TestFedExInEurope:
    RATES = SDR | {"EUR": Rate(Decimal("1.08"), NOVEMBER)}

    @pytest.mark.parametrize(
        ("grams", "loss", "on", "owed"),
        [
            (2_400, "500 USD", DAY, "100 USD"),  # 57.02 by weight, 81.74 by treaty, 100 flat
            (6_000, "500 USD", DAY, "204.36 USD"),  # 142.56 by weight; the treaty is higher
            (6_000, "500 USD", EVE, "172.92 USD"),  # the treaty was lower the day before
            (6_000, "90 USD", DAY, "90 USD"),
        ],
    )
    def test_pays_the_highest_of_three(self, grams: int, loss: str, on: date, owed: str) -> None:
        found = answer("fedex-eu", loss, on=on, grams=grams, rates=self.RATES)

        assert (found.low, found.high) == (money(owed).minor, money(owed).minor)

    def test_says_each_of_the_three_in_its_own_currency(self) -> None:
        found = answer("fedex-eu", "500 USD", on=DAY, grams=2_400, rates=self.RATES)

        told = " ".join(step.en for step in found.steps)
        assert "2.4 kg at €22.00 a kilogram make €52.80." in told
        assert "The limit is $100.00." in told
        assert "2.4 kg at 26.00 SDR a kilogram make 62.40 SDR." in told
        assert "62.40 SDR is $81.74, at 1.31 USD for one SDR as of 2024-11-01." in told

    def test_without_a_rate_tells_what_is_sure(self) -> None:
        found = answer("fedex-eu", "500 USD", on=DAY, grams=2_400)

        assert (found.low, found.high, found.missing) == (10_000, 50_000, ("rate",))


class TestLateness:
    @pytest.mark.parametrize(
        ("code", "on", "minutes", "circumstances", "owed"),
        [
            ("ups-us", date(2022, 6, 1), 1, [], 1_899),
            ("ups-us", date(2022, 6, 1), 0, [], 0),
            ("ups-us", date(2022, 6, 1), 90, ["weather"], 0),
            ("ups-us", date(2023, 1, 1), 90, [], 0),  # suspended from that day
            ("fedex-us", date(2022, 12, 31), 1, [], 1_899),
            ("fedex-us", date(2023, 1, 1), 1, [], 0),
            ("canadapost", date(2026, 1, 5), 600, [], 1_899),
            ("royalmail-special-delivery", date(2026, 1, 5), 5, [], 1_899),
            ("dhl-express", date(2026, 1, 5), 5, [], 1_899),
            ("usps-us", date(2026, 1, 5), 9_999, [], 0),
        ],
    )
    def test_brings_the_freight_back_where_it_is_promised(
        self, code: str, on: date, minutes: int, circumstances: list[str], owed: int
    ) -> None:
        found = answer(
            code, "5 USD", on=on, event="delayed", late_minutes=minutes, freight="18.99 USD",
            circumstances=circumstances,
        )  # fmt: skip

        assert (found.low, found.high) == (owed, owed)

    def test_of_unknown_length_is_not_guessed(self) -> None:
        found = answer("canadapost", "5 CAD", event="delayed", freight="18.99 CAD")

        assert (found.low, found.high, found.missing) == (0, 1_899, ("late",))

    def test_of_an_unknown_freight_has_no_upper_end(self) -> None:
        found = answer("canadapost", "5 CAD", event="delayed", late_minutes=600)

        assert (found.low, found.high, found.missing) == (0, None, ("freight",))
        assert found.total.en == "How much cannot be told."

    def test_over_the_counter_pays_a_sum_nobody_names(self) -> None:
        early = answer("royalmail-retail", "5 GBP", event="delayed", late_minutes=4_319)
        late = answer("royalmail-retail", "5 GBP", event="delayed", late_minutes=4_320)

        assert (early.low, early.high) == (0, 0)
        assert (late.low, late.high, late.missing) == (0, 500, ("law",))


class TestUnknown:
    @pytest.mark.parametrize(
        ("code", "loss", "known", "low", "high", "missing"),
        [
            ("ups-us", "250 USD", {}, 10_000, 25_000, "declared"),
            ("canadapost", "250 CAD", {}, 0, 25_000, "declared"),
            ("usps-us", "9000 USD", {}, 0, 500_000, "insured"),
            ("air-montreal", "250 USD", {}, 0, 25_000, "weight"),
            ("dhl-parcel-uk", "250 GBP", {}, 0, 25_000, "cost"),
            ("chinapost", "250 CNY", {"insured": "0 CNY"}, 0, 25_000, "freight"),
            ("chinapost", "250 CNY", {"freight": "12 CNY"}, 0, 25_000, "insured"),
            (
                "chinapost", "800 CNY", {"insured": "300 CNY", "event": "damaged"},
                0, 30_000, "value",
            ),
            ("evri", "15 GBP", {"goods": None}, 0, 1_500, "goods"),
            ("evri", "15 GBP", {"goods": frozenset({"glass", "ordinary"})}, 0, 1_500, "goods"),
            ("air-montreal", "250 EUR", {"grams": 2_400, "rates": {}}, 0, 25_000, "rate"),
            ("sf", "250 CNY", {"insured": "0 CNY"}, 0, 25_000, "law"),
            ("cn-express", "250 CNY", {"insured": "0 CNY"}, 0, 25_000, "law"),
            ("cn-express", "250 CNY", {"insured": "100 CNY"}, 0, 10_000, "law"),
        ],
    )  # fmt: skip
    def test_is_answered_by_the_least_and_the_most(
        self, code: str, loss: str, known: dict[str, Any], low: int, high: int, missing: str
    ) -> None:
        found = answer(code, loss, **known)

        assert (found.low, found.high) == (low, high)
        assert missing in found.missing
        assert not found.is_known
        assert found.total.en.startswith("How much cannot be told")
        assert found.total.zh.startswith("无法得出")

    def test_that_changes_nothing_is_not_asked_for(self) -> None:
        found = answer("ups-us", "60 USD")

        assert (found.low, found.high, found.missing) == (6_000, 6_000, ())

    def test_kind_of_goods_below_their_own_limit_is_not_asked_for(self) -> None:
        found = answer("fedex-us", "250 USD", declared="300 USD", goods=None)

        assert (found.low, found.high, found.missing) == (25_000, 25_000, ())


class TestMoney:
    @pytest.mark.parametrize(
        ("minor", "currency", "permitted", "owed"),
        [(9_999, "JPY", "150.9", 150), (999_999, "KWD", "12.3456", 12_345)],
    )
    def test_has_as_many_decimals_as_the_currency(
        self, minor: int, currency: str, permitted: str, owed: int
    ) -> None:
        terms = {"rule": {"kind": "flat", "amount": permitted, "currency": currency}}

        found = liability.owed(terms, Facts(event="lost", loss=Money(minor, currency)))

        assert (found.low, found.high) == (owed, owed)

    def test_is_cut_never_rounded_up(self) -> None:
        terms = {"rule": {"kind": "per_kg", "amount": "19.999", "currency": "USD"}}

        found = liability.owed(terms, Facts(event="lost", loss=Money(9_999, "USD"), grams=1_000))

        assert (found.low, found.high) == (1_999, 1_999)

    def test_converts_between_currencies_of_unlike_decimals(self) -> None:
        terms = {"rule": {"kind": "flat", "amount": "100", "currency": "USD"}}
        rates = {"USD": Rate(Decimal("149.55"), NOVEMBER)}

        found = liability.owed(terms, Facts(event="lost", loss=Money(99_999, "JPY"), rates=rates))

        assert found.low == found.high == 14_955


class TestPriceOfCover:
    @pytest.mark.parametrize(
        ("code", "cover", "price"),
        [
            ("sf", "1000 CNY", "8 CNY"),
            ("sf", "100 CNY", "2 CNY"),  # the minimum
            ("sf-high-value", "30000 CNY", "150 CNY"),
            ("dhl-express", "700 USD", "9.80 USD"),
            ("dhl-express", "700.01 USD", "11.20 USD"),
            ("dhl-express", "900 USD", "12.60 USD"),
        ],
    )
    def test_follows_the_tariff(self, code: str, cover: str, price: str) -> None:
        fee = row(code).fee
        assert fee is not None

        assert liability.price_of_cover(fee, money(cover)) == money(price)

    def test_is_not_told_in_another_currency(self) -> None:
        fee = row("sf").fee
        assert fee is not None

        assert liability.price_of_cover(fee, money("100 USD")) is None


# --- What always holds ----------------------------------------------------------

AMOUNTS = st.decimals(min_value=0, max_value=5_000, places=2).map(str)
SUMS = st.fixed_dictionaries(
    {"amount": AMOUNTS, "currency": st.sampled_from(["USD", "XDR", "EUR"])}
)
LEAVES = st.one_of(
    SUMS.map(lambda s: {"kind": "flat", **s}),
    SUMS.map(lambda s: {"kind": "flat", "per": "parcel", **s}),
    SUMS.map(lambda s: {"kind": "per_kg", **s}),
    AMOUNTS.map(lambda a: {"kind": "freight_multiple", "times": a}),
    st.sampled_from(
        [
            {"kind": "none"}, {"kind": "actual"}, {"kind": "open"}, {"kind": "declared_value"},
            {"kind": "declared_value", "by": "insured"}, {"kind": "proportional_underinsurance"},
        ]
    ),
)  # fmt: skip


def _grown(nodes: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(nodes, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda rules: {"kind": "max_of", "rules": rules}),
        several.map(lambda rules: {"kind": "min_of", "rules": rules}),
        nodes.map(lambda rule: {"kind": "cost_basis", "rule": rule}),
        nodes.map(lambda rule: {"kind": "loss_only", "rule": rule}),
        st.tuples(nodes, nodes).map(
            lambda pair: {"kind": "statutory_floor", "rule": pair[0], "floor": pair[1]}
        ),
        nodes.map(lambda rule: {"kind": "proportional_underinsurance", "otherwise": rule}),
    )


RULES = st.recursive(LEAVES, _grown, max_leaves=5)
TERMS = st.fixed_dictionaries(
    {"rule": RULES},
    optional={
        "exempt": st.sampled_from(
            [{"force_majeure": "unless_insured"}, {"force_majeure": "always"}]
        ),
        "lifts_cap": st.just(["gross_negligence"]),
        "items": st.sampled_from(
            [
                [{"goods": ["glass"], "effect": "none"}],
                [{"goods": ["glass"], "effect": "loss_only"}],
                [{"goods": ["glass"], "effect": "capped", "amount": "9.99", "currency": "USD"}],
            ]
        ),
    },
)
MAYBE = st.none() | st.integers(0, 400_000).map(lambda minor: Money(minor, "USD"))
KNOWN = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["lost", "damaged", "missing"]),
        "cost": MAYBE,
        "value": st.none() | st.integers(400_000, 900_000).map(lambda minor: Money(minor, "USD")),
        "declared": MAYBE,
        "insured": MAYBE,
        "freight": MAYBE,
        "is_total": st.booleans(),
        "grams": st.none() | st.integers(1, 90_000),
        "parcels": st.integers(1, 3),
        "goods": st.sampled_from(
            [None, frozenset({"glass"}), frozenset({"ordinary"}), frozenset({"glass", "ordinary"})]
        ),
        "circumstances": st.sets(st.sampled_from(["force_majeure", "gross_negligence"])).map(
            frozenset
        ),
        "rates": st.sampled_from([{}, SDR, SDR | {"EUR": Rate(Fraction(27, 25), NOVEMBER)}]),
    }
)


class TestAlways:
    @given(terms=TERMS, known=KNOWN, loss=st.integers(0, 400_000))
    def test_owed_is_never_above_the_loss_nor_below_nothing(
        self, terms: Any, known: dict[str, Any], loss: int
    ) -> None:
        liability_terms.check(terms)

        found = liability.owed(terms, Facts(loss=Money(loss, "USD"), **known))

        assert found.high is not None
        assert 0 <= found.low <= found.high <= loss
        assert found.is_known or found.missing
        assert sum(part.low for part in found.parts) == found.low

    @given(
        terms=TERMS, known=KNOWN, losses=st.tuples(st.integers(0, 400_000), st.integers(0, 400_000))
    )
    def test_a_higher_loss_never_brings_less(
        self, terms: Any, known: dict[str, Any], losses: tuple[int, int]
    ) -> None:
        less, more = (
            liability.owed(terms, Facts(loss=Money(loss, "USD"), **known))
            for loss in sorted(losses)
        )

        assert less.low <= more.low
        assert (less.high or 0) <= (more.high or 0)

    @given(cap=st.integers(0, 300_000), loss=st.integers(0, 400_000), grams=st.integers(1, 90_000))
    def test_owed_is_never_above_a_limit(self, cap: int, loss: int, grams: int) -> None:
        written = str(Decimal(cap).scaleb(-2))
        flat = {"rule": {"kind": "flat", "amount": written, "currency": "USD"}}
        by_weight = {"rule": {"kind": "per_kg", "amount": written, "currency": "USD"}}
        facts = Facts(event="lost", loss=Money(loss, "USD"), grams=grams)

        assert liability.owed(flat, facts).high == min(cap, loss)
        assert (liability.owed(by_weight, facts).high or 0) <= Fraction(cap * grams, 1000)

    @given(terms=TERMS, known=KNOWN, loss=st.integers(0, 400_000), data=st.data())
    def test_knowing_more_stays_within_what_was_said(
        self, terms: Any, known: dict[str, Any], loss: int, data: st.DataObject
    ) -> None:
        before = liability.owed(terms, Facts(loss=Money(loss, "USD"), **known))
        sums = st.integers(1, 400_000).map(lambda minor: Money(minor, "USD"))
        learnt = dict(known)
        for name in ("declared", "insured", "freight"):
            learnt[name] = known[name] if known[name] is not None else data.draw(sums)
        learnt["grams"] = known["grams"] or data.draw(st.integers(1, 90_000))

        after = liability.owed(terms, Facts(loss=Money(loss, "USD"), **learnt))

        assert before.low <= after.low
        assert (after.high or 0) <= (before.high or 0)


class TestTerms:
    @pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code}@{row.valid_from}")
    def test_that_are_published_can_be_reckoned_with(self, row: Row) -> None:
        liability_terms.check(row.terms)

    @pytest.mark.parametrize(
        ("terms", "problem"),
        [
            ([], "The terms are an object with at least a “rule”."),
            ({}, "The terms need a “rule”."),
            ({"rule": "flat"}, "rule is an object with a “kind”."),
            ({"rule": {"kind": "flatt"}}, "“flatt” is no kind of rule"),
            ({"rule": {"kind": "flat", "currency": "USD"}}, "rule needs “amount”."),
            ({"rule": {"kind": "flat", "amount": "1", "currency": "usd"}}, "three capital letters"),
            ({"rule": {"kind": "flat", "amount": 1.5, "currency": "USD"}}, "written as text"),
            ({"rule": {"kind": "flat", "amount": "NaN", "currency": "USD"}}, "written as text"),
            ({"rule": {"kind": "flat", "amount": "1e99", "currency": "USD"}}, "written as text"),
            ({"rule": {"kind": "flat", "amount": "-1", "currency": "USD"}}, "written as text"),
            ({"rule": {"kind": "flat", "amount": True, "currency": "USD"}}, "written as text"),
            ({"rule": {"kind": "none"}, "excempt": {}}, "“excempt” is not known"),
            ({"rule": {"kind": "none", "amount": "1"}}, "“amount” is not known"),
            ({"rule": {"kind": "max_of", "rules": [{"kind": "none"}]}}, "2 to 12 rules"),
            ({"rule": {"kind": "none"}, "exempt": {"fire": "always"}}, "“fire” is not known"),
            ({"rule": {"kind": "none"}, "exempt": {"weather": "often"}}, "one of: always"),
            ({"rule": {"kind": "none"}, "covers": ["theft"]}, "covers is a list of some of"),
            ({"rule": {"kind": "none"}, "covers": [["lost"]]}, "covers is a list of some of"),
            ({"rule": {"kind": "none"}, "items": [{"goods": ["glass"]}]}, "items.1 needs “effect”"),
            (
                {"rule": {"kind": "none"}, "items": [{"goods": ["glass"], "effect": "capped"}]},
                "items.1 needs “amount”",
            ),
            (
                {"rule": {"kind": "none"}, "delay": {"pays": "freight", "percent": "101"}},
                "0 to 100",
            ),
            ({"rule": {"kind": "none"}, "delay": {"pays": "gold"}}, "delay.pays is one of"),
            ({"rule": {"kind": "none"}, "surrender": "yes"}, "surrender is true or false"),
        ],
    )
    def test_that_cannot_be_meant_are_refused_with_a_sentence(
        self, terms: Any, problem: str
    ) -> None:
        with pytest.raises(Bad) as refused:
            liability_terms.check(terms)

        assert any(problem in sentence for sentence in refused.value.problems)

    def test_too_deep_are_refused(self) -> None:
        node: Any = {"kind": "none"}
        for _level in range(2_000):
            node = {"kind": "loss_only", "rule": node}

        with pytest.raises(Bad, match="too deep"):
            liability_terms.check({"rule": node})
