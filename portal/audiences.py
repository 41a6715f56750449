"""Who may use which address. A route that is not in this table fails the house tests."""

from __future__ import annotations

from enum import StrEnum


class Audience(StrEnum):
    """The least a visitor must be."""

    ANYONE = "anyone"
    """Open; what is shown may still depend on the assurance level."""
    SHOPPER = "shopper"
    """Signed in; sees only their own."""
    STAFF = "staff"
    """May open the admin; the view asks for its own permission."""
    MACHINE = "machine"
    """Carries a bearer token with the right scope."""
    SEALED = "sealed"
    """A carrier or provider that proves itself by its seal."""
    DEVELOPER = "developer"
    """Exists only while DEBUG is on."""


ROUTES: dict[str, Audience] = {
    # pages: the way in, the brand, standing pages, journeys
    "home": Audience.ANYONE,
    "brand": Audience.ANYONE,
    "language": Audience.ANYONE,
    "robots": Audience.ANYONE,
    "help": Audience.ANYONE,
    "how": Audience.ANYONE,
    "privacy": Audience.ANYONE,
    "track": Audience.ANYONE,
    "track-sheet": Audience.ANYONE,
    "track-open": Audience.ANYONE,
    "track-code": Audience.ANYONE,
    "keep-posted": Audience.ANYONE,
}
"""URL name (with its namespace) -> audience; ``admin:*`` covers a whole namespace."""


def audience(name: str) -> Audience | None:
    """Return who may use the route of this name, or None if nobody declared it."""
    namespace, colon, _ = name.partition(":")
    return ROUTES.get(name) or (ROUTES.get(f"{namespace}:*") if colon else None)
