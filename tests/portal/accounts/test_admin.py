"""What an administrator may do to people, and what not even to themselves."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts import roles
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from tests.factories.accounts import PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings) -> None:
    settings.DEMO = True


@pytest.fixture
def administrator(client: Client) -> User:
    person = PersonFactory.create(email="administrator@example.org")
    roles.give(person=person, role=RoleName.ADMINISTRATOR)
    client.force_login(person)
    return person


def change(client: Client, person: User, **fields: str) -> int:
    typed = {"email": person.email, "name": "Someone", "language": "en", "is_active": "on"} | fields
    address = reverse("admin:accounts_user_change", args=[person.pk])
    return client.post(address, typed).status_code


class TestChange:
    def test_gives_somebody_else_a_role(self, client: Client, administrator: User) -> None:
        other = PersonFactory.create()

        assert change(client, other, role="agent") == 302
        assert roles.held(User.objects.get(pk=other.pk)) is RoleName.AGENT

    def test_never_gives_oneself_another_role(self, client: Client, administrator: User) -> None:
        assert change(client, administrator, role="approver") == 403
        assert roles.held(User.objects.get(pk=administrator.pk)) is RoleName.ADMINISTRATOR

    def test_never_touches_a_superuser(self, client: Client, administrator: User) -> None:
        chief = PersonFactory.create(is_superuser=True, is_staff=True)

        assert change(client, chief, email="mine@example.org") == 403
        assert User.objects.get(pk=chief.pk).email == chief.email
