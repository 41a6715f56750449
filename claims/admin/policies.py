"""Rules for reasons at the desk: read what holds, and add a row for what shall hold from a day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import available_timezones

from babel.numbers import get_currency_precision, is_currency
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from claims import questions, window_words
from claims.models import EvidenceAsk, ReasonPolicy
from claims.models.policy import in_force
from claims.services import policies, surroundings
from claims.states import WindowAnchor, Wish
from portal.lib.money import Money
from tracking import calendars

_SUM = re.compile(r"\s*([A-Za-z]{3})\s*([0-9]{1,13}(?:\.[0-9]{1,4})?)\s*")
_ENOUGH = 3650


# --- Fields ----------------------------------------------------------


class SumsField(forms.CharField):
    """Sums per currency in one line, such as ``USD 100, CNY 700``, kept in minor units."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        """Write kept sums as a line."""
        if not isinstance(value, Mapping):
            return value
        return ", ".join(
            f"{currency} {Money(minor, currency).major:f}"
            for currency, minor in sorted(value.items())
        )

    def clean(self, value: Any) -> Any:
        """
        Read a line of sums; an empty one is None.

        :raises ValidationError: for what is no sum, or a currency that is named twice.
        """
        line = (super().clean(value) or "").strip().strip(",")
        if not line:
            return None
        found: dict[str, int] = {}
        for part in re.split(r"[,;，；]", line):
            currency, minor = _read(part)
            if currency in found:
                raise ValidationError(_("%(currency)s is named twice.") % {"currency": currency})
            found[currency] = minor
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is meant, not how it is written."""
        try:
            return bool((initial or None) != self.clean(data))
        except ValidationError:
            return True


def _read(part: str) -> tuple[str, int]:
    match = _SUM.fullmatch(part)
    if match is None:
        raise ValidationError(
            _("“%(part)s” is no sum. Write it like this: USD 100, CNY 700.")
            % {"part": part.strip()}
        )
    currency = match[1].upper()
    if not is_currency(currency):
        raise ValidationError(
            _("We do not know the currency %(currency)s.") % {"currency": currency}
        )
    minor = Decimal(match[2]).scaleb(get_currency_precision(currency))
    if minor != minor.to_integral_value():
        raise ValidationError(
            _("%(amount)s is no sum of %(currency)s.") % {"amount": match[2], "currency": currency}
        )
    return currency, int(minor)


def said_sums(sums: Mapping[str, int] | None) -> str:
    """Say sums per currency in the reader's language."""
    language = get_language() or "en"
    return ", ".join(
        Money(minor, currency).say(language) for currency, minor in sorted((sums or {}).items())
    )


# --- What a rule asks to see ----------------------------------------------------------


class AskForm(forms.ModelForm):
    """One thing to show or to sign."""

    above = SumsField(
        label=gettext_lazy("Only above"),
        required=False,
        help_text=gettext_lazy("Such as “USD 100, CNY 700”."),
    )

    def has_changed(self) -> bool:
        """Keep what a new row takes over from the one before, though nobody touched it."""
        return super().has_changed() or (self.instance.pk is None and bool(self.initial))

    def clean_only_if(self) -> str:
        """Refuse a condition that no answer can fulfil."""
        words = str(self.cleaned_data["only_if"]).strip()
        if not words:
            return ""
        key, _equals, value = words.partition("=")
        known = {
            (question.key, choice)
            for asked in questions.QUESTIONS.values()
            for question in asked
            for choice, _label in question.choices
        }
        if (key, value) not in known:
            raise ValidationError(_("No question can be answered like this."))
        return words


