"""
What a carrier owes by its terms: pure functions of dated terms and the facts of one loss.

All sums are exact fractions until the end. A known answer is cut to whole minor units, never
rounded up, so that it is neither above a limit nor above the loss. What depends on something we
do not know is answered by the least and the most it can be, and by what is missing; nothing is
guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

from claims import liability_words as words
from claims.liability_terms import Event, Terms, amount
from claims.liability_words import Words
from portal.lib.money import Money

ZERO = Fraction(0)
STALE_AFTER = 31
"""Days after which a rate is called old."""
ON_THE_WAY = (Event.LOST, Event.DAMAGED, Event.MISSING)


@dataclass(frozen=True)
class Rate:
    """What one unit of a currency was worth in another on a day."""

    value: Decimal | Fraction
    on: date
    days_old: int = 0
    """How long before the day that matters it was taken."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """
    One loss. None means that nobody knows; a sum of nothing means that there was none.

    ``loss``, ``cost`` and ``value`` are in one currency, that of the answer: the loss at the price
    paid, what the lost things cost us, and the worth of the whole parcel. The others may be in any
    currency for which ``rates`` holds a rate into it.
    """

    event: str
    loss: Money
    cost: Money | None = None
    value: Money | None = None
    is_total: bool = False
    """Whether all of the parcel's contents is gone."""
    declared: Money | None = None
    insured: Money | None = None
    freight: Money | None = None
    freight_share: Fraction = Fraction(1)
    """The part of the freight that may come back: the carrier's part of the blame."""
    grams: int | None = None
    parcels: int = 1
    goods: frozenset[str] | None = None
    circumstances: frozenset[str] = frozenset()
    late_minutes: int | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict)
    """Currency -> its worth in the currency of the loss."""


@dataclass(frozen=True)
class Part:
    """One part of an answer, goods or freight, in minor units; ``high`` None has no limit."""

    key: str
    low: int
    high: int | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the carrier owes: exactly, or between which two sums, and why."""

    currency: str
    parts: tuple[Part, ...]
    steps: tuple[Words, ...]
    missing: tuple[str, ...]
    duties: tuple[Words, ...] = ()

    @property
    def low(self) -> int:
        """The least it can be, in minor units: what may be counted on."""
        return sum(part.low for part in self.parts)

    @property
    def high(self) -> int | None:
        """The most it can be, or None if that cannot be told."""
        if any(part.high is None for part in self.parts):
            return None
        return sum(part.high or 0 for part in self.parts)

    @property
    def is_known(self) -> bool:
        """Whether nothing is missing that would change the sum."""
        return self.low == self.high

    @property
    def rules(self) -> tuple[str, ...]:
        """The places in the terms that were applied, each once, in order."""
        return tuple(dict.fromkeys(step.rule for step in self.steps if step.rule))

    @property
    def total(self) -> Words:
        """The sum in a sentence."""
        return words.total(self.low, self.high, self.currency)


@dataclass(frozen=True)
class _Span:
    """Between which two exact sums, in minor units of the answer's currency."""

    low: Fraction
    high: Fraction

    def up_to(self, most: Fraction) -> _Span:
        return _Span(min(self.low, most), min(self.high, most))


def owed(terms: Terms, facts: Facts) -> Answer:
    """Return what is owed for a loss by checked terms; never more than the loss."""
    return _Reckoning(terms, facts).answer()


def nothing(currency: str, *why: Words) -> Answer:
    """Return an answer of nothing, with the reasons."""
    return Answer(currency=currency, parts=(Part("goods", 0, 0),), steps=why, missing=())


def unknown(currency: str, code: str) -> Answer:
    """Return an answer of which nothing can be told, with the code of what is missing."""
    return Answer(
        currency=currency,
        parts=(Part("goods", 0, None),),
        steps=(words.MISSING[code],),
        missing=(code,),
    )


def price_of_cover(fee: Mapping[str, Any], cover: Money) -> Money | None:
    """
    Return what insuring so much costs, rounded up to a whole minor unit; None in another currency.

    ``{"permille", "minimum", "currency"}`` or ``{"base", "covers", "step", "per", "currency"}``:
    so much up to a sum, then so much for each further piece of it.
    """
    if fee["currency"] != cover.currency:
        return None
    unit = words.units(cover.currency)

    def minor(key: str) -> Fraction:
        return Fraction(amount(fee[key]) or 0) * unit

    if "permille" in fee:
        share = cover.minor * Fraction(amount(fee["permille"]) or 0) / 1000
        return Money(ceil(max(share, minor("minimum"))), cover.currency)
    more = max(ZERO, cover.minor - minor("covers"))
    pieces = ceil(more / minor("per")) if minor("per") else 0
    return Money(ceil(minor("base") + pieces * minor("step")), cover.currency)


