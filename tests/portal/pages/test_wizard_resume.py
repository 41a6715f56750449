"""A draft goes on elsewhere: by a letter to the address on file, or a square on the screen."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from claims.models import Claim, Evidence
from claims.services import claims, opening
from claims.states import ClaimState
from notifications.models import Letter
from notifications.services.rendering import render
from portal.accounts.models import User
from portal.lib import links
from portal.outbox import delivering
from tests.factories.claims import ClaimFactory, fill
from tests.factories.tracking import NOON
from tests.portal.pages.wrongs import parcel_for
from tracking.models import Anomaly

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def draft() -> Claim:
    return claims.tell(
        claim=fill(ClaimFactory.create()), answers={"box": "yes", "hazard": "no"}, now=NOON
    )


def way(claim: Claim, key: str) -> str:
    return f"{reverse('wizard-carry-on', args=[claim.ref])}?k={key}"


def opened(claim: Claim) -> Client:
    """Return a browser that has followed the letter's link and pressed the button."""
    browser = Client()
    key = links.sign(links.DRAFT, claim.ref)
    answer = browser.post(reverse("wizard-carry-on", args=[claim.ref]), {"k": key})
    assert answer["Location"] == reverse("wizard-tasks", args=[claim.ref])
    return browser


class TestTheLetter:
    def test_goes_to_the_address_on_file_with_a_link_that_opens(self, client, draft):
        client.force_login(draft.shopper)

        answer = client.post(reverse("wizard-send-link", args=[draft.ref]), follow=True)

        letter = Letter.objects.get(name="draft_link")
        link = re.search(r"https?://\S+carry-on/\S+", render(letter).text)
        assert "•••@" in answer.content.decode()
        assert letter.address == draft.shopper.email
        assert link is not None
        key = parse_qs(urlsplit(link[0]).query)["k"][0]
        assert Client().get(way(draft, key)).status_code == 200

    def test_is_written_five_times_an_hour_at_most(self, client, draft):
        client.force_login(draft.shopper)

        for _press in range(7):
            client.post(reverse("wizard-send-link", args=[draft.ref]))

        assert Letter.objects.filter(name="draft_link").count() == 5

    def test_is_not_written_for_somebody_who_came_by_a_letter(self, draft):
        answer = opened(draft).post(reverse("wizard-send-link", args=[draft.ref]))

        assert answer["Location"].startswith(reverse("account_login"))
        assert not Letter.objects.filter(name="draft_link").exists()


class TestTheLink:
    def test_opens_nothing_before_the_button_is_pressed(self, client, draft):
        answer = client.get(way(draft, links.sign(links.DRAFT, draft.ref)))

        assert "Open my report here" in answer.content.decode()
        tasks = client.get(reverse("wizard-tasks", args=[draft.ref]))
        assert tasks["Location"].startswith(reverse("account_login"))

    @pytest.mark.parametrize(
        ("purpose", "ref", "age"),
        [
            (links.DRAFT, None, timedelta(hours=73)),
            (links.DRAFT_NEAR, None, timedelta(minutes=16)),
            (links.DRAFT, "AM-2222-2222", timedelta()),
            (links.JOURNEY, None, timedelta()),
        ],
    )
    def test_too_old_or_for_something_else_opens_nothing(self, client, draft, purpose, ref, age):
        with time_machine.travel(NOON - age, tick=False):
            key = links.sign(purpose, ref or draft.ref)

        shown = client.get(way(draft, key))
        pressed = client.post(reverse("wizard-carry-on", args=[draft.ref]), {"k": key})

        assert (shown.status_code, pressed.status_code) == (410, 410)
        assert "This link has expired" in shown.content.decode()
        tasks = client.get(reverse("wizard-tasks", args=[draft.ref]))
        assert tasks["Location"].startswith(reverse("account_login"))

    def test_lets_the_whole_report_be_filled_in_and_sent(self, draft):
        browser = opened(draft)
        photo = io.BytesIO()
        Image.new("RGB", (40, 30), "teal").save(photo, "JPEG")
        file = SimpleUploadedFile("cup.jpg", photo.getvalue(), "image/jpeg")

        sent = browser.post(
            reverse("photo-upload", args=[draft.ref]),
            {"file": file, "kind": "item", "upload_key": uuid4().hex},
        )
        page = browser.get(reverse("wizard", args=[draft.ref, "photos"]))
        browser.post(
            reverse("wizard", args=[draft.ref, "check"]), {"key": str(uuid4()), "true": "on"}
        )

        assert sent.status_code == 201
        assert "cup.jpg" in page.content.decode()
        assert Evidence.objects.get().uploaded_by == draft.shopper
        draft.refresh_from_db()
        assert draft.state == ClaimState.SUBMITTED
        receipt = browser.get(reverse("wizard", args=[draft.ref, "sent"])).content.decode()
        assert "We have your report" in receipt

    def test_opens_that_draft_only_and_never_the_claim(self, draft):
        browser = opened(draft)
        other = fill(ClaimFactory.create())
        claims.submit(claim=draft, key=uuid4(), now=NOON)
        photo = {"file": SimpleUploadedFile("a.jpg", b"\xff\xd8"), "upload_key": "a"}

        assert browser.get(reverse("wizard-tasks", args=[other.ref])).status_code == 302
        assert browser.post(reverse("photo-upload", args=[other.ref]), photo).status_code == 404
        assert browser.post(reverse("photo-upload", args=[draft.ref]), photo).status_code == 404
        for name in ("claim", "claim-live", "claim-withdraw", "claim-answer", "claim-appeal"):
            answer = browser.get(reverse(name, args=[draft.ref]))
            assert answer["Location"].startswith(reverse("account_login")), name
        assert browser.get(reverse("account"))["Location"].startswith(reverse("account_login"))

    def test_is_forgotten_after_twelve_hours(self, draft):
        browser = opened(draft)

        with time_machine.travel(NOON + timedelta(hours=12, minutes=1), tick=False):
            answer = browser.get(reverse("wizard-tasks", args=[draft.ref]))

        assert answer["Location"].startswith(reverse("account_login"))

    def test_leads_on_to_the_claim_once_the_report_was_sent(self, client, draft):
        key = links.sign(links.DRAFT, draft.ref)
        claims.submit(claim=draft, key=uuid4(), now=NOON)

        assert client.get(way(draft, key))["Location"] == reverse("claim", args=[draft.ref])

    def test_works_where_somebody_else_is_signed_in(self, client, draft):
        client.force_login(User.objects.create_user("someone@example.net"))
        key = links.sign(links.DRAFT, draft.ref)

        client.post(reverse("wizard-carry-on", args=[draft.ref]), {"k": key})

        assert client.get(reverse("wizard-tasks", args=[draft.ref])).status_code == 200
        assert client.get(reverse("claim-withdraw", args=[draft.ref])).status_code == 403


