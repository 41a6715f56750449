"""The words and legal moves of claims, photos, requests and compensations."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.lib.moves import Move, Moves


class ClaimState(models.TextChoices):
    """Where a claim is; pages fold these into fewer words for shoppers."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Sent")
    SCREENING = "screening", _("Being screened")
    NEEDS_INFO = "needs_info", _("Waiting for the shopper")
    UNDER_REVIEW = "under_review", _("Under review")
    AWAITING_CARRIER = "awaiting_carrier", _("Waiting for the carrier")
    AWAITING_RETURN = "awaiting_return", _("Waiting for the return")
    PENDING_APPROVAL = "pending_approval", _("Waiting for a second person")
    OFFERED = "offered", _("Offer made")
    APPROVED = "approved", _("Approved")
    COMPENSATING = "compensating", _("Being paid")
    COMPENSATION_FAILED = "compensation_failed", _("Payment failed")
    RESOLVED = "resolved", _("Put right")
    REJECTED = "rejected", _("Declined")
    APPEALED = "appealed", _("Appealed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")
    CLOSED = "closed", pgettext_lazy("claim", "Closed")


S = ClaimState

DEAD = (S.REJECTED, S.WITHDRAWN, S.EXPIRED, S.CLOSED)
"""States in which nothing more will come of a claim by itself."""

FREES_UNITS = (S.REJECTED, S.WITHDRAWN, S.EXPIRED)
"""Entering these lets go of the units: another claim may take them. A paid unit stays taken."""

OPEN = tuple(s for s in S if s not in (S.RESOLVED, *DEAD))
"""States in which somebody still has something to do."""

WITH_STAFF = (S.SUBMITTED, S.SCREENING, S.UNDER_REVIEW, S.APPEALED, S.COMPENSATION_FAILED)

CLAIM_MOVES: Moves = {
    # verb               from                                                to
    "submit":       Move((S.DRAFT,),                                         S.SUBMITTED),
    "screen":       Move((S.SUBMITTED,),                                     S.SCREENING),
    "pass_on":      Move((S.SCREENING,),                                     S.UNDER_REVIEW),
    "auto_approve": Move((S.SCREENING,),                                     S.APPROVED),
    "escalate":     Move((S.SCREENING,),                                     S.PENDING_APPROVAL),
    "turn_away":    Move((S.SCREENING,),                                     S.REJECTED),
    "ask":          Move((S.UNDER_REVIEW,),                                  S.NEEDS_INFO),
    "answer":       Move((S.NEEDS_INFO,),                                    S.UNDER_REVIEW),
    "trace":        Move((S.UNDER_REVIEW,),                                  S.AWAITING_CARRIER),
    "hear_back":    Move((S.AWAITING_CARRIER,),                              S.UNDER_REVIEW),
    "request_back": Move((S.UNDER_REVIEW,),                                  S.AWAITING_RETURN),
    "receive_back": Move((S.AWAITING_RETURN,),                               S.UNDER_REVIEW),
    "propose":      Move((S.UNDER_REVIEW,),                                  S.PENDING_APPROVAL),
    "send_back":    Move((S.PENDING_APPROVAL,),                              S.UNDER_REVIEW),
    "offer":        Move((S.UNDER_REVIEW, S.PENDING_APPROVAL),               S.OFFERED),
    "accept":       Move((S.OFFERED,),                                       S.APPROVED),
    "approve":      Move((S.UNDER_REVIEW, S.PENDING_APPROVAL),               S.APPROVED),
    "reject":       Move((S.UNDER_REVIEW, S.PENDING_APPROVAL),               S.REJECTED),
    "compensate":   Move((S.APPROVED, S.COMPENSATION_FAILED),                S.COMPENSATING),
    "settle":       Move((S.COMPENSATING,),                                  S.RESOLVED),
    "fail":         Move((S.COMPENSATING, S.RESOLVED, S.CLOSED),             S.COMPENSATION_FAILED),
    "appeal":       Move((S.REJECTED, S.RESOLVED, S.OFFERED),                S.APPEALED),
    "take_up":      Move((S.APPEALED,),                                      S.UNDER_REVIEW),
    "reopen":       Move((S.RESOLVED, S.EXPIRED),                            S.UNDER_REVIEW),
    "withdraw":     Move((S.DRAFT, S.SUBMITTED, S.SCREENING, S.NEEDS_INFO, S.UNDER_REVIEW,
                          S.AWAITING_CARRIER, S.AWAITING_RETURN, S.OFFERED), S.WITHDRAWN),
    "expire":       Move((S.DRAFT, S.NEEDS_INFO, S.AWAITING_RETURN, S.OFFERED), S.EXPIRED),
    "close":        Move((S.RESOLVED, S.REJECTED, S.WITHDRAWN, S.EXPIRED),   S.CLOSED),
}  # fmt: skip


