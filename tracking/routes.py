"""Who carries from where to where, and which other parcels go alike."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from tracking import calendars
from tracking.calendars import EVERY_DAY, Calendar

RESTLESS = frozenset({"CN", "HK", "MO", "TW"})
"""Countries whose couriers work every day of the year."""


class Level(models.TextChoices):
    """How alike the parcels of a group are, the most alike first."""

    AREAS = "areas", _("Carrier, area to area")
    REGIONS = "regions", _("Carrier, region to region")
    DESTINATION = "destination", _("Carrier, country to region")
    COUNTRIES = "countries", _("Carrier, country to country")
    CARRIER = "carrier", _("Carrier")
    ALL = "all", _("All parcels")


_PRECISION = {
    "AU": (1, 2), "BR": (1, 2), "CA": (1, 3), "CN": (2, 4), "DE": (1, 2), "ES": (2, 3),
    "FR": (2, 3), "IN": (2, 3), "IT": (2, 3), "JP": (2, 3), "MX": (2, 3), "US": (1, 3),
}  # fmt: skip
"""Country -> how much of a postcode names a region, and an area in it."""
_USUAL = (1, 2)


class Place(NamedTuple):
    """A country, a region of it and an area of that; what is not known is empty."""

    country: str = ""
    region: str = ""
    area: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.country, self.area or self.region)))


class Route(NamedTuple):
    """Who carries from where to where."""

    carrier: str
    origin: Place
    destination: Place


class Group(NamedTuple):
    """Parcels that go alike."""

    level: Level
    key: str


def place(country: str, postcode: str = "") -> Place:
    """Return the place a country and postcode name; neither says where anybody lives."""
    code = "".join(filter(str.isalnum, postcode)).upper()
    if not country or not code:
        return Place(country)
    if country == "GB":  # EH1 2NG: the letters are the region, the outward code the area
        letters = re.match(r"[A-Z]*", code)
        return Place(country, letters.group() if letters else "", code[:-3] or code)
    region, area = _PRECISION.get(country, _USUAL)
    return Place(country, code[:region], code[:area])


@functools.lru_cache(maxsize=1024)
def calendar_of(country: str, zone: str) -> Calendar:
    """
    Return when couriers of a country work: not on its public holidays nor its day of rest.

    They do work on the lesser day of a weekend, and in some countries on every day.
    """
    if country in RESTLESS:
        return calendars.calendar(zone=zone, weekdays=EVERY_DAY)
    weekend = set(EVERY_DAY) - set(calendars.usual_weekdays(calendars.known(country)[0]))
    rest = next((day for day in "75" if day in weekend), "")
    working = EVERY_DAY.replace(rest, "") if rest else "".join(sorted(set(EVERY_DAY) - weekend))
    return calendars.calendar(zone=zone, weekdays=working, country=country)


def groups(route: Route) -> Iterator[Group]:
    """Return the groups a parcel belongs to, the narrowest first."""
    carrier, origin, destination = route
    start, end = origin.country, f"{destination.country}-{destination.region}"
    if destination.area:
        yield Group(Level.AREAS, f"{carrier} {origin}>{destination}")
    if destination.region and origin.region:
        yield Group(Level.REGIONS, f"{carrier} {start}-{origin.region}>{end}")
    if destination.region:
        yield Group(Level.DESTINATION, f"{carrier} {start}>{end}")
    if destination.country:
        yield Group(Level.COUNTRIES, f"{carrier} {start}>{destination.country}")
    yield Group(Level.CARRIER, carrier)
    yield Group(Level.ALL, "")
