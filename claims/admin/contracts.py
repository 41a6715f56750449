"""Carriers' terms at the desk: read them in words, try them out, add a version from a day."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from claims import contract_words, liability
from claims import liability_words as words
from claims.admin.fields import FieldRefused, grams, minor
from claims.admin.readonly import ReadOnlyAdmin
from claims.admin.records import DatedAdmin
from claims.liability import Answer, Facts
from claims.liability_terms import Circumstance, Event, Goods
from claims.models import CarrierContract, Consignment, ExchangeRate
from claims.models.policy import in_force
from claims.services import contracts
from portal.lib.money import Money

FROZEN = (
    "code", "carrier", "kind", "service", "origins", "lane", "valid_from", "terms", "deadlines",
    "fee", "claimant", "documents", "appeals",
)  # fmt: skip
"""What a version that an assessment rests on keeps; the database holds it too."""


def _listed(sentences: Sequence[str]) -> SafeString | str:
    if not sentences:
        return "—"
    items = format_html_join("", "<li>{}</li>", ((sentence,) for sentence in sentences))
    return format_html('<ul class="list-disc pl-5">{}</ul>', items)


def _stored(row: CarrierContract) -> CarrierContract:
    """Return the row as it is kept: a form that was refused has put what was typed into it."""
    kept = CarrierContract.objects.filter(pk=row.pk).first()
    return kept if kept is not None else row


class StandingFilter(admin.SimpleListFilter):
    """Which versions hold today, held before, or will hold."""

    title = gettext_lazy("holds")
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("now", _("Today")), ("past", _("No longer")), ("future", _("Not yet"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[CarrierContract]
    ) -> QuerySet[CarrierContract]:
        """Narrow the list."""
        today = timezone.localdate()
        if self.value() == "now":
            return queryset.filter(in_force(today))
        if self.value() == "past":
            return queryset.filter(valid_until__lte=today)
        if self.value() == "future":
            return queryset.filter(valid_from__gt=today)
        return queryset


class CarrierInput(UnfoldAdminTextInputWidget):
    """A carrier's slug, with every carrier that we can name to choose from, connected or not."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Render the field with its list."""
        attrs = {**(attrs or {}), "list": "carriers", "autocomplete": "off"}
        zh = (get_language() or "en").startswith("zh")
        options = format_html_join(
            "",
            '<option value="{}">{}</option>',
            ((slug, name_zh if zh else en) for slug, en, name_zh in contracts.carriers()),
        )
        field = super().render(name, value, attrs, renderer)
        return format_html('{}<datalist id="carriers">{}</datalist>', field, options)


class ContractForm(forms.ModelForm):
    """A version of terms."""

    class Meta:
        """Bind the form."""

        model = CarrierContract
        fields = (
            "code", "title_en", "title_zh", "kind", "carrier", "service", "origins", "lane",
            "valid_from", "valid_until", "terms", "deadlines", "fee", "documents", "claimant",
            "appeals", "source", "source_mark", "is_checked", "note_en", "note_zh",
        )  # fmt: skip
        widgets: ClassVar[dict[str, Any]] = {"carrier": CarrierInput}