class ClaimReason(models.TextChoices):
    """Why the shopper claims; the policy rows say what each needs."""

    DAMAGED = "damaged", _("Arrived broken or marked")
    LOST = "lost", _("It has not come")
    WRONG_ITEM = "wrong_item", _("Not what was ordered")


class Wish(models.TextChoices):
    """What would put it right, in the shopper's eyes: a wish, not a promise."""

    REFUND = "refund", _("Money back")
    REPLACEMENT = "replacement", _("A new one")
    CREDIT = "credit", _("Store credit")
    OTHER = "other", _("Something else")


class DeclineCode(models.TextChoices):
    """Why the desk says no."""

    TOO_LATE = "too_late", _("Reported too late")
    NOT_AS_CLAIMED = "not_as_claimed", _("What we see does not match the report")
    NO_EVIDENCE = "no_evidence", _("Nothing to go by")
    WORN = "worn", _("Wear or use after delivery")
    DELIVERED = "delivered", _("Proof of delivery")
    PUT_RIGHT = "put_right", _("Already put right")
    OTHER = "other", _("Another reason")


class EvidenceState(models.TextChoices):
    """How far an uploaded photo has come."""

    RECEIVED = "received", _("Received")
    CLEAN = "clean", _("Ready")
    REFUSED = "refused", _("Refused")


class CompensationKind(models.TextChoices):
    """How we put things right; this release moves money back the way it came."""

    REFUND = "refund", _("Refund to the original payment")


class CompensationState(models.TextChoices):
    """Where one movement of money is. ``unknown`` is neither paid nor failed."""

    PLANNED = "planned", _("Planned")
    SENDING = "sending", _("Being sent")
    UNKNOWN = "unknown", _("Outcome unknown")
    PENDING = "pending", _("With the bank")
    SUCCEEDED = "succeeded", _("Paid")
    FAILED = "failed", _("Failed")
    REVERSED = "reversed", _("Bounced back")


C = CompensationState

COMPENSATION_MOVES: Moves = {
    # verb            from                                             to
    "send":     Move((C.PLANNED,),                                      C.SENDING),
    "lose":     Move((C.SENDING,),                                     C.UNKNOWN),
    "wait":     Move((C.SENDING, C.UNKNOWN),                           C.PENDING),
    "resend":   Move((C.UNKNOWN,),                                     C.SENDING),
    "succeed":  Move((C.SENDING, C.UNKNOWN, C.PENDING),                C.SUCCEEDED),
    "fail":     Move((C.SENDING, C.UNKNOWN, C.PENDING),                C.FAILED),
    "reverse":  Move((C.SUCCEEDED,),                                   C.REVERSED),
    "retry":    Move((C.FAILED, C.REVERSED),                            C.PLANNED),
}  # fmt: skip

RESERVING = (C.PLANNED, C.SENDING, C.UNKNOWN, C.PENDING)
"""States in which a compensation holds money of the payment back from others."""


class Account(models.TextChoices):
    """Ledger accounts. Positive entries are debits, negative ones credits."""

    REFUND_EXPENSE = "refund_expense", _("Refund expense")
    CUSTOMER_REFUND_PAYABLE = "customer_refund_payable", _("Owed to shoppers")
    PSP_CLEARING = "psp_clearing", _("Payment provider clearing")
