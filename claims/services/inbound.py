"""
Let e-mails answer letters: keep each as it came, then put it where it belongs.

Whatever is not plainly a shopper's answer goes to a person or is left out with its reason; nothing
is dropped, and nothing that comes in makes a letter go out.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from claims import mail, marks
from claims.events import MailArrived
from claims.models import Claim, Evidence, InboundMail, Message
from claims.models.message import MailState, MailWhy, Via
from claims.services import conversation, evidence, reply_lines
from claims.services.refusals import NotAllowed, Refusal
from claims.services.reply_lines import Line
from claims.states import ClaimState
from portal.accounts.models import User
from portal.lib import standard
from portal.lib.moves import Role
from portal.outbox.recording import record

log = logging.getLogger(__name__)

BODY_MAX = 20_000
"""Characters of a mail shown as its words; more is folded below them."""
PER_DAY = 40
"""Mails one claim takes in a day before a person looks."""
SPACE = uuid.UUID("6a1f2f58-9a0e-4a53-9d54-0a4f5f6f7d11")
"""Names the send keys of messages made of mails."""


class WrongSeal(Exception):
    """The push was not sealed by a provider we know."""


class NotWaiting(Refusal):
    """Somebody else has placed or put away this mail."""

    code = "not_waiting"
    sentence = _("Somebody has dealt with this e-mail already.")


class NoClaim(Refusal):
    """There is no claim of this reference to put the mail into."""

    code = "no_claim"
    sentence = _("There is no such claim. Look at the reference again.")


def knows(provider: str) -> bool:
    """Test whether answers by e-mail are on and this provider may bring them."""
    return reply_lines.is_on() and bool(settings.INBOUND_SECRETS.get(provider))


def receive(
    *, provider: str, body: bytes, headers: Mapping[str, str], is_json: bool, now: datetime
) -> InboundMail:
    """
    Check the seal of a push and keep the mail in it as it came; the same bytes again are one mail.

    :raises KeyError: for a provider we do not know, or while answers by e-mail are off.
    :raises WrongSeal: if the seal does not hold.
    """
    if not knows(provider):
        raise KeyError(provider)
    secrets = settings.INBOUND_SECRETS[provider]
    trouble = standard.verify(body, headers, secrets, now=now)
    if trouble is not None:
        raise WrongSeal(trouble)
    return accept(provider=provider, body=body, is_json=is_json, now=now)


@transaction.atomic
def accept(*, provider: str, body: bytes, is_json: bool, now: datetime) -> InboundMail:
    """Keep one mail and have it read; the same bytes again are the same mail."""
    digest = hashlib.sha256(body).hexdigest()
    row, is_new = InboundMail.objects.get_or_create(
        provider=provider,
        digest=digest,
        defaults={
            "raw": body, "is_json": is_json, "bytes": len(body), "received_at": now,
        },
    )  # fmt: skip
    if is_new:
        record(MailArrived(mail_id=row.pk), now=now)
    return row


def handle(*, mail_id: int, now: datetime) -> InboundMail:
    """
    Put a kept mail where it belongs. Safe to run twice and by two.

    Photos are attached before the message is made: if that is interrupted, the next run finds
    them by their keys.
    """
    row = InboundMail.objects.get(pk=mail_id)
    if row.state != MailState.WAITING:
        return row
    try:
        told = _read(row)
    except mail.Unreadable:
        return _end(row, MailState.QUARANTINED, MailWhy.UNREADABLE, now)
    _describe(row, told)
    line, claim = _line(row, told)
    row.claim = claim
    if mail.is_machine(told):
        why = MailWhy.BOUNCE if mail.is_bounce(told) else MailWhy.MACHINE
        return _end(row, MailState.IGNORED, why, now)
    if _is_ours(told):
        return _end(row, MailState.IGNORED, MailWhy.MACHINE, now)
    if line is not Line.GOOD or claim is None:
        why = {
            Line.NONE: MailWhy.NO_ADDRESS, Line.REVOKED: MailWhy.REVOKED,
        }.get(line, MailWhy.BAD_ADDRESS)  # fmt: skip
        return _end(row, MailState.QUARANTINED, why, now)
    if mail.failed_dmarc(told, authserv_id=settings.INBOUND_AUTHSERV_ID):
        return _end(row, MailState.QUARANTINED, MailWhy.NOT_AUTHENTIC, now)
    if not _is_from_the_shopper(told, claim):
        return _end(row, MailState.QUARANTINED, MailWhy.OTHER_SENDER, now)
    if _came_before(row):
        return _end(row, MailState.IGNORED, MailWhy.DUPLICATE, now)
    if _today(row, claim, now) >= PER_DAY:
        return _end(row, MailState.QUARANTINED, MailWhy.TOO_MANY, now)
    return _thread(row, told, claim, now=now)


def handle_waiting(
    *, now: datetime, limit: int = 20, patience: timedelta = timedelta(seconds=30)
) -> int:
    """Handle mails whose event went astray; return how many."""
    waiting = InboundMail.objects.filter(
        state=MailState.WAITING, received_at__lt=now - patience
    ).order_by("received_at", "pk")
    done = 0
    for pk in list(waiting.values_list("pk", flat=True)[:limit]):
        try:
            handle(mail_id=pk, now=now)
        except Exception:
            log.exception("mail %s could not be handled; it is tried again", pk)
        else:
            done += 1
    return done


# --- By a person ----------------------------------------------------------


def place(*, row: InboundMail, person: User, ref: str, now: datetime) -> InboundMail:
    """
    Put a mail that waits for a person into the claim that they name.

    :raises NotAllowed: if the person may not.
    :raises NotWaiting: if somebody has dealt with it.
    :raises NoClaim: if there is no sent claim of that reference.
    """
    _may_handle(person)
    row.refresh_from_db()
    if row.state != MailState.QUARANTINED:
        raise NotWaiting
    claim = Claim.objects.filter(ref=ref.strip().upper(), submitted_at__isnull=False).first()
    if claim is None:
        raise NoClaim
    try:
        told = _read(row)
    except mail.Unreadable:
        told = mail.Mail(
            sender=row.sender, recipients=(), subject=row.subject, message_id="",
            text=bytes(row.raw)[: 4 * BODY_MAX].decode("utf-8", "replace"),
        )  # fmt: skip
    return _thread(row, told, claim, now=now, person=person)


@transaction.atomic
def discard(*, row: InboundMail, person: User, now: datetime) -> InboundMail:
    """
    Put a mail away; it stays kept as it came.

    :raises NotAllowed: if the person may not.
    :raises NotWaiting: if somebody has dealt with it.
    """
    _may_handle(person)
    changed = InboundMail.objects.filter(pk=row.pk, state=MailState.QUARANTINED).update(
        state=MailState.DISCARDED, handled_at=now, handled_by=person
    )
    row.refresh_from_db()
    if not changed:
        raise NotWaiting
    return row


def _may_handle(person: User) -> None:
    if not person.is_active or not person.has_perm("claims.handle_mail"):
        raise NotAllowed


# --- How it is told apart ----------------------------------------------------------


def _read(row: InboundMail) -> mail.Mail:
    raw = bytes(row.raw)
    return mail.read_json(raw) if row.is_json else mail.read(raw)


def _describe(row: InboundMail, told: mail.Mail) -> None:
    row.header_id, row.subject, row.sender = told.message_id, told.subject, told.sender


def _line(row: InboundMail, told: mail.Mail) -> tuple[Line, Claim | None]:
    """Return the best that any of the mail's addresses is."""
    found: dict[Line, tuple[Claim | None, str]] = {}
    for one in told.recipients:
        line, claim = reply_lines.find(one)
        found.setdefault(line, (claim, one))
    for line in (Line.GOOD, Line.REVOKED, Line.BAD):
        if line in found:
            claim, row.recipient = found[line]
            return line, claim
    row.recipient = told.recipients[0] if told.recipients else ""
    return Line.NONE, None


