"""
The carriers' published terms every installation starts with, as migration 0005 lays them down.

They were read on public pages, some official, some second-hand, some old: every row says which, and
every row waits to be checked with the carrier before production. Terms are dated data: to change
one, end it and add a version with a later date in the admin; never edit what has been in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

FIRST_DAY = date(2020, 1, 1)
SUSPENDED = date(2023, 1, 1)
ROYAL_MAIL_CHANGE = date(2024, 1, 1)
MONTREAL_CHANGE = date(2024, 12, 28)

Node = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One version of one set of terms; the fields are those of ``CarrierContract``."""

    code: str
    carrier: str
    title: tuple[str, str]
    terms: Mapping[str, Any]
    source: str
    source_mark: str
    kind: str = "carrier"
    service: str = ""
    origins: str = ""
    lane: str = "any"
    valid_from: date = FIRST_DAY
    valid_until: date | None = None
    deadlines: Sequence[Mapping[str, Any]] = ()
    fee: Mapping[str, Any] | None = None
    claimant: str = "sender"
    documents: Sequence[str] = field(default=())
    appeals: int = 1
    note: tuple[str, str] = ("", "")


def flat(amount: str, currency: str, **more: str) -> Node:
    """So much."""
    return {"kind": "flat", "amount": amount, "currency": currency, **more}


def per_kg(amount: str, currency: str) -> Node:
    """So much for each kilogram."""
    return {"kind": "per_kg", "amount": amount, "currency": currency}


def highest(*rules: Node) -> Node:
    """The highest of these."""
    return {"kind": "max_of", "rules": list(rules)}


def lowest(*rules: Node) -> Node:
    """The lowest of these."""
    return {"kind": "min_of", "rules": list(rules)}


def insured(otherwise: Node | None = None) -> Node:
    """What was insured, and what holds if nothing was."""
    more = {"otherwise": otherwise} if otherwise else {}
    return {"kind": "declared_value", "by": "insured", **more}


def declared(otherwise: Node | None = None) -> Node:
    """What was declared, and what holds if nothing was."""
    more = {"otherwise": otherwise} if otherwise else {}
    return {"kind": "declared_value", **more}


NONE: Node = {"kind": "none"}
ACTUAL: Node = {"kind": "actual"}
OPEN: Node = {"kind": "open"}
ROYAL_MAIL_TITLE = ("Royal Mail account, Tracked", "皇家邮政协议客户 Tracked")
LOOP_ABROAD = ("Loop / Seel, abroad", "Loop / Seel 国际")
UPS_RULE = highest(flat("100", "USD"), declared())


def until(
    step: str,
    latest: int | None,
    anchor: str,
    *,
    unit: str = "days",
    event: str = "",
    earliest: int | None = None,
) -> dict[str, Any]:
    """One deadline: a step, within so many units of an anchor."""
    found: dict[str, Any] = {"step": step, "anchor": anchor, "unit": unit}
    if event:
        found["event"] = event
    if latest is not None:
        found["latest"] = latest
    if earliest is not None:
        found["earliest"] = earliest
    return found


def each(events: Sequence[str], step: str, latest: int, anchor: str, **more: Any) -> list[Any]:
    """The same deadline for several events."""
    return [until(step, latest, anchor, event=event, **more) for event in events]


UPS_PHOTOS = (
    "item_photo", "inner_packing", "item_in_box", "label", "box_certificate", "six_sides",
    "dimensions", "description",
)  # fmt: skip
"""What UPS asks to see: ups.com, claim document requirements (official)."""

LATE_FREIGHT = {
    "pays": "freight",
    "percent": "100",
    "after_minutes": "1",
    "unless": ["weather", "force_majeure"],
}
SUSPENDED_NOTE = (
    "Money back for lateness was suspended for most services in 2023; the exact day is not known.",
    "2023 年起多数服务暂停延误退费，确切日期不详。",
)


