"""
SF's operation codes and names in ours.

A route row has an ``opCode``, sometimes a ``reasonCode`` that says why, and in newer answers a
first and a secondary status with their names. The operation speaks first: it is what was scanned.
The statuses are SF's own grouping of it and serve where an operation is in no table.
"""

from __future__ import annotations

import re

from tracking.carriers.base import NEWS, Meaning
from tracking.scans import ErrorKind
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1

_LOCKER = Meaning(S.AVAILABLE_FOR_PICKUP, handed=Handed.LOCKER)
_COLLECT = Meaning(S.AVAILABLE_FOR_PICKUP)
_DELAY = Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER)
_INSPECTED = Meaning(S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS)

OPERATION: dict[str, tuple[str, Meaning]] = {
    # Announced: an order, nothing in SF's hands
    "127": ("寄件客户将快件放至丰巢", Meaning(S.INFO_RECEIVED)),
    "138": ("用户自助寄件", Meaning(S.INFO_RECEIVED)),
    "141": ("预售件准备发运", Meaning(S.INFO_RECEIVED)),
    "201": ("准备拣货", Meaning(S.INFO_RECEIVED)),
    "202": ("出库", Meaning(S.INFO_RECEIVED)),
    "205": ("仓库订单审核", Meaning(S.INFO_RECEIVED)),
    "206": ("仓库拣货", Meaning(S.INFO_RECEIVED)),
    "646": ("包装完成", Meaning(S.INFO_RECEIVED)),
    "647": ("寄方准备快件中", Meaning(S.INFO_RECEIVED)),
    "830": ("出库", Meaning(S.INFO_RECEIVED)),
    "831": ("入库", Meaning(S.INFO_RECEIVED)),
    "844": ("配送出库", Meaning(S.INFO_RECEIVED)),
    # Collected
    "41": ("交收件联", Meaning(S.PICKED_UP)),
    "43": ("收件入仓", Meaning(S.PICKED_UP)),
    "46": ("二程接驳收件", Meaning(S.PICKED_UP)),
    "50": ("顺丰已收件", Meaning(S.PICKED_UP)),
    "51": ("一票多件的子件", Meaning(S.PICKED_UP)),
    "54": ("上门收件", Meaning(S.PICKED_UP)),
    "129": ("快递员从丰巢收件成功", Meaning(S.PICKED_UP)),
    "188": ("KC揽收", Meaning(S.PICKED_UP)),
    "214": ("星管家收件", Meaning(S.PICKED_UP)),
    "633": ("港澳台二程接驳收件", Meaning(S.PICKED_UP)),
    "651": ("SLC已揽件", Meaning(S.PICKED_UP)),
    "655": ("合作点收件", Meaning(S.PICKED_UP)),
    "656": ("合作点交接给顺丰", Meaning(S.PICKED_UP)),
    "700": ("拍照收件", Meaning(S.PICKED_UP)),
    "701": ("一票多件拍照收件", Meaning(S.PICKED_UP)),
    "843": ("集收入库", Meaning(S.PICKED_UP)),
    "850": ("集收", Meaning(S.PICKED_UP)),
    "851": ("集收", Meaning(S.PICKED_UP)),
    "950": ("快速收件", Meaning(S.PICKED_UP)),
    # On the way
    "10": ("办事处、中转、海关发车或机场发货", Meaning(S.IN_TRANSIT)),
    "11": ("办事处、中转、海关到车或机场提货", Meaning(S.IN_TRANSIT)),
    "30": ("装车,准备发往下一站", Meaning(S.IN_TRANSIT)),
    "31": ("到达集散中心", Meaning(S.IN_TRANSIT)),
    "36": ("封车", Meaning(S.IN_TRANSIT)),
    "64": ("晨配转出", Meaning(S.IN_TRANSIT)),
    "65": ("晨配转入", Meaning(S.IN_TRANSIT)),
    "86": ("晨配装车", Meaning(S.IN_TRANSIT)),
    "87": ("晨配卸车", Meaning(S.IN_TRANSIT)),
    "88": ("外资航空起飞", Meaning(S.IN_TRANSIT)),
    "89": ("外资航空落地", Meaning(S.IN_TRANSIT)),
    "96": ("整车发货", Meaning(S.IN_TRANSIT)),
    "105": ("航空起飞", Meaning(S.IN_TRANSIT)),
    "106": ("航空落地", Meaning(S.IN_TRANSIT)),
    "136": ("落地配装车", Meaning(S.IN_TRANSIT)),
    "137": ("落地配卸车", Meaning(S.IN_TRANSIT)),
    "147": ("整车在途", Meaning(S.IN_TRANSIT)),
    "186": ("KC装车", Meaning(S.IN_TRANSIT)),
    "187": ("KC卸车", Meaning(S.IN_TRANSIT)),
    "189": ("KC快件交接", Meaning(S.IN_TRANSIT)),
    "190": ("无人车发车", Meaning(S.IN_TRANSIT)),
    "302": ("车辆发车", Meaning(S.IN_TRANSIT)),
    "304": ("离开经停点", Meaning(S.IN_TRANSIT)),
    "310": ("到达经停点", Meaning(S.IN_TRANSIT)),
    "405": ("船舶离港", Meaning(S.IN_TRANSIT)),
    "406": ("船舶到港", Meaning(S.IN_TRANSIT)),
    "407": ("接驳点收件出仓", Meaning(S.IN_TRANSIT)),
    "501": ("运输中", Meaning(S.IN_TRANSIT)),
    "570": ("铁路发车", Meaning(S.IN_TRANSIT)),
    "571": ("铁路到车", Meaning(S.IN_TRANSIT)),
    "605": ("运力抵达口岸", Meaning(S.IN_TRANSIT)),
    "643": ("门市/顺丰站快件转移", Meaning(S.IN_TRANSIT)),
    "847": ("二程接驳", Meaning(S.IN_TRANSIT)),
    "921": ("晨配在途", Meaning(S.IN_TRANSIT)),
    "930": ("外配装车", Meaning(S.IN_TRANSIT)),
    "931": ("外配卸车", Meaning(S.IN_TRANSIT)),
    "99": ("应客户要求,快件正在转寄中", Meaning(S.IN_TRANSIT)),
    # With another carrier
    "208": ("代理交接", Meaning(S.HANDED_OVER)),
    "607": ("代理收件", Meaning(S.HANDED_OVER)),
    "626": ("到转第三方快递", Meaning(S.HANDED_OVER)),
    "627": ("寄转第三方快递", Meaning(S.HANDED_OVER)),
    "648": ("快件已退回/转寄,新单号为", Meaning(S.HANDED_OVER)),
    "649": ("代理转运", Meaning(S.HANDED_OVER)),
    "932": ("外配交接", Meaning(S.HANDED_OVER)),
    # Customs
    "14": ("货件已放行", Meaning(S.CUSTOMS)),
    "15": ("海关查验", _INSPECTED),
    "16": ("正式报关待申报", Meaning(S.CUSTOMS)),
    "17": ("海关待查", _INSPECTED),
    "18": ("海关扣件", _INSPECTED),
    "604": ("CFS清关", Meaning(S.CUSTOMS)),
    "606": ("清关完成", Meaning(S.CUSTOMS)),
    "612": ("暂存口岸待申报", Meaning(S.CUSTOMS)),
    "613": ("海关放行待补税", Meaning(S.CUSTOMS, Reason.PAYMENT_DUE, Party.RECIPIENT)),
    "614": ("清关时效延长", Meaning(S.CUSTOMS, Reason.DELAYED, Party.CUSTOMS)),
    "619": ("检疫查验", _INSPECTED),
    "620": ("检疫待查", _INSPECTED),
    "621": ("检疫扣件", _INSPECTED),
    "623": ("海关数据放行", Meaning(S.CUSTOMS)),
    # Trouble
    "33": ("派件异常", Meaning(S.EXCEPTION)),
    "66": ("中转批量滞留", _DELAY),
    "70": ("派件不成功", Meaning(S.ATTEMPT_FAILED)),
    "72": ("标记异常", Meaning(S.EXCEPTION)),
    "77": ("中转滞留", _DELAY),
    "126": ("快递员取消派件将快件取出丰巢", Meaning(S.EXCEPTION)),
    "611": ("理货异常", Meaning(S.EXCEPTION)),
    "833": ("滞留件入仓", _DELAY),
    "934": ("外配异常", Meaning(S.EXCEPTION)),
    # At the door
    "34": ("滞留件出仓", Meaning(S.OUT_FOR_DELIVERY)),
    "44": ("正在派送途中", Meaning(S.OUT_FOR_DELIVERY)),
    "47": ("二程接驳派件", Meaning(S.OUT_FOR_DELIVERY)),
    "122": ("加时区域派件出仓", Meaning(S.OUT_FOR_DELIVERY)),
    "123": ("快件正送往顺丰店/站", Meaning(S.OUT_FOR_DELIVERY)),
    "204": ("派件责任交接", Meaning(S.OUT_FOR_DELIVERY)),
    "211": ("星管家派件交接", Meaning(S.OUT_FOR_DELIVERY)),
    "212": ("星管家派送", Meaning(S.OUT_FOR_DELIVERY)),
    "630": ("落地配派件出仓", Meaning(S.OUT_FOR_DELIVERY)),
    "634": ("港澳台二程接驳派件", Meaning(S.OUT_FOR_DELIVERY)),
    "933": ("外配出仓", Meaning(S.OUT_FOR_DELIVERY)),
    # Waiting to be fetched
    "125": ("快递员派件至丰巢", _LOCKER),
    "130": ("快件到达顺丰店/站", _COLLECT),
    "642": ("门市/顺丰站快件上架", _COLLECT),
    "657": ("合作点从顺丰交接", _LOCKER),
    "678": ("快件到达驿站", _LOCKER),
    # Given
    "80": ("已签收", Meaning(S.DELIVERED)),
    "97": ("整车签收", Meaning(S.DELIVERED)),
    "128": ("客户从丰巢取件成功", Meaning(S.DELIVERED, handed=Handed.LOCKER)),
    "679": ("驿站完成派件", Meaning(S.DELIVERED, handed=Handed.LOCKER)),
    "935": ("外配签收", Meaning(S.DELIVERED)),
    # Going back
    "631": ("新单退回", Meaning(S.RETURNING)),
    # Told, and moving nothing
    "75": ("混建包复核", NEWS),
    "84": ("重量复核", NEWS),
    "98": ("代理路由信息", NEWS),
    "131": ("快递员从丰巢收件失败", NEWS),
    "135": ("信息记录", NEWS),
    "140": ("国际件特殊通知", NEWS),
    "151": ("分配师傅", NEWS),
    "152": ("师傅预约", NEWS),
    "153": ("师傅提货", NEWS),
    "154": ("师傅上门", NEWS),
    "517": ("快件重量更正", NEWS),
    "900": ("订舱路由", NEWS),
    "8000": ("签收图与在线签收信息", NEWS),
}  # fmt: skip
"""opCode -> (what it is called, meaning)."""

