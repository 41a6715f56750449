"""Five carriers with their published quotas, their own ledgers, and a bad week for four of them."""

from __future__ import annotations

import random
from array import array
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from tracking.carriers import generic
from tracking.carriers.base import Answer, Ask, Capabilities, HttpRequest, Quota
from tracking.scans import CarrierError, ErrorKind, Reading
from tracking.services.wires import Heard

BEGINS = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMEOUT = timedelta(seconds=13)
"""When our client gives up on a carrier that hangs."""


class Adapter:
    """A carrier of the fleet: it is asked about many numbers at once in the generic format."""

    VERSION = 1

    def __init__(self, slug: str, **capabilities: Any) -> None:
        self.slug = slug
        self.capabilities = Capabilities(
            has_push=False, credentials=("key",), has_event_id=True, gives_offset=True,
            **capabilities,
        )  # fmt: skip

    def verify(
        self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
    ) -> str | None:
        """Refuse: nothing is pushed."""
        return "this carrier does not push"

    def fault(self, body: bytes) -> str | None:
        """Say why a body cannot be read."""
        return generic.fault(body)

    def parse(self, body: bytes) -> Reading:
        """Read an answer."""
        return generic.parse(body)

    def parse_push(self, body: bytes) -> Reading:
        """Read an answer."""
        return generic.parse(body)

    def acknowledge(self, ok: bool) -> Answer:  # noqa: FBT001
        """Say what the generic format says."""
        return generic.acknowledge(ok)

    def build_requests(
        self, asks: Sequence[Ask], settings: Mapping[str, Any]
    ) -> Sequence[HttpRequest]:
        """Return one call for so many numbers as the carrier takes."""
        size = self.capabilities.batch_max
        return [
            HttpRequest(
                method="POST",
                url=f"https://{self.slug}.example/track",
                body=b"\n".join(ask.number.encode() for ask in asks[at : at + size]),
            )
            for at in range(0, len(asks), size)
        ]


def adapters() -> dict[str, Adapter]:
    """Return the five, with what their real namesakes publish."""
    five = (
        Adapter("fleet-fedex", batch_max=30, quotas=(Quota(1400, 10), Quota(500_000, 86_400)),
                min_poll_interval=timedelta(minutes=15)),
        Adapter("fleet-17track", batch_max=40, quotas=(Quota(3, 1),),
                min_poll_interval=timedelta(minutes=15)),
        Adapter("fleet-kuaidi100", min_poll_interval=timedelta(minutes=30)),
        Adapter("fleet-dhl", quotas=(Quota(1, 1), Quota(250, 86_400)), max_polls_a_day=10,
                min_poll_interval=timedelta(minutes=15), first_poll_after=timedelta(minutes=30)),
        Adapter("fleet-usps", quotas=(Quota(60, 3600),), min_poll_interval=timedelta(minutes=15)),
    )  # fmt: skip
    return {one.slug: one for one in five}


SHARES = {
    "fleet-fedex": 0.5444, "fleet-17track": 0.438, "fleet-kuaidi100": 0.01, "fleet-usps": 0.006,
    "fleet-dhl": 0.0016,
}  # fmt: skip
"""Who carries how much; DHL's starter quota is enough for some hundred parcels."""
FAULTS = {
    "fleet-kuaidi100": "hangs", "fleet-usps": "fails", "fleet-17track": "limits",
    "fleet-dhl": "babbles",
}  # fmt: skip


@dataclass(slots=True)
class Journey:
    """One parcel's truth: what its carrier could tell at each moment."""

    number: str
    shipped_at: datetime
    times: list[datetime]
    statuses: list[str]
    eta: datetime
    told: int = 0
    """How many events an answer of ours has held so far."""
    asked: array[float] = field(default_factory=lambda: array("d"))
    """Seconds since the beginning of each question, by the carrier's ledger."""

    def say(self, known: int) -> bytes:
        """Return what its carrier says after so many events, as JSON."""
        events = [
            {"id": f"{self.number}-{place}", "occurred_at": when, "status": status}
            for place, (when, status) in enumerate(
                zip(self.times[:known], self.statuses[:known], strict=True)
            )
        ]
        told: dict[str, Any] = {"number": self.number, "events": events}
        if 3 <= known < len(self.times):
            told["eta"] = {"from": self.eta - 12 * HOUR, "to": self.eta}
        return orjson.dumps(told)


def journey(number: str, shipped_at: datetime, dice: random.Random) -> Journey:
    """Make up one parcel's way: three to seven scans in transit, delivered on a morning."""
    at = shipped_at + timedelta(hours=dice.uniform(1, 8))
    steps: list[tuple[datetime, str]] = [(at, "info_received")]
    at += timedelta(hours=dice.uniform(2, 10))
    steps.append((at, "picked_up"))
    for _scan in range(dice.randint(2, 5)):
        at += timedelta(hours=dice.uniform(4, 22))
        steps.append((at, "in_transit"))
    if dice.random() < 0.04:
        at += timedelta(hours=dice.uniform(2, 20))
        steps.append((at, "exception"))
    morning = (at + DAY).replace(hour=8, minute=0) + timedelta(minutes=dice.uniform(0, 90))
    steps.append((morning, "out_for_delivery"))
    steps.append((morning + timedelta(hours=dice.uniform(0.5, 9)), "delivered"))
    times, statuses = [when for when, _status in steps], [status for _when, status in steps]
    return Journey(number, shipped_at, times, statuses, morning + 12 * HOUR)


