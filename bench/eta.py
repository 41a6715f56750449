"""How near expectations come to the truth, on orders that nobody here made. Needs no database."""

from __future__ import annotations

import argparse
import csv
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

from bench import report
from tracking import expecting
from tracking.calendars import EVERY_DAY, Calendar, calendar
from tracking.expecting import Confidence, Stage
from tracking.routes import Level, Route, calendar_of, place

DATA = Path(
    os.environ.get("CONFORMANCE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)
TRAINING = 0.7
"""The share of the orders, oldest first, that may be learnt from."""
SETTLES = timedelta(days=1)
"""How long after a delivery it is learnt from, as in production."""
SILENT = (timedelta(days=7), timedelta(days=14))
"""How long after the hand-over an expectation is made anew for what is still on its way."""
LEGEND = (
    "MAE: mean distance in days of the middle (or the one date there is) from the day it came."
    " Window: from the day before which one in ten comes to the day after which one in ten does,"
    " which is what a page shows; coverage is the share that came within it, both days included;"
    " *after* the share that came later, width the mean number of days in it. p50–p90 is the later"
    " part of the same window. Pinball: mean loss at 10, 50 and 90%, in days; a single date is"
    " taken for all three."
)


@dataclass(frozen=True, kw_only=True)
class Trip:
    """One delivered order: where, and what was known when."""

    origin: tuple[str, str]
    destination: tuple[str, str]
    carrier: str
    placed_at: datetime
    handed_at: datetime | None
    arrived_at: datetime
    promised: date


@dataclass(frozen=True)
class Guess:
    """An expectation in days, and the truth."""

    truth: date
    early: date
    middle: date
    late: date
    level: str = ""
    confidence: str = ""


Moment = Callable[[Trip], datetime | None]


# --- the data -----------------------------------------------------------------------------------


def olist(folder: Path) -> tuple[list[Trip], int]:
    """Return delivered orders, oldest first, and how many others there are."""
    zone = ZoneInfo("America/Sao_Paulo")

    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)

    customers = {row["customer_id"]: row for row in _read(folder / "olist_customers.csv")}
    sellers = {row["seller_id"]: row for row in _read(folder / "olist_sellers.csv")}
    items: dict[str, dict[str, str]] = {}
    for row in _read(folder / "olist_order_items.csv"):
        items.setdefault(row["order_id"], row)
    trips, others = [], 0
    for row in _read(folder / "olist_orders.csv"):
        arrived = row["order_delivered_customer_date"]
        if row["order_status"] != "delivered" or not arrived:
            others += 1
            continue
        seller = sellers[items[row["order_id"]]["seller_id"]]
        handed = row["order_delivered_carrier_date"]
        trips.append(
            Trip(
                origin=("BR", seller["seller_zip_code_prefix"]),
                destination=("BR", customers[row["customer_id"]]["customer_zip_code_prefix"]),
                carrier="carrier",
                placed_at=at(row["order_purchase_timestamp"]),
                handed_at=at(handed) if handed else None,
                arrived_at=at(arrived),
                promised=date.fromisoformat(row["order_estimated_delivery_date"][:10]),
            )
        )
    return sorted(trips, key=lambda trip: trip.placed_at), others


def dataco(path: Path) -> list[Trip]:
    """Return orders with real and scheduled days until they were shipped, oldest first."""
    trips = {}
    for row in _read(path, encoding="latin-1"):
        placed = datetime.strptime(row["order date (DateOrders)"], "%m/%d/%Y %H:%M").replace(
            tzinfo=UTC
        )
        scheduled = timedelta(days=int(row["Days for shipment (scheduled)"]))
        trips[row["Order Id"]] = Trip(
            origin=("", ""),
            destination=(row["Order Country"], ""),
            carrier=row["Shipping Mode"],
            placed_at=placed,
            handed_at=None,
            arrived_at=placed + timedelta(days=int(row["Days for shipping (real)"])),
            promised=(placed + scheduled).date(),
        )
    return sorted(trips.values(), key=lambda trip: trip.placed_at)


def _read(path: Path, encoding: str = "utf-8") -> Iterator[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as lines:
        yield from csv.DictReader(lines)


# --- who expects --------------------------------------------------------------------------------


class Own:
    """Our expectation: what production learns and says, on statistics held in memory."""

    def __init__(self, *, zone: ZoneInfo, calendar: Calendar) -> None:
        self.zone = zone
        self.calendar = calendar
        self._stats: dict[tuple[str, str, str], dict[int, float]] = defaultdict(
            lambda: defaultdict(float)
        )

    def learn(self, trip: Trip) -> None:
        """Add a finished journey."""
        for lesson in expecting.lessons(
            route=self._route(trip), starts=self._starts(trip), arrived_at=trip.arrived_at,
            calendar=self.calendar,
        ):  # fmt: skip
            self._stats[lesson.key][lesson.bucket] += lesson.weight

    def expect(self, trip: Trip, now: datetime) -> Guess | None:
        """Say when it should come, as far as was known ``now``."""
        route = self._route(trip)
        starts = {stage: at for stage, at in self._starts(trip).items() if at <= now}
        found = expecting.estimate(
            starts=starts, calendar=self.calendar, now=now,
            spread=lambda stage: expecting.blend(stage, route, stats=self._stats, now=now),
        )  # fmt: skip
        if found is None:
            return None
        ends = (trip.arrived_at, found.first, found.likely, found.last)
        truth, early, middle, late = (at.astimezone(self.zone).date() for at in ends)
        return Guess(truth, early, middle, late, str(found.group.level), str(found.confidence))

    def _route(self, trip: Trip) -> Route:
        return Route(trip.carrier, place(*trip.origin), place(*trip.destination))

    def _starts(self, trip: Trip) -> dict[Stage, datetime]:
        known = {Stage.PLACED: trip.placed_at, Stage.MOVING: trip.handed_at}
        return {stage: at for stage, at in known.items() if at is not None}


class Promise:
    """The merchant's own estimate, one date."""

    def __init__(self, *, zone: ZoneInfo) -> None:
        self.zone = zone

    def learn(self, trip: Trip) -> None:
        """Learn nothing."""

    def expect(self, trip: Trip, now: datetime) -> Guess:
        """Repeat it."""
        truth = trip.arrived_at.astimezone(self.zone).date()
        return Guess(truth, trip.promised, trip.promised, trip.promised)


class Flat:
    """The same for everybody: how long all orders took that are known, in plain hours."""

    def __init__(self, *, zone: ZoneInfo, from_handing: bool) -> None:
        self.zone = zone
        self.from_handing = from_handing
        self._took: list[timedelta] = []

    def learn(self, trip: Trip) -> None:
        """Add how long it took."""
        if (start := self._start(trip)) is not None:
            self._took.append(trip.arrived_at - start)

    def expect(self, trip: Trip, now: datetime) -> Guess | None:
        """Add the middle, and the outer tenths, to the start."""
        start = self._start(trip)
        if start is None or not self._took:
            return None
        took = sorted(self._took)
        ends = [max(now, start + took[int(len(took) * q)]) for q in (0.1, 0.5, 0.9)]
        early, middle, late = (end.astimezone(self.zone).date() for end in ends)
        return Guess(trip.arrived_at.astimezone(self.zone).date(), early, middle, late)

    def _start(self, trip: Trip) -> datetime | None:
        return trip.handed_at if self.from_handing else trip.placed_at


# --- judging ------------------------------------------------------------------------------------


def divide(trips: Sequence[Trip], *, is_inner: bool) -> tuple[list[Trip], list[Trip], datetime]:
    """
    Split by the day of purchase: what may be learnt from, what is judged, and the split.

    Only deliveries known at the split are learnt from. The inner split does the same to the
    training part alone; constants are chosen there and nowhere else.
    """
    split = trips[int(len(trips) * TRAINING)].placed_at
    before = [trip for trip in trips if trip.arrived_at + SETTLES < split]
    if is_inner:
        return divide(before, is_inner=False)
    return before, [trip for trip in trips if trip.placed_at >= split], split


def judge(
    who: Own | Promise | Flat,
    trips: Sequence[Trip],
    *,
    asked: Moment,
    keeps_learning: bool,
    is_inner: bool = False,
) -> list[Guess]:
    """
    Ask for each judged trip at its moment, and return the guesses beside the truth.

    Whoever keeps learning knows at each moment what had arrived, and settled, before it.
    """
    before, after, _split = divide(trips, is_inner=is_inner)
    for trip in before:
        who.learn(trip)
    learnt = set(map(id, before))
    news = sorted(
        (trip for trip in trips if keeps_learning and id(trip) not in learnt),
        key=lambda trip: trip.arrived_at,
    )
    at, guesses = 0, []
    moments = [(moment, place, trip) for place, trip in enumerate(after)
               if (moment := asked(trip)) is not None and moment < trip.arrived_at]  # fmt: skip
    for moment, _place, trip in sorted(moments, key=lambda one: one[:2]):
        while at < len(news) and news[at].arrived_at + SETTLES < moment:
            who.learn(news[at])
            at += 1
        if (guess := who.expect(trip, moment)) is not None:
            guesses.append(guess)
    return guesses


def placed(trip: Trip) -> datetime | None:
    """Ask when it is bought, as the merchant's own estimate was made then."""
    return trip.placed_at


def handed(trip: Trip) -> datetime | None:
    """Ask when the carrier takes it."""
    return trip.handed_at


def silent(since: timedelta) -> Moment:
    """Ask again so long after that, of what is still on its way."""
    return lambda trip: trip.handed_at and trip.handed_at + since


@dataclass(frozen=True)
class Score:
    """How good some guesses were, in days."""

    count: int
    error: float
    pinball: float
    coverage: float
    after: float
    width: float
    late_coverage: float
    late_width: float

    @classmethod
    def of(cls, guesses: Sequence[Guess]) -> Score:
        """Score guesses, at least one."""
        return cls(
            count=len(guesses),
            error=fmean(abs((one.truth - one.middle).days) for one in guesses),
            pinball=fmean(
                (_pinball(one.truth, one.early, 0.1) + _pinball(one.truth, one.middle, 0.5)
                 + _pinball(one.truth, one.late, 0.9)) / 3
                for one in guesses
            ),
            coverage=fmean(one.early <= one.truth <= one.late for one in guesses),
            after=fmean(one.truth > one.late for one in guesses),
            width=fmean((one.late - one.early).days + 1 for one in guesses),
            late_coverage=fmean(one.middle <= one.truth <= one.late for one in guesses),
            late_width=fmean((one.late - one.middle).days + 1 for one in guesses),
        )  # fmt: skip

    def row(self, *names: str) -> str:
        """Return a line of a table."""
        cells = (
            f"{self.count:,}", f"{self.error:.2f}", f"{self.pinball:.2f}", f"{self.coverage:.0%}",
            f"{self.after:.0%}", f"{self.width:.1f}",
            f"{self.late_coverage:.0%} in {self.late_width:.1f}",
        )  # fmt: skip
        return f"| {' | '.join((*names, *cells))} |"


HEADS = ("n", "MAE", "pinball", "coverage", "after", "width", "p50–p90")


def _pinball(truth: date, said: date, q: float) -> float:
    late = (truth - said).days
    return q * late if late >= 0 else (q - 1) * late


def table(first: Iterable[str], rows: Iterable[str]) -> str:
    """Return a Markdown table."""
    heads = (*first, *HEADS)
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *rows])