WHY: dict[tuple[str, str], Meaning] = {
    ("8000", "1"): Meaning(S.DELIVERED),
    ("8000", "2"): Meaning(S.DESTROYED),
    ("8000", "4"): Meaning(S.RETURNED),
    ("8000", "6"): Meaning(S.LOST, Reason.LOST, Party.CARRIER),
    ("70", "46"): Meaning(S.CANCELLED),
    ("33", "83"): _COLLECT,
    ("33", "85"): _COLLECT,
    ("70", "83"): _COLLECT,
    ("70", "85"): _COLLECT,
    ("99", "2"): Meaning(S.RETURNING),
}
"""(opCode, reasonCode) -> meaning, for operations that say little without the reason."""

REFINED: dict[tuple[str, str], Meaning] = {
    ("33", "11"): _COLLECT,
    ("70", "11"): _COLLECT,
    ("33", "5"): Meaning(S.CANCELLED),
    ("33", "13"): Meaning(S.ATTEMPT_FAILED),
    ("44", "2"): Meaning(S.IN_TRANSIT),
    ("607", "1"): Meaning(S.PICKED_UP),
    ("607", "4"): Meaning(S.DELIVERED, handed=Handed.PROXY),
    ("8000", "4"): Meaning(S.DELIVERED),
}
"""(opCode, first status) -> meaning, where SF's own grouping tells one operation's uses apart."""