class Window:
    """The carrier's own count of one limit, in every window that ends with a call."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.breaches = 0
        self.most = 0
        self._calls: deque[float] = deque()

    def count(self, at: float) -> None:
        """Count one call at ``at`` seconds."""
        self._calls.append(at)
        while self._calls[0] <= at - self.quota.seconds:
            self._calls.popleft()
        self.most = max(self.most, len(self._calls))
        self.breaches += len(self._calls) > self.quota.limit


class Carrier:
    """One carrier: what it knows, what it counts, and how it misbehaves."""

    def __init__(
        self, adapter: Adapter, *, fault: str, bad: tuple[datetime, datetime], seed: int
    ) -> None:
        self.adapter = adapter
        self.fault, self.bad = fault, bad
        self.journeys: dict[str, Journey] = {}
        self.windows = [Window(quota) for quota in adapter.capabilities.quotas]
        self.calls = 0
        self.asked = 0
        self.too_soon = 0
        """Questions about a number sooner than the carrier allows."""
        self.too_often = 0
        """Questions about a number above its share of a day."""
        self.fresh: dict[str, Journey] = {}
        """Journeys of which something new was told since somebody last took them."""
        self.ages: dict[bool, array[float]] = {True: array("d"), False: array("d")}
        """In the bad days or not -> seconds between an event and the answer that told it."""
        self._per_day: Counter[tuple[str, int]] = Counter()
        self._dice = random.Random(seed)

    def is_bad(self, at: datetime) -> bool:
        """Test whether it has its bad days."""
        return bool(self.fault) and self.bad[0] <= at < self.bad[1]

    def answer(self, request: HttpRequest, at: datetime) -> tuple[timedelta, Heard]:
        """Count a call that arrives at ``at``, and say what comes back and how long it takes."""
        seconds = (at - BEGINS).total_seconds()
        numbers = request.body.decode().split("\n")
        self.calls += 1
        for window in self.windows:
            window.count(seconds)
        is_served = True
        if self.is_bad(at):
            took, heard, is_served = self._misbehave()
        for number in numbers:
            self._count(number, seconds, is_served=is_served)
        if is_served and not self.is_bad(at):
            took = timedelta(seconds=self._dice.uniform(0.08, 0.6))
            heard = Heard(200, {"content-type": "application/json"}, self._say(numbers, at))
        return took, heard

    def _count(self, number: str, seconds: float, *, is_served: bool) -> None:
        journey = self.journeys[number]
        self.asked += 1
        wants = self.adapter.capabilities
        if is_served and journey.asked:
            self.too_soon += seconds - journey.asked[-1] < wants.min_poll_interval.total_seconds()
        if is_served:
            journey.asked.append(seconds)
        if wants.max_polls_a_day:
            day = number, int(seconds // 86_400)
            self._per_day[day] += 1
            self.too_often += self._per_day[day] > wants.max_polls_a_day

    def _misbehave(self) -> tuple[timedelta, Heard, bool]:
        """Return what comes back on a bad day, and whether it counts as an answer given."""
        if self.fault == "hangs":
            error = CarrierError(kind=ErrorKind.TRANSIENT, message="no answer (ReadTimeout)")
            return TIMEOUT, Heard(seconds=13, error=error), True
        if self.fault == "fails":
            return timedelta(seconds=0.2), Heard(503, {}, b"oops"), False
        if self.fault == "limits":
            return timedelta(seconds=0.1), Heard(429, {"retry-after": "90"}, b"slow down"), False
        body = b'{"parcels": [{"num' if self._dice.random() < 0.5 else b"<html>We moved</html>"
        return timedelta(seconds=0.3), Heard(200, {}, body), True

    def _say(self, numbers: Sequence[str], at: datetime) -> bytes:
        parcels, errors = [], []
        for number in numbers:
            journey = self.journeys[number]
            known = sum(when <= at for when in journey.times)
            if not known:
                errors.append(
                    b'{"number":"%s","kind":"not_found","message":"Unknown."}' % number.encode()
                )
                continue
            parcels.append(journey.say(known))
            for when in journey.times[journey.told : known]:
                self.ages[self._was_bad(when, at)].append((at - when).total_seconds())
            if known > journey.told:
                journey.told = known
                self.fresh[number] = journey
        return b'{"parcels":[' + b",".join(parcels) + b'],"errors":[' + b",".join(errors) + b"]}"

    def _was_bad(self, when: datetime, at: datetime) -> bool:
        return when < self.bad[1] and at >= self.bad[0]


def people(*, parcels: int, days: int, seed: int) -> dict[str, list[Journey]]:
    """Make up the fleet's parcels by carrier, shipped evenly over all days but the last two."""
    dice = random.Random(seed)
    made: dict[str, list[Journey]] = {}
    for slug, share in SHARES.items():
        count = max(3, round(parcels * share))
        prefix = slug.removeprefix("fleet-").upper()
        made[slug] = [
            journey(
                f"{prefix}{place:07}",
                BEGINS + timedelta(days=dice.uniform(0, max(days - 2, 0.5))),
                dice,
            )
            for place in range(count)
        ]
    return made
