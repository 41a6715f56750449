from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from notifications.models import Letter, LetterState
from portal.accounts.models import User
from portal.pages import signin
from tests.factories.accounts import PersonFactory
from tests.typing import Answer

ASK = "/account/login/"
ENTER = "/account/login/code/confirm/"


@pytest.fixture
def wen(db: None) -> User:
    return PersonFactory.create(email="wen@example.org")


def ask(client: Client, email: str = "wen@example.org", **extra: str) -> Answer:
    return client.post(ASK, {"email": email, **extra})


def last_code() -> str:
    (code,) = re.findall(r"^ {4}(\d{6})$", str(mail.outbox[-1].body), re.M)
    return str(code)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


class TestAsk:
    def test_sends_six_digits_at_once_and_shows_the_address_masked(
        self, client: Client, wen: User
    ) -> None:
        answer = ask(client)

        assert (answer.status_code, answer["Location"]) == (302, ENTER)
        assert [m.to for m in mail.outbox] == [["wen@example.org"]]
        assert re.fullmatch(r"\d{6}", last_code())
        page = client.get(ENTER).content.decode()
        assert "w•••@example.org" in page
        assert "wen@example.org" not in page
        assert 'inputmode="numeric"' in page
        assert 'autocomplete="one-time-code"' in page

    def test_wipes_the_code_from_the_letter_once_it_has_gone(
        self, client: Client, wen: User
    ) -> None:
        ask(client)

        letter = Letter.objects.get()
        assert (letter.state, letter.name) == (LetterState.SENT, "sign_in_code")
        assert "code" not in letter.facts
        assert last_code() not in letter.subject

    @pytest.mark.parametrize("email", ["wen@example.org", "who@example.org"])
    def test_takes_no_less_time_for_an_address_nobody_has(
        self, client: Client, wen: User, email: str
    ) -> None:
        begun = time.perf_counter()

        ask(client, email)

        assert time.perf_counter() - begun >= signin.EVEN_SECONDS

    def test_says_the_same_for_an_address_nobody_has(self, client: Client, wen: User) -> None:
        known, stranger = Client(), Client()

        answers = [ask(known), ask(stranger, "who@example.org")]

        assert {(a.status_code, a["Location"]) for a in answers} == {(302, ENTER)}
        assert [m.to for m in mail.outbox] == [["wen@example.org"]]
        pages = [known.get(ENTER).content, stranger.get(ENTER).content]
        plain = [re.sub(rb'value="[^"]{64}"|\d\d:\d\d', b"", page) for page in pages]
        assert plain[0] == plain[1]  # w•••@example.org, both
        assert stranger.post(ENTER, {"code": "123456"}).status_code == 422

    def test_sends_nothing_to_somebody_who_was_closed_out(self, client: Client, wen: User) -> None:
        User.objects.update(is_active=False)

        assert ask(client)["Location"] == ENTER
        assert mail.outbox == []

    @pytest.mark.parametrize(
        ("email", "words"),
        [("", "Enter the e-mail of your order."), ("wen", "Enter an e-mail with an @")],
    )
    def test_names_what_is_wrong_and_keeps_what_was_typed(
        self, client: Client, db: None, email: str, words: str
    ) -> None:
        answer = ask(client, email)

        page = answer.content.decode()
        assert answer.status_code == 422
        assert words in page
        assert f'value="{email}"' in page or not email

    def test_stops_after_eight_codes_an_hour_for_one_address_known_or_not(
        self, client: Client, wen: User
    ) -> None:
        for email in ("wen@example.org", "who@example.org"):
            answers = [ask(Client(), email) for _ in range(9)]

            assert [a["Location"] for a in answers] == [ENTER] * 8 + [ASK]
        assert len(mail.outbox) == 8

    def test_a_mail_server_that_is_away_leaves_the_code_to_the_worker(
        self, client: Client, wen: User, settings: Any
    ) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

        answer = ask(client)

        assert answer["Location"] == ENTER
        letter = Letter.objects.get()
        assert (letter.state, letter.attempts) == (LetterState.WAITING, 1)
        assert "ConnectionRefusedError" in letter.error

    def test_nobody_signs_up(self, client: Client, db: None) -> None:
        assert not signin.Adapter().is_open_for_signup(RequestFactory().get("/"))
        assert client.get("/account/signup/").status_code == 404
        assert client.get("/account/password/reset/").status_code == 404


