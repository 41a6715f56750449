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
class AnomalyFound(DomainEvent):
    """A new episode of trouble on one parcel."""

    name: ClassVar[str] = "tracking.anomaly_found"
    anomaly_id: int
    parcel_id: int
    kind: str
    severity: int


@dataclass(frozen=True, kw_only=True)
class CodeMapped(DomainEvent):
    """Staff have said what a carrier's code means that our tables lack."""

    name: ClassVar[str] = "tracking.code_mapped"
    code_id: int
    adapter: str
    code: str
