"""
The policies every installation starts with, as the migrations lay them down.

Policies are dated data: to change one, add a row with a later date in the admin or in a new
migration; never edit what has been in force. Windows are merchants' usual ones; carriers' own
are on their contracts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

FIRST_DAY = date(2020, 1, 1)

Sums = dict[str, int]
"""Currency to minor units."""


@dataclass(frozen=True)
class Ask:
    """One thing to show or to sign: its titles and hints in both languages."""

    kind: str
    title: tuple[str, str]
    hint: tuple[str, str]
    sketch: str
    minimum: int = 1
    medium: str = "photo"
    above: Sums | None = None
    only_if: str = ""


@dataclass(frozen=True)
class Edge:
    """One end of a window: how far from which fact, at home and from abroad."""

    anchor: str
    amount: int = 0
    unit: str = "days"
    abroad: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One reason with its rule in both languages."""

    reason: str
    code: str
    text: tuple[str, str]
    earliest: Edge
    latest: Edge
    sooner: Edge | None = None
    long_stop: tuple[int, str] | None = None
    takes_late: bool = False
    resolutions: tuple[str, ...]
    liable: str
    return_above: Sums | None = None
    refunds_delivery_fee: bool = True
    decide_days: int = 3
    answer_days: int = 7
    asks: tuple[Ask, ...] = field(default=())

    def columns(self) -> dict[str, Any]:
        """Return the rule as the columns of its row."""
        sooner, stop = self.sooner or Edge("", unit="hours"), self.long_stop or (None, "days")
        return {
            "code": self.code,
            "text_en": self.text[0],
            "text_zh": self.text[1],
            "earliest_anchor": self.earliest.anchor,
            "earliest_amount": self.earliest.amount,
            "earliest_abroad": self.earliest.abroad,
            "earliest_unit": self.earliest.unit,
            "sooner_anchor": sooner.anchor,
            "sooner_amount": sooner.amount,
            "sooner_unit": sooner.unit,
            "latest_anchor": self.latest.anchor,
            "latest_amount": self.latest.amount,
            "latest_abroad": self.latest.abroad,
            "latest_unit": self.latest.unit,
            "long_stop_amount": stop[0],
            "long_stop_unit": stop[1],
            "takes_late": self.takes_late,
            "resolutions": list(self.resolutions),
            "liable": self.liable,
            "return_above": self.return_above,
            "refunds_delivery_fee": self.refunds_delivery_fee,
            "decide_days": self.decide_days,
            "answer_days": self.answer_days,
        }


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


