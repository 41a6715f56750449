"""Bring the database up to date and load the story; every line printed names the next step."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path

from portal.ops import translations


def main(story: Path) -> None:
    """
    Compile translations, migrate what is pending, load the demo story and keep its words.

    Only the migration is the owner's; a database of before there were two roles has none pending.
    """
    translations.compile_all()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.base")
    import django

    django.setup()
    from django.core.management import call_command, get_commands
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from portal.ops import roles

    with roles.owner():
        executor = MigrationExecutor(connection)
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            _next(f"migrating the database ({len(plan)} steps)")
            call_command("migrate", interactive=False, verbosity=1)
        else:
            roles.settle()
    if os.environ.get("AMENDS_DEMO") == "1" and "demo" in get_commands():
        _next("loading the demo story")
        said = io.StringIO()
        call_command("demo", stdout=said, stderr=sys.stderr)
        story.write_text(said.getvalue(), "utf-8")


def _next(step: str) -> None:
    print(step, file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    # whatever else is printed, by us or by a library, belongs in the log
    with contextlib.redirect_stdout(sys.stderr):
        main(Path(sys.argv[1]))
