"""Photos: kept once, cleaned once, refused with a sentence, never lost."""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, connections, transaction
from django.utils import translation

from claims.models import Evidence, EvidenceRequest, OriginalOpening
from claims.services import evidence, showing
from claims.services.refusals import NotAllowed, NoWords
from claims.states import ClaimState, EvidenceState
from portal.accounts import roles
from portal.accounts.models import User
from portal.lib import images
from portal.outbox.models import Event
from tests.claims.pictures import attached, draft, file, picture
from tests.factories.tracking import NOON, ParcelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def private(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class TestAttach:
    def test_keeps_the_original_privately_and_tells_the_house(self, private: Path) -> None:
        claim = draft()

        photo = attached(claim)

        assert photo.state == EvidenceState.RECEIVED
        with default_storage.open(photo.original) as original:
            kept = original.read()
        assert kept.startswith(b"gAAAAA")
        assert picture()[:40] not in kept
        assert showing.original(photo) == picture()
        assert photo.sha256 == hashlib.sha256(picture()).hexdigest()
        assert "IMG_1" not in photo.original
        assert photo.bytes == len(picture())
        assert len(photo.sha256) == 64
        (event,) = Event.objects.filter(name="claims.evidence_received")
        assert event.payload == {"evidence_id": photo.pk}

    def test_keeps_one_row_and_one_file_for_one_upload_key(self, private: Path) -> None:
        claim = draft()

        first, again = attached(claim), attached(claim)

        assert first.pk == again.pk
        assert Evidence.objects.count() == 1
        assert len(files(private)) == 1
        assert Event.objects.filter(name="claims.evidence_received").count() == 1

    def test_tells_a_heic_by_its_content(self) -> None:
        heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
        claim = draft()

        photo = evidence.attach(
            claim=claim,
            file=file(heic),
            name="C:\\photos\\IMG\x00_2.png",
            kind="<b>",
            upload_key="k",
            user=claim.shopper,
            now=NOON,
        )

        assert photo.signals == {"format": "HEIF"}
        assert photo.name == "IMG_2.png"
        assert photo.kind == "other"
        assert "iPhone" in evidence.sentence(photo)

    @pytest.mark.parametrize(
        ("content", "code", "says"),
        [
            (b"", "empty", "This file is empty. Please take the photo again."),
            (
                b"%PDF-1.4",
                "wrong_kind",
                "This is a PDF. Please take a photo of the page, or a screenshot of it.",
            ),
            (
                b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
                "wrong_kind",
                "This is a video. Please take two photos of what it shows, or a screenshot of it.",
            ),
            (
                b"GIF89a\x01\x00",
                "wrong_kind",
                "This is a GIF picture. Please send a photo (JPEG, PNG, WebP or HEIC).",
            ),
            (
                b"<svg onload=alert(1)>",
                "wrong_kind",
                "This is an SVG drawing. Please send a photo (JPEG, PNG, WebP or HEIC).",
            ),
        ],
    )
    def test_refuses_what_is_no_photo(
        self, private: Path, content: bytes, code: str, says: str
    ) -> None:
        claim = draft()

        with pytest.raises(evidence.PhotoRefused) as refusal:
            evidence.attach(
                claim=claim,
                file=file(content, "photo.jpg"),
                name="photo.jpg",
                kind="item",
                upload_key="k",
                user=claim.shopper,
                now=NOON,
            )

        assert (refusal.value.code, str(refusal.value)) == (code, says)
        assert not Evidence.objects.exists()
        assert not Event.objects.exists()
        assert files(private) == []

    def test_refuses_too_many_bytes(self, settings, private: Path) -> None:
        settings.PHOTO_MAX_BYTES = 100
        claim = draft()

        with pytest.raises(evidence.TooLarge, match=r"^Too large: .* The limit is 100"):
            attached(claim)

        assert files(private) == []

    def test_refuses_the_photo_beyond_the_quota_until_one_is_taken_back(
        self, settings, private: Path
    ) -> None:
        settings.PHOTO_MAX_PER_CLAIM = 2
        claim = draft()
        first, _second = attached(claim, seed=1), attached(claim, seed=2)

        with pytest.raises(evidence.TooMany):
            attached(claim, seed=3)
        assert len(files(private)) == 2

        evidence.remove(evidence=first, user=claim.shopper, now=NOON)
        attached(claim, seed=3)
        assert evidence.photos(claim=claim).count() == 2
        assert Evidence.objects.count() == 3

    def test_refuses_what_a_claim_cannot_hold_by_weight(self, settings) -> None:
        settings.PHOTO_MAX_BYTES_PER_CLAIM = len(picture()) + len(picture(seed=2)) - 1
        claim = draft()
        attached(claim, seed=1)

        with pytest.raises(evidence.TooMuch, match=r"weigh .*KB, and .*KB is the limit"):
            attached(claim, seed=2)

        assert Evidence.objects.count() == 1

    def test_lets_a_person_send_so_many_an_hour_over_all_their_claims(self, settings) -> None:
        settings.PHOTO_MAX_PER_HOUR = 2
        claim = draft()
        other = draft(parcel=ParcelFactory.create(order=claim.order))
        attached(claim, seed=1)
        attached(other, seed=2)

        with pytest.raises(evidence.TooFast, match="more than 2 photos in an hour"):
            attached(claim, seed=3)
        late = evidence.attach(
            claim=claim,
            file=file(picture(seed=3)),
            name="x.jpg",
            kind="item",
            upload_key="late",
            user=claim.shopper,
            now=NOON + timedelta(minutes=61),
        )

        assert late.pk

    def test_does_not_let_taking_back_fill_the_disk(self, settings) -> None:
        settings.PHOTO_MAX_PER_CLAIM = 1
        claim = draft()
        for seed in range(evidence.ROWS_PER_CLAIM):
            evidence.remove(evidence=attached(claim, seed=seed), user=claim.shopper, now=NOON)

        with pytest.raises(evidence.TooMany):
            attached(claim, seed=99)

    @pytest.mark.parametrize("state", sorted(set(ClaimState) - set(evidence.OPEN_FOR_PHOTOS)))
    def test_refuses_once_nobody_waits_for_photos(self, state: ClaimState) -> None:
        claim = draft(state=state)

        with pytest.raises(evidence.NotNow):
            attached(claim)

        assert not Evidence.objects.exists()

    @pytest.mark.parametrize("state", evidence.OPEN_FOR_PHOTOS)
    def test_accepts_while_somebody_waits_for_photos(self, state: ClaimState) -> None:
        assert attached(draft(state=state)).pk

    def test_refuses_another_shopper(self) -> None:
        claim, other = draft(), draft()

        with pytest.raises(evidence.NotYours):
            evidence.attach(
                claim=claim,
                file=file(picture()),
                name="x",
                kind="item",
                upload_key="k",
                user=other.shopper,
                now=NOON,
            )

    def test_answers_only_a_request_of_the_same_claim(self) -> None:
        claim, other = draft(), draft()
        demand = EvidenceRequest.objects.create(
            claim=other, text="The label", asked_by=other.shopper, asked_at=NOON, due_at=NOON
        )

        photo = evidence.attach(
            claim=claim,
            file=file(picture()),
            name="x",
            kind="item",
            upload_key="k",
            user=claim.shopper,
            now=NOON,
            request=demand,
        )

        assert photo.request is None

    def test_brings_a_photo_back_that_was_taken_back(self) -> None:
        claim = draft()
        photo = attached(claim)
        evidence.remove(evidence=photo, user=claim.shopper, now=NOON)

        again = attached(claim)

        assert again.pk == photo.pk
        assert again.removed_at is None

    @pytest.mark.django_db(transaction=True)
    def test_keeps_one_row_when_the_same_upload_comes_twice_at_once(self, private: Path) -> None:
        claim = draft()
        barrier = threading.Barrier(4)
        seen: list[int] = []

        def send() -> None:
            barrier.wait()
            try:
                seen.append(attached(claim).pk)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(seen) == 4
        assert len(set(seen)) == 1
        assert len(files(private)) == 1


class TestClean:
    def test_makes_two_copies_without_metadata(self) -> None:
        photo = evidence.clean(evidence_id=attached(draft()).pk, now=NOON)

        assert photo.state == EvidenceState.CLEAN
        assert (photo.width, photo.height) == (320, 240)
        for name in (photo.large, photo.small):
            with default_storage.open(name) as copy:
                assert images.foreign_segments(copy.read()) == []
        assert photo.signals["has_gps"] is False
        assert evidence.sentence(photo).startswith("Clear and received, ")

    def test_does_nothing_the_second_time(self, private: Path) -> None:
        pk = attached(draft()).pk
        first = evidence.clean(evidence_id=pk, now=NOON)

        again = evidence.clean(evidence_id=pk, now=NOON + timedelta(hours=1))

        assert (again.large, again.cleaned_at) == (first.large, NOON)
        assert len(files(private)) == 3

    @pytest.mark.django_db(transaction=True)
    def test_keeps_one_pair_of_copies_when_two_workers_clean(self, private: Path) -> None:
        pk = attached(draft()).pk
        barrier = threading.Barrier(2)

        def work() -> None:
            barrier.wait()
            try:
                evidence.clean(evidence_id=pk, now=NOON)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        photo = Evidence.objects.get(pk=pk)
        assert photo.state == EvidenceState.CLEAN
        kept = {path.relative_to(private).as_posix() for path in files(private)}
        assert kept == {photo.original, photo.large, photo.small}

    def test_refuses_a_file_cut_short_with_a_sentence(self) -> None:
        claim = draft()
        photo = evidence.attach(
            claim=claim,
            file=file(picture()[:900]),
            name="x.jpg",
            kind="item",
            upload_key="k",
            user=claim.shopper,
            now=NOON,
        )

        photo = evidence.clean(evidence_id=photo.pk, now=NOON)

        assert (photo.state, photo.refusal) == (EvidenceState.REFUSED, "unreadable")
        assert evidence.sentence(photo) == (
            "We cannot open this file. It may not have finished copying. Please take it again."
        )
        with translation.override("zh-hans"):
            assert evidence.sentence(photo)

    def test_sweeps_up_a_photo_whose_event_went_astray(self) -> None:
        pk = attached(draft()).pk

        assert evidence.clean_waiting(now=NOON + timedelta(seconds=10)) == 0
        assert evidence.clean_waiting(now=NOON + timedelta(minutes=5)) == 1
        assert Evidence.objects.get(pk=pk).state == EvidenceState.CLEAN


class TestRemove:
    def test_keeps_the_row_and_the_file(self, private: Path) -> None:
        claim = draft()
        photo = attached(claim)

        evidence.remove(evidence=photo, user=claim.shopper, now=NOON)

        assert Evidence.objects.get().removed_at == NOON
        assert list(evidence.photos(claim=claim)) == []
        assert len(files(private)) == 1

    def test_refuses_after_the_decision(self) -> None:
        claim = draft()
        photo = attached(claim)
        type(claim).objects.filter(pk=claim.pk).update(
            state=ClaimState.APPROVED, submitted_at=NOON, reason="damaged"
        )

        with pytest.raises(evidence.NotNow):
            evidence.remove(evidence=photo, user=claim.shopper, now=NOON)

        assert Evidence.objects.get().removed_at is None


class TestOriginal:
    """What came is kept as it came."""

    @pytest.fixture
    def agent(self) -> User:
        person: User = User.objects.create_user("agent@example.org", is_staff=True)
        roles.give(person=person, role=roles.RoleName.AGENT)
        return person

    @pytest.mark.parametrize(
        ("field", "value"),
        [("sha256", "0" * 64), ("original", "elsewhere"), ("bytes", 1), ("received_at", None)],
    )
    def test_is_not_swapped_for_another(self, field: str, value: object) -> None:
        photo = attached(draft())
        value = value or NOON + timedelta(days=1)

        with pytest.raises(DatabaseError, match="original_is_sealed"), transaction.atomic():
            Evidence.objects.filter(pk=photo.pk).update(**{field: value})

        assert Evidence.objects.filter(pk=photo.pk).exclude(**{field: value}).exists()

    def test_may_be_erased(self) -> None:
        photo = attached(draft())

        Evidence.objects.filter(pk=photo.pk).update(original="", sha256="")

        assert Evidence.objects.get().sha256 == ""

    def test_is_given_out_for_a_reason_that_is_kept(self, agent: User) -> None:
        photo = attached(draft())

        with pytest.raises(NoWords):
            showing.open_original(photo=photo, person=agent, reason=" ", now=NOON)
        content = showing.open_original(photo=photo, person=agent, reason="Look at it", now=NOON)

        assert content == picture()
        (row,) = OriginalOpening.objects.all()
        assert (row.person, row.reason, row.is_sound) == (agent, "Look at it", True)

    def test_is_not_given_out_once_it_was_tampered_with(self, agent: User, private: Path) -> None:
        photo = attached(draft())
        (private / photo.original).write_bytes(picture(seed=2))

        assert showing.open_original(photo=photo, person=agent, reason="Look", now=NOON) is None
        assert OriginalOpening.objects.get().is_sound is False

    def test_is_given_to_nobody_who_may_not_decide(self, private: Path) -> None:
        photo = attached(draft())

        with pytest.raises(NotAllowed):
            showing.open_original(photo=photo, person=photo.claim.shopper, reason="Mine", now=NOON)
        assert not OriginalOpening.objects.exists()

    def test_leaves_no_way_to_rewrite_who_looked(self, agent: User) -> None:
        photo = attached(draft())
        showing.open_original(photo=photo, person=agent, reason="Look", now=NOON)

        with pytest.raises(DatabaseError), transaction.atomic():
            OriginalOpening.objects.update(reason="Something else")
        with pytest.raises(DatabaseError), transaction.atomic():
            OriginalOpening.objects.all().delete()
