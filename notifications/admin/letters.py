"""The desk's view of letters: what went out, what did not, how it looked, a second try."""

from __future__ import annotations

import json
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from notifications.catalogue import CATALOGUE
from notifications.models import Letter, LetterState
from notifications.services import letters


@admin.register(Letter)
class LetterAdmin(ModelAdmin):
    """Letters, the dead ones first; facts are frozen, so nobody edits one."""

    list_display = ["shown_name", "address", "subject", "shown_state", "attempts", "written_at"]
    list_filter = ["state", "name", "language", "written_at"]
    search_fields = ["address", "subject", "cause", "facts__ref", "facts__order", "facts__number"]
    fields = [
        "shown_name", "address", "language", "subject", "state", "attempts", "due_at",
        "written_at", "sent_at", "message_id", "cause", "preview", "shown_facts", "trace",
    ]  # fmt: skip
    readonly_fields = fields
    actions = ["resend"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Letter]:
        """Put the dead first, then the waiting, then the rest."""
        rank = Case(
            When(state=LetterState.DEAD, then=Value(0)),
            When(state=LetterState.WAITING, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
        ranked = super().get_queryset(request).annotate(rank=rank)
        return ranked.order_by("rank", "-written_at", "-pk")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: letters are written by what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Letter | None = None) -> bool:
        """Refuse: facts are frozen."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Letter | None = None) -> bool:
        """Refuse: the record stays."""
        return False

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Test whether this person may give dead letters another start."""
        return request.user.has_perm("notifications.resend_letter")

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the preview's frame."""
        view = self.admin_site.admin_view(_framed(self.show))
        return [
            path("<int:pk>/preview/", view, name="notifications_letter_preview"),
            *super().get_urls(),
        ]

    def show(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Serve the letter's HTML alone, for a frame that can run nothing."""
        letter = self.get_object(request, str(pk))
        if letter is None:
            raise Http404
        if not self.has_view_permission(request, letter):
            raise PermissionDenied
        return HttpResponse(letters.preview(letter).html)

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def change_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Allow the preview's frame, and nothing else, on a letter's page."""
        return super().change_view(*args, **kwargs)

    @display(description=_("letter"), ordering="name")
    def shown_name(self, obj: Letter) -> str:
        """Name the letter in the reader's language."""
        entry = CATALOGUE.get(obj.name)
        return str(entry.label) if entry else obj.name

    @display(
        description=_("state"),
        ordering="state",
        label={
            LetterState.DEAD: "danger",
            LetterState.WAITING: "info",
            LetterState.SENT: "success",
            LetterState.HELD: "warning",
        },
    )
    def shown_state(self, obj: Letter) -> tuple[str, str]:
        """Show the state as a coloured word."""
        return obj.state, obj.get_state_display()

    @display(description=_("as it looks"))
    def preview(self, obj: Letter) -> SafeString:
        """Show the letter in a sandboxed frame."""
        return format_html(
            '<iframe src="{}" title="{}" width="640" height="820" sandbox=""></iframe>',
            reverse("admin:notifications_letter_preview", args=[obj.pk]),
            obj.subject,
        )

    @display(description=_("facts"))
    def shown_facts(self, obj: Letter) -> SafeString:
        """Show the frozen facts as indented JSON, without what was meant for one reader only."""
        entry = CATALOGUE.get(obj.name)
        secret: Any = entry.secret if entry else frozenset()
        shown = {name: value for name, value in obj.facts.items() if name not in secret}
        text = json.dumps(shown, indent=2, ensure_ascii=False, sort_keys=True)
        return format_html('<pre class="whitespace-pre-wrap break-words">{}</pre>', text)

    @display(description=_("last error"))
    def trace(self, obj: Letter) -> SafeString:
        """Show why the last try failed."""
        return format_html('<pre class="whitespace-pre-wrap break-words">{}</pre>', obj.error)

    @action(description=_("Send the dead ones again"), permissions=["resend"])
    def resend(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        """Give the chosen dead letters a fresh start."""
        chosen = [letter.pk for letter in queryset]
        count = letters.resend(letter_ids=chosen, now=timezone.now())
        text = ngettext(
            "%(count)s letter will be sent again.", "%(count)s letters will be sent again.", count
        )
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, text % {"count": count}, level)
        if count < len(chosen):
            self.message_user(
                request, _("The others are not dead, or held a code that is no longer good.")
            )


def _framed(view: Any) -> Any:
    policy = {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "img-src": ["data:"],
        "frame-ancestors": [SELF],
        "sandbox": True,
    }
    return xframe_options_sameorigin(csp(policy)(view))
