"""What shoppers thought of how their claims were handled."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from claims.admin.readonly import ReadOnlyAdmin
from claims.admin.records import claim_link
from claims.models import ShopperRating
from portal.lib.labels import Label


@admin.register(ShopperRating)
class RatingAdmin(ReadOnlyAdmin):
    """Every judgement, the newest first; one that was changed stays beside the new one."""

    list_display = ("claim_ref", "said", "excerpt", "reason", "state", "agent", "made_at")
    list_filter = ("stars", "state", "claim__reason")
    list_select_related = ("claim__assignee",)
    search_fields = ("claim__ref", "words")
    ordering = ("-made_at", "-pk")
    fields = ("claim_ref", "number", "said", "words", "reason", "state", "agent", "made_at")
    readonly_fields = fields

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: ShopperRating) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(
        description=gettext_lazy("Rating"),
        ordering="stars",
        label={"1": "danger", "2": "warning", "3": "info", "4": "success", "5": "success"},
    )
    def said(self, row: ShopperRating) -> Label:
        """Say the judgement."""
        return Label(str(row.stars), row.get_stars_display())

    @display(description=gettext_lazy("In the shopper's words"))
    def excerpt(self, row: ShopperRating) -> str:
        """Return how the words begin."""
        return row.words[:80] + "…" if len(row.words) > 80 else row.words or "—"

    @display(description=gettext_lazy("Reason"))
    def reason(self, row: ShopperRating) -> str:
        """Say what the claim was about."""
        return row.claim.get_reason_display()

    @display(description=gettext_lazy("Claims agent"))
    def agent(self, row: ShopperRating) -> str:
        """Name who had the claim."""
        return str(row.claim.assignee or "—")
