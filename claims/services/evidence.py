"""Photos of a claim: kept privately as they came, cleaned in a sandbox, shown only when clean."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import PurePath

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.events import EvidenceReceived
from claims.models import Claim, Evidence, EvidenceRequest
from claims.services import lookalikes, showing
from claims.services.lookalikes import Alike, alike, similar
from claims.states import OPEN, ClaimState, EvidenceState
from portal.accounts.models import User
from portal.lib import images, sealing
from portal.lib.failpoints import reach
from portal.lib.storing import Stored
from portal.outbox.recording import record

__all__ = ["Alike", "alike", "attach", "clean", "photos", "remove", "sentence", "similar"]

log = logging.getLogger(__name__)

OPEN_FOR_PHOTOS = (
    ClaimState.DRAFT, ClaimState.NEEDS_INFO, ClaimState.UNDER_REVIEW, ClaimState.APPEALED,
)  # fmt: skip
ROOM = "evidence"
"""Where photos lie in the private storage."""
ROWS_PER_CLAIM = 4
"""Photos taken back keep their rows; so many times the quota may be sent in all."""

WORDS: Mapping[str, Promise] = {
    "not_now": gettext_lazy("Photos cannot be added to this claim any more."),
    "not_yours": gettext_lazy("Only the person who made this claim can add photos to it."),
    "too_large": gettext_lazy(
        "Too large: %(size)s. The limit is %(limit)s. A screenshot of it works too."
    ),
    "too_many": gettext_lazy(
        "That is more than %(most)s photos. Take one back to make room for another."
    ),
    "too_much": gettext_lazy(
        "The photos of this claim weigh %(sum)s, and %(all)s is the limit. A screenshot of a photo"
        " is smaller."
    ),
    "too_fast": gettext_lazy(
        "That is more than %(hourly)s photos in an hour. Please go on a little later; what you have"
        " sent is safe."
    ),
    "empty": gettext_lazy("This file is empty. Please take the photo again."),
    "wrong_kind": gettext_lazy("This is %(what)s. Please send a photo (JPEG, PNG, WebP or HEIC)."),
    "too_many_pixels": gettext_lazy(
        "This picture is too big for us to open. A screenshot of it works too."
    ),
    "too_heavy": gettext_lazy("This picture took too long to open. A screenshot of it works too."),
    "unreadable": gettext_lazy(
        "We cannot open this file. It may not have finished copying. Please take it again."
    ),
}

ADVICE: Mapping[str, Promise] = {
    "VIDEO": gettext_lazy(
        "This is a video. Please take two photos of what it shows, or a screenshot of it."
    ),
    "PDF": gettext_lazy("This is a PDF. Please take a photo of the page, or a screenshot of it."),
}
"""What helps the sender of a wrong kind more than the list of right ones."""

KINDS: Mapping[str, Promise] = {
    "PDF": gettext_lazy("a PDF"),
    "GIF": gettext_lazy("a GIF picture"),
    "BMP": gettext_lazy("a BMP picture"),
    "TIFF": gettext_lazy("a TIFF picture"),
    "AVIF": gettext_lazy("an AVIF picture"),
    "SVG": gettext_lazy("an SVG drawing"),
    "VIDEO": gettext_lazy("a video"),
    "ZIP": gettext_lazy("an archive or a document"),
    "HTML": gettext_lazy("a web page"),
    "TEXT": gettext_lazy("a text file"),
    "OTHER": gettext_lazy("a kind of file we cannot show"),
}


class PhotoRefused(Exception):
    """A photo was not kept. ``code`` is for machines, the text is for the shopper."""

    code = "unreadable"

    def __init__(self, **facts: str) -> None:
        super().__init__(words(self.code, **facts))
        self.facts = facts


class NotNow(PhotoRefused):
    """The claim is past the states in which photos may come or go."""

    code = "not_now"


class NotYours(PhotoRefused):
    """Somebody else than the shopper of the claim tried."""

    code = "not_yours"


class TooLarge(PhotoRefused):
    """The file has more bytes than we take."""

    code = "too_large"


class TooMany(PhotoRefused):
    """The claim holds as many photos as it may."""

    code = "too_many"


class TooMuch(PhotoRefused):
    """The photos of the claim, those taken back too, weigh as much as they may."""

    code = "too_much"


class TooFast(PhotoRefused):
    """The person sent as many photos in an hour as anybody may."""

    code = "too_fast"


class Empty(PhotoRefused):
    """The file has no bytes."""

    code = "empty"


class WrongKind(PhotoRefused):
    """The content is not one of the four formats, whatever the name says."""

    code = "wrong_kind"


def words(code: str, *, kind: str = "OTHER", **facts: str) -> str:
    """Say a refusal in the reader's language."""
    sentence = WORDS.get(code, WORDS["unreadable"])
    if code == "wrong_kind":
        sentence = ADVICE.get(kind, sentence)
    known = {
        "what": KINDS.get(kind, KINDS["OTHER"]),
        "size": "",
        "sum": "",
        "limit": filesizeformat(settings.PHOTO_MAX_BYTES),
        "all": filesizeformat(settings.PHOTO_MAX_BYTES_PER_CLAIM),
        "most": settings.PHOTO_MAX_PER_CLAIM,
        "hourly": settings.PHOTO_MAX_PER_HOUR,
    }
    return str(sentence) % (known | facts)


