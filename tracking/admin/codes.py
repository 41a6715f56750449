"""Codes nobody knows, and shapes of numbers that staff have taught us."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from tracking.admin.reading import ReadOnly
from tracking.models import CarrierCode, Recognition
from tracking.services import codes


class CodeForm(forms.ModelForm):
    """A meaning that makes sense."""

    def clean(self) -> dict[str, Any]:
        """Refuse to explain what moves nothing."""
        given = super().clean() or {}
        if not given.get("status"):
            for name in ("reason", "party", "handed"):
                if given.get(name):
                    self.add_error(
                        name,
                        _("Choose a status first, or leave this empty: the code moves nothing."),
                    )
        return given


class MappedFilter(admin.SimpleListFilter):
    """Whether somebody has said what a code means."""

    title = _("meaning")
    parameter_name = "mapped"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("no", _("still unknown")), ("yes", _("explained by staff"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Choose."""
        if self.value() in {"no", "yes"}:
            return queryset.filter(mapped_at__isnull=self.value() == "no")
        return queryset


@admin.register(CarrierCode)
class CarrierCodeAdmin(ModelAdmin):
    """What carriers say that our tables lack; a parcel keeps its status until it is explained."""

    form = CodeForm
    list_display = [
        "code", "adapter", "short_words", "seen", "last_seen_at", "shown_meaning", "mapped_by",
    ]  # fmt: skip
    list_filter = [MappedFilter, "adapter"]
    list_select_related = ["mapped_by"]
    search_fields = ["code", "words"]
    search_help_text = _("The carrier's code, or its words.")
    ordering = ["mapped_at", "-seen", "pk"]
    fieldsets = [
        (
            _("What the carrier says"),
            {"fields": ["adapter", "code", "words", "seen", "first_seen_at", "last_seen_at"]},
        ),
        (
            _("What it means"),
            {
                "fields": ["status", "reason", "party", "handed", "mapped_by", "mapped_at"],
                "description": _(
                    "Saved without a status, the code moves nothing. Parcels that it has touched"
                    " are read again a moment later."
                ),
            },
        ),
    ]
    readonly_fields = [
        "adapter", "code", "words", "seen", "first_seen_at", "last_seen_at", "mapped_by",
        "mapped_at",
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse; carriers bring them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CarrierCode | None = None) -> bool:
        """Refuse; that it was seen is a fact."""
        return False

    def save_model(self, request: HttpRequest, obj: CarrierCode, form: Any, change: bool) -> None:  # noqa: FBT001
        """Say what the code means, whatever else was in the form."""
        chosen = {name: form.cleaned_data[name] for name in ("status", "reason", "party", "handed")}
        person: Any = request.user
        codes.say(code=obj, **chosen, person=person, now=timezone.now())
        self.message_user(
            request, _("Parcels that this code has touched are being read again."), messages.INFO
        )

    @display(description=_("carrier's words"))
    def short_words(self, obj: CarrierCode) -> str:
        """Show the beginning of the words."""
        return obj.words[:80]

    @display(description=_("meaning"), label=True)
    def shown_meaning(self, obj: CarrierCode) -> str:
        """Show what it means to us."""
        if obj.mapped_at is None:
            return str(_("still unknown"))
        return obj.get_status_display() if obj.status else str(_("moves nothing"))


@admin.register(Recognition)
class RecognitionAdmin(ReadOnly, ModelAdmin):
    """What corrections have taught us about numbers."""

    list_display = ["shape", "carrier", "count", "last_at"]
    list_filter = ["carrier"]
    list_select_related = ["carrier"]
    search_fields = ["shape"]
    ordering = ["-count", "shape"]
    fields = readonly_fields = ["shape", "carrier", "count", "last_at"]