HALF = {currency: minor // 2 for currency, minor in LIMITS.items()}
"""About 100 US dollars each: above it a wrong thing is worth its way back."""

_LABEL = Ask(
    "label",
    ("The shipping label", "快递面单"),
    ("The tracking number must be readable.", "运单号须清晰可读。"),
    "label",
)

RULES = (
    Rule(
        reason="lost",
        code="4.1",
        text=(
            (
                "If a parcel has had no scan for 7 days, or 20 days from abroad, or is 48 hours"
                " past its promised day, we give back what you paid for the things in it, and the"
                " delivery fee when none of it came. Tell us within 30 days of the last scan, or"
                " 60 from abroad."
            ),
            (
                "包裹连续 7 天（跨境 20 天）没有扫描记录，或超过承诺送达日 48 小时仍未送达的，"
                "退还其中商品的实付金额；全部未送达的，一并退还运费。"
                "请在最后一次扫描后 30 天（跨境 60 天）内告知我们。"
            ),
        ),
        earliest=Edge("last_scan", 7, abroad=20),
        sooner=Edge("promised", 48, "hours"),
        latest=Edge("last_scan", 30, abroad=60),
        long_stop=(12, "months"),
        resolutions=("refund", "replacement", "other"),
        liable="carrier",
    ),
    Rule(
        reason="damaged",
        code="4.2",
        text=(
            (
                "Things that arrive broken are paid back at the price you paid if you tell us"
                " within 7 days of delivery. We still take reports until 30 days after delivery; a"
                " person then looks at why it took longer. If everything in the parcel is"
                " affected, the delivery fee is paid back too."
            ),
            (
                "商品到货破损，在签收后 7 天内告知我们的，按实付金额退款。签收后 30 天内仍可报告，"
                "届时由专人核实延迟的原因。整个包裹均受影响的，一并退还运费。"
            ),
        ),
        earliest=Edge("delivered"),
        latest=Edge("delivered", 7),
        long_stop=(30, "days"),
        takes_late=True,
        resolutions=("refund", "partial_refund", "replacement", "other"),
        liable="carrier",
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
            _LABEL,
            Ask(
                "serial",
                ("The serial number", "序列号"),
                (
                    "On the back or the underside, if the thing has one.",
                    "通常在商品背面或底部；没有可不拍。",
                ),
                "serial",
                minimum=0,
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
        earliest=Edge("delivered"),
        latest=Edge("delivered", 15),
        resolutions=("refund", "replacement", "other"),
        liable="seller",
        return_above=HALF,
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
            _LABEL,
            Ask(
                "slip",
                ("The packing slip or the barcode", "装箱单或条码"),
                (
                    "The paper that lists what should be inside, or the barcode on the thing.",
                    "列明箱内应有商品的单据，或商品上的条码。",
                ),
                "slip",
            ),
        ),
    ),
    Rule(
        reason="delivered_not_received",
        code="4.4",
        text=(
            (
                "If a parcel is marked delivered and you do not have it, ask around first: most"
                " turn up within two days. After that, and until 30 days after delivery, tell us"
                " and sign that you do not have it. We check the proof of delivery and give back"
                " what you paid if it does not show that you got it."
            ),
            (
                "显示签收但您未收到包裹的，请先向邻居、门卫或快递柜询问，多数会在两天内找到。"
                "签收两天后至 30 天内，请告知我们并签字确认未收到。我们会核对签收凭证，"
                "不能证明您已收到的，退还实付金额。"
            ),
        ),
        earliest=Edge("delivered", 2, abroad=5),
        latest=Edge("delivered", 30),
        resolutions=("refund", "replacement", "other"),
        liable="carrier",
        asks=(
            Ask(
                "statement",
                ("Your statement", "您的声明"),
                (
                    "I do not have this parcel and nobody I asked has it. This statement is true.",
                    "我没有收到此包裹，我询问过的人也没有收到。以上声明属实。",
                ),
                "statement",
                medium="statement",
            ),
            Ask(
                "place",
                ("Where it should be", "应放置包裹的地方"),
                (
                    "The door, porch or letter box where it should have been left.",
                    "包裹本应放置的门口、门廊或信箱。",
                ),
                "place",
                minimum=0,
            ),
            Ask(
                "police",
                ("The police report", "报案回执"),
                (
                    "The first page with its number: above a certain worth we need one.",
                    "拍下写有编号的首页；超过一定价值的包裹需要报案回执。",
                ),
                "report",
                above=LIMITS,
            ),
        ),
    ),
    Rule(
        reason="missing_item",
        code="4.5",
        text=(
            (
                "If something was missing from the box, we pay back its price if you tell us"
                " within 7 days of delivery. We compare what the parcel weighed when it was packed"
                " and on its way."
            ),
            (
                "包裹内少件，在签收后 7 天内告知我们的，按缺少商品的实付金额退款。"
                "我们会比对打包时与运输途中的重量。"
            ),
        ),
        earliest=Edge("delivered"),
        latest=Edge("delivered", 7),
        resolutions=("refund", "replacement", "other"),
        liable="seller",
        asks=(
            Ask(
                "contents",
                ("Everything that was inside", "箱内的全部物品"),
                (
                    "One photo of all that came, laid out side by side.",
                    "把收到的所有物品摆在一起拍一张。",
                ),
                "contents",
            ),
            Ask(
                "box",
                ("The box", "外箱"),
                ("From above, with the label.", "从上方拍，拍到面单。"),
                "box",
            ),
            Ask(
                "seal",
                ("The tape or seal", "胶带或封条"),
                (
                    "Where the box was closed: it shows whether it was opened on the way.",
                    "拍下封口处，可看出途中是否被拆开。",
                ),
                "seal",
            ),
            Ask(
                "scale",
                ("The box on a scale", "称重照片"),
                (
                    "With what is left inside, if you have a scale.",
                    "家中有秤时，连同箱内物品一起称。",
                ),
                "scale",
                minimum=0,
            ),
        ),
    ),
    Rule(
        reason="delayed",
        code="4.6",
        text=(
            (
                "If a parcel comes later than promised by more than one day, we give back the"
                " delivery fee. You do not have to prove anything. Tell us within 30 days of the"
                " promised day."
            ),
            (
                "包裹比承诺送达日晚一天以上送达的，退还运费，您无需提供证明。"
                "请在承诺送达日后 30 天内告知我们。"
            ),
        ),
        earliest=Edge("promised", 2),
        latest=Edge("promised", 30),
        resolutions=("fee_refund", "credit", "other"),
        liable="carrier",
        asks=(
            Ask(
                "need",
                ("What the delay cost you", "延误造成的影响"),
                (
                    "A ticket, an invoice or an invitation with its date, if there is one.",
                    "如有，请拍下带日期的票据、发票或请柬。",
                ),
                "slip",
                minimum=0,
            ),
        ),
    ),
    Rule(
        reason="refused",
        code="4.7",
        text=(
            (
                "You may refuse a parcel at the door, and you should if it is damaged outside. We"
                " give back what you paid once it is on its way back to us. Tell us within 30 days"
                " of the refusal."
            ),
            (
                "您可以当面拒收包裹；外包装破损时应当拒收。包裹开始退回后，退还实付金额。"
                "请在拒收后 30 天内告知我们。"
            ),
        ),
        earliest=Edge("refused"),
        latest=Edge("refused", 30),
        resolutions=("refund", "replacement", "other"),
        liable="nobody",
        asks=(
            Ask(
                "box",
                ("The box from outside", "外包装"),
                (
                    "The damage you saw at the door, if you took a picture.",
                    "签收时看到的破损；当时拍了照的请上传。",
                ),
                "box",
                only_if="why=damaged",
            ),
        ),
    ),
    Rule(
        reason="returned_to_sender",
        code="4.8",
        text=(
            (
                "If a parcel goes back to us, we send it again or give back what you paid. If the"
                " address on the order was wrong, the second delivery fee is yours. Tell us within"
                " 30 days of the first scan on its way back."
            ),
            (
                "包裹被退回的，我们重新寄出或退还实付金额。订单地址有误的，第二次运费由您承担。"
                "请在首次退回扫描后 30 天内告知我们。"
            ),
        ),
        earliest=Edge("returned"),
        latest=Edge("returned", 30),
        resolutions=("refund", "replacement", "other"),
        liable="nobody",
        asks=(
            Ask(
                "address",
                ("Your address", "您的地址"),
                (
                    "A letter or bill with your address, if the carrier could not find it.",
                    "如承运商找不到地址，请拍下写有您地址的信件或账单。",
                ),
                "slip",
                minimum=0,
            ),
        ),
    ),
    Rule(
        reason="not_shipped",
        code="4.9",
        text=(
            (
                "If we have not handed your things to the carrier by the day we should have, you"
                " may cancel and get back all you paid for them, as long as they have not been"
                " sent."
            ),
            ("我们未在应发货日前交给承运商的，在发出之前您可以随时取消，并全额退款。"),
        ),
        earliest=Edge("ship_by"),
        latest=Edge("never"),
        resolutions=("refund", "credit", "other"),
        liable="seller",
        decide_days=1,
    ),
)


DOUBLE_TIMES = 25
"""Two people's limit, in one person's: about 5,000 US dollars."""


class Models(Protocol):
    """Where ``install`` finds its models: the app registry, today's or a migration's."""

    def get_model(self, app_label: str, model_name: str) -> Any:
        """Return a model class."""


def install(models: Models) -> None:
    """Lay down the rows that are missing; rows that stand are left as they are."""
    policies = models.get_model("claims", "ReasonPolicy")
    limits = models.get_model("claims", "ApprovalLimit")
    for rule in RULES:
        policy, is_new = policies.objects.get_or_create(
            reason=rule.reason, valid_from=FIRST_DAY, defaults=rule.columns()
        )
        if is_new:
            ask_for(models, policy, rule)
    for currency, single_minor in LIMITS.items():
        if not limits.objects.filter(currency=currency).exists():
            limits.objects.create(
                currency=currency,
                single_minor=single_minor,
                double_minor=single_minor * DOUBLE_TIMES,
                valid_from=FIRST_DAY,
            )


def ask_for(models: Models, policy: Any, rule: Rule) -> None:
    """Lay down what a rule asks to see."""
    asks = models.get_model("claims", "EvidenceAsk")
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
            medium=ask.medium,
            above=ask.above,
            only_if=ask.only_if,
            position=place,
        )
        for place, ask in enumerate(rule.asks, start=1)
    )
