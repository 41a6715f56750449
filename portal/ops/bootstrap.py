"""
Make the virtual environment from the hashed locks, then hand over to a command in it.

    python3 portal/ops/bootstrap.py run|dev [-- ARGUMENTS FOR PYTHON]

Runs on a bare Python 3.11 or newer with only the standard library, as any user, without a
compiler, with or without a home folder. A stamp makes the second time instant.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {"run": ("requirements.txt",), "dev": ("requirements.txt", "requirements-dev.txt")}
UV_LOCK = "requirements-uv.txt"
OLDEST = (3, 11)


class CannotSetUp(Exception):
    """The machine lacks something; the message says what to do about it."""


def main(words: list[str]) -> int:
    """Prepare for ``run`` or ``dev``; become the command after ``--``, if there is one."""
    kind = words[0] if words else ""
    command = words[2:] if words[1:2] == ["--"] else words[1:]
    if kind not in LOCKS:
        sys.stderr.write(f"{(__doc__ or '').strip()}\n")
        return 2
    try:
        python = prepare(kind)
    except CannotSetUp as trouble:
        say(f"\nAmends cannot be set up. {trouble}\n")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Run the same command again to go on.")
        return 130
    if command:
        _become(python, command)
    return 0


def _become(python: Path, command: list[str]) -> NoReturn:
    os.environ.pop("PYTHONHOME", None)
    os.environ["VIRTUAL_ENV"] = str(python.parent.parent)
    os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Compiling all modules anew costs every process seconds; in var/ the result is no litter.
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / "var" / "bytecode"))
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(python, [str(python), *command])  # noqa: S606


def prepare(kind: str) -> Path:
    """
    Return the Python of an environment that holds everything the locks name.

    :raises CannotSetUp: if it cannot be made.
    """
    home = Path(os.environ.get("AMENDS_VENV") or ROOT / ".venv").absolute()
    python = home / "bin" / "python"
    stamp = home / f".amends-{kind}"
    want = fingerprint(kind)
    if _read(stamp) == want and _works(python):
        return python
    with _alone(home):
        if _read(stamp) == want and _works(python):
            return python  # somebody else has just done it
        if not _works(python):
            make(home)
        install(python, kind)
        for name in LOCKS if kind == "dev" else (kind,):
            (home / f".amends-{name}").write_text(fingerprint(name), "utf-8")
    return python


def fingerprint(kind: str) -> str:
    """Return what an environment depends on: the locks, the Python, and its own place."""
    digest = hashlib.sha256()
    for name in LOCKS[kind]:
        digest.update((ROOT / name).read_bytes())
    return f"{digest.hexdigest()} {sysconfig.get_platform()} {sys.version_info[:2]} {ROOT}\n"


def make(home: Path) -> None:
    """Create an empty environment."""
    shutil.rmtree(home, ignore_errors=True)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir()
    except OSError as trouble:
        raise CannotSetUp(
            f"Cannot write to {home.parent} ({trouble.strerror}).\n"
            "Choose a place for the environment: make run AMENDS_VENV=/path/to/a/folder"
        ) from trouble
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        words = [sys.executable, "-m", "venv", str(home)]
    elif uv := shutil.which("uv"):
        words = [uv, "venv", "--python", sys.executable, "--allow-existing", str(home)]
    else:
        home.rmdir()
        raise CannotSetUp(
            "This Python comes without venv and pip.\n"
            "On Debian and Ubuntu: apt-get install python3-venv (or install uv)."
        )
    ok, said = run(words, f"making {home.name} with Python {sys.version.split()[0]}")
    if not ok:
        shutil.rmtree(home, ignore_errors=True)
        raise CannotSetUp(f"The environment could not be made:\n{said}")


def install(python: Path, kind: str) -> None:
    """Install what the locks name, only as wheels whose hash is known; by uv, or else by pip."""
    room = _room()
    env = {**os.environ, **_caches(room)}
    env.pop("PYTHONPATH", None)
    exact = ["--require-hashes", "--only-binary", ":all:"]
    files = [word for name in LOCKS[kind] for word in ("-r", str(ROOT / name))]
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    uv = python.parent / "uv"
    if not uv.exists() and _has_pip(python):
        words = [*pip, "install", "-q", *exact, "-r", str(ROOT / UV_LOCK)]
        run(words, "fetching the installer", env=env)
    fast = str(uv) if uv.exists() else shutil.which("uv")
    said = ""
    if fast:
        words = [fast, "pip", "install", "--python", str(python), "-q", *exact, *files]
        ok, said = run(words, f"installing {_count(kind)} packages", env=env)
        if ok:
            return
    if not _has_pip(python):
        raise CannotSetUp(f"The packages could not be installed:\n{said}")
    words = [*pip, "install", "-q", *exact, *files]
    ok, said = run(words, f"installing {_count(kind)} packages with pip", env=env)
    if not ok:
        raise CannotSetUp(_advice(said))


def _advice(said: str) -> str:
    if "No matching distribution" in said or "No solution" in said:
        return (
            "A package has no ready-made build for this Python or machine, or the package index"
            " cannot be reached.\n"
            "Amends never compiles; try another Python: make run PYTHON=python3.12\n" + said
        )
    if "hash" in said.lower() and "mismatch" in said.lower():
        return f"A downloaded package is not the one the lock names. Nothing was installed.\n{said}"
    if "No space left" in said:
        return f"The disk is full.\n{said}"
    return f"The packages could not be installed:\n{said}"


def run(words: list[str], doing: str, *, env: dict[str, str] | None = None) -> tuple[bool, str]:
    """Run a step, saying that it is still going; return whether it worked and its last words."""
    started = time.monotonic()
    shows = sys.stdout.isatty()
    if shows:
        say(f"  … {doing}", end="")
    log = _room() / "setup.log"
    with log.open("w+b") as out:
        process = subprocess.Popen(  # noqa: S603
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=ROOT
        )
        due = started + (1 if shows else 2)
        try:
            while process.poll() is None:
                time.sleep(0.1)
                now = time.monotonic()
                if now >= due:
                    due = now + (1 if shows else 10)
                    again = "\r\033[K" if shows else ""
                    say(f"{again}  … {doing} ({now - started:.0f} s)", end="" if shows else "\n")
        except BaseException:
            process.terminate()
            process.wait()
            raise
    ok = process.returncode == 0
    again = "\r\033[K" if shows else ""
    say(f"{again}  {'✓' if ok else '✗'} {doing} ({time.monotonic() - started:.1f} s)")
    lines = log.read_text("utf-8", "replace").splitlines()
    return ok, "\n".join(f"    {line}" for line in lines[-12:] if "is ignored" not in line)


def say(text: str, end: str = "\n") -> None:
    """Print at once, whatever the terminal can encode."""
    try:
        sys.stdout.write(text + end)
    except UnicodeEncodeError:
        sys.stdout.write(text.encode("ascii", "replace").decode() + end)
    sys.stdout.flush()


def _room() -> Path:
    """Return a folder for logs and caches: var/, or a temporary one if that cannot be written."""
    import tempfile

    for folder in (os.environ.get("AMENDS_VAR"), ROOT / "var"):
        try:
            if folder:
                path = Path(folder) / "log"
                path.mkdir(parents=True, exist_ok=True)
                if os.access(path, os.W_OK):
                    return path
        except OSError:
            continue
    path = Path(tempfile.gettempdir()) / f"amends-setup-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.lstat().st_uid != os.getuid():
        raise CannotSetUp(f"{path} belongs to somebody else. Set AMENDS_VAR to a folder of yours.")
    return path


def _caches(room: Path) -> dict[str, str]:
    """Keep caches and configuration out of a home folder that cannot be written."""
    env = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "UV_SYSTEM_CERTS": "1",  # those that pip trusts, a company's own among them
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if index := os.environ.get("PIP_INDEX_URL"):
        env["UV_DEFAULT_INDEX"] = index
    home = os.environ.get("HOME", "")
    if not (home and os.access(home, os.W_OK)):
        cache = room.parent / "cache"
        env |= {
            "HOME": str(cache), "XDG_CACHE_HOME": str(cache),
            "UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip"),
        }  # fmt: skip
    return env


def _works(python: Path) -> bool:
    try:
        return (
            subprocess.run(  # noqa: S603
                [str(python), "-c", ""], capture_output=True, check=False, timeout=60
            ).returncode
            == 0
        )
    except OSError:
        return False


def _has_pip(python: Path) -> bool:
    return (
        subprocess.run(  # noqa: S603
            [str(python), "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
        == 0
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def _count(kind: str) -> int:
    return len(
        {
            line.split("==")[0]
            for name in LOCKS[kind]
            for line in (ROOT / name).read_text("utf-8").splitlines()
            if "==" in line and not line.startswith((" ", "#"))
        }
    )


class _alone:  # noqa: N801
    """Let one process at a time change the environment."""

    def __init__(self, home: Path) -> None:
        digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
        self.path = _room() / f"setup-{digest}.lock"

    def __enter__(self) -> None:
        import fcntl

        self.lock = self.path.open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("  … waiting for another make to finish setting up")
            fcntl.flock(self.lock, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.lock.close()


if __name__ == "__main__":
    sys.path[:] = [
        entry for entry in sys.path if Path(entry or ".").resolve() != ROOT / "portal" / "ops"
    ]
    if sys.version_info < OLDEST:
        sys.stdout.write(
            "Amends needs Python 3.11 or newer. Name one: make run PYTHON=python3.12\n"
        )
        sys.exit(1)
    sys.exit(main(sys.argv[1:]))
