"""The shopper's door for photos, and the pictures behind it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import Client

from claims.models import Claim, Evidence
from claims.services import evidence, showing
from claims.states import ClaimState, EvidenceState
from portal.accounts.models import User
from portal.lib import images, links
from tests.claims.pictures import attached, draft, file, picture
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def private(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def claim() -> Claim:
    return draft()


@pytest.fixture
def shopper(claim: Claim, client: Client) -> Client:
    client.force_login(claim.shopper)
    return client


def post(client: Client, claim: Claim, content: bytes, **fields: Any) -> Any:
    body = {"file": file(content), "kind": "item", "upload_key": "k1"} | fields
    return client.post(f"/claims/{claim.ref}/photos/", body)


class TestUpload:
    def test_keeps_a_photo_and_describes_it(self, shopper: Client, claim: Claim) -> None:
        answer = post(shopper, claim, picture())

        photo = Evidence.objects.get()
        assert answer.status_code == 201
        assert answer.json() == {
            "token": photo.token,
            "name": "IMG_1.jpg",
            "kind": "item",
            "state": "received",
            "sentence": "Received. We are having a look at it.",
            "bytes": len(picture()),
            "thumb": "",
            "remove": f"/claims/{claim.ref}/photos/{photo.token}/remove/",
        }
        assert "no-store" in answer["Cache-Control"]

    def test_keeps_one_row_for_a_repeated_key(self, shopper: Client, claim: Claim) -> None:
        first, again = post(shopper, claim, picture()), post(shopper, claim, picture())

        assert first.json()["token"] == again.json()["token"]
        assert Evidence.objects.count() == 1

    def test_is_not_found_for_another_shopper_and_for_nobody(
        self, client: Client, claim: Claim
    ) -> None:
        assert post(client, claim, picture()).status_code == 404
        client.force_login(User.objects.create_user("other@example.org"))
        assert post(client, claim, picture()).status_code == 404
        assert not Evidence.objects.exists()

    def test_wants_the_csrf_token(self, claim: Claim) -> None:
        careful = Client(enforce_csrf_checks=True)
        careful.force_login(claim.shopper)

        assert post(careful, claim, picture()).status_code == 403
        assert not Evidence.objects.exists()

    def test_refuses_31_megabytes_before_reading_them(self, shopper: Client, claim: Claim) -> None:
        class Unread:
            def read(self, *_: object) -> bytes:
                raise AssertionError("the body was read")

            readline = read

        environ: dict[str, Any] = {
            "CONTENT_LENGTH": str(31 * 1024 * 1024),
            "wsgi.input": Unread(),
        }
        answer = shopper.generic(
            "POST",
            f"/claims/{claim.ref}/photos/",
            content_type="multipart/form-data; boundary=x",
            **environ,
        )

        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"
        assert answer.json()["sentence"].startswith("Too large: 31.0")

    @pytest.mark.parametrize(
        ("content", "code"),
        [(b"%PDF-1.7", "wrong_kind"), (b"", "empty"), (b"MZ\x90\x00", "wrong_kind")],
    )
    def test_refuses_with_a_sentence(
        self, shopper: Client, claim: Claim, content: bytes, code: str
    ) -> None:
        answer = post(shopper, claim, content)

        assert answer.status_code == 422
        assert answer.json()["state"] == "refused"
        assert answer.json()["code"] == code
        assert answer.json()["sentence"].endswith(".")
        assert not Evidence.objects.exists()

    def test_refuses_the_25th_photo(self, shopper: Client, claim: Claim) -> None:
        for n in range(24):
            assert post(shopper, claim, picture(), upload_key=f"k{n}").status_code == 201

        answer = post(shopper, claim, picture(), upload_key="k24")

        assert (answer.status_code, answer.json()["code"]) == (422, "too_many")
        assert Evidence.objects.count() == 24

    def test_refuses_after_the_decision(self, client: Client) -> None:
        claim = draft(state=ClaimState.APPROVED)
        client.force_login(claim.shopper)

        assert post(client, claim, picture()).json()["code"] == "not_now"

    @pytest.mark.parametrize("fields", [{"upload_key": ""}, {"upload_key": "x" * 65}])
    def test_tells_a_broken_form(
        self, shopper: Client, claim: Claim, fields: dict[str, str]
    ) -> None:
        assert post(shopper, claim, picture(), **fields).status_code == 400
        assert shopper.post(f"/claims/{claim.ref}/photos/", {"upload_key": "k"}).status_code == 400

    def test_speaks_chinese(self, shopper: Client, claim: Claim) -> None:
        shopper.cookies["django_language"] = "zh-hans"

        assert post(shopper, claim, b"%PDF-1.7").status_code == 422


class TestStatus:
    def test_follows_a_photo_until_it_is_clean(self, shopper: Client, claim: Claim) -> None:
        photo = attached(claim)
        address = f"/claims/{claim.ref}/photos/{photo.token}/"
        assert shopper.get(address).json()["state"] == "received"

        evidence.clean(evidence_id=photo.pk, now=NOON)

        answer = shopper.get(address).json()
        assert (answer["state"], answer["thumb"]) == ("clean", f"/photos/{photo.token}/small/")

    @pytest.mark.parametrize("method", ["post", "delete"])
    def test_takes_a_photo_back(self, shopper: Client, claim: Claim, method: str) -> None:
        photo = attached(claim)

        answer = getattr(shopper, method)(f"/claims/{claim.ref}/photos/{photo.token}/")

        assert answer.json()["state"] == "removed"
        photo.refresh_from_db()
        assert photo.removed_at is not None

    def test_does_not_know_a_photo_of_another_claim(self, shopper: Client, claim: Claim) -> None:
        other = attached(draft())

        assert shopper.post(f"/claims/{claim.ref}/photos/{other.token}/").status_code == 404
        other.refresh_from_db()
        assert other.removed_at is None


class TestPhoto:
    @pytest.fixture
    def photo(self, claim: Claim) -> Evidence:
        return evidence.clean(evidence_id=attached(claim).pk, now=NOON)

    @pytest.mark.parametrize("size", ["large", "small"])
    def test_shows_our_own_jpeg_harmlessly(
        self, shopper: Client, photo: Evidence, size: str
    ) -> None:
        led = shopper.get(f"/photos/{photo.token}/{size}/")
        assert (led.status_code, led["Cache-Control"]) == (302, "private, max-age=600")
        answer = Client().get(led["Location"])

        body = answer.getvalue()
        assert images.foreign_segments(body) == []
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["Content-Disposition"] == f'inline; filename="{size}.jpg"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["Cache-Control"] == "private, max-age=600"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not answer.cookies

    def test_follows_no_link_that_was_altered_or_is_for_something_else(
        self, photo: Evidence
    ) -> None:
        where = showing.address(photo=photo, size="small")
        stranger = Client()

        for bad in (
            "/media/",
            "/media/?k=",
            where[:-1] + ("A" if where[-1] != "A" else "B"),
            where.replace("small", "large"),
            f"/media/?k={links.sign('journey', f'{photo.token}/small')}",
            f"/media/?k={links.sign('photo', f'{photo.token}/original')}",
            f"/media/?k={links.sign('photo', 'nobody/small')}",
        ):
            assert stranger.get(bad).status_code == 404, bad
        assert stranger.post(where).status_code == 405

    def test_says_politely_that_a_link_has_run_out(self, photo: Evidence) -> None:
        with time_machine.travel(NOON, tick=False):
            where = showing.address(photo=photo, size="small")
        with time_machine.travel(NOON + timedelta(minutes=14), tick=False):
            good = Client().get(where)
        with time_machine.travel(NOON + timedelta(minutes=16), tick=False):
            answer = Client().get(where)

        assert images.foreign_segments(good.getvalue()) == []
        assert answer.status_code == 410
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content.decode().startswith("This link to a photo has run out.")

    @pytest.mark.parametrize("wanted_as", ["script", "iframe", "object", "style"])
    def test_is_given_to_no_script_and_no_frame(self, photo: Evidence, wanted_as: str) -> None:
        where = showing.address(photo=photo, size="small")

        answer = Client().get(where, headers={"Sec-Fetch-Dest": wanted_as})

        assert answer.status_code == 403

    def test_comes_from_an_origin_of_its_own_that_serves_nothing_else(
        self, settings, shopper: Client, photo: Evidence
    ) -> None:
        settings.MEDIA_ORIGIN, settings.MEDIA_HOST = "https://photos.test", "photos.test"
        settings.ALLOWED_HOSTS = ["testserver", "photos.test"]

        where = shopper.get(f"/photos/{photo.token}/small/")["Location"]

        assert where.startswith("https://photos.test/media/?k=")
        path = where.removeprefix("https://photos.test")
        there = Client(headers={"host": "photos.test"})
        answer = there.get(path)
        assert images.foreign_segments(answer.getvalue()) == []
        assert answer["Cross-Origin-Resource-Policy"] == "same-site"
        assert there.get("/").status_code == 404
        assert there.get(f"/photos/{photo.token}/small/").status_code == 404
        assert there.get("/admin/login/").status_code == 404
        assert there.get("/livez").status_code == 200
        assert shopper.get(path).status_code == 404

    @pytest.mark.parametrize("size", ["original", "..", "medium"])
    def test_never_serves_anything_else(self, shopper: Client, photo: Evidence, size: str) -> None:
        assert default_storage.exists(photo.original)
        assert shopper.get(f"/photos/{photo.token}/{size}/").status_code == 404

    def test_is_not_found_for_others_even_staff_without_permission(
        self, client: Client, photo: Evidence
    ) -> None:
        address = f"/photos/{photo.token}/large/"
        assert client.get(address).status_code == 404
        client.force_login(User.objects.create_user("other@example.org"))
        assert client.get(address).status_code == 404
        client.force_login(User.objects.create_user("staff@example.org", is_staff=True))
        assert client.get(address).status_code == 404

    def test_is_shown_to_staff_who_may_see_photos(self, client: Client, photo: Evidence) -> None:
        client.force_login(User.objects.create_superuser("boss@example.org"))

        answer = client.get(f"/photos/{photo.token}/large/", follow=True)

        assert answer.status_code == 200
        answer.close()

    def test_is_not_shown_before_it_is_clean(self, shopper: Client, claim: Claim) -> None:
        photo = attached(claim)

        assert photo.state == EvidenceState.RECEIVED
        assert shopper.get(f"/photos/{photo.token}/large/").status_code == 404

    def test_disappears_for_the_shopper_once_taken_back(
        self, shopper: Client, photo: Evidence
    ) -> None:
        evidence.remove(evidence=photo, user=photo.claim.shopper, now=NOON)

        assert shopper.get(f"/photos/{photo.token}/small/").status_code == 404
