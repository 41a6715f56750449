"""Trouble on parcels, open first."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from tracking.admin.reading import ReadOnly, block
from tracking.models import Anomaly


@admin.register(Anomaly)
class AnomalyAdmin(ReadOnly, ModelAdmin):
    """Episodes of trouble, found by rules and cleared by news."""

    list_display = ["shown_kind", "parcel_link", "carrier", "party", "severity", "opened_at",
                    "cleared_at"]  # fmt: skip
    list_display_links = ["shown_kind"]
    list_filter = ["kind", "party", "severity", ("cleared_at", admin.EmptyFieldListFilter),
                   "parcel__carrier"]  # fmt: skip
    list_select_related = ["parcel__carrier"]
    search_fields = ["parcel__number__istartswith", "parcel__order__number"]
    show_full_result_count = False
    fields = ["shown_kind", "parcel_link", "party", "severity", "opened_at", "cleared_at", "quoted"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Anomaly]:
        """Put what is open first, the newest of it on top."""
        return (
            super()
            .get_queryset(request)
            .order_by(F("cleared_at").desc(nulls_first=True), "-opened_at", "-pk")
        )

    @display(
        description=_("kind"),
        ordering="kind",
        label={"damaged": "danger", "lost": "danger", "delivered_disputed": "warning"},
    )
    def shown_kind(self, obj: Anomaly) -> tuple[str, str]:
        """Show the kind as a coloured word."""
        return obj.kind, obj.get_kind_display()

    @display(description=_("parcel"))
    def parcel_link(self, obj: Anomaly) -> SafeString:
        """Lead to the parcel."""
        address = reverse("admin:tracking_parcel_change", args=[obj.parcel_id])
        return format_html('<a class="underline" href="{}">{}</a>', address, obj.parcel.number)

    @display(description=_("carrier"))
    def carrier(self, obj: Anomaly) -> str:
        """Name the carrier."""
        return obj.parcel.carrier.name

    @display(description=_("evidence"))
    def quoted(self, obj: Anomaly) -> SafeString:
        """Show the scan that says so."""
        return block(json.dumps(obj.evidence, indent=2, ensure_ascii=False))
