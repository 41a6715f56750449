"""
Collect the static files as production does, into a folder that is thrown away.

    python -m portal.ops.static_files

Fails when a stylesheet or a module names a file that does not exist. Nothing is compressed: that
takes a minute and proves nothing.
"""

from __future__ import annotations

import sys
import tempfile

import django
from django.conf import settings
from django.core.management import call_command


def main() -> int:
    """Collect, and say what is missing."""
    django.setup()
    with tempfile.TemporaryDirectory() as folder:
        settings.STATIC_ROOT = folder
        settings.STORAGES["staticfiles"] = {
            "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
        }
        call_command("collectstatic", interactive=False, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
