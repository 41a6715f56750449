"""Folders, ports and locks: where things live and whether they may."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.ops.launcher.saying import CannotStart

ROOT = Path(__file__).resolve().parents[3]
"""The checkout."""
LONGEST_SOCKET = 107
"""Bytes the kernel allows for the path of a Unix socket."""
_TEMP = "amends-run-"


def var() -> Path:
    """
    Return the folder for everything that is kept between runs, made if need be.

    :raises CannotStart: if it cannot be written.
    """
    folder = Path(os.environ.get("AMENDS_VAR") or ROOT / "var").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as trouble:
        raise CannotStart(
            f"Cannot write to {folder} ({trouble.strerror}).\n"
            "Choose a folder that you may write to: make run AMENDS_VAR=/path/to/a/folder"
        ) from trouble
    return folder


@contextmanager
def only_one(folder: Path) -> Iterator[Path]:
    """
    Hold the folder's lock; the kernel lets go of it however we end, so it is never stale.

    :raises CannotStart: if another launcher holds it.
    """
    path = folder / "launcher.lock"
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as trouble:
            lock.seek(0)
            who = lock.read().strip() or "another process"
            raise CannotStart(
                f"Amends is already running from this folder ({who}).\n"
                "Stop it there with Ctrl-C first, or run a second one beside it: "
                "make run PORT=8001 AMENDS_VAR=/path/to/another/folder"
            ) from trouble
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield path
        lock.truncate(0)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on, chosen by the kernel at random."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Test whether we could listen on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def web_port() -> int:
    """
    Return the port the pages are served on: ``PORT``, or 8000.

    :raises CannotStart: if it is no port, or taken.
    """
    asked = os.environ.get("PORT") or "8000"
    if not asked.isascii() or not asked.isdigit() or not 0 < int(asked) < 65536:
        raise CannotStart(f"PORT={asked} is not a port number. Try: make run PORT=8001")
    port = int(asked)
    if not is_free(port):
        other = next((p for p in range(port + 1, min(port + 50, 65536)) if is_free(p)), None)
        advice = f"make run PORT={other or free_port()}"
        why = (
            "needs more rights than you have"
            if port < 1024 and os.geteuid() != 0
            else "is in use by another program"
        )
        raise CannotStart(f"Port {port} {why}. Choose another one: {advice}")
    return port


def temp_base() -> Path:
    """Return a short folder for sockets and scratch data that an unprivileged user can enter."""
    for folder in ("/tmp", "/var/tmp", "/dev/shm", tempfile.gettempdir()):  # noqa: S108
        if os.access(folder, os.W_OK | os.X_OK):
            return Path(folder)
    raise CannotStart("No temporary folder can be written. Set TMPDIR to one that can.")


@contextmanager
def temporary() -> Iterator[Path]:
    """
    Give a short temporary folder and remove it at the end; also what a killed run left behind.

    Its lock is held while we live, so folders whose lock is free belong to nobody.
    """
    clear_left_behind()
    folder = Path(tempfile.mkdtemp(prefix=_TEMP, dir=temp_base()))
    folder.chmod(0o711)  # an unprivileged database user walks through, but cannot look around
    descriptor = os.open(folder / "new", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    (folder / "new").rename(folder / "lock")  # only ever seen while it is held
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def clear_left_behind() -> None:
    """Remove temporary folders of ours whose launcher is dead."""
    for folder in temp_base().glob(f"{_TEMP}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid != os.geteuid():
                continue
            descriptor = os.open(folder / "lock", os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def quiet_home(folder: Path) -> dict[str, str]:
    """Return variables that move HOME and caches into ``folder`` when HOME cannot be written."""
    home = os.environ.get("HOME", "")
    if home and os.access(home, os.W_OK):
        return {}
    room = folder / "home"
    room.mkdir(parents=True, exist_ok=True)
    return {
        "HOME": str(room),
        "XDG_CACHE_HOME": str(room / "cache"),
        "XDG_CONFIG_HOME": str(room / "config"),
        "XDG_DATA_HOME": str(room / "data"),
    }


def python() -> str:
    """Return the interpreter that runs us, and so the services."""
    return sys.executable
