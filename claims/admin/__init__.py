"""The desk: claims to decide, money to watch, rules to read."""

from claims.admin import (
    approving,
    canned,
    claims,
    clocks,
    contracts,
    filing,
    photos,
    policies,
    ratings,
    records,
    risk,
    standing_in,
    talk,
)

__all__ = [
    "approving",
    "canned",
    "claims",
    "clocks",
    "contracts",
    "filing",
    "photos",
    "policies",
    "ratings",
    "records",
    "risk",
    "standing_in",
    "talk",
]
