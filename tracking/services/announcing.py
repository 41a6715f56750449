"""Say what a batch of news means: first arrivals, trouble begun or ended, and who must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.outbox.recording import record
from tracking.events import ParcelReached
from tracking.rules import Journey
from tracking.scans import Scan
from tracking.services import applying_rows as store
from tracking.services import noticing
from tracking.services.applying_rows import ETA, Row
from tracking.states import TROUBLE


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
        if at and now - at <= noticing.NEWS_AGE and not _is_overtaken(one.journey, leg, status, at)
    ]
    inside = store.contents(list({first[0].parcel.id for first in news}))
    events = [
        _reached(one, leg, status, at, inside.get(one.parcel.id, []))
        for one, leg, status, at in news
    ]
    if events:
        record(*events, now=now)
    noticing.follow(changed, reached=events, now=now)


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
