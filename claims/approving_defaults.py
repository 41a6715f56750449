"""
The automatic approval every installation starts with, as migration 0006 lays it down.

Small first claims whose every photo is there, at a low score. A report of loss is left to people:
with no photo to show, the carrier's word alone would move the money.
"""

from __future__ import annotations

from datetime import UTC, datetime

from claims.defaults import FIRST_DAY, LIMITS, Models

CODE = "A1"
TEXT = (
    (
        "Small first claims with every photo in place are approved by rule A1, without waiting for"
        " a person. If this is not what you need, ask for another look: a person decides then."
    ),
    (
        "金额较小、首次提出且照片齐全的理赔，按规则 A1 自动通过，无需等待人工处理。"
        "如不符合您的需要，可申请复核，届时由专人处理。"
    ),
)
REASONS = ["damaged", "wrong_item", "missing_item", "delayed"]
SHARE = (15, 100)
"""Of one person's limit, what the rule approves: about 30 US dollars."""
BUDGET_TIMES = 3
"""A day's budget, in one person's limits: about 600 US dollars."""


def install(models: Models) -> None:
    """Lay down the switch, the rule and the daily budget of each currency that are missing."""
    switches = models.get_model("claims", "AutoSwitch")
    rules = models.get_model("claims", "AutoApprovalRule")
    budgets = models.get_model("claims", "AutoBudget")
    made_at = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC)
    switches.objects.get_or_create(pk=1, defaults={"is_on": True, "changed_at": made_at})
    for currency, single_minor in LIMITS.items():
        rules.objects.get_or_create(
            code=CODE,
            currency=currency,
            valid_from=FIRST_DAY,
            defaults={
                "text_en": TEXT[0],
                "text_zh": TEXT[1],
                "max_minor": single_minor * SHARE[0] // SHARE[1],
                "reasons": REASONS,
                "made_at": made_at,
            },
        )
        if not budgets.objects.filter(currency=currency, disruption=None).exists():
            budgets.objects.create(
                currency=currency,
                amount_minor=single_minor * BUDGET_TIMES,
                valid_from=FIRST_DAY,
                made_at=made_at,
            )
