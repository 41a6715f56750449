"""Parcels with their journey, as the carrier told it and as we read it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from portal.lib.labels import Label
from tracking.admin.reading import STATUS_LABELS, ReadOnly
from tracking.models import Anomaly, Carrier, Parcel, ParcelLine, ParcelNumber, Sighting
from tracking.services import quarantine


class ContentInline(ReadOnly, TabularInline):
    """What is inside."""

    model = ParcelLine
    fields = readonly_fields = ["order_line", "quantity"]
    extra = 0


class NumberInline(ReadOnly, TabularInline):
    """Further numbers it travels under."""

    model = ParcelNumber
    fields = readonly_fields = ["number", "carrier", "connection", "matched_by", "created_at"]
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
                    "shown_status", "status_at", "hinted", "reason", "party", "handed", "leg",
                    "is_disputed", "delivered_at", "signed_by", "last_scan_at",
                ]
            },
        ),
        (_("Promise"), {"fields": ["shipped_at", "promised_at", "eta_from", "eta_to"]}),
        (_("Journey"), {"fields": ["journey"]}),
    ]  # fmt: skip
    readonly_fields = ["order_link", "shopper_page", "shown_status", "journey"]
    inlines = [ContentInline, NumberInline, AnomalyInline]
    actions_detail = ["carrier_page"]
    change_form_before_template = "admin/claims/filingoverride/way.html"

    def has_correct_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Test whether this person may put a parcel right."""
        return request.user.has_perm("tracking.change_parcel")

    @action(description=_("Another carrier"), url_path="carrier", permissions=["correct"])
    def carrier_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Say which carrier really has the parcel."""
        if not self.has_correct_permission(request):
            raise PermissionDenied
        parcel = Parcel.objects.select_related("carrier").filter(pk=object_id).first()
        if parcel is None:
            raise Http404
        if request.method == "POST":
            carrier = Carrier.objects.filter(slug=request.POST.get("carrier", "")).first()
            if carrier is None:
                self.message_user(request, gettext("Choose a carrier."), messages.ERROR)
                return HttpResponseRedirect(request.path)
            quarantine.change_carrier(parcel=parcel, carrier=carrier, now=timezone.now())
            self.message_user(
                request,
                gettext("%(number)s is with %(carrier)s now.")
                % {"number": parcel.number, "carrier": carrier.name},
                messages.SUCCESS,
            )
            return HttpResponseRedirect(reverse("admin:tracking_parcel_change", args=[parcel.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Which carrier has %(number)s?") % {"number": parcel.number},
            "opts": self.model._meta,  # noqa: SLF001 - _meta is public in Django
            "parcel": parcel,
            "carriers": Carrier.objects.order_by("name_en"),
        }
        return TemplateResponse(request, "admin/tracking/parcel/carrier.html", context)

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
            gettext("Open the journey page"),
        )

    @display(description=_("status"), ordering="status", label=STATUS_LABELS)
    def shown_status(self, obj: Parcel) -> Label:
        """Show the status as a coloured word."""
        return Label(obj.status, obj.get_status_display())

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
            return format_html("<p>{}</p>", gettext("The carrier has not told anything yet."))
        return format_html('<table class="w-full text-left text-sm leading-6">{}</table>', rows)

    def get_inline_instances(self, request: HttpRequest, obj: Parcel | None = None) -> list[object]:
        """Show inlines of an existing parcel only."""
        return super().get_inline_instances(request, obj) if obj else []


def _when(sighting: Sighting) -> str:
    """Say when in the desk's zone, or what the carrier's clock said."""
    if sighting.occurred_at is None:
        return sighting.local_time.replace("T", " ") or "–"
    return date_format(timezone.localtime(sighting.occurred_at), "DATETIME_FORMAT")
