"""Measure what a photo costs: two clean JPEGs of it, and the details it is known by."""

from __future__ import annotations

import argparse
import io
import time
from statistics import median

from PIL import Image, ImageOps

from bench.cpu import seconds
from bench.report import publish, surroundings
from portal.lib import images

PIXELS = (4032, 3024)
GOAL = 4.0
EACH = 5
"""Photos a round."""


def photo() -> bytes:
    """Return a JPEG of 12 megapixels of noise at several scales, lying on its side."""
    shades = Image.effect_noise(PIXELS, 30)
    for coarse in (512, 128, 32, 8):
        small = Image.effect_noise((max(4, PIXELS[0] // coarse), max(4, PIXELS[1] // coarse)), 80)
        shades = Image.blend(shades, small.resize(PIXELS, Image.Resampling.BICUBIC), 0.4)
    picture = Image.merge("RGB", (shades, ImageOps.mirror(shades), ImageOps.flip(shades)))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88, exif=exif)
    return out.getvalue()


def naive(data: bytes) -> None:
    """Do what comes to mind first: verify, load, turn, two thumbnails, saved without EXIF."""
    Image.open(io.BytesIO(data)).verify()
    with Image.open(io.BytesIO(data)) as opened:
        upright = ImageOps.exif_transpose(opened)
    for side in (2048, 400):
        copy = upright.copy()
        copy.thumbnail((side, side), Image.Resampling.LANCZOS)
        copy.info = {}
        copy.save(io.BytesIO(), "JPEG", quality=84, exif=b"")


def run(options: argparse.Namespace) -> None:
    """Do each in turn, some rounds, and print and write the medians."""
    data = photo()
    sandbox = images.Sandbox()
    clean = images.sanitise(data, sandbox=sandbox)
    spent: dict[str, list[float]] = {"naive": [], "copies": [], "details": []}
    for _ in range(max(5, options.rounds)):
        begun = time.process_time()
        naive(data)
        spent["naive"].append(time.process_time() - begun)
        for name, work in (
            ("copies", lambda: images.sanitise(data, sandbox=sandbox)),
            ("details", lambda: images.look(clean.small, sandbox=sandbox)),
        ):
            theirs, ours = _theirs(sandbox), time.process_time()
            for _ in range(EACH):
                work()
            ours = time.process_time() - ours
            spent[name].append((ours + _theirs(sandbox) - theirs) / EACH)
    sandbox.close()
    middle = {name: 1000 * median(rounds) for name, rounds in spent.items()}
    text = told(middle, len(data), clean.peak_kib, rounds=len(spent["naive"]))
    print(text)
    if options.write:
        publish("photos", text)


def _theirs(sandbox: images.Sandbox) -> float:
    """Return what the sandbox and its ended children have used, counted in ticks of 10 ms."""
    process = sandbox._process  # noqa: SLF001 - nobody else has its pid
    return seconds([process.pid]) if process else 0.0


def told(middle: dict[str, float], size: int, peak_kib: int, *, rounds: int) -> str:
    """Return the section of docs/performance.md."""
    ratio = middle["naive"] / middle["copies"]
    both = middle["naive"] / (middle["copies"] + middle["details"])
    missed = "" if ratio >= GOAL else f", **missed by {100 * (1 - ratio / GOAL):.0f}%**"
    return f"""## A photo

{surroundings()} One JPEG of 12 megapixels and {size / 1e6:.1f} MB, to 2016 and 400 pixels without
metadata; medians of {rounds} rounds, processor time, the sandbox's processes included.

| variant | CPU ms | ratio |
|---|---|---|
| naive Pillow | {middle["naive"]:.0f} | 1.0 |
| ours, two copies | {middle["copies"]:.0f} | {ratio:.1f} |
| ours, with the details it is known by | {middle["copies"] + middle["details"]:.0f} | {both:.1f} |

- **P9 12 MP to two JPEGs, CPU**: goal {GOAL:g}x, reached {ratio:.1f}x{missed}; the child that
  decodes peaked at {peak_kib / 1024:.0f} MiB, Python and both libraries included."""
