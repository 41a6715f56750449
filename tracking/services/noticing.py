"""
Open, raise and end episodes of trouble, and tell the house: the only code that writes them.

Each episode is one row with its history in its evidence, told to the shopper once at most. A kind
that somebody resolved by hand is not opened again for what they had seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from portal.outbox.recording import record
from tracking.carriers import homes
from tracking.events import (
    AnomalyCleared,
    AnomalyEscalated,
    AnomalyFound,
    InquiryDue,
    ParcelReached,
    Trouble,
)
from tracking.models.anomaly import ClearedBy
from tracking.scans import Scan
from tracking.services import applying_rows
from tracking.services import watching_rows as store
from tracking.services.watching_rows import Addressee, Episode, Fresh, Risen
from tracking.states import PARTY_OF, SEEN, TROUBLE, AnomalyKind, Party

if TYPE_CHECKING:
    from tracking.rules import Journey
    from tracking.services.announcing import Changed

NEWS_AGE = timedelta(hours=24)
"""What happened longer ago is history: kept, but nobody is told."""

SEVERITY = {
    AnomalyKind.DAMAGED: 2,
    AnomalyKind.LOST: 2,
    AnomalyKind.DELIVERED_DISPUTED: 2,
    AnomalyKind.REFUSED: 3,
    AnomalyKind.RETURNED: 3,
    AnomalyKind.CONFLICTING_EVENTS: 4,
}
"""How bad each kind is that scans tell of; 1 is worst."""

TOLD = frozenset({AnomalyKind.DAMAGED, AnomalyKind.LOST})
"""Kinds in scans that the shopper hears of, unless the status that brought them says it already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Says:
    """What an event tells besides what stands in the row."""

    count: int = 0
    tells: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to change: episodes to open, to raise, and to end."""

    fresh: Sequence[tuple[Fresh, Says]] = ()
    risen: Sequence[tuple[Episode, Risen, Says]] = ()
    over: Sequence[tuple[Episode, str, Mapping[str, Any]]] = ()


def carry_out(
    plan: Plan, *, now: datetime, owner: str = "parcel", is_shown: bool = False
) -> dict[tuple[int, str], int]:
    """
    Write what is planned and tell of it; what another worker has done meanwhile is left alone.

    Returns (parcel or order, kind) -> id of the episodes that are new. ``owner`` says whether
    they are about parcels or about orders; ``is_shown`` that their pages are told anew anyway.
    """
    ended = store.clear([(one.id, how, why) for one, how, why in plan.over], now=now)
    opened = store.insert([one for one, _says in plan.fresh], now=now, owner=owner)
    raised = store.raise_([risen for _one, risen, _says in plan.risen], now=now)
    subjects = {one.subject_id for one, *_rest in plan.over if one.id in ended}
    subjects |= {subject_id for subject_id, _kind in opened}
    subjects |= {one.subject_id for one, risen, _says in plan.risen if risen.id in raised}
    if not subjects:
        return opened
    if owner == "parcel":
        if not is_shown:
            store.show_anew(subjects)
        to = store.addressees(subjects)
    else:
        store.show_orders_anew(subjects)
        to = store.order_addressees(subjects)
    inside = _inside(plan, opened, raised, owner=owner)
    events: list[Trouble] = []
    for one, how, _why in plan.over:
        if one.id in ended:
            facts = _facts(to[one.subject_id], owner=owner) | _stored(one)
            events.append(AnomalyCleared(**facts, cleared_by=how))
    for fresh, says in plan.fresh:
        pk = opened.get((fresh.subject_id, fresh.kind))
        if pk is not None:
            facts = _facts(to[fresh.subject_id], owner=owner) | _new(pk, fresh, says)
            if says.tells:
                facts["items"] = fresh.evidence.get("items") or inside.get(fresh.subject_id, [])
            events.append(AnomalyFound(**facts))
            if says.asks:
                events.append(InquiryDue(**facts | {"tells_shopper": False, "items": []}))
    for one, risen, says in plan.risen:
        if risen.id in raised:
            facts = _facts(to[one.subject_id], owner=owner) | _stored(one) | _higher(risen, says)
            if says.tells:
                facts["items"] = one.evidence.get("items") or inside.get(one.subject_id, [])
            events.append(AnomalyEscalated(**facts))
            if says.asks:
                events.append(InquiryDue(**facts | {"tells_shopper": False, "items": []}))
    record(*events, now=now)
    return opened


def follow(changed: Sequence[Changed], *, reached: Iterable[ParcelReached], now: datetime) -> None:
    """
    Open what the scans of a batch say is wrong and was not, end what was and is not.

    ``reached`` holds the arrivals told of in the same batch, which may be letters themselves.
    """
    ids = [one.parcel.id for one in changed]
    known = store.episodes(ids, SEEN)
    held = {(one.subject_id, one.kind): one for one in known if one.cleared_at is None}
    resolved = {(one.subject_id, one.kind): one for one in known if one.cleared_at is not None}
    letters = {(one.parcel_id, kind) for one in reached for kind in _said_by(one)}
    fresh = []
    for one in changed:
        for kind in one.journey.trouble:
            key = one.parcel.id, kind
            if held.pop(key, None) is None:
                scan = _speaking(one, kind)
                if not _had_last_word(resolved.get(key), scan):
                    tells = kind in TOLD and key not in letters and _is_news(scan, now)
                    fresh.append((_seen(one, kind, scan, now=now, tells=tells), Says(tells=tells)))
    over = [(one, str(ClearedBy.NEWS), {"at": now.isoformat()}) for one in held.values()]
    if fresh or over:
        carry_out(Plan(fresh=fresh, over=over), now=now, is_shown=True)


def _said_by(reached: ParcelReached) -> tuple[str, ...]:
    """Return the kinds of trouble of which the letter about an arrival tells."""
    if reached.status not in TROUBLE:
        return ()
    if reached.status in {"lost", "destroyed"}:
        return AnomalyKind.LOST, AnomalyKind.DAMAGED
    return (reached.reason,)


def _had_last_word(resolved: Episode | None, scan: Scan) -> bool:
    """Test whether somebody resolved this by hand after what the scan tells had happened."""
    if resolved is None or resolved.cleared_at is None:
        return False
    return scan.occurred_at is None or scan.occurred_at <= resolved.cleared_at


def _is_news(scan: Scan, now: datetime) -> bool:
    return scan.occurred_at is not None and now - scan.occurred_at <= NEWS_AGE


def _seen(one: Changed, kind: str, scan: Scan, *, now: datetime, tells: bool) -> Fresh:
    return Fresh(
        subject_id=one.parcel.id,
        kind=kind,
        party=_party(one.journey, kind),
        severity=SEVERITY.get(AnomalyKind(kind), 3),
        level=1,
        lane="",
        episode="",
        since=scan.occurred_at,
        next_at=None,
        lost_at=None,
        told_at=now if tells else None,
        is_public=kind in TOLD,
        evidence=quoted(scan),
    )


def _party(journey: Journey, kind: str) -> str:
    if journey.party and journey.reason == kind:
        return str(journey.party)
    return str(PARTY_OF.get(kind, journey.party or Party.UNKNOWN))


def _speaking(one: Changed, kind: str) -> Scan:
    """Return the newest scan that speaks of the trouble, else the newest of all."""
    ordered = [one.scans[place] for place in one.journey.order]
    speaking = [scan for scan in ordered if kind in {scan.reason, scan.status}] or ordered[-1:]
    return speaking[-1]


def quoted(scan: Scan) -> dict[str, Any]:
    """Return a scan as evidence quotes it."""
    clip = applying_rows.clip
    return {
        "occurred_at": scan.occurred_at.isoformat() if scan.occurred_at else None,
        "local_time": clip(scan.local_time, 25),
        "status": str(scan.status or ""),
        "reason": str(scan.reason or ""),
        "raw_code": clip(scan.raw_code, 60),
        "raw_text": clip(scan.raw_text, 500),
        "location": clip(scan.location, 160),
    }


def _inside(
    plan: Plan, opened: Mapping[tuple[int, str], int], raised: set[int], *, owner: str
) -> dict[int, list[str]]:
    """Return what is inside the parcels or orders that a letter will be about."""
    told = {one.subject_id for one, says in plan.fresh
            if says.tells and (one.subject_id, one.kind) in opened}  # fmt: skip
    told |= {one.subject_id for one, risen, says in plan.risen if says.tells and risen.id in raised}
    if owner == "parcel":
        return applying_rows.contents(sorted(told))
    return store.order_lines(sorted(told))


def _facts(to: Addressee, *, owner: str) -> dict[str, Any]:
    return {
        "parcel_id": to.id if owner == "parcel" else 0,
        "status": to.status,
        "last_scan_at": _iso(to.last_scan_at),
        "token": to.token,
        "number": to.number,
        "link_version": to.link_version,
        "carrier_en": to.carrier_en,
        "carrier_zh": to.carrier_zh or to.carrier_en,
        "order": to.order,
        "to": to.shopper_id,
        "language": to.language,
        "zone": homes.zone(to.country, carrier_zone=to.carrier_zone),
        "items": [],
    }


def _stored(one: Episode) -> dict[str, Any]:
    return {
        "anomaly_id": one.id,
        "kind": one.kind,
        "severity": one.severity,
        "level": one.level,
        "party": one.party,
        "lane": one.lane,
        "since": _iso(one.since),
        "next_at": _iso(one.next_at),
        "lost_at": _iso(one.lost_at),
        "count": 0,
        "tells_shopper": False,
    }


def _new(pk: int, one: Fresh, says: Says) -> dict[str, Any]:
    return {
        "anomaly_id": pk,
        "kind": one.kind,
        "severity": one.severity,
        "level": one.level,
        "party": one.party,
        "lane": one.lane,
        "since": _iso(one.since),
        "next_at": _iso(one.next_at),
        "lost_at": _iso(one.lost_at),
        "count": says.count,
        "tells_shopper": says.tells,
    }


def _higher(risen: Risen, says: Says) -> dict[str, Any]:
    return {
        "level": risen.level,
        "severity": risen.severity,
        "next_at": _iso(risen.next_at),
        "lost_at": _iso(risen.lost_at),
        "count": says.count,
        "tells_shopper": says.tells,
    }


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
