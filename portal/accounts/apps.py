"""The accounts app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate  # noqa: TID251 - migrations raise no domain event
from django.utils.translation import gettext_lazy as _

_HAVE_ROLES = frozenset({"accounts", "outbox", "tracking", "claims", "notifications"})


def _settle_roles(sender: AppConfig, **_kwargs: Any) -> None:
    from portal.accounts import roles

    if sender.label in _HAVE_ROLES:
        roles.settle(app_label=sender.label)


class AccountsConfig(AppConfig):
    """Users, roles and machine tokens."""

    name = "portal.accounts"
    label = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        """Keep the six roles in step with the permissions that migrations make."""
        post_migrate.connect(_settle_roles, dispatch_uid="portal.accounts.roles")
