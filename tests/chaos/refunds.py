"""
Pay 100 approved refunds while the worker dies at every step: ``python -m tests.chaos.refunds``.

The verdict is the bank's: its own ledger, outside our database, must show each refund once.
"""

# ruff: noqa: S310 - the only address is a loopback one that we made up

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.ops.launcher import places
from portal.ops.launcher.running import bank
from tests.chaos.stage import Stage, stage

REFUNDS = 100
POINTS = ("pay_before_intent", "pay_after_intent", "pay_after_call", "pay_after_reply_saved")
DEATHS = 3
"""How often the worker dies at each point."""
FAULTS = ("drop", "error", "drop_before", "busy", "pending")
LEASE = 4
PATIENCE = 120.0
SECRET = "chaos-bank-secret"


def add_bank(play: Stage, folder: Path) -> None:
    """Start the bank in its own process; it settles within a second."""
    child = bank(play.env, ledger=folder / "bank.sqlite3", log=folder / "bank.log")
    child.command = [*child.command, "--settle", "1"]
    play.services.supervisor.add(child)


def approve(count: int) -> list[int]:
    """Approve claims of different sums; return the payments planned for them."""
    from claims.models import Compensation
    from tests.factories.claims import ClaimFactory, delivered_parcel

    planned = []
    for number in range(count):
        parcel = delivered_parcel(price_minor=1_000 + 37 * number)
        claim = ClaimFactory.create(approved=True, parcel=parcel)
        planned.append(Compensation.objects.get(claim=claim).pk)
    Compensation.objects.filter(pk__in=planned).update(
        next_look_at=datetime.now(UTC) + timedelta(seconds=5)
    )
    return planned


def restart_worker(play: Stage, point: str, once: Path) -> None:
    """Kill the worker and let its successor die at ``point``."""
    play.env.update(
        AMENDS_FAILPOINTS="1" if point else "0", FAILPOINT=point, FAILPOINT_ONCE=str(once)
    )
    play.kill("worker")


def rehearse(play: Stage, chance: random.Random, folder: Path) -> Counter[str]:
    """Pay a quarter of the refunds at each fail-point; return how often the worker died there."""
    from claims.models import Compensation

    deaths: Counter[str] = Counter()
    for point in POINTS:
        once = folder / point
        restart_worker(play, point, once)
        suffer(chance.choices(FAULTS, k=6))
        planned = approve(REFUNDS // len(POINTS))
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            play.tend()
            if once.exists():
                deaths[point] += 1
                if deaths[point] < DEATHS:
                    once.unlink()
                else:
                    restart_worker(play, "", once)
                    once = folder / f"{point}-is-over"
            if not Compensation.objects.filter(pk__in=planned).exclude(state="succeeded").exists():
                break
            time.sleep(0.1)
    return deaths


def settle(play: Stage) -> float:
    """Wait until nothing is open any more; return for how long."""
    from claims.models import Compensation
    from portal.outbox.models import Delivery

    restart_worker(play, "", Path("unused"))
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        play.tend()
        waits = Compensation.objects.unsettled().exists()
        if not waits and not Delivery.objects.filter(state="waiting").exists():
            break
        time.sleep(0.2)
    return time.monotonic() - began


def suffer(faults: list[str]) -> None:
    """Let the bank's next answers go wrong."""
    for fault in faults:
        ask("/faults", {"fault": fault})


def ask(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the bank, as neither we nor our gateway would."""
    import json
    import os
    import urllib.request

    request = urllib.request.Request(
        os.environ["AMENDS_SANDBOX_BANK_URL"] + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {SECRET}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def judge(deaths: Counter[str]) -> list[str]:
    """Compare the bank's ledger with ours; return what is wrong."""
    from claims.gateways import registry
    from claims.models import Attempt, Claim, Compensation, GatewayNotice
    from claims.services import ledger, reconciling
    from portal.outbox.models import Event

    rows = ask("/ledger")["refunds"]
    paid = Counter(row["reference"] for row in rows if row["status"] in ("succeeded", "pending"))
    sums = {row["reference"]: row["amount_minor"] for row in rows if row["status"] == "succeeded"}
    ours = {str(item.reference): item for item in Compensation.objects.all()}
    told = Counter(
        Event.objects.filter(name="claims.compensation_settled").values_list(
            "payload__compensation_id", flat=True
        )
    )
    differences = reconciling.compare(gateway=registry.get("sandbox"), now=datetime.now(UTC))
    print(
        f"  the bank's ledger    {len(paid)} paid, {sum(paid.values())} payments, "
        f"{sum(1 for n in paid.values() if n > 1)} twice"
    )
    print(
        f"  our payments         {dict(Counter(item.state for item in ours.values()))}; "
        f"{Attempt.objects.count()} attempts"
    )
    print(f"  our claims           {dict(Counter(Claim.objects.values_list('state', flat=True)))}")
    print(f"  worker died at       {dict(deaths)}")
    print(
        f"  webhooks             {GatewayNotice.objects.count()} kept, "
        f"{GatewayNotice.objects.filter(handled_at=None).count()} waiting"
    )
    wrong = [f"the worker never died at {point}" for point in POINTS if not deaths[point]]
    for name, found in {
        "refunds not paid": [key for key in ours if not paid[key]],
        "refunds paid twice": [key for key, count in paid.items() if count > 1],
        "payments that are not ours": [key for key in paid if key not in ours],
        "wrong sums": [key for key, item in ours.items() if sums.get(key) != item.amount_minor],
        "settled events that are not one": [
            item.pk for item in ours.values() if told[item.pk] != 1
        ],
        "troubles in the books": ledger.verify(),
        "differences with the bank": differences,
        "claims not put right": list(Claim.objects.exclude(state="resolved")),
    }.items():
        if found:
            wrong.append(f"{len(found)} {name}, such as {found[0]}")
    if len(ours) != REFUNDS:
        wrong.append(f"{len(ours)} payments instead of {REFUNDS}")
    return wrong


def main() -> int:
    """Run the scenario; 0 when every promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    print(f"refunds: {REFUNDS} approved, killed at {len(POINTS)} fail-points, seed {seed}")
    with stage(
        AMENDS_SANDBOX_BANK_URL=f"http://127.0.0.1:{places.free_port()}",
        AMENDS_SANDBOX_BANK_SECRET=SECRET,
        AMENDS_PAYMENT_LEASE_SECONDS=str(LEASE),
    ) as play:
        from django.db import connection

        add_bank(play, play.services.folder)
        play.add_web()
        play.add_worker()
        began = time.monotonic()
        deaths = rehearse(play, random.Random(seed), play.services.folder)
        calm = settle(play)
        print(
            f"  took                 {time.monotonic() - began:.1f} s; whole workers killed: "
            f"{play.kills.get('worker', 0)}; settled {calm:.1f} s after the last"
        )
        wrong = judge(deaths)
        connection.close()
    for sentence in wrong:
        print(f"  WRONG: {sentence}")
    print("refunds:", "FAILED" if wrong else "held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
