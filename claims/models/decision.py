"""What a claim is worth and who said yes to it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims.models import guards
from claims.models.claim import Claim
from claims.models.policy import ApprovalLimit, ReasonPolicy


class Assessment(models.Model):
    """An immutable reckoning of one claim; a new look makes a new row."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="assessments")
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    policy = models.ForeignKey(ReasonPolicy, on_delete=models.PROTECT, related_name="+")
    lines = models.JSONField(_("lines"))
    """[{"key", "title", "quantity", "each_minor", "amount_minor", "note_en", "note_zh"}]"""
    amount_minor = models.BigIntegerField(_("sum"))
    currency = models.CharField(_("currency"), max_length=3)
    rule = models.CharField(_("rule number"), max_length=20)
    text_en = models.TextField(_("reasons in English"))
    text_zh = models.TextField(_("reasons in Chinese"))
    inputs = models.JSONField(_("inputs"), default=dict)
    digest = models.CharField(max_length=64, editable=False)
    """SHA-256 over everything above; an approval's digest covers it."""
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "number"], name="assessment_numbers_are_unique"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="assessment_is_not_negative"
            ),
        ]
        triggers = guards.append_only("assessment")

    def __str__(self) -> str:
        return f"{self.claim_id}/{self.number}"


class Approval(models.Model):
    """
    One proposal to pay, and the yes of one or two people.

    ``digest`` binds sum, currency, instrument, payee and assessment: change any and the yes is
    void. The checks hold whoever writes the row: service, admin, shell or SQL.
    """

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="approvals")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="approvals")
    amount_minor = models.BigIntegerField(_("sum"))
    currency = models.CharField(_("currency"), max_length=3)
    instrument = models.CharField(_("paid to"), max_length=80)
    payee = models.CharField(_("payment reference"), max_length=120)
    digest = models.CharField(max_length=64, editable=False)
    limit = models.ForeignKey(ApprovalLimit, on_delete=models.PROTECT, related_name="+")
    limit_minor = models.BigIntegerField(_("one person's limit"))
    claimant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("first yes"),
    )
    reviewed_at = models.DateTimeField(_("proposed"))
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("second yes"),
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True)
    spent_at = models.DateTimeField(_("paid"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True)
                | Q(amount_minor__lte=F("limit_minor"))
                | Q(approver__isnull=False),
                name="approval_above_the_limit_needs_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approver__isnull=True) | ~Q(approver=F("reviewer")),
                name="approval_needs_four_eyes_not_two_twice",
            ),
            models.CheckConstraint(
                condition=~Q(reviewer=F("claimant"))
                & (Q(approver__isnull=True) | ~Q(approver=F("claimant"))),
                name="approval_is_never_by_the_claimant",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="approval_pays_something"),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(voided_at__isnull=True, spent_at__isnull=True),
                name="approval_one_live_per_claim",
            ),
        ]
        triggers = guards.approval_is_bound()

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.amount_minor} {self.currency}"
