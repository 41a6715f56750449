"""
What a set of scans adds up to: one journey, whatever order they came in.

Nothing here reads a clock, a database or a setting. The same set of scans, shuffled or repeated,
always gives the same journey.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

from tracking.scans import Scan
from tracking.states import PARTY_OF, RANK, SOFT_TERMINAL, Handed, ParcelStatus, Party, Reason

S = ParcelStatus

STRAGGLING = timedelta(hours=72)
"""A transit scan this soon after arrival is a straggler; later, the parcel travels again."""
EARLY = timedelta(days=3)
"""A scan older than this before shipping belongs to whoever had the number before."""
AHEAD = timedelta(hours=24)
"""A scan further ahead than this is a carrier's broken clock or a changed date format."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing was scanned before this: such a date is an empty field read as a number."""
ZONE_SLACK = timedelta(hours=14)
"""How far a local time of unknown zone may be from the same words in UTC."""

DAWN = datetime.min.replace(tzinfo=UTC)
TICK = timedelta(microseconds=1)

ARRIVED = frozenset({S.DELIVERED, S.RETURNED})
GONE = frozenset({S.LOST, S.DESTROYED, S.CANCELLED, S.EXPIRED})
PAPER = frozenset({S.REGISTERED, S.INFO_RECEIVED})
MOVING = frozenset({S.IN_TRANSIT, S.HANDED_OVER, S.CUSTOMS, S.OUT_FOR_DELIVERY})
WEIGHTY = SOFT_TERMINAL | {S.RETURNING}
WEIGHTY_REASONS = frozenset({Reason.DAMAGED, Reason.LOST, Reason.REFUSED})
"""What money may follow from: a push that anyone could have sent does not make it so."""
UNSEEN = PAPER | GONE
"""What a carrier's computer says without anybody holding the parcel."""
GRAVE = frozenset({S.LOST, S.DESTROYED})
DISPUTING = frozenset({S.ATTEMPT_FAILED, S.EXCEPTION, S.LOST, S.DESTROYED})


@dataclass(kw_only=True, slots=True)
class Journey:
    """
    One parcel as its scans tell it.

    ``hinted`` is the weighty status that an unsealed push tells of and nothing else confirms yet.
    ``reached`` holds the first time each leg came to each status, oldest first; its time is None
    only where no scan was dated. ``trouble`` names the anomalies that hold now. ``order`` holds
    the places of the scans in the sequence given, oldest first, each distinct scan once.
    """

    status: ParcelStatus = S.REGISTERED
    reason: Reason | None = None
    party: Party | None = None
    handed: Handed | None = None
    leg: int = 1
    is_disputed: bool = False
    hinted: ParcelStatus | None = None
    status_at: datetime | None = None
    delivered_at: datetime | None = None
    last_scan_at: datetime | None = None
    reached: tuple[tuple[int, ParcelStatus, datetime | None], ...] = ()
    trouble: tuple[str, ...] = ()
    order: tuple[int, ...] = ()


def project(
    scans: Sequence[Scan],
    *,
    carrier: str,
    number: str,
    zone: tzinfo = UTC,
    prints: Sequence[bytes] | None = None,
) -> Journey:
    """
    Return the journey that ``scans`` describe.

    :param zone: where a local time of unknown zone is taken to be; it only places such scans.
    :param prints: the scans' fingerprints, where the caller has them already.
    """
    if prints is None:
        prints = [scan.fingerprint(carrier=carrier, number=number) for scan in scans]
    chosen: dict[bytes, int] = {}
    for place, mark in enumerate(prints):
        rival = chosen.setdefault(mark, place)
        if rival != place and _weight(scans[place]) > _weight(scans[rival]):
            chosen[mark] = place
    told = [scans[place] for place in chosen.values()]
    times = _times(told, zone=zone)
    ordered = sorted(
        (at or DAWN, scan.sequence, _rank(scan), mark, place)
        for at, scan, (mark, place) in zip(times, told, chosen.items(), strict=True)
    )
    walk = _Walk()
    order = tuple(row[-1] for row in ordered)
    for place, row in zip(order, ordered, strict=True):
        walk.see(scans[place], None if row[0] is DAWN else row[0])
    return walk.journey(order)


