from __future__ import annotations

import time
from typing import Any

import pytest
import time_machine
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts import roles, tokens
from portal.accounts.models import ApiToken, User
from portal.accounts.roles import RoleName
from tests.factories.accounts import PASSWORD, PersonFactory

LOGIN = "/account/login/staff/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def agent(db: None) -> User:
    person = PersonFactory.create(email="agent@pine.example", password=PASSWORD)
    roles.give(person=person, role=RoleName.AGENT)
    return person


@pytest.fixture
def outside_the_demo(settings: Any) -> None:
    settings.DEMO = False


@pytest.fixture
def in_the_demo(settings: Any) -> None:
    settings.DEMO = True


def sign_in(client: Client, password: str = PASSWORD, email: str = "agent@pine.example") -> Any:
    return client.post(LOGIN, {"login": email, "password": password, "next": "/admin/"})


def digits() -> str:
    return str(format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time())))))


class TestStaffGate:
    @pytest.mark.usefixtures("db")
    def test_sends_a_stranger_to_the_staff_sign_in(self, client: Client) -> None:
        answer = client.get("/admin/claims/claim/")

        assert (answer.status_code, answer["Location"]) == (
            302,
            f"{LOGIN}?next=%2Fadmin%2Fclaims%2Fclaim%2F",
        )

    def test_the_admins_own_login_form_is_out_of_reach(self, client: Client, agent: User) -> None:
        answer = client.post(
            "/admin/login/", {"username": agent.email, "password": PASSWORD, "next": "/admin/"}
        )

        assert answer["Location"].startswith(LOGIN)
        assert "_auth_user_id" not in client.session

    @pytest.mark.usefixtures("in_the_demo")
    def test_refuses_a_shopper(self, client: Client, db: None) -> None:
        client.force_login(PersonFactory.create())

        assert client.get("/admin/").status_code == 403

    @pytest.mark.usefixtures("in_the_demo")
    def test_a_password_is_enough_in_the_demo(self, client: Client, agent: User) -> None:
        assert sign_in(client)["Location"] == "/admin/"
        assert client.get("/admin/").status_code == 200

    @pytest.mark.usefixtures("outside_the_demo")
    def test_a_password_alone_opens_nothing_outside_the_demo(
        self, client: Client, agent: User
    ) -> None:
        sign_in(client)

        answer = client.get("/admin/")

        assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_index"))
        page = client.get(reverse("mfa_index"))
        assert page.status_code == 200
        assert reverse("mfa_activate_totp") in page.content.decode()

    @pytest.mark.usefixtures("outside_the_demo")
    def test_the_app_is_set_up_and_then_opens_the_desk(self, client: Client, agent: User) -> None:
        sign_in(client)
        again = client.get(reverse("mfa_activate_totp"))
        assert again["Location"].startswith(reverse("account_reauthenticate"))
        client.post(again["Location"], {"password": PASSWORD, "next": reverse("mfa_activate_totp")})
        page = client.get(reverse("mfa_activate_totp"))
        assert page.status_code == 200
        secret = page.context["form"].secret
        code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))

        done = client.post(reverse("mfa_activate_totp"), {"code": code})

        assert done["Location"] == reverse("mfa_view_recovery_codes")
        # This session has not shown the factor yet
        assert client.get("/admin/")["Location"].startswith(reverse("mfa_reauthenticate"))
        stored = Authenticator.objects.get(type="totp").data["secret"]
        assert secret not in stored
        assert get_adapter().decrypt(stored) == secret

    @pytest.mark.usefixtures("outside_the_demo")
    def test_password_and_app_open_the_desk(self, client: Client, agent: User) -> None:
        TOTP.activate(agent, SECRET)

        first = sign_in(client)
        assert first["Location"] == reverse("mfa_authenticate")
        assert "_auth_user_id" not in client.session
        second = client.post(reverse("mfa_authenticate"), {"code": digits()})

        assert second["Location"] == "/admin/"
        assert client.get("/admin/").status_code == 200

    @pytest.mark.usefixtures("outside_the_demo")
    def test_a_session_without_the_factor_is_asked_for_it(
        self, client: Client, agent: User
    ) -> None:
        TOTP.activate(agent, SECRET)
        client.force_login(agent)

        answer = client.get("/admin/")
        assert answer["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Fadmin%2F"
        client.post(answer["Location"], {"code": digits(), "next": "/admin/"})

        assert client.get("/admin/").status_code == 200

    @pytest.mark.usefixtures("outside_the_demo")
    def test_guessing_the_app_stops_after_ten_tries(self, client: Client, agent: User) -> None:
        TOTP.activate(agent, SECRET)
        sign_in(client)
        for _ in range(10):
            client.post(reverse("mfa_authenticate"), {"code": "000000"})

        answer = client.post(reverse("mfa_authenticate"), {"code": digits()})

        assert "Too many tries." in answer.content.decode()
        assert "_auth_user_id" not in client.session

    @pytest.mark.usefixtures("in_the_demo")
    def test_a_role_taken_away_closes_the_desk_on_the_next_request(
        self, client: Client, agent: User
    ) -> None:
        sign_in(client)
        assert client.get("/admin/").status_code == 200

        roles.take_away(person=agent)

        assert client.get("/admin/").status_code == 403

    @pytest.mark.usefixtures("in_the_demo")
    def test_a_person_made_inactive_is_out_on_the_next_request(
        self, client: Client, agent: User
    ) -> None:
        sign_in(client)

        User.objects.filter(pk=agent.pk).update(is_active=False)

        assert client.get("/admin/")["Location"].startswith(LOGIN)

    @pytest.mark.usefixtures("outside_the_demo")
    @pytest.mark.parametrize(
        ("days", "pauses", "status"),
        [
            (1, [29 * 60], 200),
            (2, [31 * 60], 302),
            (3, [25 * 60] * 28, 200),
            (4, [25 * 60] * 29, 302),
        ],
        ids=["busy", "half an hour of silence", "under twelve hours", "over twelve hours"],
    )
    def test_a_session_ends(
        self, client: Client, agent: User, days: int, pauses: list[int], status: int
    ) -> None:
        TOTP.activate(agent, SECRET)
        # A day of its own for each case: a code of the app is good once
        with time_machine.travel(time.time() + days * 86_400, tick=False) as clock:
            sign_in(client)
            client.post(reverse("mfa_authenticate"), {"code": digits()})
            assert client.get("/admin/").status_code == 200
            for pause in pauses:
                clock.shift(pause)
                answer = client.get("/admin/")

        assert answer.status_code == status


class TestStaffLogin:
    @pytest.mark.parametrize(
        ("email", "password"),
        [("agent@pine.example", "wrong"), ("nobody@pine.example", PASSWORD)],
    )
    def test_says_the_same_whether_the_address_or_the_password_is_wrong(
        self, client: Client, agent: User, email: str, password: str
    ) -> None:
        answer = sign_in(client, password, email)

        assert answer.status_code == 422
        assert "The e-mail or the password is not right." in answer.content.decode()

    def test_stops_after_ten_wrong_passwords_even_for_the_right_one(
        self, client: Client, agent: User
    ) -> None:
        for _ in range(10):
            sign_in(Client(), "wrong")

        answer = sign_in(client)

        assert answer.status_code == 422
        assert "Too many tries." in answer.content.decode()
        assert "_auth_user_id" not in client.session

    @pytest.mark.usefixtures("in_the_demo")
    def test_admin_pages_of_people_and_queues_open(self, client: Client, agent: User) -> None:
        roles.give(person=agent, role=RoleName.ADMINISTRATOR)
        sign_in(client)

        for name in (
            "accounts_user",
            "accounts_apitoken",
            "outbox_delivery",
            "outbox_event",
            "notifications_letter",
        ):
            assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200

        assert client.get(reverse("admin:accounts_user_add")).status_code == 200
        page = client.get(reverse("admin:accounts_user_change", args=[agent.pk])).content.decode()
        assert agent.password not in page

    @pytest.mark.usefixtures("in_the_demo")
    def test_an_issued_token_is_shown_once(self, client: Client, agent: User) -> None:
        roles.give(person=agent, role=RoleName.ADMINISTRATOR)
        sign_in(client)

        answer = client.post(
            reverse("admin:accounts_apitoken_add"),
            {"name": "shop", "scopes": ["orders:write"], "expires_at_0": "", "expires_at_1": ""},
        )

        token = ApiToken.objects.get()
        plain = answer.context["plain"]
        assert plain in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        assert tokens.verify(plain, now=timezone.now()) == token
        later = client.get(reverse("admin:accounts_apitoken_change", args=[token.pk]))
        assert plain not in later.content.decode()
