"""How long parcels take, and how what was expected of each has changed."""

from __future__ import annotations

from itertools import accumulate

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from portal.lib.labels import Label
from tracking import expecting
from tracking.admin.reading import ReadOnly
from tracking.models import EtaRevision, TransitStat

CONFIDENCE_LABELS = {"high": "success", "medium": "info", "low": "warning"}


@admin.register(TransitStat)
class TransitStatAdmin(ReadOnly, ModelAdmin):
    """What finished journeys taught, group by group; nobody types it."""

    list_display = ["stage", "level", "key", "count", "half", "most", "updated_at"]
    list_filter = ["stage", "level"]
    search_fields = ["key"]
    search_help_text = _("Carrier or route, such as “ups US-97>US-100”.")
    ordering = ["-count", "pk"]
    show_full_result_count = False
    fields = ["stage", "level", "key", "count", "half", "most", "updated_at", "shown_histogram"]
    readonly_fields = fields

    @display(description=_("half arrive within"))
    def half(self, obj: TransitStat) -> str:
        """Show the middle, in working days."""
        return _days(obj, expecting.MIDDLE)

    @display(description=_("nine of ten arrive within"))
    def most(self, obj: TransitStat) -> str:
        """Show what nine of ten keep to, in working days."""
        return _days(obj, expecting.LATE)

    @display(description=_("histogram"))
    def shown_histogram(self, obj: TransitStat) -> SafeString:
        """Show how many of a hundred took how long, in working hours."""
        summed = sum(obj.histogram.values())
        buckets = sorted((int(at), heft) for at, heft in obj.histogram.items())
        rows = [
            (
                f"{expecting.EDGES[at]}–{expecting.EDGES[at] + expecting.WIDTHS[at]}",
                f"{100 * heft / summed:.1f} %",
            )
            for at, heft in buckets
        ]
        return format_html(
            '<table class="text-left text-sm leading-6">{}</table>',
            format_html_join("", '<tr><td class="pr-4">{}</td><td>{}</td></tr>', rows),
        )


def _days(obj: TransitStat, share: float) -> str:
    summed = sum(obj.histogram.values())
    if not summed:
        return "–"
    chances = (obj.histogram.get(str(at), 0.0) / summed for at in range(len(expecting.EDGES)))
    days = expecting.quantile(tuple(accumulate(chances)), share) / 24
    return gettext("%(days)s working days") % {"days": f"{days:.1f}"}


@admin.register(EtaRevision)
class EtaRevisionAdmin(ReadOnly, ModelAdmin):
    """Who expected which parcel when, newest first."""

    list_display = ["parcel_link", "source", "eta_from", "eta_to", "shown_confidence", "stage",
                    "level", "seen_at"]  # fmt: skip
    list_display_links = ["source"]
    list_filter = ["source", "confidence", "stage", "level"]
    list_select_related = ["parcel"]
    search_fields = ["parcel__number__istartswith", "parcel__order__number"]
    search_help_text = _("Tracking number from its beginning, or order number.")
    ordering = ["-pk"]
    show_full_result_count = False
    fields = ["parcel_link", "source", "eta_from", "eta_to", "likely", "shown_confidence", "stage",
              "level", "key", "weight", "seen_at"]  # fmt: skip
    readonly_fields = fields

    @display(description=_("parcel"))
    def parcel_link(self, obj: EtaRevision) -> SafeString:
        """Lead to the parcel."""
        address = reverse("admin:tracking_parcel_change", args=[obj.parcel_id])
        return format_html('<a class="underline" href="{}">{}</a>', address, obj.parcel.number)

    @display(description=_("confidence"), ordering="confidence", label=CONFIDENCE_LABELS)
    def shown_confidence(self, obj: EtaRevision) -> Label:
        """Show how sure we are as a coloured word."""
        return Label(obj.confidence, obj.get_confidence_display() or "–")
