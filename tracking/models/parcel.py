"""A parcel, what is inside, and the first time it reached each status."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tracking.expecting import Confidence
from tracking.models.carrier import Carrier, Connection
from tracking.models.order import Order, OrderLine
from tracking.states import Handed, ParcelStatus, Party, Reason


def new_token() -> str:
    """Return 128 random bits for an address."""
    return secrets.token_urlsafe(16)


class ParcelQuerySet(models.QuerySet["Parcel"]):
    """Questions about parcels, chainable in any order."""

    def current(self) -> ParcelQuerySet:
        """Parcels whose number is in use now, for carriers recycle numbers."""
        return self.filter(is_current=True)

    def numbered(self, number: str) -> ParcelQuerySet:
        """Current parcels with this number, however it was typed."""
        return self.current().filter(number=normalise(number))


def normalise(number: str) -> str:
    """Return a tracking number without spaces and dashes, in capitals."""
    return (number if number.isalnum() else "".join(filter(str.isalnum, number))).upper()


class Parcel(models.Model):
    """One parcel. ``status`` and what follows it are projected from its sightings, never set."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="parcels")
    carrier = models.ForeignKey(Carrier, on_delete=models.PROTECT, related_name="parcels")
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="parcels", null=True, blank=True
    )
    number = models.CharField(_("tracking number"), max_length=64)
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    link_version = models.PositiveSmallIntegerField(_("link version"), default=1)
    is_current = models.BooleanField(_("number in use"), default=True)
    position = models.PositiveSmallIntegerField(_("place in the order"), default=1)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    promised_at = models.DateTimeField(_("promised"), null=True, blank=True)

    status = models.CharField(
        _("status"), max_length=24, choices=ParcelStatus, default=ParcelStatus.REGISTERED
    )
    reason = models.CharField(_("reason"), max_length=24, choices=Reason, blank=True)
    party = models.CharField(_("party"), max_length=16, choices=Party, blank=True)
    handed = models.CharField(_("handed"), max_length=16, choices=Handed, blank=True)
    leg = models.PositiveSmallIntegerField(_("leg"), default=1)
    is_disputed = models.BooleanField(_("delivery disputed"), default=False)
    status_at = models.DateTimeField(_("status since"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    last_scan_at = models.DateTimeField(_("last scan"), null=True, blank=True)
    signed_by = models.CharField(
        _("signed by"), max_length=80, blank=True, default="", db_default=""
    )
    hinted = models.CharField(
        _("waits for confirmation"),
        max_length=24,
        choices=ParcelStatus,
        blank=True,
        default="",
        db_default="",
    )
    """What an unsealed push says the parcel has come to; a poll must say so too."""
    eta_from = models.DateTimeField(_("expected from"), null=True, blank=True)
    eta_to = models.DateTimeField(_("expected until"), null=True, blank=True)
    eta_at = models.DateTimeField(null=True, blank=True, editable=False)
    """As of when the carrier expected it so; older news does not bring back an older date."""
    own_eta_from = models.DateTimeField(_("we expect it from"), null=True, blank=True)
    own_eta_to = models.DateTimeField(_("we expect it until"), null=True, blank=True)
    own_eta_likely = models.DateTimeField(_("most likely"), null=True, blank=True)
    own_eta_confidence = models.CharField(
        _("confidence"), max_length=8, choices=Confidence, blank=True, default="", db_default=""
    )
    own_eta_at = models.DateTimeField(_("we expect it so since"), null=True, blank=True)
    snapshot_at = models.DateTimeField(null=True, blank=True, editable=False)
    """As of when the newest complete history spoke."""
    snapshot = models.BinaryField(default=b"", editable=False)
    """The fingerprints in it, 16 bytes each; a listed scan that is not among them is withdrawn."""
    revision = models.PositiveIntegerField(default=0, editable=False)
    """Rises whenever anything a journey page shows has changed; the page's ETag."""
    created_at = models.DateTimeField(_("registered"), auto_now_add=True)

    objects = ParcelQuerySet.as_manager()

    class Meta:
        verbose_name = _("parcel")
        verbose_name_plural = _("parcels")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "number"],
                condition=Q(is_current=True),
                name="parcel_number_once_per_connection_at_a_time",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(fields=["order", "position"], name="parcel_once_per_place"),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[0-9A-Z]{4,64}$"), name="parcel_number_is_normalised"
            ),
        ]
        indexes = [
            models.Index(fields=["number"], name="parcel_by_number"),
            # Of what changes here, only our own expectation, and that seldom; scans touch none.
            models.Index(
                fields=["own_eta_to"],
                condition=Q(own_eta_to__isnull=False),
                name="parcel_with_our_expectation",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ParcelNumber(models.Model):
    """Another number a parcel travels under: a second carrier's, or one that staff matched."""

    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="numbers")
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    carrier = models.ForeignKey(Carrier, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("tracking number"), max_length=64)
    matched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("matched by"),
    )
    created_at = models.DateTimeField(_("known since"))

    class Meta:
        verbose_name = _("further number")
        verbose_name_plural = _("further numbers")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "number"], name="further_number_once_per_connection"
            ),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[0-9A-Z]{4,64}$"),
                name="further_number_is_normalised",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ParcelLine(models.Model):
    """So many of an order line inside one parcel."""

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="parcel_lines")
    quantity = models.PositiveIntegerField(_("quantity"))

    class Meta:
        verbose_name = _("item in the parcel")
        verbose_name_plural = _("items in the parcel")
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "order_line"], name="parcel_line_once_per_order_line"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="parcel_line_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line.title} × {self.quantity}"


class ParcelMilestone(models.Model):
    """The first time a leg of a parcel reached a status: what letters are sent once for."""

    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="milestones")
    leg = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=24, choices=ParcelStatus)
    reached_at = models.DateTimeField()
    noticed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "leg", "status"], name="milestone_once_per_leg_and_status"
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} (leg {self.leg})"
