"""
Kuaidi100's codes and words in ours.

One number space serves the body's ``state`` and each event's ``statusCode``; the advanced numbers
need a subscription with resultv2=4 or higher. Where numbers are absent, ``status`` holds a word.
"""

from __future__ import annotations

import re

from tracking.carriers.base import Meaning
from tracking.scans import ErrorKind
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 2

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


ERRORS: dict[str, ErrorKind] = {
    "0": ErrorKind.NOT_FOUND,  # the first generation of the interface
    "201": ErrorKind.NOT_FOUND,
    "400": ErrorKind.INVALID_NUMBER,
    "401": ErrorKind.AUTH,
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
"""``returnCode`` or ``code`` of a refusal, or ``status`` of an empty answer -> kind."""

SUBSCRIBED = frozenset({"200", "501"})
"""``returnCode`` of a subscription that holds: taken now, or taken before and still running."""

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

FORWARDED = re.compile(
    r"(?:转投|转寄|转单|转交|转由|转至)[^，。；]{0,8}?"
    r"(?P<courier>顺丰|圆通|申通|中通|韵达|极兔|EMS|邮政|京东|德邦|百世|丹鸟)"
    r"[^0-9A-Z]{0,20}?单号[^0-9A-Z]{0,4}(?P<number>[A-Z0-9]{8,24})"
)
"""Words of a handover that name the next courier and its number; both, or it is no news."""

TO: dict[str, str] = {
    "顺丰": "sf",
    "圆通": "yto",
    "申通": "sto",
    "中通": "zto",
    "韵达": "yunda",
    "极兔": "jt",
    "EMS": "ems",
    "邮政": "chinapost",
    "京东": "jd",
    "德邦": "deppon",
    "百世": "best",
    "丹鸟": "danniao",
}
"""How a scan's words name a courier -> our slug."""

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
