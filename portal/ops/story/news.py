"""What the demo's carriers say, in their own formats."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import orjson

from tracking.carriers import kuaidi100, scenarios

Letter = tuple[datetime, bytes]

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
_YTO_DELIVERED = (
    (2, "揽收", "【宁波市】浙江宁波港区公司 已揽收", "浙江,宁波市"),
    (9, "在途", "【宁波市】已离开 浙江宁波转运中心；发往 上海转运中心", "浙江,宁波市"),
    (19, "在途", "【上海市】已到达 上海转运中心", "上海,上海市"),
    (31, "派件", "【上海市】上海静安区公司 正在为您派件", "上海,上海市,静安区"),
    (34, "签收", "【上海市】您的快件已签收，签收人：本人签收", "上海,上海市,静安区"),
)


def of(journey: str, *, number: str, start: datetime, until: datetime) -> list[Letter]:
    """Return what the carrier has said by ``until``: (when, body as it reaches the door)."""
    if journey == "ups_out_today":
        told = [_ups(row, number=number, start=start) for row in _UPS_OUT_TODAY]
    elif journey == "yto_delivered":
        told = [
            _kuaidi100(_YTO_DELIVERED[: count + 1], number=number, start=start)
            for count in range(len(_YTO_DELIVERED))
        ]
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


def _kuaidi100(
    rows: tuple[tuple[float, str, str, str], ...], *, number: str, start: datetime
) -> Letter:
    at = start + timedelta(hours=rows[-1][0])
    data = [
        {
            "time": f"{(start + timedelta(hours=hours)).astimezone(_SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "ftime": f"{(start + timedelta(hours=hours)).astimezone(_SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "status": word,
            "context": text,
            "areaName": area,
        }
        for hours, word, text, area in reversed(rows)
    ]
    state = {"揽收": "1", "在途": "0", "派件": "5", "签收": "3"}[rows[-1][1]]
    param = orjson.dumps({
        "status": "polling",
        "message": "",
        "lastResult": {
            "message": "ok", "nu": number, "ischeck": "1" if state == "3" else "0",
            "com": "yuantong", "status": "200", "state": state, "data": data,
        },
    })  # fmt: skip
    return at, kuaidi100.seal(param, "demo")
