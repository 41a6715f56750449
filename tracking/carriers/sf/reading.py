"""
SF's bodies, read.

Pushes bring what is new, answers what SF still remembers; neither is the whole history. A scan is
named by its second, operation and place, which a push and an answer tell alike. The push's own
row id is not used: answers have none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta, timezone
from typing import Any

from tracking.carriers.base import (
    CODE_LIMIT,
    PLACE_LIMIT,
    Fault,
    Meaning,
    careful,
    decoded,
    is_xml,
    local_time,
    part,
    read_json,
    read_xml,
    rows,
    text,
    to_utc,
)
from tracking.carriers.phrases_zh import handed_in, reason_in, status_in
from tracking.carriers.sf.codes import (
    API_ERRORS,
    BACK,
    ERROR_WORDS,
    FIRST,
    FORWARD,
    NAMES,
    NEW_NUMBER,
    OPERATION,
    PICTURE_KINDS,
    REFINED,
    SECONDARY,
    SETTLED_BY_NAME,
    SETTLED_BY_WORDS,
    WHY,
)
from tracking.carriers.sf.old import modern
from tracking.carriers.sf.seal import slug, unwrap
from tracking.carriers.ups.codes import PHRASES
from tracking.scans import (
    CarrierError,
    ErrorKind,
    Onward,
    Proof,
    ProofKind,
    Reading,
    Scan,
    Snapshot,
)
from tracking.states import OffsetSource
from tracking.states import ParcelStatus as S

CHINA = timezone(timedelta(hours=8))
MOMENT = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})"
    r"(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?:\.[0-9]+)?)?"
)
"""``2012-7-30 09:30:00`` too: the older interface leaves out a zero."""

OK = frozenset({"", "S0000", "0000", "A1000"})
OLD_OK = "EX_CODE_OPENAPI_0200"
OLD_ROUTES = frozenset({"4500", "4501"})
"""transType of the OpenAPI's push and answer with routes."""

HANDS = frozenset({S.DELIVERED, S.AVAILABLE_FOR_PICKUP})
WRONG = frozenset({S.EXCEPTION, S.ATTEMPT_FAILED, S.CUSTOMS, S.RETURNING})
ENDED = frozenset({S.RETURNED, S.LOST, S.DESTROYED, S.CANCELLED})
"""Endings a code is sure of: no guessed reason may make the whole scan a guess."""
UNSCANNED = frozenset({None, S.INFO_RECEIVED, S.CANCELLED, S.LOST})

PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"%PDF-")

Row = Mapping[str, Any]


@careful
def parse(body: bytes) -> Reading:
    """Read an answer to a query, of today's interface or of the two before it, or a push."""
    inner = unwrap(body)
    root = modern(read_xml(inner)) if is_xml(inner) else read_json(inner)
    if not isinstance(root, dict):
        raise Fault("The body is not an object.")
    if "apiResultCode" in root:
        return _envelope(root)
    if isinstance(part(root, "Body"), dict):
        return _push(rows(root, "Body", "WaybillRoute"))
    if isinstance(root.get("head"), dict):
        return _old(root)
    if "waybillNo" in root and "content" in root:
        return _picture(root)
    return _answer(root)


parse_push = parse


def _envelope(root: dict[str, Any]) -> Reading:
    """Read what surrounds today's answers: whether SF took the call at all."""
    if text(root, "apiResultCode") != "A1000":
        return Reading(errors=(_error(root, "apiResultCode", "apiErrorMsg"),))
    inner = root if "msgData" in root else _opened(root.get("apiResultData"))
    if not isinstance(inner, dict):
        raise Fault("The answer has no apiResultData.")
    return _answer(inner)


def _opened(value: Any) -> Any:
    """Return what lies in a string that is JSON itself, or the value as it is."""
    return read_json(value.encode()) if isinstance(value, str) else value


def _answer(inner: dict[str, Any]) -> Reading:
    """Read what answers the query: the routes of each number, or why there are none."""
    if text(inner, "errorCode") not in OK or inner.get("success") in {False, "false"}:
        return Reading(errors=(_error(inner, "errorCode", "errorMsg"),))
    data = _opened(inner["msgData"]) if inner.get("msgData") else inner
    if not isinstance(part(data, "routeResps"), list | dict):
        raise Fault("The body is no route answer of SF, and no error.")
    found, errors = [], []
    for one in rows(data, "routeResps"):
        number = text(one, "mailNo", limit=64) or text(one, "mailno", limit=64)
        if routes := [_row(route) for route in rows(one, "routes")]:
            found.append(_snapshot(number, routes))
        else:
            errors.append(_without_routes(one, number=number))
    if not found and not errors:
        errors.append(CarrierError(kind=ErrorKind.NOT_FOUND, message="SF answers no routes."))
    return Reading(parcels=tuple(found), errors=tuple(errors))