def _ups(valid_from: date, valid_until: date | None, delay: Mapping[str, Any]) -> Row:
    return Row(
        code="ups-us",
        carrier="ups",
        title=("UPS, United States", "UPS 美国"),
        origins="US",
        lane="domestic",
        valid_from=valid_from,
        valid_until=valid_until,
        terms={
            "rule": UPS_RULE,
            "exempt": {"bad_packing": "always"},
            "delay": delay,
            "surrender": True,
        },
        deadlines=[
            *each(("damaged", "missing"), "notice", 60, "delivery"),
            until("notice", 60, "scheduled", event="lost"),
            *each(("damaged", "missing"), "file", 9, "delivery", unit="months"),
            until("file", 9, "scheduled", unit="months", event="lost"),
            until("file", 15, "scheduled", event="delayed"),
            until("answer", 15, "filing", unit="working_days"),
            until("pay", 10, "decision", unit="working_days"),
        ],
        documents=(*UPS_PHOTOS, "value_proof"),
        source="pressroom.ups.com, Declared Value Q&A; ups.com, claim document requirements;"
        " shiprx.com (lateness)",
        source_mark="official",
        note=(
            (
                "The deadline for notice is disputed: the law gives at least nine months to file."
                f" {SUSPENDED_NOTE[0]}"
            ),
            f"通知期限有争议：法律规定至少 9 个月的索赔期。{SUSPENDED_NOTE[1]}",
        ),
    )


def _fedex_us(
    valid_from: date,
    valid_until: date | None,
    delay: Mapping[str, Any],
    *,
    ground: bool,
) -> Row:
    most = [] if ground else [flat("100000", "USD")]
    rule = highest(flat("100", "USD"), declared())
    return Row(
        code="fedex-us-ground" if ground else "fedex-us",
        carrier="fedex",
        service="ground" if ground else "",
        title=("FedEx Ground, United States", "FedEx Ground 美国")
        if ground
        else ("FedEx, United States", "FedEx 美国"),
        origins="US",
        lane="domestic",
        valid_from=valid_from,
        valid_until=valid_until,
        terms={
            "rule": lowest(rule, *most) if most else rule,
            "items": [
                {
                    "goods": ["jewellery"],
                    "effect": "capped",
                    "amount": "100" if ground else "1000",
                    "currency": "USD",
                }
            ],
            "exempt": {"unpaid_freight": "always"},
            "delay": delay,
            "surrender": True,
        },
        deadlines=[
            *each(("damaged", "missing", "delayed"), "file", 60, "delivery"),
            until("file", 9, "ship", unit="months", event="lost"),
            until("file", 90, "ship", event="delayed"),
            until("answer", 7, "filing", unit="working_days"),
        ],
        documents=("item_photo", "inner_packing", "label", "value_proof", "box_kept"),
        source="support.shipopti.com; thatsmycornwall; reveelgroup, rcsaudit (lateness)",
        source_mark="secondary",
        note=(
            (
                "Cash on delivery: 21 days. Sources differ on lateness: 90 days or 15."
                f" {SUSPENDED_NOTE[0]}"
            ),
            f"货到付款：21 天。延误申报期限来源不一：90 天或 15 天。{SUSPENDED_NOTE[1]}",
        ),
    )


def _fedex_eu(valid_from: date, valid_until: date | None, sdr: str) -> Row:
    return Row(
        code="fedex-eu",
        carrier="fedex",
        title=("FedEx, European Union and United Kingdom", "FedEx 欧盟和英国"),
        origins="EU GB",
        valid_from=valid_from,
        valid_until=valid_until,
        terms={
            "rule": {
                "kind": "statutory_floor",
                "rule": highest(per_kg("22", "EUR"), flat("100", "USD")),
                "floor": per_kg(sdr, "XDR"),
            }
        },
        deadlines=[
            *each(("damaged", "missing", "delayed"), "file", 21, "delivery"),
            until("file", 9, "ship", unit="months", event="lost"),
            until("answer", 10, "filing", unit="working_days"),
        ],
        documents=("item_photo", "inner_packing", "label", "value_proof", "box_kept"),
        source="FedEx claim form, frequent questions (copy on fill.io)",
        source_mark="secondary",
        note=(
            "The treaty is taken to be that for the air; by road it is the CMR.",
            "按航空公约计算；陆运适用 CMR。",
        ),
    )


