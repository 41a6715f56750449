"""Days of a whole fleet in minutes: the real planner, budgets and breakers, a made-up world."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from bench.fleet.carriers import BEGINS, FAULTS, Carrier, Journey, adapters, people
from bench.fleet.wire import Virtual
from bench.machine import query

TICK = 240.0
"""Seconds from round to round; in a house they are twenty, here each costs time of ours."""


@dataclass(frozen=True)
class Figures:
    """What one carrier's ledger, our rows and the wire say after a run."""

    slug: str
    fault: str
    parcels: int
    calls: int
    numbers: int
    breaches: int
    fullest: str
    """The fullest window of its scarcest quota, as share of the limit."""
    too_soon: int
    too_often: int
    lag_good: tuple[float, float, int]
    """p50, p95 and count of seconds from due to asked, outside the bad days."""
    lag_bad: tuple[float, float, int]
    news_good: tuple[float, float, int]
    """p50, p95 and count of seconds from an event to the answer that told it."""
    news_bad: tuple[float, float, int]
    openings: int
    starved: int
    delivered: int
    """Of the parcels delivered by then, how many we know of, in per mille."""


def bad_days(days: float) -> tuple[datetime, datetime]:
    """Return when the four misbehave: three days of fourteen, in the middle."""
    begins = BEGINS + timedelta(days=days * 5 / 14)
    return begins, begins + timedelta(days=days * 3 / 14)


def build(*, parcels: int, days: float, has_faults: bool, seed: int) -> dict[int, Carrier]:
    """Lay down connections, parcels and polls; return the carriers by connection."""
    from portal.accounts.models import User
    from tracking.carriers import registry
    from tracking.models import Carrier as Row
    from tracking.models import Connection
    from tracking.services import credentials

    shopper = User.objects.create_user("fleet@example.org")
    world: dict[int, Carrier] = {}
    known = adapters()
    bad = bad_days(days)
    for slug, journeys in people(parcels=parcels, days=int(days), seed=seed).items():
        adapter = registry.ADAPTERS[slug] = known[slug]
        row = Row.objects.create(slug=slug, name_en=slug, timezone="UTC")
        connection = Connection.objects.create(slug=slug, label=slug, adapter=slug)
        credentials.keep(connection=connection, values={"key": "of the fleet"})
        carrier = Carrier(
            adapter, fault=FAULTS.get(slug, "") if has_faults else "", bad=bad, seed=seed
        )
        carrier.journeys = {one.number: one for one in journeys}
        world[connection.pk] = carrier
        _register(journeys, carrier=row.pk, connection=connection.pk, shopper=shopper.pk)
        query(
            "INSERT INTO tracking_poll (parcel_id, connection_id, number, due_at, urgency,"
            " empties, failures, asked_that_day, outcome, error, answer, is_abroad)"
            " SELECT id, connection_id, number, shipped_at + %s, 5, 0, 0, 0, '', '', '', false"
            " FROM tracking_parcel WHERE connection_id = %s",
            (adapter.capabilities.first_poll_after, connection.pk),
        )
    return world


def _register(journeys: Sequence[Journey], *, carrier: int, connection: int, shopper: int) -> None:
    """Lay down parcels, ten thousand an order."""
    from portal.lib import sql

    for at in range(0, len(journeys), 10_000):
        part = journeys[at : at + 10_000]
        ((order,),) = query(
            "INSERT INTO tracking_order (number, email, shopper_id, language, recipient_name,"
            " phone, address, postcode, city, country, currency, shipping_minor, captured_minor,"
            " payment_reference, payment_instrument, placed_at, created_at)"
            " VALUES (%s, 'fleet@example.org', %s, 'en', 'R', '', '', '', '', '', 'EUR', 0, 0, '',"
            " '', %s, %s) RETURNING id",
            (f"{connection}-{at}", shopper, BEGINS, BEGINS),
        )
        types = ("text", "int", "timestamptz")
        sql.run(
            "INSERT INTO tracking_parcel (order_id, carrier_id, connection_id, number, token,"
            " link_version, is_current, position, status, reason, party, handed, leg,"
            " is_disputed, revision, snapshot, shipped_at, created_at)"
            " SELECT %s, %s, %s, v.number, md5(v.number), 1, true, v.position, 'registered', '',"
            " '', '', 1, false, 0, '', v.shipped_at, v.shipped_at"
            f" FROM {sql.unnest(types)} AS v(number, position, shipped_at)",
            (
                order, carrier, connection,
                *sql.columns(
                    ((one.number, place, one.shipped_at) for place, one in enumerate(part, 1)),
                    types,
                ),
            ),
        )  # fmt: skip


def live(
    world: dict[int, Carrier],
    *,
    days: float,
    tick: float,
    seed: int,
    has_inbox: bool = False,
    talks: bool = False,
) -> Virtual:
    """
    Let the days pass: a round each ``tick`` seconds, the next at once while one is short.

    Without an inbox the truth that was told is written down at once, as opening the messages
    would; what follows from it for the next question is ours either way.
    """
    from tracking.services import intake, polling

    wire = Virtual(world, begins=BEGINS, seed=seed)
    ends = BEGINS + timedelta(days=days)
    at, day = BEGINS, -1
    begun = time.monotonic()
    while at < ends:
        following = at + timedelta(seconds=tick)
        wire.clock = max(wire.clock, at)
        while True:
            done = polling.poll(clock=wire.now, wire=wire)
            wire.clock += timedelta(seconds=1)
            if not done.is_short or wire.clock >= following:
                break
        if has_inbox:
            while intake.open_waiting(now=wire.clock):
                pass
        else:
            write_down(world, now=wire.clock)
        at = following
        if talks and (at - BEGINS).days > day:
            day = (at - BEGINS).days
            print(f"  day {day:2}, {time.monotonic() - begun:4.0f} s", flush=True)
    return wire


