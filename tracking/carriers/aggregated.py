"""
What the services that gather many couriers' news have in common.

They name couriers their own way, write times in ISO 8601 with or without a zone, and sum each
parcel up in a status of its own beside the couriers' events.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from tracking.carriers.base import CODE_LIMIT, Meaning, to_utc
from tracking.carriers.names import CARRIERS
from tracking.carriers.ups.codes import PHRASES
from tracking.scans import Scan, Snapshot
from tracking.states import SOFT_TERMINAL, Handed, OffsetSource, Reason
from tracking.states import ParcelStatus as S

UNSCANNED = frozenset({S.REGISTERED, S.INFO_RECEIVED, S.CANCELLED, S.EXPIRED, S.LOST, S.DESTROYED})
"""Statuses that are told without anybody seeing the parcel."""
BARE = frozenset({None, Reason.OTHER})
"""Reasons that explain nothing."""

_LEFT_AT = (
    (r"\blocker|access point|parcel ?shop|pick-?up point|collection point", Handed.LOCKER),
    (r"\bneighbou?r", Handed.NEIGHBOUR),
    (r"front door|back door|side door|porch|garage|patio|mail ?box|letter ?box|safe place",
     Handed.SAFE_PLACE),
    (r"front desk|\breception|mail ?room|concierge|\bagent\b", Handed.PROXY),
    (r"left with individual|\baddressee\b", Handed.RECIPIENT),
    (r"(handed|given|delivered) to (the )?(resident|recipient|customer|receiver)",
     Handed.RECIPIENT),
)  # fmt: skip
LEFT_AT = tuple((re.compile(words, re.IGNORECASE), handed) for words, handed in _LEFT_AT)
"""Words of a delivery -> to whom it was given; the first that fits."""


class Couriers:
    """A service's names of couriers and ours, both ways."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self._ours = {_squeezed(code): slug for code, slug in names.items()}
        self._theirs: dict[str, str] = {}
        for code, slug in names.items():
            self._theirs.setdefault(slug, code)

    def ours(self, code: str) -> str:
        """Return our slug for a service's code; an unknown code is its own slug."""
        return self._ours.get(_squeezed(code), code.lower()[:CODE_LIMIT])

    def theirs(self, slug: str) -> str:
        """Return the code to ask with, or "" where the service had better find out itself."""
        return self._theirs.get(slug, "" if slug in CARRIERS else slug)


def _squeezed(code: str) -> str:
    """Leave letters and digits only: services waver between capitals, dashes and underlines."""
    return "".join(one for one in code.lower() if one.isalnum())


def moment(words: str) -> tuple[datetime | None, str, OffsetSource]:
    """
    Return the moment, the clock on the wall, and how the zone is known.

    A time in plain UTC (``Z``) says nothing of the clock on the wall. Without a zone the moment
    is unknown, and a bare date stays one.
    """
    try:
        given = datetime.fromisoformat(words)
    except ValueError:
        return None, "", OffsetSource.UNKNOWN
    if len(words) <= 10:
        return None, given.date().isoformat(), OffsetSource.UNKNOWN
    local = given.replace(tzinfo=None, microsecond=0).isoformat()
    if given.tzinfo is None:
        return None, local, OffsetSource.UNKNOWN
    try:
        at = given.replace(microsecond=0).astimezone(UTC)
    except OverflowError:
        return None, "", OffsetSource.UNKNOWN
    return at, "" if words[-1:] in {"Z", "z"} else local, OffsetSource.OFFSET


def zone_of(scans: Iterable[Scan]) -> tzinfo | None:
    """Return the zone of the newest scan that knows its own, or None."""
    known = [scan for scan in scans if scan.occurred_at and len(scan.local_time) > 10]
    if not known:
        return None
    newest = max(known, key=lambda scan: scan.occurred_at or datetime.min.replace(tzinfo=UTC))
    local = datetime.fromisoformat(newest.local_time).replace(tzinfo=UTC)
    gap = local - (newest.occurred_at or local)
    return timezone(timedelta(minutes=round(gap.total_seconds() / 60)))


