"""The machine under test: real stores, real web, real worker, and their processor time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.cpu import Spent, seconds
from portal.ops.launcher import Services, places, services
from portal.ops.launcher.processes import Child
from portal.ops.launcher.running import answers
from portal.ops.launcher.saying import tail

WORKERS, THREADS = 2, 4


@dataclass
class Variant:
    """One way of doing the work: its settings, its web and its worker."""

    name: str
    settings: str
    wsgi: str = "portal.wsgi:application"
    worker: Sequence[str] | None = None
    """The worker's command; None is Celery, an empty one none at all."""
    is_greedy: bool = False
    """Its worker takes what it finds, so it runs only during the variant's own rounds."""
    path: str = "/livez"
    """What tells that the web is up."""
    port: int = 0
    children: list[Child] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """What a load client saw."""

    statuses: dict[str, int]
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def answered(self) -> int:
        """How many requests were answered at all."""
        return sum(self.statuses.values())


@dataclass
class Machine:
    """Stores and variants that run, all on the loopback."""

    services: Services
    variants: dict[str, Variant] = field(default_factory=dict)
    postgres: int = 0
    valkey: int = 0

    def start(self, variant: Variant) -> None:
        """Start a variant's web and worker and wait until both answer."""
        variant.port = places.free_port()
        env = self.services.env | {
            "DJANGO_SETTINGS_MODULE": variant.settings,
            "AMENDS_BROKER_PREFIX": f"bench-{variant.name}:",
            "AMENDS_URL": f"http://127.0.0.1:{variant.port}",
        }
        folder = self.services.folder
        python = places.python()
        web = Child(
            name=f"{variant.name} web",
            command=[
                python, "-m", "portal.ops.launcher.leashed", "granian", variant.wsgi,
                "--interface", "wsgi",
                "--host", "127.0.0.1", "--port", str(variant.port), "--no-ws", "--http", "1",
                "--workers", str(WORKERS), "--blocking-threads", str(THREADS),
                "--log-level", "warning",
            ],
            log=folder / f"{variant.name}-web.log",
            env=env,
            cwd=places.ROOT,
            is_ready=lambda: answers(variant.port, variant.path),
        )  # fmt: skip
        command = variant.worker
        if command is None:
            command = [
                python, "-m", "portal.ops.launcher.leashed", "celery", "-A", "portal.celery",
                "worker", "-c", str(WORKERS), "-l", "WARNING", "--without-gossip",
                "--without-mingle",
            ]  # fmt: skip
        variant.children = [web]
        if command:
            log = folder / f"{variant.name}-worker.log"
            variant.children.append(
                Child(f"{variant.name} worker", list(command), log, env, cwd=places.ROOT)
            )
        for child in variant.children[: 1 if variant.is_greedy else 2]:
            self.services.supervisor.add(child, seconds=90)
        self.variants[variant.name] = variant

    @contextmanager
    def turn(self, variant: Variant) -> Iterator[None]:
        """Let a variant have its round: a greedy worker runs only here, late nudges end here."""
        if variant.is_greedy:
            variant.children[1].start()
            time.sleep(0.5)
        try:
            yield
        finally:
            if variant.is_greedy:
                variant.children[1].stop()
            time.sleep(0.6)

    def logs(self, variant: Variant) -> str:
        """Return the ends of a variant's logs, for when it fails."""
        return "\n".join(f"{child.name}:\n{tail(child.log)}" for child in variant.children)

    def spent(self, variant: Variant) -> Spent:
        """Return the processor time used so far by a variant and by the stores."""
        pids = [child.pid for child in variant.children if child.pid]
        return Spent(seconds(pids), seconds([self.postgres]), seconds([self.valkey]))

    def load(self, variant: Variant, requests: Sequence[bytes], *, connections: int = 16) -> Load:
        """Send the requests from a process of its own and tell what came back."""
        folder = self.services.folder
        packed = folder / "requests.bin"
        with packed.open("wb") as out:
            for request in requests:
                out.write(len(request).to_bytes(4, "big"))
                out.write(request)
        done = subprocess.run(
            [
                sys.executable, "-m", "bench.client", "--port", str(variant.port),
                "--file", str(packed), "--connections", str(connections),
            ],
            cwd=places.ROOT,
            capture_output=True,
            check=True,
        )  # fmt: skip
        return Load(**json.loads(done.stdout))


def wait_for(
    test: Callable[[], bool],
    *,
    seconds: float = 120.0,
    every: float = 0.1,
    what: str = "the end",
    logs: Callable[[], str] = str,
) -> None:
    """Wait until a test holds; a bench that never ends must say so."""
    deadline = time.monotonic() + seconds
    while not test():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: waited {seconds:.0f} s for {what} in vain\n{logs()}")
        time.sleep(every)


@contextmanager
def machine() -> Iterator[Machine]:
    """
    Run durable scratch stores, migrated, and join Django in this process to them.

    ``AMENDS_BENCH_DATABASE_URL`` and ``AMENDS_BENCH_REDIS_URL`` name other stores; they are
    emptied. A plain DATABASE_URL is left alone, for it may hold somebody's work.
    """
    base = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    for name in ("DATABASE_URL", "REDIS_URL"):
        if given := os.environ.get(f"AMENDS_BENCH_{name}"):
            base[name] = given
    with services(durable=True, base=base) as running:
        running.env |= {
            "AMENDS_SECRET_KEY": "bench-" + "x" * 50,
            "AMENDS_STATIC_FROM_SOURCES": "1",
            "AMENDS_DEBUG": "0",
            "AMENDS_DEMO": "0",
            "AMENDS_LOG_LEVEL": "ERROR",
            "AMENDS_API_CALLS_PER_MINUTE": "1000000000",
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "PYTHONPATH": str(places.ROOT),
        }
        Path(running.env["AMENDS_VAR"]).mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"],
            env=running.env,
            cwd=places.ROOT,
            check=True,
        )
        os.environ.update(running.env)
        import django

        django.setup()
        yield Machine(running, postgres=_postmaster(), valkey=_valkey(running.redis_url))


def _postmaster() -> int:
    """Return the pid of PostgreSQL's first process, 0 when it is not on this machine."""
    backend = int(query("SELECT pg_backend_pid()")[0][0])
    stat = Path(f"/proc/{backend}/stat")
    if not stat.exists():
        return 0
    return int(stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1])


def _valkey(url: str) -> int:
    from redis import Redis

    with Redis.from_url(url) as client:
        pid = int(client.info("server")["process_id"])
    return pid if Path(f"/proc/{pid}").exists() else 0


def query(text: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement in the machine's database and return its rows, if it has any."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        return list(cursor.fetchall()) if cursor.description else []
