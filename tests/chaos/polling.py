"""
1,000 parcels of five pretend carriers, asked about while everything fails.

Each carrier is a process with a ledger and quotas of its own. One is well; one hangs, one breaks
down, one turns callers away, one talks nonsense, for a while and twice. Meanwhile the worker dies
by kill -9 at named points, two clocks tick, Valkey and PostgreSQL are killed.

The verdict is the carriers': no window of their quotas held more calls than it may, no number was
asked about again before its time, and every event that they told is stored exactly once.
"""

# ruff: noqa: S310 - the only addresses are loopback ones that we made up

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import threading
import time
import urllib.request
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.ops.launcher import places
from portal.ops.launcher.processes import Child
from portal.ops.launcher.running import harbour, worker
from tests.chaos.stage import Stage, stage

KEY = "chaos-harbour-key"
PARCELS = 200
"""For each carrier."""
QUOTAS = {"calm": ("4/1", "40/60"), "rushed": ("1/1", "20/60")}
OTHERS = ("4/1", "30/60")
A_DAY = "50000/86400"
FAULTS = {
    "calm": (),
    "hanging": ("hang", "slow", "drop"),
    "failing": ("error", "drop"),
    "rushed": ("busy",),
    "garbling": ("garbage", "truncated", "stranger"),
}
POINTS = ("polls_paid", "answers_heard", "envelopes_claimed", "envelopes_applied")
"""Where the worker dies, each in a phase of its own."""
BLOWS = ("kill Valkey", "kill Valkey", "flush Valkey", "kill PostgreSQL", "kill second clock")
SLOT = 5.0
"""Seconds that the carriers want between two answers about one number."""
SPAN = (40.0, 80.0)
"""Seconds that a journey takes."""
PATIENCE = 60.0
"""Seconds after the last fault within which everything must have been stored."""
PACE = 2000
"""In the run an hour of the cadence takes less than two seconds."""
LEASE = 25
LONGEST = 45.0
"""Seconds a worker gets to start and to come to its point."""
PAST = timedelta(hours=30)
"""All but one carrier's scans are dated so long ago that nobody is written a letter."""
ENDS = {
    "delivered": "delivered", "damaged": "delivered", "refused": "returning",
    "returned": "returned", "lost": "lost", "found_again": "delivered", "crossing": "delivered",
}  # fmt: skip


@dataclass
class Carrier:
    """One pretend carrier, and the journeys it was given."""

    name: str
    url: str
    quotas: tuple[str, ...]
    scripts: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    """Number -> (moment, event id)."""
    ends: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask it as whoever directs it."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {KEY}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def windows(self) -> Iterator[tuple[int, int]]:
        """Yield (calls, seconds) of its quotas."""
        for quota in self.quotas:
            calls, seconds = quota.split("/")
            yield int(calls), int(seconds)


def open_carriers(play: Stage, carriers: list[Carrier]) -> None:
    """Start each in its own process."""
    for carrier in carriers:
        folder = play.services.folder / carrier.name
        child = harbour(
            play.env | {"AMENDS_HARBOUR_URL": carrier.url, "AMENDS_HARBOUR_KEY": KEY},
            ledger=folder / "ledger.sqlite3",
            log=folder / "log",
        )
        child.name = f"carrier {carrier.name}"
        child.command = [
            *child.command, "--slow", "4",
            *(word for quota in carrier.quotas for word in ("--quota", quota)),
        ]  # fmt: skip
        play.services.supervisor.add(child)


def add_clocks(play: Stage) -> None:
    """Start the worker with its clock, and a second clock that somebody forgot about."""
    folder = play.services.folder
    play.services.supervisor.add(worker(play.env, log=folder / "worker.log"))
    second = Child(
        name="second clock",
        command=[
            places.python(), "-m", "portal.ops.launcher.leashed", "celery",
            "-A", "portal.celery", "beat", "-l", "ERROR",
            "--pidfile=", "-s", str(folder / "second-schedule"),
        ],
        log=folder / "clock.log",
        env=play.env,
        cwd=places.ROOT,
    )  # fmt: skip
    play.services.supervisor.add(second)


def await_worker(play: Stage) -> None:
    """Wait until the worker works, for on a busy machine it takes its time to start."""
    from kombu.exceptions import OperationalError

    from portal.celery import app

    until = time.monotonic() + 90
    while time.monotonic() < until:
        play.tend()
        with suppress(OperationalError):
            if app.control.ping(timeout=1.0):
                return
        time.sleep(0.2)
    raise RuntimeError("the worker does not start")


