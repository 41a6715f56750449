"""
2,000 pushes, each sent three times in a shuffled order, while web, worker and Valkey are killed -9.

The verdict compares the sender's own log with the stored sightings: every push that was answered
2xx is applied exactly once, each parcel ends in the status its own script says, and nothing was
told to a shopper twice.
"""

from __future__ import annotations

import argparse
import http.client
import queue
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from tests.chaos.stage import Stage, stage

PARCELS = 200
JOURNEY = (
    "info_received", "picked_up", "in_transit", "in_transit", "in_transit",
    "in_transit", "customs", "in_transit", "out_for_delivery", "delivered",
)  # fmt: skip
COPIES = 3
SENDERS = 6
SECRET = "whsec_Y2hhb3MtY2hhb3MtY2hhb3MtY2hhb3MtY2hhb3M="
SLUG = "chaos"
PATIENCE = 60.0
"""Seconds after the last fault within which everything must have been applied."""


@dataclass
class SenderLog:
    """What the senders themselves know: the ledger that is not ours."""

    answered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def pushes(start: datetime) -> dict[str, bytes]:
    """Return event id -> body, one event a push."""
    made = {}
    for parcel in range(PARCELS):
        for step, status in enumerate(JOURNEY):
            event_id = f"{parcel:04}-{step:02}"
            event = {
                "id": event_id,
                "occurred_at": (start + timedelta(hours=step)).isoformat(),
                "status": status,
                "code": f"STEP{step}",
                "text": f"Step {step}",
                "location": f"Hub {step}",
            }
            made[event_id] = orjson.dumps(
                {"parcels": [{"number": number(parcel), "events": [event]}]}
            )
    return made


def number(parcel: int) -> str:
    """Return a parcel's tracking number."""
    return f"CHAOS{parcel:06}"


def send(work: queue.Queue[tuple[str, bytes]], log: SenderLog, port: int) -> None:
    """Post until 2xx, as a patient carrier does."""
    from tracking.carriers import generic

    line: http.client.HTTPConnection | None = None
    while True:
        try:
            event_id, body = work.get_nowait()
        except queue.Empty:
            return
        status, began = 0, time.monotonic()
        try:
            line = line or http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            headers = generic.seal(body, SECRET, now=datetime.now(UTC), message_id=event_id)
            headers["Content-Type"] = "application/json"
            line.request("POST", f"/hooks/carriers/{SLUG}/", body, headers)
            response = line.getresponse()
            response.read()
            status = response.status
        except (OSError, http.client.HTTPException):
            if line is not None:
                line.close()
            line = None
        with log.lock:
            if 200 <= status < 300:
                log.answered[event_id] += 1
                log.slowest = max(log.slowest, time.monotonic() - began)
            else:
                log.refused[f"HTTP {status}" if status else "no answer"] += 1
        if not 200 <= status < 300:
            work.put((event_id, body))
            time.sleep(0.2)


def prepare(now: datetime) -> None:
    """Make the connection, its secret and the parcels."""
    from tests.factories.tracking import ConnectionFactory, OrderFactory, ParcelFactory
    from tracking.models import Carrier
    from tracking.services import keys

    carrier, _ = Carrier.objects.get_or_create(slug="generic", defaults={"name_en": "Chaos Post"})
    connection = ConnectionFactory.create(slug=SLUG, adapter="generic")
    keys.add(connection=connection, secret=SECRET, now=now - timedelta(days=1))
    order = OrderFactory.create()
    for index in range(PARCELS):
        ParcelFactory.create(
            order=order, carrier=carrier, connection=connection, number=number(index),
            position=index + 1, shipped_at=now - timedelta(days=1),
        )  # fmt: skip


