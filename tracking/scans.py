"""A carrier's words in ours: scans, snapshots, errors and what a body holds."""

from __future__ import annotations

import functools
import hashlib
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tracking.states import RANK, Handed, OffsetSource, ParcelStatus, Party, Reason


@dataclass(kw_only=True, slots=True, unsafe_hash=True)
class Scan:
    """
    One sighting as a carrier told it; never changed, a different one is made by ``replace``.

    Not frozen, for making a frozen one takes four times as long, and a worker makes thirty to
    find one new.

    ``occurred_at`` is UTC, or None when the zone is unknown. ``local_time`` is the carrier's own
    clock, ``YYYY-MM-DDTHH:MM:SS``, or only the date, or empty. ``status`` is None for an unknown
    code and for news that moves nothing; it then leaves the parcel's status alone.
    """

    occurred_at: datetime | None = None
    local_time: str = ""
    offset_source: OffsetSource = OffsetSource.UNKNOWN
    status: ParcelStatus | None = None
    reason: Reason | None = None
    party: Party | None = None
    handed: Handed | None = None
    raw_code: str = ""
    raw_text: str = ""
    location: str = ""
    country: str = ""
    event_id: str = ""
    sequence: int = 0
    leg: int = 1
    is_physical: bool = True
    is_inferred: bool = False
    is_known: bool = True
    """False when no table of ours has the code: it is counted, and staff may say what it means."""
    is_hint: bool = False
    """Told by a push whose seal does not cover it; set by the inbox, never by an adapter."""

    def fingerprint(self, *, carrier: str, number: str) -> bytes:
        """
        Return 16 bytes that name this sighting whatever its wording.

        The carrier's event id when there is one, else carrier, number, local minute, code and
        place. Free text is left out: a reworded scan is the same scan.
        """
        if self.event_id:
            name = f"{carrier}\x1f{number}\x1fid\x1f{self.event_id}"
        else:
            when = self.local_time[:16] or (
                self.occurred_at.strftime("%Y-%m-%dT%H:%MZ") if self.occurred_at else ""
            )
            place = self.location.casefold()
            name = f"{carrier}\x1f{number}\x1f{when}\x1f{self.raw_code}\x1f{place}"
        return hashlib.sha256(name.encode()).digest()[:16]


VERSION_SHIFT = 18
"""Where in a weight the version of the tables stands."""


def weight(scan: Scan, *, version: int) -> int:
    """
    Return how much a reading of a scan says; of two readings of one scan the heavier holds.

    A newer version of the tables outweighs everything; then the further status, the one with a
    reason, and at last always the same one, so that the order in which they came does not matter.
    """
    said = _said(
        scan.status, scan.reason, scan.party, scan.handed, scan.leg, scan.is_physical,
        scan.is_inferred,
    )  # fmt: skip
    return min(version, 4095) << VERSION_SHIFT | scan.is_known << 17 | said


@functools.lru_cache(maxsize=4096)
def _said(status: ParcelStatus | None, *rest: object) -> int:
    """Weigh what is said: the status, then reason and hand, then a mark of all of it."""
    reason, _party, handed = rest[:3]
    rank = 0 if status is None else RANK[status] + 1
    weighed = rank * 4 + (reason is not None) * 2 + (handed is not None)
    mark = zlib.crc32("\x1f".join(map(str, (status, *rest))).encode()) % 128
    return weighed << 7 | mark


class ProofKind(StrEnum):
    """What shows that a parcel was handed over."""

    PHOTO = "photo"
    SIGNATURE = "signature"
    DOCUMENT = "document"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """
    A proof of delivery: an address to fetch it from, or the bytes themselves.

    An address is fetched only from the hosts its adapter names in ``Capabilities.proof_hosts``.
    """

    kind: ProofKind
    url: str = ""
    data: bytes = b""


@dataclass(frozen=True, kw_only=True, slots=True)
class Onward:
    """The carrier, by our slug, and the number under which a parcel travels on."""

    carrier: str
    number: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """
    What one body says of one parcel.

    ``carrier`` is our slug of the courier that carries it. ``is_complete`` tells that the carrier
    sends the whole history each time, so a scan missing from a later one has been withdrawn.
    ``eta_from`` and ``eta_to`` are UTC. ``onward`` names the carrier and number under which the
    parcel travels on. ``signed_by`` is a person's name: it never leaves the level of that person.
    """

    number: str
    carrier: str
    scans: tuple[Scan, ...] = ()
    is_complete: bool = False
    eta_from: datetime | None = None
    eta_to: datetime | None = None
    onward: Onward | None = None
    proofs: tuple[Proof, ...] = ()
    signed_by: str = ""


class ErrorKind(StrEnum):
    """Seven different troubles with a carrier's answer, each with its own cure."""

    NOT_FOUND = "not_found"
    INVALID_NUMBER = "invalid_number"
    AUTH = "auth"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    TRANSIENT = "transient"
    SCHEMA_DRIFT = "schema_drift"


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierError:
    """A trouble the carrier reported, about one number or about the whole call."""

    kind: ErrorKind
    message: str
    number: str = ""
    retry_after: int | None = None
    """Seconds to wait, where the carrier says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a carrier's body holds: partial success is the norm."""

    parcels: tuple[Snapshot, ...] = ()
    errors: tuple[CarrierError, ...] = field(default=())
