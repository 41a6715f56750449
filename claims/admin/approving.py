"""Whose yes stands, what is approved without a person, what that may spend, and how to stop it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import F, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from claims.admin import deciding, queue
from claims.admin.deciding import say
from claims.admin.readonly import ReadOnlyAdmin
from claims.models import (
    Approval,
    ApprovalLimit,
    AutoApprovalRule,
    AutoBudget,
    AutoSwitch,
    AutoSwitchMove,
    BudgetCounter,
    Claim,
    CounterOffer,
    Decline,
    Reopening,
)
from claims.services import budgets, rulemaking
from claims.services.refusals import Refusal
from claims.states import ClaimReason
from portal.accounts.models import User
from tracking.models import DisruptionWindow


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)


def claim_link(claim: Claim) -> str:
    """Return a link to a claim's workspace."""
    return format_html('<a href="{}">{}</a>', queue.href(claim), claim.ref)


# --- Yes and no ----------------------------------------------------------


class StandingFilter(SimpleListFilter):
    """How an approval stands."""

    title = gettext_lazy("Standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return every standing."""
        return [
            ("waiting", gettext_lazy("Waiting for another person")),
            ("finance", gettext_lazy("Waiting for finance")),
            ("approved", gettext_lazy("Approved")),
            ("rule", gettext_lazy("Approved by rule")),
            ("void", gettext_lazy("Void")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Approval]) -> QuerySet[Approval]:
        """Keep what stands so."""
        waits = Q(voided_at=None, approved_at=None)
        return {
            "waiting": queryset.filter(waits),
            "finance": queryset.filter(waits, finance=None, counted_minor__gt=F("double_minor")),
            "approved": queryset.filter(voided_at=None, approved_at__isnull=False),
            "rule": queryset.filter(rule__isnull=False, approved_at__isnull=False),
            "void": queryset.filter(voided_at__isnull=False),
        }.get(self.value() or "", queryset)


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Who said yes to what, whose yes is missing, and what changed since the proposal before."""

    list_display = ("claim_ref", "amount", "instrument", "first", "others", "changed", "standing")
    list_display_links = ("amount",)
    list_filter = (StandingFilter, "currency")
    list_select_related = (
        "assessment", "claim", "reviewer", "approver", "finance", "rule",
    )  # fmt: skip
    search_fields = ("claim__ref", "digest", "payee")
    ordering = ("-reviewed_at", "-pk")
    fields = (
        "claim_ref", "amount", "counted", "instrument", "payee", "digest", "one_limit",
        "two_limit", "first", "reviewed_at", "approver", "finance", "approved_at", "changed",
        "standing", "voided_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """Read with every row those before it on the same claim, in one question for all."""
        rows: QuerySet[Approval] = super().get_queryset(request)
        earlier = Approval.objects.select_related("assessment").order_by("pk")
        return rows.prefetch_related(Prefetch("claim__approvals", queryset=earlier))

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: Approval) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(description=gettext_lazy("Sum"), ordering="amount_minor")
    def amount(self, row: Approval) -> str:
        """Say the sum."""
        return say(row.amount_minor, row.currency)

    @display(description=gettext_lazy("Sum that counts"))
    def counted(self, row: Approval) -> str:
        """Say the sum with what was approved before."""
        return say(row.counted_minor, row.currency)

    @display(description=gettext_lazy("One person's limit then"))
    def one_limit(self, row: Approval) -> str:
        """Say the limit that held."""
        return say(row.limit_minor, row.currency)

    @display(description=gettext_lazy("Two people's limit then"))
    def two_limit(self, row: Approval) -> str:
        """Say the limit that held."""
        return say(row.double_minor, row.currency) if row.double_minor is not None else "—"

    @display(description=gettext_lazy("First yes"))
    def first(self, row: Approval) -> str:
        """Say who or which rule proposed it."""
        return deciding.people(row)[0]["name"]

    @display(description=gettext_lazy("Further yes"))
    def others(self, row: Approval) -> str:
        """Say who agreed, and whose yes is missing."""
        return ", ".join(one["name"] for one in deciding.people(row)[1:]) or "—"

    @display(description=gettext_lazy("What changed"))
    def changed(self, row: Approval) -> str:
        """Say in what it differs from the proposal before; only while somebody has to look."""
        if row.approved_at or row.voided_at:
            return "—"
        return " ".join(deciding.changed(row)) or "—"

    @display(description=gettext_lazy("Standing"))
    def standing(self, row: Approval) -> str:
        """Say whether the yes holds, and if not, why."""
        if row.voided_at:
            why = str(row.get_void_reason_display())
            return _("Void: %(why)s") % {"why": why} if why else _("Void")
        return _("Approved") if row.approved_at else _("Waiting for another person")


@admin.register(Decline)
class DeclineAdmin(ReadOnlyAdmin):
    """Every no: its reason, its words, what was looked at, and by whom."""

    list_display = ("claim_ref", "code", "value", "reviewer", "approver", "standing")
    list_filter = ("code", "level")
    list_select_related = ("claim", "reviewer", "approver")
    search_fields = ("claim__ref",)
    ordering = ("-reviewed_at", "-pk")
    fields = (
        "claim_ref", "code", "text", "looked_at", "value", "reviewer", "reviewed_at", "approver",
        "approved_at", "appeal_until", "level", "standing",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: Decline) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(description=gettext_lazy("Value"), ordering="value_minor")
    def value(self, row: Decline) -> str:
        """Say what was claimed."""
        return say(row.value_minor, row.currency)

    @display(description=gettext_lazy("Standing"))
    def standing(self, row: Decline) -> str:
        """Say whether the no holds, and if not, why."""
        if row.voided_at:
            return _("Void: %(why)s") % {"why": row.get_void_reason_display()}
        return _("Declined") if row.approved_at else _("Waiting for another person")


@admin.register(CounterOffer)
class CounterOfferAdmin(ReadOnlyAdmin):
    """What shoppers asked for instead of an offer."""

    list_display = ("claim_ref", "number", "wish", "asked", "offered", "made_at")
    list_filter = ("wish",)
    list_select_related = ("claim", "approval")
    search_fields = ("claim__ref",)
    ordering = ("-made_at", "-pk")
    fields = ("claim_ref", "number", "wish", "asked", "offered", "text", "made_at")
    readonly_fields = fields

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: CounterOffer) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(description=gettext_lazy("Asked for"))
    def asked(self, row: CounterOffer) -> str:
        """Say the sum that was named."""
        return say(row.amount_minor, row.currency) if row.amount_minor is not None else "—"

    @display(description=gettext_lazy("Offered"))
    def offered(self, row: CounterOffer) -> str:
        """Say the sum that was offered."""
        return say(row.approval.amount_minor, row.currency)


@admin.register(Reopening)
class ReopeningAdmin(ReadOnlyAdmin):
    """Why claims were opened again, and by whom."""

    list_display = ("claim_ref", "fact", "paid", "asked_by", "agreed_by", "opened_at")
    list_filter = ("fact",)
    list_select_related = ("claim", "asked_by", "agreed_by")
    search_fields = ("claim__ref",)
    ordering = ("-asked_at", "-pk")
    fields = (
        "claim_ref", "fact", "note", "paid", "asked_by", "asked_at", "agreed_by", "opened_at",
        "refused_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: Reopening) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(description=gettext_lazy("Paid by then"))
    def paid(self, row: Reopening) -> str:
        """Say what was paid when it was asked."""
        return say(row.paid_minor, row.claim.currency)


# --- Limits ----------------------------------------------------------


class LimitForm(forms.ModelForm):
    """A new limit, from a day after those that stand."""

    class Meta:
        model = ApprovalLimit
        fields: ClassVar = ("currency", "single_minor", "double_minor", "valid_from")

    def clean(self) -> dict[str, Any]:
        """Say in words what the database would refuse."""
        cleaned: dict[str, Any] = super().clean() or {}
        currency, begins = cleaned.get("currency"), cleaned.get("valid_from")
        if currency and begins:
            stands = ApprovalLimit.objects.filter(currency=currency, valid_from__gte=begins)
            if stands.exists():
                self.add_error("valid_from", _("A limit begins after those before it."))
        return cleaned


@admin.register(ApprovalLimit)
class ApprovalLimitAdmin(ModelAdmin):
    """Up to which sum one person's yes is enough, and two people's, from which day."""

    form = LimitForm
    list_display = ("currency", "one_person", "two_people", "valid_from")
    list_filter = ("currency",)
    search_fields = ("currency",)
    ordering = ("currency", "-valid_from")

    @display(description=gettext_lazy("One person may approve up to"), ordering="single_minor")
    def one_person(self, row: ApprovalLimit) -> str:
        """Say the limit."""
        return say(row.single_minor, row.currency)

    @display(description=gettext_lazy("Two people may approve up to"), ordering="double_minor")
    def two_people(self, row: ApprovalLimit) -> str:
        """Say the limit above which finance has to agree."""
        return say(row.double_minor, row.currency) if row.double_minor is not None else "—"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a limit that decisions point at: add one from a later day."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a limit that decisions point at."""
        return False


# --- Rules ----------------------------------------------------------


class _Words(forms.CharField):
    """Short words in one line, parted by commas or blanks."""

    def prepare_value(self, value: Any) -> Any:
        """Write kept words as a line."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Read a line as words."""
        line = super().clean(value)
        return [word for word in line.replace(",", " ").split() if word]


class RuleForm(forms.ModelForm):
    """A new rule; it approves nothing before another person agrees."""

    reasons = forms.MultipleChoiceField(
        label=gettext_lazy("for the reasons"),
        choices=ClaimReason.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    countries = _Words(label=gettext_lazy("only these countries"), required=False)
    carriers = _Words(label=gettext_lazy("only these carriers"), required=False)

    class Meta:
        model = AutoApprovalRule
        fields: ClassVar = (
            "code", "text_en", "text_zh", "valid_from", "valid_until", "currency", "max_minor",
            "confirm_minor", "reasons", "risk_below", "first_in_days", "needs_evidence",
            "needs_clear_tracking", "countries", "carriers", "disruption",
        )  # fmt: skip

    def clean_currency(self) -> str:
        """Write the currency in capitals."""
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        """Say in words what the database would refuse."""
        cleaned: dict[str, Any] = super().clean() or {}
        begins = cleaned.get("valid_from")
        if begins and begins < timezone.localdate():
            self.add_error("valid_from", _("A rule begins today or later."))
        return cleaned


@admin.register(AutoApprovalRule)
class AutoApprovalRuleAdmin(ModelAdmin):
    """What is approved without a person, from which day; try a rule out before it holds."""

    form = RuleForm
    list_display = ("code", "currency", "up_to", "valid_from", "standing", "made_by", "agreed_by")
    list_filter = ("currency",)
    list_select_related = ("made_by", "agreed_by")
    search_fields = ("code", "text_en", "text_zh")
    ordering = ("currency", "code", "-valid_from")
    actions_detail: ClassVar = ["rehearse"]

    @display(description=gettext_lazy("Approves up to"), ordering="max_minor")
    def up_to(self, row: AutoApprovalRule) -> str:
        """Say the rule's maximum, and up to what it proposes."""
        said = say(row.max_minor, row.currency)
        if row.confirm_minor is None:
            return said
        return _("%(sum)s, proposes up to %(more)s") % {
            "sum": said, "more": say(row.confirm_minor, row.currency),
        }  # fmt: skip

    @display(
        description=gettext_lazy("Standing"),
        label={"waiting": "warning", "in_force": "success", "later": "info", "ended": ""},
    )
    def standing(self, row: AutoApprovalRule) -> tuple[str, str]:
        """Say whether it holds."""
        key = rulemaking.standing(row, on=timezone.now().date())
        words = {
            "waiting": _("Waits for another person"), "later": _("Holds later"),
            "ended": _("Ended"), "in_force": _("Holds"),
        }  # fmt: skip
        return key, words[key]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's own
        """Write down who made it."""
        obj.made_by, obj.made_at = _person(request), timezone.now()
        super().save_model(request, obj, form, change)
        messages.info(request, _("Kept. It approves nothing before another person agrees."))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a rule that decisions point at: end it and make another."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a rule that decisions point at."""
        return False

    def has_rehearse_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Let whoever reads rules try them out."""
        return request.user.has_perm("claims.view_autoapprovalrule")

    @action(
        description=gettext_lazy("Try it out, agree or end it"), url_path="rehearse",
        permissions=["rehearse"], icon="experiment",
    )  # fmt: skip
    def rehearse(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what the rule would have done with the newest claims; agree to it, or end it."""
        rule = AutoApprovalRule.objects.filter(pk=object_id).first()
        if rule is None:
            raise Http404
        if not self.has_rehearse_permission(request):
            raise PermissionDenied
        now = timezone.now()
        if request.method == "POST":
            return self._press(request, rule, now)
        found = rulemaking.rehearse(rule=rule, now=now)
        sentence = ngettext(
            "This rule would have approved %(count)s of the last %(looked)s claim, %(sum)s.",
            "This rule would have approved %(count)s of the last %(looked)s claims, %(sum)s.",
            found.looked,
        ) % {
            "count": found.approved, "looked": found.looked,
            "sum": say(found.approved_minor, rule.currency),
        }  # fmt: skip
        standing = rulemaking.standing(rule, on=now.date())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Rule %(code)s, tried out") % {"code": rule},
            "rule": rule,
            "sentence": sentence,
            "found": found,
            "missed": [
                (rulemaking.sentence_of(miss), count) for miss, count in found.missed.most_common()
            ],
            "claims": [
                (ref, reverse("admin:claims_claim_change", args=[ref])) for ref in found.refs[:20]
            ],
            "standing": self.standing(rule)[1],
            "may_agree": standing == "waiting"
            and rule.made_by_id != request.user.pk
            and request.user.has_perm("claims.agree_autoapprovalrule"),
            "may_end": standing != "ended"
            and request.user.has_perm("claims.change_autoapprovalrule"),
            "back": reverse("admin:claims_autoapprovalrule_changelist"),
        }
        return TemplateResponse(request, "admin/claims/autoapprovalrule/rehearse.html", context)

    def _press(self, request: HttpRequest, rule: AutoApprovalRule, now: datetime) -> HttpResponse:
        does = request.POST.get("action", "")
        try:
            if does == "agree":
                rulemaking.agree(rule=rule, person=_person(request), now=now)
                messages.success(request, _("Agreed. The rule approves claims from its first day."))
            elif does == "end":
                rulemaking.end(rule=rule, person=_person(request), now=now)
                messages.success(request, _("Ended. The rule approves nothing any more."))
        except Refusal as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(request.path)


# --- Budgets ----------------------------------------------------------


class BudgetForm(forms.ModelForm):
    """A budget from a day on."""

    reason = forms.CharField(label=gettext_lazy("why"), max_length=200)

    class Meta:
        model = AutoBudget
        fields: ClassVar = ("currency", "disruption", "amount_minor", "valid_from", "reason")

    def clean(self) -> dict[str, Any]:
        """Say in words what the service would refuse."""
        cleaned: dict[str, Any] = super().clean() or {}
        currency, begins = cleaned.get("currency"), cleaned.get("valid_from")
        if currency and begins:
            disruption: DisruptionWindow | None = cleaned.get("disruption")
            later = AutoBudget.objects.filter(
                currency=currency, disruption=disruption, valid_from__gt=begins
            )
            if begins < timezone.now().date() or later.exists():
                self.add_error("valid_from", str(budgets.WrongBudget()))
        return cleaned


@admin.register(AutoBudget)
class AutoBudgetAdmin(ModelAdmin):
    """How much may be approved by rule; above the rows, what is left of it now."""

    form = BudgetForm
    list_display = ("currency", "amount", "disruption", "valid_from", "reason", "made_by")
    list_filter = ("currency",)
    list_select_related = ("made_by", "disruption")
    search_fields = ("currency", "reason")
    ordering = ("currency", "-valid_from", "-pk")
    list_before_template = "admin/claims/autobudget/standings.html"

    @display(description=gettext_lazy("Budget"), ordering="amount_minor")
    def amount(self, row: AutoBudget) -> str:
        """Say the sum."""
        return say(row.amount_minor, row.currency)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show above the rows how every budget stands."""
        names = {row.pk: str(row) for row in DisruptionWindow.objects.all()}
        standings = [
            {
                "name": names.get(row.disruption_id, "") if row.disruption_id else _("Today"),
                "limit": say(row.limit_minor, row.currency),
                "spent": say(row.spent_minor, row.currency),
                "left": say(row.left_minor, row.currency),
                "approvals": row.approvals,
            }
            for row in budgets.standings(now=timezone.now())
        ]
        return super().changelist_view(request, {"standings": standings, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's own
        """Lay the budget down through the service."""
        made = budgets.lay_down(
            person=_person(request), currency=obj.currency, amount_minor=obj.amount_minor,
            reason=obj.reason, disruption_id=obj.disruption_id, valid_from=obj.valid_from,
            now=timezone.now(),
        )  # fmt: skip
        obj.pk = made.pk

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a budget: add one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a budget."""
        return False


@admin.register(BudgetCounter)
class BudgetCounterAdmin(ReadOnlyAdmin):
    """What rules have spent, day by day."""

    list_display = ("day", "currency", "limit", "spent", "approvals", "disruption")
    list_filter = ("currency",)
    search_fields = ("currency",)
    ordering = ("-day", "currency", "-pk")
    fields = ("day", "currency", "limit", "spent", "approvals", "disruption")
    readonly_fields = fields

    @display(description=gettext_lazy("Budget"))
    def limit(self, row: BudgetCounter) -> str:
        """Say the budget."""
        return say(row.limit_minor, row.currency)

    @display(description=gettext_lazy("Spent"))
    def spent(self, row: BudgetCounter) -> str:
        """Say what was spent."""
        return say(row.spent_minor, row.currency)


# --- The switch ----------------------------------------------------------


@admin.register(AutoSwitch)
class AutoSwitchAdmin(ModelAdmin):
    """The one switch over every approval by rule, on a page of its own."""

    search_fields = ("reason",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one switch."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is always one switch."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is thrown on its page, with a reason."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show whether rules approve, since when and why; throw the switch."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        typed = ""
        status = 200
        if request.method == "POST":
            typed = request.POST.get("reason", "")
            throw = budgets.stop if request.POST.get("action") == "stop" else budgets.start
            try:
                throw(person=_person(request), reason=typed, now=timezone.now())
            except Refusal as refusal:
                messages.error(request, str(refusal))
                status = 422
            else:
                return HttpResponseRedirect(request.path)
        switch = budgets.switch()
        is_on = switch is not None and switch.is_on
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Automatic approvals"),
            "is_on": is_on,
            "switch": switch,
            "may": request.user.has_perm(
                "claims.stop_autoapproval" if is_on else "claims.start_autoapproval"
            ),
            "typed": typed,
            "moves": AutoSwitchMove.objects.select_related("changed_by").order_by("-pk")[:20],
            **(extra_context or {}),
        }
        return TemplateResponse(
            request, "admin/claims/autoswitch/switch.html", context, status=status
        )
