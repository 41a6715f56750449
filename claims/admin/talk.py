"""The conversation in the workspace, and e-mails that wait for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from claims import mail
from claims.admin import queue
from claims.admin.readonly import ReadOnlyAdmin
from claims.models import Claim, InboundMail, Message
from claims.models.message import MailState
from claims.services import canning, conversation, inbound, reply_lines
from claims.services.refusals import Refusal
from portal.accounts.models import User
from portal.lib import masking
from portal.lib.labels import Label
from portal.lib.moves import Role

SHOWN = 20_000
"""Characters of a mail shown to a person who places it."""


def panel(
    request: HttpRequest, claim: Claim, *, typed: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """
    Return what ``workspace_talk.html`` shows; whoever may answer has read it by looking.

    ``?canned=`` lays an answer into the field, in the claim's language, to be edited.
    """
    user = cast("User", request.user)
    may_write = user.has_perm("claims.decide_claim") and user.pk != claim.shopper_id
    letters = conversation.letters(claim=claim)
    if may_write and letters:
        conversation.read(claim=claim, reader=user, role=Role.AGENT, now=now, seen=letters)
    replies = list(canning.fitting(claim=claim)) if may_write else []
    chosen = request.GET.get("canned", "")
    reply = next((one for one in replies if str(one.pk) == chosen), None)
    draft = typed.get("message", "")
    if reply is not None and not draft:
        draft = canning.filled(reply=reply, claim=claim)
    return {
        "letters": letters,
        "new": [one.pk for one in letters if one.role == Role.SHOPPER and one.read_at is None],
        "replies": [{"pk": one.pk, "title": one.title} for one in replies],
        "chosen": reply.pk if reply else None,
        "draft": draft,
        "read_until": conversation.read_until(claim=claim),
        "waiting_mails": InboundMail.objects.filter(
            claim=claim, state=MailState.QUARANTINED
        ).count(),
        "mails_href": f"{reverse('admin:claims_inboundmail_changelist')}?q={claim.ref}",
        "may_revoke": may_write and reply_lines.is_on(),
    }


class UnreadFilter(admin.SimpleListFilter):
    """Claims in which the shopper wrote something that nobody at the desk has read."""

    title = gettext_lazy("messages")
    parameter_name = "unread"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what is new."""
        return [("yes", _("New message"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        """Keep claims with something new."""
        if self.value() != "yes":
            return queryset
        new = Message.objects.filter(role=Role.SHOPPER, read_at=None)
        return queryset.filter(pk__in=new.values("claim_id"))


class MailFilter(admin.SimpleListFilter):
    """What waits for a person; that is shown unless something else is chosen."""

    title = gettext_lazy("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return every queue."""
        return [*MailState.choices, ("all", _("Everything"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Leave out Django's "All": ours is one of the queues."""
        chosen = self.value() or MailState.QUARANTINED
        for key, label in self.lookup_choices:
            yield {
                "selected": chosen == key,
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen queue; a search looks everywhere unless one is chosen."""
        chosen = self.value() or ("all" if request.GET.get("q") else MailState.QUARANTINED)
        return queryset if chosen == "all" else queryset.filter(state=chosen)


@admin.register(InboundMail)
class InboundMailAdmin(ReadOnlyAdmin):
    """E-mails as they came, and what became of them."""

    list_display = ("received_at", "who", "subject", "shown_state", "why", "claim_ref")
    list_display_links = ("received_at", "subject")
    list_filter = (MailFilter, "why", "provider")
    list_select_related = ("claim",)
    search_fields = ("claim__ref", "subject", "sender")
    ordering = ("-received_at", "-pk")
    fields = (
        "received_at", "who", "recipient", "subject", "shown_state", "why", "claim_ref",
        "shown_words", "shown_files", "bytes", "handled_at", "handled_by",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ["handle"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundMail]:
        """Return mails without their bytes."""
        return cast("QuerySet[InboundMail]", super().get_queryset(request)).defer("raw")

    @display(description=gettext_lazy("From"))
    def who(self, row: InboundMail) -> str:
        """Say the sender, masked."""
        return masking.email(row.sender) if row.sender else "–"

    @display(
        description=gettext_lazy("State"),
        ordering="state",
        label={"quarantined": "warning", "threaded": "success", "waiting": "info"},
    )
    def shown_state(self, row: InboundMail) -> Label:
        """Say what became of it."""
        return Label(row.state, row.get_state_display())

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: InboundMail) -> str:
        """Link to the claim."""
        if row.claim is None:
            return "–"
        return format_html(
            '<a class="underline" href="{}">{}</a>', queue.href(row.claim), row.claim.ref
        )

    @display(description=gettext_lazy("Words"))
    def shown_words(self, row: InboundMail) -> str:
        """Show its words as plain text."""
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', _told(row)[0])

    @display(description=gettext_lazy("Attachments"))
    def shown_files(self, row: InboundMail) -> str:
        """Name what came along; nothing of it is opened here."""
        return ", ".join(_told(row)[1]) or "–"

    def has_handle_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the button to those who may, while it waits."""
        if not request.user.has_perm("claims.handle_mail"):
            return False
        waiting = InboundMail.objects.filter(pk=object_id, state=MailState.QUARANTINED)
        return object_id is None or waiting.exists()

    @action(description=gettext_lazy("Handle"), url_path="handle", permissions=["handle"])
    def handle(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Put one mail into a claim, or away."""
        if not request.user.has_perm("claims.handle_mail"):
            raise PermissionDenied
        row = InboundMail.objects.filter(pk=object_id).select_related("claim").first()
        if row is None:
            raise Http404
        back = reverse("admin:claims_inboundmail_changelist")
        person, now = cast("User", request.user), timezone.now()
        status = 200
        if request.method == "POST":
            try:
                if "place" in request.POST:
                    inbound.place(row=row, person=person, ref=request.POST.get("ref", ""), now=now)
                    said = _("It is in the conversation now, as the shopper's words.")
                else:
                    inbound.discard(row=row, person=person, now=now)
                    said = _("It is put away. The original is kept.")
            except Refusal as refusal:
                messages.error(request, str(refusal))
                status = 422
            else:
                messages.success(request, said)
                return HttpResponseRedirect(back)
        told = _told(row)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": row.subject or _("An e-mail without a subject"),
            "row": row,
            "why": row.get_why_display(),
            "who": row.sender,
            "text": told[0],
            "files": told[1],
            "ref": request.POST.get("ref") or (row.claim.ref if row.claim else ""),
            "back": back,
        }
        return TemplateResponse(
            request, "admin/claims/inboundmail/handle.html", context, status=status
        )


def _told(row: InboundMail) -> tuple[str, list[str]]:
    """Return a mail's words and the names of its attachments, as far as they can be read."""
    raw = bytes(row.raw)
    try:
        told = mail.read_json(raw) if row.is_json else mail.read(raw)
    except mail.Unreadable:
        return mail.tidy(raw[:SHOWN].decode("utf-8", "replace")), []
    return told.text[:SHOWN], [one.name for one in told.attachments]
