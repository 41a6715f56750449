"""The desk's view of webhooks: where they go, what is stuck, a second try, a new secret."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from notifications import announcements
from notifications.models import Dispatch, DispatchState, Endpoint, WhyOff
from notifications.services import dispatching, endpoints
from portal.accounts.models import User
from portal.lib import egress


class EndpointForm(forms.ModelForm):
    """An address, and the events it hears."""

    events = forms.MultipleChoiceField(
        label=_("events"),
        choices=lambda: [(e.type, f"{e.type}: {e.label}") for e in announcements.BY_TYPE.values()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Endpoint
        fields = ["url", "description", "events"]

    def clean_url(self) -> str:
        """Refuse an address we would never call, and one that hears already."""
        url = str(self.cleaned_data["url"])
        try:
            egress.check(url, may_be_local=settings.WEBHOOKS_MAY_BE_LOCAL)
        except egress.Refused as refusal:
            raise forms.ValidationError(
                _("This address cannot be called: it must be a public https address.")
            ) from refusal
        taken = Endpoint.objects.filter(url=url).exclude(disabled_reason=WhyOff.REMOVED)
        if taken.exists():
            raise forms.ValidationError(_("There is a webhook for this address already."))
        return url

    def clean(self) -> dict[str, Any] | None:
        """Refuse one more than there may be."""
        kept = Endpoint.objects.exclude(disabled_reason=WhyOff.REMOVED)
        if not self.instance.pk and kept.count() >= endpoints.MOST:
            raise forms.ValidationError(_("There are too many webhooks; remove one first."))
        return super().clean()


@admin.register(Endpoint)
class EndpointAdmin(ModelAdmin):
    """Webhooks, those that were switched off by trouble first."""

    form = EndpointForm
    list_display = ["url", "description", "shown_state", "failing_since", "created_at"]
    list_filter = ["is_active", "disabled_reason"]
    search_fields = ["ref", "url", "description"]
    actions = ["switch_off", "switch_on", "send_test", "remove"]
    actions_detail = ["rotate"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        """Put what needs somebody first, what was removed last."""
        rank = Case(
            When(disabled_reason__in=[WhyOff.GONE, WhyOff.FAILING], then=Value(0)),
            When(failing_since__isnull=False, then=Value(1)),
            When(disabled_reason=WhyOff.REMOVED, then=Value(3)),
            default=Value(2),
            output_field=IntegerField(),
        )
        return super().get_queryset(request).annotate(rank=rank).order_by("rank", "-created_at")

    def get_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> list[str]:
        """Ask little of a new one; show everything but the secret about an old one."""
        if obj is None:
            return ["url", "description", "events"]
        return [
            "url", "description", "events", "ref", "shown_state", "disabled_at", "failing_since",
            "rest_until", "former_until", "created_at", "created_by", "created_with",
        ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> list[str]:
        """Keep the address for good: messages that wait were meant for it."""
        if obj is None:
            return []
        free = {"description", "events"}
        return [name for name in self.get_fields(request, obj) if name not in free]

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        """Refuse; removing wipes the secret and keeps the record."""
        return False

    def has_switch_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Test whether this person may switch webhooks and handle their secrets."""
        return request.user.has_perm("notifications.change_endpoint")

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:  # noqa: FBT001
        """Make a new one with its secret, or keep what may be changed about an old one."""
        if change:
            obj.events = endpoints.known(form.cleaned_data["events"])
            obj.save(update_fields=["description", "events"])
            return
        person = request.user
        endpoint, secret = endpoints.make(
            url=form.cleaned_data["url"],
            events=form.cleaned_data["events"],
            description=form.cleaned_data["description"],
            now=timezone.now(),
            created_by=person if isinstance(person, User) else None,
        )
        obj.__dict__.update(endpoint.__dict__)
        obj.__dict__["plain"] = secret

    def response_add(
        self, request: HttpRequest, obj: Endpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret, once."""
        return self._show_once(request, obj, obj.__dict__["plain"])

    @action(
        description=_("Give it a new secret"),
        url_path="rotate",
        permissions=["switch"],
    )
    def rotate(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask first; then make a new secret and show it once."""
        endpoint = _living(object_id)
        if not self.has_switch_permission(request) or endpoint is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(object_id))
        if request.method == "POST":
            secret = endpoints.rotate(endpoint=endpoint, now=timezone.now())
            return self._show_once(request, endpoint, secret)
        return self._page(request, endpoint, "rotate.html", title=_("Give it a new secret"))

    def _show_once(self, request: HttpRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
        title = _("Copy the new secret now")
        return self._page(request, endpoint, "secret.html", title=title, plain=secret)

    def _page(
        self, request: HttpRequest, endpoint: Endpoint, template: str, **context: Any
    ) -> HttpResponse:
        shown = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "endpoint": endpoint,
            **context,
        }
        response = TemplateResponse(request, f"admin/notifications/endpoint/{template}", shown)
        response.headers["Cache-Control"] = "no-store, private"
        return response

    @display(
        description=_("state"),
        label={"on": "success", "failing": "warning", "off": "danger", "removed": "info"},
    )
    def shown_state(self, obj: Endpoint) -> tuple[str, str]:
        """Say whether it hears anything, and if not, why."""
        if obj.is_active and obj.failing_since is None:
            return "on", pgettext("webhook", "On")
        if obj.is_active:
            return "failing", pgettext("webhook", "Failing")
        is_removed = obj.disabled_reason == WhyOff.REMOVED
        return "removed" if is_removed else "off", obj.get_disabled_reason_display()

    @action(description=_("Switch off"), permissions=["switch"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """Send the chosen ones nothing more."""
        now = timezone.now()
        count = sum(
            endpoints.disable(endpoint=each, reason=WhyOff.STAFF, now=now) for each in queryset
        )
        text = ngettext(
            "%(count)s webhook was switched off.", "%(count)s webhooks were switched off.", count
        )
        self.message_user(request, text % {"count": count})

    @action(description=_("Switch on"), permissions=["switch"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """Let the chosen ones hear again from now on."""
        living = queryset.exclude(disabled_reason=WhyOff.REMOVED)
        count = sum(endpoints.enable(endpoint=each) for each in living)
        text = ngettext(
            "%(count)s webhook was switched on.", "%(count)s webhooks were switched on.", count
        )
        self.message_user(request, text % {"count": count})
        missed = Dispatch.objects.filter(endpoint__in=living, state=DispatchState.DEAD).count()
        if missed:
            text = ngettext(
                "%(count)s message was given up meanwhile; send it again under webhook messages.",
                "%(count)s messages were given up meanwhile; send them again under webhook"
                " messages.",
                missed,
            )
            self.message_user(request, text % {"count": missed}, messages.WARNING)

    @action(description=_("Send a test message"), permissions=["switch"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """Put a message that means nothing on its way to the chosen ones that are on."""
        chosen = [each for each in queryset if each.is_active]
        for each in chosen:
            endpoints.send_test(endpoint=each, now=timezone.now())
        count = len(chosen)
        text = ngettext(
            "%(count)s test message is on its way.",
            "%(count)s test messages are on their way.",
            count,
        )
        self.message_user(request, text % {"count": count})

    @action(description=_("Remove for good"), permissions=["switch"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """Wipe the secrets of the chosen ones and send them nothing more."""
        chosen = list(queryset.exclude(disabled_reason=WhyOff.REMOVED))
        for each in chosen:
            endpoints.remove(endpoint=each, now=timezone.now())
        count = len(chosen)
        text = ngettext("%(count)s webhook was removed.", "%(count)s webhooks were removed.", count)
        self.message_user(request, text % {"count": count})


def _living(pk: int) -> Endpoint | None:
    """Return an endpoint that was not removed."""
    return Endpoint.objects.filter(pk=pk).exclude(disabled_reason=WhyOff.REMOVED).first()


@admin.register(Dispatch)
class DispatchAdmin(ModelAdmin):
    """Messages to webhooks, the dead ones first; nobody edits what was sealed."""

    list_display = [
        "message_id", "type", "endpoint", "shown_state", "attempts", "status", "written_at",
    ]  # fmt: skip
    list_filter = ["state", "type", "written_at"]
    search_fields = ["message_id", "endpoint__url", "endpoint__ref"]
    list_select_related = ["endpoint"]
    fields = [
        "message_id", "type", "endpoint", "state", "attempts", "status", "error", "due_at",
        "written_at", "delivered_at", "shown_body",
    ]  # fmt: skip
    readonly_fields = fields
    actions = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispatch]:
        """Put the dead first, then the waiting, then the delivered."""
        rank = Case(
            When(state=DispatchState.DEAD, then=Value(0)),
            When(state=DispatchState.WAITING, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
        ranked = super().get_queryset(request).annotate(rank=rank)
        return ranked.order_by("rank", "-written_at", "-pk")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: messages are written by what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Dispatch | None = None) -> bool:
        """Refuse: the bytes are frozen."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Dispatch | None = None) -> bool:
        """Refuse: the record stays."""
        return False

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Test whether this person may send dead messages again."""
        return request.user.has_perm("notifications.replay_dispatch")

    @display(
        description=_("state"),
        ordering="state",
        label={
            DispatchState.DEAD: "danger",
            DispatchState.WAITING: "info",
            DispatchState.DELIVERED: "success",
        },
    )
    def shown_state(self, obj: Dispatch) -> tuple[str, str]:
        """Show the state as a coloured word."""
        return obj.state, obj.get_state_display()

    @display(description=_("message"))
    def shown_body(self, obj: Dispatch) -> SafeString:
        """Show the message as indented JSON."""
        text = json.dumps(json.loads(obj.body), indent=2, ensure_ascii=False)
        return format_html('<pre class="whitespace-pre-wrap break-words">{}</pre>', text)

    @action(description=_("Send the dead ones again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Dispatch]) -> None:
        """Give the chosen dead messages a fresh start under their old ids."""
        chosen = [dispatch.pk for dispatch in queryset]
        count = dispatching.replay(dispatch_ids=chosen, now=timezone.now())
        text = ngettext(
            "%(count)s message will be sent again.",
            "%(count)s messages will be sent again.",
            count,
        )
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, text % {"count": count}, level)
        if count < len(chosen):
            self.message_user(
                request, _("The others are not dead, or their webhook is switched off.")
            )
