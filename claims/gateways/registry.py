"""Gateways by name."""

from __future__ import annotations

from claims.gateways import sandbox
from claims.gateways.base import Gateway


def get(slug: str) -> Gateway:
    """
    Return the gateway of this name.

    :raises KeyError: if there is none.
    """
    return {sandbox.SLUG: sandbox.SandboxBank}[slug]()