# --- the report ---------------------------------------------------------------------------------


def of_olist(folder: Path, *, is_inner: bool) -> str:
    """Judge expectations on the Brazilian marketplace's orders."""
    trips, others = olist(folder)
    before, after, split = divide(trips, is_inner=is_inner)
    zone = ZoneInfo("America/Sao_Paulo")
    brazil = calendar_of("BR", zone.key)
    moments: dict[str, Moment] = {
        "at purchase": placed,
        "at hand-over": handed,
        **{f"{since.days} days later, still on its way": silent(since) for since in SILENT},
    }
    rows: list[str] = []
    ours: list[Guess] = []
    for name, asked in moments.items():
        from_handing = asked is not placed
        tried: dict[str, tuple[Own | Promise | Flat, bool]] = {
            "merchant": (Promise(zone=zone), False),
            "median of all": (Flat(zone=zone, from_handing=from_handing), False),
            "ours, frozen": (Own(zone=zone, calendar=brazil), False),
            "ours": (Own(zone=zone, calendar=brazil), True),
        }
        for variant, (who, learns) in tried.items():
            guesses = judge(who, trips, asked=asked, keeps_learning=learns, is_inner=is_inner)
            rows.append(Score.of(guesses).row(name, variant))
            ours = guesses if variant == "ours" and asked is handed else ours
    told = (
        f"**Olist**: {len(trips):,} delivered orders; {len(before):,} that had arrived by"
        f" {split:%Y-%m-%d} were learnt from, the {len(after):,} bought from then on are judged."
        f" Only deliveries are judged, so it is fair that the sample keeps all {others:,} other"
        " orders and one delivered in twenty; no rate of loss can be read off it. One carrier,"
        " postcodes of seller and buyer. *frozen* knows what had arrived at the split, *ours* also"
        " what arrived until the moment it is asked, as in production."
    )
    parts = [
        told,
        table(("asked", "who"), rows),
        "Ours at hand-over, by the narrowest group that had seen enough:",
        table(("group",), _split_by(ours, lambda one: one.level)),
        "and by the confidence it gave itself:",
        table(("confidence",), _split_by(ours, lambda one: one.confidence)),
    ]
    return "\n\n".join(parts)


