"""
What each level of trust may know of a parcel: an allow-list, one dataclass a level.

A fact that is not a field here cannot reach a page. Reading is by plain values, because these
pages are the most visited of all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import InterfaceError, OperationalError, connection

from portal.lib import atlas, masking, sql
from tracking.carriers import homes
from tracking.expecting import Window
from tracking.models import Parcel
from tracking.services import journey_phases, journey_scans
from tracking.services.journey_phases import MASKED, TROUBLED, Phase
from tracking.services.journey_scans import SCANS, Part, PartKind, Scan, Step
from tracking.states import SOFT_TERMINAL, TROUBLE, ParcelStatus

__all__ = [
    "Details", "Glimpse", "Head", "Item", "Level", "Onward", "Other", "Part", "PartKind", "Person",
    "Phase", "Revision", "Scan", "details", "first_troubled", "glimpse", "head", "person",
]  # fmt: skip

S = ParcelStatus


class Level(IntEnum):
    """How sure we are that a visitor may know about a parcel."""

    NUMBER = 0
    """Knows a number: sees a masked status."""
    DETAILS = 1
    """Knows the postcode, or the order number and e-mail: sees the journey and the items."""
    PERSON = 2
    """Had a code or a signed link on file: sees people, photos and claims, and may act."""


@dataclass(frozen=True, slots=True)
class Head:
    """
    The little that decides which page to show, read in one tiny query.

    ``revision`` is the sum over all parcels of the order, for the page shows the others too.
    """

    pk: int
    token: str
    order_id: int
    shopper_id: int
    link_version: int
    revision: int
    status: str


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Level NUMBER: a status in a few broad words. No date, place, name, number or item."""

    phase: Phase
    is_final: bool


@dataclass(frozen=True, slots=True)
class Item:
    """Something in the parcel."""

    title: str
    variant: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Onward:
    """Another number a parcel travels under, and whose it is."""

    number: str
    carrier_en: str
    carrier_zh: str
    url: str


@dataclass(frozen=True, slots=True)
class Revision:
    """Who expected it when, and since when they did."""

    source: str
    first: datetime
    last: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Other:
    """Another parcel of the same order."""

    token: str
    position: int
    phase: Phase
    status: str
    reason: str
    hinted: str
    at: datetime | None
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """
    Level DETAILS: the journey, the items and a masked address. No name, photo or claim.

    Of proofs of delivery it says only that there are some.
    """

    token: str
    order: str
    position: int
    count: int
    phase: Phase
    is_final: bool
    status: str
    reason: str
    handed: str
    hinted: str
    troubles: tuple[str, ...]
    """The kinds of trouble that are open and may be told."""
    number: str
    carrier_en: str
    carrier_zh: str
    carrier_url: str
    onward: tuple[Onward, ...]
    zone: tzinfo
    """The clock of where it goes, as far as is known."""
    ordered_at: datetime
    shipped_at: datetime | None
    promised_at: datetime | None
    missed_at: datetime | None
    """The promised day, or the carrier's, that has gone by without it."""
    expected: Window | None
    revisions: tuple[Revision, ...]
    """Newest first."""
    status_at: datetime | None
    delivered_at: datetime | None
    last_scan_at: datetime | None
    kept_until: datetime | None
    """Until when a parcel that must be fetched usually lies at its shop."""
    city: str
    postcode: str
    country: str
    parts: tuple[Part, ...]
    """Stretches of the way, oldest first."""
    scans: tuple[Scan, ...]
    """Newest first."""
    has_proof: bool
    can_be_asked: bool
    items: tuple[Item, ...]
    others: tuple[Other, ...]
    """Troubled ones first."""


_HEAD = """
SELECT p.id, p.order_id, (SELECT o.shopper_id FROM tracking_order o WHERE o.id = p.order_id),
       p.link_version, p.status,
       (SELECT sum(s.revision) + count(*) FROM tracking_parcel s WHERE s.order_id = p.order_id)
FROM tracking_parcel p WHERE p.token = %s
"""


def head(*, token: str) -> Head | None:
    """Find a parcel by the token of its address, or None."""
    row = _read(token)
    if row is None:
        return None
    pk, order_id, shopper_id, link_version, status, revision = row
    return Head(pk, token, order_id, shopper_id, link_version, int(revision), status)


