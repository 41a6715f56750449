"""Carriers' messages as they came: what waits, what is nobody's, what was given up."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from tracking.admin.reading import ReadOnly, block, readable
from tracking.models import Envelope
from tracking.models.parcel import normalise
from tracking.services import intake
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

    @display(
        description=_("state"),
        ordering="state",
        label={
            EnvelopeState.WAITING: "info",
            EnvelopeState.APPLIED: "success",
            EnvelopeState.QUARANTINED: "warning",
            EnvelopeState.DEAD: "danger",
        },
    )
    def shown_state(self, obj: Envelope) -> tuple[str, str]:
        """Show the state as a coloured word."""
        return obj.state, obj.get_state_display()

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
