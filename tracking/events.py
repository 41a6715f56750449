"""What tracking tells the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portal.lib.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ParcelReached(DomainEvent):
    """
    A leg of a parcel reached a status for the first time.

    Not recorded for news older than 24 hours: a backfill is no news. ``to`` is the shopper's
    user id; times are ISO 8601 UTC.
    """

    name: ClassVar[str] = "tracking.parcel_reached"
    parcel_id: int
    token: str
    number: str
    carrier_en: str
    carrier_zh: str
    order: str
    to: int
    language: str
    status: str
    reason: str
    leg: int
    reached_at: str
    eta_from: str
    eta_to: str
    items: list[str]
    link_version: int = 1
    """The parcel's, so that a letter can sign a link that can be revoked."""


@dataclass(frozen=True, kw_only=True)
class Trouble(DomainEvent):
    """
    What every event about an anomaly tells; times are ISO 8601 UTC, empty where there is none.

    Trouble with an order and no parcel has 0 for ``parcel_id`` and an empty ``token``.
    ``tells_shopper`` is true once an episode at most, and never for old news. ``since`` is what
    is counted from, ``next_at`` when it comes to the next level, ``lost_at`` when the parcel is
    taken for lost. ``zone`` is where the shopper's day and night are.
    """

    anomaly_id: int
    parcel_id: int
    kind: str
    severity: int
    level: int
    party: str
    lane: str
    since: str
    next_at: str
    lost_at: str
    last_scan_at: str
    count: int
    """The working days without a scan, or the failed attempts, that brought it about."""
    status: str
    tells_shopper: bool
    token: str
    number: str
    carrier_en: str
    carrier_zh: str
    order: str
    to: int
    language: str
    zone: str
    items: list[str]
    link_version: int = 1


@dataclass(frozen=True, kw_only=True)
class AnomalyFound(Trouble):
    """A new episode of trouble with a parcel or an order."""

    name: ClassVar[str] = "tracking.anomaly_found"


@dataclass(frozen=True, kw_only=True)
class AnomalyEscalated(Trouble):
    """An episode of trouble came to a higher level."""

    name: ClassVar[str] = "tracking.anomaly_escalated"


@dataclass(frozen=True, kw_only=True)
class AnomalyCleared(Trouble):
    """An episode of trouble is over; ``cleared_by`` says through what."""

    name: ClassVar[str] = "tracking.anomaly_cleared"
    cleared_by: str


@dataclass(frozen=True, kw_only=True)
class InquiryDue(Trouble):
    """
    It is time to ask the carrier where a parcel is.

    Once an episode and level; it moves no money and settles nothing.
    """

    name: ClassVar[str] = "tracking.inquiry_due"


@dataclass(frozen=True, kw_only=True)
class CodeMapped(DomainEvent):
    """Staff have said what a carrier's code means that our tables lack."""

    name: ClassVar[str] = "tracking.code_mapped"
    code_id: int
    adapter: str
    code: str


@dataclass(frozen=True, kw_only=True)
class DisruptionChanged(DomainEvent):
    """A disruption was declared, changed or taken back; parcels after ``after`` are to follow."""

    name: ClassVar[str] = "tracking.disruption_changed"
    carrier_id: int | None
    after: int
