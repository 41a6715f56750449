"""Warn before going live that the portal signs in as a role that could drop its own guards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DEFAULT_DB_ALIAS

from portal.ops import roles

ADVICE = "Give the portal a role of its own: set DATABASE_OWNER_URL as deploy/README.md says."


@checks.register(checks.Tags.database, deploy=True)
def check_role(
    app_configs: Sequence[Any] | None = None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[checks.CheckMessage]:
    """Look at the role on ``check --deploy --database default``; else no database is asked."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    name, found = roles.powers()
    if not found:
        return []
    return [
        checks.Warning(
            f"The portal's database role may undo what the tables promise: {name} {said(found)}.",
            hint=ADVICE,
            id="portal.W020",
        )
    ]


def said(found: list[str]) -> str:
    """Name the first few; a role that may do one thing too many mostly may do hundreds."""
    more = len(found) - 3
    return ", ".join(found[:3]) + (f" and {more} more" if more > 0 else "")
