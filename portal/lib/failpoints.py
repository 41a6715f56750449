"""Named points at which a chaos run kills this very process, so that a crash hits an exact step."""

from __future__ import annotations

import os
import signal


def reach(name: str) -> None:
    """
    Die by SIGKILL if the environment names this point; otherwise do nothing.

    Both ``AMENDS_FAILPOINTS=1`` and ``FAILPOINT=<name>`` must be set, so that one stray variable
    kills nobody. With ``FAILPOINT_ONCE=<file>`` the first process to create that file dies and
    later ones pass, which lets a supervisor restart the worker and finish.
    """
    if os.environ.get("AMENDS_FAILPOINTS") != "1" or os.environ.get("FAILPOINT") != name:
        return
    once = os.environ.get("FAILPOINT_ONCE")
    if once:
        try:
            os.close(os.open(once, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
