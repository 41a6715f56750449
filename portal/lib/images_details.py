"""
Find the details by which a picture is known again, though cropped, turned, shrunk or mirrored.

A detail is a blob or a corner that stands out at one of seven sizes of the picture. What is round
it is turned upright by where its own light lies, and its 64 bits are the signs of the lowest
frequencies there. ``images_worker`` loads this file by its path, so it imports nothing of the
house; ``likeness`` compares what it finds.
"""

from __future__ import annotations

import math
import re
import struct
from operator import mul

from PIL import Image, ImageChops, ImageFilter, ImageOps

SIZES = ((240, 12), (190, 12), (150, 12), (120, 10), (95, 8), (76, 6), (60, 5))
"""The longer side in pixels at which details are sought, and how many are kept of each."""
HALF = 9.0
"""A detail shows so many pixels to each side of its middle."""
MARGIN = 8
"""Nearer to the edge a detail would show too much of what is not there."""
APART = 7
FAINTEST = 12
"""Of 255; what stands out less is noise."""
PLAINEST = 6.0
"""A detail whose shades vary less than this, in standard deviations, proves nothing."""

_ROUND = 7
_OFFSETS = [(x, y) for y in range(-_ROUND, _ROUND + 1) for x in range(-_ROUND, _ROUND + 1)]
_RIGHT = [x if x * x + y * y <= _ROUND * _ROUND else 0 for x, y in _OFFSETS]
_DOWN = [y if x * x + y * y <= _ROUND * _ROUND else 0 for x, y in _OFFSETS]

_SIDE = 16
_WAVES = [
    [math.cos(math.pi * (2 * at + 1) * wave / (2 * _SIDE)) for at in range(_SIDE)]
    for wave in range(9)
]
# (1, 0) is left out: a detail is turned so that this one is always positive.
FREQUENCIES = sorted(
    ((u, v) for u in range(9) for v in range(9) if (u, v) not in {(0, 0), (1, 0)}),
    key=lambda pair: (pair[0] ** 2 + pair[1] ** 2, pair),
)[:64]
_ACROSS = 1 + max(u for u, _v in FREQUENCIES)

_LOUD = re.compile(rb"[^\x00-\x0b]")
_TRIM, _LEAST_LEFT, _THINNEST_BAR = 96, 0.2, 3
_BAR_TOLERANCE, _BAR_FOREIGN, _SHARP = 5, 0.35, 16


def described(image: Image.Image) -> tuple[int, bytes]:
    """
    Return the whole picture's pHash as a signed bigint, and its details, packed.

    A detail is ``>qHHBB``: its bits, its place right and down in ten-thousandths of the longer
    side, the size it was found at and the direction of its light in 256 parts of a turn. Bars
    round a screenshot are cut away first.
    """
    grey = trimmed(image.convert("L"))
    whole = signs(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX).tobytes())
    found = b"".join(detail for side, most in SIZES for detail in _details(grey, side, most))
    return whole, found


def signs(shades: bytes) -> int:
    """Return the signs of the 64 lowest frequencies of 16 by 16 shades as a signed bigint."""
    rows = [shades[at : at + _SIDE] for at in range(0, _SIDE * _SIDE, _SIDE)]
    across = [[sum(map(mul, _WAVES[u], row)) for row in rows] for u in range(_ACROSS)]
    bits = 0
    for u, v in FREQUENCIES:
        bits = bits << 1 | (sum(map(mul, _WAVES[v], across[u])) > 0)
    return bits - (1 << 64) if bits >> 63 else bits