class _Reckoning:
    """One walk through the terms; keeps the sentences and what was found missing."""

    def __init__(self, terms: Terms, facts: Facts) -> None:
        self.terms, self.facts = terms, facts
        self.currency = facts.loss.currency
        self.steps: list[Words] = []
        self.missing: dict[str, None] = {}
        self.is_lifted = bool(facts.circumstances & set(terms.get("lifts_cap", ())))

    def answer(self) -> Answer:
        facts = self.facts
        loss = _Span(Fraction(max(0, facts.loss.minor)), Fraction(max(0, facts.loss.minor)))
        free = self._exemption()
        if facts.event not in (*ON_THE_WAY, Event.DELAYED):
            self.steps.append(words.PACKED_BY_US)
            return self._close(_Span(ZERO, ZERO), None)
        if facts.event == Event.DELAYED:
            return self._delay(loss, free)
        if facts.event not in self.terms.get("covers", ON_THE_WAY):
            self._tell(words.NOT_COVERED, "covers")
            return self._close(_Span(ZERO, ZERO), None)
        if free == "always":
            return self._close(_Span(ZERO, ZERO), None)
        if self.is_lifted:
            self._tell(words.LIFTED, "lifts_cap")
        goods = self._node(self.terms["rule"], loss, "rule")
        goods = self._items(goods, loss)
        if free == "unless_insured":
            goods = self._only_insured(goods)
        freight = None
        if facts.event in self.terms.get("freight_refund", ()) and facts.is_total:
            self._tell(words.FREIGHT_BACK, "freight_refund")
            freight = self._freight(Fraction(1))
        return self._close(goods, freight)

    def _close(self, goods: _Span, freight: Part | None) -> Answer:
        most = Fraction(max(0, self.facts.loss.minor))
        goods = goods.up_to(most)
        low = floor(goods.low)
        # An open range ends at a whole unit above it, but never above the loss.
        high = low if goods.low == goods.high else min(ceil(goods.high), floor(most))
        parts = (Part("goods", low, high), *([freight] if freight else []))
        is_known = all(part.low == part.high for part in parts)
        duties: tuple[Words, ...] = ()
        if self.terms.get("surrender") and self.facts.event == Event.DAMAGED:
            duties = (words.SURRENDER,)
        return Answer(
            currency=self.currency,
            parts=parts,
            steps=tuple(self.steps),
            missing=() if is_known else tuple(self.missing),
            duties=duties,
        )

    # --- Telling ----------------------------------------------------------

    def _tell(self, sentence: Words, rule: str) -> None:
        self.steps.append(Words(sentence.en, sentence.zh, rule))

    def _lacks(self, code: str, rule: str, sentence: Words | None = None) -> None:
        self.missing[code] = None
        self._tell(sentence or words.MISSING[code], rule)

    # --- Sums ----------------------------------------------------------

    def _written(self, node: Mapping[str, Any], key: str = "amount") -> tuple[Fraction, str]:
        """Return an amount of the terms in exact minor units of its own currency."""
        currency = str(node["currency"])
        return Fraction(amount(node[key]) or 0) * words.units(currency), currency

    def _here(self, minor: Fraction, currency: str, rule: str) -> Fraction | None:
        """Return a sum in the answer's currency, or None if there is no rate."""
        if currency == self.currency:
            return minor
        rate = self.facts.rates.get(currency)
        if rate is None:
            self._lacks("rate", rule, words.no_rate(currency, self.currency, rule))
            return None
        into = minor / words.units(currency) * Fraction(rate.value) * words.units(self.currency)
        self.steps.append(
            words.converted(
                minor, currency, into, self.currency,
                rate=words.plain(rate.value), on=rate.on, rule=rule,
            )
        )  # fmt: skip
        if rate.days_old > STALE_AFTER:
            self.steps.append(words.old_rate(rate.days_old, rule))
        return into

    def _known(self, money: Money | None, code: str, rule: str) -> Fraction | None:
        """Return a sum of the facts in the answer's currency; say so if nobody knows it."""
        if money is None:
            self._lacks(code, rule)
            return None
        return self._here(Fraction(money.minor), money.currency, rule)

    # --- Kinds ----------------------------------------------------------

    def _node(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        kind = str(node["kind"])
        does: Any = getattr(self, f"_{kind}")
        span: _Span = does(node, loss, f"{rule}.{kind}")
        return span

    def _limit(self, limit: Fraction | None, loss: _Span) -> _Span:
        if self.is_lifted:
            return loss
        return _Span(ZERO, loss.high) if limit is None else loss.up_to(limit)

    def _flat(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        minor, currency = self._written(node)
        parcels = self.facts.parcels if node.get("per") == "parcel" else 1
        self.steps.append(words.flat(minor * parcels, currency, parcels, rule))
        return self._limit(self._here(minor * parcels, currency, rule), loss)

    def _per_kg(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        each, currency = self._written(node)
        if self.facts.grams is None:
            self._lacks("weight", rule)
            return self._limit(None, loss)
        minor = each * self.facts.grams / 1000
        self.steps.append(words.per_kg(minor, each, self.facts.grams, currency, rule))
        return self._limit(self._here(minor, currency, rule), loss)

    def _declared_value(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        by = str(node.get("by", "declared"))
        money = self.facts.insured if by == "insured" else self.facts.declared
        if money is not None and money.minor <= 0:
            self._tell(words.nothing_declared(by, rule), rule)
            return self._otherwise(node, loss, rule)
        limit = self._known(money, by, rule)
        if limit is not None and money is not None:
            self.steps.append(words.declared(Fraction(money.minor), money.currency, by, rule))
        return self._limit(limit, loss)

    def _otherwise(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        if "otherwise" in node:
            return self._node(node["otherwise"], loss, f"{rule}.otherwise")
        return _Span(ZERO, ZERO)

    def _freight_multiple(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        times = amount(node["times"]) or Decimal(0)
        paid = self._known(self.facts.freight, "freight", rule)
        if paid is None:
            return self._limit(None, loss)
        limit = paid * Fraction(times)
        self.steps.append(words.freight(limit, int(paid), times, self.currency, rule))
        return self._limit(limit, loss)

    def _proportional_underinsurance(
        self, node: Mapping[str, Any], loss: _Span, rule: str
    ) -> _Span:
        facts = self.facts
        if facts.insured is not None and facts.insured.minor <= 0:
            self._tell(words.nothing_declared("insured", rule), rule)
            return self._otherwise(node, loss, rule)
        insured = self._known(facts.insured, "insured", rule)
        if insured is None or self.is_lifted:
            return self._limit(None, loss)
        if facts.event == Event.LOST or facts.is_total:
            span = loss.up_to(insured)
            self.steps.append(words.insured_whole(span.high, self.currency, rule))
            return span
        if facts.value is None or facts.value.minor <= 0:
            self._lacks("value", rule)
            return _Span(ZERO, min(loss.high, insured))
        value = max(Fraction(facts.value.minor), loss.high)
        share = min(Fraction(1), insured / value)
        span = _Span(loss.low * share, loss.high * share)
        self.steps.append(
            words.insured_share(loss.high, insured, value, span.high, self.currency, rule)
        )
        return span

    def _cost_basis(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        cost = self._known(self.facts.cost, "cost", rule)
        if cost is None:
            return self._node(node["rule"], _Span(ZERO, loss.high), rule)
        self.steps.append(words.by_cost(min(cost, loss.high), self.currency, rule))
        return self._node(node["rule"], loss.up_to(cost), rule)

    def _loss_only(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        if self.facts.event != Event.LOST:
            self._tell(words.ONLY_LOSS, rule)
            return _Span(ZERO, ZERO)
        return self._node(node["rule"], loss, rule)

    def _max_of(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        spans = self._each(node, loss, rule)
        self._tell(words.HIGHEST, rule)
        return _Span(max(s.low for s in spans), max(s.high for s in spans))

    def _min_of(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        spans = self._each(node, loss, rule)
        self._tell(words.LOWEST, rule)
        return _Span(min(s.low for s in spans), min(s.high for s in spans))

    def _each(self, node: Mapping[str, Any], loss: _Span, rule: str) -> list[_Span]:
        return [
            self._node(inner, loss, f"{rule}.{place}")
            for place, inner in enumerate(node["rules"], start=1)
        ]

    def _statutory_floor(self, node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        by_terms = self._node(node["rule"], loss, f"{rule}.rule")
        by_law = self._node(node["floor"], loss, f"{rule}.floor")
        self._tell(words.LAW, rule)
        return _Span(max(by_terms.low, by_law.low), max(by_terms.high, by_law.high))

    def _actual(self, _node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        self._tell(words.WHOLE, rule)
        return loss

    def _open(self, _node: Mapping[str, Any], loss: _Span, rule: str) -> _Span:
        if self.is_lifted:
            return loss
        self._lacks("law", rule)
        return _Span(ZERO, loss.high)

    def _none(self, _node: Mapping[str, Any], _loss: _Span, rule: str) -> _Span:
        self._tell(words.NOTHING, rule)
        return _Span(ZERO, ZERO)

    # --- Modifiers ----------------------------------------------------------

    def _exemption(self) -> str:
        """Return whether a circumstance frees the carrier: "", "always" or "unless_insured"."""
        if self.facts.event == Event.OTHER:
            return ""
        strongest = ""
        for name, how in sorted(self.terms.get("exempt", {}).items()):
            if name not in self.facts.circumstances:
                continue
            tell = words.exempt if how == "always" else words.exempt_unless_insured
            self.steps.append(tell(name, f"exempt.{name}"))
            strongest = how if strongest != "always" else strongest
        return strongest

    def _only_insured(self, goods: _Span) -> _Span:
        insured = self.facts.insured
        if insured is None:
            self._lacks("insured", "exempt")
            return _Span(ZERO, goods.high)
        return goods if insured.minor > 0 else _Span(ZERO, ZERO)

    def _items(self, span: _Span, loss: _Span) -> _Span:
        """Apply what the terms say of certain goods; unknown or mixed goods widen the answer."""
        for place, item in enumerate(self.terms.get("items", ()), start=1):
            listed, rule = set(item["goods"]), f"items.{place}"
            known = self.facts.goods
            if known is not None and not known & listed:
                continue
            sentence = words.goods(item["goods"], str(item["effect"]), rule)
            if known is None:
                worst = self._quietly(item, span, loss, rule)
                if worst != span:
                    self._lacks("goods", rule)
                    self.steps.append(sentence)
                span = _Span(min(span.low, worst.low), span.high)
                continue
            self.steps.append(sentence)
            effect = self._effect(item, span, loss, rule)
            if known <= listed:
                span = effect
            elif effect != span:
                self._lacks("goods", rule)
                span = _Span(min(span.low, effect.low), span.high)
        return span

    def _quietly(self, item: Mapping[str, Any], span: _Span, loss: _Span, rule: str) -> _Span:
        """Return an effect without a word of it."""
        steps, missing = list(self.steps), dict(self.missing)
        worst = self._effect(item, span, loss, rule)
        self.steps, self.missing = steps, missing
        return worst

    def _effect(self, item: Mapping[str, Any], span: _Span, loss: _Span, rule: str) -> _Span:
        if item["effect"] == "none":
            return _Span(ZERO, ZERO)
        if item["effect"] == "loss_only":
            return span if self.facts.event == Event.LOST else _Span(ZERO, ZERO)
        limit = self._flat(item, loss, rule)
        return _Span(min(span.low, limit.low), min(span.high, limit.high))

    # --- Lateness and freight ----------------------------------------------------------

    def _delay(self, loss: _Span, free: str) -> Answer:
        delay = self.terms.get("delay", {"pays": "none"})
        pays, none = delay["pays"], _Span(ZERO, ZERO)
        if pays == "none":
            self._tell(words.NO_DELAY, "delay")
            return self._close(none, None)
        if pays == "suspended":
            self._tell(words.SUSPENDED, "delay")
            return self._close(none, None)
        if free == "always":
            return self._close(none, None)
        for name in sorted(set(delay.get("unless", ())) & self.facts.circumstances):
            self.steps.append(words.exempt(name, "delay.unless"))
            return self._close(none, None)
        late, least = self.facts.late_minutes, amount(delay.get("after_minutes", "0")) or Decimal(0)
        if late is not None and late < least:
            self._tell(words.ON_TIME, "delay.after_minutes")
            return self._close(none, None)
        is_sure = late is not None or least == 0
        if not is_sure:
            self._lacks("late", "delay.after_minutes")
        if pays == "freight":
            self._tell(words.FREIGHT_BACK, "delay")
            share = Fraction(amount(delay.get("percent", "100")) or 0) / 100
            part = self._freight(share)
            return self._close(none, part if is_sure else Part(part.key, 0, part.high))
        if pays == "fixed":
            span = self._flat(delay, loss, "delay")
        else:
            self._lacks("law", "delay")
            span = _Span(ZERO, loss.high)
        return self._close(span if is_sure else _Span(ZERO, span.high), None)

    def _freight(self, share: Fraction) -> Part:
        paid = self._known(self.facts.freight, "freight", "freight")
        if paid is None:
            return Part("freight", 0, None)
        minor = floor(paid * share * self.facts.freight_share)
        return Part("freight", minor, minor)
