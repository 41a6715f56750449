"""Photos that show the same are found across claims and shoppers; others are not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from claims.models import Claim, Evidence, PhotoDetails, PhotoHash
from claims.services import evidence, lookalikes
from portal.lib import images, likeness
from tests.claims import scenes
from tests.claims.pictures import draft, file
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def private(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def sent(claim: Claim, image: Image.Image, quality: int = 85) -> Evidence:
    photo = evidence.attach(
        claim=claim,
        file=file(scenes.jpeg(image, quality)),
        name="x.jpg",
        kind="item",
        upload_key=str(Evidence.objects.count()),
        user=claim.shopper,
        now=NOON,
    )
    return evidence.clean(evidence_id=photo.pk, now=NOON)


class TestAlike:
    def test_finds_the_file_its_crop_and_its_screenshot_in_other_claims(self) -> None:
        claim = draft()
        image = scenes.scene(1)
        same, cropped, shown = (
            sent(draft(), image),
            sent(draft(), scenes.cropped(image, 0.15), 40),
            sent(draft(), scenes.screenshot(image)),
        )
        sent(draft(), scenes.scene(2))
        mine = sent(claim, image)

        found = lookalikes.alike(of=[mine])[mine.pk]

        by_photo = {one.evidence_id: one for one in found}
        assert by_photo.keys() == {same.pk, cropped.pk, shown.pk}
        assert found[0].evidence_id == same.pk
        assert (found[0].is_same_file, found[0].distance) == (True, 0)
        assert found[0].claim_ref == same.claim.ref
        assert found[0].shopper_id == same.claim.shopper_id
        assert by_photo[cropped.pk].is_same_file is False
        assert by_photo[cropped.pk].details >= 3

    def test_knows_a_picture_in_the_mirror_and_on_its_side(self) -> None:
        image = scenes.scene(5)
        turned = sent(draft(), image.transpose(Image.Transpose.ROTATE_90))
        mirrored = sent(draft(), image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
        mine = sent(draft(), image)

        found = {one.evidence_id: one for one in lookalikes.similar(evidence=mine)}

        assert (found[turned.pk].turn, found[turned.pk].is_mirrored) == (270, False)
        assert found[mirrored.pk].is_mirrored is True

    def test_tells_what_is_partly_the_same_from_a_picture_sent_again(self) -> None:
        image, with_corner = scenes.scene(1), scenes.scene(31)
        with_corner.paste(image.crop((0, 0, 400, 300)))
        part, again = sent(draft(), with_corner), sent(draft(), scenes.cropped(image, 0.1), 50)

        found = lookalikes.similar(evidence=sent(draft(), image))

        assert [(one.evidence_id, one.is_print) for one in found] == [
            (again.pk, False),
            (part.pk, True),
        ]

    def test_asks_for_many_photos_as_often_as_for_one(self, django_assert_num_queries) -> None:
        claim = draft()
        sent(draft(), scenes.scene(1))
        rows = [sent(claim, scenes.scene(seed)) for seed in (1, 2, 3)]

        with django_assert_num_queries(4):
            assert list(lookalikes.alike(of=rows)) == [rows[0].pk]
        with django_assert_num_queries(4):
            assert list(lookalikes.alike(of=rows[:1])) == [rows[0].pk]

    def test_says_nothing_of_photos_of_the_same_claim_nor_of_plain_surfaces(self) -> None:
        claim = draft()
        rows = [sent(claim, scenes.scene(1)), sent(claim, scenes.cropped(scenes.scene(1)))]
        grey = Image.new("RGB", (640, 480), (120, 121, 122))
        plain = [sent(draft(), grey, 80), sent(draft(), grey, 70)]

        assert lookalikes.alike(of=[*rows, *plain]) == {}
        assert not PhotoHash.objects.filter(evidence__in=plain).exists()

    def test_says_nothing_of_nothing(self) -> None:
        assert lookalikes.alike(of=[]) == {}


class TestRemember:
    def test_keeps_each_hash_once_with_the_parts_it_is_found_by(self) -> None:
        photo = sent(draft(), scenes.scene(1))

        assert photo.phash is not None
        row = PhotoHash.objects.filter(evidence=photo, bits=photo.phash).get()
        assert (row.part1, row.part2, row.part3) == likeness.parts(photo.phash)
        assert PhotoHash.objects.filter(evidence=photo).count() > 30

    def test_looks_again_at_a_photo_known_in_an_older_way(self) -> None:
        photo = sent(draft(), scenes.scene(1))
        before = set(PhotoHash.objects.values_list("bits", flat=True))
        PhotoDetails.objects.update(version=0, packed=b"")
        PhotoHash.objects.all().delete()

        assert evidence.look_again() == 1

        assert set(PhotoHash.objects.values_list("bits", flat=True)) == before
        assert PhotoDetails.objects.get().version == lookalikes.VERSION
        assert evidence.look_again() == 0
        assert photo.pk

    def test_gives_up_on_a_copy_that_is_gone_and_does_not_try_for_ever(self) -> None:
        photo = sent(draft(), scenes.scene(1))
        PhotoDetails.objects.all().delete()
        default_storage.delete(photo.small)

        assert evidence.look_again() == 1
        assert evidence.look_again() == 0

    def test_looks_at_the_small_copy_only(self) -> None:
        photo = sent(draft(), scenes.scene(3))

        with default_storage.open(photo.small) as small:
            look = images.look(small.read())

        assert bytes(PhotoDetails.objects.get().packed) == look.details
        assert photo.cleaned_at is not None
        assert photo.cleaned_at < NOON + timedelta(days=1)
