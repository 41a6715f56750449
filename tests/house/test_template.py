"""The migrated database that tests begin from: never an old one, never a new one for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portal.ops.launcher import places
from tests import template


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout of a migration, a settings file, and modules that they read or do not."""
    for name, text in {
        "requirements.txt": "django==5.2",
        "requirements-dev.txt": "pytest==9",
        "portal/settings/base.py": "import os",
        "claims/__init__.py": "",
        "claims/migrations/0001_initial.py": "from claims import defaults",
        "claims/defaults.py": "def install():\n    from tracking.states import Lane",
        "claims/services.py": "",
        "tracking/__init__.py": "",
        "tracking/states.py": "import claims.money.rounding",
        "claims/money/__init__.py": "",
        "claims/money/rounding.py": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


class TestDigest:
    @pytest.mark.parametrize(
        "name",
        [
            "requirements.txt",
            "requirements-dev.txt",
            "portal/settings/base.py",
            "claims/__init__.py",
            "claims/migrations/0001_initial.py",
            "claims/defaults.py",
            "tracking/states.py",
            "claims/money/__init__.py",
            "claims/money/rounding.py",
        ],
    )
    def test_changes_with_whatever_a_migration_reads(self, checkout: Path, name: str) -> None:
        before = template.digest(checkout, "18.6")

        (checkout / name).write_text((checkout / name).read_text() + "\n# more")

        assert template.digest(checkout, "18.6") != before

    def test_changes_with_a_new_migration_and_another_server(self, checkout: Path) -> None:
        before = template.digest(checkout, "18.6")

        assert template.digest(checkout, "18.7") != before
        (checkout / "claims/migrations/0002_more.py").write_text("")
        assert template.digest(checkout, "18.6") != before

    def test_stays_when_only_a_service_changes(self, checkout: Path) -> None:
        before = template.digest(checkout, "18.6")

        (checkout / "claims/services.py").write_text("# more")

        assert template.digest(checkout, "18.6") == before

    def test_reads_the_rows_that_our_own_migrations_lay_down(self) -> None:
        shaping = template.shaping(places.ROOT)

        for name in ("claims/defaults.py", "claims/states.py", "tracking/defaults.py"):
            assert places.ROOT / name in shaping


@pytest.mark.django_db
def test_a_copy_has_every_migration() -> None:
    executor = MigrationExecutor(connection)

    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
