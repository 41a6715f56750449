"""
What every carrier offers, and the small tools they share.

A carrier is a module: tables of codes, and functions that turn bytes into a reading. Nothing here
opens a connection, reads a clock or touches the database.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from datetime import date as date_type
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple, Protocol, cast, runtime_checkable
from urllib.parse import urlencode
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import defusedxml
import defusedxml.ElementTree
import orjson

from tracking.scans import CarrierError, ErrorKind, Proof, Reading, Scan
from tracking.states import Handed, ParcelStatus, Party, Reason

MAX_DEPTH = 64
"""How deep a body may nest; parcels need six."""
TEXT_LIMIT = 2000
CODE_LIMIT = 60
PLACE_LIMIT = 160
IMAGE_LIMIT = 16_000_000
"""Characters of base64 a picture in a body may have."""

PushMode = Literal["none", "subscription", "account"]


class Fault(ValueError):
    """A body that cannot be read, with a sentence that says why."""


class Quota(NamedTuple):
    """So many calls in so many seconds, for one account."""

    limit: int
    seconds: int


class Meaning(NamedTuple):
    """What a carrier's code says; without a status it moves nothing."""

    status: ParcelStatus | None = None
    reason: Reason | None = None
    party: Party | None = None
    handed: Handed | None = None


NEWS = Meaning()
"""A code that is known, and moves nothing: promises, requests, notes."""


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
    """How many numbers one call may ask about."""
    quotas: tuple[Quota, ...] = ()
    """The published limits of an ordinary account; a connection's settings may name others."""
    needs_phone_last4: bool = False
    needs_postcode: bool = False
    lookback_days: int = 90
    first_poll_after: timedelta = timedelta(0)
    """How long after shipping the carrier knows a new number at the earliest."""
    min_poll_interval: timedelta = timedelta(hours=1)
    max_polls_a_day: int | None = None
    """For one parcel."""
    subscription_life: timedelta | None = None
    """After which a subscription must be renewed; None where it lasts."""
    subscribe_max: int = 1
    """How many numbers one call may subscribe."""
    has_proof: bool = False
    proof_hosts: tuple[str, ...] = ()
    """The only hosts from which a proof of delivery is fetched by its address."""
    credentials: tuple[str, ...] = ()
    """Names in ``settings`` that are secret: kept sealed, typed but never shown."""
    options: tuple[str, ...] = ()
    """Names in ``settings`` that are not secret."""
    test_numbers: tuple[str, ...] = ()
    """Numbers the carrier publishes for trying it out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One parcel to ask a carrier about."""

    number: str
    carrier: str = ""
    phone_last4: str = ""
    postcode: str = ""
    country: str = ""
    shipped_on: str = ""
    """The day it was shipped, ``YYYY-MM-DD``, where known: tells recycled numbers apart."""


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

    @property
    def VERSION(self) -> int:  # noqa: N802 - a module's constant
        """The version of its tables; rises whenever a code comes to mean something else."""

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
        """
        Describe the calls that ask about these parcels; empty where nobody can be asked.

        At most ``batch_max`` parcels make one call. ``settings`` holds the connection's options
        and credentials, ``token`` where the adapter is one that ``NeedsToken``, and ``now``, the
        moment of asking, for carriers whose seal of a call holds the time.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A key to a carrier's door that works for so many seconds."""

    value: str
    seconds: int


@runtime_checkable
class NeedsToken(Protocol):
    """An adapter whose calls carry a token that must be fetched first, mostly OAuth."""

    def token_request(self, settings: Mapping[str, Any]) -> HttpRequest:
        """Describe the call that fetches a token."""

    def read_token(self, body: bytes) -> Token | None:
        """Read the answer; None when there is no token in it. Never raises."""


@runtime_checkable
class Subscribing(Protocol):
    """An adapter whose pushes must be asked for, parcel by parcel."""

    def subscribe(
        self, asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
    ) -> Sequence[HttpRequest]:
        """
        Describe the calls that ask for pushes to ``url``, sealed with ``secret``.

        At most ``subscribe_max`` parcels make one call; ``read_subscription`` reads its answer.
        """

    def read_subscription(self, body: bytes) -> tuple[CarrierError, ...]:
        """
        Return what the carrier did not take; empty when all was taken.

        An error without a number is about the whole call. That a number was subscribed before is
        no error. Never raises.
        """


@runtime_checkable
class Replying(Protocol):
    """An adapter whose answer to a push depends on the push, such as XML to XML."""

    def reply(self, ok: bool, body: bytes) -> Answer:  # noqa: FBT001
        """Return what the carrier expects to hear on this push. Never raises."""


