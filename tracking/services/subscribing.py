"""
Ask for pushes, number by number, and again before they end.

A carrier that takes no subscription leaves the parcel without pushes: its row is dead, it is asked
about as often as if there were none, and once a day the subscription is tried again.
"""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.urls import reverse

from portal.lib import sql
from portal.lib.sql import columns, unnest
from tracking import cadence
from tracking.carriers import registry
from tracking.carriers.base import HttpRequest
from tracking.carriers.base import Subscribing as CanSubscribe
from tracking.models import Connection, Parcel, Subscription
from tracking.models.parcel import normalise
from tracking.models.polling import SubscriptionState
from tracking.scans import CarrierError, ErrorKind, Reading
from tracking.services import asking, keys, poll_rows
from tracking.services.asking import Batch, Round
from tracking.services.lines import Line
from tracking.services.wires import Call, Heard, Threads, Wire
from tracking.states import SOFT_TERMINAL

MONTHLY = 4
"""How often one number may be subscribed in a month: Kuaidi100's limit, more than others need."""
MARGIN = timedelta(days=1)
"""How long before its end a subscription is renewed."""
FAILURES = 5
"""After so many in a row a subscription is dead."""
RETRY = timedelta(days=1)
"""How long a dead one is left alone."""
NOTHING_TO_SEAL_WITH = "There is no live webhook secret to seal the pushes with."

LINE_TROUBLE = frozenset({ErrorKind.AUTH, ErrorKind.RATE_LIMITED, ErrorKind.QUOTA_EXHAUSTED})


def is_needed(adapter: str) -> bool:
    """Test whether an adapter's pushes must be asked for, parcel by parcel."""
    found = registry.ADAPTERS.get(adapter)
    if found is None or found.capabilities.push_mode != "subscription":
        return False
    return isinstance(found, CanSubscribe)


def want(*, parcel: Parcel, connection: Connection, now: datetime) -> None:
    """Have pushes about a parcel asked for, where that is how its carrier pushes."""
    if is_needed(connection.adapter):
        Subscription.objects.bulk_create(
            [Subscription(parcel=parcel, connection=connection, number=parcel.number, due_at=now)],
            ignore_conflicts=True,
        )


def catch_up(*, now: datetime, ended: Sequence[str], limit: int) -> int:
    """Have pushes asked for about parcels that were registered before that could be done."""
    needing = [slug for slug in registry.slugs() if is_needed(slug)]
    return sql.run(
        "INSERT INTO tracking_subscription (parcel_id, connection_id, number, state, due_at,"
        " failures, asked_that_month, error)"
        " SELECT p.id, p.connection_id, p.number, 'wanted', %s, 0, 0, ''"
        " FROM tracking_parcel p JOIN tracking_connection c ON c.id = p.connection_id"
        " WHERE p.is_current AND p.status <> ALL(%s::text[]) AND c.adapter = ANY(%s::text[])"
        " AND NOT EXISTS (SELECT 1 FROM tracking_subscription s WHERE s.parcel_id = p.id"
        "  AND s.connection_id = p.connection_id AND s.number = p.number)"
        " LIMIT %s ON CONFLICT (parcel_id, connection_id, number) DO NOTHING",
        (now, list(ended), needing, limit),
    )


def subscribe(
    *, clock: Callable[[], datetime], wire: Wire | None = None, seconds: float = asking.SECONDS
) -> Round:
    """Ask for the pushes that are due to be asked for, within the same budgets as polls."""
    return asking.run(work=Subscriptions(), wire=wire or Threads(clock=clock), seconds=seconds)


@dataclass(frozen=True, slots=True)
class _Row:
    """A subscription in our hands."""

    id: int
    parcel_id: int
    number: str
    failures: int
    state: str
    expires_at: datetime | None
    asked_that_month: int
    carrier: str
    phone: str
    postcode: str
    country: str


@dataclass(frozen=True, slots=True)
class _Settled:
    """What became of one."""

    id: int
    state: str
    due_at: datetime | None
    subscribed_at: datetime | None
    expires_at: datetime | None
    failures: int
    error: str
    was_asked: bool = True


