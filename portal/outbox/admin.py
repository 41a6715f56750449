"""The desk's view of the outbox: what died, why, and a button to try again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from portal.outbox import delivering
from portal.outbox.models import Delivery, DeliveryState, Event


def _readable(facts: object) -> SafeString:
    text = json.dumps(facts, indent=2, ensure_ascii=False, sort_keys=True)
    return format_html('<pre class="whitespace-pre-wrap break-words">{}</pre>', text)


class ReadOnly:
    """Nobody adds, changes or deletes; the rows are the record."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


class DeliveryInline(ReadOnly, TabularInline):
    """The deliveries of one event."""

    model = Delivery
    fields = ["reaction", "state", "attempts", "due_at", "done_at"]
    readonly_fields = fields
    extra = 0


@admin.register(Event)
class EventAdmin(ReadOnly, ModelAdmin):
    """What happened, with its facts."""

    list_display = ["name", "recorded_at"]
    list_filter = ["name", "recorded_at"]
    search_fields = ["name", "payload__ref", "payload__number", "payload__order"]
    ordering = ["-recorded_at", "-pk"]
    fields = ["name", "recorded_at", "facts"]
    readonly_fields = fields
    inlines = [DeliveryInline]

    @display(description=_("facts"))
    def facts(self, obj: Event) -> SafeString:
        """Show the payload as indented JSON."""
        return _readable(obj.payload)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ModelAdmin):
    """Deliveries, the dead ones first."""

    list_display = ["event_name", "reaction", "shown_state", "attempts", "due_at", "last_line"]
    list_filter = ["state", "event__name", "reaction"]
    search_fields = ["event__name", "reaction", "error", "event__payload__ref"]
    list_select_related = ["event"]
    fields = [
        "event_name", "reaction", "state", "attempts", "due_at", "done_at", "facts", "trace",
    ]  # fmt: skip
    readonly_fields = fields
    actions = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Put the dead first, then the waiting, then the done."""
        rank = Case(
            When(state=DeliveryState.DEAD, then=Value(0)),
            When(state=DeliveryState.WAITING, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
        return super().get_queryset(request).annotate(rank=rank).order_by("rank", "-due_at", "-pk")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Test whether this person may replay dead deliveries."""
        return request.user.has_perm("outbox.replay_delivery")

    @display(description=_("event"), ordering="event__name")
    def event_name(self, obj: Delivery) -> str:
        """Name the event."""
        return str(obj.event)

    @display(
        description=_("state"),
        ordering="state",
        label={
            DeliveryState.DEAD: "danger",
            DeliveryState.WAITING: "info",
            DeliveryState.DONE: "success",
        },
    )
    def shown_state(self, obj: Delivery) -> tuple[str, str]:
        """Show the state as a coloured word."""
        return obj.state, obj.get_state_display()

    @display(description=_("last error"))
    def last_line(self, obj: Delivery) -> str:
        """Show the end of the traceback, which names the trouble."""
        return obj.error.strip().rsplit("\n", 1)[-1][:120]

    @display(description=_("facts"))
    def facts(self, obj: Delivery) -> SafeString:
        """Show the event's payload as indented JSON."""
        return _readable(obj.event.payload)

    @display(description=_("last error"))
    def trace(self, obj: Delivery) -> SafeString:
        """Show the whole traceback."""
        return format_html('<pre class="whitespace-pre-wrap break-words">{}</pre>', obj.error)

    @action(description=_("Replay the dead ones"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Give the chosen dead deliveries a fresh start."""
        chosen = [delivery.pk for delivery in queryset]
        count = delivering.replay(delivery_ids=chosen, now=timezone.now())
        text = ngettext(
            "%(count)s delivery will be tried again.",
            "%(count)s deliveries will be tried again.",
            count,
        )
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, text % {"count": count}, level)
        if count < len(chosen):
            self.message_user(request, _("The others are not dead and were left alone."))
