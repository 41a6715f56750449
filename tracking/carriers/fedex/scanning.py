"""What FedEx's JSON and its old XML have in common: scans, times and errors."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

from tracking.carriers.base import (
    CODE_LIMIT,
    NEWS,
    Meaning,
    country,
    local_time,
    offset,
    place,
    text,
    to_utc,
)
from tracking.carriers.fedex import codes
from tracking.carriers.ups.codes import LEFT_AT
from tracking.scans import CarrierError, ErrorKind, Scan, Snapshot
from tracking.states import Handed, OffsetSource
from tracking.states import ParcelStatus as S

MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?"
    r" ?(?P<zone>Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
MIDNIGHT = "T00:00:00"
EVENT_ID_LIMIT = 80

ERRORS: dict[str, ErrorKind] = {
    "TRACKING.DATA.NOTUNIQUE": ErrorKind.NOT_FOUND,
    "TRACKING.TRACKINGNUMBER.EMPTY": ErrorKind.INVALID_NUMBER,
    "TRACKING.TRACKINGNUMBER.INVALID": ErrorKind.INVALID_NUMBER,
    "TRACKING.REFERENCEVALUE.EMPTY": ErrorKind.INVALID_NUMBER,
    "TRACKING.REFERENCEVALUE.INVALID": ErrorKind.INVALID_NUMBER,
    "TRACKING.TCNVALUE.EMPTY": ErrorKind.INVALID_NUMBER,
    "NOT.AUTHORIZED.ERROR": ErrorKind.AUTH,
    "FORBIDDEN.ERROR": ErrorKind.AUTH,
    "LOGIN.REAUTHENTICATE.ERROR": ErrorKind.AUTH,
    "INTERNAL.SERVER.ERROR": ErrorKind.TRANSIENT,
    "SERVICE.UNAVAILABLE.ERROR": ErrorKind.TRANSIENT,
    "BAD.REQUEST.ERROR": ErrorKind.SCHEMA_DRIFT,
    "NOT.FOUND.ERROR": ErrorKind.SCHEMA_DRIFT,  # the address of the call, not the parcel
    "TRACKING.TRACKINGNUMBERS.LIMITEXCEEDED": ErrorKind.SCHEMA_DRIFT,
    "1000": ErrorKind.AUTH,
    "5508": ErrorKind.INVALID_NUMBER,
    "6330": ErrorKind.TRANSIENT,
    "9040": ErrorKind.NOT_FOUND,
    "9041": ErrorKind.NOT_FOUND,
    "9045": ErrorKind.TRANSIENT,  # "unable to process ... please retry later"
    "9080": ErrorKind.TRANSIENT,
}
"""Error code -> kind; those in digits are the old XML service's."""

FAMILIES: tuple[tuple[str, ErrorKind], ...] = (
    ("NOTFOUND", ErrorKind.NOT_FOUND),
    ("SHIPDATE", ErrorKind.SCHEMA_DRIFT),
    ("RATE.LIMIT", ErrorKind.RATE_LIMITED),
    ("TOO.MANY.REQUESTS", ErrorKind.RATE_LIMITED),
)
"""For codes that are not listed: what is part of them -> kind."""

WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("daily transaction quota", ErrorKind.QUOTA_EXHAUSTED),
    ("quota", ErrorKind.QUOTA_EXHAUSTED),
    ("too many requests", ErrorKind.RATE_LIMITED),
    ("rate limit", ErrorKind.RATE_LIMITED),
    ("cannot be found", ErrorKind.NOT_FOUND),
    ("not found", ErrorKind.NOT_FOUND),
    ("invalid tracking", ErrorKind.INVALID_NUMBER),
    ("authentic", ErrorKind.AUTH),
    ("authoriz", ErrorKind.AUTH),
    ("token", ErrorKind.AUTH),
)
"""For the rest: words in the message -> kind."""


def clock(words: str) -> tuple[str, tzinfo | None]:
    """
    Return the local time in a FedEx date, and its zone where one is given.

    Midnight without a zone is a day of which nobody knows the hour.
    """
    found = MOMENT.fullmatch(words)
    if found is None:
        return "", None
    local = local_time(found["day"], found["time"] or "")
    zone = offset(found["zone"] or "")
    if zone is None and local.endswith(MIDNIGHT):
        local = local[:10]
    return local, zone


