"""
What a claim is worth by our policy, who answers for it, and what its carrier should pay us.

The same numbers whether they are looked at or decided on: everybody comes in by ``preview``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from claims import rules
from claims.models import (
    Approval,
    Assessment,
    CarrierContract,
    Claim,
    ClaimLine,
    Consignment,
    Evidence,
    PaymentBalance,
    ReasonPolicy,
)
from claims.rules import Claimed, Line, Share, Split
from claims.services import contracts, policies
from claims.services.contracts import Expectation
from claims.services.refusals import NoWords, Refusal
from claims.states import (
    ClaimReason,
    ClaimState,
    CompensationState,
    LookedAt,
    LoweredCode,
)
from portal.lib.money import Money
from tracking.models import OrderLine, ParcelLine

Amounts = Mapping[int, int | Share]
PHOTO = "photo:"
S = ClaimState


class WrongAmount(Refusal):
    """A line was set above what was paid for it, below nothing, or does not exist."""

    code = "wrong_amount"
    sentence = _("Each line may be lowered, down to nothing, but never raised.")


class UnknownLoweredCode(Refusal):
    """The reason for lowering a line is not on our list."""

    code = "unknown_lowered_code"
    sentence = _("Choose from the list why a line is lower.")


class WrongSplit(Refusal):
    """The shares of the blame do not sum to the whole, or belong to nobody we know."""

    code = "wrong_split"
    sentence = _("The shares have to come to 100 percent together, none below nothing.")


class SplitNeedsEvidence(Refusal):
    """Somebody shifted the blame without saying by what."""

    code = "split_needs_evidence"
    sentence = _("Say why it is split so, and tick what shows it.")


@dataclass(frozen=True, kw_only=True)
class Reckoning:
    """What a claim is worth, line by line, with the rule that says so, and who answers for it."""

    policy: ReasonPolicy
    lines: list[dict[str, Any]]
    amount_minor: int
    currency: str
    rule: str
    text_en: str
    text_zh: str
    inputs: dict[str, Any]
    caps: list[dict[str, Any]] = field(default_factory=list)
    explanation_en: str = ""
    explanation_zh: str = ""
    split: Split
    consignment: Consignment | None = None
    """What was noted of the shipment, if anything."""
    packed: Mapping[int, int] = field(default_factory=dict)
    """What is in the claim's parcel: order line to how many."""
    standing_minor: int = 0
    """What the order's approvals that are not void come to."""
    contract: CarrierContract | None = None
    recovery: list[dict[str, Any]] = field(default_factory=list)
    recovery_low_minor: int = 0
    recovery_high_minor: int | None = None
    recovery_rules: list[str] = field(default_factory=list)
    recovery_missing: list[str] = field(default_factory=list)
    recovery_en: str = ""
    recovery_zh: str = ""

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
            "caps": self.caps,
            "explanation": [self.explanation_en, self.explanation_zh],
            "split": [
                {party: self.split.of(party) for party in rules.PARTIES},
                self.split.text_en,
                self.split.text_zh,
                list(self.split.evidence),
                self.split.is_by_person,
            ],
            "contract": self.contract.version if self.contract else None,
            "recovery": [
                self.recovery,
                self.recovery_low_minor,
                self.recovery_high_minor,
                self.recovery_rules,
                self.recovery_missing,
                self.recovery_en,
                self.recovery_zh,
            ],
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def preview(
    *,
    claim: Claim,
    now: datetime,
    amounts: Amounts | None = None,
    note: str = "",
    codes: Mapping[int, str] | None = None,
    split: Split | None = None,
    wish: str | None = None,
) -> Reckoning:
    """
    Reckon what the claim is worth and keep nothing.

    ``amounts`` lowers lines, to a sum or by a share, for the reasons in ``codes``; ``split`` is a
    person's in place of the usual one; ``wish`` asks what another wish would come to.

    :raises WrongAmount: if a line is raised or unknown.
    :raises UnknownLoweredCode: for a reason that is not on our list.
    :raises NoWords: if a line is lowered without saying why.
    :raises SplitNeedsEvidence: if a person splits the blame without words and evidence.
    """
    policy = claim.policy or policies.policy_for(reason=claim.reason, now=now)
    things = claim.things()
    whole = [
        Claimed(
            key=line.order_line_id,
            title=line.order_line.title,
            quantity=line.quantity,
            each_minor=line.price_minor,
        )
        for line in things
    ]
    inside = _inside(claim)
    is_fee_only = rules.is_fee_only(
        wish=claim.wish if wish is None else wish, offered=policy.resolutions
    )
    is_all = _is_all(claim, whole, inside)
    share = _fee(claim, inside)
    fee = share if is_fee_only or (policy.refunds_delivery_fee and is_all) else 0
    claimed = [] if is_fee_only else whole
    lowered, chosen = dict(amounts or {}), dict(codes or {})
    given, left = granted(claim), _left(claim)
    most = _most(claim, things, share, given)
    full = {item.key: item.quantity * item.each_minor for item in claimed} | {rules.FEE_KEY: fee}
    full = {key: min(minor, max(0, most.get(key, minor))) for key, minor in full.items()}
    _check_lowered(lowered, chosen, full, note)
    try:
        lines = rules.reckon(
            claimed=claimed, fee_minor=fee, already_minor=given.here_minor, left_minor=left,
            amounts=lowered, note=note.strip(), codes=chosen, most=most,
        )  # fmt: skip
    except ValueError as error:
        raise WrongAmount(detail=error) from error
    parcel = claim.parcel
    # While the shopper still writes, nobody asks what the carrier owes.
    noted = contracts.consignment_of(parcel) if parcel and claim.state != S.DRAFT else None
    blame = split or rules.usual_split(
        reason=claim.reason,
        liable=policy.liable,
        party=parcel.party if parcel else "",
        circumstances=noted.circumstances if noted else (),
    )
    expectation = contracts.expect(
        parcel=None if claim.state == S.DRAFT else parcel,
        consignment=noted,
        reason=claim.reason,
        loss=_loss(claim, lines, {line.order_line_id: line.order_line for line in things}, inside),
        carrier_bp=blame.of("carrier"),
        now=now,
    )
    amount = sum(line.amount_minor for line in lines)
    told_fee = _Fee(
        currency=claim.currency,
        whole_minor=claim.order.shipping_minor,
        share_minor=share,
        is_ruled_out=not policy.refunds_delivery_fee,
    )
    parts = expectation.answer.parts
    return Reckoning(
        policy=policy,
        lines=[asdict(line) for line in lines],
        amount_minor=amount,
        currency=claim.currency,
        rule=policy.code,
        text_en=policy.text_en,
        text_zh=policy.text_zh,
        inputs={
            "policy": policy.pk,
            "fee_minor": fee,
            "fee_only": is_fee_only,
            "whole_parcel": is_all,
            "already_minor": given.here_minor,
            "elsewhere": {str(key): minor for key, minor in sorted(given.elsewhere.items())},
            "left_minor": left,
            "lowered": {str(key): _plain(value) for key, value in sorted(lowered.items())},
            "codes": {str(key): code for key, code in sorted(chosen.items())},
            "note": note.strip(),
            "carrier": dict(expectation.inputs),
        },
        caps=_caps(lines, left, expectation, claim.currency),
        explanation_en=_explained(lines, amount, told_fee, "en"),
        explanation_zh=_explained(lines, amount, told_fee, "zh"),
        split=blame,
        consignment=noted,
        packed={key: line.quantity for key, line in inside.get(claim.parcel_id or 0, {}).items()},
        standing_minor=given.standing_minor,
        contract=expectation.standing.contract,
        recovery=[
            {"key": part.key, "low_minor": part.low, "high_minor": part.high} for part in parts
        ],
        recovery_low_minor=expectation.answer.low,
        recovery_high_minor=expectation.answer.high,
        recovery_rules=expectation.rules,
        recovery_missing=list(expectation.answer.missing),
        recovery_en=expectation.text("en"),
        recovery_zh=expectation.text("zh"),
    )


