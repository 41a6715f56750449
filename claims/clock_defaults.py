"""
The service levels every installation starts with, as migration 0007 lays them down.

They are dated data: to change one, add a row with a later date in the admin.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

FIRST_DAY = date(2020, 1, 1)

LEVELS: tuple[dict[str, Any], ...] = (
    {
        "severity": 1, "is_around_the_clock": True, "reply_hours": 1, "decide_hours": 24,
        "pay_hours": 24, "lead_percent": None, "manager_percent": 0,
    },
    {
        "severity": 2, "reply_hours": 4, "decide_days": 2, "pay_days": 1, "lead_percent": 75,
        "manager_percent": 100,
    },
    {
        "severity": 3, "reply_days": 1, "decide_days": 3, "pay_days": 2, "lead_percent": 75,
        "manager_percent": 100,
    },
    {
        "severity": 4, "decide_days": 1, "pay_days": 2, "lead_percent": 75,
        "manager_percent": 100,
    },
)  # fmt: skip

LIMITS = {
    # Minor units; above about 5,000 and 1,000 US dollars, below about 50.
    "AUD": (750_000, 150_000, 7_500),
    "CAD": (700_000, 140_000, 7_000),
    "CHF": (450_000, 90_000, 4_500),
    "CNY": (3_500_000, 700_000, 35_000),
    "EUR": (450_000, 90_000, 4_500),
    "GBP": (400_000, 80_000, 4_000),
    "HKD": (3_900_000, 780_000, 39_000),
    "JPY": (750_000, 150_000, 7_500),
    "KRW": (7_000_000, 1_400_000, 70_000),
    "KWD": (1_500_000, 300_000, 15_000),
    "SGD": (650_000, 130_000, 6_500),
    "TWD": (16_000_000, 3_200_000, 160_000),
    "USD": (500_000, 100_000, 5_000),
}


class Models(Protocol):
    """Where ``install`` finds its models: the app registry, today's or a migration's."""

    def get_model(self, app_label: str, model_name: str) -> Any:
        """Return a model class."""


def install(models: Models) -> None:
    """Lay down the rows that are missing; rows that stand are left as they are."""
    levels = models.get_model("claims", "ServiceLevel").objects
    limits = models.get_model("claims", "SeverityLimit").objects
    known = set(levels.values_list("severity", flat=True))
    for level in LEVELS:
        if level["severity"] not in known:
            levels.create(valid_from=FIRST_DAY, **level)
    known = set(limits.values_list("currency", flat=True))
    for currency, (most, much, little) in LIMITS.items():
        if currency not in known:
            limits.create(
                currency=currency,
                valid_from=FIRST_DAY,
                most_minor=most,
                much_minor=much,
                little_minor=little,
            )
