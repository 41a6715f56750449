"""Words between shopper and desk, and notes the shopper never sees."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from claims.models.claim import Claim
from portal.lib.moves import Role


class Message(models.Model):
    """One letter in the conversation of a claim; both sides read it."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    body = models.TextField(_("words"))
    send_key = models.UUIDField(editable=False)
    sent_at = models.DateTimeField(_("sent"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["claim", "send_key"], name="message_once_per_send_key")
        ]

    def __str__(self) -> str:
        return self.body[:60]


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
