"""Claims and the money that follows: constraints first."""

from claims.models.claim import Claim, ClaimLine, ClaimTransition, ClaimUnit
from claims.models.compensation import (
    Attempt,
    Compensation,
    CompensationTransition,
    GatewayNotice,
    PaymentBalance,
)
from claims.models.decision import Approval, Assessment
from claims.models.evidence import Evidence, EvidenceRequest
from claims.models.ledger import Entry, Posting
from claims.models.message import InternalNote, Message
from claims.models.policy import ApprovalLimit, EvidenceAsk, ReasonPolicy
from claims.models.risk import (
    AgentSignal,
    AuditSample,
    Forwarder,
    Mark,
    RiskPolicy,
    RiskRating,
    RiskRule,
)

__all__ = [
    "AgentSignal",
    "Approval",
    "ApprovalLimit",
    "Assessment",
    "Attempt",
    "AuditSample",
    "Claim",
    "ClaimLine",
    "ClaimTransition",
    "ClaimUnit",
    "Compensation",
    "CompensationTransition",
    "Entry",
    "Evidence",
    "EvidenceAsk",
    "EvidenceRequest",
    "Forwarder",
    "GatewayNotice",
    "InternalNote",
    "Mark",
    "Message",
    "PaymentBalance",
    "Posting",
    "ReasonPolicy",
    "RiskPolicy",
    "RiskRating",
    "RiskRule",
]