class _Member(NamedTuple):
    """One parcel of the order with what its page needs of carrier and order, as in ``_FAMILY``."""

    pk: int
    token: str
    position: int
    number: str
    status: str
    reason: str
    handed: str
    hinted: str
    is_disputed: bool
    status_at: datetime | None
    delivered_at: datetime | None
    last_scan_at: datetime | None
    shipped_at: datetime | None
    promised_at: datetime | None
    eta_from: datetime | None
    eta_to: datetime | None
    own_from: datetime | None
    own_to: datetime | None
    own_likely: datetime | None
    own_confidence: str
    name_en: str
    name_zh: str
    timezone: str
    tracking_url: str
    pickup_days: int
    order: str
    placed_at: datetime
    city: str
    postcode: str
    country: str
    secrets: list[str]
    kinds: list[str]
    reached: list[tuple[int, str, str]]
    further: list[tuple[str, str, str, str]]
    revised: list[tuple[str, str, str, str]]
    has_proof: bool
    can_be_asked: bool

    @property
    def steps(self) -> list[Step]:
        """What each leg has come to."""
        return [(leg, status, datetime.fromisoformat(at)) for leg, status, at in self.reached]


# By hand: to build these statements anew for each page would cost more than to run them. What only
# the page's own parcel needs comes along as JSON, so that one question brings it all.
_FAMILY = """
SELECT p.id, p.token, p.position, p.number, p.status, p.reason, p.handed, p.hinted, p.is_disputed,
       p.status_at, p.delivered_at, p.last_scan_at, p.shipped_at, p.promised_at, p.eta_from,
       p.eta_to, p.own_eta_from, p.own_eta_to, p.own_eta_likely, p.own_eta_confidence,
       c.name_en, c.name_zh, c.timezone, c.tracking_url, c.pickup_days,
       o.number, o.placed_at, o.city, o.postcode, o.country,
       ARRAY[o.recipient_name, o.address, o.postcode, o.email, o.phone],
       ARRAY(SELECT DISTINCT a.kind::text FROM tracking_anomaly a
             WHERE (a.parcel_id = p.id OR a.order_id = p.order_id)
               AND a.cleared_at IS NULL AND a.is_public ORDER BY 1),
       (SELECT coalesce(json_agg(json_build_array(m.leg, m.status, m.reached_at)
                                 ORDER BY m.leg, m.reached_at, m.id), '[]'::json)
        FROM tracking_parcelmilestone m WHERE m.parcel_id = p.id),
       CASE WHEN p.id = %(own)s THEN (
        SELECT coalesce(json_agg(json_build_array(n.number, k.name_en, k.name_zh, k.tracking_url)
                                 ORDER BY n.created_at, n.id), '[]'::json)
        FROM tracking_parcelnumber n JOIN tracking_carrier k ON k.id = n.carrier_id
        WHERE n.parcel_id = p.id) ELSE '[]'::json END,
       CASE WHEN p.id = %(own)s THEN (
        SELECT coalesce(json_agg(json_build_array(r.source, r.eta_from, r.eta_to, r.seen_at)
                                 ORDER BY r.id DESC), '[]'::json)
        FROM (SELECT id, source, eta_from, eta_to, seen_at FROM tracking_etarevision
              WHERE parcel_id = p.id ORDER BY id DESC LIMIT 12) r
        ) ELSE '[]'::json END,
       p.id = %(own)s AND (p.signed_by <> '' OR EXISTS (
        SELECT 1 FROM tracking_proofofdelivery d
        WHERE d.parcel_id = p.id AND d.state = 'kept' AND d.large <> '')),
       p.id = %(own)s AND EXISTS (
        SELECT 1 FROM tracking_poll q WHERE q.parcel_id = p.id AND q.due_at IS NOT NULL)
FROM tracking_parcel p
JOIN tracking_carrier c ON c.id = p.carrier_id
JOIN tracking_order o ON o.id = p.order_id
WHERE p.order_id = %(order)s ORDER BY p.position
"""
_CONTENTS = """
SELECT i.parcel_id, l.title, l.variant, i.quantity
FROM tracking_parcel p
JOIN tracking_parcelline i ON i.parcel_id = p.id
JOIN tracking_orderline l ON l.id = i.order_line_id
WHERE p.order_id = %s ORDER BY l.position, i.id
"""


