"""What the demo's carriers say, in their own formats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from tracking.carriers import kuaidi100, scenarios, simulator

Letter = tuple[datetime, bytes]
Rows = tuple[tuple[float, str, str, str], ...]

_NEW_YORK, _SHANGHAI = ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")

_UPS_OUT_TODAY = (
    (2, "M", "MP", "Shipper created a label, UPS has not received the package yet", "", ""),
    (9, "I", "OR", "Origin Scan", "Secaucus", "NJ"),
    (15, "I", "DP", "Departed from Facility", "Secaucus", "NJ"),
    (38, "I", "AR", "Arrived at Facility", "Harrisburg", "PA"),
    (51, "I", "DP", "Departed from Facility", "Harrisburg", "PA"),
    (64, "I", "AR", "Arrived at Facility", "Charlotte", "NC"),
    (68, "I", "OT", "Out For Delivery Today", "Charlotte", "NC"),
)
_UPS_SAYS_DELIVERED = (
    *_UPS_OUT_TODAY,
    (75, "D", "FS", "Delivered", "Charlotte", "NC"),
)
"""Anybody who knows UPS's password may have sent this: it counts once UPS is asked."""
_YTO_DELIVERED = (
    (2, "揽收", "【宁波市】浙江宁波港区公司 已揽收", "浙江,宁波市"),
    (9, "在途", "【宁波市】已离开 浙江宁波转运中心；发往 上海转运中心", "浙江,宁波市"),
    (19, "在途", "【上海市】已到达 上海转运中心", "上海,上海市"),
    (31, "派件", "【上海市】上海静安区公司 正在为您派件", "上海,上海市,静安区"),
    (34, "签收", "【上海市】您的快件已签收，签收人：本人签收", "上海,上海市,静安区"),
)
_AREAS = {
    "浙江,宁波市": "CN330200000000",
    "上海,上海市": "CN310100000000",
    "上海,上海市,静安区": "CN310106000000",
}
ONWARD = "9881042207315"
_YTO_HANDED_OVER = (
    (2, "揽收", "【宁波市】浙江宁波港区公司 已揽收", "浙江,宁波市"),
    (9, "在途", "【宁波市】已离开 浙江宁波转运中心；发往 上海转运中心", "浙江,宁波市"),
    # No table of ours has this word: staff find it in the list of unknown codes.
    (20, "过驳", "【上海市】因江面大雾，车辆改由轮渡过江", "上海,上海市"),
    (27, "在途", "【上海市】已到达 上海转运中心", "上海,上海市"),
    (40, "转投", f"【上海市】快件已转交中国邮政派送，单号：{ONWARD}", "上海,上海市"),
)
_POST_WAITING = (
    (46, "揽收", "【上海市】中国邮政 静安揽投部 已收寄", "上海,上海市"),
    (70, "派件", "【上海市】邮递员正在派送", "上海,上海市,静安区"),
    (73, "待取件", "【上海市】快件已到 静安示例路邮政驿站，请凭取件码领取", "上海,上海市,静安区"),
)


_UPS = {"ups_out_today": _UPS_OUT_TODAY, "ups_says_delivered": _UPS_SAYS_DELIVERED}
_STATES = {"揽收": "1", "在途": "0", "派件": "5", "签收": "3", "转投": "7", "待取件": "501"}
_YTO, _POST = "yuantong", "youzhengguonei"


def of(journey: str, *, number: str, start: datetime, until: datetime) -> list[Letter]:
    """Return what the carrier has said by ``until``: (when, body as it reaches the door)."""
    if journey in _UPS:
        told = [_ups(row, number=number, start=start) for row in _UPS[journey]]
    elif journey == "yto_delivered":
        told = _all_kuaidi100(_YTO_DELIVERED, number=number, start=start)
    elif journey == "yto_handed_over":
        told = _all_kuaidi100(_YTO_HANDED_OVER, number=number, start=start)
        told += _all_kuaidi100(_POST_WAITING, number=ONWARD, start=start, courier=_POST)
    else:
        told = scenarios.script(journey, number=number, start=start)
    return [(at, body) for at, body in told if at <= until]


def _ups(row: tuple[float, str, str, str, str, str], *, number: str, start: datetime) -> Letter:
    hours, kind, code, text, city, state = row
    at = start + timedelta(hours=hours)
    local = at.astimezone(_NEW_YORK)
    alert = {
        "trackingNumber": number,
        "localActivityDate": f"{local:%Y%m%d}",
        "localActivityTime": f"{local:%H%M%S}",
        "activityLocation": {"city": city, "stateProvince": state, "country": "US"},
        "activityStatus": {"type": kind, "code": code, "description": text},
        "scheduledDeliveryDate": f"{start + timedelta(hours=76):%Y%m%d}",
        "gmtActivityDate": f"{at:%Y%m%d}",
        "gmtActivityTime": f"{at:%H%M%S}",
        "gmtOffset": f"{local:%z}"[:3] + "." + f"{local:%z}"[3:],
    }
    return at, orjson.dumps(alert)


def asked(number: str, *, events: Sequence[dict[str, Any]]) -> bytes:
    """Return what the pretend carrier answers when it is asked about one of its parcels."""
    parcel = {
        "number": number, "carrier": simulator.slug, "is_complete": True, "events": list(events),
    }  # fmt: skip
    return orjson.dumps({"parcels": [parcel], "errors": []})


def stray(*, start: datetime) -> bytes:
    """Return a push about a parcel that nobody here has sent."""
    return scenarios.script("delivered", number="HX00420499", start=start)[3][1]


def _all_kuaidi100(
    rows: Rows, *, number: str, start: datetime, courier: str = _YTO
) -> list[Letter]:
    return [
        _kuaidi100(rows[: count + 1], number=number, start=start, courier=courier)
        for count in range(len(rows))
    ]


def _kuaidi100(rows: Rows, *, number: str, start: datetime, courier: str) -> Letter:
    at = start + timedelta(hours=rows[-1][0])
    data = [
        {
            "time": f"{(start + timedelta(hours=hours)).astimezone(_SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "ftime": f"{(start + timedelta(hours=hours)).astimezone(_SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "status": word,
            "context": text,
            "areaName": area,
            "areaCode": _AREAS[area],
        }
        for hours, word, text, area in reversed(rows)
    ]
    state = _STATES.get(rows[-1][1], "0")
    param = orjson.dumps({
        "status": "polling",
        "message": "",
        "lastResult": {
            "message": "ok", "nu": number, "ischeck": "1" if state == "3" else "0",
            "com": courier, "status": "200", "state": state, "data": data,
        },
    })  # fmt: skip
    return at, kuaidi100.seal(param, "demo")
