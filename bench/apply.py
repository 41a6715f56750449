"""P8: apply answers of carriers that tell mostly what we know: fourteen scans known, one new."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from datetime import UTC, datetime, timedelta

import psycopg

from bench import drain, report, world
from bench.cpu import Spent, seconds
from bench.machine import Machine, machine, query
from bench.report import Round, Series

SCANS = 15
FEW = 10_000
"""Parcels in the small table."""
NAIVE_SHARE = 0.1
"""The naive way is so slow that it gets a tenth of the answers."""
GOAL_NAIVE, GOAL_CONFLICT, GOAL_FLAT = 100.0, 2.0, 1.5
LEGEND = (
    "*naive*: a row at a time through the ORM, `get_or_create` for every scan, then the newest"
    " scan's status. *conflict*: the fewest statements, every scan sent to one `INSERT … ON"
    " CONFLICT`, no rules. *ours*: `intake.open_waiting`: what is stored of the batch's parcels is"
    " read once, only new scans are sent, every parcel is projected from all its scans, with"
    " plausibility, hints, withdrawn scans, anomalies and events."
)


def bodies(parcels: int, *, scans: int, seed: int) -> list[bytes]:
    """Return one answer a parcel, with its first ``scans`` scans."""
    begins = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=20)
    steps = ("picked_up", *["in_transit"] * (SCANS - 2), "out_for_delivery")
    made = []
    for number in range(1, parcels + 1):
        events = [
            {
                "id": f"{seed}-{number}-{step}",
                "occurred_at": (begins + timedelta(minutes=30 * step)).isoformat(),
                "status": status,
                "text": "Departed from facility, on its way to the next",
                "location": "Louisville, KY",
            }
            for step, status in enumerate(steps[:scans])
        ]
        parcel = {"number": f"BENCH{number}", "events": events}
        made.append(json.dumps({"parcels": [parcel]}).encode())
    return made


def naive() -> None:
    """Apply what waits as a competent beginner would."""
    from django.db import transaction

    from tracking.models import Envelope, Parcel, Sighting

    for envelope in Envelope.objects.filter(state="waiting").order_by("pk"):
        for told in json.loads(bytes(envelope.body))["parcels"]:
            with transaction.atomic():
                parcel = Parcel.objects.get(
                    connection=envelope.connection_id, number=told["number"], is_current=True
                )
                for event in told["events"]:
                    at = datetime.fromisoformat(event["occurred_at"])
                    Sighting.objects.get_or_create(
                        parcel=parcel,
                        fingerprint=hashlib.sha256(event["id"].encode()).digest()[:16],
                        defaults={
                            "envelope": envelope, "occurred_at": at, "status": event["status"],
                            "raw_text": event["text"], "location": event["location"],
                            "event_id": event["id"], "received_at": datetime.now(UTC),
                        },
                    )  # fmt: skip
                newest = parcel.sightings.order_by("-occurred_at").first()
                if newest is not None:
                    parcel.status, parcel.status_at = newest.status, newest.occurred_at
                    parcel.save()
        envelope.state, envelope.opened_at = "applied", datetime.now(UTC)
        envelope.save()


def one_round(site: Machine, name: str, parcels: int, seed: int) -> Round:
    """Apply fourteen scans of each parcel untimed, then the answers with fifteen."""
    world.reset(parcels)
    wanted = max(10, int(parcels * NAIVE_SHARE)) if name == "naive" else parcels
    drain.fill(bodies(wanted, scans=SCANS - 1, seed=seed))
    with psycopg.connect(drain.address(), autocommit=True) as line:
        line.prepare_threshold = 1
        _apply(name, line)
        for table in ("sighting", "parcel"):
            query(f"VACUUM ANALYZE tracking_{table}")
        drain.fill(bodies(wanted, scans=SCANS, seed=seed))
        postgres, app, begun = seconds([site.postgres]), time.process_time(), time.perf_counter()
        _apply(name, line)
        took = time.perf_counter() - begun
        spent = Spent(time.process_time() - app, seconds([site.postgres]) - postgres, 0.0)
    found = world.facts(parcels)
    if found["sightings"] != wanted * SCANS or found["envelopes"] != wanted * 2:
        raise SystemExit(f"bench: {name} left {found}, expected {wanted * SCANS} sightings")
    ((out,),) = query("SELECT count(*) FROM tracking_parcel WHERE status = 'out_for_delivery'")
    if out != wanted:
        raise SystemExit(f"bench: {name} left {out} parcels out for delivery, expected {wanted}")
    return Round(wanted, took, spent)


def _apply(name: str, line: psycopg.Connection) -> None:
    if name == "ours":
        drain.ours()
    elif name == "conflict":
        drain.whole(line)
    else:
        naive()


def run(options: argparse.Namespace) -> None:
    """Measure over a small and a large table, print and write the page's section."""
    names = ["naive", "conflict", "ours"]
    parcels = max(50, int(2000 * options.scale))
    tables: dict[int, list[Series]] = {}
    with machine() as site:
        world.build(parcels, background=FEW)
        for rows in (FEW, options.rows):
            if rows > FEW:
                world.crowd(parcels + FEW + 1, parcels + rows)
            results = {name: Series(name, []) for name in names}
            one_round(site, "ours", parcels, 0)
            for number in range(1, options.rounds + 1):
                for name in names:
                    done = one_round(site, name, parcels, number)
                    results[name].rounds.append(done)
                    print(
                        f"  {rows:>9,} parcels, round {number} {name:8} {done.rate:9,.0f} answers/s"
                        f" {done.cpu_us:9,.0f} µs CPU ({1e6 * done.spent.app / done.units:,.0f}"
                        " app)",
                        flush=True,
                    )
            tables[rows] = [results[name] for name in names]
    text = _page(tables, parcels=parcels, rounds=options.rounds)
    print(f"\n{text}\n")
    if options.write:
        report.publish("apply", text)


def _page(tables: dict[int, list[Series]], *, parcels: int, rounds: int) -> str:
    (_few, few), (many, full) = tables.items()
    naive_series, conflict, ours = few
    slower = full[2].middle("cpu_us") / ours.middle("cpu_us")
    flat = "reached" if slower <= GOAL_FLAT else "**missed** with"
    lines = [
        "## Applying answers that tell mostly what is known",
        "",
        report.surroundings()
        + f" {rounds} rounds of {parcels:,} answers with {SCANS} scans, {SCANS - 1} of them known;"
        f" one process, 1,000 a transaction, fsync on; the naive way on {NAIVE_SHARE:.0%} of them.",
        "",
    ]
    for rows, series in tables.items():
        lines += [
            f"Among {rows:,} other parcels with ten sightings each:",
            "",
            report.table(series, unit="answer"),
            "",
        ]
    lines += [
        report.verdict("P8 against the naive loop", GOAL_NAIVE, report.ratio(naive_series, ours)),
        report.verdict("P8 against plain ON CONFLICT", GOAL_CONFLICT, report.ratio(conflict, ours)),
        f"- **P8 flat**: at most {GOAL_FLAT:g}x the CPU among {many:,}: {flat} {slower:.2f}x.",
        "",
        LEGEND,
    ]
    return "\n".join(lines)
