"""Every picture of the shared corpora ends accepted or refused with a sentence; nothing else."""

from __future__ import annotations

import io
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image, ImageChops, ImageStat

from claims.services import evidence
from portal.lib import images
from tests.claims.pictures import draft

DATA = Path(settings.CONFORMANCE_DATA)
TAKEN = {"JPEG", "MPO", "PNG", "WEBP", "HEIF"}
NOT_TAKEN_BY_CHOICE = {"AVIF", "GIF", "BMP", "TIFF", "PPM", "PSD", "ICNS", "TGA", "FLI", "SGI"}
"""Kinds outside the allow-list: the formats whose decoders crash most, and no phone sends them."""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no conformance data in {DATA}")


@cache
def facts() -> dict[str, dict[str, Any]]:
    """Return what Pillow 13 said of every file when the corpora were gathered."""
    found: dict[str, dict[str, Any]] = {}
    for folder in ("photos", "bad_images"):
        path = DATA / folder / "image_facts.json"
        if path.exists():
            found |= json.loads(path.read_text())
    return found


def names() -> list[str]:
    return sorted(
        str(path.relative_to(DATA))
        for folder in ("photos", "bad_images")
        for path in (DATA / folder).rglob("*")
        if path.is_file() and path.name not in {"README.md", "image_facts.json"}
    )


@cache
def outcome(name: str) -> tuple[images.Clean | images.Refused, float]:
    started = time.monotonic()
    result: images.Clean | images.Refused
    try:
        result = images.sanitise(DATA / name)
    except images.Refused as refusal:
        result = refusal
    return result, time.monotonic() - started


@pytest.mark.parametrize("name", names())
class TestEveryFile:
    def test_is_accepted_or_refused_with_a_sentence_in_time_and_memory(self, name: str) -> None:
        result, seconds = outcome(name)

        assert seconds < 15
        assert result.peak_kib <= 512 * 1024
        if isinstance(result, images.Refused):
            assert evidence.words(result.code, kind=result.kind or "OTHER").endswith(".")
        else:
            assert max(result.width, result.height) <= 2048

    def test_is_accepted_if_its_format_is_ours_and_it_decodes(self, name: str) -> None:
        known = facts().get(name, {})
        if not known.get("decodes"):
            pytest.skip("nothing says that this file decodes")
        result, _ = outcome(name)

        if known["format"] in TAKEN:
            assert isinstance(result, images.Clean)
        else:
            assert known["format"] in NOT_TAKEN_BY_CHOICE
            assert isinstance(result, images.Refused)
            assert result.code == "wrong_kind"
            assert "JPEG, PNG, WebP or HEIC" in evidence.words(
                result.code, kind=result.kind or "OTHER"
            )

    def test_leaves_no_byte_of_metadata(self, name: str) -> None:
        result, _ = outcome(name)
        if isinstance(result, images.Refused):
            pytest.skip("refused")

        for picture in (result.large, result.small):
            assert images.foreign_segments(picture) == []
            assert b"Exif" not in picture
            assert b"http://ns.adobe" not in picture
            assert b"Photoshop" not in picture
            opened = Image.open(io.BytesIO(picture), formats=["JPEG"])
            opened.load()
            assert opened.mode == "RGB"
            assert dict(opened.getexif()) == {}
            assert not {"exif", "xmp", "comment", "icc_profile", "photoshop"} & set(opened.info)

    def test_tells_of_a_position_without_the_position(self, name: str) -> None:
        result, _ = outcome(name)
        if isinstance(result, images.Refused):
            pytest.skip("refused")

        assert result.signals["has_gps"] is bool(facts().get(name, {}).get("gps"))
        assert set(result.signals) <= {
            "format", "size", "has_gps", "software", "camera", "taken_at",
        }  # fmt: skip


class TestOrientation:
    @pytest.mark.parametrize("shape", ["landscape", "portrait"])
    @pytest.mark.parametrize("turn", range(1, 9))
    def test_stands_upright(self, shape: str, turn: int) -> None:
        folder = "photos/orientation_exif_samples"
        upright, _ = outcome(f"{folder}/{shape}_1.jpg")
        turned, _ = outcome(f"{folder}/{shape}_{turn}.jpg")
        assert isinstance(upright, images.Clean)
        assert isinstance(turned, images.Clean)

        assert (turned.width, turned.height) == (upright.width, upright.height)
        for side in ("large", "small"):
            # Compared in grey at a small size: the number drawn in each sample differs.
            one, other = (
                Image.open(io.BytesIO(getattr(picture, side))).convert("L").resize((64, 64))
                for picture in (upright, turned)
            )
            assert ImageStat.Stat(ImageChops.difference(one, other)).mean[0] < 6
        assert (upright.dhash ^ turned.dhash).bit_count() <= 6


@pytest.mark.django_db
class TestDoor:
    def test_takes_or_refuses_every_hostile_file_with_a_sentence(
        self, client: Client, settings: Any, tmp_path: Path
    ) -> None:
        settings.MEDIA_ROOT = tmp_path
        settings.PHOTO_MAX_PER_CLAIM = settings.PHOTO_MAX_PER_HOUR = 1000
        claim = draft()
        client.force_login(claim.shopper)

        for number, path in enumerate(sorted((DATA / "bad_images").rglob("*"))):
            if not path.is_file():
                continue
            with path.open("rb") as file:
                form = {"file": file, "kind": "item", "upload_key": f"k{number}"}
                answer = client.post(f"/claims/{claim.ref}/photos/", form)

            assert answer.status_code in {201, 413, 422}, path.name
            assert answer.json()["sentence"].endswith((".", "MB", "KB", "bytes")), path.name
            is_ours = images.sniff(path.read_bytes()[:4096]) in images.KINDS
            assert (answer.status_code == 201) is is_ours, path.name
