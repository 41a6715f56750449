"""What the desk sees of a claim's clocks: in the queue, beside the claim, and as rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from unfold.decorators import display

from claims import sla
from claims.admin import words
from claims.admin.readonly import ReadOnlyAdmin
from claims.admin.records import DatedAdmin, claim_link, say
from claims.models import (
    Claim,
    ClaimClock,
    Escalation,
    PaceReport,
    ServiceLevel,
    SeverityLimit,
)
from claims.services import clocks
from claims.sla import ClockKind, EscalationStep, SeverityWhy
from claims.states import OPEN, ClaimState
from portal.lib import dates

K = ClockKind


# --- Beside the claim ----------------------------------------------------------


@dataclass(frozen=True)
class Dial:
    """One clock in words."""

    what: str
    when: str
    heat: str
    says: str
    by: str


@dataclass(frozen=True)
class Panel:
    """Everything the workspace tells about a claim's clocks."""

    severity: str
    why: str
    dials: list[Dial]
    changes: list[str]
    spent: str
    severities: list[tuple[int, str]]
    reasons: list[tuple[str, str]]
    may_change: bool


def panel(request: HttpRequest, claim: Claim, *, now: datetime) -> Panel:
    """Return a claim's clocks, its severity and how it came to it."""
    rows = list(claim.clocks.select_related("level").order_by("started_at", "pk"))
    newest = {row.kind: row for row in rows}
    changes = list(claim.severities.select_related("actor").order_by("-pk"))
    last = changes[0] if changes else None
    totals = clocks.totals(claim=claim, now=now, rows=rows)
    return Panel(
        severity=severity(claim.severity),
        why=last.get_why_display() if last else "",
        dials=[_dial(newest[kind], claim, now) for kind in sla.KINDS if kind in newest],
        changes=[_change(row) for row in changes if row.origin is not None],
        spent=hours(totals.all) if totals.rounds else "",
        severities=[(number, severity(number)) for number in sla.SEVERITIES],
        reasons=[(value, str(label)) for value, label in SeverityWhy.choices],
        may_change=claim.state in OPEN
        and claim.state != ClaimState.DRAFT
        and request.user.has_perm("claims.decide_claim")
        and claim.shopper_id != request.user.pk,
    )


def severity(number: int) -> str:
    """Name a severity: S3, usual."""
    return f"S{number}: {sla.NAMES[number]}"


def _dial(clock: ClaimClock, claim: Claim, now: datetime) -> Dial:
    when = moment(clock.due_at)
    heat, says = "calm", ""
    if clock.stopped_at is not None:
        if clock.is_void:
            says = _("Ended: nobody waits for it any more.")
        elif clock.is_late:
            heat, says = "late", _("Kept late, %(when)s") % {"when": moment(clock.stopped_at)}
        else:
            heat, says = "kept", _("Kept %(when)s") % {"when": moment(clock.stopped_at)}
    elif clock.paused_at is not None:
        says = _("Stands still since %(when)s.") % {"when": moment(clock.paused_at)}
    else:
        due = words.due(clock.due_at, now=now)
        heat, says = due.heat, due.words
        if clock.likely_at is not None:
            heat, says = "hot", _explain(clock, now)
    return Dial(clock.get_kind_display(), when, heat, says, calendar(clock.level, clock.kind))


def _explain(clock: ClaimClock, now: datetime) -> str:
    """Say why a claim will probably be late: the pace, what is before it, and when that ends."""
    report = PaceReport.objects.order_by("-made_at").first()
    if report is None or clock.likely_at is None:
        return ""
    return ngettext(
        "At the present pace (%(decided)s decisions in %(hours)s working hours) %(ahead)s claim"
        " comes before it: probably decided %(when)s.",
        "At the present pace (%(decided)s decisions in %(hours)s working hours) %(ahead)s claims"
        " come before it: probably decided %(when)s.",
        clock.ahead or 0,
    ) % {
        "decided": report.decided,
        "hours": round(report.hours),
        "ahead": clock.ahead or 0,
        "when": moment(clock.likely_at),
    }


def _change(row: Any) -> str:
    return _("S%(before)s to S%(after)s: %(why)s (%(who)s, %(when)s)") % {
        "before": row.origin,
        "after": row.target,
        "why": row.note or row.get_why_display(),
        "who": (row.actor.name or row.actor.email) if row.actor else _("Amends"),
        "when": moment(row.changed_at),
    }


def moment(at: datetime) -> str:
    """Say a moment on the office's clock, with its zone."""
    local = timezone.localtime(at)
    return f"{dates.when(local, get_language() or 'en')} {local.tzname()}"


