"""What people do to a picture before they send it a second time, and pictures to tell apart."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Mapping

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Change = Callable[[Image.Image], Image.Image]


def jpeg(image: Image.Image, quality: int = 85) -> bytes:
    """Return the picture as a JPEG file."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def _cut(left: float, top: float, right: float, bottom: float) -> Change:
    def change(image: Image.Image) -> Image.Image:
        width, height = image.size
        return image.crop(
            (
                round(width * left),
                round(height * top),
                round(width * (1 - right)),
                round(height * (1 - bottom)),
            )
        )

    return change


def _again(quality: int, scale: float = 1.0) -> Change:
    def change(image: Image.Image) -> Image.Image:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        smaller = image.resize(size, Image.Resampling.LANCZOS) if scale != 1 else image
        return Image.open(io.BytesIO(jpeg(smaller, quality)))

    return change


def _askew(degrees: float) -> Change:
    """Turn a little and cut off the corners that show, as phones do."""

    def change(image: Image.Image) -> Image.Image:
        width, height = image.size
        tilt = math.radians(abs(degrees))
        kept = 1 / (math.cos(tilt) + max(width / height, height / width) * math.sin(tilt))
        turned = image.rotate(degrees, Image.Resampling.BICUBIC)
        across, down = width * (1 - kept) / 2, height * (1 - kept) / 2
        return turned.crop(
            (round(across), round(down), round(width - across), round(height - down))
        )

    return change


