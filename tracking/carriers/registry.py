"""Which carriers we speak to: one line each."""

from __future__ import annotations

from tracking.carriers import (
    aftership,
    canadapost,
    dhl,
    easypost,
    fedex,
    generic,
    kuaidi100,
    royalmail,
    sf,
    ship24,
    simulator,
    track17,
    ups,
    usps,
)
from tracking.carriers.base import Adapter

ADAPTERS: dict[str, Adapter] = {
    aftership.slug: aftership,
    canadapost.slug: canadapost,
    dhl.slug: dhl,
    easypost.slug: easypost,
    fedex.slug: fedex,
    generic.slug: generic,
    kuaidi100.slug: kuaidi100,
    royalmail.slug: royalmail,
    sf.slug: sf,
    ship24.slug: ship24,
    simulator.slug: simulator,
    track17.slug: track17,
    ups.slug: ups,
    usps.slug: usps,
}


ALIASES = {
    "dhl_express": "dhl",
    "dhl_unified": "dhl",
    "dhl_universal": "dhl",
    "sf_express": "sf",
    "canada_post": "canadapost",
    "royal_mail": "royalmail",
    "17tracking": "17track",
    "track17": "17track",
}
"""Other names that people and their scripts call an adapter by."""


def get(slug: str) -> Adapter:
    """
    Return the adapter of that name or alias.

    :raises KeyError: if there is none.
    """
    return ADAPTERS[ALIASES.get(slug, slug)]


def slugs() -> list[str]:
    """Return the names of all adapters, in order."""
    return sorted(ADAPTERS)
