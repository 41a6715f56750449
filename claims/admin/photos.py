"""Photos at the desk: what speaks in them, where they were seen before, originals for a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from claims import photo_signals
from claims.admin import told
from claims.admin.readonly import ReadOnlyAdmin
from claims.admin.records import claim_link
from claims.models import Claim, Evidence, OriginalOpening
from claims.services import showing
from claims.services.lookalikes import Alike
from claims.services.refusals import Refusal
from claims.states import ClaimState
from portal.accounts.models import User

SURE = 150
"""From this weight on so many details agree that it is hardly chance."""

SIGNALS: Mapping[str, Promise] = {
    "before_order": gettext_lazy("The file says it was taken before the order was placed."),
    "before_delivery": gettext_lazy("The file says it was taken before the delivery."),
    "after_received": gettext_lazy(
        "The file says it was taken after it came here: a clock is wrong."
    ),
    "edited": gettext_lazy("The file was last written by a program that edits pictures."),
    "generated": gettext_lazy("The file was written by a program that makes pictures up."),
}


@dataclass(frozen=True)
class Beside:
    """A photo of this claim and one of another that shows the same."""

    number: int
    caption: str
    small: str
    large: str
    other_small: str
    other_large: str
    ref: str
    how: str
    who: str
    state: str


@dataclass(frozen=True)
class Panel:
    """What ``workspace_photos.html`` shows."""

    beside: list[Beside]
    signals: list[tuple[int, str]]
    """Number of the photo, sentence."""
    originals: list[tuple[int, int, str]]
    """Key of the photo, its number, its caption."""
    openings: list[OriginalOpening]


def panel(claim: Claim, shown: Sequence[told.Photo]) -> Panel:
    """Return what is to be looked at in a claim's photos; one query beside those of ``shown``."""
    rows = {row.token: row for row in claim.evidence.all()}
    signals = [
        (photo.number, str(SIGNALS[signal.code]))
        for photo in shown
        for signal in photo_signals.signals_of(
            rows[photo.token].signals,
            claim.order.placed_at,
            claim.parcel.delivered_at if claim.parcel else None,
            received=rows[photo.token].received_at,
        )
    ]
    return Panel(
        beside=[_beside(claim, photo, seen) for photo in shown for seen in photo.alike],
        signals=signals,
        originals=[
            (rows[photo.token].pk, photo.number, photo.caption)
            for photo in shown
            if rows[photo.token].original
        ],
        openings=list(
            OriginalOpening.objects.filter(evidence__claim=claim)
            .select_related("person", "evidence")
            .order_by("-opened_at", "-pk")[:10]
        ),
    )


def _beside(claim: Claim, photo: told.Photo, seen: Alike) -> Beside:
    return Beside(
        number=photo.number,
        caption=photo.caption,
        small=photo.small,
        large=photo.large,
        other_small=reverse("photo", args=[seen.token, "small"]) if seen.is_clean else "",
        other_large=reverse("photo", args=[seen.token, "large"]) if seen.is_clean else "",
        ref=seen.claim_ref,
        how=how_alike(seen),
        who=_("The same shopper") if seen.shopper_id == claim.shopper_id else _("Another shopper"),
        state=str(ClaimState(seen.claim_state).label),
    )


def how_alike(seen: Alike) -> str:
    """Say in words how much two photos are alike, and what was done to one of them."""
    if seen.is_same_file:
        return _("The very same file.")
    if seen.is_print:
        said = _("Partly the same, perhaps only the print")
    elif seen.weight >= SURE:
        said = _("Almost surely the same picture")
    elif seen.is_whole:
        said = _("The same picture as a whole")
    else:
        said = _("Probably the same picture")
    done = []
    if seen.is_mirrored:
        done.append(_("mirrored"))
    if seen.turn:
        done.append(_("turned by %(degrees)s°") % {"degrees": seen.turn})
    if seen.details:
        done.append(
            ngettext("%(count)s detail agrees", "%(count)s details agree", seen.details)
            % {"count": seen.details}
        )
    return f"{said}: {', '.join(done)}." if done else f"{said}."


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    """Photos: clean copies to look at; an original only for a reason that is kept."""

    list_display = ("name", "claim_ref", "kind", "state", "received_at", "removed_at")
    list_filter = ("state",)
    list_select_related = ("claim",)
    search_fields = ("claim__ref", "name", "sha256")
    ordering = ("-received_at", "-pk")
    fields = (
        "picture", "name", "claim_ref", "kind", "state", "refusal", "bytes", "sha256", "said",
        "received_at", "cleaned_at", "removed_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: Evidence) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(description=gettext_lazy("Picture"))
    def picture(self, row: Evidence) -> str:
        """Show the small clean copy, linking to the large one."""
        if not row.small:
            return "—"
        return format_html(
            '<a href="{}"><img src="{}" alt="{}" width="200"></a>',
            reverse("photo", args=[row.token, "large"]),
            reverse("photo", args=[row.token, "small"]),
            row.name,
        )

    @display(description=gettext_lazy("What the file says of itself"))
    def said(self, row: Evidence) -> str:
        """Say what helps to judge it; the rest of its metadata is nobody's business."""
        known = ("taken_at", "camera", "software")
        return " · ".join(str(row.signals[name]) for name in known if name in row.signals) or "—"

    def get_urls(self) -> list[URLPattern]:
        """Add the door to an original."""
        own = path(
            "<int:pk>/original/",
            self.admin_site.admin_view(self.original),
            name="claims_evidence_original",
        )
        return [own, *super().get_urls()]

    def original(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Give the original out as a download, once a reason is given, and write that down."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise Http404
        photo = get_object_or_404(Evidence.objects.select_related("claim"), pk=pk)
        back = redirect("admin:claims_claim_change", photo.claim.ref)
        try:
            content = showing.open_original(
                photo=photo,
                person=cast("User", request.user),
                reason=request.POST.get("reason", ""),
                now=timezone.now(),
            )
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return back
        if content is None:
            messages.error(
                request, _("This original is not as it came, or its file is gone. Tell operations.")
            )
            return back
        ending = {"JPEG": "jpg", "HEIF": "heic"}.get(
            kind := str(photo.signals.get("format", "")), kind.lower() or "bin"
        )
        return HttpResponse(
            content,
            content_type="application/octet-stream",
            headers={
                "Content-Disposition": f'attachment; filename="{photo.claim.ref}-{pk}.{ending}"',
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Cache-Control": "no-store",
            },
        )


@admin.register(OriginalOpening)
class OriginalOpeningAdmin(ReadOnlyAdmin):
    """Who took originals out of their seal, and why."""

    list_display = ("opened_at", "person", "evidence", "reason", "is_sound")
    list_filter = ("is_sound",)
    list_select_related = ("person", "evidence")
    search_fields = ("evidence__claim__ref", "person__email", "reason")
    ordering = ("-opened_at", "-pk")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the list to those who watch the desk; a claim's own openings stand beside it."""
        return request.user.has_perm("claims.watch_agents")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show rows to those who watch the desk."""
        return request.user.has_perm("claims.watch_agents")

    fields: tuple[str, ...] = ("evidence", "person", "reason", "is_sound", "opened_at")
    readonly_fields: Any = fields
