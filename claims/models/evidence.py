"""Photos, and what we ask shoppers to show."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.models import guards
from claims.models.claim import Claim
from claims.states import EvidenceState


class EvidenceRequest(models.Model):
    """Something an agent asked the shopper to send, by a date."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="requests")
    kind = models.SlugField(_("kind"), max_length=24, default="other")
    text = models.TextField(_("what we ask for"))
    wants = models.PositiveSmallIntegerField(
        _("photos wanted"), default=1, db_default=1, help_text=_("How many would answer it.")
    )
    code = models.CharField(
        _("number on the note"), max_length=8, blank=True, default="", db_default=""
    )
    """What a note beside the item must say, so that the photo was taken for this request."""
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    due_at = models.DateTimeField(_("please by"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("evidence request")
        verbose_name_plural = _("evidence requests")
        constraints = [
            models.CheckConstraint(
                condition=Q(wants__gte=1) & Q(wants__lte=6), name="request_wants_one_to_six_photos"
            ),
        ]

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
    phash = models.BigIntegerField(null=True, blank=True, editable=False)
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
            models.Index(fields=["uploaded_by", "received_at"], name="evidence_by_sender"),
        ]
        triggers = [guards.original_is_sealed()]

    def __str__(self) -> str:
        return self.name


class PhotoDetails(models.Model):
    """The details a photo is known by, packed as ``portal.lib.likeness`` reads them."""

    evidence = models.OneToOneField(
        Evidence, on_delete=models.CASCADE, primary_key=True, related_name="details"
    )
    version = models.PositiveSmallIntegerField()
    """Which way of finding them; photos of an older one are looked at again."""
    packed = models.BinaryField()

    class Meta:
        verbose_name = _("details of a photo")
        verbose_name_plural = _("details of photos")

    def __str__(self) -> str:
        return f"{self.evidence_id}"


class PhotoHash(models.Model):
    """
    One 64-bit hash of a photo or of a detail in it, with the three parts it is found by.

    Equality of one part of 20 bits on an index finds it, in the mirror too, for the parts are the
    same there; a hash of which no part is equal is found by another detail of the two photos.
    """

    evidence = models.ForeignKey(
        Evidence, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    bits = models.BigIntegerField()
    part1 = models.IntegerField(default=0, db_default=0)
    part2 = models.IntegerField(default=0, db_default=0)
    part3 = models.IntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("hash of a photo")
        verbose_name_plural = _("hashes of photos")
        indexes = [
            models.Index(fields=["evidence"], name="photohash_by_evidence"),
            *(
                models.Index(
                    fields=[part], include=["bits", "evidence"], name=f"photohash_by_{part}"
                )
                for part in ("part1", "part2", "part3")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id}: {self.bits:x}"


class OriginalOpening(models.Model):
    """Who took an original out of its seal, why, and whether it was as it came."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="openings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"))
    is_sound = models.BooleanField(_("as it came"))
    opened_at = models.DateTimeField(_("opened"))

    class Meta:
        verbose_name = _("opening of an original")
        verbose_name_plural = _("openings of originals")
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="opening_says_why"),
        ]
        triggers = guards.append_only("original_opening")

    def __str__(self) -> str:
        return f"{self.opened_at:%Y-%m-%d %H:%M} {self.evidence_id}"
