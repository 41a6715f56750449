"""How much processor time processes have used, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time, by whom."""

    app: float
    postgres: float
    valkey: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.app + self.postgres + self.valkey

    def __sub__(self, earlier: Spent) -> Spent:
        return Spent(
            self.app - earlier.app,
            self.postgres - earlier.postgres,
            self.valkey - earlier.valkey,
        )


def seconds(roots: Iterable[int]) -> float:
    """Return what these processes, all below them, and their ended children have used so far."""
    used: dict[int, int] = {}
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        pid, parent = int(stat.parent.name), int(fields[1])
        # utime, stime, and those of children that were waited for
        used[pid] = sum(int(field) for field in fields[11:15])
        below.setdefault(parent, []).append(pid)
    todo, seen = list(roots), set()
    while todo:
        pid = todo.pop()
        if pid in used and pid not in seen:
            seen.add(pid)
            todo += below.get(pid, [])
    return sum(used[pid] for pid in seen) / TICK