_CLAIM = """
WITH held AS (
 SELECT id FROM tracking_subscription WHERE connection_id = %(connection)s AND due_at <= %(now)s
 AND (leased_until IS NULL OR leased_until <= %(now)s)
 ORDER BY due_at LIMIT %(count)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE tracking_subscription s SET leased_until = %(lease)s, month = %(month)s,
 asked_that_month = CASE WHEN s.month = %(month)s THEN s.asked_that_month ELSE 0 END + 1
FROM held h, tracking_parcel p, tracking_order o, tracking_carrier c
WHERE s.id = h.id AND p.id = s.parcel_id AND o.id = p.order_id AND c.id = p.carrier_id
RETURNING s.id, s.parcel_id, s.number, s.failures, s.state, s.expires_at, s.asked_that_month,
 c.slug, o.phone, o.postcode, o.country, p.status, p.is_current
"""
_TYPES = ("bigint", "text", "timestamptz", "timestamptz", "timestamptz", "int", "text", "bool")
_SETTLE = (
    "UPDATE tracking_subscription s SET leased_until = NULL, state = v.state, due_at = v.due_at,"
    " subscribed_at = coalesce(v.subscribed_at, s.subscribed_at),"
    " expires_at = CASE WHEN v.subscribed_at IS NULL THEN s.expires_at ELSE v.expires_at END,"
    " asked_that_month = greatest(s.asked_that_month - (NOT v.was_asked)::int, 0),"
    " failures = v.failures, error = v.error FROM "
    + unnest(_TYPES)
    + " AS v(id, state, due_at, subscribed_at, expires_at, failures, error, was_asked)"
    " WHERE s.id = v.id"
)


