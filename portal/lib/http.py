"""Call other people's machines: always with a deadline, never following them elsewhere."""

from __future__ import annotations

import httpx2

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0


class TooLarge(Exception):
    """An answer was longer than we are willing to read."""


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
