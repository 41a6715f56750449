"""P8: apply answers of carriers that tell mostly what we know: fourteen scans known, one new."""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from bench import drain, report, world
from bench.cpu import Spent, seconds
from bench.machine import Machine, machine, query
from bench.report import Round, Series

if TYPE_CHECKING:
    from tracking.services.applying_rows import Fresh

SCANS = 15
FEW = 10_000
"""Parcels in the small table."""
NAIVE_SHARE = 0.1
"""The naive way is so slow that it gets a tenth of the answers."""
GOAL_NAIVE, GOAL_CONFLICT, GOAL_FLAT = 100.0, 2.0, 1.5
LEGEND = (
    "*store* rows begin with scans decoded before the clock starts and only store them: *naive"
    " store* by `get_or_create`, *conflict store* sends all to one `INSERT … ON CONFLICT`, *our"
    " store* reads once what the batch's parcels have and sends what is new. The others begin with"
    " bytes in the inbox: *naive* a row at a time through the ORM, then the newest scan's status;"
    " *conflict* by the fewest statements, without rules; *ours* is `intake.open_waiting` with"
    " everything: leases, adapters, plausibility, hints, withdrawn scans, projection over"
    " all scans, anomalies, events."
)
STORES = ("naive store", "conflict store", "our store")
WHOLES = ("naive", "conflict", "ours")


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


def decoded(parcels: int, *, scans: int, seed: int) -> list[Fresh]:
    """Return the scans of every answer as our worker holds them just before it stores them."""
    from tracking.carriers import generic
    from tracking.models import Envelope, Parcel
    from tracking.scans import weight
    from tracking.services.applying_rows import Fresh

    ids = dict(Parcel.objects.filter(number__startswith="BENCH").values_list("number", "pk"))
    drain.fill([b"{}"])
    (envelope,) = Envelope.objects.values_list("pk", flat=True)[:1]
    fresh = []
    for body in bodies(parcels, scans=scans, seed=seed):
        (snapshot,) = generic.parse(body).parcels
        for scan in snapshot.scans:
            mark = scan.fingerprint(carrier="generic", number=snapshot.number)
            heft = weight(scan, version=1)
            fresh.append(Fresh(ids[snapshot.number], mark, envelope, scan, heft, is_listed=False))
    return fresh


def keep(name: str, fresh: Sequence[Fresh]) -> None:
    """Store decoded scans one way, a thousand answers a transaction."""
    from django.db import transaction

    from tracking.models import Sighting
    from tracking.services import applying_rows as rows

    now = datetime.now(UTC)
    if name == "naive store":
        for one in fresh:
            Sighting.objects.get_or_create(
                parcel_id=one.parcel_id,
                fingerprint=one.fingerprint,
                defaults={
                    "occurred_at": one.scan.occurred_at, "status": str(one.scan.status),
                    "raw_text": one.scan.raw_text, "location": one.scan.location,
                    "event_id": one.scan.event_id, "received_at": now,
                },
            )  # fmt: skip
        return
    size = 1000 * SCANS
    for at in range(0, len(fresh), size):
        part = fresh[at : at + size]
        with transaction.atomic():
            if name == "our store":
                known = rows.stored(list({one.parcel_id for one in part}))
                part = [one for one in part if one.fingerprint not in known[one.parcel_id]]
            rows.insert_sightings(part, now=now)


def one_round(site: Machine, name: str, parcels: int, seed: int) -> Round:
    """Apply fourteen scans of each parcel untimed, then the answers with fifteen."""
    world.reset(parcels)
    wanted = max(10, int(parcels * NAIVE_SHARE)) if name.startswith("naive") else parcels
    with psycopg.connect(drain.address(), autocommit=True) as line:
        line.prepare_threshold = 1
        if name in STORES:
            fresh = decoded(wanted, scans=SCANS, seed=seed)
            keep("our store", [one for one in fresh if one.scan.status != "out_for_delivery"])
        else:
            drain.fill(bodies(wanted, scans=SCANS - 1, seed=seed))
            _apply(name, line)
            drain.fill(bodies(wanted, scans=SCANS, seed=seed))
        for table in ("sighting", "parcel"):
            query(f"VACUUM ANALYZE tracking_{table}")
        gc.collect()
        gc.disable()  # as the worker does for a batch; here for every variant
        postgres, app, begun = seconds([site.postgres]), time.process_time(), time.perf_counter()
        if name in STORES:
            keep(name, fresh)
        else:
            _apply(name, line)
        took = time.perf_counter() - begun
        spent = Spent(time.process_time() - app, seconds([site.postgres]) - postgres, 0.0)
        gc.enable()
    _check(name, wanted)
    return Round(wanted, took, spent)


def _check(name: str, wanted: int) -> None:
    """Refuse a figure whose rows are not right."""
    found = world.facts(wanted)
    if found["sightings"] != wanted * SCANS:
        raise SystemExit(f"bench: {name} left {found}, expected {wanted * SCANS} sightings")
    if name in STORES:
        return
    ((out,),) = query("SELECT count(*) FROM tracking_parcel WHERE status = 'out_for_delivery'")
    if found["envelopes"] != wanted * 2 or out != wanted:
        raise SystemExit(f"bench: {name} left {found} and {out} parcels out for delivery")


def _apply(name: str, line: psycopg.Connection[Any]) -> None:
    if name == "ours":
        drain.ours()
    elif name == "conflict":
        drain.whole(line)
    else:
        naive()


def run(options: argparse.Namespace) -> None:
    """Measure over a small and a large table, print and write the page's section."""
    names = [*STORES, *WHOLES]
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
                        f"  {rows:>9,} parcels, {number} {name:14} {done.rate:7,.0f} answers/s"
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
    naive_store, conflict_store, our_store = few[:3]
    slower = full[5].middle("cpu_us") / few[5].middle("cpu_us")
    flat = "reached" if slower <= GOAL_FLAT else "**missed** with"
    goals = (
        ("P8 storing, against the naive loop", GOAL_NAIVE, naive_store, our_store),
        ("P8 storing, against plain ON CONFLICT", GOAL_CONFLICT, conflict_store, our_store),
        ("the same from bytes to events, against the naive loop", GOAL_NAIVE, few[3], few[5]),
    )
    lines = [
        "## Applying answers that tell mostly what is known",
        "",
        report.surroundings()
        + f" {rounds} rounds of {parcels:,} answers with {SCANS} scans, {SCANS - 1} of them known;"
        f" one process, 1,000 a transaction, fsync on; the naive ways on {NAIVE_SHARE:.0%}.",
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
        report.verdict(name, goal, report.ratio(base, ours, "seconds"))
        if base.rounds[0].units == ours.rounds[0].units
        else report.verdict(name, goal, report.ratio(base, ours))
        for name, goal, base, ours in goals
    ]
    lines += [
        f"- **P8 flat**: at most {GOAL_FLAT:g}x the CPU among {many:,}: {flat} {slower:.2f}x.",
        "",
        LEGEND,
    ]
    return "\n".join(lines)
