"""How a carrier's liability is explained: one plain sentence in each language for every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from babel.numbers import get_currency_precision

from portal.lib.money import Money

SDR = "XDR"
"""The code of the International Monetary Fund's special drawing right."""


@dataclass(frozen=True)
class Words:
    """One sentence in both languages, and the place in the terms that it explains."""

    en: str
    zh: str
    rule: str = ""


def units(currency: str) -> int:
    """Return how many minor units one major unit has: 100 cents, 1 yen, 1000 fils."""
    return int(10 ** get_currency_precision(currency))


def plain(number: Decimal | Fraction) -> str:
    """Write a number without needless noughts, to six decimals at most."""
    if isinstance(number, Fraction):
        number = Decimal(number.numerator) / Decimal(number.denominator)
    text = f"{round(number, 6):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def say(minor: Fraction | int, currency: str, language: str) -> str:
    """Say a sum, cut to whole minor units; special drawing rights say so."""
    money = Money(int(minor // 1), currency)
    if currency == SDR:
        return f"{money.major:f} SDR" if language == "en" else f"{money.major:f} 特别提款权"
    return money.say(language)


def _both(minor: Fraction | int, currency: str) -> tuple[str, str]:
    return say(minor, currency, "en"), say(minor, currency, "zh")


def converted(
    minor: Fraction, currency: str, into: Fraction, target: str, *, rate: str, on: date, rule: str
) -> Words:
    """Explain a conversion by a dated rate."""
    (from_en, from_zh), (to_en, to_zh) = _both(minor, currency), _both(into, target)
    named = "SDR" if currency == SDR else currency
    return Words(
        f"{from_en} is {to_en}, at {rate} {target} for one {named} as of {on:%Y-%m-%d}.",
        f"{from_zh}按 {on:%Y-%m-%d} 的汇率（1 {named} = {rate} {target}）折合 {to_zh}。",
        rule,
    )


def old_rate(days: int, rule: str) -> Words:
    """Say that a rate is old."""
    return Words(
        f"That rate is {days} days older than the shipment: add a newer one.",
        f"该汇率比寄出日期早 {days} 天，请补充更新的汇率。",
        rule,
    )


def no_rate(currency: str, target: str, rule: str) -> Words:
    """Say that a rate is missing."""
    return Words(
        f"There is no rate from {currency} to {target} for that day, so this limit cannot be told.",
        f"当日没有 {currency} 兑 {target} 的汇率，无法得出这一限额。",
        rule,
    )


def flat(minor: Fraction, currency: str, parcels: int, rule: str) -> Words:
    """Explain a fixed limit."""
    en, zh = _both(minor, currency)
    if parcels > 1:
        return Words(
            f"The limit is {en} for {parcels} parcels.", f"{parcels} 个包裹的限额为{zh}。", rule
        )
    return Words(f"The limit is {en}.", f"限额为{zh}。", rule)


def per_kg(minor: Fraction, each: Fraction, grams: int, currency: str, rule: str) -> Words:
    """Explain a limit by weight."""
    (en, zh), (each_en, each_zh) = _both(minor, currency), _both(each, currency)
    kilos = plain(Fraction(grams, 1000))
    return Words(
        f"{kilos} kg at {each_en} a kilogram make {en}.",
        f"{kilos} 千克，每千克 {each_zh}，限额为{zh}。",
        rule,
    )


def declared(minor: Fraction, currency: str, by: str, rule: str) -> Words:
    """Explain a limit at what was declared or insured."""
    en, zh = _both(minor, currency)
    verb = "insured" if by == "insured" else "declared"
    return Words(f"{en} was {verb}.", f"{'保价' if by == 'insured' else '声明价值'}为{zh}。", rule)


def nothing_declared(by: str, rule: str) -> Words:
    """Say that nothing was declared or insured."""
    if by == "insured":
        return Words("Nothing was insured.", "未保价。", rule)
    return Words("No value was declared.", "未声明价值。", rule)


def freight(minor: Fraction, fee: int, times: Decimal, currency: str, rule: str) -> Words:
    """Explain a limit at so many times the freight."""
    (en, zh), (fee_en, fee_zh) = _both(minor, currency), _both(fee, currency)
    return Words(
        f"{plain(times)} times the freight of {fee_en} make {en}.",
        f"运费{fee_zh}的 {plain(times)} 倍为{zh}。",
        rule,
    )


def insured_whole(minor: Fraction, currency: str, rule: str) -> Words:
    """Explain that all is lost and the insured sum is owed."""
    en, zh = _both(minor, currency)
    return Words(
        f"All of it is gone, so the insured sum of {en} is owed.",
        f"全部损失，按保价额{zh}赔偿。",
        rule,
    )


def insured_share(
    loss: Fraction, insured: Fraction, value: Fraction, share: Fraction, currency: str, rule: str
) -> Words:
    """Explain under-insurance."""
    (loss_en, loss_zh), (in_en, in_zh) = _both(loss, currency), _both(insured, currency)
    (val_en, val_zh), (en, zh) = _both(value, currency), _both(share, currency)
    return Words(
        f"{in_en} of {val_en} was insured, so of the loss of {loss_en} that share is owed: {en}.",
        f"保价{in_zh}，全部价值{val_zh}，按此比例赔偿损失{loss_zh}中的{zh}。",
        rule,
    )


def by_cost(minor: Fraction, currency: str, rule: str) -> Words:
    """Explain that profit is left out."""
    en, zh = _both(minor, currency)
    return Words(
        f"The carrier pays what the goods cost us, without profit: {en}.",
        f"承运商按进货成本赔偿，不含利润：{zh}。",
        rule,
    )


MISSING: dict[str, Words] = {
    "weight": Words("We do not know the weight.", "不知道重量。"),
    "declared": Words("We do not know what value was declared.", "不知道声明价值。"),
    "insured": Words("We do not know for how much it was insured.", "不知道保价金额。"),
    "cost": Words("We do not know what the goods cost us.", "不知道进货成本。"),
    "value": Words("We do not know what all of it was worth.", "不知道全部价值。"),
    "freight": Words("We do not know what the freight cost us.", "不知道我们付的运费。"),
    "goods": Words(
        "We do not know what kind of goods it was, and these terms make a difference of that.",
        "不知道是哪类物品，而条款对此有不同规定。",
    ),
    "late": Words("We do not know how late it was.", "不知道晚了多久。"),
    "law": Words(
        "The terms name no sum; agreement or law decides.", "条款没有写明金额，须协商或依法确定。"
    ),
    "rate": Words("An exchange rate is missing.", "缺少汇率。"),
    "contract": Words(
        "No terms of this carrier are on file for that day.", "没有该承运商在当日有效的条款。"
    ),
    "shipped": Words(
        "We do not know on which day it was shipped, and so not which terms held.",
        "不知道寄出日期，无法确定适用哪版条款。",
    ),
    "service": Words(
        "Several terms could hold. Say by which service and from where it was sent.",
        "可能适用多份条款，请注明所用服务和寄出地。",
    ),
}
"""What is not known, by code."""

LIFTED = Words(
    "Limits fall away for what happened, so the whole loss is owed.",
    "因上述情形，不适用限额，按全部损失赔偿。",
)
NOT_COVERED = Words(
    "These terms do not answer for this kind of trouble.", "该条款不承担这类情况的赔偿。"
)
PACKED_BY_US = Words(
    "A carrier answers for what happens on the way, not for what was packed or sent.",
    "承运商只对运输途中发生的情况负责，不对发货内容负责。",
)
LAW = Words("The law does not allow less than this.", "法律规定不得低于此数。")
HIGHEST = Words("The highest of these holds.", "取其中最高者。")
LOWEST = Words("The lowest of these holds.", "取其中最低者。")
WHOLE = Words("The actual loss is owed.", "按实际损失赔偿。")
NOTHING = Words("These terms pay nothing.", "该条款不予赔偿。")
ONLY_LOSS = Words("Only loss of the whole parcel is paid for.", "只赔偿整件丢失。")
NO_DELAY = Words("Lateness is not paid for.", "延误不予赔偿。")
SUSPENDED = Words("The guarantee for lateness is suspended.", "延误赔付承诺已暂停。")
ON_TIME = Words("It was not late enough to count.", "延误时间未达到赔付标准。")
SURRENDER = Words(
    "Keep what is damaged: the carrier may ask for it before it pays.",
    "请保留破损物品：承运商赔付前可能要求交出。",
)
FREIGHT_BACK = Words("The freight comes back as well.", "运费一并退还。")
NO_SHARE = Words(
    "The carrier is not held responsible, so nothing is expected from it.",
    "承运商不承担责任，预计不会赔付。",
)


CIRCUMSTANCES: Mapping[str, tuple[str, str]] = {
    "force_majeure": ("Force majeure", "不可抗力"),
    "weather": ("Weather", "天气原因"),
    "gross_negligence": ("Intent or gross negligence of the carrier", "承运商故意或重大过失"),
    "not_notified": ("The carrier did not make its limit known", "承运商未明确告知限额"),
    "bad_packing": ("Packed too weakly by us", "我方包装不当"),
    "untracked": ("Sent without tracking", "寄送时未使用可跟踪服务"),
    "cosmetic": ("Marked, but it works", "仅外观受损，不影响使用"),
    "unpaid_freight": ("Freight not paid yet", "运费尚未付清"),
}
GOODS: Mapping[str, tuple[str, str]] = {
    "ordinary": ("Ordinary goods", "普通物品"),
    "glass": ("Glass", "玻璃制品"),
    "ceramic": ("Ceramics", "陶瓷制品"),
    "breakable": ("Other breakables", "其他易碎品"),
    "perishable": ("Perishable goods", "易腐物品"),
    "jewellery": ("Jewellery, watches, precious stones", "珠宝、手表、宝石"),
    "antiques": ("Antiques and art", "古董和艺术品"),
    "jade": ("Jade", "玉器"),
}
_EFFECTS: Mapping[str, tuple[str, str]] = {
    "none": ("nothing is paid for these goods.", "此类物品不予赔偿。"),
    "loss_only": ("paid for only if the whole parcel is lost.", "此类物品只赔偿整件丢失。"),
    "capped": ("these goods have a limit of their own.", "此类物品另有限额。"),
}


def exempt(circumstance: str, rule: str) -> Words:
    """Say that a circumstance frees the carrier."""
    en, zh = CIRCUMSTANCES[circumstance]
    return Words(f"{en}: nothing is owed for that.", f"{zh}：不予赔偿。", rule)


def exempt_unless_insured(circumstance: str, rule: str) -> Words:
    """Say that a circumstance frees the carrier of all but what was insured."""
    en, zh = CIRCUMSTANCES[circumstance]
    return Words(f"{en}: only what was insured is paid for.", f"{zh}：只赔偿已保价的邮件。", rule)


def goods(names: Sequence[str], effect: str, rule: str) -> Words:
    """Say what becomes of goods that the terms list."""
    en = ", ".join(GOODS[name][0] for name in names)
    zh = "、".join(GOODS[name][1] for name in names)
    return Words(f"{en}: {_EFFECTS[effect][0]}", f"{zh}：{_EFFECTS[effect][1]}", rule)


def total(low: int, high: int | None, currency: str) -> Words:
    """Say what it comes to: one sum, or between which two."""
    en, zh = _both(low, currency)
    if high is None:
        if low == 0:
            return Words("How much cannot be told.", "无法得出金额。")
        return Words(f"At least {en}; more cannot be told.", f"至少{zh}，更多无法确定。")
    if low == high:
        return Words(f"Expected from the carrier: {en}.", f"预计承运商赔付：{zh}。")
    high_en, high_zh = _both(high, currency)
    return Words(
        f"How much cannot be told: at least {en}, at most {high_en}.",
        f"无法得出确切金额：至少{zh}，至多{high_zh}。",
    )
