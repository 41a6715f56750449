"""A port that nobody listens on, for servers that a test starts."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return a free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
