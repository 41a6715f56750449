"""Drawn scenes with enough in them to be known again, and what people do to pictures."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps


def scene(seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Return a table with things on it; another seed gives quite another one."""
    rng = random.Random(seed)
    width, height = size
    image = Image.new("RGB", size, tuple(rng.randrange(90, 200) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(70):
        shade = tuple(rng.randrange(256) for _ in range(3))
        x, y = rng.randrange(-40, width), rng.randrange(-40, height)
        w, h = rng.randrange(12, 150), rng.randrange(12, 130)
        draw = rng.choice(
            (
                lambda box, shade: pen.ellipse(box, fill=shade),
                lambda box, shade: pen.rectangle(box, fill=shade),
                lambda box, shade: pen.pieslice(box, 20, 250, fill=shade),
                lambda box, shade: pen.line(box, fill=shade, width=6),
            )
        )
        draw((x, y, x + w, y + h), shade)
    return image.filter(ImageFilter.GaussianBlur(1))


def jpeg(image: Image.Image, quality: int = 80) -> bytes:
    """Return the picture as a JPEG file."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def cropped(image: Image.Image, share: float = 0.15) -> Image.Image:
    """Cut a share away on every side."""
    return ImageOps.crop(image, round(min(image.size) * share))


def screenshot(image: Image.Image) -> Image.Image:
    """Return the picture as a phone shows it: bars, a clock, a caption, colours a little off."""
    width, height = 590, 1280
    screen = Image.new("RGB", (width, height), "black")
    shown = ImageOps.contain(image, (width, height - 200))
    screen.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
    pen = ImageDraw.Draw(screen)
    pen.text((30, 12), "09:41", fill="white")
    pen.text((width // 3, 60), "Photo 3 of 12", fill="white")
    return ImageEnhance.Color(ImageEnhance.Brightness(screen).enhance(0.96)).enhance(1.08)
