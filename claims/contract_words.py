"""A carrier's terms in plain words: nobody at the desk has to read JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from claims import liability_words as words
from claims.contract_rules import Anchor, Document, Step, Unit
from claims.liability_terms import Circumstance, Event, Goods, Terms, amount


def _language() -> str:
    return "zh" if (get_language() or "en").startswith("zh") else "en"


def _sum(node: Mapping[str, Any], key: str = "amount") -> str:
    currency = str(node["currency"])
    minor = Fraction(amount(node[key]) or 0) * words.units(currency)
    return words.say(minor, currency, _language())


def _comma() -> str:
    return "、" if _language() == "zh" else ", "


def _semicolon() -> str:
    return "；" if _language() == "zh" else "; "


def rule(node: Mapping[str, Any]) -> str:
    """Say a liability rule in one phrase."""
    return _SAY[str(node["kind"])](node)


def _flat(node: Mapping[str, Any]) -> str:
    if node.get("per") == "parcel":
        return _("up to %(sum)s for each parcel") % {"sum": _sum(node)}
    return _("up to %(sum)s") % {"sum": _sum(node)}


def _declared(node: Mapping[str, Any]) -> str:
    is_insured = node.get("by") == "insured"
    said = _("up to what was insured") if is_insured else _("up to what was declared")
    return _otherwise(said, node)


def _otherwise(said: str, node: Mapping[str, Any]) -> str:
    if "otherwise" not in node:
        return said
    return _("%(rule)s; if nothing was, %(other)s") % {
        "rule": said,
        "other": rule(node["otherwise"]),
    }


def _underinsured(node: Mapping[str, Any]) -> str:
    said = _(
        "the insured sum if all is lost, otherwise the loss in the proportion of insured sum to"
        " full value"
    )
    return _otherwise(said, node)


def _cost(node: Mapping[str, Any]) -> str:
    if node["rule"]["kind"] == "actual":
        return _("what the goods cost us, without profit")
    return _("%(rule)s, of what the goods cost us, without profit") % {"rule": rule(node["rule"])}


def _several(node: Mapping[str, Any]) -> str:
    each = _semicolon().join(rule(inner) for inner in node["rules"])
    if node["kind"] == "max_of":
        return _("the highest of these: %(rules)s") % {"rules": each}
    return _("the lowest of these: %(rules)s") % {"rules": each}


_SAY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "flat": _flat,
    "per_kg": lambda node: _("up to %(sum)s for each kilogram") % {"sum": _sum(node)},
    "declared_value": _declared,
    "freight_multiple": lambda node: (
        _("up to %(times)s times the freight") % {"times": node["times"]}
    ),
    "proportional_underinsurance": _underinsured,
    "cost_basis": _cost,
    "loss_only": lambda node: _("only if it is lost: %(rule)s") % {"rule": rule(node["rule"])},
    "max_of": _several,
    "min_of": _several,
    "statutory_floor": lambda node: (
        _("%(rule)s; by law no less than this: %(floor)s")
        % {"rule": rule(node["rule"]), "floor": rule(node["floor"])}
    ),
    "actual": lambda _node: _("the actual loss"),
    "open": lambda _node: _("no sum is named: agreement or law decides"),
    "none": lambda _node: _("nothing"),
}


def terms(terms: Terms) -> list[str]:
    """Say terms in sentences: the rule first, then whatever changes it."""
    return [_upper(_("%(rule)s.") % {"rule": rule(terms["rule"])}), *_modifiers(terms)]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _named(kind: Any, values: Sequence[str]) -> str:
    return _comma().join(str(kind(value).label) for value in values)


def _modifiers(terms: Terms) -> Iterator[str]:
    if "covers" in terms:
        yield _("Answers for: %(events)s.") % {"events": _named(Event, terms["covers"])}
    for name, how in terms.get("exempt", {}).items():
        what = Circumstance(name).label
        if how == "always":
            yield _("Owes nothing for: %(what)s.") % {"what": what}
        else:
            yield _("Owes nothing for: %(what)s, except what was insured.") % {"what": what}
    if terms.get("lifts_cap"):
        yield _("Without any limit for: %(what)s.") % {
            "what": _named(Circumstance, terms["lifts_cap"])
        }
    for item in terms.get("items", ()):
        goods = _named(Goods, item["goods"])
        if item["effect"] == "none":
            yield _("%(goods)s: nothing.") % {"goods": goods}
        elif item["effect"] == "loss_only":
            yield _("%(goods)s: only if the whole parcel is lost.") % {"goods": goods}
        else:
            yield _("%(goods)s: up to %(sum)s.") % {"goods": goods, "sum": _sum(item)}
    if terms.get("freight_refund"):
        yield _("The freight comes back too: %(events)s.") % {
            "events": _named(Event, terms["freight_refund"])
        }
    if "delay" in terms:
        yield _delay(terms["delay"])
    if terms.get("surrender"):
        yield _("Damaged goods and their box have to be kept, and handed over if asked for.")


def _delay(delay: Mapping[str, Any]) -> str:
    pays = delay["pays"]
    if pays == "none":
        return _("Lateness: nothing.")
    if pays == "suspended":
        return _("Lateness: nothing, the guarantee is suspended.")
    if pays == "fixed":
        return _("Lateness: up to %(sum)s.") % {"sum": _sum(delay)}
    if pays == "open":
        return _("Lateness: paid for, but no sum is named.")
    return _("Lateness: %(percent)s percent of the freight comes back.") % {
        "percent": delay.get("percent", "100")
    }


def deadline(row: Mapping[str, Any]) -> str:
    """Say one deadline in a phrase."""
    facts = {
        "step": Step(row["step"]).label,
        "unit": Unit(row["unit"]).label,
        "anchor": Anchor(row["anchor"]).label,
        "latest": row.get("latest"),
        "earliest": row.get("earliest"),
    }
    if "latest" in row and "earliest" in row:
        said = _("%(step)s: from %(earliest)s to %(latest)s %(unit)s after %(anchor)s") % facts
    elif "latest" in row:
        said = _("%(step)s: within %(latest)s %(unit)s after %(anchor)s") % facts
    else:
        said = _("%(step)s: not before %(earliest)s %(unit)s after %(anchor)s") % facts
    if row.get("event"):
        return _("%(said)s (%(event)s)") % {"said": said, "event": Event(row["event"]).label}
    return said


def documents(names: Sequence[str]) -> list[str]:
    """Name the documents a carrier wants."""
    return [str(Document(name).label) for name in names]


def fee(fee: Mapping[str, Any] | None) -> str:
    """Say what insuring costs."""
    if not fee:
        return ""
    if "permille" in fee:
        return _("%(permille)s permille of the insured sum, at least %(minimum)s") % {
            "permille": fee["permille"],
            "minimum": _sum(fee, "minimum"),
        }
    return _("%(base)s up to %(covers)s, then %(step)s for each %(per)s") % {
        name: _sum(fee, name) for name in ("base", "covers", "step", "per")
    }
