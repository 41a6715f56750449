"""Send whole batches to PostgreSQL: arrays bound by the server, rows back as tuples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection


def run(query: str, parameters: Sequence[Any] = ()) -> int:
    """Run one statement in the current transaction and return how many rows it touched."""
    with connection.wrap_database_errors, _cursor() as cursor:
        return cursor.execute(query, parameters).rowcount


def rows(query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement in the current transaction and return its rows."""
    with connection.wrap_database_errors, _cursor() as cursor:
        return cursor.execute(query, parameters).fetchall()


def _cursor() -> psycopg.Cursor[Any]:
    """
    Return a cursor that leaves binding to the server.

    Django's own writes parameters into the text in Python, which for thousands of values costs
    more than the statement. psycopg prepares a statement by itself once it has seen it often.
    """
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection, row_factory=psycopg.rows.tuple_row)
