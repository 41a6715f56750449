"""Every published rule reads as sentences, in both languages, without a trace of JSON."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation
from hypothesis import given

from claims import contract_rules, contract_words
from claims.contract_defaults import ROWS, Row
from tests.claims.test_liability import TERMS


def every(row: Row) -> list[str]:
    """Return everything that is said of a row."""
    return [
        *contract_words.terms(row.terms),
        *(contract_words.deadline(line) for line in row.deadlines),
        *contract_words.documents(row.documents),
        contract_words.fee(row.fee),
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code}@{row.valid_from}")
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_published_row_is_said_in_words(row: Row, language: str) -> None:
    with translation.override(language):
        said = every(row)

    assert said[0]
    assert not [sentence for sentence in said if set(sentence) & set("{}_") or "%(" in sentence]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code}@{row.valid_from}")
def test_a_published_row_is_well_formed(row: Row) -> None:
    assert contract_rules.deadline_problems(list(row.deadlines)) == []
    assert contract_rules.document_problems(list(row.documents)) == []
    assert contract_rules.origin_problems(row.origins) == []
    assert row.fee is None or contract_rules.fee_problems(row.fee) == []
    assert row.title[0]
    assert row.title[1]


@given(terms=TERMS)
def test_any_terms_can_be_said(terms: Any) -> None:
    with translation.override("en"):
        assert all(contract_words.terms(terms))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("chinapost", "if nothing was, up to 3 times the freight."),
        ("canadapost", "Up to what was declared; if nothing was, up to CA$100.00."),
        ("dhl-parcel-uk", "What the goods cost us, without profit."),
        ("evri", "Glass, Ceramics: nothing."),
        ("usps-us-registered", "if nothing was, nothing; up to $50,000.00."),
    ],
)
def test_says_what_the_rule_means(code: str, sentence: str) -> None:
    row = next(row for row in ROWS if row.code == code)
    with translation.override("en"):
        assert any(sentence in said for said in every(row))


@pytest.mark.parametrize(
    ("origins", "country", "is_covered"),
    [
        ("", "", True), ("", "US", True), ("US", "US", True), ("US", "DE", False),
        ("US", "", False), ("!US", "DE", True), ("!US", "US", False), ("!US", "", False),
        ("EU GB", "FR", True), ("EU GB", "GB", True), ("EU GB", "CH", False),
        ("!EU", "FR", False), ("!EU", "CN", True),
    ],
)  # fmt: skip
def test_origins_cover_what_they_name(origins: str, country: str, is_covered: bool) -> None:
    assert contract_rules.sends_from(origins, country) is is_covered


@pytest.mark.parametrize(
    "rows",
    [
        {}, ["x"], [{}], [{"step": "file", "anchor": "ship", "unit": "days"}],
        [{"step": "file", "anchor": "ship", "unit": "days", "latest": -1}],
        [{"step": "file", "anchor": "ship", "unit": "days", "latest": True}],
        [{"step": "file", "anchor": "ship", "unit": "weeks", "latest": 1}],
        [{"step": "file", "anchor": "ship", "unit": "days", "latest": 1, "earliest": 2}],
        [{"step": "file", "anchor": "ship", "unit": "days", "latest": 1, "by": "noon"}],
    ],
)  # fmt: skip
def test_deadlines_that_cannot_be_meant_are_refused(rows: Any) -> None:
    assert contract_rules.deadline_problems(rows)
