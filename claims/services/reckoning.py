"""What a claim is worth by policy; the same numbers whether looked at or decided on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from claims import rules
from claims.models import Claim, Compensation, PaymentBalance, ReasonPolicy
from claims.services import policies
from claims.services.refusals import NoWords, Refusal
from claims.states import RESERVING, CompensationState
from portal.lib.money import Money
from tracking.models import ParcelLine


class WrongAmount(Refusal):
    """A line was set above what was paid for it, below nothing, or does not exist."""

    code = "wrong_amount"
    sentence = _("Each line may be lowered, down to nothing, but never raised.")


@dataclass(frozen=True, kw_only=True)
class Reckoning:
    """What a claim is worth, line by line, with the rule that says so."""

    policy: ReasonPolicy
    lines: list[dict[str, Any]]
    amount_minor: int
    currency: str
    rule: str
    text_en: str
    text_zh: str
    inputs: dict[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 over everything a yes depends on."""
        content = {
            "lines": self.lines,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "rule": self.rule,
            "text_en": self.text_en,
            "text_zh": self.text_zh,
            "inputs": self.inputs,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def preview(
    *,
    claim: Claim,
    now: datetime,
    amounts: Mapping[int, int] | None = None,
    note: str = "",
) -> Reckoning:
    """
    Reckon what the claim is worth and keep nothing.

    :raises WrongAmount: if a line is raised or unknown.
    :raises NoWords: if a line is lowered without saying why.
    """
    policy = claim.policy or policies.policy_for(reason=claim.reason, now=now)
    claimed = [
        rules.Claimed(
            key=line.order_line_id,
            title=line.order_line.title,
            quantity=line.quantity,
            each_minor=line.price_minor,
        )
        for line in claim.lines.select_related("order_line").order_by(
            "order_line__position", "order_line_id"
        )
    ]
    fee = _fee(claim, policy, claimed)
    already = _already(claim)
    left = _left(claim)
    lowered = dict(amounts or {})
    full = {item.key: item.quantity * item.each_minor for item in claimed} | {rules.FEE_KEY: fee}
    if any(amount < full.get(key, 0) for key, amount in lowered.items()) and not note.strip():
        raise NoWords
    try:
        lines = rules.reckon(
            claimed=claimed,
            fee_minor=fee,
            already_minor=already,
            left_minor=left,
            amounts=lowered,
            note=note.strip(),
        )
    except ValueError as error:
        raise WrongAmount(detail=error) from error
    return Reckoning(
        policy=policy,
        lines=[asdict(line) for line in lines],
        amount_minor=sum(line.amount_minor for line in lines),
        currency=claim.currency,
        rule=policy.code,
        text_en=policy.text_en,
        text_zh=policy.text_zh,
        inputs={
            "policy": policy.pk,
            "fee_minor": fee,
            "already_minor": already,
            "left_minor": left,
            "lowered": {str(key): amount for key, amount in sorted(lowered.items())},
            "note": note.strip(),
        },
    )


def _fee(claim: Claim, policy: ReasonPolicy, claimed: list[rules.Claimed]) -> int:
    """Return the parcel's share of the delivery fee if policy gives it and all of it failed."""
    order = claim.order
    if not policy.refunds_delivery_fee or not order.shipping_minor or not claimed:
        return 0
    values: dict[int, int] = {}
    here: dict[int, int] = {}
    for line in ParcelLine.objects.filter(parcel__order=order).select_related("order_line"):
        worth = line.quantity * line.order_line.price_minor
        values[line.parcel_id] = values.get(line.parcel_id, 0) + worth
        if line.parcel_id == claim.parcel_id:
            here[line.order_line_id] = line.quantity
    if {item.key: item.quantity for item in claimed} != here:
        return 0
    parcels = sorted(values)
    return rules.fee_share(
        fee=Money(order.shipping_minor, order.currency),
        values=[values[pk] for pk in parcels],
        index=parcels.index(claim.parcel_id),
    )


def _already(claim: Claim) -> int:
    """Return what this claim has had or is being paid."""
    return sum(
        Compensation.objects.filter(
            claim=claim, state__in=[*RESERVING, CompensationState.SUCCEEDED]
        ).values_list("amount_minor", flat=True)
    )


def _left(claim: Claim) -> int:
    """Return what the order's payment can still give back."""
    balance = PaymentBalance.objects.filter(order=claim.order_id).first()
    if balance is None:
        return claim.order.captured_minor
    return balance.captured_minor - balance.reserved_minor - balance.refunded_minor
