from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection

from notifications.models import Letter, LetterState
from notifications.services import letters, preferences
from portal.accounts.models import User
from portal.lib import queues
from tests.factories.accounts import PersonFactory
from tests.notifications.facts import FACTS
from tests.ports import free_port

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)


@pytest.fixture
def wen(db: None) -> User:
    return PersonFactory.create(email="wen@example.org")


def write(recipient: User, name: str = "delivered", **changes: Any) -> Letter | None:
    wanted: dict[str, Any] = {
        "name": name,
        "cause": "parcel 7 leg 1 delivered",
        "recipient": recipient,
        "language": "en",
        "facts": FACTS[name],
        "now": NOW,
    }
    return letters.write(**{**wanted, **changes})


class Server:
    """A mail server that keeps what it took and refuses as often as it is told."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.refusals: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        assert isinstance(envelope.content, bytes)
        self.taken.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    handler = Server()
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield handler
    controller.stop()


class TestWrite:
    def test_freezes_address_language_and_facts(self, wen: User) -> None:
        letter = write(wen, language="zh-hans")
        assert letter is not None
        User.objects.filter(pk=wen.pk).update(email="thief@example.org", language="en")

        letters.send_due(now=NOW)

        assert [m.to for m in mail.outbox] == [["wen@example.org"]]
        assert letter.facts == FACTS["delivered"]
        assert letter.language == "zh-hans"

    def test_writes_once_per_cause(self, wen: User) -> None:
        assert write(wen) is not None
        assert write(wen) is None
        assert write(wen, cause="parcel 7 leg 2 delivered") is not None

        assert Letter.objects.count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_eight_at_once_write_one(self) -> None:
        wen = PersonFactory.create()
        written: list[Letter | None] = []

        def one() -> None:
            try:
                written.append(write(wen))
            finally:
                connection.close()

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

        assert len([letter for letter in written if letter]) == 1
        assert Letter.objects.count() == 1

    def test_holds_what_the_person_does_not_want(self, wen: User) -> None:
        preferences.choose(person=wen, kind="parcels", is_wanted=False)

        assert write(wen) is None

        assert Letter.objects.get().state == LetterState.HELD
        assert letters.send_due(now=NOW) == 0
        assert write(wen, cause="watched", is_asked_for=True) is not None

    def test_answers_to_claims_go_to_everybody(self, wen: User) -> None:
        with pytest.raises(preferences.MustBeSent):
            preferences.choose(person=wen, kind="claims", is_wanted=False)

        assert write(wen, "offer") is not None

    def test_nothing_goes_to_somebody_who_was_closed_out(self, wen: User) -> None:
        wen.is_active = False

        assert write(wen, "offer") is None
        assert letters.send_due(now=NOW) == 0

    @pytest.mark.parametrize("address", ["x\r\nBcc: all@example.org", "nobody", "a@b.c\n"])
    def test_refuses_an_address_that_is_none(self, wen: User, address: str) -> None:
        if address == "a@b.c\n":
            letter = write(wen, address="a@example.org\n")
            assert letter is not None
            assert letter.address == "a@example.org"
            return
        with pytest.raises(ValidationError):
            write(wen, address=address)

        assert not Letter.objects.exists()

    def test_refuses_facts_with_a_hole_and_leaves_no_trace(self, wen: User) -> None:
        with pytest.raises(KeyError):
            write(wen, "offer", facts={"ref": "AM-1"})

        assert not Letter.objects.exists()


class TestSendDue:
    def test_sends_text_and_html_once(self, wen: User) -> None:
        letter = write(wen)
        assert letter is not None

        assert letters.send_due(now=NOW) == 1
        assert letters.send_due(now=NOW) == 0

        (sent,) = mail.outbox
        assert sent.subject == "Delivered on Mon 14 Sep: order PH-10482"
        assert sent.extra_headers["Message-ID"] == letter.message_id
        assert isinstance(sent, mail.EmailMultiAlternatives)
        assert sent.alternatives[0][1] == "text/html"
        letter.refresh_from_db()
        assert (letter.state, letter.attempts) == (LetterState.SENT, 1)
        assert letter.sent_at is not None
        assert NOW <= letter.sent_at < NOW + timedelta(seconds=5)

    def test_a_second_try_carries_the_same_message_id(self, wen: User, server: Server) -> None:
        server.refusals = ["451 Try again later"]
        letter = write(wen, language="zh-hans")
        assert letter is not None

        letters.send_due(now=NOW)
        letter.refresh_from_db()
        assert (letter.state, letter.attempts) == (LetterState.WAITING, 1)
        assert "451" in letter.error
        assert NOW + timedelta(seconds=4) <= letter.due_at <= NOW + timedelta(seconds=7)
        letters.send_due(now=letter.due_at)

        (taken,) = server.taken
        assert taken["Message-ID"] == letter.message_id
        assert taken["To"] == "wen@example.org"
        assert taken["Content-Language"] == "zh-Hans"
        assert [part.get_content_type() for part in taken.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        letter.refresh_from_db()
        assert (letter.state, letter.attempts, letter.error) == (LetterState.SENT, 2, "")

    def test_gives_up_at_once_when_refused_for_good(self, wen: User, server: Server) -> None:
        server.refusals = ["550 No such mailbox"]
        letter = write(wen)
        assert letter is not None

        letters.send_due(now=NOW)

        letter.refresh_from_db()
        assert (letter.state, letter.attempts) == (LetterState.DEAD, 1)
        assert "550" in letter.error

    def test_gives_up_after_eight_tries_and_the_others_go_on(
        self, wen: User, settings: Any
    ) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        letter = write(wen)
        assert letter is not None

        for day in range(10):
            letters.send_due(now=NOW + timedelta(days=day))

        letter.refresh_from_db()
        assert (letter.state, letter.attempts) == (LetterState.DEAD, queues.MAX_ATTEMPTS)

    def test_a_code_that_is_too_late_is_not_sent(self, wen: User) -> None:
        letter = write(wen, "sign_in_code")
        assert letter is not None

        letters.send_due(now=NOW + timedelta(hours=3))

        letter.refresh_from_db()
        assert letter.state == LetterState.DEAD
        assert "code" not in letter.facts
        assert mail.outbox == []

    @pytest.mark.django_db(transaction=True)
    def test_four_workers_send_each_letter_once(self, server: Server) -> None:
        wen = PersonFactory.create(email="wen@example.org")
        for number in range(20):
            write(wen, cause=f"cause {number}")

        def work() -> None:
            try:
                while letters.send_due(now=NOW):
                    pass
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)

        ids = [message["Message-ID"] for message in server.taken]
        assert len(ids) == len(set(ids)) == 20


class TestResend:
    def test_gives_the_dead_a_fresh_start_but_never_a_code(self, wen: User) -> None:
        letter, code = write(wen), write(wen, "sign_in_code")
        sent = write(wen, cause="other")
        assert letter is not None
        assert code is not None
        assert sent is not None
        Letter.objects.filter(pk__in=[letter.pk, code.pk]).update(
            state=LetterState.DEAD, attempts=8
        )
        Letter.objects.filter(pk=sent.pk).update(state=LetterState.SENT)

        count = letters.resend(letter_ids=[letter.pk, code.pk, sent.pk], now=NOW)

        assert count == 1
        letter.refresh_from_db()
        assert (letter.state, letter.attempts) == (LetterState.WAITING, 0)
        code.refresh_from_db()
        assert code.state == LetterState.DEAD


class TestPreview:
    def test_staff_never_see_a_code_that_waits(self, wen: User) -> None:
        letter = write(wen, "sign_in_code")
        assert letter is not None

        assert "402917" in letters.render(letter).text
        assert "402917" not in letters.preview(letter).html
