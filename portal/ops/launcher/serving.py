"""Run granian so that its workers end with it, even when it is killed without a word."""

from __future__ import annotations

import os

from granian.cli import entrypoint

from portal.ops.launcher import keeper

os.register_at_fork(after_in_child=keeper.die_with_parent)
if __name__ == "__mp_main__":  # a worker that was spawned rather than forked
    keeper.die_with_parent()

if __name__ == "__main__":
    entrypoint()
