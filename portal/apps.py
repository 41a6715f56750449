"""The portal app: pages, commands and template tags."""

from typing import Any

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate  # noqa: TID251 - migrations raise no domain event


def _settle_rights(using: str, **kwargs: Any) -> None:
    from portal.ops import roles

    if using == DEFAULT_DB_ALIAS and "plan" in kwargs:  # emptying the tables has none
        roles.settle()


class PortalConfig(AppConfig):
    """Pages, template tags, static files and commands."""

    name = "portal"

    def ready(self) -> None:
        """Register the system checks, and settle rights once a migration has made the tables."""
        import portal.ops.roles_check
        import portal.pages.brand  # noqa: F401

        post_migrate.connect(_settle_rights, sender=apps.get_app_config("accounts"))