class TestTheSquare:
    def test_is_drawn_for_the_signed_in_shopper_only(self, client, draft):
        client.force_login(draft.shopper)

        mine = client.get(reverse("wizard-tasks", args=[draft.ref])).content.decode()
        theirs = opened(draft).get(reverse("wizard-tasks", args=[draft.ref])).content.decode()

        assert 'class="qr"' in mine
        assert 'class="qr"' not in theirs
        assert "Throw the draft away" not in theirs


class TestAReportWePrepared:
    @pytest.fixture
    def prepared(self) -> Claim:
        parcel = parcel_for("lost", NOON)
        anomaly = Anomaly.objects.create(parcel=parcel, kind="suspected_lost", opened_at=NOON)
        claim = opening.open_for_loss(anomaly_id=anomaly.pk, now=NOON)
        assert claim is not None
        return claim

    def test_is_sent_by_one_press_from_its_letter(self, client, prepared):
        while delivering.deliver_due(now=NOON):
            pass
        text = render(Letter.objects.get(name="claim_prepared")).text
        link = re.search(r"https?://[^/\s]+(/claims/\S+)", text)
        assert link is not None
        shown = client.get(link[1]).content.decode()
        fields = dict(re.findall(r'type="hidden" name="(k|send_key)" value="([^"]+)"', shown))

        prepared.refresh_from_db()
        assert prepared.state == ClaimState.DRAFT
        answer = client.post(urlsplit(link[1]).path, fields | {"do": "send"})

        assert "$53.00" in shown
        assert answer["Location"] == reverse("wizard", args=[prepared.ref, "sent"])
        prepared.refresh_from_db()
        assert prepared.state == ClaimState.SUBMITTED
        again = client.post(urlsplit(link[1]).path, fields | {"do": "send"})
        assert again["Location"] == reverse("claim", args=[prepared.ref])
        assert prepared.transitions.filter(verb="submit").count() == 1

    def test_waits_on_the_shoppers_own_page_too(self, client, prepared):
        client.force_login(prepared.shopper)

        shown = client.get(reverse("wizard-tasks", args=[prepared.ref])).content.decode()
        answers = [
            client.post(reverse("wizard-confirm", args=[prepared.ref]), {"do": "send"})
            for _press in range(2)
        ]

        assert "Yes, send my report" in shown
        receipt = reverse("wizard", args=[prepared.ref, "sent"])
        assert [answer["Location"] for answer in answers] == [receipt, receipt]
        assert prepared.transitions.filter(verb="submit").count() == 1

    def test_can_be_changed_first(self, client, prepared):
        client.force_login(prepared.shopper)

        answer = client.post(reverse("wizard-confirm", args=[prepared.ref]), {"do": "change"})

        assert "Your report is saved" in client.get(answer["Location"]).content.decode()
        prepared.refresh_from_db()
        assert prepared.state == ClaimState.DRAFT
