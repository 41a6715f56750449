"""Our settings with the plain page."""

from bench.settings import *  # noqa: F403
from bench.settings import BASE_DIR, TEMPLATES

ROOT_URLCONF = "bench.reading.urls"
TEMPLATES[0]["DIRS"].append(BASE_DIR / "bench" / "reading" / "templates")
