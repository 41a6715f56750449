"""What the desk promises by when: dated service levels, a claim's clocks, and who was told."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims import sla
from claims.models import guards
from claims.models.claim import Claim
from claims.sla import Allowance, ClockKind, EscalationStep, SeverityWhy
from tracking import calendars

SEVERITIES = [(number, f"S{number}") for number in sla.SEVERITIES]


class ServiceLevel(models.Model):
    """
    What one severity is promised, from a date until a later row begins.

    Days and hours are working time of the place unless ``is_around_the_clock``: then a day has 24
    hours. What the place leaves empty is taken from the house's settings.
    """

    severity = models.PositiveSmallIntegerField(_("severity"), choices=SEVERITIES)
    valid_from = models.DateField(_("valid from"))
    is_around_the_clock = models.BooleanField(_("every hour counts"), default=False)
    reply_hours = models.PositiveSmallIntegerField(_("first reply, hours"), default=0)
    reply_days = models.PositiveSmallIntegerField(
        _("first reply, days"),
        default=0,
        help_text=_("Neither days nor hours: the letter that says “received” is the reply."),
    )
    decide_hours = models.PositiveSmallIntegerField(_("decision, hours"), default=0)
    decide_days = models.PositiveSmallIntegerField(_("decision, days"), default=0)
    pay_hours = models.PositiveSmallIntegerField(_("money sent, hours"), default=0)
    pay_days = models.PositiveSmallIntegerField(_("money sent, days"), default=0)
    lead_percent = models.PositiveSmallIntegerField(
        _("team lead hears at (%)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_("So much of the time used up; empty: never."),
    )
    manager_percent = models.PositiveSmallIntegerField(
        _("duty manager hears at (%)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_("So much of the time used up; empty: never."),
    )
    zone = models.CharField(_("time zone"), max_length=40, blank=True)
    country = models.CharField(_("country of public holidays"), max_length=2, blank=True)
    subdivision = models.CharField(_("part of the country"), max_length=10, blank=True)
    weekdays = models.CharField(
        _("working days"),
        max_length=7,
        blank=True,
        help_text=_("Monday is 1; empty: as usual there."),
    )
    opens = models.TimeField(_("opens"), default=time(9))
    closes = models.TimeField(_("closes"), default=time(18))

    class Meta:
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        constraints = [
            models.UniqueConstraint(
                fields=["severity", "valid_from"], name="service_level_once_per_day"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=sla.SEVERITIES), name="service_level_severity_is_known"
            ),
            models.CheckConstraint(
                condition=(Q(decide_hours__gt=0) | Q(decide_days__gt=0))
                & (Q(pay_hours__gt=0) | Q(pay_days__gt=0)),
                name="service_level_promises_decision_and_money",
            ),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")), name="service_level_closes_after_it_opens"
            ),
            models.CheckConstraint(
                condition=(Q(lead_percent__isnull=True) | Q(lead_percent__lte=100))
                & (Q(manager_percent__isnull=True) | Q(manager_percent__lte=100)),
                name="service_level_escalates_before_it_is_late",
            ),
        ]
        triggers = [
            guards.rows_move_forward("service_level", "claims_servicelevel", "severity"),
            *guards.append_only("service_level"),
        ]

    def __str__(self) -> str:
        return f"S{self.severity} ({self.valid_from})"

    def allowance(self, kind: str) -> Allowance:
        """Return how long one clock may run; nothing for a reply that is automatic."""
        if kind == ClockKind.REPLY:
            return Allowance(self.reply_days, self.reply_hours)
        if kind == ClockKind.DECIDE:
            return Allowance(self.decide_days, self.decide_hours)
        if kind == ClockKind.PAY:
            return Allowance(self.pay_days, self.pay_hours)
        return Allowance(sla.LEGAL_DAYS)

    def calendar(self, kind: str) -> calendars.Calendar:
        """Return the calendar one clock runs by; the law counts every day."""
        if self.is_around_the_clock or kind == ClockKind.LEGAL:
            return sla.AROUND_THE_CLOCK
        place = self.place()
        return calendars.calendar(
            zone=place[0], country=place[1], subdivision=place[2], weekdays=place[3],
            opens=self.opens, closes=self.closes,
        )  # fmt: skip

    def place(self) -> tuple[str, str, str, str]:
        """Return zone, country, subdivision and weekdays; the house's own where none is said."""
        if self.country:
            return self.zone or settings.TIME_ZONE, self.country, self.subdivision, self.weekdays
        return (
            self.zone or settings.TIME_ZONE,
            settings.HOME_COUNTRY,
            settings.HOME_SUBDIVISION,
            self.weekdays or settings.HOME_WEEKDAYS,
        )