class Subscriptions:
    """Subscriptions as work for a round of asking."""

    def __init__(self) -> None:
        self._settled: list[_Settled] = []
        self._lost: dict[int, timedelta] = {}
        """Those that died, and how long their carrier wants between two questions."""
        self._figures: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def wanted(self, *, now: datetime) -> list[int]:
        """Return the connections at which a subscription is due."""
        return [
            pk
            for (pk,) in sql.rows(
                "SELECT c.id FROM tracking_connection c WHERE c.is_active AND EXISTS ("
                " SELECT 1 FROM tracking_subscription s WHERE s.connection_id = c.id"
                " AND s.due_at <= %s AND (s.leased_until IS NULL OR s.leased_until <= %s))",
                (now, now),
            )
        ]

    def claim(self, line: Line, *, calls: int, is_refresh: bool, now: datetime) -> Sequence[Batch]:
        """Take due subscriptions and pack them into calls."""
        if is_refresh or not isinstance(line.adapter, CanSubscribe):
            return []
        size = max(line.capabilities.subscribe_max, 1)
        month = line.policy.day(now=now).replace(day=1)
        found = sql.rows(
            _CLAIM,
            {
                "connection": line.connection_id, "now": now, "count": calls * size,
                "lease": now + asking.LEASE, "month": month,
            },
        )  # fmt: skip
        secrets = keys.live(connection_id=line.connection_id, now=now)
        rows: list[_Row] = []
        for *facts, status, is_current in found:
            row = _Row(*facts)
            if not is_current or status in SOFT_TERMINAL:
                self._end(row)
            elif row.asked_that_month > MONTHLY:
                self._wait_for_month(line, row, month, now=now)
            elif not secrets:
                self._fail(line, row, NOTHING_TO_SEAL_WITH, was_asked=False, now=now)
            else:
                rows.append(row)
        self._write(now=now)
        return self._pack(line, rows, calls=calls, secret=secrets[0] if secrets else "")

    def release(self, batches: Sequence[Batch]) -> None:
        """Give rows back that were not asked about."""
        ids = [row.id for rows, _request in batches for row in rows]
        if ids:
            sql.run(
                "UPDATE tracking_subscription SET leased_until = NULL,"
                " asked_that_month = greatest(asked_that_month - 1, 0)"
                " WHERE id = ANY(%s::bigint[])",
                (ids,),
            )

    def hear(self, call: Call, heard: Heard, *, now: datetime) -> CarrierError | None:
        """Take in one answer: which numbers are subscribed now, and until when."""
        line = call.line
        errors: tuple[CarrierError, ...] = ()
        if heard.error is None and isinstance(line.adapter, CanSubscribe):
            errors = line.adapter.read_subscription(heard.body)
        trouble = asking.trouble_of(Reading(errors=errors), heard, now=now)
        own = {normalise(one.number): one for one in errors if one.number}
        life = line.capabilities.subscription_life
        for row in call.rows:
            error = own.get(row.number) or trouble
            if error is None:
                self._live(row, life, now=now)
            elif row.number not in own and error.kind in LINE_TROUBLE:
                self._settled.append(
                    _Settled(
                        row.id,
                        row.state,
                        now,
                        None,
                        None,
                        row.failures,
                        line.scrub(error.message)[:200],
                        was_asked=False,
                    )
                )
            else:
                self._fail(line, row, line.scrub(error.message), now=now)
        figures = self._figures[line.connection_id]
        figures["calls"] += 1
        figures["failed"] += len(call.rows) if trouble else len(own)
        figures["latency_ms"] += int(heard.seconds * 1000)
        figures["slowest_ms"] = max(figures["slowest_ms"], int(heard.seconds * 1000))
        return trouble

    def settle(self, *, now: datetime) -> None:
        """Write down what was heard."""
        self._write(now=now)
        for connection_id, figures in self._figures.items():
            poll_rows.count(connection_id=connection_id, figures=figures, now=now)
        self._figures.clear()

    def _pack(self, line: Line, rows: list[_Row], *, calls: int, secret: str) -> Sequence[Batch]:
        size = max(line.capabilities.subscribe_max, 1)
        url = settings.SITE_URL + reverse("carrier-hook", args=[line.slug])
        batches: list[Batch] = []
        adapter = line.adapter
        if not isinstance(adapter, CanSubscribe):
            return []
        for at in range(0, len(rows), size):
            part = rows[at : at + size]
            requests: Sequence[HttpRequest] = adapter.subscribe(
                [
                    line.ask(
                        number=row.number,
                        carrier=row.carrier,
                        phone=row.phone,
                        postcode=row.postcode,
                        country=row.country,
                    )
                    for row in part
                ],
                line.settings,
                url=url,
                secret=secret,
            )
            if len(requests) == 1:
                batches.append((part, requests[0]))
            else:
                batches += [([row], one) for row, one in zip(part, requests, strict=False)]
        self.release(batches[calls:])
        return batches[:calls]

    def _live(self, row: _Row, life: timedelta | None, *, now: datetime) -> None:
        expires_at = now + life if life else None
        due_at = max(expires_at - MARGIN, now + (expires_at - now) / 2) if expires_at else None
        self._settled.append(
            _Settled(row.id, SubscriptionState.LIVE, due_at, now, expires_at, 0, "")
        )

    def _fail(
        self, line: Line, row: _Row, why: str, *, now: datetime, was_asked: bool = True
    ) -> None:
        """Try again later; dead once it has failed too often, or has ended meanwhile."""
        failures = row.failures + 1
        is_over = row.state == SubscriptionState.LIVE and (
            row.expires_at is not None and row.expires_at <= now
        )
        dice = random.uniform(-1, 1)  # noqa: S311 - spreads load only
        pause = cadence.doubled(timedelta(minutes=30), failures - 1, most=RETRY)
        state = row.state
        if failures >= FAILURES or is_over or row.state == SubscriptionState.DEAD:
            if row.state != SubscriptionState.DEAD:
                self._lost[row.id] = line.policy.min_interval
            state, pause = SubscriptionState.DEAD, RETRY
        due_at = now + pause * (1 + cadence.JITTER * dice)
        self._settled.append(
            _Settled(
                row.id,
                state,
                due_at,
                None,
                None,
                min(failures, 1000),
                why[:200],
                was_asked=was_asked,
            )
        )

    def _wait_for_month(self, line: Line, row: _Row, month: date, *, now: datetime) -> None:
        """Leave a number alone that may not be subscribed again before the next month."""
        after = (month + timedelta(days=32)).replace(day=1)
        due_at = now + (after - now.date())
        state = SubscriptionState.DEAD if row.state != SubscriptionState.LIVE else row.state
        if state == SubscriptionState.DEAD and row.state != state:
            self._lost[row.id] = line.policy.min_interval
        why = f"Subscribed {MONTHLY} times this month already."
        self._settled.append(
            _Settled(row.id, state, due_at, None, None, row.failures, why, was_asked=False)
        )

    def _end(self, row: _Row) -> None:
        self._settled.append(
            _Settled(
                row.id,
                SubscriptionState.ENDED,
                None,
                None,
                None,
                row.failures,
                "",
                was_asked=False,
            )
        )

    def _write(self, *, now: datetime) -> None:
        if self._settled:
            sql.run(
                _SETTLE,
                columns(
                    (
                        (
                            one.id, str(one.state), one.due_at, one.subscribed_at, one.expires_at,
                            one.failures, one.error.replace("\x00", ""), one.was_asked,
                        )
                        for one in self._settled
                    ),
                    _TYPES,
                ),
            )  # fmt: skip
        if self._lost:
            # Without pushes these are asked about as if there were none, beginning now.
            pauses = [(pk, round(pause.total_seconds())) for pk, pause in self._lost.items()]
            sql.run(
                "UPDATE tracking_poll q SET due_at = least(q.due_at, greatest(%s::timestamptz,"
                " q.polled_at + v.seconds * interval '1 second'))"
                f" FROM {unnest(('bigint', 'int'))} AS v(id, seconds)"
                " JOIN tracking_subscription s ON s.id = v.id"
                " WHERE q.parcel_id = s.parcel_id AND q.connection_id = s.connection_id"
                " AND q.number = s.number AND q.due_at IS NOT NULL",
                (now, *columns(pauses, ("bigint", "int"))),
            )
        self._settled.clear()
        self._lost.clear()
