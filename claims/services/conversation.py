"""Words between shopper and desk, notes for the desk, and asking for more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, Max, OuterRef, Prefetch, QuerySet
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from claims.events import EvidenceAsked, MessageSent
from claims.models import (
    Claim,
    Evidence,
    EvidenceRequest,
    InternalNote,
    Message,
    MessagePhoto,
    ReadMark,
)
from claims.models.message import Via
from claims.services import asked, clocks, evidence, facts, steps
from claims.services.asked import Item
from claims.services.refusals import NotNow, NotYours, NoWords, Refusal
from claims.states import FREES_UNITS, ClaimReason, ClaimState, EvidenceState
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.recording import record
from tracking.states import ParcelStatus

BODY_MAX = 4000
MONEY_AGREED = (
    ClaimState.APPROVED, ClaimState.COMPENSATING, ClaimState.COMPENSATION_FAILED,
    ClaimState.RESOLVED, ClaimState.CLOSED,
)  # fmt: skip
"""States in which money was promised or paid."""
ANSWER_DAYS_MAX = 30
"""The desk picks days and means their end, so that a day more is let pass."""


class MessageTooLong(Refusal):
    """More words than fit one message."""

    code = "message_too_long"
    sentence = _(
        "Your message is %(length)s characters long; the most is %(most)s. Send it in two."
    )


class DueTooSoon(Refusal):
    """The answer is wanted before it can be given."""

    code = "due_too_soon"
    sentence = _("Give the shopper at least a day: choose a later date.")


class DueTooLate(Refusal):
    """The answer is wanted so late that the claim would lie until then."""

    code = "due_too_late"
    sentence = _("Give the shopper %(days)s days at most: choose an earlier date.")


class NothingSent(Refusal):
    """Neither a photo nor a word has come since we asked."""

    code = "nothing_sent"
    sentence = _("Add the photo first, or write to us why you cannot.")


class PhotosRefused(Refusal):
    """A photo that goes with a message cannot be kept; the message waits until it is left out."""

    code = "photos_refused"
    sentence = _("“%(name)s” was not sent: %(why)s")


def write(
    *,
    claim: Claim,
    author: User,
    role: str,
    body: str,
    send_key: UUID,
    now: datetime,
    photos: Sequence[File[bytes]] = (),
) -> Message:
    """
    Keep one message with its photos; sending it again with the same key returns the first.

    A photo is evidence like any other. Words may be missing where photos speak.

    :raises NotYours: if a shopper writes into another's claim.
    :raises NotAllowed: if staff may not work on claims.
    :raises NoWords: if there are neither words nor photos.
    :raises MessageTooLong: if there are too many words.
    :raises PhotosRefused: if a photo is not taken; the others stay for the next try.
    """
    _may_write(claim, author, role)
    known = Message.objects.filter(claim=claim, send_key=send_key).first()
    if known is not None:
        return known
    is_silent = bool(photos) and role == Role.SHOPPER and not body.strip()
    words = "" if is_silent else _words(body)
    kept = [_photo(claim, author, role, file, _key(send_key, file), now) for file in photos]
    return keep(
        claim=claim, author=author, role=role, body=words, send_key=send_key, photos=kept, now=now
    )


def _key(send_key: UUID, file: File[bytes]) -> str:
    """Name a photo by what is in it: chosen again, in whatever order, it is the same photo."""
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    return f"talk-{send_key.hex}-{digest.hexdigest()[:26]}"


def _photo(
    claim: Claim, author: User, role: str, file: File[bytes], key: str, now: datetime
) -> Evidence:
    try:
        return evidence.attach(
            claim=claim, file=file, name=file.name or "", kind="other", upload_key=key,
            user=author, by_desk=role != Role.SHOPPER, now=now,
        )  # fmt: skip
    except evidence.PhotoRefused as refusal:
        raise PhotosRefused(name=file.name or "", why=str(refusal)) from refusal


@transaction.atomic
def keep(
    *,
    claim: Claim,
    author: User,
    role: str,
    body: str,
    send_key: UUID,
    now: datetime,
    photos: Iterable[Evidence] = (),
    quoted: str = "",
    via: str = Via.PAGE,
) -> Message:
    """Keep a message that may be written, and link the photos that came with it."""
    try:
        with transaction.atomic():
            message = Message.objects.create(
                claim=claim, author=author, role=role, body=body, quoted=quoted, via=via,
                send_key=send_key, sent_at=now,
            )  # fmt: skip
    except IntegrityError:
        return Message.objects.get(claim=claim, send_key=send_key)
    MessagePhoto.objects.bulk_create(
        [MessagePhoto(message=message, evidence=photo) for photo in photos], ignore_conflicts=True
    )
    if role != Role.SHOPPER:
        clocks.replied(claim=claim, now=now)
        record(MessageSent(message_id=message.pk, body=body, **facts.of(claim)), now=now)
    return message


def _may_write(claim: Claim, author: User, role: str) -> None:
    if role == Role.SHOPPER:
        if author.pk != claim.shopper_id:
            raise NotYours
    else:
        steps.require(author, "claims.decide_claim", claim)


def _words(text: str) -> str:
    text = text.strip()
    if not text:
        raise NoWords
    if len(text) > BODY_MAX:
        raise MessageTooLong(length=len(text), most=BODY_MAX)
    return text


def read(
    *,
    claim: Claim,
    reader: User,
    role: str,
    now: datetime,
    seen: Sequence[Letter] | None = None,
) -> int:
    """
    Note until when somebody has read, and mark what the other side wrote; return how many were new.

    The desk reads together: what one of them has seen is no longer new to the desk. ``seen`` are
    the letters before the reader, if they were fetched already: where they hold nothing new,
    nothing is written.
    """
    if seen is not None and not _is_news(claim, reader, role, seen):
        return 0
    return _mark_read(claim, reader, role, now)


def _is_news(claim: Claim, reader: User, role: str, seen: Sequence[Letter]) -> bool:
    """Test whether the letters hold something unread, or end later than the reader's mark."""
    is_shopper = role == Role.SHOPPER
    if any(one.read_at is None and (one.role == Role.SHOPPER) != is_shopper for one in seen):
        return True
    newest = max((one.sent_at for one in seen), default=None)
    until = _until(claim, reader.pk)
    return newest is not None and (until is None or until < newest)


