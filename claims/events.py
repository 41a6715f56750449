"""What claims tell the house. ``to`` is the shopper's user id; times are ISO 8601 UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from portal.lib.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ClaimEvent(DomainEvent):
    """Facts every claim event carries; not recorded itself."""

    name: ClassVar[str] = ""
    claim_id: int
    ref: str
    to: int
    language: str
    order: str
    items: list[str]


@dataclass(frozen=True, kw_only=True)
class ClaimFiled(ClaimEvent):
    """A shopper sent a claim."""

    name: ClassVar[str] = "claims.claim_filed"
    reason: str
    decide_by: str


@dataclass(frozen=True, kw_only=True)
class ClaimPrepared(ClaimEvent):
    """We opened a claim for a parcel taken for lost; it waits for the shopper to send it."""

    name: ClassVar[str] = "claims.claim_prepared"
    anomaly_id: int
    reason: str
    number: str
    carrier_en: str
    carrier_zh: str
    amount_minor: int
    currency: str
    until: str


@dataclass(frozen=True, kw_only=True)
class EvidenceAsked(ClaimEvent):
    """The desk asked the shopper for something."""

    name: ClassVar[str] = "claims.evidence_asked"
    request_id: int
    question: str
    due_at: str


@dataclass(frozen=True, kw_only=True)
class MessageSent(ClaimEvent):
    """The desk wrote to the shopper."""

    name: ClassVar[str] = "claims.message_sent"
    message_id: int
    body: str


@dataclass(frozen=True, kw_only=True)
class EvidenceReceived(DomainEvent):
    """A photo was kept and waits to be cleaned."""

    name: ClassVar[str] = "claims.evidence_received"
    evidence_id: int


@dataclass(frozen=True, kw_only=True)
class OfferMade(ClaimEvent):
    """The desk offers less or other than the wish and waits for a yes."""

    name: ClassVar[str] = "claims.offer_made"
    amount_minor: int
    currency: str
    answer_by: str
    text: str
    pays_by: str
    """By when the money would leave us if the shopper said yes at once."""


@dataclass(frozen=True, kw_only=True)
class ClaimApproved(ClaimEvent):
    """The desk agreed to pay; no money has moved yet."""

    name: ClassVar[str] = "claims.claim_approved"
    compensation_id: int
    amount_minor: int
    currency: str
    instrument: str
    text: str
    rule: str
    pays_by: str


@dataclass(frozen=True, kw_only=True)
class ClaimRejected(ClaimEvent):
    """The desk declined; ``appeal_until`` is empty once there is no second look any more."""

    name: ClassVar[str] = "claims.claim_rejected"
    code: str
    text: str
    appeal_until: str


@dataclass(frozen=True, kw_only=True)
class CompensationSettled(ClaimEvent):
    """The provider proved that the money left us, and the books balance."""

    name: ClassVar[str] = "claims.compensation_settled"
    compensation_id: int
    amount_minor: int
    currency: str
    instrument: str
    provider_ref: str
    settled_at: str


@dataclass(frozen=True, kw_only=True)
class CompensationFailed(ClaimEvent):
    """The provider said no for good, or the money bounced back."""

    name: ClassVar[str] = "claims.compensation_failed"
    compensation_id: int
    amount_minor: int
    currency: str
    instrument: str


@dataclass(frozen=True, kw_only=True)
class CompensationRetried(ClaimEvent):
    """The desk sends a failed payment again; no money has moved yet."""

    name: ClassVar[str] = "claims.compensation_retried"
    compensation_id: int


@dataclass(frozen=True, kw_only=True)
class ReminderDue(ClaimEvent):
    """A claim waits for the shopper; ``what`` is offer, evidence or return, ``number`` 1 or 2."""

    name: ClassVar[str] = "claims.reminder_due"
    what: str
    number: int
    due_at: str
    text: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class ClaimsEscalated(DomainEvent):
    """
    Promises run out, or have; ``to`` holds the post named by ``step``, lead or manager.

    ``claims`` are the first of ``count``: ref, kind of promise, severity, due_at and is_late.
    """

    name: ClassVar[str] = "claims.claims_escalated"
    to: int
    language: str
    step: str
    count: int
    claims: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class StoodIn(DomainEvent):
    """Somebody gave a second yes whose post it is not; ``to`` holds that post and should look."""

    name: ClassVar[str] = "claims.stood_in"
    to: int
    language: str
    stand_in: int
    ref: str
    amount_minor: int
    currency: str
    review_by: str


@dataclass(frozen=True, kw_only=True)
class MailArrived(DomainEvent):
    """An e-mail was kept as it came and waits to be read."""

    name: ClassVar[str] = "claims.mail_arrived"
    mail_id: int
