"""What a carrier's terms may say, as data, and what is wrong with terms that say something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Terms = Mapping[str, Any]
"""{"rule": node} and, as needed, the other keys of ``MODIFIERS``."""

DEEPEST = 6
MOST = 12
LARGEST = Decimal(10) ** 12


class Event(models.TextChoices):
    """What befell a parcel, as a carrier's terms see it."""

    LOST = "lost", gettext_lazy("Lost")
    DAMAGED = "damaged", gettext_lazy("Damaged")
    MISSING = "missing", gettext_lazy("Contents missing")
    DELAYED = "delayed", gettext_lazy("Late")
    OTHER = "other", gettext_lazy("Nothing on the way")


class Circumstance(models.TextChoices):
    """Something about the shipment or the loss that terms make a difference of."""

    FORCE_MAJEURE = "force_majeure", gettext_lazy("Force majeure")
    WEATHER = "weather", gettext_lazy("Weather")
    GROSS_NEGLIGENCE = "gross_negligence", gettext_lazy("Intent or gross negligence of the carrier")
    NOT_NOTIFIED = "not_notified", gettext_lazy("The carrier did not make its limit known")
    BAD_PACKING = "bad_packing", gettext_lazy("Packed too weakly by us")
    UNTRACKED = "untracked", gettext_lazy("Sent without tracking")
    COSMETIC = "cosmetic", gettext_lazy("Marked, but it works")
    UNPAID_FREIGHT = "unpaid_freight", gettext_lazy("Freight not paid yet")


class Goods(models.TextChoices):
    """Kinds of things that carriers treat unlike others."""

    ORDINARY = "ordinary", gettext_lazy("Ordinary goods")
    GLASS = "glass", gettext_lazy("Glass")
    CERAMIC = "ceramic", gettext_lazy("Ceramics")
    BREAKABLE = "breakable", gettext_lazy("Other breakables")
    PERISHABLE = "perishable", gettext_lazy("Perishable goods")
    JEWELLERY = "jewellery", gettext_lazy("Jewellery, watches, precious stones")
    ANTIQUES = "antiques", gettext_lazy("Antiques and art")
    JADE = "jade", gettext_lazy("Jade")


class Bad(ValueError):
    """Terms that cannot be meant; ``problems`` says in sentences what is wrong where."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


_SUM = {"amount": "amount", "currency": "currency"}
NODES: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    # kind                 what it must say                      what it may say
    "flat":               (_SUM,                                 {"per": "per"}),
    "per_kg":             (_SUM,                                 {}),
    "declared_value":     ({},                                   {"by": "by", "otherwise": "node"}),
    "freight_multiple":   ({"times": "amount"},                  {}),
    "proportional_underinsurance": ({},                          {"otherwise": "node"}),
    "cost_basis":         ({"rule": "node"},                     {}),
    "loss_only":          ({"rule": "node"},                     {}),
    "max_of":             ({"rules": "nodes"},                   {}),
    "min_of":             ({"rules": "nodes"},                   {}),
    "statutory_floor":    ({"rule": "node", "floor": "node"},    {}),
    "actual":             ({},                                   {}),
    "open":               ({},                                   {}),
    "none":               ({},                                   {}),
}  # fmt: skip
"""
The kinds of liability rule.

flat: so much. per_kg: so much for each kilogram. declared_value: what was declared, or insured, and
``otherwise`` if nothing was. freight_multiple: so many times the freight.
proportional_underinsurance: the insured sum if all is lost, otherwise the loss in the proportion of
insured sum to full value. cost_basis: as ``rule``, of what the goods cost us. loss_only: as
``rule`` if the parcel is lost, otherwise nothing. max_of, min_of: the highest, the lowest.
statutory_floor: as ``rule``, but no less than ``floor``. actual: the loss. open: the terms name no
sum, law or agreement decides. none: nothing. No kind ever pays more than the loss.
"""

MODIFIERS: Mapping[str, str] = {
    "rule": "node",
    "covers": "events",
    "exempt": "exempt",
    "lifts_cap": "circumstances",
    "items": "items",
    "freight_refund": "events",
    "delay": "delay",
    "surrender": "flag",
}
"""
What terms may say beside their rule.

