"""What carriers owe us, by dated terms, and what we know of a shipment they depend on."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Concat
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from claims import contract_rules, liability_terms
from claims.models import contract_guards, guards
from claims.models.policy import in_force

CURRENCY = RegexValidator(r"^[A-Z]{3}$", _("Three capital letters, such as USD."))


class ContractKind(models.TextChoices):
    """Who promises: a carrier, a law or convention, or a protection programme."""

    CARRIER = "carrier", _("Carrier's terms")
    REGIME = "regime", _("Law or convention")
    PROGRAMME = "programme", _("Protection programme")


class SourceMark(models.TextChoices):
    """How far what a source says may be trusted."""

    OFFICIAL = "official", _("Official page")
    SECONDARY = "secondary", _("Second-hand")
    DATED = "dated", _("Official, but old")
    UNVERIFIED = "unverified", _("Not verified")


class Claimant(models.TextChoices):
    """Who may claim under the terms."""

    SENDER = "sender", _("The sender only")
    EITHER = "either", _("Sender or recipient")
    RECIPIENT = "recipient", _("The recipient only")


class Lane(models.TextChoices):
    """Which way parcels go."""

    ANY = "any", _("Anywhere")
    DOMESTIC = "domestic", _("Within the country")
    INTERNATIONAL = "international", _("Across a border")


def _check(problems: list[str]) -> None:
    if problems:
        raise ValidationError(problems)


def valid_terms(value: Any) -> None:
    """
    Check a contract's terms.

    :raises ValidationError: with a sentence for everything that is wrong.
    """
    try:
        liability_terms.check(value)
    except liability_terms.Bad as bad:
        raise ValidationError(bad.problems) from bad


def valid_deadlines(value: Any) -> None:
    """
    Check a contract's deadlines.

    :raises ValidationError: with a sentence for everything that is wrong.
    """
    _check(contract_rules.deadline_problems(value))


def valid_fee(value: Any) -> None:
    """
    Check the price of insuring.

    :raises ValidationError: with a sentence for everything that is wrong.
    """
    _check(contract_rules.fee_problems(value))


def valid_documents(value: Any) -> None:
    """
    Check the list of documents that a carrier wants.

    :raises ValidationError: naming those we do not know.
    """
    _check(contract_rules.document_problems(value))


def valid_origins(value: str) -> None:
    """
    Check where a contract's parcels come from.

    :raises ValidationError: if it is no list of countries.
    """
    _check(contract_rules.origin_problems(value))


def _point(text: Any) -> Func:
    """Return a range that holds one number, the hash of a text: equal texts overlap, others not."""
    number = Func(
        text, Value(0), function="hashtextextended", output_field=models.BigIntegerField()
    )
    return Func(
        number, number, Value("[]"), function="int8range", output_field=BigIntegerRangeField()
    )


class CarrierContractQuerySet(models.QuerySet["CarrierContract"]):
    """Questions about contracts."""

    def in_force(self, *, on: date) -> CarrierContractQuerySet:
        """Versions that hold for what is shipped on this day."""
        return self.filter(in_force(on))


class CarrierContract(models.Model):
    """One version of a carrier's terms: it holds for what is shipped from a day until another."""

    code = models.SlugField(_("rule number"), max_length=40)
    carrier = models.SlugField(_("carrier"), max_length=40, allow_unicode=False)
    """A carrier's slug, whether or not we are connected to it; else the regime or programme."""
    kind = models.CharField(
        _("kind"), max_length=12, choices=ContractKind, default=ContractKind.CARRIER
    )
    title_en = models.CharField(_("title in English"), max_length=120)
    title_zh = models.CharField(_("title in Chinese"), max_length=120)
    service = models.SlugField(
        _("service"),
        max_length=40,
        blank=True,
        help_text=_("Empty: every service without its own."),
    )
    origins = models.CharField(
        _("sent from"),
        max_length=80,
        blank=True,
        validators=[valid_origins],
        help_text=_("Countries such as “US” or “EU GB”; “!US” is anywhere else. Empty: anywhere."),
    )
    lane = models.CharField(_("goes"), max_length=16, choices=Lane, default=Lane.ANY)
    valid_from = models.DateField(_("shipped from"))
    valid_until = models.DateField(_("shipped before"), null=True, blank=True)
    terms = models.JSONField(_("terms"), validators=[valid_terms])
    """The liability rule with its modifiers, as ``claims.liability_terms`` describes."""
    deadlines = models.JSONField(
        _("deadlines"), default=list, blank=True, validators=[valid_deadlines]
    )
    """[{"step", "event", "latest", "unit", "anchor", "earliest"}], as ``contract_rules`` says."""
    fee = models.JSONField(_("price of insuring"), null=True, blank=True, validators=[valid_fee])
    claimant = models.CharField(
        _("who may claim"), max_length=12, choices=Claimant, default=Claimant.SENDER
    )
    documents = models.JSONField(
        _("documents"), default=list, blank=True, validators=[valid_documents]
    )
    appeals = models.PositiveSmallIntegerField(_("levels of appeal"), default=1)
    source = models.CharField(_("source"), max_length=300, blank=True)
    source_mark = models.CharField(
        _("trust"), max_length=12, choices=SourceMark, default=SourceMark.UNVERIFIED
    )
    is_checked = models.BooleanField(
        _("checked with the carrier"),
        default=False,
        help_text=_("Not ticked: figures read somewhere; check them before production."),
    )
    note_en = models.TextField(_("note in English"), blank=True)
    note_zh = models.TextField(_("note in Chinese"), blank=True)

    objects = CarrierContractQuerySet.as_manager()

    class Meta:
        verbose_name = _("carrier contract")
        verbose_name_plural = _("carrier contracts")
        constraints = [
            models.UniqueConstraint(
                fields=["code", "valid_from"], name="contract_once_per_code_and_day"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="contract_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ContractKind.values) & Q(lane__in=Lane.values),
                name="contract_kind_and_lane_are_known",
            ),
            ExclusionConstraint(
                name="contract_versions_never_overlap",
                expressions=[
                    (
                        _point(
                            Concat(
                                "carrier", Value("/"), "service", Value("/"), "origins",
                                Value("/"), "lane", output_field=models.TextField(),
                            )
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(
                            "valid_from", "valid_until", function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_(
                    "Another version for this carrier, service and way holds on some of these"
                    " days. End that one first."
                ),
            ),
        ]  # fmt: skip
        triggers = [contract_guards.contract_in_use_stays(), *guards.kept("contract")]

    def __str__(self) -> str:
        return f"{self.title} ({self.version})"

    @property
    def title(self) -> str:
        """Its title in the reader's language."""
        chinese = (get_language() or "").startswith("zh")
        return self.title_zh if chinese and self.title_zh else self.title_en

    @property
    def version(self) -> str:
        """The number by which an assessment names this version: ``ups-us@2023-01-01``."""
        return f"{self.code}@{self.valid_from:%Y-%m-%d}"


class ExchangeRate(models.Model):
    """What one unit of a currency, or one special drawing right, was worth in another on a day."""

    base = models.CharField(_("one unit of"), max_length=3, validators=[CURRENCY])
    quote = models.CharField(_("is worth, in"), max_length=3, validators=[CURRENCY])
    rate = models.DecimalField(
        _("rate"), max_digits=20, decimal_places=10, validators=[MinValueValidator(0)]
    )
    on = models.DateField(_("as of"))
    source = models.CharField(_("source"), max_length=300, blank=True)
    source_mark = models.CharField(
        _("trust"), max_length=12, choices=SourceMark, default=SourceMark.UNVERIFIED
    )

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(
                fields=["base", "quote", "on"], name="exchange_rate_once_per_pair_and_day"
            ),
            models.CheckConstraint(
                condition=Q(rate__gt=0) & ~Q(base=F("quote")),
                name="exchange_rate_is_above_nothing_between_two_currencies",
            ),
            models.CheckConstraint(
                condition=Q(base__regex=r"^[A-Z]{3}$") & Q(quote__regex=r"^[A-Z]{3}$"),
                name="exchange_rate_currencies_are_iso_4217",
            ),
        ]
        triggers = guards.append_only("exchange_rate")

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} {self.rate.normalize():f} ({self.on})"


class Consignment(models.Model):
    """
    What we know of how a parcel was handed over; the newest row of a parcel counts.

    Empty means that nobody knows; nothing declared or insured is a nought.
    """

    parcel = models.ForeignKey("tracking.Parcel", on_delete=models.PROTECT, related_name="+")
    contract_code = models.SlugField(_("under the terms"), max_length=40, blank=True)
    """Chosen by a person; empty: chosen by carrier, service, way and ship date."""
    service = models.SlugField(_("service"), max_length=40, blank=True)
    origin = models.CharField(_("sent from"), max_length=2, blank=True)
    zone = models.CharField(_("time zone there"), max_length=40, blank=True)
    grams = models.PositiveIntegerField(_("weight in grams"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, validators=[CURRENCY])
    freight_minor = models.BigIntegerField(_("freight"), null=True, blank=True)
    declared_minor = models.BigIntegerField(_("declared"), null=True, blank=True)
    insured_minor = models.BigIntegerField(_("insured"), null=True, blank=True)
    goods = models.JSONField(_("kinds of goods"), null=True, blank=True)
    circumstances = models.JSONField(_("circumstances"), default=list, blank=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    noted_at = models.DateTimeField(_("noted"))

    class Meta:
        verbose_name = _("shipment facts")
        verbose_name_plural = _("shipment facts")
        constraints = [
            models.CheckConstraint(
                condition=(Q(freight_minor__isnull=True) | Q(freight_minor__gte=0))
                & (Q(declared_minor__isnull=True) | Q(declared_minor__gte=0))
                & (Q(insured_minor__isnull=True) | Q(insured_minor__gte=0)),
                name="consignment_sums_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(grams__isnull=True) | Q(grams__gte=1),
                name="consignment_weighs_something_if_known",
            ),
        ]
        indexes = [models.Index(fields=["parcel", "-noted_at"], name="consignment_newest")]
        triggers = guards.append_only("consignment")

    def __str__(self) -> str:
        return f"{self.parcel_id} ({self.noted_at:%Y-%m-%d})"
