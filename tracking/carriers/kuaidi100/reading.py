"""
Kuaidi100's bodies, read.

Each body holds the whole history. Without per-event codes the body's ``state`` speaks for the
newest event alone; the older ones keep what their own words plainly say, or move nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo
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
    FORWARDED,
    STATE,
    SUBSCRIBED,
    TO,
    WORD,
)
from tracking.carriers.kuaidi100.seal import slug, unwrap
from tracking.carriers.names import CARRIERS, CN
from tracking.carriers.phrases_zh import handed_in, reason_in, status_in
from tracking.scans import CarrierError, ErrorKind, Onward, Reading, Scan, Snapshot
from tracking.states import OffsetSource
from tracking.states import ParcelStatus as S

CHINA = timezone(timedelta(hours=8))
CITY = re.compile(r"^\s*【([^】]{1,20})】")

HANDS = frozenset({S.DELIVERED, S.AVAILABLE_FOR_PICKUP})
WRONG = frozenset({S.EXCEPTION, S.ATTEMPT_FAILED, S.CUSTOMS, S.RETURNING})
UNSCANNED = frozenset({S.INFO_RECEIVED, S.CANCELLED})
ENDED = frozenset({S.RETURNED, S.CANCELLED})
"""Endings a code is sure of: no guessed reason may make the whole scan a guess."""


TOLD = frozenset({"ftime", "time", "context", "desc"})
"""What makes an object an event: other interfaces call theirs ``data`` too."""


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


def read_subscription(body: bytes) -> tuple[CarrierError, ...]:
    """Return why a subscription was not taken; empty when it holds, now or from before."""
    return _subscription(body).errors


@careful
def _subscription(body: bytes) -> Reading:
    answer = read_json(body)
    code = text(answer, "returnCode", limit=CODE_LIMIT)
    if not code:
        raise Fault("The body is no answer to a subscription.")
    if code in SUBSCRIBED:
        return Reading()
    error = _error(answer)
    if code == "500":  # here it is the server's trouble; to a query it means nothing was found
        error = replace(error, kind=ErrorKind.TRANSIENT)
    return Reading(errors=(error,))


def _answer(result: dict[str, Any]) -> Reading:
    """Read one result."""
    snapshot = _snapshot(result)
    if snapshot.scans and not snapshot.number:
        raise Fault("The result has events and no nu: it does not say whose they are.")
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
    if isinstance(far, dict) and (abroad := _snapshot(far)).scans:
        reading = _with_far_leg(reading, abroad)
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
    onward = parcel.onward
    if far.carrier not in {slug, parcel.carrier}:
        onward = Onward(carrier=far.carrier, number=far.number or parcel.number)
    joined = replace(parcel, scans=parcel.scans + scans, onward=onward)
    return Reading(parcels=(joined,), errors=near.errors)


def _snapshot(result: dict[str, Any]) -> Snapshot:
    company = (text(result, "com", limit=50) or text(result, "kuaidiCom", limit=50)).lower()
    carrier = COURIER.get(company, company) or slug
    zone = _zone(carrier)
    events = [row for row in rows(result, "data") if TOLD & row.keys()]
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
                zone=zone,
                state=state if turn == newest else "",
                turn=twins[times[turn]],
                sequence=len(events) - turn,
            )
        )
    scans.reverse()
    is_over = state in STATE and STATE[state][1].status in {S.DELIVERED, S.RETURNED}
    return Snapshot(
        number=text(result, "nu", limit=64) or text(result, "kuaidiNum", limit=64),
        carrier=carrier,
        scans=tuple(scans),
        is_complete=True,
        eta_to=None if is_over else _eta(text(result, "arrivalTime"), zone),
        onward=_onward(scans, carrier=carrier),
    )


def _zone(carrier: str) -> tzinfo | None:
    """Return the zone of a courier's clock: China's, and none for couriers from elsewhere."""
    home = CARRIERS.get(carrier)
    return CHINA if home is None or home.timezone == CN else None


def _onward(scans: Sequence[Scan], *, carrier: str) -> Onward | None:
    """Return the courier and number that the newest handover names in its words, if it does."""
    for scan in scans:
        if scan.status == S.HANDED_OVER and (named := FORWARDED.search(scan.raw_text)):
            onward = Onward(carrier=TO[named["courier"]], number=named["number"])
            return onward if onward.carrier != carrier else None
    return None


def _scan(
    event: dict[str, Any],
    *,
    local: str,
    zone: tzinfo | None,
    state: str,
    turn: int,
    sequence: int,
) -> Scan:
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
    meaning, is_inferred, is_known = explain(code=code, word=word, state=state, words=words)
    occurred_at = to_utc(local, zone) if zone else None
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
        is_known=is_known,
    )


def explain(*, code: str, word: str, state: str, words: str) -> tuple[Meaning, bool, bool]:
    """Return what one event says, whether its words had to be read, and if a table has it."""
    meaning, is_inferred, is_known = Meaning(), False, True
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
        status = status_in(words)
        meaning, is_inferred, is_known = Meaning(status), status is not None, not state
    else:
        is_known = False
    if meaning.reason is None and meaning.status not in ENDED:
        reason = reason_in(words, is_wrong=meaning.status in WRONG)
        is_inferred |= reason is not None
        meaning = meaning._replace(reason=reason)
    if meaning.status in HANDS and meaning.handed is None:
        meaning = meaning._replace(handed=handed_in(words))
    return meaning, is_inferred, is_known


def _coded(code: str) -> Meaning | None:
    return STATE[code][1] if code in STATE else WORD.get(code)


def _local(event: dict[str, Any]) -> str:
    """Return the event's local time from ``ftime``, which is tidied, else from ``time``."""
    for name in ("ftime", "time"):
        date, _, clock = text(event, name, limit=30).replace("T", " ").partition(" ")
        if local := local_time(date, clock[:8]):
            return local
    return ""


def _eta(words: str, zone: tzinfo | None) -> datetime | None:
    """Read ``2023-04-21 18`` and ``2023-04-21 18:30``."""
    date, _, clock = words.partition(" ")
    digits = "".join(one for one in clock if one in "0123456789")
    local = local_time(date, digits.ljust(6, "0")) if digits else ""
    return to_utc(local, zone) if zone else None


def _error(result: dict[str, Any]) -> CarrierError:
    names = ("returnCode", "status", "code")
    code = next(filter(None, (text(result, name, limit=CODE_LIMIT) for name in names)), "")
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