def split_of(
    *, claim: Claim, parts: Mapping[str, int], text: str, evidence: Sequence[str]
) -> Split:
    """
    Return a person's split of the blame, in hundredths of a percent.

    ``evidence`` names photos of the claim as ``photo:<token>`` and words of ``LookedAt``.

    :raises WrongSplit: if the parts do not sum to the whole.
    :raises SplitNeedsEvidence: without words, or without evidence that this claim has.
    """
    photos = {
        f"{PHOTO}{token}"
        for token in Evidence.objects.filter(claim=claim, removed_at=None).values_list(
            "token", flat=True
        )
    }
    shown = tuple(dict.fromkeys(evidence))
    if not text.strip() or not shown or set(shown) - photos - set(LookedAt.values):
        raise SplitNeedsEvidence
    try:
        return Split(
            {party: part for party, part in parts.items() if part},
            text.strip(),
            text.strip(),
            shown,
            is_by_person=True,
        )
    except ValueError as error:
        raise WrongSplit from error


# --- Parts ----------------------------------------------------------


def _plain(value: int | Share) -> int | str:
    return f"{value.bp} bp" if isinstance(value, Share) else value


def _check_lowered(
    lowered: Amounts, codes: Mapping[int, str], full: Mapping[int, int], note: str
) -> None:
    if any(code not in LoweredCode.values for code in codes.values()):
        raise UnknownLoweredCode
    given = {
        key: value.of(full.get(key, 0)) if isinstance(value, Share) else value
        for key, value in lowered.items()
    }
    if any(amount < full.get(key, 0) for key, amount in given.items()) and not note.strip():
        raise NoWords


