"""Write the locks anew from pyproject.toml: every hash, no address of any package index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).parent / "uv"
SAME = [
    "--python-version=3.11",
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
]
LOCKS = {
    "requirements.txt": ["pyproject.toml", "--group", "embedded"],
    "requirements-dev.txt": [
        "pyproject.toml", "--group", "embedded", "--group", "dev", "-c", "requirements.txt",
    ],
    "requirements-uv.txt": ["-"],
}  # fmt: skip


def main(words: list[str]) -> int:
    """Compile each lock; ``--upgrade`` also takes newer versions of what is locked already."""
    for name, sources in LOCKS.items():
        sys.stdout.write(f"{name}\n")
        done = subprocess.run(  # noqa: S603
            [str(UV), "pip", "compile", "-q", *sources, *SAME, *words, "-o", name],
            cwd=ROOT,
            input="uv\n",
            text=True,
            check=False,
            stdout=subprocess.DEVNULL,
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
