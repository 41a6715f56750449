"""Compare the provider's ledger with our payments and our books; name every difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from claims.gateways.base import Gateway, Outcome, Row
from claims.models import Compensation
from claims.services import ledger
from claims.states import CompensationState
from tracking.models import Order

C = CompensationState
LATE = timedelta(minutes=10)
_MOVED = (Outcome.SUCCEEDED, Outcome.PENDING)
_AGREES = {
    Outcome.SUCCEEDED: {C.SUCCEEDED},
    Outcome.PENDING: {C.PENDING, C.SENDING, C.UNKNOWN},
    Outcome.FAILED: {C.FAILED, C.PLANNED, C.SENDING, C.UNKNOWN},
    Outcome.REVERSED: {C.REVERSED, C.PLANNED, C.SENDING, C.UNKNOWN},
}


@dataclass(frozen=True)
class Difference:
    """One thing on which the provider and we disagree."""

    code: str
    reference: str
    detail: str


def compare(*, gateway: Gateway, now: datetime) -> list[Difference]:
    """
    Return every difference between the provider's ledger, our payments and our books.

    :raises Unreachable: if the provider's ledger cannot be read.
    """
    rows = defaultdict(list)
    for row in gateway.ledger():
        rows[row.reference].append(row)
    ours = {
        str(item.reference): item
        for item in Compensation.objects.filter(gateway=gateway.slug).order_by("pk")
    }
    found = []
    for reference, theirs in rows.items():
        item = ours.get(reference)
        if item is None:
            found += [
                Difference("UNKNOWN_AT_US", reference, _say(row))
                for row in theirs
                if row.outcome in _MOVED
            ]
        else:
            found += _compare_one(item, theirs)
    for reference, item in ours.items():
        if reference not in rows and item.state in (C.SUCCEEDED, C.PENDING, C.REVERSED):
            found.append(Difference("MISSING_AT_PSP", reference, f"ours is {item.state}"))
    found += _over_refunds(row for group in rows.values() for row in group)
    found += [
        Difference("OVERDUE", str(item.reference), f"{item.state} since {item.planned_at}")
        for item in ours.values()
        if item.state in (C.PLANNED, C.SENDING, C.UNKNOWN) and item.planned_at < now - LATE
    ]
    found += [
        Difference(trouble.code, trouble.subject, trouble.detail) for trouble in ledger.verify()
    ]
    return sorted(found, key=lambda one: (one.reference, one.code))


def _compare_one(item: Compensation, theirs: list[Row]) -> Iterable[Difference]:
    reference = str(item.reference)
    moved = [row for row in theirs if row.outcome in _MOVED]
    if len(moved) > 1:
        yield Difference("DUPLICATE", reference, ", ".join(map(_say, moved)))
    for row in moved:
        if (row.amount_minor, row.currency) != (item.amount_minor, item.currency):
            yield Difference(
                "AMOUNT_DIFF", reference, f"{_say(row)}; ours {item.amount_minor} {item.currency}"
            )
        if row.payee != item.payee:
            yield Difference("PAYEE_DIFF", reference, f"{row.payee}; ours {item.payee}")
    newest = moved[-1] if moved else theirs[-1]
    if item.state not in _AGREES[newest.outcome]:
        yield Difference("STATE_CONFLICT", reference, f"{_say(newest)}; ours is {item.state}")


def _over_refunds(rows: Iterable[Row]) -> Iterable[Difference]:
    """Judge by order, cumulatively: each refund alone may look fine."""
    given: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.outcome in _MOVED:
            given[row.payee] += row.amount_minor
    paid: dict[str, int] = defaultdict(int)
    for payee, captured in Order.objects.filter(payment_reference__in=list(given)).values_list(
        "payment_reference", "captured_minor"
    ):
        paid[payee] += captured
    for payee, amount in given.items():
        if payee in paid and amount > paid[payee]:
            yield Difference("OVER_REFUND", payee, f"{amount} given back of {paid[payee]}")


def _say(row: Row) -> str:
    return f"{row.provider_ref} {row.outcome} {row.amount_minor} {row.currency}"
