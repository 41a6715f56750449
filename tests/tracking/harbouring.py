"""A pretend carrier in its own process, for tests and chaos runs that ask a real other side."""

# ruff: noqa: S310 - the only addresses are loopback ones that we made up

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from portal.ops.launcher.places import ROOT, free_port

KEY = "key-of-the-pretend-carrier"


class HarbourProcess:
    """Start, ask and stop one pretend carrier; its ledger survives a restart."""

    def __init__(self, ledger: Path, *options: str) -> None:
        self.ledger, self.options = ledger, options
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> HarbourProcess:
        """Start it and wait until it answers."""
        command = [
            sys.executable, "-m", "tracking.carriers.harbour", "--port", str(self.port),
            "--ledger", str(self.ledger), *self.options,
        ]  # fmt: skip
        env = os.environ | {"AMENDS_HARBOUR_KEY": KEY}
        self.process = subprocess.Popen(command, cwd=ROOT, env=env)
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return self
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError("the pretend carrier did not open") from None
                time.sleep(0.05)
        raise RuntimeError("the pretend carrier does not answer")

    def stop(self) -> None:
        """End it and wait until it is gone."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.process = None

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call it with the key; the answer must be good."""
        status, answer, _headers = call(self.url + path, body)
        if status >= 400:
            raise AssertionError(f"{path}: {status} {answer!r}")
        told: dict[str, Any] = json.loads(answer)
        return told

    def ship(self, number: str, *script: dict[str, Any]) -> None:
        """Let it carry a parcel that moves by this script."""
        self.ask("/parcels", {"parcels": [{"number": number, "script": list(script)}]})

    def suffer(self, mode: str, **how_long: float) -> None:
        """Let calls go wrong."""
        self.ask("/faults", {"mode": mode, **how_long})

    def verdicts(self) -> list[str]:
        """Return what its ledger says of each call, oldest first."""
        return [call["verdict"] for call in self.ask("/ledger")["calls"]]


def call(
    url: str, body: dict[str, Any] | None = None, *, key: str = KEY, seconds: float = 30
) -> tuple[int, bytes, dict[str, str]]:
    """Call as a stranger would; return status, body and headers by lower-case name."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, answer.read(), _named(answer.headers)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), _named(refused.headers)


def _named(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
