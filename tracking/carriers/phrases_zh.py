"""
What Chinese couriers write in words, for where their codes are silent.

What comes of it is a guess: it suggests, and never ends a journey. Both scripts are read, for
Hong Kong and Taiwan write the traditional one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tracking.states import Handed, Reason
from tracking.states import ParcelStatus as S


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
    _says(r"取件码|凭.{0,6}取件|待取件|待自取|已暂存|已存入|已存放|已放入", S.AVAILABLE_FOR_PICKUP),
    _says(r"退回(寄件|发件|商家|卖家)|原路退回|退件.{0,6}(中|发出|运输)", S.RETURNING),
    _says(r"正在(为您)?[派投]|派[送件]中|安排(投递|派[件送])|开始派送|派件扫", S.OUT_FOR_DELIVERY),
    _says(r"待揽收|等待揽收|已下单", S.INFO_RECEIVED),
    _says(r"已(被)?揽(收|件)|揽收成功|已收件|已收取(?!费)", S.PICKED_UP),
    _says(r"(?<!预计)(?<!即将)到达|离开|发往|运往|已发出|已装车|装袋扫|下一站", S.IN_TRANSIT),
)  # fmt: skip
"""For an event without code and word: what its text plainly says. No ending is read from text."""

SUGGESTS: tuple[Phrase, ...] = (
    _why(r"破[损損]|[损損][坏壞]|[压壓][坏壞]|摔[坏壞]|[湿濕][损損]", Reason.DAMAGED),
    _why(r"[遗遺]失|丢失|丟失|[灭滅]失|丢件|丟件", Reason.LOST),
    _why(r"拒收|拒[签簽]|拒[绝絕][签簽]收", Reason.REFUSED),
)
"""Grave words: read on any event, marked as a guess, and never an ending by themselves."""

HEDGE = re.compile(
    r"(如|若|倘|万一|防|避免|以免|谨防|是否|请.{0,6}检查|当面|验收|没有|未发现|无|勿)"
    r"[^，。；,;！!】]{0,10}$"
)
"""Before a grave word: a warning or a condition, not news."""

EXPLAINS: tuple[Phrase, ...] = (
    _why(r"[错錯]分|[错錯][发發]|[误誤][发發]|[发發][错錯]", Reason.MISSORTED),
    _why(r"交通(事故|原因|管制)|[车車][祸禍]|[车車][辆輛]故障|航班(延[误誤]|取消)|堵[车車]",
         Reason.VEHICLE),
    _why(r"不可抗力|台[风風]|[飓颱]|暴雨|暴雪|大雪|大[雾霧]|洪水|地震|泥石流|天[气氣]",
         Reason.WEATHER),
    _why(r"地址(不[详詳]|[错錯][误誤]|不清|有[误誤]|不存在)|查[无無]此人|超[区區]|超出.{0,4}[范範][围圍]",
         Reason.BAD_ADDRESS),
    _why(r"[无無]人|不在家|外出|[联聯]系不上|([无無]法|未).{0,10}[联聯][系繫]|[无無]法接通|[电電][话話][关關][机機]",
         Reason.NOT_HOME),
    _why(r"放假|节假日|假期|休息|未[营營][业業]|已下班", Reason.CLOSED),
    _why(r"(超[时時]|逾期|[长長][时時][间間])未(取|提|[领領])", Reason.PICKUP_NOT_COLLECTED),
    _why(r"到付|未付款|[货貨]款|[关關]税|[关關]稅", Reason.PAYMENT_DUE),
    _why(r"(缺|补).{0,4}(资料|单证|证件)|身份[证證]", Reason.CUSTOMS_DOCUMENTS),
    _why(r"海[关關].{0,6}([查檢检][验驗查]|扣)", Reason.CUSTOMS_INSPECTION),
    _why(r"[违違]禁|禁寄", Reason.PROHIBITED),
    _why(r"扣件|公安|安[检檢]", Reason.SECURITY),
    _why(r"滞留|滯留|积压|積壓|延[误誤]|延[迟遲]", Reason.DELAYED),
)  # fmt: skip
"""Lesser words: read only where a code already says that something is wrong."""

HANDED: tuple[tuple[re.Pattern[str], Handed], ...] = tuple(
    (re.compile(words), handed)
    for words, handed in (
        (r"驿站|驛站|菜鸟|(快递|自提|自助|智能|云)柜|[丰豐]巢|速递易|柜机|格口", Handed.LOCKER),
        (r"代收点|自提点|自取[点點]|快递超市|便利店|服务站|顺丰(店|站)", Handed.LOCKER),
        (r"邻居|鄰居", Handed.NEIGHBOUR),
        (r"代收|代[签簽]|他人|保安|门卫|物业|物業|前台|收发室|传达室|管理[处處]", Handed.PROXY),
        (r"家人|同事|亲友|朋友", Handed.PROXY),
        (r"门口|門口|指定位置|指定地点|指定地點", Handed.SAFE_PLACE),
        (r"本人", Handed.RECIPIENT),
    )
)  # fmt: skip
"""Words of a delivery -> to whom it was given; the first that fits."""


def status_in(words: str) -> S | None:
    """Return the status a text plainly says, never an ending."""
    return next((phrase.status for phrase in SAYS if phrase.words.search(words)), None)


def reason_in(words: str, *, is_wrong: bool) -> Reason | None:
    """
    Return the reason a text suggests.

    Only grave words count where no code says that something is wrong, and not in a warning.
    """
    for phrase in SUGGESTS:
        if any(not HEDGE.search(words[: hit.start()]) for hit in phrase.words.finditer(words)):
            return phrase.reason
    if not is_wrong:
        return None
    return next((phrase.reason for phrase in EXPLAINS if phrase.words.search(words)), None)


def handed_in(words: str) -> Handed | None:
    """Return to whom the words of a delivery say it was given."""
    return next((handed for pattern, handed in HANDED if pattern.search(words)), None)
