"""What a command finds in its environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.ops import bootstrap

become: Callable[[Path, list[str]], object] = bootstrap._become
"""Returns here, where it can become nobody."""


class TestBecome:
    @pytest.fixture
    def became(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
        """Stay who we are, and note what environment we would have had."""
        seen: list[dict[str, str]] = []
        monkeypatch.setattr(os, "environ", dict(os.environ))
        monkeypatch.setattr(os, "execv", lambda *_command: seen.append(dict(os.environ)))
        monkeypatch.chdir(bootstrap.ROOT)
        return seen

    def test_keeps_compiled_modules_in_var_where_none_may_lie_beside_the_source(
        self, became: list[dict[str, str]]
    ) -> None:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        os.environ.pop("PYTHONPYCACHEPREFIX", None)

        become(Path("/venv/bin/python"), ["-V"])

        (env,) = became
        assert "PYTHONDONTWRITEBYTECODE" not in env
        assert env["PYTHONPYCACHEPREFIX"] == str(bootstrap.ROOT / "var" / "bytecode")

    def test_leaves_them_beside_the_source_otherwise(self, became: list[dict[str, str]]) -> None:
        for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"):
            os.environ.pop(name, None)

        become(Path("/venv/bin/python"), ["-V"])

        (env,) = became
        assert "PYTHONPYCACHEPREFIX" not in env
