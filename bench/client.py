"""
A load client in a process of its own: raw sockets, keep-alive, one request after another each.

It reads requests made beforehand, so that signing costs nothing here, and prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from pathlib import Path


async def talk(port: int, queue: list[bytes], statuses: Counter[str], times: list[float]) -> None:
    """Take requests from the queue until it is empty."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while queue:
            request = queue.pop()
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            at = lower.find(b"content-length:")
            if at >= 0:
                size = int(lower[at + 15 : lower.index(b"\r\n", at)])
                if size:
                    await reader.readexactly(size)
            times.append(time.perf_counter() - begun)
            statuses[head[9:12].decode()] += 1
            if b"connection: close" in lower:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
    finally:
        writer.close()


async def run(port: int, requests: list[bytes], connections: int) -> dict[str, object]:
    """Send everything over so many connections."""
    queue = requests[::-1]
    statuses: Counter[str] = Counter()
    times: list[float] = []
    begun = time.perf_counter()
    await asyncio.gather(*(talk(port, queue, statuses, times) for _ in range(connections)))
    took = time.perf_counter() - begun
    times.sort()
    return {
        "statuses": dict(statuses),
        "seconds": took,
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[int(len(times) * 0.99)],
    }


def main() -> None:
    """Read the arguments, send, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    packed, requests, at = options.file.read_bytes(), [], 0
    while at < len(packed):
        size = int.from_bytes(packed[at : at + 4], "big")
        requests.append(packed[at + 4 : at + 4 + size])
        at += 4 + size
    print(json.dumps(asyncio.run(run(options.port, requests, options.connections))))


if __name__ == "__main__":
    main()
