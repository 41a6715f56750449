"""Tell by their details whether two pictures show the same, one perhaps cropped or turned."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

DETAIL = struct.Struct(">qHHBB")
NEAR = 20
"""Two details differ in at most so many of 64 bits."""
WEIGHT = 24
"""An agreeing pair of details counts as this less the bits in which they differ."""
TRIES = 24
"""So many of the closest pairs are tried as the way one picture lies on the other."""
_TURN, _SCALE, _OFF, _OFF_SHARE, _SAME_PLACE = 0.3, 1.25, 0.04, 0.12, 0.03
_WORD = (1 << 64) - 1

# The frequencies whose sign turns when a picture is mirrored top to bottom: those odd down.
# The same order as in ``images_details``; a test holds the two together.
MIRROR = 0
for _u, _v in sorted(
    ((u, v) for u in range(9) for v in range(9) if (u, v) not in {(0, 0), (1, 0)}),
    key=lambda pair: (pair[0] ** 2 + pair[1] ** 2, pair),
)[:64]:
    MIRROR = MIRROR << 1 | _v % 2


class Detail(NamedTuple):
    """One thing that stands out: its bits, its place, its size and the way its light lies."""

    bits: int
    x: float
    y: float
    side: int
    turn: float


class Likeness(NamedTuple):
    """How well two pictures agree: a weight, and how many details lie alike."""

    weight: int
    details: int
    is_mirrored: bool
    turn: int
    """Degrees from one to the other, to the nearest right angle."""
    share: float
    """How large one picture's details are in the other; 1 is the same size."""


NOTHING = Likeness(0, 0, is_mirrored=False, turn=0, share=1.0)


def unpacked(packed: bytes | memoryview) -> list[Detail]:
    """Return the details that ``images_details`` packed; bits are unsigned."""
    return [
        Detail(bits & _WORD, x / 10_000, y / 10_000, side, turn * math.pi / 128)
        for bits, x, y, side, turn in DETAIL.iter_unpack(bytes(packed))
    ]


def mirrored(details: Sequence[Detail]) -> list[Detail]:
    """Return the details as they are in the mirror."""
    return [
        Detail(one.bits ^ MIRROR, -one.x, one.y, one.side, math.pi - one.turn) for one in details
    ]


def bands(bits: int) -> tuple[int, int, int, int]:
    """Return the four 16-bit parts of 64 bits as signed smallints; near hashes share one."""
    return struct.unpack(">hhhh", (bits & _WORD).to_bytes(8, "big"))


def signed(bits: int) -> int:
    """Return 64 bits as PostgreSQL's bigint."""
    return bits - (1 << 64) if bits >> 63 else bits


def compare(mine: Sequence[Detail], other: Sequence[Detail]) -> Likeness:
    """Return how well ``mine`` lies on ``other``, as it is or in the mirror, the better one."""
    plain = _best(mine, other, is_mirrored=False)
    turned = _best(mirrored(mine), other, is_mirrored=True)
    return max(plain, turned, key=lambda one: (one.weight, one.details))


class _Pair(NamedTuple):
    apart: int
    mine: int
    other: int
    turn: float
    scale: float


def _best(mine: Sequence[Detail], other: Sequence[Detail], *, is_mirrored: bool) -> Likeness:
    hashes = [one.bits for one in other]
    pairs = sorted(
        _Pair(apart, m, o, (other[o].turn - one.turn) % (2 * math.pi), one.side / other[o].side)
        for m, one in enumerate(mine)
        for o, apart in enumerate([(one.bits ^ bits).bit_count() for bits in hashes])
        if apart <= NEAR
    )
    if len(pairs) < 2:
        return NOTHING
    return max(
        (_agreeing(pair, pairs, mine, other, is_mirrored=is_mirrored) for pair in pairs[:TRIES]),
        key=lambda one: (one.weight, one.details),
    )


def _agreeing(
    lead: _Pair,
    pairs: Sequence[_Pair],
    mine: Sequence[Detail],
    other: Sequence[Detail],
    *,
    is_mirrored: bool,
) -> Likeness:
    """Count the pairs that lie as they must if the leading pair is right, each place once."""
    right, down = lead.scale * math.cos(lead.turn), lead.scale * math.sin(lead.turn)
    from_, to = mine[lead.mine], other[lead.other]
    used: set[int] = set()
    met: set[int] = set()
    places: list[tuple[float, float]] = []
    weight = 0
    for pair in pairs:
        if pair.mine in used or pair.other in met:
            continue
        turned = (pair.turn - lead.turn + math.pi) % (2 * math.pi) - math.pi
        if abs(turned) > _TURN or not 1 / _SCALE < pair.scale / lead.scale < _SCALE:
            continue
        here, there = mine[pair.mine], other[pair.other]
        x, y = here.x - from_.x, here.y - from_.y
        off = math.hypot(
            to.x + right * x - down * y - there.x, to.y + down * x + right * y - there.y
        )
        if off > _OFF + _OFF_SHARE * math.hypot(x, y) * lead.scale:
            continue
        if any(math.hypot(there.x - p, there.y - q) < _SAME_PLACE for p, q in places):
            continue
        used.add(pair.mine)
        met.add(pair.other)
        places.append((there.x, there.y))
        weight += WEIGHT - pair.apart
    quarter = round(lead.turn / (math.pi / 2)) % 4 * 90
    return Likeness(weight, len(places), is_mirrored, quarter, lead.scale)
