"""Where couriers are at home, who of them is a post, and on which days they work."""

from __future__ import annotations

import functools

from babel.core import get_global

from tracking.calendars import EVERY_DAY, usual_weekdays

POSTS = frozenset(
    {
        "anpost", "auspost", "austrianpost", "bpost", "canadapost", "chinapost", "chunghwapost",
        "correios", "correos", "correosmexico", "ctt", "czechpost", "elta", "emiratespost", "ems",
        "hongkongpost", "indiapost", "israelpost", "japanpost", "koreapost", "laposte",
        "magyarposta", "nzpost", "parcelforce", "phlpost", "polishpost", "posindonesia",
        "posmalaysia", "posteitaliane", "posten", "posti", "postnl", "postnord", "ptt",
        "romanianpost", "royalmail", "russianpost", "saudipost", "singpost", "swisspost",
        "thailandpost", "ukrposhta", "upu", "usps", "vnpost",
    }
)  # fmt: skip
"""Slugs of the posts, who hand parcels to each other across borders and take their time."""

WEEKDAYS = {"CN": EVERY_DAY, "HK": EVERY_DAY, "TW": EVERY_DAY}
"""Countries whose couriers work on more days than offices do."""


def country(zone: str) -> str:
    """Return the country a time zone lies in, empty if it lies in none."""
    return str(get_global("zone_territories").get(zone, ""))


@functools.cache
def weekdays(country: str) -> str:
    """Return the days on which couriers of a country work, as ISO digits."""
    return WEEKDAYS.get(country) or usual_weekdays(country)


MAIN_ZONES = {
    "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto",
    "CN": "Asia/Shanghai", "ES": "Europe/Madrid", "ID": "Asia/Jakarta", "KZ": "Asia/Almaty",
    "MX": "America/Mexico_City", "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow", "US": "America/Chicago",
}  # fmt: skip
"""Where most people live in countries with several zones."""


@functools.cache
def zone(country: str, *, carrier_zone: str = "UTC") -> str:
    """Return the time zone that most likely holds in a country, the carrier's if none is named."""
    zones = get_global("territory_zones").get(country.upper(), ())
    return MAIN_ZONES.get(country.upper()) or str(zones[0] if zones else carrier_zone)