def downwards(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events newest first: so FedEx lists them, and a push need not."""
    ends = [_moment(event) for event in (events[:1] + events[-1:])]
    moments = [at for at in ends if at]
    return events[::-1] if len(moments) == 2 and moments[0] < moments[1] else events


def _moment(event: dict[str, Any]) -> datetime | None:
    local, zone = clock(text(event, "date"))
    return to_utc(local, zone) if zone else None


def window(begins: str, ends: str) -> tuple[datetime | None, datetime | None]:
    """Return when a parcel is expected; one end lends the other its zone, a day has no hours."""
    opens, opening = clock(begins)
    closes, closing = clock(ends)
    zone = closing or opening
    if zone is None:
        return None, None
    if len(closes) == 10 or closes.endswith(MIDNIGHT):
        closes = f"{closes[:10]}T23:59:59"
    return to_utc(opens, opening or zone), to_utc(closes, closing or zone)


def scan(
    *,
    date: str,
    kind: str,
    derived: str = "",
    words: str,
    code: str,
    remark: str,
    delay: str = "",
    city: str,
    state: str,
    land: str,
    sequence: int,
) -> Scan:
    """Return one scan; ``code`` and ``remark`` are its exception, ``delay`` the kind of one."""
    kind, code, land = kind.upper(), code.upper(), country(land)
    meaning, is_inferred, is_known = explain(
        kind=kind, derived=derived.upper(), code=code, words=f"{words} {remark}", delay=delay
    )
    local, zone = clock(date)
    occurred_at = to_utc(local, zone) if zone else None
    # Without the postcode, which a push and an answer need not agree on.
    where = place(city, state, land)
    raw_code = (kind or derived)[:CODE_LIMIT]
    return Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=OffsetSource.OFFSET if occurred_at else OffsetSource.UNKNOWN,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=_left(code, f"{words} {remark}") if meaning.status == S.DELIVERED else None,
        raw_code=raw_code,
        raw_text=" - ".join(filter(None, (words, remark))),
        location=where,
        country=land,
        # Two exceptions of one minute and place have one event type: their codes keep them apart.
        event_id=_event_id(local, kind, code, where) if code else "",
        sequence=sequence,
        is_physical=_is_physical(meaning, kind) if is_known else bool(city),
        is_inferred=is_inferred,
        is_known=is_known,
    )


def _event_id(local: str, kind: str, code: str, where: str) -> str:
    return f"{local[:16]}|{kind}|{code}|{where.casefold()}"[:EVENT_ID_LIMIT]


def _is_physical(meaning: Meaning, kind: str) -> bool:
    """Test whether somebody had the parcel in hand."""
    return meaning.status not in {None, S.INFO_RECEIVED} and kind not in codes.UNSCANNED


def explain(
    *, kind: str, code: str, words: str, delay: str = "", derived: str = ""
) -> tuple[Meaning, bool, bool]:
    """Return what an event says, whether words had to be read for it, and whether we know it."""
    base = codes.EVENT.get(kind) if kind else codes.DERIVED.get(derived, codes.EVENT.get(derived))
    told = codes.EXCEPTION.get(code)
    late = codes.DELAY.get(delay.upper())
    if base is None:
        # The event is new; its exception code may still be an old acquaintance.
        return NEWS._replace(reason=told.reason, party=told.party) if told else NEWS, False, False
    kind = kind or derived
    if kind not in codes.TROUBLED:
        return _remarked(base, told, None if base.status == S.DELIVERED else late), False, True
    if told:
        return _held(base, told), False, True
    if late and late.reason not in codes.VAGUE:
        return _held(base, late), False, True
    for phrase in codes.WORDS:
        if phrase.words.search(words) and not (phrase.reason in codes.VAGUE and base.reason):
            guess = Meaning(phrase.status or S.EXCEPTION, phrase.reason)
            return _held(base, guess), True, True
    return _held(base, late) if late else base, False, True


def _remarked(base: Meaning, told: Meaning | None, late: Meaning | None) -> Meaning:
    """Add the reason of an exception to an event that is none."""
    remark = told if told and told.reason else late
    if base.reason or remark is None:
        return base
    return base._replace(reason=remark.reason, party=remark.party)


def _held(base: Meaning, told: Meaning) -> Meaning:
    """Let an exception code speak, save that a parcel held by customs is held by customs."""
    if base.status != S.CUSTOMS:
        return told
    reason, party = (told.reason, told.party) if told.reason else (base.reason, base.party)
    return Meaning(S.CUSTOMS, reason, party)


def _left(code: str, words: str) -> Handed | None:
    """Return to whom a parcel was given, as the event itself tells it."""
    return _by_words(words) or codes.GIVEN.get(code)


def left_with(*, kind: str, spot: str) -> Handed | None:
    """Return to whom a parcel was given, as the kind of place tells it, or its description."""
    return codes.LOCATION.get(kind.upper()) or _by_words(spot)


def _by_words(words: str) -> Handed | None:
    return next((handed for pattern, handed in LEFT_AT if pattern.search(words)), None)


def signer(name: str) -> str:
    """Return the name of a person, "" for words like "Signature not required"."""
    return "" if "signature" in name.lower() else name


def newest_first(parcels: list[Snapshot]) -> list[Snapshot]:
    """Put the shipments that shared a number in order, the one scanned last first."""
    long_ago = datetime.min.replace(tzinfo=UTC)

    def latest(snapshot: Snapshot) -> tuple[datetime, str]:
        moments = [scan.occurred_at for scan in snapshot.scans if scan.occurred_at]
        locals_ = [scan.local_time for scan in snapshot.scans]
        return max(moments, default=long_ago), max(locals_, default="")

    return sorted(parcels, key=latest, reverse=True)


def error(code: str, message: str, *, number: str = "") -> CarrierError:
    """Return an error of FedEx's with its kind."""
    kind = ERRORS.get(code)
    low = message.lower()
    if kind is None:
        told = [kind for part, kind in FAMILIES if part in code.upper()]
        told += [kind for part, kind in WORDS if part in low]
        kind = told[0] if told else ErrorKind.TRANSIENT
    if kind in {ErrorKind.AUTH, ErrorKind.TRANSIENT, ErrorKind.RATE_LIMITED} and "quota" in low:
        kind = ErrorKind.QUOTA_EXHAUSTED
    return CarrierError(kind=kind, message=f"{code}: {message}".strip(": ")[:500], number=number)


def unknown(number: str) -> CarrierError:
    """Return the error of a number of which FedEx says nothing."""
    return CarrierError(
        kind=ErrorKind.NOT_FOUND, message="FedEx knows nothing of this number yet.", number=number
    )
