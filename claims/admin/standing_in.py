"""Second yeses by somebody who stood in: what the workspace offers, and the look afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from claims.admin import queue
from claims.admin.readonly import ReadOnlyAdmin
from claims.admin.records import claim_link
from claims.admin.risk import WaitingFilter
from claims.models import Approval, Claim, StandIn
from claims.services import standing_in
from claims.services.refusals import Refusal
from claims.states import ClaimState
from portal.accounts.models import User
from portal.lib.labels import Label
from portal.lib.money import Money


def panel(
    claim: Claim, *, approval: Approval | None, person: User, now: datetime
) -> dict[str, str] | None:
    """Return what the workspace says of standing in; None where it is not this person's to do."""
    if approval is None or claim.state != ClaimState.PENDING_APPROVAL:
        return None
    if not person.has_perm(standing_in.PERMISSION) or person.has_perm("claims.second_claim"):
        return None
    reason = standing_in.why_not(claim=claim, approval=approval, person=person, now=now)
    return {"not": str(reason()) if reason is not None else ""}


@admin.register(StandIn)
class StandInAdmin(ReadOnlyAdmin):
    """Every time the glass was broken; who should have been asked looks at it."""

    list_display = ("claim_ref", "amount", "person", "made_at", "review_by", "shown_verdict")
    list_display_links = ("made_at",)
    list_filter = (WaitingFilter,)
    list_select_related = ("approval__claim", "person", "judged_by")
    search_fields = ("approval__claim__ref", "person__email", "why")
    ordering = ("review_by", "pk")
    fields = (
        "claim_ref", "amount", "proposed_by", "person", "why", "made_at", "review_by",
        "shown_verdict", "note", "judged_by", "judged_at",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ["look"]

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: StandIn) -> str:
        """Link to the claim."""
        return claim_link(row.approval.claim)

    @display(description=gettext_lazy("Approved"))
    def amount(self, row: StandIn) -> str:
        """Say the sum."""
        return Money(row.approval.amount_minor, row.approval.currency).say(queue.language())

    @display(description=gettext_lazy("Proposed by"))
    def proposed_by(self, row: StandIn) -> str:
        """Name the first person, or the rule."""
        return str(row.approval.reviewer or row.approval.rule or "—")

    @display(
        description=gettext_lazy("Verdict"),
        label={"": "warning", "late": "danger", "agree": "success", "disagree": "danger"},
    )
    def shown_verdict(self, row: StandIn) -> Label:
        """Say what came of it, or that it waits."""
        if row.verdict:
            return Label(row.verdict, row.get_verdict_display())
        if row.review_by <= timezone.now():
            return Label("late", _("Should have been looked at"))
        return Label("", _("To be looked at"))

    def has_look_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the button to those whose post it is, while there is something to say."""
        if not request.user.has_perm("claims.second_claim"):
            return False
        return object_id is None or standing_in.waiting().filter(pk=object_id).exists()

    @action(description=gettext_lazy("Give a verdict"), url_path="look", permissions=["look"])
    def look(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what was done and why, ask whether it was right, and keep the answer."""
        if not request.user.has_perm("claims.second_claim"):
            raise PermissionDenied
        rows = StandIn.objects.select_related("approval__claim", "approval__reviewer", "person")
        row = rows.filter(pk=object_id).first()
        if row is None:
            raise Http404
        back = reverse("admin:claims_standin_changelist")
        status = 200
        if request.method == "POST":
            try:
                standing_in.judge(
                    row=row,
                    person=cast("User", request.user),
                    verdict=request.POST.get("verdict", ""),
                    note=request.POST.get("note", ""),
                    now=timezone.now(),
                )
            except Refusal as refusal:
                messages.error(request, str(refusal))
                status = 422
            else:
                messages.success(request, _("Your verdict is kept. Nothing was paid or taken."))
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Was standing in right? %(ref)s") % {"ref": row.approval.claim.ref},
            "row": row,
            "amount": self.amount(row),
            "proposed_by": self.proposed_by(row),
            "claim_href": queue.href(row.approval.claim),
            "typed": {name: request.POST.get(name, "") for name in ("verdict", "note")},
            "back": back,
        }
        return TemplateResponse(request, "admin/claims/standin/look.html", context, status=status)
