"""Carriers' messages as they came: what waits, what is nobody's, what was given up."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from portal.lib.labels import Label
from tracking.admin.reading import ReadOnly, block, readable
from tracking.models import Envelope, Parcel
from tracking.models.parcel import normalise
from tracking.services import intake, quarantine
from tracking.states import EnvelopeState


@admin.register(Envelope)
class EnvelopeAdmin(ReadOnly, ModelAdmin):
    """The inbox. Any envelope may be opened again at any time; that changes nothing twice."""

    list_display = ["pk", "connection", "shown_state", "source", "received_at", "attempts", "why"]
    list_filter = ["state", "connection", "source", "received_at"]
    list_select_related = ["connection"]
    search_fields = ["error"]
    search_help_text = _("Envelope id, unknown tracking number, or words of the trouble.")
    ordering = ["-pk"]
    show_full_result_count = False
    fields = [
        "connection", "shown_state", "source", "received_at", "opened_at", "attempts", "error",
        "numbers", "shown_headers", "shown_body",
    ]  # fmt: skip
    readonly_fields = fields
    actions = ["replay"]
    actions_detail = ["resolve_page"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Envelope]:
        """Leave the bodies in the database while only a list is shown."""
        envelopes: QuerySet[Envelope] = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and (match.url_name or "").endswith("_changelist")
        return envelopes.defer("body", "headers", "digest") if is_list else envelopes

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by id, by a number that was nobody's, or by words of the trouble."""
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        wanted = Q(error__icontains=term)
        if number := normalise(term)[:64]:
            wanted |= Q(numbers__contains=[number])
        if term.isascii() and term.isdigit() and len(term) < 19:
            wanted |= Q(pk=int(term))
        return queryset.filter(wanted), False

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Test whether this person may open envelopes again."""
        return request.user.has_perm("tracking.replay_envelope")

    def has_resolve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Test whether this person may say whose a message is."""
        return self.has_replay_permission(request)

    @action(description=_("Whose is it?"), url_path="resolve", permissions=["resolve"])
    def resolve_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Match an unknown number with a parcel, or put the message aside as not ours."""
        if not self.has_resolve_permission(request):
            raise PermissionDenied
        envelope = Envelope.objects.select_related("connection").filter(pk=object_id).first()
        if envelope is None:
            raise Http404
        if request.method == "POST":
            try:
                told = self._resolve(request, envelope)
            except quarantine.Unmatched as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
                return HttpResponseRedirect(request.get_full_path())
            self.message_user(request, told, messages.SUCCESS)
            return HttpResponseRedirect(
                reverse("admin:tracking_envelope_change", args=[envelope.pk])
            )
        words = request.GET.get("q", "").replace("\x00", "")
        numbers = envelope.numbers
        chosen = request.GET.get("number", "")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Whose is message %(pk)s?") % {"pk": envelope.pk},
            "opts": self.model._meta,  # noqa: SLF001 - _meta is public in Django
            "envelope": envelope,
            "numbers": numbers,
            "number": chosen if chosen in numbers else next(iter(numbers), ""),
            "words": words,
            "parcels": quarantine.candidates(words=words),
            "body": readable(bytes(envelope.body)),
            "may_dismiss": envelope.state in {EnvelopeState.QUARANTINED, EnvelopeState.DEAD},
        }
        return TemplateResponse(request, "admin/tracking/envelope/resolve.html", context)

    def _resolve(self, request: HttpRequest, envelope: Envelope) -> str:
        """Do what was pressed and say so."""
        if "dismiss" in request.POST:
            quarantine.dismiss(
                envelope=envelope,
                person=request.user,  # type: ignore[arg-type]
                note=request.POST.get("note", "")[:400],
                now=timezone.now(),
            )
            return gettext("Put aside as not ours. It is kept and can be opened again.")
        key = request.POST.get("parcel", "")
        parcel = Parcel.objects.filter(pk=int(key)).first() if key.isdecimal() else None
        if parcel is None:
            raise quarantine.Unmatched(gettext("Choose the parcel the number belongs to."))
        further = quarantine.match(
            envelope=envelope,
            number=request.POST.get("number", ""),
            parcel=parcel,
            person=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        return gettext("%(number)s is now one of the numbers of parcel %(parcel)s.") % {
            "number": further.number,
            "parcel": parcel.number,
        }

    @display(
        description=_("state"),
        ordering="state",
        label={
            EnvelopeState.WAITING: "info",
            EnvelopeState.APPLIED: "success",
            EnvelopeState.QUARANTINED: "warning",
            EnvelopeState.DEAD: "danger",
            EnvelopeState.DISMISSED: "info",
        },
    )
    def shown_state(self, obj: Envelope) -> Label:
        """Show the state as a coloured word."""
        return Label(obj.state, obj.get_state_display())

    @display(description=_("trouble"))
    def why(self, obj: Envelope) -> str:
        """Show the beginning of the trouble."""
        return obj.error[:120]

    @display(description=_("headers"))
    def shown_headers(self, obj: Envelope) -> SafeString:
        """Show the headers that were kept."""
        return block(json.dumps(obj.headers, indent=2, ensure_ascii=False))

    @display(description=_("body"))
    def shown_body(self, obj: Envelope) -> SafeString:
        """Show the body so that a person can read it, whatever it is."""
        return block(readable(bytes(obj.body)))

    @action(description=_("Open the chosen envelopes again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Envelope]) -> None:
        """Put the chosen envelopes back in the queue."""
        count = intake.replay(
            envelope_ids=list(queryset.values_list("pk", flat=True)), now=timezone.now()
        )
        text = ngettext(
            "%(count)s envelope waits to be opened again.",
            "%(count)s envelopes wait to be opened again.",
            count,
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
