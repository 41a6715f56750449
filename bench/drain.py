"""P4: how near the worker's bulk apply comes to the same rows written by bare `unnest`."""

from __future__ import annotations

import argparse
import hashlib
import time
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg

from bench import duties, report, world
from bench.cpu import Spent, seconds
from bench.machine import Machine, machine, query
from bench.raw import drain as raw
from bench.report import Round, Series

GOAL = 0.8
LEGEND = (
    "*unnest*: rows decoded before the clock starts, then only the statements that write them."
    " *decode*: the same with claim and JSON. *duties*: raw doing what ours does, which is every"
    " statement that ours sends, with its parameters ready before the clock starts; what is"
    " missing is only the rules in Python. *ours*: `intake.open_waiting` with leases committed"
    " first, adapters, plausibility, projection over all scans of the parcel, anomalies, exactly"
    " once; that is what the difference buys."
)

SPLIT = (
    "Ours by what it is for, microseconds of processor time an envelope, from one more drain with"
    " timers around everything:"
)


def fill(bodies: list[bytes]) -> None:
    """Lay bodies into the inbox as the door would."""
    from tracking.models import Connection

    connection = Connection.objects.get(slug=world.CONNECTION)
    with psycopg.connect(address(), autocommit=True) as line, line.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tracking_envelope (connection_id, digest, source, body, headers,"
            " received_at, state, attempts, error, numbers)"
            " VALUES (%s, %s, 'push', %s, '{}', now(), 'waiting', 0, '', '{}')",
            [(connection.pk, hashlib.sha256(body).digest(), body) for body in bodies],
        )
    query("VACUUM ANALYZE tracking_envelope")


def refill(parcels: int, bodies: list[bytes]) -> None:
    """Lay the same bodies into the inbox of a world without news, under the same ids each time."""
    world.reset(parcels)
    query("ALTER SEQUENCE tracking_envelope_id_seq RESTART")
    fill(bodies)


def address() -> str:
    """Return where the scratch database is."""
    import os

    return os.environ["DATABASE_URL"]


def ours() -> None:
    """Drain as the task does."""
    from django.utils import timezone

    from tracking.services import intake

    while intake.open_waiting(now=timezone.now(), limit=raw.BATCH):
        pass


def whole(line: psycopg.Connection[Any]) -> None:
    """Claim, decode and write without rules."""
    while raw.drain(line):
        pass


def bare(line: psycopg.Connection[Any], prepared: list[Any]) -> None:
    """Write what was decoded before the clock started."""
    for ids, sightings, known in prepared:
        now = datetime.now(UTC)
        with line.transaction():
            line.execute(
                "UPDATE tracking_envelope SET state = 'applied', opened_at = %s WHERE id = ANY(%s)",
                (now, ids),
            )
            raw.write(line, sightings, known, now=now)


def prepare(line: psycopg.Connection[Any]) -> list[Any]:
    """Decode everything that waits, a batch at a time."""
    held = line.execute(
        "SELECT id, body FROM tracking_envelope WHERE state = 'waiting' ORDER BY id"
    ).fetchall()
    batches = []
    for at in range(0, len(held), raw.BATCH):
        part = held[at : at + raw.BATCH]
        told = [
            (envelope, parcel["number"], event)
            for envelope, body in part
            for parcel in orjson.loads(body)["parcels"]
            for event in parcel["events"]
        ]
        numbers = list({number for _envelope, number, _event in told})
        known = {row[1]: row for row in line.execute(raw.FIND, (numbers,)).fetchall()}
        batches.append(([envelope for envelope, _body in part], raw.rows(told, known), known))
    return batches


def one_round(site: Machine, name: str, parcels: int, seed: int) -> Round:
    """Fill the inbox, drain it one way, check the rows."""
    bodies = list(dict.fromkeys(world.news(parcels, events=1, seed=seed)))
    refill(parcels, bodies)
    sent: list[duties.Sent] = []
    if name == "duties":
        with duties.recorded() as sent:
            ours()
        refill(parcels, bodies)
    with psycopg.connect(address(), autocommit=True) as line:
        line.prepare_threshold = 1
        prepared = prepare(line) if name == "unnest" else []
        postgres, app, begun = seconds([site.postgres]), time.process_time(), time.perf_counter()
        if name == "ours":
            ours()
        elif name == "duties":
            duties.replay(line, sent)
        elif name == "decode":
            whole(line)
        else:
            bare(line, prepared)
        took = time.perf_counter() - begun
        spent = Spent(time.process_time() - app, seconds([site.postgres]) - postgres, 0.0)
    found = world.facts(parcels)
    wanted = {
        "sightings": parcels * 8, "milestones": parcels * 4, "delivered": parcels,
        "envelopes": parcels * 8,
    }  # fmt: skip
    events = found.pop("events")
    # One event a milestone at most; ours tells nobody what later scans have overtaken.
    if found != wanted or not parcels <= events <= parcels * 4:
        raise SystemExit(f"bench: {name} left {found}, expected {wanted}")
    return Round(len(bodies), took, spent)


def split(parcels: int) -> str:
    """Return a table of what each duty costs, by one more drain with timers around everything."""
    bodies = list(dict.fromkeys(world.news(parcels, events=1, seed=0)))
    refill(parcels, bodies)
    ((backend,),) = query("SELECT pg_backend_pid()")
    with duties.split(backend) as spent:
        ours()
    return duties.table(spent, units=len(bodies))


def run(options: argparse.Namespace) -> None:
    """Measure, print and write the page's section."""
    names = ["unnest", "decode", "duties", "ours"]
    parcels = max(50, int(1500 * options.scale))
    with machine() as site:
        world.build(parcels, background=options.background)
        results = {name: Series(name, []) for name in names}
        one_round(site, "ours", parcels, 0)
        for number in range(1, options.rounds + 1):
            for name in names:
                done = one_round(site, name, parcels, number)
                results[name].rounds.append(done)
                print(
                    f"  round {number} {name:6} {done.rate:9,.0f} envelopes/s"
                    f" {done.cpu_us:7,.0f} µs CPU ({1e6 * done.spent.app / done.units:,.0f} app)",
                    flush=True,
                )
        costs = split(parcels) if site.postgres else ""
    series = [results[name] for name in names]
    reached = report.ratio(results["ours"], results["unnest"], "seconds")
    alike = report.ratio(results["ours"], results["duties"], "seconds")
    text = "\n".join(
        [
            "## Draining the inbox",
            "",
            report.surroundings()
            + f" {options.rounds} rounds of {parcels * 8:,} envelopes with one event each, one"
            " process, 1,000 a transaction, fsync on.",
            "",
            report.table(series, unit="envelope"),
            "",
            _verdict("of the raw rate", reached),
            _verdict("of raw doing the same duties", alike),
            "",
            LEGEND,
            "",
            SPLIT,
            "",
            costs,
        ]
    )
    print(f"\n{text}\n")
    if options.write:
        report.publish("drain", text)


def _verdict(what: str, slower: tuple[float, ...]) -> str:
    middle, high, low = (1 / value for value in slower)
    shown = f"{100 * middle:.0f}% [{100 * low:.0f}-{100 * high:.0f}]"
    if middle >= GOAL:
        return f"- **P4 bulk drain {what}**: goal 80%, reached {shown}."
    short = 100 * (GOAL - middle)
    return f"- **P4 bulk drain {what}**: goal 80%, **missed by {short:.0f} points**: {shown}."
