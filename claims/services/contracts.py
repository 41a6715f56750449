"""Which carrier's terms hold for a parcel, and what they let us expect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from claims import contract_defaults, contract_rules, liability
from claims import liability_words as words
from claims.contract_rules import Deadline
from claims.liability import Answer, Facts, Rate
from claims.liability_terms import Circumstance, Event, Goods
from claims.liability_words import Words
from claims.models import CarrierContract, Consignment, ExchangeRate
from claims.models.contract import Lane
from claims.services.refusals import NotAllowed, Refusal
from claims.states import ClaimReason
from portal.accounts.models import User
from portal.lib.money import Money
from tracking.calendars import calendar
from tracking.carriers import homes
from tracking.carriers.names import CARRIERS
from tracking.models import Carrier, Parcel, ParcelMilestone
from tracking.states import ParcelStatus, Party

EVENTS: Mapping[str, str] = {
    ClaimReason.DAMAGED: Event.DAMAGED,
    ClaimReason.LOST: Event.LOST,
    ClaimReason.DELIVERED_NOT_RECEIVED: Event.LOST,
    ClaimReason.MISSING_ITEM: Event.MISSING,
    ClaimReason.DELAYED: Event.DELAYED,
}
"""What a shopper's reason is in a carrier's words; of the others no carrier's terms speak."""

FULL = 10_000
HEAVIEST = 1_000_000_000


