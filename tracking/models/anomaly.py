"""Trouble with a parcel or an order: opened by a rule, cleared by news, with its evidence."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tracking.models.carrier import Carrier
from tracking.models.order import Order
from tracking.models.parcel import Parcel
from tracking.states import Anchor, AnomalyKind, Lane, Party, Unit

SEVERITIES = [(1, "I"), (2, "II"), (3, "III"), (4, "IV")]
"""Severity I is worst."""


class ClearedBy(models.TextChoices):
    """What ended an episode."""

    NEWS = "news", _("News of the carrier")
    RULE = "rule", _("The rule no longer holds")
    MERCHANT = "merchant", _("The merchant's system")
    HAND = "hand", _("By hand")


class Anomaly(models.Model):
    """One episode of one kind of trouble with one parcel, or with one order."""

    parcel = models.ForeignKey(
        Parcel, on_delete=models.PROTECT, related_name="anomalies", null=True, blank=True
    )
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="anomalies", null=True, blank=True
    )
    """Only where it is about the order and not about one of its parcels."""
    kind = models.CharField(_("kind"), max_length=24, choices=AnomalyKind)
    party = models.CharField(_("party"), max_length=16, choices=Party, default=Party.UNKNOWN)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=SEVERITIES, default=3)
    level = models.PositiveSmallIntegerField(_("level"), default=1, db_default=1)
    lane = models.CharField(
        _("lane"), max_length=12, choices=Lane, blank=True, default="", db_default=""
    )
    episode = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    """What it is counted from; on an order, the merchant's own reference."""
    evidence = models.JSONField(_("evidence"), default=dict)
    since = models.DateTimeField(_("counted from"), null=True, blank=True)
    next_at = models.DateTimeField(_("next step"), null=True, blank=True)
    """When it comes to the next level, or the parcel is taken for lost."""
    lost_at = models.DateTimeField(_("taken for lost"), null=True, blank=True)
    """When the parcel is taken for lost if nothing is heard of it."""
    is_public = models.BooleanField(_("shown to the shopper"), default=False, db_default=False)
    opened_at = models.DateTimeField(_("opened"))
    escalated_at = models.DateTimeField(_("escalated"), null=True, blank=True)
    told_at = models.DateTimeField(_("shopper told"), null=True, blank=True)
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    cleared_by = models.CharField(
        _("cleared by"), max_length=8, choices=ClearedBy, blank=True, default="", db_default=""
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("handled by"),
    )
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("resolved by"),
    )
    note = models.TextField(_("note"), blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("anomaly")
        verbose_name_plural = _("anomalies")
        permissions = [("handle_anomaly", _("Can take and resolve anomalies"))]
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "kind"],
                condition=Q(cleared_at__isnull=True),
                name="anomaly_open_once_per_parcel_and_kind",
            ),
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(cleared_at__isnull=True, order__isnull=False),
                name="anomaly_open_once_per_order_and_kind",
            ),
            models.UniqueConstraint(
                fields=["order", "kind", "episode"],
                condition=Q(order__isnull=False) & ~Q(episode=""),
                name="anomaly_once_per_order_kind_and_reference",
            ),
            models.CheckConstraint(
                condition=Q(severity__gte=1) & Q(severity__lte=4),
                name="anomaly_severity_is_one_to_four",
            ),
            models.CheckConstraint(
                condition=Q(parcel__isnull=True, order__isnull=False)
                | Q(parcel__isnull=False, order__isnull=True),
                name="anomaly_is_about_a_parcel_or_about_an_order",
            ),
            models.CheckConstraint(
                condition=Q(resolved_by__isnull=True) | Q(cleared_at__isnull=False),
                name="anomaly_resolved_by_hand_is_cleared",
            ),
            models.CheckConstraint(
                condition=Q(cleared_by="") | Q(cleared_at__isnull=False),
                name="anomaly_that_something_cleared_is_cleared",
            ),
        ]
        indexes = [
            models.Index(
                fields=["severity", "opened_at"],
                condition=Q(cleared_at__isnull=True),
                name="anomaly_open_by_severity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.parcel_id or self.order_id}"


class Threshold(models.Model):
    """When a kind of trouble comes to a level; the most particular row for a step speaks."""

    kind = models.CharField(_("kind"), max_length=24, choices=AnomalyKind)
    lane = models.CharField(
        _("lane"), max_length=12, choices=Lane, blank=True, help_text=_("Empty means every lane.")
    )
    carrier = models.ForeignKey(
        Carrier,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("carrier"),
        help_text=_("Empty means every carrier."),
    )
    level = models.PositiveSmallIntegerField(
        _("level"), default=1, validators=[MinValueValidator(1), MaxValueValidator(9)]
    )
    anchor = models.CharField(_("counted from"), max_length=12, choices=Anchor)
    amount = models.PositiveSmallIntegerField(_("amount"))
    unit = models.CharField(_("unit"), max_length=16, choices=Unit, default=Unit.BUSINESS_DAYS)
    quiet_days = models.PositiveSmallIntegerField(
        _("and without a scan for"),
        default=0,
        help_text=_("Working days; 0 asks for nothing more."),
    )
    severity = models.PositiveSmallIntegerField(_("severity"), choices=SEVERITIES, default=3)
    tells_shopper = models.BooleanField(_("tell the shopper"), default=False)
    asks_carrier = models.BooleanField(
        _("ask the carrier"),
        default=False,
        help_text=_("Says that it is time to open an inquiry with the carrier; it moves no money."),
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("An inactive row for a lane or carrier switches the general one off there."),
    )

    class Meta:
        verbose_name = _("threshold")
        verbose_name_plural = _("thresholds")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "lane", "carrier", "anchor", "level"],
                nulls_distinct=False,
                name="threshold_once_per_step",
            ),
            models.CheckConstraint(
                condition=Q(severity__gte=1) & Q(severity__lte=4),
                name="threshold_severity_is_one_to_four",
            ),
            models.CheckConstraint(
                condition=Q(level__gte=1) & Q(level__lte=9), name="threshold_level_is_one_to_nine"
            ),
            models.CheckConstraint(
                condition=Q(unit="count", anchor="attempts")
                | (~Q(unit="count") & ~Q(anchor="attempts")),
                name="threshold_counts_attempts_and_nothing_else",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.level}: {self.amount} {self.unit}"


