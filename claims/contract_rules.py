"""Whose parcels a contract covers, and by when it wants what: pure functions of dated data."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.liability_terms import Event, amount
from tracking.calendars import Calendar

EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip


class Anchor(models.TextChoices):
    """The fact from which a carrier's deadline counts."""

    MAILING = "mailing", gettext_lazy("mailing")
    SHIP = "ship", gettext_lazy("the ship date")
    DELIVERY = "delivery", gettext_lazy("delivery")
    SCHEDULED = "scheduled", gettext_lazy("the scheduled delivery")
    LAST_SCAN = "last_scan", gettext_lazy("the last scan")
    DECISION = "decision", gettext_lazy("the carrier's decision")
    FILING = "filing", gettext_lazy("our filing")
    ORDER = "order", gettext_lazy("the order")


class Step(models.TextChoices):
    """What is due."""

    NOTICE = "notice", gettext_lazy("Tell the carrier")
    FILE = "file", gettext_lazy("File the claim")
    INQUIRY = "inquiry", gettext_lazy("Ask for a search")
    ANSWER = "answer", gettext_lazy("The carrier answers")
    PAY = "pay", gettext_lazy("The carrier pays")
    APPEAL = "appeal", gettext_lazy("Appeal")
    SECOND_APPEAL = "second_appeal", gettext_lazy("Appeal again")
    SUIT = "suit", gettext_lazy("Go to court")


class Unit(models.TextChoices):
    """What a deadline counts in."""

    HOURS = "hours", gettext_lazy("hours")
    DAYS = "days", gettext_lazy("days")
    WORKING_DAYS = "working_days", gettext_lazy("working days")
    MONTHS = "months", gettext_lazy("months")
    YEARS = "years", gettext_lazy("years")


class Document(models.TextChoices):
    """What a carrier wants to see."""

    ITEM_PHOTO = "item_photo", gettext_lazy("Photo of the item")
    INNER_PACKING = "inner_packing", gettext_lazy("Photo of the packing inside")
    ITEM_IN_BOX = "item_in_box", gettext_lazy("Photo of the item in its box")
    LABEL = "label", gettext_lazy("Photo of the label")
    SIX_SIDES = "six_sides", gettext_lazy("Two photos showing all six sides of the box")
    BOX_CERTIFICATE = "box_certificate", gettext_lazy("The box maker's certificate")
    DIMENSIONS = "dimensions", gettext_lazy("Size and weight of the box")
    DESCRIPTION = "description", gettext_lazy("What it is and what is wrong, in detail")
    VALUE_PROOF = "value_proof", gettext_lazy("Proof of value, such as an invoice")
    COST_PROOF = "cost_proof", gettext_lazy("Proof of what it cost us")
    INSURANCE_PROOF = "insurance_proof", gettext_lazy("Proof of insurance")
    MAILING_PROOF = "mailing_proof", gettext_lazy("Proof of mailing")
    POLICE_REPORT = "police_report", gettext_lazy("Police report")
    STATEMENT = "statement", gettext_lazy("Signed statement of the recipient")
    BOX_KEPT = "box_kept", gettext_lazy("Box and contents kept for inspection")


# --- Scope ----------------------------------------------------------


def origin_problems(value: str) -> list[str]:
    """Return what is wrong with a list of countries."""
    return [
        _("“%(word)s” is no country. Write two capital letters, “EU”, or “!” before them.")
        % {"word": word[:10]}
        for word in value.split()
        if not (len(bare := word.removeprefix("!")) == 2 and bare.isascii() and bare.isalpha())
        or word != word.upper()
    ]


def sends_from(origins: str, country: str) -> bool:
    """Test whether parcels from a country are covered; an unknown country only if all are."""
    listed = origins.split()
    if not listed:
        return True
    if not country:
        return False
    barred = {word[1:] for word in listed if word.startswith("!")}
    allowed = {word for word in listed if not word.startswith("!")}
    if _within(country, barred):
        return False
    return not allowed or _within(country, allowed)


def _within(country: str, names: set[str]) -> bool:
    return country in names or ("EU" in names and country in EU)


def rank(*, service: str, origins: str, lane: str) -> tuple[int, int, int]:
    """Return how narrowly a contract is drawn; the narrowest that fits holds."""
    narrow = 0 if not origins else (1 if origins.startswith("!") else 2)
    return int(bool(service)), int(lane != "any"), narrow


# --- Deadlines ----------------------------------------------------------


@dataclass(frozen=True)
class Deadline:
    """From when until when one step may be taken; None where the terms or the facts say nothing."""

    step: str
    event: str
    opens_at: datetime | None
    closes_at: datetime | None
    anchor: str


