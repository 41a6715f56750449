"""The desk sees photos side by side, signals in words, and originals only for a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from claims.admin import photos, queue, told
from claims.models import Claim, Evidence, OriginalOpening
from claims.services import evidence
from claims.services.lookalikes import Alike
from claims.states import ClaimState
from portal.accounts import roles
from portal.accounts.models import User
from tests.claims import scenes
from tests.claims.pictures import draft, file
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def private(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def _demo(settings) -> None:
    settings.DEMO = True


def staff(*permissions: str) -> User:
    person: User = User.objects.create_user("agent@example.org", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return person


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(staff("decide_claim", "view_claim", "change_claim", "view_evidence"))
    return client


def sent(claim: Claim, seed: int = 1) -> Evidence:
    photo = evidence.attach(
        claim=claim,
        file=file(scenes.jpeg(scenes.scene(seed))),
        name="x.jpg",
        kind="item",
        upload_key=f"k{seed}",
        user=claim.shopper,
        now=NOON,
    )
    return evidence.clean(evidence_id=photo.pk, now=NOON)


class TestPanel:
    def test_lays_a_photo_beside_the_one_it_looks_like(self) -> None:
        claim, other = draft(state=ClaimState.UNDER_REVIEW), draft()
        sent(claim)
        theirs = sent(other)

        panel = photos.panel(claim, told.photos(claim))

        (row,) = panel.beside
        assert (row.number, row.ref, row.how) == (1, other.ref, "The very same file.")
        assert (row.who, row.state) == ("Another shopper", "Draft")
        assert row.other_large == f"/photos/{theirs.token}/large/"

    def test_says_in_words_what_speaks_in_a_file(self) -> None:
        claim = draft(state=ClaimState.UNDER_REVIEW)
        photo = sent(claim)
        signals = {"taken_at": "2019-05-01 10:00:00", "software": "Adobe Photoshop 25.0"}
        Evidence.objects.filter(pk=photo.pk).update(signals=signals)

        panel = photos.panel(claim, told.photos(claim))

        assert panel.signals == [
            (1, "The file says it was taken before the order was placed."),
            (1, "The file was last written by a program that edits pictures."),
        ]


def like(**fields: object) -> Alike:
    known = {"evidence_id": 1, "token": "t", "claim_id": 1, "claim_ref": "AM-1", "shopper_id": 1}
    return Alike(**(known | {"is_same_file": False, "distance": 9} | fields))  # type: ignore[arg-type]


class TestHowAlike:
    @pytest.mark.parametrize(
        ("seen", "says"),
        [
            (like(is_same_file=True), "The very same file."),
            (
                like(weight=300, details=17, is_mirrored=True),
                "Almost surely the same picture: mirrored, 17 details agree.",
            ),
            (
                like(weight=70, details=5, turn=90),
                "Probably the same picture: turned by 90°, 5 details agree.",
            ),
            (like(is_whole=True), "The same picture as a whole."),
            (
                like(weight=90, details=5, is_print=True),
                "Partly the same, perhaps only the print: 5 details agree.",
            ),
        ],
    )
    def test_says_what_was_done(self, seen: Alike, says: str) -> None:
        assert photos.how_alike(seen) == says


class TestOriginal:
    def test_is_a_download_once_a_reason_is_given(self, desk: Client) -> None:
        photo = sent(draft(state=ClaimState.UNDER_REVIEW))
        where = f"/admin/claims/evidence/{photo.pk}/original/"

        assert desk.get(where).status_code == 404
        assert desk.post(where, {"reason": " "}).status_code == 302
        assert not OriginalOpening.objects.exists()
        answer = desk.post(where, {"reason": "The carrier asks for it"})

        assert answer.content == scenes.jpeg(scenes.scene(1))
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment; ")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "no-store" in answer["Cache-Control"]
        assert OriginalOpening.objects.get().reason == "The carrier asks for it"

    def test_is_not_given_out_when_it_was_changed(self, desk: Client, private: Path) -> None:
        photo = sent(draft(state=ClaimState.UNDER_REVIEW))
        (private / photo.original).write_bytes(b"\xff\xd8\xff something else")

        answer = desk.post(f"/admin/claims/evidence/{photo.pk}/original/", {"reason": "Look"})

        assert answer.status_code == 302
        assert OriginalOpening.objects.get().is_sound is False

    def test_is_not_there_for_a_shopper(self, client: Client) -> None:
        photo = sent(draft())
        client.force_login(photo.claim.shopper)

        answer = client.post(f"/admin/claims/evidence/{photo.pk}/original/", {"reason": "Mine"})

        assert answer.status_code in {302, 403, 404}
        assert not OriginalOpening.objects.exists()


class TestWorkspace:
    def test_shows_the_panel(self, desk: Client) -> None:
        claim = draft(state=ClaimState.UNDER_REVIEW)
        sent(claim)
        other = draft()
        sent(other)

        text = desk.get(queue.href(claim), follow=True).content.decode()

        assert "Seen in other claims" in text
        assert f">{other.ref}</a>" in text
        assert "Two more angles" in text
        assert "why you need it" in text


@pytest.mark.parametrize(
    ("role", "status"),
    [(roles.RoleName.AGENT, 403), (roles.RoleName.APPROVER, 403), (roles.RoleName.AUDITOR, 200)],
)
def test_the_list_of_openings_is_for_those_who_watch_the_desk(
    client: Client, role: roles.RoleName, status: int
) -> None:
    person = User.objects.create_user("who@example.org", is_staff=True)
    roles.give(person=person, role=role)
    client.force_login(person)

    assert client.get("/admin/claims/originalopening/").status_code == status
