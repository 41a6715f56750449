"""What we know of one way of numbering parcels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracking.recognition.checksums import Check

LEADING = 1.0
"""On a good part of the world's parcels."""
USUAL = 0.3
MINOR = 0.1
RARE = 0.02
"""A small carrier, or a form seldom seen."""
SELDOM = 0.005
"""Freight, and forms that carriers publish without using them much."""
RETIRED = 0.002
"""No longer given out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """
    One way in which a carrier numbers parcels.

    ``pattern`` meets the whole number, in capitals and without anything between. Its groups
    ``serial`` and ``check`` go to ``check``. ``chance`` is the part of random numbers of the same
    shape (a letter for each letter, a digit for each digit) that the pattern lets pass: tests
    measure it. ``share`` says how common such numbers are, against the commonest.
    """

    name: str
    carrier: str
    pattern: str
    chance: float
    share: float
    check: Check | None = None
    is_check_shared: bool = False
    """Several carriers use the same sum, so that it comes out right says nothing of whose it is."""
    prepend: str = ""
    """Put before a serial that does not begin with it, before the sum is taken."""
    courier: Callable[[str], str | None] | None = None
    """Finds the carrier in the number itself; None when it is of no carrier."""