def sentence(photo: Evidence) -> str:
    """Say in the reader's language how a photo stands."""
    if photo.removed_at is not None:
        return _("Taken back.")
    if photo.state == EvidenceState.REFUSED:
        code, _colon, kind = photo.refusal.partition(":")
        return words(code, kind=kind or "OTHER")
    if photo.state == EvidenceState.RECEIVED:
        if photo.signals.get("format") == "HEIF":
            return _("Turning the iPhone picture into a JPEG. Nothing to do.")
        return _("Received. We are having a look at it.")
    if photo.is_blurred:
        return _("Received. It is a little blurred; a second one helps, but is not required.")
    return _("Clear and received, %(size)s") % {"size": filesizeformat(photo.bytes)}


def attach(
    *,
    claim: Claim,
    file: File[bytes],
    name: str,
    kind: str,
    upload_key: str,
    user: User,
    now: datetime,
    request: EvidenceRequest | None = None,
    by_desk: bool = False,
) -> Evidence:
    """
    Keep one photo as it came and have it cleaned; the same ``upload_key`` again is the same photo.

    A photo taken back and sent again returns.

    :raises PhotoRefused: one of its kinds, with a sentence for the shopper; nothing is kept.
    """
    _check_may_add(claim, user, by_desk=by_desk)
    if again := _known(claim, upload_key):
        return _revived(again, now=now) if again.removed_at else again
    size = file.size
    if size > settings.PHOTO_MAX_BYTES:
        raise TooLarge(size=filesizeformat(size))
    file.seek(0)
    what = images.sniff(file.read(4096))
    if what == "EMPTY":
        raise Empty
    if what not in images.KINDS:
        raise WrongKind(kind=what)

    file.seek(0)
    content = file.read()
    sealed = ContentFile(sealing.seal_bytes(content))
    token = secrets.token_urlsafe(16)
    with (
        Stored({"original": sealed}, room=ROOM, token=token) as stored,
        transaction.atomic(),
    ):
        locked = Claim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
        _check_may_add(locked, user, by_desk=by_desk)
        if again := _known(locked, upload_key):
            stored.drop()
            return again
        _check_room(locked, size=size)
        _check_pace(user, now=now)
        photo = Evidence.objects.create(
            claim=locked,
            request=request if request is not None and request.claim_id == locked.pk else None,
            token=token,
            kind=_slug(kind),
            name=_tidy(name),
            upload_key=upload_key[:64],
            original=stored.names["original"],
            bytes=size,
            sha256=hashlib.sha256(content).hexdigest(),
            signals={"format": what},
            uploaded_by=user,
            received_at=now,
        )
        record(EvidenceReceived(evidence_id=photo.pk), now=now)
    return photo


def clean(*, evidence_id: int, now: datetime) -> Evidence:
    """
    Make the two copies that may be shown, or refuse the photo. Safe to run twice and by two.

    The decoding happens outside any transaction; who finishes first wins, the other's copies go.
    """
    photo = Evidence.objects.get(pk=evidence_id)
    if photo.state != EvidenceState.RECEIVED:
        return photo
    content = showing.original(photo)
    try:
        result = images.sanitise(content)
        look = images.look(result.small)
    except images.Refused as refusal:
        why = f"{refusal.code}:{refusal.kind}" if refusal.kind else refusal.code
        _finish(photo, state=EvidenceState.REFUSED, refusal=why, cleaned_at=now)
        return photo
    except images.Unclean:
        log.exception("photo %s: the decoder's answer was not believed", photo.pk)
        _finish(photo, state=EvidenceState.REFUSED, refusal="unreadable", cleaned_at=now)
        return photo
    copies = {"large": ContentFile(result.large), "small": ContentFile(result.small)}
    with Stored(copies, room=ROOM, token=secrets.token_urlsafe(16), ending=".jpg") as stored:
        reach("photos.stored")
        is_ours = _finish(
            photo,
            state=EvidenceState.CLEAN,
            large=stored.names["large"],
            small=stored.names["small"],
            width=result.width,
            height=result.height,
            look=look,
            dhash=result.dhash,
            phash=look.phash,
            is_blurred=result.is_blurred,
            signals=result.signals | {"sharpness": result.blur},
            cleaned_at=now,
        )
        if not is_ours:
            stored.drop()
    return photo