def _until(claim: Claim, person_id: int) -> datetime | None:
    """Return until when a person has read; one query for all who did, or none if prefetched."""
    marks = (mark for mark in claim.read_marks.all() if mark.person_id == person_id)
    return max((mark.read_until for mark in marks), default=None)


@transaction.atomic
def _mark_read(claim: Claim, reader: User, role: str, now: datetime) -> int:
    newest = Message.objects.filter(claim=claim).aggregate(at=Max("sent_at"))["at"]
    if newest is None:
        return 0
    mark = ReadMark.objects.filter(claim=claim, person=reader)
    if not mark.filter(read_until__gte=newest).exists():
        ReadMark.objects.update_or_create(
            claim=claim, person=reader, defaults={"read_until": newest, "read_at": now}
        )
    others = Message.objects.filter(claim=claim, read_at=None, sent_at__lte=newest)
    others = (
        others.exclude(role=Role.SHOPPER)
        if role == Role.SHOPPER
        else others.filter(role=Role.SHOPPER)
    )
    return others.update(read_at=now)


@dataclass(frozen=True)
class LetterPhoto:
    """A photo of a message; only a clean one may be shown."""

    token: str
    is_clean: bool
    sentence: str


@dataclass(frozen=True)
class Letter:
    """One message as either side reads it."""

    pk: int
    role: str
    role_label: str
    body: str
    quoted: str
    is_by_mail: bool
    send_key: UUID
    sent_at: datetime
    read_at: datetime | None
    photos: tuple[LetterPhoto, ...]
    left_out: tuple[str, ...]
    """Sentences about what came by e-mail and was not taken."""