FIRST: dict[str, Meaning] = {
    "1": Meaning(S.PICKED_UP),
    "2": Meaning(S.IN_TRANSIT),
    "3": Meaning(S.OUT_FOR_DELIVERY),
    "4": Meaning(S.DELIVERED),
    "7": Meaning(S.INFO_RECEIVED),
    "11": _COLLECT,
    "13": Meaning(S.ATTEMPT_FAILED),
}
"""firstStatusCode -> meaning: 已揽收, 运送中, 派送中, 已签收, 待揽收, 待取件, 待再派."""

SECONDARY: dict[str, Meaning] = {
    "204": Meaning(S.CUSTOMS),
    "205": Meaning(S.CUSTOMS),
}
"""secondaryStatusCode -> meaning, where it says more than the first: 清关中, 已清关."""

NAMES: dict[str, Meaning] = {
    "待揽收": Meaning(S.INFO_RECEIVED),
    "已揽收": Meaning(S.PICKED_UP),
    "运送中": Meaning(S.IN_TRANSIT),
    "运输中": Meaning(S.IN_TRANSIT),
    "派送中": Meaning(S.OUT_FOR_DELIVERY),
    "待取件": _COLLECT,
    "待再派": Meaning(S.ATTEMPT_FAILED),
    "已签收": Meaning(S.DELIVERED),
    "已退回": Meaning(S.RETURNING),
    "退回中": Meaning(S.RETURNING),
    "已转寄": Meaning(S.HANDED_OVER),
    "已作废": Meaning(S.CANCELLED),
    "清关中": Meaning(S.CUSTOMS),
    "已清关": Meaning(S.CUSTOMS),
}
"""A status's name -> meaning, where its code is in no table."""

