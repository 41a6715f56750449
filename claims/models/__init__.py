"""Claims and the money that follows: constraints first."""

from claims.models.claim import Claim, ClaimLine, ClaimTransition, ClaimUnit
from claims.models.clock import (
    ClaimClock,
    Escalation,
    PaceReport,
    ServiceLevel,
    SeverityChange,
    SeverityLimit,
)
from claims.models.compensation import (
    Attempt,
    Compensation,
    CompensationTransition,
    GatewayNotice,
    PaymentBalance,
)
from claims.models.decision import Approval, Assessment
from claims.models.evidence import Evidence, EvidenceRequest
from claims.models.filing import FilingOverride, Statement
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
    Weighing,
)

__all__ = [
    "AgentSignal",
    "Approval",
    "ApprovalLimit",
    "Assessment",
    "Attempt",
    "AuditSample",
    "Claim",
    "ClaimClock",
    "ClaimLine",
    "ClaimTransition",
    "ClaimUnit",
    "Compensation",
    "CompensationTransition",
    "Entry",
    "Escalation",
    "Evidence",
    "EvidenceAsk",
    "EvidenceRequest",
    "Forwarder",
    "FilingOverride",
    "GatewayNotice",
    "InternalNote",
    "Mark",
    "Message",
    "PaceReport",
    "PaymentBalance",
    "Posting",
    "ReasonPolicy",
    "ServiceLevel",
    "SeverityChange",
    "SeverityLimit",
    "Statement",
    "RiskPolicy",
    "RiskRating",
    "RiskRule",
    "Weighing",
]
