"""Rounds, medians, ratios and the page they are written to."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.cpu import Spent

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
HEAD = """# Performance

What `make bench` measured last: naive, ours and limit side by side, interleaved in one run, each
answer and each row checked before a figure is printed. Load client, web, worker, PostgreSQL and
Valkey share one machine, so **only ratios inside one table mean anything**. CPU is processor time
of application, PostgreSQL and Valkey together, without the load client; figures are the median of
the rounds, with the lowest and highest in brackets.
"""


@dataclass(frozen=True)
class Round:
    """One variant's result in one round."""

    units: int
    """What was done: events, pages."""
    seconds: float
    spent: Spent
    p50_ms: float = 0.0
    p99_ms: float = 0.0

    @property
    def rate(self) -> float:
        """Units a second by the clock."""
        return self.units / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time a unit."""
        return 1e6 * self.spent.total / self.units


@dataclass
class Series:
    """One variant's rounds."""

    name: str
    rounds: list[Round]

    def middle(self, what: str) -> float:
        """Return the median of a figure."""
        return float(median(getattr(one, what) for one in self.rounds))

    def shown(self, what: str, form: str = ",.0f") -> str:
        """Return median [lowest-highest]."""
        values = [getattr(one, what) for one in self.rounds]
        return f"{median(values):{form}} [{min(values):{form}}-{max(values):{form}}]"

    def share(self, who: str) -> float:
        """Return the median microseconds a unit of ``app``, ``postgres`` or ``valkey``."""
        return float(median(1e6 * getattr(one.spent, who) / one.units for one in self.rounds))


def table(series: Sequence[Series], *, unit: str) -> str:
    """Return a Markdown table; ratios are against the first variant."""
    first = series[0]
    heads = (
        "variant", f"{unit}s/s", f"CPU µs/{unit}", "app + postgres + valkey", "ratio /s",
        "ratio CPU", "p50 / p99 ms",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for one in series:
        split = " + ".join(f"{one.share(who):,.0f}" for who in ("app", "postgres", "valkey"))
        waits = (
            f"{one.middle('p50_ms'):.1f} / {one.middle('p99_ms'):.1f}"
            if one.middle("p50_ms")
            else "–"
        )
        lines.append(
            f"| {one.name} | {one.shown('rate')} | {one.shown('cpu_us')} | {split}"
            f" | {one.middle('rate') / first.middle('rate'):.1f}"
            f" | {first.middle('cpu_us') / one.middle('cpu_us'):.1f} | {waits} |"
        )
    return "\n".join(lines)


def ratio(naive: Series, ours: Series, what: str = "cpu_us") -> tuple[float, float, float]:
    """Return how many times less ours costs: median of rounds, worst round, best round."""
    pairs = [
        getattr(n, what) / getattr(o, what) for n, o in zip(naive.rounds, ours.rounds, strict=True)
    ]
    return median(pairs), min(pairs), max(pairs)


def verdict(name: str, goal: float, reached: tuple[float, float, float], *, unit: str = "x") -> str:
    """Return one line that says whether a goal is met, and by how much it is missed if not."""
    middle, worst, best = reached
    spread = f"{middle:.1f}{unit} [{worst:.1f}-{best:.1f}]"
    if middle >= goal:
        return f"- **{name}**: goal {goal:g}{unit}, reached {spread}."
    short = 100 * (1 - middle / goal)
    return f"- **{name}**: goal {goal:g}{unit}, **missed by {short:.0f}%** with {spread}."


def surroundings() -> str:
    """Say on what and when this was measured."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {load},"
        f" Python {platform.python_version()}."
    )


def publish(section: str, text: str) -> None:
    """Write one section of docs/performance.md anew and leave the others alone."""
    begin, end = f"<!-- bench:{section} -->", f"<!-- /bench:{section} -->"
    block = f"{begin}\n{text.strip()}\n{end}"
    page = PAGE.read_text() if PAGE.exists() else HEAD
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(page):
        page = pattern.sub(lambda _match: block, page)
    else:
        page = f"{page.rstrip()}\n\n{block}\n"
    PAGE.write_text(page)
