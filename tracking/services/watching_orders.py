"""Look at orders that have not been sent, or whose reported troubles last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from tracking import troubles
from tracking.calendars import Calendar, Pause
from tracking.models.anomaly import ClearedBy
from tracking.services import noticing
from tracking.services import watching_rows as store
from tracking.services.noticing import NEWS_AGE, Plan, Says
from tracking.services.watching_book import PARTIES, own_calendar
from tracking.services.watching_rows import Episode, Fresh, Risen, SeenOrder
from tracking.states import ON_ORDERS, AnomalyKind
from tracking.troubles import Finding, Rule

K = AnomalyKind

DAILY = timedelta(days=1)


def look(
    seen: Sequence[SeenOrder], *, now: datetime, how: ClearedBy
) -> tuple[list[tuple[int, datetime]], list[int]]:
    """Look at orders we hold; return when to look again, and which need it no more."""
    rules = troubles.choose(store.rules(), lane="", carrier_id=None)
    calendar = own_calendar()
    pauses = troubles.standstill(
        store.windows(), carrier_id=0, countries=[settings.HOME_COUNTRY], places=""
    )
    known: dict[int, list[Episode]] = defaultdict(list)
    for episode in store.episodes([one.id for one in seen], ON_ORDERS, owner="order"):
        known[episode.subject_id].append(episode)
    fresh: list[tuple[Fresh, Says]] = []
    risen: list[tuple[Episode, Risen, Says]] = []
    over: list[tuple[Episode, str, Mapping[str, Any]]] = []
    checks: list[tuple[int, datetime]] = []
    done: list[int] = []
    for one in seen:
        episodes = known.get(one.id, [])
        held = {episode.kind: episode for episode in episodes if episode.cleared_at is None}
        resolved = {episode.kind for episode in episodes if episode.cleared_at is not None}
        counted = {kind: _counted_from(episode) for kind, episode in held.items()}
        if one.has_parcel:
            # Reported troubles stay until they are reported gone; this one is gone by itself.
            counted.pop(K.NOT_SHIPPED, None)
        elif not held.keys() - {K.NOT_SHIPPED}:
            counted[K.NOT_SHIPPED] = one.placed_at
        soonest = now + DAILY
        for kind, since in counted.items():
            steps = [
                (rule, since, due)
                for rule in rules.get(kind, ())
                if (due := _order_due(rule, since, calendar, pauses)) is not None
            ]
            finding, ahead = troubles.climb(kind, steps, now=now)
            soonest = min(soonest, ahead or soonest)
            if finding is None:
                continue
            stored = held.pop(kind, None)
            says = _order_says(finding, stored, episodes, now=now)
            if stored is None and kind not in resolved:
                fresh.append((_order_fresh(one, finding, says, calendar, now=now), says))
            elif stored is not None and finding.level > stored.level:
                risen.append((stored, _order_risen(stored, finding, says, calendar, now), says))
        over += [
            (held[kind], how, {"at": now.isoformat(), "has_parcel": one.has_parcel})
            for kind in held
            if kind not in counted
        ]
        if one.has_parcel and not counted:
            done.append(one.id)
        else:
            checks.append((one.id, soonest))
    noticing.carry_out(Plan(fresh, risen, over), now=now, owner="order")
    return checks, done


def _counted_from(episode: Episode) -> datetime:
    """Return from when a reported trouble counts: what the merchant expects gives it time."""
    expected = episode.evidence.get("expected_at")
    if expected:
        return max(datetime.fromisoformat(str(expected)), episode.opened_at)
    return episode.since or episode.opened_at


def _order_due(
    rule: Rule, since: datetime, calendar: Calendar, pauses: Sequence[Pause]
) -> datetime | None:
    return troubles.wait(rule.amount, rule.unit, since=since, calendar=calendar, pauses=pauses)


def _order_says(
    finding: Finding, stored: Episode | None, episodes: Iterable[Episode], *, now: datetime
) -> Says:
    # That an order has not been sent is no news to whoever heard why.
    is_told = any(
        one.told_at
        for one in episodes
        if one.cleared_at is None and finding.kind in {one.kind, K.NOT_SHIPPED}
    )
    is_new = any(rule.tells_shopper and now - due <= NEWS_AGE for rule, due in finding.reached)
    above = stored.level if stored else 0
    return Says(
        tells=is_new and not is_told,
        asks=any(rule.asks_carrier and rule.level > above for rule, _due in finding.reached),
    )


def _order_step(finding: Finding, calendar: Calendar, now: datetime) -> dict[str, Any]:
    rule = finding.rule
    return {
        "threshold": rule.id,
        "level": rule.level,
        "severity": rule.severity,
        "limit": f"{rule.amount} {rule.unit}",
        "anchor": rule.anchor,
        "since": finding.since.isoformat(),
        "working_days": round(calendar.days_between(finding.since, now), 2),
        "counted_until": now.isoformat(),
    }


def _order_fresh(
    one: SeenOrder, finding: Finding, says: Says, calendar: Calendar, *, now: datetime
) -> Fresh:
    step = _order_step(finding, calendar, now)
    return Fresh(
        subject_id=one.id,
        kind=finding.kind,
        party=str(PARTIES[K(finding.kind)]),
        severity=finding.rule.severity,
        level=finding.level,
        lane="",
        episode="",
        since=finding.since,
        next_at=finding.next_at,
        lost_at=None,
        told_at=now if says.tells else None,
        is_public=any(rule.tells_shopper for rule, _due in finding.reached),
        evidence={**step, "history": [step]},
    )


def _order_risen(
    stored: Episode, finding: Finding, says: Says, calendar: Calendar, now: datetime
) -> Risen:
    return Risen(
        id=stored.id,
        level=finding.level,
        severity=finding.rule.severity,
        next_at=finding.next_at,
        lost_at=None,
        told_at=now if says.tells else None,
        is_public=any(rule.tells_shopper for rule, _due in finding.reached),
        evidence=_order_step(finding, calendar, now),
    )
