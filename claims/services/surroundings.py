"""What windows depend on, gathered for one parcel or one order: facts, places and rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Min, Q

from claims import windows
from claims.models import ReasonPolicy
from claims.windows import Edge, Facts, Offset, Place, Terms
from portal.lib import atlas
from tracking import calendars, troubles
from tracking.carriers import homes
from tracking.models import Anomaly, Order, Parcel, ParcelMilestone, Sighting, Threshold
from tracking.services import watching_book
from tracking.states import RANK, AnomalyKind, ParcelStatus, Reason

K = AnomalyKind
S = ParcelStatus

_ON_THE_WAY_BACK = (S.RETURNING, S.RETURNED)
_LOST = (K.LOST, K.SUSPECTED_LOST)
_UNSENT = (K.NOT_SHIPPED, K.OUT_OF_STOCK)


def terms_of(policy: ReasonPolicy) -> Terms:
    """Return what a policy row says about its window."""

    def away(amount: int | None, unit: str) -> Offset | None:
        return None if amount is None else Offset(amount, unit)

    return Terms(
        reason=policy.reason,
        earliest=Edge(
            anchor=policy.earliest_anchor,
            offset=Offset(policy.earliest_amount, policy.earliest_unit),
            abroad=away(policy.earliest_abroad, policy.earliest_unit),
        ),
        sooner=Edge(
            anchor=policy.sooner_anchor, offset=Offset(policy.sooner_amount, policy.sooner_unit)
        )
        if policy.sooner_anchor
        else None,
        latest=Edge(
            anchor=policy.latest_anchor,
            offset=Offset(policy.latest_amount, policy.latest_unit),
            abroad=away(policy.latest_abroad, policy.latest_unit),
        ),
        long_stop=away(policy.long_stop_amount, policy.long_stop_unit),
        takes_late=policy.takes_late,
    )


def place_of(*, order: Order, parcel: Parcel | None, policy: ReasonPolicy) -> Place:
    """Return whose days a policy counts for this order: its own, or those where it goes."""
    carriers = parcel.carrier.timezone if parcel is not None else settings.TIME_ZONE
    return place(
        country=order.country, city=order.city, postcode=order.postcode, fallback=carriers,
        policy_zone=policy.zone, policy_country=policy.country,
    )  # fmt: skip


def place(
    *,
    country: str,
    city: str,
    postcode: str,
    fallback: str,
    policy_zone: str = "",
    policy_country: str = "",
) -> Place:
    """Return a place by name: the town's clock, else the country's, else the fallback."""
    zone = policy_zone
    if not zone and policy_country:
        zone = homes.zone(policy_country, carrier_zone=fallback)
    elif not zone and country:
        town = atlas.town(city, country, postcode=postcode)
        zone = town.zone if town is not None else homes.zone(country, carrier_zone=fallback)
    calendar = calendars.calendar(
        zone=zone or fallback, country=policy_country or country or settings.HOME_COUNTRY
    )
    return Place(calendar.zone, calendar)


def facts_of(*, order: Order, parcel: Parcel | None) -> Facts:
    """Return what the windows of a parcel depend on, or of what was never sent of an order."""
    open_troubles = _troubles(order, parcel)
    if parcel is None:
        return Facts(placed_at=order.placed_at, ship_by=_ship_by(order, open_troubles))
    reached = dict(
        ParcelMilestone.objects.filter(parcel=parcel)
        .values_list("status")
        .annotate(first=Min("reached_at"))
        .values_list("status", "first")
    )
    return Facts(
        placed_at=order.placed_at,
        status=parcel.status,
        status_at=parcel.status_at,
        promised_at=parcel.promised_at,
        ship_by=_ship_by(order, open_troubles),
        shipped_at=parcel.shipped_at,
        mailed_at=_mailed(parcel, reached),
        last_scan_at=parcel.last_scan_at,
        delivered_at=parcel.delivered_at,
        refused_at=_refused(parcel, open_troubles),
        returned_at=_first(reached, _ON_THE_WAY_BACK)
        or (parcel.status_at if parcel.status in _ON_THE_WAY_BACK else None),
        lost_at=min((at for kind, at in open_troubles if kind in _LOST), default=None),
        is_abroad=is_abroad(
            order.country,
            carriers_country=parcel.carrier.country or homes.country(parcel.carrier.timezone),
        ),
    )


def window_of(
    *, policy: ReasonPolicy, order: Order, parcel: Parcel | None, facts: Facts | None = None
) -> tuple[windows.Window, Place]:
    """Return the window of a policy for this parcel, and where its days are."""
    facts = facts or facts_of(order=order, parcel=parcel)
    place = place_of(order=order, parcel=parcel, policy=policy)
    return windows.window(terms_of(policy), facts, place), place


def _troubles(order: Order, parcel: Parcel | None) -> list[tuple[str, datetime]]:
    """Return the open troubles of the parcel and of its order, with when they began."""
    about = Q(order=order) if parcel is None else Q(order=order) | Q(parcel=parcel)
    return list(
        Anomaly.objects.filter(about, cleared_at=None)
        .order_by("opened_at")
        .values_list("kind", "opened_at")
    )


def _first(reached: dict[str, datetime], statuses: Iterable[str]) -> datetime | None:
    return min((at for status, at in reached.items() if status in statuses), default=None)


def _mailed(parcel: Parcel, reached: dict[str, datetime]) -> datetime | None:
    """Return the carrier's first own scan; that a label was printed is none."""
    own = [status for status, rank in RANK.items() if rank >= RANK[S.PICKED_UP]]
    own = [status for status in own if status not in {S.CANCELLED, S.EXPIRED}]
    found = _first(reached, own)
    if found is None and parcel.status in own:
        return parcel.last_scan_at or parcel.status_at or parcel.shipped_at
    return found


def _refused(parcel: Parcel, open_troubles: list[tuple[str, datetime]]) -> datetime | None:
    scanned: datetime | None = Sighting.objects.filter(
        parcel=parcel, reason=Reason.REFUSED, withdrawn_at=None, is_hint=False
    ).aggregate(first=Min("occurred_at"))["first"]
    if scanned is not None:
        return scanned
    if parcel.reason == Reason.REFUSED:
        return parcel.status_at
    return min((at for kind, at in open_troubles if kind == K.REFUSED), default=None)


def _ship_by(order: Order, open_troubles: list[tuple[str, datetime]]) -> datetime | None:
    """Return when the order should have left: by the threshold, or since trouble was reported."""
    reported = min((at for kind, at in open_troubles if kind in _UNSENT), default=None)
    threshold = (
        Threshold.objects.filter(kind=K.NOT_SHIPPED, carrier=None, lane="", is_active=True)
        .order_by("level")
        .first()
    )
    if threshold is None:
        return reported
    due = troubles.wait(
        threshold.amount, threshold.unit, since=order.placed_at,
        calendar=watching_book.own_calendar(),
    )  # fmt: skip
    return min((at for at in (reported, due) if at is not None), default=None)


def is_abroad(country: str, *, carriers_country: str = "") -> bool:
    """Test whether a parcel crosses a border; where nobody knows where it began, it does not."""
    begins = settings.HOME_COUNTRY or carriers_country
    return bool(country and begins and country.upper() != begins.upper())
