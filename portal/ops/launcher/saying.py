"""What the launcher says while it works: one line a step, and never a long silence."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CannotStart(Exception):
    """Something outside our hands is missing; the message says what to do about it."""


class Teller:
    """Print steps as they begin and end; a step that takes long says that it is still going."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.is_terminal = sys.stdout.isatty()

    def say(self, text: str = "") -> None:
        """Print one line."""
        if not self.quiet:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Say what is being done, that it still is, and how long it took."""
        if self.quiet:
            yield
            return
        started, over = time.monotonic(), threading.Event()
        ticker = threading.Thread(target=self._tick, args=(doing, started, over), daemon=True)
        if self.is_terminal:
            self._write(f"  … {doing}", end="")
        ticker.start()
        mark = "✗"
        try:
            yield
            mark = "✓"
        finally:
            over.set()
            ticker.join()
            took = time.monotonic() - started
            self._write(f"  {mark} {doing} ({took:.1f} s)", end="\n", again=True)

    def _tick(self, doing: str, started: float, over: threading.Event) -> None:
        pause = 1.0 if self.is_terminal else 2.0
        while not over.wait(pause):
            took = time.monotonic() - started
            if not self.is_terminal:
                pause = 10.0  # a log needs fewer signs of life than a person who watches
            self._write(
                f"  … {doing} ({took:.0f} s)", end="" if self.is_terminal else "\n", again=True
            )

    def _write(self, text: str, *, end: str, again: bool = False) -> None:
        start = "\r\033[K" if again and self.is_terminal else ""
        sys.stdout.write(f"{start}{text}{end}")
        sys.stdout.flush()


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, indented, for a message."""
    try:
        text = log.read_text("utf-8", "replace")
    except OSError:
        return "    (no log was written)"
    return (
        "\n".join(f"    {line}" for line in text.splitlines()[-lines:]) or "    (the log is empty)"
    )
