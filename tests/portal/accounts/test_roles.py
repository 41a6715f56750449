from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from django.contrib.auth.models import Group, Permission

from portal.accounts import roles
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from tests.factories.accounts import PersonFactory

pytestmark = pytest.mark.django_db


def with_role(role: RoleName) -> User:
    person = PersonFactory.create()
    roles.give(person=person, role=role)
    return User.objects.get(pk=person.pk)


class TestSettle:
    def test_migrations_leave_the_seven_groups(self) -> None:
        assert set(Group.objects.values_list("name", flat=True)) == {
            "shopper", "agent", "approver", "finance", "duty_manager", "auditor", "administrator",
        }  # fmt: skip

    def test_takes_away_what_somebody_ticked_by_hand(self) -> None:
        agents = Group.objects.get(name="agent")
        before = set(agents.permissions.values_list("codename", flat=True))
        agents.permissions.add(Permission.objects.get(codename="second_claim"))

        roles.settle(app_label="claims")

        assert set(agents.permissions.values_list("codename", flat=True)) == before

    def test_every_pattern_of_the_table_names_something(self) -> None:
        every = {f"{p.content_type.app_label}.{p.codename}" for p in Permission.objects.all()}
        patterns = {pattern for patterns in roles.GRANTS.values() for pattern in patterns}

        dead = [
            pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in every)
        ]

        # Replaying envelopes is promised to the tracking desk; until it has a permission of its
        # own the wildcard matches nothing.
        assert [pattern for pattern in dead if pattern != "tracking.replay_*"] == []


class TestGive:
    @pytest.mark.parametrize(
        ("role", "decides", "seconds", "replays", "opens_admin"),
        [
            (RoleName.SHOPPER, False, False, False, False),
            (RoleName.AGENT, True, False, False, True),
            (RoleName.APPROVER, True, True, False, True),
            (RoleName.FINANCE, False, True, False, True),
            (RoleName.DUTY_MANAGER, True, True, True, True),
            (RoleName.AUDITOR, False, False, False, True),
            (RoleName.ADMINISTRATOR, False, False, True, True),
        ],
    )
    def test_grants_what_the_table_says(
        self, role: RoleName, decides: bool, seconds: bool, replays: bool, opens_admin: bool
    ) -> None:
        person = with_role(role)

        assert person.has_perm("claims.decide_claim") is decides
        assert person.has_perm("claims.second_claim") is seconds
        assert person.has_perm("outbox.replay_delivery") is replays
        assert person.is_staff is opens_admin

    def test_an_auditor_judges_decisions_and_changes_nothing_else(self) -> None:
        person = with_role(RoleName.AUDITOR)

        held = person.get_all_permissions()
        assert {name for name in held if not name.split(".")[1].startswith("view_")} == {
            "claims.audit_claim",
            "claims.watch_agents",
        }
        assert person.has_perm("claims.view_claim")

    def test_replaces_the_role_before(self) -> None:
        person = with_role(RoleName.APPROVER)

        roles.give(person=person, role=RoleName.AUDITOR)

        assert [group.name for group in person.groups.all()] == ["auditor"]
        assert not User.objects.get(pk=person.pk).has_perm("claims.second_claim")


class TestTakeAway:
    def test_closes_the_admin(self) -> None:
        person = with_role(RoleName.AGENT)

        roles.take_away(person=person)

        again = User.objects.get(pk=person.pk)
        assert not again.is_staff
        assert again.get_all_permissions() == set()