def _without_routes(one: dict[str, Any], *, number: str) -> CarrierError:
    """Say why a number has no routes: unknown, or not asked about in the right way."""
    code = _first(one, "reasonCode", limit=CODE_LIMIT)
    why = _first(one, "reasonRemark", limit=400)
    kind = _kind(code, why, default=ErrorKind.NOT_FOUND)
    message = f"{code}: {why}".strip(": ") or "SF has no route of this number."
    return CarrierError(kind=kind, message=message, number=number)


def _first(one: dict[str, Any], name: str, *, limit: int) -> str:
    """Return a reason, or the first of several: SF tells one number's reasons in a list."""
    return text(one, name, limit=limit) or text(one, name, 0, limit=limit)


def _push(routes: Sequence[dict[str, Any]]) -> Reading:
    """Read pushed routes, of several parcels at once."""
    if not routes:
        raise Fault("The push holds no route.")
    return _grouped(routes)


def _old(root: dict[str, Any]) -> Reading:
    """Read the older OpenAPI: a head, and a flat list of routes."""
    if text(root, "head", "code") not in {"", OLD_OK}:
        return Reading(errors=(_error(root["head"], "code", "message"),))
    if text(root, "head", "transType") not in OLD_ROUTES:
        raise Fault("The body is an answer of SF's OpenAPI, and none with routes.")
    routes = rows(root, "body")
    if not routes:
        message = "SF has no route of this number."
        return Reading(errors=(CarrierError(kind=ErrorKind.NOT_FOUND, message=message),))
    return _grouped(routes)


def _grouped(routes: Sequence[dict[str, Any]]) -> Reading:
    """Return a snapshot a number of a flat list, in the order in which they turn up."""
    parcels: dict[str, list[Row]] = {}
    errors = []
    for route in routes:
        row = _row(route)
        if number := text(row, "mailno", limit=64):
            parcels.setdefault(number, []).append(row)
        else:
            message = "A route names no parcel."
            errors.append(CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message))
    found = tuple(_snapshot(number, same) for number, same in parcels.items())
    return Reading(parcels=found, errors=tuple(errors[:1]))


def _picture(root: dict[str, Any]) -> Reading:
    """Read a pushed picture of a delivery; sealed ones are opened by nobody here."""
    number = text(root, "waybillNo", limit=64)
    kind = PICTURE_KINDS.get(text(root, "imgType"))
    if kind is None:
        return Reading()  # a picture of the sending: it shows nothing of the delivery
    if not number:
        raise Fault("The picture names no waybillNo: it does not say whose it is.")
    data = decoded(root["content"])
    if not data.startswith(PICTURES):
        message = "The picture is no picture: it is encrypted, or of a kind we do not know."
        error = CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message, number=number)
        return Reading(errors=(error,))
    proof = Proof(kind=ProofKind(kind), data=data)
    return Reading(parcels=(Snapshot(number=number, carrier=slug, proofs=(proof,)),))


def _row(route: Mapping[str, Any]) -> Row:
    """Return a route with names as all interfaces mean them: opcode, opCode and accept_time."""
    return {name.lower().replace("_", ""): value for name, value in route.items()}


def _snapshot(number: str, routes: Sequence[Row]) -> Snapshot:
    times = [_local(row) for row in routes]
    is_falling = times[0] > times[-1]
    scans = tuple(
        _scan(row, local=local, sequence=len(routes) - turn if is_falling else turn + 1)
        for turn, (row, local) in enumerate(zip(routes, times, strict=True))
    )
    return Snapshot(number=number, carrier=slug, scans=scans, onward=_onward(routes, number))


def _onward(routes: Sequence[Row], number: str) -> Onward | None:
    """Return the number under which SF itself sends the parcel on or back."""
    for row in routes:
        named = NEW_NUMBER.search(text(row, "remark"))
        if text(row, "opcode") == "648" and named and named[1] != number:
            return Onward(carrier=slug, number=named[1])
    return None


