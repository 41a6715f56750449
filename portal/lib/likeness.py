"""Tell by their details whether two pictures show the same, one perhaps cropped or turned."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

DETAIL = struct.Struct(">qHHBB")
NEAR = 20
"""Two details differ in at most so many of 64 bits."""
WEIGHT = 24
"""An agreeing pair of details counts as this less the bits in which they differ."""
LEADS, TRIES = 16, 16
"""Of the closest pairs so many, and no further apart, are tried as how one picture lies."""
_TURN, _SCALE, _OFF, _OFF_SHARE, _SAME_PLACE = 0.3, 1.25, 0.04, 0.12, 0.03
_CIRCLE = 2 * math.pi
_WORD = (1 << 64) - 1
# Three parts of 20 bits; the four highest frequencies change too easily to find anything by.
_PART, _SHIFTS = (1 << 20) - 1, (44, 24, 4)

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
    agreeing: float
    """The share of places with a detail, where both pictures are, that agree."""
    spread: float
    """How far those that agree lie apart, against all of them; little is a print on something."""
    points: Mapping[int, int]
    """Which of my details agree, by their number, and what each adds to the weight."""


NOTHING = Likeness(0, 0, is_mirrored=False, turn=0, share=1.0, agreeing=0.0, spread=0.0, points={})


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


def parts(bits: int) -> tuple[int, ...]:
    """Return the parts of 64 bits by which near hashes are found, one set for both mirrors."""
    pairs = ((bits >> shift & _PART, MIRROR >> shift & _PART) for shift in _SHIFTS)
    return tuple(min(part, part ^ mirror) for part, mirror in pairs)


def signed(bits: int) -> int:
    """Return 64 bits as PostgreSQL's bigint."""
    return bits - (1 << 64) if bits >> 63 else bits


def compare(mine: Sequence[Detail], other: Sequence[Detail]) -> Likeness:
    """Return how well ``mine`` lies on ``other``, as it is or in the mirror, the better one."""
    plain = _best(mine, other, is_mirrored=False)
    turned = _best(mirrored(mine), other, is_mirrored=True)
    return max(plain, turned, key=lambda one: (one.weight, one.details))


class _Pair(NamedTuple):
    """Two details that look alike: how far apart, which, and how one lies on the other."""

    apart: int
    mine: int
    other: int
    turn: float
    scale: float
    x: float
    y: float
    to_x: float
    to_y: float


def _best(mine: Sequence[Detail], other: Sequence[Detail], *, is_mirrored: bool) -> Likeness:
    hashes = list(enumerate(one.bits for one in other))
    pairs = []
    for m, one in enumerate(mine):
        bits = one.bits
        for o, each in hashes:
            if (apart := (bits ^ each).bit_count()) <= NEAR:
                to = other[o]
                turn = (to.turn - one.turn) % _CIRCLE
                pairs.append(_Pair(apart, m, o, turn, one.side / to.side, one.x, one.y, to.x, to.y))
    pairs.sort()
    leads = [pair for pair in pairs[:TRIES] if pair.apart <= LEADS]
    if len(pairs) < 2 or not leads:
        return NOTHING
    weight, count, lead = max(_agreeing(lead, pairs)[:3] for lead in leads)
    points = _agreeing(lead, pairs)[3]
    quarter = round(lead.turn / (math.pi / 2)) % 4 * 90
    agreeing, spread = _where_both_are(lead, mine, other, points)
    return Likeness(weight, count, is_mirrored, quarter, lead.scale, agreeing, spread, points)


def _agreeing(lead: _Pair, pairs: Sequence[_Pair]) -> tuple[int, int, _Pair, dict[int, int]]:
    """Weigh the pairs that lie as they must if the leading pair is right, each place once."""
    _, _, _, turn, scale, from_x, from_y, to_x, to_y = lead
    right, down = scale * math.cos(turn), scale * math.sin(turn)
    least, most = scale / _SCALE, scale * _SCALE
    used: dict[int, int] = {}
    met: set[int] = set()
    places: list[tuple[float, float]] = []
    weight = 0
    for apart, m, o, its_turn, its_scale, x, y, its_x, its_y in pairs:
        if not least < its_scale < most or m in used or o in met:
            continue
        if abs((its_turn - turn + math.pi) % _CIRCLE - math.pi) > _TURN:
            continue
        x -= from_x
        y -= from_y
        off = math.hypot(to_x + right * x - down * y - its_x, to_y + down * x + right * y - its_y)
        if off > _OFF + _OFF_SHARE * scale * math.hypot(x, y):
            continue
        if any(abs(its_x - p) + abs(its_y - q) < _SAME_PLACE for p, q in places):
            continue
        used[m] = WEIGHT - apart
        met.add(o)
        places.append((its_x, its_y))
        weight += WEIGHT - apart
    return weight, len(places), lead, used


def _where_both_are(
    lead: _Pair, mine: Sequence[Detail], other: Sequence[Detail], points: Mapping[int, int]
) -> tuple[float, float]:
    """Return which share of the places in both pictures agrees, and how far apart those lie."""
    if len(points) < 2:
        return 1.0, 0.0
    right, down = lead.scale * math.cos(lead.turn), lead.scale * math.sin(lead.turn)
    lands = [
        (
            lead.to_x + right * (one.x - lead.x) - down * (one.y - lead.y),
            lead.to_y + down * (one.x - lead.x) + right * (one.y - lead.y),
        )
        for one in mine
    ]
    theirs = [(one.x, one.y) for one in other]
    inside, covered = _within(lands, theirs), _within(theirs, lands)
    both = min(_apart(inside), _apart(covered))
    reach = _reach([lands[m] for m in points]) / max(1e-6, _reach([*inside, *covered]))
    return min(1.0, len(points) / max(1, both)), reach


_Place = tuple[float, float]


def _within(places: Sequence[_Place], others: Sequence[_Place]) -> list[_Place]:
    """Return the places in the rectangle that the others span."""
    left, right = min(x for x, _ in others) - _OFF, max(x for x, _ in others) + _OFF
    top, bottom = min(y for _, y in others) - _OFF, max(y for _, y in others) + _OFF
    return [(x, y) for x, y in places if left <= x <= right and top <= y <= bottom]


def _reach(places: Sequence[_Place]) -> float:
    """Return how far places lie from their middle, the root of the mean square."""
    x, y = (sum(part) / len(places) for part in zip(*places, strict=True))
    return math.sqrt(sum((p - x) ** 2 + (q - y) ** 2 for p, q in places) / len(places))


def _apart(places: Sequence[_Place]) -> int:
    """Count places, those nearly the same once."""
    kept: list[_Place] = []
    for x, y in places:
        if all(abs(x - p) + abs(y - q) >= _SAME_PLACE for p, q in kept):
            kept.append((x, y))
    return len(kept)