def deadline_problems(value: Any) -> list[str]:
    """Return what is wrong with a contract's deadlines."""
    if not isinstance(value, list) or len(value) > 40:
        return [_("The deadlines are a list of at most 40 entries.")]
    problems = []
    for place, row in enumerate(value, start=1):
        if not isinstance(row, Mapping):
            problems.append(_("Deadline %(place)s is an object.") % {"place": place})
            continue
        for key, known in (
            ("step", Step.values),
            ("anchor", Anchor.values),
            ("unit", Unit.values),
        ):
            if row.get(key) not in known:
                problems.append(
                    _("Deadline %(place)s: “%(key)s” is one of: %(known)s.")
                    % {"place": place, "key": key, "known": ", ".join(known)}
                )
        if row.get("event", "") not in ("", *Event.values):
            problems.append(
                _("Deadline %(place)s: “%(key)s” is one of: %(known)s.")
                % {"place": place, "key": "event", "known": ", ".join(Event.values)}
            )
        numbers = [row[key] for key in ("latest", "earliest") if key in row]
        if not numbers or any(
            isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= 3650 for n in numbers
        ):
            problems.append(
                _("Deadline %(place)s needs “latest” or “earliest”, a whole number up to 3650.")
                % {"place": place}
            )
        if (
            "latest" in row
            and "earliest" in row
            and not problems
            and row["earliest"] > row["latest"]
        ):
            problems.append(_("Deadline %(place)s ends before it begins.") % {"place": place})
        problems += [
            _("Deadline %(place)s: “%(key)s” is not known.")
            % {"place": place, "key": str(key)[:40]}
            for key in row
            if key not in {"step", "event", "anchor", "unit", "latest", "earliest"}
        ]
    return problems


def deadlines(
    rows: Sequence[Mapping[str, Any]],
    *,
    event: str,
    anchors: Mapping[str, datetime | None],
    zone: str,
    working: Calendar,
) -> list[Deadline]:
    """
    Return the deadlines for an event, in days of the place the parcel was sent from.

    A step may be taken until the end of its last day there, and from the beginning of its first.
    """
    found = []
    for row in rows:
        if row.get("event", "") not in ("", event):
            continue
        start = anchors.get(row["anchor"])
        opens = closes = None
        if start is not None:
            if "earliest" in row:
                opens = _moment(start, row["earliest"], row["unit"], zone, working, is_end=False)
            if "latest" in row:
                closes = _moment(start, row["latest"], row["unit"], zone, working, is_end=True)
        found.append(Deadline(row["step"], event, opens, closes, row["anchor"]))
    return found


def _moment(
    start: datetime, count: int, unit: str, zone: str, working: Calendar, *, is_end: bool
) -> datetime:
    if unit == Unit.HOURS:
        return start + timedelta(hours=count)
    there = ZoneInfo(zone)
    day = start.astimezone(there).date()
    if unit == Unit.WORKING_DAYS:
        for _each in range(count):
            day += timedelta(days=1)
            while not working.is_working(day):
                day += timedelta(days=1)
    elif unit == Unit.DAYS:
        day += timedelta(days=count)
    else:
        day = _months_after(day, count * (12 if unit == Unit.YEARS else 1))
    if is_end:
        day += timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=there)


def _months_after(day: date, months: int) -> date:
    """Return the same day so many months later, the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


# --- The rest ----------------------------------------------------------


def fee_problems(value: Any) -> list[str]:
    """Return what is wrong with a price of insuring."""
    if not isinstance(value, Mapping):
        return [_("The price of insuring is an object.")]
    per_mille = {"permille", "minimum", "currency"}
    steps = {"base", "covers", "step", "per", "currency"}
    if set(value) not in (per_mille, steps):
        return [
            _("It says either permille, minimum, currency, or base, covers, step, per, currency.")
        ]
    problems = [
        _("“%(key)s” is an amount written as text, such as “8.33”.") % {"key": key}
        for key in value
        if key != "currency" and amount(value[key]) is None
    ]
    currency = value["currency"]
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isupper()):
        problems.append(_("“currency” is three capital letters, such as USD."))
    return problems


def document_problems(value: Any) -> list[str]:
    """Return what is wrong with a list of documents."""
    if not isinstance(value, list):
        return [_("The documents are a list.")]
    return [
        _("“%(word)s” is no document we know. Use some of: %(known)s.")
        % {"word": str(word)[:40], "known": ", ".join(Document.values)}
        for word in value
        if word not in Document.values
    ]
