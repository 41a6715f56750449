"""Which carriers we speak to: one line each."""

from __future__ import annotations

from tracking.carriers import generic, kuaidi100, simulator, ups
from tracking.carriers.base import Adapter

ADAPTERS: dict[str, Adapter] = {
    generic.slug: generic,
    kuaidi100.slug: kuaidi100,
    simulator.slug: simulator,
    ups.slug: ups,
}


def get(slug: str) -> Adapter:
    """
    Return the adapter of that name.

    :raises KeyError: if there is none.
    """
    return ADAPTERS[slug]


def slugs() -> list[str]:
    """Return the names of all adapters, in order."""
    return sorted(ADAPTERS)
