"""What we noticed about a claim, the rules it was scored by, and who checks our own hands."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims.agents import AgentSignalKind
from claims.models import guards
from claims.models.claim import Claim
from claims.risk import Band, Signal


class RiskPolicy(models.Model):
    """From which score a claim goes to a person, from a date; the newest row of a day holds."""

    code = models.CharField(_("rule number"), max_length=20)
    valid_from = models.DateField(_("valid from"))
    medium_from = models.PositiveSmallIntegerField(
        _("worth a look from"), default=30, validators=[MinValueValidator(1)]
    )
    high_from = models.PositiveSmallIntegerField(
        _("look closely from"), default=70, validators=[MaxValueValidator(100)]
    )
    audit_percent = models.PositiveSmallIntegerField(
        _("automatic approvals audited, in percent"),
        default=5,
        validators=[MaxValueValidator(100)],
    )
    note = models.TextField(_("why it changed"), blank=True)

    class Meta:
        verbose_name = _("risk policy")
        verbose_name_plural = _("risk policies")
        constraints = [
            models.CheckConstraint(
                condition=Q(medium_from__gte=1)
                & Q(high_from__gt=F("medium_from"))
                & Q(high_from__lte=100),
                name="risk_policy_bands_are_in_order",
            ),
            models.CheckConstraint(
                condition=Q(audit_percent__lte=100), name="risk_policy_audits_at_most_all"
            ),
        ]
        triggers = guards.append_only("risk_policy")

    def __str__(self) -> str:
        return f"{self.code} ({self.valid_from})"


class RiskRule(models.Model):
    """What one signal counts in a policy; a signal without a row counts nothing."""

    policy = models.ForeignKey(RiskPolicy, on_delete=models.PROTECT, related_name="rules")
    signal = models.CharField(_("signal"), max_length=24, choices=Signal)
    points = models.PositiveSmallIntegerField(_("points"), validators=[MaxValueValidator(100)])
    at_least = models.PositiveBigIntegerField(
        _("from"),
        default=1,
        help_text=_("A count, a share in percent, or for the value a sum in minor units."),
    )
    minimum = models.PositiveSmallIntegerField(
        _("and not below"),
        default=0,
        help_text=_("For shares: so many orders are needed before a share means anything."),
    )
    days = models.PositiveSmallIntegerField(
        _("days looked back"), default=0, help_text=_("0 where time does not matter.")
    )
    currency = models.CharField(
        _("currency"), max_length=3, blank=True, help_text=_("For the value only.")
    )

    class Meta:
        verbose_name = _("risk rule")
        verbose_name_plural = _("risk rules")
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "signal", "days", "currency"],
                name="risk_rule_once_per_signal_days_and_currency",
            ),
            models.CheckConstraint(condition=Q(points__lte=100), name="risk_rule_is_at_most_100"),
        ]
        triggers = guards.append_only("risk_rule")

    def __str__(self) -> str:
        return f"{self.signal}: {self.points}"


class RiskRating(models.Model):
    """What a claim scored at one moment, with everything counted; new facts make a new row."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="ratings")
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    policy = models.ForeignKey(
        RiskPolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    score = models.PositiveSmallIntegerField(_("score"))
    band = models.CharField(_("band"), max_length=8, choices=Band)
    signals = models.JSONField(_("signals"), default=list)
    """[{"code", "points", "facts"}], strongest first."""
    inputs = models.JSONField(_("inputs"), default=dict)
    digest = models.CharField(max_length=64, editable=False)
    """SHA-256 of policy, inputs and signals: the same facts make no second row."""
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("risk rating")
        verbose_name_plural = _("risk ratings")
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "number"], name="risk_rating_numbers_are_unique"
            ),
            models.CheckConstraint(condition=Q(score__lte=100), name="risk_score_is_at_most_100"),
            models.CheckConstraint(
                condition=Q(band__in=["low", "medium", "high"]), name="risk_band_is_known"
            ),
        ]
        triggers = guards.append_only("risk_rating")

    def __str__(self) -> str:
        return f"{self.claim_id}/{self.number}: {self.score}"


class MarkKind(models.TextChoices):
    """In what two accounts may be alike."""

    EMAIL = "email", _("mailbox")
    PHONE = "phone", _("phone number")
    ADDRESS = "address", _("address")
    PAYMENT = "payment", _("payment")


class Mark(models.Model):
    """A digest of a contact detail of somebody who claimed; equal digests link two accounts."""

    shopper = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=MarkKind)
    digest = models.CharField(max_length=64, editable=False)
    seen_at = models.DateTimeField(_("first seen"))

    class Meta:
        verbose_name = _("account mark")
        verbose_name_plural = _("account marks")
        constraints = [
            models.UniqueConstraint(
                fields=["shopper", "kind", "digest"], name="mark_once_per_shopper"
            )
        ]
        indexes = [models.Index(fields=["kind", "digest"], name="mark_by_digest")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.digest[:8]}"


