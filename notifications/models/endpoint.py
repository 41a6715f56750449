"""Endpoints: where the merchant's systems hear what happened, one row per message to each."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class WhyOff(models.TextChoices):
    """Why an endpoint gets nothing any more."""

    STAFF = "staff", _("Switched off by hand")
    GONE = "gone", _("Its server answered 410 Gone")
    FAILING = "failing", _("It failed for five days")
    REMOVED = "removed", _("Removed")


def new_ref() -> str:
    """Return a name for an endpoint that says nothing about how many there are."""
    return f"we_{secrets.token_hex(12)}"


class Endpoint(models.Model):
    """
    An address of the merchant's that hears of some kinds of event, each message sealed.

    Both secrets are sealed in turn by ``portal.lib.sealing``; while ``former_until`` is to come
    each message carries a signature with either, so that a rotation loses nothing.
    """

    ref = models.CharField(_("id"), max_length=40, unique=True, default=new_ref, editable=False)
    url = models.CharField(_("address"), max_length=500)
    description = models.CharField(_("description"), max_length=120, blank=True)
    events = ArrayField(models.CharField(max_length=40), verbose_name=_("events"), default=list)
    secret = models.BinaryField(editable=False)
    former_secret = models.BinaryField(default=b"", editable=False)
    former_until = models.DateTimeField(
        _("old secret good until"), null=True, blank=True, editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    disabled_at = models.DateTimeField(_("switched off"), null=True, blank=True, editable=False)
    disabled_reason = models.CharField(
        _("why switched off"), max_length=10, choices=WhyOff, blank=True, editable=False
    )
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    silences = models.PositiveSmallIntegerField(default=0, editable=False)
    """Calls in a row that nobody answered."""
    rest_until = models.DateTimeField(_("left alone until"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("made"), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
        editable=False,
    )
    created_with = models.ForeignKey(
        "accounts.ApiToken",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made with token"),
        editable=False,
    )

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = [
            models.UniqueConstraint(
                fields=["url"],
                condition=~Q(disabled_reason="removed"),
                name="endpoint_one_per_address",
            ),
            models.CheckConstraint(
                condition=Q(disabled_reason="removed") | ~Q(secret=b""),
                name="endpoint_has_a_secret",
            ),
            models.CheckConstraint(
                condition=Q(is_active=True, disabled_reason="")
                | (Q(is_active=False) & ~Q(disabled_reason="")),
                name="endpoint_off_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.url


class DispatchState(models.TextChoices):
    """How far a message to an endpoint has come."""

    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", pgettext_lazy("message", "Delivered")
    DEAD = "dead", _("Given up")


class Dispatch(models.Model):
    """One message on its way to one endpoint; its id and its bytes never change."""

    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.PROTECT, related_name="dispatches", verbose_name=_("webhook")
    )
    message_id = models.CharField(_("message id"), max_length=40)
    type = models.CharField(_("event"), max_length=40)
    body = models.TextField(_("message"))
    state = models.CharField(
        _("state"), max_length=10, choices=DispatchState, default=DispatchState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    status = models.PositiveSmallIntegerField(_("last status"), null=True, blank=True)
    error = models.CharField(_("last error"), max_length=300, blank=True)
    written_at = models.DateTimeField(_("written"))
    delivered_at = models.DateTimeField(
        pgettext_lazy("message", "delivered"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("webhook message")
        verbose_name_plural = _("webhook messages")
        permissions = [("replay_dispatch", _("Can send dead webhook messages again"))]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "message_id"], name="dispatch_once_per_event_and_endpoint"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state="waiting"), name="dispatch_waiting_by_due"
            ),
            models.Index(
                fields=["-due_at"], condition=Q(state="dead"), name="dispatch_dead_by_due"
            ),
            models.Index(fields=["-written_at"], name="dispatch_by_written"),
        ]

    def __str__(self) -> str:
        return f"{self.type} → {self.endpoint}"
