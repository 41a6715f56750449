"""What a claim is worth, who said yes or no to it, and what the shopper says to that."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from claims.models import approval_guards, contract_guards, guards
from claims.models.approving import AutoApprovalRule
from claims.models.claim import Claim
from claims.models.contract import CarrierContract
from claims.models.filing_guards import not_by_who_filed_it
from claims.models.policy import ApprovalLimit, ReasonPolicy
from claims.states import (
    HARD_FACTS,
    DeclineCode,
    ReopenFact,
    SplitSource,
    VoidReason,
    Wish,
)
from portal.lib.money import Money

COUNTERS_MAX = 3
"""How often a shopper may name something else for one claim."""


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
    caps = models.JSONField(_("limits"), default=list, db_default=Value([], models.JSONField()))
    """[{"code", "limit_minor", "is_binding", "text_en", "text_zh"}]"""
    explanation_en = models.TextField(
        _("numbers in English"), blank=True, default="", db_default=""
    )
    explanation_zh = models.TextField(
        _("numbers in Chinese"), blank=True, default="", db_default=""
    )
    """One sentence a line for every number above, fit for the shopper."""

    # Who answers for it, in hundredths of a percent, and who says so.
    carrier_bp = models.PositiveSmallIntegerField(_("carrier"), default=0, db_default=0)
    seller_bp = models.PositiveSmallIntegerField(_("seller"), default=0, db_default=0)
    supplier_bp = models.PositiveSmallIntegerField(_("supplier"), default=0, db_default=0)
    shopper_bp = models.PositiveSmallIntegerField(_("shopper"), default=0, db_default=0)
    nobody_bp = models.PositiveSmallIntegerField(_("nobody"), default=10_000, db_default=10_000)
    split_source = models.CharField(
        _("split by"),
        max_length=12,
        choices=SplitSource,
        default=SplitSource.POLICY,
        db_default=SplitSource.POLICY,
    )
    split_text = models.TextField(_("why so"), blank=True, default="", db_default="")
    split_evidence = models.JSONField(
        _("shown by"), default=list, db_default=Value([], models.JSONField())
    )
    """What a person's split rests on: ``photo:<token>`` and ``LookedAt`` words."""

    # What the carrier is expected to pay; for the desk only. No upper end means: cannot be told.
    contract = models.ForeignKey(
        CarrierContract, on_delete=models.PROTECT, null=True, blank=True, related_name="assessments"
    )
    recovery = models.JSONField(
        _("expected of the carrier"), default=list, db_default=Value([], models.JSONField())
    )
    """[{"key": "goods" or "freight", "low_minor", "high_minor"}]"""
    recovery_low_minor = models.BigIntegerField(_("at least"), default=0, db_default=0)
    recovery_high_minor = models.BigIntegerField(_("at most"), null=True, blank=True)
    recovery_rules = models.JSONField(
        _("its rules"), default=list, db_default=Value([], models.JSONField())
    )
    recovery_missing = models.JSONField(
        _("not known"), default=list, db_default=Value([], models.JSONField())
    )
    recovery_en = models.TextField(_("expectation in English"), default="", db_default="")
    recovery_zh = models.TextField(_("expectation in Chinese"), default="", db_default="")
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
            models.CheckConstraint(
                condition=Q(
                    nobody_bp=Value(10_000)
                    - F("carrier_bp")
                    - F("seller_bp")
                    - F("supplier_bp")
                    - F("shopper_bp")
                ),
                name="assessment_split_sums_to_the_whole",
            ),
            models.CheckConstraint(
                condition=Q(split_source=SplitSource.POLICY)
                | (~Q(split_text="") & ~Q(split_evidence=[])),
                name="assessment_split_by_a_person_says_why_and_by_what",
            ),
            models.CheckConstraint(
                condition=Q(recovery_low_minor__gte=0)
                & (
                    Q(recovery_high_minor__isnull=True)
                    | Q(recovery_high_minor__gte=F("recovery_low_minor"))
                ),
                name="assessment_expects_no_less_than_nothing",
            ),
        ]
        triggers = [contract_guards.assessment_adds_up(), *guards.append_only("assessment")]

    def __str__(self) -> str:
        return f"{self.claim_id}/{self.number}"

    @property
    def split(self) -> dict[str, int]:
        """Who answers for how much, in hundredths of a percent; sums to 10,000."""
        return {party: int(getattr(self, f"{party}_bp")) for party in contract_guards.PARTIES}

    @property
    def shares(self) -> dict[str, Money]:
        """The sum by who answers for it, to the last minor unit."""
        parts = Money(self.amount_minor, self.currency).split(list(self.split.values()))
        return dict(zip(self.split, parts, strict=True))