def _is_ours(told: mail.Mail) -> bool:
    """Test whether one of our own letters came back to us."""
    own = mail.address(settings.DEFAULT_FROM_EMAIL)
    return told.sender == own or told.sender.endswith(f"@{settings.INBOUND_DOMAIN.lower()}")


def _is_from_the_shopper(told: mail.Mail, claim: Claim) -> bool:
    known = {marks.email(claim.shopper.email), marks.email(claim.order.email)}
    return bool(told.sender) and marks.email(told.sender) in known


def _came_before(row: InboundMail) -> bool:
    return (
        bool(row.header_id)
        and InboundMail.objects.filter(
            claim=row.claim, header_id=row.header_id, state=MailState.THREADED
        ).exists()
    )


def _today(row: InboundMail, claim: Claim, now: datetime) -> int:
    return InboundMail.objects.filter(
        claim=claim, state=MailState.THREADED, received_at__gt=now - timedelta(days=1)
    ).count()


def _end(row: InboundMail, state: MailState, why: MailWhy, now: datetime) -> InboundMail:
    """Write down what became of a mail, unless somebody was faster."""
    InboundMail.objects.filter(pk=row.pk, state=row.state).update(
        state=state, why=why, handled_at=now, claim=row.claim, header_id=row.header_id,
        sender=row.sender, recipient=row.recipient, subject=row.subject,
    )  # fmt: skip
    row.refresh_from_db()
    return row