def letters(*, claim: Claim) -> list[Letter]:
    """Return the conversation, newest first, in three queries however long it is."""
    rows = (
        Message.objects.filter(claim=claim)
        .select_related("mail")
        .defer("mail__raw")
        .prefetch_related(
            Prefetch("photos", MessagePhoto.objects.select_related("evidence").order_by("pk"))
        )
        .order_by("-sent_at", "-pk")
    )
    return [_letter(row) for row in rows]


def _letter(row: Message) -> Letter:
    mail = getattr(row, "mail", None)
    return Letter(
        pk=row.pk,
        role=row.role,
        role_label=row.get_role_display(),
        body=row.body,
        quoted=row.quoted,
        is_by_mail=row.via == Via.MAIL,
        send_key=row.send_key,
        sent_at=row.sent_at,
        read_at=row.read_at,
        photos=tuple(
            LetterPhoto(
                token=one.evidence.token,
                is_clean=one.evidence.state == EvidenceState.CLEAN
                and one.evidence.removed_at is None,
                sentence=evidence.sentence(one.evidence),
            )
            for one in row.photos.all()
        ),
        left_out=tuple(
            f"{one['name']}: {evidence.words(one['code'])}"
            for one in (mail.left_out if mail else ())
        ),
    )


def with_unread(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """Add to each claim whether the shopper wrote something that the desk has not read."""
    return claims.annotate(
        has_unread=Exists(
            Message.objects.filter(claim=OuterRef("pk"), role=Role.SHOPPER, read_at=None)
        )
    )


def unread(*, claim: Claim) -> int:
    """Return how many messages of the desk the shopper has not read."""
    return Message.objects.filter(claim=claim, read_at=None).exclude(role=Role.SHOPPER).count()


def unread_of(*, shopper: User) -> dict[int, int]:
    """Return claim to how many messages of the desk its shopper has not read; none is left out."""
    return dict(
        Message.objects.filter(claim__shopper=shopper, read_at=None)
        .exclude(role=Role.SHOPPER)
        .order_by()
        .values("claim")
        .annotate(count=Count("pk"))
        .values_list("claim", "count")
    )


def read_until(*, claim: Claim) -> datetime | None:
    """Return until when the shopper has read, or None if they never looked."""
    return _until(claim, claim.shopper_id)


@transaction.atomic
def note(*, claim: Claim, author: User, body: str, now: datetime) -> InternalNote:
    """
    Keep a note that the shopper never sees.

    :raises NotAllowed: if the author may not work on claims.
    :raises NoWords: if there are none.
    """
    steps.require(author, "claims.decide_claim", claim)
    return InternalNote.objects.create(
        claim=claim, author=author, body=_words(body), written_at=now
    )


FOUND = {
    "en": "The parcel has been seen again: %s. Money was agreed for its loss. Decide what now.",
    "zh-hans": "包裹重新出现，当前状态：%s。该单已同意按丢失赔付，请决定保留、退回或退还款项。",
}
FOUND_IN_TIME = {
    "en": "The parcel has been seen again: %s. Look at its journey before you decide.",
    "zh-hans": "包裹重新出现，当前状态：%s。请先查看物流再作决定。",
}


@transaction.atomic
def remark_found(*, parcel_id: int, episode: int, status: str, now: datetime) -> int:
    """
    Tell the desk that a parcel taken for lost has been seen again; return how many claims have it.

    Safe to run twice: each episode is remarked once a claim. Claims that ended without money need
    no remark.
    """
    claims = Claim.objects.filter(parcel_id=parcel_id, reason=ClaimReason.LOST).exclude(
        state__in=[ClaimState.DRAFT, *FREES_UNITS]
    )
    for claim in claims:
        texts = FOUND if claim.state in MONEY_AGREED else FOUND_IN_TIME
        InternalNote.objects.get_or_create(
            claim=claim,
            key=f"found:{episode}",
            defaults={
                "body": "\n".join(_with_status(*line, status) for line in texts.items()),
                "written_at": now,
            },
        )
    return len(claims)


def _with_status(code: str, text: str, status: str) -> str:
    """Return a line about a parcel, its status named in the line's own language."""
    with translation.override(code):
        named = ParcelStatus(status).label if status in ParcelStatus.values else status
        return text % named


@transaction.atomic
def ask(
    *,
    claim: Claim,
    agent: User,
    text: str = "",
    kind: str = "other",
    items: Sequence[Item] = (),
    due_at: datetime | None = None,
    now: datetime,
) -> EvidenceRequest:
    """
    Ask the shopper for something by a date, by policy if none is given; our own clock stands still.

    ``items`` ask for several things at once; the first request is returned.

    :raises NotAllowed: if the agent may not decide.
    :raises NoWords: if nothing is asked.
    :raises DueTooSoon: if less than a day is left for the answer.
    :raises DueTooLate: if it is more than 30 days away, for our clock would stand still so long.
    :raises NotNow: if the claim is not under review.
    """
    steps.lock(claim)
    steps.require(agent, "claims.decide_claim", claim)
    days = claim.policy.answer_days if claim.policy else 7
    due_at = due_at or now + timedelta(days=days)
    if due_at < now + timedelta(days=1):
        raise DueTooSoon
    if due_at > now + timedelta(days=ANSWER_DAYS_MAX + 1):
        raise DueTooLate(days=ANSWER_DAYS_MAX)
    wanted = [*items, *([Item(kind, text)] if text.strip() or not items else [])]
    requests = asked.rows(claim=claim, items=wanted, agent_id=agent.pk, now=now, due_at=due_at)
    text = _words("\n".join(_words(request.text) for request in requests))
    steps.take(
        claim, "ask", now=now, due_at=due_at, role=Role.AGENT, actor=agent, note=text,
        assignee=agent,
    )  # fmt: skip
    request = EvidenceRequest.objects.bulk_create(requests)[0]
    record(
        EvidenceAsked(
            request_id=request.pk, question=text, due_at=due_at.isoformat(), **facts.of(claim)
        ),
        now=now,
    )
    return request


@transaction.atomic
def answer(*, claim: Claim, shopper: User, now: datetime) -> Claim:
    """
    Hand the claim back to the desk: what was asked for has been sent.

    Doing it twice changes nothing.

    :raises NotYours: if it is another's claim.
    :raises NotNow: if nothing is asked of the shopper.
    :raises NothingSent: if neither a photo nor a message has come since we asked.
    :raises StillMissing: if part of it has not come and no words say why.
    """
    steps.lock(claim)
    if shopper.pk != claim.shopper_id:
        raise NotYours
    waiting = EvidenceRequest.objects.filter(claim=claim, answered_at=None)
    since = waiting.order_by("asked_at").values_list("asked_at", flat=True).first()
    if since is None and claim.state == ClaimState.UNDER_REVIEW:
        return claim
    if since is None or claim.state != ClaimState.NEEDS_INFO:
        raise NotNow(state=claim.get_state_display(), verb="answer")
    photos = Evidence.objects.filter(claim=claim, removed_at=None, received_at__gte=since)
    words = Message.objects.filter(claim=claim, role=Role.SHOPPER, sent_at__gte=since)
    if not (photos.exists() or words.exists()):
        raise NothingSent
    if lacking := asked.missing(claim=claim):
        raise asked.StillMissing(items=" · ".join(row.text for row in lacking))
    waiting.update(answered_at=now)
    return steps.take(claim, "answer", now=now, role=Role.SHOPPER, actor=shopper)