def clean_waiting(
    *, now: datetime, limit: int = 20, patience: timedelta = timedelta(seconds=30)
) -> int:
    """Clean photos whose event went astray; return how many were handled."""
    waiting = Evidence.objects.filter(
        state=EvidenceState.RECEIVED, removed_at__isnull=True, received_at__lt=now - patience
    ).order_by("received_at")
    done = 0
    for pk in list(waiting.values_list("pk", flat=True)[:limit]):
        try:
            clean(evidence_id=pk, now=now)
        except (OSError, images.WorkerGone):
            log.exception("photo %s could not be cleaned; it is tried again", pk)
        else:
            done += 1
    return done


def look_again(*, limit: int = 20) -> int:
    """Look at clean photos whose details were found in an older way, or never; return how many."""
    behind = Evidence.objects.filter(state=EvidenceState.CLEAN).exclude(
        details__version__gte=lookalikes.VERSION
    )
    done = 0
    for photo in behind.exclude(small="").order_by("-pk")[:limit]:
        try:
            with default_storage.open(photo.small) as small:
                look = images.look(small.read())
        except (OSError, images.Refused, images.Unclean, images.WorkerGone):
            log.exception("photo %s could not be looked at", photo.pk)
            look = images.Look(0, b"")
        with transaction.atomic():
            Evidence.objects.filter(pk=photo.pk).update(phash=look.phash if look.details else None)
            lookalikes.remember(photo=photo, look=look)
        done += 1
    return done


@transaction.atomic
def remove(*, evidence: Evidence, user: User, now: datetime) -> Evidence:
    """
    Take a photo back; its row stays.

    :raises PhotoRefused: if the claim is decided or the photo is somebody else's.
    """
    claim = Claim.objects.select_for_update(of=("self",)).get(pk=evidence.claim_id)
    _check_may_change(claim, user)
    Evidence.objects.filter(pk=evidence.pk, removed_at__isnull=True).update(removed_at=now)
    evidence.refresh_from_db()
    return evidence


def photos(*, claim: Claim) -> QuerySet[Evidence]:
    """Return the photos of a claim that were not taken back, oldest first."""
    return Evidence.objects.filter(claim=claim, removed_at__isnull=True).order_by(
        "received_at", "pk"
    )


@transaction.atomic
def _finish(photo: Evidence, *, look: images.Look | None = None, **fields: object) -> bool:
    changed = Evidence.objects.filter(pk=photo.pk, state=EvidenceState.RECEIVED).update(**fields)
    photo.refresh_from_db()
    if changed and look is not None:
        lookalikes.remember(photo=photo, look=look)
    return bool(changed)


def _check_may_add(claim: Claim, user: User, *, by_desk: bool) -> None:
    if not by_desk:
        return _check_may_change(claim, user)
    if not user.has_perm("claims.decide_claim") or user.pk == claim.shopper_id:
        raise NotYours
    if claim.state not in OPEN or claim.state == ClaimState.DRAFT:
        raise NotNow
    return None


def _check_may_change(claim: Claim, user: User) -> None:
    if claim.shopper_id != user.pk:
        raise NotYours
    if claim.state not in OPEN_FOR_PHOTOS:
        raise NotNow


def _check_room(claim: Claim, *, size: int) -> None:
    rows = Evidence.objects.filter(claim=claim)
    is_kept = Q(removed_at__isnull=True) & ~Q(state=EvidenceState.REFUSED)
    held = rows.aggregate(rows=Count("pk"), kept=Count("pk", filter=is_kept), bytes=Sum("bytes"))
    most = settings.PHOTO_MAX_PER_CLAIM
    if held["kept"] >= most or held["rows"] >= ROWS_PER_CLAIM * most:
        raise TooMany
    if (held["bytes"] or 0) + size > settings.PHOTO_MAX_BYTES_PER_CLAIM:
        raise TooMuch(
            sum=filesizeformat(held["bytes"]),
            all=filesizeformat(settings.PHOTO_MAX_BYTES_PER_CLAIM),
        )


def _check_pace(user: User, *, now: datetime) -> None:
    """Count what a person sent in the last hour over all claims; the claim is locked, not they."""
    lately = Evidence.objects.filter(uploaded_by=user, received_at__gt=now - timedelta(hours=1))
    if lately.count() >= settings.PHOTO_MAX_PER_HOUR:
        raise TooFast


def _known(claim: Claim, upload_key: str) -> Evidence | None:
    return Evidence.objects.filter(claim=claim, upload_key=upload_key[:64]).first()


@transaction.atomic
def _revived(photo: Evidence, *, now: datetime) -> Evidence:
    claim = Claim.objects.select_for_update(of=("self",)).get(pk=photo.claim_id)
    _check_room(claim, size=0)
    Evidence.objects.filter(pk=photo.pk).update(removed_at=None)
    photo.refresh_from_db()
    if photo.state == EvidenceState.RECEIVED:
        record(EvidenceReceived(evidence_id=photo.pk), now=now)
    return photo


def _slug(kind: str) -> str:
    return kind if re.fullmatch(r"[a-z0-9_-]{1,24}", kind) else "other"


def _tidy(name: str) -> str:
    last = PurePath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable()).strip()[:160] or "photo"
