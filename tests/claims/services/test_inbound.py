"""An answer by e-mail comes into its claim; everything else waits for a person or is left out."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction

from claims.models import Claim, Evidence, InboundMail, Message
from claims.services import conversation, inbound, reply_lines
from claims.services.refusals import NotAllowed
from claims.states import ClaimState
from notifications.channels import email
from notifications.channels.base import Rendered
from notifications.models import Letter
from notifications.services.rendering import lay_out
from portal.accounts.models import User
from tests.claims.pictures import picture
from tests.factories.claims import DECIDED, REVIEWED, ClaimFactory, agent
from tests.notifications.facts import FACTS

pytestmark = pytest.mark.django_db

NOW = DECIDED


@pytest.fixture(autouse=True)
def _on(settings: Any, tmp_path: Path) -> None:
    settings.INBOUND_DOMAIN = "reply.example"
    settings.INBOUND_SECRETS = {"relay": ["whsec_c2VjcmV0"]}
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        }
    }


@pytest.fixture
def claim() -> Claim:
    """Give a claim under review, of a shopper at example.org."""
    return ClaimFactory.create(in_review=True)


def _mail(claim: Claim, body: str = "It broke at the handle.", **told: Any) -> EmailMessage:
    message = EmailMessage()
    message["From"] = told.pop("sender", claim.shopper.email)
    message["To"] = told.pop("to", reply_lines.address_of(claim))
    message["Subject"] = "Re: your claim"
    message["Message-ID"] = told.pop("message_id", "<one@example.org>")
    photos = told.pop("photos", ())
    for name, value in told.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    for name, content in photos:
        message.add_attachment(content, maintype="image", subtype="jpeg", filename=name)
    return message


def _take(message: EmailMessage | bytes) -> InboundMail:
    body = message if isinstance(message, bytes) else message.as_bytes()
    row = inbound.accept(provider="relay", body=body, is_json=False, now=NOW)
    return inbound.handle(mail_id=row.pk, now=NOW)


def _desk(*permissions: str) -> User:
    person = agent()
    person.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    return User.objects.get(pk=person.pk)


class TestAddress:
    def test_leads_to_its_claim_whatever_the_case(self, claim: Claim) -> None:
        address = reply_lines.address_of(claim)

        assert address.startswith(f"claim+{claim.ref.lower()}.")
        assert address.endswith("@reply.example")
        assert len(address.partition("@")[0]) <= 64
        for one in (address, address.upper(), f" {address.title()} "):
            assert reply_lines.find(one) == (reply_lines.Line.GOOD, claim)

    def test_cannot_be_made_for_another_claim(self, claim: Claim) -> None:
        other = ClaimFactory.create(in_review=True)
        forged = reply_lines.address_of(claim).replace(claim.ref.lower(), other.ref.lower())

        assert reply_lines.find(forged) == (reply_lines.Line.BAD, None)

    @pytest.mark.parametrize(
        "address",
        ["claim+@reply.example", "claim+am-1.a@reply.example", "claim+x.y.z@reply.example"],
    )
    def test_is_bad_when_it_only_looks_like_one(self, address: str) -> None:
        assert reply_lines.find(address) == (reply_lines.Line.BAD, None)

    def test_is_none_elsewhere(self, claim: Claim) -> None:
        elsewhere = reply_lines.address_of(claim).replace("reply.", "other.")

        assert reply_lines.find(elsewhere) == (reply_lines.Line.NONE, None)
        assert reply_lines.find("desk@reply.example") == (reply_lines.Line.NONE, None)

    def test_can_be_withdrawn(self, claim: Claim) -> None:
        old = reply_lines.address_of(claim)

        new = reply_lines.revoke(claim=claim, now=NOW)

        assert reply_lines.find(old) == (reply_lines.Line.REVOKED, claim)
        assert reply_lines.find(new) == (reply_lines.Line.GOOD, claim)
        assert reply_lines.revoke(claim=claim, now=NOW) not in {old, new}

    def test_outlives_a_new_secret_key(self, claim: Claim, settings: Any) -> None:
        old = reply_lines.address_of(claim)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another-" + "y" * 50

        assert reply_lines.find(old) == (reply_lines.Line.GOOD, claim)

    def test_is_put_on_letters_about_a_sent_claim_only(self, claim: Claim, settings: Any) -> None:
        draft = ClaimFactory.create()

        assert reply_lines.reply_to({"claim_id": claim.pk}) == reply_lines.address_of(claim)
        assert reply_lines.reply_to({"claim_id": draft.pk}) == ""
        assert reply_lines.reply_to({"order": "PH-1"}) == ""
        settings.INBOUND_DOMAIN = ""
        assert reply_lines.reply_to({"claim_id": claim.pk}) == ""

    def test_goes_out_with_the_letter(self, claim: Claim, mailoutbox: list[Any]) -> None:
        for facts in ({"claim_id": claim.pk}, {"order": "PH-1"}):
            letter = Letter(
                facts=facts, address="lin@example.org", message_id="<a@x>", language="en"
            )
            email.send(letter, Rendered(subject="Your claim", text="Words", html="<p>Words</p>"))

        assert [mail.reply_to for mail in mailoutbox] == [[reply_lines.address_of(claim)], []]


class TestThread:
    def test_makes_a_message_of_the_shoppers_answer(self, claim: Claim) -> None:
        row = _take(_mail(claim, "It broke.\n\nOn 2 Mar 2026, Pine Harbour wrote:\n> Hello"))

        message = Message.objects.get(claim=claim)
        assert (row.state, row.why, row.message) == ("threaded", "", message)
        assert (message.author, message.role, message.via) == (claim.shopper, "shopper", "mail")
        assert message.body == "It broke."
        assert "> Hello" in message.quoted

    def test_attaches_photos_and_names_what_is_none(self, claim: Claim) -> None:
        row = _take(
            _mail(
                claim,
                photos=[("a.jpg", picture(seed=1)), ("b.pdf", b"%PDF-1.7 x"), ("c.jpg", b"")],
            )
        )

        message = Message.objects.get(claim=claim)
        photo = Evidence.objects.get(claim=claim)
        assert [one.evidence for one in message.photos.all()] == [photo]
        assert (photo.name, photo.uploaded_by) == ("a.jpg", claim.shopper)
        assert row.left_out == [{"name": "b.pdf", "code": "wrong_kind"}]

    def test_takes_photos_without_a_word(self, claim: Claim) -> None:
        _take(_mail(claim, "", photos=[("a.jpg", picture(seed=2))]))

        assert Message.objects.get(claim=claim).body == ""

    def test_makes_one_message_of_the_same_mail_twice(self, claim: Claim) -> None:
        first = _take(_mail(claim))
        again = _take(_mail(claim))
        relayed = _take(b"Received: by mx2\r\n" + _mail(claim).as_bytes())

        assert again.pk == first.pk
        assert (relayed.state, relayed.why) == ("ignored", "duplicate")
        assert Message.objects.filter(claim=claim).count() == 1

    def test_is_safe_to_run_twice(self, claim: Claim) -> None:
        row = _take(_mail(claim, photos=[("a.jpg", picture(seed=3))]))

        inbound.handle(mail_id=row.pk, now=NOW)

        assert Message.objects.filter(claim=claim).count() == 1
        assert Evidence.objects.filter(claim=claim).count() == 1

    def test_hands_a_waiting_claim_back_to_the_desk(self) -> None:
        claim = ClaimFactory.create(needs_info=True)

        _take(_mail(claim, "Here is the label.", photos=[("label.jpg", picture(seed=4))]))

        claim.refresh_from_db()
        assert claim.state == ClaimState.UNDER_REVIEW

    def test_makes_no_letter(self, claim: Claim) -> None:
        before = Letter.objects.count()

        _take(_mail(claim))

        assert Letter.objects.count() == before

    def test_keeps_all_of_a_very_long_mail(self, claim: Claim) -> None:
        _take(_mail(claim, "word " * 6_000))

        message = Message.objects.get(claim=claim)
        assert len(message.body) == inbound.BODY_MAX
        assert len((message.body + message.quoted).split()) in {6_000, 6_001}

    def test_finds_its_address_among_others(self, claim: Claim) -> None:
        to = f"friend@example.org, {reply_lines.address_of(claim).upper()}"

        assert _take(_mail(claim, to=to)).state == "threaded"


class TestLeftOut:
    @pytest.mark.parametrize(
        ("told", "state", "why"),
        [
            ({"Auto_Submitted": "auto-replied"}, "ignored", "machine"),
            ({"Precedence": "auto_reply"}, "ignored", "machine"),
            ({"Return_Path": "<>"}, "ignored", "bounce"),
            ({"sender": "mailer-daemon@example.org"}, "ignored", "bounce"),
            ({"sender": "claims@pine-harbour.example"}, "ignored", "machine"),
            ({"sender": "stranger@example.net"}, "quarantined", "other_sender"),
            ({"sender": "nonsense"}, "quarantined", "other_sender"),
            ({"to": "desk@reply.example"}, "quarantined", "no_address"),
            ({"to": f"claim+am-2345-6789.{'a' * 20}@reply.example"}, "quarantined", "bad_address"),
            ({"body": "  \n"}, "quarantined", "empty"),
        ],
    )
    def test_says_why(self, claim: Claim, told: dict[str, str], state: str, why: str) -> None:
        row = _take(_mail(claim, **told))

        assert (row.state, row.why) == (state, why)
        assert not Message.objects.exists()
        assert bytes(row.raw) == _mail(claim, **told).as_bytes()

    def test_waits_for_a_person_once_withdrawn(self, claim: Claim) -> None:
        old = _mail(claim)
        reply_lines.revoke(claim=claim, now=NOW)

        assert (row := _take(old)).why == "revoked"
        assert (row.state, row.claim) == ("quarantined", claim)

    def test_waits_for_a_person_when_our_house_doubts_the_sender(
        self, claim: Claim, settings: Any
    ) -> None:
        settings.INBOUND_AUTHSERV_ID = "mx.house.example"

        row = _take(_mail(claim, Authentication_Results="mx.house.example; dmarc=fail"))

        assert (row.state, row.why) == ("quarantined", "not_authentic")

    def test_waits_for_a_person_when_there_are_too_many(
        self, claim: Claim, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbound, "PER_DAY", 1)
        _take(_mail(claim))

        assert _take(_mail(claim, message_id="<two@example.org>")).why == "too_many"

    @pytest.mark.parametrize(
        "body", [b"", b"\0\0\0", b"\xff" * 1_000, b"Content-Type: message/rfc822\r\n\r\n" * 50]
    )
    def test_keeps_what_nobody_can_read(self, body: bytes) -> None:
        row = _take(body)

        assert row.state == "quarantined"
        assert bytes(row.raw) == body

    def test_knows_a_tagged_mailbox_of_the_shopper(self, claim: Claim) -> None:
        local, _at, domain = claim.shopper.email.partition("@")

        assert _take(_mail(claim, sender=f"{local}+shop@{domain}")).state == "threaded"


class TestByAPerson:
    def test_places_a_strangers_mail(self, claim: Claim) -> None:
        row = _take(_mail(claim, sender="wife@example.net"))
        person = _desk("handle_mail")

        inbound.place(row=row, person=person, ref=claim.ref.lower(), now=NOW)

        row.refresh_from_db()
        assert (row.state, row.handled_by) == ("threaded", person)
        assert Message.objects.get(claim=claim).body == "It broke at the handle."

    def test_places_and_puts_away_once(self, claim: Claim) -> None:
        row = _take(_mail(claim, sender="wife@example.net"))
        person = _desk("handle_mail")
        inbound.discard(row=row, person=person, now=NOW)

        with pytest.raises(inbound.NotWaiting):
            inbound.place(row=row, person=person, ref=claim.ref, now=NOW)
        with pytest.raises(inbound.NotWaiting):
            inbound.discard(row=row, person=person, now=NOW)

        assert not Message.objects.exists()

    def test_refuses_whoever_may_not(self, claim: Claim) -> None:
        row = _take(_mail(claim, sender="wife@example.net"))

        with pytest.raises(NotAllowed):
            inbound.place(row=row, person=agent(), ref=claim.ref, now=NOW)

        row.refresh_from_db()
        assert row.state == "quarantined"

    def test_refuses_a_claim_that_is_not_there(self, claim: Claim) -> None:
        row = _take(_mail(claim, sender="wife@example.net"))

        with pytest.raises(inbound.NoClaim):
            inbound.place(row=row, person=_desk("handle_mail"), ref="AM-0000-0000", now=NOW)


class TestKept:
    @pytest.mark.parametrize("change", [{"raw": b"x"}, {"digest": "0" * 64}])
    def test_is_never_rewritten(self, claim: Claim, change: dict[str, Any]) -> None:
        row = _take(_mail(claim))

        with pytest.raises(DatabaseError), transaction.atomic():
            InboundMail.objects.filter(pk=row.pk).update(**change)

    def test_sweeps_up_what_its_event_missed(self, claim: Claim) -> None:
        inbound.accept(provider="relay", body=_mail(claim).as_bytes(), is_json=False, now=NOW)

        assert inbound.handle_waiting(now=NOW + timedelta(seconds=10)) == 0
        assert inbound.handle_waiting(now=NOW + timedelta(minutes=1)) == 1
        assert Message.objects.get(claim=claim).body == "It broke at the handle."


class TestTalk:
    def test_lets_photos_go_both_ways(self, claim: Claim) -> None:
        desk = agent()
        sent = [
            conversation.write(
                claim=claim, author=author, role=role, body=body, now=NOW,
                send_key=UUID(f"6f2c1f5e-0000-4000-8000-00000000000{number}"),
                photos=[ContentFile(picture(seed=number), name=f"{number}.jpg")],
            )
            for number, (author, role, body) in enumerate(
                [(claim.shopper, "shopper", ""), (desk, "agent", "Like this?")], start=5
            )
        ]  # fmt: skip

        assert [message.photos.get().evidence.uploaded_by for message in sent] == [
            claim.shopper, desk,
        ]  # fmt: skip
        assert [len(one.photos) for one in conversation.letters(claim=claim)] == [1, 1]

    def test_waits_when_a_photo_is_none(self, claim: Claim) -> None:
        with pytest.raises(conversation.PhotosRefused, match=r"notes\.txt"):
            conversation.write(
                claim=claim, author=claim.shopper, role="shopper", body="See", now=NOW,
                send_key=UUID("6f2c1f5e-0000-4000-8000-000000000009"),
                photos=[ContentFile(b"hello there", name="notes.txt")],
            )  # fmt: skip

        assert not Message.objects.exists()
        assert not Evidence.objects.exists()

    def test_knows_who_has_read_until_when(self, claim: Claim) -> None:
        desk = agent()
        for number, (author, role, at) in enumerate(
            [(claim.shopper, "shopper", REVIEWED), (desk, "agent", DECIDED)]
        ):
            conversation.write(
                claim=claim, author=author, role=role, body="Hello", now=at,
                send_key=UUID(f"6f2c1f5e-0000-4000-8000-00000000001{number}"),
            )  # fmt: skip
        rows = conversation.with_unread(Claim.objects.filter(pk=claim.pk))
        assert rows.get().has_unread is True  # type: ignore[attr-defined]
        assert conversation.unread(claim=claim) == 1
        assert conversation.read_until(claim=claim) is None

        later = DECIDED + timedelta(hours=1)
        assert conversation.read(claim=claim, reader=desk, role="agent", now=later) == 1
        assert conversation.read(claim=claim, reader=claim.shopper, role="shopper", now=later) == 1

        assert rows.get().has_unread is False  # type: ignore[attr-defined]
        assert conversation.unread(claim=claim) == 0
        assert conversation.read_until(claim=claim) == DECIDED

    def test_never_rewrites_a_message(self, claim: Claim) -> None:
        _take(_mail(claim))

        with pytest.raises(DatabaseError), transaction.atomic():
            Message.objects.filter(claim=claim).update(body="Something else")


def test_a_letter_about_a_claim_says_that_it_may_be_answered_where_it_may(
    claim: Claim, settings: Any
) -> None:
    facts = {**FACTS["claim_received"], "claim_id": claim.pk}

    on = lay_out(name="claim_received", facts=facts, language="en")
    draft = {**facts, "claim_id": ClaimFactory.create().pk}
    unsent = lay_out(name="claim_received", facts=draft, language="en")
    settings.INBOUND_DOMAIN = ""
    off = lay_out(name="claim_received", facts=facts, language="en")

    said = "You can answer this e-mail: what you write, and photos you attach"
    assert said in on.text
    assert said in on.html
    for rendered in (unsent, off):
        assert said not in rendered.text + rendered.html