SETTLED_BY_WORDS = frozenset({"922", "3036", "3137"})
"""Operations of the older interfaces that stand for anything: only their words say what it was."""

SETTLED_BY_NAME = frozenset({"99", "648"})
"""Operations that mean either a new address or a way back: the status name says which."""

BACK = re.compile(r"退回|退件|退货")
FORWARD = re.compile(r"转寄|转至|改派")
NEW_NUMBER = re.compile(
    r"(?:新(?:的)?(?:运)?单号|新(?:快件|运单)号码?)[^A-Z0-9]{0,6}(SF\d{10,15}|\d{12,15})"
)
"""The number under which SF sends a parcel on, in the words of operation 648."""

API_ERRORS: dict[str, ErrorKind] = {
    "A1001": ErrorKind.SCHEMA_DRIFT,
    "A1002": ErrorKind.AUTH,
    "A1003": ErrorKind.AUTH,
    "A1004": ErrorKind.AUTH,
    "A1005": ErrorKind.RATE_LIMITED,
    "A1006": ErrorKind.AUTH,
    "A1007": ErrorKind.TRANSIENT,
    "A1008": ErrorKind.AUTH,
    "A1009": ErrorKind.TRANSIENT,
    "A1010": ErrorKind.AUTH,
    "A1011": ErrorKind.AUTH,
    "A1099": ErrorKind.TRANSIENT,
    "S0001": ErrorKind.SCHEMA_DRIFT,
    "S0002": ErrorKind.SCHEMA_DRIFT,
    "S0003": ErrorKind.TRANSIENT,
    "6150": ErrorKind.NOT_FOUND,
    "8003": ErrorKind.SCHEMA_DRIFT,
    "8013": ErrorKind.INVALID_NUMBER,
    "8017": ErrorKind.INVALID_NUMBER,
    "8018": ErrorKind.NOT_FOUND,
    "8024": ErrorKind.NOT_FOUND,
    "8191": ErrorKind.INVALID_NUMBER,
    "8196": ErrorKind.INVALID_NUMBER,
    "8247": ErrorKind.INVALID_NUMBER,
    "20028": ErrorKind.INVALID_NUMBER,  # the phone or the account does not fit the number
    # The older OpenAPI
    "EX_CODE_OPENAPI_0100": ErrorKind.INVALID_NUMBER,
    "EX_CODE_OPENAPI_0101": ErrorKind.AUTH,
    "EX_CODE_OPENAPI_0102": ErrorKind.AUTH,
    "EX_CODE_OPENAPI_0103": ErrorKind.AUTH,
    "EX_CODE_OPENAPI_0104": ErrorKind.AUTH,
    "EX_CODE_OPENAPI_0105": ErrorKind.AUTH,
    "EX_CODE_OPENAPI_0106": ErrorKind.AUTH,
    "EX_CODE_OPENAPI_0212": ErrorKind.AUTH,
    "EX_CODE_OPENAPI_0300": ErrorKind.INVALID_NUMBER,
    "EX_CODE_OPENAPI_0400": ErrorKind.TRANSIENT,
    "EX_CODE_OPENAPI_0403": ErrorKind.AUTH,
    "EX_CODE_OPENAPI_0405": ErrorKind.INVALID_NUMBER,
    "EX_CODE_OPENAPI_0420": ErrorKind.NOT_FOUND,
    "EX_CODE_OPENAPI_0444": ErrorKind.NOT_FOUND,
    "EX_CODE_OPENAPI_0445": ErrorKind.NOT_FOUND,
    "EX_CODE_OPENAPI_0500": ErrorKind.TRANSIENT,
}
"""apiResultCode, errorCode, reasonCode of a number, or code of the older interfaces -> kind."""

