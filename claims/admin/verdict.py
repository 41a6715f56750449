"""The decision at the right of the workspace: what would be paid, by which rule, by whose yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from claims.admin import deciding, fields, queue
from claims.approvals import Tier
from claims.models import Approval, Claim
from claims.services import approving, decisions, reckoning
from claims.services.refusals import Refusal
from portal.lib.money import Money


@dataclass
class Decision:
    """The decision panel while a claim is under review."""

    refusal: str
    need: approving.Need | None = None
    """Whose yes the sum needs; None where nothing can be decided."""
    result: reckoning.Reckoning | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    total: str = ""
    total_minor: int = 0
    limit: str = ""
    next: str = ""
    """What happens once the button is pressed, in one sentence."""
    counts: str = ""
    """What counts together with the sum, in one sentence."""
    is_above: bool = False
    grants_all: bool = False
    rule: str = ""
    rule_text: str = ""
    button: str = ""


def decision(
    claim: Claim, *, now: datetime, amounts: reckoning.Amounts, typed: Mapping[str, str]
) -> Decision:
    """Reckon the claim with what was typed; whatever is wrong is said, nothing typed is lost."""
    refusal = ""
    try:
        whole = reckoning.preview(claim=claim, now=now)
        result: reckoning.Reckoning = whole
        full = {int(line["key"]): int(line["amount_minor"]) for line in whole.lines}
        try:
            lowered = fields.lowered(amounts, full)
            split = fields.typed_split(claim, typed, whole.split)
            if lowered or split is not None:
                result = reckoning.preview(
                    claim=claim,
                    now=now,
                    amounts=lowered,
                    note=typed.get("note", "").strip() or "-",
                    codes=fields.typed_codes(typed, lowered),
                    split=split,
                )
        except Refusal as error:
            refusal = str(error)
        need = approving.need(
            claim=claim, amount_minor=result.amount_minor, now=now, by_order=result.standing_minor
        )
    except Refusal as error:
        return Decision(refusal=str(error))
    total = Money(result.amount_minor, claim.currency)
    said = total.say(queue.language())
    is_above = need.tier > Tier.ONE
    grants_all = decisions.grants(
        claim=claim, amount_minor=result.amount_minor, whole_minor=whole.amount_minor
    )
    if need.tier == Tier.THREE:
        button = _("Propose %(sum)s to a second person and finance")
    elif is_above:
        button = _("Propose %(sum)s to a second person")
    elif grants_all:
        button = _("Approve %(sum)s")
    else:
        button = _("Offer %(sum)s")
    return Decision(
        need=need,
        result=result,
        refusal=refusal,
        lines=[_line(line, claim.currency, typed) for line in result.lines],
        total=said,
        total_minor=total.minor,
        limit=Money(need.limit.single_minor, claim.currency).say(queue.language()),
        next=deciding.next_after_paying(
            need, grants_all=grants_all, days=claim.policy.answer_days if claim.policy else 7
        ),
        counts=deciding.counted_with(need),
        is_above=is_above,
        grants_all=grants_all,
        rule=result.rule,
        rule_text=result.text_zh if queue.chinese() else result.text_en,
        button=button % {"sum": said},
    )


def _line(line: Mapping[str, Any], currency: str, typed: Mapping[str, str]) -> dict[str, Any]:
    key, quantity, each = (int(line[name]) for name in ("key", "quantity", "each_minor"))
    note = line["note_zh"] if queue.chinese() else line["note_en"]
    label = f"{line['title']} × {line['quantity']}" if line["title"] else note.split(": ")[0]
    return {
        "key": key,
        "label": label,
        "amount": Money(int(line["amount_minor"]), currency).say(queue.language()),
        "full": Money(quantity * each, currency).say(queue.language()),
        "field": f"amount-{key}",
        "value": typed.get(f"amount-{key}")
        or str(Money(int(line["amount_minor"]), currency).major),
        "is_deduction": key < 0,
        "code": typed.get(f"code-{key}", str(line.get("code", ""))),
    }


def is_lowered(verdict: Decision) -> bool:
    """Whether a line is lower than policy gives."""
    return bool(verdict.result and verdict.result.inputs.get("lowered")) and any(
        line["amount"] != line["full"] for line in verdict.lines if not line["is_deduction"]
    )


def lines_of(lines: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, str]]:
    """Return the lines of a kept assessment for ``components/money.html``."""
    return [
        {
            "label": f"{line['title']} × {line['quantity']}"
            if line["title"]
            else (line["note_zh"] if queue.chinese() else line["note_en"]),
            "amount": Money(int(line["amount_minor"]), currency).say(queue.language()),
            "note": (line["note_zh"] if queue.chinese() else line["note_en"])
            if line["title"]
            else "",
        }
        for line in lines
    ]


def live_approval(claim: Claim) -> Approval | None:
    """Return the proposal that stands, if any."""
    standing = (row for row in claim.approvals.all() if row.voided_at is None)
    return max(standing, key=lambda row: row.pk, default=None)
