"""Call other people's machines: always with a deadline, never following them elsewhere."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx2

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0


class TooLarge(Exception):
    """An answer was longer than we are willing to read."""


class TooSlow(Exception):
    """An answer came, but so slowly that we left before its end."""


class Garbled(Exception):
    """An answer was packed in a way that cannot be unpacked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody answered: status, headers by lower-case name, the body unpacked."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def client(
    *, timeout: float = READ_SECONDS, transport: httpx2.BaseTransport | None = None
) -> httpx2.Client:
    """
    Return a client that waits 3.05 s to connect and ``timeout`` seconds for each read.

    It follows no redirect and takes no proxy or credentials from the environment. Use it as a
    context manager.
    """
    return httpx2.Client(
        timeout=httpx2.Timeout(timeout, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        headers={"User-Agent": "Amends"},
    )


def exchange(
    line: httpx2.Client,
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    max_bytes: int,
    seconds: float,
) -> Reply:
    """
    Make one call and return the whole answer, read and unpacked within bounds.

    :raises TooLarge: if the answer is longer than ``max_bytes``, packed or unpacked.
    :raises TooSlow: if its end has not come after ``seconds``.
    :raises Garbled: if it is packed otherwise than we asked, or brokenly.
    :raises httpx2.HTTPError: if there is no answer, or it breaks off.
    """
    until = time.monotonic() + seconds
    asked = {**headers, "Accept-Encoding": "gzip"}
    with line.stream(method, url, headers=asked, content=body or None) as response:
        named = {name.lower(): value for name, value in response.headers.items()}
        packing = named.get("content-encoding", "identity").strip().lower()
        parts: list[bytes] = []
        size = 0
        for part in _unpacked(response.iter_raw(), packing, most=max_bytes + 1):
            size += len(part)
            if size > max_bytes:
                raise TooLarge(f"the answer is longer than {max_bytes} bytes")
            parts.append(part)
            if time.monotonic() > until:
                raise TooSlow(f"the answer took longer than {seconds:g} s")
        return Reply(response.status_code, named, b"".join(parts))


def _unpacked(raw: Iterator[bytes], packing: str, *, most: int) -> Iterator[bytes]:
    """Unpack at most ``most`` bytes at a time, so that a small bomb stays small."""
    if packing in {"", "identity"}:
        yield from raw
        return
    if packing not in {"gzip", "x-gzip", "deflate"}:
        raise Garbled(f"the answer is packed as {packing[:20]!r}")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        for part in raw:
            piece = unpacker.decompress(part, most)
            while piece:
                yield piece
                piece = unpacker.decompress(unpacker.unconsumed_tail, most)
        yield unpacker.flush()
    except zlib.error as error:
        raise Garbled("the answer cannot be unpacked") from error
    if not unpacker.eof:
        raise Garbled("the answer breaks off inside its packing")


def read(response: httpx2.Response, *, max_bytes: int) -> bytes:
    """
    Return the body of a response opened with ``client.stream``, if it is short enough.

    :raises TooLarge: as soon as more than ``max_bytes`` have come, whatever the header claimed.
    """
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > max_bytes:
            raise TooLarge(f"the answer is longer than {max_bytes} bytes")
        parts.append(part)
    return b"".join(parts)
