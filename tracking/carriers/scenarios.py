"""
Journeys for the simulator carrier, as data.

A scenario is a list of steps; each step becomes one body in the generic format. The storm sends
its journey three times over, in an order no journey has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from tracking.carriers import simulator
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One scan: so many hours after the start, what happened and where."""

    hours: float
    code: str
    text: str
    location: str
    country: str = "CN"
    zone: str = "Asia/Shanghai"
    status: S | None = None
    reason: Reason | None = None
    party: Party | None = None
    handed: Handed | None = None
    is_physical: bool = True

    def event(self, *, number: str, at: datetime) -> dict[str, Any]:
        """Return the step as an event of the generic format."""
        event = {
            "id": f"{number}:{self.code}:{self.hours:g}",
            "occurred_at": at.astimezone(ZoneInfo(self.zone)).isoformat(timespec="seconds"),
            "status": self.status,
            "reason": self.reason,
            "party": self.party,
            "handed": self.handed,
            "code": self.code,
            "text": self.text,
            "location": self.location,
            "country": self.country,
            "is_physical": self.is_physical,
        }
        return {name: value for name, value in event.items() if value not in {None, ""}}


def _step(hours: float, code: str, text: str, location: str, **more: Any) -> Step:
    return Step(hours=hours, code=code, text=text, location=location, **more)


HANGZHOU, GUANGZHOU, SHENZHEN = "Hangzhou", "Guangzhou hub", "Shenzhen, Nanshan"

LABEL = _step(
    0,
    "LBL",
    "The sender has announced the parcel",
    HANGZHOU,
    status=S.INFO_RECEIVED,
    is_physical=False,
)
PICKUP = _step(5, "PUP", "Collected from the sender", HANGZHOU, status=S.PICKED_UP)
DEPART = _step(9, "DEP", "Left the origin centre", HANGZHOU, status=S.IN_TRANSIT)
ARRIVE = _step(26, "ARR", "Arrived at the sorting centre", GUANGZHOU, status=S.IN_TRANSIT)
ONWARD = _step(31, "DEP", "Left the sorting centre", GUANGZHOU, status=S.IN_TRANSIT)
OUT = _step(45, "OFD", "Out for delivery", SHENZHEN, status=S.OUT_FOR_DELIVERY)
HANDED = _step(
    49, "DLV", "Delivered to the recipient", SHENZHEN, status=S.DELIVERED, handed=Handed.RECIPIENT
)
ETA = _step(27, "ETA", "New estimate: tomorrow", GUANGZHOU, is_physical=False)

OUTBOUND = (LABEL, PICKUP, DEPART, ARRIVE)

NINGBO, PUDONG, ANCHORAGE = "Ningbo", "Shanghai, Pudong airport", "Anchorage, AK"
LOUISVILLE, CHARLOTTE = "Louisville, KY", "Charlotte, NC"
_ALASKA = {"country": "US", "zone": "America/Anchorage"}
_EAST = {"country": "US", "zone": "America/New_York"}

TO_CUSTOMS = (
    _step(0, "LBL", "The sender has announced the parcel", NINGBO,
          status=S.INFO_RECEIVED, is_physical=False),
    _step(6, "PUP", "Collected from the sender", NINGBO, status=S.PICKED_UP),
    _step(14, "DEP", "Left the origin centre", NINGBO, status=S.IN_TRANSIT),
    _step(21, "XPT", "Cleared for export", PUDONG, status=S.CUSTOMS, is_physical=False),
    _step(29, "FLY", "Left by air", PUDONG, status=S.IN_TRANSIT),
    _step(39, "ARR", "Landed on the way", ANCHORAGE, status=S.IN_TRANSIT, **_ALASKA),
    _step(47, "ARR", "Arrived at the gateway", LOUISVILLE, status=S.IN_TRANSIT, **_EAST),
    _step(50, "CUS", "Presented to customs", LOUISVILLE, status=S.CUSTOMS, **_EAST),
)  # fmt: skip

