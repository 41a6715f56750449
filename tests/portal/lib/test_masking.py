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
