"""What the demo's shoppers bought, and what became of it, as data."""

from __future__ import annotations

from dataclasses import dataclass

from tracking.services.orders import Inside, NewLine

TEAPOT = NewLine(sku="TP-06", title="Celadon teapot", variant="0.6 l, sea green",
                 quantity=1, price_minor=6800, cost_minor=3100)  # fmt: skip
CUPS = NewLine(sku="CP-02", title="Celadon cup", variant="sea green",
               quantity=6, price_minor=2400, cost_minor=900)  # fmt: skip
CLOTH = NewLine(sku="TC-11", title="Linen tea cloth", variant="natural",
                quantity=1, price_minor=1850, cost_minor=600)  # fmt: skip
KETTLE = NewLine(sku="KT-01", title="Cast iron kettle", variant="1.2 l",
                 quantity=1, price_minor=18900, cost_minor=9900)  # fmt: skip
DINNER = NewLine(sku="DS-24", title="Stoneware dinner set", variant="24 pieces, ash white",
                 quantity=2, price_minor=34900, cost_minor=17000)  # fmt: skip
TIN = NewLine(sku="TT-05", title="Spring tea", variant="tin of 100 g",
              quantity=2, price_minor=2900, cost_minor=1200)  # fmt: skip
TRAY = NewLine(sku="TR-08", title="Bamboo tea tray", variant="42 cm",
               quantity=1, price_minor=5400, cost_minor=2300)  # fmt: skip
CADDY = NewLine(sku="CD-03", title="Lacquer tea caddy", variant="dark red",
                quantity=2, price_minor=7900, cost_minor=3600)  # fmt: skip
GAIWAN = NewLine(sku="GW-01", title="Porcelain gaiwan", variant="150 ml, white",
                 quantity=1, price_minor=4200, cost_minor=1800)  # fmt: skip
ZH_TEAPOT = NewLine(sku="TP-06", title="青瓷茶壶", variant="0.6 升，海青色",
                    quantity=1, price_minor=45800, cost_minor=21000)  # fmt: skip
ZH_CUPS = NewLine(sku="CP-02", title="青瓷茶杯", variant="海青色",
                  quantity=6, price_minor=16800, cost_minor=6400)  # fmt: skip
ZH_TIN = NewLine(sku="TT-05", title="明前春茶", variant="100 克罐装",
                 quantity=2, price_minor=19800, cost_minor=8200)  # fmt: skip
ZH_TRAY = NewLine(sku="TR-08", title="竹茶盘", variant="42 厘米",
                  quantity=1, price_minor=36800, cost_minor=15000)  # fmt: skip
