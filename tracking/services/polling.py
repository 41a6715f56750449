"""
Ask carriers about the parcels that are due, and hand what they say to the one road in.

The rows say what is due; `asking` makes the calls. An answer that says of each number what it said
last time costs one update and nothing else; any other is kept and opened like a push.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from portal.outbox.nudging import nudge
from tracking import cadence
from tracking.cadence import Urgency
from tracking.carriers.base import HttpRequest
from tracking.models import Parcel
from tracking.models.parcel import normalise
from tracking.models.polling import PollOutcome
from tracking.scans import CarrierError, ErrorKind, Reading, Snapshot
from tracking.services import asking, intake, lines, poll_rows
from tracking.services.asking import Batch, Round
from tracking.services.lines import Line
from tracking.services.poll_rows import Row, Settled
from tracking.services.wires import Call, Heard, Threads, Wire
from tracking.states import EnvelopeSource

TASK = "tracking.tasks.poll_due"
KEPT_HEADERS = ("content-type", "date")
LINE_TROUBLE = frozenset({ErrorKind.AUTH, ErrorKind.RATE_LIMITED, ErrorKind.QUOTA_EXHAUSTED})
"""Troubles of the whole line: the parcel stays due, and is asked about when the line is free."""
NEVER_MIND = timedelta(hours=24)
"""How long a number is left alone about which no call can be described."""
PER_ANSWER = frozenset({ErrorKind.NOT_FOUND, ErrorKind.INVALID_NUMBER})
"""Errors that are answers all the same: the carrier has looked."""

Dice = Callable[[], float]


def _throw() -> float:
    return random.uniform(-1, 1)  # noqa: S311 - spreads load only


def poll(
    *, clock: Callable[[], datetime], wire: Wire | None = None, seconds: float = asking.SECONDS
) -> Round:
    """
    Ask about everything that is due now and the budgets allow, for so many seconds.

    :param clock: what time it is; a round lasts, so one moment is not enough.
    """
    return asking.run(work=Polls(), wire=wire or Threads(clock=clock), seconds=seconds)


def refresh(*, parcel: Parcel, now: datetime) -> bool:
    """
    Have the parcel's carrier asked at once, out of the share that is kept for people.

    False when it was asked too short a time ago, or nobody can be asked.
    """
    asked = 0
    for poll_row in parcel.polls.select_related("connection"):
        connection = poll_row.connection
        if not connection.is_active or not lines.is_ready(connection):
            continue
        policy = lines.policy_of(connection)
        if poll_row.polled_at and now - poll_row.polled_at < policy.min_interval:
            continue
        is_same_day = poll_row.day == policy.day(now=now)
        if policy.max_a_day and is_same_day and poll_row.asked_that_day >= policy.max_a_day:
            continue
        asked += parcel.polls.filter(pk=poll_row.pk).update(due_at=now, urgency=Urgency.ASKED.value)
    if asked:
        nudge(TASK)
    return bool(asked)


class Polls:
    """Polls as work for a round of asking."""

    def __init__(self, *, dice: Dice = _throw) -> None:
        self._dice = dice
        self._settled: list[Settled] = []
        self._news: list[tuple[Call, Heard]] = []
        self._figures: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def wanted(self, *, now: datetime) -> list[int]:
        """Return the connections at which a parcel is due."""
        return poll_rows.wanted(now=now)

    def claim(self, line: Line, *, calls: int, is_refresh: bool, now: datetime) -> Sequence[Batch]:
        """Take due rows and pack them into calls, as many numbers each as the carrier takes."""
        size = max(line.capabilities.batch_max, 1)
        rows = poll_rows.claim(
            connection_id=line.connection_id,
            count=calls * size,
            only_asked=is_refresh,
            day=line.policy.day(now=now),
            lease=asking.LEASE,
            has_push=line.has_push,
            now=now,
        )
        poll_rows.stop([row.id for row in rows if not row.is_current])
        current = [row for row in rows if row.is_current]
        batches: list[Batch] = []
        try:
            for at in range(0, len(current), size):
                batches += _pack(line, current[at : at + size])
        except BaseException:
            poll_rows.release([row.id for row in current])
            raise
        told = {row.id for rows, _request in batches for row in rows}
        poll_rows.put_off(
            [row.id for row in current if row.id not in told],
            until=now + NEVER_MIND,
            why=f"{line.adapter.slug} describes no call about it.",
        )
        self.release(batches[calls:])
        return batches[:calls]

    def release(self, batches: Sequence[Batch]) -> None:
        """Give rows back that were not asked about."""
        poll_rows.release([row.id for rows, _request in batches for row in rows])

    def hear(self, call: Call, heard: Heard, *, now: datetime) -> CarrierError | None:
        """Take in one answer: what it says of each number, and when to ask about it again."""
        line, rows = call.line, call.rows
        reading = Reading() if heard.error else line.adapter.parse(heard.body)
        trouble = asking.trouble_of(reading, heard, now=now)
        said: dict[str, list[Snapshot]] = defaultdict(list)
        for snapshot in reading.parcels:
            said[normalise(snapshot.number)].append(snapshot)
        errors = {normalise(one.number): one for one in reading.errors if one.number}
        figures = self._figures[line.connection_id]
        is_news = False
        for row in rows:
            error = errors.get(row.number)
            snapshots = said.get(row.number)
            if snapshots:
                digest = _digest(snapshots)
                is_new = digest != row.answer
                is_news |= is_new
                self._answered(call, heard, row, digest, is_new=is_new, now=now)
                figures["news" if is_new else "unchanged"] += 1
                continue
            if error is None:
                error = trouble or CarrierError(
                    kind=ErrorKind.NOT_FOUND, message="The answer does not speak of it."
                )
            self._failed(call, heard, row, error, is_own=row.number in errors, now=now)
            figures[_COLUMN.get(error.kind, "failed")] += 1
        figures["calls"] += 1
        figures["numbers"] += len(rows)
        figures["latency_ms"] += int(heard.seconds * 1000)
        figures["slowest_ms"] = max(figures["slowest_ms"], int(heard.seconds * 1000))
        for row in rows:
            figures[poll_rows.late((call.sent_at - row.due_at).total_seconds())] += 1
        if is_news or (trouble and trouble.kind == ErrorKind.SCHEMA_DRIFT and heard.body):
            self._news.append((call, heard))
        return trouble

    def settle(self, *, now: datetime) -> None:
        """Keep the news first, then the rows: a crash in between only asks once more."""
        for call, heard in self._news:
            intake.accept(
                connection_id=call.line.connection_id,
                body=heard.body,
                headers={
                    name: heard.headers[name] for name in KEPT_HEADERS if name in heard.headers
                },
                source=EnvelopeSource.POLL,
                now=now,
                reopens=True,
            )
        self._news.clear()
        poll_rows.settle(self._settled)
        self._settled.clear()
        for connection_id, figures in self._figures.items():
            poll_rows.count(connection_id=connection_id, figures=figures, now=now)
        self._figures.clear()

    def _answered(
        self, call: Call, heard: Heard, row: Row, digest: bytes, *, is_new: bool, now: datetime
    ) -> None:
        empties = 0 if is_new else min(row.empties + 1, 1000)
        facts = cadence.heard(row.facts, empties=empties)
        policy = call.line.policy
        due_at = cadence.next_due(
            facts, policy, now=now, dice=self._dice(), asked_today=row.asked_that_day
        )
        self._settled.append(
            Settled(
                id=row.id,
                was_due_at=row.due_at,
                due_at=due_at,
                not_before=now + policy.min_interval,
                urgency=cadence.urgency(facts, now=due_at or now).value,
                empties=empties,
                failures=0,
                outcome=str(PollOutcome.NEWS if is_new else PollOutcome.UNCHANGED),
                polled_at=now,
                http_status=heard.status,
                latency_ms=int(heard.seconds * 1000),
                error="",
                answer=digest,
            )
        )

    def _failed(
        self,
        call: Call,
        heard: Heard,
        row: Row,
        error: CarrierError,
        *,
        is_own: bool,
        now: datetime,
    ) -> None:
        policy = call.line.policy
        failures = min(row.failures + 1, 1000)
        not_before: datetime | None = now
        if not is_own and error.kind in LINE_TROUBLE:
            due_at: datetime | None = row.due_at
            failures = row.failures
        else:
            due_at = cadence.back_off(
                error.kind,
                failures=failures,
                facts=row.facts,
                now=now,
                dice=self._dice(),
                retry_after=error.retry_after,
            )
            if due_at is not None and _may_have_served(error, heard):
                not_before = now + policy.min_interval
                due_at = cadence.allow(
                    due_at, row.facts, policy, now=now, dice=self._dice(),
                    asked_today=row.asked_that_day,
                )  # fmt: skip
        self._settled.append(
            Settled(
                id=row.id,
                was_due_at=row.due_at,
                due_at=due_at,
                not_before=not_before,
                urgency=cadence.urgency(row.facts, now=due_at or now).value,
                empties=row.empties,
                failures=failures,
                outcome=str(error.kind),
                polled_at=now,
                http_status=heard.status,
                latency_ms=int(heard.seconds * 1000),
                error=call.line.scrub(error.message).replace("\x00", "")[:200],
                answer=row.answer,
            )
        )


_COLUMN = {
    ErrorKind.NOT_FOUND: "not_found",
    ErrorKind.INVALID_NUMBER: "not_found",
    ErrorKind.RATE_LIMITED: "slowed",
    ErrorKind.QUOTA_EXHAUSTED: "slowed",
}


def _may_have_served(error: CarrierError, heard: Heard) -> bool:
    """Test whether the carrier may count this as an answer given; a 5xx it surely does not."""
    if error.kind in PER_ANSWER or error.kind == ErrorKind.SCHEMA_DRIFT:
        return True
    return heard.has_arrived and heard.status < 500


def _pack(line: Line, rows: Sequence[Row]) -> list[Batch]:
    """Describe the call about these rows; calls of their own where an adapter wants it so."""
    asks = [
        line.ask(
            number=row.number, carrier=row.carrier, phone=row.phone, postcode=row.postcode,
            country=row.country, shipped_at=row.shipped_at,
        )
        for row in rows
    ]  # fmt: skip
    requests = line.adapter.build_requests(asks, line.settings)
    if len(requests) == 1:
        return [(list(rows), requests[0])]
    if len(requests) == len(rows):
        return [([row], request) for row, request in zip(rows, requests, strict=True)]
    return [
        ([row], request)
        for row, ask in zip(rows, asks, strict=True)
        for request in _first(line.adapter.build_requests([ask], line.settings))
    ]


def _first(requests: Sequence[HttpRequest]) -> Sequence[HttpRequest]:
    return requests[:1]


def _digest(snapshots: Sequence[Snapshot]) -> bytes:
    """Return 16 bytes that change whenever anything said of the number does."""
    said = orjson.dumps(snapshots, default=_plain)
    return hashlib.sha256(said).digest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return str(value)
