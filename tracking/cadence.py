"""
How often to ask about a parcel, and which parcel first: pure rules, no clock and no dice.

A carrier's own policy always wins over the table, and every answer moves the next question: news
brings it near, silence and errors push it away, each kind of error by its own measure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import IntEnum

from tracking.scans import ErrorKind
from tracking.states import ParcelStatus

S = ParcelStatus

JITTER = 0.1
"""How much an interval may be longer or shorter, so that what began together drifts apart."""
DAYTIME = (time(8), time(21))
"""When couriers ring, at the place of delivery."""
ETA_NEAR = timedelta(hours=24)
"""How long before the expected arrival, and after it, a parcel is asked about more often."""
MOVING = frozenset({S.PICKED_UP, S.IN_TRANSIT, S.HANDED_OVER})
TAILS: dict[str, timedelta] = {
    S.DELIVERED: timedelta(days=7),
    S.LOST: timedelta(days=14),
    S.DESTROYED: timedelta(days=14),
    S.RETURNED: timedelta(days=3),
    S.CANCELLED: timedelta(days=1),
    S.EXPIRED: timedelta(0),
}
"""How long an ended journey is still asked about: late proofs, corrections, things found again."""


class Urgency(IntEnum):
    """Who goes first when there is not enough for all."""

    ASKED = 0
    DELIVERING = 1
    TROUBLE = 2
    EXPECTED = 3
    MOVING = 4
    REST = 5


WEIGHTS: dict[int, int] = {
    Urgency.ASKED: 32,
    Urgency.DELIVERING: 16,
    Urgency.TROUBLE: 8,
    Urgency.EXPECTED: 4,
    Urgency.MOVING: 2,
    Urgency.REST: 1,
}
"""How fast a waiting row ages; every row's turn comes, for its age grows without end."""
GRACE = timedelta(minutes=10)
"""What each row is taken to have waited when it falls due, so that classes differ from then on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What of a parcel decides how often it is asked about."""

    status: str
    known_at: datetime
    """When it was shipped, else registered."""
    status_at: datetime | None = None
    eta: datetime | None = None
    """When it should be there at the latest: the carrier's word, else the promise."""
    empties: int = 0
    """Answers without news since the last news."""
    is_disputed: bool = False
    is_hinted: bool = False
    """An unsealed push told something that only an answer can confirm."""
    is_stale: bool = False
    is_abroad: bool = False
    """It crosses a border."""
    has_push: bool = False
    """Pushes come for it, so that asking is only a safety."""
    zone: tzinfo = UTC
    """The clock at the place of delivery, as far as we know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What the carrier allows for one parcel."""

    min_interval: timedelta = timedelta(0)
    max_a_day: int | None = None
    lookback_days: int = 90
    first_after: timedelta = timedelta(0)
    zone: tzinfo = UTC
    """Whose midnight begins the carrier's day."""

    def day(self, *, now: datetime) -> date:
        """Return the carrier's day."""
        return now.astimezone(self.zone).date()

    def day_ends(self, *, now: datetime) -> datetime:
        """Return when the carrier's day is over."""
        after = self.day(now=now) + timedelta(days=1)
        return datetime.combine(after, time(0), self.zone).astimezone(UTC)


def heard(facts: Facts, *, empties: int) -> Facts:
    """Return the facts after so many answers without news."""
    return replace(facts, empties=empties)


def first_due(*, shipped_at: datetime | None, policy: Policy, now: datetime) -> datetime:
    """Return when to ask for the first time: once the carrier can know the number."""
    return max((shipped_at or now) + policy.first_after, now)


def next_due(
    facts: Facts, policy: Policy, *, now: datetime, dice: float, asked_today: int = 0
) -> datetime | None:
    """
    Return when to ask again after an answer, or never (None).

    :param dice: from -1 to 1, for the jitter.
    :param asked_today: how often the parcel was asked about in the carrier's day so far.
    """
    usual = interval(facts, now=now)
    if usual is None or now - facts.known_at > timedelta(days=policy.lookback_days):
        return None
    due = now + usual * (1 + JITTER * dice)
    window = _eta_window(facts)
    if window and facts.status in MOVING and not facts.has_push and now < window[0] < due:
        due = max(window[0], now + _HOURS[2])
    return allow(due, facts, policy, now=now, dice=dice, asked_today=asked_today)


def at_once(
    policy: Policy, *, asked_at: datetime | None, asked_today: int, now: datetime
) -> datetime:
    """Return the earliest moment at which the carrier's policy lets a parcel be asked about."""
    due = max(now, asked_at + policy.min_interval) if asked_at else now
    if policy.max_a_day is not None and asked_today >= policy.max_a_day:
        due = max(due, policy.day_ends(now=now))
    return due


def allow(
    due: datetime,
    facts: Facts,
    policy: Policy,
    *,
    now: datetime,
    dice: float,
    asked_today: int = 0,
) -> datetime:
    """Put off a question to where the carrier's policy for one parcel allows it."""
    due = max(due, now + policy.min_interval)
    if policy.max_a_day is None:
        return due
    ends = policy.day_ends(now=now)
    left = policy.max_a_day - asked_today
    if left <= 0:
        return max(due, ends + timedelta(minutes=15 + 15 * dice))
    # What is left of the day's questions is spread over what is left of the day.
    until = ends
    if facts.status == S.OUT_FOR_DELIVERY and _is_daytime(facts.zone, now=now):
        until = min(ends, _at(DAYTIME[1], facts.zone, now=now))
    return max(due, now + (until - now) / (left + 1))


