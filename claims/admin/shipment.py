"""The carrier's side in the workspace: what is known of the shipment, what it should pay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from claims import liability_words, rules
from claims.admin import queue
from claims.admin.fields import SHOWN, SPLIT, FieldRefused, grams, minor
from claims.liability_terms import Circumstance, Goods
from claims.models import Assessment, CarrierContract, Claim, Consignment
from claims.services import contracts
from claims.services.contracts import BadConsignment
from claims.services.reckoning import PHOTO, Reckoning
from claims.states import Liable, LookedAt
from portal.accounts.models import User
from portal.lib.money import Money

SUMS = ("freight", "declared", "insured")
HISTORY = 4
"""So many assessments stand side by side, the newest first."""


# --- Shipment facts ----------------------------------------------------------


def note(*, claim: Claim, person: User, typed: Mapping[str, str], now: datetime) -> Consignment:
    """
    Keep the typed facts of the claim's shipment.

    :raises FieldRefused: naming the field that cannot be meant.
    """
    if claim.parcel is None:
        raise FieldRefused("", _("Nothing was shipped."))
    currency = claim.currency
    sums = {
        f"{name}_minor": minor(f"ship_{name}", typed[f"ship_{name}"], currency)
        for name in SUMS
        if typed.get(f"ship_{name}", "").strip()
    }
    goods = [name for name in Goods.values if typed.get(f"goods-{name}")]
    try:
        return contracts.note(
            parcel=claim.parcel,
            person=person,
            now=now,
            currency=currency,
            contract_code=typed.get("ship_contract", "").strip(),
            service=typed.get("ship_service", "").strip(),
            origin=typed.get("ship_origin", "").strip().upper(),
            zone=typed.get("ship_zone", "").strip(),
            grams=grams("weight", typed.get("weight", "")),
            goods=goods or None,
            circumstances=[name for name in Circumstance.values if typed.get(f"case-{name}")],
            **sums,
        )
    except BadConsignment as refusal:
        raise FieldRefused("weight", str(refusal)) from refusal


# --- The panel ----------------------------------------------------------


def panel(
    claim: Claim, result: Reckoning | None, *, typed: Mapping[str, str], errors: Mapping[str, str]
) -> dict[str, Any]:
    """Return who answers and what the carrier should pay: as reckoned now, or as last kept."""
    kept = list(
        Assessment.objects.filter(claim=claim)
        .select_related("contract", "policy", "made_by")
        .order_by("-number")[:HISTORY]
    )
    shown: Reckoning | Assessment | None = result or (kept[0] if kept else None)
    found: dict[str, Any] = {"history": history(kept), "has_history": len(kept) > 1}
    if shown is None:
        return found
    zh = queue.chinese()
    split = (
        {party: shown.split.of(party) for party in rules.PARTIES}
        if isinstance(shown, Reckoning)
        else shown.split
    )
    is_by_person = (
        shown.split.is_by_person if isinstance(shown, Reckoning) else shown.split_source == "person"
    )
    return found | {
        "is_now": result is not None,
        "split": _split_rows(split, shown.amount_minor, claim.currency, typed, errors),
        "split_why": _split_why(shown, zh=zh),
        "is_by_person": is_by_person,
        "split_open": is_by_person or any(name.startswith("split") for name in errors),
        "shown_by": _shown_by(claim, typed),
        "expected": _expected(shown, zh=zh),
        "rule": shown.rule,
        "rule_text": shown.text_zh if zh else shown.text_en,
        "explained": (shown.explanation_zh if zh else shown.explanation_en).splitlines(),
        "steps": (shown.recovery_zh if zh else shown.recovery_en).splitlines(),
        "rules": shown.recovery_rules,
        "missing": [
            liability_words.MISSING[code].zh if zh else liability_words.MISSING[code].en
            for code in shown.recovery_missing
        ],
        "contract": shown.contract,
        "ship": shipment(
            claim,
            typed,
            known=result.consignment
            if result is not None
            else contracts.consignment_of(claim.parcel)
            if claim.parcel is not None
            else None,
            is_open=bool(errors.get("weight")) or _has_typed(errors),
        ),
    }


def _has_typed(errors: Mapping[str, str]) -> bool:
    return any(name.startswith("ship_") for name in errors)


def _percent(bp: int) -> str:
    return f"{bp / 100:g}"


def _split_rows(
    split: Mapping[str, int],
    amount_minor: int,
    currency: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> list[dict[str, Any]]:
    parts = Money(max(0, amount_minor), currency).split([split[party] for party in rules.PARTIES])
    return [
        {
            "field": f"{SPLIT}{party}",
            "label": Liable(party).label,
            "percent": _percent(split[party]),
            "value": typed.get(f"{SPLIT}{party}") or _percent(split[party]),
            "amount": part.say(queue.language()),
            "error": errors.get(f"{SPLIT}{party}", ""),
            "is_some": split[party] > 0,
        }
        for party, part in zip(rules.PARTIES, parts, strict=True)
    ]


def _split_why(shown: Reckoning | Assessment, *, zh: bool) -> str:
    if isinstance(shown, Reckoning):
        return shown.split.text_zh if zh else shown.split.text_en
    return shown.split_text


def _shown_by(claim: Claim, typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what a split may rest on: the claim's photos, and what else was looked at."""
    rows = sorted(claim.evidence.all(), key=lambda photo: (photo.received_at, photo.pk))
    photos = [photo for photo in rows if photo.removed_at is None]
    found = [
        (
            f"{PHOTO}{photo.token}",
            _("Photo %(number)s: %(name)s") % {"number": n, "name": photo.name},
        )
        for n, photo in enumerate(photos, start=1)
    ]
    found += [(value, str(label)) for value, label in LookedAt.choices]
    return [
        {"field": f"{SHOWN}{name}", "label": label, "is_ticked": bool(typed.get(f"{SHOWN}{name}"))}
        for name, label in found
    ]


