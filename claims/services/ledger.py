"""Double entry: what we owe, what we paid, what bounced. Append-only, balanced at commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from claims.models import Compensation, Entry, PaymentBalance, Posting
from claims.states import RESERVING, Account, CompensationState


class Unbalanced(ValueError):
    """Debits and credits differ; the database would refuse the commit as well."""


@transaction.atomic
def post(
    *,
    key: str,
    text: str,
    compensation: Compensation,
    amounts: Mapping[Account, int],
    now: datetime,
) -> Posting:
    """
    Write one posting in the compensation's currency; the same key again returns the first.

    :raises Unbalanced: if the amounts do not sum to zero.
    """
    if sum(amounts.values()) != 0 or not any(amounts.values()):
        raise Unbalanced(f"{key}: {dict(amounts)}")
    posting, is_new = Posting.objects.get_or_create(
        key=key, defaults={"text": text, "compensation": compensation, "posted_at": now}
    )
    if is_new:
        Entry.objects.bulk_create(
            Entry(
                posting=posting,
                account=account,
                amount_minor=amount,
                currency=compensation.currency,
            )
            for account, amount in amounts.items()
        )
    return posting


def owe(*, compensation: Compensation, now: datetime) -> Posting:
    """Book that we owe the shopper: the approval's posting."""
    return post(
        key=f"{compensation.reference}:owed",
        text="Approved: owed to the shopper",
        compensation=compensation,
        amounts={
            Account.REFUND_EXPENSE: compensation.amount_minor,
            Account.CUSTOMER_REFUND_PAYABLE: -compensation.amount_minor,
        },
        now=now,
    )


def pay(*, compensation: Compensation, attempt: int, now: datetime) -> Posting:
    """Book that the provider took the money from us for the shopper."""
    return post(
        key=f"{compensation.reference}:paid:{attempt}",
        text="Paid through the provider",
        compensation=compensation,
        amounts={
            Account.CUSTOMER_REFUND_PAYABLE: compensation.amount_minor,
            Account.PSP_CLEARING: -compensation.amount_minor,
        },
        now=now,
    )


def bounce(*, compensation: Compensation, attempt: int, now: datetime) -> Posting:
    """Book that the money came back: we owe it again."""
    return post(
        key=f"{compensation.reference}:bounced:{attempt}",
        text="Came back from the provider",
        compensation=compensation,
        amounts={
            Account.PSP_CLEARING: compensation.amount_minor,
            Account.CUSTOMER_REFUND_PAYABLE: -compensation.amount_minor,
        },
        now=now,
    )


@dataclass(frozen=True)
class Trouble:
    """One thing in the books that is not as it must be."""

    code: str
    subject: str
    detail: str


def verify() -> list[Trouble]:
    """Check every posting, every compensation and every payment balance against each other."""
    found = [
        Trouble("UNBALANCED_POSTING", row["posting__key"], f"{row['total']} {row['currency']}")
        for row in Entry.objects.values("posting__key", "currency")
        .annotate(total=Sum("amount_minor"))
        .exclude(total=0)
        .order_by("posting__key")
    ]
    found += [
        Trouble("EMPTY_POSTING", key, "a posting without entries")
        for key in Posting.objects.filter(entries=None).values_list("key", flat=True)
    ]
    found += _compensations()
    found += _balances()
    return found


def _compensations() -> list[Trouble]:
    totals: dict[tuple[int, str], int] = {
        (row["posting__compensation"], row["account"]): row["total"]
        for row in Entry.objects.values("posting__compensation", "account").annotate(
            total=Sum("amount_minor")
        )
    }
    found = []
    for item in Compensation.objects.order_by("pk").iterator():
        is_paid = item.state == CompensationState.SUCCEEDED
        expected = {
            Account.REFUND_EXPENSE: item.amount_minor,
            Account.CUSTOMER_REFUND_PAYABLE: 0 if is_paid else -item.amount_minor,
            Account.PSP_CLEARING: -item.amount_minor if is_paid else 0,
        }
        for account, amount in expected.items():
            booked = totals.get((item.pk, account), 0)
            if booked != amount:
                detail = f"{account}: {booked} booked, {amount} expected while {item.state}"
                found.append(Trouble("BOOKS_DIFFER", str(item.reference), detail))
    return found


def _balances() -> list[Trouble]:
    found = []
    rows = Compensation.objects.values("balance", "state").annotate(total=Sum("amount_minor"))
    held: dict[int, int] = {}
    paid: dict[int, int] = {}
    for row in rows:
        if row["state"] in RESERVING:
            held[row["balance"]] = held.get(row["balance"], 0) + row["total"]
        elif row["state"] == CompensationState.SUCCEEDED:
            paid[row["balance"]] = paid.get(row["balance"], 0) + row["total"]
    for balance in PaymentBalance.objects.select_related("order").order_by("pk").iterator():
        for name, kept, summed in (
            ("reserved", balance.reserved_minor, held.get(balance.pk, 0)),
            ("refunded", balance.refunded_minor, paid.get(balance.pk, 0)),
        ):
            if kept != summed:
                detail = f"{name}: {kept} kept, {summed} summed"
                found.append(Trouble("BALANCE_DIFFERS", balance.order.number, detail))
    return found
