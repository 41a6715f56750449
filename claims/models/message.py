"""Words between shopper and desk, and notes the shopper never sees."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims import canned
from claims.models import guards
from claims.models.claim import Claim
from claims.models.evidence import Evidence
from claims.states import ClaimReason
from portal.lib.moves import Role


class Via(models.TextChoices):
    """How a message came."""

    PAGE = "page", _("On the page")
    MAIL = "mail", _("By e-mail")


class Message(models.Model):
    """One letter in the conversation of a claim; both sides read it."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    body = models.TextField(_("words"), blank=True)
    """Empty only where photos came without a word."""
    quoted = models.TextField(_("quoted below"), blank=True, default="", db_default="")
    """What an e-mail repeated of earlier letters: folded away, not lost."""
    via = models.CharField(
        _("came"), max_length=8, choices=Via, default=Via.PAGE, db_default=Via.PAGE
    )
    send_key = models.UUIDField(editable=False)
    sent_at = models.DateTimeField(_("sent"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    """When somebody of the other side first saw it."""

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["claim", "send_key"], name="message_once_per_send_key")
        ]
        indexes = [
            models.Index(
                fields=["claim", "role"], condition=Q(read_at__isnull=True), name="message_unread"
            )
        ]
        triggers = [
            guards.frozen(
                "message_is_never_rewritten",
                "claim_id", "author_id", "role", "body", "quoted", "via", "send_key", "sent_at",
            ),
            *guards.kept("message"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.body[:60]


class MessagePhoto(models.Model):
    """A photo sent with a message; it is evidence like any other."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="photos")
    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="letter")

    class Meta:
        verbose_name = _("photo in a message")
        verbose_name_plural = _("photos in messages")

    def __str__(self) -> str:
        return f"{self.message_id}: {self.evidence_id}"


class ReadMark(models.Model):
    """Until when one person has read the conversation of one claim."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="read_marks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    read_until = models.DateTimeField(_("has read until"))
    """The newest message they have seen was sent then."""
    read_at = models.DateTimeField(_("looked"))

    class Meta:
        verbose_name = _("read mark")
        verbose_name_plural = _("read marks")
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "person"], name="read_mark_once_per_claim_and_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.person_id}"


class CannedReply(models.Model):
    """An answer the desk gives often, in both languages, with places for the claim's facts."""

    title = models.CharField(_("title"), max_length=80, unique=True)
    reason = models.CharField(
        _("for claims that say"),
        max_length=24,
        choices=ClaimReason,
        blank=True,
        help_text=_("Empty means every reason."),
    )
    body_en = models.TextField(_("words in English"), max_length=4000)
    body_zh = models.TextField(_("words in Chinese"), max_length=4000)
    position = models.PositiveSmallIntegerField(_("place"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Refuse a place for a fact that no claim has."""
        troubles: dict[str, list[ValidationError]] = {}
        for name in ("body_en", "body_zh"):
            if found := canned.troubles(getattr(self, name)):
                troubles[name] = [ValidationError(one) for one in found]
        if troubles:
            raise ValidationError(troubles)


class ReplyLine(models.Model):
    """Which letters of a claim may still be answered: older versions lead nowhere."""

    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, related_name="reply_line")
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("reply address")
        verbose_name_plural = _("reply addresses")

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.version}"


class MailState(models.TextChoices):
    """What became of an e-mail that came in."""

    WAITING = "waiting", _("Waiting")
    THREADED = "threaded", _("In the conversation")
    QUARANTINED = "quarantined", _("Waits for a person")
    IGNORED = "ignored", _("Left out")
    DISCARDED = "discarded", _("Put away by hand")


class MailWhy(models.TextChoices):
    """Why an e-mail is not simply in the conversation."""

    MACHINE = "machine", _("A machine sent it")
    BOUNCE = "bounce", _("One of our letters came back")
    DUPLICATE = "duplicate", _("It had come before")
    NO_ADDRESS = "no_address", _("It was not sent to a reply address")
    BAD_ADDRESS = "bad_address", _("The reply address is not one of ours")
    REVOKED = "revoked", _("The reply address has been withdrawn")
    OTHER_SENDER = "other_sender", _("Somebody else sent it than the shopper")
    NOT_AUTHENTIC = "not_authentic", _("Its sender could not be proved")
    UNREADABLE = "unreadable", _("It could not be read")
    EMPTY = "empty", _("There was nothing in it")
    TOO_MANY = "too_many", _("Too many came for one claim")


class InboundMail(models.Model):
    """An e-mail as it came, and what became of it; the row is also its place in the queue."""

    provider = models.SlugField(_("provider"), max_length=40)
    raw = models.BinaryField(editable=False)
    is_json = models.BooleanField(_("sent as JSON"), default=False)
    digest = models.CharField(max_length=64, editable=False)
    """SHA-256 of the bytes: the same bytes are kept once per provider."""
    bytes = models.PositiveIntegerField(_("size in bytes"))
    state = models.CharField(
        _("state"), max_length=12, choices=MailState, default=MailState.WAITING
    )
    why = models.CharField(_("why"), max_length=16, choices=MailWhy, blank=True)
    header_id = models.CharField(_("message id"), max_length=250, blank=True)
    sender = models.CharField(_("from"), max_length=320, blank=True)
    recipient = models.CharField(_("to"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    claim = models.ForeignKey(
        Claim, on_delete=models.PROTECT, null=True, blank=True, related_name="mails"
    )
    message = models.OneToOneField(
        Message, on_delete=models.PROTECT, null=True, blank=True, related_name="mail"
    )
    left_out = models.JSONField(_("attachments left out"), default=list)
    """[{"name", "code"}]: what was no photo, or could not be taken any more."""
    received_at = models.DateTimeField(_("received"))
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handled by"),
    )

    class Meta:
        verbose_name = _("incoming e-mail")
        verbose_name_plural = _("incoming e-mails")
        permissions = [("handle_mail", _("Can place or put away incoming e-mails"))]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "digest"], name="inbound_mail_kept_once_per_provider"
            ),
            models.UniqueConstraint(
                fields=["claim", "header_id"],
                condition=Q(state="threaded") & ~Q(header_id=""),
                name="inbound_mail_threaded_once_per_message_id",
            ),
            models.CheckConstraint(
                condition=~Q(state="threaded")
                | Q(claim__isnull=False, message__isnull=False, handled_at__isnull=False),
                name="inbound_mail_threaded_has_its_message",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["quarantined", "ignored"]) | ~Q(why=""),
                name="inbound_mail_left_out_says_why",
            ),
            models.CheckConstraint(
                condition=Q(handled_at__isnull=True) | Q(handled_at__gte=F("received_at")),
                name="inbound_mail_is_handled_after_it_came",
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_at"], condition=Q(state="waiting"), name="inbound_mail_waiting"
            )
        ]
        triggers = [
            guards.frozen("inbound_mail_is_kept_as_it_came", "raw", "digest", "provider"),
            *guards.kept("inbound_mail"),
        ]

    def __str__(self) -> str:
        return self.subject[:60] or str(self.pk)


class InternalNote(models.Model):
    """A note for staff only; a separate table, so that no query can leak it."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    """None where the house itself remarks something."""
    body = models.TextField(_("note"))
    key = models.CharField(max_length=60, blank=True, default="", db_default="", editable=False)
    """Names what a remark of the house is about, so that it is made once."""
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("internal note")
        verbose_name_plural = _("internal notes")
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "key"],
                condition=~models.Q(key=""),
                name="internal_remark_once_per_claim_and_key",
            ),
            models.CheckConstraint(
                condition=models.Q(author__isnull=False) | ~models.Q(key=""),
                name="internal_note_has_an_author_or_a_key",
            ),
        ]

    def __str__(self) -> str:
        return self.body[:60]
