"""The queue of trouble: what is open, who has it, and what it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from portal.accounts.models import User
from portal.lib.labels import Label
from tracking.admin.reading import ReadOnly, block
from tracking.models import Anomaly
from tracking.services import handling

MOST = 900
"""So many are handled by one press; a form takes no more fields than about that."""


class OpenFilter(admin.SimpleListFilter):
    """What is still to be done. Without a choice the desk sees what is open."""

    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return every queue."""
        return [
            ("open", _("Open")),
            ("mine", _("In my hands")),
            ("nobody", _("Nobody has it")),
            ("over", _("Over")),
            ("all", _("Everything")),
        ]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Leave out Django's "All": ours is one of the queues."""
        chosen = self.value() or "open"
        for key, label in self.lookup_choices:
            yield {
                "selected": chosen == key,
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Anomaly]) -> QuerySet[Anomaly]:
        """Keep the chosen queue; a search looks everywhere unless one is chosen."""
        chosen = self.value() or ("all" if request.GET.get("q") else "open")
        if chosen == "all":
            return queryset
        if chosen == "over":
            return queryset.filter(cleared_at__isnull=False)
        queryset = queryset.filter(cleared_at__isnull=True)
        if chosen == "mine":
            return queryset.filter(assignee=request.user.pk)
        if chosen == "nobody":
            return queryset.filter(assignee=None)
        return queryset


