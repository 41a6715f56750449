"""A picture is known again by its details; another is not."""

from __future__ import annotations

from functools import cache

import pytest
from PIL import Image, ImageDraw, ImageOps

from portal.lib import images, images_details, likeness
from tests.claims import scenes


@cache
def details(seed: int) -> list[likeness.Detail]:
    return seen(scenes.scene(seed))


def seen(image: Image.Image, quality: int = 80) -> list[likeness.Detail]:
    small = ImageOps.contain(image.convert("RGB"), (400, 400))
    return likeness.unpacked(images.look(scenes.jpeg(small, quality)).details)


CHANGES = {
    "recompressed": lambda image: image.resize((320, 240)),
    "cropped": lambda image: scenes.cropped(image, 0.15),
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "askew": lambda image: scenes.cropped(image.rotate(6, Image.Resampling.BICUBIC), 0.1),
    "mirrored": ImageOps.mirror,
    "screenshot": scenes.screenshot,
}


class TestCompare:
    @pytest.mark.parametrize("change", CHANGES)
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_knows_a_picture_again(self, seed: int, change: str) -> None:
        copy = seen(CHANGES[change](scenes.scene(seed)), quality=45)

        how = likeness.compare(copy, details(seed))

        assert how.weight >= 80
        assert how.agreeing >= 0.35
        assert sum(how.points.values()) == how.weight
        assert how.is_mirrored is (change == "mirrored")
        assert how.turn == (90 if change == "turned" else 0)

    def test_tells_how_much_larger_the_details_of_a_crop_are(self) -> None:
        how = likeness.compare(seen(scenes.cropped(scenes.scene(1), 0.2)), details(1))

        assert 0.4 < how.share < 0.85

    def test_takes_other_pictures_for_others(self) -> None:
        weights = [
            likeness.compare(details(one), details(other)).weight
            for one in (1, 2, 3)
            for other in (11, 12, 13, 14)
        ]

        assert max(weights) < 50

    def test_takes_one_sticker_on_two_things_for_no_copy(self) -> None:
        with_sticker = []
        for seed in (21, 22):
            image = scenes.scene(seed)
            image.paste(scenes.scene(99, (90, 60)), (40 + seed, 300))
            with_sticker.append(seen(image))

        assert likeness.compare(*with_sticker).weight < 120

    def test_tells_how_far_apart_lies_what_agrees(self) -> None:
        whole = likeness.compare(seen(scenes.scene(1), 40), details(1))
        with_corner = scenes.scene(31)
        with_corner.paste(scenes.scene(1).crop((0, 0, 400, 300)))
        part = likeness.compare(seen(with_corner), details(1))

        assert whole.spread > 0.9
        assert part.weight >= 120
        assert part.spread < 0.6


class TestLook:
    def test_finds_nothing_on_a_plain_surface(self) -> None:
        look = images.look(scenes.jpeg(Image.new("RGB", (400, 300), (120, 130, 140))))

        assert look.details == b""

    def test_cuts_bars_away_with_what_is_written_in_them(self) -> None:
        grey = scenes.screenshot(scenes.scene(4)).convert("L")

        trimmed = images_details.trimmed(grey)

        # 590 by 443 of a screen 1280 high; a bar is cut to the nearest 96th of it.
        assert trimmed.width == 590
        assert 420 <= trimmed.height <= 456

    def test_leaves_a_picture_without_bars_as_it_is(self) -> None:
        grey = Image.effect_noise((640, 480), 90)

        assert images_details.trimmed(grey).size == (640, 480)

    @pytest.mark.parametrize("size", [(1, 1), (2, 400), (400, 3), (31, 17), (400, 20)])
    def test_takes_odd_shapes_without_a_word(self, size: tuple[int, int]) -> None:
        noise = Image.effect_noise(size, 90)

        look = images.look(scenes.jpeg(noise))

        assert len(look.details) % likeness.DETAIL.size == 0

    def test_refuses_what_is_no_copy_of_ours(self) -> None:
        with pytest.raises(images.Refused, match="unreadable"):
            images.look(b"\xff\xd8\xff not a picture")


class TestMirror:
    def test_is_the_hash_of_the_picture_upside_down(self) -> None:
        image = Image.radial_gradient("L").resize((16, 16))
        ImageDraw.Draw(image).rectangle((1, 2, 9, 5), fill=200)

        upright = images_details.signs(image.tobytes())
        turned = images_details.signs(ImageOps.flip(image).tobytes())

        assert likeness.signed((upright ^ likeness.MIRROR) & (1 << 64) - 1) == turned


class TestBands:
    @pytest.mark.parametrize(
        ("bits", "parts"),
        [
            (0, (0, 0, 0)),
            (0x00001_00002_00003_F, (1, 2, 3)),
            # 0xC570C, 0xAE624 and 0xDCB45 are what turns in the mirror.
            (0xC570C_AE624_DCB45_0, (0, 0, 0)),
            (-1, (0xFFFFF ^ 0xC570C, 0xFFFFF ^ 0xAE624, 0xFFFFF ^ 0xDCB45)),
        ],
    )
    def test_cuts_a_hash_into_three_parts_of_twenty_bits(
        self, bits: int, parts: tuple[int, ...]
    ) -> None:
        assert likeness.parts(bits) == parts

    @pytest.mark.parametrize("bits", [0, 1, 0x0123_4567_89AB_CDEF, 1 << 63, (1 << 64) - 1])
    def test_are_the_same_in_the_mirror(self, bits: int) -> None:
        assert likeness.parts(bits ^ likeness.MIRROR) == likeness.parts(bits)
