"""What every letter is made of, and how facts are said."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, pgettext

from portal.lib import dates
from portal.lib.money import Money

Facts = Mapping[str, Any]

SUBJECT_LENGTH = 59


@dataclass(frozen=True, kw_only=True)
class Words:
    """One letter in one language, before it is laid out as text or HTML."""

    subject: str
    heading: str
    about: str
    stamp: str = ""
    """The one date that matters, in a box."""
    says: Sequence[str] = ()
    quote: str = ""
    """The desk's own words, shown as theirs."""
    code: str = ""
    figures: Sequence[tuple[str, str]] = ()
    total: tuple[str, str] | None = None
    button: str = ""
    link: str = ""
    then: str = ""
    why: str = ""


class Frame(TypedDict):
    """What the letters of one family share."""

    about: str
    link: str
    why: str


Builder = Callable[[Facts], Words]


def clean(text: object) -> str:
    """Return text fit for a letter: no controls and noncharacters, which XML cannot carry."""
    return "".join(c for c in str(text) if c in "\n\t" or _is_fit(c)).strip()


def _is_fit(sign: str) -> bool:
    return unicodedata.category(sign) not in {"Cc", "Cs"} and ord(sign) & 0xFFFE != 0xFFFE


def one_line(text: object, *, at_most: int = 0) -> str:
    """Return text on one line, cut with an ellipsis if it is longer than ``at_most``."""
    line = " ".join(clean(text).split())
    return line if not at_most or len(line) <= at_most else line[: at_most - 1].rstrip() + "…"


def together(*sentences: object) -> str:
    """Return sentences as one paragraph: a Chinese full stop brings its own space."""
    said = [str(sentence) for sentence in sentences if sentence]
    return "".join(
        words if last or words.endswith(("。", "？", "！")) else f"{words} "
        for last, words in ((place == len(said), words) for place, words in enumerate(said, 1))
    )


def subject(text: str) -> str:
    """Return a subject line of less than 60 characters that cannot smuggle in a header."""
    return one_line(text, at_most=SUBJECT_LENGTH)


def at(text: str) -> datetime:
    """Read one of the facts' ISO times in the shop's time zone."""
    return timezone.localtime(datetime.fromisoformat(text))


def language() -> str:
    """Return the language the letter is written in."""
    return get_language() or settings.LANGUAGE_CODE


def say_day(text: str) -> str:
    """Say the day of an ISO time: Mon 14 Sep."""
    return dates.day(at(text).date(), language())


def say_when(text: str) -> str:
    """Say an ISO time to the minute with its zone: Mon 14 Sep, 18:00 UTC."""
    moment = at(text)
    return f"{dates.when(moment, language())} {moment.tzname()}"


def say_sum(facts: Facts) -> str:
    """Say the facts' money as the language writes it."""
    return Money(facts["amount_minor"], facts["currency"]).say(language())


def say_list(items: Sequence[object], *, at_most: int = 4) -> str:
    """Join things as the language joins them; what is too many is counted."""
    named = [one_line(item, at_most=80) for item in items]
    extra = len(named) - at_most
    if extra > 0:
        named = [*named[:at_most], f"+{extra}"]
    return pgettext("between things in a list", ", ").join(named)


def working_days_after(day: date, count: int) -> date:
    """Return the day that many working days later; weekends do not count."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day
