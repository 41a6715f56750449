"""
What USPS's plain tool writes: each event in one sentence, with its day, its hour and its place.

The newest event is told ("Your item was delivered at 2:16 pm on October 12, 2013 in BROOKLYN, NY
11201."), the older ones are listed ("Acceptance, October 12, 2013, 6:26 am, BROOKLYN, NY 11201");
the oldest bodies leave the year out, and then nobody knows the day.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tracking.carriers.usps import codes, scanning

_DAY = r"(?P<day>[A-Z][a-z]+ \d\d?(?:, \d{4})?)"
_HOUR = r"(?P<hour>\d\d?:\d\d [ap]\.?m\.?)"
TOLD = re.compile(
    rf"(?P<words>.+?)(?: at {_HOUR})? on {_DAY}(?: (?:in|at) (?P<where>.+?))?"
    r"(?:\.(?: .*)?|,? (?:and|to) .*)?"
)
LISTED = re.compile(rf"(?P<words>.+?), {_DAY}(?:, {_HOUR})?(?:, (?P<where>.+?))?\.?")
UNDATED = re.compile(rf"{_DAY} {_HOUR} (?P<words>[A-Z].+?)\.?")
"""Without a year, and with the place run on to the name."""
WHERE = re.compile(r"(?P<city>.+?),? (?P<state>[A-Z]{2})(?: (?P<postcode>\d{5}(?:-\d{4})?))?")


class Told(NamedTuple):
    """What one sentence tells."""

    words: str
    local: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""


def is_silence(words: str) -> bool:
    """Test for the sentence that says there is nothing to tell."""
    return codes.SILENCE.search(words) is not None


def read(sentence: str) -> Told:
    """Return what happened, when and where; a sentence of another make is told as it stands."""
    found = UNDATED.fullmatch(sentence)
    if found:
        return _undated(found["words"])
    found = LISTED.fullmatch(sentence) or TOLD.fullmatch(sentence)
    if found is None:
        return Told(sentence)
    day, hour = scanning.day_of(found["day"]), scanning.hour_of(found["hour"] or "")
    where = found["where"] or ""
    place = WHERE.fullmatch(where)
    return Told(
        found["words"],
        local=f"{day}T{hour}" if day and hour else day,
        city=place["city"] if place else where,
        state=place["state"] if place else "",
        postcode=(place["postcode"] or "") if place else "",
    )


def _undated(words: str) -> Told:
    """Part the name of an event from the place behind it, by the names we know."""
    low = words.lower()
    name = max((one for one in codes.BARE if low.startswith(one)), key=len, default="")
    place = WHERE.fullmatch(words[len(name) :].strip()) if name else None
    if place is None:
        return Told(words)
    return Told(
        words[: len(name)],
        city=place["city"],
        state=place["state"],
        postcode=place["postcode"] or "",
    )
