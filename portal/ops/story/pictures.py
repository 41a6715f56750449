"""Draw the demo's photos, so that the repository carries none."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageDraw

SIZE = 1200
FRAMES = ((4, 14, 96, 84), (0, 20, 84, 84), (14, 8, 100, 74), (10, 24, 78, 76), (2, 4, 100, 78))
"""What each scene shows of the picture, in hundredths: left, top, right, bottom."""
UNIT = SIZE / 100

Pen = ImageDraw.ImageDraw
Points = list[tuple[float, float]]


def _at(points: Points) -> Points:
    return [(x * UNIT, y * UNIT) for x, y in points]


def _shape(pen: Pen, points: Points, colour: str) -> None:
    pen.polygon(_at(points), fill=colour)


def _line(pen: Pen, points: Points, colour: str, width: float) -> None:
    pen.line(_at(points), fill=colour, width=round(width * UNIT), joint="curve")


def _disc(pen: Pen, x: float, y: float, radius: float, colour: str) -> None:
    pen.ellipse(_at([(x - radius, y - radius), (x + radius, y + radius)]), fill=colour)


def cup(pen: Pen) -> None:
    """A cup on a table, cracked from rim to foot."""
    _shape(pen, [(0, 0), (100, 0), (100, 100), (0, 100)], "#c9b594")
    _shape(pen, [(0, 62), (100, 40), (100, 100), (0, 100)], "#b59f7b")
    pen.ellipse(_at([(13, 72), (81, 84)]), fill="#9d8968")
    pen.arc(_at([(62, 40), (88, 62)]), -90, 100, fill="#cfdcd3", width=round(5 * UNIT))
    _shape(
        pen,
        [
            (22, 38),
            (30, 43),
            (35, 37),
            (42, 45),
            (48, 37),
            (72, 38),
            (72, 54),
            (69, 66),
            (60, 75),
            (47, 78),
            (34, 75),
            (25, 66),
            (22, 54),
        ],
        "#dfe9e2",
    )
    _shape(pen, [(54, 38), (72, 38), (72, 54), (69, 66), (60, 75), (50, 78), (60, 60)], "#c4d4ca")
    _line(pen, [(42, 45), (46, 56), (41, 62), (47, 74)], "#47564d", 0.9)
    _shape(pen, [(78, 76), (87, 72), (90, 79), (82, 82)], "#dfe9e2")
    _shape(pen, [(14, 84), (22, 81), (24, 86)], "#dfe9e2")


def box(pen: Pen) -> None:
    """The outside of the box, one corner crushed."""
    _shape(pen, [(0, 0), (100, 0), (100, 100), (0, 100)], "#9aa0a2")
    _shape(pen, [(0, 70), (100, 70), (100, 100), (0, 100)], "#83898b")
    _shape(pen, [(16, 34), (52, 24), (86, 36), (86, 78), (50, 90), (16, 76)], "#b98d5d")
    _shape(pen, [(16, 34), (50, 46), (50, 90), (16, 76)], "#a77c4e")
    _shape(pen, [(16, 34), (52, 24), (86, 36), (50, 46)], "#cda373")
    _shape(pen, [(33, 29), (68, 41), (68, 50), (64, 52), (60, 51), (60, 44), (27, 31)], "#e5d2b4")
    _shape(pen, [(72, 58), (86, 49), (86, 78), (66, 84), (68, 74), (70, 66)], "#8a6138")
    _line(pen, [(70, 60), (78, 63), (73, 69), (81, 73), (72, 80)], "#5b3d20", 1.0)


def padding(pen: Pen) -> None:
    """The open box: paper balls, and the broken cup among them."""
    _shape(pen, [(0, 0), (100, 0), (100, 100), (0, 100)], "#a77c4e")
    _shape(pen, [(10, 12), (90, 12), (90, 88), (10, 88)], "#c89f6e")
    _shape(pen, [(16, 18), (84, 18), (84, 82), (16, 82)], "#d9bd95")
    for x, y, radius in (
        (28, 32, 10),
        (46, 28, 9),
        (72, 36, 11),
        (30, 66, 11),
        (68, 68, 12),
        (50, 74, 8),
    ):
        _disc(pen, x, y, radius, "#cdbb9c")
        _disc(pen, x - 0.6, y - 0.8, radius - 1, "#efe6d6")
    _disc(pen, 50, 50, 15, "#dfe9e2")
    _disc(pen, 50, 50, 10, "#b9cbc0")
    _line(pen, [(40, 42), (48, 50), (45, 56), (55, 64)], "#47564d", 0.9)


def label(pen: Pen) -> None:
    """The shipping label, its bars readable."""
    _shape(pen, [(0, 0), (100, 0), (100, 100), (0, 100)], "#b98d5d")
    _shape(pen, [(12, 20), (86, 14), (89, 80), (15, 87)], "#f4f3ef")
    _line(pen, [(18, 26), (48, 23.5)], "#555555", 2.4)
    _line(pen, [(18, 32), (40, 30.5)], "#555555", 2.4)
    for x in (22, 26, 32, 35, 41, 47, 50, 57, 62, 65, 72, 77):
        _line(pen, [(x, 46 - x / 20), (x + 1.5, 68 - x / 20)], "#222222", 1.6)
    _line(pen, [(24, 76), (76, 72)], "#555555", 1.6)


def doorstep(pen: Pen) -> None:
    """A box left on the mat before a door, as a courier photographs it."""
    _shape(pen, [(0, 0), (100, 0), (100, 100), (0, 100)], "#b9b2a4")
    _shape(pen, [(0, 62), (100, 62), (100, 100), (0, 100)], "#8f897d")
    _shape(pen, [(30, 0), (82, 0), (82, 62), (30, 62)], "#2f4a4d")
    _shape(pen, [(36, 4), (76, 4), (76, 28), (36, 28)], "#3b5b5e")
    _shape(pen, [(36, 34), (76, 34), (76, 58), (36, 58)], "#3b5b5e")
    _disc(pen, 35, 32, 1.8, "#d8c27a")
    _shape(pen, [(24, 70), (84, 70), (92, 90), (16, 90)], "#5d4f40")
    _shape(pen, [(40, 56), (58, 50), (76, 57), (76, 78), (57, 86), (40, 77)], "#b98d5d")
    _shape(pen, [(40, 56), (57, 64), (57, 86), (40, 77)], "#a77c4e")
    _shape(pen, [(40, 56), (58, 50), (76, 57), (57, 64)], "#cda373")
    _shape(pen, [(61, 67), (72, 62), (72, 70), (61, 75)], "#f4f3ef")
    _line(pen, [(49, 53), (67, 60.5)], "#e5d2b4", 2.2)


PICTURES: dict[str, Callable[[Pen], None]] = {
    "cup": cup,
    "box": box,
    "padding": padding,
    "label": label,
    "doorstep": doorstep,
}


def photograph(name: str, *, turn: float = 0.0, scene: int = 0, width: int = SIZE) -> bytes:
    """
    Return a JPEG of one picture, tilted by ``turn`` degrees.

    Each ``scene`` is taken from another place, so that two claims do not seem to share a photo.
    """
    image = Image.new("RGB", (SIZE, SIZE), "#8d7a5c")
    PICTURES[name](ImageDraw.Draw(image))
    if turn:
        image = image.rotate(turn, resample=Image.Resampling.BICUBIC, fillcolor="#8d7a5c")
    if scene % 2:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    left, top, right, bottom = FRAMES[scene % len(FRAMES)]
    image = image.crop((left * 12, top * 12, right * 12, bottom * 12)).resize((SIZE, SIZE * 3 // 4))
    grain = Image.effect_noise((SIZE, SIZE * 3 // 4), 60).convert("RGB")
    image = Image.blend(image, grain, 0.1).resize((width, width * 3 // 4))
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=86)
    return kept.getvalue()
