"""Policies are dated data: what a reason needs, by when, and whose yes is enough."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims.models import guards
from claims.states import ClaimReason


def in_force(on: date) -> Q:
    """Return the condition that a dated row holds on this day."""
    return Q(valid_from__lte=on) & (Q(valid_until__isnull=True) | Q(valid_until__gt=on))


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
    window_days = models.PositiveSmallIntegerField(_("days to report"), default=30)
    wait_days = models.PositiveSmallIntegerField(
        _("silent days first"),
        default=0,
        help_text=_("Days without a scan before a parcel may be reported as not come."),
    )
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
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.get_reason_display()}"


class EvidenceAsk(models.Model):
    """One kind of photo a reason asks for."""

    policy = models.ForeignKey(ReasonPolicy, on_delete=models.PROTECT, related_name="asks")
    kind = models.SlugField(_("kind"), max_length=24)
    title_en = models.CharField(_("title in English"), max_length=80)
    title_zh = models.CharField(_("title in Chinese"), max_length=80)
    hint_en = models.CharField(_("hint in English"), max_length=200)
    hint_zh = models.CharField(_("hint in Chinese"), max_length=200)
    sketch = models.CharField(_("sketch"), max_length=24, default="item")
    minimum = models.PositiveSmallIntegerField(_("photos needed"), default=1)
    position = models.PositiveSmallIntegerField(_("place"), default=0)

    class Meta:
        verbose_name = _("photo asked for")
        verbose_name_plural = _("photos asked for")
        constraints = [
            models.UniqueConstraint(fields=["policy", "kind"], name="evidence_ask_once_per_kind")
        ]

    def __str__(self) -> str:
        return self.title_en

    @property
    def is_optional(self) -> bool:
        """Whether the claim may be sent without this photo."""
        return self.minimum == 0


class ApprovalLimit(models.Model):
    """Up to which sum one person's yes is enough, per currency, from a date."""

    currency = models.CharField(_("currency"), max_length=3)
    single_minor = models.BigIntegerField(_("one person may approve up to (minor units)"))
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
        ]
        triggers = [guards.limits_move_forward(), *guards.append_only("approval_limit")]

    def __str__(self) -> str:
        return f"{self.currency} {self.single_minor} ({self.valid_from})"
