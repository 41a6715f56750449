"""Canned replies: kept in both languages, checked, and seen as a shopper would see them."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display

from claims import canned
from claims.models import CannedReply


@admin.register(CannedReply)
class CannedReplyAdmin(ModelAdmin):
    """Answers the desk gives often."""

    list_display = ("title", "reason", "position", "is_active")
    list_filter = ("is_active", "reason")
    search_fields = ("title", "body_en", "body_zh")
    ordering = ("position", "title")
    fields = ("title", "reason", "body_en", "body_zh", "position", "is_active", "places", "preview")
    readonly_fields = ("places", "preview")

    @display(description=gettext_lazy("Places for facts"))
    def places(self, row: CannedReply) -> str:
        """List every place an answer may have."""
        return " · ".join(f"{{{name}}}: {words}" for name, words in canned.VARIABLES.items())

    @display(description=gettext_lazy("As a shopper would read it"))
    def preview(self, row: CannedReply) -> str:
        """Show both languages with the facts of an invented claim."""
        if not row.pk:
            return _("Save it first.")
        return format_html(
            '<p lang="en" class="whitespace-pre-wrap">{}</p><hr>'
            '<p lang="zh-Hans" class="whitespace-pre-wrap">{}</p>',
            canned.fill(row.body_en, canned.SAMPLE),
            canned.fill(row.body_zh, canned.SAMPLE),
        )