def _inside(claim: Claim) -> dict[int, dict[int, ParcelLine]]:
    """Return what is in each parcel of the order, by order line."""
    found: dict[int, dict[int, ParcelLine]] = {}
    for line in ParcelLine.objects.filter(parcel__order=claim.order_id).select_related(
        "order_line"
    ):
        found.setdefault(line.parcel_id, {})[line.order_line_id] = line
    return found


def _is_all(
    claim: Claim, claimed: Sequence[Claimed], inside: Mapping[int, Mapping[int, ParcelLine]]
) -> bool:
    """Test whether everything in the parcel is claimed, or in the order if there is no parcel."""
    have = {item.key: item.quantity for item in claimed}
    if not have:
        return False
    if claim.parcel_id is None:
        lines = OrderLine.objects.filter(order=claim.order_id)
        return have == {line.pk: line.quantity for line in lines}
    here = inside.get(claim.parcel_id, {})
    return have == {key: line.quantity for key, line in here.items()}


def _fee(claim: Claim, inside: Mapping[int, Mapping[int, ParcelLine]]) -> int:
    """Return the parcel's share of the delivery fee, all of it if nothing was sent."""
    order = claim.order
    if not order.shipping_minor:
        return 0
    if claim.parcel_id is None:
        return 0 if inside else order.shipping_minor
    values = {
        parcel: sum(line.quantity * line.order_line.price_minor for line in lines.values())
        for parcel, lines in inside.items()
    }
    parcels = sorted(values)
    if claim.parcel_id not in values:
        return 0
    return rules.fee_share(
        fee=Money(order.shipping_minor, order.currency),
        values=[values[pk] for pk in parcels],
        index=parcels.index(claim.parcel_id),
    )


def _loss(
    claim: Claim,
    lines: Sequence[Line],
    things: Mapping[int, OrderLine],
    inside: Mapping[int, Mapping[int, ParcelLine]],
) -> contracts.Loss:
    """Return what was lost as a carrier sees it: at the price paid, at cost, and of how much."""
    goods = [line for line in lines if line.key > rules.FEE_KEY]
    if claim.reason == ClaimReason.DELAYED:
        fee = sum(line.amount_minor for line in lines if line.key == rules.FEE_KEY)
        return contracts.Loss(currency=claim.currency, loss_minor=fee)
    loss = sum(line.amount_minor for line in goods)
    costs = [
        None if cost is None else _part(cost * line.quantity, line)
        for line in goods
        for cost in [things[line.key].cost_minor]
    ]
    here = inside.get(claim.parcel_id or 0, {})
    value = sum(line.quantity * line.order_line.price_minor for line in here.values())
    return contracts.Loss(
        currency=claim.currency,
        loss_minor=min(loss, claim.order.captured_minor),
        cost_minor=None if None in costs else sum(cost or 0 for cost in costs),
        value_minor=value or None,
        is_total=bool(goods) and loss >= value,
    )


