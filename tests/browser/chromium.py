"""Find the machine's own Chromium; none is ever downloaded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PLACES = (
    "/usr/bin/chromium",
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en"]
WHY_NOT = (
    "Chromium was not found; install it (Debian: apt-get install chromium fonts-noto-cjk)"
    " or set CHROMIUM to its path"
)


def find_chromium() -> str | None:
    """Return the path of a Chromium: ``CHROMIUM``, else on the PATH, else where systems put it."""
    if asked := os.environ.get("CHROMIUM"):
        return asked if os.access(asked, os.X_OK) else None
    on_path = (shutil.which(name) for name in NAMES)
    in_place = (place for place in PLACES if os.access(place, os.X_OK) and Path(place).is_file())
    return next(filter(None, on_path), None) or next(in_place, None)
