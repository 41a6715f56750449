"""Approving by rule: the dated rules, the budgets they spend from, and the switch over all."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims.models import approval_guards, guards
from claims.models.policy import in_force

FIRST_DAY = date(2020, 1, 1)
"""Since when the rules hold that every installation starts with; nobody made those by hand."""


class AutoApprovalRuleQuerySet(models.QuerySet["AutoApprovalRule"]):
    """Questions about automatic approval rules."""

    def in_force(self, on: date) -> AutoApprovalRuleQuerySet:
        """Rules that hold on this day; one that a person made needs another's agreement."""
        return self.filter(in_force(on), Q(made_by=None) | Q(agreed_at__isnull=False))


class AutoApprovalRule(models.Model):
    """
    What may be approved without a person, from a date until another.

    Nothing of it changes but its end: to change a rule, end it and make another, which a second
    person agrees to before it approves anything.
    """

    code = models.CharField(_("rule number"), max_length=20)
    text_en = models.TextField(_("what the shopper reads, in English"))
    text_zh = models.TextField(_("what the shopper reads, in Chinese"))
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    max_minor = models.BigIntegerField(_("approves up to (minor units)"))
    confirm_minor = models.BigIntegerField(
        _("proposes up to (minor units)"),
        null=True,
        blank=True,
        help_text=_("Above its own maximum, up to here, one person confirms with one click."),
    )
    reasons = models.JSONField(_("for the reasons"), default=list)
    risk_below = models.PositiveSmallIntegerField(
        _("risk score below"), default=30, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    first_in_days = models.PositiveSmallIntegerField(
        _("first claim within days"), default=90, help_text=_("0 asks for no such thing.")
    )
    needs_evidence = models.BooleanField(_("every photo is there"), default=True)
    needs_clear_tracking = models.BooleanField(_("the scans fit the report"), default=True)
    countries = models.JSONField(_("only these countries"), default=list, blank=True)
    carriers = models.JSONField(_("only these carriers"), default=list, blank=True)
    disruption = models.ForeignKey(
        "tracking.DisruptionWindow",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("only parcels of this disruption"),
        help_text=_("Such a rule spends from the disruption's own budget too."),
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made"), editable=False)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("agreed by"),
    )
    agreed_at = models.DateTimeField(_("agreed"), null=True, blank=True, editable=False)

    objects = AutoApprovalRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("automatic approval rule")
        verbose_name_plural = _("automatic approval rules")
        permissions = [("agree_autoapprovalrule", _("Can agree to a rule somebody else made"))]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "currency", "valid_from"],
                name="auto_rule_once_per_code_currency_and_day",
            ),
            models.CheckConstraint(condition=Q(max_minor__gt=0), name="auto_rule_pays_something"),
            models.CheckConstraint(
                condition=Q(confirm_minor__isnull=True) | Q(confirm_minor__gt=F("max_minor")),
                name="auto_rule_proposes_more_than_it_approves",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="auto_rule_does_not_end_before_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(risk_below__gte=1) & Q(risk_below__lte=100),
                name="auto_rule_score_is_between_1_and_100",
            ),
            models.CheckConstraint(
                condition=Q(made_by__isnull=False) | Q(valid_from=FIRST_DAY),
                name="auto_rule_says_who_made_it",
            ),
            models.CheckConstraint(
                condition=Q(agreed_at__isnull=True, agreed_by__isnull=True)
                | (
                    Q(agreed_at__isnull=False, agreed_by__isnull=False) & ~Q(agreed_by=F("made_by"))
                ),
                name="auto_rule_is_agreed_by_another_person",
            ),
        ]
        triggers = approval_guards.auto_rule_is_fixed()

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class AutoBudget(models.Model):
    """
    How much may be approved by rule: a day in a currency, or in all for one disruption.

    Dated rows that are only added: a new row holds from its day on, the newest of a day wins.
    """

    currency = models.CharField(_("currency"), max_length=3)
    disruption = models.ForeignKey(
        "tracking.DisruptionWindow",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("disruption"),
        help_text=_("Empty: the budget of every day. Otherwise: in all for this disruption."),
    )
    amount_minor = models.BigIntegerField(_("budget (minor units)"))
    valid_from = models.DateField(_("valid from"))
    reason = models.CharField(_("why"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made"), editable=False)

    class Meta:
        verbose_name = _("automatic budget")
        verbose_name_plural = _("automatic budgets")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="auto_budget_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(made_by__isnull=False) | Q(valid_from=FIRST_DAY),
                name="auto_budget_says_who_made_it",
            ),
        ]
        indexes = [models.Index(fields=["currency", "-valid_from"], name="auto_budget_newest")]
        triggers = [approval_guards.budgets_move_forward(), *guards.append_only("auto_budget")]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount_minor} ({self.valid_from})"


class BudgetCounter(models.Model):
    """
    What has been spent of a budget; only approvals by rule move it, inside the database.

    The row is locked by every approval that spends from it, so that none can pass another.
    """

    currency = models.CharField(_("currency"), max_length=3)
    disruption = models.ForeignKey(
        "tracking.DisruptionWindow",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("disruption"),
    )
    day = models.DateField(_("day"), null=True, blank=True)
    """In UTC; None for a disruption, whose budget is for all of it."""
    limit_minor = models.BigIntegerField(_("budget"))
    spent_minor = models.BigIntegerField(_("spent"), default=0)
    approvals = models.PositiveIntegerField(_("approvals"), default=0)

    class Meta:
        verbose_name = _("spent budget")
        verbose_name_plural = _("spent budgets")
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "disruption", "day"],
                name="budget_counter_once_per_day_or_disruption",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(spent_minor__lte=F("limit_minor")), name="budget_is_never_overspent"
            ),
            models.CheckConstraint(
                condition=Q(spent_minor__gte=0), name="budget_spent_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(day__isnull=True) ^ Q(disruption__isnull=True),
                name="budget_counter_is_of_a_day_or_a_disruption",
            ),
        ]
        triggers = approval_guards.counter_keeps_to_its_budget()

    def __str__(self) -> str:
        return f"{self.currency} {self.spent_minor}/{self.limit_minor}"


class AutoSwitch(models.Model):
    """The one switch over every approval by rule; no row means off."""

    is_on = models.BooleanField(_("on"), default=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    changed_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("switch for automatic approvals")
        verbose_name_plural = _("switch for automatic approvals")
        permissions = [
            ("stop_autoapproval", _("Can stop automatic approvals")),
            ("start_autoapproval", _("Can start automatic approvals again")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="auto_switch_is_the_only_one"),
            models.CheckConstraint(
                condition=Q(changed_by__isnull=True) | ~Q(reason=""),
                name="auto_switch_is_thrown_with_a_reason",
            ),
        ]
        triggers = approval_guards.switch_remembers()

    def __str__(self) -> str:
        return "on" if self.is_on else "off"


class AutoSwitchMove(models.Model):
    """Who threw the switch, when and why; written by the database itself."""

    is_on = models.BooleanField(_("on"))
    reason = models.CharField(_("why"), max_length=300, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    changed_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("throw of the switch")
        verbose_name_plural = _("throws of the switch")
        triggers = guards.append_only("auto_switch_move")

    def __str__(self) -> str:
        return f"{self.changed_at}: {'on' if self.is_on else 'off'}"
