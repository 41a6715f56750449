"""The books beside the desk: yeses, payments, postings, photos, and the dated rules."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from claims.admin import queue, words
from claims.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from claims.models import (
    Attempt,
    Compensation,
    CompensationTransition,
    Entry,
    Posting,
)
from claims.services import compensations
from claims.services.refusals import Refusal
from claims.states import CompensationState
from portal.accounts.models import User
from portal.lib.labels import Label
from portal.lib.money import Money


def say(minor: int, currency: str) -> str:
    """Say a sum as the reader's language writes it."""
    return Money(minor, currency).say(get_language() or "en")


def claim_link(claim: Any) -> str:
    """Return a link to a claim's workspace."""
    return format_html('<a href="{}">{}</a>', queue.href(claim), claim.ref)


class AttemptInline(ReadOnlyInline):
    """Every try at the provider."""

    model = Attempt
    fields = ("number", "key", "started_at", "finished_at", "outcome", "provider_ref", "error")
    readonly_fields = fields
    ordering = ("-number",)


class StepInline(ReadOnlyInline):
    """Every step of the payment."""

    model = CompensationTransition
    fields = ("occurred_at", "verb", "origin", "target", "role", "note")
    readonly_fields = fields
    ordering = ("-occurred_at", "-pk")


@admin.register(Compensation)
class CompensationAdmin(ReadOnlyAdmin):
    """Movements of money, and the one button that sends a failed one again."""

    list_display = ("reference", "claim_ref", "amount", "state_label", "gateway", "planned_at")
    list_filter = ("state", "gateway")
    list_select_related = ("claim",)
    search_fields = ("reference", "claim__ref", "provider_ref", "payee")
    ordering = ("-planned_at", "-pk")
    inlines = (AttemptInline, StepInline)
    fields = (
        "reference", "claim_ref", "amount", "state_label", "instrument", "payee", "gateway",
        "provider_ref", "planned_at", "settled_at", "next_look",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ["retry"]

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: Compensation) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(description=gettext_lazy("Sum"), ordering="amount_minor")
    def amount(self, row: Compensation) -> str:
        """Say the sum."""
        return say(row.amount_minor, row.currency)

    @display(
        description=gettext_lazy("State"),
        ordering="state",
        label={
            "succeeded": "success",
            "failed": "danger",
            "reversed": "danger",
            "unknown": "warning",
            "pending": "info",
            "sending": "info",
        },
    )
    def state_label(self, row: Compensation) -> Label:
        """Say the state."""
        return Label(row.state, row.get_state_display())

    @display(description=gettext_lazy("Next look"))
    def next_look(self, row: Compensation) -> str:
        """Say when the provider is asked again."""
        return str(words.due(row.next_look_at, now=timezone.now())) or "—"

    @action(
        description=gettext_lazy("Send the payment again"), permissions=["retry"], icon="replay"
    )
    def retry(self, request: HttpRequest, object_id: int) -> HttpResponseRedirect:
        """Send a failed payment again under a new key."""
        row = get_object_or_404(Compensation, pk=object_id)
        try:
            compensations.retry(
                compensation=row, agent=cast("User", request.user), now=timezone.now()
            )
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The payment is sent again, under a new key."))
        return HttpResponseRedirect(reverse("admin:claims_compensation_change", args=[row.pk]))

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the button to those who decide, while there is something to retry."""
        if not request.user.has_perm("claims.decide_claim"):
            return False
        failed = (CompensationState.FAILED, CompensationState.REVERSED)
        return (
            object_id is None
            or Compensation.objects.filter(pk=object_id, state__in=failed).exists()
        )


class EntryInline(ReadOnlyInline):
    """Both sides of a posting."""

    model = Entry
    fields = ("account", "sum", "currency")
    readonly_fields = fields

    @display(description=gettext_lazy("Amount"))
    def sum(self, row: Entry) -> str:
        """Say the amount; credits are below nothing."""
        return say(row.amount_minor, row.currency)


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    """The books."""

    list_display = ("posted_at", "key", "text", "claim_ref")
    list_select_related = ("compensation__claim",)
    search_fields = ("key", "compensation__claim__ref", "compensation__reference")
    ordering = ("-posted_at", "-pk")
    inlines = (EntryInline,)
    fields = ("key", "text", "claim_ref", "posted_at")
    readonly_fields = fields

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: Posting) -> str:
        """Link to the claim."""
        return claim_link(row.compensation.claim)


class DatedAdmin(ModelAdmin):
    """Rules are dated rows: a new one may be added and its texts corrected, none is deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a rule that decisions point at."""
        return False
