"""Codes no table of ours has: seen where, how often, and what staff say they mean."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tracking.models.carrier import Carrier
from tracking.states import Handed, ParcelStatus, Party, Reason


class CarrierCode(models.Model):
    """A carrier's code that the shipped tables lack, and its meaning once staff gave it one."""

    adapter = models.CharField(_("adapter"), max_length=40)
    code = models.CharField(_("carrier's code"), max_length=60)
    words = models.TextField(_("carrier's words"), blank=True)
    seen = models.PositiveIntegerField(_("times seen"), default=0)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    status = models.CharField(_("status"), max_length=24, choices=ParcelStatus, blank=True)
    reason = models.CharField(_("reason"), max_length=24, choices=Reason, blank=True)
    party = models.CharField(_("party"), max_length=16, choices=Party, blank=True)
    handed = models.CharField(_("handed"), max_length=16, choices=Handed, blank=True)
    mapped_at = models.DateTimeField(_("mapped"), null=True, blank=True)
    """None until somebody said what it means; an empty status then means that it moves nothing."""
    mapped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("mapped by"),
    )

    class Meta:
        verbose_name = _("unknown code")
        verbose_name_plural = _("unknown codes")
        constraints = [
            models.UniqueConstraint(
                fields=["adapter", "code"], name="carrier_code_once_per_adapter"
            ),
            models.CheckConstraint(
                condition=Q(mapped_at__isnull=False) | Q(status="", reason="", party="", handed=""),
                name="carrier_code_means_nothing_until_mapped",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.adapter}: {self.code}"


class Recognition(models.Model):
    """What staff said about numbers of one shape: so often this carrier."""

    shape = models.CharField(_("shape of the number"), max_length=40)
    carrier = models.ForeignKey(
        Carrier, on_delete=models.CASCADE, related_name="+", verbose_name=_("carrier")
    )
    count = models.PositiveIntegerField(_("times corrected"), default=0)
    last_at = models.DateTimeField(_("last corrected"))

    class Meta:
        verbose_name = _("learnt number shape")
        verbose_name_plural = _("learnt number shapes")
        constraints = [
            models.UniqueConstraint(
                fields=["shape", "carrier"], name="recognition_once_per_shape_and_carrier"
            )
        ]

    def __str__(self) -> str:
        return f"{self.shape}: {self.carrier_id}"