def prepare(carriers: list[Carrier], chance: random.Random) -> None:
    """Make connections and parcels, and give the carriers their journeys."""
    from tests.factories.tracking import ConnectionFactory, OrderFactory, ParcelFactory
    from tracking.carriers import scenarios
    from tracking.models import Carrier as Courier
    from tracking.services import credentials, poll_times

    courier, _ = Courier.objects.get_or_create(slug="simulator", defaults={"name_en": "Harbour"})
    now = datetime.now(UTC)
    for carrier in carriers:
        past = timedelta() if carrier is carriers[0] else PAST
        connection = ConnectionFactory.create(
            slug=carrier.name,
            adapter="simulator",
            settings={"host": carrier.url, "quotas": [list(pair) for pair in carrier.windows()]},
        )
        credentials.keep(connection=connection, values={"key": KEY})
        order, shipped = OrderFactory.create(), []
        for index in range(PARCELS):
            number = f"HX{carrier.name.upper()}{index:04}"
            scenario = chance.choice(sorted(ENDS))
            start = now - past + timedelta(seconds=chance.uniform(0, 15))
            length = timedelta(hours=scenarios.SCENARIOS[scenario][-1].hours)
            pace = length / timedelta(seconds=chance.uniform(*SPAN))
            told = scenarios.unfold(scenario, number=number, start=start, now=start, pace=pace)
            script = [((at + past).timestamp(), event) for at, event in told]
            carrier.scripts[number] = [(at, event["id"]) for at, event in script]
            carrier.ends[number] = ENDS[scenario]
            shipped.append(
                {"number": number, "script": [{"at": at, "event": event} for at, event in script]}
            )
            parcel = ParcelFactory.create(
                order=order, carrier=courier, connection=connection, number=number,
                position=index + 1, shipped_at=start, promised_at=None,
            )  # fmt: skip
            poll_times.begin(parcel=parcel, now=now)
        carrier.ask("/parcels", {"parcels": shipped})


