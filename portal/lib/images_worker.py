"""
Decode one hostile picture at a time in a process that can do nothing else.

``portal.lib.images`` runs this file by its path, with ``python -I`` and an empty environment: it
imports nothing of the house and holds no secret. The first process only forks; each picture is
read in a child of its own with hard limits on memory, CPU and files, so that a crash, a bomb or
an exploit costs one picture.

The conversation on stdin and stdout is framed: ``>4sQ`` with the kind of picture, its length, and
the picture; then ``>iQQ`` with the child's wait status, its peak memory in KiB and the length of
what it wrote, and those bytes: ``>III`` with the lengths of a JSON object, a large and a small
JPEG, and the three themselves. Asked to ``LOOK`` at a small copy, it answers with a JSON object,
the details the picture is known by, and nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.util
import io
import json
import os
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import Any

import pi_heif
from PIL import (
    ExifTags,
    Image,
    ImageCms,
    ImageFilter,
    ImageOps,
    ImageStat,
    JpegImagePlugin,  # noqa: F401 - loaded before the child may no longer open files
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,
    WebPImagePlugin,  # noqa: F401
)

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 20
WALL_SECONDS = 15
ANSWER_BYTES = 24 * 1024 * 1024

PIXELS = 64_000_000
"""The most a picture may have; enough for every phone's full-size PNG or HEIC."""
MOST_PIXELS = {"JPEG": 128_000_000, "WEBP": 28_000_000}
"""A JPEG is decoded at a fraction of its size; a WebP takes four canvases of its full size."""

LARGE = 2048
ENOUGH = 1600
"""A picture is halved as long as its longer side keeps this many pixels."""
SMALL = 400
QUALITY = 84
STRIP = 256

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

WANTED = {b"JPEG": "JPEG", b"PNG ": "PNG", b"WEBP": "WEBP", b"HEIF": "HEIF", b"LOOK": "LOOK"}


def beside(name: str) -> Any:
    """Load a file that lies beside this one; ``python -I`` finds none by its name."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


details = beside("images_details")


class Refused(Exception):
    """The picture cannot be used; the argument is a code of ``portal.lib.images``."""


def read_exactly(source: int, count: int) -> bytes:
    """Read so many bytes, or fewer if the other side has gone."""
    parts = []
    while count:
        part = os.read(source, min(count, 1 << 20))
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def write_all(target: int, data: bytes) -> None:
    """Write every byte."""
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def steps(size: tuple[int, int]) -> int:
    """Return the whole number by which a picture shrinks before any smooth resize."""
    return max(1, max(size) // ENOUGH if max(size) > LARGE else 1)


def flat(image: Image.Image) -> Image.Image:
    """Return the picture as plain RGB; what shines through becomes white."""
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGB", clear.size, "white")
        white.paste(clear, mask=clear.getchannel("A"))
        return white
    return image.convert("RGB")


def shrunk(image: Image.Image) -> Image.Image:
    """Return a flat copy of at most ``LARGE`` pixels a side, strip by strip to spare memory."""
    by = steps(image.size)
    width, height = image.size
    if by == 1 and width * height <= LARGE * LARGE:
        out = flat(image)
    else:
        out = Image.new("RGB", (-(-width // by), -(-height // by)))
        for top in range(0, height, STRIP * by):
            strip = image.crop((0, top, width, min(height, top + STRIP * by)))
            strip.info = image.info
            out.paste(flat(strip).reduce(by), (0, top // by))
    return fitted(out, LARGE)


def fitted(image: Image.Image, side: int, *, gap: float = 2.0) -> Image.Image:
    """Return the picture with its longer side at most ``side``; a small gap is fast and coarse."""
    longest = max(image.size)
    if longest <= side:
        return image
    size = (
        max(1, round(image.width * side / longest)),
        max(1, round(image.height * side / longest)),
    )
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=gap)


def check_pixels(size: tuple[int, int], limit: int) -> None:
    """Turn a bomb away before a single pixel is decoded."""
    if size[0] < 1 or size[1] < 1:
        raise Refused("unreadable")
    if size[0] * size[1] > limit:
        raise Refused("too_many_pixels")


def open_heif(data: bytes) -> tuple[Image.Image, Image.Exif, dict[str, Any]]:
    """Decode a HEIF picture, already upright as libheif gives it, without a second full copy."""
    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = False
    pi_heif.options.DEPTH_IMAGES = False
    pi_heif.options.AUX_IMAGES = False
    container = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    picture = container[container.primary_index]
    check_pixels(picture.size, PIXELS)
    (width, height), mode = picture.size, picture.mode
    exif = Image.Exif()
    with contextlib.suppress(Exception):
        exif.load(picture.info.get("exif") or b"")
    by, pixels, stride = steps(picture.size), memoryview(picture.data), picture.stride
    out = Image.new("RGB", (-(-width // by), -(-height // by)))
    for top in range(0, height, STRIP * by):
        rows = min(STRIP * by, height - top)
        strip = Image.frombuffer(
            mode,
            (width, rows),
            bytes(pixels[top * stride : (top + rows) * stride]),
            "raw",
            mode,
            stride,
            1,
        )
        out.paste(flat(strip).reduce(by) if by > 1 else flat(strip), (0, top // by))
    return fitted(out, LARGE), exif, {"format": "HEIF", "size": [width, height], **picture.info}


def open_pillow(data: bytes, kind: str) -> tuple[Image.Image, Image.Exif, dict[str, Any]]:
    """Decode a JPEG, PNG or WebP picture and stand it upright."""
    image = Image.open(io.BytesIO(data), formats=[kind])
    check_pixels(image.size, MOST_PIXELS.get(kind, PIXELS))
    size = list(image.size)
    if kind == "JPEG":
        by = max(s for s in (1, 2, 4, 8) if s <= steps(image.size))
        image.draft("RGB", (max(1, image.width // by), max(1, image.height // by)))
    try:
        image.load()
    except OSError:
        if kind != "PNG" or image.tile:
            raise
        # Every pixel was there; only what follows them in the file is cut short.
        image.load()
    info: dict[str, Any] = {"format": image.format, "size": size}
    info |= {str(key): value for key, value in image.info.items()}
    exif = Image.Exif()
    with contextlib.suppress(Exception):
        exif = image.getexif()
    turn = 1
    with contextlib.suppress(Exception):
        turn = int(exif.get(ExifTags.Base.Orientation, 1))
    small = shrunk(image)
    del image
    return turned(small, turn), exif, info


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as the camera was held, for the eight values of EXIF."""
    how = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return image if how is None else image.transpose(how)


