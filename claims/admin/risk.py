"""Why a claim waits for a person, who is linked to whom, and who checks our own hands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from claims import risk_words
from claims.admin import queue
from claims.admin.readonly import ReadOnlyAdmin
from claims.models import (
    AgentSignal,
    AuditSample,
    Claim,
    Forwarder,
    RiskPolicy,
    RiskRating,
    RiskRule,
    WatchRule,
    Weighing,
)
from claims.models.risk import AuditCode
from claims.risk import Signal
from claims.services import auditing, linking, risking, watching_agents
from claims.services.refusals import Refusal
from portal.accounts.models import User
from portal.lib import dates, masking
from portal.lib.labels import Label
from portal.lib.money import Money

TONES = {"low": "good", "medium": "warn", "high": "bad"}


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)


def claim_link(claim: Claim) -> str:
    """Return a link to a claim's workspace."""
    return format_html('<a class="underline" href="{}">{}</a>', queue.href(claim), claim.ref)


# --- In the workspace ----------------------------------------------------------


def panel(claim: Claim) -> dict[str, Any] | None:
    """Return what the workspace shows of the newest rating, or None before the first."""
    rating = risking.latest(claim=claim)
    if rating is None:
        return None
    refs = sorted({ref for one in rating.signals for ref in _named(one["facts"])})
    known = {one.ref: one for one in Claim.objects.filter(ref__in=refs)}
    return {
        "score": rating.score,
        "band": rating.get_band_display(),
        "advice": risk_words.advice(rating.band),
        "tone": TONES[rating.band],
        "made_at": rating.made_at,
        "number": rating.number,
        "policy": rating.policy_id and rating.policy,
        "signals": [
            {
                "title": Signal(one["code"]).label if one["code"] in Signal.values else one["code"],
                "sentence": risk_words.sentence(one["code"], one["facts"]),
                "points": one["points"],
                "claims": [
                    {"ref": ref, "href": queue.href(known[ref])}
                    for ref in _named(one["facts"])
                    if ref in known
                ],
            }
            for one in rating.signals
        ],
        "linked_href": reverse("admin:claims_linked_accounts", args=[claim.ref]),
        "weigh_href": f"{reverse('admin:claims_weighing_add')}?parcel={claim.parcel_id}"
        if claim.parcel_id
        else "",
    }


def _named(facts: Mapping[str, Any]) -> list[str]:
    """Return the claims that a signal names; some only count them."""
    found = facts.get("claims", ())
    return found if isinstance(found, list) else []


# --- Ratings and links ----------------------------------------------------------