@contextmanager
def hurrying() -> Iterator[None]:
    """Let polls fall due as fast as the demo's do, from outside, whatever is killed."""
    over = threading.Event()

    def work() -> None:
        from django.db import Error, connection

        from portal.ops.story import harbour as directing

        while not over.wait(0.5):
            try:
                directing.hurry(now=datetime.now(UTC), pace=PACE)
            except Error:
                connection.close()
        connection.close()

    thread = threading.Thread(target=work, name="hurry", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# --- What goes wrong ------------------------------------------------------------------------------


@dataclass
class Play:
    """The stage with its carriers, the clock since the beginning, and what has happened."""

    stage: Stage
    carriers: list[Carrier]
    chance: random.Random
    began: float = field(default_factory=time.monotonic)
    deaths: list[str] = field(default_factory=list)

    def say(self, what: str) -> None:
        """Write down what goes wrong, and when."""
        print(f"  {time.monotonic() - self.began:5.1f} s  {what}")

    def wait(self, seconds: float) -> None:
        """Let time pass, restarting what has died."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.stage.tend()
            time.sleep(0.1)

    def spoil(self, seconds: float) -> None:
        """Let each carrier go wrong in its own way for a while, and wait until that is over."""
        for carrier in self.carriers:
            if modes := FAULTS[carrier.name]:
                self.wait(self.chance.uniform(0, 2))
                mode = self.chance.choice(modes)
                self.say(f"{carrier.name}: {mode} for {seconds:.0f} s")
                carrier.ask("/faults", {"mode": mode, "seconds": seconds})
        self.wait(seconds)

    def die_at(self, point: str) -> None:
        """Have a worker die at a point of its work, if it comes to it in time."""
        once = self.stage.services.folder / f"died-at-{point}"
        restart_worker(self.stage, point, once)
        until = time.monotonic() + LONGEST
        while time.monotonic() < until and not once.exists():
            self.wait(0.2)
        if once.exists():
            self.deaths.append(point)
            self.say(f"the worker died at {point}")

    def strike(self, victim: str) -> None:
        """Kill a process, or have Valkey forget everything."""
        self.say(victim)
        if victim == "flush Valkey":
            flush(self.stage)
        else:
            self.stage.kill(victim.removeprefix("kill "))


def rehearse(play: Play) -> float:
    """Let it all go wrong; return the moment of the last fault."""
    blows = [*POINTS, *BLOWS]
    play.chance.shuffle(blows)
    play.wait(play.chance.uniform(2, 6))
    play.spoil(20)
    for turn, blow in enumerate(blows):
        play.wait(play.chance.uniform(1, 4))
        if turn == len(blows) // 2:
            await_worker(play.stage)
            play.spoil(15)
        if blow in POINTS:
            play.die_at(blow)
        else:
            play.strike(blow)
    return time.monotonic()


def restart_worker(stage: Stage, point: str, once: Path) -> None:
    """Kill the worker; its successor dies at ``point``, once."""
    stage.env.update(AMENDS_FAILPOINTS="1", FAILPOINT=point, FAILPOINT_ONCE=str(once))
    stage.kill("worker")
    stage.services.supervisor["worker"].deaths = 0  # that it was killed says nothing against it


def flush(play: Stage) -> None:
    """Make Valkey forget everything, if it is there to be told."""
    import redis

    try:
        redis.Redis.from_url(play.services.redis_url, socket_timeout=1).flushall()
    except redis.RedisError:
        print("  Valkey was away when it should have been flushed")


def settle(play: Stage, carriers: list[Carrier], last_fault: float) -> float:
    """Wait until every parcel is where its journey ends; return the seconds that took."""
    from django.db import Error, connection
    from django.db.models import Count

    from tracking.models import Parcel
    from tracking.services import intake

    wanted = {
        number: (end, len(carrier.scripts[number]))
        for carrier in carriers
        for number, end in carrier.ends.items()
    }
    while time.monotonic() - last_fault < PATIENCE:
        play.tend()
        try:
            rows = Parcel.objects.annotate(scans=Count("sightings"))
            found = {
                number: (status, scans)
                for number, status, scans in rows.values_list("number", "status", "scans")
            }
            if found == wanted and not intake.waiting():
                break
        except Error:
            connection.close()
        time.sleep(0.3)
    connection.close()
    return time.monotonic() - last_fault


# --- The verdict ----------------------------------------------------------------------------------


def judge(carriers: list[Carrier], deaths: list[str]) -> list[str]:
    """Compare the carriers' ledgers with our rows; return what is wrong."""
    from portal.outbox.models import Event
    from tracking.models import Envelope, Sighting

    wrong = [f"the worker never died at {point}" for point in POINTS if point not in deaths]
    stored: dict[str, Counter[str]] = defaultdict(Counter)
    for number, event in Sighting.objects.values_list("parcel__number", "event_id"):
        stored[number][event] += 1
    print(
        "  carrier   calls  served  other verdicts             fullest windows      "
        " news p50    p95  breaker"
    )
    for carrier in carriers:
        ledger = carrier.ask("/ledger")
        wrong += judge_one(carrier, ledger["calls"], ledger["told"], stored)
    events = Counter(
        (row["payload__parcel_id"], row["payload__leg"], row["payload__status"])
        for row in Event.objects.filter(name="tracking.parcel_reached").values(
            "payload__parcel_id", "payload__leg", "payload__status"
        )
    )
    states = Counter(Envelope.objects.values_list("state", flat=True))
    print(f"  envelopes            {dict(states)}; events {sum(events.values())}")
    twice = [key for key, count in events.items() if count > 1]
    if twice or not events:
        wrong.append(f"{len(events)} milestones told, {len(twice)} of them twice")
    if set(states) - {"applied", "dead"} or not states["applied"]:
        wrong.append(f"envelopes ended as {dict(states)}")
    return wrong


def judge_one(
    carrier: Carrier,
    calls: list[dict[str, Any]],
    told: dict[str, list[str]],
    stored: dict[str, Counter[str]],
) -> list[str]:
    """Judge one carrier by its own ledger."""
    from tracking.models import BreakerMove, Parcel

    verdicts = Counter(call["verdict"] for call in calls)
    times = [call["at"] for call in calls]
    fullest = {
        f"{limit}/{seconds}": most_in(times, seconds) for limit, seconds in carrier.windows()
    }
    early = asked_early(calls)
    lags = news_lags(carrier, calls)
    others = {verdict: count for verdict, count in verdicts.items() if verdict != "served"}
    p50, p95 = statistics.median(lags), statistics.quantiles(lags, n=20)[-1]
    opened = BreakerMove.objects.filter(
        connection__slug=carrier.name, origin="closed", target="open"
    ).count()
    windows = ", ".join(f"{most} of {name}" for name, most in list(fullest.items())[:2])
    print(
        f"  {carrier.name:9} {len(calls):5} {verdicts['served']:7}  {others or 'none'!s:26}"
        f" {windows:21} {p50:6.1f} s {p95:5.1f} s  {opened or 'never'}"
    )
    parcels = dict(
        Parcel.objects.filter(connection__slug=carrier.name).values_list("number", "status")
    )
    scans = {number: stored[number] for number in carrier.scripts}
    wrong = [
        f"{carrier.name}: {most} calls in a window of {name}"
        for (name, most), (limit, _seconds) in zip(fullest.items(), carrier.windows(), strict=True)
        if most > limit
    ]
    for name, found in {
        "numbers asked about too soon": early,
        "told events not stored": [
            event for number, events in told.items() for event in set(events) - set(scans[number])
        ],
        "events stored twice": [
            event for events in scans.values() for event, count in events.items() if count > 1
        ],
        "events stored that it never told": [
            event
            for number, events in scans.items()
            for event in set(events) - set(told.get(number, ()))
        ],
        "events it told nobody": [
            event
            for number, script in carrier.scripts.items()
            for _at, event in script
            if event not in told.get(number, ())
        ],
        "parcels that did not reach their end": [
            number for number, end in carrier.ends.items() if parcels[number] != end
        ],
    }.items():
        if found:
            wrong.append(f"{carrier.name}: {len(found)} {name}, such as {found[0]}")
    return wrong


def most_in(times: list[float], seconds: int) -> int:
    """Return the most calls in any window of so many seconds; a day ends at midnight."""
    if seconds >= 86_400:
        return max(Counter(int(at // 86_400) for at in times).values(), default=0)
    return max(
        (place + 1 - bisect_right(times, at - seconds) for place, at in enumerate(times)), default=0
    )


def asked_early(calls: list[dict[str, Any]]) -> list[str]:
    """Return the numbers asked about again too soon after a call that may have been an answer."""
    early: list[str] = []
    last: dict[str, float] = {}
    for call in calls:
        for number in call["numbers"]:
            if number in last and call["at"] - last[number] < SLOT:
                early.append(f"{number} after {call['at'] - last[number]:.2f} s")
            if call["verdict"] not in {"busy", "error", "too_fast", "quota"}:
                last[number] = call["at"]
    return early


def news_lags(carrier: Carrier, calls: list[dict[str, Any]]) -> list[float]:
    """Return how long each event waited until it was told to us for the first time."""
    served: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        if call["verdict"] in {"served", "slow"}:
            for number in call["numbers"]:
                served[number].append(call["at"])
    lags = []
    for number, script in carrier.scripts.items():
        for at, _event in script:
            place = bisect_right(served[number], at)
            if place < len(served[number]):
                lags.append(served[number][place] - at)
    return lags or [0.0, 0.0]


def main() -> int:
    """Run the scenario; 0 when every promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    chance = random.Random(seed)
    carriers = [
        Carrier(
            name=name,
            url=f"http://127.0.0.1:{places.free_port()}",
            quotas=(*QUOTAS.get(name, OTHERS), A_DAY),
        )
        for name in FAULTS
    ]
    print(f"polling: {len(carriers)} carriers x {PARCELS} parcels, seed {seed}")
    with stage(
        AMENDS_CARRIER_HOSTS=",".join(carrier.url for carrier in carriers),
        AMENDS_POLL_SECONDS="2",
        AMENDS_POLL_LEASE_SECONDS=str(LEASE),
    ) as on:
        open_carriers(on, carriers)
        add_clocks(on)
        await_worker(on)
        prepare(carriers, chance)
        play = Play(on, carriers, chance)
        with hurrying():
            last_fault = rehearse(play)
            calm = settle(on, carriers, last_fault)
        print(
            f"  took {time.monotonic() - play.began:.1f} s; kills {on.kills};"
            f" settled {calm:.1f} s after the last fault"
        )
        wrong = judge(carriers, play.deaths)
        if calm >= PATIENCE:
            wrong.append(f"not settled within {PATIENCE:.0f} s")
    for sentence in wrong:
        print(f"  WRONG: {sentence}")
    print("polling:", "FAILED" if wrong else "held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
