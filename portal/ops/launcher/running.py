"""``make run``: the whole portal on one machine, with its demo story, until Ctrl-C."""

from __future__ import annotations

import http.client
import os
import secrets
import subprocess
import time
from pathlib import Path

from portal.ops.launcher import joining, keeper, places, postgres, valkey
from portal.ops.launcher.processes import Child, Supervisor
from portal.ops.launcher.saying import CannotStart, Teller, tail

LOG_LIMIT = 5 * 1024 * 1024


def run() -> int:
    """Start everything, say where it is, look after it, and stop it in order."""
    teller = Teller()
    try:
        port = places.web_port()
        var = places.var()
        with places.only_one(var) as lock, places.temporary() as sockets:
            return _run(teller, var=var, port=port, lock=lock, sockets=sockets)
    except CannotStart as trouble:
        teller.say(f"\nAmends cannot start. {trouble}\n")
        return 1


def _run(teller: Teller, *, var: Path, port: int, lock: Path, sockets: Path) -> int:
    teller.say("Starting Amends …")
    logs = var / "log"
    _rotate(logs)
    env = {**os.environ, **places.quiet_home(var)}
    supervisor = Supervisor(say=teller.say)
    # kombu can lose its way when the broker comes back; a fresh worker never does.
    supervisor.after_restart[valkey.NAME] = ("worker",)
    code = 0
    try:
        owner = _start_stores(supervisor, teller, env=env, var=var, logs=logs, sockets=sockets)
        _settle_environment(env, var=var, port=port)
        with teller.step("starting the pretend carrier"):
            supervisor.add(
                harbour(env, ledger=var / "harbour" / "ledger.db", log=logs / "harbour.log")
            )
        story = _prepare(teller, env=env | owner, logs=logs)
        _start_processes(supervisor, teller, env=env, var=var, logs=logs, port=port)
        lock.write_text(f"process {os.getpid()}, http://127.0.0.1:{port}/")
        joining.leave_word(var, env | owner)
        _welcome(teller, port=port, story=story, logs=logs)
        while True:
            supervisor.look_after()
            time.sleep(0.25)
    except keeper.Stopped as stopped:
        # Ctrl-C and SIGTERM are how one is meant to leave; only a lost terminal is an accident.
        code = 0 if stopped.number in {2, 15} else 128 + stopped.number
    finally:
        joining.take_back(var)
        _stop(supervisor, teller)
    return code


def _stop(supervisor: Supervisor, teller: Teller) -> None:
    teller.say("\nStopping …")
    try:
        for child in reversed(supervisor.children):
            if child.process is not None:
                with teller.step(f"stopping {child.name}"):
                    child.stop()
    except keeper.Stopped:
        teller.say("  Stopping at once, as you asked twice.")
        for child in supervisor.children:
            child.kill()
    teller.say("Amends has stopped. Your data is kept for the next run.")


def _start_stores(
    supervisor: Supervisor,
    teller: Teller,
    *,
    env: dict[str, str],
    var: Path,
    logs: Path,
    sockets: Path,
) -> dict[str, str]:
    """Start what is not given, and return what only whoever migrates needs to know."""
    owner = env.pop("DATABASE_OWNER_URL", "")
    if env.get("DATABASE_URL"):
        teller.say("  · using the database of DATABASE_URL")
    else:
        with teller.step("starting PostgreSQL"):
            data = postgres.kept_folder(var)
            found = postgres.programs(data.parent)
            log = logs / "postgres.log"
            postgres.prepare(found, data, log=log)
            supervisor.add(postgres.child(found, data, sockets / "s", log=log))
            postgres.create_database(sockets / "s")
            env["DATABASE_URL"] = postgres.url(sockets / "s", user=postgres.PORTAL)
            owner = postgres.url(sockets / "s")
    if env.get("REDIS_URL"):
        teller.say("  · using the broker of REDIS_URL")
    else:
        with teller.step("starting Valkey"):
            server, env["REDIS_URL"] = valkey.child(
                var / "valkey", log=logs / "valkey.log", env=dict(env)
            )
            supervisor.add(server)
    return {"DATABASE_OWNER_URL": owner} if owner else {}


def _settle_environment(env: dict[str, str], *, var: Path, port: int) -> None:
    """Fill in what the demo needs and the caller did not set."""
    for name, value in {
        "AMENDS_DEMO": "1",
        "AMENDS_URL": f"http://127.0.0.1:{port}",
        "AMENDS_VAR": str(var),
        "AMENDS_SECRET_KEY": _secret(var),
        "AMENDS_EMAIL_BACKEND": "notifications.channels.files.EmailBackend",
        "AMENDS_STATIC_FROM_SOURCES": "1",
        "AMENDS_SANDBOX_BANK_URL": f"http://127.0.0.1:{places.free_port()}",
        "AMENDS_HARBOUR_URL": f"http://127.0.0.1:{places.free_port()}",
        "DJANGO_SETTINGS_MODULE": "portal.settings.base",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(places.ROOT),
    }.items():
        env.setdefault(name, value)


