"""Look at a thousand silent parcels and put them off again, in small and in very large tables."""

from __future__ import annotations

import argparse
import gc
import os
import time
from datetime import UTC, datetime, timedelta
from statistics import median

from bench import report
from bench.machine import machine, query

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


def batches(rows: int) -> list[float]:
    """Return the milliseconds of each batch of a sweep."""
    from tracking.services import watching

    taken = []
    for _turn in range(min(rows // BATCH, MOST)):
        gc.collect()
        begun = time.perf_counter()
        if watching.sweep(now=NOW, limit=BATCH) != BATCH:
            raise SystemExit("bench: a sweep looked at too few")
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


def opened() -> int:
    """Count the episodes that are open."""
    return int(query("SELECT count(*) FROM tracking_anomaly WHERE cleared_at IS NULL")[0][0])


def naive(count: int) -> float:
    """Look as a competent beginner would; return the milliseconds a thousand."""
    import holidays

    from tracking.models import Anomaly, ParcelCheck

    closed = holidays.country_holidays("US", years=[2026])
    begun = time.perf_counter()
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
    return 1e6 * (time.perf_counter() - begun) / count


def run(options: argparse.Namespace) -> None:
    """Measure, print and write the page's section."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    sizes = sorted({size for size in (10_000, 100_000, options.rows) if size <= options.rows})
    quiet: dict[int, list[float]] = {size: [] for size in sizes}
    trouble: dict[int, list[float]] = {size: [] for size in sizes}
    naives: dict[int, list[float]] = {size: [] for size in sizes}
    firsts: dict[int, list[float]] = {size: [] for size in sizes}
    with machine():
        build(options.rows)
        for number in range(1, options.rounds + 1):
            for size in sizes:
                fill(size, seen=timedelta(days=1))
                naives[size].append(naive(NAIVE))
                quiet[size].append(median(batches(size - NAIVE)))
                fill(size, seen=timedelta(days=1), lane="")
                firsts[size].append(median(batches(size)))
                if opened():
                    raise SystemExit("bench: trouble was found where there was none")
                fill(size, seen=timedelta(days=11))
                trouble[size].append(median(batches(size)))
                if opened() != 2 * BATCH * min(size // BATCH, MOST):
                    raise SystemExit(f"bench: {opened()} episodes were opened")
                print(
                    f"  round {number} {size:9,} rows: quiet {quiet[size][-1]:6.1f} ms,"
                    f" first {firsts[size][-1]:6.1f} ms,"
                    f" trouble {trouble[size][-1]:6.1f} ms, naive {naives[size][-1]:7.1f} ms",
                    flush=True,
                )
    text = _page(options, sizes, quiet, firsts, trouble, naives)
    print(f"\n{text}\n")
    if options.write:
        report.publish("watch", text)


def _page(
    options: argparse.Namespace,
    sizes: list[int],
    quiet: dict[int, list[float]],
    firsts: dict[int, list[float]],
    trouble: dict[int, list[float]],
    naives: dict[int, list[float]],
) -> str:
    heads = (
        "parcels", "quiet, ms", "parcels/s", "first look, ms", "trouble, ms", "parcels/s",
        "naive, ms", "ratio",
    )  # fmt: skip
    lines = [
        f"| {' | '.join(heads)} |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for size in sizes:
        calm, loud = median(quiet[size]), median(trouble[size])
        lines.append(
            f"| {size:,} | {_shown(quiet[size])} | {1e6 / calm:,.0f} | {_shown(firsts[size])}"
            f" | {_shown(trouble[size])}"
            f" | {1e6 / loud:,.0f} | {_shown(naives[size])}"
            f" | {median(naives[size]) / calm:.1f} |"
        )
    small, big = sizes[0], sizes[-1]
    growth = [b / s for b, s in zip(quiet[big], quiet[small], strict=True)]
    ratios = [n / o for n, o in zip(naives[big], quiet[big], strict=True)]
    told = (
        f"{options.rounds} rounds; milliseconds a thousand parcels, median of up to {MOST} batches,"
        " one process, fsync on."
    )
    flat = (
        f"- **flat from {small:,} to {big:,} parcels**: goal at most {GOAL_FLAT:g}x,"
        f" {'reached' if median(growth) <= GOAL_FLAT else '**missed** with'}"
        f" {median(growth):.2f}x [{min(growth):.2f}-{max(growth):.2f}]."
    )
    day = median(quiet[big])
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
            f"- Looking once a day at a million parcels takes one process {day:,.0f} seconds.",
            "",
            LEGEND,
        ]
    )


def _shown(values: list[float]) -> str:
    return f"{median(values):.1f} [{min(values):.1f}-{max(values):.1f}]"
