"""Seven roles, kept as groups. The table below is the only place that says who may do what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User


class RoleName(StrEnum):
    """The names of the groups."""

    SHOPPER = "shopper"
    AGENT = "agent"
    APPROVER = "approver"
    FINANCE = "finance"
    DUTY_MANAGER = "duty_manager"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


LABELS = {
    RoleName.SHOPPER: _("Shopper"),
    RoleName.AGENT: _("Claims agent"),
    RoleName.APPROVER: _("Approver (second pair of eyes)"),
    RoleName.FINANCE: _("Finance (third pair of eyes)"),
    RoleName.DUTY_MANAGER: _("Duty manager"),
    RoleName.AUDITOR: _("Auditor (reads, and judges decisions)"),
    RoleName.ADMINISTRATOR: _("Administrator"),
}

_READ = ("claims.view_*", "tracking.view_*")
_DESK = (
    "claims.decide_claim", "claims.handle_mail", "claims.file_claim", "claims.override_window",
)  # fmt: skip
_LETTERS = ("notifications.view_letter", "notifications.resend_letter")
_WEBHOOKS = (
    "notifications.view_endpoint", "notifications.view_dispatch", "notifications.replay_dispatch",
)  # fmt: skip
_RISK = ("claims.audit_claim", "claims.watch_agents")

GRANTS: Mapping[RoleName, Sequence[str]] = {
    RoleName.SHOPPER: (),
    RoleName.AGENT: (
        *_READ, *_DESK, "notifications.view_letter", "tracking.handle_anomaly",
        "claims.add_weighing", "claims.break_glass",
    ),
    RoleName.APPROVER: (
        *_READ, *_DESK, "claims.second_claim", "notifications.view_letter",
        "tracking.handle_anomaly", "claims.add_weighing", "claims.audit_claim",
        "claims.stop_autoapproval",
    ),
    RoleName.FINANCE: (
        *_READ, "claims.second_claim", "claims.finance_claim", "notifications.view_letter",
        "claims.agree_autoapprovalrule", "claims.add_autobudget", "claims.stop_autoapproval",
    ),
    RoleName.DUTY_MANAGER: (
        *_READ, *_LETTERS, *_WEBHOOKS, *_DESK, "claims.second_claim",
        "outbox.view_*", "outbox.replay_delivery", "tracking.replay_*", "tracking.change_*",
        "tracking.handle_anomaly", "tracking.add_disruptionwindow", *_RISK,
        "claims.add_weighing", "claims.add_cannedreply", "claims.change_cannedreply",
        "claims.agree_autoapprovalrule", "claims.add_autobudget", "claims.stop_autoapproval",
        "claims.start_autoapproval",
    ),
    RoleName.AUDITOR: (
        *_READ, "accounts.view_*", "notifications.view_*", "outbox.view_*", *_RISK,
    ),
    # Runs the house and holds the keys; money is for others to move.
    RoleName.ADMINISTRATOR: (
        *_READ, *_LETTERS, *_WEBHOOKS, "accounts.*", "notifications.view_*", "outbox.view_*",
        "notifications.add_endpoint", "notifications.change_endpoint",
        "outbox.replay_delivery", "tracking.add_*", "tracking.change_*", "tracking.delete_*",
        "tracking.replay_*", "tracking.handle_anomaly", "claims.add_reasonpolicy",
        "claims.change_reasonpolicy",
        "claims.add_evidenceask", "claims.change_evidenceask", "claims.delete_evidenceask",
        "claims.add_servicelevel", "claims.add_severitylimit",
        "claims.add_approvallimit", "claims.change_approvallimit",
        "claims.add_carriercontract", "claims.change_carriercontract", "claims.add_exchangerate",
        "claims.add_autoapprovalrule", "claims.change_autoapprovalrule",
        "claims.watch_agents", "claims.add_riskpolicy", "claims.add_riskrule",
        "claims.add_watchrule", "claims.add_forwarder", "claims.change_forwarder",
        "claims.add_cannedreply", "claims.change_cannedreply", "claims.delete_cannedreply",
    ),
}  # fmt: skip
"""Role -> permissions as ``app.codename``; ``*`` stands for any run of characters."""

STAFF = tuple(role for role in RoleName if role is not RoleName.SHOPPER)
"""Roles whose holders open the admin."""


def settle(*, app_label: str) -> None:
    """
    Make each role's permissions on one app exactly those of the table; run after its migration.

    Permissions that somebody ticked by hand on one of the seven groups are taken away again, so
    that the table stays true. Other groups are left alone.
    """
    every = {
        f"{app_label}.{permission.codename}": permission
        for permission in Permission.objects.filter(content_type__app_label=app_label)
    }
    for role, patterns in GRANTS.items():
        group, _is_new = Group.objects.get_or_create(name=role.value)
        wanted = {
            permission.pk
            for name, permission in every.items()
            if any(fnmatchcase(name, pattern) for pattern in patterns)
        }
        held = set(
            group.permissions.filter(content_type__app_label=app_label).values_list("pk", flat=True)
        )
        group.permissions.add(*(wanted - held))
        group.permissions.remove(*(held - wanted))


def held(person: User) -> RoleName | None:
    """Return the role of a person, or None."""
    names = {group.name for group in person.groups.all()}
    return next((role for role in reversed(RoleName) if role.value in names), None)


@transaction.atomic
def give(*, person: User, role: RoleName) -> None:
    """Put a person into a role, in place of the one they had; staff roles open the admin."""
    _leave_all(person)
    group, _is_new = Group.objects.get_or_create(name=role.value)
    person.groups.add(group)
    _set_staff(person, is_staff=role in STAFF)


@transaction.atomic
def take_away(*, person: User) -> None:
    """Leave a person without a role; the admin is closed to them from the next request on."""
    _leave_all(person)
    _set_staff(person, is_staff=False)


def _leave_all(person: User) -> None:
    ours = Group.objects.filter(name__in=[role.value for role in RoleName])
    person.groups.remove(*ours)


def _set_staff(person: User, *, is_staff: bool) -> None:
    person.is_staff = is_staff or person.is_superuser
    person.save(update_fields=["is_staff"])
