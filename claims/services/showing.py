"""Clean copies of photos by short-lived signed links, and originals out of their seal."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import IO
from urllib.parse import urlencode

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.urls import reverse

from claims.models import Evidence, OriginalOpening
from claims.services import steps
from claims.services.refusals import NoWords
from claims.states import EvidenceState
from portal.accounts.models import User
from portal.lib import links, sealing

PURPOSE = "photo"
LASTS = timedelta(minutes=15)
"""How long a link shows its photo to whoever has it."""
SIZES = ("large", "small")


class NotShown(Exception):
    """There is no such copy, or the link is none of ours."""


class LinkRanOut(NotShown):
    """The link was good; the page it was on gives a new one."""


def address(*, photo: Evidence, size: str) -> str:
    """Return an address that shows one copy for a quarter of an hour, whoever opens it."""
    key = links.sign(PURPOSE, f"{photo.token}/{size}")
    return f"{settings.MEDIA_ORIGIN}{reverse('media')}?{urlencode({links.KEY: key})}"


def open_copy(*, key: str) -> tuple[IO[bytes], str]:
    """
    Return the copy that a key shows, and its size.

    :raises LinkRanOut: if the key is too old.
    :raises NotShown: if it is none of ours, or the photo is there no more.
    """
    try:
        value, _version = links.read(PURPOSE, key, LASTS)
    except links.ExpiredLink as trouble:
        raise LinkRanOut from trouble
    except links.BadLink as trouble:
        raise NotShown from trouble
    token, _slash, size = value.partition("/")
    photo = Evidence.objects.filter(token=token, state=EvidenceState.CLEAN).first()
    if photo is None or size not in SIZES:
        raise NotShown
    name = photo.large if size == "large" else photo.small
    try:
        return default_storage.open(name), size
    except (FileNotFoundError, ValueError) as trouble:
        raise NotShown from trouble


def original(photo: Evidence) -> bytes:
    """
    Return a photo as it came.

    :raises FileNotFoundError: if its file is gone.
    :raises portal.lib.sealing.Unreadable: if its seal is broken or of a key we do not have.
    """
    with default_storage.open(photo.original) as file:
        return sealing.open_bytes(file.read())


def is_sound(photo: Evidence, content: bytes) -> bool:
    """Test whether an original is byte for byte what was received."""
    return hashlib.sha256(content).hexdigest() == photo.sha256


@transaction.atomic
def open_original(*, photo: Evidence, person: User, reason: str, now: datetime) -> bytes | None:
    """
    Return an original for a reason that is kept; None if it is not as it came, which is kept too.

    :raises NotAllowed: if the person may not decide claims, or it is their own.
    :raises NoWords: if no reason is given.
    """
    steps.require(person, "claims.decide_claim", photo.claim)
    if not reason.strip():
        raise NoWords
    try:
        content = original(photo)
    except (FileNotFoundError, ValueError, sealing.Unreadable):
        content = b""
    sound = is_sound(photo, content)
    OriginalOpening.objects.create(
        evidence=photo, person=person, reason=reason.strip()[:500], is_sound=sound, opened_at=now
    )
    return content if sound else None
