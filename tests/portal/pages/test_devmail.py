from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client, override_settings
from django.urls import include, path

from portal.pages import devmail

urlpatterns = [path("", include("portal.urls")), path("", include(devmail))]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    settings.EMAIL_BACKEND = "notifications.channels.files.EmailBackend"
    settings.ROOT_URLCONF = __name__
    settings.DEMO = True
    return tmp_path / "mail"


def post(to: str = "wen@example.org", subject: str = "您的验证码", text: str = "402917") -> None:
    message = EmailMultiAlternatives(subject, text, "shop@pine.example", [to])
    message.attach_alternative(f"<html><head></head><body><b>{text}</b></body></html>", "text/html")
    message.send()


@pytest.mark.django_db
class TestDevMail:
    def test_an_empty_folder_says_what_will_come(self, client: Client) -> None:
        assert "No mail yet." in client.get("/dev/mail/").content.decode()

    def test_lists_the_newest_first_and_one_address_alone(self, client: Client) -> None:
        post(subject="First")
        post(to="li@example.org", subject="Second")

        page = client.get("/dev/mail/").content.decode()
        assert page.index("Second") < page.index("First")
        page = client.get("/dev/mail/?to=wen@").content.decode()
        assert "First" in page
        assert "Second" not in page

    def test_shows_text_and_a_frame_that_runs_nothing(self, client: Client, folder: Path) -> None:
        post()
        (name,) = (file.stem for file in folder.iterdir())

        page = client.get(f"/dev/mail/{name}/")
        assert "402917" in page.content.decode()
        assert "frame-src 'self'" in page["Content-Security-Policy"]
        frame = client.get(f"/dev/mail/{name}/html/")
        assert "<b>402917</b>" in frame.content.decode()
        policy = frame["Content-Security-Policy"]
        assert "style-src 'unsafe-inline'" in policy
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert frame["X-Frame-Options"] == "SAMEORIGIN"

    @pytest.mark.parametrize("name", ["..%2F..%2Fetc", "x", "1-2-3", ".hidden"])
    def test_knows_no_other_file(self, client: Client, name: str) -> None:
        assert client.get(f"/dev/mail/{name}/").status_code == 404

    def test_a_mail_is_there_whole_or_not_at_all(self, folder: Path) -> None:
        for number in range(20):
            post(subject=str(number))

        assert len(list(folder.glob("*.eml"))) == 20
        assert not list(folder.glob(".*"))

    def test_is_closed_in_production(self, client: Client) -> None:
        with override_settings(DEMO=False, DEBUG=False):
            assert client.get("/dev/mail/").status_code == 404
