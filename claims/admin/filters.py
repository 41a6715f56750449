"""How the queue is cut: by whose turn it is, by when it is due, by who has it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from claims import sla
from claims.admin import standing as clocks
from claims.models import Claim
from claims.states import OPEN, WITH_STAFF, ClaimState

MOST_COUNTED = 10_000

TURNS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "desk": (_("To decide"), WITH_STAFF),
    "second": (_("Waiting for a second person"), (ClaimState.PENDING_APPROVAL,)),
    "shopper": (
        _("With the shopper"),
        (ClaimState.NEEDS_INFO, ClaimState.AWAITING_RETURN, ClaimState.OFFERED),
    ),
    "carrier": (_("With the carrier"), (ClaimState.AWAITING_CARRIER,)),
    "money": (_("Being paid"), (ClaimState.APPROVED, ClaimState.COMPENSATING)),
    "failed": (_("Payment failed"), (ClaimState.COMPENSATION_FAILED,)),
    "open": (_("Everything open"), tuple(s for s in OPEN if s != ClaimState.DRAFT)),
    "all": (_("Everything"), tuple(s for s in ClaimState if s != ClaimState.DRAFT)),
}
"""Queue -> its name and the states in it; drafts are the shopper's own and in none."""


class TurnFilter(SimpleListFilter):
    """Whose turn it is. Without a choice the desk sees what it has to decide."""

    title = _("Queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return every queue."""
        return [(key, label) for key, (label, _states) in TURNS.items()]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Leave out Django's "All": ours is one of the queues."""
        chosen = self.value() or "desk"
        for key, label in self.lookup_choices:
            yield {
                "selected": chosen == key,
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        """Keep the claims of the chosen queue; a search looks everywhere unless one is chosen."""
        chosen = self.value()
        if chosen not in TURNS:
            chosen = "all" if request.GET.get("q") else "desk"
        return queryset.filter(state__in=TURNS[chosen][1])


class DueFilter(SimpleListFilter):
    """When the next step is due."""

    title = _("Due")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return late, today and this week."""
        return [("late", _("Overdue")), ("today", _("Today")), ("week", _("Within 7 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        """Keep what is due then."""
        now = timezone.now()
        tonight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        until = {
            "late": now,
            "today": tonight + timedelta(days=1),
            "week": now + timedelta(days=7),
        }.get(self.value() or "")
        return queryset if until is None else queryset.filter(due_at__lt=until)


class HandsFilter(SimpleListFilter):
    """Who has it."""

    title = _("Handled by")
    parameter_name = "hands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return me and nobody."""
        return [("me", _("Me")), ("nobody", _("Nobody yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        """Keep what they have."""
        if self.value() == "me":
            return queryset.filter(assignee=request.user.pk)
        if self.value() == "nobody":
            return queryset.filter(assignee=None)
        return queryset


class SeverityFilter(SimpleListFilter):
    """How urgent it is."""

    title = _("Severity")
    parameter_name = "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return S1 to S4."""
        return [(str(number), f"S{number}") for number in sla.SEVERITIES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        """Keep one severity."""
        value = self.value() or ""
        known = {str(number) for number in sla.SEVERITIES}
        return queryset.filter(severity=int(value)) if value in known else queryset


class ClockFilter(SimpleListFilter):
    """How its clocks stand."""

    title = _("Clock")
    parameter_name = "clock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return what is worth asking for."""
        return [
            ("escalated", _("Somebody was told")),
            ("reply", _("No first reply yet, and late")),
            ("probably", _("Will probably be late")),
            ("law", _("The law's last day is near")),
            ("paused", _("Stands still")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        """Keep the claims whose clocks stand so."""
        now, value = timezone.now(), self.value()
        if value == "escalated":
            return queryset.filter(clocks.escalated())
        if value == "reply":
            return queryset.filter(state__in=OPEN, replied_at=None, reply_by__lte=now)
        if value == "probably":
            return queryset.filter(clocks.probably_late())
        if value == "law":
            soon = now + timedelta(days=2)
            return queryset.filter(state__in=OPEN, decided_at=None, legal_due_at__lte=soon)
        if value == "paused":
            return queryset.filter(paused_at__isnull=False)
        return queryset


class CappedPaginator(Paginator):
    """Count no further than anybody would page."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most 10,000."""
        rows: Any = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[: MOST_COUNTED + 1].count()
        return len(rows)
