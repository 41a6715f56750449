"""Let a minute's clocks of the desk run out among very many claims, and see what it costs."""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from bench.machine import machine, query
from bench.report import publish, surroundings

CLAIMS = 100_000
"""A tenth of them is under review with a running clock, a tenth waits for its shopper."""
DUE = 500
NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)
LATER = timedelta(days=2)
GOAL_MS = 1000.0
LEGEND = (
    "One call of `clock.keep_time`, what beat does every minute, in a database with"
    f" {CLAIMS:,} claims, {CLAIMS // 10:,} running clocks and three steps a claim; fsync on, one"
    f" process. *escalate*: {DUE} clocks have used up both shares of their time, so both posts"
    f" hear of each. *remind*: {DUE} shoppers are due their first reminder, each with its event."
    f" *close*: {DUE} drafts, paid and declined claims end. The"
    " slowest statement is of the median round."
)


def run(options: argparse.Namespace) -> None:
    """Build the claims, let clocks run out round by round, print and write what it cost."""
    with machine():
        build()
        seen: dict[str, list[tuple[float, int, float, str]]] = defaultdict(list)
        for turn in range(options.rounds):
            for name, due in CASES.items():
                settle()
                due(turn)
                seen[name].append(keep_time())
    text = told(seen, options.rounds)
    print(text)
    if options.write:
        publish("clocks", text)


# --- The claims ----------------------------------------------------------


def build() -> None:
    """Make the claims, their steps and their clocks by SQL, guards and constraints in place."""
    from bench.world import build as world
    from claims.models import Claim
    from portal.accounts import roles
    from portal.accounts.models import User
    from tracking.models import Parcel

    world(1, background=0)
    shopper = User.objects.get(email="bench@example.org")
    for number, role in enumerate((roles.RoleName.APPROVER, roles.RoleName.DUTY_MANAGER)):
        person = User.objects.create_user(f"desk{number}@example.org", is_staff=True)
        roles.give(person=person, role=role)
    parcel = Parcel.objects.select_related("order").get()
    base = Claim.objects.create(
        parcel=parcel, order=parcel.order, shopper=shopper, currency="EUR", reason="damaged",
        wish="refund", created_at=NOW, saved_at=NOW, submitted_at=NOW, due_at=NOW + LATER,
        decide_by=NOW + LATER, state="closed",
    )  # fmt: skip
    own = {"id", "ref", "submit_key", "state", "answer_by", "remind_at"}
    columns = ", ".join(
        str(field.column)
        for field in Claim._meta.concrete_fields  # noqa: SLF001 - public by Django's own word
        if field.column not in own
    )
    for number, (state, share) in enumerate(SHARES.items()):
        waits = state == "needs_info"
        query(
            f"INSERT INTO claims_claim ({columns}, ref, state, answer_by, remind_at)"
            f" SELECT {columns}, %s || n, %s, %s, %s FROM claims_claim, generate_series(1, %s) n"
            " WHERE id = %s",
            (
                f"B{number}-", state, NOW + LATER, NOW + LATER if waits else None,
                int(CLAIMS * share), base.pk,
            ),
        )  # fmt: skip
    query(
        "INSERT INTO claims_claimtransition (subject_id, verb, origin, target, role, reason_code,"
        " note, diff, request_id, visible_to_shopper, occurred_at)"
        " SELECT id, 'ask', 'under_review', 'needs_info', 'agent', '', '', '{}', '', true, %s"
        " FROM claims_claim, generate_series(1, 3)",
        (NOW - LATER,),
    )
    query(
        "INSERT INTO claims_claimclock (claim_id, kind, round, level_id, days, hours, started_at,"
        " due_at, lead_at, manager_at, alarm_at, is_void)"
        " SELECT c.id, 'decide', 1, (SELECT min(id) FROM claims_servicelevel), 3, 0, %s, %s, %s,"
        " %s, %s, false FROM claims_claim c WHERE c.state = 'under_review'",
        (NOW, *[NOW + LATER] * 4),
    )


SHARES = {
    "closed": 0.6, "under_review": 0.1, "needs_info": 0.1, "resolved": 0.1, "rejected": 0.1,
}  # fmt: skip


def settle() -> None:
    """Leave nothing due and nothing to vacuum, so that each turn begins alike."""
    for table in ("claim", "claimtransition", "claimclock", "escalation"):
        query(f"VACUUM ANALYZE claims_{table}")
    query("CHECKPOINT")


def _clocks(turn: int) -> None:
    query(
        "UPDATE claims_claimclock SET lead_at = %s, manager_at = %s, alarm_at = %s WHERE id IN"
        " (SELECT id FROM claims_claimclock WHERE alarm_at > %s ORDER BY id LIMIT %s)",
        (*[NOW - timedelta(minutes=turn)] * 3, NOW, DUE),
    )


def _reminders(turn: int) -> None:
    query(
        "UPDATE claims_claim SET due_at = %s, remind_at = %s WHERE id IN (SELECT id FROM"
        " claims_claim WHERE state = 'needs_info' AND reminders = 0 ORDER BY id LIMIT %s)",
        (NOW + timedelta(hours=1), NOW - timedelta(minutes=turn), DUE),
    )
    query("UPDATE claims_claim SET remind_at = due_at WHERE state = 'needs_info' AND reminders > 0")


def _ends(turn: int) -> None:
    query(
        "UPDATE claims_claim SET due_at = %s WHERE id IN (SELECT id FROM claims_claim"
        " WHERE state IN ('resolved', 'rejected') ORDER BY id LIMIT %s)",
        (NOW - timedelta(minutes=turn), DUE),
    )


CASES: dict[str, Callable[[int], None]] = {
    "nothing due": lambda _turn: None,
    "escalate": _clocks,
    "remind": _reminders,
    "close": _ends,
}


# --- The measuring ----------------------------------------------------------


def keep_time() -> tuple[float, int, float, str]:
    """Return milliseconds, statements, the slowest one's milliseconds and its beginning."""
    from claims.services import clock

    with _watched() as statements:
        begun = time.perf_counter()
        clock.keep_time(now=NOW)
        taken = 1000 * (time.perf_counter() - begun)
    slowest, text = max(statements, default=(0.0, ""))
    return taken, len(statements), slowest, " ".join(text.split()[:3])


@contextmanager
def _watched() -> Iterator[list[tuple[float, str]]]:
    from django.db import connection

    statements: list[tuple[float, str]] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            statements.append((1000 * (time.perf_counter() - begun), sql))

    with connection.execute_wrapper(watch):
        yield statements


def told(seen: dict[str, list[tuple[float, int, float, str]]], rounds: int) -> str:
    """Return the section of docs/performance.md."""
    lines = [
        "## The desk's clocks",
        "",
        f"{surroundings()} {rounds} rounds.",
        "",
        "| due | a call, ms | statements | slowest statement, ms |",
        "|---|---|---|---|",
    ]
    for name, turns in seen.items():
        times = sorted(turn[0] for turn in turns)
        middle = sorted(turns)[len(turns) // 2]
        lines.append(
            f"| {name} | {median(times):,.0f} [{times[0]:,.0f}-{times[-1]:,.0f}] | {middle[1]:,}"
            f" | {middle[2]:,.0f} ({middle[3]}) |"
        )
    reached = median(turn[0] for turn in seen["escalate"])
    verdict = "reached" if reached <= GOAL_MS else "**missed** with"
    lines += [
        "",
        f"- **{DUE} clocks run out**: goal at most {GOAL_MS:,.0f} ms, {verdict} {reached:,.0f} ms.",
        "",
        LEGEND,
    ]
    return "\n".join(lines)
