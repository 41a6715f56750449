"""Drawn photos that no threshold was chosen on: boxes on floors, in light, under a noisy lens."""

from __future__ import annotations

import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

SIZE = (1200, 900)
Point = tuple[float, float]


def scene(seed: int, *, shop: int | None = None) -> Image.Image:
    """
    Draw one to three boxes and some things on a floor.

    Two scenes of one ``shop`` share the tape and the label of their boxes, but for the address.
    """
    dice = random.Random(f"scene {seed}")
    image = _floor(dice)
    for _ in range(dice.randrange(2, 6)):
        _thing(image, dice)
    for _ in range(dice.randrange(1, 4)):
        _box(image, dice, random.Random(f"shop {seed if shop is None else shop}"))
    return _seen(image, dice)


def _noise(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("L", size, dice.randbytes(size[0] * size[1]))


def _floor(dice: random.Random) -> Image.Image:
    """Return a floor with clouds of several sizes in it, and boards or tiles or neither."""
    shade = [dice.randrange(70, 210) for _ in range(3)]
    image = Image.new("RGB", SIZE, tuple(shade))
    for cells in (4, 12, 40, 150):
        clouds = _noise(dice, (cells, cells * 3 // 4)).resize(SIZE, Image.Resampling.BICUBIC)
        image = Image.blend(image, ImageOps.colorize(clouds, "black", "white"), 0.12)
    pen = ImageDraw.Draw(image)
    kind, step = dice.randrange(3), dice.randrange(70, 190)
    dark = tuple(part // 2 for part in shade)
    if kind < 2:
        lean = dice.randrange(-200, 200)
        for at in range(-200, SIZE[0] + 200, step):
            pen.line((at, 0, at + lean, SIZE[1]), fill=dark, width=dice.randrange(2, 5))
    if kind == 1:
        for at in range(0, SIZE[1], step):
            pen.line((0, at, SIZE[0], at + dice.randrange(-9, 9)), fill=dark, width=3)
    return image


def _thing(image: Image.Image, dice: random.Random) -> None:
    """Lay a leaflet, a cup seen from above or a cable down."""
    pen = ImageDraw.Draw(image)
    x, y = dice.randrange(SIZE[0]), dice.randrange(SIZE[1])
    shade = tuple(dice.randrange(256) for _ in range(3))
    kind = dice.randrange(3)
    if kind == 0:
        leaflet = Image.new("RGB", (150, 200), shade)
        _words(ImageDraw.Draw(leaflet), dice, (10, 10, 140, 190))
        _paste(image, leaflet, _corners(dice, (x, y), 0.5))
    elif kind == 1:
        across = dice.randrange(60, 140)
        pen.ellipse((x, y, x + across, y + across), fill=shade, outline=(20, 20, 20), width=6)
        inner = across // 5
        pen.ellipse(
            (x + inner, y + inner, x + across - inner, y + across - inner), fill=(60, 40, 30)
        )
    else:
        way = [(x + dice.randrange(-300, 300), y + dice.randrange(-200, 200)) for _ in range(6)]
        pen.line(way, fill=shade, width=dice.randrange(5, 12), joint="curve")


def _box(image: Image.Image, dice: random.Random, print_of: random.Random) -> None:
    """Put a box down: a printed top and one side in the shade of it, each seen at an angle."""
    card = (dice.randrange(150, 200), dice.randrange(110, 150), dice.randrange(70, 105))
    top = Image.new("RGB", (420, 320), card)
    grain = _noise(dice, (105, 80)).resize(top.size, Image.Resampling.BICUBIC)
    top = Image.blend(top, ImageOps.colorize(grain, "black", "white"), 0.08)
    pen = ImageDraw.Draw(top)
    tape = tuple(print_of.randrange(120, 250) for _ in range(3))
    pen.rectangle((0, 140, 420, 175), fill=tape)
    name = "".join(print_of.choice("ABCDEFGHIKLMNOPRSTUVW") for _ in range(9))
    for at in range(15, 420, 100):
        pen.text((at, 150), name, fill=(70, 40, 30))
    left = print_of.randrange(15, 220)
    pen.rectangle((left, 15, left + 180, 130), fill=(244, 244, 240))
    pen.rectangle((left, 15, left + print_of.randrange(40, 120), 34), fill=(20, 20, 20))
    at = left + 10
    while at < left + 168:
        wide = dice.randrange(1, 5)
        pen.rectangle((at, 90, at + wide, 125), fill=(10, 10, 10))
        at += wide + dice.randrange(2, 5)
    _words(pen, dice, (left + 10, 40, left + 170, 85))
    for _ in range(dice.randrange(2, 7)):
        x, y = dice.randrange(400), dice.randrange(300)
        dent = [(x + dice.randrange(-40, 40), y + dice.randrange(-30, 30)) for _ in range(4)]
        pen.polygon(dent, fill=tuple(part - dice.randrange(20, 60) for part in card))
    place = (dice.uniform(0.2, 0.8) * SIZE[0], dice.uniform(0.2, 0.8) * SIZE[1])
    a, b, c, d = _corners(dice, place, dice.uniform(0.7, 1.4))
    drop = dice.randrange(50, 130)
    side = Image.new("RGB", (420, 120), tuple(part * 2 // 3 for part in card))
    ImageDraw.Draw(side).line((0, 60, 420, 62), fill=tape, width=6)
    _paste(image, side, (d, c, (c[0], c[1] + drop), (d[0], d[1] + drop)))
    _paste(image, top, (a, b, c, d))


def _corners(dice: random.Random, middle: Point, by: float) -> tuple[Point, Point, Point, Point]:
    """Return where the corners of a thing 420 by 320 large come to lie, from the upper left on."""
    turn = complex(1, dice.uniform(-0.7, 0.7))
    turn *= by / abs(turn)
    placed = []
    for x, y in ((-210, -160), (210, -160), (210, 160), (-210, 160)):
        at = turn * complex(x + dice.uniform(-30, 30), y * 0.8 + dice.uniform(-25, 25))
        placed.append((middle[0] + at.real, middle[1] + at.imag))
    a, b, c, d = placed
    return a, b, c, d


def _paste(image: Image.Image, face: Image.Image, corners: Sequence[Point]) -> None:
    """Paste a face so that its corners lie there."""
    width, height = face.size
    plan = list(zip(corners, ((0, 0), (width, 0), (width, height), (0, height)), strict=True))
    rows = []
    for (x, y), (u, v) in plan:
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    shown = face.convert("RGBA").transform(
        image.size, Image.Transform.PERSPECTIVE, _solved(rows), Image.Resampling.BICUBIC
    )
    image.paste(shown, (0, 0), shown)


def _solved(rows: list[list[float]]) -> list[float]:
    """Return what solves linear equations, each a row with its right side last."""
    count = len(rows)
    for at in range(count):
        best = max(range(at, count), key=lambda row: abs(rows[row][at]))
        rows[at], rows[best] = rows[best], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for row in range(count):
            if row != at and rows[row][at]:
                by = rows[row][at]
                rows[row] = [a - by * b for a, b in zip(rows[row], rows[at], strict=True)]
    return [row[-1] for row in rows]


def _words(pen: ImageDraw.ImageDraw, dice: random.Random, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    for y in range(top, bottom - 8, 14):
        words = "".join(dice.choice("abcdefghiklmnoprstuw  ") for _ in range((right - left) // 7))
        pen.text((left, y), words, fill=(15, 15, 20))


def _seen(image: Image.Image, dice: random.Random) -> Image.Image:
    """Light it from one side, look through a soft lens, and add the noise of a sensor."""
    light = Image.linear_gradient("L").rotate(dice.uniform(0, 360)).crop((38, 38, 218, 218))
    light = light.resize(image.size, Image.Resampling.BICUBIC)
    image = ImageChops.multiply(image, ImageOps.colorize(light, (110, 110, 118), (255, 252, 245)))
    image = image.filter(ImageFilter.GaussianBlur(dice.uniform(0.6, 1.4)))
    grain = _noise(dice, image.size)
    image = Image.blend(image, ImageOps.colorize(grain, "black", "white"), 0.04)
    return ImageEnhance.Brightness(image).enhance(dice.uniform(0.9, 1.3))
