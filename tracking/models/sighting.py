"""
A stored scan. What the carrier said is append-only; what we take it to mean may be read anew.

A later snapshot may withdraw a scan. The carrier's own words, code, time and place are never
rewritten; status, reason and their like follow from our tables, and change when those do.
"""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tracking.models.envelope import Envelope
from tracking.models.parcel import Parcel
from tracking.states import Handed, OffsetSource, ParcelStatus, Party, Reason


class Sighting(models.Model):
    """One scan of one parcel as first told; the fingerprint makes repeats vanish."""

    parcel = models.ForeignKey(
        Parcel, on_delete=models.PROTECT, related_name="sightings", db_index=False
    )
    fingerprint = models.BinaryField(max_length=16, editable=False)
    envelope = models.ForeignKey(
        Envelope, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    occurred_at = models.DateTimeField(_("when (UTC)"), null=True, blank=True)
    local_time = models.CharField(_("carrier's clock"), max_length=25, blank=True)
    offset_source = models.CharField(
        _("zone known from"), max_length=8, choices=OffsetSource, default=OffsetSource.UNKNOWN
    )
    status = models.CharField(_("status"), max_length=24, choices=ParcelStatus, blank=True)
    reason = models.CharField(_("reason"), max_length=24, choices=Reason, blank=True)
    party = models.CharField(_("party"), max_length=16, choices=Party, blank=True)
    handed = models.CharField(_("handed"), max_length=16, choices=Handed, blank=True)
    raw_code = models.CharField(_("carrier's code"), max_length=60, blank=True)
    raw_text = models.TextField(_("carrier's words"), blank=True)
    location = models.CharField(_("place"), max_length=160, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    event_id = models.CharField(max_length=80, blank=True)
    sequence = models.IntegerField(default=0)
    leg = models.PositiveSmallIntegerField(default=1)
    is_physical = models.BooleanField(default=True)
    is_inferred = models.BooleanField(_("guessed from words"), default=False)
    is_known = models.BooleanField(_("code known"), default=True, db_default=True)
    is_hint = models.BooleanField(_("not yet confirmed"), default=False, db_default=False)
    """Told only by a push that anyone could have sent; a poll that says the same confirms it."""
    weight = models.IntegerField(default=0, db_default=0, editable=False)
    """How much the reading says (``scans.weight``); a heavier one of the same scan replaces it."""
    is_listed = models.BooleanField(default=False, editable=False)
    """Told only by complete histories, so one that leaves it out withdraws it."""
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("sighting")
        verbose_name_plural = _("sightings")
        constraints = [
            models.UniqueConstraint(fields=["parcel", "fingerprint"], name="sighting_once_per_scan")
        ]
        indexes = [
            models.Index(
                fields=["raw_code"], condition=Q(is_known=False), name="sighting_of_unknown_code"
            )
        ]
        triggers = [pgtrigger.Protect(name="sighting_is_never_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.local_time} {self.raw_text}"
