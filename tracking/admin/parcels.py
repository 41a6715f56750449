"""Parcels with their journey, as the carrier told it and as we read it."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from tracking.admin.reading import STATUS_LABELS, ReadOnly
from tracking.models import Anomaly, Parcel, ParcelLine, Sighting


class ContentInline(ReadOnly, TabularInline):
    """What is inside."""

    model = ParcelLine
    fields = readonly_fields = ["order_line", "quantity"]
    extra = 0


class AnomalyInline(ReadOnly, TabularInline):
    """Trouble on this parcel, open first."""

    model = Anomaly
    fields = readonly_fields = ["kind", "party", "severity", "opened_at", "cleared_at"]
    ordering = ["-cleared_at", "-opened_at"]
    extra = 0


@admin.register(Parcel)
class ParcelAdmin(ReadOnly, ModelAdmin):
    """Parcels; their status is projected from sightings and never typed."""

    list_display = [
        "number", "order_number", "carrier", "shown_status", "reason", "last_scan_at",
        "delivered_at", "is_disputed",
    ]  # fmt: skip
    list_filter = ["status", "reason", "carrier", "connection", "is_disputed", "is_current"]
    list_select_related = ["order", "carrier"]
    search_fields = ["number__istartswith", "order__number", "order__email"]
    search_help_text = _("Tracking number from its beginning, order number or e-mail.")
    ordering = ["-pk"]
    show_full_result_count = False
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "number", "order_link", "carrier", "connection", "shopper_page", "position",
                    "is_current",
                ]
            },
        ),
        (
            _("Where it is"),
            {
                "fields": [
                    "shown_status", "status_at", "reason", "party", "handed", "leg",
                    "is_disputed", "delivered_at", "last_scan_at",
                ]
            },
        ),
        (_("Promise"), {"fields": ["shipped_at", "promised_at", "eta_from", "eta_to"]}),
        (_("Journey"), {"fields": ["journey"]}),
    ]  # fmt: skip
    readonly_fields = ["order_link", "shopper_page", "shown_status", "journey"]
    inlines = [ContentInline, AnomalyInline]

    @display(description=_("order"), ordering="order__number")
    def order_number(self, obj: Parcel) -> str:
        """Name the order."""
        return obj.order.number

    @display(description=_("order"))
    def order_link(self, obj: Parcel) -> SafeString:
        """Lead to the order."""
        address = reverse("admin:tracking_order_change", args=[obj.order_id])
        return format_html('<a class="underline" href="{}">{}</a>', address, obj.order.number)

    @display(description=_("shopper's page"))
    def shopper_page(self, obj: Parcel) -> SafeString:
        """Lead to what the shopper sees."""
        return format_html(
            '<a class="underline" href="{}">{}</a>',
            reverse("track", args=[obj.token]),
            _now("Open the journey page"),
        )

    @display(description=_("status"), ordering="status", label=STATUS_LABELS)
    def shown_status(self, obj: Parcel) -> tuple[str, str]:
        """Show the status as a coloured word."""
        return obj.status, obj.get_status_display()

    @display(description=_("what was seen, newest first"))
    def journey(self, obj: Parcel) -> SafeString:
        """Show every sighting, withdrawn ones struck through, with the carrier's own words."""
        seen = Sighting.objects.filter(parcel=obj).order_by(
            "-occurred_at", "-local_time", "-sequence", "-pk"
        )[:300]
        rows = format_html_join(
            "",
            '<tr class="{}"><td class="pr-4 whitespace-nowrap">{}</td><td class="pr-4">{}</td>'
            '<td class="pr-4">{}</td><td class="pr-4">{}</td><td class="pr-4">{}</td></tr>',
            (
                (
                    "line-through opacity-60" if one.withdrawn_at else "",
                    _when(one),
                    one.get_status_display() or "–",
                    one.get_reason_display(),
                    one.location,
                    f"{one.raw_text} [{one.raw_code}]" if one.raw_code else one.raw_text,
                )
                for one in seen
            ),
        )
        if not rows:
            return format_html("<p>{}</p>", _now("The carrier has not told anything yet."))
        return format_html('<table class="w-full text-left text-sm leading-6">{}</table>', rows)

    def get_inline_instances(self, request: HttpRequest, obj: Parcel | None = None) -> list[object]:
        """Show inlines of an existing parcel only."""
        return super().get_inline_instances(request, obj) if obj else []


def _when(sighting: Sighting) -> str:
    """Say when in the desk's zone, or what the carrier's clock said."""
    if sighting.occurred_at is None:
        return sighting.local_time.replace("T", " ") or "–"
    return date_format(timezone.localtime(sighting.occurred_at), "DATETIME_FORMAT")
