"""The claims desk: the queue, and the workspace in which one claim is decided."""

from __future__ import annotations

import logging
import uuid
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from unfold.decorators import display
from unfold.forms import ActionForm
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminSelectWidget

from claims.admin import actions, fields, queue, standing, words, workspace
from claims.admin.filters import (
    TURNS,
    ClockFilter,
    DueFilter,
    HandsFilter,
    SeverityFilter,
    TurnFilter,
)
from claims.admin.readonly import ReadOnlyAdmin
from claims.admin.talk import UnreadFilter
from claims.models import Claim, ClaimLine
from claims.rules import Share
from claims.services import conversation, desk, exporting
from claims.services.refusals import Refusal
from claims.states import ClaimState
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from portal.lib import masking
from portal.lib.money import Money

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1000
TONES = {
    "bad": "text-red-700 dark:text-red-400 font-semibold",
    "warn": "text-orange-700 dark:text-orange-400 font-semibold",
    "calm": "text-base-600 dark:text-base-300",
}


class Colleagues(forms.ModelChoiceField):
    """Somebody of the desk, by name."""

    def label_from_instance(self, obj: Any) -> str:
        """Name a colleague."""
        return str(obj.name or obj.email)


class HandForm(ActionForm):
    """The action, and who gets the claims."""

    to = Colleagues(
        queryset=User.objects.filter(
            groups__name__in=[
                role.value for role in (RoleName.AGENT, RoleName.APPROVER, RoleName.DUTY_MANAGER)
            ],
            is_active=True,
        )
        .order_by("name", "email")
        .distinct(),
        required=False,
        label="",
        empty_label=gettext_lazy("To whom?"),
        widget=UnfoldAdminSelectWidget({"aria-label": gettext_lazy("To whom?")}),
    )


class QueueList(ChangeList):
    """A queue whose rows open by reference."""

    def url_for_result(self, result: Any) -> str:
        """Return the address of a claim's workspace."""
        return queue.href(result)


