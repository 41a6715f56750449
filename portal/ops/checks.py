"""
Run everything that must hold before a change goes in; report every step that fails, then test.

    python -m portal.ops.checks [--only NAME ...]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PYTHON = sys.executable
TESTS = [PYTHON, "-m", "pytest", "--ds=portal.settings.test", "-n", "auto", "--dist", "worksteal"]
CODE = ["portal", "tracking", "claims", "notifications", "tests", "bench", "manage.py"]

JUDGED = ["0003_internal_remarks", "0004_reasons", "0005_watching"]
"""Migrations that the linter refuses for a unique constraint, and that are safe: each holds only
rows with a value in a column the same migration adds, or less than the one it takes the place of,
so no row of before can break it."""
APPS = ["accounts", "outbox", "tracking", "claims", "notifications"]
IN_PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "portal.settings.base",
    "AMENDS_SECRET_KEY": "0123456789-only-for-the-deploy-check-abcdefghijklmnopqrstuvwxyz",
    "AMENDS_FIELD_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "AMENDS_URL": "https://claims.example.com",
    "AMENDS_HOSTS": "claims.example.com",
    "AMENDS_BEHIND_PROXY": "1",
    "AMENDS_DEBUG": "0",
    "AMENDS_DEMO": "0",
    "AMENDS_METRICS_TOKEN": "only-for-the-deploy-check-0123456789",
}


@dataclass(frozen=True)
class Step:
    """One check: its name, its headline, its command."""

    name: str
    headline: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)


def manage(*words: str) -> list[str]:
    """Return the command line of a management command."""
    return [PYTHON, "manage.py", *words]


def templates() -> list[str]:
    """Return every template that Django renders as HTML."""
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "templates").rglob("*.html"))]


def steps() -> list[Step]:
    """Return the steps in the order in which they run, the quick ones first."""
    code = [name for name in CODE if (ROOT / name).exists()]
    test = {"DJANGO_SETTINGS_MODULE": "portal.settings.test"}
    ruff, djade, mypy = (str(BIN / name) for name in ("ruff", "djade", "mypy"))
    typed = [name for name in code if name != "manage.py"]
    return [
        Step("format", "Code is formatted", [ruff, "format", "--check", *code]),
        Step("lint", "Code is clean", [ruff, "check", *code]),
        Step(
            "templates",
            "Templates are formatted",
            [djade, "--check", "--target-version", "5.2", *templates()],
        ),
        Step("imports", "Rooms import only downwards", [str(BIN / "lint-imports"), "--no-cache"]),
        Step("types", "Types hold", [mypy, "--no-error-summary", *typed]),
        Step(
            "models",
            "Every model change has its migration",
            manage("makemigrations", "--check", "--dry-run"),
            test,
        ),
        Step(
            "migrations",
            "Migrations are safe beside the code before them",
            [
                *manage("lintmigrations", "--no-cache", "--quiet", "ok", "ignore"),
                "--include-apps",
                *APPS,
                "--ignore-name",
                *JUDGED,
            ],
            test,
        ),
        Step(
            "words",
            "Every sentence has its Chinese",
            [PYTHON, "-m", "portal.ops.translations", "check"],
            test,
        ),
        Step("docs", "The drawn states match the tables", manage("states", "--check"), test),
        Step(
            "static",
            "Every static file that is named exists",
            [PYTHON, "-m", "portal.ops.static_files"],
            IN_PRODUCTION,
        ),
        Step(
            "deploy",
            "The settings are fit for production",
            manage("check", "--deploy", "--fail-level", "WARNING"),
            IN_PRODUCTION,
        ),
        Step("tests", "Tests", TESTS),
    ]


def run(step: Step) -> bool:
    """Run one step; its output is shown as it comes for the tests, and only on failure else."""
    started = time.monotonic()
    shows = step.name == "tests"
    say(f"── {step.headline} …")
    done = subprocess.run(  # noqa: S603
        step.command,
        cwd=ROOT,
        env={**os.environ, **step.env},
        stdin=subprocess.DEVNULL,
        stdout=None if shows else subprocess.PIPE,
        stderr=None if shows else subprocess.STDOUT,
        text=True,
        check=False,
    )
    ok = done.returncode == 0
    if not ok and not shows:
        say(done.stdout.rstrip())
    if not shows or not ok:
        took = time.monotonic() - started
        say(f"   {'ok' if ok else f'FAILED: {step.name}'} ({took:.1f} s)")
    return ok


def main(words: list[str]) -> int:
    """Run the steps; the tests come last, so that their summary ends the output."""
    only = words[1:] if words[:1] == ["--only"] else []
    chosen = [step for step in steps() if not only or step.name in only]
    if unknown := set(only) - {step.name for step in chosen}:
        say(f"No such check: {', '.join(sorted(unknown))}.")
        return 2
    started = time.monotonic()
    from portal.ops import translations

    translations.compile_all()
    tests = [step for step in chosen if step.name == "tests"]
    failed = [step for step in chosen if step not in tests and not run(step)]
    if failed:
        names = ", ".join(step.name for step in failed)
        say(f"\nThese checks failed: {names}. The tests still run.")
    elif len(chosen) > len(tests):
        say(f"\nAll other checks hold ({time.monotonic() - started:.0f} s).")
    failed += [step for step in tests if not run(step)]
    if failed:
        say(f"FAILED: {', '.join(step.name for step in failed)}.")
    return 1 if failed else 0


def say(text: str) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
