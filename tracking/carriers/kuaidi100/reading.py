"""
Kuaidi100's bodies, read.

Each body holds the whole history. Without per-event codes the body's ``state`` speaks for the
newest event alone; the older ones keep what their own words plainly say, or move nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from tracking.carriers.base import (
    CODE_LIMIT,
    PLACE_LIMIT,
    Fault,
    Meaning,
    careful,
    local_time,
    part,
    read_json,
    rows,
    text,
    to_utc,
)
from tracking.carriers.kuaidi100.codes import (
    COURIER,
    ERROR_WORDS,
    ERRORS,
    EXPLAINS,
    HANDED,
    HEDGE,
    SAYS,
    STATE,
    SUGGESTS,
    WORD,
    Phrase,
)
from tracking.carriers.kuaidi100.seal import slug, unwrap
from tracking.scans import CarrierError, ErrorKind, Reading, Scan, Snapshot
from tracking.states import Handed, OffsetSource, Reason
from tracking.states import ParcelStatus as S

CHINA = timezone(timedelta(hours=8))
CITY = re.compile(r"^\s*【([^】]{1,20})】")

HANDS = frozenset({S.DELIVERED, S.AVAILABLE_FOR_PICKUP})
WRONG = frozenset({S.EXCEPTION, S.ATTEMPT_FAILED, S.CUSTOMS, S.RETURNING})
UNSCANNED = frozenset({S.INFO_RECEIVED, S.CANCELLED})
ENDED = frozenset({S.RETURNED, S.CANCELLED})
"""Endings a code is sure of: no guessed reason may make the whole scan a guess."""


@careful
def parse(body: bytes) -> Reading:
    """Read the answer to a query, or a push taken out of its form."""
    root = read_json(body)
    if not isinstance(root, dict):
        raise Fault("The body is not an object.")
    return _push(root) if "lastResult" in root or "billstatus" in root else _answer(root)


@careful
def parse_push(body: bytes) -> Reading:
    """Read a push: the form as it is posted, or its param alone."""
    return parse(unwrap(body))


def _answer(result: dict[str, Any]) -> Reading:
    """Read one result."""
    snapshot = _snapshot(result)
    if snapshot.scans:
        return Reading(parcels=(snapshot,))
    if result.get("result") is True:
        return Reading()  # a subscription was taken; there is nothing to tell yet
    known = {"status", "returnCode", "result", "message", "nu", "state"}
    if not known & result.keys():
        raise Fault("The body is neither a Kuaidi100 result nor an error.")
    return Reading(errors=(_error(result),))


def _push(push: dict[str, Any]) -> Reading:
    """Read a push: what it says of the subscription, the result, and the far courier's result."""
    last, far = part(push, "lastResult"), part(push, "destResult")
    reading = _answer(last) if isinstance(last, dict) and last else Reading()
    if isinstance(far, dict) and rows(far, "data"):
        reading = _with_far_leg(reading, _snapshot(far))
    if text(push, "status") == "abort":
        # Kuaidi100 stops looking: after 3 days without a record or 60 days without a change.
        message = text(push, "message", limit=400) or "Kuaidi100 has stopped watching this parcel."
        number = text(last, "nu", limit=64)
        error = CarrierError(kind=ErrorKind.NOT_FOUND, message=message, number=number)
        return Reading(parcels=reading.parcels, errors=(error,))
    if not reading.parcels and not reading.errors:
        raise Fault("The push holds no result.")
    return reading


def _with_far_leg(near: Reading, far: Snapshot) -> Reading:
    """Join what the courier abroad says to the parcel: one parcel, two couriers."""
    if not near.parcels:
        return Reading(parcels=(far,))
    parcel = near.parcels[0]
    scans = tuple(replace(scan, event_id=f"far/{scan.event_id}") for scan in far.scans)
    return Reading(parcels=(replace(parcel, scans=parcel.scans + scans),))


def _snapshot(result: dict[str, Any]) -> Snapshot:
    company = text(result, "com", limit=50).lower()
    events = rows(result, "data")
    times = [_local(event) for event in events]
    state = text(result, "state") or ("3" if text(result, "ischeck") == "1" else "")
    newest = max(
        range(len(events)), key=lambda turn: (times[turn], -turn), default=-1
    )  # the first of equals, as they come newest first
    twins: Counter[str] = Counter()
    scans: list[Scan] = []
    for turn in range(len(events) - 1, -1, -1):
        twins[times[turn]] += 1
        scans.append(
            _scan(
                events[turn],
                local=times[turn],
                state=state if turn == newest else "",
                turn=twins[times[turn]],
                sequence=len(events) - turn,
            )
        )
    scans.reverse()
    is_over = state in STATE and STATE[state][1].status in {S.DELIVERED, S.RETURNED}
    return Snapshot(
        number=text(result, "nu", limit=64),
        carrier=COURIER.get(company, company) or slug,
        scans=tuple(scans),
        is_complete=True,
        eta_to=None if is_over else _eta(text(result, "arrivalTime")),
    )


