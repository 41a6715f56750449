"""Where bodies that nobody here wrote are found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings

DATA = Path(settings.CONFORMANCE_DATA)


def files(folder: str, pattern: str = "*") -> list[Path]:
    """Return the files of a folder, none when the data is not there."""
    return sorted(path for path in (DATA / folder).glob(pattern) if path.is_file())


def present() -> None:
    """Skip a test that has no data here; in CI that is a failure."""
    if DATA.is_dir():
        return
    reason = f"no conformance data in {DATA}: set CONFORMANCE_DATA"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
