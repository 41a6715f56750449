"""Rows of payments: lock them in one order, reserve, and write when to look again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from claims.models import Attempt, Claim, Compensation, PaymentBalance
from claims.services.refusals import Refusal

_PAUSES = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900, 3600))


class OverRefund(Refusal):
    """The order's payment cannot give that much back any more."""

    code = "over_refund"
    sentence = _("The order was not paid that much: other refunds have used up the payment.")


def lock(compensation_id: int) -> tuple[Claim, Compensation]:
    """Lock a compensation after its claim, the order in which everybody locks."""
    claim_id = Compensation.objects.values_list("claim_id", flat=True).get(pk=compensation_id)
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    return claim, Compensation.objects.select_for_update().get(pk=compensation_id)


def balance(claim: Claim) -> PaymentBalance:
    """Lock what is left of the order's payment."""
    order = claim.order
    found, _is_new = PaymentBalance.objects.select_for_update().get_or_create(
        order=order,
        defaults={"currency": order.currency, "captured_minor": order.captured_minor},
    )
    return found


def reserve(balance: PaymentBalance, amount_minor: int) -> None:
    """
    Hold so much of a locked balance back from others.

    :raises OverRefund: if there is not that much left.
    """
    left = balance.captured_minor - balance.reserved_minor - balance.refunded_minor
    if amount_minor > left:
        raise OverRefund
    balance.reserved_minor += amount_minor
    balance.save(update_fields=["reserved_minor"])


def finish(attempt: Attempt, *, outcome: str, now: datetime) -> None:
    """Close an attempt."""
    attempt.outcome, attempt.finished_at = outcome, now
    attempt.save(update_fields=["outcome", "finished_at", "provider_ref", "error"])


def look_later(compensation: Compensation, now: datetime) -> None:
    """Give the payment free and look again after a pause that grows with every look."""
    pause = _PAUSES[min(compensation.looks, len(_PAUSES) - 1)]
    Compensation.objects.filter(pk=compensation.pk).update(
        looks=F("looks") + 1, next_look_at=now + pause, leased_until=None
    )


def keep(compensation: Compensation, **fields: object) -> None:
    """Write some fields of a locked payment."""
    for name, value in fields.items():
        setattr(compensation, name, value)
    compensation.save(update_fields=list(fields))
