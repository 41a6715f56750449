"""Domain events and their deliveries: the only queue of record between nouns."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """One thing that happened, written in the transaction that made it happen."""

    name = models.CharField(_("event"), max_length=80, db_index=True)
    payload = models.JSONField(_("facts"), default=dict)
    recorded_at = models.DateTimeField(_("recorded"), db_index=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class DeliveryState(models.TextChoices):
    """How far one reaction to one event has come."""

    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    DEAD = "dead", _("Given up")


class Delivery(models.Model):
    """One event on its way to one reaction, at least once, in no promised order."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    reaction = models.CharField(_("reaction"), max_length=120)
    state = models.CharField(
        _("state"), max_length=10, choices=DeliveryState, default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        permissions = [("replay_delivery", _("Can replay dead deliveries"))]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "reaction"], name="delivery_once_per_event_and_reaction"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state="waiting"), name="delivery_waiting_by_due"
            ),
            models.Index(
                fields=["-due_at"], condition=Q(state="dead"), name="delivery_dead_by_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event.name} → {self.reaction}"
