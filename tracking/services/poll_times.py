"""
When to ask about a parcel next: from its registration on, and anew with all that is heard of it.

Sits between the road in and the asking, and imports neither.
"""

# ruff: noqa: S608 - the texts are put together from our own column names only

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.lib import sql
from portal.lib.sql import columns, unnest
from tracking import cadence
from tracking.cadence import Facts, Policy, Urgency
from tracking.carriers import registry
from tracking.models import Parcel, Poll
from tracking.scans import Scan
from tracking.services import keys, lines, poll_rows, subscribing
from tracking.services.announcing import Changed
from tracking.services.applying_rows import ETA, STATE
from tracking.states import SOFT_TERMINAL

_STATUS, _DISPUTED, _STATUS_AT, _HINTED = (
    STATE.index(name) for name in ("status", "is_disputed", "status_at", "hinted")
)
_NO_ZONE = 9999
_TYPES = ("bigint", "timestamptz", "int", "bool", "int")


def begin(*, parcel: Parcel, now: datetime) -> None:
    """
    Have a newly registered parcel asked about, and subscribed to, as its connection needs it.

    Without a connection nobody can be asked.
    """
    connection = parcel.connection
    if connection is None or connection.adapter not in registry.ADAPTERS:
        return
    if lines.can_be_asked(connection.adapter):
        policy = lines.policy_of(connection)
        Poll.objects.bulk_create(
            [
                Poll(
                    parcel=parcel,
                    connection=connection,
                    number=parcel.number,
                    due_at=cadence.first_due(shipped_at=parcel.shipped_at, policy=policy, now=now),
                    urgency=Urgency.REST.value,
                )
            ],
            ignore_conflicts=True,
        )
    subscribing.want(parcel=parcel, connection=connection, now=now)


def catch_up(*, now: datetime, limit: int = 5000) -> int:
    """
    Begin asking about parcels that were registered before anybody could be asked about them.

    Such are those of a connection whose carrier has learnt to answer, or that was chosen later.
    Call it again until it returns 0.
    """
    ended = [str(one) for one in SOFT_TERMINAL]
    begun = sql.run(
        f"{_BEGIN} SELECT p.id, p.connection_id, p.number, %s, %s, 0, 0, 0, '', '', '', false"
        " FROM tracking_parcel p JOIN tracking_connection c ON c.id = p.connection_id"
        " WHERE p.is_current AND p.status <> ALL(%s::text[]) AND c.adapter = ANY(%s::text[])"
        " AND NOT EXISTS (SELECT 1 FROM tracking_poll q WHERE q.parcel_id = p.id"
        "  AND q.connection_id = p.connection_id AND q.number = p.number)"
        " LIMIT %s ON CONFLICT (parcel_id, connection_id, number) DO NOTHING",
        (now, Urgency.REST.value, ended, lines.askable(), limit),
    )
    return begun + subscribing.catch_up(now=now, ended=ended, limit=limit)


def hear(*, changed: Sequence[Changed], now: datetime) -> None:
    """
    Ask soon again about parcels that moved, and at once about those that wait for confirmation.

    Three statements for a whole batch; parcels that nobody is asked about cost a look-up.
    """
    if not changed:
        return
    ids = sql.ids(one.parcel.id for one in changed)
    _follow_numbers(ids, now=now)
    rows = sql.rows(_HEARD, {"ids": ids, "now": now, "stale": list(poll_rows.STALE)})
    if not rows:
        return
    news = {one.parcel.id: one for one in changed}
    policies: dict[int, tuple[Policy, bool]] = {}
    anew = []
    for row in rows:
        about, connection_id = news[row[1]], row[2]
        if connection_id not in policies:
            policies[connection_id] = _policy(row[3], row[4], connection_id, now=now)
        policy, has_push = policies[connection_id]
        anew.append(_anew(row, about, policy, has_push=has_push, now=now))
    sql.run(_ANEW, columns(anew, _TYPES))