def edge(words: str, *, zone: tzinfo | None, is_end: bool) -> datetime | None:
    """
    Return one end of an expected time in UTC, or None where its zone is unknown.

    A bare day begins or ends at the day's end in question.
    """
    at, local, _ = moment(words)
    if at is not None or zone is None:
        return at
    if len(local) == 10:
        local = f"{local}T23:59:59" if is_end else f"{local}T00:00:00"
    return to_utc(local, zone)


def explained(meaning: Meaning, words: str) -> tuple[Meaning, bool]:
    """
    Let the words of a bare exception say what it is; the second value tells that they did.

    Words explain a trouble and never end a journey.
    """
    if meaning.status != S.EXCEPTION or meaning.reason not in BARE:
        return meaning, False
    for phrase in PHRASES:
        if phrase.words.search(words):
            return Meaning(phrase.status or S.EXCEPTION, phrase.reason), True
    return meaning, False


def handed(meaning: Meaning, words: str) -> Handed | None:
    """Return to whom a delivery was given: the code's word, else what the text says."""
    if meaning.handed or meaning.status != S.DELIVERED:
        return meaning.handed
    return next((who for pattern, who in LEFT_AT if pattern.search(words)), None)


def is_physical(meaning: Meaning | None, where: str) -> bool:
    """Test whether somebody saw the parcel; of an unknown code only a place speaks for it."""
    if meaning is None:
        return bool(where)
    return meaning.status is not None and meaning.status not in UNSCANNED


def signer(name: str) -> str:
    """Return the name of a person, "" for words like "Signature not required"."""
    return "" if "signature" in name.lower() else name


def without_name(words: str, name: str) -> str:
    """Take the signer's name out of a courier's text: names never enter a scan."""
    if len(name) < 3:
        return words
    return re.sub(re.escape(name), "…", words, flags=re.IGNORECASE)


def closing(meaning: Meaning, *, code: str, words: str, at: datetime | None) -> Scan:
    """Return what a service says of a parcel as a whole where no event of a courier says it."""
    return Scan(
        occurred_at=at,
        offset_source=OffsetSource.OFFSET if at else OffsetSource.UNKNOWN,
        status=meaning.status,
        reason=meaning.reason,
        party=meaning.party,
        handed=meaning.handed,
        raw_code=code,
        raw_text=words,
        event_id=f"closing/{code}",
        is_physical=is_physical(meaning, ""),
    )


def needs_closing(status: S | None, scans: Sequence[Scan]) -> bool:
    """
    Test whether the service's own status is news that no event tells.

    It is where there are no events, and where the service has stopped looking.
    """
    if status is None or status == S.REGISTERED:
        return False
    return not scans or (status == S.EXPIRED and all(scan.status != status for scan in scans))


def in_order(scans: Sequence[Scan], status: S | None) -> tuple[Scan, ...]:
    """
    Number scans that are listed oldest first, and let the ending be the end.

    The service puts the events in order and sums them up. Where its last event is the ending that
    it sums up, what it lists before cannot have happened after, whatever a carrier's clock says:
    that scan keeps its clock's words and takes the ending's moment.
    """
    told = [replace(scan, sequence=turn) for turn, scan in enumerate(scans)]
    if not told or told[-1].status != status or status not in SOFT_TERMINAL:
        return tuple(told)
    end = told[-1].occurred_at
    return tuple(
        replace(scan, occurred_at=end, local_time=scan.local_time or _clock(scan.occurred_at))
        if end is not None and scan.occurred_at is not None and scan.occurred_at > end
        else scan
        for scan in told
    )


def _clock(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat()


def newest_first(parcels: Sequence[tuple[Snapshot, str]]) -> tuple[Snapshot, ...]:
    """
    Return the snapshots in the body's order, those of one number newest first.

    :param parcels: snapshots with the time at which each was registered.
    """
    found: dict[str, list[tuple[Snapshot, str]]] = {}
    for parcel in parcels:
        found.setdefault(parcel[0].number, []).append(parcel)
    return tuple(
        snapshot
        for same in found.values()
        for snapshot, _ in sorted(same, key=lambda pair: pair[1], reverse=True)
    )