def to_srgb(image: Image.Image, icc: object) -> Image.Image:
    """Return the picture in sRGB colours; a broken or foreign profile leaves it as it is."""
    if not isinstance(icc, bytes) or len(icc) > 4 * 1024 * 1024:
        return image
    with contextlib.suppress(Exception):
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if profile.profile.xcolor_space.strip() != "RGB":
            return image
        if "srgb" in ImageCms.getProfileDescription(profile).lower():
            return image
        changed = ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if changed is not None:
            return changed
    return image


def word(value: object) -> str:
    """Return an EXIF text as one short printable line."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value if c.isprintable()).strip()[:80]


def signals(exif: Image.Exif, info: dict[str, Any]) -> dict[str, Any]:
    """Return what the file says of itself that helps a person judge; never its place."""
    told: dict[str, Any] = {"format": str(info["format"]), "size": info["size"], "has_gps": False}
    inner: dict[int, Any] = {}
    with contextlib.suppress(Exception):
        inner = dict(exif.get_ifd(ExifTags.IFD.Exif))
    with contextlib.suppress(Exception):
        told["has_gps"] = bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
    with contextlib.suppress(Exception):
        told["software"] = word(exif.get(ExifTags.Base.Software))
        make, model = (word(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
        told["camera"] = (model if model.startswith(make) else f"{make} {model}").strip()[:80]
    with contextlib.suppress(Exception):
        taken = word(inner.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime))
        zone = word(inner.get(ExifTags.Base.OffsetTimeOriginal))
        if len(taken) >= 19 and taken[4] == taken[7] == ":" and taken[:4].isdigit():
            told["taken_at"] = taken[:19].replace(":", "-", 2) + zone[:6]
    return {key: value for key, value in told.items() if value not in ("", None)}


def fingerprint(image: Image.Image) -> int:
    """Return the 64 bits of dHash as PostgreSQL's signed bigint; near pictures differ in few."""
    small = image.convert("L").resize((9, 8), Image.Resampling.BOX)
    grey = small.tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            bits = bits << 1 | (grey[row * 9 + column] > grey[row * 9 + column + 1])
    return bits - (1 << 64) if bits >> 63 else bits


