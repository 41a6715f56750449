"""Policies are dated data: what a reason needs, by when, and whose yes is enough."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from claims.models import guards, policy_guards
from claims.states import AskMedium, ClaimReason, Liable, WindowAnchor, WindowUnit, Wish


def in_force(on: date) -> Q:
    """Return the condition that a dated row holds on this day."""
    return Q(valid_from__lte=on) & (Q(valid_until__isnull=True) | Q(valid_until__gt=on))


def just_refund() -> list[str]:
    """Return what every reason may be put right by."""
    return [Wish.REFUND.value]


class ReasonPolicyQuerySet(models.QuerySet["ReasonPolicy"]):
    """Questions about reason policies."""

    def in_force(self, *, reason: str, on: date) -> ReasonPolicyQuerySet:
        """Rows that hold for this reason on this day; there is at most one."""
        return self.filter(in_force(on), reason=reason)


class ReasonPolicy(models.Model):
    """What one reason for a claim asks for and allows, from a date until another."""

    reason = models.CharField(_("reason"), max_length=24, choices=ClaimReason)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    code = models.CharField(_("rule number"), max_length=20)
    text_en = models.TextField(_("rule in English"))
    text_zh = models.TextField(_("rule in Chinese"))
    earliest_anchor = models.CharField(
        _("opens counted from"),
        max_length=16,
        choices=WindowAnchor,
        default=WindowAnchor.DELIVERED,
        db_default=WindowAnchor.DELIVERED,
    )
    earliest_amount = models.PositiveSmallIntegerField(_("opens after"), default=0, db_default=0)
    earliest_abroad = models.PositiveSmallIntegerField(
        _("opens after, from abroad"),
        null=True,
        blank=True,
        help_text=_("For parcels that cross a border; empty means the same."),
    )
    earliest_unit = models.CharField(
        _("counted in"),
        max_length=12,
        choices=WindowUnit,
        default=WindowUnit.DAYS,
        db_default=WindowUnit.DAYS,
    )
    sooner_anchor = models.CharField(
        _("or sooner, counted from"),
        max_length=16,
        choices=WindowAnchor,
        blank=True,
        default="",
        db_default="",
        help_text=_("A second way to open; whichever comes first counts."),
    )
    sooner_amount = models.PositiveSmallIntegerField(_("or after"), default=0, db_default=0)
    sooner_unit = models.CharField(
        _("or counted in"),
        max_length=12,
        choices=WindowUnit,
        default=WindowUnit.HOURS,
        db_default=WindowUnit.HOURS,
    )
    latest_anchor = models.CharField(
        _("closes counted from"),
        max_length=16,
        choices=WindowAnchor,
        default=WindowAnchor.DELIVERED,
        db_default=WindowAnchor.DELIVERED,
    )
    latest_amount = models.PositiveSmallIntegerField(_("closes after"), default=30, db_default=30)
    latest_abroad = models.PositiveSmallIntegerField(
        _("closes after, from abroad"),
        null=True,
        blank=True,
        help_text=_("For parcels that cross a border; empty means the same."),
    )
    latest_unit = models.CharField(
        _("closes counted in"),
        max_length=12,
        choices=WindowUnit,
        default=WindowUnit.DAYS,
        db_default=WindowUnit.DAYS,
    )
    long_stop_amount = models.PositiveSmallIntegerField(
        _("hard stop after"),
        null=True,
        blank=True,
        help_text=_("Counted from the same fact; after it not even the desk files one."),
    )
    long_stop_unit = models.CharField(
        _("hard stop counted in"),
        max_length=12,
        choices=WindowUnit,
        default=WindowUnit.DAYS,
        db_default=WindowUnit.DAYS,
    )
    takes_late = models.BooleanField(
        _("takes late reports"),
        default=False,
        db_default=False,
        help_text=_("Shoppers may still report between the end and the hard stop; a person looks."),
    )
    country = models.CharField(
        _("holidays of"),
        max_length=2,
        blank=True,
        default="",
        db_default="",
        help_text=_("Two letters; empty means where the parcel goes."),
    )
    zone = models.CharField(
        _("days of"),
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text=_("A time zone such as Asia/Shanghai; empty means where the parcel goes."),
    )
    resolutions = models.JSONField(
        _("puts right by"), default=just_refund, db_default=Value(["refund"], models.JSONField())
    )
    """Wishes on offer, the usual one first."""
    liable = models.CharField(
        _("liable until found otherwise"),
        max_length=10,
        choices=Liable,
        default=Liable.CARRIER,
        db_default=Liable.CARRIER,
    )
    return_above = models.JSONField(
        _("wanted back above"),
        null=True,
        blank=True,
        help_text=_("Such as “USD 100, CNY 700”; empty means never."),
    )
    """{currency: minor units}; a currency that is not named is never asked back."""
    decide_days = models.PositiveSmallIntegerField(_("days to decide"), default=3)
    answer_days = models.PositiveSmallIntegerField(_("days the shopper has to answer"), default=7)
    refunds_delivery_fee = models.BooleanField(_("gives the delivery fee back"), default=True)

    objects = ReasonPolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("reason policy")
        verbose_name_plural = _("reason policies")
        constraints = [
            models.UniqueConstraint(
                fields=["reason", "valid_from"], name="reason_policy_once_per_day"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="reason_policy_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(takes_late=False) | Q(long_stop_amount__isnull=False),
                name="reason_policy_takes_late_reports_until_a_hard_stop",
            ),
            models.CheckConstraint(
                condition=~Q(earliest_anchor__in=["opened", "never"])
                & ~Q(sooner_anchor__in=["opened", "never"]),
                name="reason_policy_opens_with_something_that_happens",
            ),
        ]
        triggers = [policy_guards.policy_is_frozen_once_used()]

    def __str__(self) -> str:
        return f"{self.code} {self.get_reason_display()}"


class EvidenceAsk(models.Model):
    """One thing a reason asks to see: a photo, or a statement the shopper signs."""

    policy = models.ForeignKey(ReasonPolicy, on_delete=models.PROTECT, related_name="asks")
    kind = models.SlugField(_("kind"), max_length=24)
    title_en = models.CharField(_("title in English"), max_length=80)
    title_zh = models.CharField(_("title in Chinese"), max_length=80)
    hint_en = models.CharField(_("hint in English"), max_length=200)
    hint_zh = models.CharField(_("hint in Chinese"), max_length=200)
    sketch = models.CharField(_("sketch"), max_length=24, default="item")
    medium = models.CharField(
        _("given as"),
        max_length=12,
        choices=AskMedium,
        default=AskMedium.PHOTO,
        db_default=AskMedium.PHOTO,
    )
    minimum = models.PositiveSmallIntegerField(
        _("needed"), default=1, help_text=_("How many; 0 means that it is welcome, not needed.")
    )
    above = models.JSONField(
        _("only above"),
        null=True,
        blank=True,
        help_text=_("Such as “USD 100, CNY 700”; empty means whatever it is worth."),
    )
    """{currency: minor units}: needed only for more; a currency that is not named, never."""
    only_if = models.CharField(
        _("only if"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text=_("An answer, such as “why=damaged”; empty means always."),
    )
    position = models.PositiveSmallIntegerField(_("place"), default=0)

    class Meta:
        verbose_name = _("photo asked for")
        verbose_name_plural = _("photos asked for")
        constraints = [
            models.UniqueConstraint(fields=["policy", "kind"], name="evidence_ask_once_per_kind")
        ]
        triggers = [policy_guards.ask_is_frozen_once_used()]

    def __str__(self) -> str:
        return self.title_en

    @property
    def is_optional(self) -> bool:
        """Whether the claim may be sent without this photo."""
        return self.minimum == 0


class ApprovalLimit(models.Model):
    """Up to which sum one person's yes is enough, and two people's, per currency, from a date."""

    currency = models.CharField(_("currency"), max_length=3)
    single_minor = models.BigIntegerField(_("one person may approve up to (minor units)"))
    double_minor = models.BigIntegerField(
        _("two people may approve up to (minor units)"),
        null=True,
        blank=True,
        help_text=_("Above it finance has to agree too. Empty: two people are enough."),
    )
    valid_from = models.DateField(_("valid from"))

    class Meta:
        verbose_name = _("approval limit")
        verbose_name_plural = _("approval limits")
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "valid_from"], name="approval_limit_once_per_currency_and_day"
            ),
            models.CheckConstraint(
                condition=Q(single_minor__gte=0), name="approval_limit_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(double_minor__isnull=True) | Q(double_minor__gte=F("single_minor")),
                name="approval_limit_of_two_is_above_that_of_one",
            ),
        ]
        triggers = [guards.limits_move_forward(), *guards.append_only("approval_limit")]

    def __str__(self) -> str:
        return f"{self.currency} {self.single_minor} ({self.valid_from})"
