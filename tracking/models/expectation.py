"""When parcels should arrive: how long earlier ones took, and who expected this one when."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tracking.expecting import Confidence, EtaSource, Stage
from tracking.models.parcel import Parcel
from tracking.routes import Level


class TransitStat(models.Model):
    """How long one group of like parcels took from one stage on."""

    stage = models.CharField(_("from"), max_length=12, choices=Stage)
    level = models.CharField(_("group"), max_length=12, choices=Level)
    key = models.CharField(_("which"), max_length=120, blank=True)
    histogram = models.JSONField(_("histogram"), default=dict)
    """Bucket of working hours -> summed weight; see ``tracking.expecting``."""
    count = models.PositiveIntegerField(_("parcels learnt from"), default=0)
    updated_at = models.DateTimeField(_("last learnt"))

    class Meta:
        verbose_name = _("transit time")
        verbose_name_plural = _("transit times")
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "level", "key"], name="transit_stat_once_per_stage_and_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stage}: {self.level} {self.key}".rstrip()


class FinishedJourney(models.Model):
    """
    A delivery that waits to be learnt from, or has been.

    It is learnt from once, a day after it, if it still stands then.
    """

    parcel = models.OneToOneField(
        Parcel, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    starts = models.JSONField(_("stages"))
    """Stage -> when the parcel came to it."""
    arrived_at = models.DateTimeField(_("arrived"))
    settled_at = models.DateTimeField(_("judged"), null=True, blank=True)
    is_learnt = models.BooleanField(_("learnt from"), default=False)

    class Meta:
        verbose_name = _("finished journey")
        verbose_name_plural = _("finished journeys")
        constraints = [
            models.CheckConstraint(
                condition=Q(is_learnt=False) | Q(settled_at__isnull=False),
                name="finished_journey_is_judged_before_learnt_from",
            )
        ]
        indexes = [
            models.Index(
                fields=["arrived_at"],
                condition=Q(settled_at__isnull=True),
                name="finished_journey_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.parcel_id}"


class EtaRevision(models.Model):
    """One change of one expectation: who, from when until when, how sure and why."""

    parcel = models.ForeignKey(
        Parcel, on_delete=models.PROTECT, related_name="eta_revisions", db_index=False
    )
    source = models.CharField(_("who expects"), max_length=12, choices=EtaSource)
    eta_from = models.DateTimeField(_("from"))
    eta_to = models.DateTimeField(_("until"))
    likely = models.DateTimeField(_("most likely"), null=True, blank=True)
    confidence = models.CharField(
        _("confidence"), max_length=8, choices=Confidence, blank=True, default=""
    )
    stage = models.CharField(_("seen from"), max_length=12, choices=Stage, blank=True, default="")
    level = models.CharField(_("group"), max_length=12, choices=Level, blank=True, default="")
    key = models.CharField(_("which"), max_length=120, blank=True, default="")
    """Of the narrowest group that had seen enough parcels."""
    weight = models.FloatField(_("parcels it rests on"), default=0)
    seen_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("expectation")
        verbose_name_plural = _("expectations")
        constraints = [
            models.CheckConstraint(
                condition=Q(eta_to__gte=F("eta_from")), name="eta_revision_ends_after_it_begins"
            )
        ]
        indexes = [models.Index(fields=["parcel", "source", "-id"], name="eta_revision_newest")]
        triggers = [
            pgtrigger.Protect(
                name="eta_revision_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.eta_from:%Y-%m-%d} – {self.eta_to:%Y-%m-%d}"
