"""E-mail through whatever backend the settings name."""

from __future__ import annotations

import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from notifications import answers
from notifications.channels.base import Refused, Rendered
from notifications.models import Letter


def send(letter: Letter, rendered: Rendered, *, timeout: float | None = None) -> None:
    """
    Hand one letter to the mail server; any error means it may be tried again.

    :raises Refused: if the server says that this address or letter will never do.
    """
    options: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
    message = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.address],
        reply_to=[address] if (address := answers.address(letter.facts)) else [],
        headers={
            # The same for every try, so that the reader's side can drop a second copy.
            "Message-ID": letter.message_id,
            "Auto-Submitted": "auto-generated",
            "Content-Language": "zh-Hans" if letter.language.startswith("zh") else letter.language,
        },
        connection=get_connection(**options),
    )
    message.attach_alternative(rendered.html, "text/html")
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as trouble:
        codes = [code for code, _text in trouble.recipients.values()]
        if all(500 <= code < 600 for code in codes):
            raise Refused(str(trouble.recipients)) from trouble
        raise
    except smtplib.SMTPDataError as trouble:
        if 500 <= trouble.smtp_code < 600:
            raise Refused(str(trouble)) from trouble
        raise