class DisruptionWindow(models.Model):
    """A time in which nobody can expect a carrier to move: clocks stand still in it."""

    carrier = models.ForeignKey(
        Carrier,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("carrier"),
        help_text=_("Empty means every carrier."),
    )
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("Two letters, such as CN.")
    )
    region = models.CharField(
        _("place"),
        max_length=80,
        blank=True,
        help_text=_("As it reads in scans or addresses, such as Ningbo; empty means everywhere."),
    )
    begins_at = models.DateTimeField(pgettext_lazy("disruption", "from"))
    ends_at = models.DateTimeField(
        pgettext_lazy("disruption", "until"),
        null=True,
        blank=True,
        help_text=_("Empty until somebody knows."),
    )
    reason = models.CharField(_("reason"), max_length=200)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("declared by"),
    )

    class Meta:
        verbose_name = _("disruption")
        verbose_name_plural = _("disruptions")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")),
                name="disruption_ends_after_it_begins",
            )
        ]

    def __str__(self) -> str:
        return self.reason


class ParcelCheck(models.Model):
    """When to look again at a parcel that is under way; gone once its journey is over."""

    parcel = models.OneToOneField(
        Parcel, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    check_at = models.DateTimeField(db_index=True)
    lane = models.CharField(max_length=12, choices=Lane, blank=True, default="", db_default="")
    """Empty until a scan or an address tells."""

    class Meta:
        verbose_name = _("parcel under watch")
        verbose_name_plural = _("parcels under watch")

    def __str__(self) -> str:
        return f"{self.parcel_id}: {self.check_at}"


class OrderCheck(models.Model):
    """When to look again at an order that has not been sent, or has a trouble of its own."""

    order = models.OneToOneField(
        Order, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    check_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("order under watch")
        verbose_name_plural = _("orders under watch")

    def __str__(self) -> str:
        return f"{self.order_id}: {self.check_at}"
