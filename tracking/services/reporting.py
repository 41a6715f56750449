"""Trouble with an order that the merchant's own systems know of before any carrier does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from tracking import troubles
from tracking.models import Anomaly, Order
from tracking.models.anomaly import ClearedBy
from tracking.services import noticing
from tracking.services import watching_rows as store
from tracking.services.noticing import Plan, Says
from tracking.services.watching_book import own_calendar
from tracking.services.watching_rows import Fresh
from tracking.states import AnomalyKind, Party


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a merchant's system says is wrong with an order."""

    kind: str
    lines: Sequence[tuple[int, int]] = ()
    """(Place of the line counted from 1, how many of it); empty means the whole order."""
    note: str = ""
    expected_at: datetime | None = None
    """When the merchant expects it to be put right."""
    reference: str = ""
    """The merchant's own name for it: the same one again is the same report, even when over."""


@dataclass
class ReportConflict(Exception):
    """Trouble of this kind is known and says something else."""

    anomaly: Anomaly
    differences: dict[str, str] = field(default_factory=dict)


class NoSuchLine(Exception):
    """A line was named that the order has not, or more of it than was bought."""

    def __init__(self, place: int, sentence: str) -> None:
        super().__init__(sentence)
        self.place = place


class NothingKnown(Exception):
    """No trouble of this kind was ever known of the order."""


@transaction.atomic
def report(*, order: Order, report: Report, now: datetime) -> tuple[Anomaly, bool]:
    """
    Keep a report; the same again returns what is there and False.

    :raises ReportConflict: if trouble of this kind is open, or this reference used, for another.
    :raises NoSuchLine: if a line cannot be meant.
    """
    Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    known = _known(order, report)
    if known is not None:
        wrong = _differences(known, report)
        if wrong:
            raise ReportConflict(known, wrong)
        return known, False
    lines = _lines(order, report)
    ladder = troubles.choose(store.rules(), lane="", carrier_id=None).get(report.kind, ())
    first = min(ladder, key=lambda rule: rule.level, default=None)
    said = _said(report)
    tells = first is not None and first.tells_shopper and not _is_told(order, report)
    fresh = Fresh(
        subject_id=order.pk,
        kind=report.kind,
        party=str(Party.MERCHANT),
        severity=first.severity if first else 3,
        level=first.level if first else 1,
        lane="",
        episode=report.reference,
        since=now,
        next_at=report.expected_at or _next(ladder, now=now),
        lost_at=None,
        told_at=now if tells else None,
        is_public=first is not None and first.tells_shopper,
        evidence={**said, "items": lines, "threshold": first.id if first else None, "history": []},
    )
    opened = noticing.carry_out(Plan(fresh=[(fresh, Says(tells=tells))]), now=now, owner="order")
    store.watch_orders([order.pk], at=now)
    return Anomaly.objects.get(pk=opened[order.pk, report.kind]), True


@transaction.atomic
def withdraw(*, order: Order, kind: str, note: str = "", now: datetime) -> Anomaly:
    """
    End reported trouble; what is over already stays as it is.

    :raises NothingKnown: if there never was any of this kind.
    """
    Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    last = Anomaly.objects.filter(order=order, kind=kind).order_by("-opened_at", "-pk").first()
    if last is None:
        raise NothingKnown
    held = store.open_episodes([last.pk], owner="order")
    why = {"at": now.isoformat(), "note": note}
    over = [(one, str(ClearedBy.MERCHANT), why) for one in held]
    if over:
        noticing.carry_out(Plan(over=over), now=now, owner="order")
        last.refresh_from_db()
    return last


def _known(order: Order, report: Report) -> Anomaly | None:
    """Return the report of this reference, else what is open of this kind."""
    rows = Anomaly.objects.filter(order=order, kind=report.kind)
    if report.reference:
        named = rows.filter(episode=report.reference).first()
        if named is not None:
            return named
    return rows.filter(cleared_at=None).first()


def _said(report: Report) -> dict[str, Any]:
    return {
        "lines": [list(line) for line in report.lines],
        "note": report.note,
        "expected_at": report.expected_at.isoformat() if report.expected_at else None,
    }


def _differences(known: Anomaly, report: Report) -> dict[str, str]:
    said = _said(Report(kind=known.kind)) | {
        name: known.evidence[name] for name in ("lines", "note", "expected_at")
        if name in known.evidence
    }  # fmt: skip
    wrong = {
        name: "Differs from what was reported."
        for name, value in _said(report).items()
        if said[name] != value
    }
    if report.reference != known.episode:
        wrong["reference"] = "Trouble of this kind is open already under another reference."
    return wrong


def _lines(order: Order, report: Report) -> list[str]:
    """Return the lines in words; nothing of which the order has less."""
    bought = {line.position: line for line in order.lines.all()}
    said = []
    for place, (position, quantity) in enumerate(report.lines):
        line = bought.get(position)
        if line is None:
            raise NoSuchLine(place, f"The order has no line {position}.")
        if quantity > line.quantity:
            raise NoSuchLine(place, f"The order has {line.quantity} of {line.sku}.")
        said.append(f"{line.title} × {quantity}")
    return said


def _is_told(order: Order, report: Report) -> bool:
    """Test whether the shopper has heard already why the order has not been sent."""
    if report.kind != AnomalyKind.NOT_SHIPPED:
        return False
    return Anomaly.objects.filter(order=order, cleared_at=None, told_at__isnull=False).exists()


def _next(ladder: Sequence[troubles.Rule], *, now: datetime) -> datetime | None:
    steps = [
        (rule, now, due)
        for rule in ladder
        if (due := troubles.wait(rule.amount, rule.unit, since=now, calendar=own_calendar()))
    ]
    return troubles.climb("", steps, now=now)[1]