class AskInline(TabularInline):
    """What a reason asks to see, in this order."""

    model = EvidenceAsk
    form = AskForm
    extra = 0
    ordering = ("position", "pk")
    fields = (
        "position", "kind", "medium", "minimum", "title_en", "title_zh", "hint_en", "hint_zh",
        "sketch", "above", "only_if",
    )  # fmt: skip

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Make room for what a new row takes over."""
        source = _source(request) if obj is None else None
        return source.asks.count() if source is not None else 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rule that holds asks for what it asked for."""
        return super().has_add_permission(request, obj) and not _holds(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rule that holds asks for what it asked for."""
        return super().has_change_permission(request, obj) and not _holds(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rule that holds asks for what it asked for."""
        return super().has_delete_permission(request, obj) and not _holds(obj)


# --- Rules ----------------------------------------------------------


class ReasonPolicyForm(forms.ModelForm):
    """A rule that can come into force."""

    usual = forms.ChoiceField(
        label=gettext_lazy("Usually puts right by"),
        choices=Wish.choices,
        widget=UnfoldAdminSelectWidget,
    )
    resolutions = forms.MultipleChoiceField(
        label=gettext_lazy("Also on offer"),
        choices=Wish.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Only refunds are carried out by this release; other wishes are noted for a person."
        ),
    )
    return_above = SumsField(
        label=gettext_lazy("Wanted back above"),
        required=False,
        help_text=gettext_lazy("Such as “USD 100, CNY 700”; empty means never."),
    )

    class Meta:
        model = ReasonPolicy
        fields: ClassVar[list[str]] = [
            field.name
            for field in ReasonPolicy._meta.concrete_fields  # noqa: SLF001
            if field.name != "id"
        ]
        widgets: ClassVar[dict[str, Any]] = {"takes_late": UnfoldBooleanSwitchWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = self.initial.get("resolutions") or (self.instance.resolutions or [])
        if offered:
            self.initial.setdefault("usual", offered[0])

    def clean_country(self) -> str:
        """Take a country whose holidays are known."""
        country = str(self.cleaned_data["country"]).strip().upper()
        if country and not calendars.known(country)[0]:
            raise ValidationError(
                _("We know no holidays of this country. Write two letters, such as CN.")
            )
        return country

    def clean_zone(self) -> str:
        """Take a time zone that exists."""
        zone = str(self.cleaned_data["zone"]).strip()
        if zone and zone not in available_timezones():
            raise ValidationError(_("There is no such time zone. Write it like Asia/Shanghai."))
        return zone

    def clean_valid_from(self) -> Any:
        """Let a rule begin today or later: what is over has been decided by what held then."""
        begins = self.cleaned_data["valid_from"]
        if begins < policies.today(timezone.now()):
            raise ValidationError(
                _("A rule begins today or later; what was decided before stands.")
            )
        return begins

    def clean(self) -> dict[str, Any]:
        """Refuse a window that closes before it opens, or that nothing opens."""
        given = super().clean() or {}
        if "usual" in self.fields and "usual" in given:
            rest = [wish for wish in given.get("resolutions", []) if wish != given["usual"]]
            given["resolutions"] = [given["usual"], *rest]
        for name in ("earliest_anchor", "sooner_anchor"):
            if given.get(name) in {WindowAnchor.OPENED, WindowAnchor.NEVER}:
                self.add_error(name, _("A window opens with something that happens."))
        for name in _AMOUNTS:
            if (given.get(name) or 0) > _ENOUGH:
                self.add_error(name, _("That is longer than any rule."))
        if given.get("takes_late") and given.get("long_stop_amount") is None:
            self.add_error("long_stop_amount", _("Say until when late reports are taken."))
        for late, early in _PAIRS:
            self._in_order(given, late, early)
        return given

    def _in_order(self, given: Mapping[str, Any], late: str, early: str) -> None:
        """Refuse a later end that comes before the earlier one, where they count the same."""
        one, other = given.get(late), given.get(early)
        if one is None or other is None:
            return
        later, sooner = late.rsplit("_", 1)[0], early.rsplit("_", 1)[0]
        anchors = {given.get(f"{name}_anchor") for name in (later, sooner) if name != "long_stop"}
        units = {given.get(f"{later}_unit"), given.get(f"{sooner}_unit")}
        if len(anchors) == 1 and len(units) == 1 and one < other:
            self.add_error(late, _("This is over before it begins."))


_AMOUNTS = (
    "earliest_amount", "earliest_abroad", "sooner_amount", "latest_amount", "latest_abroad",
    "long_stop_amount",
)  # fmt: skip
_PAIRS = (
    ("latest_amount", "earliest_amount"),
    ("latest_abroad", "earliest_abroad"),
    ("long_stop_amount", "latest_amount"),
)
_KEPT = ("valid_until",)
"""What may still be said of a rule that holds: until when."""


def _holds(policy: ReasonPolicy | None) -> bool:
    """Test whether a rule is in force or has been: then it is read, not written."""
    return policy is not None and policy.valid_from <= policies.today(timezone.now())


def _source(request: HttpRequest) -> ReasonPolicy | None:
    """Return the rule that a new one starts from, if the address names one."""
    pk = request.GET.get("from", "")
    return ReasonPolicy.objects.filter(pk=int(pk)).first() if pk.isdecimal() else None


class StandingFilter(admin.SimpleListFilter):
    """Rules that hold today, those to come, and those that are over."""

    title = gettext_lazy("Standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the three."""
        return [("now", _("In force")), ("later", _("To come")), ("over", _("Over"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ReasonPolicy]
    ) -> QuerySet[ReasonPolicy]:
        """Keep the rules of the chosen standing; the newest row for a reason speaks."""
        today = policies.today(timezone.now())
        speaking = [row.pk for row in policies.in_force(now=timezone.now()).values()]
        if self.value() == "now":
            return queryset.filter(pk__in=speaking)
        if self.value() == "later":
            return queryset.filter(valid_from__gt=today)
        if self.value() == "over":
            return queryset.filter(valid_from__lte=today).exclude(pk__in=speaking)
        return queryset


@admin.register(ReasonPolicy)
class ReasonPolicyAdmin(ModelAdmin):
    """
    What each reason asks for and allows, from which day.

    A rule that holds is not edited: whoever was decided by it can read it as it was. A new one
    takes over from a later day.
    """

    form = ReasonPolicyForm
    list_display = (
        "code",
        "reason",
        "window",
        "standing",
        "valid_from",
        "valid_until",
        "decide_days",
    )
    list_display_links = ("code", "reason")
    list_filter = (StandingFilter, "reason", "liable", "takes_late")
    search_fields = ("code", "reason", "text_en", "text_zh")
    ordering = ("reason", "-valid_from")
    inlines = (AskInline,)
    actions_detail = ["follow"]
    readonly_fields = ("window",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "reason", "code", ("valid_from", "valid_until"), "text_en", "text_zh", "window",
                )
            },
        ),
        (
            gettext_lazy("When it opens"),
            {
                "fields": (
                    ("earliest_amount", "earliest_unit", "earliest_anchor"), "earliest_abroad",
                    ("sooner_amount", "sooner_unit", "sooner_anchor"),
                )
            },
        ),
        (
            gettext_lazy("When it closes"),
            {
                "fields": (
                    ("latest_amount", "latest_unit", "latest_anchor"), "latest_abroad",
                    ("long_stop_amount", "long_stop_unit"), "takes_late",
                )
            },
        ),
        (
            gettext_lazy("Whose days"),
            {"fields": (("country", "zone"),)},
        ),
        (
            gettext_lazy("What then"),
            {
                "fields": (
                    "usual", "resolutions", "liable", "return_above", "refunds_delivery_fee",
                    ("decide_days", "answer_days"),
                )
            },
        ),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Freeze a rule that holds, but for the day it ends."""
        if not _holds(obj):
            return self.readonly_fields
        named = [name for name in _flat(self.fieldsets) if name not in {*_KEPT, *_SAID}]
        return [*named, *filter(None, _SAID.values())]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show sums and wishes in words where they cannot be changed."""
        if not _holds(obj):
            return self.fieldsets
        return [(name, {"fields": _spoken(part["fields"])}) for name, part in self.fieldsets]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Take the plain form where only the end may be said."""
        if _holds(obj):
            kwargs["form"] = EndForm
        return super().get_form(request, obj, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a new rule with what the one before says."""
        source = _source(request)
        initial = dict(super().get_changeform_initial_data(request))
        initial.pop("from", None)
        if source is None:
            return initial
        kept = {
            field.name: getattr(source, field.name)
            for field in ReasonPolicy._meta.concrete_fields  # noqa: SLF001
            if field.name not in {"id", "valid_from", "valid_until"}
        }
        return kept | initial

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Any, inline: Any, prefix: str
    ) -> dict[str, Any]:
        """Begin with what the rule before asks to see."""
        given: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        source = _source(request)
        if isinstance(inline, AskInline) and source is not None and obj.pk is None:
            given["initial"] = [
                {
                    field.name: getattr(ask, field.name)
                    for field in EvidenceAsk._meta.concrete_fields  # noqa: SLF001
                    if field.name not in {"id", "policy"}
                }
                for ask in source.asks.order_by("position", "pk")
            ]
        return given

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a rule that decisions point at."""
        return False

    @action(description=gettext_lazy("Change it from a later day"), permissions=["follow"])
    def follow(self, request: HttpRequest, object_id: int) -> HttpResponseRedirect:
        """Open a new rule that begins with what this one says."""
        return HttpResponseRedirect(
            f"{reverse('admin:claims_reasonpolicy_add')}?from={int(object_id)}"
        )

    def has_follow_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer it to whoever may add rules."""
        return self.has_add_permission(request)

    @display(description=gettext_lazy("When it may be reported"))
    def window(self, policy: ReasonPolicy) -> str:
        """Say the window in one sentence."""
        if policy._state.adding:  # noqa: SLF001 - _state is public in Django
            return _("Save and continue to read the rule as a sentence.")
        return window_words.preview(surroundings.terms_of(policy))

    @display(
        description=gettext_lazy("Standing"),
        label={"now": "success", "later": "info", "over": "default"},
    )
    def standing(self, policy: ReasonPolicy) -> tuple[str, str]:
        """Say whether it holds today."""
        today = policies.today(timezone.now())
        if policy.valid_from > today:
            return "later", _("To come")
        speaks = not ReasonPolicy.objects.filter(
            in_force(today), reason=policy.reason, valid_from__gt=policy.valid_from
        ).exists()
        if speaks and (policy.valid_until is None or policy.valid_until > today):
            return "now", _("In force")
        return "over", _("Over")

    @display(description=gettext_lazy("Puts right by"))
    def said_resolutions(self, policy: ReasonPolicy) -> str:
        """Say what is on offer, the usual first."""
        return ", ".join(str(Wish(wish).label) for wish in policy.resolutions)

    @display(description=gettext_lazy("Wanted back above"))
    def said_return(self, policy: ReasonPolicy) -> str:
        """Say from which worth the thing is wanted back."""
        return said_sums(policy.return_above) or "—"


class EndForm(forms.ModelForm):
    """The one thing that may still be said of a rule that holds: when it ends."""

    class Meta:
        model = ReasonPolicy
        fields: ClassVar[list[str]] = ["valid_until"]

    def clean_valid_until(self) -> Any:
        """Let a rule end today or later, not before."""
        ends = self.cleaned_data["valid_until"]
        if ends is not None and ends < policies.today(timezone.now()):
            raise ValidationError(_("A rule ends today or later; what was decided before stands."))
        return ends


_SAID = {"usual": "said_resolutions", "resolutions": "", "return_above": "said_return"}
"""Form fields that are said in words where nothing can be changed."""


def _flat(fieldsets: Any) -> list[str]:
    found: list[str] = []
    for _name, part in fieldsets:
        for field in part["fields"]:
            found += [field] if isinstance(field, str) else field
    return found


def _spoken(fields: Any) -> tuple[Any, ...]:
    spoken = []
    for field in fields:
        name = _SAID.get(field, field) if isinstance(field, str) else field
        if name:
            spoken.append(name)
    return tuple(spoken)