# --- Into the conversation ----------------------------------------------------------


def _thread(
    row: InboundMail, told: mail.Mail, claim: Claim, *, now: datetime, person: User | None = None
) -> InboundMail:
    """Make a message of a mail, with its photos; the shopper is its author."""
    said, quoted = mail.fold(told.text)
    if len(said) > BODY_MAX:
        said, quoted = said[:BODY_MAX], f"{said[BODY_MAX:]}\n{quoted}".strip()
    photos, left_out = _photos(row, told, claim, now)
    before = row.state
    if not said and not photos:
        if person is None:
            return _end(row, MailState.QUARANTINED, MailWhy.EMPTY, now)
        said = told.subject or "–"
    try:
        with transaction.atomic():
            locked = InboundMail.objects.select_for_update().get(pk=row.pk)
            if locked.state != before:
                return locked
            message = conversation.keep(
                claim=claim, author=claim.shopper, role=Role.SHOPPER, body=said, quoted=quoted,
                via=Via.MAIL, send_key=uuid.uuid5(SPACE, str(row.pk)), photos=photos,
                now=row.received_at,
            )  # fmt: skip
            InboundMail.objects.filter(pk=row.pk).update(
                state=MailState.THREADED, handled_at=now, handled_by=person, claim=claim,
                message=message, left_out=left_out, header_id=row.header_id, sender=row.sender,
                recipient=row.recipient, subject=row.subject,
            )  # fmt: skip
            _answer(claim, message, now)
    except IntegrityError as clash:
        if "inbound_mail_threaded_once_per_message_id" not in str(clash):
            raise
        return _end(row, MailState.IGNORED, MailWhy.DUPLICATE, now)
    row.refresh_from_db()
    return row


def _photos(
    row: InboundMail, told: mail.Mail, claim: Claim, now: datetime
) -> tuple[list[Evidence], list[dict[str, str]]]:
    """Attach every photo that may be; name the others, which the original keeps."""
    kept: list[Evidence] = []
    left_out: list[dict[str, str]] = []
    for place_, one in enumerate(told.attachments):
        if one.is_inline and len(one.content) < mail.TINY:
            continue
        try:
            kept.append(
                evidence.attach(
                    claim=claim, file=ContentFile(one.content, name=one.name), name=one.name,
                    kind="other", upload_key=f"mail-{row.pk}-{place_}", user=claim.shopper,
                    now=now,
                )
            )  # fmt: skip
        except evidence.PhotoRefused as refusal:
            left_out.append({"name": one.name, "code": refusal.code})
    return kept, left_out


def _answer(claim: Claim, message: Message, now: datetime) -> None:
    """Hand a claim back to the desk that waits for exactly this."""
    claim.refresh_from_db()
    if claim.state != ClaimState.NEEDS_INFO:
        return
    try:
        with transaction.atomic():
            conversation.answer(claim=claim, shopper=claim.shopper, now=now)
    except Refusal:
        # Something asked for is still missing; the desk sees the message all the same.
        log.info("claim %s: message %s does not answer everything", claim.ref, message.pk)
