"""Whom we ask next, what became of the last time, subscriptions and proofs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from portal.lib.labels import Label
from tracking.admin.reading import ReadOnly
from tracking.models import Poll, ProofOfDelivery, Subscription
from tracking.models.parcel import normalise
from tracking.services import polling


class OfAParcel(ReadOnly, ModelAdmin):
    """A row about one number of one parcel."""

    list_select_related = ["parcel", "connection"]
    search_help_text = _("Tracking number from its beginning.")
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by the beginning of the parcel's number."""
        number = normalise(search_term.replace("\x00", ""))
        found = queryset.filter(parcel__number__startswith=number) if number else queryset
        return found, False

    search_fields = ["parcel__number"]

    @display(description=_("parcel"))
    def parcel_link(self, obj: Any) -> SafeString:
        """Lead to the parcel."""
        address = reverse("admin:tracking_parcel_change", args=[obj.parcel_id])
        return format_html('<a class="underline" href="{}">{}</a>', address, obj.parcel.number)


class FailingFilter(admin.SimpleListFilter):
    """Those that have failed, and those nobody asks about any more."""

    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the two that need somebody."""
        return [("failing", _("failing")), ("over", _("not asked any more"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Choose."""
        if self.value() == "failing":
            return queryset.filter(failures__gt=0)
        if self.value() == "over":
            return queryset.filter(due_at__isnull=True)
        return queryset


@admin.register(Poll)
class PollAdmin(OfAParcel):
    """Numbers that carriers are asked about, and how the last time went."""

    list_display = [
        "number", "parcel_link", "connection", "due_at", "polled_at", "shown_outcome", "failures",
        "error",
    ]  # fmt: skip
    list_filter = [FailingFilter, "outcome", "connection"]
    ordering = ["-polled_at"]
    fields = [
        "number", "parcel_link", "connection", "due_at", "urgency", "polled_at", "shown_outcome",
        "http_status", "latency_ms", "empties", "failures", "asked_that_day", "error",
    ]  # fmt: skip
    readonly_fields = fields
    actions = ["ask_now"]

    def has_ask_permission(self, request: HttpRequest) -> bool:
        """Test whether this person may spend what is kept for people."""
        return request.user.has_perm("tracking.change_parcel")

    @display(
        description=_("outcome"),
        ordering="outcome",
        label={
            "news": "success", "unchanged": "info", "not_found": "warning",
            "invalid_number": "danger", "auth": "danger", "schema_drift": "danger",
            "transient": "warning", "rate_limited": "warning", "quota_exhausted": "warning",
        },
    )  # fmt: skip
    def shown_outcome(self, obj: Poll) -> Label:
        """Show the outcome as a coloured word."""
        return Label(obj.outcome, obj.get_outcome_display() or "–")

    @action(description=_("Ask about the chosen numbers now"), permissions=["ask"])
    def ask_now(self, request: HttpRequest, queryset: QuerySet[Poll]) -> None:
        """Have the carriers asked at once, out of the share that is kept for people."""
        now = timezone.now()
        chosen = queryset.select_related("parcel")[:100]
        asked = sum(polling.refresh(parcel=one.parcel, now=now) for one in chosen)
        text = ngettext(
            "%(count)s of the chosen is asked about in a moment; the others were asked too short a"
            " time ago, or cannot be.",
            "%(count)s of the chosen are asked about in a moment; the others were asked too short"
            " a time ago, or cannot be.",
            asked,
        )
        self.message_user(request, text % {"count": asked}, messages.INFO)


@admin.register(Subscription)
class SubscriptionAdmin(OfAParcel):
    """Numbers whose pushes are asked for."""

    list_display = [
        "number", "parcel_link", "connection", "state", "subscribed_at", "expires_at", "error",
    ]  # fmt: skip
    list_filter = ["state", "connection"]
    ordering = ["-pk"]
    fields = [
        "number", "parcel_link", "connection", "state", "due_at", "subscribed_at", "expires_at",
        "failures", "asked_that_month", "error",
    ]  # fmt: skip
    readonly_fields = fields


@admin.register(ProofOfDelivery)
class ProofAdmin(OfAParcel):
    """Proofs of delivery: where they stand; the pictures themselves stay with their parcel."""

    list_display = ["parcel_link", "kind", "state", "connection", "fetched_at", "error"]
    list_filter = ["state", "kind", "connection"]
    ordering = ["-pk"]
    fields = [
        "parcel_link", "kind", "state", "connection", "attempts", "due_at", "fetched_at", "sha256",
        "bytes", "error",
    ]  # fmt: skip
    readonly_fields = fields
