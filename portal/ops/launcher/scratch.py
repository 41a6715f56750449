"""Scratch services for tests, chaos and bench: real, empty, quick, and gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portal.ops.launcher import places, postgres, valkey
from portal.ops.launcher.processes import Supervisor


@dataclass
class Services:
    """What runs, where, and the environment that finds it."""

    folder: Path
    """Temporary; gone at the end."""
    env: dict[str, str]
    """The whole environment for a process that shall use these services."""
    supervisor: Supervisor = field(default_factory=Supervisor)

    @property
    def database_url(self) -> str:
        """Where PostgreSQL answers."""
        return self.env["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """Where Valkey answers."""
        return self.env["REDIS_URL"]


@contextmanager
def services(
    *, durable: bool = False, apart: bool = False, base: dict[str, str] | None = None
) -> Iterator[Services]:
    """
    Run a scratch PostgreSQL and Valkey; a ``DATABASE_URL`` or ``REDIS_URL`` given wins over either.

    ``durable`` keeps fsync and the append-only file on, for tests that kill the servers. ``apart``
    names the portal's own role in ``DATABASE_URL``; the first migration makes it. The caller's main
    thread must live as long as they do: they die with the thread that starts them.
    ``services.supervisor["Valkey"]`` is the child, to kill and start as a test likes.
    """
    env = dict(os.environ if base is None else base)
    with places.temporary() as folder:
        env.update(places.quiet_home(folder))
        running = Services(folder, env)
        try:
            if not env.get("DATABASE_URL"):
                env["DATABASE_URL"] = _database(running, durable=durable)
                if apart:
                    env["DATABASE_OWNER_URL"] = env["DATABASE_URL"]
                    env["DATABASE_URL"] = postgres.url(folder / "s", user=postgres.PORTAL)
            if not env.get("REDIS_URL"):
                server, env["REDIS_URL"] = valkey.child(
                    folder / "valkey",
                    log=folder / "valkey.log",
                    env=dict(os.environ),
                    is_scratch=not durable,
                )
                env["AMENDS_SCRATCH_REDIS"] = "1"
                running.supervisor.add(server)
            env["AMENDS_VAR"] = str(folder / "var")
            yield running
        finally:
            running.supervisor.stop()


def _database(running: Services, *, durable: bool) -> str:
    folder = running.folder
    found = postgres.programs(folder)
    log = folder / "postgres.log"
    data, sockets = folder / "pg", folder / "s"
    postgres.prepare(found, data, log=log)
    running.supervisor.add(postgres.child(found, data, sockets, log=log, is_scratch=not durable))
    postgres.create_database(sockets)
    return postgres.url(sockets)