ERROR_WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("校验码", ErrorKind.AUTH),
    ("数字签名", ErrorKind.AUTH),
    ("权限", ErrorKind.AUTH),
    ("IP", ErrorKind.AUTH),
    ("流量", ErrorKind.RATE_LIMITED),
    ("频率", ErrorKind.RATE_LIMITED),
    ("频繁", ErrorKind.RATE_LIMITED),
    ("手机", ErrorKind.INVALID_NUMBER),
    ("电话", ErrorKind.INVALID_NUMBER),
    ("月结", ErrorKind.INVALID_NUMBER),
    ("不匹配", ErrorKind.INVALID_NUMBER),
    ("未查到", ErrorKind.NOT_FOUND),
    ("找不到", ErrorKind.NOT_FOUND),
    ("没有此", ErrorKind.NOT_FOUND),
    ("不存在", ErrorKind.NOT_FOUND),
    ("无路由", ErrorKind.NOT_FOUND),
)
"""Words of an error whose code is in no table."""

PICTURE_KINDS: dict[str, str] = {
    "2": "signature",
    "5": "signature",
    "15": "document",
    "122": "document",
    "13": "photo",
    "21": "photo",
    "25": "photo",
    "71": "photo",
    "": "photo",
}
"""imgType of a pushed picture -> what it proves; other types show the sending, not the giving."""