class TestEnter:
    def test_the_right_code_signs_in_cycles_the_session_and_verifies_the_address(
        self, client: Client, wen: User
    ) -> None:
        ask(client, next="/help/")
        before = client.session.session_key

        answer = client.post(ENTER, {"code": last_code(), "next": "/help/"})

        assert (answer.status_code, answer["Location"]) == (302, "/help/")
        assert signed_in(client)
        assert client.session.session_key != before
        assert not Session.objects.filter(session_key=before).exists()
        assert EmailAddress.objects.get(user=wen).verified

    @pytest.mark.parametrize(
        "shape",
        ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}\u00a0{1}", "{0}\t{1}", "\uff08{0}{1}\uff09"],
    )
    def test_accepts_a_pasted_code_with_spaces(self, client: Client, wen: User, shape: str) -> None:
        ask(client)
        code = last_code()

        client.post(ENTER, {"code": shape.format(code[:3], code[3:])})

        assert signed_in(client)

    def test_a_wrong_code_keeps_the_page_and_counts_down(self, client: Client, wen: User) -> None:
        ask(client)
        code = last_code()

        for left in ("4 more tries", "3 more tries", "2 more tries", "1 more try"):
            answer = client.post(ENTER, {"code": wrong(code)})
            assert answer.status_code == 422
            assert f"That code is not right. You have {left}." in answer.content.decode()

        assert client.post(ENTER, {"code": wrong(code)})["Location"] == ASK
        client.post(ENTER, {"code": code})
        assert not signed_in(client)

    def test_an_empty_field_costs_no_try(self, client: Client, wen: User) -> None:
        ask(client)
        for _ in range(6):
            assert client.post(ENTER, {"code": " "}).status_code == 422

        client.post(ENTER, {"code": last_code()})

        assert signed_in(client)

    def test_a_code_works_once(self, client: Client, wen: User) -> None:
        ask(client)
        code = last_code()
        client.post(ENTER, {"code": code})
        client.post("/account/logout/")

        client.post(ENTER, {"code": code})

        assert not signed_in(client)

    def test_a_code_of_one_browser_opens_no_other(self, client: Client, wen: User) -> None:
        ask(client)
        code, other = last_code(), Client()
        ask(other)

        other.post(ENTER, {"code": code})

        assert code != last_code()
        assert not signed_in(other)

    def test_an_expired_code_is_replaced_and_says_so(self, client: Client, wen: User) -> None:
        with time_machine.travel("2026-09-14T12:00:00Z", tick=False) as clock:
            ask(client)
            old = last_code()
            clock.shift(601)

            answer = client.post(ENTER, {"code": old}, follow=True)

            assert not signed_in(client)
            assert "That code has expired; we have sent a new one." in answer.content.decode()
            assert len(mail.outbox) == 2
            client.post(ENTER, {"code": last_code()})
            assert signed_in(client)

    def test_a_fresh_code_may_be_asked_for_after_half_a_minute(
        self, client: Client, wen: User
    ) -> None:
        with time_machine.travel("2026-09-14T12:00:00Z", tick=False) as clock:
            ask(client)
            client.post(ENTER, {"action": "resend"})
            assert len(mail.outbox) == 1
            clock.shift(31)

            answer = client.post(ENTER, {"action": "resend"}, follow=True)

            assert "We have sent a new code." in answer.content.decode()
            assert len(mail.outbox) == 2

    def test_never_leads_to_a_page_of_somebody_else(self, client: Client, wen: User) -> None:
        ask(client, next="https://evil.example/")

        answer = client.post(ENTER, {"code": last_code(), "next": "https://evil.example/"})

        assert answer["Location"] == "/account/"

    def test_accepts_full_width_digits(self, client: Client, wen: User) -> None:
        ask(client)
        wide = last_code().translate({48 + n: 0xFF10 + n for n in range(10)})

        client.post(ENTER, {"code": wide})

        assert signed_in(client)

    @pytest.mark.django_db(transaction=True)
    def test_of_thirty_tries_at_once_only_five_are_looked_at(self, client: Client) -> None:
        PersonFactory.create(email="wen@example.org")
        ask(client)
        code = last_code()
        looked_at: list[int] = []

        def guess() -> None:
            thief = Client()
            thief.cookies.update(client.cookies)
            try:
                looked_at.append(thief.post(ENTER, {"code": wrong(code)}).status_code)
            finally:
                connection.close()

        threads = [threading.Thread(target=guess) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)

        assert len(looked_at) == 30
        assert looked_at.count(422) <= 5

    def test_speaks_chinese(self, client: Client, wen: User) -> None:
        headers = {"Accept-Language": "zh-hans"}
        page = client.get(ASK, headers=headers).content.decode()

        assert '<html lang="zh-Hans">' in page
        client.post(ASK, {"email": "wen@example.org"}, headers=headers)
        assert Letter.objects.get().language == "zh-hans"
        enter = client.get(ENTER, headers=headers).content.decode()
        assert '<html lang="zh-Hans">' in enter
        assert "testserver" not in enter


class TestSendCodeFor:
    def test_goes_to_the_address_on_file_and_on_to_the_wizard(
        self,
        client: Client,
        wen: User,
    ) -> None:
        request = past_the_middleware(client)
        with signin_context(request):
            answer = signin.send_code_for(request, wen, "/claims/new/?parcel=abc")
        request.session.save()
        answer.close()

        assert (
            answer["Location"]
            == f"{reverse('account_confirm_login_code')}?next=%2Fclaims%2Fnew%2F%3Fparcel%3Dabc"
        )
        assert [m.to for m in mail.outbox] == [["wen@example.org"]]


def past_the_middleware(client: Client) -> Any:
    """Return a request with what the middleware of sessions and of allauth puts on it."""
    request: Any = RequestFactory().post("/t/abc/code/")
    vars(request).update(session=client.session, allauth=None)
    return request


def signin_context(request: Any) -> Any:
    from allauth.core import context

    return context.request_context(request)
