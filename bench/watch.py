"""Look at a thousand silent parcels and put them off again, in small and in very large tables."""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from bench import report
from bench.cpu import seconds
from bench.machine import Machine, machine, query

BATCH = 1000
MOST = 40
"""Batches a round measures."""
NAIVE = 200
"""The naive way is so slow that it gets a fifth of a batch."""
NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)
"""A Wednesday: the same holidays in every run."""
GOAL_FLAT, GOAL_NAIVE = 1.5, 5.0
LEGEND = (
    "Every parcel is due. *quiet*: last seen the day before, so that no clock can run out and each"
    " is put off until tomorrow, as on most days of most parcels; *first look*: the same with the"
    " lane still to be found from the first scan. *trouble*: last seen eleven days before, so that"
    " each opens two episodes with their evidence, and three events. *naive*: the ORM with"
    " `select_related`, days counted one by one, a query for the first scan, `get_or_create` and"
    " one `UPDATE` a row in autocommit; on quiet parcels and only for whether they are stalled or"
    " late."
)


def build(parcels: int) -> None:
    """Make so many parcels under way, three an order, with two scans each."""
    from portal.accounts.models import User
    from tracking.models import Carrier, Connection

    shopper = User.objects.create_user("bench@example.org")
    carrier = Carrier.objects.create(
        slug="ups", name_en="UPS", name_zh="UPS", timezone="America/New_York"
    )
    connection = Connection.objects.create(slug="bench", label="bench", adapter="generic")
    query(
        "INSERT INTO tracking_order (number, email, shopper_id, language, recipient_name, phone,"
        " address, postcode, city, country, currency, shipping_minor, captured_minor,"
        " payment_reference, payment_instrument, placed_at, created_at)"
        " SELECT 'B-' || n, 'bench@example.org', %s, 'en', 'R', '', '', '', '', 'US', 'USD', 0, 0,"
        " '', '', now(), now() FROM generate_series(0, %s) n",
        (shopper.pk, parcels // 3),
    )
    query(
        "INSERT INTO tracking_parcel (order_id, carrier_id, connection_id, number, token,"
        " link_version, is_current, position, status, reason, party, handed, leg, is_disputed,"
        " revision, snapshot, shipped_at, created_at) SELECT o.id, %s, %s, 'BENCH' || n,"
        " md5(n::text), 1, true, n %% 3 + 1, 'in_transit', '', '', '', 1, false, 0, '',"
        " %s::timestamptz, now()"
        " FROM generate_series(0, %s - 1) n JOIN tracking_order o ON o.number = 'B-' || n / 3",
        (carrier.pk, connection.pk, NOW - timedelta(days=13), parcels),
    )
    query(
        "INSERT INTO tracking_sighting (parcel_id, fingerprint, occurred_at, local_time,"
        " offset_source, status, reason, party, handed, raw_code, raw_text, location, country,"
        " event_id, sequence, leg, is_physical, is_inferred, is_listed, received_at)"
        " SELECT p.id, decode(md5(p.number || n), 'hex'), %s::timestamptz + n * interval '1 hour',"
        " '', 'offset', 'in_transit', '', '', '', 'X', 'Departed from facility', 'Louisville, KY',"
        " 'US', '', 0, 1, true, false, false, now()"
        " FROM tracking_parcel p, generate_series(1, 2) n",
        (NOW - timedelta(days=12),),
    )
    for table in ("order", "parcel", "sighting"):
        query(f"VACUUM ANALYZE tracking_{table}")


def fill(rows: int, *, seen: timedelta, lane: str = "domestic") -> None:
    """Put so many parcels under watch, all due, last seen so long ago."""
    query("TRUNCATE tracking_parcelcheck, outbox_delivery, outbox_event")
    query("DELETE FROM tracking_anomaly")
    query(
        "UPDATE tracking_parcel SET last_scan_at = %s, status_at = %s, promised_at = %s"
        " WHERE last_scan_at IS DISTINCT FROM %s AND id IN"
        " (SELECT id FROM tracking_parcel ORDER BY id LIMIT %s)",
        (NOW - seen, NOW - seen, NOW + timedelta(days=2), NOW - seen, rows),
    )
    query(
        "INSERT INTO tracking_parcelcheck (parcel_id, lane, check_at)"
        # Weyl's sequence: dates that are spread evenly and in no order of the rows
        " SELECT id, %s, %s::timestamptz - interval '1 hour'"
        " * (id * 0.6180339887498949 - floor(id * 0.6180339887498949))"
        " FROM tracking_parcel ORDER BY id LIMIT %s",
        (lane, NOW, rows),
    )
    for table in ("anomaly", "parcel", "parcelcheck"):
        query(f"VACUUM ANALYZE tracking_{table}")
    query("CHECKPOINT")


@dataclass(frozen=True)
class Look:
    """Milliseconds a thousand parcels: by the clock, and of processor time with PostgreSQL's."""

    clock: float
    cpu: float


def batches(host: Machine, rows: int) -> Look:
    """Sweep batch by batch and say what one costs."""
    from tracking.services import watching

    taken = []
    count = min(rows // BATCH, MOST)
    gc.collect()
    own, stores = time.process_time(), seconds([host.postgres])
    for _turn in range(count):
        begun = time.perf_counter()
        if watching.sweep(now=NOW, limit=BATCH) != BATCH:
            raise SystemExit("bench: a sweep looked at too few")
        taken.append(1000 * (time.perf_counter() - begun))
    spent = time.process_time() - own + seconds([host.postgres]) - stores
    return Look(median(taken), 1000 * spent / count)


def opened() -> int:
    """Count the episodes that are open."""
    return int(query("SELECT count(*) FROM tracking_anomaly WHERE cleared_at IS NULL")[0][0])


def naive(host: Machine, count: int) -> Look:
    """Look as a competent beginner would."""
    import holidays

    from tracking.models import Anomaly, ParcelCheck

    closed = holidays.country_holidays("US", years=[2026])
    begun = time.perf_counter()
    own, stores = time.process_time(), seconds([host.postgres])
    due = ParcelCheck.objects.filter(check_at__lte=NOW).order_by("check_at")
    for check in due.select_related("parcel__order", "parcel__carrier", "parcel__connection")[
        :count
    ]:
        parcel = check.parcel
        first = parcel.sightings.filter(is_physical=True).order_by("occurred_at").first()
        is_home = first is None or first.country == parcel.order.country
        days, at = 0, parcel.last_scan_at or parcel.created_at
        while (at := at + timedelta(days=1)) <= NOW:
            days += at.weekday() < 5 and at.date() not in closed
        for kind, holds in (
            ("stalled", days >= (3 if is_home else 7)),
            ("past_eta", parcel.promised_at is not None and parcel.promised_at <= NOW),
        ):
            if holds:
                Anomaly.objects.get_or_create(
                    parcel=parcel, kind=kind, cleared_at=None, defaults={"opened_at": NOW}
                )
            else:
                Anomaly.objects.filter(parcel=parcel, kind=kind, cleared_at=None).update(
                    cleared_at=NOW
                )
        check.check_at = NOW + timedelta(days=1)
        check.save()
    spent = time.process_time() - own + seconds([host.postgres]) - stores
    return Look(1e6 * (time.perf_counter() - begun) / count, 1e6 * spent / count)


KINDS = ("quiet", "first look", "trouble", "naive")


def run(options: argparse.Namespace) -> None:
    """Measure, print and write the page's section."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    sizes = sorted({size for size in (10_000, 100_000, options.rows) if size <= options.rows})
    found: dict[tuple[int, str], list[Look]] = defaultdict(list)
    with machine() as host:
        build(options.rows)
        for number in range(1, options.rounds + 1):
            for size in sizes:
                fill(size, seen=timedelta(days=1))
                found[size, "naive"].append(naive(host, NAIVE))
                found[size, "quiet"].append(batches(host, size - NAIVE))
                fill(size, seen=timedelta(days=1), lane="")
                found[size, "first look"].append(batches(host, size))
                if opened():
                    raise SystemExit("bench: trouble was found where there was none")
                fill(size, seen=timedelta(days=11))
                found[size, "trouble"].append(batches(host, size))
                if opened() != 2 * BATCH * min(size // BATCH, MOST):
                    raise SystemExit(f"bench: {opened()} episodes were opened")
                told = ", ".join(
                    f"{kind} {found[size, kind][-1].cpu:.0f} ({found[size, kind][-1].clock:.0f})"
                    for kind in KINDS
                )
                print(f"  round {number} {size:9,} parcels: CPU ms (clock) {told}", flush=True)
    text = _page(options, sizes, found)
    print(f"\n{text}\n")
    if options.write:
        report.publish("watch", text)


def _page(
    options: argparse.Namespace, sizes: list[int], found: dict[tuple[int, str], list[Look]]
) -> str:
    heads = ("parcels", *(f"{kind}, ms" for kind in KINDS), "quiet parcels/s", "naive : quiet")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for size in sizes:
        shown = " | ".join(_shown(found[size, kind]) for kind in KINDS)
        calm, plain = (median(one.cpu for one in found[size, kind]) for kind in ("quiet", "naive"))
        lines.append(f"| {size:,} | {shown} | {1e6 / calm:,.0f} | {plain / calm:.1f} |")
    small, big = sizes[0], sizes[-1]
    pairs = zip(found[big, "quiet"], found[small, "quiet"], strict=True)
    growth = [large.cpu / few.cpu for large, few in pairs]
    pairs = zip(found[big, "naive"], found[big, "quiet"], strict=True)
    ratios = [plain.cpu / ours.cpu for plain, ours in pairs]
    day = median(one.cpu for one in found[big, "quiet"])
    told = (
        f"{options.rounds} rounds of up to {MOST} batches, one process, fsync on; milliseconds of"
        " processor time a thousand parcels, with PostgreSQL's, and by the clock in brackets."
    )
    flat = (
        f"- **flat from {small:,} to {big:,} parcels**: goal at most {GOAL_FLAT:g}x,"
        f" {'reached' if median(growth) <= GOAL_FLAT else '**missed** with'}"
        f" {median(growth):.2f}x [{min(growth):.2f}-{max(growth):.2f}]."
    )
    return "\n".join(
        [
            "## Watching silent parcels",
            "",
            f"{report.surroundings()} {told}",
            "",
            *lines,
            "",
            flat,
            report.verdict(
                "against the naive way", GOAL_NAIVE, (median(ratios), min(ratios), max(ratios))
            ),
            f"- Looking at a million parcels once a day costs {day:,.0f} seconds of a processor.",
            "",
            LEGEND,
        ]
    )


def _shown(looks: list[Look]) -> str:
    return f"{median(one.cpu for one in looks):,.0f} ({median(one.clock for one in looks):,.0f})"