def _usps(
    code: str,
    service: str,
    title: tuple[str, str],
    *,
    most: str,
    included: str | None,
    earliest: int,
) -> Row:
    return Row(
        code=code,
        carrier="usps",
        service=service,
        title=title,
        origins="US",
        lane="domestic",
        terms={
            "rule": lowest(insured(flat(included, "USD") if included else NONE), flat(most, "USD")),
            "surrender": True,
        },
        deadlines=[
            *each(("damaged", "missing"), "file", 60, "mailing"),
            until("file", 60, "mailing", event="lost", earliest=earliest),
            until("answer", 10, "filing"),
            until("pay", 10, "decision", unit="working_days"),
            until("appeal", 30, "decision"),
            until("second_appeal", 30, "decision"),
        ],
        documents=("item_photo", "value_proof", "insurance_proof", "mailing_proof", "box_kept"),
        appeals=2,
        claimant="either",
        source="usps.com/help/claims.htm; faq.usps.com; docs.easypost.com; a forum's copy (days)",
        source_mark="official",
        note=(
            "Ask for a search of missing mail first. Up to ten things under one number.",
            "须先申请查找遗失邮件。每个单号最多 10 件物品。",
        ),
    )


def _royal_mail(
    code: str,
    service: str,
    title: tuple[str, str],
    rule: Node,
    source: str,
    mark: str,
    *,
    valid_from: date = FIRST_DAY,
    valid_until: date | None = None,
    delay: Mapping[str, Any] | None = None,
    claimant: str = "sender",
) -> Row:
    return Row(
        code=code,
        carrier="royalmail",
        service=service,
        title=title,
        origins="GB",
        valid_from=valid_from,
        valid_until=valid_until,
        terms={
            "rule": rule,
            "exempt": {"untracked": "always"},
            **({"delay": delay} if delay else {}),
        },
        deadlines=[until("file", 80, "mailing")],
        documents=("value_proof", "mailing_proof", "item_photo", "inner_packing"),
        claimant=claimant,
        source=source,
        source_mark=mark,
        note=(
            (
                "No loss that only follows from the loss. The day on which 50 became 150 pounds is"
                " not known: check it."
            ),
            "不赔偿间接损失。50 英镑改为 150 英镑的确切日期不详，请核实。",
        ),
    )


def _china_post(lane: str, code: str, title: tuple[str, str], inquiry: Any, answer: int) -> Row:
    return Row(
        code=code,
        carrier="chinapost",
        title=title,
        origins="CN",
        lane=lane,
        terms={
            "rule": {
                "kind": "proportional_underinsurance",
                "otherwise": {"kind": "freight_multiple", "times": "3"},
            },
            "exempt": {"force_majeure": "unless_insured"},
            "lifts_cap": ["gross_negligence", "not_notified"],
        },
        deadlines=[inquiry, until("answer", answer, "filing")],
        documents=("mailing_proof", "value_proof"),
        claimant="either",
        source="Postal Law of China, art. 45-49",
        source_mark="official",
        note=(
            "Without an answer in time the item is taken for lost.",
            "逾期未答复的，视为丢失。",
        ),
    )


def _programme_loop(lane: str, code: str, title: tuple[str, str], earliest: int) -> Row:
    return Row(
        code=code,
        carrier="loop_seel",
        kind="programme",
        title=title,
        lane=lane,
        terms={"rule": flat("5000", "USD"), "exempt": {"cosmetic": "always"}},
        deadlines=[
            until("file", None, "ship", event="lost", earliest=earliest),
            until("file", 7, "delivery", event="damaged"),
            until("file", 90, "order"),
        ],
        claimant="recipient",
        source="help.loopreturns.com/en/articles/4453633",
        source_mark="official",
    )


