"""The import law holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from django.conf import settings

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_every_import_points_down() -> None:
    # In a process of its own: import-linter switches off the loggers of whoever imports it.
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=Path(settings.BASE_DIR),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
