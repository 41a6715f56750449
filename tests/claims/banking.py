"""A sandbox bank in its own process, for tests and chaos runs that need a real provider."""

# ruff: noqa: S310 - the only addresses are loopback ones that we made up

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECRET = "sandbox-bank-of-the-tests"


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BankProcess:
    """Start, ask and stop one bank; its ledger survives a restart."""

    def __init__(
        self, ledger: Path, *, webhook: str = "", slow: float = 20.0, port: int = 0
    ) -> None:
        self.ledger, self.webhook, self.slow = ledger, webhook, slow
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> BankProcess:
        """Start it and wait until it answers."""
        command = [
            sys.executable, "-m", "claims.gateways.bank", "--port", str(self.port),
            "--ledger", str(self.ledger), "--webhook", self.webhook, "--slow", str(self.slow),
            "--settle", "0.3",
        ]  # fmt: skip
        env = os.environ | {"AMENDS_SANDBOX_BANK_SECRET": SECRET}
        self.process = subprocess.Popen(command, cwd=ROOT, env=env)
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return self
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError("the bank did not open") from None
                time.sleep(0.05)
        raise RuntimeError("the bank does not answer")

    def stop(self) -> None:
        """End it and wait until it is gone."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.process = None

    def ask(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Call it as a stranger would, with the secret."""
        status, answer = self.call(path, body, **headers)
        if status >= 400:
            raise AssertionError(f"{path}: {status} {answer}")
        return answer

    def call(
        self, path: str, body: dict[str, Any] | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Call it and return the status too."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {SECRET}"} | headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    def suffer(self, fault: str, times: int = 1) -> None:
        """Let the next refunds suffer a fault."""
        self.ask("/faults", {"fault": fault, "times": times})

    def refunds(self, reference: object = None) -> list[dict[str, Any]]:
        """Return what its own ledger says."""
        rows = self.ask("/ledger")["refunds"]
        return [row for row in rows if reference is None or row["reference"] == str(reference)]
