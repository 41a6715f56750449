"""A stage for chaos: scratch stores, the real web and worker, and a hand that kills them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from portal.ops.launcher import Services, keeper, places, services
from portal.ops.launcher.running import answers, bank, web, worker


@dataclass
class Stage:
    """What runs, and the kills so far."""

    services: Services
    port: int
    kills: dict[str, int] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process on the stage."""
        return self.services.env

    def kill(self, name: str) -> None:
        """Kill -9 one child and everything below it, by the pids we started."""
        child = self.services.supervisor[name]
        if child.pid is None:
            return
        family = [child.pid, *keeper.descendants(child.pid)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.kills[name] = self.kills.get(name, 0) + 1

    def tend(self) -> None:
        """Restart what has died; call it often."""
        self.services.supervisor.look_after()

    def add_bank(self) -> None:
        """Start the sandbox bank with a ledger of its own."""
        folder = self.services.folder
        self.services.supervisor.add(
            bank(self.env, ledger=folder / "bank" / "ledger.db", log=folder / "bank.log")
        )

    def add_worker(self, *, processes: int = 2) -> None:
        """Start the Celery worker with its clock."""
        log = self.services.folder / "worker.log"
        self.services.supervisor.add(worker(self.env, log=log, processes=processes))

    def add_web(self) -> None:
        """Start granian and wait for its first answer."""
        log = self.services.folder / "web.log"
        self.services.supervisor.add(web(self.env, port=self.port, log=log), seconds=60)

    def quiet_down(self, *, seconds: float = 60.0) -> bool:
        """Wait until no event waits for its reaction and no letter for its post; False if not."""
        from notifications.models import Letter
        from portal.outbox.models import Delivery

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.tend()
            waiting = Delivery.objects.filter(state="waiting").exists()
            if not waiting and not Letter.objects.filter(state="waiting").exists():
                return True
            time.sleep(0.2)
        return False

    def is_up(self) -> bool:
        """Test whether the web answers."""
        return answers(self.port)


@contextmanager
def stage(**settings: str) -> Iterator[Stage]:
    """
    Run durable scratch stores, migrated; Django in this process uses them too.

    ``settings`` are added to the environment of every process on the stage.
    """
    base = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    with services(durable=True, apart=True, base=base) as running:
        port = places.free_port()
        running.env.update(
            {
                "AMENDS_SECRET_KEY": "chaos-" + "x" * 50,
                "AMENDS_URL": f"http://127.0.0.1:{port}",
                "AMENDS_SANDBOX_BANK_URL": f"http://127.0.0.1:{places.free_port()}",
                "AMENDS_SWEEP_SECONDS": "1",
                "AMENDS_EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
                "AMENDS_STATIC_FROM_SOURCES": "1",
                "AMENDS_LOG_LEVEL": "ERROR",
                "DJANGO_SETTINGS_MODULE": "portal.settings.base",
                "PYTHONPATH": str(places.ROOT),
                **settings,
            }
        )
        Path(running.env["AMENDS_VAR"]).mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"],
            env=running.env,
            cwd=places.ROOT,
            check=True,
        )
        del running.env["DATABASE_OWNER_URL"]  # from here on nobody may do what the portal may not
        os.environ.update(running.env)
        import django

        django.setup()
        yield Stage(running, port)