def interval(facts: Facts, *, now: datetime) -> timedelta | None:
    """Return the pause after an answer, before jitter and policy; None to ask no more."""
    usual = _safety(facts, now=now) if facts.has_push else _polled(facts, now=now)
    if usual is None:
        return None
    if facts.is_hinted:
        usual = min(usual, doubled(timedelta(minutes=30), facts.empties, most=_HOURS[12]))
    if facts.is_stale:
        usual = max(usual, _HOURS[12])
    return usual


def back_off(
    kind: ErrorKind,
    *,
    failures: int,
    facts: Facts,
    now: datetime,
    dice: float,
    retry_after: int | None = None,
) -> datetime | None:
    """
    Return when to ask again after an error about this very parcel, or never (None).

    What the carrier asks us to wait is waited in full; jitter only adds to it.
    """
    if kind == ErrorKind.NOT_FOUND:
        wait: timedelta | None = _unknown(now - facts.known_at)
        if facts.status in TAILS:
            wait = interval(facts, now=now)
    elif kind == ErrorKind.INVALID_NUMBER:
        wait = _HOURS[24] if failures < GIVE_UP_AFTER else None
    elif kind in {ErrorKind.RATE_LIMITED, ErrorKind.QUOTA_EXHAUSTED}:
        wait = timedelta(minutes=30)
    elif kind == ErrorKind.AUTH:
        wait = timedelta(minutes=15)
    else:
        wait = doubled(timedelta(minutes=5), failures - 1, most=_HOURS[2])
    if wait is None:
        return None
    if retry_after is not None:
        return now + timedelta(seconds=retry_after) * (1 + JITTER * abs(dice))
    return now + wait * (1 + JITTER * dice)


GIVE_UP_AFTER = 3
"""So many times may a carrier call a number malformed before we believe it."""


def urgency(facts: Facts, *, now: datetime) -> Urgency:
    """Return who goes first: out for delivery, trouble, expected today, moving, the rest."""
    if facts.status == S.OUT_FOR_DELIVERY or facts.is_hinted:
        return Urgency.DELIVERING
    if facts.status in {S.EXCEPTION, S.ATTEMPT_FAILED} or facts.is_disputed:
        return Urgency.TROUBLE
    if facts.status in MOVING | {S.CUSTOMS, S.AVAILABLE_FOR_PICKUP, S.RETURNING}:
        window = _eta_window(facts)
        is_near = window is not None and window[0] <= now <= window[1]
        return Urgency.EXPECTED if is_near else Urgency.MOVING
    return Urgency.REST


_HOURS = {count: timedelta(hours=count) for count in (2, 3, 6, 12, 24)}


def _polled(facts: Facts, *, now: datetime) -> timedelta | None:
    """The column for carriers that are only asked."""
    status = facts.status
    if facts.is_disputed:
        return _HOURS[3]
    if status in TAILS:
        return _tail(facts, now=now)
    if status == S.REGISTERED:
        return _unknown(now - facts.known_at)
    if status == S.INFO_RECEIVED:
        age = now - (facts.status_at or facts.known_at)
        return _HOURS[3 if age < timedelta(hours=24) else 6 if age < timedelta(hours=72) else 12]
    if status in MOVING:
        window = _eta_window(facts)
        if window and window[0] <= now <= window[1]:
            return _HOURS[2]
        return doubled(_HOURS[3], facts.empties, most=_HOURS[24 if facts.is_abroad else 12])
    if status == S.OUT_FOR_DELIVERY:
        if _is_daytime(facts.zone, now=now):
            return timedelta(minutes=45)
        return min(_HOURS[3], _at(DAYTIME[0], facts.zone, now=now) - now)
    return {
        S.CUSTOMS: _HOURS[6],
        S.ATTEMPT_FAILED: _HOURS[3],
        S.EXCEPTION: _HOURS[3],
        S.AVAILABLE_FOR_PICKUP: _HOURS[6],
        S.RETURNING: _HOURS[12],
    }.get(ParcelStatus(status), _HOURS[12])


def _safety(facts: Facts, *, now: datetime) -> timedelta | None:
    """The column for carriers that push: slow, for every one of them loses some."""
    if facts.is_disputed:
        return _HOURS[12]
    if facts.status in TAILS:
        return _tail(facts, now=now)
    return {
        S.REGISTERED: _HOURS[12],
        S.OUT_FOR_DELIVERY: _HOURS[6],
        S.ATTEMPT_FAILED: _HOURS[12],
        S.EXCEPTION: _HOURS[12],
    }.get(ParcelStatus(facts.status), _HOURS[24])


def _tail(facts: Facts, *, now: datetime) -> timedelta | None:
    since = facts.status_at or facts.known_at
    return _HOURS[24] if now - since < TAILS[facts.status] else None


def _unknown(age: timedelta) -> timedelta:
    """The pause while the carrier does not know the number."""
    if age < timedelta(hours=24):
        return _HOURS[3]
    if age < timedelta(days=3):
        return _HOURS[6]
    return _HOURS[12] if age < timedelta(days=10) else _HOURS[24]


def doubled(first: timedelta, times: int, *, most: timedelta) -> timedelta:
    """Return a pause doubled so many times, up to a most."""
    return min(first * (1 << min(max(times, 0), 16)), most)


def _eta_window(facts: Facts) -> tuple[datetime, datetime] | None:
    return (facts.eta - ETA_NEAR, facts.eta + ETA_NEAR) if facts.eta else None


def _is_daytime(zone: tzinfo, *, now: datetime) -> bool:
    return DAYTIME[0] <= now.astimezone(zone).time() < DAYTIME[1]


def _at(hour: time, zone: tzinfo, *, now: datetime) -> datetime:
    """Return the next moment at which the clock of ``zone`` shows ``hour``."""
    local = now.astimezone(zone)
    day = local.date() + timedelta(days=int(local.time() >= hour))
    return datetime.combine(day, hour, zone).astimezone(UTC)