class BadConsignment(Refusal):
    """Facts about a shipment that cannot be meant."""

    code = "bad_consignment"
    sentence = _("%(why)s")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Which version of which terms holds for a parcel, and by which facts."""

    contract: CarrierContract | None
    lacks: str = ""
    """Why none does: ``shipped``, ``contract`` or ``service``; a key of ``words.MISSING``."""
    shipped_on: date | None = None
    zone: str = "UTC"
    origin: str = ""
    is_origin_known: bool = False
    lane: str = ""
    service: str = ""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What was lost, in minor units of the claim's currency; None means that nobody knows."""

    currency: str
    loss_minor: int
    cost_minor: int | None = None
    value_minor: int | None = None
    is_total: bool = False


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What the carrier is expected to pay, by which terms, and from what it was reckoned."""

    standing: Standing
    answer: Answer
    inputs: Mapping[str, Any] = field(default_factory=dict)
    opening: Sequence[Words] = ()

    @property
    def rules(self) -> list[str]:
        """The rule ids: the version of the terms, and the places in it."""
        contract = self.standing.contract
        if contract is None:
            return []
        return [f"{contract.version}#{rule}" for rule in self.answer.rules] or [contract.version]

    def text(self, language: str) -> str:
        """Return every sentence, one a line; ``language`` is ``en`` or ``zh``."""
        told = (*self.opening, *self.answer.steps, self.answer.total, *self.answer.duties)
        return "\n".join(dict.fromkeys(getattr(sentence, language) for sentence in told))


# --- Facts of a shipment ----------------------------------------------------------


def consignment_of(parcel: Parcel) -> Consignment | None:
    """Return what was last noted of how a parcel was handed over."""
    return Consignment.objects.filter(parcel=parcel).order_by("-noted_at", "-pk").first()


@transaction.atomic
def note(
    *,
    parcel: Parcel,
    person: User | None,
    now: datetime,
    currency: str = "",
    contract_code: str = "",
    service: str = "",
    origin: str = "",
    zone: str = "",
    grams: int | None = None,
    freight_minor: int | None = None,
    declared_minor: int | None = None,
    insured_minor: int | None = None,
    goods: Sequence[str] | None = None,
    circumstances: Sequence[str] = (),
) -> Consignment:
    """
    Note what is known of a shipment; the newest note counts, none is overwritten.

    :raises NotAllowed: if a person may not decide on claims.
    :raises BadConsignment: if something cannot be meant.
    """
    if person is not None and not (person.is_active and person.has_perm("claims.decide_claim")):
        raise NotAllowed
    sums = (freight_minor, declared_minor, insured_minor)
    if any(minor is not None and not 0 <= minor < 10**15 for minor in sums):
        raise BadConsignment(why=_("A sum is not below nothing."))
    if grams is not None and not 1 <= grams <= HEAVIEST:
        raise BadConsignment(why=_("A parcel weighs something; leave it empty if nobody knows."))
    if origin and not (len(origin) == 2 and origin.isascii() and origin.isalpha()):
        raise BadConsignment(why=_("A country is two letters."))
    if zone and zone not in available_timezones():
        raise BadConsignment(why=_("There is no such time zone."))
    if goods is not None and not set(goods) <= set(Goods.values):
        raise BadConsignment(why=_("Choose the kind of goods from the list."))
    if not set(circumstances) <= set(Circumstance.values):
        raise BadConsignment(why=_("Choose what happened from the list."))
    if contract_code and not CarrierContract.objects.filter(code=contract_code).exists():
        raise BadConsignment(why=_("Choose the terms from the list."))
    return Consignment.objects.create(
        parcel=parcel,
        contract_code=contract_code,
        service=service,
        origin=origin.upper(),
        zone=zone,
        grams=grams,
        currency=currency or parcel.order.currency,
        freight_minor=freight_minor,
        declared_minor=declared_minor,
        insured_minor=insured_minor,
        goods=sorted(set(goods)) if goods is not None else None,
        circumstances=sorted(set(circumstances)),
        noted_by=person,
        noted_at=now,
    )


# --- Choosing ----------------------------------------------------------


def choose(*, parcel: Parcel, consignment: Consignment | None = None) -> Standing:
    """Return the terms that held where and when the parcel was shipped, or why none can be told."""
    carrier = parcel.carrier
    known = consignment.origin if consignment else ""
    origin = known or carrier.country or homes.country(carrier.timezone)
    zone = (consignment.zone if consignment else "") or homes.zone(
        origin, carrier_zone=carrier.timezone
    )
    shipped_at = parcel.shipped_at or _first_scan(parcel)
    lane = ""
    if origin and parcel.order.country:
        is_home = origin == parcel.order.country.upper()
        lane = Lane.DOMESTIC.value if is_home else Lane.INTERNATIONAL.value
    facts: dict[str, Any] = {
        "zone": zone,
        "origin": origin,
        "is_origin_known": bool(known),
        "lane": lane,
        "service": consignment.service if consignment else "",
    }
    if shipped_at is None:
        return Standing(contract=None, lacks="shipped", **facts)
    day = shipped_at.astimezone(ZoneInfo(zone)).date()
    facts["shipped_on"] = day
    code = consignment.contract_code if consignment else ""
    if code:
        named = CarrierContract.objects.in_force(on=day).filter(code=code).first()
        return Standing(contract=named, lacks="" if named else "contract", **facts)
    contract, lacks = _narrowest(carrier.slug, day, facts)
    return Standing(contract=contract, lacks=lacks, **facts)


def _narrowest(
    carrier: str, day: date, facts: Mapping[str, Any]
) -> tuple[CarrierContract | None, str]:
    """Return the most narrowly drawn terms that fit; two that fit equally well are no answer."""
    fitting = [
        row
        for row in CarrierContract.objects.in_force(on=day).filter(
            carrier=carrier, service__in={"", facts["service"]}
        )
        if contract_rules.sends_from(row.origins, facts["origin"])
        and (row.lane == Lane.ANY or facts["lane"] in ("", row.lane))
    ]
    if not fitting:
        return None, "contract"
    if not facts["lane"] and len({row.lane for row in fitting} - {Lane.ANY}) > 1:
        return None, "service"
    ranks = {
        row.pk: contract_rules.rank(service=row.service, origins=row.origins, lane=row.lane)
        for row in fitting
    }
    best = max(ranks.values())
    narrowest = [row for row in fitting if ranks[row.pk] == best]
    return (narrowest[0], "") if len(narrowest) == 1 else (None, "service")


def _first_scan(parcel: Parcel) -> datetime | None:
    """Return when the carrier first had the parcel in its hands."""
    moving = (ParcelStatus.PICKED_UP, ParcelStatus.IN_TRANSIT)
    return (
        ParcelMilestone.objects.filter(parcel=parcel, status__in=moving)
        .order_by("reached_at")
        .values_list("reached_at", flat=True)
        .first()
    )


def rates(*, into: str, on: date) -> dict[str, Rate]:
    """
    Return the newest rate into a currency as of a day, for every currency that has one.

    A rate serves both ways, and two of them through a third currency.
    """
    newest: dict[tuple[str, str], ExchangeRate] = {}
    for row in ExchangeRate.objects.filter(on__lte=on).order_by("on", "pk"):
        newest[row.base, row.quote] = row
    worth: dict[str, dict[str, Rate]] = {}
    for (base, quote), row in newest.items():
        value, old = Fraction(row.rate), (on - row.on).days
        for source, target, rate in (
            (base, quote, Rate(value, row.on, old)),
            (quote, base, Rate(1 / value, row.on, old)),
        ):
            had = worth.setdefault(source, {}).get(target)
            if had is None or had.on < rate.on:
                worth[source][target] = rate
    found = {source: known[into] for source, known in worth.items() if into in known}
    for source, known in worth.items():
        middles = sorted(middle for middle in known if into in worth[middle])
        if source == into or source in found or not middles:
            continue
        first, second = known[middles[0]], worth[middles[0]][into]
        found[source] = Rate(
            Fraction(first.value) * Fraction(second.value),
            min(first.on, second.on),
            max(first.days_old, second.days_old),
        )
    return found


# --- Expecting ----------------------------------------------------------


def expect(
    *,
    parcel: Parcel | None,
    consignment: Consignment | None,
    reason: str,
    loss: Loss,
    carrier_bp: int,
    now: datetime,
) -> Expectation:
    """
    Return what the carrier owes for its share of a loss by the terms that held at shipping.

    ``carrier_bp`` is the carrier's share of the blame in hundredths of a percent.
    """
    event = EVENTS.get(reason, Event.OTHER.value)
    if parcel is None or event == Event.OTHER:
        return _nothing(loss, words.PACKED_BY_US)
    standing = choose(parcel=parcel, consignment=consignment)
    inputs: dict[str, Any] = {
        "event": event,
        "shipped_on": standing.shipped_on.isoformat() if standing.shipped_on else None,
        "zone": standing.zone,
        "origin": standing.origin,
        "lane": standing.lane,
        "service": standing.service,
        "consignment": consignment.pk if consignment else None,
        "carrier_bp": carrier_bp,
        "loss_minor": loss.loss_minor,
        "cost_minor": loss.cost_minor,
        "value_minor": loss.value_minor,
        "is_total": loss.is_total,
    }
    if carrier_bp == 0:
        return _nothing(loss, words.NO_SHARE, standing=standing, inputs=inputs)
    contract = standing.contract
    if contract is None:
        return Expectation(
            standing=standing,
            answer=liability.unknown(loss.currency, standing.lacks),
            inputs=inputs,
        )
    facts = _facts(parcel, consignment, standing, event, loss, carrier_bp, now)
    inputs |= _noted(facts) | {"contract": contract.version, "terms": contract.terms}
    opening = [
        Words(
            f"By the terms “{contract.title_en}” of {contract.valid_from:%Y-%m-%d}, as it was"
            f" shipped on {standing.shipped_on:%Y-%m-%d}.",
            f"{standing.shipped_on:%Y-%m-%d} 寄出，适用 {contract.valid_from:%Y-%m-%d}"
            f" 起的条款“{contract.title_zh}”。",
        )
    ]
    if not standing.is_origin_known and (contract.origins or contract.lane != Lane.ANY):
        opening.append(
            Words(
                f"It is taken to have been sent from {standing.origin}, where the carrier is at"
                " home.",
                f"寄出地按承运商所在国 {standing.origin} 计算。",
            )
        )
    if carrier_bp < FULL:
        opening.append(
            Words(
                f"The carrier answers for {words.plain(Fraction(carrier_bp, 100))} % of the loss.",
                f"承运商承担损失的 {words.plain(Fraction(carrier_bp, 100))}%。",
            )
        )
    if not contract.is_checked:
        opening.append(
            Words(
                "These terms have not been checked with the carrier yet.",
                "该条款尚未与承运商核实。",
            )
        )
    return Expectation(
        standing=standing,
        answer=liability.owed(contract.terms, facts),
        inputs=inputs,
        opening=opening,
    )


def _nothing(
    loss: Loss,
    why: Words,
    *,
    standing: Standing | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> Expectation:
    return Expectation(
        standing=standing or Standing(contract=None),
        answer=liability.nothing(loss.currency, why),
        inputs=inputs or {},
    )


def _facts(
    parcel: Parcel,
    consignment: Consignment | None,
    standing: Standing,
    event: str,
    loss: Loss,
    carrier_bp: int,
    now: datetime,
) -> Facts:
    def share(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor * carrier_bp // FULL, loss.currency)

    def known(minor: int | None, bp: int = FULL) -> Money | None:
        if consignment is None or minor is None:
            return None
        return Money(minor * bp // FULL, consignment.currency)

    circumstances = set(consignment.circumstances if consignment else ())
    if parcel.party == Party.FORCE_MAJEURE:
        circumstances.add(Circumstance.FORCE_MAJEURE.value)
    return Facts(
        event=event,
        loss=Money(loss.loss_minor * carrier_bp // FULL, loss.currency),
        cost=share(loss.cost_minor),
        value=None if loss.value_minor is None else Money(loss.value_minor, loss.currency),
        is_total=loss.is_total or event == Event.LOST,
        declared=known(consignment.declared_minor if consignment else None),
        insured=known(consignment.insured_minor if consignment else None),
        freight=known(consignment.freight_minor if consignment else None),
        freight_share=Fraction(carrier_bp, FULL),
        grams=consignment.grams if consignment else None,
        goods=frozenset(consignment.goods)
        if consignment and consignment.goods is not None
        else None,
        circumstances=frozenset(circumstances),
        late_minutes=_late(parcel, now) if event == Event.DELAYED else None,
        rates=_rates(loss.currency, consignment, standing, now.date()),
    )


def _rates(
    into: str, consignment: Consignment | None, standing: Standing, today: date
) -> dict[str, Rate]:
    """Return the rates that these terms and facts can need; mostly they need none."""
    used = set(_currencies(standing.contract.terms if standing.contract else None))
    if consignment is not None:
        used.add(consignment.currency)
    if not used - {into}:
        return {}
    known = rates(into=into, on=standing.shipped_on or today)
    return {currency: rate for currency, rate in known.items() if currency in used}


def _currencies(terms: Any) -> Iterator[str]:
    """Yield every currency that terms name, however deep."""
    if isinstance(terms, Mapping):
        if isinstance(terms.get("currency"), str):
            yield terms["currency"]
        for value in terms.values():
            yield from _currencies(value)
    elif isinstance(terms, list):
        for value in terms:
            yield from _currencies(value)


def _late(parcel: Parcel, now: datetime) -> int | None:
    if parcel.promised_at is None:
        return None
    late = (parcel.delivered_at or now) - parcel.promised_at
    return max(0, int(late.total_seconds() // 60))


def _noted(facts: Facts) -> dict[str, Any]:
    """Return the facts that an answer rests on, in plain values."""

    def said(money: Money | None) -> str | None:
        return None if money is None else str(money)

    return {
        "declared": said(facts.declared),
        "insured": said(facts.insured),
        "freight": said(facts.freight),
        "grams": facts.grams,
        "goods": sorted(facts.goods) if facts.goods is not None else None,
        "circumstances": sorted(facts.circumstances),
        "late_minutes": facts.late_minutes,
        "rates": {
            code: [words.plain(rate.value), rate.on.isoformat()]
            for code, rate in sorted(facts.rates.items())
        },
    }


# --- Around it ----------------------------------------------------------


def deadlines(
    *, contract: CarrierContract, standing: Standing, event: str, **anchors: Any
) -> list[Deadline]:
    """Return a contract's deadlines for an event, in days of where the parcel was sent from."""
    return contract_rules.deadlines(
        contract.deadlines,
        event=event,
        anchors=anchors,
        zone=standing.zone,
        working=calendar(zone=standing.zone, country=standing.origin),
    )


def carriers() -> list[tuple[str, str, str]]:
    """Return every carrier that terms may be of: slug and both names, connected or not."""
    found = {slug: (name.name_en, name.name_zh) for slug, name in CARRIERS.items()}
    found |= {row.slug: (row.name_en, row.name_zh or row.name_en) for row in Carrier.objects.all()}
    for slug, en, zh in CarrierContract.objects.order_by("-valid_from").values_list(
        "carrier", "title_en", "title_zh"
    ):
        found.setdefault(slug, (en, zh))
    return sorted(
        ((slug, en, zh) for slug, (en, zh) in found.items()), key=lambda row: row[1].casefold()
    )


def install_defaults() -> None:
    """Lay down the published terms that are missing, as the migration did."""
    contract_defaults.install(apps)
