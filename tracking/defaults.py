"""
The thresholds every installation starts with, as migration 0005 lays them down.

Staff change them in the admin; a row for a lane or a carrier overrules the general one.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from tracking.states import Anchor, AnomalyKind, Lane, Unit

K, A, L, U = AnomalyKind, Anchor, Lane, Unit


class Step(NamedTuple):
    """One step of one kind's ladder."""

    kind: str
    lane: str
    level: int
    anchor: str
    amount: int
    unit: str
    severity: int
    tells_shopper: bool = False
    asks_carrier: bool = False
    quiet_days: int = 0


BOTH = {"tells_shopper": True, "asks_carrier": True}
ANSWER = 5
"""Working days in which a carrier answers an inquiry."""


def _lost(lane: str, *, seen: int, unseen: int) -> tuple[Step, ...]:
    """Return the ladder for what nobody has seen for so many working days."""
    kind, days = K.SUSPECTED_LOST, U.BUSINESS_DAYS
    return (
        Step(kind, lane, 1, A.SCAN, seen, days, 2, **BOTH),
        Step(kind, lane, 1, A.SHIPPED, unseen, days, 2, **BOTH),
        Step(kind, lane, 2, A.SCAN, seen + ANSWER, days, 1),
        Step(kind, lane, 2, A.SHIPPED, unseen + ANSWER, days, 1),
    )


STEPS = (
    Step(K.NO_FIRST_SCAN, "", 1, A.SHIPPED, 48, U.HOURS, 4),
    Step(K.NO_FIRST_SCAN, "", 2, A.SHIPPED, 72, U.HOURS, 3, tells_shopper=True),
    Step(K.NO_FIRST_SCAN, "", 3, A.SHIPPED, 5, U.BUSINESS_DAYS, 2, asks_carrier=True),
    Step(K.STALLED, L.DOMESTIC, 1, A.SCAN, 3, U.BUSINESS_DAYS, 3, tells_shopper=True),
    Step(K.STALLED, L.DOMESTIC, 2, A.SCAN, 5, U.BUSINESS_DAYS, 2),
    Step(K.STALLED, L.CROSS_BORDER, 1, A.SCAN, 7, U.BUSINESS_DAYS, 3, tells_shopper=True),
    Step(K.STALLED, L.CROSS_BORDER, 2, A.SCAN, 14, U.BUSINESS_DAYS, 2),
    Step(K.STALLED, L.POSTAL, 1, A.SCAN, 10, U.BUSINESS_DAYS, 3, tells_shopper=True),
    Step(K.STALLED, L.POSTAL, 2, A.SCAN, 20, U.BUSINESS_DAYS, 2),
    Step(K.PAST_ETA, "", 1, A.EXPECTED, 24, U.HOURS, 3, tells_shopper=True),
    Step(K.PAST_ETA, "", 1, A.PROMISED, 0, U.HOURS, 3, tells_shopper=True),
    Step(K.PAST_ETA, "", 2, A.PROMISED, 3, U.BUSINESS_DAYS, 2),
    Step(K.CUSTOMS_STUCK, "", 1, A.STATUS, 5, U.BUSINESS_DAYS, 3, tells_shopper=True),
    Step(K.CUSTOMS_STUCK, "", 2, A.STATUS, 10, U.BUSINESS_DAYS, 2, asks_carrier=True),
    Step(K.PICKUP_EXPIRING, "", 1, A.PICKUP_ENDS, 2, U.DAYS, 3, tells_shopper=True),
    Step(K.PICKUP_EXPIRING, "", 2, A.PICKUP_ENDS, 0, U.DAYS, 2),
    Step(K.ATTEMPTS_EXHAUSTED, "", 1, A.ATTEMPTS, 3, U.COUNT, 2, tells_shopper=True),
    *_lost(L.DOMESTIC, seen=7, unseen=10),
    Step(K.SUSPECTED_LOST, L.DOMESTIC, 1, A.EXPECTED, 5, U.BUSINESS_DAYS, 2, quiet_days=3, **BOTH),
    *_lost(L.CROSS_BORDER, seen=20, unseen=20),
    *_lost(L.POSTAL, seen=30, unseen=30),
    Step(K.UNTRACKABLE, "", 1, A.SHIPPED, 24, U.HOURS, 3),
    Step(K.EXPIRED, "", 1, A.SCAN, 60, U.DAYS, 4),
    Step(K.EXPIRED, "", 1, A.SHIPPED, 90, U.DAYS, 4),
    Step(K.NOT_SHIPPED, "", 1, A.PLACED, 2, U.BUSINESS_DAYS, 3, tells_shopper=True),
    Step(K.NOT_SHIPPED, "", 2, A.PLACED, 5, U.BUSINESS_DAYS, 2),
    Step(K.OUT_OF_STOCK, "", 1, A.REPORTED, 0, U.HOURS, 3, tells_shopper=True),
    Step(K.OUT_OF_STOCK, "", 2, A.REPORTED, 3, U.BUSINESS_DAYS, 2),
    Step(K.WRONG_ITEM, "", 1, A.REPORTED, 0, U.HOURS, 3, tells_shopper=True),
    Step(K.WRONG_ITEM, "", 2, A.REPORTED, 2, U.BUSINESS_DAYS, 2),
)
"""Handling time, patience with each lane, when a parcel is taken for lost, when we stop looking."""


class Apps(Protocol):
    """A registry of models: today's, or a migration's."""

    def get_model(self, app_label: str, model_name: str) -> Any:
        """Return a model class."""


def install(apps: Apps) -> None:
    """Lay down the steps that are not there; what staff have changed stays."""
    threshold = apps.get_model("tracking", "Threshold")
    threshold.objects.bulk_create(
        [threshold(**step._asdict(), carrier=None, is_active=True) for step in STEPS],
        ignore_conflicts=True,
    )


def remove(apps: Apps) -> None:
    """Take all thresholds away, as before there were any."""
    apps.get_model("tracking", "Threshold").objects.all().delete()
