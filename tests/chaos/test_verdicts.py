"""The verdicts of the chaos runs can be bad."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.polling import Carrier, asked_early, most_in, news_lags


def call(at: float, *numbers: str, verdict: str = "served") -> dict[str, Any]:
    return {"at": at, "numbers": list(numbers), "verdict": verdict}


@pytest.mark.parametrize(
    ("times", "seconds", "most"),
    [
        ([], 1, 0),
        ([10.0, 10.9, 11.8], 1, 2),
        ([10.0, 11.0, 12.0], 1, 1),
        ([10.0, 10.1, 10.2, 10.99, 11.05], 1, 4),
        ([86_399.0, 86_401.0], 3600, 2),
        ([86_399.0, 86_401.0], 86_400, 1),
    ],
    ids=["none", "two", "one apart", "any window", "an hour", "midnight"],
)
def test_counts_the_fullest_window(times: list[float], seconds: int, most: int) -> None:
    assert most_in(times, seconds) == most


@pytest.mark.parametrize(
    ("first", "gap", "is_early"),
    [
        ("served", 4.9, True), ("served", 5.0, False), ("hang", 4.9, True), ("garbage", 1.0, True),
        ("busy", 2.0, False), ("error", 2.0, False),
    ],
)  # fmt: skip
def test_knows_a_question_that_comes_too_soon(first: str, gap: float, is_early: bool) -> None:
    calls = [call(100.0, "HX1", "HX2", verdict=first), call(100.0 + gap, "HX2", "HX3")]

    assert bool(asked_early(calls)) is is_early


def test_measures_how_long_news_waited() -> None:
    carrier = Carrier("calm", "", (), scripts={"HX1": [(10.0, "a"), (20.0, "b"), (90.0, "c")]})
    calls = [
        call(9.0, "HX1"), call(13.0, "HX1"), call(22.0, "HX1", verdict="garbage"),
        call(25.0, "HX1"), call(95.0, "HX2"),
    ]  # fmt: skip

    assert news_lags(carrier, calls) == [3.0, 5.0]