_BEGIN = (
    "INSERT INTO tracking_poll (parcel_id, connection_id, number, due_at, urgency, empties,"
    " failures, asked_that_day, outcome, error, answer, is_abroad)"
)
_HEARD = """
SELECT q.id, q.parcel_id, q.connection_id, c.adapter, c.settings, q.polled_at, q.day,
 q.asked_that_day, q.is_abroad, q.zone_minutes, k.timezone, p.shipped_at, p.created_at,
 p.promised_at, o.country,
 EXISTS (SELECT 1 FROM tracking_anomaly a WHERE a.parcel_id = p.id AND a.cleared_at IS NULL
  AND a.kind = ANY(%(stale)s::text[])),
 EXISTS (SELECT 1 FROM tracking_subscription s WHERE s.parcel_id = q.parcel_id
  AND s.connection_id = q.connection_id AND s.number = q.number AND s.state = 'live'
  AND (s.expires_at IS NULL OR s.expires_at > %(now)s))
FROM tracking_poll q JOIN tracking_parcel p ON p.id = q.parcel_id
JOIN tracking_order o ON o.id = p.order_id JOIN tracking_carrier k ON k.id = p.carrier_id
JOIN tracking_connection c ON c.id = q.connection_id
WHERE q.parcel_id = ANY(%(ids)s::bigint[]) ORDER BY q.id FOR NO KEY UPDATE OF q
"""
_ANEW = (
    "UPDATE tracking_poll q SET due_at = v.due_at, urgency = v.urgency, empties = 0,"
    f" is_abroad = v.is_abroad, zone_minutes = nullif(v.zone_minutes, {_NO_ZONE})"
    " FROM " + unnest(_TYPES) + " AS v(id, due_at, urgency, is_abroad, zone_minutes)"
    " WHERE q.id = v.id"
)


def _policy(
    adapter: str, options: Any, connection_id: int, *, now: datetime
) -> tuple[Policy, bool]:
    """Return what the carrier allows, and whether it pushes without being asked to."""
    if adapter not in registry.ADAPTERS:
        return Policy(), False
    capabilities = registry.get(adapter).capabilities
    has_push = capabilities.push_mode == "account" and bool(
        keys.live(connection_id=connection_id, now=now)
    )
    return lines.policy(capabilities, options if isinstance(options, dict) else {}), has_push


def _anew(
    row: tuple[Any, ...],
    about: Changed,
    policy: Policy,
    *,
    has_push: bool,
    now: datetime,
) -> tuple[Any, ...]:
    """Return (id, due, urgency, abroad, zone) of one poll after the news."""
    (
        pk, _parcel, _connection, _adapter, _options, polled_at, day, asked, is_abroad, minutes,
        zone, shipped_at, created_at, promised_at, country, is_stale, is_subscribed,
    ) = row  # fmt: skip
    state = about.state
    is_abroad = is_abroad or _is_abroad(about.scans, country)
    minutes = _minutes_ahead(about.scans, minutes)
    facts = Facts(
        status=state[_STATUS],
        known_at=shipped_at or created_at,
        status_at=state[_STATUS_AT],
        eta=state[ETA][1] or promised_at,
        is_disputed=state[_DISPUTED],
        is_hinted=bool(state[_HINTED]),
        is_stale=is_stale,
        is_abroad=is_abroad,
        has_push=has_push or is_subscribed,
        zone=poll_rows.place_zone(minutes, zone),
    )
    today = asked if day == policy.day(now=now) else 0
    if facts.is_hinted:
        due_at: datetime | None = cadence.at_once(
            policy, asked_at=polled_at, asked_today=today, now=now
        )
    else:
        dice = random.uniform(-1, 1)  # noqa: S311 - spreads load only
        due_at = cadence.next_due(facts, policy, now=now, dice=dice, asked_today=today)
    urgency = cadence.urgency(facts, now=due_at or now).value
    return pk, due_at, urgency, is_abroad, _NO_ZONE if minutes is None else minutes


def _is_abroad(scans: Sequence[Scan], destination: str) -> bool:
    """Test whether a parcel was seen in another country than the one it goes to."""
    seen = {scan.country for scan in scans if scan.country}
    return len(seen | ({destination} if destination else set())) > 1 and bool(seen)


def _minutes_ahead(scans: Sequence[Scan], known: int | None) -> int | None:
    """Return how far the clock at the newest scan's place is ahead of UTC."""
    newest: datetime | None = None
    for scan in scans:
        at = scan.occurred_at
        if at is None or len(scan.local_time) < 16 or (newest is not None and at <= newest):
            continue
        try:
            local = datetime.fromisoformat(scan.local_time).replace(tzinfo=at.tzinfo)
        except ValueError:
            continue
        ahead = round((local - at) / timedelta(minutes=1))
        if -840 <= ahead <= 840:
            newest, known = at, ahead
    return known


def _follow_numbers(parcel_ids: str, *, now: datetime) -> None:
    """Have further numbers that a parcel has come to travel under asked about too."""
    sql.run(
        f"{_BEGIN} SELECT n.parcel_id, n.connection_id, n.number, %s, %s, 0, 0, 0, '', '', '',"
        " false"
        " FROM tracking_parcelnumber n JOIN tracking_connection c ON c.id = n.connection_id"
        " WHERE n.parcel_id = ANY(%s::bigint[]) AND c.adapter = ANY(%s::text[])"
        " ON CONFLICT (parcel_id, connection_id, number) DO NOTHING",
        (now, Urgency.REST.value, parcel_ids, lines.askable()),
    )