class SeverityLimit(models.Model):
    """What counts as much and as little in one currency, from a date until a later row begins."""

    currency = models.CharField(_("currency"), max_length=3)
    valid_from = models.DateField(_("valid from"))
    most_minor = models.BigIntegerField(_("S1 above (minor units)"))
    much_minor = models.BigIntegerField(_("S2 above (minor units)"))
    little_minor = models.BigIntegerField(_("S4 below (minor units)"))

    class Meta:
        verbose_name = _("severity limit")
        verbose_name_plural = _("severity limits")
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "valid_from"], name="severity_limit_once_per_currency_and_day"
            ),
            models.CheckConstraint(
                condition=Q(little_minor__gte=0)
                & Q(much_minor__gte=F("little_minor"))
                & Q(most_minor__gte=F("much_minor")),
                name="severity_limits_are_in_order",
            ),
        ]
        triggers = [
            guards.rows_move_forward("severity_limit", "claims_severitylimit", "currency"),
            *guards.append_only("severity_limit"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} ({self.valid_from})"


class ClaimClock(models.Model):
    """
    One promise of one claim: its times are worked out when it begins and kept.

    A clock that stands still keeps its times too; when it goes on, they are worked out anew from
    the steps the claim has taken. After an appeal or a reopening the next round begins.
    """

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="clocks")
    kind = models.CharField(_("what"), max_length=8, choices=ClockKind)
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    level = models.ForeignKey(ServiceLevel, on_delete=models.PROTECT, related_name="+")
    days = models.PositiveSmallIntegerField(_("days"), default=0)
    hours = models.PositiveSmallIntegerField(_("hours"), default=0)
    """What was promised when it began; a reason's own, shorter time counts."""
    started_at = models.DateTimeField(_("begun"))
    due_at = models.DateTimeField(_("due"))
    lead_at = models.DateTimeField(_("team lead hears"), null=True, blank=True)
    manager_at = models.DateTimeField(_("duty manager hears"), null=True, blank=True)
    alarm_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When the next of the two hears; nothing once both have, or while it stands still."""
    paused_at = models.DateTimeField(_("stands still since"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("ended"), null=True, blank=True)
    is_void = models.BooleanField(_("nobody waits any more"), default=False)
    likely_at = models.DateTimeField(_("probably decided"), null=True, blank=True)
    """Set only while the desk, at its present pace, will be later than promised."""
    ahead = models.PositiveIntegerField(_("claims before it"), null=True, blank=True)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ClockKind.values), name="claim_clock_kind_is_known"
            ),
            models.UniqueConstraint(
                fields=["claim", "kind", "round"], name="claim_clock_once_per_round"
            ),
            models.UniqueConstraint(
                fields=["claim", "kind"],
                condition=Q(stopped_at__isnull=True),
                name="claim_clock_one_of_a_kind_runs",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True)
                | (Q(stopped_at__gte=F("started_at")) & Q(alarm_at__isnull=True)),
                name="claim_clock_ends_after_it_begins_and_then_is_silent",
            ),
        ]
        indexes = [
            models.Index(
                fields=["alarm_at"], condition=Q(alarm_at__isnull=False), name="claim_clock_alarm"
            ),
            models.Index(
                fields=["kind", "stopped_at"],
                condition=Q(stopped_at__isnull=False, is_void=False),
                name="claim_clock_done",
            ),
            models.Index(
                fields=["kind", "due_at"],
                condition=Q(stopped_at__isnull=True),
                name="claim_clock_running",
            ),
        ]
        triggers = guards.kept("claim_clock")

    def __str__(self) -> str:
        return f"{self.claim_id} {self.kind} {self.round}"

    def runs_by(self) -> calendars.Calendar:
        """Return the calendar it runs by."""
        return self.level.calendar(self.kind)

    def shares(self) -> tuple[int | None, int | None]:
        """Return at which shares of its time team lead and duty manager hear."""
        if self.kind == ClockKind.LEGAL:
            return sla.LEGAL_LEAD, sla.LEGAL_MANAGER
        return self.level.lead_percent, self.level.manager_percent

    @property
    def is_late(self) -> bool:
        """Whether it ended after its time; what still runs is judged by the clock at hand."""
        return self.stopped_at is not None and not self.is_void and self.stopped_at > self.due_at


class SeverityChange(models.Model):
    """How urgent a claim became, when and why: the audit row."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="severities")
    origin = models.PositiveSmallIntegerField(_("before"), choices=SEVERITIES, null=True)
    target = models.PositiveSmallIntegerField(_("severity"), choices=SEVERITIES)
    why = models.CharField(_("why"), max_length=12, choices=SeverityWhy)
    note = models.CharField(_("note"), max_length=600, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    """None where a rule set it."""
    request_id = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("change of severity")
        verbose_name_plural = _("changes of severity")
        constraints = [
            models.CheckConstraint(
                condition=Q(target__in=sla.SEVERITIES), name="severity_change_is_known"
            ),
        ]
        triggers = guards.append_only("severity_change")

    def __str__(self) -> str:
        return f"{self.claim_id}: S{self.target}"


class Escalation(models.Model):
    """Somebody further up was told that a claim's time runs out; once a clock and person."""

    clock = models.ForeignKey(ClaimClock, on_delete=models.PROTECT, related_name="escalations")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="escalations")
    step = models.CharField(_("who"), max_length=8, choices=EscalationStep)
    due_at = models.DateTimeField(_("due"))
    raised_at = models.DateTimeField(_("raised"))
    told_at = models.DateTimeField(_("written to"), null=True, blank=True)

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        constraints = [
            models.UniqueConstraint(fields=["clock", "step"], name="escalation_once_per_step"),
            models.CheckConstraint(
                condition=Q(step__in=EscalationStep.values), name="escalation_step_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["raised_at"],
                condition=Q(told_at__isnull=True),
                name="escalation_untold",
            ),
        ]
        triggers = [
            guards.frozen(
                "escalation_is_never_altered", "clock_id", "claim_id", "step", "due_at", "raised_at"
            ),
            *guards.kept("escalation"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.step}"


class PaceReport(models.Model):
    """How fast the desk was and what will be late if it goes on so: what forecasts rest on."""

    made_at = models.DateTimeField(_("made"))
    since = models.DateTimeField(_("measured since"))
    decided = models.PositiveIntegerField(_("decided"))
    hours = models.FloatField(_("working hours"), validators=[MinValueValidator(0)])
    waiting = models.PositiveIntegerField(_("waiting"))
    missing = models.PositiveIntegerField(_("will probably be late"))

    class Meta:
        verbose_name = _("pace of the desk")
        verbose_name_plural = _("pace of the desk")
        indexes = [models.Index(fields=["-made_at"], name="pace_report_latest")]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}: {self.decided}"
