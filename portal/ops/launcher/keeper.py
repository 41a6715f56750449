"""
Keep watch over a process that starts others: whichever of the two is killed, nothing survives.

The keeper forks. Its child does the work and starts the services; the keeper only waits. Killing
the keeper makes the kernel ask the child to stop in good order. Killing the child hands its orphans
to the keeper (a subreaper), which ends them. Killing both at once still ends every direct child
by its own death signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Stopped(BaseException):
    """Somebody asked this process to stop; unwinds like KeyboardInterrupt."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def die_with_parent(number: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """
    Have the kernel send this process a signal when the thread that started it ends.

    ``parent`` is who started it: if that is somebody else by now, it died before we could ask.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if parent is not None and os.getppid() != parent:
            os._exit(1)


def adopt_orphans() -> None:
    """Make this process the parent of any descendant whose own parent dies."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid: int) -> list[int]:
    """Return the pids of the living children of ``pid``; empty where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # the command stands in brackets and may itself hold spaces and brackets
            state, parent = entry.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            if int(parent) == pid and state not in "ZX":
                found.append(int(entry.parent.name))
    return found


def descendants(pid: int) -> list[int]:
    """Return every living process below ``pid``, nearest first."""
    found, level = [], children(pid)
    while level:
        found += level
        level = [below for each in level for below in children(each)]
    return found


def end_all(*, patience: float = 5.0) -> None:
    """
    End every process below this one: politely, then by force, until the kernel knows of none.

    Only for a process that has adopted its orphans: then nothing can slip away by losing its
    parent while we look.
    """
    started = time.monotonic()
    asked: set[int] = set()
    while not _reap():
        took = time.monotonic() - started
        if took > patience + 10:
            return  # a process stuck in the kernel; nothing a signal can do
        for each in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if took >= patience:
                    os.kill(each, signal.SIGKILL)
                elif each not in asked:
                    os.kill(each, signal.SIGTERM)
                    asked.add(each)
        time.sleep(0.02)


def stop_on_signals() -> None:
    """Turn Ctrl-C, SIGTERM and a lost terminal into `Stopped`, raised in the main thread."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def keep(work: Callable[[], int], *, apart: bool, patience: float = 5.0) -> int:
    """
    Run ``work`` in a child and return its exit code once nothing it started is left.

    ``apart`` gives it a process group of its own, so that Ctrl-C reaches only the keeper and
    the services stop in order instead of all at once.
    """
    adopt_orphans()
    if "MAKELEVEL" in os.environ:
        die_with_parent(signal.SIGTERM)  # make itself was killed
    asked = 0

    def pass_on(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = number
        if not apart and number == signal.SIGINT and sys.stdin and sys.stdin.isatty():
            return  # the terminal has told the whole group already
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    sys.stdout.flush()
    sys.stderr.flush()
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(work, keeper=keeper, apart=apart, signals=signals)
    for number in signals:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    code = _wait(pid)
    end_all(patience=patience)
    return 128 + asked if asked and code == 0 and not apart else code


def _become(
    work: Callable[[], int], *, keeper: int, apart: bool, signals: set[signal.Signals]
) -> None:
    code = 1
    try:
        die_with_parent(signal.SIGTERM, parent=keeper)
        adopt_orphans()
        if apart:
            os.setpgid(0, 0)
        stop_on_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        code = work()
    except Stopped as stopped:
        code = 128 + stopped.number
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))
        if isinstance(leaving.code, str):
            sys.stderr.write(f"{leaving.code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(BaseException):
            end_all()  # the keeper would, but it may be the one that was killed
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _wait(pid: int) -> int:
    while True:
        found, status = os.waitpid(-1, 0)
        if found == pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _reap() -> bool:
    """Bury the dead; return whether no child is left at all, dead or alive."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False
