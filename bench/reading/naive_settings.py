"""Our settings with the plain page."""

from bench.settings import *  # noqa: F403
from bench.settings import BASE_DIR
from bench.settings import TEMPLATES as OURS

ROOT_URLCONF = "bench.reading.urls"
_OWN = BASE_DIR / "bench" / "reading" / "templates"
TEMPLATES = [OURS[0] | {"DIRS": [BASE_DIR / "templates", _OWN]}]