ROWS: tuple[Row, ...] = (
    _ups(FIRST_DAY, SUSPENDED, LATE_FREIGHT),
    _ups(SUSPENDED, None, {"pays": "suspended"}),
    Row(
        code="ups-international",
        carrier="ups",
        title=("UPS, sent from outside the United States", "UPS 美国以外寄出"),
        origins="!US",
        terms={
            "rule": UPS_RULE,
            "exempt": {"unpaid_freight": "always", "bad_packing": "always"},
            "surrender": True,
        },
        deadlines=[
            *each(("damaged", "missing"), "file", 14, "delivery"),
            until("file", 21, "delivery", event="delayed"),
            until("file", 6, "scheduled", unit="months", event="lost"),
        ],
        documents=(*UPS_PHOTOS, "value_proof"),
        source="support.shipopti.com; casioak",
        source_mark="secondary",
        note=(
            "A refusal may be answered. Other sources give 60 days for damage.",
            "被拒后可申辩。另有来源称破损期限为 60 天。",
        ),
    ),
    _fedex_us(FIRST_DAY, SUSPENDED, LATE_FREIGHT, ground=False),
    _fedex_us(SUSPENDED, None, {"pays": "suspended"}, ground=False),
    _fedex_us(FIRST_DAY, None, {"pays": "suspended"}, ground=True),
    _fedex_eu(FIRST_DAY, MONTREAL_CHANGE, "22"),
    _fedex_eu(MONTREAL_CHANGE, None, "26"),
    _usps("usps-us", "", ("USPS, within the United States", "USPS 美国境内"),
          most="5000", included="100", earliest=15),
    _usps("usps-us-express", "express", ("USPS Priority Mail Express", "USPS 特快专递"),
          most="5000", included="100", earliest=7),
    _usps("usps-us-registered", "registered", ("USPS Registered Mail", "USPS 挂号邮件"),
          most="50000", included=None, earliest=15),
    _royal_mail("royalmail-account", "", ROYAL_MAIL_TITLE,
                flat("50", "GBP"), "royalmail.com/claims/business-credit-account", "dated",
                valid_until=ROYAL_MAIL_CHANGE),
    _royal_mail("royalmail-account", "", ROYAL_MAIL_TITLE,
                flat("150", "GBP"), "help.tryhutch.co.uk; offcoursecover.com", "secondary",
                valid_from=ROYAL_MAIL_CHANGE),
    _royal_mail("royalmail-special-delivery", "special_delivery",
                ("Royal Mail Special Delivery by 1 pm", "皇家邮政次日 13 点前专递"),
                lowest(insured(flat("500", "GBP")), flat("2500", "GBP")),
                "royalmail.com/claims/business-credit-account", "dated",
                delay={"pays": "freight", "after_minutes": "1"}),
    _royal_mail("royalmail-untracked", "untracked", ("Royal Mail, untracked", "皇家邮政无跟踪服务"),
                NONE, "royalmail.com/claims/business-credit-account", "dated"),
    _royal_mail("royalmail-retail", "retail_standard",
                ("Royal Mail over the counter, standard", "皇家邮政柜台标准服务"),
                flat("20", "GBP"), "ask.ofcom.org.uk", "dated",
                delay={"pays": "open", "after_minutes": "4320"}, claimant="either"),
    _royal_mail("royalmail-signed-for", "retail_signed_for",
                ("Royal Mail over the counter, Signed For", "皇家邮政柜台签收服务"),
                flat("50", "GBP"), "ask.ofcom.org.uk", "dated",
                delay={"pays": "open", "after_minutes": "4320"}, claimant="either"),
    Row(
        code="dhl-parcel-uk",
        carrier="dhl_parcel_uk",
        title=("DHL Parcel UK", "英国 DHL Parcel"),
        origins="GB",
        terms={"rule": {"kind": "cost_basis", "rule": ACTUAL}},
        deadlines=[
            until("file", 14, "ship", event="damaged"),
            until("file", 28, "ship", event="missing"),
            until("file", 28, "ship", event="lost"),
        ],
        documents=("cost_proof", "item_photo", "inner_packing", "label"),
        source="send.dhlparcel.co.uk/resources/damaged-parcel",
        source_mark="official",
    ),
    Row(
        code="dhl-express",
        carrier="dhl",
        title=("DHL Express, by air", "DHL 快递空运"),
        terms={
            "rule": highest(per_kg("19", "XDR"), insured()),
            "delay": {"pays": "freight", "after_minutes": "1"},
        },
        deadlines=[until("file", 30, "ship")],
        fee={"base": "9.80", "covers": "700", "step": "1.40", "per": "100", "currency": "USD"},
        documents=("value_proof", "item_photo", "label"),
        source="limitedtoo.cn (old copy); mydhl.express.dhl (Shipment Value Protection)",
        source_mark="unverified",
        note=(
            ("The figure a kilogram was not found on a page of DHL's own. Freight comes back for"
            " timed services only."),
            "每千克限额未见于 DHL 官方页面。仅限时服务可退运费。",
        ),
    ),
    Row(
        code="dhl-express-road",
        carrier="dhl",
        service="road",
        title=("DHL Express, by road", "DHL 快递陆运"),
        terms={"rule": highest(per_kg("8.33", "XDR"), insured())},
        deadlines=[until("file", 30, "ship")],
        documents=("value_proof", "item_photo", "label"),
        source="limitedtoo.cn (old copy)",
        source_mark="unverified",
    ),
    Row(
        code="dhl-express-cn",
        carrier="dhl",
        title=("DHL Express, within China", "DHL 快递中国境内"),
        origins="CN",
        lane="domestic",
        terms={"rule": highest(per_kg("20", "CNY"), insured())},
        deadlines=[until("file", 30, "ship")],
        documents=("value_proof", "item_photo", "label"),
        source="limitedtoo.cn (old copy)",
        source_mark="unverified",
    ),
    Row(
        code="dpd-uk",
        carrier="dpd_uk",
        title=("DPD UK", "英国 DPD"),
        origins="GB",
        terms={
            "rule": flat("100", "GBP"),
            "items": [{"goods": ["glass", "ceramic", "breakable"], "effect": "none"}],
        },
        deadlines=[until("file", 14, "ship")],
        source="help.tryhutch.co.uk (one reseller)",
        source_mark="secondary",
    ),
    Row(
        code="evri",
        carrier="evri",
        title=("Evri", "Evri"),
        origins="GB",
        terms={
            "rule": flat("20", "GBP"),
            "items": [{"goods": ["glass", "ceramic"], "effect": "none"}],
        },
        source="offcoursecover.com",
        source_mark="secondary",
        note=("An older figure, for most items.", "较早的数字，适用于多数物品。"),
    ),
    Row(
        code="canadapost",
        carrier="canadapost",
        title=("Canada Post", "加拿大邮政"),
        origins="CA",
        terms={
            "rule": declared(flat("100", "CAD")),
            "items": [{"goods": ["glass", "ceramic", "perishable"], "effect": "loss_only"}],
            "delay": {"pays": "freight", "after_minutes": "1"},
            "surrender": True,
        },
        deadlines=[
            *each(("damaged", "missing", "lost"), "file", 90, "mailing"),
            until("file", 30, "mailing", unit="working_days", event="delayed"),
        ],
        documents=("value_proof", "item_photo", "inner_packing", "box_kept"),
        source="canadapost.ca; goshippo.com terms; airwayspostal.ca",
        source_mark="official",
    ),
    Row(
        code="air-montreal",
        carrier="air",
        kind="regime",
        title=("Air, Montreal Convention", "航空运输（蒙特利尔公约）"),
        valid_until=MONTREAL_CHANGE,
        terms={"rule": per_kg("22", "XDR")},
        source="beneschlaw, avalonrisk, forwarderlaw (they agree)",
        source_mark="secondary",
    ),
    Row(
        code="air-montreal",
        carrier="air",
        kind="regime",
        title=("Air, Montreal Convention", "航空运输（蒙特利尔公约）"),
        valid_from=MONTREAL_CHANGE,
        terms={"rule": per_kg("26", "XDR")},
        source="beneschlaw, avalonrisk, forwarderlaw (they agree)",
        source_mark="secondary",
    ),
    Row(
        code="road-cmr",
        carrier="road",
        kind="regime",
        title=("Road, CMR", "公路运输（CMR 公约）"),
        terms={"rule": per_kg("8.33", "XDR")},
        source="bifa.org, limits of liability",
        source_mark="official",
    ),
    Row(
        code="sea",
        carrier="sea",
        kind="regime",
        title=("Sea", "海运"),
        terms={"rule": highest(per_kg("2", "XDR"), flat("666.67", "XDR", per="parcel"))},
        source="bifa.org, limits of liability",
        source_mark="official",
    ),
    _china_post("domestic", "chinapost", ("China Post, within China", "中国邮政境内给据邮件"),
                until("inquiry", 1, "mailing", unit="years"), 30),
    _china_post("international", "chinapost-abroad", ("China Post, abroad", "中国邮政国际给据邮件"),
                until("inquiry", 180, "mailing"), 60),
    Row(
        code="cn-express",
        carrier="cn_express",
        kind="regime",
        title=("Express within China, by law", "中国快递（法定）"),
        origins="CN",
        lane="domestic",
        terms={"rule": lowest(OPEN, insured(ACTUAL))},
        deadlines=[until("answer", 7, "filing")],
        claimant="either",
        source="Interim Regulations on Express Delivery, art. 19, 27, 28",
        source_mark="official",
        note=(
            ("Insured: as agreed. Not insured: civil law; there is no multiple of the freight in"
            " the law, and contracts that name one may be contested."),
            "已保价的按约定；未保价的适用民事法律。法律没有规定运费倍数，合同中的倍数条款可能有争议。",
        ),
    ),
    Row(
        code="sf",
        carrier="sf",
        title=("SF Express", "顺丰速运"),
        origins="CN",
        terms={"rule": {"kind": "proportional_underinsurance", "otherwise": OPEN}},
        fee={"permille": "8", "minimum": "2", "currency": "CNY"},
        documents=("value_proof", "item_photo", "inner_packing", "label"),
        source="sf-express.com/chn/en/express/insurance",
        source_mark="official",
        note=(
            ("The price is that for fragile goods. “Seven times the freight” if not insured was"
            " seen once in an app and is not counted on."),
            "费率为易碎品费率。未保价“7 倍运费”仅见于某应用界面，未采用。",
        ),
    ),
    Row(
        code="sf-high-value",
        carrier="sf",
        service="high_value",
        title=("SF Express, high value", "顺丰特安（高价值）"),
        origins="CN",
        terms={
            "rule": insured(NONE),
            "items": [{"goods": ["antiques", "jade", "perishable"], "effect": "none"}],
        },
        fee={"permille": "5", "minimum": "0", "currency": "CNY"},
        documents=("value_proof", "item_photo", "inner_packing", "label"),
        source="sf-express.com, Highly Secured",
        source_mark="official",
        note=("For things worth more than 20,000 yuan.", "适用于价值超过 2 万元的物品。"),
    ),
    Row(
        code="walmart-sww",
        carrier="walmart_sww",
        kind="programme",
        title=("Walmart Shipping with Walmart", "沃尔玛 SWW 运输保障"),
        terms={"rule": flat("100", "USD"), "covers": ["lost"]},
        source="marketplacelearn.walmart.com (September 2025)",
        source_mark="official",
        note=(
            ("What a refund exceeds this by is charged to the seller. The interface has a damaged"
            " type that the policy leaves out."),
            "超出部分由卖家承担。接口有破损类型，但政策不包含破损。",
        ),
    ),
    Row(
        code="route",
        carrier="route",
        kind="programme",
        title=("Route", "Route"),
        lane="domestic",
        terms={"rule": ACTUAL},
        deadlines=[
            until("file", 30, "last_scan", event="lost", earliest=7),
            until("file", 30, "delivery", event="damaged"),
            until("file", 30, "delivery", event="missing", earliest=5),
        ],
        documents=("item_photo", "statement", "police_report"),
        claimant="recipient",
        source="shoppers.help.route.com, Deadlines to file a claim",
        source_mark="official",
        note=("A police report if they ask for one.", "必要时须提供报警回执。"),
    ),
    Row(
        code="route-abroad",
        carrier="route",
        kind="programme",
        title=("Route, abroad", "Route 国际"),
        lane="international",
        terms={"rule": ACTUAL},
        deadlines=[
            until("file", 30, "last_scan", event="lost", earliest=20),
            until("file", 30, "delivery", event="damaged"),
            until("file", 30, "delivery", event="missing", earliest=5),
        ],
        documents=("item_photo", "statement", "police_report"),
        claimant="recipient",
        source="shoppers.help.route.com, Deadlines to file a claim",
        source_mark="official",
    ),
    _programme_loop("domestic", "loop-seel", ("Loop / Seel", "Loop / Seel"), 30),
    _programme_loop("international", "loop-seel-abroad", LOOP_ABROAD, 60),
    Row(
        code="amazon-a-to-z",
        carrier="amazon_a_to_z",
        kind="programme",
        title=("Amazon A-to-z Guarantee", "亚马逊商城交易保障"),
        terms={"rule": ACTUAL},
        deadlines=[
            until("file", 90, "scheduled"),
            until("answer", 72, "filing", unit="hours"),
            until("appeal", 30, "decision"),
        ],
        claimant="recipient",
        source="sellercentral.amazon.com G202041210",
        source_mark="official",
        note=(
            ("The buyer waits 48 hours for the seller first; silence of the seller for 72 hours"
            " grants it."),
            "买家须先等待卖家 48 小时；卖家 72 小时不答复即判给买家。",
        ),
    ),
)  # fmt: skip
"""Every row of the published rules we know, oldest version first."""