def _prepare(teller: Teller, *, env: dict[str, str], logs: Path) -> str:
    """Migrate and load the story in one process; each line that it prints names its next step."""
    log = logs / "prepare.log"
    story = logs / "demo.txt"
    story.unlink(missing_ok=True)
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603
            [places.python(), "-m", "portal.ops.launcher.prepare", str(story)],
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            env=env,
            cwd=places.ROOT,
            process_group=0,
            preexec_fn=keeper.die_with_parent,
            text=True,
        )
        try:
            if process.stdout is None:
                raise AssertionError
            line = "loading Django"
            while line:
                with teller.step(line):
                    line = process.stdout.readline().strip()
                    if not line and process.wait():
                        raise CannotStart(f"The end of {log}:\n{tail(log, 25)}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return story.read_text("utf-8") if story.exists() else ""


def _start_processes(
    supervisor: Supervisor,
    teller: Teller,
    *,
    env: dict[str, str],
    var: Path,
    logs: Path,
    port: int,
) -> None:
    with teller.step("starting the sandbox bank"):
        supervisor.add(bank(env, ledger=var / "bank" / "ledger.db", log=logs / "bank.log"))
    with teller.step("starting worker and web"):
        supervisor.add(worker(env, log=logs / "worker.log"))
        supervisor.add(web(env, port=port, log=logs / "web.log"), seconds=90)


def bank(env: dict[str, str], *, ledger: Path, log: Path) -> Child:
    """Describe the sandbox bank: its own process with its own ledger, outside our database."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    port = int(env["AMENDS_SANDBOX_BANK_URL"].rsplit(":", 1)[1].strip("/"))
    return Child(
        name="sandbox bank",
        command=[
            places.python(), "-m", "claims.gateways.bank",
            "--port", str(port), "--ledger", str(ledger),
            "--webhook", f"{env['AMENDS_URL']}/hooks/payments/sandbox/",
        ],
        log=log,
        env=env,
        cwd=places.ROOT,
        is_ready=lambda: not places.is_free(port),
    )  # fmt: skip


def harbour(env: dict[str, str], *, ledger: Path, log: Path) -> Child:
    """Describe the pretend carrier: its own process with its own ledger, outside our database."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    port = int(env["AMENDS_HARBOUR_URL"].rsplit(":", 1)[1].strip("/"))
    return Child(
        name="pretend carrier",
        command=[
            places.python(), "-m", "tracking.carriers.harbour",
            "--port", str(port), "--ledger", str(ledger),
        ],
        log=log,
        env=env,
        cwd=places.ROOT,
        is_ready=lambda: not places.is_free(port),
    )  # fmt: skip


def worker(env: dict[str, str], *, log: Path, processes: int = 2) -> Child:
    """Describe the Celery worker with the clock inside it."""
    return Child(
        name="worker",
        command=[
            places.python(), "-m", "portal.ops.launcher.leashed", "celery",
            "-A", "portal.celery", "worker", "-B",
            "-c", str(processes), "-l", env.get("AMENDS_LOG_LEVEL", "WARNING"),
            "--without-gossip", "--without-mingle",
        ],
        log=log,
        env=env,
        cwd=places.ROOT,
        patience=25,
    )  # fmt: skip


def web(env: dict[str, str], *, port: int, log: Path, workers: int = 2, threads: int = 4) -> Child:
    """Describe granian serving the pages on the loopback."""
    return Child(
        name="web",
        command=[
            places.python(), "-m", "portal.ops.launcher.leashed", "granian",
            "portal.wsgi:application", "--interface", "wsgi",
            "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--http", "1",
            "--workers", str(workers), "--blocking-threads", str(threads),
            "--respawn-failed-workers", "--workers-kill-timeout", "8", "--log-level", "warning",
        ],
        log=log,
        env=env,
        cwd=places.ROOT,
        is_ready=lambda: answers(port),
    )  # fmt: skip


def answers(port: int, path: str = "/livez") -> bool:
    """Test whether something speaks HTTP on a port of the loopback."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        line.request("GET", path)
        line.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
    return True


def _welcome(teller: Teller, *, port: int, story: str, logs: Path) -> None:
    here = f"http://127.0.0.1:{port}"
    teller.say(f"""
Amends is running.

  Shop         {here}/
  Staff desk   {here}/admin/
  Letters      {here}/dev/mail/
  API          {here}/api/docs/
""")
    if story.strip():
        teller.say("\n".join(f"  {line}".rstrip() for line in story.strip().splitlines()) + "\n")
    teller.say(f"Logs are in {logs}. Ctrl-C stops everything.")


def _secret(var: Path) -> str:
    """Return this installation's own secret key, made at the first run and kept beside its data."""
    path = var / "secret-key"
    if not path.exists():
        half = path.with_suffix(".half")
        half.touch(mode=0o600)
        half.write_text(secrets.token_urlsafe(48))
        half.rename(path)
    return path.read_text().strip()


def _rotate(logs: Path) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    for log in logs.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT:
            log.rename(log.with_suffix(".log.1"))