@admin.register(CarrierContract)
class CarrierContractAdmin(DatedAdmin):
    """What carriers owe us, version by version."""

    form = ContractForm
    list_display = ("name", "way", "days", "says", "trust", "is_checked")
    list_fullwidth = True
    list_filter = (StandingFilter, "kind", "source_mark", "is_checked", "lane")
    search_fields = ("code", "carrier", "title_en", "title_zh", "service", "source", "note_en")
    search_help_text = gettext_lazy("Carrier, service, title, source or rule number")
    ordering = ("carrier", "service", "code", "-valid_from")
    list_per_page = 50
    save_as = True
    actions_detail = ["try_it"]
    _words = ("in_words", "by_when", "wants", "costs", "used")

    def get_fieldsets(self, request: HttpRequest, obj: CarrierContract | None = None) -> Any:
        """Show words to readers; the data itself only to those who may change it."""
        whose = (
            gettext_lazy("Whose parcels"),
            {
                "fields": (
                    "code", "title_en", "title_zh", "kind", "carrier", "service", "origins",
                    "lane", "valid_from", "valid_until",
                )
            },
        )  # fmt: skip
        told = (gettext_lazy("What they say"), {"fields": self._words})
        around = (
            gettext_lazy("Around it"),
            {
                "fields": (
                    "claimant", "appeals", "source", "source_mark", "is_checked", "note_en",
                    "note_zh",
                )
            },
        )  # fmt: skip
        if not self._may_write(request, obj):
            return (whose, told, around)
        data = (
            gettext_lazy("The terms as data"),
            {"fields": ("terms", "deadlines", "fee", "documents"), "classes": ("collapse",)},
        )
        return (whose, told, data, around) if obj else (whose, data, around)

    def get_readonly_fields(
        self, request: HttpRequest, obj: CarrierContract | None = None
    ) -> Sequence[str]:
        """Keep what assessments rest on."""
        if obj is not None and self._is_used(obj):
            return (*self._words, *FROZEN)
        return self._words

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the data from those who only read."""
        return None if self._may_write(request, obj) else ("terms", "deadlines", "fee", "documents")

    def _may_write(self, request: HttpRequest, obj: CarrierContract | None) -> bool:
        if obj is not None and self._is_used(obj):
            return False
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return bool(may)

    @staticmethod
    def _is_used(obj: CarrierContract) -> bool:
        return bool(obj.pk) and obj.assessments.exists()

    @display(description=gettext_lazy("Terms"), ordering="code")
    def name(self, row: CarrierContract) -> str:
        """Say the title."""
        return row.title

    @display(description=gettext_lazy("Way"))
    def way(self, row: CarrierContract) -> str:
        """Say by which service, from where and which way."""
        return " · ".join(filter(None, [row.service, row.origins, row.get_lane_display()]))

    @display(description=gettext_lazy("Shipped"), ordering="valid_from")
    def days(self, row: CarrierContract) -> str:
        """Say for which ship dates it holds."""
        until = row.valid_until.isoformat() if row.valid_until else "…"
        return f"{row.valid_from.isoformat()} – {until}"

    @display(description=gettext_lazy("Owes"))
    def says(self, row: CarrierContract) -> str:
        """Say the rule in a sentence."""
        return contract_words.terms(row.terms)[0]

    @display(
        description=gettext_lazy("Trust"),
        ordering="source_mark",
        label={
            "official": "success", "secondary": "warning", "dated": "warning",
            "unverified": "danger",
        },
    )  # fmt: skip
    def trust(self, row: CarrierContract) -> tuple[str, str]:
        """Say how far the source may be trusted."""
        return row.source_mark, row.get_source_mark_display()

    @display(description=gettext_lazy("In words"))
    def in_words(self, row: CarrierContract) -> SafeString | str:
        """Say the terms in sentences."""
        return _listed(contract_words.terms(_stored(row).terms))

    @display(description=gettext_lazy("By when"))
    def by_when(self, row: CarrierContract) -> SafeString | str:
        """Say the deadlines."""
        return _listed([contract_words.deadline(line) for line in _stored(row).deadlines])

    @display(description=gettext_lazy("Wants to see"))
    def wants(self, row: CarrierContract) -> SafeString | str:
        """Name the documents."""
        return _listed(contract_words.documents(_stored(row).documents))

    @display(description=gettext_lazy("Insuring costs"))
    def costs(self, row: CarrierContract) -> str:
        """Say the price of insuring."""
        return contract_words.fee(_stored(row).fee) or "—"

    @display(description=gettext_lazy("In use"))
    def used(self, row: CarrierContract) -> str:
        """Say whether assessments rest on it."""
        if not row.pk or not row.assessments.exists():
            return _("No assessment rests on it yet; it may be changed.")
        return _("Assessments rest on it. End it by a day, and add a version from that day.")

    @action(description=gettext_lazy("Try it"), url_path="try", permissions=["view"])
    def try_it(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Reckon a made-up loss by these terms; nothing is kept."""
        row = CarrierContract.objects.filter(pk=object_id).first()
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        form = TryForm(request.GET or None, contract=row)
        result = None
        if form.is_bound and form.is_valid():
            result = form.reckon()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Try it: %(terms)s") % {"terms": row.title},
            "contract": row,
            "form": form,
            "result": result,
            "sentences": contract_words.terms(row.terms),
        }
        return TemplateResponse(request, "admin/claims/carriercontract/try.html", context)


