#!/usr/bin/env python
"""Run Django's command line with Amends' settings."""

import os
import secrets
import sys

OFFLINE = {"help", "makemessages", "read_payload", "recognise", "spectacular", "states"}
"""Commands that touch no database and sign nothing: they run on a bare machine."""


def main() -> None:
    """Hand the command line to Django."""
    from portal.ops.launcher import joining

    joining.join()
    if len(sys.argv) < 2 or sys.argv[1] in OFFLINE:
        os.environ.setdefault("AMENDS_SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.base")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
