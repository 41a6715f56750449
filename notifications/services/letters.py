"""Write a letter once per cause, and send it until it has gone or is given up."""

from __future__ import annotations

import logging
import time
import traceback
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from notifications.catalogue import CATALOGUE, KINDS
from notifications.channels import email
from notifications.channels.base import Refused
from notifications.models import Letter, LetterState, Preference
from notifications.services.rendering import lay_out, preview, render
from portal.accounts.models import User
from portal.lib import queues
from portal.lib.failpoints import reach
from portal.outbox.nudging import nudge

__all__ = ["preview", "render", "resend", "send", "send_due", "write"]

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
_BUSY = timedelta(seconds=5)


@transaction.atomic
def write(
    *,
    name: str,
    cause: str,
    recipient: User,
    language: str,
    facts: Mapping[str, Any],
    now: datetime,
    due_at: datetime | None = None,
    address: str | None = None,
    is_asked_for: bool = False,
) -> Letter | None:
    """
    Keep a letter to be sent, or return None if one for this cause exists or is not wanted.

    Address, language and facts are frozen. It goes out at once, or when ``due_at`` has come.
    ``is_asked_for`` sends a kind that the person has
    turned off, because they asked to hear of this very thing. A letter that is not wanted is
    kept as held, so that the desk can say why nothing came.

    :raises KeyError: if a fact is missing: a letter with a hole is never kept.
    :raises django.core.exceptions.ValidationError: if the address is none.
    """
    entry = CATALOGUE[name]
    to = (address or recipient.email).strip()
    validate_email(to)
    is_wanted = recipient.is_active and (is_asked_for or _wants(recipient, entry.kind.slug))
    letter, is_new = Letter.objects.get_or_create(
        name=name,
        cause=cause,
        recipient=recipient,
        channel="email",
        defaults={
            "address": to,
            "language": language,
            "facts": dict(facts),
            "subject": lay_out(name=name, facts=facts, language=language).subject,
            "state": LetterState.WAITING if is_wanted else LetterState.HELD,
            "message_id": _message_id(),
            "due_at": due_at or now,
            "written_at": now,
        },
    )
    if not is_new or not is_wanted:
        return None
    transaction.on_commit(_nudge)
    return letter


def send_due(*, now: datetime, limit: int = 50) -> int:
    """
    Send the letters that are due, at most ``limit``, and return how many were tried.

    Any number of workers may do this at once. A letter that fails is tried again later with the
    same Message-ID; after ``queues.MAX_ATTEMPTS``, or when the other side refuses for good, it is
    dead until somebody resends it.
    """
    begun = time.monotonic()
    for tried in range(limit):
        moment = now + timedelta(seconds=time.monotonic() - begun)
        waiting = Letter.objects.filter(state=LetterState.WAITING)
        letter = queues.claim(waiting, now=moment, lease=LEASE)
        if letter is None:
            return tried
        _try(letter, now=moment)
    return limit


def send(*, letter: Letter, now: datetime, timeout: float | None = None) -> bool:
    """Try one letter at once and tell whether it has gone; if not, it is sent when due."""
    waiting = Letter.objects.filter(pk=letter.pk, state=LetterState.WAITING)
    claimed = queues.claim(waiting, now=now, lease=LEASE)
    return claimed is not None and _try(claimed, now=now, timeout=timeout)


@transaction.atomic
def resend(*, letter_ids: Iterable[int], now: datetime) -> int:
    """
    Give dead letters a fresh start and return how many; others are left alone.

    A letter whose secret was wiped stays dead: it would arrive without what it is about.
    """
    secretive = [entry.name for entry in CATALOGUE.values() if entry.secret]
    count = (
        Letter.objects.filter(pk__in=list(letter_ids), state=LetterState.DEAD)
        .exclude(name__in=secretive)
        .update(state=LetterState.WAITING, attempts=0, due_at=now, leased_until=None)
    )
    if count:
        transaction.on_commit(_nudge)
    return count


def _try(letter: Letter, *, now: datetime, timeout: float | None = None) -> bool:
    reach("letters.claimed")
    with queues.hold(letter) as is_ours:
        if not is_ours:
            _ours(letter).update(
                attempts=letter.attempts - 1, due_at=now + _BUSY, leased_until=None
            )
            return False
        if letter.attempts > queues.MAX_ATTEMPTS:
            _bury(letter, letter.error or "The worker was killed during every attempt.")
            return False
        expires = CATALOGUE[letter.name].expires
        if expires and datetime.fromisoformat(letter.facts[expires]) <= now:
            _bury(letter, "Too late: what it says is no longer true.")
            return False
        try:
            email.send(letter, render(letter), timeout=timeout)
        except Refused as refusal:
            _bury(letter, str(refusal))
            return False
        except Exception as trouble:
            log.warning("letter %s failed (attempt %s)", letter.pk, letter.attempts, exc_info=True)
            trace = "".join(traceback.format_exception(trouble))[-10_000:].replace("\x00", "")
            if letter.attempts >= queues.MAX_ATTEMPTS:
                _bury(letter, trace)
            else:
                due_at = now + queues.pause(letter.attempts)
                _ours(letter).update(due_at=due_at, leased_until=None, error=trace)
            return False
        reach("letters.sent")
        _ours(letter).update(
            state=LetterState.SENT,
            sent_at=now,
            leased_until=None,
            error="",
            facts=_without_secrets(letter),
        )
        return True


def _ours(letter: Letter) -> QuerySet[Letter]:
    """Return the row as long as nobody claimed it again after us."""
    return Letter.objects.filter(
        pk=letter.pk, state=LetterState.WAITING, leased_until=letter.leased_until
    )


def _bury(letter: Letter, error: str) -> None:
    log.error("letter %s is dead after %s attempts", letter.pk, letter.attempts)
    _ours(letter).update(
        state=LetterState.DEAD, leased_until=None, error=error, facts=_without_secrets(letter)
    )


def _without_secrets(letter: Letter) -> dict[str, Any]:
    secret = CATALOGUE[letter.name].secret
    return {name: value for name, value in letter.facts.items() if name not in secret}


def _wants(person: User, kind: str) -> bool:
    if not KINDS[kind].may_opt_out:
        return True
    return not Preference.objects.filter(person=person, kind=kind, is_wanted=False).exists()


def _message_id() -> str:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<letter.{uuid.uuid4().hex}@{host}>"


def _nudge() -> None:
    nudge("notifications.tasks.send_due")
