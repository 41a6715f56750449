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

from portal.ops import health, queues, roles, roles_check

CLOCK_TOLERANCE = 5.0
ROOM_NEEDED = 1024**3
STALE_AFTER = 120.0
OLDEST_POSTGRES = 15_00_00
KEY_LENGTH = 50


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


def judge(name: str, words: str, advice: str = "") -> Finding:
    """Report a part; advice means that a person has to do something."""
    return Finding(name=name, ok=not advice, words=f"{words}. {advice}" if advice else words)


def database() -> Iterator[Finding]:
    """Look at the database: writable, migrated, new enough, and on the same clock."""
    found = health.look_at_database()
    if not found.ok:
        yield judge("database", found.words, "Check DATABASE_URL, then run migrate.")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, clock_timestamp()")
        version, there = cursor.fetchone()
    apart = abs((there - timezone.now()).total_seconds())
    old = "" if version >= OLDEST_POSTGRES else "Amends needs PostgreSQL 15 or newer."
    yield judge("database", f"PostgreSQL {version // 10000}, writable, up to date", old)
    yield _role()
    late = "" if apart < CLOCK_TOLERANCE else "Keep both machines on time with NTP."
    yield judge("clock", f"{apart:.1f} s apart from the database's", late)


def _role() -> Finding:
    """Ask what the portal's role may do; the demo may do what it likes with its own tables."""
    name, found = roles.powers()
    if not found:
        return judge("database role", f"{name} may change rows and nothing else")
    advice = "" if _is_play() else roles_check.ADVICE
    return judge("database role", f"{name} {roles_check.said(found)}", advice)


def _is_play() -> bool:
    return bool(settings.DEMO or settings.DEBUG)


def broker() -> Iterator[Finding]:
    """Look at the broker."""
    found = health.look_at_broker()
    advice = "" if found.ok else "Work goes on, only slower. Check REDIS_URL."
    yield judge("broker", found.words, advice)


def mail() -> Iterator[Finding]:
    """Open and close a connection to the mail server; no letter is sent."""
    try:
        line = get_connection()
        line.open()
        line.close()
    except Exception as trouble:  # every backend raises its own
        yield judge("mail", f"{settings.EMAIL_BACKEND}: {trouble}", "Check AMENDS_EMAIL_*.")
    else:
        yield judge("mail", f"{settings.EMAIL_BACKEND} answers")


def folders() -> Iterator[Finding]:
    """Write to each folder that we keep things in."""
    for name, folder in {"var": settings.VAR_DIR, "photos": settings.MEDIA_ROOT}.items():
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                free = shutil.disk_usage(path).free
        except OSError as trouble:
            yield judge(f"{name} folder", f"{path}: {trouble.strerror}", "Make it writable.")
        else:
            full = "" if free >= ROOM_NEEDED else "Make room: less than 1 GB is left."
            yield judge(f"{name} folder", f"{path}, {free / 1024**3:.1f} GB free", full)


def secrets() -> Iterator[Finding]:
    """Look at the secrets without showing them."""
    is_play = _is_play()
    weak = len(settings.SECRET_KEY) < KEY_LENGTH or settings.SECRET_KEY.startswith("insecure")
    advice = "Set AMENDS_SECRET_KEY to 50 random characters or more." if weak else ""
    yield judge("secret key", "too weak" if weak else "strong enough", advice)
    if settings.FIELD_KEYS:
        yield judge("field keys", "set")
    else:
        advice = "Set AMENDS_FIELD_KEYS, so that the secret key can be changed one day."
        yield judge("field keys", "derived from the secret key", "" if is_play else advice)
    pretends = settings.PAYMENT_GATEWAY == "sandbox" and not is_play
    advice = "The sandbox pays nobody. Set AMENDS_PAYMENT_GATEWAY." if pretends else ""
    yield judge("payments", settings.PAYMENT_GATEWAY, advice)


def backlog() -> Iterator[Finding]:
    """Look for work that nobody does."""
    now = timezone.now()
    try:
        found = queues.backlog(now=now)
    except DatabaseError:
        return  # said already
    for each in found:
        if not each.count:
            continue
        advice = ""
        if each.state not in {"waiting", "due"}:
            advice = "Look at them in the admin."
        elif each.age(now) > STALE_AFTER:
            advice = "Is a worker running?"
        words = f"{each.count} {each.state}, the oldest for {each.age(now):.0f} s"
        yield judge(each.queue, words, advice)


LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    database,
    broker,
    mail,
    folders,
    secrets,
    backlog,
)
