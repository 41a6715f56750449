"""Make what the portal refuses to make: rows that contradict each other, to see them found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings as live
from django.db import connection


@contextmanager
def tampering() -> Iterator[None]:
    """Write as the owner of the tables with every guard asleep, inside a test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE none")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(f"SET LOCAL ROLE {live.DATABASE_ROLE['USER']}")
