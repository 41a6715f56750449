"""Where the microseconds of opening envelopes go, and the same statements without the rules."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

DUTIES = {
    "claim, with a lease that is committed": ["intake._claim"],
    "read the bytes": ["applying._read"],
    "find and lock the parcels": ["applying_rows.find_parcels"],
    "read what is stored of them": ["applying_rows.stored"],
    "match, weigh, withdraw": ["applying._assign", "applying._apply_news"],
    "store the scans": ["applying_rows.insert_sightings"],
    "project all scans of each parcel": ["applying._settle", "rules.project"],
    "write the parcels": ["applying_rows.update_parcels"],
    "first arrivals and their events": ["announcing.announce"],
    "trouble in scans": ["noticing.follow"],
    "expectations": ["expecting.hear"],
    "clocks": ["watching.hear"],
    "polls": ["poll_times.hear"],
    "proofs": ["proving.hear", "proving.keep"],
    "settle the envelopes": ["applying_rows.settle"],
    "begin, commit, the rest": ["intake.open_waiting"],
}
"""What is done -> the functions that do it; what one calls of another duty counts there."""


class Cost(NamedTuple):
    """Seconds of processor time."""

    app: float
    postgres: float


@contextmanager
def split(backend: int) -> Iterator[dict[str, Cost]]:
    """Tell processor time apart by duty while the block runs; ``backend`` is PostgreSQL's pid."""
    spent: dict[str, Cost] = {}
    app: dict[str, float] = defaultdict(float)
    postgres: dict[str, float] = defaultdict(float)
    stack: list[str] = []
    last = [0.0, 0.0]

    def turn() -> None:
        here, there = time.process_time(), _seconds(backend)
        if stack:
            app[stack[-1]] += here - last[0]
            postgres[stack[-1]] += there - last[1]
        last[:] = time.process_time(), there

    def wrapped(duty: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inside(*args: Any, **named: Any) -> Any:
            turn()
            stack.append(duty)
            try:
                return function(*args, **named)
            finally:
                turn()
                stack.pop()

        return inside

    with _patched({name: functools.partial(wrapped, duty) for duty in DUTIES
                   for name in DUTIES[duty]}):  # fmt: skip
        yield spent
    spent |= {duty: Cost(app[duty], postgres[duty]) for duty in DUTIES}


def _seconds(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


@contextmanager
def _patched(wrappers: dict[str, Callable[[Any], Any]]) -> Iterator[None]:
    """Put a wrapper around functions, named by module and name, for as long as the block runs."""
    before = []
    for name, wrapper in wrappers.items():
        room, _dot, function = name.partition(".")
        package = "tracking" if room == "rules" else "tracking.services"
        module: Any = import_module(f"{package}.{room}")
        before.append((module, function, getattr(module, function)))
        setattr(module, function, wrapper(getattr(module, function)))
    try:
        yield
    finally:
        for module, function, original in before:
            setattr(module, function, original)


def table(spent: dict[str, Cost], *, units: int) -> str:
    """Return a Markdown table of microseconds an envelope."""
    lines = ["| what for | app µs | postgres µs |", "|---|---|---|"]
    lines += [
        f"| {duty} | {1e6 * cost.app / units:.1f} | {1e6 * cost.postgres / units:.1f} |"
        for duty, cost in spent.items()
    ]
    return "\n".join(lines)


class Sent(NamedTuple):
    """One statement as it was sent."""

    text: str
    parameters: Sequence[Any]
    is_read: bool
    is_inside: bool
    """Inside a transaction."""


@contextmanager
def recorded() -> Iterator[list[Sent]]:
    """Keep every statement that is sent while the block runs."""
    from django.db import connection

    from portal.lib import sql

    kept: list[Sent] = []
    run, rows = sql.run, sql.rows

    def keep(text: str, parameters: Any, *, is_read: bool) -> None:
        kept.append(Sent(text, parameters, is_read, connection.in_atomic_block))

    def run_(text: str, parameters: Sequence[Any] = (), **named: Any) -> int:
        keep(text, parameters, is_read=False)
        return run(text, parameters, **named)

    def rows_(text: str, parameters: Any = (), **named: Any) -> list[tuple[Any, ...]]:
        keep(text, parameters, is_read=True)
        return rows(text, parameters, **named)

    sql.run, sql.rows = run_, rows_  # type: ignore[assignment]
    try:
        yield kept
    finally:
        sql.run, sql.rows = run, rows


def replay(line: psycopg.Connection[Any], sent: Sequence[Sent]) -> None:
    """Send statements again, in the same transactions."""
    is_open = False
    for one in sent:
        if one.is_inside != is_open:
            line.execute("BEGIN" if one.is_inside else "COMMIT")
            is_open = one.is_inside
        done = line.execute(one.text, one.parameters, binary=one.is_read)
        if one.is_read:
            done.fetchall()
    if is_open:
        line.execute("COMMIT")