def is_plausible(scan: Scan, *, shipped_at: datetime | None, now: datetime) -> bool:
    """
    Test whether a scan can belong to a parcel shipped then and seen now.

    False for dates that are empty fields in disguise, for the far future, and for what a recycled
    number did for somebody else. A scan without a time is plausible.
    """
    at, slack = scan.occurred_at, timedelta()
    if at is None:
        at, slack = _local(scan.local_time, zone=UTC), ZONE_SLACK
    if at is None:
        return True
    if at < EPOCH or at > now + AHEAD + slack:
        return False
    return shipped_at is None or at >= shipped_at - EARLY - slack


def _rank(scan: Scan) -> int:
    """Place a scan among others of the same moment; one that moves nothing comes first."""
    return -1 if scan.status is None else RANK[scan.status]


def _weight(scan: Scan) -> tuple[int, str]:
    """Choose between two tellings of one scan: the one that says more, else always the same one."""
    return _rank(scan), repr(scan)


def _local(text: str, *, zone: tzinfo) -> datetime | None:
    """Read a carrier's own clock; a bare date means the end of that day."""
    try:
        if len(text) == 10:
            day = datetime.fromisoformat(text).date()
            return datetime.combine(day, time.max, tzinfo=zone).astimezone(UTC)
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None


def _times(scans: Sequence[Scan], *, zone: tzinfo) -> list[datetime | None]:
    """
    Say when each scan happened, None where nothing tells.

    A scan that knows only its day stands at the end of it, but before the same day's arrival.
    """
    times = [scan.occurred_at or _local(scan.local_time, zone=zone) for scan in scans]
    if not any(map(_is_date_only, scans)):
        return times
    arrivals: dict[str, datetime] = {}
    for scan, at in zip(scans, times, strict=True):
        if at is not None and scan.status in SOFT_TERMINAL and not _is_date_only(scan):
            day = scan.local_time[:10] or at.date().isoformat()
            arrivals[day] = min(at, arrivals.get(day, at))
    for place, scan in enumerate(scans):
        arrival = arrivals.get(scan.local_time[:10])
        at = times[place]
        if arrival and at and _is_date_only(scan) and scan.status not in SOFT_TERMINAL:
            times[place] = min(at, arrival - TICK)
    return times


def _is_date_only(scan: Scan) -> bool:
    return scan.occurred_at is None and len(scan.local_time) == 10


