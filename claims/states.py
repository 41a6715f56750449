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
    "propose_no":   Move((S.UNDER_REVIEW,),                                  S.PENDING_APPROVAL),
    "second":       Move((S.PENDING_APPROVAL,),                              S.PENDING_APPROVAL),
    "send_back":    Move((S.PENDING_APPROVAL,),                              S.UNDER_REVIEW),
    "offer":        Move((S.UNDER_REVIEW, S.PENDING_APPROVAL),               S.OFFERED),
    "accept":       Move((S.OFFERED,),                                       S.APPROVED),
    "counter":      Move((S.OFFERED,),                                       S.UNDER_REVIEW),
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
    DELIVERED_NOT_RECEIVED = "delivered_not_received", _("It says delivered, but I do not have it")
    WRONG_ITEM = "wrong_item", _("Not what was ordered")
    MISSING_ITEM = "missing_item", _("Something is missing from the box")
    DELAYED = "delayed", _("It came late")
    REFUSED = "refused", _("I refused it")
    RETURNED_TO_SENDER = "returned_to_sender", _("It went back to the sender")
    NOT_SHIPPED = "not_shipped", _("It was never sent")


class Wish(models.TextChoices):
    """What would put it right, in the shopper's eyes: a wish, not a promise."""

    REFUND = "refund", _("Money back")
    PARTIAL_REFUND = "partial_refund", _("Keep it, part of the money back")
    FEE_REFUND = "fee_refund", _("The delivery fee back")
    REPLACEMENT = "replacement", _("A new one")
    CREDIT = "credit", _("Store credit")
    OTHER = "other", _("Something else")


class WindowAnchor(models.TextChoices):
    """From which fact a window counts; what has not happened opens nothing."""

    DELIVERED = "delivered", _("delivery")
    PROMISED = "promised", _("the promised day")
    PLACED = "placed", _("the order")
    SHIP_BY = "ship_by", _("the day it should have been sent")
    SHIPPED = "shipped", _("sending")
    MAILED = "mailed", _("the carrier's first scan")
    LAST_SCAN = "last_scan", _("the last scan")
    REFUSED = "refused", _("the refusal")
    RETURNED = "returned", _("the scan on its way back")
    TAKEN_FOR_LOST = "taken_for_lost", _("the day it is taken for lost")
    OPENED = "opened", _("the first day it can be reported")
    NEVER = "never", _("no day: it stays open")


class WindowUnit(models.TextChoices):
    """What an offset counts in: local days where the shopper is, or exact hours."""

    HOURS = "hours", _("hours")
    DAYS = "days", _("calendar days")
    WORKING_DAYS = "working_days", _("working days")
    MONTHS = "months", _("months")


class Liable(models.TextChoices):
    """Whose fault a reason is until somebody finds otherwise."""

    CARRIER = "carrier", _("Carrier")
    SELLER = "seller", _("Seller")
    SUPPLIER = "supplier", _("Supplier")
    SHOPPER = "shopper", _("Shopper")
    NOBODY = "nobody", _("Nobody")


class SplitSource(models.TextChoices):
    """Who said whose fault it is."""

    POLICY = "policy", _("The rule")
    PERSON = "person", _("A person")


class LoweredCode(models.TextChoices):
    """Why less than the price paid is given for a line."""

    USABLE = "usable", _("It can still be used")
    PART_MISSING = "part_missing", _("Only a part is missing or broken")
    REPAIR = "repair", _("What a repair costs")
    COSMETIC = "cosmetic", _("Marked, but it works")
    WORN = "worn", _("Used since it came")
    AGREED = "agreed", _("Agreed with the shopper")
    OTHER = "other", _("Another reason")


class UnitAbout(models.TextChoices):
    """What is claimed of one thing: the thing itself, or that it came late."""

    THING = "thing", _("The thing")
    DELAY = "delay", _("The delay")


class Channel(models.TextChoices):
    """How a claim came to us."""

    WEB = "web", _("Website")
    PHONE = "phone", _("Phone")
    MAIL = "mail", _("Mail")
    CHAT = "chat", _("Chat")
    DESK = "desk", _("At the desk")
    SYSTEM = "system", _("Opened by us")


class OverrideCode(models.TextChoices):
    """Why the desk files a claim outside its window."""

    OUR_MISTAKE = "our_mistake", _("We were at fault for the delay")
    CARRIER_SAID = "carrier_said", _("The carrier says so already")
    CARRIER_LATE = "carrier_late", _("The carrier's news came late or was wrong")
    HINDERED = "hindered", _("The shopper could not report it sooner")
    TOLD_BEFORE = "told_before", _("Reported in time, by another way")
    GOODWILL = "goodwill", _("Goodwill")
    OTHER = "other", _("Another reason")


class AskMedium(models.TextChoices):
    """How something asked for is given."""

    PHOTO = "photo", _("Photo")
    STATEMENT = "statement", _("Signed statement")


class DeclineCode(models.TextChoices):
    """Why we say no: the desk by judgement, the house itself only for ``HARD_FACTS``."""

    TOO_LATE = "too_late", _("Reported too late")
    NOT_AS_CLAIMED = "not_as_claimed", _("What we see does not match the report")
    NO_EVIDENCE = "no_evidence", _("Nothing to go by")
    WORN = "worn", _("Wear or use after delivery")
    DELIVERED = "delivered", _("Proof of delivery")
    PUT_RIGHT = "put_right", _("Already put right")
    NOT_COVERED = "not_covered", _("Not covered by our rules")
    OTHER = "other", _("Another reason")
    NOT_YOUR_ORDER = "not_your_order", _("The order belongs to another person")


HARD_FACTS = (DeclineCode.NOT_YOUR_ORDER,)
"""What the house may decline by itself; a score is never among them."""


class LookedAt(models.TextChoices):
    """What was looked at before saying no."""

    PHOTOS = "photos", _("The photos")
    STORY = "story", _("What the shopper wrote")
    MESSAGES = "messages", _("The messages")
    TRACKING = "tracking", _("The parcel's scans")
    DELIVERY_PROOF = "delivery_proof", _("The carrier's proof of delivery")
    CARRIER_ANSWER = "carrier_answer", _("The carrier's answer")
    RETURNED_ITEM = "returned_item", _("The item that came back")
    ORDER = "order", _("The order and its payment")


class VoidReason(models.TextChoices):
    """Why a yes, or a proposal of one, does not hold any more."""

    ASSESSED_ANEW = "assessed_anew", _("The claim was reckoned anew")
    SENT_BACK = "sent_back", _("The second person sent it back")
    DECLINED = "declined", _("The claim was declined instead")
    COUNTERED = "countered", _("The shopper asked for something else")
    APPEALED = "appealed", _("The shopper asked for another look")
    WITHDRAWN = "withdrawn", _("The shopper took the claim back")
    EXPIRED = "expired", _("The shopper did not answer in time")
    REOPENED = "reopened", _("The claim was opened again")
    CHANGED = "changed", _("Something it was bound to changed")


class ReopenFact(models.TextChoices):
    """The new fact for which the desk opens a claim again."""

    PARCEL_FOUND = "parcel_found", _("The parcel was found")
    REFUND_BOUNCED = "refund_bounced", _("The refund bounced")
    REPLACEMENT_DAMAGED = "replacement_damaged", _("The replacement arrived damaged")
    NEW_EVIDENCE = "new_evidence", _("New evidence came in")
    OUR_MISTAKE = "our_mistake", _("We made a mistake")


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
