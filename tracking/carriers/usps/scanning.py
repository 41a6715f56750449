"""What USPS's JSON and its old XML have in common: scans, times and errors."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    Meaning,
    country,
    local_time,
    offset,
    place,
    to_utc,
)
from tracking.carriers.usps import codes
from tracking.scans import CarrierError, ErrorKind, Scan
from tracking.states import Handed, OffsetSource
from tracking.states import ParcelStatus as S

STAMP = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?"
    r" ?(?P<zone>Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
WRITTEN = re.compile(r"(?P<month>[A-Z][a-z]+) (?P<day>\d\d?), (?P<year>\d{4})", re.ASCII)
HOUR = re.compile(r"(?P<hour>1[0-2]|0?[1-9]):(?P<minute>[0-5]\d) ?(?P<half>[ap])\.?m\.?", re.ASCII)
HOUR_24 = re.compile(
    r"(?P<clock>[01]\d:[0-5]\d(?::[0-5]\d)?|2[0-3]:[0-5]\d(?::[0-5]\d)?)", re.ASCII
)
MIDNIGHT = "T00:00:00"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
SLACK = timedelta(minutes=1)
"""How far the two clocks of one event may differ: the local one is cut to the minute."""
HOME = "US"
VAGUE = frozenset({S.EXCEPTION, S.ATTEMPT_FAILED})
"""Statuses that leave it open what went wrong."""
HOMELY = frozenset({"US", "USA", "UNITED STATES"})

ERRORS: dict[str, ErrorKind] = {
    "150001": ErrorKind.NOT_FOUND,
    "-2147219301": ErrorKind.NOT_FOUND,
    "-2147219302": ErrorKind.NOT_FOUND,
    "-2147219283": ErrorKind.NOT_FOUND,
    "80040b1a": ErrorKind.AUTH,
    "80040b19": ErrorKind.SCHEMA_DRIFT,
    "invalid_client": ErrorKind.AUTH,
    "invalid_grant": ErrorKind.AUTH,
    "invalid_token": ErrorKind.AUTH,
    "unauthorized_client": ErrorKind.AUTH,
    "invalid_scope": ErrorKind.AUTH,
    "access_denied": ErrorKind.AUTH,
    "invalid_request": ErrorKind.SCHEMA_DRIFT,
    "unsupported_grant_type": ErrorKind.SCHEMA_DRIFT,
    "010005": ErrorKind.SCHEMA_DRIFT,
    "429": ErrorKind.RATE_LIMITED,
}
"""Error code -> kind."""

WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("could not locate", ErrorKind.NOT_FOUND),
    ("not yet available", ErrorKind.NOT_FOUND),
    ("information is not available", ErrorKind.NOT_FOUND),
    ("tracking is not available", ErrorKind.NOT_FOUND),
    ("no record", ErrorKind.NOT_FOUND),
    ("not found", ErrorKind.NOT_FOUND),
    ("not a valid tracking", ErrorKind.INVALID_NUMBER),
    ("invalid tracking", ErrorKind.INVALID_NUMBER),
    ("tracking number is invalid", ErrorKind.INVALID_NUMBER),
    ("tracking number must", ErrorKind.INVALID_NUMBER),
    ("oasvalidation", ErrorKind.SCHEMA_DRIFT),
    ("too many requests", ErrorKind.RATE_LIMITED),
    ("rate limit", ErrorKind.RATE_LIMITED),
    ("spike arrest", ErrorKind.RATE_LIMITED),
    ("quota", ErrorKind.QUOTA_EXHAUSTED),
    ("client application identifier", ErrorKind.AUTH),
    ("authoriz", ErrorKind.AUTH),
    ("authentic", ErrorKind.AUTH),
    ("access token", ErrorKind.AUTH),
)
"""For the rest: words in the message -> kind."""

BY_STATUS = {
    "401": ErrorKind.AUTH,
    "403": ErrorKind.AUTH,
    "404": ErrorKind.NOT_FOUND,
    "400": ErrorKind.SCHEMA_DRIFT,
}
"""The HTTP status USPS repeats in the body -> kind, when words say nothing."""


def day_of(words: str) -> str:
    """Return ``YYYY-MM-DD`` from ``2026-03-05``, a stamp or ``March 5, 2026``, or ""."""
    stamp = STAMP.fullmatch(words)
    if stamp:
        return local_time(stamp["day"])
    found = WRITTEN.fullmatch(words)
    if found is None or found["month"] not in MONTHS:
        return ""
    try:
        month = MONTHS.index(found["month"]) + 1
        return date(int(found["year"]), month, int(found["day"])).isoformat()
    except ValueError:
        return ""


def hour_of(words: str) -> str:
    """Return ``HH:MM:SS`` from ``12:05 am`` or ``00:05``, or "" for anything else."""
    found = HOUR.fullmatch(words.lower())
    if found:
        hour = int(found["hour"]) % 12 + (12 if found["half"] == "p" else 0)
        return time(hour, int(found["minute"])).isoformat()
    whole = HOUR_24.fullmatch(words)
    return time.fromisoformat(whole["clock"]).isoformat() if whole else ""


def stamp(words: str) -> tuple[str, tzinfo | None]:
    """Return the local time in a stamp, and its zone where one is given."""
    found = STAMP.fullmatch(words)
    if found is None:
        return "", None
    return local_time(found["day"], found["time"] or ""), offset(found["zone"] or "")


def moment(local: str, *, gmt: str, gap: str) -> datetime | None:
    """
    Return when an event was, from its local time, its time in GMT and the gap between the two.

    The date in GMT is a day off for some events of an evening, so it is believed only to fill in
    the seconds, or where no gap is given.
    """
    words, _ = stamp(gmt)
    zone, told = offset(gap), to_utc(words, UTC)
    reckoned = to_utc(local, zone) if zone else None
    if reckoned is None:
        return told
    return told if told and abs(told - reckoned) < SLACK else reckoned


def zone_of(state: str) -> tzinfo | None:
    """Return the clock of a state that has only one."""
    name = codes.ZONE.get(state.upper())
    return ZoneInfo(name) if name else None


def window(
    day: str, opens: str, closes: str, *, zone: tzinfo | None
) -> tuple[datetime | None, datetime | None]:
    """Return when a parcel is expected; a day without hours ends at its end."""
    if zone is None or not day:
        return None, None
    return (
        to_utc(f"{day}T{opens}", zone) if opens else None,
        to_utc(f"{day}T{closes or '23:59:59'}", zone),
    )


def scan(
    *,
    local: str,
    occurred_at: datetime | None,
    code: str,
    words: str,
    attribute: str,
    category: str,
    city: str,
    state: str,
    postcode: str,
    land: str,
    sequence: int,
) -> Scan:
    """Return one scan; ``category`` is the parcel's, and given only with its newest event."""
    code = code.upper()
    meaning, is_inferred, is_known = explain(code=code, words=words, category=category)
    if occurred_at is None and local.endswith(MIDNIGHT):
        local = local[:10]
    source = OffsetSource.OFFSET if occurred_at else OffsetSource.UNKNOWN
    is_home = land.upper() in HOMELY or (bool(state or postcode) and not land)
    zone = zone_of(state) if is_home else None
    if occurred_at is None and zone:
        occurred_at = to_utc(local, zone)
        source = OffsetSource.PLACE if occurred_at else source
    nation = HOME if is_home else country(land)
    handed = codes.ATTRIBUTE.get(attribute) or _left(words) or meaning.handed
    return Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=source,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=handed if meaning.status == S.DELIVERED else None,
        raw_code=code[:CODE_LIMIT],
        raw_text=words,
        location=place(city, state, nation or land),
        country=nation,
        sequence=sequence,
        is_physical=_is_physical(meaning, code) if is_known else bool(city),
        is_inferred=is_inferred,
        is_known=is_known,
    )


