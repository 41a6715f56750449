"""Letters: facts frozen at birth, sent once per cause, with every attempt kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class LetterState(models.TextChoices):
    """How far a letter has come."""

    WAITING = "waiting", _("Waiting")
    SENT = "sent", pgettext_lazy("letter", "Sent")
    DEAD = "dead", _("Given up")
    HELD = "held", _("Not wanted")


class Letter(models.Model):
    """One letter to one person about one cause; the address is frozen when it is written."""

    name = models.CharField(_("letter"), max_length=40)
    cause = models.CharField(_("cause"), max_length=120)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("letter", "to"),
    )
    channel = models.CharField(_("channel"), max_length=12, default="email")
    address = models.CharField(_("address"), max_length=254)
    language = models.CharField(_("language"), max_length=10)
    facts = models.JSONField(_("facts"), default=dict)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    state = models.CharField(
        _("state"), max_length=8, choices=LetterState, default=LetterState.WAITING
    )
    message_id = models.CharField(max_length=120, unique=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    written_at = models.DateTimeField(_("written"))
    sent_at = models.DateTimeField(pgettext_lazy("letter", "sent"), null=True, blank=True)
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        permissions = [("resend_letter", _("Can resend dead letters"))]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "cause", "recipient", "channel"], name="letter_once_per_cause"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state="waiting"), name="letter_waiting_by_due"
            ),
            models.Index(fields=["-written_at"], name="letter_by_written"),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.address}"


class Preference(models.Model):
    """A kind of letter a person does not want."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="letter_preferences"
    )
    kind = models.CharField(_("kind"), max_length=40)
    is_wanted = models.BooleanField(_("wanted"), default=True)

    class Meta:
        verbose_name = _("letter preference")
        verbose_name_plural = _("letter preferences")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind"], name="preference_once_per_person_and_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.is_wanted}"


class Watch(models.Model):
    """Somebody asked to be kept posted about one parcel."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watches"
    )
    parcel_token = models.CharField(max_length=32)
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("watch")
        verbose_name_plural = _("watches")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "parcel_token"], name="watch_once_per_person_and_parcel"
            )
        ]

    def __str__(self) -> str:
        return self.parcel_token