def rehearse(play: Stage, log: SenderLog, bodies: dict[str, bytes], chance: random.Random) -> float:
    """Send everything while killing; return the seconds from the last fault to the last apply."""
    work: queue.Queue[tuple[str, bytes]] = queue.Queue()
    order = [item for item in bodies.items() for _ in range(COPIES)]
    chance.shuffle(order)
    for item in order:
        work.put(item)
    victims = ["worker", "web", "Valkey", "worker", "web", "Valkey", "worker", "web"]
    chance.shuffle(victims)
    total = len(order)
    moments = sorted(chance.uniform(0.05, 0.95) for _ in victims)
    senders = [
        threading.Thread(target=send, args=(work, log, play.port), daemon=True)
        for _ in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    last_fault = time.monotonic()
    while any(sender.is_alive() for sender in senders):
        done = sum(log.answered.values()) / total
        if moments and done >= moments[0]:
            moments.pop(0)
            play.kill(victims.pop())
            last_fault = time.monotonic()
        play.tend()
        time.sleep(0.05)
    for victim in victims:
        play.kill(victim)
        last_fault = time.monotonic()
    return settle(play, last_fault)


def settle(play: Stage, last_fault: float) -> float:
    """Wait until nothing waits any more; return the seconds since the last fault."""
    from django.db import connection

    from portal.outbox.models import Delivery
    from tracking.services import intake

    while time.monotonic() - last_fault < PATIENCE:
        play.tend()
        if not intake.waiting() and not Delivery.objects.filter(state="waiting").exists():
            break
        time.sleep(0.2)
    connection.close()
    return time.monotonic() - last_fault


def judge(log: SenderLog, bodies: dict[str, bytes]) -> list[str]:
    """Compare ledgers; return what is wrong."""
    from notifications.models import Letter
    from portal.outbox.models import Delivery, Event
    from tracking.models import Envelope, Parcel, Sighting

    wrong = []
    applied = Counter(Sighting.objects.values_list("event_id", flat=True))
    lost = [key for key in log.answered if not applied[key]]
    doubled = [key for key, count in applied.items() if count > 1]
    unknown = set(applied) - set(bodies)
    states = Counter(Envelope.objects.values_list("state", flat=True))
    statuses = Counter(Parcel.objects.values_list("status", flat=True))
    causes = Counter(
        (row["payload__parcel_id"], row["payload__leg"], row["payload__status"])
        for row in Event.objects.filter(name="tracking.parcel_reached").values(
            "payload__parcel_id", "payload__leg", "payload__status"
        )
    )
    letters = Counter(Letter.objects.values_list("name", "cause", "recipient_id"))
    deliveries = Counter(Delivery.objects.values_list("state", flat=True))
    print(
        f"  pushes answered 2xx  {len(log.answered)} of {len(bodies)} distinct, "
        f"{sum(log.answered.values())} copies, slowest {log.slowest:.2f} s"
    )
    print(f"  not answered 2xx     {dict(log.refused) or 'none'}")
    print(f"  envelopes            {dict(states)}")
    print(
        f"  sightings            {sum(applied.values())}; lost {len(lost)}, doubled {len(doubled)}"
    )
    print(f"  parcels              {dict(statuses)}")
    print(
        f"  events               {sum(causes.values())}; told twice "
        f"{sum(1 for n in causes.values() if n > 1)}"
    )
    print(f"  deliveries           {dict(deliveries)}; letters {sum(letters.values())}")
    for name, found in {
        "pushes never answered": set(bodies) - set(log.answered),
        "pushes lost": lost,
        "pushes applied twice": doubled,
        "sightings nobody sent": unknown,
        "events recorded twice": [key for key, count in causes.items() if count > 1],
        "letters written twice": [key for key, count in letters.items() if count > 1],
    }.items():
        if found:
            wrong.append(f"{len(found)} {name}, such as {sorted(found, key=str)[0]}")
    if statuses != {"delivered": PARCELS}:
        wrong.append(f"parcels ended as {dict(statuses)}")
    if set(states) != {"applied"}:
        wrong.append(f"envelopes ended as {dict(states)}")
    if set(deliveries) - {"done"}:
        wrong.append(f"deliveries ended as {dict(deliveries)}")
    return wrong


def main() -> int:
    """Run the scenario; 0 when every promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    print(f"ingest: {PARCELS * len(JOURNEY)} pushes x {COPIES}, seed {seed}")
    with stage() as play:
        now = datetime.now(UTC)
        prepare(now)
        play.add_worker()
        play.add_web()
        log, bodies = SenderLog(), pushes(now - timedelta(hours=12))
        began = time.monotonic()
        calm = rehearse(play, log, bodies, random.Random(seed))
        print(
            f"  took                 {time.monotonic() - began:.1f} s; kills {play.kills}; "
            f"settled {calm:.1f} s after the last fault"
        )
        wrong = judge(log, bodies)
    for sentence in wrong:
        print(f"  WRONG: {sentence}")
    print("ingest:", "FAILED" if wrong else "held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
