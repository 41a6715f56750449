"""Claims and the money that follows: constraints first."""

from claims.models.approving import (
    AutoApprovalRule,
    AutoBudget,
    AutoSwitch,
    AutoSwitchMove,
    BudgetCounter,
)
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
from claims.models.contract import CarrierContract, Consignment, ExchangeRate
from claims.models.decision import (
    Approval,
    Assessment,
    CounterOffer,
    Decline,
    Reopening,
)
from claims.models.evidence import (
    Evidence,
    EvidenceRequest,
    OriginalOpening,
    PhotoDetails,
    PhotoHash,
)
from claims.models.filing import FilingOverride, Statement
from claims.models.ledger import Entry, Posting
from claims.models.message import (
    CannedReply,
    InboundMail,
    InternalNote,
    Message,
    MessagePhoto,
    ReadMark,
    ReplyLine,
)
from claims.models.policy import ApprovalLimit, EvidenceAsk, ReasonPolicy
from claims.models.rating import ShopperRating
from claims.models.risk import (
    AgentSignal,
    AuditSample,
    Forwarder,
    Mark,
    RiskPolicy,
    RiskRating,
    RiskRule,
    WatchRule,
    Weighing,
)
from claims.models.standing_in import StandIn

__all__ = [
    "AgentSignal",
    "Approval",
    "ApprovalLimit",
    "Assessment",
    "Attempt",
    "AuditSample",
    "AutoApprovalRule",
    "AutoBudget",
    "AutoSwitch",
    "AutoSwitchMove",
    "BudgetCounter",
    "CannedReply",
    "CarrierContract",
    "Claim",
    "ClaimClock",
    "ClaimLine",
    "ClaimTransition",
    "ClaimUnit",
    "Compensation",
    "CompensationTransition",
    "Consignment",
    "CounterOffer",
    "Decline",
    "Entry",
    "Escalation",
    "Evidence",
    "EvidenceAsk",
    "EvidenceRequest",
    "ExchangeRate",
    "FilingOverride",
    "Forwarder",
    "GatewayNotice",
    "InboundMail",
    "InternalNote",
    "Mark",
    "Message",
    "MessagePhoto",
    "OriginalOpening",
    "PaceReport",
    "PaymentBalance",
    "PhotoDetails",
    "PhotoHash",
    "Posting",
    "ReadMark",
    "ReasonPolicy",
    "Reopening",
    "ReplyLine",
    "RiskPolicy",
    "RiskRating",
    "RiskRule",
    "ServiceLevel",
    "SeverityChange",
    "SeverityLimit",
    "ShopperRating",
    "StandIn",
    "Statement",
    "WatchRule",
    "Weighing",
]
