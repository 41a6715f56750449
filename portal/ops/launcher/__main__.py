"""
Run Amends, or a command inside scratch services.

    python -m portal.ops.launcher run
    python -m portal.ops.launcher exec -- COMMAND ...
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from portal.ops.launcher import keeper, places, running
from portal.ops.launcher.saying import CannotStart
from portal.ops.launcher.scratch import services


def main(words: Sequence[str]) -> int:
    """Read the command line."""
    try:
        return _main(words)
    finally:
        places.clear_left_behind()  # of a child that was killed; by now it is dead for certain


def _main(words: Sequence[str]) -> int:
    if list(words) == ["run"]:
        return keeper.keep(running.run, apart=True)
    if words and words[0] == "exec":
        command = list(words[2:] if words[1:2] == ["--"] else words[1:])
        if command:
            return keeper.keep(lambda: _execute(command), apart=False)
    sys.stderr.write(f"{(__doc__ or '').strip()}\n")
    return 2


def _execute(command: list[str]) -> int:
    """Run a command inside scratch services and return its exit code."""
    try:
        with services() as running_services:
            return _run(command, running_services.env)
    except CannotStart as trouble:
        sys.stderr.write(f"\nThe services cannot start. {trouble}\n")
        return 1


def _run(command: list[str], env: dict[str, str]) -> int:
    try:
        process = subprocess.Popen(  # noqa: S603
            command, env=env, cwd=places.ROOT, preexec_fn=keeper.die_with_parent
        )
    except OSError as trouble:
        sys.stderr.write(f"Cannot run {command[0]}: {trouble.strerror}.\n")
        return 127
    stop: signal.Signals | None = None
    while True:
        try:
            code = process.wait() if stop is None else _finish(process, stop)
        except keeper.Stopped as stopped:
            stop = signal.Signals(stopped.number) if stop is None else signal.SIGKILL
        else:
            return code if code >= 0 else 128 - code


def _finish(process: subprocess.Popen[bytes], stop: signal.Signals) -> int:
    """Let a command that was asked to stop finish its last words, but not for ever."""
    if stop != signal.SIGINT or not (sys.stdin and sys.stdin.isatty()):
        process.send_signal(stop)  # at a terminal Ctrl-C has reached it already
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
