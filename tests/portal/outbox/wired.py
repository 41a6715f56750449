"""A nervous system of our own: two events and reactions that do as they are told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from portal.lib.events import DomainEvent
from portal.outbox.models import Event
from portal.outbox.routes import Routes

seen: Counter[int] = Counter()
running: Counter[int] = Counter()
overlaps: list[int] = []
_guard = threading.Lock()


class Spoiled(Exception):
    """The poison speaks."""


@dataclass(frozen=True, kw_only=True)
class ParcelFell(DomainEvent):
    name: ClassVar[str] = "test.parcel_fell"
    number: str


@dataclass(frozen=True, kw_only=True)
class ParcelRose(DomainEvent):
    name: ClassVar[str] = "test.parcel_rose"
    number: str


def notice(event: Event) -> None:
    number = event.payload["number"]
    with _guard:
        running[event.pk] += 1
        if running[event.pk] > 1:
            overlaps.append(event.pk)
    if number.startswith("slow"):
        time.sleep(float(number.removeprefix("slow")))
    with _guard:
        running[event.pk] -= 1
        seen[event.pk] += 1
    if number == "poison":
        raise Spoiled("this parcel is cursed")


def cheer(event: Event) -> None:
    seen[-event.pk] += 1


ROUTES: Routes = {ParcelFell: (notice,), ParcelRose: (notice, cheer)}


def forget() -> None:
    seen.clear()
    running.clear()
    overlaps.clear()
