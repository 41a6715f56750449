"""
Two roles in the database: one owns the tables and migrates, the other runs the portal.

What the guards of a model refuse to everybody, the portal's role has no right to either; and as it
owns nothing and makes nothing, it can neither drop a guard nor put it to sleep. The owner gives
these rights after every migration; a table that no migration has settled yet is closed.
"""

# ruff: noqa: SLF001 - a model's _meta is public by Django's own word

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from psycopg import sql

READ = ("SELECT",)
ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
CONNECTION = ("USER", "PASSWORD", "HOST", "PORT")

MADE_BY_ANOTHER = {"42710", "23505"}
"""SQLSTATEs of a role that somebody else made while we looked."""

WATCHFUL = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name)
    RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT CASE WHEN NULLIF(current_setting('pgtrigger.ignore', true), '') IS NULL THEN false
        ELSE trigger_name = ANY (current_setting('pgtrigger.ignore', true)::text[])
            AND pg_has_role((SELECT proowner FROM pg_proc
                WHERE oid = 'public._pgtrigger_should_ignore(name)'::regprocedure), 'USAGE')
        END
    $$
"""
"""
Whether a guard stands aside: as pgtrigger has it, whoever sets ``pgtrigger.ignore`` may say so, and
everybody may set it. Here only the owner may, whose migrations do.
"""

POWERS = """
    SELECT role.rolname, array_remove(ARRAY[
        CASE WHEN role.rolsuper THEN 'is a superuser' END,
        CASE WHEN role.rolcreaterole THEN 'may make roles' END,
        CASE WHEN role.rolcreatedb THEN 'may make databases' END,
        CASE WHEN role.rolreplication THEN 'may replicate' END,
        CASE WHEN EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
            AND c.relkind IN ('r', 'p') AND pg_has_role(role.oid, c.relowner, 'MEMBER'))
            THEN 'owns tables, or may become who does' END,
        CASE WHEN has_schema_privilege(role.oid, 'public', 'CREATE') THEN 'may make tables' END,
        CASE WHEN has_database_privilege(role.oid, current_database(), 'CREATE')
            THEN 'may make schemas' END,
        CASE WHEN has_database_privilege(role.oid, current_database(), 'TEMPORARY')
            THEN 'may hide tables behind temporary ones' END,
        CASE WHEN has_parameter_privilege(role.oid, 'session_replication_role', 'SET')
            THEN 'may put all triggers to sleep' END
    ], NULL) FROM pg_roles role WHERE role.rolname = session_user
"""
EXCESS = """
    SELECT c.relname, p.word FROM pg_roles role, pg_class c,
        unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
            AS p(word)
    WHERE role.rolname = session_user AND c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p') AND has_table_privilege(role.oid, c.oid, p.word)
    ORDER BY 1, 2
"""


def rights() -> dict[str, tuple[str, ...]]:
    """
    Return what the portal's role may do to each table.

    Everything that no guard refuses to everybody; what is no model's is read, if we know of it.
    """
    known: dict[str, tuple[str, ...]] = {MigrationRecorder.Migration._meta.db_table: READ}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            refused = _refused(model)
            known[model._meta.db_table] = tuple(word for word in ALL if word not in refused)
    return known


def _refused(model: type[Model]) -> set[str]:
    """Return the operations that a guard of this model refuses whatever the row says."""
    return {
        str(operation)
        for trigger in getattr(model._meta, "triggers", ())
        if isinstance(trigger, pgtrigger.Protect) and trigger.condition is None
        for operation in trigger.operation or ()
    }


@contextmanager
def owner() -> Iterator[None]:
    """Work as the owner of the tables, whom ``DATABASE_OWNER_URL`` names; without it, as ever."""
    named: Mapping[str, Any] = settings.DATABASE_OWNER
    if not named:
        yield
        return
    before = {key: connection.settings_dict[key] for key in CONNECTION}
    connection.close()
    connection.settings_dict.update({key: named[key] for key in CONNECTION})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@transaction.atomic
def settle() -> None:
    """
    Give the portal's role its rights and no other, as the owner; again does no harm.

    The role is made, with the password it signs in with, where there is none yet.

    :raises ImproperlyConfigured: if the owner and the portal's role are one.
    """
    with connection.cursor() as cursor:
        cursor.execute(WATCHFUL)
        if not settings.DATABASE_ROLE:
            return
        name = settings.DATABASE_ROLE["USER"]
        cursor.execute("SELECT current_user, session_user, current_database()")
        *owners, database = cursor.fetchone()
        if not name or name in owners:
            raise ImproperlyConfigured(
                "DATABASE_URL must name the portal's own role, DATABASE_OWNER_URL another one."
            )
        _ensure(cursor, name, settings.DATABASE_ROLE["PASSWORD"])
        # A migration may be taken back: then code knows of tables that are not there.
        there = {table.name for table in connection.introspection.get_table_list(cursor)}
        for statement in _statements(name, database, there):
            cursor.execute(statement)


def _ensure(cursor: Any, name: str, password: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if cursor.fetchone():
        return
    # Hashed here, for statements may be logged.
    hashed = (
        connection.connection.pgconn.encrypt_password(
            password.encode(), name.encode(), b"scram-sha-256"
        ).decode()
        if password
        else None
    )
    try:
        with transaction.atomic():
            cursor.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
                    " NOINHERIT PASSWORD {}"
                ).format(sql.Identifier(name), sql.Literal(hashed))
            )
    except DatabaseError as trouble:
        if getattr(trouble.__cause__, "sqlstate", "") not in MADE_BY_ANOTHER:
            raise


def _statements(name: str, database: str, there: Container[str]) -> Iterator[sql.Composed]:
    role, place = sql.Identifier(name), sql.Identifier(database)
    whom = sql.SQL("PUBLIC, {}").format(role)
    # A temporary table of a guard's table's name would be what the guard looks at.
    yield sql.SQL("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM {}").format(place, whom)
    yield sql.SQL("REVOKE CREATE ON SCHEMA public FROM {}").format(whom)
    yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(whom)
    yield sql.SQL("REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {}").format(whom)
    yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(place, role)
    yield sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role)
    yield sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(role)
    alike = defaultdict(list)
    for table, words in rights().items():
        if table in there:
            alike[words].append(sql.Identifier(table))
    for words, tables in alike.items():
        yield sql.SQL("GRANT {} ON {} TO {}").format(
            sql.SQL(", ").join(map(sql.SQL, words)), sql.SQL(", ").join(tables), role
        )


def powers() -> tuple[str, list[str]]:
    """Return the role that signed in, and what it may do that the portal's role must not."""
    with connection.cursor() as cursor:
        cursor.execute(POWERS)
        name, found = cursor.fetchone()
        if found:
            return name, found
        cursor.execute(EXCESS)
        allowed = rights()
        return name, [
            f"has {word} on {table}"
            for table, word in cursor.fetchall()
            if word not in allowed.get(table, ())
        ]
