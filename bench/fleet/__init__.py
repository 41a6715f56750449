"""Fifty thousand parcels, five carriers, fourteen days, in some minutes; four carriers fall ill."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
import psycopg

from bench import report
from bench.machine import Machine, machine
from portal.ops.launcher import places

LAG = 300.0
"""p95 of seconds from due to asked that we promise where the quota allows it."""
LEGEND = (
    "The planner, budgets, breakers and settling are ours, on PostgreSQL and Valkey; carriers,"
    " network and time are made up, and each carrier keeps its own ledger. *Breaches* are calls"
    " with which any window of a published quota, begun at any moment, held more than its limit;"
    " *too soon* and *too often* are questions about one number that the carrier's policy forbids."
    " *Lag* is from due to asked, in seconds, p50 / p95, by row: on good days, on the bad days of"
    " the run, and on the same days of a run in which nobody falls ill. *News* is the age of a"
    " scan when we are told of it, in hours, on good days. A parcel is *starved* if nobody asks"
    " about it for 30 hours while it is of interest; a carrier's own bad days are not counted. A"
    " round comes every four minutes here, not every twenty seconds, so that two minutes of lag"
    " are the bench's own."
)


def run(options: argparse.Namespace) -> None:
    """Live through the days twice, with the bad ones and without, side by side; print, write."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    parcels, days = options.parcels, options.days
    with machine() as site:
        ill, well = _both(site, parcels=parcels, days=days, has_inbox=options.inbox)
    text = _page(ill, well, parcels=parcels, days=days)
    print(f"\n{text}\n")
    if options.write:
        report.publish("fleet", text)


def _both(
    site: Machine, *, parcels: int, days: int, has_inbox: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run both in processes of their own, each with a database of its own."""
    from django.db import connection

    main = urlsplit(os.environ["DATABASE_URL"])
    broker = urlsplit(os.environ["REDIS_URL"])
    twin = main._replace(path=f"{main.path}_well")
    name = connection.settings_dict["NAME"]
    connection.close()
    admin = urlunsplit(main._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as line:
        line.execute(f'CREATE DATABASE "{name}_well" TEMPLATE "{name}"')
    folder = site.services.folder
    crew = []
    for label, database, redis, extra in (
        ("ill", main, broker, ["--faults"]),
        ("well", twin, broker._replace(path="/7"), ["--until", str(days * 8.5 / 14)]),
    ):
        env = os.environ | {
            "DATABASE_URL": urlunsplit(database), "REDIS_URL": urlunsplit(redis),
        }  # fmt: skip
        command = [
            sys.executable, "-m", "bench.fleet", "--parcels", str(parcels), "--days",
            str(days), "--out", str(folder / f"{label}.json"), *extra,
            *(["--inbox"] if has_inbox else []),
        ]  # fmt: skip
        crew.append(subprocess.Popen(command, env=env, cwd=places.ROOT))
    for one in crew:
        if one.wait():
            raise SystemExit("bench: a simulation failed")
    ill, well = (
        orjson.loads((Path(folder) / f"{label}.json").read_bytes()) for label in ("ill", "well")
    )
    return ill, well


def _page(ill: dict[str, Any], well: dict[str, Any], *, parcels: int, days: int) -> str:
    healthy = {one["slug"]: one for one in well["figures"]}
    head = (
        "| carrier | bad days | parcels | calls | numbers a call | polls a parcel | breaches"
        " | fullest window | too soon, too often | breaker opened | starved | arrivals known |"
    )
    ledgers = [head, "|---" * 12 + "|"]
    lags = [
        "| carrier | lag, good days | lag, bad days | lag, same days with all well | news, hours |",
        "|---" * 5 + "|",
    ]
    for one in ill["figures"]:
        ledgers.append(
            f"| {one['slug']} | {one['fault'] or 'well'} | {one['parcels']:,} | {one['calls']:,}"
            f" | {one['numbers'] / max(one['calls'], 1):.1f}"
            f" | {one['numbers'] / one['parcels']:.1f} | **{one['breaches']}** | {one['fullest']}"
            f" | {one['too_soon']}, {one['too_often']} | {one['openings']} | {one['starved']}"
            f" | {one['delivered'] / 10:.1f}% |"
        )
        lags.append(
            f"| {one['slug']} | {_pair(one['lag_good'])} | {_pair(one['lag_bad'])}"
            f" | {_pair(healthy[one['slug']]['lag_bad'])} | {_pair(one['news_good'], 3600)} |"
        )
    return "\n".join(
        [
            f"## A fleet of {parcels:,} parcels over {days} days",
            "",
            report.surroundings()
            + f" {days} days took {ill['seconds']:,.0f} s, and beside it the part of them without"
            f" bad days {well['seconds']:,.0f} s.",
            "",
            *ledgers,
            "",
            *lags,
            "",
            *_verdicts(ill["figures"], healthy),
            "",
            LEGEND,
        ]
    )


def _pair(figures: list[float], unit: float = 1) -> str:
    middle, high, count = figures
    return f"{middle / unit:,.1f} / {high / unit:,.1f}" if count else "–"


def _verdicts(figures: list[dict[str, Any]], healthy: dict[str, Any]) -> list[str]:
    breaches = sum(one["breaches"] + one["too_soon"] + one["too_often"] for one in figures)
    kept = "reached, by every ledger" if not breaches else f"**missed**: {breaches}"
    starved = sum(one["starved"] for one in figures)
    parcels = sum(one["parcels"] for one in figures)
    said = [
        f"- **No quota breach**: {kept}.",
        f"- **Nobody starves**: {starved:,} of {parcels:,} parcels do.",
    ]
    for one in figures:
        if one["fault"]:
            continue
        before, with_them = healthy[one["slug"]]["lag_bad"][1], one["lag_bad"][1]
        said.append(
            f"- **Others' lag unharmed**: p95 of {one['slug']} on the bad days is"
            f" {with_them:,.0f} s with four carriers ill, {before:,.0f} s with all well:"
            f" {with_them / max(before, 1):.2f}x, goal at most 2x; our promise is {LAG:.0f} s."
        )
    return said


__all__ = ["run"]
