"""
Compile the catalogues, and check that every sentence of the interface has its Chinese.

    python -m portal.ops.translations compile|check

Compiling needs only Babel; checking extracts the sentences anew, which needs GNU gettext.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "locale"
IGNORED = ("var/*", ".venv/*", "tests/*", "bench/*", "docs/*")


def compile_all(folder: Path = LOCALE) -> list[Path]:
    """Write the .mo beside each .po that is newer than it; return the files written."""
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as lines:
            catalogue = read_po(lines)
        half = target.with_suffix(".half")
        with half.open("wb") as out:
            write_mo(out, catalogue)
        half.replace(target)
        written.append(target)
    return written


def gaps(source: Path) -> list[str]:
    """Return the sentences of a catalogue that are missing or doubtful in its language."""
    with source.open("rb") as lines:
        catalogue = read_po(lines)
    found = []
    for message in catalogue:
        if not message.id:
            continue
        words = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.fuzzy or not all(words):
            name = message.id[0] if isinstance(message.id, tuple) else message.id
            found.append(f"{'doubtful' if message.fuzzy else 'missing'}: {name!r}")
    return found


def check() -> int:
    """Extract the sentences into a copy of the catalogues and report what lacks a translation."""
    if shutil.which("xgettext") is None:
        must = bool(os.environ.get("CI"))
        sys.stdout.write(
            "GNU gettext is not installed, so new sentences were not looked for.\n"
            "On Debian: apt-get install gettext\n"
        )
        return 1 if must else _report(LOCALE)
    with tempfile.TemporaryDirectory() as room:
        # makemessages writes into the tree it reads, so it reads a copy made of links
        copy = Path(room) / "tree"
        copy.mkdir()
        for name in ("portal", "tracking", "claims", "notifications", "templates"):
            shutil.copytree(
                ROOT / name, copy / name, ignore=shutil.ignore_patterns("*.mo", "__pycache__")
            )
        shutil.copytree(LOCALE, copy / "locale", ignore=shutil.ignore_patterns("*.mo"))
        shutil.copy(ROOT / "manage.py", copy)
        languages = [path.name for path in sorted((copy / "locale").iterdir()) if path.is_dir()]
        if not languages:
            sys.stdout.write("There is no catalogue in locale/.\n")
            return 1
        words = [word for name in languages for word in ("--locale", name)]
        words += [word for pattern in IGNORED for word in ("--ignore", pattern)]
        done = subprocess.run(  # noqa: S603
            [
                sys.executable,
                "manage.py",
                "makemessages",
                "--no-obsolete",
                "--add-location",
                "file",
                *words,
            ],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.stdout.write(done.stdout + done.stderr)
            return 1
        return _report(copy / "locale")


def _report(folder: Path) -> int:
    sources = sorted(folder.glob("*/LC_MESSAGES/*.po"))
    found = [f"{source.parent.parent.name}: {gap}" for source in sources for gap in gaps(source)]
    for line in found:
        sys.stdout.write(f"{line}\n")
    if not sources:
        sys.stdout.write("There is no catalogue in locale/.\n")
    return 1 if found or not sources else 0


def main(words: list[str]) -> int:
    """Read the command line."""
    if words == ["compile"]:
        for path in compile_all():
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        return 0
    if words == ["check"]:
        return check()
    sys.stderr.write(f"{(__doc__ or '').strip()}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