@admin.register(RiskRating)
class RiskRatingAdmin(ReadOnlyAdmin):
    """Every rating as it was made, and the page of linked accounts."""

    list_display = ("claim_ref", "number", "score", "shown_band", "policy", "made_at")
    list_display_links = ("number",)
    list_filter = ("band", "policy")
    list_select_related = ("claim", "policy")
    search_fields = ("claim__ref", "claim__order__number")
    ordering = ("-made_at", "-pk")
    fields = ("claim_ref", "number", "score", "shown_band", "told", "policy", "made_at", "digest")
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        """Add the page of linked accounts."""
        return [
            path(
                "linked/<str:ref>/",
                self.admin_site.admin_view(self.linked),
                name="claims_linked_accounts",
            ),
            *super().get_urls(),
        ]

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: RiskRating) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(
        description=gettext_lazy("Band"),
        ordering="band",
        label={"low": "success", "medium": "warning", "high": "danger"},
    )
    def shown_band(self, row: RiskRating) -> Label:
        """Say the band."""
        return Label(row.band, row.get_band_display())

    @display(description=gettext_lazy("What was noticed"))
    def told(self, row: RiskRating) -> str:
        """Say every signal."""
        return format_html_join(
            "",
            "<p>{} ({})</p>",
            (
                (risk_words.sentence(one["code"], one["facts"]), one["points"])
                for one in row.signals
            ),
        ) or risk_words.advice("low")

    def linked(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Show the accounts that share contact details with a claim's shopper."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        claim = Claim.objects.filter(ref=ref).select_related("shopper", "order").first()
        if claim is None or claim.submitted_at is None:
            raise Http404
        accounts = [
            {
                "who": masking.email(one.email),
                "shared": [str(kind) for kind in one.shared],
                "claims": [
                    {
                        "ref": other.ref,
                        "href": queue.href(other),
                        "state": other.get_state_display(),
                        "sum": Money(other.claimed_minor, other.currency).say(
                            get_language() or "en"
                        ),
                        "sent": other.submitted_at,
                    }
                    for other in one.claims
                ],
            }
            for one in linking.accounts(claim=claim)
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Accounts linked to %(ref)s") % {"ref": claim.ref},
            "claim": claim,
            "back": queue.href(claim),
            "accounts": accounts,
        }
        return TemplateResponse(request, "admin/claims/riskrating/linked.html", context)


# --- The rules ----------------------------------------------------------


class CarriedForm(forms.ModelForm):
    """A row carried over from the policy in force: it counts as typed even if left as it is."""

    def has_changed(self) -> bool:
        """Keep a carried row; leave out an empty one."""
        return bool(self.initial) or super().has_changed()


class _RuleInline(TabularInline):
    form = CarriedForm
    can_delete = True
    copied: tuple[str, ...] = ()

    def current(self) -> list[dict[str, Any]]:
        """Return the rows of the policy in force."""
        policy = risking.policy_for(now=timezone.now())
        rows = self.model.objects.filter(policy=policy).order_by("pk") if policy else ()
        return [{name: getattr(row, name) for name in self.copied} for row in rows]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Offer a form for every carried row and two more; none to a policy that stands."""
        return 0 if obj is not None else len(self.current()) + 2

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Fill the forms of a new policy."""
        made = super().get_formset(request, obj, **kwargs)
        rows = self.current() if obj is None else []

        class Filled(made):  # type: ignore[valid-type, misc]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                if rows:
                    kwargs["initial"] = rows
                super().__init__(*args, **kwargs)

        return Filled

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a rule that ratings were made by."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let a row be left out of a new policy; what stands is kept."""
        return obj is None and self.has_add_permission(request, obj)


class RiskRuleInline(_RuleInline):
    """What each signal counts."""

    model = RiskRule
    copied = ("signal", "points", "at_least", "minimum", "days", "currency")
    ordering = ("signal", "-points")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows come with a new policy only."""
        return obj is None and request.user.has_perm("claims.add_riskrule")


class WatchRuleInline(_RuleInline):
    """From what on the desk's own work is unusual; not for the desk's eyes."""

    model = WatchRule
    copied = (
        "kind", "at_least", "percent", "days", "margin_percent", "from_hour", "until_hour",
    )  # fmt: skip
    ordering = ("kind",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show it to those who watch."""
        return request.user.has_perm("claims.watch_agents")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows come with a new policy only."""
        return obj is None and request.user.has_perm("claims.add_watchrule")


@admin.register(RiskPolicy)
class RiskPolicyAdmin(ModelAdmin):
    """What counts how much, from which day. A change is a new row; what stands is kept."""

    list_display = ("code", "valid_from", "medium_from", "high_from", "audit_percent")
    search_fields = ("code", "note")
    ordering = ("-valid_from", "-pk")
    inlines = (RiskRuleInline, WatchRuleInline)
    list_after_template = "admin/claims/riskpolicy/outcomes.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a policy that ratings were made by."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a policy that ratings point at."""
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the policy in force."""
        policy = risking.policy_for(now=timezone.now())
        today = {"valid_from": timezone.localdate()}
        if policy is None:
            return today
        names = ("medium_from", "high_from", "audit_percent")
        return today | {name: getattr(policy, name) for name in names}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show below the rows how the claims that each signal spoke on have ended."""
        names = dict(Signal.choices)
        outcomes = [
            {"title": names.get(one.code, one.code), "row": one}
            for one in auditing.outcomes(now=timezone.now())
        ]
        return super().changelist_view(request, {"outcomes": outcomes, **(extra_context or {})})


@admin.register(Forwarder)
class ForwarderAdmin(ModelAdmin):
    """Addresses of houses that pass parcels on."""

    list_display = ("name", "country", "postcode", "words", "is_active")
    list_filter = ("is_active", "country")
    search_fields = ("name", "postcode", "words")
    ordering = ("country", "name")


@admin.register(Weighing)
class WeighingAdmin(ReadOnlyAdmin):
    """What a parcel weighed, written down once."""

    list_display = ("parcel", "by", "grams", "told_by", "told_at")
    list_filter = ("by",)
    list_select_related = ("parcel", "told_by")
    search_fields = ("parcel__number",)
    ordering = ("-told_at", "-pk")
    fields = ("parcel", "by", "grams")
    raw_id_fields = ("parcel",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let the desk write a weight down."""
        return bool(ModelAdmin.has_add_permission(self, request))

    def save_model(self, request: HttpRequest, obj: Weighing, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Say who wrote it down and when."""
        obj.told_by, obj.told_at = _person(request), timezone.now()
        super().save_model(request, obj, form, change)
        for claim in Claim.objects.filter(parcel=obj.parcel):
            risking.rate_again(claim=claim, now=obj.told_at)


# --- Audits ----------------------------------------------------------


class WaitingFilter(admin.SimpleListFilter):
    """What is still to be looked at; that is shown unless something else is chosen."""

    title = gettext_lazy("queue")
    parameter_name = "queue"
    LABELS = (
        ("waiting", gettext_lazy("To be looked at")),
        ("disagree", gettext_lazy("Disagreed")),
        ("agree", gettext_lazy("Agreed")),
        ("all", gettext_lazy("Everything")),
    )

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return every queue."""
        return list(self.LABELS)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Leave out Django's "All": ours is one of the queues."""
        chosen = self.value() or "waiting"
        for key, label in self.lookup_choices:
            yield {
                "selected": chosen == key,
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen queue; a search looks everywhere unless one is chosen."""
        chosen = self.value() or ("all" if request.GET.get("q") else "waiting")
        if chosen == "all":
            return queryset
        return queryset.filter(verdict="" if chosen == "waiting" else chosen)


@admin.register(AuditSample)
class AuditSampleAdmin(ReadOnlyAdmin):
    """Automatic approvals that somebody looks at afterwards."""

    list_display = ("claim_ref", "amount", "score", "picked_at", "shown_verdict", "judged_by")
    list_display_links = ("picked_at",)
    list_filter = (WaitingFilter, "code")
    list_select_related = ("claim", "rating", "judged_by")
    search_fields = ("claim__ref", "claim__order__number")
    ordering = ("picked_at", "pk")
    fields = (
        "claim_ref", "amount", "score", "picked_at", "shown_verdict", "code", "note", "judged_by",
        "judged_at",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ["look"]
    list_before_template = "admin/claims/auditsample/results.html"

    @display(description=gettext_lazy("Claim"))
    def claim_ref(self, row: AuditSample) -> str:
        """Link to the claim."""
        return claim_link(row.claim)

    @display(description=gettext_lazy("Approved"))
    def amount(self, row: AuditSample) -> str:
        """Say the approved sum."""
        return Money(row.claim.approved_minor, row.claim.currency).say(get_language() or "en")

    @display(description=gettext_lazy("Score then"))
    def score(self, row: AuditSample) -> str:
        """Say the score it was approved with."""
        return str(row.rating.score) if row.rating else "–"

    @display(
        description=gettext_lazy("Verdict"),
        label={"": "warning", "agree": "success", "disagree": "danger"},
    )
    def shown_verdict(self, row: AuditSample) -> Label:
        """Say what came of it."""
        return Label(row.verdict, row.get_verdict_display() or _("To be looked at"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show above the queue how the audits of a quarter went."""
        results = auditing.results(now=timezone.now())
        labels = dict(AuditCode.choices)
        codes = [(labels.get(code, code), count) for code, count in sorted(results.codes.items())]
        facts = {"results": results, "result_codes": codes}
        return super().changelist_view(request, {**facts, **(extra_context or {})})

    def has_look_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the button to those who audit, while there is something to say."""
        if not request.user.has_perm("claims.audit_claim"):
            return False
        return object_id is None or AuditSample.objects.filter(pk=object_id, verdict="").exists()

    @action(description=gettext_lazy("Give a verdict"), url_path="look", permissions=["look"])
    def look(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask for a verdict, and keep it."""
        if not request.user.has_perm("claims.audit_claim"):
            raise PermissionDenied
        sample = AuditSample.objects.filter(pk=object_id).select_related("claim", "rating").first()
        if sample is None:
            raise Http404
        back = reverse("admin:claims_auditsample_changelist")
        status = 200
        if request.method == "POST":
            try:
                auditing.judge(
                    sample=sample,
                    auditor=_person(request),
                    verdict=request.POST.get("verdict", ""),
                    code=request.POST.get("code", ""),
                    note=request.POST.get("note", ""),
                    now=timezone.now(),
                )
            except Refusal as refusal:
                messages.error(request, str(refusal))
                status = 422
            else:
                messages.success(request, _("Your verdict is kept. Nothing was paid or taken."))
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Was this approval right? %(ref)s") % {"ref": sample.claim.ref},
            "sample": sample,
            "amount": self.amount(sample),
            "claim_href": queue.href(sample.claim),
            "signals": [
                risk_words.sentence(one["code"], one["facts"])
                for one in (sample.rating.signals if sample.rating else ())
            ],
            "codes": AuditCode.choices,
            "typed": {name: request.POST.get(name, "") for name in ("verdict", "code", "note")},
            "back": back,
        }
        return TemplateResponse(
            request, "admin/claims/auditsample/look.html", context, status=status
        )


# --- The desk's own work ----------------------------------------------------------


class ClearedFilter(admin.SimpleListFilter):
    """What is open; that is shown unless something else is chosen."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return both states."""
        return [("cleared", _("Cleared")), ("all", _("Everything"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen ones."""
        if self.value() == "all":
            return queryset
        return queryset.filter(cleared_at__isnull=self.value() != "cleared")


def _when(moment: datetime | None) -> str:
    return dates.when(timezone.localtime(moment), get_language() or "en") if moment else "–"


@admin.register(AgentSignal)
class AgentSignalAdmin(ReadOnlyAdmin):
    """What is unusual in the desk's own decisions; for those who watch, and never one's own."""

    list_display = ("shown_kind", "agent", "opened_at", "standing")
    list_display_links = ("shown_kind",)
    list_filter = (ClearedFilter, "kind")
    list_select_related = ("agent", "cleared_by")
    search_fields = ("agent__email", "agent__name")
    ordering = ("-opened_at", "-pk")
    fields = ("shown_kind", "agent", "shown_evidence", "opened_at", "standing", "note")
    readonly_fields = fields
    actions_detail = ["clear"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentSignal]:
        """Return everybody's but one's own."""
        rows = cast("QuerySet[AgentSignal]", super().get_queryset(request))
        return rows.exclude(agent=request.user.pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the room to those who watch."""
        return request.user.has_perm("claims.watch_agents")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show rows to those who watch."""
        return request.user.has_perm("claims.watch_agents")

    @display(description=gettext_lazy("What is unusual"), ordering="kind")
    def shown_kind(self, row: AgentSignal) -> str:
        """Say what it is."""
        return row.get_kind_display()

    @display(description=gettext_lazy("State"))
    def standing(self, row: AgentSignal) -> str:
        """Say whether somebody has cleared it."""
        if row.cleared_at is None:
            return _("Open")
        return _("Cleared by %(who)s, %(when)s") % {
            "who": row.cleared_by, "when": _when(row.cleared_at),
        }  # fmt: skip

    @display(description=gettext_lazy("What it rests on"))
    def shown_evidence(self, row: AgentSignal) -> str:
        """Show the counts and the claims."""
        facts = format_html_join(
            "",
            "<p>{}: {}</p>",
            (
                (name, value if not isinstance(value, list) else ", ".join(map(str, value)))
                for name, value in sorted(row.evidence.items())
                if name != "claims"
            ),
        )
        links = format_html_join(
            ", ", "{}", ((claim_link(claim),) for claim in watching_agents.claims_of(row))
        )
        return format_html("{}{}", facts, links)

    def has_clear_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the button to those who watch, while it is open."""
        if not request.user.has_perm("claims.watch_agents"):
            return False
        return (
            object_id is None
            or self.get_queryset(request).filter(pk=object_id, cleared_at=None).exists()
        )

    @action(description=gettext_lazy("Clear, with a note"), url_path="clear", permissions=["clear"])
    def clear(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask what it was, and clear it."""
        if not request.user.has_perm("claims.watch_agents"):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=object_id).first()
        if row is None:
            raise Http404
        back = reverse("admin:claims_agentsignal_change", args=[row.pk])
        status = 200
        if request.method == "POST":
            try:
                watching_agents.clear(
                    signal=row,
                    person=_person(request),
                    note=request.POST.get("note", "")[:4000],
                    now=timezone.now(),
                )
            except Refusal as refusal:
                messages.error(request, str(refusal))
                status = 422
            else:
                messages.success(request, _("Cleared. The note and the evidence are kept."))
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": row.get_kind_display(),
            "row": row,
            "evidence": self.shown_evidence(row),
            "back": back,
            "typed": request.POST.get("note", ""),
        }
        return TemplateResponse(
            request, "admin/claims/agentsignal/clear.html", context, status=status
        )