def trimmed(grey: Image.Image) -> Image.Image:
    """Return the picture without bars of one shade at its edges, text in them or not."""
    width, height = grey.size
    tiny = grey.resize((_TRIM, _TRIM), Image.Resampling.BOX)
    top, bottom = _bars(tiny, ImageOps.flip(tiny))
    middle = tiny.crop((0, top, _TRIM, _TRIM - bottom)).resize((_TRIM, _TRIM))
    left, right = _bars(
        middle.transpose(Image.Transpose.TRANSPOSE), middle.transpose(Image.Transpose.ROTATE_90)
    )
    return grey.crop(
        (
            -(-left * width // _TRIM),
            -(-top * height // _TRIM),
            (_TRIM - right) * width // _TRIM,
            (_TRIM - bottom) * height // _TRIM,
        )
    )


def _bars(one: Image.Image, other: Image.Image) -> tuple[int, int]:
    first, second = _bar(one.tobytes()), _bar(other.tobytes())
    if first + second > _TRIM * (1 - _LEAST_LEFT):
        return 0, 0
    return (
        first if first >= _THINNEST_BAR else 0,
        second if second >= _THINNEST_BAR else 0,
    )


def _bar(shades: bytes) -> int:
    """Count the rows from the top that are mostly of one shade and end sharply; a sky does not."""
    rows = [shades[at : at + _TRIM] for at in range(0, _TRIM * _TRIM, _TRIM)]
    shade = sorted(rows[0])[_TRIM // 2]

    def foreign(row: bytes, tolerance: int) -> int:
        return sum(not -tolerance <= value - shade <= tolerance for value in row)

    bar = 0
    while bar < _TRIM and foreign(rows[bar], _BAR_TOLERANCE) <= _BAR_FOREIGN * _TRIM:
        bar += 1
    # The row in which a bar ends shows a little of both; the next one is the picture's.
    is_sharp = bar + 1 < _TRIM and foreign(rows[bar + 1], _SHARP) >= _TRIM // 2
    return bar if is_sharp else 0


def _details(grey: Image.Image, side: int, most: int) -> list[bytes]:
    by = side / max(grey.size)
    size = (max(8, round(grey.width * by)), max(8, round(grey.height * by)))
    if min(size) < 2 * MARGIN + 4:
        return []
    image = grey.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    soft = image.filter(ImageFilter.GaussianBlur(1.0))
    found: list[bytes] = []
    places: list[tuple[int, int]] = []
    for x, y in _standing_out(soft, image.filter(ImageFilter.GaussianBlur(2.2))):
        if any((x - p) ** 2 + (y - q) ** 2 < APART**2 for p, q in places):
            continue
        turn = _turn(soft, x, y)
        shades = _upright(soft, x, y, turn)
        if _spread(shades) < PLAINEST:
            continue
        places.append((x, y))
        found.append(
            struct.pack(
                ">qHHBB",
                signs(shades),
                min(10_000, round(10_000 * x / side)),
                min(10_000, round(10_000 * y / side)),
                side,
                round(turn * 128 / math.pi) % 256,
            )
        )
        if len(found) == most:
            break
    return found


def _standing_out(soft: Image.Image, softer: Image.Image) -> list[tuple[int, int]]:
    """Return the middles of what is lighter or darker than all around it, strongest first."""
    width, height = soft.size
    found = []
    for one, other in ((soft, softer), (softer, soft)):
        stands = ImageChops.subtract(one, other, 0.25)
        highest = _highest_near(stands)
        is_highest = ImageChops.subtract(highest, stands).point([255] + [0] * 255)
        peaks = ImageChops.darker(is_highest, stands).tobytes()
        for peak in _LOUD.finditer(peaks):
            y, x = divmod(peak.start(), width)
            if MARGIN <= x < width - MARGIN and MARGIN <= y < height - MARGIN:
                found.append((peaks[peak.start()], x, y))
    found.sort(reverse=True)
    return [(x, y) for _strength, x, y in found]


def _highest_near(image: Image.Image) -> Image.Image:
    """
    Return for each pixel the highest within three of it, as ``MaxFilter(7)`` does, but fast.

    Shifting wraps at the edges, which reaches no further in than ``MARGIN`` leaves out.
    """
    for right, down in ((1, 0), (0, 1)):
        for step in (1, 2, 3):
            image = ImageChops.lighter(image, ImageChops.offset(image, step * right, step * down))
        image = ImageChops.offset(image, -3 * right, -3 * down)
    return image


def _turn(soft: Image.Image, x: int, y: int) -> float:
    """Return in which direction the light of a round patch lies, in radians."""
    patch = soft.crop((x - _ROUND, y - _ROUND, x + _ROUND + 1, y + _ROUND + 1)).tobytes()
    return math.atan2(sum(map(mul, _DOWN, patch)), sum(map(mul, _RIGHT, patch)))


def _upright(soft: Image.Image, x: int, y: int, turn: float) -> bytes:
    """Return 16 by 16 shades round a place, turned so that the light lies to the right."""
    step = 2 * HALF / _SIDE
    right, down = step * math.cos(turn), step * math.sin(turn)
    middle = _SIDE / 2
    place = (
        right, -down, x + 0.5 - right * middle + down * middle,
        down, right, y + 0.5 - down * middle - right * middle,
    )  # fmt: skip
    return soft.transform(
        (_SIDE, _SIDE), Image.Transform.AFFINE, place, Image.Resampling.BILINEAR
    ).tobytes()


def _spread(shades: bytes) -> float:
    count = len(shades)
    mean = sum(shades) / count
    return math.sqrt(max(0.0, sum(map(mul, shades, shades)) / count - mean * mean))