class Approval(models.Model):
    """
    One proposal to pay, and the yes of one, two or three people, or of a rule.

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
    double_minor = models.BigIntegerField(_("two people's limit"), null=True, blank=True)
    counted_minor = models.BigIntegerField(_("sum that counts"), default=0, db_default=0)
    """The sum with what the order, and the shopper within 24 hours, was approved before."""
    claimant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    rule = models.ForeignKey(
        AutoApprovalRule,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="approvals",
        verbose_name=_("rule"),
    )
    """What proposed it in place of a first person."""
    rule_minor = models.BigIntegerField(_("the rule's maximum"), null=True, blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
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
    finance = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("finance's yes"),
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True)
    void_reason = models.CharField(
        _("why it is void"),
        max_length=16,
        choices=VoidReason,
        blank=True,
        default="",
        db_default="",
    )
    spent_at = models.DateTimeField(_("paid"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewer__isnull=True) ^ Q(rule__isnull=True),
                name="approval_is_by_a_person_or_by_a_rule",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True)
                | Q(rule__isnull=False)
                | Q(counted_minor__lte=F("limit_minor"))
                | Q(approver__isnull=False),
                name="approval_above_the_limit_needs_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True)
                | Q(double_minor__isnull=True)
                | Q(counted_minor__lte=F("double_minor"))
                | (Q(approver__isnull=False) & Q(finance__isnull=False)),
                name="approval_above_two_peoples_limit_needs_finance",
            ),
            models.CheckConstraint(
                condition=Q(rule__isnull=True)
                | (
                    Q(rule_minor__isnull=False)
                    & Q(counted_minor__lte=F("limit_minor"))
                    & (
                        Q(approved_at__isnull=True)
                        | Q(counted_minor__lte=F("rule_minor"))
                        | Q(approver__isnull=False)
                    )
                ),
                name="approval_by_rule_stays_within_its_maximum",
            ),
            models.CheckConstraint(
                condition=(
                    Q(approver__isnull=True) | Q(reviewer__isnull=True) | ~Q(approver=F("reviewer"))
                )
                & (Q(finance__isnull=True) | Q(reviewer__isnull=True) | ~Q(finance=F("reviewer")))
                & (Q(finance__isnull=True) | Q(approver__isnull=True) | ~Q(finance=F("approver"))),
                name="approval_needs_four_eyes_not_two_twice",
            ),
            models.CheckConstraint(
                condition=(Q(reviewer__isnull=True) | ~Q(reviewer=F("claimant")))
                & (Q(approver__isnull=True) | ~Q(approver=F("claimant")))
                & (Q(finance__isnull=True) | ~Q(finance=F("claimant"))),
                name="approval_is_never_by_the_claimant",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="approval_pays_something"),
            models.CheckConstraint(
                condition=Q(counted_minor__gte=F("amount_minor")), name="approval_counts_itself"
            ),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(voided_at__isnull=True, spent_at__isnull=True),
                name="approval_one_live_per_claim",
            ),
        ]
        indexes = [
            models.Index(fields=["claimant", "-reviewed_at"], name="approval_by_claimant"),
        ]
        triggers = [
            *approval_guards.approval_is_bound(),
            not_by_who_filed_it("approval", "reviewer_id", "approver_id", "finance_id"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.amount_minor} {self.currency}"


class Decline(models.Model):
    """One no: its reason, its words, what was looked at, and who said it; by two above a value."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="declines")
    code = models.CharField(_("reason"), max_length=24, choices=DeclineCode)
    text = models.TextField(_("words to the shopper"))
    looked_at = models.JSONField(_("looked at"), default=list)
    """Words of ``LookedAt``."""
    value_minor = models.BigIntegerField(_("value"))
    currency = models.CharField(_("currency"), max_length=3)
    limit = models.ForeignKey(
        ApprovalLimit, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    limit_minor = models.BigIntegerField(_("one person's limit"), null=True, blank=True)
    claimant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("first no"),
    )
    """None for a hard fact that the house itself saw."""
    reviewed_at = models.DateTimeField(_("proposed"))
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("second no"),
    )
    approved_at = models.DateTimeField(_("declined"), null=True, blank=True)
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True)
    void_reason = models.CharField(
        _("why it is void"), max_length=16, choices=VoidReason, blank=True, default=""
    )
    appeal_until = models.DateTimeField(_("second look until"), null=True, blank=True)
    level = models.PositiveSmallIntegerField(_("second looks before"), default=0)

    class Meta:
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewer__isnull=False) | Q(code__in=HARD_FACTS),
                name="decline_by_the_house_is_for_a_hard_fact",
            ),
            models.CheckConstraint(
                condition=Q(reviewer__isnull=True)
                | Q(limit__isnull=False, limit_minor__isnull=False),
                name="decline_by_a_person_names_the_limit",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True)
                | Q(reviewer__isnull=True)
                | Q(value_minor__lte=F("limit_minor"))
                | Q(approver__isnull=False),
                name="decline_above_the_limit_needs_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approver__isnull=True)
                | Q(reviewer__isnull=True)
                | ~Q(approver=F("reviewer")),
                name="decline_needs_four_eyes_not_two_twice",
            ),
            models.CheckConstraint(
                condition=(Q(reviewer__isnull=True) | ~Q(reviewer=F("claimant")))
                & (Q(approver__isnull=True) | ~Q(approver=F("claimant"))),
                name="decline_is_never_by_the_claimant",
            ),
            models.CheckConstraint(
                condition=~Q(text="") & Q(code__in=DeclineCode.values),
                name="decline_has_a_reason_and_words",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | Q(appeal_until__isnull=False),
                name="decline_says_until_when_to_appeal",
            ),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(voided_at__isnull=True),
                name="decline_one_live_per_claim",
            ),
        ]
        triggers = [
            *approval_guards.decline_is_bound(),
            not_by_who_filed_it("decline", "reviewer_id", "approver_id"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.code}"


class CounterOffer(models.Model):
    """What the shopper would take instead of an offer, in their own words."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="counters")
    number = models.PositiveSmallIntegerField(_("number"))
    approval = models.ForeignKey(
        Approval, on_delete=models.PROTECT, related_name="counters", verbose_name=_("the offer")
    )
    wish = models.CharField(_("wish"), max_length=16, choices=Wish)
    amount_minor = models.BigIntegerField(_("sum"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    text = models.TextField(_("in the shopper's words"))
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("counter-offer")
        verbose_name_plural = _("counter-offers")
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "number"], name="counter_offer_numbers_are_unique"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1) & Q(number__lte=COUNTERS_MAX),
                name="counter_offers_are_few",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True) | Q(amount_minor__gt=0),
                name="counter_offer_asks_for_something",
            ),
        ]
        triggers = guards.append_only("counter_offer")

    def __str__(self) -> str:
        return f"{self.claim_id}/{self.number}"


class Reopening(models.Model):
    """A new fact for which a claim is opened again; a paid claim needs a second person."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="reopenings")
    fact = models.CharField(_("new fact"), max_length=24, choices=ReopenFact)
    note = models.TextField(_("note"))
    paid_minor = models.BigIntegerField(_("paid by then"))
    claimant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"))
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("agreed by"),
    )
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    refused_at = models.DateTimeField(_("refused"), null=True, blank=True)

    class Meta:
        verbose_name = _("reopening")
        verbose_name_plural = _("reopenings")
        constraints = [
            models.CheckConstraint(
                condition=Q(opened_at__isnull=True)
                | Q(paid_minor__lte=0)
                | Q(agreed_by__isnull=False),
                name="reopening_of_a_paid_claim_needs_a_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(asked_by=F("claimant"))
                & (
                    Q(agreed_by__isnull=True)
                    | (~Q(agreed_by=F("asked_by")) & ~Q(agreed_by=F("claimant")))
                ),
                name="reopening_needs_four_eyes_not_two_twice",
            ),
            models.CheckConstraint(
                condition=Q(opened_at__isnull=True) | Q(refused_at__isnull=True),
                name="reopening_is_opened_or_refused",
            ),
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(opened_at__isnull=True, refused_at__isnull=True),
                name="reopening_one_waiting_per_claim",
            ),
        ]
        triggers = [
            guards.frozen(
                "reopening_is_never_altered",
                "claim_id",
                "fact",
                "note",
                "paid_minor",
                "claimant_id",
                "asked_by_id",
                "asked_at",
            ),
            *guards.kept("reopening"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.fact}"