covers: the events they answer for, all if left out. exempt: circumstances under which nothing is
owed, ``always`` or ``unless_insured``. lifts_cap: circumstances under which limits fall away.
items: goods with an effect of their own (none, capped, loss_only). freight_refund: events after
which the freight comes back. delay: what lateness pays. surrender: damaged goods must be handed
over.
"""

EFFECTS = ("none", "capped", "loss_only")
PAYS = ("none", "suspended", "freight", "fixed", "open")


def check(terms: Any) -> None:
    """
    Check that terms can be reckoned with.

    :raises Bad: with a sentence for everything that is wrong.
    """
    problems = list(_terms(terms))
    if problems:
        raise Bad(problems)


def _terms(terms: Any) -> Iterator[str]:
    if not isinstance(terms, Mapping):
        yield _("The terms are an object with at least a “rule”.")
        return
    if "rule" not in terms:
        yield _("The terms need a “rule”.")
    yield from _parts(terms, {}, MODIFIERS, "", 0)


def _parts(
    found: Mapping[str, Any],
    must: Mapping[str, str],
    may: Mapping[str, str],
    where: str,
    depth: int,
    given: tuple[str, ...] = (),
) -> Iterator[str]:
    """Check the keys of one object: those it must have, those it may have, and no others."""
    known = {**must, **may}
    for key in must:
        if key not in found:
            yield _("%(where)s needs “%(key)s”.") % {"where": _at(where), "key": key}
    for key, value in found.items():
        if key in given:
            continue
        if key not in known:
            yield _("%(where)s: “%(key)s” is not known. It may say: %(known)s.") % {
                "where": _at(where),
                "key": str(key)[:40],
                "known": ", ".join(known) or "–",
            }
            continue
        yield from CHECKS[known[key]](value, f"{where}.{key}" if where else str(key), depth)


def _at(where: str) -> str:
    return where or _("The terms")


def _node(node: Any, where: str, depth: int) -> Iterator[str]:
    if not isinstance(node, Mapping) or not isinstance(node.get("kind"), str):
        yield _("%(where)s is an object with a “kind”.") % {"where": where}
        return
    if depth >= DEEPEST:
        yield _("%(where)s lies too deep: %(most)s levels at most.") % {
            "where": where,
            "most": DEEPEST,
        }
        return
    kind = node["kind"]
    if kind not in NODES:
        yield _("%(where)s: “%(kind)s” is no kind of rule. Use one of: %(known)s.") % {
            "where": where,
            "kind": kind[:40],
            "known": ", ".join(NODES),
        }
        return
    must, may = NODES[kind]
    yield from _parts(node, must, may, where, depth + 1, given=("kind",))


def _nodes(nodes: Any, where: str, depth: int) -> Iterator[str]:
    if not isinstance(nodes, list) or not 2 <= len(nodes) <= MOST:
        yield _("%(where)s is a list of 2 to %(most)s rules.") % {"where": where, "most": MOST}
        return
    for place, node in enumerate(nodes, start=1):
        yield from _node(node, f"{where}.{place}", depth)


def amount(value: Any) -> Decimal | None:
    """Return a written amount exactly, or None if it is none: ``"8.33"``, ``100``."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not text.isascii() or len(text) > 30 or not number.is_finite():
        return None
    exponent = number.as_tuple().exponent
    is_sane = isinstance(exponent, int) and -8 <= exponent <= 12
    return number if is_sane and 0 <= number <= LARGEST else None


def _amount(value: Any, where: str, _depth: int) -> Iterator[str]:
    if amount(value) is None:
        yield _(
            "%(where)s is an amount written as text, such as “8.33”: not below nothing, at most"
            " 8 decimals."
        ) % {"where": where}


def _currency(value: Any, where: str, _depth: int) -> Iterator[str]:
    is_code = isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha()
    if not is_code or value != value.upper():
        yield _(
            "%(where)s is three capital letters such as USD; special drawing rights are XDR."
        ) % {"where": where}


def _one_of(known: tuple[str, ...]) -> Callable[[Any, str, int], Iterator[str]]:
    def checked(value: Any, where: str, _depth: int) -> Iterator[str]:
        if not isinstance(value, str) or value not in known:
            yield _("%(where)s is one of: %(known)s.") % {
                "where": where,
                "known": ", ".join(known),
            }

    return checked


def _some_of(known: tuple[str, ...]) -> Callable[[Any, str, int], Iterator[str]]:
    def checked(value: Any, where: str, _depth: int) -> Iterator[str]:
        if not isinstance(value, list) or any(
            not isinstance(one, str) or one not in known for one in value
        ):
            yield _("%(where)s is a list of some of: %(known)s.") % {
                "where": where,
                "known": ", ".join(known),
            }

    return checked


def _exempt(value: Any, where: str, depth: int) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _("%(where)s is an object: a circumstance, and “always” or “unless_insured”.") % {
            "where": where
        }
        return
    may = dict.fromkeys(Circumstance.values, "exemption")
    yield from _parts(value, {}, may, where, depth)


def _items(value: Any, where: str, depth: int) -> Iterator[str]:
    if not isinstance(value, list) or len(value) > MOST:
        yield _("%(where)s is a list of at most %(most)s entries.") % {"where": where, "most": MOST}
        return
    for place, item in enumerate(value, start=1):
        at = f"{where}.{place}"
        if not isinstance(item, Mapping):
            yield _("%(where)s is an object with “goods” and “effect”.") % {"where": at}
            continue
        must = {"goods": "goods", "effect": "effect"}
        if item.get("effect") == "capped":
            must |= _SUM
        yield from _parts(item, must, {}, at, depth)


def _delay(value: Any, where: str, depth: int) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _("%(where)s is an object with “pays”.") % {"where": where}
        return
    must = {"pays": "pays"}
    may = {"after_minutes": "amount", "unless": "circumstances"}
    if value.get("pays") == "fixed":
        must |= _SUM
    if value.get("pays") == "freight":
        may |= {"percent": "percent"}
    yield from _parts(value, must, may, where, depth)


def _percent(value: Any, where: str, _depth: int) -> Iterator[str]:
    number = amount(value)
    if number is None or number > 100:
        yield _("%(where)s is a percentage from 0 to 100, written as text.") % {"where": where}


def _flag(value: Any, where: str, _depth: int) -> Iterator[str]:
    if not isinstance(value, bool):
        yield _("%(where)s is true or false.") % {"where": where}


CHECKS: Mapping[str, Callable[[Any, str, int], Iterator[str]]] = {
    "node": _node,
    "nodes": _nodes,
    "amount": _amount,
    "percent": _percent,
    "currency": _currency,
    "per": _one_of(("shipment", "parcel")),
    "by": _one_of(("declared", "insured")),
    "events": _some_of(tuple(Event.values)),
    "circumstances": _some_of(tuple(Circumstance.values)),
    "goods": _some_of(tuple(Goods.values)),
    "effect": _one_of(EFFECTS),
    "exemption": _one_of(("always", "unless_insured")),
    "exempt": _exempt,
    "items": _items,
    "delay": _delay,
    "pays": _one_of(PAYS),
    "flag": _flag,
}
