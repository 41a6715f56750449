"""Make carriers' calls in threads that do HTTP and nothing else, a few at once a connection."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
from django.conf import settings

from portal.lib import http
from tracking.carriers.base import HttpRequest
from tracking.scans import CarrierError, ErrorKind
from tracking.services import credentials
from tracking.services.lines import Line

log = logging.getLogger(__name__)

CALL_SECONDS = 20.0
"""The longest a whole answer may take, however steadily it drips."""


@dataclass(slots=True, eq=False)
class Call:
    """One call to a carrier, under way or about to be."""

    line: Line
    request: HttpRequest = field(repr=False)
    rows: list[Any]
    """What it asks about, in the words of whoever makes it."""
    sent_at: datetime
    is_token: bool = False
    token: str = field(default="", repr=False)
    """The one it carries."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a call; ``error`` where there is nothing to read."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    error: CarrierError | None = None
    has_arrived: bool = True
    """False when the carrier cannot have noticed the call."""


class Wire(Protocol):
    """Where calls go and answers come from; benches put a make-believe world behind it."""

    def now(self) -> datetime:
        """Return the time."""

    def send(self, call: Call) -> None:
        """Begin a call."""

    def busy(self, connection_id: int | None = None) -> int:
        """Count the calls under way, of one connection or of all."""

    def wait(self, seconds: float) -> list[tuple[Call, Heard]]:
        """Return the calls that have ended, after at most so many seconds without any."""

    def abandon(self) -> list[tuple[Call, Heard]]:
        """Give up what is still under way."""

    def close(self) -> None:
        """Let go of everything."""


class Threads:
    """The real wire: a client and a small pool a connection, so that none waits for another."""

    def __init__(
        self, *, clock: Callable[[], datetime], transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._clock = clock
        self._transport = transport
        self._clients: dict[int, httpx2.Client] = {}
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._under_way: dict[Future[Heard], Call] = {}

    def now(self) -> datetime:
        """Return the time."""
        return self._clock()

    def send(self, call: Call) -> None:
        """Begin a call in a thread of its connection's own."""
        key = call.line.connection_id
        if key not in self._pools:
            self._clients[key] = http.client(transport=self._transport)
            self._pools[key] = ThreadPoolExecutor(call.line.slots, f"carrier-{key}")
        self._under_way[self._pools[key].submit(_talk, self._clients[key], call.request)] = call

    def busy(self, connection_id: int | None = None) -> int:
        """Count the calls under way, of one connection or of all."""
        if connection_id is None:
            return len(self._under_way)
        return sum(call.line.connection_id == connection_id for call in self._under_way.values())

    def wait(self, seconds: float) -> list[tuple[Call, Heard]]:
        """Return the calls that have ended, after at most so many seconds without any."""
        done, _rest = wait(self._under_way, timeout=seconds, return_when=FIRST_COMPLETED)
        return [(self._under_way.pop(one), one.result()) for one in done]

    def abandon(self) -> list[tuple[Call, Heard]]:
        """Give up what is still under way; its threads end when their reads do."""
        lost = Heard(error=_failed("no answer before the round was over"))
        given_up = [(call, lost) for call in self._under_way.values()]
        self._under_way.clear()
        return given_up

    def close(self) -> None:
        """Let go of everything; a thread that still reads finds its connection closed."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()


def _talk(client: httpx2.Client, request: HttpRequest) -> Heard:
    """Make one call. Never raises, and says nothing that may hold an address or a key."""
    begun = time.monotonic()
    try:
        if not _is_allowed(request.url):
            return Heard(error=_drift("the address is not one we call"), has_arrived=False)
        reply = http.exchange(
            client,
            method=request.method,
            url=request.url,
            headers=request.headers,
            body=request.body,
            max_bytes=settings.POLL_MAX_BYTES,
            seconds=CALL_SECONDS,
        )
    except (http.TooLarge, http.Garbled) as error:
        return Heard(seconds=time.monotonic() - begun, error=_drift(str(error)))
    except httpx2.RemoteProtocolError:
        # Cut off in the middle, or no HTTP at all.
        return Heard(
            seconds=time.monotonic() - begun, error=_drift("the answer is not whole, or not HTTP")
        )
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        return Heard(
            seconds=time.monotonic() - begun,
            error=_failed(f"no connection ({type(error).__name__})"),
            has_arrived=False,
        )
    except (http.TooSlow, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        return Heard(
            seconds=time.monotonic() - begun, error=_failed(f"no answer ({type(error).__name__})")
        )
    except Exception as error:  # whatever a transport raises, the other lines go on
        log.exception("a call failed in an unforeseen way")
        return Heard(
            seconds=time.monotonic() - begun, error=_failed(f"no answer ({type(error).__name__})")
        )
    return Heard(reply.status, reply.headers, reply.body, time.monotonic() - begun)


def _is_allowed(url: str) -> bool:
    """Test whether an address may be called: by TLS, or where the installation says so."""
    parts = urlsplit(url)
    if parts.username or parts.password or not parts.hostname:
        return False
    return parts.scheme == "https" or credentials.is_host_allowed(
        f"{parts.scheme}://{parts.netloc}"
    )


def _failed(message: str) -> CarrierError:
    return CarrierError(kind=ErrorKind.TRANSIENT, message=f"The carrier gave {message}.")


def _drift(message: str) -> CarrierError:
    return CarrierError(kind=ErrorKind.SCHEMA_DRIFT, message=f"Unreadable: {message}.")
