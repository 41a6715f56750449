"""A mail server for the demo: each mail becomes one file that ``/dev/mail/`` reads."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_count = itertools.count()


def folder() -> Path:
    """Return where the mails are."""
    return Path(settings.EMAIL_FILE_PATH)


class EmailBackend(BaseEmailBackend):
    """Write each mail to ``<nanoseconds>-<process>-<count>.eml``, whole or not at all."""

    def __init__(self, fail_silently: bool = False, **_options: object) -> None:  # noqa: FBT001, FBT002
        super().__init__(fail_silently=fail_silently)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails and return how many."""
        place = folder()
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            name = f"{time.time_ns():020}-{os.getpid()}-{next(_count)}"
            draft = place / f".{name}.part"
            draft.write_bytes(message.message().as_bytes())
            draft.rename(place / f"{name}.eml")
        return len(email_messages)
