"""Let a command in another window find the services of the running ``make run``."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

_NAME = "running.json"
_SHARED = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CACHE_URL", "DJANGO_SETTINGS_MODULE")


def leave_word(var: Path, env: dict[str, str]) -> None:
    """Write down where the services are, readable by their owner alone."""
    word = {
        name: value for name, value in env.items() if name in _SHARED or name.startswith("AMENDS_")
    }
    path = var / _NAME
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(word, out)


def take_back(var: Path) -> None:
    """Forget where the services were."""
    (var / _NAME).unlink(missing_ok=True)


def join() -> None:
    """Take over the services of a launcher that runs now, unless the environment names its own."""
    if os.environ.get("DATABASE_URL"):
        return
    root = Path(__file__).resolve().parents[3]
    var = Path(os.environ.get("AMENDS_VAR") or root / "var")
    with contextlib.suppress(OSError, ValueError):
        if _is_held(var / "launcher.lock"):
            for name, value in json.loads((var / _NAME).read_text("utf-8")).items():
                os.environ.setdefault(name, value)


def _is_held(path: Path) -> bool:
    with path.open("r+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