def write_down(world: dict[int, Carrier], *, now: datetime) -> None:
    """Give the parcels what was told of them, and let the next questions follow."""
    from portal.lib import sql
    from tracking.rules import Journey as Journeyed
    from tracking.services import poll_times
    from tracking.services.announcing import Changed
    from tracking.services.applying_rows import STATE, Row

    told: list[tuple[int, str, str, datetime, datetime]] = []
    for key, carrier in world.items():
        told += [
            (key, one.number, one.statuses[one.told - 1], one.times[one.told - 1], one.eta)
            for one in carrier.fresh.values()
        ]
        carrier.fresh.clear()
    query("DELETE FROM tracking_envelope")
    if not told:
        return
    types = ("bigint", "text", "text", "timestamptz", "timestamptz")
    rows = sql.rows(
        "UPDATE tracking_parcel p SET status = v.status, status_at = v.at, last_scan_at = v.at,"
        " eta_from = v.eta, eta_to = v.eta, revision = revision + 1"
        f" FROM {sql.unnest(types)} AS v(connection_id, number, status, at, eta)"
        " WHERE p.connection_id = v.connection_id AND p.number = v.number AND p.is_current"
        " RETURNING p.id, p.connection_id, p.number, p.shipped_at, "
        + ", ".join(f"p.{name}" for name in STATE),
        sql.columns(told, types),
        prepare=True,
    )
    poll_times.hear(
        changed=[
            Changed(
                Row(pk, key, number, "", shipped_at, 0, "", "", "", "", "", 0, "", 1, tuple(state)),
                tuple(state),
                Journeyed(),
                [],
            )
            for pk, key, number, shipped_at, *state in rows
        ],
        now=now,
    )


def judge(world: dict[int, Carrier], wire: Virtual, *, days: float) -> list[Figures]:
    """Return the figures of each carrier."""
    from tracking.models import BreakerMove, Parcel

    found = []
    for key, carrier in world.items():
        opened = BreakerMove.objects.filter(
            connection_id=key, target="open", origin="closed"
        ).count()
        over = BEGINS + timedelta(days=days) - timedelta(hours=30)
        arrived = [one.number for one in carrier.journeys.values() if one.times[-1] <= over]
        known = Parcel.objects.filter(
            connection_id=key, status="delivered", number__in=arrived
        ).count()
        found.append(
            Figures(
                slug=carrier.adapter.slug.removeprefix("fleet-"),
                fault=carrier.fault,
                parcels=len(carrier.journeys),
                calls=carrier.calls,
                numbers=carrier.asked,
                breaches=sum(window.breaches for window in carrier.windows),
                fullest=_fullest(carrier),
                too_soon=carrier.too_soon,
                too_often=carrier.too_often,
                lag_good=quantiles(wire.lags[key][False]),
                lag_bad=quantiles(wire.lags[key][True]),
                news_good=quantiles(carrier.ages[False]),
                news_bad=quantiles(carrier.ages[True]),
                openings=opened,
                starved=_starved(carrier, days=days),
                delivered=round(1000 * known / len(arrived)) if arrived else 1000,
            )
        )
    return found


def quantiles(values: Sequence[float]) -> tuple[float, float, int]:
    """Return p50, p95 and how many."""
    if not values:
        return 0.0, 0.0, 0
    ordered = sorted(values)
    count = len(ordered)
    return ordered[count // 2], ordered[min(int(count * 0.95), count - 1)], count


def _fullest(carrier: Carrier) -> str:
    if not carrier.windows:
        return "–"
    one = max(carrier.windows, key=lambda window: window.most / window.quota.limit)
    return f"{one.most:,} of {one.quota.limit:,} in {one.quota.seconds:,} s"


def _starved(carrier: Carrier, *, days: float, patience: float = 30 * 3600) -> int:
    """
    Count parcels that nobody asked about for thirty hours while they were of interest.

    The longest pause in the table is a day. A carrier's own bad days are taken out of the gap.
    """
    low, high = ((one - BEGINS).total_seconds() for one in carrier.bad)
    ends = days * 86_400
    starved = 0
    for one in carrier.journeys.values():
        first = (one.shipped_at - BEGINS).total_seconds()
        last = min((one.times[-1] - BEGINS).total_seconds() + 6 * 86_400, ends)
        marks = [first, *[at for at in one.asked if at <= last], last]
        for before, after in pairwise(marks):
            gap = after - before
            if carrier.fault:
                gap -= max(0.0, min(after, high) - max(before, low))
            if gap > patience:
                starved += 1
                break
    return starved


def simulate(
    *,
    parcels: int,
    days: float,
    until: float | None = None,
    has_faults: bool,
    has_inbox: bool = False,
    tick: float = TICK,
    seed: int = 20260302,
    talks: bool = False,
) -> list[Figures]:
    """Build a fleet for so many days, let them pass, or a part of them, and read the ledgers."""
    world = build(parcels=parcels, days=days, has_faults=has_faults, seed=seed)
    query("ANALYZE tracking_parcel, tracking_poll")
    gc.collect()
    gc.freeze()  # the world is large, and none of it becomes garbage
    passed = until or days
    wire = live(world, days=passed, tick=tick, seed=seed, has_inbox=has_inbox, talks=talks)
    gc.unfreeze()
    return judge(world, wire, days=passed)
