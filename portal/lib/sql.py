"""Send whole batches to PostgreSQL: one array a column, rows back as tuples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def run(query: str, parameters: Sequence[Any] = (), *, prepare: bool | None = None) -> int:
    """
    Run one statement in the current transaction and return how many rows it touched.

    ``prepare`` lets the server keep its plan: worth it for one small statement sent all day.
    """
    with connection.wrap_database_errors, _cursor(query) as cursor:
        return cursor.execute(query, parameters, prepare=prepare).rowcount


def rows(
    query: str,
    parameters: Sequence[Any] | Mapping[str, Any] = (),
    *,
    prepare: bool | None = None,
) -> list[tuple[Any, ...]]:
    """
    Run one statement in the current transaction and return its rows, read in binary.

    ``prepare`` lets the server keep its plan: worth it for one that is sent all day.
    """
    with connection.wrap_database_errors, _cursor(query) as cursor:
        return cursor.execute(query, parameters, binary=True, prepare=prepare).fetchall()


def unnest(types: Sequence[str]) -> str:
    """Return ``unnest(%s::bigint[], ...)``, to be filled by ``columns`` of the same types."""
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in types)})"


def columns(rows: Iterable[Sequence[Any]], types: Sequence[str]) -> list[str]:
    """
    Return rows as one array literal a column; text must hold no NUL, as PostgreSQL keeps none.

    psycopg writes arrays element by element in Python, which for a thousand rows costs more than
    storing them; these few forms are written at the speed of ``join`` and ``replace``. Only
    ``timestamptz`` may be None.
    """
    turned = list(zip(*rows, strict=True)) or [()] * len(types)
    return [_literal(column, kind) for column, kind in zip(turned, types, strict=True)]


def ids(numbers: Iterable[int]) -> str:
    """Return numbers as one array literal, for ``= ANY(%s)``."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _literal(column: Sequence[Any], kind: str) -> str:
    if not column:
        return "{}"
    if kind == "text":
        # NUL is the one character that cannot be inside, so it may stand between.
        joined = "\x00".join(column).replace("\\", "\\\\").replace('"', '\\"')
        return '{"' + joined.replace("\x00", '","') + '"}'
    if kind == "bytea":
        return '{"\\\\x' + '","\\\\x'.join(blob.hex() for blob in column) + '"}'
    if kind == "timestamptz":
        return "{" + ",".join("NULL" if t is None else t.isoformat() for t in column) + "}"
    return ids(column)


def _cursor(query: str) -> psycopg.Cursor[Any]:
    """
    Return a cursor that leaves binding to the server.

    Django's own writes parameters into the text in Python, which for thousands of values costs
    more than the statement.
    """
    connection.ensure_connection()
    if connection.queries_logged:  # so that tests which count queries count these too
        connection.queries_log.append({"sql": query, "time": "0"})
    return psycopg.Cursor(connection.connection, row_factory=psycopg.rows.tuple_row)