class Forwarder(models.Model):
    """An address that passes parcels on, often abroad: what happens after it we cannot see."""

    name = models.CharField(_("name"), max_length=80)
    country = models.CharField(_("country"), max_length=2, help_text=_("Two letters, such as CN."))
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    words = models.CharField(
        _("in the address"),
        max_length=80,
        blank=True,
        help_text=_("Words that its addresses have in common; capitals do not matter."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("forwarding address")
        verbose_name_plural = _("forwarding addresses")
        constraints = [
            models.CheckConstraint(
                condition=~Q(postcode="") | ~Q(words=""),
                name="forwarder_is_recognised_by_something",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Weighing(models.Model):
    """What a parcel weighed when it was packed, or on the carrier's belt, in grams."""

    parcel = models.ForeignKey("tracking.Parcel", on_delete=models.PROTECT, related_name="+")
    by = models.CharField(
        _("weighed by"),
        max_length=8,
        choices=[("packed", _("the packing table")), ("carrier", _("the carrier"))],
    )
    grams = models.PositiveIntegerField(_("grams"), validators=[MinValueValidator(1)])
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("written down by"),
    )
    told_at = models.DateTimeField(_("written down"))

    class Meta:
        verbose_name = _("weighing")
        verbose_name_plural = _("weighings")
        constraints = [
            models.CheckConstraint(condition=Q(grams__gte=1), name="weighing_weighs_something")
        ]
        triggers = guards.append_only("weighing")

    def __str__(self) -> str:
        return f"{self.grams} g"


class Verdict(models.TextChoices):
    """What an auditor says of an automatic approval."""

    AGREE = "agree", _("I would have approved it too")
    DISAGREE = "disagree", _("I would not")


class AuditCode(models.TextChoices):
    """What an automatic approval should have been instead."""

    TOO_MUCH = "too_much", _("Too much was paid")
    NEEDED_EVIDENCE = "needed_evidence", _("Evidence should have been asked for")
    WRONG_REASON = "wrong_reason", _("Another reason applied")
    NOT_OURS = "not_ours", _("Not ours to pay")
    LOOKS_MADE_UP = "looks_made_up", _("The report does not hold")
    OTHER = "other", _("Something else")


class AuditSample(models.Model):
    """One automatic approval that somebody looks at afterwards; the money is not touched."""

    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, related_name="audit")
    rating = models.ForeignKey(
        RiskRating, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    picked_at = models.DateTimeField(_("picked"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict, blank=True)
    code = models.CharField(_("what was wrong"), max_length=24, choices=AuditCode, blank=True)
    note = models.TextField(_("note"), blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("looked at by"),
    )
    judged_at = models.DateTimeField(_("looked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("audited approval")
        verbose_name_plural = _("audited approvals")
        permissions = [("audit_claim", _("Can audit automatic approvals"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="", judged_at__isnull=True, judged_by__isnull=True)
                | (
                    Q(verdict__in=["agree", "disagree"])
                    & Q(judged_at__isnull=False, judged_by__isnull=False)
                ),
                name="audit_verdict_has_a_person_and_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="disagree") | ~Q(code=""), name="audit_no_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["picked_at"], condition=Q(verdict=""), name="audit_waiting")
        ]
        triggers = guards.kept("audit_sample")

    def __str__(self) -> str:
        return str(self.claim_id)


class WatchRule(models.Model):
    """From what on something in an agent's own work is unusual; no row, no watching."""

    policy = models.ForeignKey(RiskPolicy, on_delete=models.PROTECT, related_name="watches")
    kind = models.CharField(_("kind"), max_length=16, choices=AgentSignalKind)
    at_least = models.PositiveSmallIntegerField(
        _("from"), default=1, help_text=_("So many decisions to pay.")
    )
    percent = models.PositiveSmallIntegerField(
        _("and percent"),
        default=0,
        help_text=_("Of the usual hour; of all their decisions; 0 where a share does not matter."),
    )
    days = models.PositiveSmallIntegerField(_("days looked back"), default=30)
    margin_percent = models.PositiveSmallIntegerField(
        _("just under the limit means within (%)"),
        default=0,
        validators=[MaxValueValidator(100)],
    )
    from_hour = models.PositiveSmallIntegerField(
        _("night from"), null=True, blank=True, validators=[MaxValueValidator(23)]
    )
    until_hour = models.PositiveSmallIntegerField(
        _("night until"), null=True, blank=True, validators=[MaxValueValidator(23)]
    )

    class Meta:
        verbose_name = _("rule about the desk")
        verbose_name_plural = _("rules about the desk")
        constraints = [
            models.UniqueConstraint(fields=["policy", "kind"], name="watch_rule_once_per_kind"),
            models.CheckConstraint(
                condition=~Q(kind="night") | Q(from_hour__isnull=False, until_hour__isnull=False),
                name="watch_rule_of_night_says_its_hours",
            ),
        ]
        triggers = guards.append_only("watch_rule")

    def __str__(self) -> str:
        return f"{self.kind}: {self.at_least}"


class AgentSignal(models.Model):
    """
    Something unusual in an agent's decisions, with what it rests on; cleared by a person.

    It has no view permission of its own: reading claims must not open it.
    """

    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("agent"),
    )
    kind = models.CharField(_("kind"), max_length=16, choices=AgentSignalKind)
    episode = models.CharField(max_length=64, editable=False)
    """What it is about, so that the same facts open nothing twice."""
    evidence = models.JSONField(_("evidence"), default=dict)
    opened_at = models.DateTimeField(_("opened"))
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cleared by"),
    )
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("signal about the desk")
        verbose_name_plural = _("signals about the desk")
        default_permissions: ClassVar[tuple[str, ...]] = ()
        permissions = [("watch_agents", _("Can see signals about the desk's own work"))]
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "kind", "episode"], name="agent_signal_once_per_episode"
            ),
            models.CheckConstraint(
                condition=Q(cleared_at__isnull=True, cleared_by__isnull=True)
                | Q(cleared_at__isnull=False, cleared_by__isnull=False),
                name="agent_signal_is_cleared_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(cleared_by__isnull=True) | ~Q(cleared_by=F("agent")),
                name="agent_signal_is_never_cleared_by_its_agent",
            ),
        ]
        triggers = guards.kept("agent_signal")

    def __str__(self) -> str:
        return f"{self.kind}: {self.agent_id}"