def _split_by(guesses: Sequence[Guess], what: Callable[[Guess], str]) -> list[str]:
    found: dict[str, list[Guess]] = defaultdict(list)
    for one in guesses:
        found[what(one)].append(one)
    order = [*map(str, Level), *map(str, Confidence)]
    return [Score.of(found[name]).row(name) for name in sorted(found, key=order.index)]


def of_dataco(path: Path, *, is_inner: bool) -> str:
    """Judge expectations on days until shipping, by shipping mode and country."""
    trips = dataco(path)
    before, after, split = divide(trips, is_inner=is_inner)
    zone = ZoneInfo("UTC")
    tried: dict[str, tuple[Own | Promise | Flat, bool]] = {
        "scheduled": (Promise(zone=zone), False),
        "median of all": (Flat(zone=zone, from_handing=False), False),
        "ours": (Own(zone=zone, calendar=calendar(weekdays=EVERY_DAY)), True),
    }
    rows = [
        Score.of(
            judge(who, trips, asked=placed, keeps_learning=learns, is_inner=is_inner)
        ).row(variant)
        for variant, (who, learns) in tried.items()
    ]  # fmt: skip
    told = (
        f"**DataCo**: days from order to shipping, scheduled and real; {len(before):,} orders"
        f" until {split:%Y-%m-%d} learnt from, {len(after):,} later ones judged but for those"
        " shipped at once. The shipping mode stands for the carrier. Whole days, and little in"
        " them depends on the place."
    )
    return "\n\n".join([told, table(("who",), rows)])


def run(options: argparse.Namespace) -> None:
    """Measure, print and write the page's section."""
    folder = DATA / "commerce"
    if not folder.is_dir():
        print(f"bench eta: no orders in {folder}; set CONFORMANCE_DATA")
        return
    is_inner = getattr(options, "inner", False)
    text = "\n\n".join(
        [
            "## Expecting a parcel",
            f"{report.surroundings()} No database: the same pure code as in production.",
            of_olist(folder / "olist_a", is_inner=is_inner),
            of_dataco(folder / "dataco_shared" / "dataco_supply_chain.csv", is_inner=is_inner),
            LEGEND,
        ]
    )
    print(f"\n{text}\n")
    if options.write and not is_inner:
        report.publish("eta", text)
