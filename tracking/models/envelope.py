"""A carrier's message as it arrived. The rows themselves are the queue."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tracking.models.carrier import Connection
from tracking.states import EnvelopeSource, EnvelopeState


class Envelope(models.Model):
    """Raw bytes first, meaning later: any envelope can be read again at any time."""

    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="envelopes", db_index=False
    )
    digest = models.BinaryField(max_length=32, editable=False)
    source = models.CharField(
        _("source"), max_length=8, choices=EnvelopeSource, default=EnvelopeSource.PUSH
    )
    body = models.BinaryField(editable=False)
    headers = models.JSONField(_("headers"), default=dict)
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(
        _("state"), max_length=12, choices=EnvelopeState, default=EnvelopeState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    error = models.TextField(_("trouble"), blank=True)
    numbers = ArrayField(
        models.CharField(max_length=64), verbose_name=_("unknown numbers"), default=list, blank=True
    )
    """Numbers in it that are nobody's parcel; registering one opens the envelope again."""

    class Meta:
        verbose_name = _("envelope")
        verbose_name_plural = _("envelopes")
        permissions = [("replay_envelope", _("May open envelopes again"))]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "digest"], name="envelope_once_per_connection_and_body"
            )
        ]
        indexes = [
            models.Index(
                fields=["attempts", "id"], condition=Q(state="waiting"), name="envelope_waiting"
            ),
            models.Index(
                fields=["-received_at"],
                condition=Q(state__in=["quarantined", "dead"]),
                name="envelope_in_trouble",
            ),
            GinIndex(
                fields=["numbers"], condition=~Q(numbers=[]), name="envelope_by_unknown_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}/{self.pk}"