def _rows(statement: str, facts: Sequence[int] | dict[str, int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _read(token: str) -> tuple[Any, ...] | None:
    """
    Read a head by hand, because this is all that a page from the cache costs.

    The connection is used without asking first whether it still lives, which would be a second
    question; if it does not, the head is read over a new one.
    """
    is_alone = not connection.in_atomic_block
    connection.health_check_done |= is_alone  # type: ignore[attr-defined]
    try:
        return _ask(token)
    except (OperationalError, InterfaceError):
        if not is_alone:
            raise
        connection.close()
        return _ask(token)


def _ask(token: str) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(_HEAD, [token])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def glimpse(*, status: str) -> Glimpse:
    """Return what a number alone may see of a parcel in this status."""
    return Glimpse(MASKED[S(status)], status in SOFT_TERMINAL)


def details(*, head: Head, now: datetime, is_person: bool = False) -> Details:
    """
    Return the whole journey as the level DETAILS may see it.

    :param is_person: the visitor has proved to be the person of the parcel, so that names in the
        carrier's own words need not be masked.
    """
    rows = _rows(_FAMILY, {"own": head.pk, "order": head.order_id})
    family = [_Member(*row) for row in rows]
    contents = _contents(head.order_id)
    views = [_View(parcel, now) for parcel in family]
    own = next(view for view in views if view.parcel.pk == head.pk)
    facts = own.parcel
    return Details(
        token=facts.token,
        order=facts.order,
        position=facts.position,
        count=len(family),
        phase=own.phase,
        is_final=facts.status in SOFT_TERMINAL,
        status=facts.status,
        reason=facts.reason,
        handed=facts.handed,
        hinted=facts.hinted,
        troubles=tuple(facts.kinds),
        number=facts.number,
        carrier_en=facts.name_en,
        carrier_zh=facts.name_zh or facts.name_en,
        carrier_url=_url(facts.tracking_url, facts.number),
        onward=tuple(
            Onward(number, en, zh or en, _url(url, number)) for number, en, zh, url in facts.further
        ),
        zone=own.zone,
        ordered_at=facts.placed_at,
        shipped_at=facts.shipped_at,
        promised_at=facts.promised_at,
        missed_at=own.missed_at,
        expected=own.window,
        revisions=tuple(
            Revision(source, *(datetime.fromisoformat(at) for at in times))
            for source, *times in facts.revised
        ),
        status_at=facts.status_at,
        delivered_at=facts.delivered_at,
        last_scan_at=facts.last_scan_at,
        kept_until=own.kept_until,
        city=facts.city,
        postcode=masking.postcode(facts.postcode),
        country=facts.country,
        parts=own.ways,
        scans=journey_scans.tell(
            _rows(SCANS, [head.pk]),
            home=own.carriers_zone,
            zone=own.zone,
            ways=own.ways,
            hinted=facts.hinted,
            hide=str if is_person else _hiding(facts.secrets),
        ),
        has_proof=facts.has_proof,
        can_be_asked=facts.can_be_asked,
        items=tuple(contents.get(head.pk, ())),
        others=_others([view for view in views if view is not own], contents),
    )


class _View:
    """One parcel of the order as it stands now; what is derived is derived once."""

    def __init__(self, parcel: _Member, now: datetime) -> None:
        self.parcel = parcel
        self.now = now

    @cached_property
    def carriers_zone(self) -> tzinfo:
        return _zone(self.parcel.timezone)

    @cached_property
    def zone(self) -> tzinfo:
        """Where it goes: the town's clock, else the country's, else the carrier's."""
        facts = self.parcel
        if not facts.country:
            return self.carriers_zone
        town = atlas.town(facts.city, facts.country, postcode=facts.postcode)
        if town is not None:
            return _zone(town.zone)
        return _zone(homes.zone(facts.country, carrier_zone=facts.timezone))

    @cached_property
    def ways(self) -> tuple[Part, ...]:
        return journey_scans.parts(self.parcel.steps)

    @cached_property
    def window(self) -> Window | None:
        facts = self.parcel
        if self.is_back:
            return None
        return journey_phases.expected(
            status=facts.status,
            now=self.now,
            zone=self.zone,
            promised_at=facts.promised_at,
            shipped_at=facts.shipped_at,
            eta_from=facts.eta_from,
            eta_to=facts.eta_to,
            own_from=facts.own_from,
            own_to=facts.own_to,
            confidence=facts.own_confidence,
        )

    @cached_property
    def is_back(self) -> bool:
        return journey_scans.is_back(self.parcel.steps, status=self.parcel.status)

    @cached_property
    def missed_at(self) -> datetime | None:
        facts = self.parcel
        return journey_phases.missed(
            status=facts.status,
            promised_at=facts.promised_at,
            eta_to=facts.eta_to or facts.eta_from,
            zone=self.zone,
            now=self.now,
        )

    @cached_property
    def phase(self) -> Phase:
        facts = self.parcel
        return journey_phases.phase_of(
            status=facts.status,
            is_disputed=facts.is_disputed,
            hinted=facts.hinted,
            is_back=self.is_back,
            is_shipped=facts.shipped_at is not None,
            is_late=journey_phases.is_late(
                window=self.window,
                likely=facts.own_likely,
                promised_at=facts.promised_at,
                missed_at=self.missed_at,
                zone=self.zone,
            ),
            has_date=self.window is not None,
            kinds=facts.kinds,
        )

    @property
    def kept_until(self) -> datetime | None:
        """Until when a shop keeps it, while that is to come."""
        facts = self.parcel
        if facts.status != S.AVAILABLE_FOR_PICKUP or facts.status_at is None:
            return None
        ends = facts.status_at + timedelta(days=facts.pickup_days)
        return ends if ends > self.now else None


def _url(template: str, number: str) -> str:
    return template.replace("{number}", number)


def _hiding(secrets: Sequence[str]) -> Callable[[str], str]:
    """Return what takes people out of a carrier's words: those we know of and those it names."""
    return lambda text: masking.people(masking.without(text, secrets))


def _contents(order_id: int) -> dict[int, list[Item]]:
    found: dict[int, list[Item]] = {}
    for parcel_id, title, variant, quantity in _rows(_CONTENTS, [order_id]):
        found.setdefault(parcel_id, []).append(Item(title, variant, quantity))
    return found


@functools.lru_cache(maxsize=512)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _others(views: Sequence[_View], contents: dict[int, list[Item]]) -> tuple[Other, ...]:
    found = []
    for view in views:
        facts = view.parcel
        at = facts.delivered_at if view.phase is Phase.DELIVERED else None
        if view.window is not None and view.phase is not Phase.HINTED:
            at = view.window.last
        found.append(
            Other(
                token=facts.token,
                position=facts.position,
                phase=view.phase,
                status=facts.status,
                reason=facts.reason,
                hinted=facts.hinted,
                at=at.astimezone(view.zone) if at else None,
                titles=tuple(item.title for item in contents.get(facts.pk, ())),
            )
        )
    found.sort(key=lambda other: (other.phase not in TROUBLED, other.position))
    return tuple(found)


_FIRST = """
SELECT p.token FROM tracking_parcel p WHERE p.order_id = %s ORDER BY
  p.status <> ALL(%s) AND NOT EXISTS (
    SELECT 1 FROM tracking_anomaly a
    WHERE a.parcel_id = p.id AND a.cleared_at IS NULL AND a.is_public),
  p.status = ANY(%s), p.position LIMIT 1
"""


def first_troubled(*, order_id: int) -> str | None:
    """Return the token of the order's parcel to show first: troubled, then moving, then ended."""
    ended = [str(status) for status in SOFT_TERMINAL]
    found = sql.rows(_FIRST, (order_id, [str(status) for status in TROUBLE], ended))
    return found[0][0] if found else None


@dataclass(frozen=True, slots=True)
class Person:
    """Level PERSON: who gets the parcel, where, and who signed. Claims are read beside it."""

    recipient: str
    address: str
    city: str
    postcode: str
    country: str
    signed_by: str


def person(*, head: Head) -> Person:
    """Return who the parcel goes to, for that person's own eyes."""
    row = Parcel.objects.values_list(
        "order__recipient_name",
        "order__address",
        "order__city",
        "order__postcode",
        "order__country",
        "signed_by",
    ).get(pk=head.pk)
    return Person(*row)
