"""
What every carrier offers, and the small tools they share.

A carrier is a module: tables of codes, and functions that turn bytes into a reading. Nothing here
opens a connection, reads a clock or touches the database.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from datetime import date as date_type
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from tracking.scans import CarrierError, ErrorKind, Reading

MAX_DEPTH = 64
"""How deep a body may nest; parcels need six."""
TEXT_LIMIT = 2000
CODE_LIMIT = 60
PLACE_LIMIT = 160

PushMode = Literal["none", "subscription", "account"]


class Fault(ValueError):
    """A body that cannot be read, with a sentence that says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a carrier's service can do and how much of it we may ask."""

    has_push: bool
    push_mode: PushMode = "none"
    is_snapshot: bool = False
    """Each body holds the whole history, so that a scan missing later has been withdrawn."""
    has_event_id: bool = False
    gives_offset: bool = False
    is_body_sealed: bool = True
    """False where the seal is a password beside the body: treat such news as a hint."""
    batch_max: int = 1
    needs_phone_last4: bool = False
    lookback_days: int = 90
    min_poll_interval: timedelta = timedelta(hours=1)
    subscription_life: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One parcel to ask a carrier about."""

    number: str
    carrier: str = ""
    phone_last4: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRequest:
    """A call to make, described and not made."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Answer(NamedTuple):
    """What to say to a carrier that pushed: status, content type, body."""

    status: int
    content_type: str
    body: bytes


class Adapter(Protocol):
    """A carrier's module, as the rest of the house sees it."""

    @property
    def slug(self) -> str:
        """Its name in settings and addresses."""

    @property
    def capabilities(self) -> Capabilities:
        """What its service can do."""

    def verify(
        self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
    ) -> str | None:
        """
        Check the seal of a push: None when good, else the reason it is not.

        Header names are lower-case. Without a secret the answer is no. Never raises.
        """

    def fault(self, body: bytes) -> str | None:
        """Say in one sentence why a pushed body is not readable at all, or None. Never raises."""

    def parse(self, body: bytes) -> Reading:
        """Read the answer to a poll. Never raises."""

    def parse_push(self, body: bytes) -> Reading:
        """Read a push. Never raises."""

    def acknowledge(self, ok: bool) -> Answer:  # noqa: FBT001
        """Return what the carrier expects to hear, by whether we took the push."""

    def build_requests(
        self, asks: Sequence[Ask], settings: Mapping[str, Any]
    ) -> Sequence[HttpRequest]:
        """Describe the calls that ask about these parcels; empty where nobody can be asked."""


def read_json(body: bytes) -> Any:
    """
    Return the value in a JSON body.

    :raises Fault: if it is broken, nests deeper than ``MAX_DEPTH``, or holds NaN or Infinity.
    """
    try:
        value = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Fault(f"The body is not JSON: {error}.") from None
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return value  # too few brackets to nest too deep
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _containers(parent)]
        if not level:
            return value
    raise Fault(f"The body nests deeper than {MAX_DEPTH} levels.")


def _containers(value: Any) -> Iterator[Any]:
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        yield from (child for child in children if isinstance(child, dict | list))


def json_fault(body: bytes) -> str | None:
    """Say why a body is not readable JSON, or None."""
    try:
        read_json(body)
    except Fault as fault:
        return str(fault)
    return None


def careful(parse: Callable[[bytes], Reading]) -> Callable[[bytes], Reading]:
    """
    Make a parser report what it cannot read instead of raising.

    A carrier changes its format on a Sunday night; the envelope must end with a reason, and the
    worker that opens it must go on to the next one.
    """

    @functools.wraps(parse)
    def wrapper(body: bytes) -> Reading:
        try:
            return parse(body)
        except Fault as fault:
            return drift(str(fault))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            return drift(f"The body has an unexpected shape ({type(error).__name__}: {error}).")

    return wrapper


def drift(message: str, *, number: str = "") -> Reading:
    """Return a reading that holds nothing but the news that the format is not the known one."""
    error = CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=message[:500], number=number)
    return Reading(errors=(error,))


def part(value: Any, *path: str | int) -> Any:
    """Return what lies at ``path`` inside JSON, or None when any step of it is missing."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def rows(value: Any, *path: str | int) -> list[dict[str, Any]]:
    """Return the objects in the list at ``path``; a lone object counts as a list of one."""
    found = part(value, *path)
    if isinstance(found, dict):
        return [found]
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def text(value: Any, *path: str | int, limit: int = TEXT_LIMIT) -> str:
    """Return the words at ``path`` on one line, without NUL; "" for all but words and numbers."""
    found = value.get(path[0]) if len(path) == 1 and type(value) is dict else part(value, *path)
    if found is None or found == "":
        return ""
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return " ".join(str(found).replace("\x00", " ").split())[:limit].strip()


def place(*parts: str) -> str:
    """Join the parts of a place name, leaving out the empty ones and repeats."""
    return ", ".join(dict.fromkeys(part for part in parts if part))[:PLACE_LIMIT]


def country(code: str) -> str:
    """Return a two-letter country code, or "" for anything else."""
    code = code.upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def local_time(date: str, time: str = "") -> str:
    """
    Return ``YYYY-MM-DDTHH:MM:SS`` from compact digits, only the date without a time, or "".

    Takes ``20240423`` and ``091519``, with or without punctuation, and a time without its first 0.
    """
    day, clock = _digits(date), _digits(time)
    clock = clock.zfill(6) if len(clock) == 5 else clock.ljust(6, "0") if len(clock) == 4 else clock
    if len(day) != 8:
        return ""
    try:
        if len(clock) == 6:
            return datetime.fromisoformat(f"{day}T{clock}").isoformat()
        return date_type.fromisoformat(day).isoformat()
    except ValueError:
        return ""


def _digits(words: str) -> str:
    """Keep 0 to 9: other scripts' digits, and raised ones, are no part of a time."""
    return "".join(one for one in words if one in "0123456789")


def to_utc(local: str, zone: tzinfo) -> datetime | None:
    """Return the UTC moment of a local time with hours; None for a bare date or nonsense."""
    if len(local) < 16:
        return None
    try:
        return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def offset(words: str) -> timezone | None:
    """Return the zone in ``-04.00``, ``+08:00``, ``-0500`` or ``Z``; None for anything else."""
    if words in {"Z", "z"}:
        return UTC
    digits = _digits(words)
    if words[:1] not in {"+", "-"} or len(digits) != 4 or int(digits[:2]) > 14:
        return None
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-size if words[0] == "-" else size)
