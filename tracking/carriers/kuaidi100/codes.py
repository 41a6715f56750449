"""
Kuaidi100's codes and words in ours.

One number space serves the body's ``state`` and each event's ``statusCode``; the advanced numbers
need a subscription with resultv2=4 or higher. Where numbers are absent, ``status`` holds a word.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tracking.carriers.base import Meaning
from tracking.scans import ErrorKind
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1


STATE: dict[str, tuple[str, Meaning]] = {
    "0": ("在途", Meaning(S.IN_TRANSIT)),
    "1": ("揽收", Meaning(S.PICKED_UP)),
    "2": ("疑难", Meaning(S.EXCEPTION)),
    "3": ("签收", Meaning(S.DELIVERED)),
    "4": ("退签", Meaning(S.RETURNED)),
    "5": ("派件", Meaning(S.OUT_FOR_DELIVERY)),
    "6": ("退回", Meaning(S.RETURNING)),
    "7": ("转投", Meaning(S.HANDED_OVER)),
    "8": ("清关", Meaning(S.CUSTOMS)),
    "10": ("待清关", Meaning(S.CUSTOMS)),
    "11": ("清关中", Meaning(S.CUSTOMS)),
    "12": ("已清关", Meaning(S.CUSTOMS)),
    "13": ("清关异常", Meaning(S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS)),
    "14": ("拒签", Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT)),
    "101": ("已下单", Meaning(S.INFO_RECEIVED)),
    "102": ("待揽收", Meaning(S.INFO_RECEIVED)),
    "103": ("已揽收", Meaning(S.PICKED_UP)),
    "201": ("超时未签收", Meaning(S.EXCEPTION, Reason.DELAYED, Party.UNKNOWN)),
    "202": ("超时未更新", Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER)),
    "203": ("拒收", Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT)),
    "204": ("派件异常", Meaning(S.ATTEMPT_FAILED)),
    "205": ("柜或驿站超时未取",
            Meaning(S.EXCEPTION, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT, Handed.LOCKER)),
    "206": ("无法联系", Meaning(S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT)),
    "207": ("超区", Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.UNKNOWN)),
    "208": ("滞留", Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER)),
    "209": ("破损", Meaning(S.EXCEPTION, Reason.DAMAGED, Party.CARRIER)),
    "210": ("销单", Meaning(S.CANCELLED)),
    "301": ("本人签收", Meaning(S.DELIVERED, handed=Handed.RECIPIENT)),
    "302": ("派件异常后签收", Meaning(S.DELIVERED)),
    "303": ("代签", Meaning(S.DELIVERED, handed=Handed.PROXY)),
    "304": ("投柜或站签收", Meaning(S.DELIVERED, handed=Handed.LOCKER)),
    "401": ("已销单", Meaning(S.CANCELLED)),
    "501": ("投柜或驿站", Meaning(S.AVAILABLE_FOR_PICKUP, handed=Handed.LOCKER)),
    "1001": ("到达派件城市", Meaning(S.IN_TRANSIT)),
    "1002": ("干线", Meaning(S.IN_TRANSIT)),
    "1003": ("转递", Meaning(S.HANDED_OVER)),
}  # fmt: skip
"""Number -> (Kuaidi100's word for it, meaning)."""

WORD: dict[str, Meaning] = {
    **dict(STATE.values()),
    "退件": Meaning(S.RETURNING),
    "代收": Meaning(S.DELIVERED, handed=Handed.PROXY),
    "到柜": Meaning(S.AVAILABLE_FOR_PICKUP, handed=Handed.LOCKER),
    "待取件": Meaning(S.AVAILABLE_FOR_PICKUP),
    "揽件": Meaning(S.PICKED_UP),
    "运输中": Meaning(S.IN_TRANSIT),
    "派送中": Meaning(S.OUT_FOR_DELIVERY),
    "已签收": Meaning(S.DELIVERED),
    "转单": Meaning(S.HANDED_OVER),
}
"""An event's ``status`` word -> meaning."""


class Phrase(NamedTuple):
    """Words in a scan's text, and what they certainly or probably mean."""

    words: re.Pattern[str]
    status: S | None = None
    reason: Reason | None = None


def _says(words: str, status: S) -> Phrase:
    return Phrase(re.compile(words), status=status)


def _why(words: str, reason: Reason) -> Phrase:
    return Phrase(re.compile(words), reason=reason)


SAYS: tuple[Phrase, ...] = (
    _says(r"取件码|凭.{0,6}取件|待取件|已暂存|已存入|已存放|已放入", S.AVAILABLE_FOR_PICKUP),
    _says(r"退回(寄件|发件|商家|卖家)|原路退回|退件.{0,6}(中|发出|运输)", S.RETURNING),
    _says(r"正在(为您)?(派|投)|派送中|派件中|安排投递|安排派(件|送)|开始派送", S.OUT_FOR_DELIVERY),
    _says(r"待揽收|等待揽收|已下单", S.INFO_RECEIVED),
    _says(r"已(被)?揽(收|件)|揽收成功|已收件|已收取(?!费)", S.PICKED_UP),
    _says(r"(?<!预计)(?<!即将)到达|离开|发往|运往|已发出|已装车|下一站", S.IN_TRANSIT),
)  # fmt: skip
"""For an event without code and word: what its text plainly says. No ending is read from text."""

SUGGESTS: tuple[Phrase, ...] = (
    _why(r"破损|损坏|压坏|摔坏|湿损", Reason.DAMAGED),
    _why(r"遗失|丢失|灭失|丢件", Reason.LOST),
    _why(r"拒收|拒签|拒绝签收", Reason.REFUSED),
)
"""Grave words: read on any event, marked as a guess, and never an ending by themselves."""

HEDGE = re.compile(
    r"(如|若|倘|万一|防|避免|以免|谨防|是否|请.{0,6}检查|当面|验收|没有|未发现|无|勿)"
    r"[^，。；,;！!】]{0,10}$"
)
"""Before a grave word: a warning or a condition, not news."""

EXPLAINS: tuple[Phrase, ...] = (
    _why(r"错分|错发|误发|发错", Reason.MISSORTED),
    _why(r"交通事故|车祸|车辆故障|航班(延误|取消)|堵车", Reason.VEHICLE),
    _why(r"不可抗力|台风|暴雨|暴雪|大雪|大雾|洪水|地震|泥石流|天气", Reason.WEATHER),
    _why(r"地址(不详|错误|不清|有误)|查无此人|超区|超出.{0,4}范围", Reason.BAD_ADDRESS),
    _why(r"无人|不在家|联系不上|无法联系|无法接通|电话关机", Reason.NOT_HOME),
    _why(r"放假|节假日|休息|未营业|已下班", Reason.CLOSED),
    _why(r"(超时|逾期|长时间)未(取|提)", Reason.PICKUP_NOT_COLLECTED),
    _why(r"到付|未付款|货款|关税", Reason.PAYMENT_DUE),
    _why(r"(缺|补).{0,4}(资料|单证|证件)|身份证", Reason.CUSTOMS_DOCUMENTS),
    _why(r"海关.{0,6}(查验|扣)", Reason.CUSTOMS_INSPECTION),
    _why(r"违禁|禁寄", Reason.PROHIBITED),
    _why(r"扣件|公安|安检", Reason.SECURITY),
    _why(r"滞留|积压|延误|延迟", Reason.DELAYED),
)
"""Lesser words: read only where a code already says that something is wrong."""

HANDED: tuple[tuple[re.Pattern[str], Handed], ...] = tuple(
    (re.compile(words), handed)
    for words, handed in (
        (r"驿站|菜鸟|快递柜|丰巢|自提柜|智能柜|云柜|速递易|柜机|格口", Handed.LOCKER),
        (r"代收点|自提点|快递超市|便利店|服务站", Handed.LOCKER),
        (r"邻居", Handed.NEIGHBOUR),
        (r"代收|代签|他人|保安|门卫|物业|前台|收发室|传达室", Handed.PROXY),
        (r"家人|同事|亲友|朋友", Handed.PROXY),
        (r"门口|指定位置|指定地点", Handed.SAFE_PLACE),
        (r"本人", Handed.RECIPIENT),
    )
)
"""Words of a delivery -> to whom it was given; the first that fits."""

ERRORS: dict[str, ErrorKind] = {
    "0": ErrorKind.NOT_FOUND,  # the first generation of the interface
    "201": ErrorKind.NOT_FOUND,
    "400": ErrorKind.INVALID_NUMBER,
    "408": ErrorKind.INVALID_NUMBER,  # the phone number that SF and ZTO want does not fit
    "500": ErrorKind.NOT_FOUND,
    "501": ErrorKind.TRANSIENT,
    "502": ErrorKind.TRANSIENT,
    "503": ErrorKind.AUTH,
    "600": ErrorKind.AUTH,
    "601": ErrorKind.AUTH,
    "700": ErrorKind.INVALID_NUMBER,
    "701": ErrorKind.INVALID_NUMBER,
    "702": ErrorKind.INVALID_NUMBER,
}
"""``returnCode`` of a refusal, or ``status`` of an empty answer -> kind."""

ERROR_WORDS: tuple[tuple[str, ErrorKind, int | None], ...] = (
    ("频繁", ErrorKind.RATE_LIMITED, 1800),
    ("频率", ErrorKind.RATE_LIMITED, 1800),
    ("锁", ErrorKind.RATE_LIMITED, 1800),
    ("余额", ErrorKind.QUOTA_EXHAUSTED, None),
    ("单量", ErrorKind.QUOTA_EXHAUSTED, None),
    ("次数", ErrorKind.QUOTA_EXHAUSTED, None),
    ("服务器", ErrorKind.TRANSIENT, None),
    ("系统", ErrorKind.TRANSIENT, None),
    ("不存在", ErrorKind.NOT_FOUND, None),
    ("过期", ErrorKind.NOT_FOUND, None),
    ("无结果", ErrorKind.NOT_FOUND, None),
    ("无记录", ErrorKind.NOT_FOUND, None),
)
"""Words that tell kinds apart where one code serves several."""

COURIER: dict[str, str] = {
    "yuantong": "yto",
    "shentong": "sto",
    "zhongtong": "zto",
    "yunda": "yunda",
    "shunfeng": "sf",
    "shunfengkuaiyun": "sf",
    "jtexpress": "jt",
    "ems": "ems",
    "youzhengguonei": "chinapost",
    "youzhengbk": "chinapost",
    "youzhengdsbk": "chinapost",
    "chinapost": "chinapost",
    "jd": "jd",
    "jingdongkuaiyun": "jd",
    "debangkuaidi": "deppon",
    "debangwuliu": "deppon",
    "huitongkuaidi": "best",
    "baishiwuliu": "best",
    "danniao": "danniao",
    "annto": "annto",
    "annengwuliu": "ane",
    "ane66": "ane",
    "kuayue": "kye",
    "rrs": "rrs",
    "suning": "suning",
    "tiantian": "ttk",
    "youshuwuliu": "uce",
    "zhaijisong": "zjs",
    "yuntrack": "yunexpress",
    "yw56": "yanwen",
    "disifang": "4px",
    "ups": "ups",
    "upsen": "ups",
    "fedex": "fedex",
    "fedexcn": "fedex",
    "lianbangkuaidi": "fedex",
    "dhl": "dhl",
    "dhlen": "dhl",
    "dhlde": "dhl_de",
    "usps": "usps",
    "tnt": "tnt",
    "tnten": "tnt",
    "dpd": "dpd",
    "dpdgermany": "dpd",
    "dpduk": "dpd_uk",
    "gls": "gls",
    "aramex": "aramex",
    "canpost": "canadapost",
    "auspost": "auspost",
    "japanpost": "japanpost",
    "japanposten": "japanpost",
    "sagawa": "sagawa",
    "ontrac": "ontrac",
}
"""Kuaidi100's company code -> our slug; another code is its own slug."""