def _expected(shown: Reckoning | Assessment, *, zh: bool) -> dict[str, str]:
    """Say what may be counted on, and the most it can be."""
    language = "zh-hans" if zh else "en"
    low = Money(shown.recovery_low_minor, shown.currency).say(language)
    high = shown.recovery_high_minor
    if high == shown.recovery_low_minor:
        return {"sum": low, "range": ""}
    if high is None:
        return {"sum": low, "range": _("At least this; the most cannot be told.")}
    most = Money(high, shown.currency).say(language)
    return {"sum": low, "range": _("At least this, at most %(sum)s.") % {"sum": most}}


def shipment(
    claim: Claim, typed: Mapping[str, str], *, known: Consignment | None, is_open: bool
) -> dict[str, Any] | None:
    """Return the fields of what is known of the shipment, with what was typed kept."""
    if claim.parcel is None:
        return None
    titles, services = _choices(claim.parcel.carrier.slug)
    is_typed = typed.get("action") == "shipment"

    def value(name: str, stored: Any) -> str:
        return typed.get(name, "") if is_typed else ("" if stored is None else str(stored))

    def sum_(stored: int | None) -> str:
        if known is None or stored is None:
            return ""
        return f"{Money(stored, known.currency).major:f}"

    def ticked(prefix: str, name: str, stored: Any) -> bool:
        return bool(typed.get(f"{prefix}-{name}")) if is_typed else name in (stored or ())

    return {
        "is_open": is_open,
        "currency": claim.currency,
        "contract": value("ship_contract", known.contract_code if known else ""),
        "contracts": titles,
        "service": value("ship_service", known.service if known else ""),
        "services": services,
        "origin": value("ship_origin", known.origin if known else ""),
        "weight": value("weight", f"{known.grams / 1000:g}" if known and known.grams else ""),
        "sums": [
            {
                "field": f"ship_{name}",
                "label": label,
                "value": typed.get(f"ship_{name}", "")
                if is_typed
                else sum_(getattr(known, f"{name}_minor") if known else None),
            }
            for name, label in (
                ("freight", _("Freight we paid")),
                ("declared", _("Declared value")),
                ("insured", _("Insured for")),
            )
        ],
        "goods": [
            (name, label, ticked("goods", name, known.goods if known else None))
            for name, label in Goods.choices
        ],
        "cases": [
            (name, label, ticked("case", name, known.circumstances if known else None))
            for name, label in Circumstance.choices
        ],
        "noted_at": known.noted_at if known else None,
    }


def _choices(carrier: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return every set of terms by code, connected carrier or not; and this carrier's services."""
    zh = queue.chinese()
    titles: dict[str, str] = {}
    services: set[str] = set()
    rows = CarrierContract.objects.order_by("title_en", "-valid_from").values_list(
        "code", "title_en", "title_zh", "carrier", "service"
    )
    for code, en, name_zh, whose, service in rows:
        titles.setdefault(code, name_zh if zh and name_zh else en)
        if whose == carrier and service:
            services.add(service)
    return list(titles.items()), sorted(services)


# --- Side by side ----------------------------------------------------------


def history(kept: list[Assessment]) -> list[dict[str, Any]]:
    """Return assessments as columns, the newest first, in the reader's language."""
    zh, language = queue.chinese(), queue.language()
    return [
        {
            "number": row.number,
            "made_at": row.made_at,
            "who": (row.made_by.name or row.made_by.email) if row.made_by else _("By rule"),
            "sum": Money(row.amount_minor, row.currency).say(language),
            "lines": (row.explanation_zh if zh else row.explanation_en).splitlines(),
            "rule": row.rule,
            "split": [
                f"{Liable(party).label} {_percent(bp)} %" for party, bp in row.split.items() if bp
            ],
            "split_text": row.split_text,
            "expected": _expected(row, zh=zh),
            "rules": row.recovery_rules,
        }
        for row in kept
    ]
