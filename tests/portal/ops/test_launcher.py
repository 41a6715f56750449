"""The launcher with real processes: what it starts, keeps, and leaves behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from portal.ops.launcher import keeper, places, postgres, services
from portal.ops.launcher.processes import Child, Supervisor
from portal.ops.launcher.saying import CannotStart

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
LAUNCHER = [sys.executable, "-m", "portal.ops.launcher"]


def environment(var: Path, **more: str) -> dict[str, str]:
    """Return an environment that names no services, marked so that its processes can be found."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if name
        not in {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CACHE_URL", "MAKELEVEL", "PORT"}
        and not name.startswith(("AMENDS_", "DJANGO_", "PYTEST_", "COV_"))
    }
    return {**mine, "AMENDS_VAR": str(var), "AMENDS_DEMO": "0", "AMENDS_MARK": str(var), **more}


def marked(var: Path) -> list[str]:
    """Return the command lines of the living processes that were started with this var/."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if (
            os.fsencode(var) in words
            and (entry / "stat").read_text().split(")")[1].split()[0] != "Z"
        ):
            found.append(f"{entry.name}: {words[:200]!r}")
    return found


def wait_until_gone(var: Path, *, seconds: float = 15) -> list[str]:
    deadline = time.monotonic() + seconds
    while (left := marked(var)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@dataclass
class Run:
    """A ``make run`` without make."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int

    def wait_for(self, words: str, *, seconds: float = 180) -> str:
        deadline = time.monotonic() + seconds
        while words not in (said := self.log.read_text("utf-8")):
            assert self.process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        return said

    @property
    def worker_of(self) -> int:
        """The process that the keeper keeps."""
        return keeper.children(self.process.pid)[0]


