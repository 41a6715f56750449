"""Parcels in every state a page can tell of, for the tests that look at them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.factories.tracking import (
    CarrierFactory,
    ConnectionFactory,
    OrderLineFactory,
    ParcelFactory,
    ParcelLineFactory,
    SightingFactory,
)
from tracking.expecting import Confidence, EtaSource
from tracking.models import Anomaly, Parcel
from tracking.models.expectation import EtaRevision
from tracking.models.parcel import ParcelMilestone, ParcelNumber
from tracking.models.polling import Poll
from tracking.states import AnomalyKind, Handed, OffsetSource, ParcelStatus, Reason

S, K = ParcelStatus, AnomalyKind
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

Make = Callable[[datetime], Parcel]
PHASES: dict[str, Make] = {}
"""Name -> what makes a parcel in that state at a moment."""

WAY = (
    (S.INFO_RECEIVED, "Shipment information received", "", "", "Asia/Shanghai"),
    (
        S.PICKED_UP,
        "【深圳市】快件已被揽收，快递员张三（13800138000）",
        "【深圳市】",
        "CN",
        "Asia/Shanghai",
    ),
    (S.IN_TRANSIT, "快件到达宁波转运中心", "宁波转运中心", "CN", "Asia/Shanghai"),
    (S.IN_TRANSIT, "Arrived at Facility", "Anchorage, AK", "US", "America/Anchorage"),
    (S.IN_TRANSIT, "Arrived at Facility", "Louisville, KY", "US", "America/New_York"),
)
"""What carriers say on a way from Shenzhen to Portland, oldest first."""
TIMES = (6 * DAY, 5 * DAY, 4 * DAY, 2 * DAY, 1 * DAY)


def phase(make: Make) -> Make:
    """Put a state on the list."""
    PHASES[make.__name__] = make
    return make


def scan(
    parcel: Parcel,
    at: datetime,
    status: str,
    text: str = "",
    place: str = "",
    country: str = "US",
    zone: str = "America/Los_Angeles",
    **more: Any,
) -> None:
    """Store a scan on the clock of its place."""
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    facts: dict[str, Any] = {
        "occurred_at": at,
        "local_time": local.isoformat(),
        "offset_source": OffsetSource.OFFSET,
        "raw_code": f"{status}-{text[:20]}",
        "received_at": at,
    }
    SightingFactory.create(
        parcel=parcel, status=status, raw_text=text, location=place, country=country,
        **{**facts, **more},
    )  # fmt: skip


def reach(parcel: Parcel, *steps: tuple[int, str, datetime]) -> None:
    """Note what legs have come to."""
    for leg, status, at in steps:
        ParcelMilestone.objects.create(
            parcel=parcel, leg=leg, status=status, reached_at=at, noticed_at=at
        )


def trouble(parcel: Parcel, kind: AnomalyKind, now: datetime, **facts: Any) -> None:
    """Open trouble that the shopper may know of."""
    told: dict[str, Any] = {
        "kind": kind,
        "severity": 3,
        "is_public": True,
        "opened_at": now - HOUR,
        "since": now - 3 * DAY,
        "next_at": now + 2 * DAY,
        "lost_at": now + 6 * DAY,
    }
    Anomaly.objects.create(parcel=parcel, **{**told, **facts})


def expect(
    parcel: Parcel, source: EtaSource, first: datetime, last: datetime, at: datetime
) -> None:
    """Keep that somebody expected it so."""
    EtaRevision.objects.create(
        parcel=parcel, source=source, eta_from=first, eta_to=last, seen_at=at
    )


def parcel(now: datetime, *, scans: int = len(WAY), **facts: Any) -> Parcel:
    """Make a parcel on its way from Shenzhen to Portland, as far as so many scans."""
    facts = {
        "order__number": f"PH-{20_000 + Parcel.objects.count()}",
        "order__recipient_name": "Lin Wei",
        "order__email": "w.lin@example.org",
        "order__placed_at": now - 8 * DAY,
        "carrier": CarrierFactory.create(
            slug="harbour", name_en="Harbour Express", name_zh="港湾速运",
            tracking_url="https://carrier.example/{number}",
        ),
        "number": f"HX{10_000_000 + Parcel.objects.count()}",
        "shipped_at": now - 5 * DAY,
        "promised_at": now + 2 * DAY,
        "status": S.IN_TRANSIT,
        "status_at": now - 4 * DAY,
        "last_scan_at": now - 1 * DAY if scans > 1 else None,
        "revision": 3,
        **facts,
    }  # fmt: skip
    made = ParcelFactory.create(**facts)
    line = OrderLineFactory.create(order=made.order, title="Celadon teapot 青瓷茶壶")
    ParcelLineFactory.create(parcel=made, order_line=line)
    for (status, text, place, country, zone), ago in list(zip(WAY, TIMES, strict=True))[:scans]:
        scan(made, now - ago, status, text, place, country, zone)
    if scans > 1:
        reach(made, (1, S.PICKED_UP, now - 5 * DAY), (1, S.IN_TRANSIT, now - 4 * DAY))
    return made


# --- before it moves ------------------------------------------------------------------------------


@phase
def packed(now: datetime) -> Parcel:
    return parcel(now, scans=0, status=S.REGISTERED, status_at=None, shipped_at=None)


@phase
def packed_and_something_is_out_of_stock(now: datetime) -> Parcel:
    made = packed(now)
    Anomaly.objects.create(
        order=made.order, kind=K.OUT_OF_STOCK, severity=3, is_public=True, opened_at=now,
        since=now, next_at=now + 2 * DAY,
    )  # fmt: skip
    return made


@phase
def announced(now: datetime) -> Parcel:
    return parcel(now, scans=1, status=S.INFO_RECEIVED, status_at=now - DAY, promised_at=None)


@phase
def unseen(now: datetime) -> Parcel:
    made = parcel(now, scans=1, status=S.INFO_RECEIVED, status_at=now - 4 * DAY)
    trouble(made, K.NO_FIRST_SCAN, now)
    return made


# --- on the way -----------------------------------------------------------------------------------


@phase
def on_time(now: datetime) -> Parcel:
    made = parcel(now)
    Poll.objects.create(
        parcel=made,
        connection=made.connection or ConnectionFactory.create(),
        number=made.number,
        due_at=now + HOUR,
    )
    return made


@phase
def on_time_by_the_carriers_hours(now: datetime) -> Parcel:
    noon = (now + DAY).replace(hour=20, minute=0)
    made = parcel(now, eta_from=noon, eta_to=noon + 4 * HOUR)
    early = now - 3 * DAY
    expect(made, EtaSource.PROMISED, now + 2 * DAY, now + 2 * DAY, now - 8 * DAY)
    expect(made, EtaSource.CARRIER, now + 3 * DAY, now + 3 * DAY, early)
    expect(made, EtaSource.CARRIER, noon, noon + 4 * HOUR, now - DAY)
    return made


@phase
def expected_by_our_own_estimate(now: datetime) -> Parcel:
    return parcel(
        now, promised_at=None, own_eta_from=now + DAY, own_eta_to=now + 3 * DAY,
        own_eta_likely=now + 2 * DAY, own_eta_confidence=Confidence.HIGH, own_eta_at=now,
    )  # fmt: skip


@phase
def expected_by_a_rough_estimate(now: datetime) -> Parcel:
    return parcel(
        now, promised_at=None, own_eta_from=now + DAY, own_eta_to=now + 9 * DAY,
        own_eta_likely=now + 2 * DAY, own_eta_confidence=Confidence.LOW, own_eta_at=now,
    )  # fmt: skip


@phase
def moving(now: datetime) -> Parcel:
    return parcel(now, promised_at=None)


@phase
def late(now: datetime) -> Parcel:
    made = parcel(now, promised_at=now - 2 * DAY)
    trouble(made, K.PAST_ETA, now, since=now - 2 * DAY)
    return made


@phase
def late_with_a_new_day(now: datetime) -> Parcel:
    made = parcel(now, promised_at=now - DAY, eta_from=now + 2 * DAY, eta_to=now + 4 * DAY)
    expect(made, EtaSource.CARRIER, now - DAY, now - DAY, now - 4 * DAY)
    expect(made, EtaSource.CARRIER, now + 2 * DAY, now + 4 * DAY, now - DAY)
    return made


@phase
def quiet(now: datetime) -> Parcel:
    made = parcel(now, promised_at=None, last_scan_at=now - 5 * DAY, scans=3)
    trouble(made, K.STALLED, now, since=now - 4 * DAY)
    return made


@phase
def searched(now: datetime) -> Parcel:
    made = parcel(now, promised_at=now - 6 * DAY, last_scan_at=now - 9 * DAY, scans=3)
    trouble(made, K.SUSPECTED_LOST, now, severity=2)
    trouble(made, K.STALLED, now)
    return made


@phase
def customs(now: datetime) -> Parcel:
    made = parcel(now, scans=3, status=S.CUSTOMS, reason=Reason.CUSTOMS_DOCUMENTS)
    scan(made, now - DAY, S.CUSTOMS, "Customs status updated", "Los Angeles, CA")
    return made


@phase
def customs_for_long(now: datetime) -> Parcel:
    made = parcel(now, scans=3, status=S.CUSTOMS, status_at=now - 7 * DAY)
    trouble(made, K.CUSTOMS_STUCK, now, since=now - 7 * DAY)
    return made


@phase
def held_by_weather(now: datetime) -> Parcel:
    made = parcel(now, scans=3, status=S.EXCEPTION, reason=Reason.WEATHER, eta_to=now + 3 * DAY)
    scan(
        made, now - 2 * DAY, S.EXCEPTION, "因台风道路封闭，快件暂存", "宁波转运中心", "CN",
        "Asia/Shanghai", reason=Reason.WEATHER,
    )  # fmt: skip
    return made


@phase
def damaged(now: datetime) -> Parcel:
    made = parcel(now, status=S.EXCEPTION, reason=Reason.DAMAGED)
    scan(made, now - HOUR, S.EXCEPTION, "Damage reported", "Portland, OR", reason=Reason.DAMAGED)
    trouble(made, K.DAMAGED, now, severity=2, since=now - HOUR, next_at=None, lost_at=None)
    return made


@phase
def out(now: datetime) -> Parcel:
    made = parcel(now, status=S.OUT_FOR_DELIVERY, status_at=now - HOUR, last_scan_at=now - HOUR)
    scan(made, now - HOUR, S.OUT_FOR_DELIVERY, "Out for Delivery", "Portland, OR")
    return made


@phase
def collect(now: datetime) -> Parcel:
    made = parcel(now, status=S.AVAILABLE_FOR_PICKUP, status_at=now - DAY)
    scan(made, now - DAY, S.AVAILABLE_FOR_PICKUP, "At an access point", "Portland, OR")
    return made


@phase
def collect_soon(now: datetime) -> Parcel:
    made = parcel(now, status=S.AVAILABLE_FOR_PICKUP, status_at=now - 5 * DAY)
    trouble(made, K.PICKUP_EXPIRING, now, since=now + 2 * DAY)
    return made


@phase
def attempted(now: datetime) -> Parcel:
    made = parcel(now, status=S.ATTEMPT_FAILED, reason=Reason.NOT_HOME, status_at=now - HOUR)
    scan(made, now - HOUR, S.ATTEMPT_FAILED, "No one home", "Portland, OR", reason=Reason.NOT_HOME)
    return made


@phase
def attempted_and_tried_again_on_a_day(now: datetime) -> Parcel:
    return parcel(
        now, status=S.ATTEMPT_FAILED, reason=Reason.NOT_HOME, status_at=now - HOUR,
        eta_from=now + DAY, eta_to=now + DAY,
    )  # fmt: skip


@phase
def refused(now: datetime) -> Parcel:
    return parcel(now, status=S.ATTEMPT_FAILED, reason=Reason.REFUSED, status_at=now - HOUR)


@phase
def address_not_found(now: datetime) -> Parcel:
    return parcel(now, status=S.ATTEMPT_FAILED, reason=Reason.BAD_ADDRESS, status_at=now - HOUR)


@phase
def tried_too_often(now: datetime) -> Parcel:
    made = parcel(now, status=S.ATTEMPT_FAILED, reason=Reason.CLOSED, status_at=now - HOUR)
    trouble(made, K.ATTEMPTS_EXHAUSTED, now)
    return made


@phase
def packed_wrongly(now: datetime) -> Parcel:
    made = parcel(now)
    Anomaly.objects.create(
        order=made.order, kind=K.WRONG_ITEM, severity=3, is_public=True, opened_at=now,
        since=now, next_at=now + 2 * DAY,
    )  # fmt: skip
    return made


@phase
def with_words_nobody_knows(now: datetime) -> Parcel:
    made = parcel(now)
    scan(made, now - 3 * HOUR, "", "Status code ZX-9", "Portland, OR", is_known=False)
    scan(made, now - 2 * HOUR, "", "New note", "", "", occurred_at=None, local_time="")
    scan(made, now - 4 * HOUR, S.IN_TRANSIT, "Departed", "Boise, ID", occurred_at=None,
         local_time=(now - DAY).strftime("%Y-%m-%d"))  # fmt: skip
    return made


# --- waiting for the carrier's word ---------------------------------------------------------------


@phase
def hinted_delivered(now: datetime) -> Parcel:
    made = on_time(now)
    Parcel.objects.filter(pk=made.pk).update(hinted=S.DELIVERED)
    scan(made, now - HOUR, S.DELIVERED, "DELIVERED", "Portland, OR", is_hint=True)
    return made


@phase
def hinted_lost(now: datetime) -> Parcel:
    return parcel(now, hinted=S.LOST)


# --- more than one stretch ------------------------------------------------------------------------


@phase
def handed_over(now: datetime) -> Parcel:
    made = parcel(now, status=S.HANDED_OVER, status_at=now - 12 * HOUR)
    other = CarrierFactory.create(
        slug="rivers", name_en="Rivers Post", name_zh="江河邮政", timezone="America/Los_Angeles",
        tracking_url="https://rivers.example/{number}",
    )  # fmt: skip
    ParcelNumber.objects.create(
        parcel=made, connection=made.connection or ConnectionFactory.create(), carrier=other,
        number=f"RP{made.pk:09}",
        created_at=now - 12 * HOUR,
    )  # fmt: skip
    scan(made, now - 12 * HOUR, S.HANDED_OVER, "Tendered to delivery partner", "Oakland, CA")
    scan(made, now - 3 * HOUR, S.IN_TRANSIT, "Processed", "Portland, OR")
    reach(made, (1, S.HANDED_OVER, now - 12 * HOUR))
    return made


@phase
def sent_back_after_delivery(now: datetime) -> Parcel:
    made = parcel(
        now, status=S.RETURNING, leg=2, delivered_at=now - 20 * HOUR, status_at=now - 6 * HOUR,
        last_scan_at=now - 3 * HOUR,
    )  # fmt: skip
    scan(made, now - 20 * HOUR, S.DELIVERED, "Delivered", "Portland, OR")
    scan(made, now - 6 * HOUR, S.RETURNING, "Return to sender", "Portland, OR")
    scan(made, now - 3 * HOUR, S.IN_TRANSIT, "Departed", "Oakland, CA")
    reach(
        made, (1, S.DELIVERED, now - 20 * HOUR), (2, S.RETURNING, now - 6 * HOUR),
        (2, S.IN_TRANSIT, now - 3 * HOUR),
    )  # fmt: skip
    return made


@phase
def turned_round(now: datetime) -> Parcel:
    made = parcel(now, status=S.RETURNING, reason=Reason.REFUSED, status_at=now - 6 * HOUR)
    scan(made, now - 6 * HOUR, S.RETURNING, "Refused", "Portland, OR", reason=Reason.REFUSED)
    reach(made, (1, S.RETURNING, now - 6 * HOUR))
    return made


@phase
def returned(now: datetime) -> Parcel:
    made = parcel(now, status=S.RETURNED, status_at=now - HOUR)
    scan(made, now - HOUR, S.RETURNED, "Returned to shipper", "【深圳市】", "CN", "Asia/Shanghai")
    reach(made, (1, S.RETURNING, now - 20 * HOUR), (1, S.RETURNED, now - HOUR))
    return made


@phase
def sent_out_again(now: datetime) -> Parcel:
    made = parcel(now, status=S.IN_TRANSIT, leg=2, status_at=now - 5 * HOUR)
    scan(made, now - 18 * HOUR, S.RETURNED, "Returned", "【深圳市】", "CN", "Asia/Shanghai")
    scan(made, now - 8 * HOUR, S.PICKED_UP, "再次揽收", "【深圳市】", "CN", "Asia/Shanghai")
    scan(made, now - 5 * HOUR, S.IN_TRANSIT, "已发往香港", "Hong Kong", "HK", "Asia/Hong_Kong")
    reach(
        made, (1, S.RETURNING, now - 22 * HOUR), (1, S.RETURNED, now - 18 * HOUR),
        (2, S.PICKED_UP, now - 8 * HOUR), (2, S.IN_TRANSIT, now - 5 * HOUR),
    )  # fmt: skip
    return made


@phase
def in_an_order_with_trouble_elsewhere(now: datetime) -> Parcel:
    made = parcel(now)
    held = ParcelFactory.create(
        order=made.order, carrier=made.carrier, number=f"HX{made.pk:08}B", status=S.EXCEPTION,
        reason=Reason.WEATHER, promised_at=now + DAY,
    )  # fmt: skip
    ParcelFactory.create(
        order=made.order, carrier=made.carrier, number=f"HX{made.pk:08}C", status=S.DELIVERED,
        delivered_at=now - 2 * DAY, status_at=now - 2 * DAY,
    )  # fmt: skip
    line = OrderLineFactory.create(order=made.order, title="Celadon cup 青瓷茶杯", quantity=6)
    ParcelLineFactory.create(parcel=held, order_line=line, quantity=6)
    return made


# --- the end --------------------------------------------------------------------------------------


@phase
def delivered(now: datetime) -> Parcel:
    made = parcel(
        now, status=S.DELIVERED, handed=Handed.PROXY, delivered_at=now - 3 * HOUR,
        status_at=now - 3 * HOUR, signed_by="J. Reed",
    )  # fmt: skip
    scan(made, now - 6 * HOUR, S.OUT_FOR_DELIVERY, "Out for Delivery", "Portland, OR")
    scan(made, now - 3 * HOUR, S.DELIVERED, "Delivered, signed by J. Reed", "Portland, OR",
         handed=Handed.PROXY)  # fmt: skip
    reach(made, (1, S.DELIVERED, now - 3 * HOUR))
    return made


@phase
def disputed(now: datetime) -> Parcel:
    made = delivered(now)
    Parcel.objects.filter(pk=made.pk).update(is_disputed=True)
    return made


@phase
def lost(now: datetime) -> Parcel:
    made = parcel(now, status=S.LOST, status_at=now - HOUR)
    trouble(made, K.LOST, now, severity=2, since=now - HOUR, next_at=None, lost_at=None)
    return made


@phase
def destroyed(now: datetime) -> Parcel:
    return parcel(now, status=S.DESTROYED, status_at=now - HOUR)


@phase
def cancelled(now: datetime) -> Parcel:
    return parcel(now, scans=1, status=S.CANCELLED, status_at=now - HOUR)


@phase
def expired(now: datetime) -> Parcel:
    return parcel(now, status=S.EXPIRED, status_at=now - HOUR)
