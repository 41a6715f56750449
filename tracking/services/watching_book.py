"""What watching goes by: thresholds, declared disruptions, and who works when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from tracking import calendars, troubles
from tracking.calendars import Calendar
from tracking.carriers import homes
from tracking.services import watching_rows as store
from tracking.services.watching_rows import Home
from tracking.states import AnomalyKind, Party
from tracking.troubles import Floors, Rule, Rules, Window

K = AnomalyKind

GRACE = timedelta(hours=12)
"""How long a line that came back takes until everything has been asked about again."""

PARTIES = {
    K.CUSTOMS_STUCK: Party.CUSTOMS,
    K.PICKUP_EXPIRING: Party.RECIPIENT,
    K.ATTEMPTS_EXHAUSTED: Party.RECIPIENT,
    K.UNTRACKABLE: Party.UNKNOWN,
    K.EXPIRED: Party.UNKNOWN,
    K.OUT_OF_STOCK: Party.MERCHANT,
    K.WRONG_ITEM: Party.MERCHANT,
    K.NOT_SHIPPED: Party.MERCHANT,
}
"""Who usually answers for a kind; for the others the carrier does."""


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that looking goes by, read once a batch."""

    rules: Sequence[Rule]
    windows: Sequence[Window]
    homes: Mapping[int, Home]
    deaf: Mapping[int, datetime]
    """Connection -> since when nobody can be asked there: silence after that says nothing."""
    chosen: dict[tuple[str, int], tuple[Rules, Floors]] = field(default_factory=dict)

    @classmethod
    def read(cls, *, now: datetime) -> Book:
        """Read thresholds, disruptions, carriers and how the lines stand."""
        return cls(
            rules=store.rules(),
            windows=store.windows(),
            homes={home.id: home for home in store.homes()},
            deaf=store.deaf(now=now, grace=GRACE),
        )

    def ladder(self, lane: str, carrier_id: int) -> tuple[Rules, Floors]:
        """Return the rules of one lane and carrier, and the least that must pass for any."""
        key = lane, carrier_id
        if key not in self.chosen:
            rules = troubles.choose(self.rules, lane=lane, carrier_id=carrier_id)
            self.chosen[key] = rules, troubles.floors(rules)
        return self.chosen[key]

    def calendar(self, carrier_id: int) -> Calendar:
        """Return the working days of a carrier."""
        home = self.homes[carrier_id]
        country = self.country(carrier_id)
        return calendars.calendar(
            zone=home.zone,
            weekdays=home.weekdays or homes.weekdays(calendars.known(country)[0]),
            country=country,
            subdivision=home.subdivision,
        )

    def country(self, carrier_id: int) -> str:
        """Return where a carrier is at home."""
        home = self.homes[carrier_id]
        return home.country or homes.country(home.zone)

    def is_postal(self, carrier_id: int) -> bool:
        """Test whether a carrier is a post."""
        home = self.homes[carrier_id]
        return home.slug in homes.POSTS if home.is_postal is None else home.is_postal


def own_calendar() -> Calendar:
    """Return the merchant's own working days."""
    return calendars.calendar(
        zone=settings.TIME_ZONE,
        weekdays=settings.HOME_WEEKDAYS,
        country=settings.HOME_COUNTRY,
        subdivision=settings.HOME_SUBDIVISION,
    )
