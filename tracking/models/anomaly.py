"""Trouble on one parcel: opened by a rule, cleared by news, with its evidence."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tracking.models.parcel import Parcel
from tracking.states import Party


class AnomalyKind(models.TextChoices):
    """The kinds of trouble Amends notices today; the later ones join this list."""

    DAMAGED = "damaged", _("Damaged on the way")
    LOST = "lost", _("Lost")
    REFUSED = "refused", _("Refused")
    RETURNED = "returned", _("Returned")
    DELIVERED_DISPUTED = "delivered_disputed", _("Delivery disputed")
    CONFLICTING_EVENTS = "conflicting_events", _("Conflicting news")


class Anomaly(models.Model):
    """One episode of one kind of trouble on one parcel."""

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="anomalies")
    kind = models.CharField(_("kind"), max_length=24, choices=AnomalyKind)
    party = models.CharField(_("party"), max_length=16, choices=Party, default=Party.UNKNOWN)
    severity = models.PositiveSmallIntegerField(_("severity"), default=3)
    evidence = models.JSONField(_("evidence"), default=dict)
    opened_at = models.DateTimeField(_("opened"))
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)

    class Meta:
        verbose_name = _("anomaly")
        verbose_name_plural = _("anomalies")
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "kind"],
                condition=Q(cleared_at__isnull=True),
                name="anomaly_open_once_per_parcel_and_kind",
            ),
            models.CheckConstraint(
                condition=Q(severity__gte=1) & Q(severity__lte=4),
                name="anomaly_severity_is_one_to_four",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.parcel_id}"
