"""Say what a batch of news means: first arrivals, trouble begun or ended, and who must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.outbox.recording import record
from tracking.events import AnomalyFound, ParcelReached
from tracking.rules import Journey
from tracking.scans import Scan
from tracking.services import applying_rows as store
from tracking.services.applying_rows import ETA, Row
from tracking.states import PARTY_OF, TROUBLE, Party

NEWS_AGE = timedelta(hours=24)
"""What was reached longer ago is history: kept, but nobody is told."""

SEVERITY = {
    "damaged": 2,
    "lost": 2,
    "delivered_disputed": 2,
    "refused": 3,
    "returned": 3,
    "conflicting_events": 4,
}
"""How bad each kind of trouble is to begin with; 1 is worst."""


@dataclass(slots=True)
class Changed:
    """One parcel whose page will look different."""

    parcel: Row
    state: tuple[Any, ...]
    journey: Journey
    scans: list[Scan]


def announce(changed: Sequence[Changed], *, now: datetime) -> None:
    """Keep first arrivals and troubles of changed parcels, and tell the house what is news."""
    ids = [one.parcel.id for one in changed]
    if not ids:
        return
    before = store.milestones(ids)
    reached = [
        (one, leg, str(status), at) for one in changed for leg, status, at in one.journey.reached
    ]
    store.keep_milestones(
        [
            (one.parcel.id, leg, status, at or now)
            for one, leg, status, at in reached
            if (known := before.get((one.parcel.id, leg, status))) is None or (at and at != known)
        ],
        now=now,
    )
    firsts = [one for one in reached if (one[0].parcel.id, one[1], one[2]) not in before]
    news = [
        (one, leg, status, at)
        for one, leg, status, at in firsts
        if at and now - at <= NEWS_AGE and not _is_overtaken(one.journey, leg, status, at)
    ]
    inside = store.contents(list({first[0].parcel.id for first in news}))
    events: list[ParcelReached | AnomalyFound] = [
        _reached(one, leg, status, at, inside.get(one.parcel.id, []))
        for one, leg, status, at in news
    ]
    events += _trouble(changed, now=now)
    if events:
        record(*events, now=now)


def _is_overtaken(journey: Journey, leg: int, status: str, at: datetime) -> bool:
    """
    Test whether later scans have made a first arrival old news, as when pushes come out of order.

    Trouble stays worth telling: a box found crushed yesterday is still crushed.
    """
    if status in TROUBLE:
        return False
    return any(
        other_leg >= leg and other_at is not None and other_at > at
        for other_leg, _other, other_at in journey.reached
    )


def _reached(one: Changed, leg: int, status: str, at: datetime, items: list[str]) -> ParcelReached:
    parcel, journey = one.parcel, one.journey
    eta_from, eta_to = one.state[ETA][:2]
    return ParcelReached(
        parcel_id=parcel.id,
        token=parcel.token,
        link_version=parcel.link_version,
        number=parcel.number,
        carrier_en=parcel.carrier_en,
        carrier_zh=parcel.carrier_zh or parcel.carrier_en,
        order=parcel.order,
        to=parcel.shopper_id,
        language=parcel.language,
        status=status,
        reason=str(journey.reason or "") if status == journey.status else "",
        leg=leg,
        reached_at=at.isoformat(),
        eta_from=eta_from.isoformat() if eta_from else "",
        eta_to=eta_to.isoformat() if eta_to else "",
        items=items,
    )


def _trouble(changed: Sequence[Changed], *, now: datetime) -> list[AnomalyFound]:
    """Open what is wrong now and was not, clear what was and is not."""
    held = store.open_anomalies([one.parcel.id for one in changed], tuple(SEVERITY))
    found = []
    for one in changed:
        for kind in one.journey.trouble:
            if held.pop((one.parcel.id, kind), None) is None:
                party = _party(one.journey, kind)
                evidence = _evidence(one, kind)
                found.append((one.parcel.id, kind, party, SEVERITY.get(kind, 3), evidence))
    store.clear_anomalies(list(held.values()), now=now)
    return [
        AnomalyFound(anomaly_id=pk, parcel_id=parcel_id, kind=kind, severity=severity)
        for pk, parcel_id, kind, severity in store.insert_anomalies(found, now=now)
    ]


def _party(journey: Journey, kind: str) -> str:
    if journey.party and journey.reason == kind:
        return str(journey.party)
    return str(PARTY_OF.get(kind, journey.party or Party.UNKNOWN))


def _evidence(one: Changed, kind: str) -> dict[str, Any]:
    """Quote the newest scan that speaks of the trouble, else the newest of all."""
    ordered = [one.scans[place] for place in one.journey.order]
    speaking = [scan for scan in ordered if kind in {scan.reason, scan.status}] or ordered[-1:]
    scan = speaking[-1]
    return {
        "occurred_at": scan.occurred_at.isoformat() if scan.occurred_at else None,
        "local_time": store.clip(scan.local_time, 25),
        "status": str(scan.status or ""),
        "reason": str(scan.reason or ""),
        "raw_code": store.clip(scan.raw_code, 60),
        "raw_text": store.clip(scan.raw_text, 500),
        "location": store.clip(scan.location, 160),
    }
