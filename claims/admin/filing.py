"""File a claim for a shopper who phoned or wrote; and what was filed outside its window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from claims.admin import queue
from claims.admin.readonly import ReadOnlyAdmin
from claims.admin.records import claim_link
from claims.models import EvidenceAsk, FilingOverride
from claims.questions import QUESTIONS, STORY_MAX
from claims.services import checks, filing
from claims.services.checks import ClaimableLine, ReasonOption
from claims.services.refusals import Refusal
from claims.states import AskMedium, OverrideCode, Wish
from portal.accounts.models import User
from tracking.models import Order, Parcel


class FilingForm(forms.Form):
    """What the shopper said, asked in the order of a call."""

    channel = forms.ChoiceField(
        label=gettext_lazy("How did the shopper tell us?"),
        choices=[(one.value, one.label) for one in filing.BY_HAND],
        widget=UnfoldAdminSelectWidget,
    )
    story = forms.CharField(
        label=gettext_lazy("In the shopper's words"),
        required=False,
        max_length=STORY_MAX,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    wish = forms.ChoiceField(
        label=gettext_lazy("What would put it right?"), widget=UnfoldAdminSelectWidget
    )
    signed_name = forms.CharField(
        label=gettext_lazy("Name given for the statement"),
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Read the statement to the shopper; they say their full name."),
    )
    code = forms.ChoiceField(
        label=gettext_lazy("Why file it outside its window?"),
        required=False,
        choices=[("", "–"), *OverrideCode.choices],
        widget=UnfoldAdminSelectWidget,
    )
    note = forms.CharField(
        label=gettext_lazy("Say more in a sentence"),
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with your name for good."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        lines: Sequence[ClaimableLine],
        option: ReasonOption,
        statement: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lines, self.option = lines, option
        asked = QUESTIONS.get(option.reason, ())
        extra: dict[str, forms.Field] = {
            f"line-{line.order_line.pk}": forms.IntegerField(
                label=_("%(thing)s: how many of %(free)s?")
                % {"thing": line.order_line.title, "free": line.free},
                min_value=0,
                max_value=line.free,
                initial=line.free if len(lines) == 1 else 0,
                widget=UnfoldAdminIntegerFieldWidget,
            )
            for line in lines
            if line.free
        }
        extra |= {
            f"answer-{question.key}": forms.ChoiceField(
                label=str(question.label),
                help_text=str(question.hint),
                choices=[("", "–"), *question.choices],
                required=False,
                widget=UnfoldAdminSelectWidget,
            )
            for question in asked
        }
        offered = option.policy.resolutions
        wished = cast("forms.ChoiceField", self.fields["wish"])
        wished.choices = [(wish, Wish(wish).label) for wish in offered]
        if not statement:
            self.fields.pop("signed_name")
        if option.is_open:
            self.fields.pop("code")
            self.fields.pop("note")
        channel = self.fields.pop("channel")
        self.fields = {"channel": channel, **extra, **self.fields}

    def given(self) -> dict[str, Any]:
        """Return what the service wants to know."""
        data = self.cleaned_data
        return {
            "channel": data["channel"],
            "quantities": {
                line.order_line.pk: data[f"line-{line.order_line.pk}"]
                for line in self.lines
                if line.free
            },
            "answers": {
                name.removeprefix("answer-"): value
                for name, value in data.items()
                if name.startswith("answer-") and value
            },
            "story": data["story"],
            "wish": data["wish"],
            "signed_name": data.get("signed_name", ""),
            "code": data.get("code", ""),
            "note": data.get("note", ""),
            "key": data["key"],
        }


@admin.register(FilingOverride)
class FilingOverrideAdmin(ReadOnlyAdmin):
    """What was filed outside its window, by whom and why; and the screen to file for a shopper."""

    list_display = ("claim_ref", "code", "channel", "agent", "made_at", "note")
    list_display_links = ("code",)
    list_filter = ("code", "channel", ("agent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("claim", "agent")
    search_fields = ("claim__ref", "claim__order__number", "note", "agent__email")
    ordering = ("-made_at", "-pk")
    fields = ("claim_ref", "code", "note", "channel", "agent", "opens_at", "closes_at", "made_at")
    readonly_fields = fields

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: FilingOverride) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    def get_urls(self) -> list[URLPattern]:
        """Add the screen to file for a shopper."""
        return [
            path("file/", self.admin_site.admin_view(self.file), name="claims_file_for_shopper"),
            *super().get_urls(),
        ]

    def file(self, request: HttpRequest) -> HttpResponse:
        """Choose what happened, then write down what the shopper said."""
        agent = cast("User", request.user)
        if not agent.has_perm("claims.file_claim"):
            raise PermissionDenied
        order, parcel = _subject(request)
        now = timezone.now()
        options = checks.options(parcel=parcel, order=order, now=now)
        chosen = request.GET.get("reason", "")
        option = next((one for one in options if one.reason == chosen), None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,  # noqa: SLF001 - _meta is public in Django
            "title": _("File a claim for a shopper"),
            "order": order,
            "parcel": parcel,
            "options": options,
            "option": option,
            "subject": f"parcel={parcel.pk}" if parcel else f"order={order.pk}",
            "back": _back(order, parcel),
        }
        if option is not None:
            lines = checks.claimable(parcel=parcel, order=order, about=checks.about(option.reason))
            statement = _statement(option)
            form = FilingForm(
                request.POST if request.method == "POST" else None,
                initial={"key": uuid4()},
                lines=lines,
                option=option,
                statement=statement,
            )
            if request.method == "POST" and form.is_valid():
                try:
                    claim = filing.file(
                        parcel=parcel, order=order, agent=agent, reason=option.reason, now=now,
                        **form.given(),
                    )  # fmt: skip
                except Refusal as refusal:
                    form.add_error(None, str(refusal))
                else:
                    messages.success(request, _("Claim %(ref)s is filed.") % {"ref": claim.ref})
                    return HttpResponseRedirect(queue.href(claim))
            context |= {
                "form": form,
                "statement": statement,
                "nothing_free": not any(line.free for line in lines),
                "is_stopped": option.window.is_stopped(now),
            }
        return TemplateResponse(request, "admin/claims/filingoverride/file.html", context)


def _subject(request: HttpRequest) -> tuple[Order, Parcel | None]:
    """
    Return what the address names: a parcel, or an order of which nothing was sent.

    :raises Http404: if it names neither.
    """
    parcel_pk, order_pk = request.GET.get("parcel", ""), request.GET.get("order", "")
    if _is_key(parcel_pk):
        parcel = (
            Parcel.objects.select_related("order__shopper", "carrier").filter(pk=parcel_pk).first()
        )
        if parcel is not None:
            return parcel.order, parcel
    elif _is_key(order_pk):
        order = Order.objects.select_related("shopper").filter(pk=order_pk).first()
        if order is not None:
            return order, None
    raise Http404


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _statement(option: ReasonOption) -> str:
    """Return what the shopper has to put their name to, in the agent's language."""
    ask = EvidenceAsk.objects.filter(policy=option.policy, medium=AskMedium.STATEMENT).first()
    if ask is None:
        return ""
    return ask.hint_zh if queue.chinese() else ask.hint_en


def _back(order: Order, parcel: Parcel | None) -> str:
    if parcel is not None:
        return reverse("admin:tracking_parcel_change", args=[parcel.pk])
    return reverse("admin:tracking_order_change", args=[order.pk])