def _scan(row: Row, *, local: str, sequence: int) -> Scan:
    meaning, is_inferred, is_known = explain(row)
    at = to_utc(local, CHINA)
    code = text(row, "opcode", limit=CODE_LIMIT)
    area = text(row, "acceptaddress", limit=PLACE_LIMIT)
    named = text(row, "secondarystatusname") or text(row, "firststatusname")
    mark = hashlib.sha256(f"{code}\x1f{area.casefold()}".encode()).hexdigest()[:16]
    return Scan(
        occurred_at=at,
        local_time=local,
        offset_source=OffsetSource.CARRIER if at else OffsetSource.UNKNOWN,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=meaning.handed,
        raw_code=code or named[:CODE_LIMIT],
        raw_text=text(row, "remark") or text(row, "reasonname") or named,
        location=area,
        event_id=f"{local}/{mark}" if local else "",
        sequence=sequence,
        is_physical=meaning.status not in UNSCANNED,
        is_inferred=is_inferred,
        is_known=is_known,
    )


def explain(row: Row) -> tuple[Meaning, bool, bool]:
    """Return what a route says, whether words were guessed from, and whether its code is known."""
    words = f"{text(row, 'reasonname')} {text(row, 'remark')}".strip()
    coded = _coded(row, words)
    if coded is None:
        has_code = any(text(row, name) for name in CODED)
        is_silent = not has_code or text(row, "opcode") in SETTLED_BY_WORDS
        status = status_in(words) if is_silent else None
        meaning, is_inferred, is_known = Meaning(status), status is not None, is_silent
    else:
        (meaning, is_inferred), is_known = coded, True
    if meaning.reason is None and meaning.status not in ENDED:
        reason = reason_in(words, is_wrong=meaning.status in WRONG)
        if reason is None and meaning.status == S.EXCEPTION:
            reason = next((one.reason for one in PHRASES if one.words.search(words)), None)
        is_inferred |= reason is not None
        meaning = meaning._replace(reason=reason)
    if meaning.status in HANDS and meaning.handed is None:
        meaning = meaning._replace(handed=handed_in(words))
    return meaning, is_inferred, is_known


CODED = ("opcode", "firststatuscode", "secondarystatuscode", "firststatusname",
         "secondarystatusname")  # fmt: skip


def _coded(row: Row, words: str) -> tuple[Meaning, bool] | None:
    """
    Return what the codes say, and whether words settled which of two; None for unknown codes.

    The operation goes before SF's own statuses, and a reason or status that refines it before it.
    """
    code, first = text(row, "opcode"), text(row, "firststatuscode")
    exact = WHY.get((code, text(row, "reasoncode"))) or REFINED.get((code, first))
    if exact:
        return exact, False
    if code in SETTLED_BY_NAME:
        return _forward_or_back(row, OPERATION[code][1], words)
    if code in OPERATION:
        return OPERATION[code][1], False
    grouped = (
        SECONDARY.get(text(row, "secondarystatuscode"))
        or NAMES.get(text(row, "secondarystatusname"))
        or FIRST.get(first)
        or NAMES.get(text(row, "firststatusname"))
    )
    return (grouped, False) if grouped else None


def _forward_or_back(row: Row, forward: Meaning, words: str) -> tuple[Meaning, bool]:
    """Tell a way back from a new address: by the status's name, else by the words."""
    for name in ("secondarystatusname", "firststatusname"):
        named = NAMES.get(text(row, name))
        if named and named.status in {S.RETURNING, S.HANDED_OVER}:
            return (named if named.status == S.RETURNING else forward), False
    if BACK.search(words) and not FORWARD.search(words):
        return Meaning(S.RETURNING), True
    return forward, False


def _local(row: Row) -> str:
    """Return the local time, the date alone where there is no clock, or ""."""
    found = MOMENT.fullmatch(text(row, "accepttime", limit=40))
    if not found:
        return ""
    year, month, day, hour, minute, second = found.groups()
    clock = f"{hour:0>2}{minute}{second or '00'}" if hour else ""
    return local_time(f"{year}{month:0>2}{day:0>2}", clock)


def _error(node: dict[str, Any], code_name: str, words_name: str) -> CarrierError:
    code, words = text(node, code_name, limit=CODE_LIMIT), text(node, words_name, limit=400)
    message = f"{code}: {words}".strip(": ") or "SF refuses and says no reason."
    return CarrierError(kind=_kind(code, words, default=ErrorKind.TRANSIENT), message=message)


def _kind(code: str, words: str, *, default: ErrorKind) -> ErrorKind:
    if code in API_ERRORS:
        return API_ERRORS[code]
    return next((kind for told, kind in ERROR_WORDS if told in words), default)