def _text(label: Any, **more: Any) -> forms.CharField:
    """Return a field for a sum, that may be left empty unless told otherwise."""
    return forms.CharField(
        label=label, max_length=20, widget=UnfoldAdminTextInputWidget, **{"required": False} | more
    )


class TryForm(forms.Form):
    """A made-up loss; what is left empty is not known."""

    event = forms.ChoiceField(
        label=gettext_lazy("What happened"),
        choices=[(value, label) for value, label in Event.choices if value != Event.OTHER],
        widget=UnfoldAdminSelectWidget,
    )
    shipped = forms.DateField(
        label=gettext_lazy("Shipped on"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        label=gettext_lazy("Currency"),
        initial="USD",
        max_length=3,
        widget=UnfoldAdminTextInputWidget,
    )
    loss = _text(gettext_lazy("Loss, at the price paid"), required=True)
    value = _text(gettext_lazy("Worth of the whole parcel"))
    cost = _text(gettext_lazy("Cost of the lost things"))
    weight = _text(gettext_lazy("Weight in kilograms"))
    declared = _text(gettext_lazy("Declared value"))
    insured = _text(gettext_lazy("Insured for"))
    freight = _text(gettext_lazy("Freight we paid"))
    parcels = forms.IntegerField(
        label=gettext_lazy("Parcels hit"),
        min_value=1,
        max_value=1000,
        initial=1,
        widget=UnfoldAdminTextInputWidget,
    )
    late = forms.DecimalField(
        label=gettext_lazy("Hours late"),
        min_value=0,
        max_value=10_000,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    is_total = forms.BooleanField(
        label=gettext_lazy("All of it is gone"), required=False, widget=UnfoldBooleanWidget
    )
    goods = forms.MultipleChoiceField(
        label=gettext_lazy("Kind of goods"),
        choices=Goods.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    circumstances = forms.MultipleChoiceField(
        label=gettext_lazy("What was special"),
        choices=Circumstance.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, contract: CarrierContract, **kwargs: Any) -> None:
        day = timezone.localdate()
        if contract.valid_until is not None and contract.valid_until <= day:
            day = contract.valid_from
        kwargs["initial"] = {"shipped": max(day, contract.valid_from)}
        super().__init__(*args, **kwargs)
        self.contract = contract

    def clean(self) -> dict[str, Any]:
        """Read the sums in the chosen currency, and find the version that held."""
        data = super().clean() or self.cleaned_data
        currency = data.get("currency")
        if currency is None:
            return data
        for name in ("loss", "value", "cost", "declared", "insured", "freight"):
            typed = str(data.get(name) or "").strip()
            try:
                data[name] = Money(minor(name, typed, currency), currency) if typed else None
            except FieldRefused as refusal:
                self.add_error(name, str(refusal))
        try:
            data["grams"] = grams("weight", str(data.get("weight") or ""))
        except FieldRefused as refusal:
            self.add_error("weight", str(refusal))
        if data.get("shipped"):
            data["version"] = (
                CarrierContract.objects.in_force(on=data["shipped"])
                .filter(code=self.contract.code)
                .first()
            )
            if data["version"] is None:
                self.add_error("shipped", _("No version of these terms holds on that day."))
        return data

    def reckon(self) -> dict[str, Any]:
        """Return the answer with its sentences in the reader's language."""
        data = self.cleaned_data
        version: CarrierContract = data["version"]
        late: Decimal | None = data["late"]
        answer = liability.owed(
            version.terms,
            Facts(
                event=data["event"],
                loss=data["loss"],
                value=data["value"],
                cost=data["cost"],
                declared=data["declared"],
                insured=data["insured"],
                freight=data["freight"],
                grams=data["grams"],
                parcels=data["parcels"],
                is_total=data["is_total"] or data["event"] == Event.LOST,
                late_minutes=None if late is None else int(late * 60),
                goods=frozenset(data["goods"]) if data["goods"] else None,
                circumstances=frozenset(data["circumstances"]),
                rates=contracts.rates(into=data["currency"], on=data["shipped"]),
            ),
        )
        return _told(version, answer)


def _told(version: CarrierContract, answer: Answer) -> dict[str, Any]:
    zh = (get_language() or "en").startswith("zh")
    language = "zh" if zh else "en"

    def say(sentence: words.Words) -> str:
        return sentence.zh if zh else sentence.en

    return {
        "version": version,
        "total": say(answer.total),
        "is_known": answer.is_known,
        "steps": [say(step) for step in answer.steps],
        "missing": [say(words.MISSING[code]) for code in answer.missing],
        "duties": [say(duty) for duty in answer.duties],
        "rules": [f"{version.version}#{rule}" for rule in answer.rules],
        "parts": [
            {
                "label": _("Goods") if part.key == "goods" else _("Freight"),
                "low": words.say(part.low, answer.currency, language),
                "high": "—"
                if part.high is None
                else words.say(part.high, answer.currency, language),
            }
            for part in answer.parts
        ],
    }


@admin.register(ExchangeRate)
class ExchangeRateAdmin(DatedAdmin):
    """What currencies and special drawing rights were worth; a rate is never changed."""

    list_display = ("pair", "rate_text", "on", "source_mark", "source")
    list_filter = ("base", "quote", "source_mark")
    search_fields = ("base", "quote", "source")
    search_help_text = gettext_lazy("Currency or source")
    ordering = ("base", "quote", "-on")
    list_per_page = 50

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A rate that was is not changed; a better one is added."""
        return False

    @display(description=gettext_lazy("Pair"), ordering="base")
    def pair(self, row: ExchangeRate) -> str:
        """Say the pair."""
        return f"1 {'SDR' if row.base == words.SDR else row.base} = … {row.quote}"

    @display(description=gettext_lazy("Rate"), ordering="rate")
    def rate_text(self, row: ExchangeRate) -> str:
        """Say the rate without needless noughts."""
        return words.plain(row.rate)


@admin.register(Consignment)
class ConsignmentAdmin(ReadOnlyAdmin):
    """What was noted of shipments, by whom and when."""

    list_display = ("number", "noted_at", "noted_by", "service", "weight", "sums")
    list_display_links = ("number",)
    list_select_related = ("parcel", "noted_by")
    search_fields = ("parcel__number", "parcel__order__number")
    search_help_text = gettext_lazy("Tracking or order number")
    list_filter = ("service",)
    ordering = ("-noted_at", "-pk")
    fields = (
        "number", "noted_at", "noted_by", "contract_code", "service", "origin", "zone", "weight",
        "sums", "kinds", "special",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=gettext_lazy("Tracking number"))
    def number(self, row: Consignment) -> str:
        """Say the parcel's number."""
        return row.parcel.number

    @display(description=gettext_lazy("Weight"))
    def weight(self, row: Consignment) -> str:
        """Say the weight."""
        return "—" if row.grams is None else f"{row.grams / 1000:g} kg"

    @display(description=gettext_lazy("Sums"))
    def sums(self, row: Consignment) -> str:
        """Say what was paid, declared and insured."""
        language = get_language() or "en"
        known = (
            (_("Freight we paid"), row.freight_minor),
            (_("Declared value"), row.declared_minor),
            (_("Insured for"), row.insured_minor),
        )
        said = [
            f"{label}: {Money(value, row.currency).say(language)}"
            for label, value in known
            if value is not None
        ]
        return "; ".join(said) or "—"

    @display(description=gettext_lazy("Kind of goods"))
    def kinds(self, row: Consignment) -> str:
        """Say the kinds of goods."""
        if row.goods is None:
            return _("Nobody knows")
        return ", ".join(str(Goods(name).label) for name in row.goods)

    @display(description=gettext_lazy("What was special"))
    def special(self, row: Consignment) -> str:
        """Say the circumstances."""
        return ", ".join(str(Circumstance(name).label) for name in row.circumstances) or "—"
