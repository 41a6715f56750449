"""The risk policy a fresh house begins with; afterwards dated rows in the admin speak."""

from __future__ import annotations

from typing import Any

from claims.agents import AgentSignalKind, Watch
from claims.defaults import FIRST_DAY, LIMITS, Models
from claims.risk import Rule, Signal

CODE = "K-1"

RULES: tuple[Rule, ...] = (
    Rule(Signal.MANY_CLAIMS, 15, at_least=3, days=7),
    Rule(Signal.MANY_CLAIMS, 20, at_least=6, days=30),
    Rule(Signal.HOUR_BURST, 15, at_least=3),
    Rule(Signal.ADDRESS_BURST, 15, at_least=3, days=30),
    Rule(Signal.PRODUCT_BURST, 5, at_least=10, days=7),
    Rule(Signal.CLAIM_SHARE, 15, at_least=75, minimum=3, days=30),
    Rule(Signal.CLAIM_SHARE, 20, at_least=50, minimum=4, days=90),
    Rule(Signal.CLAIM_SHARE, 20, at_least=40, minimum=6, days=365),
    Rule(Signal.VALUE_SHARE, 10, at_least=75, minimum=3, days=30),
    Rule(Signal.VALUE_SHARE, 15, at_least=50, minimum=4, days=90),
    Rule(Signal.VALUE_SHARE, 15, at_least=40, minimum=6, days=365),
    Rule(Signal.DECLINED_BEFORE, 20, at_least=2, days=365),
    Rule(Signal.LINKED, 15),
    Rule(Signal.LINKED_DECLINED, 20),
    Rule(Signal.FORWARDER, 15),
    Rule(Signal.PHOTO_REJECTED, 45),
    Rule(Signal.PHOTO_OTHER, 40),
    Rule(Signal.PHOTO_OWN, 10),
    Rule(Signal.PHOTO_EARLY, 20),
    Rule(Signal.PHOTO_EDITED, 5),
    Rule(Signal.LOST_DELIVERED, 35),
    Rule(Signal.DAMAGED_EARLY, 25),
    Rule(Signal.MISSING_WEIGHT, 30, at_least=20),
    Rule(Signal.REFUSED_KEPT, 30),
    *(
        Rule(Signal.HIGH_VALUE, 15, at_least=limit * 5 // 2, currency=currency)
        for currency, limit in LIMITS.items()
    ),
)
"""No single weak signal reaches the desk by itself; one strong one does, or two weak ones."""

WATCHES: tuple[Watch, ...] = (
    Watch(AgentSignalKind.PACE, at_least=15, percent=300, days=28),
    Watch(AgentSignalKind.SAME_SHOPPER, at_least=3, days=30),
    Watch(AgentSignalKind.OWN_DETAILS, days=30),
    Watch(AgentSignalKind.UNDER_LIMIT, at_least=5, percent=50, days=30, margin_percent=10),
    Watch(AgentSignalKind.NIGHT, at_least=5, days=7, from_hour=22, until_hour=6),
)
"""What is unusual at the desk, until somebody who knows the desk says otherwise."""


def install(models: Models) -> None:
    """Lay down the first policy if there is none; rows that stand are left as they are."""
    policies: Any = models.get_model("claims", "RiskPolicy")
    rules: Any = models.get_model("claims", "RiskRule")
    if policies.objects.exists():
        return
    policy = policies.objects.create(code=CODE, valid_from=FIRST_DAY)
    rules.objects.bulk_create(
        rules(
            policy=policy,
            signal=str(rule.signal),
            points=rule.points,
            at_least=rule.at_least,
            minimum=rule.minimum,
            days=rule.days,
            currency=rule.currency,
        )
        for rule in RULES
    )
    watches: Any = models.get_model("claims", "WatchRule")
    watches.objects.bulk_create(
        watches(
            policy=policy,
            kind=str(watch.kind),
            at_least=watch.at_least,
            percent=watch.percent,
            days=watch.days,
            margin_percent=watch.margin_percent,
            from_hour=watch.from_hour,
            until_hour=watch.until_hour,
        )
        for watch in WATCHES
    )
