"""The sums by which carriers guard their numbers against a slip of the pen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Check(NamedTuple):
    """A rule: does the check character fit the serial, and how often would a random one."""

    fits: Callable[[str, str], bool]
    odds: float


def mod10(*, evens: int, odds: int, is_reversed: bool = False) -> Check:
    """
    Return the weighted sum that the check digit rounds up to tens.

    ``evens`` weighs the places 0, 2, 4, ... counted from 0. A letter counts as UPS counts it: A is
    2, B is 3, and so on round the ten digits.
    """

    def fits(serial: str, check: str) -> bool:
        ordered = reversed(serial) if is_reversed else serial
        total = sum(
            (int(one) if one.isdigit() else (ord(one) - 3) % 10) * (odds if place % 2 else evens)
            for place, one in enumerate(ordered)
        )
        return -total % 10 == int(check)

    return Check(fits, 0.1)


def weighted(weights: Sequence[int], *, first: int, second: int) -> Check:
    """Return the sum of digits times weights, taken modulo one number and then another."""

    def fits(serial: str, check: str) -> bool:
        total = sum(int(one) * weight for one, weight in zip(serial, weights, strict=True))
        return total % first % second == int(check)

    return Check(fits, 0.1)


def _luhn(serial: str, check: str) -> bool:
    doubled = (int(one) * (2 - place % 2) for place, one in enumerate(reversed(serial)))
    return -sum(two - 9 if two > 9 else two for two in doubled) % 10 == int(check)


def _mod7(serial: str, check: str) -> bool:
    return int(serial) % 7 == int(check)


def _s10(serial: str, check: str) -> bool:
    weights = (8, 6, 4, 2, 3, 5, 9, 7)
    rest = 11 - sum(int(one) * weight for one, weight in zip(serial, weights, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest) == int(check)


def _mod_37_36(serial: str, check: str) -> bool:
    """ISO 7064, MOD 37,36, as DPD's label specification has it."""
    rest = 36
    for one in serial:
        rest = (rest + ALPHABET.index(one)) % 36 or 36
        rest = rest * 2 % 37
    return ALPHABET[(37 - rest) % 36] == check


LUHN = Check(_luhn, 0.1)
MOD7 = Check(_mod7, 0.1)
S10 = Check(_s10, 0.1)
MOD_37_36 = Check(_mod_37_36, 1 / 36)
