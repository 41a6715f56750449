"""Look at everything this installation stands on and say in plain words what is wrong."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from portal.ops import health, queues

CLOCK_TOLERANCE = 5.0
ROOM_NEEDED = 1024**3
STALE_AFTER = 120.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    words: str


class Command(BaseCommand):
    """Print one line for each part; exit with 1 if any of them needs a person."""

    help = "Look at database, broker, mail, folders, secrets, clock and queues; say what is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer the same for machines."""
        parser.add_argument("--json", action="store_true", help="print one JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at everything, whatever fails."""
        findings = [finding for look in LOOKS for finding in look()]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings]))
        else:
            for finding in findings:
                mark = self.style.SUCCESS("ok  ") if finding.ok else self.style.ERROR("FIX ")
                self.stdout.write(f"{mark} {finding.name}: {finding.words}")
        if not all(finding.ok for finding in findings):
            raise SystemExit(1)


def database() -> Iterator[Finding]:
    """Look at the database: writable, migrated, new enough, and on the same clock."""
    found = health.look_at_database()
    if not found.ok:
        yield Finding("database", False, f"{found.words}. Check DATABASE_URL and run migrate.")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, clock_timestamp()")
        version, there = cursor.fetchone()
    here = timezone.now()  # noqa: TID251
    yield Finding(
        "database", version >= 150000, f"PostgreSQL {version // 10000}, writable, up to date"
        if version >= 150000 else f"PostgreSQL {version // 10000} is too old; 15 is needed.",
    )  # fmt: skip
    apart = abs((there - here).total_seconds())
    yield Finding(
        "clock", apart < CLOCK_TOLERANCE, f"{apart:.1f} s apart from the database's"
        + ("" if apart < CLOCK_TOLERANCE else ". Synchronise both with NTP."),
    )  # fmt: skip


def broker() -> Iterator[Finding]:
    """Look at the broker."""
    found = health.look_at_broker()
    words = found.words if found.ok else f"{found.words}. Work goes on, slower. Check REDIS_URL."
    yield Finding("broker", found.ok, words)


def mail() -> Iterator[Finding]:
    """Open and close a connection to the mail server; no letter is sent."""
    backend = settings.EMAIL_BACKEND.rpartition(".")[0].rpartition(".")[2]
    try:
        line = get_connection()
        line.open()
        line.close()
    except Exception as trouble:  # noqa: BLE001 - every backend raises its own
        yield Finding("mail", False, f"{backend} fails: {trouble}. Check AMENDS_EMAIL_*.")
    else:
        yield Finding("mail", True, f"{backend} answers")


def folders() -> Iterator[Finding]:
    """Write to each folder that we keep things in."""
    for name, folder in {"var": settings.VAR_DIR, "photos": settings.MEDIA_ROOT}.items():
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                pass
            free = shutil.disk_usage(path).free
        except OSError as trouble:
            yield Finding(f"{name} folder", False, f"{path}: {trouble.strerror}.")
        else:
            roomy = free >= ROOM_NEEDED
            yield Finding(
                f"{name} folder", roomy, f"{path}, {free / 1024**3:.1f} GB free"
                + ("" if roomy else ". Make room: less than 1 GB is left."),
            )  # fmt: skip


def secrets() -> Iterator[Finding]:
    """Look at the secrets without showing them."""
    weak = len(settings.SECRET_KEY) < 50 or settings.SECRET_KEY.startswith("insecure")
    yield Finding(
        "secret key", not weak, "long enough" if not weak
        else "Set AMENDS_SECRET_KEY to 50 random characters or more.",
    )  # fmt: skip
    own = bool(settings.FIELD_KEYS) or settings.DEMO or settings.DEBUG
    yield Finding(
        "field keys", own, "set" if settings.FIELD_KEYS else "derived from the secret key"
        + ("" if own else ". Set AMENDS_FIELD_KEYS, so that the secret key can be changed."),
    )  # fmt: skip
    bank = settings.PAYMENT_GATEWAY != "sandbox" or settings.DEMO or settings.DEBUG
    yield Finding(
        "payments", bank, settings.PAYMENT_GATEWAY
        + ("" if bank else " pays nobody. Set AMENDS_PAYMENT_GATEWAY."),
    )  # fmt: skip


def backlog() -> Iterator[Finding]:
    """Look for work that nobody does."""
    try:
        found = queues.backlog()
    except DatabaseError:
        return  # said already
    now = timezone.now()  # noqa: TID251
    for each in found:
        if each.count == 0:
            continue
        late = each.state == "waiting" and each.age(now) > STALE_AFTER
        stuck = each.state != "waiting"
        advice = ". Is a worker running?" if late else ". Look at them in the admin." if stuck else ""
        yield Finding(
            each.queue, not (late or stuck),
            f"{each.count} {each.state}, the oldest for {each.age(now):.0f} s{advice}",
        )  # fmt: skip


LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    database,
    broker,
    mail,
    folders,
    secrets,
    backlog,
)