def sharpness(image: Image.Image) -> float:
    """Return the variance of the Laplacian: the lower, the more blurred."""
    grey = image.convert("L")
    if min(grey.size) < 3:
        return 0.0
    edges = grey.filter(ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), 1, 128))
    inner = ImageOps.crop(edges, 1)
    return round(ImageStat.Stat(inner).var[0], 2)


def jpeg(image: Image.Image) -> bytes:
    """Return the pixels as a JPEG file and nothing besides."""
    image.info = {}
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, exif=b"", comment=b"", icc_profile=None)
    return out.getvalue()


def clean(data: bytes, kind: str) -> bytes:
    """Return the framed answer for one picture."""
    image, exif, info = open_heif(data) if kind == "HEIF" else open_pillow(data, kind)
    image = to_srgb(image, info.get("icc_profile"))
    # One cheap halving serves the small copy, the hash and the measure of blur.
    by = max(1, max(image.size) // 1000)
    middle = image.reduce(by) if by > 1 else image
    small = fitted(middle, SMALL, gap=1.1)
    facts = {
        "width": image.width,
        "height": image.height,
        "dhash": fingerprint(small),
        "blur": sharpness(middle),
        "signals": signals(exif, info),
    }
    parts = (json.dumps(facts).encode(), jpeg(image), jpeg(small))
    return struct.pack(">III", *map(len, parts)) + b"".join(parts)


def look(data: bytes) -> bytes:
    """Return the framed answer about one of our own small copies: what it is known by."""
    image = Image.open(io.BytesIO(data), formats=["JPEG"])
    check_pixels(image.size, LARGE * LARGE)
    image.draft("L", image.size)
    whole, found = details.described(image)
    facts = json.dumps({"phash": whole}).encode()
    framed: bytes = struct.pack(">III", len(facts), len(found), 0) + facts + found
    return framed


def answer(data: bytes, kind: str) -> bytes:
    """Return the answer for one picture, or a refusal; only a killed child says nothing."""
    try:
        return look(data) if kind == "LOOK" else clean(data, kind)
    except Refused as refusal:
        code = str(refusal)
    except MemoryError:
        code = "too_heavy"
    except Exception:  # decoders raise anything at all on hostile bytes
        code = "unreadable"
    body = json.dumps({"refused": code}).encode()
    return struct.pack(">III", len(body), 0, 0) + body


def confine() -> None:
    """Give up everything a decoder does not need; from here on no file or socket can be opened."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    signal.alarm(WALL_SECONDS)
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, ANSWER_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def work(data: bytes, kind: str) -> tuple[int, int, bytes]:
    """Read one picture in a child; return its wait status, peak memory in KiB and answer."""
    result = os.memfd_create("answer")
    try:
        child = os.fork()
        if child == 0:
            try:
                confine()
                write_all(result, answer(data, kind))
            except BaseException:  # nothing may climb out of the child
                os._exit(1)
            os._exit(0)
        _, status, usage = os.wait4(child, 0)
        body = b""
        if status == 0:
            os.lseek(result, 0, os.SEEK_SET)
            body = read_exactly(result, ANSWER_BYTES)
        return status, usage.ru_maxrss, body
    finally:
        os.close(result)


def main() -> None:
    """Serve pictures until the house hangs up."""
    Image.init()
    PngImagePlugin.MAX_TEXT_MEMORY = 4 * 1024 * 1024
    Image.MAX_IMAGE_PIXELS = None  # our own check comes first and is stricter
    gc.freeze()
    source, target = sys.stdin.fileno(), sys.stdout.fileno()
    while len(head := read_exactly(source, 12)) == 12:
        kind, length = struct.unpack(">4sQ", head)
        data = read_exactly(source, length)
        if len(data) < length:
            return
        status, peak, body = work(data, WANTED[kind])
        del data
        write_all(target, struct.pack(">iQQ", status, peak, len(body)) + body)


if __name__ == "__main__":
    main()
    os._exit(0)  # there is nothing to put in order, and the house has gone
