"""Photos, and what we ask shoppers to show."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.models.claim import Claim
from claims.states import EvidenceState


class EvidenceRequest(models.Model):
    """Something an agent asked the shopper to send, by a date."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="requests")
    kind = models.SlugField(_("kind"), max_length=24, default="other")
    text = models.TextField(_("what we ask for"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    due_at = models.DateTimeField(_("please by"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("evidence request")
        verbose_name_plural = _("evidence requests")

    def __str__(self) -> str:
        return self.text[:60]


class Evidence(models.Model):
    """One photo. The original is private and never served; clean copies carry no metadata."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="evidence")
    request = models.ForeignKey(
        EvidenceRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    token = models.CharField(max_length=32, unique=True, editable=False)
    kind = models.SlugField(_("shows"), max_length=24, default="other")
    name = models.CharField(_("file name"), max_length=160)
    upload_key = models.CharField(max_length=64, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=EvidenceState, default=EvidenceState.RECEIVED
    )
    refusal = models.CharField(_("why refused"), max_length=40, blank=True)
    original = models.CharField(max_length=200, editable=False)
    bytes = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64, editable=False)
    large = models.CharField(max_length=200, blank=True, editable=False)
    small = models.CharField(max_length=200, blank=True, editable=False)
    width = models.PositiveIntegerField(null=True, blank=True, editable=False)
    height = models.PositiveIntegerField(null=True, blank=True, editable=False)
    dhash = models.BigIntegerField(null=True, blank=True, editable=False)
    is_blurred = models.BooleanField(_("a little blurred"), default=False)
    signals = models.JSONField(_("signals"), default=dict, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    received_at = models.DateTimeField(_("received"))
    cleaned_at = models.DateTimeField(_("cleaned"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "upload_key"], name="evidence_once_per_upload_key"
            ),
            models.CheckConstraint(
                condition=~Q(state="clean") | (~Q(large="") & ~Q(small="")),
                name="evidence_clean_has_both_copies",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(refusal=""),
                name="evidence_refused_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="evidence_by_sha256"),
            models.Index(
                fields=["dhash"], condition=Q(dhash__isnull=False), name="evidence_by_dhash"
            ),
        ]

    def __str__(self) -> str:
        return self.name