RATES: tuple[tuple[str, str, Decimal, date, str, str], ...] = (
    ("XDR", "USD", Decimal("1.31"), date(2024, 11, 1), "forwarderlaw, November 2024", "secondary"),
)
"""base, quote, rate, as of, source, how far to trust it."""


class Models(Protocol):
    """Where ``install`` finds its models: the app registry, today's or a migration's."""

    def get_model(self, app_label: str, model_name: str) -> Any:
        """Return a model class."""


def install(models: Models) -> None:
    """Lay down the rows that are missing; rows that stand are left as they are."""
    contracts = models.get_model("claims", "CarrierContract")
    rates = models.get_model("claims", "ExchangeRate")
    for row in ROWS:
        contracts.objects.get_or_create(
            code=row.code,
            valid_from=row.valid_from,
            defaults={
                "carrier": row.carrier,
                "kind": row.kind,
                "title_en": row.title[0],
                "title_zh": row.title[1],
                "service": row.service,
                "origins": row.origins,
                "lane": row.lane,
                "valid_until": row.valid_until,
                "terms": dict(row.terms),
                "deadlines": [dict(deadline) for deadline in row.deadlines],
                "fee": dict(row.fee) if row.fee else None,
                "claimant": row.claimant,
                "documents": list(row.documents),
                "appeals": row.appeals,
                "source": row.source,
                "source_mark": row.source_mark,
                "note_en": row.note[0],
                "note_zh": row.note[1],
            },
        )
    for base, quote, rate, on, source, mark in RATES:
        rates.objects.get_or_create(
            base=base,
            quote=quote,
            on=on,
            defaults={"rate": rate, "source": source, "source_mark": mark},
        )
