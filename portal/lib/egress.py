"""
Send to addresses that strangers chose: never inwards, never for long, never elsewhere.

A name is looked up once, every address it has is judged, and the socket is opened to an address
that was judged: a DNS answer that changes its mind a moment later finds nobody asking again.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore2

PORTS = (443, 8443)
CONNECT_SECONDS = 3.05
MOST_ADDRESSES = 4
"""So many addresses of one name are tried before we give it up."""

# Python's is_private and is_global both let some of these through, so the list is our own.
_CLOSED_4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT, and some clouds' metadata
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation, with 198.51.100 and 203.0.113
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6; loopback, local, mapped and multicast lie outside."""
_CLOSED_6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation, with 3fff
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?")

_TROUBLE = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)


class Refused(Exception):
    """The address is not one we call."""


class Unanswered(Exception):
    """Nobody answered in time, or not in HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and the headers, by lower-case name; what else was said is not kept."""

    status: int
    headers: Mapping[str, str] = field(repr=False)


def is_open(address: str, *, may_be_local: bool = False) -> bool:
    """Tell whether an IP address belongs to the public internet; loopback too if it may."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if may_be_local and found.is_loopback:
        return True
    if isinstance(found, IPv6Address):
        if found not in _MAPPED and found not in _NAT64:
            return found in _OPEN_6 and not any(found in network for network in _CLOSED_6)
        found = IPv4Address(int(found) & 0xFFFFFFFF)
    return not any(found in network for network in _CLOSED_4)


def check(url: str, *, may_be_local: bool = False) -> None:
    """
    Judge an address by how it is written; what its name leads to is judged at each call.

    :raises Refused: in words for whoever wrote it.
    """
    _host_and_port(url, may_be_local=may_be_local)


def post(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    seconds: float,
    max_bytes: int,
    may_be_local: bool = False,
    trust: ssl.SSLContext | None = None,
) -> Answer:
    """
    Post ``body`` and return the answer, all within ``seconds``; no redirect is followed.

    At most ``max_bytes`` of the answer are read, and thrown away: the status is the answer.

    :raises Refused: if the address is not one we call, or its name leads to such a one.
    :raises Unanswered: if there is no answer in time.
    """
    until = time.monotonic() + seconds
    parts, host, port = _host_and_port(url, may_be_local=may_be_local)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = httpcore2.URL(scheme=parts.scheme, host=host, port=port, target=target)
    named = [("Host", parts.netloc), ("Content-Length", str(len(body))), *headers.items()]
    try:
        with (
            httpcore2.ConnectionPool(
                ssl_context=trust or _trust(),
                network_backend=_Guard(until, may_be_local=may_be_local),
            ) as pool,
            pool.stream("POST", address, headers=named, content=body) as response,
        ):
            with suppress(*_TROUBLE):
                _drain(response.iter_stream(), max_bytes)
            found = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            return Answer(response.status, found)
    except httpcore2.TimeoutException:
        raise Unanswered(f"no answer within {seconds:g} s") from None
    except _TROUBLE as trouble:
        raise Unanswered(f"no answer: {trouble or type(trouble).__name__}"[:300]) from None


def _drain(parts: Iterable[bytes], most: int) -> None:
    """Read politely to the end, or until it is more than anybody needs to say."""
    for part in parts:
        most -= len(part)
        if most <= 0:
            return


def _host_and_port(url: str, *, may_be_local: bool) -> tuple[SplitResult, str, int]:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Refused("Write the address in plain ASCII, without spaces or backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("This is not a web address.") from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in ({"https", "http"} if may_be_local else {"https"}):
        raise Refused("The address must begin with https://.")
    if "@" in parts.netloc:
        raise Refused("The address must not hold a user name or password.")
    if parts.fragment:
        raise Refused("The address must not have a part after #.")
    if port is None:
        port = {"https": 443, "http": 80}[parts.scheme]
    if port not in PORTS and not may_be_local:
        raise Refused("Only the ports 443 and 8443 are called.")
    if not parts.netloc.startswith("[") and not _NAME.fullmatch(host):
        raise Refused("This is not the name of a host.")
    is_literal = parts.netloc.startswith("[") or host.replace(".", "").isdigit()
    if is_literal and not is_open(host, may_be_local=may_be_local):
        raise Refused("This address is not on the public internet.")
    return parts, host, port


def _look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a name, each once, in the order the system prefers."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpcore2.ConnectError("the name of the host leads nowhere") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@functools.cache
def _trust() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()


class _Guard(httpcore2.NetworkBackend):
    """Open sockets only to addresses that were judged, and only until a fixed moment."""

    def __init__(self, until: float, *, may_be_local: bool) -> None:
        self._until = until
        self._may_be_local = may_be_local
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of the name that takes us; all of them must be public."""
        addresses = _look_up(host, port)
        if not all(is_open(each, may_be_local=self._may_be_local) for each in addresses):
            raise Refused("The name of the host leads to an address that is not public.")
        trouble: Exception = httpcore2.ConnectError("the name of the host leads nowhere")
        for address in addresses[:MOST_ADDRESSES]:
            wait = min(_left(self._until, httpcore2.ConnectTimeout), CONNECT_SECONDS)
            try:
                stream = self._sockets.connect_tcp(address, port, wait)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                trouble = error
            else:
                return _Clocked(stream, self._until)
        raise trouble


class _Clocked(httpcore2.NetworkStream):
    """A stream whose every wait ends at one moment: a drip of single bytes gains nothing."""

    def __init__(self, stream: httpcore2.NetworkStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, _left(self._until, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write in pieces, so that each wait is short of the end."""
        for start in range(0, len(buffer), 16_384):
            left = _left(self._until, httpcore2.WriteTimeout)
            self._stream.write(buffer[start : start + 16_384], left)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """Shake hands; the certificate must be for the name, whatever address we called."""
        left = _left(self._until, httpcore2.ConnectTimeout)
        return _Clocked(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        """Pass a question on."""
        return self._stream.get_extra_info(info)


def _left(until: float, over: type[Exception]) -> float:
    """Return the seconds that are left; none left raises."""
    left = until - time.monotonic()
    if left <= 0:
        raise over("the time is up")
    return left
