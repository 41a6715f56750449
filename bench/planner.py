"""P7: claim a thousand due polls and put them off again, in small and in very large tables."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from statistics import median
from typing import Any

from bench import report
from bench.machine import machine, query

BATCH = 1000
PLANNERS = 4
RUSH = 80_000
"""Rows that four planners claim at once."""
GOAL_FLAT, GOAL_NAIVE = 1.5, 10.0
FEWEST = 6 * BATCH
"""Due rows in every table: a batch's worth in each class, so that each claim reads as many."""
LEGEND = (
    "A tenth of the rows is due, and 6,000 at least, in six classes of urgency, so that a claim has"
    " as much to choose from in a small table as in a large one. *claim*: the rows by urgency times"
    " age, leased, with what the call and the next date need of parcel, order, anomalies and"
    " subscriptions. *claim and settle*: the same, and the outcome written back. *naive*: the ORM,"
    " an index on due dates, `select_related`, then one `UPDATE` a row in autocommit, as"
    " performance.md describes it; a lone planner, for it has no lease."
)


def build(parcels: int) -> int:
    """Make a connection with so many parcels, ten thousand an order; return its key."""
    from portal.accounts.models import User
    from tracking.models import Carrier, Connection

    shopper = User.objects.create_user("bench@example.org")
    carrier = Carrier.objects.create(slug="bench", name_en="Bench", name_zh="Bench")
    connection = Connection.objects.create(slug="bench", label="bench", adapter="bench")
    query(
        "INSERT INTO tracking_order (number, email, shopper_id, language, recipient_name, phone,"
        " address, postcode, city, country, currency, shipping_minor, captured_minor,"
        " payment_reference, payment_instrument, placed_at, created_at)"
        " SELECT 'B-' || n, 'bench@example.org', %s, 'en', 'R', '', '', '', '', '', 'EUR', 0, 0,"
        " '', '', now(), now() FROM generate_series(0, %s) n",
        (shopper.pk, parcels // 10_000),
    )
    query(
        "INSERT INTO tracking_parcel (order_id, carrier_id, connection_id, number, token,"
        " link_version, is_current, position, status, reason, party, handed, leg, is_disputed,"
        " revision, snapshot, created_at) SELECT o.id, %s, %s, 'BENCH' || n, md5(n::text), 1, true,"
        " n %% 10000 + 1, (ARRAY['in_transit', 'out_for_delivery', 'registered', 'exception',"
        " 'delivered'])[n %% 5 + 1], '', '', '', 1, false, 0, '', now()"
        " FROM generate_series(0, %s - 1) n JOIN tracking_order o ON o.number = 'B-' || n / 10000",
        (carrier.pk, connection.pk, parcels),
    )
    query("VACUUM ANALYZE tracking_parcel")
    return connection.pk


def due_of(rows: int) -> int:
    """Return how many of so many rows are due."""
    return max(rows // 10, min(FEWEST, rows // 2))


def fill(rows: int, *, is_naive: bool = False) -> None:
    """Lay down so many polls, those due spread evenly among them."""
    query("TRUNCATE tracking_poll")
    query(
        "INSERT INTO tracking_poll (parcel_id, connection_id, number, due_at, urgency, empties,"
        " failures, asked_that_day, outcome, error, answer, is_abroad)"
        " SELECT id, connection_id, number,"
        # Weyl's sequence: dates that are spread evenly and in no order of the rows
        " now() + interval '1 hour' * (-2 + %s * (id * 0.6180339887498949 - floor(id *"
        " 0.6180339887498949))), id %% 6, 0, 0, 0, '', '', '', false"
        " FROM tracking_parcel ORDER BY id LIMIT %s",
        (2 * rows / due_of(rows), rows),
    )
    # The naive way's own index; ours is not made to keep it.
    query("DROP INDEX IF EXISTS bench_naive_due")
    if is_naive:
        query("CREATE INDEX bench_naive_due ON tracking_poll (due_at)")
    query("VACUUM ANALYZE tracking_poll")


def claim(connection: int, now: datetime) -> list[Any]:
    """Claim a thousand as a round does."""
    from tracking.services import poll_rows

    return poll_rows.claim(
        connection_id=connection, count=BATCH, only_asked=False, day=now.date(),
        lease=timedelta(minutes=2), has_push=False, now=now,
    )  # fmt: skip


def settle(rows: list[Any], now: datetime) -> None:
    """Write the outcome of a thousand, as a round does."""
    from tracking.services import poll_rows

    poll_rows.settle(
        [
            poll_rows.Settled(
                id=row.id, was_due_at=row.due_at, due_at=now + timedelta(hours=12),
                not_before=now, urgency=4, empties=1, failures=0, outcome="unchanged",
                polled_at=now, http_status=200, latency_ms=80, error="", answer=b"0" * 16,
            )
            for row in rows
        ]
    )  # fmt: skip


def naive(now: datetime) -> int:
    """Take a thousand as a competent beginner would."""
    from tracking.models import Poll

    due = Poll.objects.filter(due_at__lte=now).order_by("due_at")
    rows = list(due.select_related("parcel__order", "parcel__carrier")[:BATCH])
    for row in rows:
        row.due_at, row.outcome, row.polled_at = now + timedelta(hours=12), "unchanged", now
        row.save(update_fields=["due_at", "outcome", "polled_at"])
    return len(rows)


def batches(connection: int, rows: int, *, most: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each claim, and of each claim with its settling."""
    claims, wholes = [], []
    now = datetime.now(UTC)
    for _turn in range(min(due_of(rows) // 2 // BATCH, most)):
        begun = time.perf_counter()
        held = claim(connection, now)
        taken = time.perf_counter()
        settle(held, now)
        done = time.perf_counter()
        if len(held) != BATCH:
            raise SystemExit(f"bench: claimed {len(held)} of {BATCH}")
        claims.append(1000 * (taken - begun))
        wholes.append(1000 * (done - begun))
    return claims, wholes


def planner(connection: int, wanted: int, out: Queue[list[int]]) -> None:
    """Claim and settle beside others until all are taken."""
    import django

    django.setup()
    now = datetime.now(UTC)
    mine: list[int] = []
    while len(mine) < wanted:
        held = claim(connection, now)
        if not held:
            break
        mine += [row.id for row in held]
        settle(held, now)
    out.put(mine)


def rush(connection: int, rows: int) -> tuple[int, int, float]:
    """Let four planners claim at once; return (claimed, claimed twice, rows a second)."""
    from django.db import connections

    connections.close_all()
    context = multiprocessing.get_context("spawn")
    out: Queue[list[int]] = context.Queue()
    crew = [
        context.Process(target=planner, args=(connection, rows // PLANNERS, out))
        for _ in range(PLANNERS)
    ]
    begun = time.perf_counter()
    for one in crew:
        one.start()
    found = [pk for _one in crew for pk in out.get(timeout=300)]
    took = time.perf_counter() - begun
    for one in crew:
        one.join()
    twice = sum(count > 1 for count in Counter(found).values())
    return len(found), twice, len(found) / took


def run(options: argparse.Namespace) -> None:
    """Measure, print and write the page's section."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    sizes = sorted({min(size, options.rows) for size in (10_000, 100_000, options.rows)})
    found: dict[int, list[tuple[float, float]]] = {size: [] for size in sizes}
    naives: dict[int, list[float]] = {size: [] for size in sizes}
    colds: dict[int, float] = {}
    with machine():
        connection = build(options.rows)
        for number in range(1, options.rounds + 1):
            for size in sizes:
                fill(size, is_naive=True)
                now = datetime.now(UTC)
                begun = time.perf_counter()
                if naive(now) != BATCH and size > BATCH * 20:
                    raise SystemExit("bench: the naive way claimed too few")
                naives[size].append(1000 * (time.perf_counter() - begun))
                fill(size)
                claims, wholes = batches(connection, size, most=60)
                colds.setdefault(size, wholes[0])
                found[size].append((median(claims), median(wholes)))
                print(
                    f"  round {number} {size:9,} rows: claim {median(claims):6.1f} ms,"
                    f" and settle {median(wholes):6.1f} ms, naive {naives[size][-1]:7.1f} ms",
                    flush=True,
                )
        fill(max(sizes))
        claimed, twice, rate = rush(connection, min(RUSH, due_of(max(sizes)) * 5 // 6))
    text = _page(options, sizes, found, naives, colds, (claimed, twice, rate))
    print(f"\n{text}\n")
    if options.write:
        report.publish("planner", text)


def _page(
    options: argparse.Namespace,
    sizes: list[int],
    found: dict[int, list[tuple[float, float]]],
    naives: dict[int, list[float]],
    colds: dict[int, float],
    rushed: tuple[int, int, float],
) -> str:
    claimed, twice, rate = rushed
    lines = [
        "| rows | claim, ms | claim and settle, ms | first batch, ms | naive, ms | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for size in sizes:
        claims = [one[0] for one in found[size]]
        wholes = [one[1] for one in found[size]]
        lines.append(
            f"| {size:,} | {_shown(claims)} | {_shown(wholes)} | {colds[size]:.0f}"
            f" | {_shown(naives[size])} | {median(naives[size]) / median(wholes):.1f} |"
        )
    middle = {size: median(one[1] for one in found[size]) for size in sizes}
    big, mid, small = sizes[-1], sizes[-2] if len(sizes) > 1 else sizes[-1], sizes[0]
    ratios = [n / o[1] for n, o in zip(naives[big], found[big], strict=True)]
    return "\n".join(
        [
            "## Claiming polls",
            "",
            report.surroundings()
            + f" {options.rounds} rounds of up to 60 batches of {BATCH:,}, one process, fsync on;"
            " milliseconds a batch.",
            "",
            *lines,
            "",
            _flat(f"P7 {big:,} rows against {mid:,}", middle[big] / middle[mid]),
            _flat(f"P7 {big:,} rows against {small:,}", middle[big] / middle[small]),
            report.verdict(
                "P7 against naive", GOAL_NAIVE, (median(ratios), min(ratios), max(ratios))
            ),
            _rushed(claimed, twice, rate),
            "",
            LEGEND,
        ]
    )


def _shown(values: list[float]) -> str:
    return f"{median(values):.1f} [{min(values):.1f}-{max(values):.1f}]"


def _flat(name: str, reached: float) -> str:
    if reached <= GOAL_FLAT:
        return f"- **{name}**: goal at most {GOAL_FLAT}x, reached {reached:.2f}x."
    return f"- **{name}**: goal at most {GOAL_FLAT}x, **missed** with {reached:.2f}x."


def _rushed(claimed: int, twice: int, rate: float) -> str:
    return (
        f"- **P7 {PLANNERS} planners at once**: {claimed:,} claimed, **{twice} twice**,"
        f" {rate:,.0f} rows/s."
    )