@contextmanager
def run(var: Path, **more: str) -> Iterator[Run]:
    port = places.free_port()
    log = var.parent / f"run-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*LAUNCHER, "run"],
            env=environment(var, PORT=str(port), **more),
            cwd=places.ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Run(process, log, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def room() -> Iterator[Path]:
    """Give a folder with a space in its name, which the database's user may enter."""
    # not pytest's own: every other pytest that starts closes that one to other users again
    base = Path(tempfile.mkdtemp(prefix="amends test ", dir=places.temp_base()))
    base.chmod(0o711)
    yield base / "my var"
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def var() -> Iterator[Path]:
    """Give a fresh var/."""
    with room() as folder:
        yield folder


@pytest.fixture(scope="module")
def kept_var() -> Iterator[Path]:
    """Give one var/ to all whole runs: each finds what the one before it left, killed or not."""
    with room() as folder:
        yield folder


def database_user(pid: int) -> str:
    """Return as whom a process signs in to the database; its owner is nobody's business."""
    words = Path(f"/proc/{pid}/environ").read_text("utf-8").split("\0")
    env = dict(word.split("=", 1) for word in words if "=" in word)
    assert "DATABASE_OWNER_URL" not in env
    return urlsplit(env.get("DATABASE_URL", "")).username or ""


def forget_the_portals_role(var: Path) -> None:
    word = json.loads((var / "running.json").read_text("utf-8"))
    with psycopg.connect(word["DATABASE_OWNER_URL"], autocommit=True) as line:
        line.execute(f"DROP OWNED BY {postgres.PORTAL}")
        line.execute(f"DROP ROLE {postgres.PORTAL}")


def migrations_seen(data: Path) -> float:
    return (data / "PG_VERSION").stat().st_mtime


class TestRun:
    def test_serves_survives_a_death_stops_on_interrupt_and_keeps_its_data(
        self, kept_var: Path
    ) -> None:
        var = kept_var
        with run(var) as first:
            said = first.wait_for("Amends is running.")
            assert f"http://127.0.0.1:{first.port}/" in said
            names = [
                Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                for pid in keeper.descendants(first.process.pid)
            ]
            (valkey,) = (
                pid
                for pid in keeper.descendants(first.process.pid)
                if "valkey-server" in Path(f"/proc/{pid}/cmdline").read_text()
            )
            assert any("celery" in words for words in names)
            users = [database_user(pid) for pid in keeper.descendants(first.process.pid)]
            assert users.count(postgres.PORTAL) >= 4  # pretend carrier, bank, worker, web
            assert set(users) <= {postgres.PORTAL, ""}
            forget_the_portals_role(var)  # as in a var/ of before there was one

            # a second one on the same var/ is refused in words
            second = subprocess.run(
                [*LAUNCHER, "run"],
                env=environment(var, PORT=str(places.free_port())),
                cwd=places.ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert second.returncode == 1
            assert "already running from this folder" in second.stdout
            assert f"http://127.0.0.1:{first.port}/" in second.stdout

            # a dead service comes back
            os.kill(valkey, signal.SIGKILL)
            first.wait_for("↻ Valkey started again")

            first.process.send_signal(signal.SIGINT)
            assert first.process.wait(40) == 0
        assert wait_until_gone(var, seconds=1) == []
        assert not list(places.temp_base().glob(f"amends-run-*/{var.name}"))

        data = postgres.kept_folder(var)
        made = migrations_seen(data)
        with run(var) as again:
            said = again.wait_for("Amends is running.")
            word = json.loads((var / "running.json").read_text("utf-8"))
            with psycopg.connect(word["DATABASE_URL"]) as line:
                told = line.execute("SELECT current_user, count(*) >= 0 FROM claims_entry")
                assert told.fetchone() == (postgres.PORTAL, True)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    line.execute("DELETE FROM claims_entry")
        assert "migrating" not in said
        assert migrations_seen(data) == made
        assert wait_until_gone(var) == []

    @pytest.mark.parametrize("whom", ["keeper", "kept", "both"])
    def test_leaves_nothing_behind_when_killed(self, kept_var: Path, whom: str) -> None:
        var = kept_var
        with run(var) as running:
            running.wait_for("Amends is running.")
            victims = {
                "keeper": [running.process.pid],
                "kept": [running.worker_of],
                "both": [running.process.pid, running.worker_of],
            }[whom]
            assert len(marked(var)) > 5
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            running.process.wait(20)

        assert wait_until_gone(var) == []

    def test_names_the_fix_for_a_busy_port(self, var: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            done = subprocess.run(
                [*LAUNCHER, "run"],
                env=environment(var, PORT=str(port)),
                cwd=places.ROOT,
                capture_output=True,
                text=True,
                check=False,
            )

        assert done.returncode == 1
        assert f"Port {port} is in use by another program." in done.stdout
        other = re.search(r"make run PORT=(\d+)", done.stdout)
        assert other is not None
        assert int(other[1]) != port
        assert not var.exists()

    @pytest.mark.parametrize("port", ["eighty", "0", "70000", "-1", "８０"])
    def test_refuses_what_is_no_port(self, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
        monkeypatch.setenv("PORT", port)

        with pytest.raises(CannotStart, match="is not a port number"):
            places.web_port()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as somebody else")
    def test_says_when_the_data_can_no_longer_be_entered(self, var: Path) -> None:
        (var / "postgres").mkdir(parents=True)
        var.chmod(0o700)

        with pytest.raises(CannotStart, match="chmod o\\+x"):
            postgres.kept_folder(var)


class TestExec:
    def execute(
        self, var: Path, code: str, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LAUNCHER, "exec", "--", sys.executable, "-c", code],
            env=environment(var, **(more or {})),
            cwd=places.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_gives_real_services_and_passes_the_exit_code_on(self, var: Path) -> None:
        done = self.execute(
            var,
            "import os, psycopg, redis, sys\n"
            "c = psycopg.connect(os.environ['DATABASE_URL'])\n"
            "r = redis.Redis.from_url(os.environ['REDIS_URL'])\n"
            "print(c.execute('SHOW fsync').fetchone()[0], r.ping(), os.environ['AMENDS_VAR'])\n"
            "c.close(); r.close(); sys.exit(7)",
        )

        assert done.returncode == 7, done.stderr
        fsync, ping, room = done.stdout.split()
        assert (fsync, ping) == ("off", "True")
        assert not Path(room).parent.exists()
        assert wait_until_gone(Path(room).parent, seconds=1) == []

    def test_leaves_the_services_named_in_the_environment_alone(self, var: Path) -> None:
        named = {"DATABASE_URL": "postgres://nobody@nowhere/x", "REDIS_URL": "redis://nowhere/0"}

        done = self.execute(
            var,
            "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])",
            named,
        )

        assert done.stdout.split() == list(named.values())

    def test_ends_what_the_command_left_running(self, var: Path) -> None:
        done = self.execute(
            var,
            "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)",
        )

        assert done.returncode == 0
        assert wait_until_gone(var, seconds=1) == []

    def test_says_when_the_command_does_not_exist(self, var: Path) -> None:
        done = subprocess.run(
            [*LAUNCHER, "exec", "--", "no-such-command"],
            env=environment(var, DATABASE_URL="postgres://x/x", REDIS_URL="redis://x/0"),
            cwd=places.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 127
        assert "Cannot run no-such-command" in done.stderr


class TestServices:
    def test_a_killed_database_comes_back_with_what_was_committed(self) -> None:
        base = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
        with services(durable=True, base={**base, "REDIS_URL": "redis://unused/0"}) as running:
            with psycopg.connect(running.database_url) as connection:
                connection.execute("CREATE TABLE kept (number int)")
                connection.execute("INSERT INTO kept VALUES (42)")
            running.supervisor[postgres.NAME].kill()

            deadline = time.monotonic() + 20
            found = None
            while found is None and time.monotonic() < deadline:
                running.supervisor.look_after()
                try:
                    with psycopg.connect(running.database_url) as connection:
                        found = connection.execute("SELECT number FROM kept").fetchone()
                except psycopg.OperationalError:
                    time.sleep(0.1)
            folder = running.folder

        assert found == (42,)
        assert not folder.exists()


class TestSupervisor:
    def test_waits_longer_before_each_restart_in_a_row(self, tmp_path: Path) -> None:
        said: list[str] = []
        supervisor = Supervisor(say=said.append)
        child = Child(
            name="moth", command=[sys.executable, "-c", "raise SystemExit(3)"], log=tmp_path / "log"
        )
        supervisor.add(child)

        deadline = time.monotonic() + 10
        while child.deaths < 3 and time.monotonic() < deadline:
            supervisor.look_after()
            time.sleep(0.01)
        supervisor.stop()

        waits = [line for line in said if line.startswith("  ! ")]
        assert waits == [
            "  ! moth ended (exit code 3); starting it again in 0.5 s.",
            "  ! moth ended (exit code 3); starting it again in 1 s.",
            "  ! moth ended (exit code 3); starting it again in 2 s.",
        ]

    def test_a_child_that_ends_at_once_is_reported_with_its_last_words(
        self, tmp_path: Path
    ) -> None:
        child = Child(
            name="moth",
            command=[sys.executable, "-c", "raise SystemExit('the lamp is hot')"],
            log=tmp_path / "log",
            is_ready=lambda: False,
        )

        with pytest.raises(CannotStart, match="the lamp is hot"):
            Supervisor().add(child)

    def test_kills_a_child_that_does_not_listen(self, tmp_path: Path) -> None:
        child = Child(
            name="deaf",
            command=[
                sys.executable,
                "-c",
                DEAF,
            ],
            log=tmp_path / "log",
            patience=0.2,
            is_ready=lambda: "up" in (tmp_path / "log").read_text(),
        )
        supervisor = Supervisor()
        supervisor.add(child)
        pid = child.pid

        supervisor.stop()

        assert pid is not None
        assert not Path(f"/proc/{pid}").exists()


class TestPlaces:
    def test_a_folder_left_by_a_killed_run_is_removed_by_the_next(self) -> None:
        left = places.temp_base() / f"amends-run-test{os.getpid()}"
        left.mkdir()
        (left / "lock").touch()

        with places.temporary() as folder:
            assert not left.exists()
            assert folder.exists()
            with places.temporary():
                assert folder.exists()  # its lock is held

        assert not folder.exists()

    def test_one_launcher_at_a_time(self, tmp_path: Path) -> None:
        with (
            places.only_one(tmp_path),
            pytest.raises(CannotStart, match="already running"),
            places.only_one(tmp_path),
        ):
            pass

        with places.only_one(tmp_path):
            pass  # a stale lock file does not matter

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_names_the_variable_when_var_cannot_be_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tmp_path.chmod(0o500)
        monkeypatch.setenv("AMENDS_VAR", str(tmp_path / "var"))

        with pytest.raises(CannotStart, match="AMENDS_VAR"):
            places.var()