def _scan(event: dict[str, Any], *, local: str, state: str, turn: int, sequence: int) -> Scan:
    """
    Return one event as a scan.

    Its identity is its second and its place among events of that second: the codes of an event
    change between pushes, and the words of it too.
    """
    words = text(event, "context") or text(event, "desc")
    code, word = (
        text(event, "statusCode", limit=CODE_LIMIT),
        text(event, "status", limit=CODE_LIMIT),
    )
    meaning, is_inferred = explain(code=code, word=word, state=state, words=words)
    occurred_at = to_utc(local, CHINA)
    area = text(event, "areaName", limit=PLACE_LIMIT) or text(event, "location", limit=PLACE_LIMIT)
    if not area and (city := CITY.match(words)):
        area = city[1]
    return Scan(
        occurred_at=occurred_at,
        local_time=local,
        offset_source=OffsetSource.CARRIER if occurred_at else OffsetSource.UNKNOWN,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=meaning.handed,
        raw_code=code or word or state[:CODE_LIMIT],
        raw_text=words,
        location=area,
        country="CN" if text(event, "areaCode").startswith("CN") else "",
        event_id=f"{local}/{turn}" if local else "",
        sequence=sequence,
        is_physical=meaning.status not in UNSCANNED,
        is_inferred=is_inferred,
    )


def explain(*, code: str, word: str, state: str, words: str) -> tuple[Meaning, bool]:
    """Return what one event says, and whether its text had to be read for the status or reason."""
    meaning, is_inferred = Meaning(), False
    own = _coded(code) or _coded(word)
    of_body = _coded(state)
    if own:
        meaning = own
        if of_body and of_body.status == own.status:  # 304 says more than 签收
            meaning = Meaning(
                own.status,
                own.reason or of_body.reason,
                own.party or of_body.party,
                own.handed or of_body.handed,
            )
    elif of_body and not code and not word:
        meaning = of_body
    elif not code and not word:
        status = next((one.status for one in SAYS if one.words.search(words)), None)
        meaning, is_inferred = Meaning(status), status is not None
    if meaning.reason is None and meaning.status not in ENDED:
        reason = _reason(words, meaning.status)
        is_inferred |= reason is not None
        meaning = meaning._replace(reason=reason)
    if meaning.status in HANDS and meaning.handed is None:
        meaning = meaning._replace(handed=_handed(words))
    return meaning, is_inferred


def _coded(code: str) -> Meaning | None:
    return STATE[code][1] if code in STATE else WORD.get(code)


def _reason(words: str, status: S | None) -> Reason | None:
    for phrase in SUGGESTS:
        if any(not HEDGE.search(words[: hit.start()]) for hit in phrase.words.finditer(words)):
            return phrase.reason
    return _first(EXPLAINS, words) if status in WRONG else None


def _first(phrases: tuple[Phrase, ...], words: str) -> Reason | None:
    return next((phrase.reason for phrase in phrases if phrase.words.search(words)), None)


def _handed(words: str) -> Handed | None:
    return next((handed for pattern, handed in HANDED if pattern.search(words)), None)


def _local(event: dict[str, Any]) -> str:
    """Return the event's local time from ``ftime``, which is tidied, else from ``time``."""
    for name in ("ftime", "time"):
        date, _, clock = text(event, name, limit=30).replace("T", " ").partition(" ")
        if local := local_time(date, clock[:8]):
            return local
    return ""


def _eta(words: str) -> datetime | None:
    """Read ``2023-04-21 18`` and ``2023-04-21 18:30``."""
    date, _, clock = words.partition(" ")
    digits = "".join(one for one in clock if one in "0123456789")
    return to_utc(local_time(date, digits.ljust(6, "0")) if digits else "", CHINA)


def _error(result: dict[str, Any]) -> CarrierError:
    code = text(result, "returnCode") or text(result, "status")
    message = text(result, "message", limit=400)
    kind, wait = (
        ERRORS.get(code, ErrorKind.NOT_FOUND if code == "200" else ErrorKind.TRANSIENT),
        None,
    )
    if kind in {ErrorKind.NOT_FOUND, ErrorKind.TRANSIENT, ErrorKind.AUTH}:
        for words, other, seconds in ERROR_WORDS:
            # A key that has expired is an account's trouble, not a parcel nobody knows.
            if words in message and not (kind == ErrorKind.AUTH and other == ErrorKind.NOT_FOUND):
                kind, wait = other, seconds
                break
    return CarrierError(
        kind=kind,
        message=f"{code}: {message}".strip(": "),
        number=text(result, "nu", limit=64),
        retry_after=wait,
    )
