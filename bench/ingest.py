"""From a carrier's push to the applied event: P1 with one event a body, P3 with twenty."""

from __future__ import annotations

import argparse
import time

from bench import report, world
from bench.machine import Machine, Variant, machine, query, wait_for
from bench.report import Round, Series
from portal.ops.launcher import places

BACKGROUND = 20_000

GOALS = {1: ("P1 durable ingest, CPU per event", 8.0), 20: ("P3 twenty events a body", 20.0)}


LEGEND = (
    "*naive*: the same server; DRF serializer, `get_or_create` and `save` per event in the request,"
    " `delay` per first arrival. *ours*: seal, one INSERT, 202, all middleware kept; the worker"
    " opens many envelopes in one transaction. *limit*: WSGI without Django, one prepared INSERT, a"
    " worker without rules that writes the same rows by `unnest`. All three leave the same"
    " sightings, statuses and milestones; ours records no event for a step that later scans have"
    " overtaken, the others one for each milestone."
)


def variants() -> dict[str, Variant]:
    """Return the ways of taking a push."""
    return {
        "naive": Variant("naive", "bench.naive.settings"),
        "ours": Variant("ours", "bench.settings"),
        "limit": Variant(
            "limit",
            "bench.settings",
            wsgi="bench.raw.wsgi:application",
            worker=(places.python(), "-m", "bench.raw.drain"),
            is_greedy=True,
        ),
    }


def expected(parcels: int, events: int) -> dict[str, int]:
    """Return the rows that must be there when every event is applied."""
    each = len(world.STEPS) if events == 1 else events
    return {
        "sightings": parcels * each,
        "milestones": parcels * 4,
        "delivered": parcels,
    }


def one_round(
    site: Machine, variant: Variant, *, parcels: int, most: int, events: int, seed: int
) -> Round:
    """Push one variant's share of news and wait until all of it is applied."""
    world.reset(most)
    bodies = world.news(parcels, events=events, seed=seed)
    requests = world.sealed(bodies)
    wanted = expected(parcels, events)
    with site.turn(variant):
        before, begun = site.spent(variant), time.perf_counter()
        load = site.load(variant, requests)
        if set(load.statuses) != {"202"} or load.answered != len(requests):
            raise SystemExit(
                f"bench: {variant.name} answered {load.statuses}, not 202 to all\n"
                + site.logs(variant)
            )
        if variant.name == "naive":
            count = "SELECT count(*) FROM outbox_event"
            wait_for(
                lambda: query(count)[0][0] >= wanted["milestones"],
                what="the naive worker",
                logs=lambda: site.logs(variant),
            )
        else:
            left = "SELECT 1 FROM tracking_envelope WHERE state = 'waiting' LIMIT 1"
            wait_for(
                lambda: not query(left),
                what=f"the {variant.name} worker",
                logs=lambda: site.logs(variant),
            )
        took, spent = time.perf_counter() - begun, site.spent(variant) - before

    found = world.facts(most)
    if variant.name != "naive":
        distinct = len(set(bodies))
        if found["envelopes"] != distinct:
            raise SystemExit(f"bench: {found['envelopes']} envelopes applied, not {distinct}")
    wrong = {name: found[name] for name, number in wanted.items() if found[name] != number}
    # One event a milestone at most; ours tells nobody what later scans have overtaken.
    if wrong or not wanted["delivered"] <= found["events"] <= wanted["milestones"]:
        raise SystemExit(f"bench: {variant.name} left {found}, expected {wanted}")
    return Round(wanted["sightings"], took, spent, load.p50_ms, load.p99_ms)


def measure(
    site: Machine, names: list[str], *, rounds: int, events: int, scale: float
) -> list[Series]:
    """Interleave the variants round by round."""
    sizes = (
        {"naive": 120, "ours": 480, "limit": 720}
        if events == 1
        else {"naive": 120, "ours": 1200, "limit": 1600}
    )
    shares = {name: max(10, int(sizes[name] * scale)) for name in names}
    most = max(shares.values())
    results = {name: Series(name, []) for name in names}
    for name in names:  # warm every process, statement and cache once
        one_round(site, site.variants[name], parcels=60, most=most, events=events, seed=0)
    for number in range(1, rounds + 1):
        for name in names:
            done = one_round(
                site, site.variants[name], parcels=shares[name], most=most, events=events,
                seed=number,
            )  # fmt: skip
            results[name].rounds.append(done)
            print(
                f"  round {number} {name:6} {done.rate:9,.0f} events/s {done.cpu_us:9,.0f} µs"
                " CPU/event",
                flush=True,
            )
    return [results[name] for name in names]


def run(options: argparse.Namespace) -> None:
    """Measure, print and write the page's section."""
    names = options.impl.split(",")
    known = variants()
    if unknown := set(names) - set(known):
        raise SystemExit(f"bench: no such variant: {', '.join(unknown)}; there are {list(known)}")
    with machine() as site:
        world.build(int(1600 * max(options.scale, 1)), background=options.background)
        for name in names:
            site.start(known[name])
        for events in options.events:
            print(f"ingest, {events} event{'s' * (events > 1)} a body", flush=True)
            series = measure(site, names, rounds=options.rounds, events=events, scale=options.scale)
            text = section(series, events=events, background=options.background)
            print(f"\n{text}\n", flush=True)
            if options.write:
                report.publish(f"ingest-{events}", text)


def section(series: list[Series], *, events: int, background: int) -> str:
    """Return the section of the page."""
    by_name = {one.name: one for one in series}
    lines = [
        f"## Ingest, {events} event{'s' if events > 1 else ''} a push",
        "",
        report.surroundings()
        + f" {len(series[0].rounds)} rounds, n = {series[0].rounds[0].units} to"
        f" {series[-1].rounds[0].units} events a round and variant, 10% of the pushes twice, over"
        f" {background:,} other parcels with ten scans each; granian with"
        " 2 × 4 threads, Celery with 2 processes, fsync on.",
        "",
        report.table(series, unit="event"),
        "",
    ]
    if {"naive", "ours"} <= set(by_name):
        name, goal = GOALS.get(events, (f"{events} events a body", 8.0))
        reached = report.ratio(by_name["naive"], by_name["ours"])
        lines.append(report.verdict(name, goal, reached))
    if {"limit", "ours"} <= set(by_name):
        part = report.ratio(by_name["limit"], by_name["ours"])
        lines.append(f"- ours costs {1 / part[0]:.1f} times the CPU of the limit.")
    lines += [
        "",
        LEGEND,
    ]
    return "\n".join(lines)