def _part(cost_minor: int, line: Line) -> int:
    """Return the cost of the part of a line that is lost, cut to a whole unit."""
    return cost_minor * line.amount_minor // line.full_minor if line.full_minor else cost_minor


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What was granted before for one order, in minor units."""

    here_minor: int
    """What the claim itself has had or is being paid."""
    elsewhere: Mapping[int, int]
    """What the order's other claims were granted, by line."""
    fee_here_minor: int
    """What of the fee other claims on the same parcel were granted."""
    standing_minor: int
    """What every approval of the order comes to that is not void."""


def granted(claim: Claim) -> Granted:
    """
    Return what the order's claims were granted before, so that nothing is given back twice.

    A yes counts from the moment it is proposed until it is void. What a bank sent back counts for
    the claim that still has to pay it another way, not for that claim's own sum.
    """
    here, fee_here, standing = 0, 0, 0
    elsewhere: dict[tuple[int, int], int] = {}
    rows = Approval.objects.filter(claim__order=claim.order_id, voided_at=None).select_related(
        "claim", "assessment", "compensation"
    )
    for row in rows:
        standing += row.amount_minor
        paid = getattr(row, "compensation", None)
        has_failed = paid is not None and paid.state in _CAME_BACK
        if row.claim_id == claim.pk:
            here += row.amount_minor if paid is not None and not has_failed else 0
            continue
        if has_failed and row.claim.state != S.COMPENSATION_FAILED:
            continue
        for line in row.assessment.lines:
            key, minor = int(line["key"]), int(line["amount_minor"])
            # A claim that is paid twice lists a line in both assessments and deducts the first.
            at = (row.claim_id, key)
            if key >= rules.FEE_KEY and minor > elsewhere.get(at, 0):
                if key == rules.FEE_KEY and row.claim.parcel_id == claim.parcel_id:
                    fee_here += minor - elsewhere.get(at, 0)
                elsewhere[at] = minor
    by_line: dict[int, int] = {}
    for (_claim, key), minor in elsewhere.items():
        by_line[key] = by_line.get(key, 0) + minor
    return Granted(
        here_minor=here, elsewhere=by_line, fee_here_minor=fee_here, standing_minor=standing
    )


def overlaps(*, claim: Claim, assessment: Assessment) -> bool:
    """Test whether other claims were granted by now what this assessment would give again."""
    given = granted(claim)
    if not given.elsewhere:
        return False
    most = _most(claim, claim.things(), _fee(claim, _inside(claim)), given)
    found = {int(line["key"]): int(line["amount_minor"]) for line in assessment.lines}
    return any(minor > max(0, most[key]) for key, minor in found.items() if key in most)


def _most(
    claim: Claim, things: Sequence[ClaimLine], share_minor: int, given: Granted
) -> dict[int, int]:
    """Return what the order's other claims leave of each line and of the parcel's fee."""
    fee = min(
        share_minor - given.fee_here_minor,
        claim.order.shipping_minor - given.elsewhere.get(rules.FEE_KEY, 0),
    )
    return {rules.FEE_KEY: fee} | {
        line.order_line_id: line.order_line.quantity * line.price_minor
        - given.elsewhere.get(line.order_line_id, 0)
        for line in things
    }


_CAME_BACK = (CompensationState.FAILED, CompensationState.REVERSED)


def _left(claim: Claim) -> int:
    """Return what the order's payment can still give back."""
    balance = PaymentBalance.objects.filter(order=claim.order_id).first()
    if balance is None:
        return claim.order.captured_minor
    return balance.captured_minor - balance.reserved_minor - balance.refunded_minor


# --- Words ----------------------------------------------------------


