"""A wire in make-believe time: answers come in their order, and the clock jumps to the next."""

from __future__ import annotations

import heapq
import random
from array import array
from collections import Counter
from datetime import datetime, timedelta

from bench.fleet.carriers import Carrier
from tracking.scans import CarrierError, ErrorKind
from tracking.services.wires import Call, Heard

SLICE = timedelta(seconds=0.2)
"""Answers that come this close together are handed over together."""


class Virtual:
    """What `asking` talks through: carriers that answer at once and clocks that say otherwise."""

    def __init__(self, carriers: dict[int, Carrier], *, begins: datetime, seed: int) -> None:
        self.carriers = carriers
        self.clock = begins
        self.lags: dict[int, dict[bool, array[float]]] = {
            key: {True: array("d"), False: array("d")} for key in carriers
        }
        """Connection -> due or asked in the bad days or not -> seconds between, one a number."""
        self._busy: Counter[int] = Counter()
        self._heap: list[tuple[datetime, int, Call, Heard]] = []
        self._count = 0
        self._dice = random.Random(seed)

    def now(self) -> datetime:
        """Return the time."""
        return self.clock

    def send(self, call: Call) -> None:
        """Let a call travel to its carrier, and its answer back."""
        key = call.line.connection_id
        carrier = self.carriers[key]
        arrives = self.clock + timedelta(seconds=self._dice.uniform(0.01, 0.12))
        took, heard = carrier.answer(call.request, arrives)
        low, high = carrier.bad
        for row in call.rows:
            was_bad = row.due_at < high and self.clock >= low
            self.lags[key][was_bad].append((self.clock - row.due_at).total_seconds())
        self._busy[key] += 1
        self._count += 1
        heapq.heappush(self._heap, (arrives + took, self._count, call, heard))

    def busy(self, connection_id: int | None = None) -> int:
        """Count the calls under way, of one connection or of all."""
        return len(self._heap) if connection_id is None else self._busy[connection_id]

    def wait(self, seconds: float) -> list[tuple[Call, Heard]]:
        """Jump to the next answers, or as far as we would wait."""
        until = self.clock + timedelta(seconds=seconds)
        if not self._heap or self._heap[0][0] > until:
            self.clock = until
            return []
        last = max(self._heap[0][0], self.clock) + SLICE
        heard = []
        while self._heap and self._heap[0][0] <= last:
            at, _count, call, answer = heapq.heappop(self._heap)
            self.clock = max(self.clock, at)
            self._busy[call.line.connection_id] -= 1
            heard.append((call, answer))
        return heard

    def abandon(self) -> list[tuple[Call, Heard]]:
        """Give up what is still under way."""
        error = CarrierError(kind=ErrorKind.TRANSIENT, message="no answer")
        given_up = [(call, Heard(error=error)) for _at, _count, call, _heard in self._heap]
        self._heap.clear()
        self._busy.clear()
        return given_up

    def close(self) -> None:
        """Let go of nothing."""
