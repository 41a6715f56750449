"""Which carriers we speak to: one line each."""

from __future__ import annotations

from tracking.carriers import canadapost, fedex, generic, kuaidi100, simulator, ups
from tracking.carriers.base import Adapter

ADAPTERS: dict[str, Adapter] = {
    canadapost.slug: canadapost,
    fedex.slug: fedex,
    generic.slug: generic,
    kuaidi100.slug: kuaidi100,
    simulator.slug: simulator,
    ups.slug: ups,
}


ALIASES = {
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
