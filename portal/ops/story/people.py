"""Who takes part in the demo."""

from __future__ import annotations

from django.db import transaction

from portal.accounts import roles
from portal.accounts.models import User
from portal.accounts.roles import RoleName

SHOPPER = "shopper@demo.example"
SHOPPER_ZH = "gouwu@demo.example"
AGENT = "agent@demo.example"
APPROVER = "approver@demo.example"
ADMINISTRATOR = "admin@demo.example"
PASSWORD = "tea-and-harbour"  # noqa: S105 - printed at every start of the demo

_STAFF = (
    (AGENT, RoleName.AGENT),
    (APPROVER, RoleName.APPROVER),
    (ADMINISTRATOR, RoleName.ADMINISTRATOR),
)


@transaction.atomic
def hire() -> dict[str, User]:
    """Make the staff of the demo and return them by e-mail."""
    staff = {}
    for email, role in _STAFF:
        person = User.objects.filter(email=email).first()
        if person is None:
            person = User.objects.create_user(email, PASSWORD)
            roles.give(person=person, role=role)
        staff[email] = person
    return staff