@admin.register(Claim)
class ClaimAdmin(ReadOnlyAdmin):
    """The queue and the workspace; state changes only by the workspace's buttons."""

    list_display = (
        "reference",
        "urgency",
        "what",
        "sum",
        "state_label",
        "due",
        "clock",
        "order_number",
        "who",
        "hands",
    )
    list_display_links = ("reference",)
    list_filter = (
        TurnFilter,
        DueFilter,
        HandsFilter,
        SeverityFilter,
        ClockFilter,
        UnreadFilter,
        "reason",
    )
    list_before_template = "admin/claims/claim/take_next.html"
    action_form = HandForm
    actions = ("take_over", "hand_to", "put_back", "export_csv")
    list_select_related = ("order", "assignee", "shopper")
    search_fields = ("ref", "order__number", "parcel__number", "shopper__email")
    search_help_text = gettext_lazy("Reference, order, tracking number or e-mail")
    ordering = ("due_at", "pk")
    list_fullwidth = True
    list_filter_sheet = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        """Return every claim that has been sent, with its first thing."""
        first = ClaimLine.objects.filter(claim=OuterRef("pk")).order_by(
            "order_line__position", "pk"
        )
        queryset = cast("QuerySet[Claim]", super().get_queryset(request))
        queryset = conversation.with_unread(queryset.exclude(state=ClaimState.DRAFT))
        return standing.annotate(queryset).annotate(
            thing=Subquery(first.values("order_line__title")[:1])
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list whose rows open by reference."""
        return QueueList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Claim | None:
        """Find a claim by its reference, with what more than one panel of the workspace shows."""
        return workspace.claims().filter(ref=object_id).first()

    @display(description=gettext_lazy("Reference"), ordering="ref")
    def reference(self, claim: Claim) -> str:
        """Show the reference in one piece, and whether the shopper wrote something new."""
        told = _("New message") if getattr(claim, "has_unread", False) else ""
        return format_html(
            '<span class="whitespace-nowrap">{}</span> <strong>{}</strong>', claim.ref, told
        )

    @display(description=gettext_lazy("Severity"), ordering="severity")
    def urgency(self, claim: Claim) -> str:
        """Say how urgent it is."""
        return f"S{claim.severity}"

    @display(description=gettext_lazy("Clock"))
    def clock(self, claim: Claim) -> str:
        """Say what is remarkable about its clocks; nothing where all is well."""
        told = standing.flags(claim, now=timezone.now())
        return format_html_join(
            ", ", '<span class="{}">{}</span>', ((TONES[tone], said) for tone, said in told)
        )

    @display(description=gettext_lazy("What happened"))
    def what(self, claim: Claim) -> str:
        """Say the reason and the first thing."""
        thing = getattr(claim, "thing", "") or ""
        if not thing:
            return claim.get_reason_display()
        return _("%(reason)s: %(thing)s") % {"reason": claim.get_reason_display(), "thing": thing}

    @display(description=gettext_lazy("Claimed"), ordering="claimed_minor")
    def sum(self, claim: Claim) -> str:
        """Say the claimed sum."""
        return Money(claim.claimed_minor, claim.currency).say(queue.language())

    @display(description=gettext_lazy("State"), ordering="state")
    def state_label(self, claim: Claim) -> str:
        """Say the state."""
        return claim.get_state_display()

    @display(description=gettext_lazy("Due"), ordering="due_at")
    def due(self, claim: Claim) -> str:
        """Say when the next step is due; what is late says so in words."""
        due = words.due(claim.due_at, now=timezone.now())
        if due.is_hot:
            return format_html(
                '<strong class="text-red-700 dark:text-red-400">{}</strong>', due.words
            )
        return due.words

    @display(description=gettext_lazy("Order"), ordering="order__number")
    def order_number(self, claim: Claim) -> str:
        """Say the order's number."""
        return format_html('<span class="whitespace-nowrap">{}</span>', claim.order.number)

    @display(description=gettext_lazy("Shopper"))
    def who(self, claim: Claim) -> str:
        """Say the shopper, masked."""
        return masking.email(claim.shopper.email)

    @display(description=gettext_lazy("Handled by"), ordering="assignee__name")
    def hands(self, claim: Claim) -> str:
        """Say who has it."""
        return (claim.assignee.name or claim.assignee.email) if claim.assignee else "—"

    # --- Whose hands ---

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whoever decides may take claims and hand them on."""
        return request.user.has_perm("claims.decide_claim")

    def get_urls(self) -> list[URLPattern]:
        """Add the button that gives the next claim."""
        mine = [path("next/", self.admin_site.admin_view(self.next_one), name="claims_claim_next")]
        return [*mine, *super().get_urls()]

    def next_one(self, request: HttpRequest) -> HttpResponse:
        """Give the agent the most urgent free claim and open it."""
        if request.method != "POST" or not self.has_decide_permission(request):
            raise PermissionDenied
        try:
            claim = desk.take_next(agent=cast("User", request.user), now=timezone.now())
        except Refusal as refusal:
            messages.warning(request, str(refusal))
            return HttpResponseRedirect(reverse("admin:claims_claim_changelist"))
        return HttpResponseRedirect(queue.href(claim))

    @admin.action(description=gettext_lazy("Take these claims"), permissions=["decide"])
    def take_over(self, request: HttpRequest, queryset: QuerySet[Claim]) -> None:
        """Put the chosen claims into one's own hands."""
        self._hand(request, queryset, cast("User", request.user))

    @admin.action(description=gettext_lazy("Hand these claims to …"), permissions=["decide"])
    def hand_to(self, request: HttpRequest, queryset: QuerySet[Claim]) -> None:
        """Put the chosen claims into the hands of the person chosen beside the action."""
        form = HandForm(request.POST)
        form.fields["action"].choices = [(form.data.get("action", ""), "")]
        to = form.cleaned_data.get("to") if form.is_valid() else None
        if to is None:
            messages.warning(request, _("Choose who gets the claims."))
            return
        self._hand(request, queryset, to)

    @admin.action(description=gettext_lazy("Put these claims back"), permissions=["decide"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[Claim]) -> None:
        """Leave the chosen claims to whoever takes the next one."""
        self._hand(request, queryset, None)

    def _hand(self, request: HttpRequest, queryset: QuerySet[Claim], to: User | None) -> None:
        try:
            moved, left = desk.reassign(
                claims=list(queryset.values_list("pk", flat=True)[:MOST_AT_ONCE]),
                to=to,
                by=cast("User", request.user),
                now=timezone.now(),
            )
        except Refusal as refusal:
            messages.warning(request, str(refusal))
            return
        said = ngettext("%(count)s claim moved.", "%(count)s claims moved.", moved)
        messages.success(request, said % {"count": moved})
        if left:
            said = ngettext(
                "%(count)s stayed where it is: it is theirs, it has ended, or it is not yours to"
                " move.",
                "%(count)s stayed where they are: they are theirs, have ended, or are not yours to"
                " move.",
                left,
            )
            messages.warning(request, said % {"count": left})

    # --- As a file ---

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Auditors, duty managers and administrators take claims out of the house; no agent."""
        return request.user.has_perms(["claims.view_claim", "claims.watch_agents"])

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Claim]) -> StreamingHttpResponse:
        """Send the chosen claims as a file for a spreadsheet, line by line."""
        log.info("user %s exports claims", request.user.pk)
        day = timezone.localdate().isoformat()
        return StreamingHttpResponse(
            exporting.lines(claims=queryset),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="claims-{day}.csv"',
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the queue under its own name."""
        if request.POST.get("action") == "export_csv" and not self.has_export_permission(request):
            raise PermissionDenied  # Django would only say that there is no such action
        chosen = request.GET.get(
            TurnFilter.parameter_name, "all" if request.GET.get("q") else "desk"
        )
        title = TURNS.get(chosen, TURNS["desk"])[0]
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one claim's workspace, or press one of its buttons."""
        return never_cache(self._workspace)(request, object_id or "")

    def _workspace(self, request: HttpRequest, ref: str) -> HttpResponse:
        claim = self.get_object(request, ref)
        if claim is None or claim.state == ClaimState.DRAFT:
            raise Http404
        if not self.has_view_permission(request, claim):
            raise PermissionDenied
        typed: dict[str, str] = {"send_key": str(uuid.uuid4())}
        errors: dict[str, str] = {}
        status = 200
        if request.method == "POST":
            given = {name: str(value) for name, value in request.POST.items()}
            typed |= {name: value.replace("\0", "") for name, value in given.items()}
            if any("\0" in value for value in given.values()):
                errors[""] = _(
                    "One sign could not be kept; it is taken out. Look it over and send again."
                )
                status = 422
            elif typed.get("action") == "preview":
                status = 200
            else:
                try:
                    said = actions.press(request, claim, now=timezone.now(), typed=typed)
                except Refusal as refusal:
                    errors[getattr(refusal, "name", "")] = str(refusal)
                    status = 409 if isinstance(refusal, actions.SomebodyElse) else 422
                    claim = self.get_object(request, ref) or claim
                else:
                    messages.success(request, said)
                    return HttpResponseRedirect(queue.href(claim))
        amounts: dict[int, int | Share] = {}
        try:
            amounts = fields.typed_amounts(claim, typed)
        except fields.FieldRefused as refusal:
            errors.setdefault(refusal.name, str(refusal))
            status = 422
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            **workspace.context(
                request, claim, now=timezone.now(), typed=typed, amounts=amounts, errors=errors
            ),
        }
        response = TemplateResponse(
            request, "admin/claims/claim/workspace.html", context, status=status
        )
        response._csp_strict = True  # type: ignore[attr-defined]  # noqa: SLF001
        return response