def hours(span: timedelta) -> str:
    """Say a span of working time: 3 h 20 min."""
    minutes = int(span.total_seconds() // 60)
    return _("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}


def calendar(level: ServiceLevel, kind: str) -> str:
    """Name the calendar a clock runs by, so that nobody has to guess what was counted."""
    return clocks.calendar_words(level, kind)


# --- The rules ----------------------------------------------------------


@admin.register(ServiceLevel)
class ServiceLevelAdmin(DatedAdmin):
    """What each severity is promised, from which day; a change is a new row."""

    list_display = ("name", "valid_from", "reply", "decision", "money", "hears", "hours_of")
    list_display_links = ("name",)
    list_filter = ("severity", "is_around_the_clock")
    search_fields = ("country", "zone")
    ordering = ("severity", "-valid_from")

    @display(description=gettext_lazy("Severity"), ordering="severity")
    def name(self, row: ServiceLevel) -> str:
        """Name the severity."""
        return severity(row.severity)

    def _span(self, row: ServiceLevel, kind: str) -> str:
        allowance = row.allowance(kind)
        if allowance == sla.Allowance():
            return _("automatic")
        parts = []
        if allowance.days:
            parts.append(
                ngettext("%(count)s day", "%(count)s days", allowance.days)
                % {"count": allowance.days}
            )
        if allowance.hours:
            parts.append(
                ngettext("%(count)s hour", "%(count)s hours", allowance.hours)
                % {"count": allowance.hours}
            )
        return " ".join(parts)

    @display(description=gettext_lazy("First reply"))
    def reply(self, row: ServiceLevel) -> str:
        """Say how long the first reply may take."""
        return self._span(row, K.REPLY)

    @display(description=gettext_lazy("Decision"))
    def decision(self, row: ServiceLevel) -> str:
        """Say how long the decision may take."""
        return self._span(row, K.DECIDE)

    @display(description=gettext_lazy("Money sent"))
    def money(self, row: ServiceLevel) -> str:
        """Say how long the payment may take."""
        return self._span(row, K.PAY)

    @display(description=gettext_lazy("Who hears"))
    def hears(self, row: ServiceLevel) -> str:
        """Say at which share of the time whom."""
        found = [
            f"{step.label} {percent} %"
            for step, percent in (
                (EscalationStep.LEAD, row.lead_percent),
                (EscalationStep.MANAGER, row.manager_percent),
            )
            if percent is not None
        ]
        return ", ".join(found) or "—"

    @display(description=gettext_lazy("Working hours"))
    def hours_of(self, row: ServiceLevel) -> str:
        """Name the calendar."""
        return calendar(row, K.DECIDE)


@admin.register(SeverityLimit)
class SeverityLimitAdmin(DatedAdmin):
    """What counts as much and as little in a currency, from which day."""

    list_display = ("currency", "most", "much", "little", "valid_from")
    search_fields = ("currency",)
    list_filter = ("currency",)
    ordering = ("currency", "-valid_from")

    @display(description=gettext_lazy("S1 above"), ordering="most_minor")
    def most(self, row: SeverityLimit) -> str:
        """Say the sum."""
        return say(row.most_minor, row.currency)

    @display(description=gettext_lazy("S2 above"), ordering="much_minor")
    def much(self, row: SeverityLimit) -> str:
        """Say the sum."""
        return say(row.much_minor, row.currency)

    @display(description=gettext_lazy("S4 below"), ordering="little_minor")
    def little(self, row: SeverityLimit) -> str:
        """Say the sum."""
        return say(row.little_minor, row.currency)


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    """Who had to hear of what, and when."""

    list_display = ("claim_ref", "what", "step", "due_at", "raised_at", "told_at")
    list_display_links = ("what",)
    list_filter = ("step", "clock__kind", ("raised_at", admin.DateFieldListFilter))
    list_select_related = ("claim", "clock")
    search_fields = ("claim__ref",)
    ordering = ("-raised_at", "-pk")
    fields = ("claim_ref", "what", "step", "due_at", "raised_at", "told_at")
    readonly_fields = fields

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: Escalation) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(description=gettext_lazy("Promise"))
    def what(self, row: Escalation) -> str:
        """Name the clock."""
        return str(row.clock.get_kind_display())


@admin.register(PaceReport)
class PaceReportAdmin(ReadOnlyAdmin):
    """How fast the desk was, and what that makes late: what each forecast rested on."""

    list_display = ("made_at", "decided", "hours", "waiting", "missing")
    list_filter = (("made_at", admin.DateFieldListFilter),)
    search_fields = ("made_at",)
    ordering = ("-made_at",)