@runtime_checkable
class Proving(Protocol):
    """An adapter whose proofs of delivery must be asked for by a call of their own."""

    def ask_proof(self, ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
        """Describe the call that asks for a delivered parcel's proof."""

    def parse_proof(self, body: bytes) -> tuple[Proof, ...]:
        """Read the answer; empty when there is none. Never raises."""


def http_error(
    status: int, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> CarrierError | None:
    """
    Return what an HTTP status alone says went wrong, None for one that says nothing.

    An adapter's own reading of the body says more and goes first. Header names are lower-case;
    ``Retry-After`` may be seconds or a date.
    """
    kind = _BY_STATUS.get(status) or (ErrorKind.TRANSIENT if status >= 500 else None)
    if kind is None and not 300 <= status < 500:
        return None
    wait = retry_after(headers.get("retry-after", ""), now=now)
    message = f"HTTP {status}: {text(body[:200].decode('utf-8', 'replace'))}"
    return CarrierError(
        kind=kind or ErrorKind.SCHEMA_DRIFT, message=message[:500], retry_after=wait
    )


_BY_STATUS = {
    401: ErrorKind.AUTH,
    403: ErrorKind.AUTH,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.TRANSIENT,
    425: ErrorKind.TRANSIENT,
    429: ErrorKind.RATE_LIMITED,
}


def retry_after(words: str, *, now: datetime) -> int | None:
    """Return the seconds to wait that a ``Retry-After`` header names, at most a day, or None."""
    words = words.strip()
    if words.isascii() and words.isdigit():
        return min(int(words[:9]), 86_400)
    try:
        moment = parsedate_to_datetime(words)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, min(int((moment - now).total_seconds()), 86_400))


def oauth_request(
    url: str, *, client_id: str, client_secret: str, extra: Mapping[str, str] | None = None
) -> HttpRequest:
    """Describe the usual client-credentials call: the two names in the form."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
        **(extra or {}),
    }
    return HttpRequest(
        method="POST",
        url=url,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )


def read_oauth(body: bytes) -> Token | None:
    """Read the usual OAuth answer, ``access_token`` and ``expires_in``; None when it is none."""
    try:
        root = read_json(body)
    except Fault:
        return None
    value, life = text(root, "access_token", limit=8000), text(root, "expires_in")
    if not value:
        return None
    seconds = int(life) if life.isascii() and life.isdigit() and len(life) < 9 else 600
    return Token(value=value, seconds=seconds)


def read_xml(body: bytes) -> Element:
    """
    Return the root of an XML body, namespaces taken off its names.

    :raises Fault: if it is broken, nests deeper than ``MAX_DEPTH``, or brings a DTD or entities.
    """
    try:
        root = defusedxml.ElementTree.fromstring(body.strip(), forbid_dtd=True)
    except (
        ElementTree.ParseError,
        defusedxml.DefusedXmlException,
        ValueError,
        LookupError,
    ) as wrong:
        raise Fault(f"The body is not XML we read: {wrong}.") from None
    level = [root]
    for _ in range(MAX_DEPTH):
        for one in level:
            one.tag = str(one.tag).rpartition("}")[2]
        level = [child for parent in level for child in parent]
        if not level:
            return cast("Element", root)
    raise Fault(f"The body nests deeper than {MAX_DEPTH} levels.")


def xml_text(node: Element | None, path: str = ".", *, limit: int = TEXT_LIMIT) -> str:
    """Return the words of the first element at ``path`` on one line, or ""."""
    found = node.find(path) if node is not None else None
    return text("".join(found.itertext()), limit=limit) if found is not None else ""


def is_xml(body: bytes) -> bool:
    """Test whether a body begins as XML does."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


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


def events(value: Any, *path: str | int, told: Iterable[str]) -> list[dict[str, Any]]:
    """
    Return the rows at ``path`` in which one of the fields ``told`` holds anything.

    An object without any of them says nothing, and what says nothing is no event.
    """
    return [row for row in rows(value, *path) if any(row.get(name) for name in told)]


def text(value: Any, *path: str | int, limit: int = TEXT_LIMIT) -> str:
    """Return the words at ``path`` on one line, without NUL; "" for all but words and numbers."""
    found = value.get(path[0]) if len(path) == 1 and type(value) is dict else part(value, *path)
    return tidy(found, limit)


def tidy(found: Any, limit: int = TEXT_LIMIT) -> str:
    """Return what was found as words on one line; see ``text``."""
    if (
        type(found) is str
        and len(found) <= limit
        and found.isprintable()
        and "  " not in found
        and found[:1] != " " != found[-1:]
    ):
        return found  # tidy already, as most are
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


def decoded(words: Any) -> bytes:
    """Return the bytes that base64 words hold; none for anything that is not base64."""
    if not isinstance(words, str) or len(words) > IMAGE_LIMIT:
        return b""
    try:
        return base64.b64decode("".join(words.split()), validate=True)
    except ValueError:
        return b""


def numbered(scans: Sequence[Scan]) -> list[Scan]:
    """Number scans as they are listed, whether the newest or the oldest comes first."""
    times = [scan.local_time for scan in scans if scan.local_time]
    is_rising = bool(times) and times[0] < times[-1]
    return [
        replace(scan, sequence=turn if is_rising else len(scans) - 1 - turn)
        for turn, scan in enumerate(scans)
    ]


def apart(scans: Sequence[Scan], *, carrier: str, number: str) -> tuple[Scan, ...]:
    """
    Give an id to each scan that a coarse code would let pass for another one of its minute.

    The first of them, by ``sequence``, keeps what it is known by, so that a later body in which
    its twin turns up still means the same two scans. What is alike in its words too is one scan.
    """
    seen: dict[bytes, list[Scan]] = {}
    twins: dict[int, Scan] = {}
    for place in sorted(range(len(scans)), key=lambda place: scans[place].sequence):
        scan = replace(scans[place], sequence=0)
        mark = scan.fingerprint(carrier=carrier, number=number)
        alike = seen.setdefault(mark, [])
        if scan not in alike:
            alike.append(scan)
        turn = alike.index(scan)
        if turn and not scan.event_id:
            twins[place] = replace(scans[place], event_id=f"{mark.hex()}/{turn + 1}")
    return tuple(twins.get(place, scan) for place, scan in enumerate(scans))


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
