"""When silence becomes trouble, and times in which nobody can expect anything to move."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from tracking.models import DisruptionWindow, Threshold
from tracking.services import disruptions
from tracking.states import Anchor, Unit
from tracking.troubles import ANCHORS


class ThresholdForm(forms.ModelForm):
    """A threshold that can come about."""

    def clean(self) -> dict[str, Any]:
        """Refuse what would never be reached, and name what would."""
        given = super().clean() or {}
        kind, anchor, unit = given.get("kind"), given.get("anchor"), given.get("unit")
        if kind and kind not in ANCHORS:
            self.add_error("kind", _("The carrier's own scans tell of this; no clock runs for it."))
        elif kind and anchor and anchor not in ANCHORS[kind]:
            names = ", ".join(str(Anchor(one).label) for one in sorted(ANCHORS[kind]))
            self.add_error(
                "anchor", _("This kind can be counted from: %(names)s.") % {"names": names}
            )
        if anchor and unit and (anchor == Anchor.ATTEMPTS) != (unit == Unit.COUNT):
            self.add_error("unit", _("Attempts are counted in times, and nothing else is."))
        return given


@admin.register(Threshold)
class ThresholdAdmin(ModelAdmin):
    """The ladder of each kind of trouble; the most particular row for a step speaks."""

    form = ThresholdForm
    list_display = [
        "kind", "level", "lane", "carrier", "anchor", "amount", "unit", "quiet_days", "severity",
        "tells_shopper", "asks_carrier", "is_active",
    ]  # fmt: skip
    list_display_links = ["kind", "level"]
    list_filter = ["kind", "lane", "carrier", "severity", "tells_shopper", "is_active"]
    list_select_related = ["carrier"]
    search_fields = ["kind", "carrier__slug"]
    ordering = ["kind", "lane", "level", "anchor"]
    fieldsets = [
        (_("What for"), {"fields": ["kind", "lane", "carrier"]}),
        (_("When"), {"fields": ["anchor", "amount", "unit", "quiet_days"]}),
        (
            _("What then"),
            {
                "fields": ["level", "severity", "tells_shopper", "asks_carrier", "is_active"],
                "description": _("A change reaches every parcel under way within a day."),
            },
        ),
    ]


class DisruptionForm(forms.ModelForm):
    """A disruption of a country that can be meant."""

    def clean_country(self) -> str:
        """Write a country in capitals."""
        country = str(self.cleaned_data["country"]).strip().upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Write two letters, such as CN."))
        return country


@admin.register(DisruptionWindow)
class DisruptionWindowAdmin(ModelAdmin):
    """Declared disruptions: the clocks of the parcels they cover stand still."""

    form = DisruptionForm
    list_display = ["reason", "carrier", "country", "region", "begins_at", "ends_at", "declared_by"]
    list_filter = [("ends_at", admin.EmptyFieldListFilter), "carrier", "country"]
    list_select_related = ["carrier", "declared_by"]
    search_fields = ["reason", "region"]
    ordering = ["-begins_at"]
    fields = ["reason", "carrier", "country", "region", "begins_at", "ends_at", "declared_by"]
    readonly_fields = ["declared_by"]

    def save_model(
        self,
        request: HttpRequest,
        obj: DisruptionWindow,
        form: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        """Remember who declared it."""
        if not change:
            obj.declared_by = request.user  # type: ignore[assignment]
        disruptions.keep(window=obj, now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: DisruptionWindow) -> None:
        """Take one back."""
        disruptions.drop(window=obj, now=timezone.now())

    def delete_queryset(
        self,
        request: HttpRequest,
        queryset: QuerySet[DisruptionWindow],
    ) -> None:
        """Take several back."""
        for window in queryset:
            disruptions.drop(window=window, now=timezone.now())