def _on_screen(width: int, height: int, *, bar: int, shade: str, ink: str) -> Change:
    """Show it on a screen with bars, a clock and a caption, and take a screenshot of that."""

    def change(image: Image.Image) -> Image.Image:
        screen = Image.new("RGB", (width, height), shade)
        shown = ImageOps.contain(image, (width, height - 2 * bar))
        screen.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
        pen = ImageDraw.Draw(screen)
        pen.text((30, 10), "09:41", fill=ink)
        pen.rectangle((width - 70, 12, width - 40, 24), outline=ink)
        pen.text((width // 3, bar // 2), "Photo 3 of 12", fill=ink)
        pen.rectangle((width // 2 - 60, height - 14, width // 2 + 60, height - 9), fill=ink)
        duller = ImageEnhance.Brightness(screen).enhance(0.97)
        return ImageEnhance.Color(duller).enhance(1.06)

    return change


def _photographed(*corners: tuple[float, float]) -> Change:
    """Photograph a print of it: corners drawn in by so much, light from one side, softer."""

    def change(image: Image.Image) -> Image.Image:
        width, height = image.size
        (a, b), (c, d), (e, f), (g, h) = corners
        quad = (
            a * width, b * height, g * width, (1 - h) * height,
            (1 - e) * width, (1 - f) * height, (1 - c) * width, d * height,
        )  # fmt: skip
        seen = image.transform(image.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
        light = ImageOps.colorize(
            Image.linear_gradient("L").rotate(90).resize(image.size), (205, 205, 215), "white"
        )
        return _again(70)(
            ImageChops.multiply(seen.convert("RGB"), light).filter(ImageFilter.GaussianBlur(1.0))
        )

    return change


def _brighter(by: float, contrast: float) -> Change:
    def change(image: Image.Image) -> Image.Image:
        return ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(by)).enhance(contrast)

    return change


def _all(*changes: Change) -> Change:
    def change(image: Image.Image) -> Image.Image:
        for one in changes:
            image = one(image)
        return image

    return change


_PHONE = _on_screen(590, 1280, bar=90, shade="black", ink="white")

CHANGES: Mapping[str, Mapping[str, Change]] = {
    "crop": {
        "5% off each side": _cut(0.05, 0.05, 0.05, 0.05),
        "10% off each side": _cut(0.1, 0.1, 0.1, 0.1),
        "20, 5, 10, 10% off the sides": _cut(0.2, 0.05, 0.1, 0.1),
        "the lower 30% off": _cut(0, 0, 0, 0.3),
        "49% of it left": _cut(0.2, 0.1, 0.1, 0.2),
        "36% of it left": _cut(0.2, 0.2, 0.2, 0.2),
    },
    "rotate": {
        "90°": lambda image: image.transpose(Image.Transpose.ROTATE_90),
        "180°": lambda image: image.transpose(Image.Transpose.ROTATE_180),
        "270°": lambda image: image.transpose(Image.Transpose.ROTATE_270),
        "2°": _askew(2),
        "5°": _askew(-5),
        "10°": _askew(10),
        "5°, black corners": lambda image: image.rotate(5, Image.Resampling.BICUBIC),
        "mirrored": ImageOps.mirror,
    },
    "recompress": {
        "quality 60": _again(60),
        "quality 30": _again(30),
        "quality 12": _again(12),
        "half the size, quality 60": _again(60, 0.5),
        "30% of the size, quality 50": _again(50, 0.3),
        "brighter, more contrast": _brighter(1.2, 1.15),
    },
    "screenshot": {
        "phone, dark": _PHONE,
        "phone, light": _on_screen(590, 1280, bar=90, shade="white", ink="black"),
        "computer": _on_screen(1280, 800, bar=60, shade="#202124", ink="white"),
        "phone, of 81% of it": _all(_cut(0.05, 0.05, 0.05, 0.05), _PHONE, _again(70)),
    },
    "several": {
        "3° askew, cut, half the size, quality 40": _all(
            _askew(3), _cut(0.08, 0.04, 0.02, 0.1), _again(40, 0.5)
        ),
        "mirrored, cut, quality 50": _all(ImageOps.mirror, _cut(0.1, 0.05, 0.05, 0.15), _again(50)),
    },
}

FRESH: Mapping[str, Mapping[str, Change]] = {
    "crop": {
        "7% off each side": _cut(0.07, 0.07, 0.07, 0.07),
        "13% off each side": _cut(0.13, 0.13, 0.13, 0.13),
        "23, 0, 3, 9% off the sides": _cut(0.23, 0, 0.03, 0.09),
        "the upper 35% off": _cut(0, 0.35, 0, 0),
    },
    "rotate": {
        "3°": _askew(-3),
        "7°": _askew(7),
        "14°": _askew(-14),
        "90°, 8% off each side": _all(
            lambda image: image.transpose(Image.Transpose.ROTATE_90), _cut(0.08, 0.08, 0.08, 0.08)
        ),
    },
    "recompress": {
        "quality 45": _again(45),
        "quality 20": _again(20),
        "40% of the size, quality 35": _again(35, 0.4),
        "darker, less contrast": _brighter(0.75, 0.85),
    },
    "screenshot": {
        "phone, grey bars": _on_screen(750, 1334, bar=150, shade="#444444", ink="#eeeeee"),
        "tablet, light": _on_screen(1024, 768, bar=44, shade="#f4f4f4", ink="#222222"),
        "phone, of 74% of it": _all(
            _cut(0.07, 0.07, 0.07, 0.07),
            _on_screen(720, 1560, bar=120, shade="black", ink="white"),
            _again(55),
        ),
    },
    "photographed anew": {
        "slightly from the left": _photographed(
            (0.03, 0.02), (0.0, 0.06), (0.01, 0.07), (0.04, 0.0)
        ),
        "from below, 5% askew": _photographed(
            (0.08, 0.03), (0.02, 0.07), (0.0, 0.02), (0.03, 0.05)
        ),
    },
    "several": {
        "mirrored, 7° askew, quality 45": _all(ImageOps.mirror, _askew(7), _again(45)),
        "180°, cut, 60% of the size, quality 30": _all(
            lambda image: image.transpose(Image.Transpose.ROTATE_180),
            _cut(0.03, 0.12, 0.09, 0.0),
            _again(30, 0.6),
        ),
    },
}
"""Other changes and strengths than any threshold was chosen on."""


def parcel(seed: int, size: tuple[int, int] = (960, 720)) -> Image.Image:
    """
    Draw a brown box with the shop's tape and a carrier's label on somebody's floor.

    Every box has the same label and the same tape, as in life; another seed has it lie elsewhere,
    on another floor, with other dents and another address.
    """
    dice = random.Random(seed)
    width, height = size
    floor = tuple(dice.randrange(60, 200) for _ in range(3))
    image = Image.new("RGB", size, floor)
    pen = ImageDraw.Draw(image)
    step = dice.randrange(35, 110)
    for at in range(-height, width, step):
        shade = tuple(max(0, min(255, part + dice.randrange(-25, 25))) for part in floor)
        pen.polygon(
            [
                (at, 0),
                (at + step, 0),
                (at + step + height // 3, height),
                (at + height // 3, height),
            ],
            fill=shade,
        )
    box = _box(dice)
    box = box.rotate(dice.uniform(-35, 35), Image.Resampling.BICUBIC, expand=True)
    by = dice.uniform(0.75, 1.25)
    box = box.resize((round(box.width * by), round(box.height * by)))
    place = (
        dice.randrange(0, max(1, width - box.width)),
        dice.randrange(0, max(1, height - box.height)),
    )
    image.paste(box, place, box)
    for _ in range(dice.randrange(2, 7)):
        x, y = dice.randrange(width), dice.randrange(height)
        shade = tuple(dice.randrange(256) for _ in range(3))
        pen.ellipse((x, y, x + dice.randrange(15, 90), y + dice.randrange(15, 90)), fill=shade)
    light = dice.uniform(0.75, 1.15)
    return ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(0.8))).enhance(light)


def _box(dice: random.Random) -> Image.Image:
    box = Image.new("RGBA", (460, 340), (176, 132, 84, 255))
    pen = ImageDraw.Draw(box)
    pen.rectangle((0, 150, 460, 180), fill=(214, 186, 140, 255))
    for at in range(20, 460, 110):
        pen.text((at, 158), "CELADON TEA", fill=(120, 60, 40, 255))
    pen.rectangle((250, 20, 430, 140), fill=(245, 245, 240, 255))
    bars = random.Random(dice.randrange(1_000_000))
    at = 262
    while at < 418:
        wide = bars.choice((1, 2, 3, 4))
        pen.rectangle((at, 92, at + wide, 130), fill=(10, 10, 10, 255))
        at += wide + bars.choice((2, 3, 4))
    pen.text((262, 28), "EXPRESS", fill=(0, 0, 0, 255))
    for line in range(3):
        words = "".join(dice.choice("abcdefghiklmnoprstuw ") for _ in range(dice.randrange(12, 24)))
        pen.text((262, 46 + 13 * line), words, fill=(0, 0, 0, 255))
    for _ in range(dice.randrange(3, 9)):
        x, y, r = dice.randrange(440), dice.randrange(320), dice.randrange(6, 45)
        shade = dice.randrange(60, 130)
        pen.polygon(
            [(x, y), (x + r, y + dice.randrange(r)), (x + dice.randrange(r), y + r)],
            fill=(shade + 40, shade, shade - 40, 255),
        )
    return box
