"""What was typed into the desk's fields: sums, shares, reasons; refused with a sentence or read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims import rules
from claims.models import Claim
from claims.rules import Share, Split
from claims.services import reckoning
from claims.services.refusals import Refusal
from portal.lib.money import Money

LONGEST_KEY = 18
"""Digits of a line's key; more fit no row."""
SPLIT, SHOWN, CODE, AMOUNT = "split-", "shown-", "code-", "amount-"


class FieldRefused(Refusal):
    """One field holds something that cannot be meant."""

    code = "field"
    sentence = gettext_lazy("%(why)s")

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why=why)
        self.name = name


def _number(value: str) -> Decimal | None:
    """Return a typed number with comma or point, or None if it is none or absurd."""
    try:
        number = Decimal(value.strip().replace(",", "."))
        is_sane = number.is_finite() and abs(number) < 10**12
    except ArithmeticError:
        return None
    return number if is_sane else None


def minor(name: str, value: str, currency: str) -> int:
    """
    Return a typed sum in minor units.

    :raises FieldRefused: if it is no sum of this currency.
    """
    digits = -int(Money(1, currency).major.as_tuple().exponent)
    number = _number(value)
    scaled = None
    if number is not None:
        try:
            scaled = number.scaleb(digits)
        except ArithmeticError:  # an absurd exponent
            scaled = None
    if scaled is None or scaled != scaled.to_integral_value() or scaled < 0:
        raise FieldRefused(
            name,
            _("“%(value)s” is no sum in %(currency)s. Write it like %(like)s.")
            % {
                "value": value.strip()[:20],
                "currency": currency,
                "like": Money(2450, currency).major,
            },
        )
    return int(scaled)


def percent(name: str, value: str) -> int:
    """
    Return a typed percentage in hundredths of a percent.

    :raises FieldRefused: if it is none from 0 to 100 with at most two decimals.
    """
    number = _number(value.replace("%", "").replace("％", ""))
    scaled = None if number is None else number * 100
    if scaled is None or scaled != scaled.to_integral_value() or not 0 <= scaled <= rules.WHOLE:
        raise FieldRefused(
            name,
            _("“%(value)s” is no percentage from 0 to 100.") % {"value": value.strip()[:20]},
        )
    return int(scaled)


def grams(name: str, value: str) -> int | None:
    """
    Return a weight typed in kilograms, in grams; None if nothing was typed.

    :raises FieldRefused: if it is no weight.
    """
    if not value.strip():
        return None
    number = _number(value)
    whole = None if number is None else (number * 1000).to_integral_value()
    if number is None or whole is None or whole != number * 1000 or whole < 1:
        raise FieldRefused(name, _("Write the weight in kilograms, such as 2.4."))
    return int(whole)


def _keyed(typed: Mapping[str, str], prefix: str) -> dict[int, str]:
    """Return what was typed into the fields of lines, by the line's key."""
    found = {}
    for name, value in typed.items():
        key = name.removeprefix(prefix)
        is_key = key.isascii() and key.isdigit() and len(key) <= LONGEST_KEY
        if name.startswith(prefix) and is_key and value.strip():
            found[int(key)] = value.strip()
    return found


def typed_amounts(claim: Claim, typed: Mapping[str, str]) -> dict[int, int | Share]:
    """
    Return the amounts typed into the lines, by line: sums in minor units, or shares like ``60 %``.

    :raises FieldRefused: naming the first field that is neither.
    """
    return {
        key: Share(percent(f"{AMOUNT}{key}", value))
        if value.endswith(("%", "％"))
        else minor(f"{AMOUNT}{key}", value, claim.currency)
        for key, value in _keyed(typed, AMOUNT).items()
    }


def lowered(amounts: Mapping[int, int | Share], full: Mapping[int, int]) -> dict[int, int | Share]:
    """Return only the amounts that differ from what policy gives."""
    return {
        key: value
        for key, value in amounts.items()
        if (value.of(full.get(key, 0)) if isinstance(value, Share) else value) != full.get(key)
    }


def typed_codes(typed: Mapping[str, str], lowered: Mapping[int, int | Share]) -> dict[int, str]:
    """Return why lines are lower, of those that are."""
    return {key: code for key, code in _keyed(typed, CODE).items() if key in lowered}


def typed_split(claim: Claim, typed: Mapping[str, str], usual: Split) -> Split | None:
    """
    Return the split that was typed, or None if it is the usual one.

    :raises FieldRefused: if a share is no percentage, they do not come to 100 %, or words or
        evidence are missing.
    """
    parts = {
        party: percent(f"{SPLIT}{party}", typed[f"{SPLIT}{party}"] or "0")
        for party in rules.PARTIES
        if f"{SPLIT}{party}" in typed
    }
    if not parts or all(parts.get(party, 0) == usual.of(party) for party in rules.PARTIES):
        return None
    evidence = [
        name.removeprefix(SHOWN) for name in typed if name.startswith(SHOWN) and typed[name]
    ]
    try:
        return reckoning.split_of(
            claim=claim, parts=parts, text=typed.get("split_text", ""), evidence=evidence
        )
    except reckoning.WrongSplit as refusal:
        raise FieldRefused(f"{SPLIT}carrier", str(refusal)) from refusal
    except reckoning.SplitNeedsEvidence as refusal:
        raise FieldRefused("split_text", str(refusal)) from refusal