def _is_physical(meaning: Meaning, code: str) -> bool:
    """Test whether somebody had the parcel in hand."""
    return meaning.status not in {None, S.INFO_RECEIVED} and code not in codes.SYSTEM_MADE


def explain(*, code: str, words: str, category: str = "") -> tuple[Meaning, bool, bool]:
    """Return what an event says, whether words had to be read for it, and whether we know it."""
    name = words.lower()
    exact = codes.NAMED.get(name) or codes.EVENT.get(code)
    bare = _bare(name) if not code and not exact else None
    if bare:
        return bare, True, True
    if exact and (exact.reason or exact.status not in VAGUE):
        return exact, False, True
    phrase = next((phrase for phrase in codes.WORDS if phrase.words.search(words)), None)
    if exact:
        reason = phrase.reason if phrase else None
        return exact._replace(reason=reason), reason is not None, True
    broad = codes.CATEGORY.get(category.replace("-", " ").lower(), NEWS)
    if phrase is None or broad.status not in VAGUE | {None}:
        return broad, False, not code
    if broad.status == S.EXCEPTION:
        return Meaning(phrase.status or S.EXCEPTION, phrase.reason), True, False
    # Words may give a reason; whither the parcel moves is for codes and categories to say.
    return broad._replace(reason=phrase.reason), phrase.reason is not None, False


def _bare(name: str) -> Meaning | None:
    """Return what an event without a code is, by its name or by USPS's sentence."""
    named = codes.BARE.get(name.partition(",")[0])
    return named or next((told for some, told in codes.SENTENCE if some.search(name)), None)


def _left(words: str) -> Handed | None:
    return next((handed for pattern, handed in codes.LEFT if pattern.search(words)), None)


def error(code: str, message: str, *, status: str = "", number: str = "") -> CarrierError:
    """Return an error of USPS's with its kind; ``status`` is the HTTP status in the body."""
    kind = ERRORS.get(code) or ERRORS.get(code.lower())
    if kind is None:
        low = message.lower()
        kind = next((kind for words, kind in WORDS if words in low), None)
    if kind is None:
        kind = BY_STATUS.get(status or code, ErrorKind.TRANSIENT)
    return CarrierError(kind=kind, message=f"{code}: {message}".strip(": ")[:500], number=number)


def unknown(number: str) -> CarrierError:
    """Return the error of a number of which USPS says nothing."""
    return CarrierError(
        kind=ErrorKind.NOT_FOUND, message="USPS knows nothing of this number yet.", number=number
    )