ZH_GAIWAN = NewLine(sku="GW-01", title="白瓷盖碗", variant="150 毫升",
                    quantity=1, price_minor=28800, cost_minor=11800)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Box:
    """One parcel: who carries it, which journey it takes, and how many hours ago that began."""

    number: str
    carrier: str
    connection: str
    journey: str = ""
    hours: float = 0
    inside: tuple[Inside, ...] = ()
    promised_in: float = 24
    """Hours from now to the promised delivery; negative when it is past."""
    has_photo: bool = False
    """Its carrier takes a picture when it hands it over."""


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One order and its parcels."""

    number: str
    lines: tuple[NewLine, ...]
    boxes: tuple[Box, ...]
    is_chinese: bool = False


def _all(*quantities: int) -> tuple[Inside, ...]:
    return tuple(
        Inside(position=place, quantity=count) for place, count in enumerate(quantities, 1) if count
    )


SALES = (
    Sale(
        number="PH-20418",
        lines=(TEAPOT, CUPS, CLOTH),
        boxes=(
            Box(number="1Z8V2K420301877419", carrier="ups", connection="ups",
                journey="ups_out_today", hours=70, inside=_all(1, 0, 0), promised_in=6),
            Box(number="YT7741900258862", carrier="yto", connection="kuaidi100",
                journey="yto_delivered", hours=96, inside=_all(0, 6, 1), promised_in=-30),
        ),
    ),
    Sale(
        number="PH-20406",
        lines=(CUPS,),
        boxes=(Box(number="HX00420406", carrier="simulator", connection="simulator",
                   journey="damaged", hours=98, inside=_all(6), promised_in=-40),),
    ),
    Sale(
        number="PH-20399",
        lines=(TIN, CLOTH),
        boxes=(Box(number="HX00420399", carrier="simulator", connection="simulator",
                   journey="lost", hours=260, inside=_all(2, 1), promised_in=-190),),
    ),
    Sale(
        number="PH-20388",
        lines=(DINNER,),
        boxes=(Box(number="HX00420388", carrier="simulator", connection="simulator",
                   journey="delivered", hours=120, inside=_all(2), promised_in=-66),),
    ),
    Sale(
        number="PH-20431",
        lines=(KETTLE,),
        boxes=(Box(number="HX00420431", carrier="simulator", connection="simulator",
                   journey="late", hours=75, inside=_all(1), promised_in=-14),),
    ),
    Sale(
        number="PH-20375",
        lines=(TEAPOT,),
        boxes=(Box(number="HX00420375", carrier="simulator", connection="simulator",
                   journey="refused", hours=100, inside=_all(1), promised_in=-50),),
    ),
    Sale(
        number="PH-20440",
        lines=(KETTLE, TIN),
        boxes=(Box(number="HX00420440", carrier="simulator", connection="simulator",
                   inside=_all(1, 2), promised_in=90),),
    ),
    Sale(
        number="PH-20402",
        lines=(ZH_CUPS, ZH_TEAPOT),
        boxes=(Box(number="HX00420402", carrier="simulator", connection="simulator",
                   journey="damaged", hours=110, inside=_all(6, 1), promised_in=-55),),
        is_chinese=True,
    ),
    Sale(
        number="PH-20420",
        lines=(ZH_TIN,),
        boxes=(Box(number="YT7741900300117", carrier="yto", connection="kuaidi100",
                   journey="yto_delivered", hours=80, inside=_all(2), promised_in=-20),),
        is_chinese=True,
    ),
    Sale(
        number="PH-20391",
        lines=(ZH_TEAPOT,),
        boxes=(Box(number="HX00420391", carrier="simulator", connection="simulator",
                   journey="returned", hours=200, inside=_all(1), promised_in=-150),),
        is_chinese=True,
    ),
    # One order in three boxes, in each language: one moves while you look.
    Sale(
        number="PH-20452",
        lines=(TRAY, CADDY, GAIWAN),
        boxes=(
            Box(number="HX00420452", carrier="simulator", connection="harbour",
                journey="crossing", hours=58, inside=_all(1, 0, 0), promised_in=30,
                has_photo=True),
            Box(number="1Z8V2K420301880049", carrier="ups", connection="ups",
                journey="ups_says_delivered", hours=80, inside=_all(0, 2, 0), promised_in=4),
            Box(number="HX00420454", carrier="simulator", connection="simulator",
                journey="held_by_customs", hours=260, inside=_all(0, 0, 1), promised_in=48),
        ),
    ),
    Sale(
        number="PH-20457",
        lines=(ZH_TRAY, ZH_TIN, ZH_GAIWAN),
        boxes=(
            Box(number="HX00420457", carrier="simulator", connection="harbour",
                journey="delivered", hours=20, inside=_all(1, 0, 0), promised_in=40,
                has_photo=True),
            Box(number="YT7741900311208", carrier="yto", connection="kuaidi100",
                journey="yto_handed_over", hours=104, inside=_all(0, 2, 0), promised_in=20),
            Box(number="HX00420459", carrier="simulator", connection="simulator",
                journey="quiet", hours=151, inside=_all(0, 0, 1), promised_in=20),
        ),
        is_chinese=True,
    ),
)  # fmt: skip
