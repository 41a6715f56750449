"""
The policies every installation starts with, as migration 0002 lays them down.

Policies are dated data: to change one, add a row with a later date in the admin or in a new
migration; never edit what has been in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

FIRST_DAY = date(2020, 1, 1)


@dataclass(frozen=True)
class Ask:
    """One kind of photo: its titles and hints in both languages."""

    kind: str
    title: tuple[str, str]
    hint: tuple[str, str]
    sketch: str
    minimum: int = 1


@dataclass(frozen=True)
class Rule:
    """One reason with its rule in both languages."""

    reason: str
    code: str
    text: tuple[str, str]
    window_days: int
    wait_days: int = 0
    decide_days: int = 3
    answer_days: int = 7
    asks: tuple[Ask, ...] = ()


RULES = (
    Rule(
        reason="lost",
        code="4.1",
        text=(
            (
                "If a parcel has had no scan for 7 days, or is 48 hours past its promised day, we"
                " give back what you paid for the things in it, and the delivery fee when none of"
                " it came."
            ),
            (
                "包裹连续 7 天没有扫描记录，或超过承诺送达日 48 小时仍未送达的，"
                "退还其中商品的实付金额；全部未送达的，一并退还运费。"
            ),
        ),
        window_days=60,
        wait_days=7,
    ),
    Rule(
        reason="damaged",
        code="4.2",
        text=(
            (
                "Things that arrive broken are paid back at the price you paid if you tell us"
                " within 30 days of delivery. If everything in the parcel is affected, the delivery"
                " fee is paid back too."
            ),
            (
                "商品到货破损，在签收后 30 天内告知我们的，按实付金额退款；"
                "整个包裹均受影响的，一并退还运费。"
            ),
        ),
        window_days=30,
        asks=(
            Ask(
                "item",
                ("What broke", "破损的商品"),
                ("The damage close up, in good light.", "在光线充足处近拍破损处。"),
                "item",
            ),
            Ask(
                "box",
                ("The whole box", "整个外箱"),
                (
                    "Two photos from opposite corners, so that we see all six sides.",
                    "从两个对角各拍一张，能看到全部六个面。",
                ),
                "box",
                minimum=2,
            ),
            Ask(
                "padding",
                ("The padding inside", "箱内的填充物"),
                (
                    "How it was packed: paper, foam or whatever held it.",
                    "商品是如何包装的：纸、泡沫或其他填充物。",
                ),
                "padding",
            ),
            Ask(
                "label",
                ("The shipping label", "快递面单"),
                ("The tracking number must be readable.", "运单号须清晰可读。"),
                "label",
            ),
        ),
    ),
    Rule(
        reason="wrong_item",
        code="4.3",
        text=(
            (
                "If something other than what you ordered came, we pay back its price if you tell"
                " us within 15 days of delivery, and the delivery fee when nothing in the parcel"
                " was right."
            ),
            (
                "收到的商品与订购的不符，在签收后 15 天内告知我们的，按实付金额退款；"
                "整个包裹均不符的，一并退还运费。"
            ),
        ),
        window_days=15,
        asks=(
            Ask(
                "item",
                ("What came", "收到的商品"),
                (
                    "The whole thing, with its name or barcode if it has one.",
                    "拍下整件商品；如有名称或条码，请一并拍到。",
                ),
                "item",
            ),
            Ask(
                "label",
                ("The shipping label", "快递面单"),
                ("The tracking number must be readable.", "运单号须清晰可读。"),
                "label",
            ),
            Ask(
                "slip",
                ("The packing slip", "装箱单"),
                ("The paper that lists what should be inside.", "列明箱内应有商品的单据。"),
                "slip",
                minimum=0,
            ),
        ),
    ),
)

LIMITS = {
    # Minor units; about 200 US dollars each.
    "AUD": 30_000,
    "CAD": 28_000,
    "CHF": 18_000,
    "CNY": 140_000,
    "EUR": 18_000,
    "GBP": 16_000,
    "HKD": 155_000,
    "JPY": 30_000,
    "KRW": 280_000,
    "KWD": 60_000,
    "SGD": 26_000,
    "TWD": 640_000,
    "USD": 20_000,
}


class Models(Protocol):
    """Where ``install`` finds its models: the app registry, today's or a migration's."""

    def get_model(self, app_label: str, model_name: str) -> Any:
        """Return a model class."""


def install(models: Models) -> None:
    """Lay down the rows that are missing; rows that stand are left as they are."""
    policies = models.get_model("claims", "ReasonPolicy")
    asks = models.get_model("claims", "EvidenceAsk")
    limits = models.get_model("claims", "ApprovalLimit")
    for rule in RULES:
        policy, is_new = policies.objects.get_or_create(
            reason=rule.reason,
            valid_from=FIRST_DAY,
            defaults={
                "code": rule.code,
                "text_en": rule.text[0],
                "text_zh": rule.text[1],
                "window_days": rule.window_days,
                "wait_days": rule.wait_days,
                "decide_days": rule.decide_days,
                "answer_days": rule.answer_days,
            },
        )
        if is_new:
            asks.objects.bulk_create(
                asks(
                    policy=policy,
                    kind=ask.kind,
                    title_en=ask.title[0],
                    title_zh=ask.title[1],
                    hint_en=ask.hint[0],
                    hint_zh=ask.hint[1],
                    sketch=ask.sketch,
                    minimum=ask.minimum,
                    position=place,
                )
                for place, ask in enumerate(rule.asks, start=1)
            )
    for currency, single_minor in LIMITS.items():
        if not limits.objects.filter(currency=currency).exists():
            limits.objects.create(
                currency=currency, single_minor=single_minor, valid_from=FIRST_DAY
            )
