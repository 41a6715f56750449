"""Days and times as both languages write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from portal.lib import dates

AT = datetime(2026, 9, 14, 18, 0, tzinfo=UTC)


def test_says_a_moment_as_each_language_does() -> None:
    assert dates.when(AT, "en") == "Mon 14 Sep, 18:00"
    assert dates.when(AT, "zh-hans") == "9 月 14 日周一 18:00"
    assert dates.long_day(AT, "en") == "Mon 14 September"
    assert dates.full_day(AT, "en") == "Monday 14 September 2026"
    assert dates.full_day(AT, "zh-hans") == "2026 年 9 月 14 日星期一"


@pytest.mark.parametrize(
    ("first", "last", "english", "chinese"),
    [
        (date(2026, 9, 14), date(2026, 9, 16), "14 to 16 September", "9 月 14 日至 16 日"),
        (
            date(2026, 9, 30),
            date(2026, 10, 2),
            "30 September to 2 October",
            "9 月 30 日至 10 月 2 日",
        ),
        (date(2026, 9, 14), date(2026, 9, 14), "Mon 14 September", "9 月 14 日周一"),
    ],
)
def test_says_a_range_once(first: date, last: date, english: str, chinese: str) -> None:
    assert dates.span(first, last, "en") == english
    assert dates.span(first, last, "zh-hans") == chinese