@dataclass(slots=True)
class _Walk:
    """Walk the scans once, oldest first, and keep what stands."""

    status: ParcelStatus = S.REGISTERED
    reason: Reason | None = None
    party: Party | None = None
    handed: Handed | None = None
    leg: int = 1
    hinted: ParcelStatus | None = None
    status_at: datetime | None = None
    delivered_at: datetime | None = None
    last_scan_at: datetime | None = None
    reached: dict[tuple[int, ParcelStatus], datetime | None] = field(default_factory=dict)
    is_return: bool = False
    is_disputed: bool = False
    is_conflicting: bool = False
    is_damaged: bool = False
    is_lost: bool = False
    is_refused: bool = False
    was_sent_back: bool = False

    def see(self, scan: Scan, at: datetime | None) -> None:
        """Take in the next scan."""
        if scan.is_physical and at is not None:
            self.last_scan_at = at
        status = scan.status
        if scan.is_hint and (status in WEIGHTY or scan.reason in WEIGHTY_REASONS):
            self.hinted = status or self.hinted
            return
        if status is not None and not scan.is_hint:
            self.hinted = None
        self._note(scan)
        if status is None or (scan.is_inferred and status in SOFT_TERMINAL - {S.DELIVERED}):
            return  # A guess from words may suggest, never end a journey.
        if scan.leg > self.leg:
            self._open_leg(scan.leg)
            self._enter(status, scan, at)
        elif self.status in ARRIVED:
            self._after_arrival(status, scan, at)
        elif self.status in GONE and status not in GRAVE:
            if scan.is_physical and status not in UNSEEN:
                self._enter(status, scan, at)
        elif status not in PAPER or RANK[status] >= RANK[self.status]:
            self._enter(status, scan, at)

    def _note(self, scan: Scan) -> None:
        """Remember what a scan's reason says, whether or not it moves the parcel."""
        reason, status = scan.reason, scan.status
        if reason is not None or status in GRAVE:
            if reason == Reason.DAMAGED or status == S.DESTROYED:
                self.is_damaged = True
            if reason == Reason.REFUSED:
                self.is_refused = True
            if reason == Reason.LOST or status == S.LOST:
                self.is_lost = True
                return
        if scan.is_physical and status and status not in UNSEEN:
            self.is_lost = False

    def _enter(self, status: ParcelStatus, scan: Scan, at: datetime | None) -> None:
        """Let the parcel come to a status."""
        if status == S.DELIVERED:
            if self.is_return:
                status = S.RETURNED
            else:
                # A carrier that turned it round and then delivered it contradicts itself.
                self.is_conflicting = self.was_sent_back
                self.is_refused = False
                self.delivered_at = at
        if status == S.RETURNING:
            self.was_sent_back = True
        if status != self.status or (self.leg, status) not in self.reached:
            self.status_at = at
        self.status = status
        self.handed = scan.handed
        self._explain(scan)
        self.reached.setdefault((self.leg, status), at)

    def _explain(self, scan: Scan) -> None:
        self.reason = scan.reason
        self.party = scan.party or (PARTY_OF[scan.reason] if scan.reason else None)

    def _open_leg(self, leg: int) -> None:
        """Start a new leg: back to the sender after a delivery, out again after a return."""
        self.is_return = self.status == S.DELIVERED or (
            self.was_sent_back and self.status != S.RETURNED
        )
        self.leg = leg
        self.is_disputed = self.is_conflicting = self.was_sent_back = False

    def _after_arrival(self, status: ParcelStatus, scan: Scan, at: datetime | None) -> None:
        """Judge news of a parcel that had arrived."""
        is_delivered = self.status == S.DELIVERED
        if status == self.status:
            self.handed = scan.handed or self.handed
            self.is_conflicting = self.was_sent_back and is_delivered
            if self.is_disputed:
                self.is_disputed = self.is_refused = False
                self.status_at = self.delivered_at = at
                self._explain(scan)
        elif status == S.PICKED_UP or (is_delivered and status in {S.RETURNING, S.RETURNED}):
            self._open_leg(self.leg + 1)
            self._enter(status, scan, at)
        elif is_delivered and status in DISPUTING:
            self.is_disputed = True
            self._explain(scan)
        elif status in PAPER or status in {S.CANCELLED, S.EXPIRED} or not scan.is_physical:
            return
        elif status in MOVING and at and self.status_at and at - self.status_at > STRAGGLING:
            self._open_leg(self.leg + 1)
            self._enter(status, scan, at)
        elif not self.is_disputed:
            self.is_conflicting = True

    def journey(self, order: tuple[int, ...]) -> Journey:
        """Return what stands at the end."""
        troubles = {
            "damaged": self.is_damaged,
            "lost": self.is_lost,
            "refused": self.is_refused,
            "returned": self.status in {S.RETURNING, S.RETURNED} and self.delivered_at is None,
            "delivered_disputed": self.is_disputed,
            "conflicting_events": self.is_conflicting,
        }
        return Journey(
            status=self.status,
            reason=self.reason,
            party=self.party,
            handed=self.handed,
            leg=self.leg,
            is_disputed=self.is_disputed,
            hinted=self.hinted,
            status_at=self.status_at,
            delivered_at=self.delivered_at,
            last_scan_at=self.last_scan_at,
            reached=tuple((leg, status, at) for (leg, status), at in self.reached.items()),
            trouble=tuple(kind for kind, holds in troubles.items() if holds),
            order=order,
        )
