"""Days and times as each language writes them; the weekday is always named."""

from __future__ import annotations

from datetime import date, datetime

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAYS_LONG = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_WEEKDAYS_ZH = "一二三四五六日"
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _is_chinese(language: str) -> bool:
    return language.lower().startswith("zh")


def short_day(value: date, language: str) -> str:
    """Say a day without its weekday: ``7 Sep``, ``9 月 7 日``."""
    if _is_chinese(language):
        return f"{value.month} 月 {value.day} 日"
    return f"{value.day} {_MONTHS[value.month - 1][:3]}"


def day(value: date, language: str) -> str:
    """Say a day with its weekday: ``Mon 14 Sep``, ``9 月 14 日周一``."""
    if _is_chinese(language):
        return f"{value.month} 月 {value.day} 日周{_WEEKDAYS_ZH[value.weekday()]}"
    return f"{_WEEKDAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1][:3]}"


def long_day(value: date, language: str) -> str:
    """Say a day for a heading: ``Wed 9 September``, ``9 月 9 日周三``."""
    if _is_chinese(language):
        return day(value, language)
    return f"{_WEEKDAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1]}"


def full_day(value: date, language: str) -> str:
    """Say a day with its year, for people who hear it: ``Monday 14 September 2026``."""
    if _is_chinese(language):
        return f"{value.year} 年 {value.month} 月 {value.day} 日星期{_WEEKDAYS_ZH[value.weekday()]}"
    return f"{_WEEKDAYS_LONG[value.weekday()]} {value.day} {_MONTHS[value.month - 1]} {value.year}"


def month(value: date, language: str, *, is_short: bool = False) -> str:
    """Name the month of a day: ``September``, ``Sep``, ``9 月``."""
    if _is_chinese(language):
        return f"{value.month} 月"
    name = _MONTHS[value.month - 1]
    return name[:3] if is_short else name


def clock(value: datetime) -> str:
    """Say the time of day: ``18:00``."""
    return f"{value.hour:02}:{value.minute:02}"


def when(value: datetime, language: str) -> str:
    """Say a day and a time: ``Mon 14 Sep, 18:00``, ``9 月 14 日周一 18:00``."""
    between = " " if _is_chinese(language) else ", "
    return f"{day(value, language)}{between}{clock(value)}"


def span(first: date, last: date, language: str) -> str:
    """Say a range of days: ``14 to 16 September``, ``9 月 14 日至 16 日``."""
    if (first.year, first.month, first.day) == (last.year, last.month, last.day):
        return long_day(first, language)
    is_one_month = (first.year, first.month) == (last.year, last.month)
    if _is_chinese(language):
        end = f"{last.day} 日" if is_one_month else f"{last.month} 月 {last.day} 日"
        return f"{first.month} 月 {first.day} 日至 {end}"
    start = f"{first.day}" if is_one_month else f"{first.day} {_MONTHS[first.month - 1]}"
    return f"{start} to {last.day} {_MONTHS[last.month - 1]}"
