"""Child processes: started so that they die with us, restarted when they die, stopped in order."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portal.ops.launcher import keeper
from portal.ops.launcher.saying import CannotStart, tail

BACK_OFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds to wait before each restart in a row."""
SETTLED_AFTER = 60.0
"""A child that lived this long starts again with the shortest wait."""

RESTART_PATIENCE = 3.0
"""Seconds a child gets before it is restarted by force; nobody looks after the others meanwhile."""


@dataclass
class Child:
    """One service: how to start it, how to tell that it is ready, how to stop it."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    user: str | None = None
    """Run as this user; only root may."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when we die without saying goodbye."""
    patience: float = 10.0
    """Seconds it gets to stop before it is killed."""
    stdin: bytes | None = None
    is_ready: Callable[[], bool] | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    due_at: float = 0.0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def start(self) -> None:
        """Start it; its output goes to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        wanted, parent = self.death_signal, os.getpid()
        with self.log.open("ab") as log:
            # The Popen of this child outlives the function; stop() waits for it.
            self.process = subprocess.Popen(  # noqa: S603
                list(self.command),
                stdin=subprocess.DEVNULL if self.stdin is None else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.env),
                cwd=self.cwd,
                user=self.user,
                group=group_of(self.user),
                extra_groups=[] if self.user else None,
                process_group=0,
                preexec_fn=lambda: keeper.die_with_parent(wanted, parent=parent),
            )
        if self.stdin is not None and self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(self.stdin)
                self.process.stdin.close()
        self.started_at = time.monotonic()

    def wait_ready(self, *, seconds: float = 60.0) -> None:
        """
        Wait until it answers.

        :raises CannotStart: if it ends or stays silent; the message carries the end of its log.
        """
        deadline = time.monotonic() + seconds
        while self.is_ready is not None and not self.is_ready():
            if self.process is not None and self.process.poll() is not None:
                raise CannotStart(
                    f"{self.name} ended at once (exit code {self.process.returncode})."
                    f" The end of {self.log}:\n{tail(self.log)}"
                )
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{self.name} did not answer within {seconds:.0f} s."
                    f" The end of {self.log}:\n{tail(self.log)}"
                )
            time.sleep(0.05)

    def stop(self, *, patience: float | None = None) -> None:
        """Stop it in good order, or by force when it does not listen, grandchildren included."""
        process = self.process
        if process is None:
            return
        if process.poll() is None:
            below = keeper.descendants(process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.stop_signal)
            try:
                process.wait(self.patience if patience is None else patience)
            except subprocess.TimeoutExpired:
                below += keeper.descendants(process.pid)
                process.kill()
                process.wait()
            _end(below)
        self.process = None

    def kill(self) -> None:
        """Kill it at once, as an accident would."""
        if self.process is not None:
            self.process.kill()


class Supervisor:
    """Start children in order, restart the dead, stop them in the opposite order."""

    def __init__(self, *, say: Callable[[str], None] = lambda text: None) -> None:
        self.children: list[Child] = []
        self.say = say
        self.after_restart: dict[str, tuple[str, ...]] = {}
        """Child -> others that are restarted with it, because they do not find back alone."""

    def __getitem__(self, name: str) -> Child:
        return next(child for child in self.children if child.name == name)

    def add(self, child: Child, *, seconds: float = 60.0) -> Child:
        """Start a child, wait until it answers, and look after it from now on."""
        self.children.append(child)
        child.start()
        child.wait_ready(seconds=seconds)
        return child

    def look_after(self) -> None:
        """Look at every child once; restart what died when its wait is over."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            if not child.due_at:
                self._note_death(child, now)
            elif now >= child.due_at:
                child.due_at = 0.0
                child.start()
                self.say(f"  ↻ {child.name} started again")
                for other in self.after_restart.get(child.name, ()):
                    self.restart(other)

    def restart(self, name: str) -> None:
        """Stop one child and start it again."""
        for child in self.children:
            if child.name == name and child.process is not None and child.due_at == 0.0:
                child.stop(patience=RESTART_PATIENCE)
                child.start()
                self.say(f"  ↻ {child.name} started again")

    def stop(self) -> None:
        """Stop all, the last started first."""
        for child in reversed(self.children):
            child.stop()

    def _note_death(self, child: Child, now: float) -> None:
        process = child.process
        if now - child.started_at > SETTLED_AFTER:
            child.deaths = 0
        wait = BACK_OFF[min(child.deaths, len(BACK_OFF) - 1)]
        child.deaths += 1
        child.due_at = now + wait
        code = process.returncode if process else None
        self.say(f"  ! {child.name} ended (exit code {code}); starting it again in {wait:g} s.")
        if child.deaths in {1, 5}:
            self.say(f"    The end of {child.log}:\n{tail(child.log, 8)}")


def group_of(user: str | None) -> int | None:
    """Return the main group of a user; nobody in particular has none."""
    if user is None:
        return None
    return pwd.getpwnam(user).pw_gid


def _end(pids: Sequence[int]) -> None:
    """Kill what a service left behind; pids gone already are fine."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