SCENARIOS: dict[str, tuple[Step, ...]] = {
    "delivered": (*OUTBOUND, ETA, ONWARD, OUT, HANDED),
    "late": (
        *OUTBOUND,
        _step(50, "DLY", "Held: the road is closed by heavy rain", GUANGZHOU,
              status=S.EXCEPTION, reason=Reason.WEATHER, party=Party.FORCE_MAJEURE),
        _step(122, "DEP", "Left the sorting centre", GUANGZHOU, status=S.IN_TRANSIT),
        _step(140, "OFD", "Out for delivery", SHENZHEN, status=S.OUT_FOR_DELIVERY),
        _step(144, "DLV", "Delivered to the recipient", SHENZHEN,
              status=S.DELIVERED, handed=Handed.RECIPIENT),
    ),
    "damaged": (
        *OUTBOUND,
        _step(28, "DMG", "The box was found crushed and has been repacked", GUANGZHOU,
              status=S.EXCEPTION, reason=Reason.DAMAGED, party=Party.CARRIER),
        ONWARD, OUT, HANDED,
    ),
    "lost": (
        *OUTBOUND,
        _step(60, "MIS", "Not found when the trailer was unloaded; a search has begun", GUANGZHOU,
              status=S.EXCEPTION, reason=Reason.DELAYED, party=Party.CARRIER),
        _step(180, "LST", "The search has ended: the parcel is lost", GUANGZHOU,
              status=S.LOST, reason=Reason.LOST, party=Party.CARRIER, is_physical=False),
    ),
    "refused": (
        *OUTBOUND, ONWARD, OUT,
        _step(48, "REF", "Refused by the recipient", SHENZHEN,
              status=S.ATTEMPT_FAILED, reason=Reason.REFUSED, party=Party.RECIPIENT),
        _step(70, "RTN", "On its way back to the sender", SHENZHEN,
              status=S.RETURNING, reason=Reason.REFUSED, party=Party.RECIPIENT),
    ),
    "returned": (
        *OUTBOUND, ONWARD, OUT,
        _step(48, "NAH", "Nobody answered the door", SHENZHEN,
              status=S.ATTEMPT_FAILED, reason=Reason.NOT_HOME, party=Party.RECIPIENT),
        _step(72, "ADR", "The address does not exist", SHENZHEN,
              status=S.EXCEPTION, reason=Reason.BAD_ADDRESS, party=Party.RECIPIENT),
        _step(96, "RTN", "On its way back to the sender", SHENZHEN,
              status=S.RETURNING, reason=Reason.BAD_ADDRESS, party=Party.RECIPIENT),
        _step(168, "RTD", "Handed back to the sender", HANGZHOU, status=S.RETURNED),
    ),
    "found_again": (
        *OUTBOUND,
        _step(180, "LST", "The search has ended: the parcel is lost", GUANGZHOU,
              status=S.LOST, reason=Reason.LOST, party=Party.CARRIER, is_physical=False),
        _step(230, "ARR", "Found and scanned at the sorting centre", "Foshan hub",
              status=S.IN_TRANSIT),
        _step(250, "OFD", "Out for delivery", SHENZHEN, status=S.OUT_FOR_DELIVERY),
        _step(254, "DLV", "Delivered to the recipient", SHENZHEN,
              status=S.DELIVERED, handed=Handed.RECIPIENT),
    ),
    "quiet": OUTBOUND,
    "crossing": (
        *TO_CUSTOMS,
        _step(66, "REL", "Released by customs", LOUISVILLE,
              status=S.CUSTOMS, is_physical=False, **_EAST),
        _step(69, "DEP", "Left the gateway", LOUISVILLE, status=S.IN_TRANSIT, **_EAST),
        _step(77, "ARR", "Arrived at the delivery depot", CHARLOTTE,
              status=S.IN_TRANSIT, **_EAST),
        _step(81, "OFD", "Out for delivery", CHARLOTTE, status=S.OUT_FOR_DELIVERY, **_EAST),
        _step(85, "DLV", "Left at the front door", CHARLOTTE,
              status=S.DELIVERED, handed=Handed.SAFE_PLACE, **_EAST),
    ),
    "held_by_customs": TO_CUSTOMS,
    "storm": (*OUTBOUND, ETA, ONWARD, OUT, HANDED),
}  # fmt: skip
"""Name -> its journey. The storm's journey is the delivered one; only its sending differs."""

COPIES = 3


def names() -> list[str]:
    """Return the names of the scenarios."""
    return list(SCENARIOS)


def script(name: str, *, number: str, start: datetime) -> list[tuple[datetime, bytes]]:
    """
    Return when to send which body; ``start`` is when the label was made.

    The storm sends everything at once, just after its last scan.

    :raises KeyError: if there is no such scenario.
    """
    steps = SCENARIOS[name]
    times = [start + timedelta(hours=step.hours) for step in steps]
    events = [step.event(number=number, at=at) for step, at in zip(steps, times, strict=True)]
    if name != "storm":
        return [(at, _body(number, event)) for at, event in zip(times, events, strict=True)]
    end = start + timedelta(hours=steps[-1].hours, minutes=1)
    bodies = [_body(number, event) for event in events for _ in range(COPIES)]
    bodies += [_body(number, *events), _body(number, *reversed(events))]
    # A stride that shares no factor with the count visits each body once, far from its neighbours.
    count = len(bodies)
    stride = next(step for step in range(count // 2 + 1, count) if math.gcd(step, count) == 1)
    return [
        (end + timedelta(milliseconds=20 * turn), bodies[turn * stride % count])
        for turn in range(count)
    ]


def unfold(
    name: str, *, number: str, start: datetime, now: datetime, pace: float = 1.0
) -> list[tuple[datetime, dict[str, Any]]]:
    """
    Return when the carrier's other side tells which event to whoever asks.

    What lies before ``now`` happened in its own time; from then on an hour takes the ``pace``-th
    part of one. The storm is a way of sending: asked about, it is the delivered journey.

    :raises KeyError: if there is no such scenario.
    """
    told = []
    for step in SCENARIOS[name]:
        at = start + timedelta(hours=step.hours)
        if at > now:
            at = now + (at - now) / pace
        told.append((at, step.event(number=number, at=at)))
    return told


def _body(number: str, *events: dict[str, Any]) -> bytes:
    parcel = {"number": number, "carrier": simulator.slug, "events": events}
    return orjson.dumps({"parcels": [parcel]})
