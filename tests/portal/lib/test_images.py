"""The decoder's own promises, on pictures made here."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageOps, ImageStat, PngImagePlugin

from portal.lib import images


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """Draw something with edges, left and right unlike."""
    image = Image.effect_noise((width // 4, height // 4), 40).resize((width, height)).convert("RGB")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width // 3, height // 3), fill="red")
    pen.ellipse((width // 2, height // 2, width - 9, height - 9), fill="blue")
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@cache
def whole(kind: str) -> bytes:
    """Return one and the same file each time."""
    return saved(scene(160, 120), kind)


def opened(picture: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(picture))
    image.load()
    return image


class TestSanitise:
    def test_drops_every_kind_of_metadata_and_remembers_only_the_facts(self) -> None:
        exif = Image.Exif()
        exif[0x0131] = "PhotoShop <script>"
        exif[0x010F], exif[0x0110] = "Pine", "Pine Camera 3"
        exif.get_ifd(0x8769)[0x9003] = "2026:09:09 10:42:00"
        exif.get_ifd(0x8769)[0x9011] = "+08:00"
        exif.get_ifd(0x8825)[2] = (29.0, 52.0, 21.0)
        dirty = saved(scene(), "JPEG", exif=exif, comment=b"lives at 5 Elm Street", xmp=b"<x/>")
        assert b"Elm Street" in dirty

        clean = images.sanitise(dirty)

        assert images.foreign_segments(clean.large) == images.foreign_segments(clean.small) == []
        assert b"Elm" not in clean.large + clean.small
        assert clean.signals == {
            "format": "JPEG",
            "size": [640, 480],
            "has_gps": True,
            "software": "PhotoShop <script>",
            "camera": "Pine Camera 3",
            "taken_at": "2026-09-09 10:42:00+08:00",
        }

    def test_halves_a_phone_photo_exactly(self) -> None:
        clean = images.sanitise(saved(scene(4032, 3024), "JPEG"))

        assert (clean.width, clean.height) == (2016, 1512)
        assert opened(clean.small).size == (400, 300)
        assert clean.peak_kib < 80 * 1024

    @pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
    def test_flattens_every_mode_to_plain_colours(self, mode: str) -> None:
        if mode == "I;16":
            grey = scene().convert("L").convert("I").point(lambda value: value * 257)
            picture, kind = grey.convert("I;16"), "PNG"
        else:
            picture, kind = scene().convert(mode), "JPEG" if mode == "CMYK" else "PNG"

        clean = images.sanitise(saved(picture, kind))

        assert opened(clean.large).mode == "RGB"
        red = ImageStat.Stat(opened(clean.large).crop((10, 10, 90, 90))).mean[0]
        assert 50 < red < 256  # red, or the grey of red: neither black nor lost

    def test_shows_white_where_a_picture_is_clear(self) -> None:
        clear = saved(Image.new("RGBA", (50, 50), (255, 0, 0, 0)), "PNG")

        assert opened(images.sanitise(clear).large).getpixel((25, 25)) == (255, 255, 255)

    def test_tells_near_pictures_from_others_by_their_hash(self) -> None:
        picture = scene()
        original = images.sanitise(saved(picture, "JPEG", quality=95))
        again = images.sanitise(saved(picture.resize((500, 375)), "WEBP", quality=60))
        other = images.sanitise(saved(ImageOps.invert(picture), "JPEG"))

        assert (original.dhash ^ again.dhash).bit_count() <= 6
        assert (original.dhash ^ other.dhash).bit_count() > 12

    def test_calls_a_photo_blurred_only_when_it_is(self) -> None:
        sharp = scene(1600, 1200)
        soft = sharp.filter(ImageFilter.GaussianBlur(12))

        assert not images.sanitise(saved(sharp, "JPEG")).is_blurred
        assert images.sanitise(saved(soft, "JPEG")).is_blurred

    @pytest.mark.parametrize(
        ("content", "code", "kind"),
        [
            (b"", "empty", ""),
            (b"%PDF-1.7 and so on", "wrong_kind", "PDF"),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "wrong_kind", "SVG"),
            (b"<html><script>x()</script>", "wrong_kind", "HTML"),
            (b"GIF89a" + b"\0" * 40, "wrong_kind", "GIF"),
            (b"\0\0\0\x1cftypmp42\0\0\0\0isommp42", "wrong_kind", "VIDEO"),
            (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif", "wrong_kind", "AVIF"),
            (b"\xff\xd8\xff\xe0 not at all", "unreadable", ""),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 99, "unreadable", ""),
        ],
    )
    def test_refuses_with_a_code(self, content: bytes, code: str, kind: str) -> None:
        with pytest.raises(images.Refused) as refusal:
            images.sanitise(content)

        assert (refusal.value.code, refusal.value.kind) == (code, kind)

    def test_refuses_a_file_cut_short(self) -> None:
        whole = saved(scene(), "JPEG")

        with pytest.raises(images.Refused, match="unreadable"):
            images.sanitise(whole[: len(whole) // 2])

    def test_refuses_a_bomb_before_decoding_it(self) -> None:
        bomb = saved(Image.new("1", (30_000, 30_000)), "PNG")

        with pytest.raises(images.Refused, match="too_many_pixels") as refusal:
            images.sanitise(bomb)

        assert refusal.value.peak_kib < 64 * 1024

    def test_refuses_a_bomb_of_text(self) -> None:
        notes = PngImagePlugin.PngInfo()
        for number in range(40):
            notes.add_text(f"note{number}", "x" * 900_000, zip=True)
        bomb = saved(Image.new("RGB", (8, 8)), "PNG", pnginfo=notes)
        assert len(bomb) < 100_000

        with pytest.raises(images.Refused, match="unreadable"):
            images.sanitise(bomb)

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_survives_any_damage(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
        content = bytearray(whole(kind))
        for _ in range(data.draw(st.integers(1, 8))):
            content[data.draw(st.integers(12, len(content) - 1))] = data.draw(st.integers(0, 255))

        try:
            code, large = "", images.sanitise(bytes(content)).large
        except images.Refused as refusal:
            code, large = refusal.code, b""
        assert code in {"", "unreadable", "too_many_pixels", "too_heavy"}
        assert not large or images.foreign_segments(large) == []


class TestSandbox:
    def test_kills_a_decoder_that_overruns_and_serves_the_next(self) -> None:
        sandbox = images.Sandbox()
        slow = saved(scene(4000, 3000), "PNG")
        try:
            started = time.monotonic()
            with pytest.raises(images.Refused, match="too_heavy"):
                sandbox.ask(slow, "PNG", wall=0.01)

            assert time.monotonic() - started < 5
            assert images.sanitise(saved(scene(), "PNG"), sandbox=sandbox).width == 640
        finally:
            sandbox.close()

    def test_starts_again_when_the_decoder_has_died(self) -> None:
        sandbox = images.Sandbox()
        try:
            images.sanitise(saved(scene(), "PNG"), sandbox=sandbox)
            assert sandbox._process is not None
            os.kill(sandbox._process.pid, 9)
            sandbox._process.wait()

            assert images.sanitise(saved(scene(), "PNG"), sandbox=sandbox).height == 480
        finally:
            sandbox.close()

    def test_holds_no_secret(self) -> None:
        sandbox = images.Sandbox()
        try:
            images.sanitise(saved(scene(), "PNG"), sandbox=sandbox)
            assert sandbox._process is not None
            environ = Path(f"/proc/{sandbox._process.pid}/environ").read_bytes()
            assert b"SECRET" not in environ
            assert b"DATABASE" not in environ
        finally:
            sandbox.close()


class TestForeignSegments:
    def test_finds_what_does_not_belong(self) -> None:
        tidy = images.sanitise(saved(scene(), "PNG")).large
        note = b"\xff\xfe\x00\x06evil"

        assert images.foreign_segments(tidy) == []
        assert images.foreign_segments(tidy[:2] + note + tidy[2:]) == ["FFFE"]
        assert images.foreign_segments(tidy + b"<?php") == ["5 bytes after the end"]
        assert images.foreign_segments(tidy[:-2]) == ["no end of image"]
        assert images.foreign_segments(b"GIF89a") == ["no start of image", "no end of image"]


def test_no_decoder_outlives_its_house() -> None:
    house = (
        "import os, signal\n"
        "from portal.lib import images\n"
        "images._sandbox.ask(b'no picture', 'PNG')\n"
        "print(images._sandbox._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", house], capture_output=True, text=True, check=False, timeout=60
    )
    decoder = Path(f"/proc/{int(done.stdout)}/stat")

    until = time.monotonic() + 20
    while _runs(decoder) and time.monotonic() < until:
        time.sleep(0.05)

    assert not _runs(decoder)


def _runs(stat: Path) -> bool:
    """Test whether a process still runs; a dead one that nobody has reaped yet does not."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
