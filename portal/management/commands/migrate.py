"""Migrate as the owner of the tables, where the portal runs as a role that may not."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from portal.ops import roles


class Command(migrate.Command):
    """Django's own, signed in by DATABASE_OWNER_URL if that is set."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Check and migrate, then give the portal's role its rights; there may be no such role."""
        with roles.owner():
            return super().execute(*args, **options)