def _caps(
    lines: Sequence[Line], left: int, expectation: Expectation, currency: str
) -> list[dict[str, Any]]:
    """Return the limits that held: what the payment can give back, and what the carrier pays."""
    most = Money(left, currency)
    caps = [
        {
            "code": "left_of_the_payment",
            "limit_minor": left,
            "is_binding": any(line.key == rules.CAP_KEY for line in lines),
            "text_en": f"Of what was paid for the order, {most.say('en')} can still be given back.",
            "text_zh": f"订单实付中还可退{most.say('zh')}。",
        }
    ]
    answer = expectation.answer
    if expectation.standing.contract is not None:
        caps.append(
            {
                "code": "carrier_terms",
                "limit_minor": answer.high,
                "is_binding": answer.is_known,
                "text_en": answer.total.en,
                "text_zh": answer.total.zh,
            }
        )
    return caps


@dataclass(frozen=True, kw_only=True)
class _Fee:
    """What there is to say of the delivery fee, in minor units."""

    currency: str
    whole_minor: int
    share_minor: int
    is_ruled_out: bool


def _explained(lines: Sequence[Line], amount: int, fee: _Fee, language: str) -> str:
    """Return a sentence for every number the shopper is shown, and for a fee that is left out."""
    told = [_sentence(line, fee, language) for line in lines]
    if fee.share_minor and not any(line.key == rules.FEE_KEY for line in lines):
        told.append(_left_out(fee, language))
    total = Money(amount, fee.currency).say(language)
    told.append(f"合计{total}。" if language == "zh" else f"Together: {total}.")
    return "\n".join(told)


def _left_out(fee: _Fee, language: str) -> str:
    if language == "zh":
        why = "该规则不退运费" if fee.is_ruled_out else "未对整个包裹申请理赔"
        return f"运费：不退，因为{why}。"
    why = (
        "this rule does not give it back"
        if fee.is_ruled_out
        else "not all of the parcel is claimed"
    )
    return f"Delivery fee: not counted, {why}."


def _paid(line: Line, fee: _Fee, language: str) -> str:
    """Say what a line that nobody lowered is: the price paid, or a parcel's share of the fee."""
    if line.key == rules.FEE_KEY and line.full_minor < fee.whole_minor:
        whole = Money(fee.whole_minor, fee.currency).say(language)
        return (
            f"您所付{whole}中本包裹的份额"
            if language == "zh"
            else (f"this parcel's share of the {whole} you paid")
        )
    return "即您支付的金额" if language == "zh" else "what you paid"


def _sentence(line: Line, fee: _Fee, language: str) -> str:
    currency = fee.currency
    sum_ = Money(abs(line.amount_minor), currency).say(language)
    full = Money(abs(line.full_minor), currency).say(language)
    named = f"{line.title} × {line.quantity}"
    is_less = line.key >= rules.FEE_KEY and line.amount_minor != line.full_minor
    if language == "zh":
        if line.key == rules.FEE_KEY:
            named = "运费"
        if line.key == rules.PAID_KEY:
            return f"此前已退{sum_}，予以扣除。"
        if line.key == rules.CAP_KEY:
            return f"退款不超过订单实付，减{sum_}。"
        if not is_less:
            return f"{named}：{sum_}，{_paid(line, fee, language)}。"
        share = f"（{_percent(line.share_bp)}%）" if line.share_bp is not None else ""
        return f"{named}：{full}中的{sum_}{share}。{line.note_zh.split('：', 1)[-1]}"
    if line.key == rules.FEE_KEY:
        named = "Delivery fee"
    if line.key == rules.PAID_KEY:
        return f"{sum_} was given back before and is taken off."
    if line.key == rules.CAP_KEY:
        return f"{sum_} is taken off: no more than was paid for the order can be given back."
    if not is_less:
        return f"{named}: {sum_}, {_paid(line, fee, language)}."
    share = f" ({_percent(line.share_bp)} %)" if line.share_bp is not None else ""
    return f"{named}: {sum_} of {full}{share}. {line.note_en.split(': ', 1)[-1]}"


def _percent(bp: int | None) -> str:
    return f"{(bp or 0) / 100:g}"
