"""The import law holds."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_every_import_points_down() -> None:
    config = Path(settings.BASE_DIR) / "pyproject.toml"

    assert lint_imports(config_filename=str(config), no_cache=True) == EXIT_STATUS_SUCCESS
