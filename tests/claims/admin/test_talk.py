"""The desk answers from one place: canned words, photos, and e-mails that wait for a person."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from claims.models import CannedReply, Claim, InboundMail, Message
from claims.services import conversation, inbound
from portal.accounts import roles
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from tests.claims.pictures import picture
from tests.factories.claims import DECIDED, ClaimFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


KEY = "7a1f2f58-9a0e-4a53-9d54-0a4f5f6f7d01"


@pytest.fixture
def desk() -> Client:
    person = User.objects.create_user("desk@example.org", name="Desk", is_staff=True)
    roles.settle(app_label="claims")
    roles.give(person=person, role=RoleName.AGENT)
    client = Client()
    client.force_login(person)
    return client


def _workspace(claim: Claim) -> str:
    return reverse("admin:claims_claim_change", args=[claim.ref])


class TestWorkspace:
    def test_lays_a_canned_reply_into_the_field_in_the_claims_language(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        Claim.objects.filter(pk=claim.pk).update(language="zh-hans")
        reply = CannedReply.objects.create(
            title="Ours", body_en="About {ref}: {items}", body_zh="关于 {ref}：{items}"
        )

        page = desk.get(_workspace(claim), {"canned": reply.pk}).content.decode()

        assert f"关于 {claim.ref}：Enamel mug × 1</textarea>" in page
        assert not Message.objects.exists()

    def test_offers_only_what_fits_the_reason(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        for title, reason in (("For lost", "lost"), ("For broken", "damaged"), ("For all", "")):
            CannedReply.objects.create(title=title, reason=reason, body_en="x", body_zh="x")

        page = desk.get(_workspace(claim)).content.decode()

        assert [title in page for title in ("For lost", "For broken", "For all")] == [
            False, True, True,
        ]  # fmt: skip

    def test_sends_photos_with_words(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        response = desk.post(
            _workspace(claim),
            {
                "action": "write", "message": "Like this?", "send_key": KEY,
                "message_photos": SimpleUploadedFile("a.jpg", picture(seed=8), "image/jpeg"),
            },
        )  # fmt: skip

        assert response.status_code == 302
        assert Message.objects.get(claim=claim).photos.count() == 1

    def test_reads_by_looking_and_says_what_was_new(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        conversation.write(
            claim=claim, author=claim.shopper, role="shopper", body="Any news?", now=DECIDED,
            send_key=KEY,  # type: ignore[arg-type]
        )  # fmt: skip
        queue = reverse("admin:claims_claim_changelist")
        assert "New message</strong>" in desk.get(queue).content.decode()

        first, again = (desk.get(_workspace(claim)).content.decode() for _ in range(2))

        assert ('t-own">New' in first, 't-own">New' in again) == (True, False)
        assert "New message</strong>" not in desk.get(queue).content.decode()


class TestCannedReply:
    def test_is_refused_with_the_place_that_no_claim_has(self, desk: Client) -> None:
        roles.give(person=User.objects.get(email="desk@example.org"), role=RoleName.DUTY_MANAGER)

        response = desk.post(
            reverse("admin:claims_cannedreply_add"),
            {"title": "T", "body_en": "Hi {note}", "body_zh": "好", "position": 1},
        )

        assert response.status_code == 200
        assert "“{note}” is no fact of a claim." in response.content.decode()
        assert not CannedReply.objects.filter(title="T").exists()

    def test_is_seen_as_a_shopper_would(self, desk: Client) -> None:
        reply = CannedReply.objects.create(title="T", body_en="<b>{ref}</b>", body_zh="{items}")

        page = desk.get(reverse("admin:claims_cannedreply_change", args=[reply.pk]))

        assert "&lt;b&gt;AM-7K2P-94QX&lt;/b&gt;" in page.content.decode()


class TestMails:
    @pytest.fixture
    def waiting(self, settings: Any) -> InboundMail:
        settings.INBOUND_DOMAIN = "reply.example"
        row = inbound.accept(
            provider="relay", is_json=False, now=DECIDED,
            body=b"From: a@example.net\r\nTo: x@reply.example\r\nSubject: <i>Hi</i>\r\n\r\n"
            b"<u>Words</u>",
        )  # fmt: skip
        return inbound.handle(mail_id=row.pk, now=DECIDED)

    def test_are_listed_and_placed(self, desk: Client, waiting: InboundMail) -> None:
        claim = ClaimFactory.create(in_review=True)
        listed = desk.get(reverse("admin:claims_inboundmail_changelist")).content.decode()
        url = reverse("admin:claims_inboundmail_handle", args=[waiting.pk])

        page = desk.get(url).content.decode()
        refused = desk.post(url, {"place": "1", "ref": "AM-0000-0000"})
        placed = desk.post(url, {"place": "1", "ref": claim.ref})

        assert "a@example.net" not in listed
        assert "&lt;u&gt;Words" in page
        assert (refused.status_code, placed.status_code) == (422, 302)
        assert Message.objects.get(claim=claim).body == "<u>Words</u>"

    def test_open_with_their_words(self, desk: Client, waiting: InboundMail) -> None:
        url = reverse("admin:claims_inboundmail_change", args=[waiting.pk])

        assert "&lt;u&gt;Words" in desk.get(url).content.decode()
