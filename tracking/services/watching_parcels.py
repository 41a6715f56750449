"""Look at parcels in silence, and bring their stored episodes in line with what is found."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tracking import troubles
from tracking.calendars import Calendar, Pause
from tracking.models.anomaly import ClearedBy
from tracking.services import noticing
from tracking.services import watching_rows as store
from tracking.services.noticing import NEWS_AGE, Plan, Says
from tracking.services.watching_book import PARTIES, Book
from tracking.services.watching_rows import Episode, Fresh, Quote, Risen, Seen
from tracking.states import SOFT_TERMINAL, TIMED, AnomalyKind, ParcelStatus, Party
from tracking.troubles import Facts, Finding, Judgement

log = logging.getLogger(__name__)

K, S = AnomalyKind, ParcelStatus

SOON = timedelta(minutes=1)
DAILY = timedelta(days=1)
"""However far away its next step is, a parcel is looked at once a day."""

RESTARTS = frozenset({K.STALLED, K.CUSTOMS_STUCK, K.PICKUP_EXPIRING, K.SUSPECTED_LOST})
"""Kinds that are another episode when they are counted from another moment."""

SILENCE = frozenset(
    {K.NO_FIRST_SCAN, K.STALLED, K.PAST_ETA, K.ATTEMPTS_EXHAUSTED, K.SUSPECTED_LOST}
)
"""Kinds that end with the parcel being taken for lost."""

LATE = frozenset({K.NO_FIRST_SCAN, K.STALLED, K.PAST_ETA, K.CUSTOMS_STUCK})
"""Kinds that say the same to a shopper; while one that was told is open, no other is told."""

TELLING = (
    K.SUSPECTED_LOST, K.ATTEMPTS_EXHAUSTED, K.PICKUP_EXPIRING, K.CUSTOMS_STUCK, K.PAST_ETA,
    K.STALLED, K.NO_FIRST_SCAN, K.UNTRACKABLE, K.EXPIRED,
)  # fmt: skip
"""Which kind is told of when several come at once: the one that says most."""


Check = tuple[int, datetime, str]
"""A parcel, when to look at it again, and its lane if that is certain."""


def sift(seen: Sequence[Seen], *, now: datetime) -> tuple[list[Check], list[int], list[int]]:
    """
    Pick out the parcels that need nothing before tomorrow, without locking or judging them.

    Returns the checks of these, the parcels whose journey is over and quiet, and the others.
    """
    book = Book.read(now=now)
    ids = [one.id for one in seen]
    troubled = {episode.subject_id for episode in store.episodes(ids, TIMED)}
    lanes = _lanes(seen, book)
    checks: list[Check] = []
    over: list[int] = []
    rest: list[int] = []
    for one in seen:
        lane, is_certain = lanes[one.id]
        if one.id in troubled or not _is_calm(one, lane, book, until=now + DAILY):
            rest.append(one.id)
        elif one.status in SOFT_TERMINAL:
            over.append(one.id)
        else:
            checks.append((one.id, now + DAILY, lane if is_certain else ""))
    return checks, over, rest


def look(seen: Sequence[Seen], *, now: datetime, how: ClearedBy) -> tuple[list[Check], list[int]]:
    """
    Look at parcels that we hold and write what has begun, risen or ended.

    Returns when to look again, and the parcels that need it no more. ``how`` says what ends an
    episode that no longer holds.
    """
    if not seen:
        return [], []
    book = Book.read(now=now)
    ids = [one.id for one in seen]
    known: dict[int, list[Episode]] = defaultdict(list)
    for episode in store.episodes(ids, TIMED):
        known[episode.subject_id].append(episode)
    lanes = _lanes(seen, book)
    tries = _tries(seen, known)
    pauses = _pauses(seen, book)

    looks: list[_Look] = []
    checks: list[Check] = []
    over: list[int] = []
    for one in seen:
        lane, is_certain = lanes[one.id]
        again, is_over = now + DAILY, False
        try:
            facts = _facts(one, book, tries.get(one.id, 0))
            still = pauses.get(one.id, ())
            found = _judge(one, facts, lane, book, still, known.get(one.id, ()), now=now)
            if found.judgement.findings or found.known:
                looks.append(found)
            is_over = facts.is_over or K.EXPIRED in found.judgement.findings
            again = min(again, max(found.judgement.check_at or again, now + SOON))
        except Exception:
            # One parcel that cannot be judged must not keep a thousand others from it.
            log.exception("parcel %s cannot be judged", one.id)
        if is_over:
            over.append(one.id)
        else:
            checks.append((one.id, again, lane if is_certain else ""))
    if looks:
        _settle(looks, now=now, how=how)
    return checks, over


@dataclass(frozen=True, slots=True)
class _Look:
    """One parcel, what was found of it, and what was known."""

    seen: Seen
    facts: Facts
    lane: str
    calendar: Calendar
    pauses: Sequence[Pause]
    judgement: Judgement
    known: Sequence[Episode]


def _is_calm(one: Seen, lane: str, book: Book, *, until: datetime) -> bool:
    """Test cheaply whether no clock of a parcel can run out; what cannot be told is looked at."""
    if one.status == S.ATTEMPT_FAILED:
        return False  # Its attempts have to be counted.
    _rules, least = book.ladder(lane, one.carrier_id)
    try:
        return troubles.is_calm(_facts(one, book, 0), least=least, until=until)
    except OverflowError:
        return False


def _judge(
    one: Seen,
    facts: Facts,
    lane: str,
    book: Book,
    pauses: Sequence[Pause],
    known: Sequence[Episode],
    *,
    now: datetime,
) -> _Look:
    calendar = book.calendar(one.carrier_id)
    rules, _least = book.ladder(lane, one.carrier_id)
    deaf_since = book.deaf.get(one.connection_id) if one.connection_id else None
    judgement = troubles.judge(
        facts,
        rules=rules,
        calendar=calendar,
        pauses=pauses,
        now=min(now, deaf_since) if deaf_since else now,
    )
    return _Look(one, facts, lane, calendar, pauses, judgement, known)


def _settle(looks: Sequence[_Look], *, now: datetime, how: ClearedBy) -> None:
    """Bring the stored episodes in line with what was found."""
    fresh: list[tuple[_Look, Finding]] = []
    risen: list[tuple[_Look, Finding, Episode]] = []
    over: list[tuple[Episode, str, Mapping[str, Any]]] = []
    steps: list[tuple[int, datetime | None, datetime | None]] = []
    for look in looks:
        held = {one.kind: one for one in look.known if one.cleared_at is None}
        resolved = {(one.kind, one.episode) for one in look.known if one.cleared_at is not None}
        for kind, finding in look.judgement.findings.items():
            stored = held.pop(kind, None)
            if stored and kind in RESTARTS and stored.episode != finding.episode:
                over.append((stored, how, _end(look, now)))
                stored = None
            if stored is None:
                if (kind, finding.episode) not in resolved:
                    fresh.append((look, finding))
            elif finding.level > stored.level:
                risen.append((look, finding, stored))
            else:
                ahead = _next_at(look, finding), _lost_at(look, finding)
                if ahead != (stored.next_at, stored.lost_at):
                    steps.append((stored.id, *ahead))
        over += [(stored, how, _end(look, now)) for stored in held.values()]
    told = _whom_to_tell(fresh, risen, now=now)
    moved = [look.seen.id for look, _f in fresh] + [look.seen.id for look, _f, _e in risen]
    quotes = store.last_scans(moved)
    store.reschedule(steps)
    noticing.carry_out(
        Plan(
            fresh=[
                _open(look, finding, quotes.get(look.seen.id), told=told, now=now)
                for look, finding in fresh
            ],
            risen=[
                _rise(look, finding, stored, quotes.get(look.seen.id), told=told, now=now)
                for look, finding, stored in risen
            ],
            over=over,
        ),
        now=now,
    )


def _whom_to_tell(
    fresh: Sequence[tuple[_Look, Finding]],
    risen: Sequence[tuple[_Look, Finding, Episode]],
    *,
    now: datetime,
) -> set[tuple[int, str]]:
    """
    Choose (parcel, kind) of the letters to write: one a parcel, the one that says most.

    Nothing is told twice, nothing that is old news, and nothing of a parcel that is on its way
    back to us.
    """
    wanted: dict[int, list[str]] = defaultdict(list)
    pairs: list[tuple[_Look, Finding, Episode | None]] = [(*pair, None) for pair in fresh]
    pairs += risen
    for look, finding, stored in pairs:
        told = {one.kind for one in look.known if one.cleared_at is None and one.told_at}
        is_new = any(rule.tells_shopper and now - due <= NEWS_AGE for rule, due in finding.reached)
        is_told = stored is not None and stored.told_at is not None
        is_same = finding.kind in LATE and bool(told & LATE)
        if is_new and look.facts.is_outbound and not is_told and not is_same:
            wanted[look.seen.id].append(finding.kind)
    return {(parcel_id, min(kinds, key=_place)) for parcel_id, kinds in wanted.items()}


def _place(kind: str) -> int:
    return TELLING.index(K(kind))


def _open(
    look: _Look,
    finding: Finding,
    quote: Quote | None,
    *,
    told: set[tuple[int, str]],
    now: datetime,
) -> tuple[Fresh, Says]:
    says = _says(look, finding, told=told, now=now)
    step = _step(look, finding, now=now)
    fresh = Fresh(
        subject_id=look.seen.id,
        kind=finding.kind,
        party=str(PARTIES.get(K(finding.kind), Party.CARRIER)),
        severity=finding.rule.severity,
        level=finding.level,
        lane=look.lane,
        episode=finding.episode,
        since=finding.since,
        next_at=_next_at(look, finding),
        lost_at=_lost_at(look, finding),
        told_at=now if says.tells else None,
        is_public=_is_public(look, finding),
        evidence={**step, "scan": _quoted(quote), "history": [step]},
    )
    return fresh, says


def _rise(
    look: _Look,
    finding: Finding,
    stored: Episode,
    quote: Quote | None,
    *,
    told: set[tuple[int, str]],
    now: datetime,
) -> tuple[Episode, Risen, Says]:
    says = _says(look, finding, told=told, now=now, above=stored.level)
    risen = Risen(
        id=stored.id,
        level=finding.level,
        severity=finding.rule.severity,
        next_at=_next_at(look, finding),
        lost_at=_lost_at(look, finding),
        told_at=now if says.tells else None,
        is_public=_is_public(look, finding),
        evidence={**_step(look, finding, now=now), "scan": _quoted(quote)},
    )
    return stored, risen, says


def _says(
    look: _Look, finding: Finding, *, told: set[tuple[int, str]], now: datetime, above: int = 0
) -> Says:
    return Says(
        count=_count(look, finding, now=now),
        tells=(look.seen.id, finding.kind) in told,
        asks=any(rule.asks_carrier and rule.level > above for rule, _due in finding.reached),
    )


def _step(look: _Look, finding: Finding, *, now: datetime) -> dict[str, Any]:
    """Return the evidence for one level: which threshold, counted from what and until when."""
    rule = finding.rule
    due_at = next(due for reached, due in finding.reached if reached is rule)
    return {
        "threshold": rule.id,
        "level": rule.level,
        "severity": rule.severity,
        "limit": f"{rule.amount} {rule.unit}",
        "anchor": rule.anchor,
        "since": finding.since.isoformat(),
        "working_days": round(
            look.calendar.days_between(finding.since, now, pauses=look.pauses), 2
        ),
        "stood_still": [
            [begins.isoformat(), ends.isoformat() if ends else None]
            for begins, ends in look.pauses
            if begins < now and (ends is None or ends > finding.since)
        ],
        "due_at": due_at.isoformat(),
        "counted_until": now.isoformat(),
        "lane": look.lane,
        "status": look.seen.status,
        "attempts": look.facts.attempts,
        **({"why": look.seen.deaf} if look.seen.deaf else {}),
    }


def _count(look: _Look, finding: Finding, *, now: datetime) -> int:
    if finding.kind == K.ATTEMPTS_EXHAUSTED:
        return look.facts.attempts
    quiet_since = look.facts.seen_at or look.facts.shipped_at
    return int(look.calendar.days_between(quiet_since, now, pauses=look.pauses))


def _next_at(look: _Look, finding: Finding) -> datetime | None:
    """Say when something happens next: the next level, or the parcel is taken for lost."""
    ahead = [finding.next_at]
    if finding.kind != K.SUSPECTED_LOST:
        ahead.append(_lost_at(look, finding))
    return min((at for at in ahead if at is not None), default=None)


def _lost_at(look: _Look, finding: Finding) -> datetime | None:
    return look.judgement.lost_at if finding.kind in SILENCE else None


def _is_public(look: _Look, finding: Finding) -> bool:
    return look.facts.is_outbound and any(rule.tells_shopper for rule, _due in finding.reached)


def _end(look: _Look, now: datetime) -> dict[str, Any]:
    last_scan_at = look.seen.last_scan_at
    return {
        "at": now.isoformat(),
        "status": look.seen.status,
        "last_scan_at": last_scan_at.isoformat() if last_scan_at else None,
    }


def _quoted(quote: Quote | None) -> dict[str, Any] | None:
    if quote is None:
        return None
    return {**quote._asdict(), "occurred_at": quote.occurred_at.isoformat()}


def _facts(one: Seen, book: Book, tries: int) -> Facts:
    announced_at = one.status_at if one.status == S.INFO_RECEIVED else None
    return Facts(
        status=one.status,
        shipped_at=one.shipped_at or announced_at or one.created_at,
        is_heard=not one.deaf,
        status_at=one.status_at,
        last_scan_at=one.last_scan_at,
        delivered_at=one.delivered_at,
        expected_at=one.eta_to,
        promised_at=one.promised_at,
        pickup_days=book.homes[one.carrier_id].pickup_days,
        attempts=tries,
    )


def _lanes(seen: Sequence[Seen], book: Book) -> dict[int, tuple[str, bool]]:
    """Return parcel -> (lane, whether that is certain by now)."""
    open_ = [one.id for one in seen if not one.lane]
    goes_to = store.destinations(open_)
    origins = store.origins([one.id for one in seen if not one.lane and one.last_scan_at])
    found: dict[int, tuple[str, bool]] = {}
    for one in seen:
        if one.lane:
            found[one.id] = one.lane, True
            continue
        lane = troubles.lane(
            destination=goes_to[one.id][0],
            origin=origins.get(one.id) or book.country(one.carrier_id),
            is_postal=book.is_postal(one.carrier_id),
        )
        found[one.id] = str(lane), one.last_scan_at is not None
    return found


def _tries(seen: Sequence[Seen], known: Mapping[int, Iterable[Episode]]) -> dict[int, int]:
    """Count failed attempts where they can matter."""
    ids = [
        one.id
        for one in seen
        if one.status == S.ATTEMPT_FAILED
        or any(episode.kind == K.ATTEMPTS_EXHAUSTED for episode in known.get(one.id, ()))
    ]
    return {pk: troubles.attempts(times) for pk, times in store.attempts(ids).items()}


def _pauses(seen: Sequence[Seen], book: Book) -> dict[int, tuple[Pause, ...]]:
    """Return when the clocks of each parcel stand still."""
    if not book.windows:
        return {}
    ids = [one.id for one in seen]
    goes_to, last = store.destinations(ids), store.last_scans(ids)
    found = {}
    for one in seen:
        country, city = goes_to[one.id]
        quote = last.get(one.id)
        found[one.id] = troubles.standstill(
            book.windows,
            carrier_id=one.carrier_id,
            countries=(country, book.country(one.carrier_id), quote.country if quote else ""),
            places=f"{city}\n{quote.location if quote else ''}",
        )
    return found