class AgeFilter(admin.SimpleListFilter):
    """How long ago it was noticed."""

    title = _("age")
    parameter_name = "age"
    DAYS = {"1": 1, "3": 3, "7": 7, "30": 30}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the ages."""
        return [
            ("1", _("More than a day")),
            ("3", _("More than 3 days")),
            ("7", _("More than 7 days")),
            ("30", _("More than 30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Anomaly]) -> QuerySet[Anomaly]:
        """Keep what is older."""
        days = self.DAYS.get(self.value() or "")
        if days is None:
            return queryset
        return queryset.filter(opened_at__lt=timezone.now() - timedelta(days=days))


@admin.register(Anomaly)
class AnomalyAdmin(ReadOnly, ModelAdmin):
    """Episodes of trouble, found by rules and cleared by news; somebody may take or resolve one."""

    list_display = [
        "shown_severity", "shown_kind", "about", "order_number", "carrier", "lane", "age",
        "next_at", "assignee", "shown_end",
    ]  # fmt: skip
    list_display_links = ["shown_kind"]
    list_filter = [OpenFilter, "severity", "kind", AgeFilter, "lane", "party", "parcel__carrier"]
    list_select_related = ["parcel__carrier", "parcel__order", "order", "assignee"]
    search_fields = [
        "parcel__number__istartswith", "parcel__order__number", "order__number",
    ]  # fmt: skip
    search_help_text = _("Tracking number from its beginning, or order number.")
    show_full_result_count = False
    ordering = ["severity", "opened_at"]
    actions = ["take", "put_back", "resolve"]
    actions_detail = ["handle_page"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "shown_kind", "shown_severity", "level", "about", "order_number", "carrier",
                    "lane", "party",
                ]
            },
        ),
        (
            _("How it went"),
            {
                "fields": [
                    "since", "opened_at", "escalated_at", "next_at", "lost_at", "told_at",
                    "assignee", "cleared_at", "cleared_by", "resolved_by", "note",
                ]
            },
        ),
        (_("What it rests on"), {"fields": ["quoted"]}),
    ]  # fmt: skip
    readonly_fields = [
        "shown_kind", "shown_severity", "level", "about", "order_number", "carrier", "lane",
        "party", "since", "opened_at", "escalated_at", "next_at", "lost_at", "told_at", "assignee",
        "cleared_at", "cleared_by", "resolved_by", "note", "quoted",
    ]  # fmt: skip

    @display(
        description=_("severity"),
        ordering="severity",
        label={1: "danger", 2: "danger", 3: "warning", 4: "info"},
    )
    def shown_severity(self, obj: Anomaly) -> Label:
        """Show the severity as a coloured numeral."""
        return Label(obj.severity, obj.get_severity_display())

    @display(description=_("kind"), ordering="kind")
    def shown_kind(self, obj: Anomaly) -> str:
        """Name the kind."""
        return obj.get_kind_display()

    @display(description=_("parcel"))
    def about(self, obj: Anomaly) -> SafeString | str:
        """Lead to the parcel."""
        if obj.parcel is None:
            return "–"
        address = reverse("admin:tracking_parcel_change", args=[obj.parcel_id])
        return format_html('<a class="underline" href="{}">{}</a>', address, obj.parcel.number)

    @display(description=_("order"))
    def order_number(self, obj: Anomaly) -> SafeString:
        """Lead to the order."""
        order = obj.order or (obj.parcel and obj.parcel.order)
        if order is None:
            return format_html("–")
        address = reverse("admin:tracking_order_change", args=[order.pk])
        return format_html('<a class="underline" href="{}">{}</a>', address, order.number)

    @display(description=_("carrier"))
    def carrier(self, obj: Anomaly) -> str:
        """Name the carrier."""
        return obj.parcel.carrier.name if obj.parcel else "–"

    @display(description=_("age"), ordering="-opened_at")
    def age(self, obj: Anomaly) -> str:
        """Say how long it has been open, or was."""
        return timesince(obj.opened_at, obj.cleared_at or timezone.now(), depth=1)

    @display(description=_("over"), label={"": "warning"})
    def shown_end(self, obj: Anomaly) -> tuple[str, str]:
        """Say what ended it."""
        if obj.cleared_at is None:
            return "", gettext("open")
        return "over", obj.get_cleared_by_display() or gettext("News of the carrier")

    @display(description=_("evidence"))
    def quoted(self, obj: Anomaly) -> SafeString:
        """Show what it rests on: thresholds, counted days, the scan, what ended it."""
        return block(json.dumps(obj.evidence, indent=2, ensure_ascii=False))

    def has_handle_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Test whether this person may take and resolve trouble."""
        return request.user.has_perm("tracking.handle_anomaly")

    @action(description=_("Take into my hands"), permissions=["handle"])
    def take(self, request: HttpRequest, queryset: QuerySet[Anomaly]) -> None:
        """Put what is chosen into this person's hands."""
        count = handling.take(anomaly_ids=_chosen(queryset), person=_person(request))
        self._say(request, count)

    @action(description=_("Put back for others"), permissions=["handle"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[Anomaly]) -> None:
        """Take what is chosen out of anybody's hands."""
        self._say(request, handling.put_back(anomaly_ids=_chosen(queryset)))

    @action(description=_("Resolve by hand, with a note"), permissions=["handle"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Anomaly]) -> HttpResponse | None:
        """Ask why, then end what is chosen."""
        ids = _chosen(queryset)
        if "note" in request.POST:
            done = self._resolve(request, ids)
            if done is not None:
                self._say(request, done)
                return None
        return self._ask(
            request,
            {
                "title": gettext("Resolve by hand"),
                "chosen": ids,
                "count": len(ids),
                "back": reverse("admin:tracking_anomaly_changelist"),
            },
        )

    @action(description=_("Handle"), url_path="handle", permissions=["handle"])
    def handle_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Take one, put it back, or end it with a note."""
        if not self.has_handle_permission(request):
            raise PermissionDenied
        one = Anomaly.objects.filter(pk=object_id).select_related("assignee").first()
        if one is None:
            raise Http404
        back = reverse("admin:tracking_anomaly_change", args=[one.pk])
        if request.method == "POST":
            if "take" in request.POST:
                count: int | None = handling.take(anomaly_ids=[one.pk], person=_person(request))
            elif "put_back" in request.POST:
                count = handling.put_back(anomaly_ids=[one.pk])
            else:
                count = self._resolve(request, [one.pk])
            if count is not None:
                self._say(request, count)
                return HttpResponseRedirect(back)
        title = f"{one.get_kind_display()}, {one.get_severity_display()}"
        return self._ask(request, {"title": title, "one": one, "back": back})

    def _resolve(self, request: HttpRequest, ids: list[int]) -> int | None:
        try:
            return handling.resolve(
                anomaly_ids=ids,
                person=_person(request),
                note=request.POST.get("note", "")[:2000],
                now=timezone.now(),
            )
        except handling.NoNote:
            self.message_user(request, _("Write a word on why it is over."), messages.ERROR)
            return None

    def _ask(self, request: HttpRequest, facts: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,  # noqa: SLF001 - _meta is public in Django
            **facts,
        }
        return TemplateResponse(request, "admin/tracking/anomaly/resolve.html", context)

    def _say(self, request: HttpRequest, count: int) -> None:
        sentence = ngettext(
            "%(count)d trouble was handled.", "%(count)d troubles were handled.", count
        )
        self.message_user(
            request, sentence % {"count": count}, messages.SUCCESS if count else messages.WARNING
        )


def _chosen(queryset: QuerySet[Anomaly]) -> list[int]:
    return list(queryset.order_by().values_list("pk", flat=True)[:MOST])


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)
