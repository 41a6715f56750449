"""
Run granian or celery so that their children end with them, even when killed without a word.

    python -m portal.ops.launcher.leashed granian|celery ARGUMENTS
"""

from __future__ import annotations

import os
import sys

from portal.ops.launcher import keeper

_parent = os.getpid()


def _leash() -> None:
    global _parent
    keeper.die_with_parent(parent=_parent)
    _parent = os.getpid()


os.register_at_fork(after_in_child=_leash)
if __name__ == "__mp_main__":  # a child that was spawned rather than forked
    keeper.die_with_parent()


def main(program: str) -> None:
    """Become the program; its own arguments begin after its name."""
    del sys.argv[1]
    if program == "granian":
        from granian.cli import entrypoint

        entrypoint()  # type: ignore[no-untyped-call]
    else:
        from celery.__main__ import main as celery

        celery()


if __name__ == "__main__":
    main(sys.argv[1])
